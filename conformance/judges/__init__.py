"""From a file to a judgement: what it is, and what its engine finds in it.

Every kind of payload has its judge, a module with a function ``judge(octets, context) -> Judged``,
imported when the first payload of its kind comes; judges of containers (an exchange, an archive)
hand what they find inside to the judges of what it is.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from functools import cache

from conformance.judges.context import Context, EngineAbsent
from conformance.judges.judged import Judged, not_checked
from conformance.judges.kinds import recognise
from conformance.report.values import Judgement, PayloadKind
from gateway.validation.issue import Issue, IssueKind, IssueSeverity

__all__ = ["Context", "Judged", "judge", "judge_as", "recognise"]

MAX_OCTETS = 256 * 1024 * 1024
"""Of one payload; larger ones are no messages."""

_MODULES = {
    PayloadKind.FHIR: "fhir",
    PayloadKind.CDA: "cda",
    PayloadKind.XDS: "xds",
    PayloadKind.SOAP: "soap",
    PayloadKind.MTOM: "mtom",
    PayloadKind.XDM: "xdm",
    PayloadKind.SAML: "saml",
}


def judge(path: str, octets: bytes, context: Context) -> Judgement:
    """Judge a payload.

    Args:
        path: As it was named; reports repeat it.
        octets: All of it.
        context: What it is judged against.
    """
    kind = recognise(octets, path)
    judged = judge_as(kind, octets, context)
    told = (f.message for f in judged.findings if f.kind is IssueKind.NOT_CHECKED)
    return Judgement(
        path=path,
        kind=kind,
        findings=judged.findings,
        against=judged.against,
        not_checked=tuple(dict.fromkeys((*judged.not_checked, *told))),
        digest=hashlib.sha256(octets).hexdigest(),
        text=_text(octets),
    )


def judge_as(kind: PayloadKind, octets: bytes, context: Context) -> Judged:
    """Judge octets that are known to be of a kind, as those inside another payload are."""
    if len(octets) > MAX_OCTETS:
        return Judged(
            findings=(
                _fault(
                    "payload-too-large",
                    f"has {len(octets)} octets and at most {MAX_OCTETS} are read",
                    f"fait {len(octets)} octets ; au plus {MAX_OCTETS} sont lus",
                ),
            )
        )
    if kind is PayloadKind.UNKNOWN:
        return Judged(
            findings=(
                _fault(
                    "payload-unknown",
                    "is no FHIR resource, CDA document, XDS message, SOAP envelope, MTOM "
                    "exchange, XDM archive or SAML assertion; nothing can be said of it",
                    "n'est ni une ressource FHIR, ni un document CDA, ni un message XDS, ni une "
                    "enveloppe SOAP, ni un échange MTOM, ni une archive XDM, ni une assertion "
                    "SAML ; rien ne peut en être dit",
                ),
            )
        )
    try:
        return _judge_of(kind)(octets, context)
    except EngineAbsent as absent:
        return Judged(findings=(not_checked(f"{kind.value}-not-checked", str(absent)),))


@cache
def _judge_of(kind: PayloadKind) -> Callable[[bytes, Context], Judged]:
    name = f"conformance.judges.{_MODULES[kind]}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise EngineAbsent(f"there is no judge of {kind.value} payloads here") from None
    found: Callable[[bytes, Context], Judged] = module.judge
    return found


def _fault(rule: str, english: str, message_fr: str) -> Issue:
    return Issue(
        rule=rule,
        severity=IssueSeverity.ERROR,
        kind=IssueKind.STRUCTURE,
        message=english,
        message_fr=message_fr,
    )


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""
