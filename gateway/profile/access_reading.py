"""From ``access.toml`` and its tables to an :class:`~gateway.profile.access.AccessPolicy`.

Every switch belongs to one table of the file and to one attribute; what a profile says again
replaces what the profile it extends says, and a list or table of codes is replaced as a whole. A
key nobody knows is a fault, since somebody believes that it is enforced.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.model.restriction import Restriction
from gateway.model.subject import Operation, SubjectKind
from gateway.profile.access import AccessPolicy, Cell, Key, MatrixVersion, RoleRow


def access_from(data: Mapping[str, Any], parent: AccessPolicy, place: Path) -> AccessPolicy:
    """Put what a profile says of access over what the profile it extends says.

    Args:
        place: The profile's folder, where the tables are.

    Raises:
        ValueError: When a key is unknown, or a value is none that its key takes.
    """
    changes: dict[str, Any] = {}
    for name, value in data.items():
        if name in TABLES:
            _known(name, value, TABLES[name])
            for key, said in value.items():
                attribute, read = TABLES[name][key]
                changes[attribute] = _read(read, said, f"{name}.{key}")
        elif name == "legal_zone":
            changes[name] = _read(_text, value, name)
        elif name == "restriction":
            changes["restriction_codes"] = _read(_restrictions, value, name)
        elif name == "roles":
            changes["roles"] = _roles(place / _read(_text, value, name))
        elif name == "matrix":
            pass  # after all others: it needs to know the legal zone
        else:
            raise ValueError(f"{name!r} is no key of the access rules")
    policy = replace(parent, **changes)
    try:
        zone = ZoneInfo(policy.legal_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"legal_zone: no time zone {policy.legal_zone!r} is known here") from None
    if "matrix" in data:
        matrix = data["matrix"]
        for key in matrix:
            if key not in {"applies", "version"}:
                raise ValueError(f"matrix.{key}: is no key of the access rules")
        if "applies" in matrix:
            policy = replace(
                policy, matrix_applies=_read(_flag, matrix["applies"], "matrix.applies")
            )
        if "version" in matrix:
            versions = [_matrix(row, place, zone) for row in matrix["version"]]
            versions.sort(key=lambda version: version.effective)
            policy = replace(policy, matrix=tuple(versions))
    return policy


# --- Values --------------------------------------------------------------------------------------


def _read(read: Callable[[Any], Any], value: Any, key: str) -> Any:
    try:
        return read(value)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{key}: {error}") from None


def _known(name: str, table: Any, keys: Mapping[str, Any]) -> None:
    if not isinstance(table, dict):
        raise ValueError(f"{name}: is a table")
    for key in table:
        if key not in keys:
            raise ValueError(f"{name}.{key}: is no key of the access rules")


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("is true or false")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("is a number")
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("is a text")
    return value


def _texts(value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise ValueError("is a list of texts")
    return frozenset(_text(one) for one in value)


def _key(row: Mapping[str, Any]) -> Key:
    return _text(row["code"]), _text(row["scheme"])


def _codes(value: Any) -> frozenset[Key]:
    if not isinstance(value, list):
        raise ValueError("is a list of codes, each with its scheme")
    return frozenset(_key(one) for one in value)


def _operations(value: Any) -> frozenset[Operation]:
    return frozenset(Operation(one) for one in _texts(value))


def _kinds(value: Any) -> frozenset[SubjectKind]:
    return frozenset(SubjectKind(one) for one in _texts(value))


def _restrictions(rows: Any) -> Mapping[Key, Restriction]:
    """By code and scheme, the restriction its row names (``means = "masked"``)."""
    found: dict[Key, Restriction] = {}
    for row in rows:
        if unknown := set(row) - {"code", "scheme", "means"}:
            raise ValueError(f"a restriction has no {min(unknown)}")
        key = _key(row)
        if key in found:
            raise ValueError(f"two rows have the code {key[0]}")
        found[key] = Restriction[str(row["means"]).replace("-", "_").upper()]
    return MappingProxyType(found)


TABLES: Mapping[str, Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "visibility": {
        "harmless_codes": ("harmless_codes", _codes),
        "cumulate": ("cumulate_restrictions", _flag),
        "cumulating_classes": ("cumulating_classes", _codes),
    },
    "minors": {
        "enabled": ("minors_enabled", _flag),
        "majority_age": ("majority_age", _count),
        "default_visible": ("minors_default_visible", _flag),
    },
    "representatives": {"protection_titles": ("protection_titles", _texts)},
    "block": {"beats_emergency": ("block_beats_emergency", _flag)},
    "hide_all": {"beats_author": ("hide_all_beats_author", _flag)},
    "mask": {
        "gp_sees": ("gp_sees_masked", _flag),
        "hides_from_services": ("mask_hides_from_services", _flag),
    },
    "emergency": {
        "reason": ("emergency_reason", _flag),
        "new_reason": ("emergency_new_reason", _flag),
        "roles": ("emergency_roles", _texts),
        "window_hours": ("emergency_hours", _count),
        "per_day": ("emergency_per_day", _count),
        "reveals_masked": ("emergency_reveals_masked", _flag),
        "matrix_applies": ("emergency_matrix_applies", _flag),
    },
    "regulation": {
        "roles": ("regulation_roles", _texts),
        "structures": ("regulation_structures", _texts),
    },
    "auth": {
        "team_max_days": ("team_max_days", _count),
        "nonteam_max_hours": ("nonteam_max_hours", _count),
        "self_declared_per_minute": ("self_declared_per_minute", _count),
        "express_consent_roles": ("express_consent_roles", _codes),
        "express_consent_sectors": ("express_consent_sectors", _codes),
        "structure_needs_reinforced": ("structure_needs_reinforced", _flag),
    },
    "delegation": {"read_operations": ("delegate_read_operations", _operations)},
    "services": {"write": ("services_may_write", _flag)},
    "administer": {"kinds": ("administer_kinds", _kinds)},
    "forbidden": {
        "purposes": ("forbidden_purposes", _codes),
        "roles": ("forbidden_roles", _codes),
    },
    "outside": {"purposes": ("outside_purposes", _codes)},
    "hidden": {
        "release_months": ("hidden_release_months", _count),
        "notice_days": ("hidden_notice_days", _count),
    },
    "retention": {"years": ("retention_years", _count)},
    "patient": {"classes": ("patient_classes", _codes)},
    "status": {
        "archived": ("document_archived", _text),
        "deleted": ("document_deleted", _text),
    },
    "deny": {
        "registry_code": ("deny_registry_code", _text),
        "repository_code": ("deny_repository_code", _text),
    },
}
"""By table and key of the file: the attribute, and how its value is read."""

# --- Tables --------------------------------------------------------------------------------------


def _lines(path: Path) -> tuple[list[str], list[list[str]]]:
    """The remarks of a tab-separated file, and its rows."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ValueError(f"{path.name}: there is no such file") from None
    remarks = [line.lstrip("# ") for line in lines if line.startswith("#")]
    table = [line for line in lines if line and not line.startswith("#")]
    return remarks, list(csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


def _roles(path: Path) -> Mapping[Key, RoleRow]:
    """``code system row of``: which row a role stands for, and which profession it qualifies."""
    _, (head, *rows) = _lines(path)
    found: dict[Key, RoleRow] = {}
    for cells in rows:
        row = dict(zip(head, cells, strict=True))
        key = (row["code"], row["system"])
        if key in found:
            raise ValueError(f"{path.name}: two rows have the code {key[0]}")
        found[key] = RoleRow(row["row"], row["of"])
    return MappingProxyType(found)


def _matrix(row: Mapping[str, Any], place: Path, zone: ZoneInfo) -> MatrixVersion:
    """A version of the matrix: a file of one line for each type, one column for each row of roles.

    A cell is ``Y`` or ``N`` where a text says so, ``y`` or ``n`` where it was assumed, followed by
    the number of its source among the file's remarks (``# source 1 …``).
    """
    unknown = set(row) - {"version", "effective", "file"}
    if unknown:
        raise ValueError(f"matrix.version: {sorted(unknown)[0]!r} is no key of a version")
    effective = row.get("effective")
    if not isinstance(effective, date) or isinstance(effective, datetime):
        raise ValueError("matrix.version: effective is a day such as 2023-10-26")
    midnight = datetime(effective.year, effective.month, effective.day, tzinfo=zone)
    path = place / _read(lambda data: _text(data["file"]), row, "matrix.version")
    remarks, (head, *lines) = _lines(path)
    sources = dict(
        remark.removeprefix("source ").split(" ", 1)
        for remark in remarks
        if remark.startswith("source ")
    )
    names = head[4:]
    cells: dict[str, dict[Key, Cell]] = {name: {} for name in names}
    if len(cells) != len(names):
        raise ValueError(f"{path.name}: a row of roles stands there twice")
    for code, system, _, _, *tokens in lines:
        if len(tokens) != len(names):
            raise ValueError(f"{path.name}: {code} has {len(tokens)} cells, not {len(names)}")
        for name, token in zip(names, tokens, strict=True):
            if (code, system) in cells[name]:
                raise ValueError(f"{path.name}: the type {code} stands there twice")
            cells[name][code, system] = _cell(token, sources, f"{path.name}: {code}, {name}")
    return MatrixVersion(
        version=_read(lambda data: _text(data["version"]), row, "matrix.version"),
        effective=midnight.astimezone(UTC).strftime("%Y%m%d%H%M%S"),
        cells=MappingProxyType({name: MappingProxyType(row) for name, row in cells.items()}),
        readable=MappingProxyType(
            {name: _granted(row.items()) for name, row in cells.items()},
        ),
    )


def _cell(token: str, sources: Mapping[str, str], where: str) -> Cell:
    letter, source = token[:1], sources.get(token[1:])
    if letter not in tuple("YNyn") or source is None:
        raise ValueError(f"{where}: {token!r} is no cell: Y, N, y or n and the number of a source")
    return Cell(letter in "Yy", letter in "YN", source)


def _granted(cells: Iterable[tuple[Key, Cell]]) -> frozenset[Key]:
    return frozenset(key for key, cell in cells if cell.read)
