"""Requests generated from the description of the FHIR face: no 5xx, every answer valid FHIR.

Everyday a few hundred; ``GENERATED_REQUESTS=100000 pytest -m long`` (in ``make endurance``) as many
as it says.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import HealthCheck, Phase, given, seed, settings

from gateway.codecs.fhir.xml import read_xml_resource
from tests.hostile.fhir_description import body_octets, description
from tests.hostile.judge import judge_nothing_inner
from tests.hostile.server import Answer, Server
from tests.web import messages

_FHIR = ("application/fhir+json", "application/fhir+xml")


def bundle() -> dict[str, Any]:
    return messages.bundle(
        messages.submission_list("2.999.5.9", messages.urn(2)),
        messages.document_reference("2.999.4.9", b"hello", messages.urn(3), number=2),
        messages.binary(b"hello", number=3),
    )


EXAMPLES = {
    "Bundle": [bundle()],
    "DocumentReference": [bundle()["entry"][1]["resource"]],
    "Patient": [
        {
            "resourceType": "Patient",
            "identifier": [{"system": "urn:oid:2.999.1.10", "value": "7001"}],
            "name": [{"family": "DURAND", "given": ["Alice"]}],
            "birthDate": "1980-01-02",
            "gender": "female",
        }
    ],
    "Parameters": [
        {
            "resourceType": "Parameters",
            "parameter": [
                {
                    "name": "document",
                    "resource": {"resourceType": "Binary", "contentType": "text/xml", "data": ""},
                }
            ],
        }
    ],
}


def check(answer: Answer, sent: str) -> None:
    """Fail when an answer is an accident, tells of innards, or is no FHIR."""
    assert 200 <= answer.status < 500, (sent, answer)
    judge_nothing_inner(answer, sent.encode())
    if answer.content_type in _FHIR and answer.body:
        is_xml = answer.content_type.endswith("xml")
        resource = read_xml_resource(answer.body) if is_xml else json.loads(answer.body)
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        if answer.status >= 400:
            assert resource["resourceType"] == "OperationOutcome", (sent, answer)
    elif answer.status >= 400:
        raise AssertionError(f"an error without an OperationOutcome: {sent} {answer}")


def ask(server: Server, case: Any) -> None:
    """Send a generated request as it is and judge the answer."""
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace("{" + name + "}", quote(str(value), safe="$%"))
    query = urlencode(case.query or {}, doseq=True)
    headers = {
        name: str(value)
        for name, value in (case.headers or {}).items()
        if str(value).isascii() and str(value).isprintable()
    }
    body = b""
    if type(case.body).__name__ != "NotSet":
        form = case.media_type == "application/x-www-form-urlencoded"
        body = urlencode(case.body, doseq=True).encode() if form else body_octets(case.body)
        headers["Content-Type"] = case.media_type
    target = f"/fhir{path}" + (f"?{query}" if query else "")
    answer = server.send(case.method, target, headers, body)
    check(answer, f"{case.method} {target} {headers} {body[:3000]!r}")


def run(server: Server, requests: int, chosen: int) -> None:
    """Send about so many generated requests, spread over all operations."""
    published = server.send("POST", "/fhir", {"Content-Type": _FHIR[0]}, body_octets(bundle()))
    ids = [
        entry["response"]["location"].split("/")[1]
        for entry in json.loads(published.body).get("entry", ())
    ]
    statement = json.loads(server.send("GET", "/fhir/metadata").body)
    schema = schemathesis.openapi.from_dict(description(statement, EXAMPLES, ids))
    operations = [found.ok() for found in schema.get_all_operations()]
    each = max(1, requests // len(operations))
    for operation in operations:

        @seed(chosen)
        @settings(
            max_examples=each,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy())
        def every_answer_is_fhir(case: Any) -> None:
            ask(server, case)

        every_answer_is_fhir()


def test_generated_requests_are_answered_in_fhir(server: Server) -> None:
    run(server, 600, chosen=1)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_generated_requests_are_answered_in_fhir(server: Server) -> None:
    run(server, int(os.environ.get("GENERATED_REQUESTS", "100000")), chosen=2)
