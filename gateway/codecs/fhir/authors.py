"""Authors and recipients: XDS authors as contained resources, and resources as authors.

An author with nothing but a person is a Practitioner, one with nothing but one institution an
Organization; any other is a PractitionerRole. A PractitionerRole has room for one organization:
an author with several institutions becomes several roles, the second and further references
marked ``same-author``, and comes back as one author.

Source:
    IHE MHD 4.2.4: DocumentEntry mapping (author); IHE ITI TF-3: 4.2.3.1.4.
"""

from __future__ import annotations

import re
from typing import TypeVar

import orjson

from gateway.codecs.fhir.datatypes import is_code
from gateway.codecs.fhir.people import (
    read_organization,
    read_person,
    read_telecoms,
    write_organization,
    write_person,
    write_telecom,
)
from gateway.codecs.fhir.reader import Json, Reader, own, own_text, resource_type
from gateway.codecs.fhir.references import address
from gateway.codecs.fhir.vocabulary import EXTENSION
from gateway.model.datatypes import (
    OID,
    Author,
    Organization,
    Person,
    Recipient,
    Slot,
    Telecom,
    escape,
    unescape,
)
from gateway.model.naming import NamingSystems
from gateway.model.remembering import remembered

_CODED = re.compile(r"([^^&|~]+)\^([^^&|~]*)\^\^&([^^&|~]+)&ISO\Z")
_COMMON = re.compile(r"([^^&|~]+)\^([^^&|~]*)\^([^^&|~]+)\Z")

PERSONS = frozenset({"Practitioner", "Patient", "RelatedPerson", "Device"})
_T = TypeVar("_T")

SAME_AUTHOR = EXTENSION + "same-author"
SLOT = EXTENSION + "slot"


# --- Roles and specialties ---------------------------------------------------------------------


def write_coded_string(text: str, naming: NamingSystems) -> Json:
    """Write authorRole or authorSpecialty: plain text stays text, a coded string gets a coding.

    Besides the form of the standard (``code^^^&OID&ISO``), the older ``code^display^OID`` is
    understood; it keeps its letters in an extension.
    """
    match = _CODED.match(text) or _COMMON.match(text)
    if match is None:
        return {"text": text}
    code, display, scheme = (unescape(part) for part in match.groups())
    if not (is_code(code) and OID.match(scheme)):
        return {"text": text}
    coding: Json = {"system": naming.uri(scheme), "code": code}
    if display:
        coding["display"] = display
    concept: Json = {"coding": [coding]}
    if _coded_string(code, scheme) != text:
        concept["extension"] = [own("text", text)]
    return concept


def _coded_string(code: str, scheme: str) -> str:
    return f"{escape(code)}^^^&{escape(scheme)}&ISO" if scheme else code


def read_coded_string(reader: Reader, concept: Json, path: str) -> str | None:
    """Read a CodeableConcept as authorRole or authorSpecialty."""
    kept = own_text(concept, "text")
    if kept is not None and write_coded_string(kept, reader.naming) == concept:
        return kept
    for coding, place in reader.objects(concept, "coding", path):
        code = reader.text(coding, "code", place)
        if code:
            system = reader.text(coding, "system", place)
            return _coded_string(code, reader.naming.scheme(system) if system else "")
    return reader.text(concept, "text", path)


# --- Slots -------------------------------------------------------------------------------------


def write_slot(slot: Slot) -> Json:
    """Write a slot the standard does not name as an extension."""
    parts: list[Json] = [{"url": "name", "valueString": slot.name}]
    parts.extend({"url": "value", "valueString": value} for value in slot.values if value)
    return {"url": SLOT, "extension": parts}


def read_slots(element: Json) -> tuple[Slot, ...]:
    """Read the slots kept on an element."""
    extensions = element.get("extension")
    slots: list[Slot] = []
    for extension in extensions if type(extensions) is list else ():
        if type(extension) is not dict or extension.get("url") != SLOT:
            continue
        parts = extension.get("extension")
        name, values = "", []
        for part in parts if type(parts) is list else ():
            text = part.get("valueString") if type(part) is dict else None
            if type(text) is str and part.get("url") == "name":
                name = text
            elif type(text) is str and part.get("url") == "value":
                values.append(text)
        if name:
            slots.append(Slot(name, tuple(values)))
    return tuple(slots)


# --- Writing authors ---------------------------------------------------------------------------


def write_authors(
    authors: tuple[Author, ...], naming: NamingSystems, contained: list[Json]
) -> list[Json]:
    """Write authors into ``contained`` and give the references to them."""
    references: list[Json] = []
    for number, author in enumerate(authors, 1):
        resources, named = _write_author(author, f"author{number}", naming)
        contained.extend(resources)
        references.extend(named)
    return references


@remembered(1024)
def _write_author(
    author: Author, name: str, naming: NamingSystems
) -> tuple[tuple[Json, ...], tuple[Json, ...]]:
    """Give the resources of an author and the references to them.

    Few authors write most documents, so both are kept; they are not to be changed.
    """
    contained: list[Json] = []
    references = _write_roles(author, name, naming, contained)
    if author.extra:
        references[0]["extension"] = [write_slot(slot) for slot in author.extra]
    return tuple(contained), tuple(references)


def _write_roles(
    author: Author, name: str, naming: NamingSystems, contained: list[Json]
) -> list[Json]:
    telecoms = [write_telecom(t) for t in author.telecommunication if t.text]
    person, institutions = author.person, author.institution
    if not author.role and not author.specialty:
        only: Json | None = None
        if not institutions and (person is not None or telecoms):
            only = {
                "resourceType": "Practitioner",
                "id": name,
                **(write_person(person, naming) if person is not None else {}),
            }
        elif person is None and len(institutions) == 1:
            only = {
                "resourceType": "Organization",
                "id": name,
                **write_organization(institutions[0], naming),
            }
        if only is not None:
            if telecoms:
                only["telecom"] = telecoms
            contained.append(only)
            return [{"reference": "#" + name}]

    role: Json = {"resourceType": "PractitionerRole"}
    if person is not None:
        who = f"{name}-person"
        contained.append(
            {"resourceType": "Practitioner", "id": who, **write_person(person, naming)}
        )
        role["practitioner"] = {"reference": "#" + who}
    if author.role:
        role["code"] = [write_coded_string(text, naming) for text in author.role if text]
    if author.specialty:
        role["specialty"] = [write_coded_string(text, naming) for text in author.specialty if text]
    if telecoms:
        role["telecom"] = telecoms
    references: list[Json] = []
    for number, institution in enumerate(institutions or (None,), 1):
        this = {**role, "id": name if number == 1 else f"{name}-{number}"}
        if institution is not None:
            where = f"{name}-organization{number}"
            contained.append(
                {
                    "resourceType": "Organization",
                    "id": where,
                    **write_organization(institution, naming),
                }
            )
            this["organization"] = {"reference": "#" + where}
        contained.append(this)
        reference: Json = {"reference": "#" + this["id"]}
        if number > 1:
            reference["extension"] = [{"url": SAME_AUTHOR, "valueBoolean": True}]
        references.append(reference)
    return references


# --- Reading authors ---------------------------------------------------------------------------

Contained = dict[str, tuple[Json, str]]
"""The contained resources of a resource, by id, each with its path."""


def read_contained(reader: Reader, resource: Json, path: str) -> Contained:
    """Index the contained resources of a resource."""
    found: Contained = {}
    for inner, place in reader.objects(resource, "contained", path):
        name = reader.text(inner, "id", place)
        if name is None:
            reader.note("contained-id", place, "a contained resource needs an id")
        elif name in found:
            reader.note("contained-id", place, f"two contained resources have the id {name[:64]!r}")
        else:
            found[name] = (inner, place)
    return found


def read_authors(
    reader: Reader, references: list[tuple[Json, str]], contained: Contained
) -> tuple[Author, ...]:
    """Read the resources that references to authors name; roles of one author become one.

    Roles belong to one author when the reference says so, or when they name one practitioner.
    """
    written = _contained_only(references, contained)
    if written is not None:
        # Few authors write most documents, and in the same words.
        known = _known_authors(written, reader.naming)
        if known is not None:
            return known
    return _read_authors(reader, references, contained)


def _contained_only(references: list[tuple[Json, str]], contained: Contained) -> bytes | None:
    """Give references and what they lead to as octets; ``None`` when one leads elsewhere."""
    if not references:
        return None
    told = []
    for reference, _ in references:
        name = reference.get("reference")
        if type(name) is not str or not name.startswith("#"):
            return None
        told.append(reference)
    people = {}
    for name, (resource, _) in contained.items():
        if resource.get("resourceType") != "Patient":
            people[name] = resource
    try:
        written = orjson.dumps([told, people])
    except TypeError:
        return None
    return written if len(written) <= _LONGEST_KEPT else None


_LONGEST_KEPT = 8192


@remembered(512)
def _known_authors(written: bytes, naming: NamingSystems) -> tuple[Author, ...] | None:
    """Read authors from octets; ``None`` when anything about them is worth a word."""
    references, people = orjson.loads(written)
    reader = Reader(naming)
    contained = {name: (resource, "") for name, resource in people.items()}
    authors = _read_authors(reader, [(reference, "") for reference in references], contained)
    return None if reader.findings else authors


def _read_authors(
    reader: Reader, references: list[tuple[Json, str]], contained: Contained
) -> tuple[Author, ...]:
    authors: list[Author] = []
    before: str | None = None
    for reference, place in references:
        read = read_author(reader, reference, place, contained)
        if read is None:
            continue
        author, who = read
        if authors and (_is_continued(reference) or (who is not None and who == before)):
            authors[-1] = _joined(authors[-1], author)
        else:
            authors.append(author)
        before = who
    return tuple(authors)


def _is_continued(reference: Json) -> bool:
    extensions = reference.get("extension")
    return type(extensions) is list and any(
        type(e) is dict and e.get("url") == SAME_AUTHOR and e.get("valueBoolean") is True
        for e in extensions
    )


def _union(a: tuple[_T, ...], b: tuple[_T, ...]) -> tuple[_T, ...]:
    return a + tuple(x for x in b if x not in a)


def _joined(first: Author, second: Author) -> Author:
    return Author(
        person=first.person or second.person,
        institution=first.institution + second.institution,
        role=_union(first.role, second.role),
        specialty=_union(first.specialty, second.specialty),
        telecommunication=_union(first.telecommunication, second.telecommunication),
        extra=first.extra + second.extra,
    )


def read_author(
    reader: Reader, reference: Json, path: str, contained: Contained
) -> tuple[Author, str | None] | None:
    """Read the author a reference names.

    Returns:
        The author, and what identifies the practitioner of a role; ``None`` when there is no
        author to be read, which has been reported.
    """
    extra = read_slots(reference)
    found = _resolved(reader, reference, path, contained)
    if found is None:
        return None
    resource, place = found
    kind = resource_type(resource)
    telecoms = read_telecoms(reader, resource, place)
    if kind in PERSONS:
        person = read_person(reader, resource, place)
        return Author(person=person, telecommunication=telecoms, extra=extra), None
    if kind == "Organization":
        organization = read_organization(reader, resource, place)
        return Author(
            institution=(organization,) if organization else (),
            telecommunication=telecoms,
            extra=extra,
        ), None
    if kind != "PractitionerRole":
        reader.note("reference-type", path, f"an author cannot be a {str(kind)[:40]}")
        return None
    person = None
    who = None
    practitioner = reader.object(resource, "practitioner", place)
    if practitioner is not None:
        who = reader.text(practitioner, "reference", f"{place}.practitioner")
        person, more = _person(reader, practitioner, f"{place}.practitioner", contained)
        telecoms = _union(telecoms, more)
    elif "identifier" in resource:
        # Some directories number the role alone; whose role it is, its number says.
        person = read_person(reader, _numbered(resource), place)
    organization = _organization(reader, resource, "organization", place, contained)
    coded = {
        name: tuple(
            text
            for concept, where in reader.objects(resource, name, place)
            if (text := read_coded_string(reader, concept, where))
        )
        for name in ("code", "specialty")
    }
    author = Author(
        person=person,
        institution=(organization,) if organization else (),
        role=coded["code"],
        specialty=coded["specialty"],
        telecommunication=telecoms,
        extra=extra,
    )
    return author, who


def _numbered(role: Json) -> Json:
    """Give the practitioner a role stands for that names its practitioner by number only."""
    return {"resourceType": "Practitioner", "identifier": role["identifier"]}


def _resolved(
    reader: Reader, reference: Json, path: str, contained: Contained
) -> tuple[Json, str] | None:
    """Give the resource a reference names: of the message, or what the reference says of it."""
    text = reader.text(reference, "reference", path)
    found = reader.resolve(text, contained) if text is not None else None
    return _told(reader, reference, text or "", path) if found is None else found


def _told(reader: Reader, reference: Json, text: str, path: str) -> tuple[Json, str] | None:
    """Make a resource of a reference that leads out of the message.

    Its identifier and display say who is meant. Without either the address does: a resource
    elsewhere is named by where all of its type are, and by its id.

    Source:
        IHE MHD 4.2.4: 1:33.2.3 (UnContained Reference option).
    """
    outside = address(text, reader.base_url) if reader.base_url else None
    kind = reference.get("type") or (outside[0] if outside else "")
    is_organization = kind == "Organization"
    told: Json = {"resourceType": "Organization" if is_organization else "Practitioner"}
    if "identifier" in reference:
        told["identifier"] = [reference["identifier"]]
    if "display" in reference:
        display = reference["display"]
        told["name"] = display if is_organization else [{"family": display}]
    if len(told) > 1:
        return told, path
    if not text:
        return None
    if outside is None or kind not in _OUTSIDE:
        reader.note(
            "reference-unresolved",
            f"{path}.reference",
            f"{text[:128]!r} is not in this message: contain the resource or add it as an entry",
        )
        return None
    _, system, value = outside
    reader.lost(
        f"{path}.reference",
        f"{text[:128]!r} is kept by its address; who it is, XDS consumers cannot see",
    )
    told["identifier"] = [{"system": system, "value": value}]
    if is_organization:
        told["name"] = f"{kind}/{value}"
    return told, path


_OUTSIDE = PERSONS | {"Organization", "PractitionerRole"}


def _person(
    reader: Reader, reference: Json, path: str, contained: Contained
) -> tuple[Person | None, tuple[Telecom, ...]]:
    found = _resolved(reader, reference, path, contained)
    if found is None:
        return None, ()
    return read_person(reader, *found), read_telecoms(reader, *found)


def _organization(
    reader: Reader, parent: Json, name: str, path: str, contained: Contained
) -> Organization | None:
    reference = reader.object(parent, name, path)
    if reference is None:
        return None
    # What is referred to as the organization is one, whatever the reference leaves unsaid.
    found = _resolved(reader, {"type": "Organization", **reference}, f"{path}.{name}", contained)
    return None if found is None else read_organization(reader, *found)


def read_authenticator(
    reader: Reader, parent: Json, name: str, path: str, contained: Contained
) -> Person | None:
    """Read the person a reference names; an organisation cannot be a legalAuthenticator."""
    reference = reader.object(parent, name, path)
    if reference is None:
        return None
    place = f"{path}.{name}"
    found = _resolved(reader, reference, place, contained)
    if found is None:
        return None
    resource, where = found
    kind = resource_type(resource)
    if kind in PERSONS:
        return read_person(reader, resource, where)
    if kind == "PractitionerRole":
        practitioner = reader.object(resource, "practitioner", where)
        if practitioner is not None:
            return _person(reader, practitioner, f"{where}.practitioner", contained)[0]
        if "identifier" in resource:
            return read_person(reader, _numbered(resource), where)
    reader.lost(place, "legalAuthenticator is a person; the organization is left out")
    return None


# --- intendedRecipient -------------------------------------------------------------------------


def write_recipient(
    recipient: Recipient, name: str, naming: NamingSystems, contained: list[Json]
) -> Json:
    """Write a recipient into ``contained`` and give the reference to it."""
    author = Author(
        person=recipient.person,
        institution=(recipient.organization,) if recipient.organization else (),
        telecommunication=(recipient.telecom,) if recipient.telecom else (),
    )
    resources, references = _write_author(author, name, naming)
    contained.extend(resources)
    return references[0]


def read_recipient(
    reader: Reader, reference: Json, path: str, contained: Contained
) -> Recipient | None:
    """Read the resource a reference names as an intendedRecipient."""
    read = read_author(reader, reference, path, contained)
    if read is None:
        return None
    author = read[0]
    if len(author.telecommunication) > 1:
        reader.lost(path, "XDS carries one telecom of a recipient; the first one is kept")
    return Recipient(
        author.institution[0] if author.institution else None,
        author.person,
        author.telecommunication[0] if author.telecommunication else None,
    )
