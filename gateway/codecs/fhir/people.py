"""Persons, organisations and their telecoms: XCN, XON, XTN as FHIR elements and back."""

from __future__ import annotations

import orjson

from gateway.codecs.fhir.identifiers import cx_text
from gateway.codecs.fhir.reader import Json, Reader, own, own_text
from gateway.codecs.fhir.vocabulary import OID_URN, URI_SYSTEM
from gateway.model.datatypes import OID, Organization, Person, Telecom, escape
from gateway.model.naming import NamingSystems
from gateway.model.remembering import remembered

# --- XTN ---------------------------------------------------------------------------------------

_USES = {"WPN": "work", "PRN": "home", "ORN": "temp", "PRS": "home"}
_USE_CODES = {"work": "WPN", "home": "PRN", "temp": "ORN"}
_EQUIPMENT = {"PH": "phone", "CP": "phone", "FX": "fax", "BP": "pager", "SAT": "phone"}
_EQUIPMENT_CODES = {"phone": "PH", "fax": "FX", "pager": "BP", "sms": "CP"}


@remembered(1024)
def _natural_telecom(text: str) -> tuple[tuple[tuple[str, str], ...], bool]:
    telecom = Telecom(text)
    if telecom.equipment.lower() in ("internet", "x.400") or telecom.address:
        point = {"system": "email", "value": telecom.address}
    else:
        point = {
            "system": _EQUIPMENT.get(telecom.equipment, "phone"),
            "value": telecom.number,
            "use": "mobile" if telecom.equipment == "CP" else _USES.get(telecom.use, ""),
        }
    point = {k: v for k, v in point.items() if v}
    return tuple(point.items()), _telecom_text(point) == text


def _telecom_text(point: dict[str, str]) -> str:
    value, use = point.get("value", ""), point.get("use", "")
    if point.get("system") == "email":
        return Telecom.email(value).text
    equipment = _EQUIPMENT_CODES.get(point.get("system", "phone"), "PH")
    if use == "mobile":
        equipment = "CP"
    parts = ["", _USE_CODES.get(use, ""), equipment, *[""] * 8, escape(value)]
    return "^".join(parts)


def write_telecom(telecom: Telecom) -> Json:
    """Write an XTN as a ContactPoint."""
    point, exact = _natural_telecom(telecom.text)
    written: Json = dict(point)
    if not exact:
        written["extension"] = [own("text", telecom.text)]
    return written


def read_telecom(reader: Reader, point: Json, path: str) -> Telecom | None:
    """Read a ContactPoint as an XTN."""
    kept = own_text(point, "text")
    if kept is not None and write_telecom(Telecom(kept)) == point:
        return Telecom(kept)
    value = reader.text(point, "value", path)
    if value is None:
        return None
    system = reader.text(point, "system", path) or "phone"
    if system not in _EQUIPMENT_CODES and system != "email":
        reader.lost(path, f"XDS carries telephone numbers and mail addresses, not {system[:20]!r}")
        return None
    use = reader.text(point, "use", path) or ""
    return Telecom(_telecom_text({"system": system, "value": value, "use": use}))


def read_telecoms(reader: Reader, parent: Json, path: str) -> tuple[Telecom, ...]:
    """Read the ContactPoints of a resource."""
    read = (read_telecom(reader, *item) for item in reader.objects(parent, "telecom", path))
    return tuple(telecom for telecom in read if telecom is not None)


# --- XCN ---------------------------------------------------------------------------------------


def write_name(family: str, given: str, middle: str, suffix: str, prefix: str) -> Json:
    """Write the components of a name as a HumanName.

    Further given names stand in one component of XCN, separated by spaces.
    """
    name: Json = {}
    if family:
        name["family"] = family
    names = [part for part in (given, *middle.split(" ")) if part]
    if names:
        name["given"] = names
    if prefix:
        name["prefix"] = [prefix]
    if suffix:
        name["suffix"] = [suffix]
    return name


def read_name(reader: Reader, parent: Json, path: str) -> dict[str, str]:
    """Read the name to be used: the official or usual one, else the first.

    Returns:
        ``family``, ``given``, ``middle``, ``suffix``, ``prefix``; those that are there.
    """
    names = list(reader.objects(parent, "name", path))
    if not names:
        return {}
    if len(names) == 1:
        return read_human_name(reader, *names[0])
    ranks = {"official": 0, "usual": 1}
    return read_human_name(reader, *min(names, key=lambda n: ranks.get(str(n[0].get("use")), 2)))


def read_human_name(reader: Reader, name: Json, path: str) -> dict[str, str]:
    """Read one HumanName; gives the same as :func:`read_name`."""
    parts: dict[str, str] = {}
    family = reader.text(name, "family", path)
    if family:
        parts["family"] = family
    given = list(reader.texts(name, "given", path))
    if given:
        parts["given"] = given[0]
        if len(given) > 1:
            parts["middle"] = " ".join(given[1:])
    for component in ("suffix", "prefix"):
        texts = " ".join(reader.texts(name, component, path))
        if texts:
            parts[component] = texts
    text = reader.text(name, "text", path)
    if not parts and text:
        # A name in one piece goes where XDS puts the name of a software: into the family name.
        parts["family"] = text
    return parts


@remembered(4096)
def _natural_person(text: str) -> tuple[str, str, Json, bool]:
    """Give identifier, authority, the members that need no naming, and whether they say it all.

    Few authors write most documents, so the members are kept; they are not to be changed.
    """
    p = Person(text)
    members: Json = {}
    name = write_name(p.family, p.given, p.middle, p.suffix, p.prefix)
    if name:
        members["name"] = [name]
    if p.degree:
        members["qualification"] = [{"code": {"text": p.degree}}]
    return p.identifier, p.authority, members, _person_text(p) == text


def _person_text(p: Person) -> str:
    """What the natural form of a person would be read as."""
    given = [part for part in (p.given, *p.middle.split(" ")) if part]
    return _xcn(
        identifier=p.identifier,
        authority=p.authority,
        family=p.family,
        given=given[0] if given else "",
        middle=" ".join(given[1:]),
        suffix=p.suffix,
        prefix=p.prefix,
        degree=p.degree,
    )


def _xcn(identifier: str = "", authority: str = "", **names: str) -> str:
    """Give the XCN text; an authority that is no OID is declared as a URI."""
    text = Person.of(identifier, **names).text
    if not (identifier and authority):
        return text
    given = cx_text("", authority).removeprefix("^^^")
    return text + "^" * (8 - text.count("^")) + given


def write_person(person: Person, naming: NamingSystems) -> Json:
    """Write an XCN as the members of a Practitioner, without type and id."""
    identifier, authority, members, exact = _natural_person(person.text)
    written: Json = {}
    if not exact:
        written["extension"] = [own("text", person.text)]
    if identifier:
        written["identifier"] = [
            {"system": naming.uri(authority), "value": identifier}
            if authority
            else {"value": identifier}
        ]
    written.update(members)
    return written


_PERSON = ("extension", "identifier", "name", "qualification")
_LONGEST_KEPT = 2048


def read_person(reader: Reader, resource: Json, path: str) -> Person | None:
    """Read a Practitioner, Patient, RelatedPerson or Device as an XCN."""
    try:
        written = orjson.dumps(resource)
    except TypeError:
        written = b""
    if 0 < len(written) <= _LONGEST_KEPT:
        # Few people sign most documents, and in the same words.
        flawless, person = _known_person(written, reader.naming)
        if flawless:
            return person
    return _read_person(reader, resource, path)


@remembered(512)
def _known_person(written: bytes, naming: NamingSystems) -> tuple[bool, Person | None]:
    """Read a person from octets, and tell whether nothing about it is worth a word."""
    reader = Reader(naming)
    person = _read_person(reader, orjson.loads(written), "")
    return not reader.findings, person


def _read_person(reader: Reader, resource: Json, path: str) -> Person | None:
    kept = own_text(resource, "text")
    if kept is not None:
        candidate = Person(kept)
        found = {name: resource[name] for name in _PERSON if name in resource}
        if write_person(candidate, reader.naming) == found:
            return candidate
    parts = read_name(reader, resource, path)
    if resource.get("resourceType") == "Device":
        for device_name, place in reader.objects(resource, "deviceName", path):
            name = reader.text(device_name, "name", place)
            if name:
                parts = {"family": name}
                break
    for identifier, place in reader.objects(resource, "identifier", path):
        value = reader.text(identifier, "value", place)
        if value:
            system = reader.text(identifier, "system", place)
            parts["identifier"] = value
            parts["authority"] = reader.naming.scheme(system) if system else ""
            break
    for qualification, place in reader.objects(resource, "qualification", path):
        concept = reader.object(qualification, "code", place)
        degree = reader.text(concept, "text", f"{place}.code") if concept else None
        if degree:
            parts["degree"] = degree
            break
    return Person(_xcn(**parts)) if parts else None


# --- XON ---------------------------------------------------------------------------------------


def _xon(name: str, identifier: str, authority: str) -> str:
    if authority and not OID.match(authority):
        given = cx_text("", authority).removeprefix("^^^")
        return f"{escape(name)}^^^^^{given}^^^^{escape(identifier)}"
    return Organization.of(name, identifier, authority).text


@remembered(1024)
def _exact_organization(text: str) -> bool:
    xon = Organization(text)
    if not xon.identifier and xon.authority:
        return False
    return _xon(xon.name, xon.identifier, xon.authority) == text


def write_organization(organization: Organization, naming: NamingSystems) -> Json:
    """Write an XON as the members of an Organization, without type and id."""
    written: Json = {}
    if not _exact_organization(organization.text):
        written["extension"] = [own("text", organization.text)]
    identifier, authority = organization.identifier, organization.authority
    if identifier:
        if authority:
            written["identifier"] = [{"system": naming.uri(authority), "value": identifier}]
        elif OID.match(identifier):
            written["identifier"] = [{"system": URI_SYSTEM, "value": OID_URN + identifier}]
        else:
            written["identifier"] = [{"value": identifier}]
    if organization.name:
        written["name"] = organization.name
    return written


_ORGANIZATION = ("extension", "identifier", "name")


def read_organization(reader: Reader, resource: Json, path: str) -> Organization | None:
    """Read an Organization as an XON."""
    kept = own_text(resource, "text")
    if kept is not None:
        candidate = Organization(kept)
        found = {name: resource[name] for name in _ORGANIZATION if name in resource}
        if write_organization(candidate, reader.naming) == found:
            return candidate
    name = reader.text(resource, "name", path) or ""
    for identifier, place in reader.objects(resource, "identifier", path):
        value = reader.text(identifier, "value", place)
        if not value:
            continue
        system = reader.text(identifier, "system", place)
        if system == URI_SYSTEM:
            oid = value.removeprefix(OID_URN)
            return Organization(_xon(name, oid if OID.match(oid) else value, ""))
        return Organization(_xon(name, value, reader.naming.scheme(system) if system else ""))
    return Organization(_xon(name, "", "")) if name else None
