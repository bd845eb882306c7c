"""One scenario on one wire: a record, people who come to it, and what each of them is answered.

The same words on both wires: XDS with signed assertions, MHD with signed tokens. What a patient
decides is said as a Consent on both, as are notices, subscriptions and the access history, which
have no other wire.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from gateway.codecs.ebrim.names import QueryId
from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import QueryAnswer, read_query_response
from gateway.codecs.ebrim.remove import write_remove_objects
from gateway.codecs.ebrim.response import Outcome, read_outcome
from gateway.codecs.ebrim.retrieve import read_retrieve_response, write_retrieve_request
from gateway.codecs.ebrim.submission import write_provide_and_register, write_submit_objects
from gateway.codecs.fhir.bundle_writer import provide_bundle
from gateway.codecs.fhir.document_reference import read_document_reference
from gateway.codecs.soap.envelope import Envelope, read_envelope, write_envelope
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.model import choices as c
from gateway.model.association import Association
from gateway.model.audit import AuditEvent
from gateway.model.audit import Outcome as Ending
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.notice import Notice
from gateway.model.patient import Patient, RecordState
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from gateway.ports import Form
from gateway.security.authority import Wish
from gateway.security.people import DemonstrationPerson
from gateway.security.saml.writing import write_security_header
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    GetAll,
    RegistryStoredQuery,
    ReturnType,
    StoredQuery,
)
from gateway.transactions.submission import RemoveMetadata
from gateway.translators.consents import to_consent
from tests import french
from tests.scenarios.documents import Document, submission
from tests.scenarios.gateway import ADDRESS, Gateway
from tests.scenarios.people import (
    INS,
    H,
    house_of,
    id_of,
    patient_of,
    writes,
)

Json = dict[str, Any]
FHIR = {"content-type": "application/fhir+json"}
MESSAGE_ID = "urn:uuid:5b0a7d6e-0000-4000-8000-000000000001"
APPROVED = AvailabilityStatus.APPROVED.value
DEPRECATED = AvailabilityStatus.DEPRECATED.value
ITI_18 = ("registry", "urn:ihe:iti:2007:RegistryStoredQuery")
ITI_41 = ("repository", "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b")
ITI_42 = ("registry", "urn:ihe:iti:2007:RegisterDocumentSet-b")
ITI_43 = ("repository", "urn:ihe:iti:2007:RetrieveDocumentSet")
ITI_57 = ("registry", "urn:ihe:iti:2010:UpdateDocumentSet")
ITI_62 = ("registry", "urn:ihe:iti:2010:DeleteDocumentSet")
REPOSITORY = "2.999.1.1"
RESTRICTIONS = {"MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"}
SOAP, MHD = "soap", "fhir"
_ALERT = re.compile(rb'<[^<>]*Alert object="([^"]*)" kind="([^"]*)"')


def query_id(query: StoredQuery) -> str:
    """The id of a stored query."""
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", type(query).__name__).upper()
    return QueryId[words].value


@dataclass(frozen=True)
class Told:
    """One answer.

    Attributes:
        http: Its status.
        errors: Code and text of each; warnings are left out.
        codes: Over FHIR, the XDS code of each.
        seen: Documents in it, by uniqueId.
        total: How many there are, as FHIR counts; over SOAP how many were listed.
        alerts: By entryUUID.
        mode: The mode it keeps showing, and until when.
    """

    http: int
    errors: tuple[tuple[str, str], ...] = ()
    codes: tuple[str, ...] = ()
    seen: Mapping[str, DocumentEntry] = field(default_factory=dict)
    total: int = 0
    alerts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    mode: tuple[str, str] = ("", "")
    octets: bytes = b""
    body: Any = None

    @property
    def ids(self) -> set[str]:
        """uniqueIds."""
        return set(self.seen)


@dataclass
class Scene:
    """A record on one wire."""

    gateway: Gateway
    wire: str
    patient: Identifier
    birth: str = "19580417"
    exists: bool = True

    def __post_init__(self) -> None:
        self.P = patient_of(self.patient)
        self.who = f"urn:oid:{INS}|{self.patient.value}"

        async def put() -> None:
            known = Patient(identifiers=(self.patient,), birth_date=DateTime(self.birth))
            await self.gateway.service.inside.patients.put(known)

        if self.exists:
            self.gateway.call(put)

    # --- Credentials -----------------------------------------------------------------------------

    def wish(self, **given: Any) -> Wish:
        """What a credential is wanted for: this record, unless told otherwise."""
        return Wish(**{"patient": self.patient.text, **given})

    def send(
        self,
        method: str,
        path: str,
        person: DemonstrationPerson,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **wish: Any,
    ) -> Any:
        """A FHIR request of somebody's."""
        token = self.gateway.token(person, self.wish(**wish))
        content = body if isinstance(body, bytes) or body is None else json.dumps(body)
        return self.gateway.client.request(
            method,
            path if path.startswith("http") else f"/fhir/{path}".rstrip("/"),
            content=content,
            headers={**FHIR, "authorization": f"Bearer {token}", **(headers or {})},
        )

    def message(
        self,
        where: tuple[str, str],
        person: DemonstrationPerson,
        body: bytes,
        parts: Sequence[tuple[str, bytes]] = (),
        **wish: Any,
    ) -> tuple[int, Envelope, bytes]:
        """A SOAP message of somebody's."""
        door, action = where
        envelope = write_envelope(
            body,
            action=action,
            message_id=MESSAGE_ID,
            to=ADDRESS,
            header_blocks=write_security_header(self.gateway.assertion(person, self.wish(**wish))),
        )
        content_type = f'application/soap+xml; charset=UTF-8; action="{action}"'
        octets = envelope
        if parts:
            outgoing = write_multipart(
                envelope,
                action=action,
                parts=[
                    OutgoingPart(content_id=name, content_type="text/xml", size=len(one))
                    for name, one in parts
                ],
                boundary="boundary-of-the-test",
            )
            octets = b"".join(bytes(x) for x in outgoing.chunks([[one] for _, one in parts]))
            content_type = outgoing.content_type
        answer = self.gateway.client.post(
            f"/xds/{door}", content=octets, headers={"content-type": content_type}
        )
        start = answer.content.index(b"<?xml")
        end = answer.content.index(b"Envelope>", start) + 9
        read = read_envelope(answer.content[start:end], answer=True)
        return answer.status_code, read, answer.content

    # --- Documents -------------------------------------------------------------------------------

    def provide(
        self,
        person: DemonstrationPerson,
        *documents: Document,
        folder: Folder | None = None,
        **wish: Any,
    ) -> Told:
        """Submit documents: ITI-41 or ITI-65."""
        sent = submission(*documents, by=writes(person), folder=folder)
        if self.wire == SOAP:
            names = {one.entry.entry_uuid: f"{n}@test" for n, one in enumerate(documents)}
            body = write_provide_and_register(sent, names.items())
            parts = [(names[one.entry.entry_uuid], one.octets) for one in documents]
            status, envelope, octets = self.message(ITI_41, person, body, parts, **wish)
            return Told(status, errors_in(read_outcome(envelope.body)), octets=octets)
        brought = {one.entry.entry_uuid: ("text/xml", one.octets) for one in documents}
        naming = self.gateway.service.profile.naming
        bundle, findings = provide_bundle(sent, brought, naming)
        assert [f for f in findings if f.is_error] == []
        return told_by(self.send("POST", "", person, bundle, **wish))

    def deposit(self, person: DemonstrationPerson, *documents: Document, **more: Any) -> None:
        """Submit documents that are taken."""
        told = self.provide(person, *documents, **more)
        assert (told.http, told.errors) == (200, ()), told

    def find(self, person: DemonstrationPerson, query: str = "", **wish: Any) -> Told:
        """List the documents in force: FindDocuments or ITI-67."""
        if self.wire == SOAP:
            asked = FindDocuments(patient_id=self.patient, status=(APPROVED,))
            return self.ask(person, asked, **wish)
        return self.search(person, f"status=current{query}", **wish)

    def ask(
        self,
        person: DemonstrationPerson,
        query: StoredQuery,
        return_type: ReturnType = ReturnType.LEAF_CLASS,
        **wish: Any,
    ) -> Told:
        """ITI-18."""
        request = RegistryStoredQuery(
            query_id=query_id(query), query=query, return_type=return_type
        )
        status, envelope, octets = self.message(ITI_18, person, write_query(request), **wish)
        answer = read_query_response(envelope.body)
        alerts: dict[str, set[str]] = {}
        for uuid, kind in _ALERT.findall(octets):
            alerts.setdefault(uuid.decode(), set()).add(kind.decode())
        mode = re.search(rb'<[^<>]*Access [^<>]*mode="([^"]*)" until="([^"]*)"', octets)
        entries = answer.objects.document_entries
        return Told(
            http=status,
            errors=errors_in(answer.outcome),
            seen={e.unique_id or "": e for e in entries},
            total=len(entries) or len(answer.references),
            alerts={uuid: frozenset(several) for uuid, several in alerts.items()},
            mode=(mode[1].decode(), mode[2].decode()) if mode else ("", ""),
            octets=octets,
            body=answer,
        )

    def objects(self, person: DemonstrationPerson, query: StoredQuery, **wish: Any) -> Submission:
        """Everything an ITI-18 answer holds."""
        told = self.ask(person, query, **wish)
        assert told.errors == (), told
        answer: QueryAnswer = told.body
        return answer.objects

    def everything(self, person: DemonstrationPerson, **wish: Any) -> Submission:
        """GetAll, in every status."""
        every = (APPROVED, DEPRECATED)
        query = GetAll(
            patient_id=self.patient,
            document_entry_status=every,
            submission_set_status=every,
            folder_status=every,
            association_status=every,
        )
        return self.objects(person, query, **wish)

    def search(
        self, person: DemonstrationPerson, query: str = "", kind: str = "", **wish: Any
    ) -> Told:
        """ITI-67, or ITI-66 with ``kind``."""
        path = f"{kind or 'DocumentReference'}?patient.identifier={self.who}&{query}"
        return self.page(person, path, **wish)

    def page(self, person: DemonstrationPerson, path: str, **wish: Any) -> Told:
        """One page of a search."""
        answer = self.send("GET", path, person, **wish)
        told = told_by(answer)
        if told.errors:
            return told
        bundle = answer.json()
        resources = [e["resource"] for e in bundle.get("entry", ())]
        seen, alerts = {}, {}
        naming = self.gateway.service.profile.naming
        for one in resources:
            if one["resourceType"] != "DocumentReference":
                continue
            uuid = f"urn:uuid:{one['id']}"
            entry = read_document_reference(one, naming)[0]
            seen[one["masterIdentifier"]["value"].removeprefix("urn:oid:")] = replace(
                entry, entry_uuid=uuid
            )
            if tags := one.get("meta", {}).get("tag"):
                alerts[uuid] = frozenset(tag["code"] for tag in tags)
        headers = answer.headers
        return replace(
            told,
            seen=seen,
            total=bundle["total"],
            alerts=alerts,
            mode=(headers.get("x-access-mode", ""), headers.get("x-access-until", "")),
            body=bundle,
        )

    def link(self, told: Told, relation: str = "next") -> str:
        """The address of the next page."""
        return next(one["url"] for one in told.body["link"] if one["relation"] == relation)

    def uuid(self, one: Document) -> str:
        """The entryUUID of a document in force, as the auditor's file says."""
        rows = self.gateway.rows(
            "SELECT entry_uuid FROM document_entry JOIN object USING (key) "
            "WHERE unique_id = ? ORDER BY version DESC",
            one.unique_id,
        )
        assert rows, one.unique_id
        return str(rows[0][0])

    def retrieve(self, person: DemonstrationPerson, *unique_ids: str, **wish: Any) -> Told:
        """ITI-43: the documents, and an error for each that is not there."""
        wanted = RetrieveDocumentSet(
            documents=tuple(
                DocumentRequest(repository_unique_id=REPOSITORY, document_unique_id=one)
                for one in unique_ids
            )
        )
        status, envelope, octets = self.message(
            ITI_43, person, write_retrieve_request(wanted), **wish
        )
        answer = read_retrieve_response(envelope.body)
        return Told(
            status,
            errors_in(answer.outcome),
            total=len(answer.documents),
            octets=octets,
            body=answer,
        )

    def read(self, person: DemonstrationPerson, path: str, **more: Any) -> Told:
        """A FHIR read by id."""
        return told_by(self.send("GET", path, person, **more))

    def delete(self, person: DemonstrationPerson, uuid: str, **wish: Any) -> Told:
        """Take a document away: ITI-62 over SOAP, the national PATCH of its status over FHIR.

        ITI-62 leaves no link without its end and no set without its document, so that what a
        person sees of these is named as well.
        """
        if self.wire == SOAP:
            links = [
                one
                for one in self.everything(person, **wish).associations
                if one.target_object == uuid
            ]
            around = [name for one in links for name in (one.entry_uuid, one.source_object)]
            body = write_remove_objects(RemoveMetadata(object_ids=(uuid, *around)))
            status, envelope, octets = self.message(ITI_62, person, body, **wish)
            return Told(status, errors_in(read_outcome(envelope.body)), octets=octets)
        gone = [{"op": "replace", "path": "/status", "value": "entered-in-error"}]
        return self.patch(person, uuid, gone, **wish)

    def patch(
        self, person: DemonstrationPerson, uuid: str, operations: list[Json], **wish: Any
    ) -> Told:
        """A JSON Patch of a DocumentReference."""
        path = f"DocumentReference/{uuid.removeprefix('urn:uuid:')}"
        headers = {"content-type": "application/json-patch+json"}
        return told_by(self.send("PATCH", path, person, operations, headers, **wish))

    def labels(self, person: DemonstrationPerson, one: Document, *labels: Code) -> Told:
        """Give a document other restrictions: ITI-57, or a PATCH."""
        shown = self.find(person).seen[one.unique_id]
        if self.wire == MHD:
            codes = [code.code for code in shown.confidentiality_code]
            at = [n for n, code in enumerate(codes) if code in RESTRICTIONS]
            operations: list[Json] = [
                {"op": "remove", "path": f"/securityLabel/{n}"} for n in reversed(at)
            ]
            operations += [
                {
                    "op": "add",
                    "path": "/securityLabel/-",
                    "value": {"coding": [{"system": french.VISIBILITY_URL, "code": one.code}]},
                }
                for one in labels
            ]
            return self.patch(person, shown.entry_uuid, operations)
        entry = replace(
            shown,
            entry_uuid="new",
            version=None,
            availability_status=None,
            confidentiality_code=(french.NORMAL, *labels),
        )
        link = Association(
            entry_uuid="set>new",
            association_type=AssociationType.HAS_MEMBER,
            source_object="set",
            target_object="new",
            submission_set_status="Original",
            previous_version=shown.version,
        )
        number = int(self.gateway.clock.now()) * 1000 + one.number
        by = (writes(person),)
        sent = Submission(
            submission_sets=(french.submission_set(number, patient_id=self.patient, author=by),),
            document_entries=(entry,),
            associations=(link,),
        )
        status, envelope, octets = self.message(ITI_57, person, write_submit_objects(sent))
        return Told(status, errors_in(read_outcome(envelope.body)), octets=octets)

    # --- What the patient decides ----------------------------------------------------------------

    def says(self, choice: c.Choice) -> Json:
        """A choice as a Consent."""
        self.gateway.clock.pass_(seconds=1)
        statement = c.Statement(
            patient_id=self.patient,
            date_time=DateTime(self.gateway.clock.now()),
            organization=house_of(H),
            source="DocumentReference/signed",
            choices=(choice,),
        )
        written: Json = to_consent(statement, self.gateway.service.profile).value
        return written

    def consent(self, person: DemonstrationPerson, choice: c.Choice, **wish: Any) -> Any:
        """Bring a Consent."""
        return self.send("POST", "Consent", person, self.says(choice), **wish)

    def decides(self, *choices: c.Choice) -> Json:
        """The patient decides."""
        kept: Json = {}
        for choice in choices:
            answer = self.consent(self.P, choice)
            assert answer.status_code == 201, answer.text
            kept = answer.json()
        self.gateway.clock.pass_(seconds=1)
        return kept

    def consents(self, person: DemonstrationPerson) -> list[Json]:
        """The Consents in force, as somebody finds them."""
        query = f"Consent?patient.identifier={self.who}&status=active"
        answer = self.send("GET", query, person)
        assert answer.status_code == 200, answer.text
        return [e["resource"] for e in answer.json().get("entry", ())]

    def authorises(self, *people: DemonstrationPerson) -> None:
        """The patient authorises professionals."""
        self.decides(*(authorise(person) for person in people))

    def is_known(self, **state: Any) -> None:
        """The directory learns more of the patient: the attending doctor, a death, …"""

        async def put() -> None:
            patients = self.gateway.service.inside.patients
            patient = await patients.find(self.patient)
            assert patient is not None
            told: RecordState = patient.record.but(**state)
            await patients.put(replace(patient, record=told))

        self.gateway.call(put)

    def status_for(self, person: DemonstrationPerson, **wish: Any) -> str:
        """How somebody stands to the record, as the national status check says."""
        answer = self.send("GET", f"Patient?identifier={self.who}", person, **wish)
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["entry"]
        told = {e["url"].rpartition("/")[2]: e for e in found["resource"]["extension"]}
        return str(told["own-authorisation"]["valueCode"])

    @property
    def kept(self) -> list[str]:
        """The entryUUIDs of everything in the record, as the registry itself holds it."""
        every = (APPROVED, DEPRECATED)
        query = GetAll(
            patient_id=self.patient,
            document_entry_status=every,
            submission_set_status=every,
            folder_status=every,
            association_status=every,
            metadata_level=2,
        )

        async def read() -> list[str]:
            found = await self.gateway.service.inside.registry.find(query, Form.REFERENCE)
            return [held.entry_uuid for held in found.objects]

        return self.gateway.call(read)

    # --- What is left behind ---------------------------------------------------------------------

    @property
    def events(self) -> list[AuditEvent]:
        """The audit trail of the record, oldest first."""
        return self.gateway.events(self.patient)

    @property
    def notices(self) -> list[Notice]:
        """What is told of the record, whoever may read it yet."""
        return self.gateway.notices(self.patient)

    def told_to(self, person: DemonstrationPerson) -> list[Json]:
        """Somebody's inbox: the notices about this record, newest first."""
        answer = self.send("GET", "Communication?_count=200", person)
        assert answer.status_code == 200, answer.text
        letters = [
            e["resource"] for e in answer.json().get("entry", ()) if e["search"]["mode"] == "match"
        ]
        subject = self.patient.value
        return [one for one in letters if subject in json.dumps(one.get("subject", subject))]

    def history(self, person: DemonstrationPerson) -> list[Json]:
        """The accesses to the record, as the patient or a representative reads them."""
        query = urlencode({"patient.identifier": self.who, "_count": 200})
        answer = self.send("GET", f"AuditEvent?{query}", person)
        assert answer.status_code == 200, answer.text
        return [e["resource"] for e in answer.json().get("entry", ())]

    # --- Refusals --------------------------------------------------------------------------------

    def refused(self, told: Told, reason: str, rule: str, *, code: str = "") -> None:
        """The record gate refused aloud, in the one form of this wire, and it was noted why."""
        assert told.errors == (refusal(self.wire, reason, code),), told
        assert told.http == (200 if self.wire == SOAP else 403), told
        assert (told.seen, told.total) == ({}, 0)
        event = self.events[-1]
        assert (event.rule, event.failure) == (rule, reason)
        assert event.outcome is Ending.MINOR_FAILURE
        assert event.objects == ()

    def unknown(self, told: Told, rule: str) -> None:
        """The answer is that of a record that does not exist."""
        if self.wire == SOAP:
            assert told.errors == (("XDSUnknownPatientId", "no-record"),), told
        else:
            assert (told.http, told.errors) == (404, (("not-found", "no-record"),)), told
        assert self.events[-1].rule == rule


def refusal(wire: str, reason: str, code: str = "") -> tuple[str, str]:
    """What a refusal of the record gate says."""
    return (code or "XDSRegistryError", reason) if wire == SOAP else ("forbidden", reason)


def authorise(person: DemonstrationPerson, **more: Any) -> c.Authorise:
    """Somebody may read the record."""
    holder = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=id_of(person))
    return c.Authorise(holder=holder, **more)


def errors_in(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    return tuple((f.code.xds, f.message) for f in outcome.findings if f.is_error)


def told_by(answer: Any) -> Told:
    errors: list[tuple[str, str]] = []
    codes: list[str] = []
    if answer.status_code >= 400:
        for issue in answer.json()["issue"]:
            if issue["severity"] in ("error", "fatal"):
                details = issue.get("details", {})
                text = details.get("text") or issue.get("diagnostics", "")
                errors.append((issue["code"], text))
                codes += [one["code"] for one in details.get("coding", ())]
    return Told(answer.status_code, tuple(errors), tuple(codes), octets=answer.content)
