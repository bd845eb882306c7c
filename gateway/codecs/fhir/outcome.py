"""OperationOutcome: findings as FHIR tells them.

One issue for each finding, warnings included; the XDS name of the error stands in ``details``, so
that a client of both wires recognises it.

Source:
    HL7 FHIR R4: 2.39 OperationOutcome; IHE MHD 4.2.4: 2:3.65.4.1.4 leaves the mapping open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.vocabulary import ERROR_CODES
from gateway.errors import Finding

_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What a FHIR string cannot hold (HL7 FHIR R4: 2.24.0.1), nor XML carry."""


def outcome(findings: Iterable[Finding]) -> Json:
    """Give the OperationOutcome of some findings; without any, it says that all is well."""
    issues = [_issue(finding) for finding in findings]
    if not issues:
        issues = [{"severity": "information", "code": "informational"}]
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issue(finding: Finding) -> Json:
    message = f"{finding.context}: {finding.message}" if finding.context else finding.message
    issue: Json = {
        "severity": "error" if finding.is_error else "warning",
        "code": finding.code.fhir_issue,
        "details": {
            "coding": [{"system": ERROR_CODES, "code": finding.code.xds}],
            "text": finding.rule,
        },
        "diagnostics": _told(message),
    }
    if not finding.context and not finding.message:
        del issue["diagnostics"]
    if finding.location:
        issue["expression"] = [_told(finding.location)]
    return issue


def _told(text: str) -> str:
    """Give a text that may repeat what a peer sent, as a FHIR string."""
    told = _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)
    return told if told.strip() else "\N{REPLACEMENT CHARACTER}"


def write_operation_outcome(findings: Iterable[Finding]) -> bytes:
    """Write findings as an OperationOutcome."""
    return orjson.dumps(outcome(findings))


def http_status(findings: Iterable[Finding]) -> int:
    """Give the HTTP status of an answer that refuses: the first error's, by the gravest class.

    A fault of ours (5xx) outweighs a fault of the message: the client may try again unchanged.
    """
    statuses = [finding.code.http_status for finding in findings if finding.is_error]
    grave = [status for status in statuses if status >= 500]
    return (grave or statuses or [500])[0]
