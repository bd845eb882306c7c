"""The traps of translation that only show at the doors, over both wires of one gateway."""

from __future__ import annotations

import base64

from starlette.testclient import TestClient

from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import read_query_response
from gateway.codecs.ebrim.retrieve import write_retrieve_request
from gateway.codecs.ebrim.submission import write_provide_and_register
from gateway.codecs.soap.envelope import write_envelope
from gateway.errors import ErrorCode
from gateway.model.vocabulary import AssociationType
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    RegistryStoredQuery,
    ReturnType,
)
from tests.model import examples
from tests.web.conftest import Open
from tests.web.messages import (
    APPROVED,
    MESSAGE_ID,
    ask,
    binary,
    bundle,
    document_reference,
    everything,
    provide,
    publish,
    soap,
    submission_list,
    urn,
)

PROVIDE = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
MHD = "https://profiles.ihe.net/ITI/MHD/StructureDefinition"
RETRIEVE = "urn:ihe:iti:2007:RetrieveDocumentSet"


def test_trap_22_memberships_keep_their_ids_and_tell_original_from_reference(
    client: TestClient,
) -> None:
    first = publish(
        client,
        bundle(
            submission_list("2.999.5.1", urn(2)),
            document_reference("2.999.4.1", b"one", urn(3), number=2),
            binary(b"one", number=3),
        ),
    ).json()
    known = first["entry"][1]["response"]["location"].partition("/_history")[0]
    second = bundle(
        submission_list("2.999.5.2", urn(2), known),
        document_reference("2.999.4.2", b"two", urn(3), number=2),
        binary(b"two", number=3),
    )
    assert publish(client, second).status_code == 200
    held = everything(client)
    names = {s.entry_uuid: s.unique_id for s in held.submission_sets}
    names |= {d.entry_uuid: d.unique_id for d in held.document_entries}
    members = {
        (names[a.source_object], names[a.target_object]): a.submission_set_status
        for a in held.associations
        if a.association_type == AssociationType.HAS_MEMBER
    }
    assert members == {
        ("2.999.5.1", "2.999.4.1"): "Original",
        ("2.999.5.2", "2.999.4.1"): "Reference",
        ("2.999.5.2", "2.999.4.2"): "Original",
    }
    again = everything(client)
    assert [a.entry_uuid for a in again.associations] == [a.entry_uuid for a in held.associations]


def test_trap_36_the_community_is_named_on_every_object_and_echoed_in_retrievals(
    open_gateway: Open,
) -> None:
    home = "urn:oid:2.999.1.2"
    client = open_gateway(home_community_id=home)
    given = examples.entry(hash=None, size=None, repository_unique_id=None)
    provide(client, examples.submission(given), {"d1": b"hello"})
    held = everything(client)
    assert {o.home_community_id for o in held.objects()} == {home}
    query = FindDocuments(patient_id=examples.PATIENT, status=(APPROVED,))
    references = ask(client, query, ReturnType.OBJECT_REF).references
    assert [r.home_community_id for r in references] == [home]
    resource = client.get(
        f"/fhir/DocumentReference?patient.identifier=urn:oid:{examples.PATIENT.authority}"
        f"|{examples.PATIENT.value}"
    ).json()["entry"][0]["resource"]
    assert {"url": f"{MHD}/ihe-HomeCommunityId", "valueOid": home} in resource["extension"]

    wanted = DocumentRequest(
        repository_unique_id=held.document_entries[0].repository_unique_id or "",
        document_unique_id=held.document_entries[0].unique_id or "",
        home_community_id=home,
    )
    body = write_retrieve_request(RetrieveDocumentSet(documents=(wanted,)))
    octets = write_envelope(body, action=RETRIEVE, message_id=MESSAGE_ID, to="http://gateway.test")
    answer = client.post(
        "/xds/repository",
        content=octets,
        headers={"content-type": f'application/soap+xml; charset=UTF-8; action="{RETRIEVE}"'},
    )
    assert f"HomeCommunityId>{home}</".encode() in answer.content


def test_trap_36_a_question_to_another_community_is_told_so(open_gateway: Open) -> None:
    client = open_gateway(home_community_id="urn:oid:2.999.1.2")
    request = RegistryStoredQuery(
        query_id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
        query=FindDocuments(patient_id=examples.PATIENT, status=(APPROVED,)),
        return_type=ReturnType.LEAF_CLASS,
        home_community_id="urn:oid:2.999.77",
    )
    answer = soap(client, "registry", "urn:ihe:iti:2007:RegistryStoredQuery", write_query(request))
    findings = read_query_response(answer.body).outcome.findings
    assert [f.code for f in findings] == [ErrorCode.UNKNOWN_COMMUNITY]


def test_trap_39_inline_base64_is_taken_and_mtom_always_given(client: TestClient) -> None:
    content = b"hello, inline"
    given = examples.entry(hash=None, size=None, repository_unique_id=None)
    body = write_provide_and_register(examples.submission(given), [("d1", "d1@test")])
    start, end = body.index(b"<xop:Include"), body.index(b"/>", body.index(b"<xop:Include")) + 2
    inline = body[:start] + base64.b64encode(content) + body[end:]
    octets = write_envelope(inline, action=PROVIDE, message_id=MESSAGE_ID, to="http://gateway.test")
    answer = client.post(
        "/xds/repository",
        content=octets,
        headers={"content-type": f'application/soap+xml; charset=UTF-8; action="{PROVIDE}"'},
    )
    assert b"ResponseStatusType:Success" in answer.content
    (entry,) = everything(client).document_entries
    assert entry.size == str(len(content))

    wanted = DocumentRequest(
        repository_unique_id=entry.repository_unique_id or "",
        document_unique_id=entry.unique_id or "",
    )
    body = write_retrieve_request(RetrieveDocumentSet(documents=(wanted,)))
    octets = write_envelope(body, action=RETRIEVE, message_id=MESSAGE_ID, to="http://gateway.test")
    answer = client.post(
        "/xds/repository",
        content=octets,
        headers={"content-type": f'application/soap+xml; charset=UTF-8; action="{RETRIEVE}"'},
    )
    kind = answer.headers["content-type"]
    assert kind.startswith("multipart/related")
    assert 'type="application/xop+xml"' in kind and 'start="<' in kind and "start-info=" in kind
    assert b"<xop:Include" in answer.content and content in answer.content
