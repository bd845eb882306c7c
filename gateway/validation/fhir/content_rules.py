"""What the definitions cannot say of single values: hashes, links, markup, URLs of examples.

Source:
    HL7 FHIR R4 (4.0.1): Attachment.hash, 2.4.0 Narrative, 6.1.0.10 security.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.validation.fhir import bundle_rules
from gateway.validation.fhir.primitives import shown
from gateway.validation.fhir.rules import issue
from gateway.validation.fhir.usage_texts import USAGE
from gateway.validation.issue import Issue, IssueSeverity

if TYPE_CHECKING:
    from gateway.validation.fhir.plans import Plan
    from gateway.validation.fhir.scope import Place
    from gateway.validation.fhir.walker import Walker

Json = dict[str, Any]
assert "fhir-attachment-hash" in USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How strict a judgement is where the specification leaves it to who asks.

    Attributes:
        unknown_extensions: What an extension weighs that no package defines.
        known_domains: Beginnings of the URLs of extensions that are fine without a definition.
        example_urls: What URLs of examples (example.org) weigh; ``None``: nothing.
        markup: What text that looks like HTML weighs; ``None``: nothing.
        absent_targets: What a reference weighs whose target is not in the message;
            ``None``: nothing.
    """

    unknown_extensions: IssueSeverity = IssueSeverity.WARNING
    known_domains: tuple[str, ...] = ()
    example_urls: IssueSeverity | None = None
    markup: IssueSeverity | None = None
    absent_targets: IssueSeverity | None = None


_EXAMPLE = re.compile(
    r"https?://(?:[A-Za-z0-9\-.]+\.)?(?:example\.(?:org|com|net)|acme\.com)(?:[:/?#]|\Z)"
)
_TAG = re.compile(r"<[A-Za-z/!][^<>]*>")
_RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.\-]{1,64}")
_HREF = re.compile(r"""\shref\s*=\s*["']#([^"']*)["']""")
_ANCHOR = re.compile(r"""\s(?:id|name)\s*=\s*["']([^"']*)["']""")


def check_resource(walker: Walker, kind: str, value: Json, place: Place) -> None:
    """Check what concerns a resource as a whole: a Bundle's order, a narrative's links."""
    if kind == "Bundle":
        walker.issues += bundle_rules.check(value, str(place))
    text = value.get("text")
    div = text.get("div") if type(text) is dict else None
    if type(div) is str and "#" in div:
        _check_links(walker, div, place)


def check_attachment(walker: Walker, plan: Plan, value: Json, place: Place) -> None:
    """Compare an Attachment's hash with its data."""
    data, digest = value.get("data"), value.get("hash")
    if type(data) is not str or type(digest) is not str:
        return
    try:
        octets = binascii.a2b_base64(data)
    except ValueError:
        return  # told of the data itself
    expected = b64encode(hashlib.sha1(octets, usedforsecurity=False).digest()).decode("ascii")
    if digest != expected:
        walker.report(
            "fhir-attachment-hash", place, plan.node, found=shown(digest), expected=expected
        )


def _check_links(walker: Walker, div: str, place: Place) -> None:
    """Ask that links inside a narrative lead somewhere."""
    wanted = set(_HREF.findall(div)) - {""} - set(_ANCHOR.findall(div))
    if wanted:
        wanted -= _ids(walker.scope.root)
    for name in sorted(wanted):
        at = f"{place}.text.div"
        walker.issues.append(issue("fhir-narrative-link", at, found=shown(f"#{name}")))


def looked_at(resource: Json, manner: Manner) -> Iterator[Issue]:
    """Tell what only a strict manner asks for: markup, URLs of examples, absent targets."""
    if manner.markup is None and manner.example_urls is None and manner.absent_targets is None:
        return
    present = _present(resource) if manner.absent_targets is not None else set()
    kind = str(resource.get("resourceType", ""))
    waiting: list[tuple[Any, str, str]] = [(resource, kind, kind)]
    while waiting:
        value, name, at = waiting.pop()
        if type(value) is dict:
            waiting += [(member, key, f"{at}.{key}") for key, member in value.items()]
        elif type(value) is list:
            waiting += [(item, name, f"{at}[{number}]") for number, item in enumerate(value)]
        elif type(value) is str and name != "div":
            if manner.markup is not None and _TAG.search(value):
                yield issue("fhir-string-markup", at, severity=manner.markup)
            if manner.example_urls is not None and _EXAMPLE.match(value):
                yield issue(
                    "fhir-example-url", at, severity=manner.example_urls, found=shown(value)
                )
            if (
                manner.absent_targets is not None
                and name == "reference"
                and _RELATIVE.fullmatch(value)
                and value not in present
            ):
                yield issue(
                    "fhir-reference-absent", at, severity=manner.absent_targets, found=shown(value)
                )


def _present(value: Any) -> set[str]:
    """Name the resources in a message, contained ones too, as ``Type/id``."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            if "resourceType" in one:
                found.add(f"{one['resourceType']}/{one.get('id', '')}")
            waiting += one.values()
        elif type(one) is list:
            waiting += one
    return found


def _ids(value: Any) -> set[str]:
    """Give the ids of a resource's parts."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            name = one.get("id")
            if type(name) is str:
                found.add(name)
            waiting += one.values()
        elif type(one) is list:
            waiting += one
    return found
