"""Conditions of a search as conditions of a statement: constant texts, values beside them.

A condition that SQLite answers with NULL, because an attribute has no value, does not hold; only
``Not`` has to know the difference.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.model.vocabulary import RELATIONSHIPS
from gateway.storage.sqlite import words
from gateway.storage.sqlite.conditions import TIMES, Where, marks
from gateway.storage.sqlite.words import INNER, SEPARATOR
from gateway.transactions.conditions import (
    Condition,
    Either,
    Every,
    Has,
    HasCode,
    HasIdentifier,
    HasText,
    Is,
    Linked,
    Match,
    Newest,
    Not,
    Order,
    TimeBound,
)

_SINGLE = {
    "e": {
        "class_code": "e.class_code",
        "type_code": "e.type_code",
        "practice_setting_code": "e.practice_setting_code",
        "healthcare_facility_type_code": "e.healthcare_facility_type_code",
        "format_code": "e.format_code",
    },
    "s": {"content_type_code": "s.content_type_code"},
    "f": {},
    "p": {},
}
_SEVERAL = {
    "e": {
        "event_code_list": "e.event_code_list",
        "confidentiality_code": "e.confidentiality_code",
    },
    "s": {},
    "f": {"code_list": "f.code_list"},
    "p": {},
}
_PLAIN = {
    "e": {
        "entry_uuid": "o.entry_uuid",
        "logical_id": "e.lid",
        "unique_id": "e.unique_id",
        "mime_type": "e.mime_type",
        "language_code": "e.language_code",
    },
    "s": {
        "entry_uuid": "o.entry_uuid",
        "logical_id": "s.lid",
        "unique_id": "s.unique_id",
        "source_id": "s.source_id",
    },
    "f": {"entry_uuid": "o.entry_uuid", "logical_id": "f.lid", "unique_id": "f.unique_id"},
    "p": {"logical_id": "p.logical_id", "gender": "p.gender", "active": "p.active"},
}
_AUTHORS = {
    alias: {
        name: alias + "." + name
        for name in ("author_person", "author_family", "author_given", "author_institution")
    }
    for alias in ("e", "s")
}
_TEXTS = {
    "e": {**_AUTHORS["e"], "reference_id_list": "e.reference_id_list"},
    "s": {**_AUTHORS["s"], "title": "s.title"},
    "f": {"title": "f.title"},
    "p": {"family": "nullif(p.family_key, '')", "given": "nullif(p.given_key, '')"},
}
_STATUS = {"e": "e.status", "s": "s.status", "f": "f.status"}
_DATE = {"e": "registration_time", "s": "submission_time", "f": "last_update_time"}
_NEVER = "0"


def ask(where: Where, alias: str, conditions: Iterable[Condition]) -> None:
    """Let conditions hold for the objects of one kind.

    Args:
        alias: ``e``, ``s`` or ``f``, see :mod:`gateway.storage.sqlite.conditions`; ``p`` of
            patients.
    """
    for condition in conditions:
        _put(where, alias, condition)


def _put(where: Where, alias: str, condition: Condition) -> None:
    match condition:
        case Every(parts):
            _joined(where, alias, parts, " AND ", "1")
        case Either(parts):
            _joined(where, alias, parts, " OR ", _NEVER)
        case Not(part):
            inner = Where()
            _put(inner, alias, part)
            where.add("NOT ifnull(" + inner.conditions[0] + ", 0)", *inner.values)
        case TimeBound():
            _time(where, alias, condition)
        case HasCode():
            _code(where, alias, condition)
        case HasIdentifier() | HasText() if alias == "p":
            _of_patient(where, condition)
        case HasText():
            _text(where, alias, condition)
        case HasIdentifier("unique_id" | "source_id"):
            _rooted(where, _PLAIN[alias].get(condition.attribute), condition)
        case HasIdentifier():
            column = _TEXTS[alias].get(condition.attribute)
            if column is None:
                where.add(_NEVER)
                return
            where.add(
                "has_identifier(?, ?, ?, ?, " + column + ")",
                condition.attribute,
                condition.value,
                condition.authority,
                condition.type_code,
            )
        case Is(attribute, values):
            if attribute == "availability_status":
                stored = [words.stored(value) for value in values]
                where.add(_STATUS[alias] + " IN " + marks(stored), *stored)
                return
            column = _PLAIN[alias].get(attribute)
            if attribute == "entry_uuid" or (alias == "s" and attribute == "logical_id"):
                # As a key, so that an OR with another id can use the index of each. A submission
                # set has no versions, so its logical id is its entryUUID.
                by_uuid = ".key IN (SELECT key FROM object WHERE entry_uuid IN "
                where.add(alias + by_uuid + marks(values) + ")", *values)
            elif column is None:
                where.add(_NEVER)
            else:
                where.add(column + " IN " + marks(values), *values)
        case Has(attribute):
            where.add(_has(alias, attribute))
        case Newest():
            where.add("1" if alias == "s" else alias + ".latest")
        case Linked():
            _linked(where, alias, condition)


def _joined(
    where: Where, alias: str, parts: tuple[Condition, ...], joint: str, nothing: str
) -> None:
    inner = Where()
    ask(inner, alias, parts)
    joined = joint.join(inner.conditions) if inner.conditions else nothing
    where.add("(" + joined + ")", *inner.values)


def _time(where: Where, alias: str, bound: TimeBound) -> None:
    if _time_column(alias, bound.attribute) is None:
        where.add("1" if bound.missing_matches else _NEVER)
    else:
        where.times(alias, (bound,))


def _time_column(alias: str, attribute: str) -> str | None:
    return next((c for c in TIMES.get(attribute, ()) if c.startswith(alias)), None)


def _code(where: Where, alias: str, asked: HasCode) -> None:
    single = _SINGLE[alias].get(asked.attribute)
    column = single or _SEVERAL[alias].get(asked.attribute)
    if column is None:
        where.add(_NEVER)
    elif asked.code is None:
        # A whole system: what comes behind the code, up to the end.
        ending = INNER + words.clean(asked.scheme or "") + SEPARATOR
        where.add("instr(" + column + (" || char(31)" if single else "") + ", ?) > 0", ending)
    elif single:
        where.code(column, ((asked.code, asked.scheme),))
    else:
        where.codes(column, (((asked.code, asked.scheme),),))


def _rooted(where: Where, column: str | None, asked: HasIdentifier) -> None:
    """An identifier of the form ``OID^extension``, by one of its halves."""
    if column is None:
        where.add(_NEVER)
    elif asked.value is None:
        where.add("instr(" + column + ", ?) = 1", words.clean(asked.authority or "") + "^")
    else:
        # As the index on extensions has it.
        caret = "instr(" + column + ", char(94))"
        where.add(
            "(" + caret + " > 0 AND substr(" + column + ", " + caret + " + 1) = ?)", asked.value
        )


def _text(where: Where, alias: str, asked: HasText) -> None:
    column = _TEXTS[alias].get(asked.attribute)
    if column is None:
        where.add(_NEVER)
    elif asked.attribute == "title":
        where.add("text_matches(?, ?, " + column + ")", asked.match.value, asked.text)
    elif asked.attribute == "author_institution":
        where.add("institution_matches(?, ?, " + column + ")", asked.match.value, asked.text)
    elif asked.match is Match.EXACT:
        persons = _TEXTS[alias]["author_person"]
        where.add("person_is_named(?, ?, " + persons + ")", asked.attribute, asked.text)
    else:
        before = SEPARATOR if asked.match is Match.BEGINS else ""
        where.add("instr(" + column + ", ?) > 0", before + words.name_text(asked.text))


def _has(alias: str, attribute: str) -> str:
    if attribute == "availability_status":
        return _STATUS[alias] + " IS NOT NULL"
    for columns in (_SINGLE, _SEVERAL, _PLAIN, _TEXTS):
        column = columns[alias].get(attribute)
        if column is not None:
            return column + " IS NOT NULL"
    column = _time_column(alias, attribute)
    return _NEVER if column is None else column + " IS NOT NULL"


_TABLE = {"e": "document_entry", "s": "submission_set", "f": "folder"}

# The other end of an association, by logical id or entryUUID, each through its own index.
_NAMED = (
    "SELECT key FROM document_entry WHERE lid IN ",
    " UNION SELECT key FROM folder WHERE lid IN ",
    " UNION SELECT key FROM object WHERE entry_uuid IN ",
)
_EVERY_VERSION = (
    "SELECT key FROM document_entry WHERE lid IN ",
    " UNION SELECT key FROM folder WHERE lid IN ",
    " UNION SELECT v.key FROM document_entry v JOIN document_entry n ON n.lid = v.lid "
    "JOIN object m ON m.key = n.key WHERE m.entry_uuid IN ",
    " UNION SELECT v.key FROM folder v JOIN folder n ON n.lid = v.lid "
    "JOIN object m ON m.key = n.key WHERE m.entry_uuid IN ",
)


def _linked(where: Where, alias: str, asked: Linked) -> None:
    here, there = ("a.source", "a.target") if asked.from_here else ("a.target", "a.source")
    types = [words.stored(word) for word in (asked.types or sorted(RELATIONSHIPS))]
    inner = Where()
    inner.add("a.status = ?", words.APPROVED)
    inner.add("a.association_type IN " + marks(types), *types)
    if asked.to:
        end = marks(asked.to)
        ends = _EVERY_VERSION if asked.from_here else _NAMED
        inner.add(
            there + " IN (" + "".join(part + end for part in ends) + ")", *(asked.to * len(ends))
        )
    held = ".key IN (SELECT " + here + " FROM association a WHERE "
    if asked.any_version:
        version = "h.lid FROM association a JOIN " + _TABLE[alias] + " h ON h.key = " + here
        held = ".lid IN (SELECT " + version + " WHERE "
    where.add(alias + held + " AND ".join(inner.conditions) + ")", *inner.values)


def _of_patient(where: Where, asked: HasIdentifier | HasText) -> None:
    match asked:
        case HasText(attribute, text, Match.EXACT):
            if attribute == "family":
                where.add("p.family = ?", text)
            else:
                where.add("EXISTS (SELECT 1 FROM json_each(p.given) WHERE value = ?)", text)
        case HasText("family", text, Match.BEGINS):
            plain = words.name_text(text)
            # As a range, so that the index on names is used.
            where.add("(p.family_key >= ? AND p.family_key < ?)", plain, plain + _LAST_LETTER)
        case HasText(attribute, text, match):
            before = SEPARATOR if match is Match.BEGINS else ""
            where.add("instr(p." + _KEYS[attribute] + ", ?) > 0", before + words.name_text(text))
        case HasIdentifier(_, value, authority):
            inner = Where()
            if value is not None and authority is not None:
                inner.add(
                    "i.identifier = ?", words.clean(value) + SEPARATOR + words.clean(authority)
                )
            elif value is not None:
                start = words.clean(value) + SEPARATOR
                inner.add("i.identifier >= ? AND i.identifier < ?", start, start + _LAST_LETTER)
            elif authority is not None:
                ending = SEPARATOR + words.clean(authority)
                inner.add("substr(i.identifier, ?) = ?", -len(ending), ending)
            else:
                inner.add("1")
            where.add(
                "p.id IN (SELECT h.survivor FROM patient_identifier i "
                "JOIN patient h ON h.id = i.patient WHERE " + inner.conditions[0] + ")",
                *inner.values,
            )


_KEYS = {"family": "family_key", "given": "given_key"}
_LAST_LETTER = "\U0010ffff"


# --- Order -------------------------------------------------------------------------------------


def sorting(alias: str, order: Order) -> str:
    """Give the expression whose value one attribute is sorted by; empty where it has none."""
    attribute = order.attribute
    if attribute == "date":
        attribute = _DATE[alias]
    if attribute == "availability_status":
        return "ifnull(" + _STATUS[alias] + ", '')"
    for columns in (_SINGLE, _PLAIN, _TEXTS):
        column = columns[alias].get(attribute)
        if column is not None:
            return "ifnull(" + column + ", '')"
    column = _time_column(alias, attribute)
    return "''" if column is None else "ifnull(" + column + ", '')"


def beyond(
    expressions: list[tuple[str, bool]], place: tuple[str | int, ...]
) -> tuple[str, list[str | int]]:
    """Give the condition of standing behind a place: later in the first value that differs.

    Args:
        expressions: What is sorted by, with whether upwards; the registry's key comes last.
        place: The values of the object to stand behind.
    """
    (expression, upwards), *others = expressions
    later = expression + (" > ?" if upwards else " < ?")
    if not others:
        return later, [place[0]]
    further, values = beyond(others, place[1:])
    return (
        "(" + later + " OR (" + expression + " = ? AND " + further + "))",
        [place[0], place[0], *values],
    )
