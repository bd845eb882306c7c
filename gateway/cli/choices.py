"""``gateway choices``: what patients decide, told by hand.

The commands work on the data folder, with the same rules as FHIR Consents [ITI-108]; a server that
runs on it answers by them from its next request on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.table import Table

from gateway.cli.choice_words import in_words
from gateway.cli.console import USAGE, give_up, out, print_wide, settings_or_give_up
from gateway.cli.patient import identifier_of, plain_text, read_date
from gateway.errors import Refused
from gateway.model import choices as c
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.ports import FiledStatement
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.service import Actors

T = TypeVar("T")

choices = typer.Typer(
    name="choices",
    no_args_is_help=True,
    help="Tell the gateway what a patient decided: who may see the record, and what of it.\n\n"
    "Each command files one choice, as a FHIR Consent would (`POST /fhir/Consent`), and prints it "
    "with its id. Nothing is ever overwritten: `take-back` makes a choice not count any more, and "
    "the history of each stays.\n\n"
    "A PATIENT, and everybody else, is written in one of three ways:\n\n"
    "- `4711`: in the domain of `GATEWAY_ASSIGNING_AUTHORITY`\n\n"
    "- `'4711^^^&2.999.1.3&ISO'`: as in XDS and HL7 v2\n\n"
    "- `'urn:oid:2.999.1.3|4711'`: as in a FHIR search\n\n"
    "A first visit looks like this:\n\n"
    "    gateway patient add 4711\n\n"
    "    gateway choices authorise 4711 'urn:oid:2.999.1.30|DR-B'\n\n"
    "    gateway choices list 4711",
)

Patient = Annotated[str, typer.Argument(metavar="PATIENT", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
By = Annotated[
    str,
    typer.Option(help="Who said it for the patient: a representative.", metavar="IDENTIFIER"),
]
IsStructure = Annotated[
    bool, typer.Option("--structure", help="It is a care organisation, not a person.")
]
From = Annotated[str, typer.Option("--from", help="First day.", metavar="YYYY-MM-DD")]
Until = Annotated[str, typer.Option("--until", help="Last day.", metavar="YYYY-MM-DD")]


class OriginName(StrEnum):
    """How an authorisation came about."""

    PATIENT = "patient"
    CARE_TEAM = "care-team"
    COLLEAGUE = "colleague"


class Answer(StrEnum):
    """Whether something may be."""

    ALLOW = "allow"
    REFUSE = "refuse"


# --- Looking -------------------------------------------------------------------------------------


@choices.command("list")
def list_choices(
    patient: Patient,
    every: Annotated[
        bool, typer.Option("--all", help="Also those that do not count any more.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List what a patient decided, the oldest first.

    Examples:

        gateway choices list 4711

        gateway choices list 4711 --all --json
    """
    settings = settings_or_give_up()
    asked = identifier_of(patient, settings)
    filed = with_actors(settings, lambda actors: _of_known(actors, asked, patient))
    shown = tuple(one for one in filed if every or one.active)
    if as_json:
        _print_json([_plain(one) for one in shown])
    elif not shown:
        out.print("Nothing was decided. What holds then: the policy of the domain.")
    else:
        _print_table(shown)


async def _of_known(actors: Actors, asked: Identifier, written: str) -> tuple[FiledStatement, ...]:
    if await actors.choices.record(asked) is None:
        give_up(f"No patient is known by {asked}. Add one: gateway patient add {written}")
    return await actors.consents.find(asked)


@choices.command("take-back")
def take_back(
    identifier: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    as_json: Json = False,
) -> None:
    """Make a choice not count any more; its id is the one `list` shows.

    Example:

        gateway choices take-back 0190f3c2-8f4e-7c11-9d4a-2f6b8f0c1a55
    """
    settings = settings_or_give_up()
    name = f"urn:uuid:{identifier.removeprefix('urn:uuid:').lower()}"

    async def work(actors: Actors) -> FiledStatement:
        versions = await actors.consents.versions(name)
        if not versions:
            give_up(f"There is no choice {identifier}; gateway choices list shows their ids.")
        if not versions[0].active:
            return versions[0]
        return await actors.consents.take_back(versions[0])

    _print_filed(with_actors(settings, work), as_json)


# --- Who may see it ------------------------------------------------------------------------------


@choices.command("authorise")
def authorise(
    patient: Patient,
    holder: Annotated[str, typer.Argument(metavar="HOLDER", show_default=False)],
    structure: IsStructure = False,
    start: From = "",
    end: Until = "",
    origin: Annotated[OriginName, typer.Option(help="How it came about.")] = OriginName.PATIENT,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Let a professional or a care organisation consult the record.

    Examples:

        gateway choices authorise 4711 'urn:oid:2.999.1.30|DR-B' --until 2026-12-31

        gateway choices authorise 4711 'urn:oid:2.999.1.31|CLINIC' --structure
    """
    settings = settings_or_give_up()
    choice = c.Authorise(
        holder=_holder(holder, structure, settings),
        period=_period(start, end),
        origin=c.Origin(origin.value),
    )
    _file(settings, patient, choice, by, as_json)


@choices.command("revoke")
def revoke(
    patient: Patient,
    holder: Annotated[str, typer.Argument(metavar="HOLDER", show_default=False)],
    structure: IsStructure = False,
    service: Annotated[bool, typer.Option("--service", help="It is an application.")] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """End every authorisation of somebody, now.

    Example:

        gateway choices revoke 4711 'urn:oid:2.999.1.30|DR-B'
    """
    settings = settings_or_give_up()
    who = _holder(holder, structure, settings)
    if service:
        who = replace(who, kind=c.HolderKind.SERVICE)
    _file(settings, patient, c.Revoke(holder=who), by, as_json)


@choices.command("block")
def block(
    patient: Patient,
    professional: Annotated[str, typer.Argument(metavar="PROFESSIONAL", show_default=False)],
    by: By = "",
    as_json: Json = False,
) -> None:
    """Keep a professional out, whatever else holds, emergencies included.

    Example:

        gateway choices block 4711 'urn:oid:2.999.1.30|DR-B'
    """
    settings = settings_or_give_up()
    choice = c.Block(professional=identifier_of(professional, settings))
    _file(settings, patient, choice, by, as_json)


@choices.command("unblock")
def unblock(
    patient: Patient,
    professional: Annotated[str, typer.Argument(metavar="PROFESSIONAL", show_default=False)],
    by: By = "",
    as_json: Json = False,
) -> None:
    """Treat a professional like any other again.

    An authorisation that is still in its period counts again with it.

    Example:

        gateway choices unblock 4711 'urn:oid:2.999.1.30|DR-B'
    """
    settings = settings_or_give_up()
    choice = c.Unblock(professional=identifier_of(professional, settings))
    _file(settings, patient, choice, by, as_json)


@choices.command("emergency")
def emergency(
    patient: Patient,
    kind: Annotated[c.EmergencyKind, typer.Argument(show_default=False)],
    answer: Annotated[Answer, typer.Argument(show_default=False)],
    by: By = "",
    as_json: Json = False,
) -> None:
    """Allow or refuse one of the two ways into the record in an emergency.

    Both are allowed until the patient says otherwise.

    Examples:

        gateway choices emergency 4711 break-glass refuse

        gateway choices emergency 4711 regulation allow
    """
    choice = c.Emergency(kind=kind, allowed=answer is Answer.ALLOW)
    _file(settings_or_give_up(), patient, choice, by, as_json)


@choices.command("service")
def service(
    patient: Patient,
    app: Annotated[str, typer.Argument(metavar="APPLICATION", show_default=False)],
    classes: Annotated[
        list[str],
        typer.Option(
            "--class",
            help="Class of documents; repeat the option for several.",
            metavar="CODE^^SCHEME",
            show_default=False,
        ),
    ],
    start: From = "",
    end: Until = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Let an application use documents of some classes.

    Example:

        gateway choices service 4711 'urn:oid:2.999.1.40|diary' --class '11^^2.999.4.1'
    """
    settings = settings_or_give_up()
    codes = []
    for text in classes:
        code, _, scheme = text.partition("^^")
        if not code or not scheme:
            give_up(f"{text!r} is no class: CODE^^SCHEME is expected.", USAGE)
        codes.append(Code(code, scheme))
    choice = c.Service(
        app=identifier_of(app, settings), scope=tuple(codes), period=_period(start, end)
    )
    _file(settings, patient, choice, by, as_json)


@choices.command("representative")
def representative(
    patient: Patient,
    person: Annotated[str, typer.Argument(metavar="PERSON", show_default=False)],
    title: Annotated[str, typer.Option(help="As what: parent, guardian, ...", show_default=False)],
    start: From = "",
    end: Until = "",
    as_json: Json = False,
) -> None:
    """Let somebody act for the patient.

    Example:

        gateway choices representative 4711 'urn:oid:2.999.1.3|4700' --title parent
    """
    settings = settings_or_give_up()
    choice = c.Representative(
        person=identifier_of(person, settings), title=title, period=_period(start, end)
    )
    _file(settings, patient, choice, "", as_json)


# --- What of it ----------------------------------------------------------------------------------


@choices.command("hide-all")
def hide_all(
    patient: Patient,
    off: Annotated[bool, typer.Option("--off", help="Show everything again.")] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Hide the whole content from all professionals, emergencies included.

    Example:

        gateway choices hide-all 4711
    """
    _file(settings_or_give_up(), patient, c.HideAll(hidden=not off), by, as_json)


_DOCUMENT = typer.Option(
    "--document", help="One document: entryUUID, logical id or uniqueId.", show_default=False
)
_AUTHOR = typer.Option("--author", help="Every document of an author.", show_default=False)
_LABEL = typer.Option("--label", help="Every document labelled R or V.", show_default=False)


@choices.command("mask")
def mask(
    patient: Patient,
    document: Annotated[str, _DOCUMENT] = "",
    author: Annotated[str, _AUTHOR] = "",
    structure: IsStructure = False,
    label: Annotated[str, _LABEL] = "",
    start: From = "",
    end: Until = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Hide documents from professionals: one, an author's, those of a period, or labelled ones.

    A single document gets the code of the community in its metadata as well, in a new version.

    Examples:

        gateway choices mask 4711 --document 2.999.4.1

        gateway choices mask 4711 --author 'urn:oid:2.999.1.30|DR-B'

        gateway choices mask 4711 --from 2019-01-01 --until 2019-12-31
    """
    settings = settings_or_give_up()
    target = _target(settings, document, author, structure, label, start, end)
    _file(settings, patient, c.Mask(target=target), by, as_json)


@choices.command("unmask")
def unmask(
    patient: Patient,
    document: Annotated[str, _DOCUMENT] = "",
    author: Annotated[str, _AUTHOR] = "",
    structure: IsStructure = False,
    label: Annotated[str, _LABEL] = "",
    start: From = "",
    end: Until = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Show documents to professionals again; say them as they were masked.

    Example:

        gateway choices unmask 4711 --document 2.999.4.1
    """
    settings = settings_or_give_up()
    target = _target(settings, document, author, structure, label, start, end)
    _file(settings, patient, c.Unmask(target=target), by, as_json)


# --- Its life ------------------------------------------------------------------------------------


@choices.command("object")
def object_to(
    patient: Patient,
    source: Annotated[str, typer.Argument(metavar="SOURCE", show_default=False)],
    motive: Annotated[str, typer.Option(help="The legitimate reason.", show_default=False)],
    accepted_by: Annotated[
        str, typer.Option(help="Who found it legitimate.", metavar="IDENTIFIER", show_default=False)
    ],
    structure: IsStructure = False,
    as_json: Json = False,
) -> None:
    r"""Keep a source from putting documents into the record, for a reason that was accepted.

    Example:

        gateway choices object 4711 'urn:oid:2.999.1.31|CLINIC' --structure \

            --motive 'A relative works there' --accepted-by 'urn:oid:2.999.1.30|DR-A'
    """
    settings = settings_or_give_up()
    if not motive:
        give_up("An objection needs its motive.", USAGE)
    choice = c.FeedObjection(
        source=_holder(source, structure, settings),
        motive=motive,
        accepted_by=identifier_of(accepted_by, settings),
    )
    _file(settings, patient, choice, "", as_json)


@choices.command("close")
def close(patient: Patient, by: By = "", as_json: Json = False) -> None:
    """Close the record: nobody uses it any more, and nothing of it is lost.

    Example:

        gateway choices close 4711
    """
    _file(settings_or_give_up(), patient, c.Close(), by, as_json)


@choices.command("open")
def open_record(
    patient: Patient,
    policy: Annotated[
        c.BasePolicy, typer.Option(help="What holds as long as nothing else is said.")
    ] = c.BasePolicy.DOMAIN,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Open the record, or open it again: earlier choices hold as before.

    Example:

        gateway choices open 4711
    """
    choice = c.Open(policy=policy)
    _file(settings_or_give_up(), patient, choice, by, as_json)


# --- How -----------------------------------------------------------------------------------------


def _file(settings: Settings, patient: str, choice: c.Choice, by: str, as_json: bool) -> None:
    asked = identifier_of(patient, settings)
    performer = identifier_of(by, settings) if by else None

    async def work(actors: Actors) -> FiledStatement:
        if await actors.choices.record(asked) is None:
            give_up(f"No patient is known by {asked}. Add one: gateway patient add {patient}")
        statement = c.Statement(
            patient_id=asked,
            date_time=DateTime(actors.now()),
            performer=performer,
            organization=Identifier.of(settings.source_id),
            choices=(choice,),
        )
        return await actors.consents.file(statement)

    _print_filed(with_actors(settings, work), as_json)


def with_actors(settings: Settings, work: Callable[[Actors], Awaitable[T]]) -> T:
    """Do something with the data folder; a refusal stops the command."""
    from gateway.service import open_inside

    async def run() -> T:
        async with open_inside(settings) as actors:
            return await work(actors)

    try:
        return asyncio.run(run())
    except Refused as refusal:
        give_up("\n".join(f.message for f in refusal.findings))


def _holder(text: str, structure: bool, settings: Settings) -> c.Holder:
    kind = c.HolderKind.STRUCTURE if structure else c.HolderKind.PROFESSIONAL
    return c.Holder(kind=kind, identifier=identifier_of(text, settings))


def _period(start: str, end: str) -> c.Period:
    return c.Period(start=read_date(start), end=read_date(end))


def _target(
    settings: Settings,
    document: str,
    author: str,
    structure: bool,
    label: str,
    start: str,
    end: str,
) -> c.Masked:
    said = [name for name in (document, author, label, start or end) if name]
    if len(said) != 1:
        give_up("Say one of --document, --author, --label, or --from and --until.", USAGE)
    if document:
        return c.Document(id=document)
    if author:
        return c.AuthoredBy(author=_holder(author, structure, settings))
    if label:
        if label not in c.LABELS:
            give_up(f"{label!r} is no label that is masked: R or V is expected.", USAGE)
        return c.Labelled(label=label)
    return c.WrittenIn(period=_period(start, end))


def _print_filed(filed: FiledStatement, as_json: bool) -> None:
    if as_json:
        _print_json(_plain(filed))
    else:
        _print_table((filed,))


def _print_json(value: object) -> None:
    out.print_json(json.dumps(value))


def _plain(filed: FiledStatement) -> dict[str, object]:
    from gateway.translators.consents import statement_to_json

    statement = statement_to_json(filed.statement)
    statement.pop("kind")
    return {
        "id": filed.id.removeprefix("urn:uuid:"),
        "version": filed.version,
        "active": filed.active,
        "recorded": filed.recorded,
        "recorded_by": filed.recorded_by,
        "document": filed.document,
        **statement,
    }


def _print_table(filed: tuple[FiledStatement, ...]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("Id", no_wrap=True)
    for column in ("Recorded", "State", "Choice"):
        table.add_column(column, overflow="fold")
    for one in filed:
        table.add_row(
            one.id.removeprefix("urn:uuid:"),
            f"{one.recorded[:4]}-{one.recorded[4:6]}-{one.recorded[6:8]}",
            "active" if one.active else "taken back",
            plain_text("; ".join(map(in_words, one.statement.choices))),
        )
    print_wide(table)
