"""``gateway audit``: whether the audit trail is what was written, and what is in it.

The commands work on the data folder. Verifying opens it for reading only; whoever lists or exports
events is noted in the trail, since the trail tells who saw what.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO
from uuid import uuid4

import typer
from rich.table import Table

from gateway.cli.console import USAGE, err, give_up, out, print_wide, settings_or_give_up
from gateway.cli.patient import identifier_of, plain_text
from gateway.clock import SystemClock
from gateway.model.audit import Action, AuditEvent, Outcome
from gateway.model.subject import Subject, SubjectKind
from gateway.ports import KeptEvent, Page
from gateway.settings import Settings, shipped
from gateway.transactions.retrieve_audit_event import AgentName, FindAuditEvents

if TYPE_CHECKING:
    from gateway.audit.verification import Verdict

audit = typer.Typer(
    name="audit",
    no_args_is_help=True,
    help="Verify the audit trail, and see what is in it.\n\n"
    "Every request leaves one event, chained to the one before by a hash; signatures over the "
    "chain are kept in a file of their own (`GATEWAY_AUDIT_CHECKPOINTS`).",
)

_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?Z?\Z"
)
_ROUND = 500

DataOption = Annotated[
    str | None,
    typer.Option(
        help="Folder of database and documents.",
        metavar="FOLDER",
        show_default="GATEWAY_DATA or ./var",
    ),
]
PatientOption = Annotated[
    str, typer.Option(help="Of one patient's record only.", metavar="IDENTIFIER")
]
AgentOption = Annotated[
    str, typer.Option(help="Of one person or structure only.", metavar="IDENTIFIER")
]
SinceOption = Annotated[
    str, typer.Option(help="From this moment on, UTC.", metavar="YYYY-MM-DD[Thh:mm:ss]")
]
UntilOption = Annotated[
    str, typer.Option(help="Before this moment, UTC.", metavar="YYYY-MM-DD[Thh:mm:ss]")
]


class Form(StrEnum):
    """What an export is made of, a line each."""

    FHIR = "fhir"
    ATNA = "atna"
    KEPT = "kept"


@audit.command("verify")
def verify_trail(
    data: DataOption = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            help="File of checkpoints.", show_default="GATEWAY_AUDIT_CHECKPOINTS or in the folder"
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            help="Public key whose signatures count, in PEM: best a copy kept elsewhere.",
            show_default="audit.pub in the folder",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")] = False,
) -> None:
    """Look at every event and every signature, and tell each place that was altered.

    The exit status is 0 when the trail is what was written, 1 when it is not. A gateway may be
    running meanwhile.

    Examples:

        gateway audit verify

        gateway audit verify --data /srv/gateway --key ../elsewhere/audit.pub
    """
    from gateway.audit.checkpoints import fingerprint, public_key
    from gateway.settings.audit_options import audit_checkpoints, audit_key

    settings = settings_or_give_up({"data": data})
    try:
        trusted = public_key(key or audit_key(settings).with_suffix(".pub"))
        verdict = _verdict(settings, checkpoints or audit_checkpoints(settings), trusted)
    except FileNotFoundError as error:
        give_up(f"There is no audit trail to verify: {error.filename} is not there.", USAGE)
    except (OSError, ValueError) as error:
        give_up(f"The audit trail cannot be verified: {error}.", USAGE)
    if as_json:
        out.print_json(json.dumps(_as_json(verdict, fingerprint(trusted))))
    else:
        _tell(verdict, fingerprint(trusted), settings)
    raise typer.Exit(1 if verdict.alterations else 0)


def _verdict(settings: Settings, file: Path, trusted: object) -> Verdict:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from gateway.audit.checkpoints import read_lines
    from gateway.audit.verification import KeptRow, verify
    from gateway.storage.sqlite.audit import checkpoints_as_kept, rows_as_kept

    assert isinstance(trusted, Ed25519PublicKey)
    path = settings.data / "registry.sqlite"
    if not path.is_file():
        raise FileNotFoundError(2, "no registry", str(path))
    # A running gateway signs into the table first and into the file of checkpoints next. What the
    # file has before the table is read, the table must have; and what the table has, the file must
    # have after that. What came to the file in between may be younger than the table that was read.
    before = set(read_lines(file))
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA query_only = ON")
            # One state of the registry, whatever is added meanwhile.
            connection.execute("BEGIN")
            table = checkpoints_as_kept(connection)
            known = before.union(line for _, line in table if isinstance(line, bytes))
            lines = tuple(line for line in read_lines(file) if line in known)
            rows = (KeptRow(*row) for row in rows_as_kept(connection))
            return verify(rows, table, lines, trusted)
    except sqlite3.Error as error:
        raise ValueError(f"the registry cannot be read ({error})") from error


def _tell(verdict: Verdict, key: str, settings: Settings) -> None:
    for alteration in verdict.alterations:
        out.print(str(alteration), markup=False, highlight=False, soft_wrap=True)
    state = "altered" if verdict.alterations else "as it was written"
    signed = (
        f"{verdict.checkpoints} signatures of key {key}, the last over event {verdict.covered}"
        if verdict.checkpoints
        else f"no signature of key {key} yet"
    )
    out.print(
        f"The audit trail is {state}: {verdict.events} events, {signed}.",
        highlight=False,
        soft_wrap=True,
    )
    out.print(
        f"{verdict.uncovered} of the events are not signed yet. Of a trail cut there, at most "
        f"{settings.audit_checkpoint_events} events, or those of "
        f"{settings.audit_checkpoint_seconds} seconds, would not be missed.",
        highlight=False,
        soft_wrap=True,
    )


def _as_json(verdict: Verdict, key: str) -> dict[str, object]:
    return {
        "altered": bool(verdict.alterations),
        "alterations": [
            {"kind": one.kind.value, "first": one.first, "last": one.last, "detail": one.detail}
            for one in verdict.alterations
        ],
        "events": verdict.events,
        "newest": verdict.newest,
        "checkpoints": verdict.checkpoints,
        "covered": verdict.covered,
        "uncovered": verdict.uncovered,
        "signed": verdict.signed,
        "key": key,
    }


@audit.command("list")
def list_events(
    data: DataOption = None,
    patient: PatientOption = "",
    agent: AgentOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = 50,
) -> None:
    """List events, the newest first: when, who, what, whose, how it ended and by which rule.

    Example:

        gateway audit list --patient 4711 --since 2026-03-01
    """
    settings = settings_or_give_up({"data": data})
    kept = list(_found(settings, _search(settings, patient, agent, since, until), "list", limit))
    if not kept:
        out.print("No event was found.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Number", "Time", "Who", "What", "Whose", "Objects", "Mode", "Outcome", "Rule"):
        table.add_column(column, overflow="fold")
    for number, event in kept:
        table.add_row(str(number), *map(plain_text, _cells(event)))
    print_wide(table)


@audit.command("export")
def export(
    data: DataOption = None,
    form: Annotated[
        Form, typer.Option(help="AuditEvents, AuditMessages, or the octets the hashes are of.")
    ] = Form.FHIR,
    patient: PatientOption = "",
    agent: AgentOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    to: Annotated[
        Path | None, typer.Option(help="File to write.", show_default="standard output")
    ] = None,
) -> None:
    """Write events, the oldest first, one a line.

    Examples:

        gateway audit export --since 2026-03-01 --until 2026-04-01 --to march.ndjson

        gateway audit export --form atna --patient 4711
    """
    settings = settings_or_give_up({"data": data})
    search = _search(settings, patient, agent, since, until)
    write = _writer(settings, form)
    many = 0
    try:
        target: BinaryIO = to.open("xb") if to is not None else sys.stdout.buffer
    except OSError as error:
        give_up(f"{to} cannot be written: {error.strerror}.", USAGE)
    try:
        for kept in _found(settings, search, "export", None):
            target.write(write(kept) + b"\n")
            many += 1
        target.flush()
    finally:
        if to is not None:
            target.close()
    err.print(f"{many} events were written.", highlight=False)


def _found(
    settings: Settings, search: FindAuditEvents, command: str, limit: int | None
) -> Iterator[KeptEvent]:
    """Give events page by page, and note first that somebody looks at them."""
    from gateway.service import open_trail

    if not (settings.data / "registry.sqlite").is_file():
        give_up(f"There is no audit trail in {settings.data}.", USAGE)
    size = min(limit or _ROUND, _ROUND)
    after: int | None = None
    left = limit
    noted = False
    while left is None or left > 0:
        page = Page(size=size, after=after, ascending=limit is None)
        looking = None if noted else _looking(command)

        async def look(
            page: Page = page, looking: AuditEvent | None = looking
        ) -> tuple[tuple[KeptEvent, ...], bool]:
            async with open_trail(settings) as trail:
                found = await trail.find(search, page, counted=False)
                if looking is not None:
                    await trail.append(looking)
                return found.events, found.more

        events, more = asyncio.run(look())
        noted = True
        yield from events[:left]
        if left is not None:
            left -= len(events)
        if not more:
            return
        after = events[-1].number


def _looking(command: str) -> AuditEvent:
    """Tell of the person at the keyboard, as far as the machine knows."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return AuditEvent(
        id=f"urn:uuid:{uuid4()}",
        time=SystemClock().now(),
        transaction=f"audit-{command}",
        action=Action.EXECUTE,
        outcome=Outcome.SUCCESS,
        subject=Subject(kind=SubjectKind.OPERATOR, name=user),
        query=" ".join(sys.argv[1:]),
    )


def _search(
    settings: Settings, patient: str, agent: str, since: str, until: str
) -> FindAuditEvents:
    from gateway.service import open_trail

    patients = None
    if patient:
        named = identifier_of(patient, settings)

        async def called() -> tuple[str, ...]:
            async with open_trail(settings) as trail:
                return await trail.called(named)

        patients = asyncio.run(called())
    agents: tuple[tuple[AgentName, ...], ...] = ()
    if agent:
        system, bar, value = agent.partition("|")
        authority = system.removeprefix("urn:oid:") if bar else None
        agents = ((AgentName(value=value if bar else agent, authority=authority),),)
    return FindAuditEvents(
        since=_moment(since), before=_moment(until), patients=patients, agents=agents
    )


def _moment(text: str) -> str:
    if not text:
        return ""
    found = _MOMENT.match(text)
    if found is None:
        give_up(f"{text!r} is no moment: YYYY-MM-DD or YYYY-MM-DDThh:mm:ss is expected.", USAGE)
    return "".join(group or "00" for group in found.groups())


def _writer(settings: Settings, form: Form) -> Callable[[KeptEvent], bytes]:
    from gateway.codecs.atna.audit_message import write_audit_message
    from gateway.codecs.audit_octets import write_audit_octets
    from gateway.codecs.fhir.audit_event import AuditEventWriter
    from gateway.profile import read_profile
    from gateway.settings.audit_options import audit_observer

    observer = audit_observer(settings)
    if form is Form.KEPT:
        return lambda kept: write_audit_octets(kept.event)
    if form is Form.ATNA:
        return lambda kept: write_audit_message(kept.event, observer).replace(b"\n", b" ")
    profile = read_profile(settings.profile, settings.profiles, shipped("profiles"))
    writer = AuditEventWriter(observer, profile.naming, f"{settings.base_url}/fhir")
    return lambda kept: writer.whole(kept.event)


def _cells(event: AuditEvent) -> tuple[str, ...]:
    subject = event.subject
    who = "nobody"
    if subject is not None:
        named = subject.id or subject.structure
        who = " ".join(p for p in (subject.name, named.value if named else "") if p)
        who = who or subject.kind.value
    t = event.time
    return (
        f"{t[:4]}-{t[4:6]}-{t[6:8]} {t[8:10]}:{t[10:12]}:{t[12:14]}",
        who,
        " ".join(p for p in (event.transaction, event.interaction) if p),
        event.patient.value if event.patient else "",
        str(len(event.objects) or ""),
        event.mode.value,
        {0: "done", 4: "refused", 8: "failed"}[event.outcome.value],
        event.rule,
    )
