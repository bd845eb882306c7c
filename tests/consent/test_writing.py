"""What may be written and changed: flags, minors, authors, and each right of table 3.3."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.consent import may_change, may_replace, may_submit
from gateway.consent.visibility import DocumentFacts
from gateway.errors import ErrorCode, Finding
from gateway.model.choices import Representative, Service
from gateway.model.datatypes import Author, Code, Identifier, LocalizedString, Person
from gateway.model.document_entry import DocumentEntry
from gateway.model.record import Record
from gateway.model.subject import Subject, SubjectKind, same_key
from gateway.model.vocabulary import AvailabilityStatus
from tests.consent.people import (
    DR_B,
    DR_C,
    HIDDEN,
    HIDDEN_FROM_PARENTS,
    HOSPITAL,
    LEVELS,
    MASKED,
    MOTHER,
    NORMAL,
    NOW,
    OWN_CLASS,
    REPORT,
    REPORTS,
    VISIBILITIES,
    P,
    delegate,
    facts,
    hospital,
    in_hospital,
    patient,
    person,
    policy,
    professional,
    record,
    representative,
    request,
)

APP = Subject(kind=SubjectKind.SERVICE, id=person("app"))
ARCHIVED = "urn:asip:ci-sis:2010:StatusType:Archived"
DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"
MINOR = record(birth_date="20110601", representatives=(Representative(person=MOTHER, title="MTH"),))


def written_by(who: Any) -> Author:
    return Author(person=Person.of(who.value, "Durant", authority=who.authority))


def entry(*codes: Code, **said: Any) -> DocumentEntry:
    return replace(
        DocumentEntry(
            entry_uuid="urn:uuid:00000000-0000-4000-8000-000000000001",
            availability_status=AvailabilityStatus.APPROVED,
            confidentiality_code=(NORMAL, *codes),
            class_code=REPORTS,
            type_code=REPORT,
            author=(written_by(DR_C),),
        ),
        **said,
    )


def submitted(
    subject: Subject,
    document: DocumentEntry,
    of: Record = record(),  # noqa: B008 - a value
) -> list[str]:
    findings = may_submit(request(subject), (document,), of, policy(), NOW)
    return [finding.rule for finding in findings]


# --- New documents -------------------------------------------------------------------------------


def test_masked_and_hidden_from_the_patient_exclude_each_other() -> None:
    both = entry(MASKED, HIDDEN)
    (finding,) = may_submit(request(professional()), (both,), record(), policy(), NOW)
    assert finding.code is ErrorCode.REGISTRY_METADATA_ERROR
    assert finding.rule == "exclusive-restrictions"
    assert finding.location.endswith(".confidentialityCode")
    signature = replace(both, class_code=Code("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN"))
    assert submitted(professional(), signature) == []
    assert submitted(professional(), entry(MASKED)) == []
    assert submitted(professional(), entry(HIDDEN, HIDDEN_FROM_PARENTS)) == []
    lets = replace(policy(), cumulate_restrictions=True)
    assert may_submit(request(professional()), (both,), record(), lets, NOW) == ()


def test_a_restriction_nobody_enforces_is_refused() -> None:
    social = entry(Code("MASQUE_PSOCIAL", VISIBILITIES))
    assert submitted(professional(), social) == ["unknown-restriction"]
    assert submitted(professional(), entry(Code("V", LEVELS))) == []


def test_in_a_secret_connection_every_document_is_hidden_from_parents() -> None:
    secret = replace(in_hospital(), secret_connection=True)
    assert submitted(secret, entry(), MINOR) == ["secret-connection"]
    assert submitted(secret, entry(HIDDEN_FROM_PARENTS), MINOR) == []
    assert submitted(secret, entry(HIDDEN_FROM_PARENTS)) == ["C2-not-allowed"]


def test_a_community_may_ask_for_a_statement_about_parents() -> None:
    assert submitted(professional(), entry(), MINOR) == []
    asks = replace(policy(), minors_default_visible=False)
    access = request(professional())
    (finding,) = may_submit(access, (entry(),), MINOR, asks, NOW)
    assert finding.rule == "minors-statement"
    assert may_submit(access, (entry(HIDDEN_FROM_PARENTS),), MINOR, asks, NOW) == ()
    assert may_submit(access, (entry(),), record(), asks, NOW) == ()


@pytest.mark.parametrize(("subject", "of"), [(patient(), record()), (representative(), MINOR)])
def test_patients_enter_documents_of_their_own(subject: Subject, of: Record) -> None:
    own = entry(class_code=OWN_CLASS, author=(written_by(P),))
    assert submitted(subject, own, of) == []
    assert submitted(subject, replace(own, author=()), of) == []
    assert submitted(subject, replace(own, class_code=REPORTS), of) == ["C2-not-allowed"]
    assert submitted(subject, replace(own, author=(written_by(DR_C),)), of) == ["C1-not-author"]
    masked = replace(own, confidentiality_code=(NORMAL, MASKED))
    assert submitted(subject, masked, of) == []
    hidden = replace(own, confidentiality_code=(NORMAL, HIDDEN))
    assert submitted(subject, hidden, of) == ["C2-not-allowed"]


def test_a_delegate_enters_documents_of_the_principal() -> None:
    assert submitted(delegate(), entry(author=(written_by(DR_B),))) == []
    assert submitted(delegate(), entry()) == ["C1-not-author"]
    hidden = entry(HIDDEN, author=(written_by(DR_B),))
    assert submitted(delegate(), hidden) == ["C2-not-allowed"]


def test_an_application_enters_documents_of_its_classes() -> None:
    served = record(services=(Service(app=person("app"), scope=(REPORTS,)),))
    assert submitted(APP, entry(), served) == []
    assert submitted(APP, entry(class_code=OWN_CLASS), served) == ["C2-not-allowed"]
    assert submitted(APP, entry(MASKED), served) == ["C2-not-allowed"]


# --- Changes -------------------------------------------------------------------------------------

THEIRS = facts(class_code=REPORTS)
PATIENTS_OWN = facts(class_code=OWN_CLASS, owners=frozenset({same_key(P)}))


def owned(who: Any) -> DocumentFacts:
    return facts(owners=frozenset({same_key(who)}))


def changed(
    subject: Subject,
    after: DocumentEntry | None,
    of: DocumentFacts = THEIRS,
    before: DocumentEntry = entry(),  # noqa: B008 - a value
) -> str:
    finding = may_change(request(subject), before, after, of, record(), policy())
    assert finding is None or isinstance(finding, Finding)
    return finding.rule if finding else "allowed"


@pytest.mark.parametrize("after", [None, entry(availability_status=DELETED)])
@pytest.mark.parametrize(
    ("subject", "of", "verdict"),
    [
        (patient(), THEIRS, "C1-not-author"),
        (patient(), PATIENTS_OWN, "allowed"),
        (representative(), PATIENTS_OWN, "allowed"),
        (professional(), THEIRS, "C1-not-author"),
        (professional(), owned(DR_B), "allowed"),
        (professional(), PATIENTS_OWN, "C1-not-author"),
        (hospital(), owned(HOSPITAL), "allowed"),
        (hospital(), THEIRS, "C1-not-author"),
        (delegate(), owned(DR_B), "C2-not-allowed"),
        (APP, THEIRS, "C2-not-allowed"),
    ],
)
def test_only_who_recorded_a_document_deletes_it(
    after: DocumentEntry | None, subject: Subject, of: DocumentFacts, verdict: str
) -> None:
    assert changed(subject, after, of) == verdict


def test_a_patient_is_told_whom_to_ask() -> None:
    finding = may_change(request(patient()), entry(), None, THEIRS, record(), policy())
    assert finding is not None
    assert finding.code is ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR
    assert "ask the author" in finding.message


@pytest.mark.parametrize(
    ("subject", "of", "verdict"),
    [
        (professional(), owned(DR_B), "allowed"),
        (professional(), THEIRS, "C1-not-author"),
        (delegate(), owned(DR_B), "allowed"),
        (patient(), THEIRS, "C1-not-author"),
        (APP, THEIRS, "C1-not-author"),
    ],
)
def test_only_ones_own_document_is_replaced(
    subject: Subject, of: DocumentFacts, verdict: str
) -> None:
    finding = may_replace(request(subject), of, record(), policy())
    assert (finding.rule if finding else "allowed") == verdict


RIGHTS = [
    # who, of what, mask, hide from patient, announce, hide from parents, archive, correct
    ("patient", "theirs", "y n n n y 1"),
    ("patient", "own", "y n n n y y"),
    ("representative", "theirs", "y n n n y 1"),
    ("professional", "theirs", "y n y y y 1"),
    ("professional", "mine", "y y y y y y"),
    ("delegate", "mine", "y n n n n n"),
    ("structure", "theirs", "n n n y 1 1"),
    ("structure", "mine", "y y n y y y"),
    ("service", "theirs", "n n n n n n"),
]


@pytest.mark.parametrize(("who", "what", "cells"), RIGHTS)
def test_each_change_has_its_own_right(who: str, what: str, cells: str) -> None:
    subject, keys = {
        "patient": (patient(), P),
        "representative": (representative(), P),
        "professional": (professional(), DR_B),
        "delegate": (delegate(), DR_B),
        "structure": (hospital(), HOSPITAL),
        "service": (APP, person("app")),
    }[who]
    of = {"theirs": THEIRS, "own": PATIENTS_OWN, "mine": owned(keys)}[what]
    mask, hide, announce, parents, archive, correct = cells.split()
    words = {"y": "allowed", "n": "C2-not-allowed", "1": "C1-not-author"}
    assert changed(subject, entry(MASKED), of) == words[mask]
    assert changed(subject, entry(), of, entry(MASKED)) == words[mask]
    assert changed(subject, entry(HIDDEN), of) == words[hide]
    assert changed(subject, entry(), of, entry(HIDDEN)) == words[announce]
    assert changed(subject, entry(HIDDEN_FROM_PARENTS), of) == words[parents]
    assert changed(subject, entry(), of, entry(HIDDEN_FROM_PARENTS)) == words[parents]
    away = entry(availability_status=ARCHIVED)
    assert changed(subject, away, of) == words[archive]
    assert changed(subject, entry(), of, away) == words[archive]
    renamed = entry(title=(LocalizedString("Other"),))
    assert changed(subject, renamed, of) == words[correct]


def test_a_change_of_nothing_is_nobodys_business() -> None:
    again = entry(entry_uuid="urn:uuid:2", version="2", logical_id="urn:uuid:1")
    assert changed(professional(), again) == "allowed"


def test_one_patient_in_two_spellings_is_no_correction() -> None:
    """FHIR has no place for the type in CX.5, which a community may ask its entries for."""
    told = entry(patient_id=Identifier("4711^^^&2.999.1&ISO"))
    again = replace(told, patient_id=Identifier("4711^^^&2.999.1&ISO^NH"))
    assert changed(professional(), again, before=told) == "allowed"
    other = replace(told, patient_id=Identifier("4712^^^&2.999.1&ISO"))
    assert changed(professional(), other, before=told) == "C1-not-author"


def test_a_level_is_its_authors_to_change() -> None:
    stricter = replace(entry(), confidentiality_code=(Code("R", LEVELS),))
    assert changed(professional(), stricter) == "C1-not-author"
    assert changed(professional(), stricter, owned(DR_B)) == "allowed"


def test_a_change_does_not_bring_what_a_submission_may_not() -> None:
    hidden = entry(HIDDEN)
    assert changed(professional(), entry(HIDDEN, MASKED), before=hidden) == (
        "exclusive-restrictions"
    )
    odd = entry(Code("MASQUE_PT", VISIBILITIES))
    assert changed(professional(), odd, owned(DR_B)) == "unknown-restriction"


def test_deprecating_is_for_the_author() -> None:
    old = entry(availability_status=AvailabilityStatus.DEPRECATED)
    assert changed(professional(), old) == "C1-not-author"
    assert changed(professional(), old, owned(DR_B)) == "allowed"
