"""From the words of a verified credential to somebody who asks.

The codec of either credential gives :data:`Facts`: by word of
:data:`gateway.profile.identity.WORDS`, the values it found. What they mean is decided here, once
for both. A fact that could be read in two ways is refused, never guessed.

Source:
    Section 2.1 of docs/reference/access-control.md; threats C3, X8, X9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.model.datatypes import OID, Code, Identifier
from gateway.model.naming import OID_URN, NamingSystems
from gateway.model.subject import (
    AccessRequest,
    Authentication,
    Client,
    Mode,
    Subject,
    SubjectKind,
)
from gateway.profile.identity import IdentityConventions
from gateway.security.errors import INVALID_SECURITY_TOKEN, NotAuthenticated

Fact: TypeAlias = str | Code | Identifier
Facts: TypeAlias = Mapping[str, tuple[Fact, ...]]

_LONGEST: Final = 1000
_VALUE = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._:/@+=, -]{0,254}[0-9A-Za-z._:/@+=-])?")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:/#-]{0,127}")
_CX = re.compile(r"([^\^&~|\\]+)\^\^\^&([0-2](?:\.(?:0|[1-9][0-9]*))+)&ISO(?:\^([A-Z]{1,5}))?")
_MOMENT = re.compile(r"[0-9]{14}")
_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0"})

_OF_THE_RECORD: Final = frozenset({SubjectKind.PATIENT, SubjectKind.REPRESENTATIVE})
_OF_THE_PRACTICE: Final = frozenset(
    {SubjectKind.PROFESSIONAL, SubjectKind.DELEGATE, SubjectKind.STRUCTURE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """What the issuer of a credential may vouch for, as far as it shapes the subject.

    Attributes:
        issuer: Its name.
        person_authority: Of plain numbers of this issuer, where not the profile's.
        structure_authority: Likewise.
        kinds: Whom it may vouch for; empty for everybody.
        authentications: How surely; empty for every way.
    """

    issuer: str
    person_authority: str = ""
    structure_authority: str = ""
    kinds: frozenset[SubjectKind] = frozenset()
    authentications: frozenset[Authentication] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What facts are read with."""

    conventions: IdentityConventions
    naming: NamingSystems = NamingSystems()


def read_access(
    facts: Facts,
    reading: Reading,
    voucher: Voucher,
    *,
    required: frozenset[str] = frozenset(),
    credential: str = "",
    scopes: frozenset[str] = frozenset(),
    is_application: bool = False,
    mode_claims: frozenset[Mode] = frozenset(),
) -> AccessRequest:
    """Give who asks, for whom, and in which mode.

    Args:
        required: Words a credential of somebody who works in care must tell.
        is_application: Whether the credential is about a client without a user.
        mode_claims: Modes that claims of their own ask for.

    Raises:
        NotAuthenticated: When a word is missing, malformed, ambiguous, or not this issuer's to say.
    """
    conventions = reading.conventions
    roles = tuple(_code(fact, reading, "role") for fact in facts.get("role", ()))
    authentication = _authentication(facts, conventions)
    kind = _kind(roles, authentication, conventions, is_application=is_application)
    if kind is SubjectKind.STRUCTURE:
        authentication = Authentication.INDIRECT
    if voucher.kinds and kind not in voucher.kinds:
        raise _refused(f"the issuer may not vouch for a {kind.value}")
    if voucher.authentications and authentication not in voucher.authentications:
        raise _refused(f"the issuer may not vouch for {authentication.value} authentication")
    if kind in _OF_THE_PRACTICE:
        missing = sorted(word for word in required if not facts.get(word))
        if missing:
            raise _refused(f"nothing tells {', '.join(missing)}")

    structure = _optional_identifier(
        facts, "structure", voucher.structure_authority or conventions.structure_authority
    )
    identifier: Identifier | None
    if kind is SubjectKind.STRUCTURE:
        identifier = None
        if structure is None:
            raise _refused("nothing tells which structure asks")
    elif kind in _OF_THE_RECORD:
        identifier = _identifier(facts, "citizen", "")
    elif kind is SubjectKind.SERVICE:
        identifier = _identifier(facts, "person", "")
    else:
        authority = voucher.person_authority or conventions.person_authority
        identifier = _identifier(facts, "person", authority)
    on_behalf_of = _optional_identifier(
        facts, "on_behalf_of", voucher.person_authority or conventions.person_authority
    )

    purposes = tuple(_code(fact, reading, "purpose") for fact in facts.get("purpose", ()))
    return AccessRequest(
        subject=Subject(
            kind=kind,
            id=identifier,
            name=_text(facts, "name"),
            roles=roles,
            structure=structure,
            structure_name=_text(facts, "structure_name"),
            sector=_optional_code(facts, "sector", reading),
            authentication=authentication,
            on_behalf_of=on_behalf_of,
            secret_connection=_is_secret(facts, conventions),
            client=Client(
                id=_text(facts, "client_id"),
                name=_text(facts, "client_name"),
                version=_text(facts, "client_version"),
                approval=_text(facts, "client_approval"),
            ),
            credential=credential,
            issuer=voucher.issuer,
        ),
        mode=_mode(facts, purposes, conventions, mode_claims),
        reason=_text(facts, "reason"),
        patient=_optional_identifier(facts, "patient", ""),
        purposes=purposes,
        scopes=scopes,
        patient_agreement=_agreement(facts),
    )


def _refused(message: str) -> NotAuthenticated:
    return NotAuthenticated(message, subcode=INVALID_SECURITY_TOKEN)


def _one(facts: Facts, word: str) -> Fact | None:
    """The one value of a word; the same value told twice is one."""
    values = tuple(dict.fromkeys(facts.get(word, ())))
    if len(values) > 1:
        raise _refused(f"{word} is told in several ways")
    return values[0] if values else None


def _text(facts: Facts, word: str) -> str:
    fact = _one(facts, word)
    if fact is None:
        return ""
    text = fact.display or fact.code if isinstance(fact, Code) else str(fact)
    text = text.strip()
    if len(text) > _LONGEST or not text.isprintable():
        raise _refused(f"{word} is no text of at most {_LONGEST} printable characters")
    return text


def _identifier(facts: Facts, word: str, authority: str) -> Identifier:
    found = _optional_identifier(facts, word, authority)
    if found is None:
        raise _refused(f"nothing tells {word}")
    return found


def _optional_identifier(facts: Facts, word: str, authority: str) -> Identifier | None:
    fact = _one(facts, word)
    if fact is None:
        return None
    if isinstance(fact, Code):
        raise _refused(f"{word} is a code where an identifier is needed")
    text = fact.text if isinstance(fact, Identifier) else fact
    if "^" in text or "&" in text:
        found = _CX.fullmatch(text)
        if found is None or not _VALUE.fullmatch(found[1]):
            raise _refused(f"{word} is no identifier of the form id^^^&OID&ISO")
        return Identifier(text)
    if text.startswith(OID_URN) and OID.match(text[len(OID_URN) :]):
        # An organisation may be named by an OID of its own, which no authority gave (XON.10).
        return Identifier.of(text[len(OID_URN) :])
    if not _VALUE.fullmatch(text):
        raise _refused(f"{word} has characters that no identifier has")
    return Identifier.of(text, authority)


def _code(fact: Fact, reading: Reading, word: str) -> Code:
    if isinstance(fact, Identifier):
        raise _refused(f"{word} is an identifier where a code is needed")
    if isinstance(fact, str):
        code, _, scheme = fact.partition("^")
        fact = Code(code, scheme)
    scheme = reading.conventions.schemes.get(fact.scheme, fact.scheme)
    scheme = reading.naming.scheme(scheme)
    scheme = reading.conventions.schemes.get(scheme, scheme)
    if not _CODE.fullmatch(fact.code) or (scheme and not _CODE.fullmatch(scheme)):
        raise _refused(f"{word} has characters that no code has")
    display = fact.display
    if display is not None and (len(display) > _LONGEST or not display.isprintable()):
        display = None
    return Code(fact.code, scheme, display)


def _optional_code(facts: Facts, word: str, reading: Reading) -> Code | None:
    fact = _one(facts, word)
    return None if fact is None else _code(fact, reading, word)


def _authentication(facts: Facts, conventions: IdentityConventions) -> Authentication:
    text = _text(facts, "authentication")
    if not text:
        return conventions.default_authentication
    found = conventions.authentications.get(text)
    if found is None:
        raise _refused("the way of authentication is not known")
    return found


def _kind(
    roles: tuple[Code, ...],
    authentication: Authentication,
    conventions: IdentityConventions,
    *,
    is_application: bool,
) -> SubjectKind:
    kinds = {_kind_of(role, conventions) for role in roles}
    if len(kinds) > 1:
        raise _refused("the roles are of several kinds")
    if authentication is Authentication.INDIRECT:
        # The structure answers; whom it names beside itself is not proven to have been there.
        if kinds & {SubjectKind.PATIENT, SubjectKind.REPRESENTATIVE}:
            raise _refused("a structure does not ask as a patient")
        return SubjectKind.STRUCTURE
    if kinds:
        (kind,) = kinds
        if kind is None:
            raise _refused("no role is one that is known")
        return kind
    if is_application:
        return SubjectKind.SERVICE
    raise _refused("nothing tells a role")


def _kind_of(role: Code, conventions: IdentityConventions) -> SubjectKind | None:
    for rule in conventions.kinds:
        if rule.scheme == role.scheme and rule.code in {"", role.code}:
            return rule.kind
    return conventions.default_kind


def _mode(
    facts: Facts,
    purposes: tuple[Code, ...],
    conventions: IdentityConventions,
    mode_claims: frozenset[Mode],
) -> Mode:
    # A claim that merely denies a mode asks for none.
    modes = set(mode_claims) - {Mode.NORMAL}
    said = _text(facts, "mode")
    if said:
        try:
            modes.add(Mode(said))
        except ValueError:
            raise _refused("the mode is not known") from None
    for purpose in purposes:
        mode = conventions.modes.get(purpose.key)
        if mode is not None:
            modes.add(mode)
        elif purpose.scheme in conventions.closed_schemes:
            raise _refused("the purpose of use is not known")
    special = modes - {Mode.NORMAL}
    if len(special) > 1 or (special and Mode.NORMAL in modes):
        raise _refused("several modes are asked for")
    return special.pop() if special else Mode.NORMAL


def _is_secret(facts: Facts, conventions: IdentityConventions) -> bool:
    text = _text(facts, "secret")
    if not text or text.lower() in _FALSE:
        return False
    if text in conventions.secret_values or text.lower() in _TRUE:
        return True
    raise _refused("what is said about a secret connection is not known")


def _agreement(facts: Facts) -> str:
    text = _text(facts, "patient_agreement")
    if text and not _MOMENT.fullmatch(text):
        raise _refused("patient_agreement is no moment of 14 digits")
    return text
