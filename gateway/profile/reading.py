"""From a folder of data to a profile; see :mod:`gateway.profile`."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from gateway.model.datatypes import OID, Code
from gateway.model.naming import OID_URN, NamingSystem, NamingSystems
from gateway.profile.access_reading import access_from
from gateway.profile.consistency import consistency_from
from gateway.profile.fhir import read_conventions
from gateway.profile.identity import identity_from
from gateway.profile.metadata import FILE as METADATA
from gateway.profile.metadata import AttributeUse, metadata_from
from gateway.profile.notices import notice_policy_from
from gateway.profile.policies import policies_from
from gateway.profile.rules import FILE as RULES
from gateway.profile.rules import read_rules
from gateway.profile.transactions import transactions_from
from gateway.profile.values import (
    CODED_TEXT_FORMS,
    CONTENT_TYPE_PLACES,
    DEFAULTED_ATTRIBUTES,
    ENTRY_ATTRIBUTES,
    PRACTICE_SETTING_PLACES,
    IdentifierType,
    MetadataFromCda,
    Profile,
    ProfileFault,
    Rule,
    Source,
    Validity,
    ValueSet,
)

_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)

_T = TypeVar("_T")
_K = TypeVar("_K")


def read_profile(name: str, *folders: Path) -> Profile:
    """Give a profile with everything it extends.

    Args:
        name: Of a folder below one of ``folders``.
        folders: Where the profiles are, one folder each; the first that has one gives it, so that
            a profile somewhere else can extend one that is shipped.

    Raises:
        ProfileFault: When a file is missing, does not parse, or says what nobody knows.
    """
    return _read(name, folders, ())


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


def _read(name: str, folders: tuple[Path, ...], inside: tuple[str, ...]) -> Profile:
    if name in inside:
        raise ProfileFault(f"profile {name} extends itself by way of {' -> '.join(inside)}")
    places = [folder / name for folder in folders]
    place = next((each for each in places if each.is_dir()), places[0])
    data = _toml(place / "profile.toml")
    if data.get("name") != name:
        raise ProfileFault(f"{place / 'profile.toml'}: name is not {name!r}, the folder's name")
    parent_name = data.get("extends")
    parent = _read(str(parent_name), folders, (*inside, name)) if parent_name else Profile(name="")
    naming = _toml(place / "naming.toml") if (place / "naming.toml").exists() else {}
    fhir = _toml(place / "fhir.toml") if (place / "fhir.toml").exists() else {}
    value_sets = {
        path.stem: _value_set(path) for path in sorted((place / "value-sets").glob("*.tsv"))
    }
    metadata, made = _metadata(place / METADATA, parent.metadata)
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
            parent.format_by_template,
            _formats(place / "maps" / "template_to_format.tsv", "cda_template_id"),
        ),
        format_by_media_type=_merged(
            parent.format_by_media_type,
            _formats(place / "maps" / "media_type_to_format.tsv", "media_type"),
        ),
        content_type_by_encounter=_merged(
            parent.content_type_by_encounter, _content_type_by_encounter(place)
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
        policies=_extended(place / "policies.toml", policies_from, parent.policies),
        notices=_extended(place / "notices.toml", notice_policy_from, parent.notices),
        consistency=_extended(place / "consistency.toml", consistency_from, parent.consistency),
        access=_extended(
            place / "access.toml",
            lambda data, inherited: access_from(data, inherited, place),
            parent.access,
        ),
        metadata=metadata,
        rules=read_rules(place / RULES, parent.rules, made),
        conventions=read_conventions(fhir, parent.conventions, str(place / "fhir.toml")),
        identity=_extended(place / "identity.toml", identity_from, parent.identity),
        transactions=_extended(place / "transactions.toml", transactions_from, parent.transactions),
    )
    for attribute, names in profile.attribute_value_sets.items():
        for one in names:
            if one not in profile.value_sets:
                raise ProfileFault(
                    f"{place / 'profile.toml'}: value_sets.{attribute} names {one}, "
                    "which is no file in value-sets"
                )
    return profile


def _metadata(
    path: Path, inherited: tuple[AttributeUse, ...]
) -> tuple[tuple[AttributeUse, ...], tuple[Rule, ...]]:
    """The table of attributes, and the rules that its rows make."""
    before: tuple[tuple[AttributeUse, ...], tuple[Rule, ...]] = (inherited, ())
    return _extended(path, lambda data, parent: metadata_from(data, parent[0], path), before)


def _extended(path: Path, read: Callable[[Mapping[str, Any], _T], _T], parent: _T) -> _T:
    """The parent's rules with those of a file, where a profile has one."""
    if not path.exists():
        return parent
    data = _toml(path)
    try:
        return read(data, parent)
    except ValueError as error:
        raise ProfileFault(f"{path}: {error}") from None


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
        uri = data.get("uri")
        if not uri and OID.match(oid):
            uri = OID_URN + oid  # what FHIR writes where a system has no URI; keeps the label
        for one in (uri, *data.get("aliases", ())):
            if one:
                yield NamingSystem(oid, str(one), label)


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


def _codes(path: Path, key: tuple[str, ...], code: str) -> Iterator[tuple[tuple[str, ...], Code]]:
    """A table that leads from the cells of some columns to a code; none leads to two.

    Args:
        key: Names of the columns that are looked up.
        code: Begin of the names of the columns ``…_code``, ``…_system`` and ``…_display``.
    """
    seen = set()
    for row in _rows(path)[1]:
        found = tuple(_cell(row, column, path) for column in key)
        if found in seen:
            raise ProfileFault(f"{path}: two rows are about {' '.join(found)}")
        seen.add(found)
        yield (
            found,
            Code(
                _cell(row, f"{code}_code", path),
                _cell(row, f"{code}_system", path),
                row.get(f"{code}_display") or None,
            ),
        )


def _class_by_type(place: Path) -> dict[tuple[str, str], Code]:
    path = place / "maps" / "type_to_class.tsv"
    rows = _codes(path, ("type_code", "type_system"), "class")
    return {(code, system): found for (code, system), found in rows}


def _content_type_by_encounter(place: Path) -> dict[tuple[str, str], Code]:
    path = place / "maps" / "encounter_to_content_type.tsv"
    rows = _codes(path, ("encounter_code", "encounter_system"), "content_type")
    return {(code, system): found for (code, system), found in rows}


def _formats(path: Path, column: str) -> dict[str, Code]:
    """A table that leads to a format code."""
    return {key: found for (key,), found in _codes(path, (column,), "format")}


def _value_set(path: Path) -> ValueSet:
    remarks, rows = _rows(path)
    codes: dict[tuple[str, str], Code] = {}
    dated: dict[tuple[str, str], Validity] = {}
    for row in rows:
        code = Code(
            _cell(row, "code", path), _cell(row, "system", path), row.get("display") or None
        )
        if code.key in codes:
            raise ProfileFault(f"{path}: two rows have the code {code.code} of {code.scheme}")
        codes[code.key] = code
        validity = _validity(row, path)
        if validity != Validity():
            dated[code.key] = validity
    return ValueSet(
        name=path.stem,
        codes=MappingProxyType(codes),
        oid=remarks.get("oid", ""),
        date=remarks.get("date", ""),
        source=remarks.get("source", ""),
        validity=_validity(remarks, path),
        code_validity=MappingProxyType(dated),
    )


def _validity(said: Mapping[str, str], path: Path) -> Validity:
    """When something is in use, by ``valid_from`` and ``valid_to``, days as 2024-09-27."""
    days = []
    for name in ("valid_from", "valid_to"):
        day = (said.get(name) or "").strip()
        if day and not _DAY.match(day):
            raise ProfileFault(f"{path}: {name} is no day such as 2024-09-27, found {day[:40]}")
        days.append(day.replace("-", ""))
    return Validity(begin=days[0], end=days[1])


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
        ("required", rules.required, ENTRY_ATTRIBUTES),
        ("default", tuple(rules.default), DEFAULTED_ATTRIBUTES),
        ("content_type_from", rules.content_type_from, CONTENT_TYPE_PLACES),
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
