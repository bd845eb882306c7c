"""A profile: a country or community as data, read once into one frozen value.

``read_profile`` reads ``profiles/<name>/`` and what it extends: ``profile.toml``, ``naming.toml``,
the tables in ``maps/`` and ``value-sets/``. Names in the data choose among forms the engine knows;
a name it does not know is a :class:`ProfileFault` that says which file and which key, so that a
wrong profile stops the start and not a submission.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from gateway.model.datatypes import Code
from gateway.model.document_entry import DocumentEntry
from gateway.model.naming import NamingSystem, NamingSystems

_T = TypeVar("_T")
_K = TypeVar("_K")


class ProfileFault(ValueError):
    """A profile cannot be used; the message names the file and what is wrong in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where facts of a profile were read, when, and under which licence."""

    text: str
    date: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierType:
    """The type code (CX.5, XCN.13, XON.7) of identifiers an authority gives.

    Attributes:
        starts_with: First characters a value must have; empty when any value will do.
    """

    authority: str
    type: str
    starts_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """The codes that are in use for one purpose."""

    name: str
    codes: Mapping[tuple[str, str], Code]
    oid: str = ""
    date: str = ""
    source: str = ""

    def __contains__(self, code: object) -> bool:
        return isinstance(code, Code) and code.key in self.codes


PRACTICE_SETTING_PLACES = frozenset({"performer", "author", "legal_authenticator"})
"""Where in a CDA header a practice setting may be looked for."""

CODED_TEXT_FORMS = frozenset({"coded-string", "code-display-system", "display"})
"""How a code may be written in authorRole and authorSpecialty."""

_ENTRY_ATTRIBUTES = frozenset(attribute.name for attribute in fields(DocumentEntry))


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataFromCda:
    """How document metadata are derived from a CDA header where the header leaves a choice.

    Attributes:
        required: Attributes of DocumentEntry that must come out.
        record_authorities: Whose identifier names the record; without any, the first one does.
        source_patient_id_type: CX.5 of the identifier the source uses itself.
        person_name_type: XCN.10 of people; ``device_name_type`` of devices.
        person_titles: Whether XCN carries prefix and suffix.
        device_identifier_type: XCN.13 of devices.
        practice_setting_from: Participants whose organisation may tell it, best first.
        specialty_form: One of :data:`CODED_TEXT_FORMS`; ``role_form`` likewise.
        class_from_type: Whether a type the map does not know becomes its own class.
        reference_types: Types that referenceIdList may carry.
        language_code: Taken when the document says none.
        default: By attribute, the code taken when the document gives none.
        event_scheme: By the code of a qualifier's name, the coding scheme under which the
            qualified translation of an act becomes an event code.
    """

    required: tuple[str, ...] = ()
    record_authorities: tuple[str, ...] = ()
    source_patient_id_type: str = ""
    person_name_type: str = ""
    device_name_type: str = ""
    person_titles: bool = True
    device_identifier_type: str = ""
    practice_setting_from: tuple[str, ...] = ()
    specialty_form: str = "coded-string"
    role_form: str = "coded-string"
    author_telecommunication: bool = True
    class_from_type: bool = True
    reference_types: frozenset[str] = frozenset()
    language_code: str = ""
    default: Mapping[str, Code] = field(default_factory=dict)
    event_scheme: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything the product knows of a country or community.

    Attributes:
        extends: Names of the profiles it builds on, nearest first.
        realm: Codes that documents of this community carry as their realm; not inherited.
        class_by_type: By code and scheme of a typeCode, its class.
        format_by_template: By root of a document template, the format of structured documents.
        format_by_media_type: The format of documents that wrap another file.
        identifier_types: In the order they are tried.
        value_sets: By name; which of them an attribute uses stands in
            ``attribute_value_sets``, best first.
    """

    name: str
    title: str = ""
    version: str = ""
    extends: tuple[str, ...] = ()
    realm: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    naming: NamingSystems = NamingSystems()
    class_by_type: Mapping[tuple[str, str], Code] = field(default_factory=dict)
    format_by_template: Mapping[str, Code] = field(default_factory=dict)
    format_by_media_type: Mapping[str, Code] = field(default_factory=dict)
    identifier_types: tuple[IdentifierType, ...] = ()
    value_sets: Mapping[str, ValueSet] = field(default_factory=dict)
    attribute_value_sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    metadata_from_cda: MetadataFromCda = MetadataFromCda()

    def identifier_type(self, authority: str, value: str) -> str:
        """The type code of an identifier; empty where the profile gives none."""
        for rule in self.identifier_types:
            if rule.authority == authority and (
                not rule.starts_with or value.startswith(rule.starts_with)
            ):
                return rule.type
        return ""

    def value_sets_of(self, attribute: str) -> tuple[ValueSet, ...]:
        """The value sets an attribute is taken from, best first; none where any code will do."""
        return tuple(self.value_sets[name] for name in self.attribute_value_sets.get(attribute, ()))

    def with_display(self, attribute: str, code: Code) -> Code:
        """A code with the label its value sets give it, where it has none of its own."""
        if code.display:
            return code
        for value_set in self.value_sets_of(attribute):
            known = value_set.codes.get(code.key)
            if known:
                return known
        return code


def read_profile(name: str, folder: Path) -> Profile:
    """Give a profile with everything it extends.

    Args:
        name: Of a folder below ``folder``.
        folder: Where the profiles are, one folder each.

    Raises:
        ProfileFault: When a file is missing, does not parse, or says what nobody knows.
    """
    return _read(name, folder, ())


def profiles_by_realm(folder: Path) -> Mapping[str, str]:
    """Say which profile is meant for documents of a realm (CDA ``realmCode``).

    Where two profiles claim a realm, the first name in the alphabet has it.

    Raises:
        ProfileFault: When a profile does not parse.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*/profile.toml")):
        for realm in _toml(path).get("realm", ()):
            found.setdefault(str(realm), path.parent.name)
    return MappingProxyType(found)


def _read(name: str, folder: Path, inside: tuple[str, ...]) -> Profile:
    if name in inside:
        raise ProfileFault(f"profile {name} extends itself by way of {' -> '.join(inside)}")
    place = folder / name
    data = _toml(place / "profile.toml")
    if data.get("name") != name:
        raise ProfileFault(f"{place / 'profile.toml'}: name is not {name!r}, the folder's name")
    parent_name = data.get("extends")
    parent = _read(str(parent_name), folder, (*inside, name)) if parent_name else Profile(name="")
    naming = _toml(place / "naming.toml") if (place / "naming.toml").exists() else {}
    value_sets = {
        path.stem: _value_set(path) for path in sorted((place / "value-sets").glob("*.tsv"))
    }
    profile = Profile(
        name=name,
        title=str(data.get("title", "")),
        version=str(data.get("version", "")),
        extends=(parent.name, *parent.extends) if parent.name else (),
        realm=tuple(str(code) for code in data.get("realm", ())),
        sources=(*(Source(**source) for source in data.get("source", ())), *parent.sources),
        naming=NamingSystems(tuple(_systems(naming, place))) + parent.naming,
        class_by_type=_merged(parent.class_by_type, _class_by_type(place)),
        format_by_template=_merged(
            parent.format_by_template, _formats(place / "maps" / "template_to_format.tsv")
        ),
        format_by_media_type=_merged(
            parent.format_by_media_type, _formats(place / "maps" / "media_type_to_format.tsv")
        ),
        identifier_types=(
            *(_made(IdentifierType, rule, place) for rule in data.get("identifier_type", ())),
            *parent.identifier_types,
        ),
        value_sets=_merged(parent.value_sets, value_sets),
        attribute_value_sets=_merged(
            parent.attribute_value_sets,
            {name: tuple(sets) for name, sets in data.get("value_sets", {}).items()},
        ),
        metadata_from_cda=_metadata_from_cda(
            parent.metadata_from_cda, data.get("metadata_from_cda", {}), place
        ),
    )
    for attribute, names in profile.attribute_value_sets.items():
        for one in names:
            if one not in profile.value_sets:
                raise ProfileFault(
                    f"{place / 'profile.toml'}: value_sets.{attribute} names {one}, "
                    "which is no file in value-sets"
                )
    return profile


def _toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ProfileFault(f"{path}: there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileFault(f"{path}: {error}") from None


def _merged(before: Mapping[_K, _T], after: Mapping[_K, _T]) -> Mapping[_K, _T]:
    return MappingProxyType({**before, **after})


def _made(kind: type[_T], data: Mapping[str, Any], place: Path) -> _T:
    """A value of a kind from a TOML table; lists become tuples."""
    try:
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})
    except TypeError as error:
        raise ProfileFault(f"{place / 'profile.toml'}: {error}") from None


def _systems(naming: Mapping[str, Any], place: Path) -> Iterable[NamingSystem]:
    """The systems of a naming table: each with its own URI first, then the others it goes by."""
    for data in naming.get("system", ()):
        try:
            oid, label = str(data["oid"]), str(data.get("label", ""))
        except (KeyError, TypeError):
            raise ProfileFault(f"{place / 'naming.toml'}: a system has no oid") from None
        for uri in (data.get("uri"), *data.get("aliases", ())):
            if uri:
                yield NamingSystem(oid, str(uri), label)


def _rows(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The remarks (``# key value``) and rows of a table; nothing where there is no file."""
    if not path.exists():
        return {}, []
    lines = path.read_text(encoding="utf-8").splitlines()
    remarks = dict(line.lstrip("# ").partition(" ")[::2] for line in lines if line.startswith("#"))
    table = [line for line in lines if not line.startswith("#")]
    return remarks, list(csv.DictReader(table, delimiter="\t", strict=True))


def _cell(row: Mapping[str, str], column: str, path: Path) -> str:
    value = row.get(column)
    if not value:
        raise ProfileFault(f"{path}: a row has nothing in column {column}")
    return value


def _class_by_type(place: Path) -> dict[tuple[str, str], Code]:
    path = place / "maps" / "type_to_class.tsv"
    return {
        (_cell(row, "type_code", path), _cell(row, "type_system", path)): Code(
            _cell(row, "class_code", path),
            _cell(row, "class_system", path),
            row.get("class_display") or None,
        )
        for row in _rows(path)[1]
    }


def _formats(path: Path) -> dict[str, Code]:
    """A table whose first column leads to a format code."""
    return {
        next(iter(row.values())): Code(
            _cell(row, "format_code", path),
            _cell(row, "format_system", path),
            row.get("format_display") or None,
        )
        for row in _rows(path)[1]
    }


def _value_set(path: Path) -> ValueSet:
    remarks, rows = _rows(path)
    codes = (
        Code(_cell(row, "code", path), _cell(row, "system", path), row.get("display") or None)
        for row in rows
    )
    return ValueSet(
        name=path.stem,
        codes=MappingProxyType({code.key: code for code in codes}),
        oid=remarks.get("oid", ""),
        date=remarks.get("date", ""),
        source=remarks.get("source", ""),
    )


def _metadata_from_cda(
    parent: MetadataFromCda, data: Mapping[str, Any], place: Path
) -> MetadataFromCda:
    """The parent's rules with those a profile says again; a table is said again as a whole."""
    changes: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
    }
    path = place / "profile.toml"
    if "reference_types" in changes:
        changes["reference_types"] = frozenset(changes["reference_types"])
    if "default" in changes:
        changes["default"] = MappingProxyType(
            {name: _made(Code, code, place) for name, code in changes["default"].items()}
        )
    if "event_scheme" in changes:
        changes["event_scheme"] = MappingProxyType(dict(changes["event_scheme"]))
    try:
        rules = replace(parent, **changes)
    except TypeError as error:
        raise ProfileFault(f"{path}: metadata_from_cda: {error}") from None
    for key, values, known in (
        ("practice_setting_from", rules.practice_setting_from, PRACTICE_SETTING_PLACES),
        ("required", rules.required, _ENTRY_ATTRIBUTES),
        ("default", tuple(rules.default), _ENTRY_ATTRIBUTES),
        ("specialty_form", (rules.specialty_form,), CODED_TEXT_FORMS),
        ("role_form", (rules.role_form,), CODED_TEXT_FORMS),
    ):
        for value in values:
            if value not in known:
                raise ProfileFault(
                    f"{path}: metadata_from_cda.{key}: {value!r} is none of "
                    + ", ".join(sorted(known))
                )
    return rules
