"""A record behind real credentials and real rules, on both wires: what each person meets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.codecs.audit_octets import read_audit_octets
from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import read_query_response
from gateway.codecs.ebrim.remove import write_remove_objects
from gateway.codecs.ebrim.response import read_outcome
from gateway.codecs.ebrim.retrieve import write_retrieve_request
from gateway.codecs.ebrim.submission import write_submit_objects
from gateway.codecs.soap.envelope import Envelope, read_envelope, write_envelope
from gateway.codecs.xml import write_xml
from gateway.model import choices as c
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.datatypes import Author, Code, DateTime, Identifier, Organization, Person
from gateway.model.document_entry import DocumentEntry
from gateway.model.notice import Notice, NoticeKind
from gateway.model.patient import Patient
from gateway.model.record import Delegation
from gateway.model.subject import Mode
from gateway.model.submission import Submission
from gateway.ports import Page
from gateway.security.authority import DevelopmentAuthority, Wish
from gateway.security.saml.writing import write_security_header
from gateway.service import Service
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    GetAll,
    GetDocuments,
    RegistryStoredQuery,
    StoredQuery,
)
from gateway.transactions.submission import RemoveMetadata
from gateway.translators.consents import to_consent
from tests.model import examples
from tests.web.messages import (
    APPROVED,
    FHIR,
    MESSAGE_ID,
    binary,
    bundle,
    document_reference,
    submission_list,
    urn,
)

ALBA = Identifier.of("ALBA-0001", "2.999.1.1")
SYSTEM = "urn:oid:2.999.1.1"
PROFESSIONALS = "2.999.1.2"
DR_B = Author(
    person=Person.of("DOC-0008", "Specimen", "Beatrix", authority=PROFESSIONALS),
    institution=(Organization.of("Sampleshire Example Hospital", "HOSPITAL-1", "2.999.1.3"),),
)
MASKED = Code("MASKED", "2.999.77.3", "Masked")
HIDDEN = Code("HIDDEN_FROM_PATIENT", "2.999.77.3", "Hidden from the patient")
NORMAL = Code("N", "2.16.840.1.113883.5.25", "Normal")
QUERY_IDS = {
    FindDocuments: "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
    GetAll: "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3",
    GetDocuments: "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
}
SEARCH = f"/fhir/DocumentReference?patient.identifier={SYSTEM}|ALBA-0001"


@dataclass
class Community:
    """A gateway, and people who ask it on both wires."""

    client: TestClient
    service: Service

    @property
    def authority(self) -> DevelopmentAuthority:
        """Who issues everybody's credentials."""
        assert self.service.identity and self.service.identity.authority
        return self.service.identity.authority

    def bearer(self, who: str, **wish: Any) -> dict[str, str]:
        """The header of somebody's FHIR requests."""
        person = self.authority.people[who]
        token = self.authority.token(person, Wish(**wish), int(time.time()))
        return {"authorization": f"Bearer {token}"}

    def soap(self, who: str, door: str, action: str, body: bytes, **wish: Any) -> Envelope:
        """Send somebody's message."""
        return read_envelope(_envelope(self.posted(who, door, action, body, **wish)), answer=True)

    def posted(self, who: str, door: str, action: str, body: bytes, **wish: Any) -> bytes:
        """Send somebody's message; give the answer's octets."""
        wish.setdefault("patient", ALBA.text)
        person = self.authority.people[who]
        made = self.authority.assertion(person, Wish(**wish), int(time.time()))
        octets = write_envelope(
            body,
            action=action,
            message_id=MESSAGE_ID,
            to="http://gateway.test",
            header_blocks=write_security_header(made),
        )
        answer = self.client.post(
            f"/xds/{door}",
            content=octets,
            headers={"content-type": f'application/soap+xml; charset=UTF-8; action="{action}"'},
        )
        assert answer.status_code == 200, answer.text
        return answer.content

    def submit(self, who: str, what: Submission, **wish: Any) -> tuple[str, ...]:
        """ITI-42; give the errors' codeContexts."""
        action = "urn:ihe:iti:2007:RegisterDocumentSet-b"
        answer = self.soap(who, "registry", action, write_submit_objects(what), **wish)
        return tuple(f.message for f in read_outcome(answer.body).findings)

    def ask(self, who: str, query: StoredQuery, **wish: Any) -> Envelope:
        """ITI-18."""
        request = RegistryStoredQuery(query_id=QUERY_IDS[type(query)], query=query)  # type: ignore[index]
        action = "urn:ihe:iti:2007:RegistryStoredQuery"
        return self.soap(who, "registry", action, write_query(request), **wish)

    def entries(self, who: str, **wish: Any) -> tuple[DocumentEntry, ...]:
        """What somebody finds over SOAP."""
        query = FindDocuments(patient_id=ALBA, status=(APPROVED,))
        answer = self.ask(who, query, **wish)
        assert read_outcome(answer.body).findings == ()
        return read_query_response(answer.body).objects.document_entries

    def found(self, who: str, **wish: Any) -> Any:
        """What somebody finds over FHIR: the Bundle."""
        answer = self.client.get(SEARCH, headers=self.bearer(who, **wish))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, who: str, **wish: Any) -> str:
        """The public reason with which somebody's search is refused, the same on both wires."""
        query = FindDocuments(patient_id=ALBA, status=(APPROVED,))
        (finding,) = read_outcome(self.ask(who, query, **wish).body).findings
        answer = self.client.get(SEARCH, headers=self.bearer(who, **wish))
        assert answer.status_code in (403, 404)
        (issue,) = answer.json()["issue"]
        assert issue["details"]["text"] == finding.message
        return finding.message

    def decide(self, who: str, *choices: c.Choice) -> None:
        """Record what the patient decides."""
        statement = c.Statement(
            patient_id=ALBA,
            date_time=DateTime("20250110"),
            organization=Identifier.of("CLINIC-1", "2.999.1.3"),
            source="DocumentReference/signed",
            choices=choices,
        )
        resource = to_consent(statement, self.service.profile).value
        answer = self.client.post(
            "/fhir/Consent", json=resource, headers={**FHIR, **self.bearer(who)}
        )
        assert answer.status_code == 201, answer.text

    @property
    def events(self) -> list[AuditEvent]:
        """The audit trail, oldest first."""
        assert self.client.portal is not None
        return list(self.client.portal.call(_events, self.service))

    @property
    def notices(self) -> list[Notice]:
        """What was told anybody, oldest first."""
        assert self.client.portal is not None
        return list(self.client.portal.call(_notices, self.service))


async def _notices(service: Service) -> list[Notice]:
    store: Any = service.inside.registry._store
    page = Page(size=1000, ascending=True)
    return [notice for _, notice in await store.notices.inbox(None, page)]


async def _events(service: Service) -> list[AuditEvent]:
    store: Any = service.inside.registry._store
    rows = store._file.reading.execute("SELECT octets FROM audit_event ORDER BY number")
    return [read_audit_octets(octets) for (octets,) in rows.fetchall()]


def _envelope(octets: bytes) -> bytes:
    start = octets.index(b"<?xml")
    return octets[start : octets.index(b"Envelope>", start) + 9]


def note(number: int, *labels: Code, author: Author = DR_B, **given: Any) -> Submission:
    """A submission of one document."""
    entry = examples.entry(
        unique_id=f"2.999.4.{number}",
        patient_id=ALBA,
        author=(author,),
        confidentiality_code=(NORMAL, *labels),
        **given,
    )
    submission = examples.submission(entry, unique_id=f"2.999.5.{number}")
    (made,) = submission.submission_sets
    return replace(submission, submission_sets=(replace(made, patient_id=ALBA, author=(author,)),))


@pytest.fixture
def community(open_gateway: Callable[..., TestClient]) -> Community:
    """A gateway with real rules, and Alba's record, open to Dr B."""
    client = open_gateway(auth="required", development_authority="on")
    community = Community(client=client, service=client.app_state["service"])
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": "ALBA-0001"}],
    }
    put = client.put(
        "/fhir/Patient/alba", json=patient, headers={**FHIR, **community.bearer("operator")}
    )
    assert put.status_code == 201, put.text
    community.decide("patient", permit("DOC-0008"))
    return community


def permit(number: str) -> c.Choice:
    """A professional may consult the record."""
    return c.Authorise(
        holder=c.Holder(
            kind=c.HolderKind.PROFESSIONAL, identifier=Identifier.of(number, PROFESSIONALS)
        )
    )


def removing(*names: str) -> bytes:
    """Ask for metadata to be removed."""
    return write_remove_objects(RemoveMetadata(object_ids=names))


def test_an_authorised_professional_finds_what_others_are_refused(community: Community) -> None:
    assert community.submit("doctor-b", note(1)) == ()
    (entry,) = community.entries("doctor-b")
    assert community.found("doctor-b")["total"] == 1
    assert community.refused("doctor-c") == "no-access"
    assert community.refused("hospital") == "no-access"
    assert len(community.entries("patient")) == 1
    assert community.refused("representative") == "no-record"
    rules = [event.rule for event in community.events]
    assert rules.count("A12-no-authorisation") == 2
    assert rules.count("A13-individual-required") == 2
    assert rules.count("A15") == 2
    by_b = [e for e in community.events if e.rule == "A12" and e.transaction == "ITI-18"]
    assert by_b[0].objects[0].id == entry.entry_uuid
    assert by_b[0].consents


def test_a_structure_feeds_without_authorisation(community: Community) -> None:
    hospital = Author(institution=DR_B.institution)
    assert community.submit("hospital", note(1, author=hospital)) == ()
    assert len(community.entries("doctor-b")) == 1


def test_a_masked_document_looks_as_if_it_had_never_been_stored(community: Community) -> None:
    community.decide("patient", permit("DOC-0009"))
    assert community.submit("doctor-b", note(1)) == ()
    before = write_xml(
        community.ask("doctor-c", FindDocuments(patient_id=ALBA, status=(APPROVED,))).body
    )
    total = community.found("doctor-c")["total"]
    assert community.submit("doctor-b", note(2, MASKED)) == ()
    after = write_xml(
        community.ask("doctor-c", FindDocuments(patient_id=ALBA, status=(APPROVED,))).body
    )
    assert before == after
    assert community.found("doctor-c")["total"] == total == 1
    assert community.found("doctor-b")["total"] == 2
    masked = next(e for e in community.entries("doctor-b") if e.unique_id == "2.999.4.2")
    unknown = "11111111-1111-4111-8111-111111111111"
    hidden = masked.entry_uuid.removeprefix("urn:uuid:")
    for path in ("DocumentReference", "Binary"):
        for more in ({}, {"if-none-match": 'W/"1"'}, {"accept": "application/fhir+xml"}):
            headers = community.bearer("doctor-c") | more
            seen = community.client.get(f"/fhir/{path}/{hidden}", headers=headers)
            never = community.client.get(f"/fhir/{path}/{unknown}", headers=headers)
            assert seen.status_code == never.status_code == 404
            assert seen.text.replace(hidden, unknown) == never.text
            head = community.client.head(f"/fhir/{path}/{hidden}", headers=headers)
            assert head.status_code == 404 and not head.content
    answers = [
        write_xml(community.ask("doctor-c", GetDocuments(entry_uuid=(uuid,))).body)
        for uuid in (masked.entry_uuid, f"urn:uuid:{unknown}")
    ]
    assert answers[0] == answers[1]
    action = "urn:ihe:iti:2010:DeleteDocumentSet"
    removed = [
        community.soap(
            "doctor-c", "registry", action, write_remove_objects(RemoveMetadata(object_ids=(uuid,)))
        ).body
        for uuid in (masked.entry_uuid, f"urn:uuid:{unknown}")
    ]
    texts = [write_xml(body).decode() for body in removed]
    assert texts[0].replace(hidden, unknown) == texts[1]
    assert community.found("patient")["total"] == 2


def test_documents_that_are_absent_are_unknown_to_retrieve_document_set(
    community: Community,
) -> None:
    community.decide("patient", permit("DOC-0009"))
    community.submit("doctor-b", note(2, MASKED))
    action = "urn:ihe:iti:2007:RetrieveDocumentSet"
    ids = ("2.999.4.2", "2.999.4.77")
    wanted = RetrieveDocumentSet(
        documents=tuple(
            DocumentRequest(repository_unique_id="2.999.1.1", document_unique_id=one) for one in ids
        )
    )
    answer = community.soap("doctor-c", "repository", action, write_retrieve_request(wanted))
    findings = read_outcome(answer.body[0]).findings
    assert [f.code.xds for f in findings] == ["XDSDocumentUniqueIdError"] * 2
    texts = [f.message.replace(one, "") for f, one in zip(findings, ids, strict=True)]
    assert texts[0] == texts[1]


def test_what_is_hidden_from_the_patient_is_alerted_to_and_not_there_for_her(
    community: Community,
) -> None:
    assert community.submit("doctor-b", note(1, HIDDEN)) == ()
    assert community.entries("patient") == ()
    assert community.found("patient")["total"] == 0
    (found,) = community.found("doctor-b")["entry"]
    tags = [tag["code"] for tag in found["resource"]["meta"]["tag"]]
    assert tags == ["alert-hidden-patient"]
    one = f"/fhir/DocumentReference/{found['resource']['id']}"
    read = community.client.get(one, headers=community.bearer("doctor-b"))
    assert read.json()["meta"]["tag"][0]["code"] == "alert-hidden-patient"
    query = FindDocuments(patient_id=ALBA, status=(APPROVED,))
    told = community.posted(
        "doctor-b",
        "registry",
        "urn:ihe:iti:2007:RegistryStoredQuery",
        write_query(RegistryStoredQuery(query_id=QUERY_IDS[FindDocuments], query=query)),
    )
    assert b'kind="alert-hidden-patient"' in told


def test_an_emergency_is_declared_shown_and_told(community: Community) -> None:
    community.submit("doctor-b", note(1))
    glass = {"mode": Mode.BREAK_GLASS, "patient": ALBA.text}
    assert community.refused("doctor-c", **glass) == "reason-required"
    answer = community.client.get(
        SEARCH, headers=community.bearer("doctor-c", reason="unconscious", **glass)
    )
    assert answer.json()["total"] == 1
    assert answer.headers["x-access-mode"] == "break-glass"
    assert answer.headers["x-access-until"].endswith("Z")
    again = community.posted(
        "doctor-c",
        "registry",
        "urn:ihe:iti:2007:RegistryStoredQuery",
        write_query(
            RegistryStoredQuery(
                query_id=QUERY_IDS[FindDocuments],
                query=FindDocuments(patient_id=ALBA, status=(APPROVED,)),
            )
        ),
        reason="unconscious",
        mode=Mode.BREAK_GLASS,
    )
    assert b'mode="break-glass"' in again
    first, second = [e for e in community.events if e.rule == "A11"]
    assert first.declaration and first.declaration == second.declaration
    assert first.reason == "unconscious"
    told = [notice for notice in community.notices if notice.kind is NoticeKind.EMERGENCY_ACCESS]
    assert [notice.event for notice in told] == [first.id], "one for the declaration"
    assert [notice.mode for notice in told] == ["break-glass"]


def test_of_a_first_access_the_patient_is_told_once(community: Community) -> None:
    url = f"/fhir/Patient?identifier={SYSTEM}|ALBA-0001"
    assert community.client.get(url, headers=community.bearer("doctor-b")).status_code == 200
    community.submit("doctor-b", note(1))
    for _ in range(2):
        community.found("doctor-b")
        community.entries("doctor-b")
    told = [n for n in community.notices if n.kind is NoticeKind.FIRST_ACCESS]
    assert [(notice.recipient, notice.who) for notice in told] == [(ALBA, "Beatrix Specimen")]


def test_who_was_merged_is_known_by_the_identifier_of_the_credential(
    community: Community,
) -> None:
    community.submit("doctor-b", note(1))
    survivor = Identifier.of("ALBA-0002", "2.999.1.1")
    store: Any = community.service.inside.registry._store
    assert community.client.portal is not None

    async def merge() -> None:
        await store.patients.put(Patient(identifiers=(survivor,)))
        await store.patients.merge(ALBA, survivor)

    community.client.portal.call(merge)
    url = f"/fhir/DocumentReference?patient.identifier={SYSTEM}|ALBA-0002"
    for who in ("patient", "doctor-b"):
        # Both credentials still say ALBA-0001.
        answer = community.client.get(url, headers=community.bearer(who, patient=ALBA.text))
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"] == 1
        query = FindDocuments(patient_id=survivor, status=(APPROVED,))
        asked = community.ask(who, query, patient=ALBA.text)
        assert len(read_query_response(asked.body).objects.document_entries) == 1
    assert community.events[-1].patient == survivor
    stranger = community.bearer("representative", patient=ALBA.text)
    assert community.client.get(url, headers=stranger).status_code == 404


def test_software_asks_for_the_status_of_a_record_first(community: Community) -> None:
    url = f"/fhir/Patient?identifier={SYSTEM}|ALBA-0001"
    told = {}
    community.decide("patient", c.Block(professional=Identifier.of("DOC-0007", PROFESSIONALS)))
    for who in ("gp", "doctor-b", "doctor-c"):
        bundle = community.client.get(url, headers=community.bearer(who)).json()
        (entry,) = bundle["entry"]
        values = {e["url"].rpartition("/")[2]: e for e in entry["resource"]["extension"]}
        told[who] = values["own-authorisation"]["valueCode"]
    assert told == {"gp": "forbidden", "doctor-b": "valid", "doctor-c": "none"}
    nobody = community.client.get(url, headers=community.bearer("representative"))
    assert nobody.json()["total"] == 0


def test_only_who_recorded_a_document_removes_it(community: Community) -> None:
    community.decide("patient", permit("DOC-0009"))
    community.submit("doctor-b", note(1))
    query = GetAll(
        patient_id=ALBA,
        document_entry_status=(APPROVED,),
        submission_set_status=(APPROVED,),
        folder_status=(APPROVED,),
    )
    everything = read_query_response(community.ask("doctor-c", query).body).objects
    action = "urn:ihe:iti:2010:DeleteDocumentSet"
    body = removing(*(one.entry_uuid for one in everything.objects()))
    refused = read_outcome(community.soap("doctor-c", "registry", action, body).body).findings
    assert any("recorded" in f.message for f in refused)
    assert len(community.entries("doctor-c")) == 1
    refusal = community.events[-2]
    assert refusal.outcome is Outcome.MINOR_FAILURE
    assert refusal.objects == ()
    gone = community.soap("doctor-b", "registry", action, body)
    assert read_outcome(gone.body).findings == ()
    assert community.entries("doctor-b") == ()


def test_a_credential_about_somebody_else_is_none(community: Community) -> None:
    other = Identifier.of("OTHER-1", "2.999.1.1")
    headers = community.bearer("doctor-b", patient=other.text)
    assert community.client.get(SEARCH, headers=headers).status_code == 401


def published(community: Community, who: str, number: int) -> Any:
    """Publish a document about Alba over FHIR."""
    sent = json.dumps(
        bundle(
            submission_list(f"2.999.5.{number}", urn(2)),
            document_reference(f"2.999.4.{number}", b"hello", urn(3), number=2),
            binary(b"hello", number=3),
        )
    )
    about = sent.replace("urn:oid:2.999.1.10", SYSTEM).replace('"7001"', '"ALBA-0001"')
    return community.client.post(
        "/fhir", content=about, headers={**FHIR, **community.bearer(who, patient=ALBA.text)}
    )


def test_a_bundle_is_let_in_like_any_submission_and_leaves_one_event(community: Community) -> None:
    answer = published(community, "doctor-b", 1)
    assert answer.status_code == 200, answer.text
    event = community.events[-1]
    assert (event.transaction, event.outcome) == ("ITI-65", Outcome.SUCCESS)
    assert event.source == "2.999.5.1"
    assert {"DocumentEntry", "SubmissionSet"} <= {o.kind for o in event.objects}
    assert community.found("doctor-b")["total"] == 1


def test_only_the_author_corrects_a_description_and_anybody_who_sees_it_masks_it(
    community: Community,
) -> None:
    community.decide("patient", permit("DOC-0009"))
    published(community, "doctor-b", 1)
    (found,) = community.found("doctor-c")["entry"]
    url = f"/fhir/DocumentReference/{found['resource']['id']}"
    titled = [{"op": "replace", "path": "/content/0/attachment/title", "value": "Other"}]
    masked = [
        {
            "op": "add",
            "path": "/securityLabel/-",
            "value": {"coding": [{"system": "urn:oid:2.999.77.3", "code": "MASKED"}]},
        }
    ]
    json_patch = {"content-type": "application/json-patch+json"}
    refused = community.client.patch(
        url, json=titled, headers={**community.bearer("doctor-c"), **json_patch}
    )
    assert refused.status_code == 403, refused.text
    assert refused.json()["issue"][0]["details"]["text"] == "C1-not-author"
    hidden = community.client.patch(
        url, json=masked, headers={**community.bearer("doctor-b"), **json_patch}
    )
    assert hidden.status_code == 200, hidden.text
    assert community.found("doctor-c")["total"] == 0
    gone = community.client.patch(
        url, json=titled, headers={**community.bearer("doctor-c"), **json_patch}
    )
    assert gone.status_code == 404
    refusals = [e for e in community.events if e.transaction == "patch"]
    assert [e.outcome for e in refusals] == [
        Outcome.MINOR_FAILURE,
        Outcome.SUCCESS,
        Outcome.MINOR_FAILURE,
    ]


def test_a_delegate_enters_for_a_principal_who_stays_the_author(community: Community) -> None:
    assert community.submit("secretary", note(1)) == ("no-access",)
    assert community.client.portal is not None
    delegation = Delegation(
        delegate=Identifier.of("SEC-0001", PROFESSIONALS),
        principal=Identifier.of("DOC-0008", PROFESSIONALS),
    )
    community.client.portal.call(community.service.inside.choices.delegate, delegation)
    assert community.submit("secretary", note(1)) == ()
    (entry,) = community.entries("doctor-b")
    assert entry.author[0].person == DR_B.person
    submitted = next(e for e in community.events if e.rule == "A14" or e.rule == "A8")
    assert submitted.subject is not None
    assert submitted.subject.id and submitted.subject.id.value == "SEC-0001"
    assert submitted.subject.on_behalf_of is not None
    assert community.refused("secretary") == "no-access"


def test_what_somebody_may_not_see_is_no_match_for_a_condition(community: Community) -> None:
    community.decide("patient", permit("DOC-0009"))
    community.submit("doctor-b", note(2, MASKED))
    url = "/fhir/DocumentReference?identifier=urn:ietf:rfc:3986|urn:oid:2.999.4.{}"
    for who, total in (("doctor-b", 1), ("doctor-c", 0)):
        headers = community.bearer(who)
        answer = community.client.get(url.format(2), headers=headers)
        never = community.client.get(url.format(77), headers=headers)
        assert answer.json().get("total") == total, answer.text
        assert never.json()["total"] == 0
    for query in (
        "_summary=count",
        "security-label=MASKED",
        "_include=DocumentReference:relatesto",
    ):
        found = community.client.get(f"{SEARCH}&{query}", headers=community.bearer("doctor-c"))
        assert found.json()["total"] == 0, query


def test_a_revoked_authorisation_stops_the_next_page(community: Community) -> None:
    for number in (1, 2, 3):
        community.submit("doctor-b", note(number))
    headers = community.bearer("doctor-b")
    page = community.client.get(SEARCH + "&_count=2", headers=headers).json()
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    community.decide("patient", c.Block(professional=Identifier.of("DOC-0008", PROFESSIONALS)))
    assert community.client.get(following, headers=headers).status_code == 403
