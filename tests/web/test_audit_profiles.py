"""The events a gateway keeps, as its own FHIR door shows them, keep to BALP and MHD.

What a door offers is done as it should be and in vain; what ITI-81 shows of it is held to the
profiles it claims, in the authors' definitions and in ours. Then faults are planted in it.
"""

from __future__ import annotations

import json
from functools import cache

import pytest

from gateway.codecs.ebrim.query import write_query
from gateway.model.choices import Authorise, Holder, HolderKind, Statement
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.vocabulary import AvailabilityStatus
from gateway.transactions.registry_stored_query import FindDocuments, RegistryStoredQuery
from gateway.translators.consents import to_consent
from gateway.validation.fhir import Definitions, Validator
from tests.answers import PROFILES, validator
from tests.model.examples import PATIENT
from tests.shared import shared
from tests.validation.fhir.faults_balp import FAULTS
from tests.validation.fhir.planting import Fault, Json, difference, errors, planted, told
from tests.web.access import PEOPLE
from tests.web.messages import FHIR, binary, bundle, document_reference, submission_list, urn
from tests.web.test_audit_events import ALWAYS, HERE, IHE, KeepingHouse, kept

__all__ = ["kept"]

HOLDER = Holder(kind=HolderKind.PROFESSIONAL, identifier=Identifier.of("77", PEOPLE))


@cache
def judge(which: str) -> Validator:
    """The validator with the definitions of the guides' authors, or with ours."""
    if which == "ours":
        return validator()
    packages = [shared("data/ihe/balp"), shared("data/ihe/mhd")]
    return Validator(Definitions.load(PROFILES / "fhir-r4" / "core.zip", packages))


def busy(house: KeepingHouse) -> None:
    """Do what a day brings, over both faces, well and in vain."""
    house.submit("b", "2.999.4.1")
    what = RegistryStoredQuery(
        query_id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
        query=FindDocuments(patient_id=PATIENT, status=(AvailabilityStatus.APPROVED.value,)),
    )
    house.soap("registry", "urn:ihe:iti:2007:RegistryStoredQuery", write_query(what), "b")
    who = house.as_("b")
    client = house.client
    own = house.find("b")["entry"][0]["resource"]["id"]
    document = bundle(
        submission_list("2.999.5.9", urn(2)),
        document_reference("2.999.4.9", b"hello", urn(3), number=2),
        binary(b"hello", number=3),
    )
    published = client.post("/fhir", content=json.dumps(document), headers={**FHIR, **who})
    client.post("/fhir", content=json.dumps(bundle()), headers={**FHIR, **who})
    for entry in published.json().get("entry", ()):
        client.get(f"/fhir/{entry.get('response', {}).get('location', 'none')}", headers=who)
    said = Statement(
        patient_id=PATIENT,
        date_time=DateTime("20260101"),
        organization=PATIENT,
        source="DocumentReference/signed",
        choices=(Authorise(holder=HOLDER),),
    )
    patient = {**FHIR, **house.as_("p")}
    consent = to_consent(said, IHE).value
    made = client.post("/fhir/Consent", content=json.dumps(consent), headers=patient)
    if made.status_code == 201:
        name = made.json()["id"]
        client.get(f"/fhir/Consent/{name}", headers=patient)
        client.put(f"/fhir/Consent/{name}", content=made.content, headers=patient)
        client.delete(f"/fhir/Consent/{name}", headers=patient)
    for path in (
        f"DocumentReference/{own}",
        f"DocumentReference/{own}/_history",
        "DocumentReference/none",
        f"Binary/{own}",
        "Binary/none",
        f"List?patient.identifier={HERE}&code=submissionset&status=current",
        f"Consent?patient.identifier={HERE}&status=active",
        "Consent?status=active",
        f"Patient?identifier={HERE}",
        f"Patient/$ihe-pix?sourceIdentifier={HERE}",
    ):
        client.get(f"/fhir/{path}", headers=who)


def shown(house: KeepingHouse) -> list[Json]:
    """What an auditor sees of it, page by page."""
    events: list[Json] = []
    url = "/fhir/AuditEvent"
    asked: dict[str, str] | None = {**ALWAYS, "_count": "100"}
    while url:
        page = house.client.get(url, params=asked, headers=house.as_("a")).json()
        events += [one["resource"] for one in page.get("entry", ())]
        url = next((n["url"] for n in page["link"] if n["relation"] == "next"), "")
        asked = None
    return events


def name_of(event: Json) -> str:
    """The transaction of an event, its action and how it went: "ITI-67 E 0"."""
    codes = [one.get("code") or one.get("display", "") for one in event["subtype"]]
    return f"{codes[-1]} {event['action']} {event['outcome']}"


@pytest.fixture
def events(kept: KeepingHouse) -> dict[str, Json]:
    """One event of each transaction and outcome."""
    busy(kept)
    shown(kept)  # is an event itself
    return {name_of(event): event for event in reversed(shown(kept))}


@pytest.mark.parametrize("which", ["ours", "official"])
def test_every_event_keeps_to_the_profiles_it_claims(
    kept: KeepingHouse, events: dict[str, Json], which: str
) -> None:
    assert {*events} >= {
        *("ITI-18 E 0", "ITI-42 C 0", "ITI-65 C 0", "ITI-66 E 0", "ITI-67 E 0", "ITI-68 R 0"),
        *("ITI-78 E 0", "ITI-83 E 0", "ITI-108 C 0", "ITI-108 R 0", "ITI-108 U 0", "ITI-108 D 0"),
        *("ITI-65 C 4", "ITI-68 R 4", "ITI-108 E 4", "read R 0", "read R 4"),
        *("ITI-81 E 0", "110120 E 0"),
    }
    assert {name.rpartition(" ")[2] for name in events} >= {"0", "4"}
    claimed: set[str] = set()
    for event in shown(kept):
        issues = judge(which).validate(event)
        assert errors(issues) == [], told(issues)
        assert "fhir-profile-unknown" not in {one.rule for one in issues}
        claimed |= {url.rpartition("/")[2] for url in event.get("meta", {}).get("profile", ())}
    assert claimed >= {
        "IHE.BasicAudit.OAUTHaccessTokenUse.Comprehensive",
        "IHE.BasicAudit.SAMLaccessTokenUse.Comprehensive",
        "IHE.MHD.FindDocumentReferences.Audit.Responder",
        "IHE.MHD.ProvideBundle.Audit.Recipient",
        "IHE.MHD.RetrieveDocument.Audit.Responder",
    }


@pytest.mark.parametrize("which", ["ours", "official"])
def test_a_fault_in_an_event_is_found_and_nothing_else(events: dict[str, Json], which: str) -> None:
    wrong = {}
    for fault in FAULTS:
        issues = judge(which).validate(planted(events[fault.file], fault))
        if said := difference(fault, issues):
            wrong[fault.name] = said
    assert wrong == {}
    assert len(FAULTS) >= 20
    assert all(isinstance(fault, Fault) for fault in FAULTS)
