"""Assertions: form, times, attributes of the community, and the signature.

The server believes an assertion or refuses it with one word, since whoever attacks learns nothing
from it. Whoever repairs one is told everything: what is missing, what the community asks for, and
whether the signature holds over these octets. Nothing an assertion says is believed here.

Source:
    SAML 2.0 core; IHE ITI TF-2: 3.40 (XUA); identity.toml of the profile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from conformance.judges.context import Context
from conformance.judges.judged import Judged
from conformance.judges.saml_facts import fact_issues
from conformance.judges.saml_signature import signature_issues
from gateway.codecs.xml import Element, XmlRefused, place_of, read_xml, write_xml
from gateway.security.instants import read_instant, seconds_of
from gateway.security.saml.names import DS, saml
from gateway.validation.issue import Issue
from gateway.validation.metadata import message_issue

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")
_ASSERTION = saml("Assertion")
_SIGNATURE = f"{{{DS}}}Signature"
_X509_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
_SKEW = 60


def judge(octets: bytes, context: Context) -> Judged:
    """Judge one assertion, bare or in its security header."""
    try:
        root = read_xml(octets, keep_blanks=True)
    except XmlRefused as refused:
        return Judged(findings=(message_issue("saml-xml", refused.message, refused.location),))
    assertions = [root] if root.tag == _ASSERTION else list(root.iter(_ASSERTION))
    issues: list[Issue] = []
    if str(root.tag) == "{urn:oasis:names:tc:SAML:1.0:assertion}Assertion":
        issues.append(message_issue("saml-version", "found SAML 1", place_of(root)))
    elif len(assertions) != 1:
        issues.append(
            message_issue("saml-place", f"there are {len(assertions)} assertions", place_of(root))
        )
    for assertion in assertions[:1]:
        own = octets if assertion is root else write_xml(assertion)
        issues += assertion_issues(assertion, own, context, ())
    against = ["SAML 2.0"] + ([context.against] if context.against else [])
    return Judged(findings=tuple(issues), against=tuple(against))


def judge_security(
    headers: Sequence[Element], envelope: bytes, context: Context, patients: Iterable[str]
) -> Iterator[Issue]:
    """Judge the security header of a request.

    Args:
        headers: As they stand in its Header.
        envelope: The whole envelope's octets; an assertion is signed with its white space.
        patients: Whose records the request is about.
    """
    if not headers:
        yield message_issue("saml-absent", "", "Header.Security")
        return
    root = read_xml(envelope, keep_blanks=True)
    found = list(root.iter(_ASSERTION))
    direct = [one for header in headers for one in header.iterchildren(_ASSERTION)]
    if len(headers) != 1 or len(found) != 1 or len(direct) != 1:
        yield message_issue(
            "saml-place",
            f"there are {len(headers)} security headers and {len(found)} assertions, "
            f"{len(direct)} of them where one may stand",
            place_of(headers[0]),
        )
    for assertion in found[:1]:
        yield from assertion_issues(assertion, write_xml(assertion), context, patients)


def assertion_issues(
    assertion: Element, octets: bytes, context: Context, patients: Iterable[str]
) -> Iterator[Issue]:
    """Give everything that is wrong with an assertion.

    Args:
        octets: Of the assertion alone, white space and all.
        patients: Whose records the request is about; nothing is compared without any.
    """
    issues = [*_form(assertion, context), *_conditions(assertion, context)]
    yield from issues
    yield from fact_issues(assertion, context, patients, silent=bool(issues))
    if next(assertion.iterchildren(_SIGNATURE), None) is None:
        yield message_issue("saml-signature", "", "Assertion")
    else:
        issued = read_instant(assertion.get("IssueInstant", "")) or 0.0
        now = float(seconds_of(_filled(context.now))) if context.now else issued
        yield from signature_issues(octets, context, issued=issued, now=now)


def _form(assertion: Element, context: Context) -> Iterator[Issue]:
    rules = context.community.identity.assertion
    if assertion.get("Version") != "2.0":
        yield message_issue(
            "saml-version", f"found {assertion.get('Version', 'nothing')[:20]}", "Assertion.Version"
        )
    if not _ID.fullmatch(assertion.get("ID", "")):
        yield message_issue("saml-id", "", "Assertion.ID")
    if read_instant(assertion.get("IssueInstant", "")) is None:
        found = assertion.get("IssueInstant", "nothing")[:40]
        yield message_issue("saml-issue-instant", f"found {found}", "Assertion.IssueInstant")
    issuer = next(assertion.iterchildren(saml("Issuer")), None)
    if issuer is None or not (issuer.text or "").strip():
        yield message_issue("saml-issuer", "", "Assertion.Issuer")
    elif rules.issuer == "certificate" and issuer.get("Format") != _X509_NAME:
        yield message_issue("saml-issuer-format", "", "Assertion.Issuer.Format")
    subject = next(assertion.iterchildren(saml("Subject")), None)
    name_id = None if subject is None else next(subject.iterchildren(saml("NameID")), None)
    if name_id is None or not (name_id.text or "").strip():
        yield message_issue("saml-subject", "", "Assertion.Subject.NameID")
    if rules.confirmation == "required" and (
        subject is None or next(subject.iterchildren(saml("SubjectConfirmation")), None) is None
    ):
        yield message_issue("saml-confirmation", "", "Assertion.Subject")
    statements = list(assertion.iterchildren(saml("AuthnStatement")))
    if len(statements) != 1:
        yield message_issue(
            "saml-authentication", f"there are {len(statements)}", "Assertion.AuthnStatement"
        )
    for statement in statements[:1]:
        if read_instant(statement.get("AuthnInstant", "")) is None:
            yield message_issue("saml-authentication", "", "Assertion.AuthnStatement.AuthnInstant")
        classes = list(statement.iter(saml("AuthnContextClassRef")))
        if len(classes) != 1 or not (classes[0].text or "").strip():
            yield message_issue("saml-authentication", "", "Assertion.AuthnStatement.AuthnContext")


def _conditions(assertion: Element, context: Context) -> Iterator[Issue]:
    rules = context.community.identity.assertion
    conditions = next(assertion.iterchildren(saml("Conditions")), None)
    issued = read_instant(assertion.get("IssueInstant", ""))
    begins, ends = issued, None
    where = "Assertion.Conditions"
    if conditions is not None:
        said = {name: conditions.get(name) for name in ("NotBefore", "NotOnOrAfter")}
        read = {name: read_instant(text) for name, text in said.items() if text is not None}
        for name, moment in read.items():
            if moment is None:
                yield message_issue(
                    "saml-conditions", f"found {said[name]!r:.60}", f"{where}.{name}"
                )
        begins, ends = read.get("NotBefore") or issued, read.get("NotOnOrAfter")
        if begins is not None and ends is not None and begins >= ends:
            yield message_issue("saml-conditions", "NotOnOrAfter is not after NotBefore", where)
    if ends is None and rules.period == "required":
        yield message_issue("saml-period", "", f"{where}.NotOnOrAfter")
    if issued is not None and ends is not None and ends - issued > rules.max_lifetime:
        yield message_issue(
            "saml-lifetime",
            f"it counts {int(ends - issued)} seconds and may {rules.max_lifetime}",
            f"{where}.NotOnOrAfter",
        )
    if context.now:
        now = seconds_of(_filled(context.now))
        last = ends if ends is not None else (issued or now) + rules.max_lifetime
        if now > last + _SKEW or (begins is not None and now < begins - _SKEW):
            yield message_issue("saml-expired", "", where)
    audiences = {
        (audience.text or "").strip()
        for audience in assertion.iter(saml("Audience"))
        if (audience.text or "").strip()
    }
    if rules.audience == "required" and not audiences:
        yield message_issue("saml-audience", "", f"{where}.AudienceRestriction")
    elif audiences and context.audiences and not audiences & context.audiences:
        yield message_issue(
            "saml-audience",
            f"found {', '.join(sorted(audiences))[:160]}",
            f"{where}.AudienceRestriction",
        )


def _filled(digits: str) -> str:
    return digits + "00000101000000"[len(digits) :]
