"""An integrator's zeep against a running gateway, knowing nothing but the ``?wsdl`` addresses."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from typing import Any, Protocol

import pytest
import zeep

from gateway.model.datatypes import Code, Identifier
from tests.model.examples import entry, submission, submission_set
from tests.web.offline import as_zeep_takes_them

FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
CONTENT = b"\r\nAn invented note.\r\n\x00\xff\n\n"
FORMAT = Code("urn:ihe:iti:xds:2017:mimeTypeSufficient", "1.3.6.1.4.1.19376.1.2.3", "Any")


class Server(Protocol):
    """A gateway that runs."""

    @property
    def url(self) -> str:
        """Where."""
        ...


def new_oid() -> str:
    return f"2.25.{uuid.uuid4().int}"


@pytest.fixture
def registry(gateway_server: Server) -> Any:
    return zeep.Client(f"{gateway_server.url}/xds/registry?wsdl")


@pytest.fixture
def repository(gateway_server: Server) -> Any:
    return zeep.Client(f"{gateway_server.url}/xds/repository?wsdl")


def find(registry: Any, patient: Identifier, return_type: str = "LeafClass") -> Any:
    return registry.service.DocumentRegistry_RegistryStoredQuery(
        ResponseOption={"returnType": return_type, "returnComposedObjects": True},
        AdhocQuery={
            "id": FIND_DOCUMENTS,
            "Slot": [
                {"name": name, "ValueList": {"Value": [value]}}
                for name, value in (
                    ("$XDSDocumentEntryPatientId", f"'{patient.text}'"),
                    ("$XDSDocumentEntryStatus", f"('{APPROVED}')"),
                )
            ],
        },
    )


def slots(found: Any) -> dict[str, list[str]]:
    return {slot.name: slot.ValueList.Value for slot in found.Slot}


def test_zeep_submits_finds_and_retrieves_a_document(registry: Any, repository: Any) -> None:
    patient = Identifier.of(uuid.uuid4().hex, "2.999.1.10")
    unique_id = new_oid()
    described = entry(
        "d1",
        unique_id,
        patient_id=patient,
        format_code=FORMAT,
        size=None,
        hash=None,
        repository_unique_id=None,
    )
    announced = submission_set(new_oid(), patient_id=patient)
    sent = replace(submission(described), submission_sets=(announced,))

    submitted = repository.service["DocumentRepository_ProvideAndRegisterDocumentSet-b"](
        SubmitObjectsRequest={"RegistryObjectList": as_zeep_takes_them(repository, sent)},
        Document=[{"id": "d1", "_value_1": CONTENT}],
    )
    assert submitted.status.endswith(":Success"), submitted

    answered = find(registry, patient)
    assert answered.status.endswith(":Success"), answered
    [item] = answered.RegistryObjectList._value_1
    found = item["ExtrinsicObject"]
    assert found.status == APPROVED
    said = slots(found)
    assert said["size"] == [str(len(CONTENT))]
    assert said["hash"] == [hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()]
    values = {i.Name.LocalizedString[0].value: i.value for i in found.ExternalIdentifier}
    assert values["XDSDocumentEntry.uniqueId"] == unique_id

    [reference] = find(registry, patient, "ObjectRef").RegistryObjectList._value_1
    assert reference["ObjectRef"].id == found.id

    retrieved = repository.service.DocumentRepository_RetrieveDocumentSet(
        DocumentRequest=[
            {
                "RepositoryUniqueId": said["repositoryUniqueId"][0],
                "DocumentUniqueId": values["XDSDocumentEntry.uniqueId"],
            }
        ]
    )
    assert retrieved.RegistryResponse.status.endswith(":Success"), retrieved
    [document] = retrieved.DocumentResponse
    assert document.mimeType == found.mimeType
    assert document.Document == CONTENT


def test_zeep_learns_that_a_document_is_unknown(registry: Any, repository: Any) -> None:
    answered = repository.service.DocumentRepository_RetrieveDocumentSet(
        DocumentRequest=[{"RepositoryUniqueId": "2.999.3.1", "DocumentUniqueId": new_oid()}]
    )
    assert answered.RegistryResponse.status.endswith(":Failure")
    assert answered.RegistryResponse.RegistryErrorList.RegistryError
    assert answered.DocumentResponse == []


def test_zeep_learns_that_a_query_is_unknown(registry: Any) -> None:
    answered = registry.service.DocumentRegistry_RegistryStoredQuery(
        ResponseOption={"returnType": "LeafClass", "returnComposedObjects": True},
        AdhocQuery={"id": "urn:uuid:00000000-0000-4000-8000-000000000000"},
    )
    assert answered.status.endswith(":Failure")
    [error] = answered.RegistryErrorList.RegistryError
    assert error.errorCode == "XDSUnknownStoredQuery"
