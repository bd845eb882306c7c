"""``gateway explain``: why somebody may see something, and who can see a document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table

from gateway.cli.choices import with_actors
from gateway.cli.console import USAGE, err, give_up, out, print_wide, settings_or_give_up
from gateway.cli.patient import identifier_of
from gateway.model.datatypes import UUID_URN, Code, DateTime
from gateway.model.subject import (
    AccessRequest,
    Authentication,
    Mode,
    Operation,
    Subject,
    SubjectKind,
)
from gateway.settings import Settings, shipped

if TYPE_CHECKING:
    from gateway.consent import Explanation, Viewer
    from gateway.profile import Profile
    from gateway.service import Actors

T = TypeVar("T")


def explain(
    patient: Annotated[
        str, typer.Option(metavar="IDENTIFIER", help="Whose record.", show_default=False)
    ],
    who: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="PERSON",
            help="Who asks: a demonstration person (`gateway token` lists them), or a kind and an "
            "identifier: 'professional:DOC-1^^^&2.999.1.2&ISO'. Without it: who can see the "
            "document.",
            show_default=False,
        ),
    ] = "",
    role: Annotated[
        list[str] | None,
        typer.Option(help="A role, CODE or SCHEME|CODE; may be repeated.", show_default=False),
    ] = None,
    structure: Annotated[
        str, typer.Option(metavar="IDENTIFIER", help="Where they work.", show_default=False)
    ] = "",
    authentication: Annotated[
        Authentication, typer.Option(help="How surely the person is known.")
    ] = Authentication.DIRECT,
    mode: Annotated[Mode, typer.Option(help="In which way the record is opened.")] = Mode.NORMAL,
    reason: Annotated[
        str, typer.Option(help="Why, for the two emergency modes.", show_default=False)
    ] = "",
    operation: Annotated[Operation, typer.Option(help="What they want.")] = Operation.READ,
    document: Annotated[
        str,
        typer.Option(metavar="UUID", help="entryUUID or logical id.", show_default=False),
    ] = "",
    at: Annotated[
        str,
        typer.Option(metavar="YYYYMMDDhhmmss", help="Another moment, UTC.", show_default=False),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Tell why somebody may see something, or who can see a document.

    Every rule is shown with how it went, and the choices that decided. Nothing is changed, and
    nobody is told.

    Examples:

        gateway explain --as doctor-c --patient ALBA-0001

        gateway explain --as doctor-c --mode break-glass --reason unconscious --patient ALBA-0001

        gateway explain --patient ALBA-0001 --document 5b3f0c4e-0000-4000-8000-000000000001
    """
    from gateway.profile import read_profile

    settings = settings_or_give_up()
    whose = identifier_of(patient, settings)
    name = document if not document or document.startswith("urn:") else f"urn:uuid:{document}"
    if name and not UUID_URN.match(name):
        give_up(f"{document!r} is no UUID.", USAGE)
    if at and not (DateTime(at).is_well_formed and len(at) == 14):
        give_up(f"{at!r} is no moment such as 20261122093000.", USAGE)
    if not who:
        if not name:
            give_up("Say --as whom, or which --document somebody could see.", USAGE)

        async def seen(actors: Actors) -> tuple[tuple[Viewer, ...], tuple[str, ...]]:
            explainer = actors.explainer
            return await explainer.who_can_see(whose, name, at=at), explainer.as_now(at)

        viewers, as_now = with_actors(settings, seen)
        _show_viewers(viewers, as_json=as_json)
        _tell_as_now(as_now)
        return
    access = _access(
        who,
        read_profile(settings.profile, settings.profiles, shipped("profiles")),
        settings,
        roles=role or [],
        structure=structure,
        authentication=authentication,
        mode=mode,
        reason=reason,
    )
    explanation = with_actors(
        settings,
        lambda actors: actors.explainer.explain(
            access, whose, operation=operation, document=name, at=at
        ),
    )
    _show(explanation, as_json=as_json)


# --- Who asks ------------------------------------------------------------------------------------


def _access(
    who: str,
    profile: Profile,
    settings: Settings,
    *,
    roles: list[str],
    structure: str,
    authentication: Authentication,
    mode: Mode,
    reason: str,
) -> AccessRequest:
    """The request that is imagined: of a demonstration person, or of whoever was described."""
    word, colon, identifier = who.partition(":")
    kinds = {kind.value: kind for kind in SubjectKind}
    if not colon or word not in kinds:
        return _demonstrated(who, profile, mode, reason)
    kind = kinds[word]
    named = identifier_of(identifier, settings)
    works_in = identifier_of(structure, settings) if structure else None
    alone = kind is SubjectKind.STRUCTURE
    subject = Subject(
        kind=kind,
        id=None if alone else named,
        structure=named if alone else works_in,
        roles=tuple(_role(text, profile) for text in roles),
        authentication=Authentication.INDIRECT if alone else authentication,
    )
    return AccessRequest(subject=subject, mode=mode, reason=reason)


def _demonstrated(who: str, profile: Profile, mode: Mode, reason: str) -> AccessRequest:
    from gateway.security.authority import Wish, facts_of
    from gateway.security.errors import NotAuthenticated
    from gateway.security.opening import people_of
    from gateway.security.subjects import Reading, Voucher, read_access

    people = people_of(profile, shipped("samples") / "people.toml")
    person = people.get(who)
    if person is None:
        kinds = ", ".join(kind.value for kind in SubjectKind)
        give_up(
            f"There is no {who}. Say one of {', '.join(people)}; or KIND:IDENTIFIER, where the "
            f"kind is one of {kinds}.",
            USAGE,
        )
    try:
        return read_access(
            facts_of(person, Wish(mode=mode, reason=reason), profile.identity),
            Reading(conventions=profile.identity, naming=profile.naming),
            Voucher(issuer="gateway explain"),
            is_application=person.is_application,
        )
    except NotAuthenticated as refused:
        give_up(f"{who} cannot ask in this way: {refused}", USAGE)


def _role(text: str, profile: Profile) -> Code:
    """A role as people write it; a code alone is looked up among the roles of the profile."""
    scheme, bar, code = text.rpartition("|")
    if bar:
        return Code(code, profile.naming.scheme(scheme))
    known = [key for key in profile.access.roles if key[0] == text]
    if len(known) > 1:
        give_up(f"The role {text} exists in {len(known)} schemes: write SCHEME|CODE.", USAGE)
    return Code(*known[0]) if known else Code(text)


# --- The answer ----------------------------------------------------------------------------------


def _show(explanation: Explanation, *, as_json: bool) -> None:
    decision = explanation.decision
    if as_json:
        _print_json(
            {
                "permitted": decision.permitted,
                "rule": decision.rule,
                "reason": decision.reason.value if decision.reason else None,
                "decided_by": list(decision.consents),
                "obligations": sorted(one.value for one in decision.obligations),
                "inputs": dict(explanation.inputs),
                "as_now": list(explanation.as_now),
                "tried": [
                    {"rule": one.rule, "outcome": one.outcome, "decided_by": list(one.consents)}
                    for one in explanation.tried
                ],
            }
        )
        return
    verdict = "yes" if decision.permitted else "no"
    told = f", told as {decision.reason.value}" if decision.reason else ""
    out.print(f"{verdict}, by {decision.rule}{told}", highlight=False)
    out.print()
    table = Table(box=None, pad_edge=False)
    for column in ("rule", "outcome", "decided by"):
        table.add_column(column)
    for one in explanation.tried:
        table.add_row(one.rule, one.outcome, "\n".join(one.consents))
    print_wide(table)
    out.print()
    inputs = Table(box=None, pad_edge=False, show_header=False)
    for name, value in explanation.inputs:
        inputs.add_row(name, value)
    out.print(inputs)
    _tell_as_now(explanation.as_now)


def _tell_as_now(as_now: tuple[str, ...]) -> None:
    """Say what of a past moment is not known as it was, beside the answer."""
    if as_now:
        err.print(
            "Choices, labels of documents and the matrix are those of that moment. As they are "
            f"now count: {'; '.join(as_now)}.",
            highlight=False,
            soft_wrap=True,
        )


def _show_viewers(viewers: tuple[Viewer, ...], *, as_json: bool) -> None:
    if as_json:
        _print_json(
            [
                {
                    "who": one.who,
                    "mode": one.mode.value,
                    "visible": one.visible,
                    "rule": one.rule,
                    "roles": list(one.roles),
                    "decided_by": list(one.decided_by),
                }
                for one in viewers
            ]
        )
        return
    table = Table(box=None, pad_edge=False)
    for column in ("who", "mode", "sees it", "rule", "roles"):
        table.add_column(column)
    for one in viewers:
        sees = "yes" if one.visible else "no"
        table.add_row(one.who, one.mode.value, sees, one.rule, " ".join(one.roles))
    out.print(table)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
