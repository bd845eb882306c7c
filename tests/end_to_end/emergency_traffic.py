"""A process that asks a gateway all sorts of things at once and writes down every answer it got.

Started by ``test_kills.py``, which kills the gateway, not this process: it ends when nobody answers
any more. One JSON line for each whole answer: the request's id, what was asked, how it was
answered. Everybody it speaks as is invented on the spot: emergencies are of a professional and a
record that never met.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[2]))

import httpx

from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.submission import write_provide_and_register
from gateway.codecs.fhir.bundle_writer import write_provide_bundle
from gateway.codecs.soap.envelope import write_envelope
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.model import choices as c
from gateway.model.datatypes import Author, DateTime, Identifier, Organization, Person
from gateway.model.subject import Mode
from gateway.model.submission import Submission
from gateway.model.vocabulary import AvailabilityStatus
from gateway.profile import read_profile
from gateway.security.authority import Wish
from gateway.security.opening import open_authority
from gateway.security.people import DemonstrationPerson
from gateway.security.saml.writing import write_security_header
from gateway.settings import shipped
from gateway.storage.fairness import share_the_interpreter
from gateway.transactions.registry_stored_query import FindDocuments, RegistryStoredQuery
from gateway.translators.consents import to_consent
from tests.model import examples

PATIENTS, PROFESSIONALS, STRUCTURES = "2.999.1.1", "2.999.1.2", "2.999.1.3"
GP = Identifier.of("DOC-0007", PROFESSIONALS)
HOW_MANY = 12
AT_ONCE = 8
_STORED_QUERY = "urn:ihe:iti:2007:RegistryStoredQuery"
_PROVIDE = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
_FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
_GLASS = {"mode": Mode.BREAK_GLASS, "reason": "unconscious after a fall"}


class Unanswered(Exception):
    """The gateway is gone, or was before its answer was whole."""


class Traffic:
    """Everybody who asks one gateway, and the file their answers are written to."""

    def __init__(self, client: httpx.AsyncClient, data: Path, answers: Any, life: int) -> None:
        self._client = client
        self._answers = answers
        self.profile = read_profile("ihe", shipped("profiles"))
        people = shipped("samples") / "people.toml"
        self._authority = open_authority(self.profile, data, people, time.time())
        self._numbers = itertools.count(life * 100_000 + 1)
        self._patients = [Identifier.of(f"KILL-{n:04}", PATIENTS) for n in range(HOW_MANY)]

    # --- Asking ----------------------------------------------------------------------------------

    async def _send(self, asked: str, request_id: str, send: Awaitable[httpx.Response]) -> bytes:
        """Have something sent; write down the answer, once it is here as a whole."""
        try:
            answer = await send
        except httpx.TransportError as error:
            raise Unanswered from error
        whole = answer.content
        refused = answer.status_code >= 400 or b"ResponseStatusType:Failure" in whole
        line = {
            "id": request_id,
            "asked": asked,
            "status": answer.status_code,
            "answer": "refusal" if refused else "permit",
        }
        self._answers.write(json.dumps(line) + "\n")
        self._answers.flush()
        return whole

    async def _fhir(
        self, asked: str, method: str, path: str, who: DemonstrationPerson, wish: Wish, **more: Any
    ) -> None:
        token = self._authority.token(who, wish, int(time.time()))
        await self._fhir_with(asked, method, path, f"Bearer {token}", **more)

    async def _fhir_with(
        self, asked: str, method: str, path: str, authorization: str, **more: Any
    ) -> None:
        name = f"urn:uuid:{uuid4()}"
        headers = {
            "authorization": authorization,
            "x-request-id": name,
            "content-type": "application/fhir+json",
        }
        request = self._client.request(method, f"/fhir/{path}", headers=headers, **more)
        await self._send(asked, name, request)

    async def _soap(
        self,
        asked: str,
        action: str,
        body: bytes,
        security: bytes,
        documents: dict[str, bytes] | None = None,
    ) -> None:
        name = f"urn:uuid:{uuid4()}"
        octets = write_envelope(
            body, action=action, message_id=name, to="http://gateway", header_blocks=security
        )
        content_type, door = f'application/soap+xml; charset=UTF-8; action="{action}"', "registry"
        if documents is not None:
            outgoing = write_multipart(
                octets,
                action=action,
                parts=[
                    OutgoingPart(content_id=n, content_type="text/plain", size=len(d))
                    for n, d in documents.items()
                ],
                boundary="boundary-of-the-test",
            )
            octets = b"".join(bytes(c) for c in outgoing.chunks([[d] for d in documents.values()]))
            content_type, door = outgoing.content_type, "repository"
        request = self._client.post(
            f"/xds/{door}", content=octets, headers={"content-type": content_type}
        )
        await self._send(asked, name, request)

    def _security(self, who: DemonstrationPerson, wish: Wish) -> bytes:
        return write_security_header(self._authority.assertion(who, wish, int(time.time())))

    # --- People ----------------------------------------------------------------------------------

    def _known(self, key: str) -> DemonstrationPerson:
        return self._authority.people[key]

    def _stranger(self, key: str = "doctor-c") -> DemonstrationPerson:
        """A professional nobody met before."""
        person = self._known(key)
        number = Identifier.of(f"NEW-{next(self._numbers)}", PROFESSIONALS)
        return replace(person, facts={**person.facts, "person": (number.text,)})

    def _patient(self) -> Identifier:
        return random.choice(self._patients)

    def _submission(self, patient: Identifier, octets: bytes) -> Submission:
        number = next(self._numbers)
        author = Author(
            person=Person.of("DOC-0009", "Dummy", "Cornelius", authority=PROFESSIONALS),
            institution=(Organization.of("Second Example Clinic", "CLINIC-2", STRUCTURES),),
        )
        entry = examples.entry(
            unique_id=f"2.999.4.9.{number}",
            patient_id=patient,
            author=(author,),
            hash=hashlib.sha1(octets, usedforsecurity=False).hexdigest(),
            size=str(len(octets)),
            repository_unique_id=None,
        )
        made = examples.submission(entry, unique_id=f"2.999.5.9.{number}")
        (only,) = made.submission_sets
        only = replace(only, patient_id=patient, author=(author,))
        return replace(made, submission_sets=(only,))

    # --- What is asked ---------------------------------------------------------------------------

    async def open_records(self) -> None:
        """Have the records made: each with an attending doctor, each open to Dr B."""
        for patient in self._patients:
            identifier = {"system": f"urn:oid:{PATIENTS}", "value": patient.value}
            doctor = {"system": f"urn:oid:{PROFESSIONALS}", "value": GP.value}
            resource = {
                "resourceType": "Patient",
                "identifier": [identifier],
                "generalPractitioner": [{"identifier": doctor}],
            }
            path = f"Patient/{patient.value.lower()}"
            operator = self._known("operator")
            await self._fhir("opening", "PUT", path, operator, Wish(), json=resource)
            holder = c.Holder(
                kind=c.HolderKind.PROFESSIONAL, identifier=Identifier.of("DOC-0008", PROFESSIONALS)
            )
            statement = c.Statement(
                patient_id=patient,
                date_time=DateTime("20250110"),
                organization=Identifier.of("CLINIC-1", STRUCTURES),
                source="DocumentReference/signed",
                choices=(c.Authorise(holder=holder),),
            )
            consent = to_consent(statement, self.profile).value
            person = self._known("patient")
            facts = {**person.facts, "citizen": (patient.text,), "patient": (patient.text,)}
            asked = replace(person, facts=facts)
            await self._fhir("authorising", "POST", "Consent", asked, Wish(), json=consent)

    async def search(self) -> None:
        """Look for documents, in an emergency or not, with a right to it or not."""
        patient = self._patient()
        asked, who, wish = random.choice(
            (
                ("emergency", self._stranger(), Wish(**_GLASS)),
                ("emergency", self._stranger(), Wish(**_GLASS)),
                ("emergency again", self._known("doctor-c"), Wish(**_GLASS)),
                ("regulation", self._known("regulation-doctor"), _regulation()),
                ("reading", self._known("doctor-b"), Wish()),
                ("reading without right", self._stranger(), Wish()),
                ("emergency without reason", self._stranger(), Wish(mode=Mode.BREAK_GLASS)),
            )
        )
        wish = replace(wish, patient=patient.text)
        if random.random() < 0.5:
            path = (
                f"DocumentReference?patient.identifier=urn:oid:{PATIENTS}|{patient.value}&_count=3"
            )
            await self._fhir(asked, "GET", path, who, wish)
            return
        query = FindDocuments(patient_id=patient, status=(AvailabilityStatus.APPROVED.value,))
        body = write_query(RegistryStoredQuery(query_id=_FIND_DOCUMENTS, query=query))
        await self._soap(asked, _STORED_QUERY, body, self._security(who, wish))

    async def submit(self) -> None:
        """Bring a document, in an emergency or not."""
        patient, octets = self._patient(), random.randbytes(random.randrange(1, 20_000))
        asked, who, wish = random.choice(
            (
                ("emergency submission", self._stranger(), Wish(**_GLASS)),
                ("emergency submission again", self._known("doctor-c"), Wish(**_GLASS)),
                ("submission", self._known("doctor-b"), Wish()),
                ("submission by a patient's own doctor", self._known("gp"), Wish()),
            )
        )
        wish = replace(wish, patient=patient.text)
        what = self._submission(patient, octets)
        (entry,) = what.document_entries
        if random.random() < 0.5:
            name = f"{entry.unique_id}@test"
            body = write_provide_and_register(what, [(entry.entry_uuid, name)])
            security = self._security(who, wish)
            await self._soap(asked, _PROVIDE, body, security, {name: octets})
            return
        documents = {entry.entry_uuid: ("text/plain", octets)}
        bundle = write_provide_bundle(what, documents, self.profile.naming)
        await self._fhir(asked, "POST", "", who, wish, content=bundle)

    async def knock(self) -> None:
        """Come without a credential that anybody issued."""
        if random.random() < 0.5:
            await self._fhir_with("nobody", "GET", "DocumentReference?_count=1", "Bearer nothing")
            return
        query = FindDocuments(
            patient_id=self._patient(), status=(AvailabilityStatus.APPROVED.value,)
        )
        body = write_query(RegistryStoredQuery(query_id=_FIND_DOCUMENTS, query=query))
        await self._soap("nobody", _STORED_QUERY, body, b"")

    async def go_on(self) -> None:
        """Ask, until nobody answers."""
        kinds: tuple[Callable[[], Awaitable[None]], ...] = (self.search, self.submit, self.knock)
        while True:
            (kind,) = random.choices(kinds, (6, 4, 1))
            await kind()


def _regulation() -> Wish:
    return Wish(mode=Mode.REGULATION, reason="a call about chest pain")


async def main(url: str, data: Path, answers: Path, life: int) -> None:
    share_the_interpreter()
    with answers.open("a") as written:
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(
            base_url=url, trust_env=False, timeout=60, limits=limits
        ) as client:
            traffic = Traffic(client, data, written, life)
            try:
                if not life:
                    await traffic.open_records()
                print("ready", flush=True)
                await asyncio.gather(*(traffic.go_on() for _ in range(AT_ONCE)))
            except Unanswered:
                return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
