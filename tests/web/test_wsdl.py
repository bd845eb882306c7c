"""The descriptions of the XDS doors, and what zeep makes of them alone."""

from __future__ import annotations

import socket
from typing import Any, cast

import pytest
from lxml import etree

from gateway.codecs.ebrim.query import read_query
from gateway.codecs.ebrim.query_response import write_object_ref, write_query_response
from gateway.codecs.ebrim.registry_objects import write_registry_object
from gateway.codecs.ebrim.remove import read_remove_documents, read_remove_objects
from gateway.codecs.ebrim.response import write_registry_response
from gateway.codecs.ebrim.retrieve import read_retrieve_request, write_retrieve_response
from gateway.codecs.ebrim.submission import read_provide_and_register, read_submit_objects
from gateway.codecs.soap.content_type import SOAP_TYPE
from gateway.codecs.soap.envelope import write_envelope, write_fault
from gateway.codecs.soap.fault import SoapFault
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.codecs.soap.xop import read_inline
from gateway.errors import ErrorCode, Finding
from gateway.model.datatypes import Code
from gateway.ports import DocumentStore
from gateway.transactions.document_repository import (
    DocumentRequest,
    RemoveDocuments,
    RetrievedDocument,
    RetrieveDocumentSet,
)
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    RegistryStoredQuery,
    ReturnType,
)
from gateway.transactions.submission import RemoveMetadata
from gateway.web.wsdl import (
    REGISTRY,
    REPOSITORY,
    DescribedOperation,
    DescribedService,
    base_url,
    descriptions,
    registry_wsdl,
    repository_wsdl,
    write_description,
)
from gateway.web.xds import RegistryOperations, RepositoryOperations
from tests.model.examples import entry, folder, submission
from tests.web.offline import BASE, as_zeep_takes_them, client, registry, repository

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap12/}address"
XS = "{http://www.w3.org/2001/XMLSchema}"

SERVICES = (REGISTRY, REPOSITORY)
OPERATIONS = [(service, operation) for service in SERVICES for operation in service.operations]

FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
PATIENT = "7001^^^&2.999.1.10&ISO"
ENTRY = "urn:uuid:5b0a7d6e-0000-4000-8000-000000000001"

FORMAT = Code("urn:ihe:iti:xds:2017:mimeTypeSufficient", "1.3.6.1.4.1.19376.1.2.3", "Any")

# Octets that a text-minded reader spoils: line ends at both ends, NUL, no UTF-8, a boundary's look.
DOCUMENTS = [
    b"\r\n\n<?xml version='1.0'?><ClinicalDocument/>\r\n",
    b"\x00\xff\xfe--part\r\n\r\n--" + bytes(range(256)),
    b"",
    b"\n",
]


def scope(host: bytes | None, scheme: str = "http", server: object = ("192.0.2.7", 8080)) -> Any:
    headers = [] if host is None else [(b"host", host)]
    return {"type": "http", "scheme": scheme, "server": server, "headers": headers}


def address_in(octets: bytes) -> str:
    [element] = list(etree.fromstring(octets).iter(ADDRESS))
    return str(element.get("location"))


def answer(body: bytes, operation: DescribedOperation) -> tuple[str, bytes]:
    octets = write_envelope(body, action=operation.response_action, message_id="urn:uuid:1")
    return f'{SOAP_TYPE}; charset=UTF-8; action="{operation.response_action}"', octets


def operation_of(service: DescribedService, name: str) -> DescribedOperation:
    return next(o for o in service.operations if o.name == name)


# ---------------------------------------------------------------- the address


@pytest.mark.parametrize(
    ("host", "scheme", "expected"),
    [
        (b"gateway.example", "https", "https://gateway.example"),
        (b"gateway_1:8080", "http", "http://gateway_1:8080"),
        (b"[2001:db8::1]:443", "https", "https://[2001:db8::1]:443"),
        (b"127.0.0.1:8080", "http", "http://127.0.0.1:8080"),
    ],
)
def test_the_address_is_the_one_the_client_used(host: bytes, scheme: str, expected: str) -> None:
    asked = scope(host, scheme)
    assert address_in(registry_wsdl(asked)) == f"{expected}/xds/registry"
    assert address_in(repository_wsdl(asked)) == f"{expected}/xds/repository"


@pytest.mark.parametrize(
    "host",
    [
        b'evil.example"/><x a="',
        b"evil.example/path",
        b"user@evil.example",
        b"evil.example?x",
        b"evil.example#x",
        b"evil.example:80:90",
        b"evil example",
        b"evil.example\xe9",
        b"evil.example\n",
        b"",
        b"a" * 254,
        b"[::1",
        None,
    ],
)
def test_a_host_that_is_no_host_is_not_repeated(host: bytes | None) -> None:
    octets = registry_wsdl(scope(host))
    assert address_in(octets) == "http://192.0.2.7:8080/xds/registry"
    assert b"evil" not in octets


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (("::1", 8080), "http://[::1]:8080"),
        (("/run/gateway.sock", None), "http://localhost"),
        (None, "http://localhost"),
    ],
)
def test_without_a_host_the_address_is_where_the_connection_came_in(
    server: object, expected: str
) -> None:
    assert base_url(scope(None, server=server)) == expected


def test_a_public_address_stands_whatever_the_client_used() -> None:
    registry_of, repository_of = descriptions("https://gateway.example/a&b/")
    asked = scope(b"inside.example")
    assert address_in(registry_of(asked)) == "https://gateway.example/a&b/xds/registry"
    assert address_in(repository_of(asked)) == "https://gateway.example/a&b/xds/repository"


# ---------------------------------------------------------------- the description itself


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_a_description_leads_nowhere_else(service: DescribedService) -> None:
    root = etree.fromstring(write_description(service, BASE))
    assert not list(root.iter(f"{WSDL}import", f"{XS}include", f"{XS}redefine"))
    held = {schema.get("targetNamespace") for schema in root.iter(f"{XS}schema")}
    for element in root.iter(f"{XS}import"):
        assert "schemaLocation" not in element.attrib
        assert element.get("namespace") in held


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_no_attribute_has_a_default_that_a_toolkit_would_send(service: DescribedService) -> None:
    root = etree.fromstring(write_description(service, BASE))
    assert [a.get("name") for a in root.iter(f"{XS}attribute") if a.get("default")] == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_schemas_come_before_those_that_import_them(service: DescribedService) -> None:
    root = etree.fromstring(write_description(service, BASE))
    before: set[str | None] = set()
    for schema in root.iter(f"{XS}schema"):
        assert {i.get("namespace") for i in schema.iter(f"{XS}import")} <= before
        before.add(schema.get("targetNamespace"))


def test_the_doors_do_exactly_what_the_descriptions_say() -> None:
    doors = {
        REGISTRY: RegistryOperations(),
        REPOSITORY: RepositoryOperations(cast(DocumentStore, None)),
    }
    for service, door in doors.items():
        root = etree.fromstring(write_description(service, BASE))

        def clark(name: str, nsmap: dict[Any, str] = root.nsmap) -> str:
            prefix, _, local = name.partition(":")
            return f"{{{nsmap[prefix]}}}{local}"

        described = {(clark(o.request), o.action, o.response_action) for o in service.operations}
        done = {(o.element, o.action, o.response_action) for o in door.operations()}
        assert described == done


# ---------------------------------------------------------------- zeep


def test_a_client_starts_without_touching_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a client opened a connection to read the description")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for service in SERVICES:
        client(service)


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_zeep_sees_every_operation_at_its_address(service: DescribedService) -> None:
    zeep_client, _ = client(service)
    assert set(zeep_client.service._operations) == {
        f"{service.name}_{operation.name}" for operation in service.operations
    }
    assert zeep_client.service._binding_options["address"] == BASE + service.path


@pytest.mark.parametrize(
    ("service", "operation"), OPERATIONS, ids=[operation.name for _, operation in OPERATIONS]
)
def test_zeep_sends_action_message_id_and_address_by_itself(
    service: DescribedService, operation: DescribedOperation
) -> None:
    zeep_client, transport = client(service)
    transport.answer = answer(write_registry_response(), operation)
    given: dict[str, Any] = {
        "lcm:SubmitObjectsRequest": {"RegistryObjectList": {"_value_1": []}},
        "lcm:RemoveObjectsRequest": {"ObjectRefList": {"ObjectRef": [{"id": ENTRY}]}},
        "query:AdhocQueryRequest": {
            "ResponseOption": {"returnType": "LeafClass", "returnComposedObjects": True},
            "AdhocQuery": {"id": FIND_DOCUMENTS},
        },
        "xdsb:ProvideAndRegisterDocumentSetRequest": {
            "SubmitObjectsRequest": {"RegistryObjectList": {"_value_1": []}}
        },
        "xdsb:RetrieveDocumentSetRequest": {
            "DocumentRequest": [{"RepositoryUniqueId": "2.999.3.1", "DocumentUniqueId": "2.999.4"}]
        },
        "rmd:RemoveDocumentsRequest": {
            "DocumentRequest": [{"RepositoryUniqueId": "2.999.3.1", "DocumentUniqueId": "2.999.4"}]
        },
    }
    if operation.response == "query:AdhocQueryResponse":
        transport.answer = answer(write_query_response(), operation)
    if operation.response == "xdsb:RetrieveDocumentSetResponse":
        transport.answer = answer(write_retrieve_response(()), operation)

    zeep_client.service[f"{service.name}_{operation.name}"](**given[operation.request])

    message = transport.last
    assert message.action == operation.action
    assert message.message_id is not None
    assert message.message_id.startswith("urn:uuid:")
    assert message.to == transport.sent[-1][0] == BASE + service.path
    assert etree.QName(message.body).localname == operation.request.partition(":")[2]
    assert etree.QName(message.body).namespace == message.body.nsmap[message.body.prefix]


def test_every_registry_object_is_complete_in_zeep_wherever_it_stands() -> None:
    """zeep loses what a type inherits that it meets again inside itself; see schemas/rim.xsd."""
    zeep_client, _ = registry()
    rim = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
    waiting = [
        zeep_client.get_element(f"{rim}{name}") for name in ("RegistryObjectList", "AdhocQuery")
    ]
    seen: dict[str, set[tuple[str, ...]]] = {}
    walked = set()
    while waiting:
        element = waiting.pop()
        kind = element.type
        names = [name for name, _ in getattr(kind, "elements", ())]
        if "VersionInfo" in names:
            attributes = [name for name, _ in kind.attributes]
            seen.setdefault(element.name, set()).add((*names, *attributes))
        if id(kind) not in walked:
            walked.add(id(kind))
            waiting += [inner for _, inner in getattr(kind, "elements", ())]
    common = ("Slot", "Name", "Description", "VersionInfo", "Classification", "ExternalIdentifier")
    assert set(seen) >= {
        "AdhocQuery",
        "Association",
        "Classification",
        "ExternalIdentifier",
        "ExtrinsicObject",
        "RegistryPackage",
    }
    for name, shapes in seen.items():
        [shape] = shapes
        assert shape[: len(common)] == common, name
        assert {"id", "home", "lid", "objectType", "status"} <= set(shape), name


def find_documents(transport_answer: bytes) -> tuple[Any, Any]:
    """Ask for one patient's approved documents of two classes, as an integrator would write it."""
    zeep_client, transport = registry()
    transport.answer = answer(transport_answer, operation_of(REGISTRY, "RegistryStoredQuery"))
    answered = zeep_client.service.DocumentRegistry_RegistryStoredQuery(
        ResponseOption={"returnType": "LeafClass", "returnComposedObjects": True},
        AdhocQuery={
            "id": FIND_DOCUMENTS,
            "Slot": [
                {"name": name, "ValueList": {"Value": [value]}}
                for name, value in (
                    ("$XDSDocumentEntryPatientId", f"'{PATIENT}'"),
                    ("$XDSDocumentEntryStatus", f"('{APPROVED}')"),
                    ("$XDSDocumentEntryClassCode", "('CL^^2.999.7.1','CM^^2.999.7.1')"),
                )
            ],
        },
    )
    return answered, transport


def test_the_query_zeep_builds_is_the_query_we_read() -> None:
    _, transport = find_documents(write_query_response())
    assert read_query(transport.last.body) == RegistryStoredQuery(
        query_id=FIND_DOCUMENTS,
        query=FindDocuments(
            patient_id=entry().patient_id,
            status=(APPROVED,),
            class_code=(("CL", "2.999.7.1"), ("CM", "2.999.7.1")),
        ),
        return_type=ReturnType.LEAF_CLASS,
    )


def test_zeep_reads_the_objects_of_an_answer() -> None:
    sent = submission(entry(), folders=(folder(),))
    answered, _ = find_documents(
        write_query_response([write_registry_object(item) for item in sent.objects()])
    )
    assert answered.status.endswith("Success")
    kinds = [name for item in answered.RegistryObjectList._value_1 for name in item]
    assert sorted(kinds) == sorted(
        ["ExtrinsicObject", "RegistryPackage", "RegistryPackage"] + ["Association"] * 2
    )
    [found] = [
        item["ExtrinsicObject"]
        for item in answered.RegistryObjectList._value_1
        if "ExtrinsicObject" in item
    ]
    assert found.id == "d1"
    assert found.Name.LocalizedString[0].value == "A note"
    assert {i.Name.LocalizedString[0].value: i.value for i in found.ExternalIdentifier} == {
        "XDSDocumentEntry.patientId": PATIENT,
        "XDSDocumentEntry.uniqueId": "2.999.4.1",
    }
    slots = {slot.name: slot.ValueList.Value for slot in found.Slot}
    assert slots["size"] == ["51"]
    assert all(c.id and c.classifiedObject == "d1" for c in found.Classification)


def test_zeep_reads_references_and_errors_of_an_answer() -> None:
    finding = Finding(
        rule="unknown",
        code=ErrorCode.UNKNOWN_PATIENT_ID,
        location="DocumentEntry.patientId",
        message="nobody",
    )
    answered, _ = find_documents(write_query_response([write_object_ref(ENTRY)], [finding]))
    [item] = answered.RegistryObjectList._value_1
    assert item["ObjectRef"].id == ENTRY
    [error] = answered.RegistryErrorList.RegistryError
    assert error.errorCode == "XDSUnknownPatientId"


def test_zeep_raises_what_a_fault_says() -> None:
    import zeep

    with pytest.raises(zeep.exceptions.Fault, match="no such thing"):
        zeep_client, transport = repository()
        fault = write_fault(SoapFault("Body: no such thing"), message_id="urn:uuid:2")
        transport.answer = (SOAP_TYPE, fault)
        zeep_client.service.DocumentRepository_RetrieveDocumentSet(
            DocumentRequest=[{"RepositoryUniqueId": "2.999.3.1", "DocumentUniqueId": "2.999.4"}]
        )


def test_zeep_gets_the_octets_of_an_mtom_answer() -> None:
    requests = [
        DocumentRequest(repository_unique_id="2.999.3.1", document_unique_id=f"2.999.4.{n}")
        for n in range(len(DOCUMENTS))
    ]
    names = [f"document-{n}@gateway" for n in range(len(DOCUMENTS))]
    found = [
        RetrievedDocument(request=r, mime_type="text/xml", size=len(d), content="")
        for r, d in zip(requests, DOCUMENTS, strict=True)
    ]
    operation = operation_of(REPOSITORY, "RetrieveDocumentSet")
    body = write_retrieve_response(zip(found, names, strict=True))
    outgoing = write_multipart(
        write_envelope(body, action=operation.response_action, message_id="urn:uuid:1"),
        action=operation.response_action,
        parts=[
            OutgoingPart(content_id=name, content_type="text/xml", size=len(document))
            for name, document in zip(names, DOCUMENTS, strict=True)
        ],
        boundary="part-0123456789",
    )
    zeep_client, transport = repository()
    octets = b"".join(outgoing.chunks([d] for d in DOCUMENTS))
    transport.answer = (outgoing.content_type, octets)

    answered = zeep_client.service.DocumentRepository_RetrieveDocumentSet(
        DocumentRequest=[
            {"RepositoryUniqueId": r.repository_unique_id, "DocumentUniqueId": r.document_unique_id}
            for r in requests
        ]
    )

    assert read_retrieve_request(transport.last.body) == RetrieveDocumentSet(
        documents=tuple(requests)
    )
    assert answered.RegistryResponse.status.endswith("Success")
    assert [d.DocumentUniqueId for d in answered.DocumentResponse] == [
        r.document_unique_id for r in requests
    ]
    assert [d.Document for d in answered.DocumentResponse] == DOCUMENTS


def test_zeep_reads_an_mtom_answer_that_holds_no_document() -> None:
    operation = operation_of(REPOSITORY, "RetrieveDocumentSet")
    finding = Finding(
        rule="unknown",
        code=ErrorCode.DOCUMENT_UNIQUE_ID_ERROR,
        location="DocumentRequest",
        message="2.999.4 is not here",
    )
    outgoing = write_multipart(
        write_envelope(
            write_retrieve_response((), [finding]),
            action=operation.response_action,
            message_id="urn:uuid:1",
        ),
        action=operation.response_action,
        parts=[],
        boundary="part-0123456789",
    )
    zeep_client, transport = repository()
    transport.answer = (outgoing.content_type, b"".join(outgoing.chunks(())))
    answered = zeep_client.service.DocumentRepository_RetrieveDocumentSet(
        DocumentRequest=[{"RepositoryUniqueId": "2.999.3.1", "DocumentUniqueId": "2.999.4"}]
    )
    assert answered.RegistryResponse.status.endswith("Failure")
    assert answered.DocumentResponse == []


def test_a_submission_survives_zeep() -> None:
    sent = submission(
        entry("d1", "2.999.4.1", format_code=FORMAT),
        entry("d2", "2.999.4.2", format_code=FORMAT),
        folders=(folder("f1", "2.999.8.1"),),
    )
    zeep_client, transport = registry()
    operation = operation_of(REGISTRY, "RegisterDocumentSet-b")
    transport.answer = answer(write_registry_response(), operation)
    objects = as_zeep_takes_them(zeep_client, sent)

    answered = zeep_client.service["DocumentRegistry_RegisterDocumentSet-b"](
        RegistryObjectList=objects
    )

    received = read_submit_objects(transport.last.body)
    assert received.findings == ()
    assert received.submission == sent
    assert answered.status.endswith("Success")


def test_zeep_submits_documents_inside_the_message() -> None:
    content = DOCUMENTS[0]
    described = entry("d1", format_code=FORMAT, size=None, hash=None, repository_unique_id=None)
    sent = submission(described)
    zeep_client, transport = repository()
    operation = operation_of(REPOSITORY, "ProvideAndRegisterDocumentSet-b")
    transport.answer = answer(write_registry_response(), operation)
    objects = as_zeep_takes_them(zeep_client, sent)

    zeep_client.service["DocumentRepository_ProvideAndRegisterDocumentSet-b"](
        SubmitObjectsRequest={"RegistryObjectList": objects},
        Document=[{"id": "d1", "_value_1": content}],
    )

    request, documents = read_provide_and_register(transport.last.body)
    assert request.findings == ()
    assert request.submission == sent
    assert [(name, read_inline(element)) for name, element in documents] == [("d1", content)]


def test_zeep_removes_by_id_and_says_nothing_else() -> None:
    zeep_client, transport = registry()
    operation = operation_of(REGISTRY, "DeleteDocumentSet")
    transport.answer = answer(write_registry_response(), operation)
    zeep_client.service.DocumentRegistry_DeleteDocumentSet(
        ObjectRefList={"ObjectRef": [{"id": ENTRY}]}
    )
    assert read_remove_objects(transport.last.body) == RemoveMetadata(object_ids=(ENTRY,))
    assert not transport.last.body.attrib

    zeep_client, transport = repository()
    transport.answer = answer(
        write_registry_response(), operation_of(REPOSITORY, "RemoveDocuments")
    )
    ids = ["2.999.4.1", "2.999.4.2"]
    zeep_client.service.DocumentRepository_RemoveDocuments(
        DocumentRequest=[{"RepositoryUniqueId": "2.999.3.1", "DocumentUniqueId": i} for i in ids]
    )
    assert read_remove_documents(transport.last.body) == RemoveDocuments(
        documents=tuple(
            DocumentRequest(repository_unique_id="2.999.3.1", document_unique_id=i) for i in ids
        )
    )
