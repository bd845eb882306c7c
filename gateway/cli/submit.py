"""``gateway submit``: clinical documents on their way into a registry, as a hospital sends them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as replace_in
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)

from gateway.cli.assertion import minting
from gateway.cli.console import USAGE, err, give_up, out, settings_or_give_up
from gateway.cli.patient import patient_option
from gateway.clock import SystemClock
from gateway.codecs.cda.values import CdaHeader
from gateway.codecs.soap.fault import SoapFault
from gateway.errors import Finding, Refused
from gateway.model.datatypes import Author, Code, DateTime, Identifier, LocalizedString
from gateway.model.document_entry import DocumentEntry
from gateway.profile import Profile, ProfileFault, profiles_by_realm, read_profile
from gateway.settings import Settings, shipped, sources_of
from gateway.upstream.document_source import (
    DescribedFile,
    DocumentSource,
    Submitted,
    describe_file,
)
from gateway.upstream.xds_client import NoAnswer, XdsClient

SECONDS_TO_WAIT = 300
"""For an answer; a large document has to be made durable before one comes."""

_LARGE = 8 * 1024 * 1024


def submit(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CDA documents.", show_default=False)
    ],
    to: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Document Repository to submit to.",
            show_default="the gateway of the settings, http://127.0.0.1:8080/xds/repository",
        ),
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Document Registry to look things up in.",
            show_default="beside the repository",
        ),
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(
            metavar="IDENTIFIER",
            help="Whose record, where that is not what the document says: 4711, "
            "'4711^^^&OID&ISO' or 'urn:oid:OID|4711'.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Profile to describe the documents with.",
            show_default="GATEWAY_PROFILE, else the one of the document's realm",
        ),
    ] = None,
    replace: Annotated[
        str | None,
        typer.Option(
            metavar="UNIQUEID",
            help="Document that FILE replaces. A document that says so itself (relatedDocument "
            "RPLC) needs no option.",
        ),
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option(
            metavar="TITLE",
            help="Put the documents into the patient's folder of that title, which is created "
            "when there is none; or give a folder's uniqueId.",
        ),
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="All files in one submission, not one each.")
    ] = False,
    person: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="PERSON",
            help="Who submits, where the gateway asks: a demonstration person such as hospital "
            "(`gateway token` lists them).",
            show_default=False,
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the derived metadata and send nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Report as JSON on standard output.")
    ] = False,
) -> None:
    """Submit CDA documents over XDS.b [ITI-41], described from their own headers.

    Each document's metadata (patient, author, kind, times, ...) are derived from its header by the
    profile's rules. Sending a document a second time changes nothing and is no error.

    Exit status: 0 when all were taken, 1 when one was not, 2 when the command cannot be done.

    Examples:

        gateway submit samples/cda/en-03-follow-up-note.xml

        gateway submit --folder "Biology" report-1.xml report-2.xml

        gateway submit --dry-run report.xml

        GATEWAY_DEVELOPMENT_AUTHORITY=on gateway submit --as hospital report.xml
    """
    settings = settings_or_give_up()
    repository = to or f"{settings.base_url}/xds/repository"
    if replace is not None and len(files) > 1:
        give_up("--replace names one document, so give one FILE.", USAGE)
    plan = _Plan(
        repository=repository,
        registry=registry or _beside(repository),
        source_id=settings.source_id,
        replaces=replace,
        folder=folder,
        dry_run=dry_run,
    )
    described = _describe_all(files, settings, profile, patient_option(patient, settings))
    if person and not dry_run:
        mint = minting(settings, person)
        plan = replace_in(plan, credential=mint)
    groups = _groups(described, together=together)
    results = asyncio.run(_submit_all(groups, plan, quiet=as_json))
    if as_json:
        out.print_json(json.dumps([result.as_json() for result in results], ensure_ascii=False))
    if not all(result.is_good for result in results):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is done with every document."""

    repository: str
    registry: str | None
    source_id: str
    replaces: str | None
    folder: str | None
    dry_run: bool
    credential: Callable[[], bytes] | None = None


@dataclass(slots=True, kw_only=True)
class _Result:
    """How one submission ended, for the report."""

    files: Sequence[DescribedFile]
    state: str
    submitted: Submitted | None = None
    findings: tuple[Finding, ...] = ()
    trouble: str = ""
    entries: Sequence[DocumentEntry] = field(default_factory=tuple)

    @property
    def is_good(self) -> bool:
        return self.state in ("registered", "registered before", "described")

    def as_json(self) -> dict[str, Any]:
        submission = self.submitted.submission if self.submitted else None
        return {
            "state": self.state,
            "submission_set": submission.submission_set.unique_id if submission else None,
            "documents": [
                {
                    "file": str(file.path),
                    "profile": file.profile.name,
                    "unique_id": entry.unique_id,
                    "entry_uuid": entry.entry_uuid or None,
                    "patient_id": entry.patient_id.text if entry.patient_id else None,
                    "metadata": dict(_shown(entry)),
                }
                for file, entry in zip(self.files, self.entries, strict=True)
            ],
            "trouble": self.trouble or None,
            "findings": [
                {
                    "severity": finding.severity.value,
                    "code": finding.code.xds,
                    "location": finding.location,
                    "message": finding.message,
                }
                for finding in self.findings
            ],
        }


# ---------------------------------------------------------------- what is sent


def _beside(repository: str) -> str | None:
    """The registry's address where it stands beside the repository's, as ours do."""
    base, found, _ = repository.rpartition("/repository")
    return f"{base}/registry" if found else None


def _describe_all(
    files: Iterable[Path], settings: Settings, profile: str | None, patient: Identifier | None
) -> list[DescribedFile]:
    """Describe every file; those that are no clinical documents stop the command, all named."""
    profiles = _profiles(settings, profile)
    described = []
    wrong = []
    for path in files:
        try:
            described.append(describe_file(path, profiles, patient))
        except OSError as error:
            wrong.append(f"{path}: {error.strerror or error}.")
        except Refused as refused:
            wrong += [f"{path}: {_sentence(finding)}" for finding in refused.findings]
        except ProfileFault as fault:
            give_up(str(fault), USAGE)
    if wrong:
        give_up("\n".join([*wrong, "Nothing was sent."]), USAGE)
    return described


def _profiles(settings: Settings, profile: str | None) -> Callable[[CdaHeader], Profile]:
    """Choose by option, else by setting, else by the document's realm."""
    chosen = profile
    if chosen is None and sources_of()["profile"].name != "default":
        chosen = settings.profile
    read: dict[str, Profile] = {}
    by_realm = {} if chosen else profiles_by_realm(settings.profiles)

    def choose(header: CdaHeader) -> Profile:
        name = chosen or by_realm.get(header.realm_code, settings.profile)
        if name not in read:
            read[name] = read_profile(name, settings.profiles, shipped("profiles"))
        return read[name]

    return choose


def _groups(described: Sequence[DescribedFile], *, together: bool) -> list[list[DescribedFile]]:
    if not together:
        return [[one] for one in described]
    patients = {d.entry.patient_id.text for d in described if d.entry.patient_id}
    if len(patients) > 1:
        give_up(
            "--together: one submission is about one patient, and these documents name "
            f"{len(patients)}. Leave the option out, or say --patient.",
            USAGE,
        )
    return [list(described)]


# ---------------------------------------------------------------- sending


async def _submit_all(
    groups: Sequence[Sequence[DescribedFile]], plan: _Plan, *, quiet: bool
) -> list[_Result]:
    results = []
    octets = sum(int(file.entry.size or 0) for group in groups for file in group)
    limits = httpx.Timeout(SECONDS_TO_WAIT, connect=10)
    async with httpx.AsyncClient(timeout=limits, trust_env=False) as http:
        client = XdsClient(
            http,
            _new_uuid,
            registry=plan.registry,
            repository=plan.repository,
            credential=plan.credential,
        )
        source = DocumentSource(client, plan.source_id)
        with _progress(len(groups), octets) as (sent, done):
            for group in groups:
                result = await _submit_one(source, group, plan, sent)
                results.append(result)
                done()
                if not quiet:
                    _tell(result, show_metadata=plan.dry_run)
                if result.state == "not sent":
                    # Nobody is there: the others would wait for the same silence.
                    break
    return results


async def _submit_one(
    source: DocumentSource,
    files: Sequence[DescribedFile],
    plan: _Plan,
    sent: Callable[[int], object],
) -> _Result:
    noted = tuple(finding for file in files for finding in file.findings)
    entries: Sequence[DocumentEntry] = [file.entry for file in files]
    result = _Result(files=files, state="incomplete", findings=noted, entries=entries)
    if plan.dry_run or not all(file.is_complete for file in files):
        if all(file.is_complete for file in files):
            result.state = "described"
        return result
    now = DateTime(SystemClock().now())
    try:
        prepared = await source.prepare(
            files, submission_time=now, replaces=plan.replaces, folder=plan.folder
        )
        result.submitted = prepared
        result.entries = prepared.submission.document_entries
        done = await source.submit(prepared, files, sent=sent)
        result.state = "registered before" if done.again else "registered"
        result.findings = (*noted, *done.findings)
    except Refused as refused:
        result.state = "refused"
        result.findings = (*noted, *refused.findings)
    except SoapFault as fault:
        result.state, result.trouble = "refused", fault.reason
        if plan.credential is None and any("wss" in code for code in fault.subcodes):
            result.trouble += "; --as PERSON says who submits"
    except NoAnswer as silence:
        result.state, result.trouble = "not sent", str(silence)
    return result


def _new_uuid() -> str:
    return uuid.uuid4().urn


@contextmanager
def _progress(
    count: int, octets: int
) -> Iterator[tuple[Callable[[int], object], Callable[[], object]]]:
    """Show how far it is, where that takes long and somebody looks."""
    if not err.is_terminal or (count < 2 and octets < _LARGE):
        yield (lambda _: None), (lambda: None)
        return
    columns = (
        TextColumn("Submitting"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
    )
    with Progress(*columns, MofNCompleteColumn(), console=err, transient=True) as bar:
        task = bar.add_task("submit", total=octets)
        yield (lambda more: bar.advance(task, more)), bar.refresh


# ---------------------------------------------------------------- telling

_MARKS = {
    "registered": ("✓", "green"),
    "registered before": ("=", "green"),
    "described": ("·", "blue"),
}


def _tell(result: _Result, *, show_metadata: bool) -> None:
    """Print a submission's outcome: a line for each document, then what there is to know."""
    mark, colour = _MARKS.get(result.state, ("✗", "red"))
    for file, entry in zip(result.files, result.entries, strict=True):
        _line(f"{mark} {file.path}: {result.state}", colour)
        _line(f"    document {entry.unique_id}, patient {entry.patient_id or 'unknown'}")
        if entry.entry_uuid and result.is_good:
            _line(f"    entry    {entry.entry_uuid}, described by profile {file.profile.name}")
        if show_metadata:
            for name, text in _shown(entry):
                _line(f"    {name:<28} {text}")
    if result.trouble:
        _line(f"    {result.trouble}", "red")
    names = {
        f"[{entry.entry_uuid}]": f"[{file.path.name}]"
        for file, entry in zip(result.files, result.entries, strict=True)
        if entry.entry_uuid
    }
    for finding in result.findings:
        text = _sentence(finding)
        for identifier, name in names.items():
            text = text.replace(identifier, name)
        _line(f"    {finding.severity.value}: {text}", "red" if finding.is_error else "yellow")


def _line(text: str, style: str | None = None) -> None:
    """Print a line as it is; what came from elsewhere is neither markup nor control codes."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    out.print(plain, style=style, markup=False, highlight=False, soft_wrap=True)


def _sentence(finding: Finding) -> str:
    """Say a finding: the place, what is wrong and the way out, and an error's code to look up."""
    place = f"{finding.location}: " if finding.location else ""
    return place + finding.message + (f" [{finding.code.xds}]" if finding.is_error else "")


_SHOWN = (
    "title",
    "class_code",
    "type_code",
    "format_code",
    "healthcare_facility_type_code",
    "practice_setting_code",
    "confidentiality_code",
    "event_code_list",
    "creation_time",
    "service_start_time",
    "service_stop_time",
    "language_code",
    "source_patient_id",
    "author",
    "legal_authenticator",
    "reference_id_list",
    "mime_type",
    "size",
    "hash",
)


def _shown(entry: DocumentEntry) -> Iterator[tuple[str, str]]:
    """The attributes a person checks, each as text."""
    for name in _SHOWN:
        value = getattr(entry, name)
        values = value if isinstance(value, tuple) else (value,)
        texts = [_text(one) for one in values if one is not None]
        if texts:
            yield name, "; ".join(texts)


def _text(value: object) -> str:
    match value:
        case Code():
            return f"{value.code}^{value.display or ''}^{value.scheme}"
        case Author():
            return ", ".join(str(part) for part in (value.person, *value.institution) if part)
        case LocalizedString():
            return value.value
        case _:
            return str(value)
