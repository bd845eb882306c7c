"""``gateway patient``: which patients the domain knows, told by hand.

The commands work on the data folder, with the same rules as the HL7 v2 feed [ITI-8].
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from gateway.actors.patient_identity_consumer import PatientIdentityConsumer
from gateway.cli.console import USAGE, give_up, out, settings_or_give_up
from gateway.errors import Refused
from gateway.model.datatypes import Code, DateTime, Identifier, is_oid
from gateway.model.patient import Patient
from gateway.ports import PatientDirectory
from gateway.settings import Settings
from gateway.transactions.patient_identity_feed import Event, PatientFeed

T = TypeVar("T")

patient = typer.Typer(
    name="patient",
    no_args_is_help=True,
    help="Tell the gateway which patients exist, and which of them are one.\n\n"
    "With `GATEWAY_PATIENTS=known` only documents of these patients are taken. A hospital's "
    "system tells them by itself, over HL7 v2 (`GATEWAY_MLLP_PORT`) or FHIR "
    "(`PUT /fhir/Patient/...`); these commands are for trying and for repairing.\n\n"
    "An IDENTIFIER is written in one of three ways:\n\n"
    "- `4711`: in the domain of `GATEWAY_ASSIGNING_AUTHORITY`\n\n"
    "- `'4711^^^&2.999.1.3&ISO'`: as in XDS and HL7 v2\n\n"
    "- `'urn:oid:2.999.1.3|4711'`: as in a FHIR search\n\n"
    "Quote the last two: the shell has its own ideas about `&` and `|`.",
)

_OID_AND_VALUE = re.compile(r"urn:oid:(?P<authority>[0-9.]+)\|(?P<value>.+)\Z")
_DATE = re.compile(r"([0-9]{4})(?:-?([0-9]{2})(?:-?([0-9]{2}))?)?\Z")

IdentifierArgument = Annotated[str, typer.Argument(metavar="IDENTIFIER", show_default=False)]


class Gender(StrEnum):
    """HL7 table 0001, as far as people need it."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "O"
    UNKNOWN = "U"


def read_identifier(text: str, authority: str) -> Identifier:
    """Read an identifier as people write it.

    Args:
        text: ``value``, ``value^^^&OID&ISO`` or ``urn:oid:OID|value``.
        authority: OID of the domain where the text names none.

    Raises:
        ValueError: With a sentence that says what is wrong.
    """
    if not text.strip() or not text.isprintable():
        raise ValueError("an identifier has at least one character, and only printable ones")
    if found := _OID_AND_VALUE.match(text):
        read = Identifier.of(found["value"], found["authority"])
    elif text.startswith("urn:"):
        raise ValueError("after urn:oid:, an OID, a bar and the identifier are expected")
    elif "^" in text:
        cx = Identifier(text)
        read = Identifier.of(cx.value, cx.authority, cx.type_code)
    else:
        read = Identifier.of(text, authority)
    if not read.value or not is_oid(read.authority):
        raise ValueError("an identifier and the OID of its domain are needed: 4711^^^&2.999&ISO")
    return read


@patient.command("add")
def add(
    identifier: IdentifierArgument,
    family: Annotated[str, typer.Option(help="Family name.")] = "",
    given: Annotated[
        list[str] | None, typer.Option(help="Given name; repeat the option for several.")
    ] = None,
    birth_date: Annotated[
        str, typer.Option(help="As precise as known.", metavar="YYYY[-MM[-DD]]")
    ] = "",
    gender: Annotated[Gender | None, typer.Option(help="Administrative gender.")] = None,
) -> None:
    """Add a patient, or bring its description up to date.

    What is not given stays as it was.

    Examples:

        gateway patient add 4711

        gateway patient add 4711 --family Doe --given Jane --birth-date 1956-05-27 --gender F
    """
    settings = settings_or_give_up()
    told = Patient(
        identifiers=(identifier_of(identifier, settings),),
        family=family,
        given=tuple(given or ()),
        birth_date=read_date(birth_date),
        gender=gender.value if gender else "",
    )

    async def work(directory: PatientDirectory) -> Patient | None:
        consumer = PatientIdentityConsumer(directory)
        await consumer.apply(PatientFeed(event=Event.ADD_PERSON, patient=told))
        return await directory.find(told.identifiers[0])

    kept = _with_directory(settings, work)
    if kept is not None:
        out.print(_card(kept))


@patient.command("record")
def record(
    identifier: IdentifierArgument,
    close: Annotated[
        str, typer.Option(help="Close the record as of a day.", metavar="YYYY-MM-DD")
    ] = "",
    motive: Annotated[
        str, typer.Option(help="Why it is closed, coded.", metavar="CODE^^SYSTEM")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why it is closed, in words.")] = "",
    reopen: Annotated[bool, typer.Option("--reopen", help="Open the record again.")] = False,
    attached: Annotated[
        bool | None,
        typer.Option(
            "--attached/--detached", help="Whether it is part of the patient's own space."
        ),
    ] = None,
    attending_doctor: Annotated[
        str,
        typer.Option(
            help="The attending doctor, or `none`.", metavar="IDENTIFIER", show_default=False
        ),
    ] = "",
) -> None:
    """Close or open a patient's record, and tell what else is known of it.

    What is not given stays as it was. Profiles say which of it clients are told, and how.

    Examples:

        gateway patient record 4711 --close 2026-03-20 --reason 'The patient asked for it'

        gateway patient record 4711 --reopen --attached

        gateway patient record 4711 --attending-doctor 'urn:oid:2.999.1.30|DR-A'
    """
    settings = settings_or_give_up()
    asked = identifier_of(identifier, settings)
    if close and reopen:
        give_up("--close and --reopen exclude each other.", USAGE)
    if (motive or reason) and not close:
        give_up("--motive and --reason go with --close.", USAGE)
    code, _, system = motive.partition("^^")
    named = attending_doctor not in ("", "none")
    doctor = identifier_of(attending_doctor, settings) if named else None

    async def work(directory: PatientDirectory) -> Patient | None:
        known = await directory.find(asked)
        if known is None:
            return None
        state = known.record
        if reopen:
            state = state.opened()
        if close:
            state = state.opened().but(
                closed_on=read_date(close),
                closing_motive=Code(code, system) if code else None,
                closing_reason=reason,
            )
        if attached is not None:
            state = state.but(attached=attached)
        if attending_doctor:
            state = state.but(gp=doctor)
        active = reopen or (known.active and not close)
        return await directory.put(replace(known, active=active, record=state))

    kept = _with_directory(settings, work)
    if kept is None:
        give_up(f"No patient is known by {asked}. Add one: gateway patient add {identifier}")
    out.print(_card(kept))


@patient.command("show")
def show(identifier: IdentifierArgument) -> None:
    """Show what is known of a patient.

    The id of a patient that was merged into another one shows the surviving patient.

    Example:

        gateway patient show 'urn:oid:2.999.1.3|4711'
    """
    settings = settings_or_give_up()
    asked = identifier_of(identifier, settings)
    kept = _with_directory(settings, lambda directory: directory.find(asked))
    if kept is None:
        give_up(f"No patient is known by {asked}. Add one: gateway patient add {identifier}")
    out.print(_card(kept))


@patient.command("list")
def list_patients() -> None:
    """List every patient, in the order they came."""
    settings = settings_or_give_up()
    patients = _with_directory(settings, lambda directory: directory.list())
    if not patients:
        out.print("No patient is known yet. Add one: gateway patient add 4711")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Identifier", "Name", "Born", "Gender", "State"):
        table.add_column(column, overflow="fold")
    for one in patients:
        table.add_row(
            *map(plain_text, (_first(one), _name(one), _born(one), one.gender, _state(one)))
        )
    out.print(table)


@patient.command("merge")
def merge(
    subsumed: Annotated[str, typer.Argument(help="The id that goes.", show_default=False)],
    surviving: Annotated[str, typer.Argument(help="The id that stays.", show_default=False)],
) -> None:
    """Make two patients one: documents of the first are found under the second.

    There is no way back. New documents under the subsumed id are refused.

    Example:

        gateway patient merge 4712 4711
    """
    settings = settings_or_give_up()
    gone, kept = identifier_of(subsumed, settings), identifier_of(surviving, settings)

    async def work(directory: PatientDirectory) -> Patient | None:
        if await directory.find(kept) is None:
            # The feed describes the survivor and creates it; here that would be a typing error.
            give_up(f"No patient is known by {kept}. Add it first: gateway patient add {surviving}")
        feed = PatientFeed(
            event=Event.MERGE, patient=Patient(identifiers=(kept,)), merged_from=gone
        )
        await PatientIdentityConsumer(directory).apply(feed)
        return await directory.find(kept)

    survivor = _with_directory(settings, work)
    if survivor is not None:
        out.print(_card(survivor))


def _with_directory(settings: Settings, work: Callable[[PatientDirectory], Awaitable[T]]) -> T:
    """Do something with the patients of the data folder; a refusal stops the command."""
    from gateway.service import open_directory

    async def run() -> T:
        async with open_directory(settings) as directory:
            return await work(directory)

    try:
        return asyncio.run(run())
    except Refused as refusal:
        give_up("\n".join(f.message for f in refusal.findings))


def identifier_of(text: str, settings: Settings) -> Identifier:
    """Read an identifier as people write it; what is none stops the command."""
    try:
        return read_identifier(text, settings.assigning_authority)
    except ValueError as error:
        give_up(f"{text!r} cannot be used: {error}.", USAGE)


def patient_option(text: str | None, settings: Settings) -> Identifier | None:
    """Read what `--patient` says, where it was given; what is none stops the command."""
    if text is None:
        return None
    try:
        return read_identifier(text, settings.assigning_authority)
    except ValueError as error:
        give_up(f"--patient {text!r} cannot be used: {error}.", USAGE)


def read_date(text: str) -> DateTime | None:
    """Read a date as people write it; what is none stops the command."""
    if not text:
        return None
    found = _DATE.match(text)
    date = DateTime("".join(g for g in found.groups() if g)) if found else None
    if date is None or not date.is_well_formed:
        give_up(f"{text!r} is not a date: YYYY, YYYY-MM or YYYY-MM-DD is expected.", USAGE)
    return date


def _card(one: Patient) -> Table:
    """Show one patient, a line for each thing known."""
    card = Table(box=None, pad_edge=False, show_header=False)
    card.add_column(style="dim", no_wrap=True)
    card.add_column(overflow="fold")
    for number, identifier in enumerate(one.identifiers):
        card.add_row("" if number else "Identifier", plain_text(identifier.text))
    rows = {
        "Name": _name(one),
        "Born": _born(one),
        "Gender": one.gender,
        "State": _state(one),
        "Record": _record(one),
        "Attending doctor": one.record.gp.text if one.record.gp else "",
    }
    for name, text in rows.items():
        if text:
            card.add_row(name, plain_text(text))
    return card


def plain_text(text: str) -> str:
    """Keep a text from being read as markup or as a terminal's control codes."""
    return "".join(c if c.isprintable() else "?" for c in text).replace("[", r"\[")


def _first(one: Patient) -> str:
    return one.identifiers[0].text if one.identifiers else ""


def _name(one: Patient) -> str:
    return ", ".join(p for p in (one.family, " ".join(one.given)) if p)


def _born(one: Patient) -> str:
    text = one.birth_date.text if one.birth_date else ""
    return "-".join(p for p in (text[:4], text[4:6], text[6:8]) if p)


def _record(one: Patient) -> str:
    """What is told of the record, nothing where nothing is."""
    told = one.record
    day = told.closed_on.text if told.closed_on else ""
    parts = [
        "closed on " + "-".join(p for p in (day[:4], day[4:6], day[6:8]) if p) if day else "",
        told.closing_motive.code if told.closing_motive else "",
        told.closing_reason,
        {True: "attached", False: "detached", None: ""}[told.attached],
    ]
    return ", ".join(part for part in parts if part)


def _state(one: Patient) -> str:
    if one.merged_into is not None:
        return f"merged into {one.merged_into}"
    if not one.active:
        return "inactive"
    return "known" if one.known else "met in a submission"
