"""``gateway token``: an access token for one of the demonstration people."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from gateway.cli.console import USAGE, give_up, print_wide, settings_or_give_up
from gateway.model.subject import Mode, SubjectKind
from gateway.settings import Settings, shipped

if TYPE_CHECKING:
    from gateway.profile import Profile
    from gateway.security.authority import DevelopmentAuthority
    from gateway.security.people import DemonstrationPerson


def token(
    person: Annotated[
        str | None,
        typer.Argument(
            metavar="PERSON", help="Whose token; without it, the list of people is shown."
        ),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="In which way the record is opened.")] = Mode.NORMAL,
    reason: Annotated[
        str, typer.Option(help="Why, for the two emergency modes.", show_default=False)
    ] = "",
    patient: Annotated[
        str,
        typer.Option(
            metavar="CX", help="Whose record: 'id^^^&OID&ISO' as XDS writes it.", show_default=False
        ),
    ] = "",
    secret: Annotated[bool, typer.Option("--secret", help="A minor's secret connection.")] = False,
    agreement: Annotated[
        str,
        typer.Option(
            metavar="YYYYMMDDhhmmss",
            help="When the patient agreed to a declared authorisation, UTC.",
            show_default=False,
        ),
    ] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A scope, in place of the person's own; may be repeated."),
    ] = None,
    lifetime: Annotated[
        int, typer.Option(min=1, max=86400, help="Seconds until it expires.")
    ] = 3600,
) -> None:
    """Print an access token for one of the demonstration people.

    The development authority of the data folder issues it; a gateway that runs on this folder with
    GATEWAY_DEVELOPMENT_AUTHORITY=on takes it.

    Examples:

        gateway token

        gateway token gp

        gateway token doctor-c --mode break-glass --reason "unconscious" --patient 'ALBA-0001^^^&2.999.1.1&ISO'

        curl -H "Authorization: Bearer $(gateway token patient)" http://127.0.0.1:8080/fhir/DocumentReference
    """  # noqa: E501 - commands are copied as they are
    from gateway.security.authority import Wish

    settings = settings_or_give_up()
    if person is None:
        show_people(settings)
        return
    authority, found = authority_for(settings, person)
    wish = Wish(
        mode=mode,
        reason=reason,
        patient=patient,
        secret=secret,
        patient_agreement=agreement,
        scopes=tuple(scope or ()),
        lifetime=lifetime,
    )
    print(authority.token(found, wish, int(time.time())))


def authority_for(
    settings: Settings, person: str
) -> tuple[DevelopmentAuthority, DemonstrationPerson]:
    """Give the development authority and a person it speaks for, or say what is missing."""
    from gateway.profile import read_profile
    from gateway.security.opening import open_authority

    _refuse_without_authority(settings)
    profile = read_profile(settings.profile, settings.profiles, shipped("profiles"))
    authority = open_authority(profile, settings.data, _people(), int(time.time()))
    found = authority.people.get(person)
    if found is None:
        give_up(f"There is no {person}; there are {', '.join(authority.people)}.", USAGE)
    return authority, found


def _people() -> Path:
    return shipped("samples") / "people.toml"


def _refuse_without_authority(settings: Settings) -> None:
    """Stop the command unless the operator switched the development authority on."""
    if settings.development_authority == "off":
        give_up(
            "The development authority is off: anybody could be anybody with it.\n"
            "For trials on one machine, set GATEWAY_DEVELOPMENT_AUTHORITY=on here and for the "
            "gateway.",
            USAGE,
        )


def show_people(settings: Settings) -> None:
    """Print who there is, each with the identifier that choices and audit events call them by."""
    from gateway.profile import read_profile
    from gateway.security.opening import people_of

    profile = read_profile(settings.profile, settings.profiles, shipped("profiles"))
    table = Table(box=None, pad_edge=False)
    for column in ("person", "what they are", "identifier"):
        table.add_column(column)
    for one in people_of(profile, _people()).values():
        table.add_row(one.key, one.title, _identifier(one, profile))
    print_wide(table)


def _identifier(person: DemonstrationPerson, profile: Profile) -> str:
    """How commands and searches write who somebody is."""
    from gateway.security.authority import Wish, facts_of
    from gateway.security.errors import NotAuthenticated
    from gateway.security.subjects import Reading, Voucher, read_access

    try:
        subject = read_access(
            facts_of(person, Wish(), profile.identity),
            Reading(conventions=profile.identity, naming=profile.naming),
            Voucher(issuer=""),
            is_application=person.is_application,
        ).subject
    except NotAuthenticated:
        return person.told("person") or person.told("citizen")
    alone = subject.kind is SubjectKind.STRUCTURE
    known = subject.structure if alone else subject.id
    return f"urn:oid:{known.authority}|{known.value}" if known else ""
