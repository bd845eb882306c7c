"""Stored queries over the wire, where the standard says what belongs to an answer."""

from __future__ import annotations

from starlette.testclient import TestClient

from gateway.codecs.ebrim.names import QueryId
from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import read_query_response
from gateway.model.submission import Submission
from gateway.transactions.registry_stored_query import (
    GetSubmissionSets,
    RegistryStoredQuery,
)
from tests.model import examples
from tests.web.messages import everything, register, soap


def test_only_the_set_that_brought_a_document_answers_for_it(client: TestClient) -> None:
    assert register(client, examples.submission(examples.entry())).findings == ()
    (kept,) = everything(client).document_entries
    by_reference = Submission(
        submission_sets=(examples.submission_set("2.999.5.2"),),
        associations=(examples.member("set", kept.entry_uuid, "Reference"),),
    )
    assert register(client, by_reference).findings == ()
    request = RegistryStoredQuery(
        query_id=QueryId.GET_SUBMISSION_SETS, query=GetSubmissionSets(uuid=(kept.entry_uuid,))
    )
    action = "urn:ihe:iti:2007:RegistryStoredQuery"
    answer = read_query_response(soap(client, "registry", action, write_query(request)).body)
    assert [s.unique_id for s in answer.objects.submission_sets] == ["2.999.5.1"]
    assert len(answer.objects.associations) == 1
