"""Whether an answer is what a hostile message is owed: well-formed, of its protocol, telling."""

from __future__ import annotations

import re
from typing import Any

import orjson
from fhir.resources.R4B.operationoutcome import OperationOutcome
from lxml import etree

from tests.hostile.items import Closed, Expected, Failure, Fault, Harmless, Outcome, Plain
from tests.hostile.messages import SOAP
from tests.hostile.server import Answer

_FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
_RS = "{urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0}"
_S = f"{{{SOAP}}}"

_INNARDS = re.compile(
    rb"Traceback|\.py\b|lxml|libxml|xmlXPath|XMLSyntax|expat|sqlite|SELECT |INSERT INTO"
    rb"|orjson|JSONDecodeError|pydantic|starlette|fastapi|uvicorn|httptools|\bNoneType\b"
    rb"|(?:Value|Key|Type|Attribute|Unicode\w+|Recursion|Assertion|Memory|Index)Error\b"
    rb"|/(?:home|opt|usr|tmp|work|etc|root|var)/|site-packages|object at 0x|positional argument"
)
"""What tells of libraries, code, statements or the server's file system."""

_OUR_CONTENT_TYPES = ("application/soap+xml", "application/fhir+json", "text/plain")


def judge(answer: Answer, expected: Expected, sent: bytes = b"") -> None:
    """Fail with a sentence when an answer is not the expected one.

    Args:
        sent: The request's octets: what a peer sent itself may stand in its answer.
    """
    if isinstance(expected, Closed):
        return
    judge_nothing_inner(answer, sent)
    shown = f"{answer.status} {answer.body[:2000]!r}"
    match expected:
        case Fault():
            _judge_fault(answer, expected)
        case Failure():
            _judge_failure(answer, expected)
        case Outcome():
            _judge_outcome(answer, expected)
        case Plain():
            assert answer.status == expected.status, shown
            for name, value in expected.headers.items():
                assert answer.headers.get(name) == value, answer.headers
        case Harmless():
            assert answer.status == expected.status, shown
            for name in expected.names:
                assert name.encode() in answer.body, f"{name!r} is not in {shown}"
            for name in expected.without:
                assert name.encode() not in answer.body, f"{name!r} is in {shown}"


def judge_nothing_inner(answer: Answer, sent: bytes = b"") -> None:
    """Fail when there is no answer, or one that tells of an accident or of the server's innards."""
    assert answer.status, "the connection was closed without an answer"
    shown = f"{answer.status} {answer.body[:2000]!r}"
    assert answer.status < 500, shown
    leaked = [m[0] for m in _INNARDS.finditer(answer.body) if m[0].strip(b" +") not in sent]
    assert not leaked, f"the answer tells of {leaked}: {shown}"


def _envelope_body(answer: Answer) -> Any:
    octets = answer.body
    if answer.content_type == "multipart/related":
        # The root part comes first and ends where the next line of the boundary begins.
        boundary = octets.partition(b"\r\n")[0]
        octets = octets.split(boundary)[1].partition(b"\r\n\r\n")[2]
    else:
        assert answer.content_type == "application/soap+xml", answer
    root = etree.fromstring(octets)
    assert root.tag == f"{_S}Envelope"
    bodies = root.findall(f"{_S}Body")
    assert len(bodies) == 1 and len(bodies[0]) == 1
    return bodies[0][0]


def _judge_fault(answer: Answer, expected: Fault) -> None:
    fault = _envelope_body(answer)
    assert fault.tag == f"{_S}Fault", re.sub(rb' xmlns:\w+="[^"]*"', b"", etree.tostring(fault))
    code = fault.findtext(f"{_S}Code/{_S}Value")
    reason = fault.findtext(f"{_S}Reason/{_S}Text") or ""
    assert (answer.status, code) == (expected.status, f"s:{expected.code}"), reason
    values = [v.text or "" for v in fault.iterfind(f"{_S}Code//{_S}Value")]
    innermost = values[-1].rpartition(":")[2] if len(values) > 1 else ""
    assert innermost == expected.subcode, (values, reason)
    _names_all(expected.names, reason)
    assert len(reason) < 2000, f"a reason of {len(reason)} characters"


def _judge_failure(answer: Answer, expected: Failure) -> None:
    body = _envelope_body(answer)
    outcome = body if body.tag == f"{_RS}RegistryResponse" else None
    if outcome is None:
        outcome = body.find(f"{_RS}RegistryResponse")
    if outcome is None:
        outcome = body
    told = re.sub(r' xmlns:\w+="[^"]*"', "", etree.tostring(body).decode())
    assert answer.status == 200, told[:700]
    assert outcome.get("status") == _FAILURE, told[:700]
    errors = list(outcome.iterfind(f"{_RS}RegistryErrorList/{_RS}RegistryError"))
    assert errors, told[:700]
    codes = {e.get("errorCode") for e in errors}
    assert codes >= set(expected.codes), (codes, told[:700])
    for error in errors:
        assert error.get("codeContext") and error.get("severity"), etree.tostring(error)
    texts = " ".join(f"{e.get('location') or ''} {e.get('codeContext')}" for e in errors)
    _names_all(expected.names, texts)


def _judge_outcome(answer: Answer, expected: Outcome) -> None:
    outcome = read_outcome(answer)
    issues = {issue["code"] for issue in outcome["issue"]}
    assert answer.status == expected.status, outcome
    assert issues & set(expected.issue.split("|")), outcome
    _names_all(expected.names, orjson.dumps(outcome).decode())


def read_outcome(answer: Answer) -> dict[str, Any]:
    """Give an answer that is an OperationOutcome and nothing else, as a FHIR library reads it."""
    assert answer.content_type == "application/fhir+json", answer
    outcome: dict[str, Any] = orjson.loads(answer.body)
    OperationOutcome.model_validate(outcome)
    assert outcome["resourceType"] == "OperationOutcome", outcome
    return outcome


def _names_all(names: tuple[str, ...], text: str) -> None:
    for name in names:
        assert any(n in text for n in name.split("|")), f"{name!r} is not named in: {text[:1500]}"
