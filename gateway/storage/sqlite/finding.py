"""Stored queries answered from the tables: one statement for a Find query, links for the others."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.ports import Form, Found, Held, Page, TooManyResults
from gateway.storage.sqlite import asked, conditions, queries
from gateway.storage.sqlite.conditions import Where
from gateway.storage.sqlite.patients import Record
from gateway.storage.sqlite.rows import KEY, Rows
from gateway.storage.sqlite.words import DOCUMENT_ENTRY, FOLDER, SUBMISSION_SET
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    StoredQuery,
)

_REFERENCES = 10
"""References that may be answered for each whole object that may be."""


def find(rows: Rows, query: StoredQuery, form: Form, page: Page | None, max_results: int) -> Found:
    """Answer a query; see :meth:`gateway.ports.RegistryStore.find`.

    Args:
        max_results: Objects an answer without pages may hold.
    """
    limit = max_results * _REFERENCES if form is Form.REFERENCE else max_results
    match query:
        case FindDocuments():
            patients = _patients(rows, query)
            if patients == {}:
                return _NOTHING
            where = conditions.find_documents(query, _numbers(patients))
            asked.ask(where, "e", query.also)
            return _of_one_kind(rows, DOCUMENT_ENTRY, form, where, page, limit, patients or {})
        case FindSubmissionSets():
            patients = _patients(rows, query)
            if patients == {}:
                return _NOTHING
            where = conditions.find_submission_sets(query, _numbers(patients))
            asked.ask(where, "s", query.also)
            return _of_one_kind(rows, SUBMISSION_SET, form, where, page, limit, patients or {})
        case FindFolders():
            patients = _patients(rows, query)
            if patients == {}:
                return _NOTHING
            where = conditions.find_folders(query, _numbers(patients))
            asked.ask(where, "f", query.also)
            return _of_one_kind(rows, FOLDER, form, where, page, limit, patients or {})
    return _by_links(rows, query, form, page, limit)


_NOTHING = Found(objects=(), total=0)


def _patients(
    rows: Rows, query: FindDocuments | FindSubmissionSets | FindFolders
) -> dict[int, Record] | None:
    """The patients a query is about; ``None`` when it names none, empty when it names nobody."""
    return None if query.patient_id is None else rows.members(query.patient_id)


def _numbers(patients: dict[int, Record] | None) -> Sequence[int] | None:
    return None if patients is None else list(patients)


def _of_one_kind(
    rows: Rows,
    kind: int,
    form: Form,
    where: Where,
    page: Page | None,
    limit: int,
    patients: dict[int, Record],
) -> Found:
    if page is None:
        found = rows.select(kind, form, where, "", limit + 1)
        if len(found) > limit:
            raise TooManyResults
        held = rows.held(kind, form, found, patients)
        return Found(objects=tuple(held), total=len(held))
    if page.order:
        return _in_order(rows, kind, form, where, page, patients)
    order, beyond = ("", " > ?") if page.ascending else (" DESC", " < ?")
    if page.after is None:
        found = rows.select(kind, form, where, order, page.size + 1)
    else:
        part = Where()
        part.conditions = [*where.conditions, KEY[kind] + beyond]
        part.values = [*where.values, page.after]
        found = rows.select(kind, form, part, order, page.size + 1)
    more = len(found) > page.size
    total = rows.count(kind, where) if more or page.after is not None else len(found)
    held = rows.held(kind, form, found[: page.size], patients)
    return Found(objects=tuple(held), total=total, more=more)


_ALIAS = {DOCUMENT_ENTRY: "e", SUBMISSION_SET: "s", FOLDER: "f"}


def _in_order(
    rows: Rows, kind: int, form: Form, where: Where, page: Page, patients: dict[int, Record]
) -> Found:
    """A page in the order of other attributes; the key decides between equals."""
    order = [(asked.sorting(_ALIAS[kind], one), one.ascending) for one in page.order]
    order.append((KEY[kind], page.ascending))
    part = Where()
    part.conditions, part.values = [*where.conditions], [*where.values]
    if page.after is not None:
        condition, values = asked.beyond(order, (*page.place, page.after))
        part.add(condition, *values)
    found, places = rows.sorted(kind, form, part, order, page.size + 1)
    more = len(found) > page.size
    total = rows.count(kind, where) if more or page.after is not None else len(found)
    held = rows.held(kind, form, found[: page.size], patients)
    placed = dict(zip((row[0] for row in found), places, strict=True))
    return Found(
        objects=tuple(one._replace(place=placed[one.key]) for one in held), total=total, more=more
    )


def _by_links(rows: Rows, query: StoredQuery, form: Form, page: Page | None, limit: int) -> Found:
    keys = queries.follow(rows, query, limit)
    patients: dict[int, Record] = {}
    held: list[Held] = []
    for kind, of_kind in keys.items():
        held += rows.held(kind, form, rows.by_key(kind, form, of_kind), patients)
    held.sort(key=lambda one: one.key, reverse=page is not None and not page.ascending)
    total = len(held)
    if page is None:
        return Found(objects=tuple(held), total=total)
    rest = held
    if (after := page.after) is not None:
        rest = [one for one in held if (one.key > after if page.ascending else one.key < after)]
    return Found(objects=tuple(rest[: page.size]), total=total, more=len(rest) > page.size)
