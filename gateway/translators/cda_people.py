"""The people of a CDA header as XDS metadata writes them: XCN, XON, authors, PID lines."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.codecs.cda.values import (
    Address,
    InstanceIdentifier,
    Name,
    Participant,
    PatientRole,
    Telecommunication,
)
from gateway.codecs.cda.values import Organization as CdaOrganization
from gateway.model.datatypes import (
    Author,
    Code,
    Identifier,
    Organization,
    Person,
    Telecom,
    escape,
)
from gateway.profile import Profile

# HL7 v2 table 0190 by the uses of HL7 V3 AD; a use without a counterpart is left out.
_ADDRESS_TYPE = {"H": "H", "HP": "H", "WP": "B", "TMP": "C", "BAD": "BA"}
# HL7 v2 table 0001 by HL7 V3 AdministrativeGender.
_SEX = {"M": "M", "F": "F", "UN": "U"}


def patient_identifiers(
    patient: PatientRole, profile: Profile
) -> tuple[Identifier | None, Identifier | None]:
    """The identifier of the record and the one the source uses itself.

    The same one is both where the document gives no other.
    """
    if not patient.identifiers:
        return None, None
    rules = profile.metadata_from_cda
    record = next(
        (one for one in patient.identifiers if one.root in rules.record_authorities),
        None if rules.record_authorities else patient.identifiers[0],
    )
    patient_id = identifier(record, profile) if record else None
    local = next(
        (
            one
            for one in patient.identifiers
            if one is not record and one.root not in rules.record_authorities
        ),
        None,
    )
    if local is None:
        return patient_id, patient_id
    type_code = profile.identifier_type(local.root, local.extension) or rules.source_patient_id_type
    return patient_id, Identifier.of(local.extension, local.root, type_code)


def identifier(one: InstanceIdentifier, profile: Profile) -> Identifier:
    """A CX; a root without extension names itself, so it becomes the value."""
    if not one.extension:
        return Identifier.of(one.root)
    return Identifier.of(one.extension, one.root, profile.identifier_type(one.root, one.extension))


def person(participant: Participant, profile: Profile) -> Person | None:
    """The XCN of a person or device; ``None`` when it has neither a number nor a name."""
    rules = profile.metadata_from_cda
    number = participant.identifiers[0] if participant.identifiers else None
    family = given = middle = prefix = suffix = ""
    name_type = rules.person_name_type
    number_type = ""
    if participant.device:
        # A software's name goes where the family name goes (IHE ITI TF-3: 4.2.3.1.7, XCN).
        device = participant.device
        family = device.software_name or device.manufacturer_model_name
        given = device.manufacturer_model_name if device.software_name else ""
        name_type, number_type = rules.device_name_type, rules.device_identifier_type
    elif participant.name:
        name = participant.name
        family = " ".join(name.all("family")) or ("" if name.all("given") else name.text)
        given, *more = name.all("given") or ("",)
        middle = " ".join(more)
        if rules.person_titles:
            prefix, suffix = " ".join(name.all("prefix")), " ".join(name.all("suffix"))
    if not (number or family):
        return None
    authority = value = ""
    if number:
        value, authority = (
            (number.extension, number.root) if number.extension else (number.root, "")
        )
        number_type = number_type or profile.identifier_type(authority, value)
    text = Person.of(
        value,
        family,
        given,
        middle=middle,
        suffix=suffix,
        prefix=prefix,
        authority=authority,
    ).text
    return Person(_with_components(text, {10: name_type, 13: number_type if value else ""}))


def organization(one: CdaOrganization, profile: Profile) -> Organization | None:
    """The XON of an organisation; ``None`` when it has no name, which XON requires."""
    if not one.name:
        return None
    number = next((number for number in one.identifiers), None)
    if number is None:
        return Organization.of(one.name)
    if not number.extension:
        return Organization.of(one.name, number.root)
    text = Organization.of(one.name, number.extension, number.root).text
    type_code = profile.identifier_type(number.root, number.extension)
    return Organization(_with_components(text, {7: type_code}))


def author(participant: Participant, profile: Profile) -> Author | None:
    """An author with everything known; ``None`` when nothing names him, her or it."""
    rules = profile.metadata_from_cda
    who = person(participant, profile)
    where = organization(participant.organization, profile) if participant.organization else None
    telecoms = tuple(telecoms_of(participant.telecoms)) if rules.author_telecommunication else ()
    if not (who or where or telecoms):
        return None
    return Author(
        person=who,
        institution=(where,) if where else (),
        role=_coded_text("author_role", participant.function_code, rules.role_form, profile),
        specialty=_coded_text("author_specialty", participant.code, rules.specialty_form, profile),
        telecommunication=telecoms,
    )


def _coded_text(attribute: str, code: Code | None, form: str, profile: Profile) -> tuple[str, ...]:
    """A code in one of the forms a profile may name; ``()`` when there is nothing to write."""
    if code is None:
        return ()
    code = profile.with_display(attribute, code)
    if form == "display":
        return (code.display or code.code,)
    if form == "code-display-system":
        return ("^".join(escape(part) for part in (code.code, code.display or "", code.scheme)),)
    return (Identifier.of(code.code, code.scheme).text,)


def _with_components(text: str, components: dict[int, str]) -> str:
    """A field with further components set, numbered from 1."""
    parts = text.split("^")
    for number, value in components.items():
        if value:
            parts += [""] * (number - len(parts))
            parts[number - 1] = escape(value)
    return "^".join(parts)


def telecoms_of(telecoms: tuple[Telecommunication, ...], use: str = "") -> Iterator[Telecom]:
    """XTN of what is a telephone number or a mail address; other URLs have no XTN form."""
    for one in telecoms:
        scheme, _, rest = one.value.partition(":")
        if scheme == "mailto" and rest:
            yield Telecom.email(rest)
        elif scheme in ("tel", "fax") and rest:
            yield Telecom.phone(rest, use or ("WPN" if "WP" in one.use.split() else "PRN"))


def source_patient_info(patient: PatientRole, source_id: Identifier | None) -> Iterator[str]:
    """The PID lines of sourcePatientInfo: a snapshot of what the source knew.

    Source:
        IHE ITI TF-3: 4.2.3.2.23 (revision 17); HL7 v2.5 tables 0001, 0190, 0200.
    """
    if source_id:
        yield f"PID-3|{source_id.text}"
    for name in patient.names:
        yield from (f"PID-5|{text}" for text in _patient_names(name))
    if patient.birth_time:
        yield f"PID-7|{patient.birth_time[:8]}"
    if patient.administrative_gender_code:
        yield f"PID-8|{_SEX.get(patient.administrative_gender_code.code, 'U')}"
    for address in patient.addresses:
        text = _address(address)
        if text:
            yield f"PID-11|{text}"
    birthplace = patient.birthplace
    if birthplace and (birthplace.city or birthplace.county):
        yield f"PID-11|{_address(birthplace, 'BDL')}"
    at_work = tuple(one for one in patient.telecoms if "WP" in one.use.split())
    elsewhere = tuple(one for one in patient.telecoms if one not in at_work)
    yield from (f"PID-13|{one.text}" for one in telecoms_of(elsewhere, "PRN"))
    yield from (f"PID-14|{one.text}" for one in telecoms_of(at_work, "WPN"))
    if patient.marital_status_code:
        yield f"PID-16|{escape(patient.marital_status_code.code)}"


def _patient_names(name: Name) -> Iterator[str]:
    """XPN texts: the name given at birth or the only one (``L``), then the one in use (``D``).

    Where a given name is marked as the first one of birth, the unmarked given names are the whole
    list of them, and the list stands in XPN.3.
    """
    families = name.all("family", "BR") or name.all("family", "")
    first = name.all("given", "BR")
    unmarked = name.all("given", "")
    if first:
        given, more = first[0], " ".join(unmarked or first)
    elif unmarked:
        given, more = unmarked[0], " ".join(unmarked[1:])
    else:
        given = more = ""
    if families or given:
        yield _xpn(" ".join(families), given, more, "L")
    elif name.text and not (name.all("family", "CL") or name.all("given", "CL")):
        yield _xpn(name.text, "", "", "L")
    used_family, used_given = name.all("family", "CL"), name.all("given", "CL")
    if used_family or used_given:
        yield _xpn(" ".join(used_family or families), " ".join(used_given) or given, "", "D")


def _xpn(family: str, given: str, more: str, kind: str) -> str:
    return "^".join((escape(family), escape(given), escape(more), "", "", "", kind))


def _address(address: Address, kind: str = "") -> str:
    street = " ".join(filter(None, (address.house_number, address.street_name)))
    lines = [line for line in (street, *address.lines) if line]
    other = " ".join(filter(None, (*lines[1:], address.unit)))
    kind = kind or next(
        (_ADDRESS_TYPE[use] for use in address.use.split() if use in _ADDRESS_TYPE), ""
    )
    parts = (
        lines[0] if lines else "",
        other,
        address.city,
        address.state,
        address.postal_code,
        address.country,
        kind,
        "",
        address.county,
    )
    return "^".join(escape(part) for part in parts).rstrip("^")
