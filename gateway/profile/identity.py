"""How a community says who asks: which attribute or claim tells what, and what its words mean.

``profiles/<name>/identity.toml`` maps the names a country gives its SAML attributes and token
claims to the words below, and its codes to the kinds, modes and ways of authentication the access
rules know. ``gateway.security`` verifies credentials and reads them through this value; whom to
trust is the operator's and stands in the trust file, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final

from gateway.model.subject import Authentication, Mode, SubjectKind

WORDS: Final = frozenset(
    {
        "person",
        "citizen",
        "name",
        "role",
        "structure",
        "structure_name",
        "sector",
        "purpose",
        "patient",
        "authentication",
        "mode",
        "reason",
        "secret",
        "on_behalf_of",
        "client_id",
        "client_name",
        "client_version",
        "client_approval",
        "patient_agreement",
    }
)
"""What a credential can tell. ``person`` is a professional's identifier, ``citizen`` that of a
patient or representative; both fall back on the subject of the credential."""

NAME_ID: Final = "NameID"
"""In place of an attribute's name: the subject of the assertion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRule:
    """A role that says what somebody is; without ``code`` every role of the scheme does."""

    scheme: str
    kind: SubjectKind
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRules:
    """What an assertion of this community looks like.

    Attributes:
        attributes: By word, the names of the attributes that tell it, the first one found counts.
        required: Words that must be told.
        required_values: By name of an attribute, the values it may have; it must be there.
        audience: ``required``, or ``optional`` for communities that do not restrict theirs.
        period: ``required`` where NotOnOrAfter must be there; ``optional`` where the time of
            issue and ``max_lifetime`` decide instead.
        confirmation: ``required`` or ``optional``: a SubjectConfirmation.
        issuer: ``name`` where the issuer has a name of its own, ``certificate`` where it is named
            as the subject of the certificate that signs; how the development authority writes.
        reuse: ``never`` where every request brings a fresh assertion, ``same-client`` where the
            client that used it first may go on until it expires.
        max_lifetime: Seconds from its issue after which no assertion is taken.
        comments_in_canonical_form: Whether Exclusive Canonicalization with comments is taken too.
    """

    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    required_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    audience: str = "required"
    period: str = "required"
    confirmation: str = "required"
    issuer: str = "name"
    reuse: str = "same-client"
    max_lifetime: int = 3600
    comments_in_canonical_form: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What the claims of a token are called.

    Attributes:
        claims: By word, the paths of the claims that tell it (``extensions.ihe_iua.subject_name``);
            a path goes through arrays, and the first one that leads to something counts.
        required: Words that must be told.
        mode_claims: By path of a claim and its text, the mode it asks for.
    """

    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    mode_claims: Mapping[tuple[str, str], Mode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityConventions:
    """Everything about identity that is a community's own.

    Attributes:
        person_authority: OID of the authority of a professional's plain number.
        structure_authority: Likewise of a structure's.
        schemes: By another name of a coding scheme, the one the rules of access use.
        kinds: The first rule that fits one of the roles tells what somebody is.
        default_kind: Of somebody whose roles no rule knows; ``None`` refuses.
        modes: By code and scheme of a purpose of use, the mode it asks for.
        closed_schemes: A purpose of such a scheme that ``modes`` does not know is refused.
        authentications: By text.
        default_authentication: Where nothing is said.
        secret_values: Texts that ask for a secret connection.
    """

    person_authority: str = ""
    structure_authority: str = ""
    schemes: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[KindRule, ...] = ()
    default_kind: SubjectKind | None = None
    modes: Mapping[tuple[str, str], Mode] = field(default_factory=dict)
    closed_schemes: frozenset[str] = frozenset()
    authentications: Mapping[str, Authentication] = field(default_factory=dict)
    default_authentication: Authentication = Authentication.DIRECT
    secret_values: frozenset[str] = frozenset()
    assertion: AssertionRules = AssertionRules()
    token: TokenRules = TokenRules()


def identity_from(data: Mapping[str, Any], parent: IdentityConventions) -> IdentityConventions:
    """Put what a profile says before what the profile it extends says.

    A table is extended by its rows; a word that is mapped again is mapped anew as a whole.

    Raises:
        ValueError: When it says what nobody knows; the message names the key.
    """
    known = {f.name for f in fields(IdentityConventions)} - {"kinds", "modes", "default_kind"}
    _refuse_unknown(data, known | {"kind", "mode", "default_kind"}, "")
    changes: dict[str, Any] = {}
    for name in ("person_authority", "structure_authority"):
        if name in data:
            changes[name] = str(data[name])
    if "schemes" in data:
        changes["schemes"] = _merged(parent.schemes, _texts(data["schemes"], "schemes"))
    changes["kinds"] = (*(_kind(row) for row in data.get("kind", ())), *parent.kinds)
    if "default_kind" in data:
        changes["default_kind"] = _word(SubjectKind, data["default_kind"], "default_kind")
    modes = {
        (str(row.get("code", "")), str(row.get("scheme", ""))): _word(Mode, row.get("mode"), "mode")
        for row in data.get("mode", ())
    }
    changes["modes"] = _merged(parent.modes, modes)
    if "closed_schemes" in data:
        changes["closed_schemes"] = parent.closed_schemes | {str(s) for s in data["closed_schemes"]}
    if "authentications" in data:
        said = {
            str(text): _word(Authentication, word, "authentications")
            for text, word in data["authentications"].items()
        }
        changes["authentications"] = _merged(parent.authentications, said)
    if "default_authentication" in data:
        changes["default_authentication"] = _word(
            Authentication, data["default_authentication"], "default_authentication"
        )
    if "secret_values" in data:
        changes["secret_values"] = parent.secret_values | {str(s) for s in data["secret_values"]}
    changes["assertion"] = _assertion(data.get("assertion", {}), parent.assertion)
    changes["token"] = _token(data.get("token", {}), parent.token)
    return replace(parent, **changes)


_CHOICES: Final = {
    "audience": ("required", "optional"),
    "period": ("required", "optional"),
    "confirmation": ("required", "optional"),
    "issuer": ("name", "certificate"),
    "reuse": ("never", "same-client"),
}


def _assertion(data: Mapping[str, Any], parent: AssertionRules) -> AssertionRules:
    _refuse_unknown(data, {f.name for f in fields(AssertionRules)}, "assertion.")
    changes: dict[str, Any] = {}
    for name, choices in _CHOICES.items():
        if name in data:
            if data[name] not in choices:
                raise ValueError(f"assertion.{name}: {data[name]!r} is none of {choices}")
            changes[name] = data[name]
    if "max_lifetime" in data:
        seconds = data["max_lifetime"]
        if type(seconds) is not int or seconds < 1:
            raise ValueError("assertion.max_lifetime is a number of seconds")
        changes["max_lifetime"] = seconds
    if "comments_in_canonical_form" in data:
        changes["comments_in_canonical_form"] = data["comments_in_canonical_form"] is True
    if "required_values" in data:
        said = {name: _list(one, name) for name, one in data["required_values"].items()}
        changes["required_values"] = _merged(parent.required_values, said)
    if "required" in data:
        changes["required"] = parent.required | _words(data["required"], "assertion.required")
    if "attributes" in data:
        changes["attributes"] = _merged(
            parent.attributes, _by_word(data["attributes"], "assertion.attributes")
        )
    return replace(parent, **changes)


def _token(data: Mapping[str, Any], parent: TokenRules) -> TokenRules:
    _refuse_unknown(data, {"claims", "required", "mode_claim"}, "token.")
    modes = {
        (str(row.get("claim", "")), str(row.get("value", ""))): _word(Mode, row.get("mode"), "mode")
        for row in data.get("mode_claim", ())
    }
    return TokenRules(
        claims=_merged(parent.claims, _by_word(data.get("claims", {}), "token.claims")),
        required=parent.required | _words(data.get("required", ()), "token.required"),
        mode_claims=_merged(parent.mode_claims, modes),
    )


def _refuse_unknown(data: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in data:
        if name not in known:
            raise ValueError(f"{where}{name} is none of {', '.join(sorted(known))}")


def _kind(row: Mapping[str, Any]) -> KindRule:
    if not row.get("scheme"):
        raise ValueError("kind: a row has no scheme")
    return KindRule(
        scheme=str(row["scheme"]),
        code=str(row.get("code", "")),
        kind=_word(SubjectKind, row.get("kind"), "kind"),
    )


def _word(kind: Any, text: object, where: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise ValueError(f"{where}: {text!r} is none of {known}") from None


def _words(said: Any, where: str) -> frozenset[str]:
    for word in said:
        if word not in WORDS:
            raise ValueError(f"{where}: {word!r} is none of {', '.join(sorted(WORDS))}")
    return frozenset(said)


def _by_word(data: Mapping[str, Any], where: str) -> dict[str, tuple[str, ...]]:
    _words(data, where)
    return {word: _list(names, f"{where}.{word}") for word, names in data.items()}


def _list(said: object, where: str) -> tuple[str, ...]:
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise ValueError(f"{where} is a list of texts")
    return tuple(said)


def _texts(data: Mapping[str, Any], where: str) -> dict[str, str]:
    if not all(isinstance(value, str) for value in data.values()):
        raise ValueError(f"{where} is a table of texts")
    return dict(data)


def _merged(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType({**before, **after})
