"""The tables as somebody sees them: what is absent was never stored.

A statement that reads for somebody begins with common table expressions that carry the names of
the tables and hold only what is visible, so that no statement can forget to leave something out.
SQLite puts their conditions into the statement itself: it works through the same indexes as
without them, and looks at a document's facts where it reads the row anyhow.

Source:
    Sections 1, 3.2 and 6.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gateway.storage.sqlite import words
from gateway.storage.sqlite.replaced import is_deprecated, replacements
from gateway.storage.sqlite.words import ASSOCIATION, DOCUMENT_ENTRY, FOLDER, SUBMISSION_SET


class Shape(NamedTuple):
    """What of a visibility makes a difference in the text of the conditions.

    The values they ask for come in the order of these: the patient's rows, the moment, the keys
    of owners and of creators, types, classes, masks.

    Attributes:
        patients: Rows of the patient, merged ones included.
        bits: Restrictions that exclude at any time.
        hidden: What is hidden until some time is excluded until then.
    """

    patients: int
    owners: int
    creators: int
    hides_all: bool
    bits: int
    hidden: bool
    types: bool
    classes: bool
    masks: bool

    @property
    def size(self) -> int:
        """How many values it asks for."""
        codes = self.types + self.classes + self.masks
        return self.patients + 1 + self.owners + self.creators + codes


_ENTRY_COLUMNS = (
    "e.key, e.patient, e.lid, e.version, e.latest, e.offline, e.availability, "
    "e.object_type, e.unique_id, e.class_code, e.type_code, e.practice_setting_code, "
    "e.healthcare_facility_type_code, e.format_code, e.event_code_list, e.confidentiality_code, "
    "e.reference_id_list, e.author_person, e.author_family, e.author_given, e.creation_time, "
    "e.service_start_time, e.service_stop_time, e.registration_time, e.related, "
    "e.creation_time_last, e.service_start_time_last, e.service_stop_time_last, "
    "e.author_institution, e.mime_type, e.language_code, e.restrictions, e.hidden_until, "
    "e.owners, e.authors, "
)
_SET_COLUMNS = (
    "s.key, s.patient, s.status, s.lid, s.version, s.unique_id, s.source_id, s.submission_time, "
    "s.content_type_code, s.author_person, s.author_family, s.author_given, s.registration_time, "
    "s.fingerprint, s.submission_time_last, s.author_institution, s.title, "
)
_FOLDER_COLUMNS = (
    "f.key, f.patient, f.status, f.lid, f.version, f.latest, f.unique_id, f.code_list, "
    "f.registration_time, f.title, "
)

_ENTRY_THERE = "EXISTS (SELECT 1 FROM seen_entry v WHERE v.key = x.target)"
_MEMBER_THERE = (
    "CASE x.target_kind WHEN 1 THEN EXISTS (SELECT 1 FROM seen_entry v WHERE v.key = x.target) "
    "WHEN 3 THEN EXISTS (SELECT 1 FROM seen_folder v WHERE v.key = x.target) ELSE 0 END"
)
_TARGET_THERE = (
    "CASE x.target_kind WHEN 1 THEN EXISTS (SELECT 1 FROM seen_entry v WHERE v.key = x.target) "
    "WHEN 3 THEN EXISTS (SELECT 1 FROM seen_folder v WHERE v.key = x.target) "
    "WHEN 4 THEN EXISTS (SELECT 1 FROM association v WHERE v.key = x.target) ELSE 0 END"
)


def _there(key: str) -> str:
    """The condition of a document being there, given the key of one of its versions."""
    return (
        "EXISTS (SELECT 1 FROM main.document_entry d JOIN seen_entry v ON v.lid = d.lid "
        "AND v.latest WHERE d.key = " + key + ")"
    )


def _changed(alias: str, there: str, *, replaced: bool = False) -> str:
    """When and how often an object was changed, by what is there.

    Args:
        there: The condition of the target of a link being there.
        replaced: Replacements may have changed it as well: an entry.
    """
    here = alias + "."
    links = (
        " FROM main.association x WHERE x.source = "
        + here
        + "key AND x.touches > 0 AND "
        + there
        + ")"
    )
    all_its_own = "CASE WHEN " + here + "touched = " + here + "own_touched THEN " + here
    times = [
        "ifnull(" + here + "own_updated, " + here + "registration_time)",
        "ifnull((SELECT max(x.last_updated)" + links + ", '')",
    ]
    counts = [here + "own_touched", "ifnull((SELECT sum(x.touches)" + links + ", 0)"]
    if replaced:
        times.append("ifnull((" + replacements("max(r.moment)", alias, _there) + "), '')")
        counts.append("(" + replacements("count(DISTINCT r.key)", alias, _there) + ")")
    return (
        all_its_own
        + "last_updated ELSE max("
        + ", ".join(times)
        + ") END AS last_updated, "
        + all_its_own
        + "touched ELSE "
        + " + ".join(counts)
        + " END AS touched"
    )


_HAS_MEMBER = "x.association_type = " + str(words.HAS_MEMBER)


def expressions(shapes: tuple[Shape, ...]) -> str:
    """The expressions that stand for the tables, for visibilities of these shapes."""
    entry = _either(shapes, lambda shape, first: _entry(shape, first, "e"))
    newest = _either(shapes, lambda shape, first: _entry(shape, first, "n"))
    # A submission set has links as members, by which it filed documents in folders.
    linked = (
        "EXISTS (SELECT 1 FROM main.association b WHERE b.key = a.target AND "
        + _end("b.source_kind", "b.source")
        + " AND "
        + _end("b.target_kind", "b.target")
        + ")"
    )
    return (
        "WITH seen_entry AS NOT MATERIALIZED (SELECT e.* FROM main.document_entry e WHERE "
        + entry
        # Nothing is there of a description whose newest version is absent.
        + " AND (e.latest OR EXISTS (SELECT 1 FROM main.document_entry n "
        "WHERE n.lid = e.lid AND n.latest AND "
        + newest
        + "))), document_entry AS NOT MATERIALIZED (SELECT "
        + _ENTRY_COLUMNS
        # What only a replacement deprecated is not for whoever sees none.
        + "CASE WHEN e.deprecated_with IS NULL OR "
        + is_deprecated("e", _there)
        + " THEN e.status ELSE e.status_before END AS status, "
        + _changed("e", _ENTRY_THERE, replaced=True)
        + " FROM seen_entry e), seen_folder AS NOT MATERIALIZED (SELECT f.* FROM main.folder f "
        "WHERE "
        + _folder(shapes, "f")
        + " AND (f.latest OR EXISTS (SELECT 1 FROM main.folder n WHERE n.lid = f.lid "
        "AND n.latest AND "
        + _folder(shapes, "n")
        + "))), folder AS NOT MATERIALIZED (SELECT "
        + _FOLDER_COLUMNS
        + "max(ifnull(f.made, ''), ifnull((SELECT max(x.moment) FROM main.association x "
        "WHERE x.source = f.key AND "
        + _ENTRY_THERE
        + "), '')) AS last_update_time, "
        + _changed("f", _ENTRY_THERE)
        + " FROM seen_folder f), "
        "seen_set AS NOT MATERIALIZED (SELECT s.* FROM main.submission_set s WHERE "
        + _either(shapes, lambda shape, first: _patient(shape, first, "s.patient"))
        + " AND EXISTS (SELECT 1 FROM main.association x WHERE x.source = s.key AND "
        + _HAS_MEMBER
        + " AND "
        + _MEMBER_THERE
        + ")), submission_set AS NOT MATERIALIZED (SELECT "
        + _SET_COLUMNS
        + _changed("s", _TARGET_THERE)
        + " FROM seen_set s), association AS NOT MATERIALIZED (SELECT a.* FROM main.association a "
        "WHERE "
        + _end("a.source_kind", "a.source")
        + " AND "
        + _end("a.target_kind", "a.target", linked)
        + "), document AS NOT MATERIALIZED (SELECT d.* FROM main.document d WHERE EXISTS "
        "(SELECT 1 FROM seen_entry v WHERE v.unique_id = d.unique_id)), "
        "removed AS NOT MATERIALIZED (SELECT r.* FROM main.removed r WHERE 0), "
        "withdrawn AS NOT MATERIALIZED (SELECT w.* FROM main.withdrawn w WHERE 0) "
    )


def _either(shapes: tuple[Shape, ...], condition: Callable[[Shape, int], str]) -> str:
    first, conditions = 0, []
    for shape in shapes:
        conditions.append(condition(shape, first))
        first += shape.size
    return "(" + (" OR ".join(conditions) or "0") + ")"


def _patient(shape: Shape, first: int, column: str) -> str:
    """The condition of belonging to the patient whose record may be looked at."""
    rows = [_value(first + number) for number in range(shape.patients)]
    if len(rows) == 1:
        # A patient has many documents: any index of what a statement asks leads to fewer.
        return "likelihood(" + column + " = " + rows[0] + ", 0.001)"
    return column + " IN (" + ", ".join(rows) + ")"


def _value(number: int) -> str:
    return "asked(" + str(number) + ")"


def _entry(shape: Shape, first: int, alias: str) -> str:
    """The condition of one visibility on a document entry, what is true of most of them first."""
    column = alias + "."
    whose = _patient(shape, first, column + "patient")
    number = first + shape.patients
    granted = []
    if shape.hides_all:
        granted.append("0")
    if shape.bits:
        granted.append("NOT " + column + "restrictions & " + str(shape.bits))
    if shape.hidden:
        until = column + "hidden_until"
        granted.append("(" + until + " IS NULL OR " + until + " <= " + _value(number) + ")")
    number += 1
    owned = [
        "instr(" + column + "owners, " + _value(number + one) + ") > 0"
        for one in range(shape.owners)
    ]
    number += shape.owners + shape.creators
    for present, name in ((shape.types, "type_code"), (shape.classes, "class_code")):
        if present:
            granted.append("is_granted(" + str(number) + ", " + column + name + ")")
            number += 1
    if shape.masks:
        # What masks one document of a lineage masks all, in their newest versions.
        granted.append(
            "CASE WHEN "
            + column
            + "lineage IS NULL THEN NOT "
            + _masked(number, column)
            + " ELSE NOT EXISTS (SELECT 1 FROM main.document_entry k WHERE k.lineage = "
            + column
            + "lineage AND k.latest AND "
            + _masked(number, "k.")
            + ") END"
        )
    visible = " AND ".join(granted) or "1"
    return "(" + whose + " AND (" + " OR ".join(["(" + visible + ")", *owned]) + "))"


def _masked(number: int, column: str) -> str:
    columns = ("owners", "authors", "confidentiality_code", "creation_time", "creation_time_last")
    return "is_masked(" + ", ".join((str(number), *(column + name for name in columns))) + ")"


def _folder(shapes: tuple[Shape, ...], alias: str) -> str:
    """The condition on a folder: a member is there, or it is one's own."""
    here = alias + "."

    def created(shape: Shape, first: int) -> str:
        start = first + shape.patients + 1 + shape.owners
        made = (_value(start + number) for number in range(shape.creators))
        return "(" + " AND ".join(
            (
                _patient(shape, first, here + "patient"),
                "("
                + (
                    " OR ".join("instr(" + here + "creators, " + one + ") > 0" for one in made)
                    or "0"
                )
                + "))",
            )
        )

    return (
        _either(shapes, lambda shape, first: _patient(shape, first, here + "patient"))
        + " AND (EXISTS (SELECT 1 FROM main.association x WHERE x.source = "
        + here
        + "key AND "
        + _HAS_MEMBER
        + " AND "
        + _ENTRY_THERE
        # An empty folder is there for whoever made it; what he does not see does not fill it.
        + ") OR "
        + _either(shapes, created)
        + ")"
    )


def _end(kind: str, key: str, linked: str = "0") -> str:
    """The condition of one end of an association being there."""
    return (
        "CASE " + kind + " WHEN " + str(DOCUMENT_ENTRY) + " THEN "
        "EXISTS (SELECT 1 FROM seen_entry v WHERE v.key = "
        + key
        + ") WHEN "
        + str(SUBMISSION_SET)
        + " THEN EXISTS (SELECT 1 FROM seen_set v WHERE v.key = "
        + key
        + ") WHEN "
        + str(FOLDER)
        + " THEN EXISTS (SELECT 1 FROM seen_folder v WHERE v.key = "
        + key
        + ") WHEN "
        + str(ASSOCIATION)
        + " THEN "
        + linked
        + " ELSE 0 END"
    )
