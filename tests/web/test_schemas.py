"""Our schemas judge messages as the published ones do."""

from __future__ import annotations

import base64
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from lxml import etree

from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import write_object_ref, write_query_response
from gateway.codecs.ebrim.registry_objects import write_registry_object
from gateway.codecs.ebrim.remove import write_remove_documents, write_remove_objects
from gateway.codecs.ebrim.response import write_registry_response
from gateway.codecs.ebrim.retrieve import write_retrieve_request, write_retrieve_response
from gateway.codecs.ebrim.submission import write_provide_and_register, write_submit_objects
from gateway.errors import ErrorCode, Finding, Severity
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
from tests.model.examples import PATIENT, entry, folder, submission
from tests.shared import shared

Element = etree._Element

NS = {
    "soap": "http://www.w3.org/2003/05/soap-envelope",
    "xop": "http://www.w3.org/2004/08/xop/include",
    "rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
    "rs": "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0",
    "lcm": "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0",
    "query": "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0",
    "xdsb": "urn:ihe:iti:xds-b:2007",
    "rmd": "urn:ihe:iti:rmd:2017",
}
OURS = {"query": "query.xsd", "rmd": "rmd.xsd"}
THEIRS = {"query": "query.xsd", "rmd": "rmd.xsd", "xdsb": "XDS.b_DocumentRepository.xsd"}

MESSAGES = [
    "iti18-finddocuments-request",
    "iti18-finddocuments-response-leafclass",
    "iti18-finddocuments-response-objectref",
    "iti41-request",
    "iti41-response",
    "iti42-request",
    "iti42-request-replace",
    "iti42-response-failure",
    "iti43-request",
    "iti43-response",
    "iti43-response-partial",
    "iti57-update-metadata-request",
    "iti57-update-status-request",
    "iti62-request",
    "iti86-request",
]


def schema(folder_: Path, names: dict[str, str]) -> etree.XMLSchema:
    """Join schema files into one that knows every message."""
    imports = "".join(
        f'<xs:import namespace="{NS[prefix]}" schemaLocation="{(folder_ / name).as_uri()}"/>'
        for prefix, name in names.items()
    )
    text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(text))


@pytest.fixture(scope="module")
def ours() -> etree.XMLSchema:
    return schema(Path(str(files("gateway.web"))) / "schemas", OURS)


@pytest.fixture(scope="module")
def theirs() -> etree.XMLSchema:
    return schema(shared("cases/nist/schema/v3"), THEIRS)


def message(name: str) -> Element:
    """Give what an example's Body holds, with its documents inline."""
    root = etree.parse(shared(f"reference/examples/{name}.xml")).getroot()
    for include in root.findall(".//xop:Include", NS):
        holder = include.getparent()
        assert holder is not None
        holder.remove(include)
        holder.text = base64.b64encode(b"octets of a document").decode()
    [body] = root.findall("soap:Body/*", NS)
    return etree.fromstring(etree.tostring(body))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_sample_message_is_valid_by_both(
    name: str, ours: etree.XMLSchema, theirs: etree.XMLSchema
) -> None:
    element = message(name)
    ours.assertValid(element)
    theirs.assertValid(element)


def first(element: Element, path: str) -> Element:
    found = element.find(path, NS)
    assert found is not None, path
    return found


def without_attribute(path: str, name: str) -> Callable[[Element], None]:
    def change(element: Element) -> None:
        del first(element, path).attrib[name]

    return change


def with_attribute(path: str, name: str, value: str) -> Callable[[Element], None]:
    return lambda element: first(element, path).set(name, value)


def without(path: str) -> Callable[[Element], None]:
    def change(element: Element) -> None:
        found = first(element, path)
        parent = found.getparent()
        assert parent is not None
        parent.remove(found)

    return change


def with_child(path: str, at: int, xml: str) -> Callable[[Element], None]:
    def change(element: Element) -> None:
        declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
        [child] = etree.fromstring(f"<x{declared}>{xml}</x>")
        holder = first(element, path)
        holder.insert(len(holder) if at < 0 else at, child)

    return change


def with_text(path: str, text: str) -> Callable[[Element], None]:
    def change(element: Element) -> None:
        first(element, path).text = text

    return change


AFTER_THE_IDS = 2
ENTRY = ".//rim:ExtrinsicObject"
SLOT = '<rim:Slot name="x"><rim:ValueList><rim:Value>1</rim:Value></rim:ValueList></rim:Slot>'

Change = Callable[[Element], None]

BROKEN: dict[str, tuple[str, Change]] = {
    "an object without id": ("iti42-request", without_attribute(ENTRY, "id")),
    "a slot after the classifications": ("iti42-request", with_child(ENTRY, -1, SLOT)),
    "a slot without list": ("iti42-request", without(".//rim:Slot/rim:ValueList")),
    "a slot without name": ("iti42-request", without_attribute(".//rim:Slot", "name")),
    "a value of 257 characters": ("iti42-request", with_text(".//rim:Value", "x" * 257)),
    "a title of 1025 characters": (
        "iti42-request",
        with_attribute(f"{ENTRY}/rim:Name/rim:LocalizedString", "value", "x" * 1025),
    ),
    "two names": (
        "iti42-request",
        lambda element: first(element, f"{ENTRY}/rim:Name").addnext(
            etree.fromstring(f'<r:Name xmlns:r="{NS["rim"]}"/>')
        ),
    ),
    "a code that classifies nothing": (
        "iti42-request",
        without_attribute(".//rim:Classification", "classifiedObject"),
    ),
    "an identifier of nothing": (
        "iti42-request",
        without_attribute(".//rim:ExternalIdentifier", "registryObject"),
    ),
    "an association to nothing": (
        "iti42-request",
        without_attribute(".//rim:Association", "targetObject"),
    ),
    "an unknown attribute": ("iti42-request", with_attribute(ENTRY, "version", "1")),
    "an unknown element": (
        "iti42-request",
        with_child(".//rim:RegistryObjectList", 0, '<rim:Document id="x"/>'),
    ),
    "a version of 17 characters": (
        "iti42-request",
        with_child(ENTRY, -1, f'<rim:ContentVersionInfo versionName="{"1" * 17}"/>'),
    ),
    "a submission without list": ("iti42-request", without("rim:RegistryObjectList")),
    "a query without response option": (
        "iti18-finddocuments-request",
        without("query:ResponseOption"),
    ),
    "an unknown return type": (
        "iti18-finddocuments-request",
        with_attribute("query:ResponseOption", "returnType", "Everything"),
    ),
    "a query without id": (
        "iti18-finddocuments-request",
        without_attribute("rim:AdhocQuery", "id"),
    ),
    "a number that is none": (
        "iti18-finddocuments-request",
        with_attribute(".", "maxResults", "many"),
    ),
    "an answer without status": (
        "iti18-finddocuments-response-leafclass",
        without_attribute(".", "status"),
    ),
    "an answer without list": (
        "iti18-finddocuments-response-leafclass",
        without("rim:RegistryObjectList"),
    ),
    "an error without context": (
        "iti42-response-failure",
        without_attribute(".//rs:RegistryError", "codeContext"),
    ),
    "an empty error list": ("iti42-response-failure", without(".//rs:RegistryError")),
    "a document without id": ("iti41-request", without_attribute("xdsb:Document", "id")),
    "a document that is no base64": ("iti41-request", with_text("xdsb:Document", "AAA")),
    "a document before its metadata": (
        "iti41-request",
        with_child(".", 0, '<xdsb:Document id="x">AAAA</xdsb:Document>'),
    ),
    "a request for no document": ("iti43-request", without("xdsb:DocumentRequest")),
    "a request that names no repository": (
        "iti43-request",
        without(".//xdsb:RepositoryUniqueId"),
    ),
    "the home after the repository": (
        "iti43-request",
        with_child(
            "xdsb:DocumentRequest", -1, "<xdsb:HomeCommunityId>urn:oid:1</xdsb:HomeCommunityId>"
        ),
    ),
    "an answered document without type": ("iti43-response", without(".//xdsb:mimeType")),
    "a retrieval without outcome": ("iti43-response", without("rs:RegistryResponse")),
    "a removal of an object without id": (
        "iti62-request",
        without_attribute(".//rim:ObjectRef", "id"),
    ),
    "a removal of no document": ("iti86-request", without("xdsb:DocumentRequest")),
}

UNUSUAL: dict[str, tuple[str, Change]] = {
    "a home": ("iti42-request", with_attribute(ENTRY, "home", "urn:oid:2.999.1")),
    "a slot's type": ("iti42-request", with_attribute(".//rim:Slot", "slotType", "urn:x")),
    "a request's slots": (
        "iti42-request",
        with_child(".", 0, f"<rs:RequestSlotList>{SLOT}</rs:RequestSlotList>"),
    ),
    "a content version": (
        "iti42-request",
        with_child(ENTRY, -1, '<rim:ContentVersionInfo versionName="2"/>'),
    ),
    "a package in a package": (
        "iti42-request",
        with_child(
            ".//rim:RegistryPackage",
            -1,
            '<rim:RegistryObjectList><rim:RegistryPackage id="x"/></rim:RegistryObjectList>',
        ),
    ),
    "a language": (
        "iti42-request",
        with_attribute(
            ".//rim:LocalizedString", "{http://www.w3.org/XML/1998/namespace}lang", "fr"
        ),
    ),
    "a character set": (
        "iti42-request",
        with_attribute(".//rim:LocalizedString", "charset", "UTF-8"),
    ),
    "a value of 256 characters": ("iti42-request", with_text(".//rim:Value", "x" * 256)),
    "a list of no values": ("iti42-request", without(".//rim:Value")),
    "a query expression": (
        "iti18-finddocuments-request",
        with_child(
            "rim:AdhocQuery",
            -1,
            '<rim:QueryExpression queryLanguage="urn:x">text</rim:QueryExpression>',
        ),
    ),
    "a federated query": (
        "iti18-finddocuments-request",
        with_attribute(".", "federated", "true"),
    ),
    "a page of an answer": (
        "iti18-finddocuments-response-leafclass",
        with_attribute(".", "totalResultCount", "7"),
    ),
    "an on-demand document": (
        "iti43-response",
        with_child(
            "xdsb:DocumentResponse",
            AFTER_THE_IDS,
            "<xdsb:NewDocumentUniqueId>2.999.9</xdsb:NewDocumentUniqueId>",
        ),
    ),
    "a submission without documents": ("iti41-request", without("xdsb:Document")),
    "a deletion scope": ("iti62-request", with_attribute(".", "deletionScope", "urn:x")),
}


def verdicts(case: tuple[str, Change], *schemas: etree.XMLSchema) -> list[bool]:
    name, change = case
    element = message(name)
    change(element)
    # Read again, so that the schema sees what a receiver would.
    element = etree.fromstring(etree.tostring(element))
    return [bool(schema_.validate(element)) for schema_ in schemas]


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_message_is_invalid_by_both(
    case: tuple[str, Change], ours: etree.XMLSchema, theirs: etree.XMLSchema
) -> None:
    assert verdicts(case, ours, theirs) == [False, False]


@pytest.mark.parametrize("case", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_an_unusual_message_is_valid_by_both(
    case: tuple[str, Change], ours: etree.XMLSchema, theirs: etree.XMLSchema
) -> None:
    assert verdicts(case, ours, theirs) == [True, True]


DIFFERENT: dict[str, tuple[tuple[str, Change], bool]] = {
    # 3.86.4.1.2 asks for one or more; the schema beside the reference tests has exactly one.
    "two documents to be removed": (
        (
            "iti86-request",
            with_child(
                ".",
                -1,
                "<xdsb:DocumentRequest><xdsb:RepositoryUniqueId>2.999.3</xdsb:RepositoryUniqueId>"
                "<xdsb:DocumentUniqueId>2.999.4</xdsb:DocumentUniqueId></xdsb:DocumentRequest>",
            ),
        ),
        True,
    ),
    "a kind of object that XDS.b has no use for": (
        (
            "iti42-request",
            with_child(".//rim:RegistryObjectList", 0, '<rim:Organization id="urn:x"/>'),
        ),
        False,
    ),
    "a language that is none": (
        (
            "iti42-request",
            with_attribute(
                ".//rim:LocalizedString", "{http://www.w3.org/XML/1998/namespace}lang", "!"
            ),
        ),
        True,
    ),
}


@pytest.mark.parametrize(("case", "valid"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_the_known_differences_are_these(
    case: tuple[str, Change], valid: bool, ours: etree.XMLSchema, theirs: etree.XMLSchema
) -> None:
    assert verdicts(case, ours, theirs) == [valid, not valid]


# ---------------------------------------------------------------- what we write ourselves

REQUESTS = (
    DocumentRequest(
        repository_unique_id="2.999.3.1",
        document_unique_id="2.999.4.1",
        home_community_id="urn:oid:2.999.1",
    ),
    DocumentRequest(repository_unique_id="2.999.3.1", document_unique_id="2.999.4.2"),
)
FINDINGS = tuple(
    Finding(
        rule="some-rule",
        code=ErrorCode.REGISTRY_METADATA_ERROR,
        location="DocumentEntry.title",
        message="announced <x>, received &",
        severity=severity,
    )
    for severity in Severity
)
SUBMISSION = submission(entry("d1"), entry("d2", "2.999.4.2"), folders=(folder(),))
OBJECTS = [write_registry_object(item) for item in SUBMISSION.objects()]

WRITTEN = {
    "an answer of objects": write_query_response(OBJECTS),
    "an answer of references": write_query_response([write_object_ref("urn:uuid:1", "urn:oid:1")]),
    "an answer of nothing": write_query_response(),
    "a refused query": write_query_response((), FINDINGS),
    "a success": write_registry_response(),
    "a failure": write_registry_response(FINDINGS),
    "a failed retrieval": write_retrieve_response((), FINDINGS),
    "a partial retrieval": write_retrieve_response(
        [
            (
                RetrievedDocument(request=request, mime_type="text/xml", size=3, content=""),
                f"{n}@gateway",
            )
            for n, request in enumerate(REQUESTS)
        ],
        FINDINGS,
    ),
    "a submission": write_submit_objects(SUBMISSION),
    "a submission with documents": write_provide_and_register(SUBMISSION, [("d1", "1@gateway")]),
    "a query": write_query(
        RegistryStoredQuery(
            query_id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
            query=FindDocuments(patient_id=PATIENT, status=("urn:x",)),
            return_type=ReturnType.OBJECT_REF,
            home_community_id="urn:oid:1",
        )
    ),
    "a retrieval": write_retrieve_request(RetrieveDocumentSet(documents=REQUESTS)),
    "a removal of objects": write_remove_objects(RemoveMetadata(object_ids=("urn:uuid:1",))),
    "a removal of documents": write_remove_documents(RemoveDocuments(documents=REQUESTS)),
}


@pytest.mark.parametrize("octets", WRITTEN.values(), ids=WRITTEN.keys())
def test_what_we_write_is_valid(octets: bytes, ours: etree.XMLSchema) -> None:
    element = etree.fromstring(octets)
    for include in element.findall(".//xop:Include", NS):
        holder = include.getparent()
        assert holder is not None
        holder.remove(include)
        holder.text = "AAAA"
    ours.assertValid(element)
