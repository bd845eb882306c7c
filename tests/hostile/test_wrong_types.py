"""Any value of a good bundle or patient may be of any wrong type: an answer, never a failure."""

from __future__ import annotations

import json

import orjson
import pytest

from tests.hostile.bundles import WRONG_VALUES, Json, bundle, paths, put, shown
from tests.hostile.judge import read_outcome
from tests.hostile.messages import Shelf
from tests.hostile.server import Answer, Server

_HEADERS = {"Content-Type": "application/fhir+json"}
_PATIENT = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:oid:2.999.1.10", "value": "7001"}],
    "name": [{"family": "MARTIN", "given": ["Camille"]}],
    "gender": "female",
    "birthDate": "1980-01-02",
    "active": True,
}


def refused(answer: Answer) -> bool:
    """Whether an answer refuses, as it must: 4xx with an OperationOutcome that names a place."""
    if answer.status in (200, 201):
        return False
    outcome = read_outcome(answer)
    assert 400 <= answer.status < 500, outcome
    errors = [issue for issue in outcome["issue"] if issue["severity"] == "error"]
    assert errors and all(issue.get("diagnostics") for issue in errors), outcome
    return True


def test_a_good_bundle_is_accepted(server: Server, shelf: Shelf) -> None:
    answer = server.send("POST", "/fhir", _HEADERS, orjson.dumps(bundle()))
    assert answer.status == 200, answer.body[:2000]


@pytest.mark.parametrize("wrong", WRONG_VALUES, ids=json.dumps)
def test_a_bundle_with_a_value_of_a_wrong_type_is_answered(
    server: Server, shelf: Shelf, wrong: Json
) -> None:
    refusals = 0
    for path in paths(bundle()):
        before = server.stored_at_rest()
        octets = orjson.dumps(put(bundle(), path, wrong))
        answer = server.send("POST", "/fhir", _HEADERS, octets)
        assert b"Traceback" not in answer.body
        if refused(answer):
            refusals += 1
            assert server.stored() == before, shown(path)
    assert refusals > 40
    assert "[error" not in server.log_since_last()


@pytest.mark.parametrize("wrong", WRONG_VALUES, ids=json.dumps)
def test_a_patient_with_a_value_of_a_wrong_type_is_answered(
    server: Server, shelf: Shelf, wrong: Json
) -> None:
    for path in paths(_PATIENT):
        before = server.stored_at_rest()
        octets = orjson.dumps(put(_PATIENT, path, wrong))
        answer = server.send("PUT", "/fhir/Patient/wrong-types", _HEADERS, octets)
        if refused(answer):
            assert server.stored() == before, shown(path)
    assert "[error" not in server.log_since_last()
