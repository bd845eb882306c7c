"""Whether a profile holds together: what it holds, and where its parts do not fit one another.

Reading a profile refuses what cannot be understood (:class:`~gateway.profile.ProfileFault`); what
is looked at here can be understood and is probably not meant: a map that leads to a code no value
set has, a default nobody may send, a system without a name. Nothing here stops a start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.model.datatypes import OID, Code
from gateway.profile import Profile, read_profile
from gateway.profile.rules import languages
from gateway.validation.attributes import ATTRIBUTES
from gateway.validation.objects import (
    FOLDER_REQUIRED,
    SET_REQUIRED,
    Transaction,
    forbidden_in,
    required_in,
)
from gateway.validation.profile_artefacts import (
    SCHEMATRONS,
    check_definitions,
    check_schematrons,
    definitions,
)
from gateway.validation.profile_rules import ProfileRules

MAPS = {
    "type_to_class.tsv",
    "template_to_format.tsv",
    "media_type_to_format.tsv",
    "encounter_to_content_type.tsv",
}
_COLUMNS = frozenset({"code", "system", "display", "valid_from", "valid_to"})
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that is probably not meant, and in which file."""

    file: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileReport:
    """What a profile holds, line by line, and what is remarkable about it."""

    profile: Profile
    holds: tuple[tuple[str, str], ...]
    remarks: tuple[Remark, ...]


def check_profile(name: str, folder: Path, *more: Path) -> ProfileReport:
    """Read a profile as the gateway would, and look whether its parts fit one another.

    Args:
        more: Folders of profiles that this one may extend.

    Raises:
        ProfileFault: When the gateway could not start with it.
    """
    profile = read_profile(name, folder, *more)
    for environment in ("test", "production"):
        ProfileRules.of(profile, environment=environment)
    place = folder / name
    return ProfileReport(
        profile=profile,
        holds=tuple(_holds(profile, place)),
        remarks=(
            *_check_maps(profile, place),
            *_check_defaults(profile),
            *_check_value_sets(profile, place),
            *_check_naming(profile),
            *_check_rules(profile),
            *_check_metadata(profile),
            *(Remark(file=f, message=m) for f, m in check_definitions(place)),
            *(Remark(file=f, message=m) for f, m in check_schematrons(place)),
        ),
    )


# ------------------------------------------------------------ what it holds


def _holds(profile: Profile, place: Path) -> Iterator[tuple[str, str]]:
    yield "title", profile.title
    yield "version", profile.version
    yield "extends", ", ".join(profile.extends) or "nothing"
    yield "realm", ", ".join(profile.realm) or "any"
    yield "sources", str(len(profile.sources))
    yield "systems", str(len({system.oid for system in profile.naming}))
    codes = sum(len(one.codes) for one in profile.value_sets.values())
    yield "value sets", f"{len(profile.value_sets)} with {codes} codes"
    yield "type to class", f"{len(profile.class_by_type)} types"
    yield "template to format", f"{len(profile.format_by_template)} templates"
    yield "media type to format", f"{len(profile.format_by_media_type)} media types"
    yield "encounter to activity", f"{len(profile.content_type_by_encounter)} encounters"
    weights = Counter(rule.severity for rule in profile.rules)
    told = ", ".join(f"{count} {severity}s" for severity, count in sorted(weights.items()))
    yield "rules", f"{len(profile.rules)} ({told})" if told else "none"
    if profile.rules:
        yield "messages in", ", ".join(languages(profile.rules))
    made = sum(len(one.rules) for one in profile.metadata)
    yield "attributes", f"{len(profile.metadata)}, their rows make {made} rules"
    transactions = profile.transactions
    yield (
        "transactions",
        f"{len(transactions.forms)} of IHE, {len(transactions.national)} numbers of its own",
    )
    yield "definitions", f"{len(definitions(place))} of FHIR"
    yield "rule sets", f"{len(list((place / SCHEMATRONS).rglob('*.sch')))} for clinical documents"


# ------------------------------------------------------------ what does not fit


def _check_maps(profile: Profile, place: Path) -> Iterator[Remark]:
    for path in sorted((place / "maps").glob("*")):
        if path.name not in MAPS:
            yield Remark(file=f"maps/{path.name}", message="no map has this name; nobody reads it")
    types = profile.value_sets_of("type_code")
    known = {key for value_set in types for key in value_set.codes}
    if profile.class_by_type:
        missing = sorted(code for code, system in known - profile.class_by_type.keys())
        if missing:
            yield Remark(
                file="maps/type_to_class.tsv",
                message=f"types in use have no class: {_some(missing)}",
            )
    unused = sorted(code for code, system in profile.class_by_type.keys() - known)
    if types and unused:
        yield Remark(
            file="maps/type_to_class.tsv",
            message=f"types are in no value set of type_code: {_some(unused)}",
        )
    for file, attribute, codes in (
        ("type_to_class", "class_code", profile.class_by_type.values()),
        ("template_to_format", "format_code", profile.format_by_template.values()),
        ("media_type_to_format", "format_code", profile.format_by_media_type.values()),
        (
            "encounter_to_content_type",
            "content_type_code",
            profile.content_type_by_encounter.values(),
        ),
    ):
        yield from _not_in_use(profile, f"maps/{file}.tsv", attribute, codes)


def _check_defaults(profile: Profile) -> Iterator[Remark]:
    for attribute, code in profile.metadata_from_cda.default.items():
        yield from _not_in_use(profile, f"profile.toml, default of {attribute}", attribute, (code,))


def _not_in_use(
    profile: Profile, file: str, attribute: str, codes: Iterable[Code]
) -> Iterator[Remark]:
    sets = profile.value_sets_of(attribute)
    if not sets:
        return
    outside = sorted({code.code for code in codes if not any(code in one for one in sets)})
    if outside:
        names = " or ".join(one.name for one in sets)
        yield Remark(file=file, message=f"leads to codes that are not in {names}: {_some(outside)}")


def _check_value_sets(profile: Profile, place: Path) -> Iterator[Remark]:
    for value_set in profile.value_sets.values():
        file = f"value-sets/{value_set.name}.tsv"
        if not (place / file).exists():
            continue  # the parent's, and checked there
        if not value_set.codes:
            yield Remark(file=file, message="has no codes")
        lines = (place / file).read_text(encoding="utf-8").splitlines()
        head = next((line for line in lines if not line.startswith("#")), "").split("\t")
        for column in head:
            if column not in _COLUMNS:
                yield Remark(file=file, message=f"nobody reads the column {column!r}")
        for name in ("oid", "date", "source"):
            if not getattr(value_set, name):
                yield Remark(file=file, message=f"does not say its {name}")
        for validity in (value_set.validity, *value_set.code_validity.values()):
            if validity.end and validity.begin >= validity.end:
                yield Remark(file=file, message="something ends before it begins")
                break


def _check_naming(profile: Profile) -> Iterator[Remark]:
    of_uri: dict[str, set[str]] = {}
    named = set()
    for system in profile.naming:
        named.add(system.oid)
        of_uri.setdefault(system.uri, set()).add(system.oid)
    for uri, oids in of_uri.items():
        if len(oids) > 1:
            yield Remark(
                file="naming.toml", message=f"{uri} is the name of {' and '.join(sorted(oids))}"
            )
    used: dict[str, str] = {}
    for value_set in profile.value_sets.values():
        for _, scheme in value_set.codes:
            used.setdefault(scheme, value_set.name)
    for (_, scheme), found in profile.class_by_type.items():
        used.setdefault(scheme, "type_to_class")
        used.setdefault(found.scheme, "type_to_class")
    for rule in profile.identifier_types:
        used.setdefault(rule.authority, "identifier_type")
    for scheme, where in sorted(used.items()):
        if scheme not in named:
            kind = "FHIR clients see its OID" if OID.match(scheme) else "it is no OID either"
            yield Remark(file="naming.toml", message=f"{scheme} (in {where}) has no name; {kind}")


def _check_rules(profile: Profile) -> Iterator[Remark]:
    every = {language for rule in profile.rules for language in rule.message}
    for language in sorted(every - set(languages(profile.rules))):
        without = [rule.id for rule in profile.rules if language not in rule.message]
        yield Remark(file="rules.toml", message=f"have no message in {language}: {_some(without)}")


def _check_metadata(profile: Profile) -> Iterator[Remark]:
    file = "metadata.toml"
    by_id = {rule.id: rule for rule in profile.rules}
    standard = _standard_requirements()
    for row in profile.metadata:
        name = f"{row.object}.{row.name}"
        if row.name not in ATTRIBUTES.get(row.object, {}):
            yield Remark(file=file, message=f"{name}: there is no such attribute; correct the name")
            continue
        for value_set in row.value_sets:
            if value_set not in profile.value_sets:
                yield Remark(file=file, message=f"{name}: {value_set} is no file in value-sets")
        held = row.note or any(by_id[one].kind in _COUNTS for one in row.rules if one in by_id)
        for transaction in Transaction:
            use = row.use(transaction.value)
            asks = use.least > 0 or use.most == 0
            if asks and not held and name not in standard[transaction]:
                yield Remark(
                    file=file,
                    message=f"{name} is {use.text} in {transaction.value}, and nothing holds a "
                    "submission to that; give the row a rule, or a note that says what does",
                )
                break


_COUNTS = frozenset({"present", "absent", "cardinality"})


def _standard_requirements() -> dict[Transaction, set[str]]:
    """Attributes whose presence, or absence, the checks of the standard look at."""
    fixed = {
        *(f"SubmissionSet.{name}" for _, name in SET_REQUIRED),
        *(f"Folder.{name}" for _, name in FOLDER_REQUIRED),
        *(f"{kind}.entryUUID" for kind in ("DocumentEntry", "SubmissionSet", "Folder")),
        *(f"Association.{name}" for name in ("associationType", "sourceObject", "targetObject")),
    }
    return {
        transaction: fixed
        | {f"DocumentEntry.{name}" for name in required_in(transaction) | forbidden_in(transaction)}
        for transaction in Transaction
    }


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
