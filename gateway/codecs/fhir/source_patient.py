"""sourcePatientId and sourcePatientInfo: the patient as the source knew it, in PID fields.

The contained Patient shows what FHIR has elements for; whenever reading it back would not give
the very lines that were sent, the lines travel along in an extension.

Source:
    IHE ITI TF-3: Table 4.2.3.2-1 and 4.2.3.2.22 to 23 (revision 17); IHE MHD 4.2.4.
"""

from __future__ import annotations

from gateway.codecs.fhir.datatypes import read_date_time, write_date_time
from gateway.codecs.fhir.identifiers import read_identifier, write_identifier
from gateway.codecs.fhir.people import read_human_name, write_name
from gateway.codecs.fhir.reader import Json, Reader, own, own_text, own_texts
from gateway.model.datatypes import Identifier, escape, unescape
from gateway.model.naming import NamingSystems
from gateway.model.remembering import remembered

GENDERS = {"F": "female", "M": "male", "O": "other", "U": "unknown", "A": "other", "N": "unknown"}
SEXES = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
"""HL7 v2 table 0001 and FHIR administrative-gender; A and N have no FHIR code of their own."""

SourcePatient = tuple[Identifier | None, tuple[str, ...]]

CONTAINED_ID = "source-patient"


@remembered(1024)
def write_source_patient(
    identifier: Identifier | None, info: tuple[str, ...], naming: NamingSystems
) -> Json:
    """Write the patient of the source as a Patient resource to be contained.

    A patient's documents come together; what was written is kept, and not to be changed.
    """
    patient: Json = {"resourceType": "Patient", "id": CONTAINED_ID}
    identifiers = [identifier] if identifier is not None and identifier.text else []
    names: list[tuple[Json, str]] = []
    addresses: list[tuple[Json, str]] = []
    birth_date = gender = ""
    for line in info:
        field, _, text = line.partition("|")
        if not text:
            continue
        if field == "PID-3":
            identifiers.extend(
                Identifier(cx)
                for cx in text.split("~")
                if cx and not (identifier is not None and cx == identifier.text)
            )
        elif field == "PID-5":
            names.extend(found for xpn in text.split("~") if (found := _write_xpn(xpn))[0])
        elif field == "PID-7":
            birth_date = text[: len("YYYYMMDD")]
        elif field == "PID-8" and text in GENDERS:
            gender = GENDERS[text]
        elif field == "PID-11":
            addresses.extend(found for xad in text.split("~") if (found := _write_xad(xad))[0])
    if identifiers:
        patient["identifier"] = [write_identifier(i, naming) for i in identifiers]
    if names:
        patient["name"] = [name for name, _ in names]
    day = write_date_time(birth_date)[0]
    if day is not None:
        patient["birthDate"] = day
    if gender:
        patient["gender"] = gender
    if addresses:
        patient["address"] = [address for address, _ in addresses]
    natural = _lines(
        identifiers,
        [xpn for _, xpn in names],
        birth_date if day is not None else "",
        SEXES.get(gender, ""),
        [xad for _, xad in addresses],
    )
    if natural != info or identifier != (identifiers[0] if identifiers else None):
        kept = [own("source-patient-id", identifier.text)] if identifier else []
        kept.extend(own("source-patient-info", line) for line in info if line)
        patient["extension"] = kept
    return patient


def _lines(
    identifiers: list[Identifier],
    names: list[str],
    birth_date: str,
    sex: str,
    addresses: list[str],
) -> tuple[str, ...]:
    """Give sourcePatientInfo as a source would write what the resource shows."""
    lines: list[str] = []
    if names:
        lines.append("PID-5|" + "~".join(names))
    if birth_date:
        lines.append("PID-7|" + birth_date)
    if sex:
        lines.append("PID-8|" + sex)
    if addresses:
        lines.append("PID-11|" + "~".join(addresses))
    if lines or len(identifiers) > 1:
        # Sources that describe the patient at all repeat sourcePatientId as PID-3.
        lines[:0] = [f"PID-3|{identifier.text}" for identifier in identifiers]
    return tuple(lines)


def read_source_patient(reader: Reader, patient: Json, path: str) -> SourcePatient:
    """Read a Patient resource as sourcePatientId and sourcePatientInfo."""
    kept = own_text(patient, "source-patient-id")
    lines = tuple(own_texts(patient, "source-patient-info"))
    if kept is not None or lines:
        identifier = Identifier(kept) if kept is not None else None
        written = write_source_patient(identifier, lines, reader.naming)
        if _members(written) == _members(patient):
            return identifier, lines
    return _read_patient(reader, patient, path)


def _members(patient: Json) -> Json:
    return {k: v for k, v in patient.items() if k not in ("id", "meta", "text")}


def _read_patient(reader: Reader, patient: Json, path: str) -> SourcePatient:
    identifiers = [
        identifier
        for item in reader.objects(patient, "identifier", path)
        if (identifier := read_identifier(reader, *item)) is not None
    ]
    names = [
        xpn
        for name, place in reader.objects(patient, "name", path)
        if (xpn := _read_xpn(reader, name, place))
    ]
    birth_date = ""
    text = reader.text(patient, "birthDate", path)
    if text is not None:
        read = read_date_time(text)
        if read is None or len(read[0]) > len("YYYYMMDD"):
            reader.note("date-time", f"{path}.birthDate", f"{text[:40]!r} is no FHIR date")
        else:
            birth_date = read[0]
    gender = reader.text(patient, "gender", path)
    if gender is not None and gender not in SEXES:
        reader.note("gender", f"{path}.gender", "expected male, female, other or unknown")
    addresses = [
        xad
        for address, place in reader.objects(patient, "address", path)
        if (xad := _read_xad(reader, address, place))
    ]
    return (identifiers[0] if identifiers else None), _lines(
        identifiers, names, birth_date, SEXES.get(gender or "", ""), addresses
    )


# --- XPN and XAD -------------------------------------------------------------------------------

# HL7 table 0200; codes without a FHIR use of their own stay in the kept line.
_NAME_USES = {"L": "official", "D": "usual", "B": "old", "M": "maiden", "N": "nickname"}
_NAME_TYPES = {
    "official": "L",
    "usual": "D",
    "old": "B",
    "maiden": "M",
    "nickname": "N",
}
_ADDRESS_USES = {"H": "home", "O": "work", "C": "temp", "BA": "old"}
_ADDRESS_TYPES = {use: code for code, use in _ADDRESS_USES.items()}


def _component(parts: list[str], number: int) -> str:
    return unescape(parts[number - 1].partition("&")[0]) if number <= len(parts) else ""


_SILENT = Reader(NamingSystems())
"""For names and addresses we wrote ourselves, in which nothing can be wrong."""


@remembered(4096)
def _write_xpn(xpn: str) -> tuple[Json, str]:
    """Give a name as HumanName, not to be changed, and as it would be read back."""
    parts = xpn.split("^")
    family, given, middle, suffix, prefix = (_component(parts, n) for n in range(1, 6))
    name = write_name(family, given, middle, suffix, prefix)
    use = _NAME_USES.get(_component(parts, 7))
    if use and name:
        name["use"] = use
    return name, _read_xpn(_SILENT, name, "")


def _read_xpn(reader: Reader, name: Json, path: str) -> str:
    parts = read_human_name(reader, name, f"{path}.name[0]")
    if not parts:
        return ""
    use = reader.text(name, "use", path)
    components = [parts.get(part, "") for part in _XPN]
    return _joined([*components, "", _NAME_TYPES.get(use or "", "")])


_XPN = ("family", "given", "middle", "suffix", "prefix")


def _joined(components: list[str]) -> str:
    """Give the text of components; one look at all tells that most of them need no escaping."""
    if escape(whole := "".join(components)) != whole:
        components = [escape(part) for part in components]
    return "^".join(components).rstrip("^")


@remembered(4096)
def _write_xad(xad: str) -> tuple[Json, str]:
    """Give an address as Address, not to be changed, and as it would be read back."""
    parts = xad.split("^")
    address: Json = {}
    use = _ADDRESS_USES.get(_component(parts, 7))
    lines = [line for line in (_component(parts, 1), _component(parts, 2)) if line]
    members = {
        "use": use,
        "line": lines,
        "city": _component(parts, 3),
        "district": _component(parts, 9),
        "state": _component(parts, 4),
        "postalCode": _component(parts, 5),
        "country": _component(parts, 6),
    }
    address.update((name, value) for name, value in members.items() if value)
    if list(address) == ["use"]:
        return {}, ""
    return address, _read_xad(_SILENT, address, "")


def _read_xad(reader: Reader, address: Json, path: str) -> str:
    lines = list(reader.texts(address, "line", path))
    first, second = (lines[0] if lines else ""), ", ".join(lines[1:])
    city, state, zip_code, country, district = [
        reader.text(address, name, path) or ""
        for name in ("city", "state", "postalCode", "country", "district")
    ]
    use = _ADDRESS_TYPES.get(reader.text(address, "use", path) or "", "")
    components = [first, second, city, state, zip_code, country, use, "", district]
    if not any(components):
        text = reader.text(address, "text", path)
        return escape(text) if text else ""
    return _joined(components)
