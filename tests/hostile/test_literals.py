"""Text stays text: words of SQL and XPath, wild cards and quotes are stored and found literally.

Every text of a submission takes a turn at being hostile. Either the registry refuses it by name
of the attribute, or it keeps it as it is: the same value comes back over both wires, a query by
it finds this object and no other, and nothing else was added or lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.codecs.ebrim.names import QueryId
from gateway.codecs.ebrim.reading import Reading
from gateway.codecs.ebrim.registry_objects import read_registry_objects
from gateway.codecs.xml import read_xml
from gateway.model.datatypes import (
    Author,
    Code,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    ReferenceId,
    Slot,
    Telecom,
)
from gateway.model.document_entry import DocumentEntry
from tests.hostile.messages import (
    APPROVED,
    QUERY,
    REGISTER,
    REGISTRY,
    SOAP_TYPE,
    Shelf,
    entry,
    envelope,
    query_body,
    register_body,
    slot,
    submission,
)
from tests.hostile.query_items import INJECTIONS
from tests.hostile.record import ask
from tests.hostile.server import Server
from tests.model.examples import PATIENT

ODD = (
    *INJECTIONS,
    """'"`%_;--/*<&>]]>\\ x'] | //* OR '1'='1""",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "&lt;&amp;amp;&#13;",
    "\u202eturned\u202c \u200bzero\u200d width \U0001f9ea",
    "line\nend\tand tab",
    "{{splice}}\\u001fS\\x1fP",
    "()',('",
)

_RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"


def _code(text: str) -> Code:
    return Code(text, "2.999.7.1", "A display")


_FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "title": lambda t: {"title": (LocalizedString(t, "en-GB"),)},
    "comments": lambda t: {"comments": (LocalizedString(t, "en-GB"),)},
    "class_code": lambda t: {"class_code": _code(t)},
    "a code's scheme": lambda t: {"class_code": Code("C", t, "A display")},
    "a code's display": lambda t: {"type_code": Code("C", "2.999.7.1", t)},
    "event_code_list": lambda t: {"event_code_list": (_code("first"), _code(t))},
    "confidentiality_code": lambda t: {"confidentiality_code": (_code(t),)},
    "format_code": lambda t: {"format_code": _code(t)},
    "authorPerson": lambda t: {"author": (Author(person=Person.of("80", t, t)),)},
    "authorInstitution": lambda t: {"author": (Author(institution=(Organization.of(t),)),)},
    "authorRole": lambda t: {"author": (Author(person=Person.of("80"), role=(t,)),)},
    "authorSpecialty": lambda t: {"author": (Author(person=Person.of("80"), specialty=(t,)),)},
    "authorTelecommunication": lambda t: {
        "author": (Author(person=Person.of("80"), telecommunication=(Telecom.phone(t),)),)
    },
    "legal_authenticator": lambda t: {"legal_authenticator": Person.of("80", t, t)},
    "language_code": lambda t: {"language_code": t},
    "mime_type": lambda t: {"mime_type": t},
    "uri": lambda t: {"uri": t},
    "a parameter of mime_type": lambda t: {"mime_type": f"text/plain; name={t}"},
    "patient_id": lambda t: {"source_patient_id": Identifier.of(t, "2.999.1.20")},
    "source_patient_info": lambda t: {"source_patient_info": (f"PID-5|{t}",)},
    "source_patient_info's PID-3": lambda t: {"source_patient_info": (f"PID-3|{t}",)},
    "reference_id_list": lambda t: {
        "reference_id_list": (ReferenceId.of(t, "2.999.1.40", "urn:ihe:iti:xds:2013:order"),)
    },
    "a slot's value": lambda t: {"extra": (Slot("urn:example:slot", (t, t)),)},
    "a slot's name": lambda t: {"extra": (Slot(f"urn:example:{t}", ("value",)),)},
    "unique_id": lambda t: {"unique_id": t},
    "an extension of unique_id": lambda t: {"unique_id": f"2.999.4.5^{t}"[:80]},
    "creation_time": lambda t: {"creation_time": t},
    "hash": lambda t: {"hash": t},
    "size": lambda t: {"size": t},
    "repository_unique_id": lambda t: {"repository_unique_id": t},
    "document_availability": lambda t: {"document_availability": t},
    "home_community_id": lambda t: {"home_community_id": t},
    "object_type": lambda t: {"object_type": t},
}


def _entry(given: dict[str, Any]) -> DocumentEntry:
    from gateway.model.datatypes import DateTime

    if "creation_time" in given:
        given = {"creation_time": DateTime(given["creation_time"])}
    return replace(entry(), **given)


def _found(server: Server, unique_id: str) -> list[DocumentEntry]:
    quoted = unique_id.replace("'", "''")
    text = ask(
        server,
        query_body(
            slot("$XDSDocumentEntryUniqueId", f"('{quoted}')"), query_id=QueryId.GET_DOCUMENTS
        ),
    )
    root = read_xml(text.encode())
    objects = root.iter(f"{_RIM}RegistryObjectList")
    read = read_registry_objects([child for held in objects for child in held], Reading())
    return list(read.document_entries)


def _rows(server: Server) -> dict[str, int]:
    return dict(server.stored().rows)


@pytest.mark.parametrize("field", _FIELDS)
def test_a_text_is_kept_as_it_is_or_refused_by_name(
    server: Server, shelf: Shelf, field: str
) -> None:
    kept = 0
    for text in ODD:
        sent = _entry(_FIELDS[field](text))
        before = _rows(server)
        octets = envelope(register_body(submission(sent)), REGISTER)
        answer = server.send("POST", REGISTRY, {"Content-Type": SOAP_TYPE}, octets)
        assert answer.status == 200, answer.body
        after = _rows(server)
        if b"ResponseStatusType:Failure" in answer.body:
            assert after == before
            assert b"DocumentEntry[d1]" in answer.body, answer.body
            continue
        kept += 1
        more = {name: after[name] - before[name] for name in ("object", "document_entry")}
        assert more == {"object": 3, "document_entry": 1}, text
        (held,) = _found(server, sent.unique_id or "")
        as_registered = replace(
            held,
            entry_uuid=sent.entry_uuid,
            logical_id=sent.logical_id,
            version=sent.version,
            availability_status=sent.availability_status,
        )
        assert as_registered == sent, text
        resource_id = held.entry_uuid.removeprefix("urn:uuid:")
        resource = server.send("GET", f"/fhir/DocumentReference/{resource_id}")
        assert resource.status == 200, resource.body
        assert orjson.loads(resource.body)["resourceType"] == "DocumentReference"
    assert "[error" not in server.log_since_last()
    if field in ("title", "comments", "class_code", "a slot's value", "authorRole"):
        assert kept == len(ODD)


@pytest.mark.parametrize("text", ODD)
def test_a_query_by_a_text_finds_what_has_it_and_nothing_else(
    server: Server, shelf: Shelf, text: str
) -> None:
    code = text.replace("^", "")
    patient = Identifier.of(text.replace("\n", "").replace("\t", ""), "2.999.1.77")
    sent = replace(entry(), patient_id=patient, event_code_list=(_code(code), _code("other")))
    whole = submission(sent)
    whole = replace(
        whole, submission_sets=tuple(replace(s, patient_id=patient) for s in whole.submission_sets)
    )
    octets = envelope(register_body(whole), REGISTER)
    answer = server.send("POST", REGISTRY, {"Content-Type": SOAP_TYPE}, octets)
    assert b"ResponseStatusType:Success" in answer.body, answer.body

    def count(patient_id: Identifier, event: str) -> int:
        quoted = event.replace("'", "''")
        name = patient_id.text.replace("'", "''")
        found = ask(
            server,
            query_body(
                slot("$XDSDocumentEntryPatientId", f"'{name}'"),
                slot("$XDSDocumentEntryStatus", f"('{APPROVED}')"),
                slot("$XDSDocumentEntryEventCodeList", f"('{quoted}^^2.999.7.1')"),
            ),
        )
        return found.count("<rim:ExtrinsicObject ")

    assert count(patient, code) == 1
    assert count(patient, "nothing has it") == 0
    assert count(Identifier.of("nobody has it", "2.999.1.77"), code) == 0


@pytest.mark.parametrize("inside", ["<!-- -->", "<!---->", "<?x y?>", "<![CDATA[]]>", "&#48;"])
def test_a_value_is_read_whole_whatever_markup_stands_inside(
    server: Server, shelf: Shelf, inside: str
) -> None:
    """Threat X8: the part before a comment must never be taken for the whole."""

    def found(value: str) -> int:
        body = query_body(
            slot("$XDSDocumentEntryPatientId", "PLACE"),
            slot("$XDSDocumentEntryStatus", f"('{APPROVED}')"),
        ).replace("PLACE", value)
        octets = envelope(body, QUERY)
        answer = server.send("POST", REGISTRY, {"Content-Type": SOAP_TYPE}, octets)
        assert b"ResponseStatusType:Success" in answer.body, answer.body
        return answer.body.count(b"<rim:ExtrinsicObject ")

    written = PATIENT.text.replace("&", "&amp;")
    whole = found(f"'{written}'")
    assert whole > 0
    split = f"'7{inside}{written[1:]}'"
    if inside == "&#48;":
        assert found(split) == 0  # 70001, another patient
    else:
        assert found(split) == whole
    # What follows the markup belongs to the value: 70019 is nobody here.
    assert found(f"'7001{inside}9{written[4:]}'") == 0


def test_a_uniqueid_names_no_file(server: Server, shelf: Shelf) -> None:
    names = {path.name for path in server.data.parent.iterdir()}
    documents = server.stored().files
    assert names == {"data", "log"}
    assert all(re.fullmatch(r"lock|sha256/../../[0-9a-f]{64}", name) for name in documents)
    assert {p.name for p in server.data.iterdir()} >= {"documents", "registry.sqlite"}
