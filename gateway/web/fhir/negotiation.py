"""In which form a FHIR client wants its answer, and what else it prefers.

Source:
    HL7 FHIR R4 (4.0.1): 3.1.0.1.10 content types, 3.1.0.1.11 ``_format`` and ``_pretty``, 3.1.0.5.2
    return preference, 3.1.1.1 handling; RFC 9110: 12.5.1 Accept; RFC 7240 Prefer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.errors import ErrorCode, Finding, Refused

Parameters = list[tuple[str, str]]


class Format(Enum):
    """The two forms of a resource; the value is its media type."""

    JSON = "application/fhir+json"
    XML = "application/fhir+xml"


FORMATS = {
    "application/fhir+json": Format.JSON,
    "application/json": Format.JSON,
    "text/json": Format.JSON,
    "json": Format.JSON,
    "application/fhir+xml": Format.XML,
    "application/xml": Format.XML,
    "text/xml": Format.XML,
    "xml": Format.XML,
}
"""What a format is called in headers and, the short names, in ``_format``."""

_ANYTHING = ("*/*", "application/*")
_VERSIONS = ("4.0", "4.0.1")
_MOST_RANGES = 50
_XML = {"text/xml", "application/xml"}
"""Two names of one thing (RFC 7303: 9.2)."""


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One of the media types a client accepts, with its weight.

    Attributes:
        type: Lower case, without parameters.
        version: What its parameter ``fhirVersion`` says; empty without.
    """

    type: str
    weight: float
    version: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form of an answer."""

    format: Format = Format.JSON
    pretty: bool = False


PLAIN = Wanted()


def read_accept(written: str) -> list[MediaRange]:
    """Read an Accept header, best first; of equal weight in the order they stand."""
    ranges = []
    for part in written.split(",")[:_MOST_RANGES]:
        name, _, rest = part.partition(";")
        if name.strip():
            ranges.append(_media_range(name, rest))
    ranges = [r for r in ranges if r.weight > 0]
    ranges.sort(key=lambda r: -r.weight)
    return ranges


def _media_range(name: str, rest: str) -> MediaRange:
    weight, version = 1.0, ""
    for parameter in rest.split(";") if rest else ():
        key, _, value = parameter.partition("=")
        key, value = key.strip().lower(), value.strip().strip('"')
        if key == "q":
            try:
                weight = min(max(float(value), 0.0), 1.0)
            except ValueError:
                weight = 0.0
        elif key == "fhirversion":
            version = value
    # A plus sign in an address means a space, and many forget to write %2B.
    return MediaRange(name.strip().lower().replace("fhir ", "fhir+"), weight, version)


def format_of(wanted: MediaRange) -> Format | None:
    """The form of a resource one media type means; ``None`` when it is none of ours."""
    if wanted.version and wanted.version not in _VERSIONS:
        return None
    return FORMATS.get(wanted.type)


def asked_format(parameters: Parameters) -> str | None:
    """What ``_format`` asks for, which outweighs the header; the last where there are several."""
    asked = [value for name, value in parameters if name == "_format"]
    return asked[-1] if asked else None


def negotiate(parameters: Parameters, accept: str | None) -> Wanted:
    """Choose the form of an answer.

    Raises:
        Refused: With 406, when nothing that is accepted can be given.
    """
    wanted = choose(parameters, accept)
    if wanted is not None:
        return wanted
    raise Refused(
        Finding(
            rule="media-type",
            code=ErrorCode.NOT_ACCEPTABLE,
            location="Accept" if asked_format(parameters) is None else "_format",
            message="answers are FHIR R4, application/fhir+json or application/fhir+xml",
        )
    )


def choose(parameters: Parameters, accept: str | None) -> Wanted | None:
    """Choose the form of an answer; ``None`` when nothing that is accepted can be given."""
    pretty = any(name == "_pretty" and value == "true" for name, value in parameters)
    asked = asked_format(parameters) or accept
    if asked is None or not asked.strip():
        return Wanted(Format.JSON, pretty) if pretty else PLAIN
    for one in read_accept(asked):
        chosen = Format.JSON if one.type in _ANYTHING else format_of(one)
        if chosen is not None:
            return Wanted(chosen, pretty)
    return None


def choose_document(parameters: Parameters, accept: str | None, media_type: str) -> Format | None:
    """Choose whether a document is given as it is or inside a Binary resource.

    A Binary resource is for whoever asks for FHIR by name. ``application/xml`` and its like stand
    in what every browser sends, so they mean a resource only where the document itself cannot be
    had by any other of the types.

    Returns:
        The form of the resource; ``None`` for the document as it is.

    Raises:
        Refused: With 406, when the document can be had in none of the types.

    Source:
        HL7 FHIR R4 (4.0.1): 2.43.3 Binary; IHE MHD 4.2.4: 2:3.68.4.2.2.
    """
    asked = asked_format(parameters) or accept
    if asked is None or not asked.strip():
        return None
    own = media_type.partition(";")[0].strip().lower()
    itself = {own, own.partition("/")[0] + "/*", "*/*"}
    if own in _XML:
        itself |= _XML
    ranges = read_accept(asked)
    for one in ranges:
        if one.type in itself:
            return None
        chosen = format_of(one)
        if chosen is not None and (one.type == chosen.value or "/" not in one.type):
            return chosen
    for one in ranges:
        chosen = format_of(one)
        if chosen is not None:
            return chosen
    raise Refused(
        Finding(
            rule="media-type",
            code=ErrorCode.NOT_ACCEPTABLE,
            location="Accept" if asked_format(parameters) is None else "_format",
            message=f"the document is {media_type[:100]}; it can be had so, or as "
            "application/fhir+json or application/fhir+xml",
        )
    )


RETURNED = ("minimal", "representation", "OperationOutcome")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a client prefers, as far as FHIR knows it.

    Attributes:
        returned: What a successful write is answered with, one of :data:`RETURNED`; empty where
            nothing was said.
        strict: Whether a search with an unknown parameter shall fail.
    """

    returned: str = ""
    strict: bool = False


def read_prefer(written: str | None) -> Preferences:
    """Read a Prefer header; what is not known in it is passed over, as RFC 7240 has it."""
    if not written:
        return Preferences()
    said: dict[str, str] = {}
    for part in written.replace(";", ",").split(","):
        name, _, value = part.partition("=")
        # Of a preference that is said twice the first one counts.
        said.setdefault(name.strip().lower(), value.strip().strip('"'))
    returned = said.get("return", "")
    return Preferences(
        returned if returned in RETURNED else "", strict=said.get("handling") == "strict"
    )
