"""Explanations: the same engine, every rule in order, and who can see a document."""

from __future__ import annotations

from dataclasses import replace

from gateway.consent import decide, explain, gate, who_can_see
from gateway.consent.explaining import Viewer
from gateway.consent.visibility import DocumentFacts, Restriction
from gateway.model.choices import AuthoredBy, Holder, HolderKind, Representative, Service
from gateway.model.record import Record
from gateway.model.subject import Mode, Operation, same_key
from gateway.profile import read_profile
from tests.consent.people import (
    DR_A,
    DR_B,
    DR_C,
    MEDICATION_REVIEW,
    MOTHER,
    NOW,
    REPORTS,
    authorised,
    facts,
    patient,
    person,
    policy,
    professional,
    record,
    request,
)
from tests.consent.test_enumeration import worlds
from tests.shared import ROOT

MASKED = facts(restrictions=frozenset({Restriction.MASKED}))
AUTHORISED = record(authorisations=(authorised(),), policy_version=4)


def test_an_explanation_tells_every_rule_and_the_choices_that_decided() -> None:
    told = explain(request(professional()), AUTHORISED, policy(), NOW, facts=MASKED)
    assert (told.decision.permitted, told.decision.rule) == (False, "B4")
    outcome = {one.rule: (one.outcome, one.consents) for one in told.tried}
    assert outcome["A12"] == ("passes", (f"authorise professional {same_key(DR_B)} patient",))
    assert outcome["A6"] == ("does not apply", ())
    assert [one.rule for one in told.tried][:3] == ["A1", "A2", "A3"]
    kept_away = [one for one in told.tried if one.outcome == "keeps away"]
    assert [(one.rule, one.consents) for one in kept_away] == [("B4", ("mask of the document",))]
    inputs = dict(told.inputs)
    assert inputs["policy version"] == "4"
    assert inputs["matrix"] == "2023-10-26"
    assert inputs["authorisation"] == "valid"
    assert inputs["restrictions"] == "masked"


def test_a_refused_request_is_explained_beyond_the_rule_that_refused() -> None:
    blocked = record(blocked=frozenset({same_key(DR_B)}))
    told = explain(request(professional()), blocked, policy(), NOW)
    assert told.decision.rule == "A6-blocked"
    refusing = [one.rule for one in told.tried if one.outcome == "refuses"]
    assert refusing == ["A6-blocked", "A12-no-authorisation"]


def test_a_record_of_nobody_is_explained() -> None:
    told = explain(request(patient()), None, policy(), NOW)
    assert told.decision.rule == "A2-no-record"
    assert "record" not in dict(told.inputs)


def test_an_explanation_never_decides_otherwise() -> None:
    for at, world in enumerate(worlds()):
        if at % 37:
            continue
        access = request(world.subject, world.mode, "unconscious" if world.reason else "")
        told = explain(
            access, world.record, policy(), NOW, operation=world.operation, facts=world.facts
        )
        assert told.decision == world.decide()
        refusing = [one.rule for one in told.tried if one.outcome == "refuses"]
        if refusing:
            assert told.decision.rule == refusing[0]
        elif told.decision.rule not in {"A99-default", "B3"}:
            said = [one.rule for one in told.tried if one.outcome in {"keeps away", "shows"}]
            assert told.decision.rule in said


def test_masks_are_told_as_the_choices_they_are() -> None:
    mask = AuthoredBy(author=Holder(kind=HolderKind.PROFESSIONAL, identifier=DR_C))
    told = explain(
        request(professional()), replace(AUTHORISED, masks=(mask,)), policy(), NOW, facts=facts()
    )
    (kept,) = [one for one in told.tried if one.outcome == "keeps away"]
    assert "AuthoredBy" in kept.consents[0]


# --- Who can see this ----------------------------------------------------------------------------


def viewers(document: DocumentFacts, of: Record) -> dict[tuple[str, Mode], list[Viewer]]:
    found: dict[tuple[str, Mode], list[Viewer]] = {}
    for one in who_can_see(document, of, policy(), NOW):
        found.setdefault((one.who, one.mode), []).append(one)
    return found


def test_who_can_see_names_people_and_roles() -> None:
    of = record(
        birth_date="20110601",
        gp=DR_A,
        blocked=frozenset({same_key(DR_C)}),
        representatives=(Representative(person=MOTHER, title="MTH"),),
        services=(Service(app=person("app"), scope=(REPORTS,)),),
    )
    review = facts(
        type_code=MEDICATION_REVIEW,
        restrictions=frozenset({Restriction.HIDDEN_FROM_PATIENT}),
        hidden_until="20261201000000",
        owners=frozenset({same_key(DR_B)}),
    )
    found = viewers(review, of)
    (patients,) = found["patient", Mode.NORMAL]
    assert (patients.visible, patients.rule) == (False, "B1")
    (parent,) = found[f"representative {same_key(MOTHER)} (MTH)", Mode.NORMAL]
    assert (parent.visible, parent.rule) == (False, "B2b")
    (app,) = found[f"application {same_key(person('app'))}", Mode.NORMAL]
    assert app.rule == "B6"
    by_role = {
        role: one for one in found["authorised professionals", Mode.NORMAL] for role in one.roles
    }
    assert by_role["40"].visible
    assert by_role["70"].rule == "B5"
    (author,) = found[f"author or depositor {same_key(DR_B)}", Mode.NORMAL]
    assert (author.visible, author.rule, author.roles) == (True, "B3", ())
    (blocked,) = found[f"blocked {same_key(DR_C)}", Mode.NORMAL]
    assert (blocked.rule, blocked.decided_by) == ("A6-blocked", (f"block {same_key(DR_C)}",))
    (others,) = found["other professionals", Mode.NORMAL]
    assert others.rule == "A12-no-authorisation"
    glass = found["other professionals", Mode.BREAK_GLASS]
    assert any(one.visible and "10" in one.roles for one in glass)
    regulation = found["other professionals", Mode.REGULATION]
    assert [one.roles for one in regulation if one.visible] == [("10",)]


def test_a_mask_leaves_the_attending_doctor_and_the_author() -> None:
    found = viewers(MASKED, record(gp=DR_A))
    assert {who for (who, _), all_of in found.items() for one in all_of if one.visible} == {
        "patient",
        "attending doctor",
        f"author or depositor {same_key(DR_C)}",
    }


def test_where_roles_do_not_matter_nobody_is_told_any() -> None:
    plain = read_profile("ihe", ROOT / "profiles").access
    for one in who_can_see(facts(), record(), plain, NOW):
        assert one.roles == ()
    access = request(professional())
    assert gate(access, Operation.READ, AUTHORISED, plain, NOW).permitted
    assert decide(access, Operation.READ, facts(), AUTHORISED, plain, NOW).rule == "B99"
