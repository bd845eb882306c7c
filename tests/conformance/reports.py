"""Reports for tests of the writers: one of files, hostile in every text, and one of a live run."""

from __future__ import annotations

import json
from dataclasses import replace

from conformance.report.runs import RunReport, StepResult, TestResult, TestVerdict
from conformance.report.values import Judgement, PayloadKind, Problem, Report
from gateway.validation.issue import Issue, IssueKind, IssueSeverity, Position

MHD = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Comprehensive.DocumentReference"
BASE = "http://hl7.org/fhir/StructureDefinition/DocumentReference"

ATTACK = (
    "</code></pre></script><script>window.pwned=1</script><img src=x onerror=window.pwned=2>"
    "\"' onmouseover=window.pwned=3 x='"
)
"""What a payload would hold that wants to act in the page of somebody else."""

TURNED = "total\N{RIGHT-TO-LEFT OVERRIDE}elif\N{POP DIRECTIONAL FORMATTING}"

DOCUMENT = json.dumps(
    {
        "resourceType": "DocumentReference",
        "meta": {"profile": [MHD]},
        "status": "currant",
        "title": ATTACK,
        "description": TURNED,
        "identifier": [{"value": f"urn:oid:2.999.{n}"} for n in range(60)],
        "content": [{"attachment": {"creation": "2024-13-01"}}],
    },
    indent=2,
    ensure_ascii=False,
)
CDA = (
    '<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">\n'
    "  <!-- <script>window.pwned=4</script> -->\n  <author/>\n</ClinicalDocument>\n"
)


def at(text: str, payload: str = DOCUMENT) -> Position:
    """Where a text begins in a payload."""
    for number, line in enumerate(payload.splitlines(), 1):
        if text in line:
            return Position(number, line.index(text) + 1)
    raise AssertionError(text)


ERRORS = (
    Issue(
        rule="fhir-binding-required",
        severity=IssueSeverity.ERROR,
        kind=IssueKind.BINDING,
        message="'currant' is no code of document-reference-status; use current.",
        message_fr="« currant » n'est pas un code de document-reference-status ; écrivez current.",
        location="DocumentReference.status",
        element="DocumentReference.status",
        profile=BASE,
        source="HL7 FHIR R4: 4.1.5 Binding strengths",
        position=at('"status"'),
    ),
    Issue(
        rule="fhir-unknown-element",
        severity=IssueSeverity.ERROR,
        kind=IssueKind.STRUCTURE,
        message=f"DocumentReference has no element title; found {ATTACK}",
        message_fr=f"DocumentReference n'a pas d'élément title ; trouvé {ATTACK}",
        location="DocumentReference.title",
        source="https://hl7.org/fhir/R4/documentreference.html",
        position=at('"title"'),
    ),
    Issue(
        rule="fhir-unknown-element",
        severity=IssueSeverity.ERROR,
        kind=IssueKind.STRUCTURE,
        message="DocumentReference has no element title.",
        location="DocumentReference.title",
        position=at('"title"'),
    ),
)
REST = (
    Issue(
        rule="fhir-binding-extensible",
        severity=IssueSeverity.WARNING,
        kind=IssueKind.BINDING,
        message="The type should be one of document-types.",
        location="DocumentReference.content[0].attachment",
        position=at('"attachment"'),
    ),
    Issue(
        rule="fhir-binding-not-checked",
        severity=IssueSeverity.INFORMATION,
        kind=IssueKind.NOT_CHECKED,
        message="LOINC is not at hand.",
        location="DocumentReference.type",
    ),
)

CHECKED = Report(
    engine="conformance 0.1.0",
    profile="zz@1",
    started="2026-03-01T09:30:00Z",
    judgements=(
        Judgement(
            path=f"messages/<b>{ATTACK}.json",
            kind=PayloadKind.FHIR,
            findings=(*ERRORS, *REST),
            against=(BASE, MHD),
            not_checked=("LOINC is not at hand.", "No package for https://example.org/x."),
            digest="0" * 64,
            text=DOCUMENT,
        ),
        Judgement(path="messages/good.json", kind=PayloadKind.FHIR, findings=REST, text=DOCUMENT),
        Judgement(
            path="messages/note.xml",
            kind=PayloadKind.CDA,
            findings=(
                Issue(
                    rule="cda-schema",
                    severity=IssueSeverity.ERROR,
                    kind=IssueKind.SCHEMA,
                    message="recordTarget is missing.",
                    location="/ClinicalDocument/author[1]",
                    position=Position(4, 3),
                ),
            ),
            text=CDA,
        ),
        Judgement(path="messages/silent.mtom", kind=PayloadKind.MTOM),
    ),
    problems=(Problem(path="messages/locked.xml", message="this user may not read it"),),
    left_out=("messages/notes.json",),
)
IN_FRENCH = replace(CHECKED, language="fr")

_GOOD = StepResult(
    title="Register one document",
    sent='POST /xds/registry HTTP/1.1\n\n<soap:Envelope xmlns:soap="x"/>',
    received="HTTP/1.1 200 OK\n\n<rs:RegistryResponse/>",
    milliseconds=41.26,
)
_BAD = StepResult(
    title="Register it again with another hash",
    sent=f"POST /xds/registry HTTP/1.1\n\n<a>{ATTACK}</a>",
    received=f"HTTP/1.1 200 OK\n\n<rs:RegistryResponse status='Success'>{ATTACK}",
    milliseconds=12.0,
    issues=(
        Issue(
            rule="live-status",
            severity=IssueSeverity.ERROR,
            kind=IssueKind.MESSAGE,
            message=f"expected Failure, got Success{ATTACK}",
            location="/Envelope/Body/RegistryResponse/@status",
            source="IHE ITI TF-2b: 3.42.4.1.3",
        ),
    ),
)
RUN = RunReport(
    engine="conformance 0.1.0",
    profile="zz",
    target=("registry: http://127.0.0.1:8080/xds/registry",),
    started="2026-03-01T09:30:00Z",
    suites=(("registry", f"Document Registry {ATTACK}"), ("fhir", "Document Responder")),
    results=(
        TestResult(
            id="registry/one",
            suite="registry",
            title="A document is registered",
            verdict=TestVerdict.PASS,
            requirements=("ITI-42/1",),
            steps=(_GOOD,),
            seconds=0.05,
        ),
        TestResult(
            id="registry/hash",
            suite="registry",
            title=f"Another hash is refused {ATTACK}",
            verdict=TestVerdict.FAIL,
            requirements=("ITI-42/7", "ITI-42/8"),
            steps=(_GOOD, _BAD),
            seconds=1.5,
        ),
        TestResult(
            id="fhir/search",
            suite="fhir",
            title="A search is answered",
            verdict=TestVerdict.ERROR,
            reason=f"nothing answers {ATTACK}",
        ),
        TestResult(
            id="fhir/delete",
            suite="fhir",
            title="A document is deleted",
            verdict=TestVerdict.SKIP,
            reason="the server does not say that it can",
        ),
    ),
)
EMPTY = Report(engine="conformance 0.1.0", profile="", judgements=())
