"""What a verified assertion says: its period, audience, subject and attributes.

Everything here reads the tree a verification returned, and nothing else. What the standard allows
and nobody here understands (another kind of condition or statement) is refused: an assertion with
a condition that cannot be evaluated is not valid.

Source:
    SAML 2.0 core: 2.3 to 2.7; IHE ITI TF-2: 3.40.4.1.2.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from hashlib import sha256

from gateway.codecs.xml import Element
from gateway.model.datatypes import Code, Identifier
from gateway.profile.identity import NAME_ID, AssertionRules
from gateway.security.errors import INVALID_SECURITY_TOKEN, NotAuthenticated
from gateway.security.instants import read_instant
from gateway.security.saml.names import BEARER, HL7, HOLDER_OF_KEY, XSI, ds, saml
from gateway.security.saml.signature import octets_of
from gateway.security.subjects import Fact, Facts

_MOST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One way in which somebody may prove to be the subject.

    Attributes:
        holder_of_key: SHA-256 of the certificates of which the client must have one; ``None`` for
            a bearer.
        recipient: Address the assertion was made for; empty where none is named.
    """

    holder_of_key: frozenset[bytes] | None
    not_before: float
    ends: float
    recipient: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What an assertion says, not judged yet.

    Attributes:
        not_before: Seconds since 1970.
        ends: Likewise; infinite where the assertion does not say.
        audiences: For each restriction, the audiences of which one must be ours.
        one_time: Whether the issuer forbids a second use.
        attributes: By name, their values.
    """

    id: str
    issuer: str
    name_id: str
    issued: float
    not_before: float
    ends: float
    audiences: tuple[frozenset[str], ...]
    one_time: bool
    confirmations: tuple[Confirmation, ...]
    attributes: dict[str, tuple[Fact, ...]]

    def facts(self, rules: AssertionRules) -> Facts:
        """Give what the attributes tell, by word."""
        facts: dict[str, tuple[Fact, ...]] = {}
        for word, names in rules.attributes.items():
            for name in names:
                values = (self.name_id,) if name == NAME_ID else self.attributes.get(name, ())
                if values:
                    facts[word] = values
                    break
        return facts


def read_issuer(root: Element) -> str:
    """Give the name of who issued an assertion, verified or not."""
    return _text(root[0])


def read_statement(signed: Element, rules: AssertionRules) -> Statement:
    """Give what a verified assertion says.

    Args:
        rules: Which attributes are read; what others say is not looked at.

    Raises:
        NotAuthenticated: When it says what nobody here can evaluate.
    """
    children = list(signed)
    tags = [child.tag for child in children]
    known = [
        saml(name)
        for name in ("Issuer", "Subject", "Conditions", "AuthnStatement", "AttributeStatement")
    ]
    if any(tag not in known for tag in tags):
        raise _refused("the assertion has parts that are not understood")
    for name, most in (("Issuer", 1), ("Subject", 1), ("Conditions", 1), ("AuthnStatement", 1)):
        if tags.count(saml(name)) > most:
            raise _refused(f"the assertion has more than one {name}")
    by_tag = {child.tag: child for child in children}
    if not all(saml(name) in by_tag for name in ("Issuer", "Subject", "AuthnStatement")):
        raise _refused("the assertion lacks its issuer, subject or authentication")
    issued = _instant(signed, "IssueInstant", None)
    name_id, confirmations = _subject(by_tag[saml("Subject")])
    not_before, ends, audiences, one_time = _conditions(by_tag.get(saml("Conditions")), issued)
    session_ends = _instant(by_tag[saml("AuthnStatement")], "SessionNotOnOrAfter", float("inf"))
    attributes: dict[str, tuple[Fact, ...]] = {}
    wanted = {name for names in rules.attributes.values() for name in names}
    wanted.update(rules.required_values)
    for statement in children:
        if statement.tag == saml("AttributeStatement"):
            _add_attributes(statement, attributes, wanted)
    return Statement(
        id=signed.get("ID", ""),
        issuer=_text(by_tag[saml("Issuer")]),
        name_id=name_id,
        issued=issued,
        not_before=not_before,
        ends=min(ends, session_ends),
        audiences=audiences,
        one_time=one_time,
        confirmations=confirmations,
        attributes=attributes,
    )


def _refused(message: str) -> NotAuthenticated:
    return NotAuthenticated(message, subcode=INVALID_SECURITY_TOKEN)


def _text(element: Element) -> str:
    """The whole text of an element that holds nothing but text."""
    if len(element):
        raise _refused("an element stands where only text may stand")
    return (element.text or "").strip()


def _instant(element: Element, name: str, default: float | None) -> float:
    text = element.get(name)
    if text is None:
        if default is None:
            raise _refused(f"{name} is missing")
        return default
    moment = read_instant(text)
    if moment is None:
        raise _refused(f"{name} is no moment")
    return moment


def _subject(subject: Element) -> tuple[str, tuple[Confirmation, ...]]:
    children = list(subject)
    if not children or children[0].tag != saml("NameID"):
        raise _refused("the subject has no NameID")
    rest = children[1:]
    if any(child.tag != saml("SubjectConfirmation") for child in rest) or len(rest) > _MOST:
        raise _refused("the subject has parts that are not understood")
    name_id = _text(children[0])
    if not name_id:
        raise _refused("the subject has no name")
    found = [_confirmation(child) for child in rest]
    return name_id, tuple(one for one in found if one is not None)


def _confirmation(element: Element) -> Confirmation | None:
    """One confirmation, or ``None`` for a method that is not taken (such as sender-vouches)."""
    method = element.get("Method")
    if method not in {BEARER, HOLDER_OF_KEY}:
        return None
    data = element.find(saml("SubjectConfirmationData"))
    keys: frozenset[bytes] | None = None
    if method == HOLDER_OF_KEY:
        path = f"{ds('KeyInfo')}/{ds('X509Data')}/{ds('X509Certificate')}"
        found = [] if data is None else data.findall(path)
        keys = frozenset(sha256(octets_of(one)).digest() for one in found[:_MOST])
    if data is None:
        return Confirmation(holder_of_key=keys, not_before=float("-inf"), ends=float("inf"))
    return Confirmation(
        holder_of_key=keys,
        not_before=_instant(data, "NotBefore", float("-inf")),
        ends=_instant(data, "NotOnOrAfter", float("inf")),
        recipient=data.get("Recipient", ""),
    )


def _conditions(
    conditions: Element | None, issued: float
) -> tuple[float, float, tuple[frozenset[str], ...], bool]:
    if conditions is None:
        return issued, float("inf"), (), False
    audiences, one_time = [], False
    for condition in conditions:
        if condition.tag == saml("AudienceRestriction"):
            if any(child.tag != saml("Audience") for child in condition):
                raise _refused("a restriction of the audience is not understood")
            audiences.append(frozenset(_text(child) for child in condition))
        elif condition.tag == saml("OneTimeUse"):
            one_time = True
        elif condition.tag != saml("ProxyRestriction"):
            raise _refused("a condition is not understood")
    return (
        _instant(conditions, "NotBefore", issued),
        _instant(conditions, "NotOnOrAfter", float("inf")),
        tuple(audiences),
        one_time,
    )


def _add_attributes(
    statement: Element, attributes: dict[str, tuple[Fact, ...]], wanted: Container[str]
) -> None:
    for attribute in statement:
        if attribute.tag != saml("Attribute") or not attribute.get("Name"):
            raise _refused("an attribute is not understood")
        if any(child.tag != saml("AttributeValue") for child in attribute):
            raise _refused("an attribute is not understood")
        name = attribute.get("Name", "")
        if name not in wanted:
            continue
        values = [value for child in attribute if (value := _value(child)) is not None]
        attributes[name] = (*attributes.get(name, ()), *values)
        if len(attributes[name]) > _MOST:
            raise _refused("the assertion has too many attributes")


def _value(element: Element) -> Fact | None:
    """A text, or the one coded value or identifier of HL7 v3 inside; ``None`` for nothing."""
    if not len(element):
        return _text(element) or None
    outside = [element.text, *(child.tail for child in element)]
    if len(element) != 1 or any(text and text.strip() for text in outside):
        # A value in a form nobody reads tells nothing; it cannot be taken for another one.
        raise _refused("an attribute's value is in a form that is not read")
    value = element[0]
    if not str(value.tag).startswith(f"{{{HL7}}}") or len(value) or (value.text or "").strip():
        raise _refused("an attribute's value is in a form that is not read")
    kind = value.get(f"{{{XSI}}}type", "").rpartition(":")[2]
    code, root = value.get("code"), value.get("root")
    if code is not None and root is None and kind in {"", "CE", "CD", "CV"}:
        return Code(code, value.get("codeSystem", ""), value.get("displayName"))
    if root is not None and code is None and kind in {"", "II"}:
        extension = value.get("extension")
        return Identifier.of(extension, root) if extension else Identifier.of(root)
    raise _refused("an attribute's value is in a form that is not read")
