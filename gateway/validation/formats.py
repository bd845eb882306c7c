"""What makes a text a good value of its data type: each check answers with a complaint or nothing.

A complaint reads on after the attribute's name: "must be …, found …".

Source:
    IHE ITI TF-3: Table 4.2.3.1.7-2 (revision 17).
"""

from __future__ import annotations

import re

from gateway.model.datatypes import (
    OID,
    DateTime,
    Identifier,
    Organization,
    Person,
    ReferenceId,
    Telecom,
    is_oid,
    is_uuid_urn,
    unescape,
)
from gateway.model.remembering import remembered


class Foreign(str):
    """A complaint about a form that is good FHIR and only XDS does not know.

    An authority named by its URI, an OID longer than 64 characters: nothing is lost when it is
    kept as it is, and a source that knows only FHIR cannot do better.

    Source:
        IHE MHD 4.2.4: 2:3.65.4.1.3 ("allowed to be robust for non-compliant resources").
    """

    __slots__ = ()


_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*\Z")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}\Z")
# A media type becomes a header when its document is retrieved: nothing but printable characters.
_MIME = re.compile(
    r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}(?: *;[\x20-\x7e]{0,255})?\Z"
)
_EXTENSION = re.compile(r"[^\x00-\x20^\x7f]{1,64}\Z")
# RFC 3986, with a scheme of two letters at least: C:\ is no scheme.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+\Z")
_PID = re.compile(r"PID-([0-9]{1,2})\|(.*)\Z", re.DOTALL)

REFERENCE_TYPES_NEEDING_AUTHORITY = frozenset(
    {
        "urn:ihe:iti:xds:2013:referral",
        "urn:ihe:iti:xds:2013:order",
        "urn:ihe:iti:xds:2015:encounterId",
    }
)


def shown(text: str, limit: int = 80) -> str:
    """Quote a peer's value in a message, cut where it gets long."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return repr(cut)


def check_date_time(value: DateTime) -> str | None:
    """A DTM: 4, 6, 8, 10, 12 or 14 digits in their ranges, UTC."""
    if value.is_well_formed:
        return None
    return f"must be YYYY[MM[DD[hh[mm[ss]]]]] in UTC without offset, found {shown(value.text)}"


def check_oid(text: str) -> str | None:
    """An OID of at most 64 characters."""
    if is_oid(text):
        return None
    complaint = f"must be an OID such as 1.2.840.99, found {shown(text)}"
    return Foreign(complaint) if _is_long_oid(text) else complaint


def _is_long_oid(text: str) -> bool:
    return len(text) <= 128 and OID.match(text) is not None


def _is_authority_uri(parts: list[str]) -> bool:
    """Whether the parts of an authority are ``&URI&URI``."""
    if len(parts) != 3 or parts[0]:
        return False
    name = unescape(parts[1])
    return (parts[2] == "URI" and _URI.match(name) is not None) or (
        parts[2] == "ISO" and _is_long_oid(name)
    )


def check_identifier(value: Identifier) -> str | None:
    """A CX: ``id^^^&OID&ISO``, components 1 and 4; a type code is tolerated in 5."""
    return _check_cx(value.text)


@remembered(1024)
def _check_cx(text: str) -> str | None:
    # All objects of a submission have the same patient: kept by its text, which is found at once.
    parts = text.split("^")
    authority = parts[3].split("&") if len(parts) > 3 else []
    if (
        not parts[0]
        or any(parts[1:3])
        or len(parts) > 5
        or len(authority) != 3
        or authority[0]
        or authority[2] != "ISO"
        or not is_oid(authority[1])
    ):
        complaint = f"must be id^^^&OID&ISO, found {shown(text)}"
        good = parts[0] and not any(parts[1:3]) and len(parts) <= 5
        return Foreign(complaint) if good and _is_authority_uri(authority) else complaint
    return None


def check_reference_id(value: ReferenceId) -> str | None:
    """A CXi: an id and a type code, with an authority where the type needs one."""
    if not value.value or not value.type_code:
        return f"must be id^^^&OID&ISO^typeCode, found {shown(value.text)}"
    authority = value.authority
    if authority and not is_oid(authority):
        complaint = f"must name its authority by an OID, found {shown(authority)}"
        return Foreign(complaint) if _is_long_oid(authority) or _URI.match(authority) else complaint
    named = authority or value.namespace
    if value.type_code in REFERENCE_TYPES_NEEDING_AUTHORITY and not named:
        return f"needs an assigning authority for {value.type_code}, found {shown(value.text)}"
    return None


@remembered(1024)
def check_person(value: Person) -> str | None:
    """An XCN: an id or a family name; an authority only by OID."""
    parts = value.text.split("^")
    if not parts[0] and not (len(parts) > 1 and parts[1]):
        return f"must have an id or a family name, found {shown(value.text)}"
    return _check_authority(parts, 9, value.text)


def check_organization(value: Organization) -> str | None:
    """An XON: a name; an authority where the id is no OID."""
    parts = value.text.split("^")
    if not parts[0]:
        return f"must have a name (XON.1), found {shown(value.text)}"
    identifier = parts[9] if len(parts) > 9 else ""
    authority = _authority(parts, 6)
    if identifier and not is_oid(identifier) and len(authority) < 2:
        return f"must name the authority of its id as &OID&ISO (XON.6), found {shown(value.text)}"
    return _check_authority(parts, 6, value.text)


def _authority(parts: list[str], number: int) -> list[str]:
    return parts[number - 1].split("&") if len(parts) >= number and parts[number - 1] else []


def _check_authority(parts: list[str], number: int, text: str) -> str | None:
    authority = _authority(parts, number)
    if not authority:
        return None
    if len(authority) != 3 or authority[2] != "ISO" or not is_oid(authority[1]):
        complaint = (
            f"must write an authority as &OID&ISO in component {number}, found {shown(text)}"
        )
        return Foreign(complaint) if _is_authority_uri(authority) else complaint
    return None


def check_telecom(value: Telecom) -> str | None:
    """An XTN: a mail address, or a telephone number with its equipment type."""
    if value.equipment == "Internet":
        if "@" in value.address or ":" in value.address:
            return None
        return f"must carry a mail address as ^^Internet^name@place, found {shown(value.text)}"
    if value.number or value.address:
        return None
    return f"must carry a telephone number or a mail address, found {shown(value.text)}"


@remembered(256)
def check_language(text: str) -> str | None:
    """A language tag of RFC 5646."""
    if _LANGUAGE.match(text):
        return None
    return f"must be a language tag such as fr-FR, found {shown(text)}"


def check_hash(text: str) -> str | None:
    """SHA-1 in hexadecimal."""
    if _SHA1.match(text):
        return None
    return f"must be SHA-1 as 40 hexadecimal digits, found {shown(text)}"


def check_size(text: str) -> str | None:
    """A number of octets."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return None
    return f"must be a number of octets, found {shown(text)}"


@remembered(256)
def check_mime_type(text: str) -> str | None:
    """A media type."""
    return None if _MIME.match(text) else f"must be a media type, found {shown(text)}"


def check_document_unique_id(text: str) -> str | None:
    """An Identifier: an OID, ``OID^extension``, a URN or another URI, at most 128 characters."""
    if is_oid(text) or is_uuid_urn(text):
        return None
    root, caret, extension = text.partition("^")
    if caret and is_oid(root) and _EXTENSION.match(extension) and len(text) <= 128:
        return None
    if len(text) <= 128 and _URI.match(text):
        return None
    complaint = (
        "must be an OID, OID^extension or a URI of at most 128 printable characters, "
        f"found {shown(text)}"
    )
    return Foreign(complaint) if _is_long_oid(text) else complaint


def check_home(text: str) -> str | None:
    """A home community id: ``urn:oid:`` and an OID."""
    if text.startswith("urn:oid:") and is_oid(text[8:]):
        return None
    return f"must be urn:oid: and an OID, found {shown(text)}"


def _of(field: str, complaint: str) -> str:
    said = f"{field} {complaint}"
    return Foreign(said) if isinstance(complaint, Foreign) else said


@remembered(1024)
def check_source_patient_info(lines: tuple[str, ...]) -> tuple[str, ...]:
    """``PID-n|value`` lines: PID-3 good identifiers, at most one PID-7 and one PID-8."""
    complaints = []
    seen: dict[str, int] = {}
    for line in lines:
        match = _PID.match(line)
        if not match:
            complaints.append(f"must be lines PID-n|value, found {shown(line)}")
            continue
        number, value = match.groups()
        seen[number] = seen.get(number, 0) + 1
        if number == "3" and value:
            for identifier in value.split("~"):
                complaint = check_identifier(Identifier(identifier))
                if complaint:
                    complaints.append(_of("PID-3", complaint))
    for number in ("7", "8"):
        if seen.get(number, 0) > 1:
            complaints.append(f"may have PID-{number} once, found {seen[number]} times")
    return tuple(complaints)
