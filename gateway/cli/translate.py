"""``gateway translate``: a message of one standard as a message of another."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import USAGE, err, give_up, settings_or_give_up
from gateway.cli.patient import patient_option
from gateway.codecs.cda.values import CdaHeader
from gateway.errors import Finding, Refused
from gateway.profile import Profile, ProfileFault, profiles_by_realm, read_profile
from gateway.settings import Settings, shipped, sources_of
from gateway.translators.recognise import (
    Circumstances,
    OutputFile,
    Target,
    translate_any,
)
from gateway.translators.xds import XdsForm

MAX_OCTETS = 1024 * 1024 * 1024
"""Of one message; it is held as a whole."""

STDIN = "-"


class Form(Enum):
    """How an XDS message is written; the values are what a person types."""

    ITI_41 = "iti-41"
    ITI_42 = "iti-42"
    REQUEST = "request"
    RESPONSE = "response"


_FORMS = {
    Form.ITI_41: XdsForm.PROVIDE_AND_REGISTER,
    Form.ITI_42: XdsForm.REGISTER,
    Form.REQUEST: XdsForm.SUBMIT_OBJECTS,
    Form.RESPONSE: XdsForm.QUERY_RESPONSE,
}


def translate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Messages or documents; a folder stands for its files, `-` for standard input.",
            show_default=False,
        ),
    ],
    to: Annotated[
        Target,
        typer.Option(
            "--to",
            help="What to write: a FHIR bundle, an XDS message, the CDA documents inside, or the "
            "model as plain JSON.",
            show_default=False,
        ),
    ],
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Profile whose systems, codes and rules apply.",
            show_default="GATEWAY_PROFILE, else the one of a document's realm",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="File to write, or folder where there are several.",
            show_default="standard output",
        ),
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(
            metavar="IDENTIFIER",
            help="Whose record, where the message does not say it: 4711, '4711^^^&OID&ISO' or "
            "'urn:oid:OID|4711'.",
        ),
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option(
            help="With `--to xds`: ITI-41 with documents, ITI-42, a bare SubmitObjectsRequest or "
            "an AdhocQueryResponse.",
            show_default="by what the message holds",
        ),
    ] = None,
    body: Annotated[
        bool,
        typer.Option(
            "--body",
            help="With `--to cda`: the file that each level 1 document wraps (PDF, text, ...).",
        ),
    ] = False,
    xml: Annotated[
        bool, typer.Option("--xml", help="With `--to fhir`: FHIR XML, not JSON.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Errors only; say nothing of what was lost.")
    ] = False,
) -> None:
    """Translate between FHIR, XDS and CDA, naming everything that is lost.

    What FILE is shows in its content: a FHIR Bundle, DocumentReference or List in JSON or XML; an
    XDS message as SOAP, as recorded MTOM or as bare ebRIM; a CDA document; the plain JSON of this
    command. What the target cannot carry, and what had to be assumed, is told on standard error
    with its place, all of it at once; the result is written all the same.

    A consent (FHIR Consent, BPPC document) is translated as what the patient decides in it, and
    refused as a whole where anything in it would not be enforced.

    Exit status: 0 when everything needed was there, 1 when something was missing or wrong, 2 when
    the command cannot be done.

    Examples:

        gateway translate samples/submissions/en-02-consultation-note-pdf.mtom --to fhir

        gateway translate samples/cda/fr-01-vsm.xml --to xds -o vsm.mtom

        gateway translate samples/submissions/en-02-consultation-note-pdf.mtom --to cda --body
        -o note.pdf

        gateway translate samples/submissions --to json -o out

        gateway translate consent.json --to cda -o acknowledgment.xml

        curl -s .../fhir/DocumentReference?patient=... | gateway translate - --to xds
    """
    settings = settings_or_give_up()
    circumstances = Circumstances(
        profile_for=_profiles(settings, profile),
        source_id=settings.source_id,
        patient_id=patient_option(patient, settings),
        base_url=f"{settings.base_url}/fhir",
    )
    if form is not None and to is not Target.XDS:
        give_up("--form belongs to --to xds.", USAGE)
    if body and to is not Target.CDA:
        give_up("--body belongs to --to cda.", USAGE)
    if xml and to is not Target.FHIR:
        give_up("--xml belongs to --to fhir.", USAGE)
    how = _How(to=to, form=_FORMS[form] if form else None, bodies=body, xml=xml)
    results = []
    for name in _each(files):
        try:
            results.append(_translate(name, how, circumstances))
        except OSError as error:
            give_up(f"{name}: {error.strerror or error}.", USAGE)
        except ProfileFault as fault:
            give_up(str(fault), USAGE)
    if not results:
        give_up("There is no file to translate.", USAGE)
    for result in results:
        _tell(result, quiet=quiet)
    _write(results, output)
    if not all(result.is_good for result in results):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What became of one input."""

    name: str
    outputs: tuple[OutputFile, ...]
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        return not any(finding.is_error for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """What is wanted of every input."""

    to: Target
    form: XdsForm | None
    bodies: bool
    xml: bool


def _translate(name: str, how: _How, circumstances: Circumstances) -> _Result:
    octets = _octets(name)
    try:
        written = translate_any(
            octets, how.to, circumstances, bodies=how.bodies, form=how.form, xml=how.xml
        )
    except Refused as refused:
        return _Result(name=name, outputs=(), findings=refused.findings)
    return _Result(name=name, outputs=written.value, findings=written.findings)


# ---------------------------------------------------------------- what is read


def _each(names: Iterable[str]) -> Iterator[str]:
    """Give every file, those of a folder in the order of their names."""
    for name in names:
        path = Path(name)
        if name != STDIN and path.is_dir():
            yield from (
                str(file)
                for file in sorted(path.rglob("*"))
                if file.is_file() and not file.name.startswith(".")
            )
        else:
            yield name


def _octets(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read(MAX_OCTETS)
    path = Path(name)
    if path.stat().st_size > MAX_OCTETS:
        raise OSError(f"it is larger than {MAX_OCTETS} octets")
    return path.read_bytes()


def _profiles(settings: Settings, profile: str | None) -> Callable[[CdaHeader | None], Profile]:
    """Choose by option, else by setting, else by the document's realm."""
    chosen = profile
    if chosen is None and sources_of()["profile"].name != "default":
        chosen = settings.profile
    read: dict[str, Profile] = {}
    by_realm = {} if chosen else profiles_by_realm(settings.profiles)

    def choose(header: CdaHeader | None) -> Profile:
        realm = header.realm_code if header else ""
        name = chosen or by_realm.get(realm, settings.profile)
        if name not in read:
            read[name] = read_profile(name, settings.profiles, shipped("profiles"))
        return read[name]

    return choose


# ---------------------------------------------------------------- what is told and written


def _tell(result: _Result, *, quiet: bool) -> None:
    """Say on standard error what there is to know, one finding a line."""
    for finding in result.findings:
        if quiet and not finding.is_error:
            continue
        place = f"{finding.location}: " if finding.location else ""
        code = f" [{finding.code.xds}]" if finding.is_error else ""
        text = f"{result.name}: {finding.severity.value}: {place}{finding.message}{code}"
        plain = "".join(c if c.isprintable() else "?" for c in text)
        style = "red" if finding.is_error else "yellow"
        err.print(plain, style=style, markup=False, highlight=False, soft_wrap=True)


def _write(results: list[_Result], output: Path | None) -> None:
    outputs = [(result, file) for result in results for file in result.outputs]
    if output is None:
        if len(outputs) > 1:
            give_up(f"There are {len(outputs)} files to write; give a folder with -o.", USAGE)
        for _, file in outputs:
            is_text = file.media_type.startswith("text/") or file.media_type.endswith(
                ("json", "xml")
            )
            if sys.stdout.isatty() and not is_text:
                give_up(f"The result is {file.media_type}; give a file with -o.", USAGE)
            sys.stdout.buffer.write(file.octets)
            sys.stdout.buffer.flush()
        return
    as_folder = output.is_dir() or len(outputs) > 1 or len(results) > 1
    inputs = {Path(result.name).resolve() for result in results if result.name != STDIN}
    try:
        if as_folder:
            output.mkdir(parents=True, exist_ok=True)
        for path, file in _paths(outputs, output, as_folder=as_folder):
            if path.resolve() in inputs:
                give_up(f"{path} is one of the inputs and was not overwritten.", USAGE)
            path.write_bytes(file.octets)
    except OSError as error:
        give_up(f"{error.filename or output}: {error.strerror or error}.", USAGE)


def _paths(
    outputs: list[tuple[_Result, OutputFile]], output: Path, *, as_folder: bool
) -> Iterator[tuple[Path, OutputFile]]:
    """Give each result its place: by its own name where it is a document, else by its input's."""
    taken: set[str] = set()
    for result, file in outputs:
        if not as_folder:
            yield output, file
            continue
        name = file.name
        if "." not in name or name in ("fhir.json", "fhir.xml"):
            stem = "stdin" if result.name == STDIN else Path(result.name).stem
            name = f"{stem}.{name}"
        stem, dot, suffix = name.rpartition(".")
        number = 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}{dot}{suffix}"
        taken.add(name)
        yield output / name, file
