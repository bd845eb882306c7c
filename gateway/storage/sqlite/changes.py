"""What a decision changes, written into the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from gateway.model.datatypes import Identifier
from gateway.model.lifecycle import Changes, DocumentRecord, FolderTouch, StatusChange
from gateway.storage.fragments import Fragments
from gateway.storage.sqlite import words
from gateway.storage.sqlite.added import MARK_LATEST, Adder, Keys, Met
from gateway.storage.sqlite.facts import Restricting
from gateway.storage.sqlite.lineage import Lineages
from gateway.storage.sqlite.patients import NOBODY, PatientRows
from gateway.storage.sqlite.replaced import Replaced
from gateway.storage.sqlite.words import ASSOCIATION, DOCUMENT_ENTRY, FOLDER, SUBMISSION_SET

_SET_STATUS = {
    DOCUMENT_ENTRY: (
        "UPDATE document_entry SET status = ?1, last_updated = ?2, own_updated = ?2, "
        "touched = touched + 1, own_touched = own_touched + 1, deprecated_with = NULL "
        "WHERE key = ?3"
    ),
    SUBMISSION_SET: (
        "UPDATE submission_set SET status = ?1, last_updated = ?2, own_updated = ?2, "
        "touched = touched + 1, own_touched = own_touched + 1 WHERE key = ?3"
    ),
    FOLDER: (
        "UPDATE folder SET status = ?1, last_updated = ?2, own_updated = ?2, "
        "touched = touched + 1, own_touched = own_touched + 1 WHERE key = ?3"
    ),
    ASSOCIATION: "UPDATE association SET status = ?, last_updated = ? WHERE key = ?",
}

_LOGICAL = {
    DOCUMENT_ENTRY: "SELECT lid, version FROM document_entry WHERE key = ?",
    SUBMISSION_SET: "SELECT lid, version FROM submission_set WHERE key = ?",
    FOLDER: "SELECT lid, version FROM folder WHERE key = ?",
}

_LEFT = {
    DOCUMENT_ENTRY: "SELECT 1 FROM document_entry WHERE lid = ?",
    SUBMISSION_SET: "SELECT 1 FROM submission_set WHERE lid = ?",
    FOLDER: "SELECT 1 FROM folder WHERE lid = ?",
}

_REMOVE = {
    DOCUMENT_ENTRY: "DELETE FROM document_entry WHERE key = ?",
    SUBMISSION_SET: "DELETE FROM submission_set WHERE key = ?",
    FOLDER: "DELETE FROM folder WHERE key = ?",
    ASSOCIATION: "DELETE FROM association WHERE key = ?",
}


class Applier:
    """Writes changes through one connection, inside whatever transaction is open."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        fragments: Fragments,
        patients: PatientRows,
        restricting: Restricting,
    ) -> None:
        """Take what it writes with.

        Args:
            restricting: Restricts documents by their confidentiality codes.
        """
        self._connection = connection
        self._execute = connection.execute
        self._patients = patients
        self._adder = Adder(connection, fragments, patients, restricting)
        self._lineages = Lineages(connection, restricting)
        self._replaced = Replaced(connection)

    def apply(self, changes: Changes, time: str, *, limited: bool = False) -> None:
        """Write all of it.

        Args:
            time: The present, DTM of 14 digits.
            limited: They were decided by somebody for whom not everything is there.

        Raises:
            LookupError: The changes speak of an object that is not there.
        """
        if changes.repeated:
            return
        patients: dict[Identifier, Met] = {}
        self._lineages.forget()
        self._replaced.forget()
        keys = self._adder.add(changes, patients, self._lineages, time)
        self._change_statuses(changes.statuses, self._replaced.causes(changes, keys, time), time)
        self._touch(changes.touched, time)
        self._withdraw(changes, time)
        self._remove(changes.removed, patients, time, limited)
        self._keep_documents(changes.documents)
        for unique_id in changes.removed_documents:
            self._execute("DELETE FROM document WHERE unique_id = ?", (unique_id,))
        self._lineages.settle()
        self._replaced.settle()
        self._announce(changes, keys, patients, time)

    def _change_statuses(
        self, statuses: Iterable[StatusChange], replaced: Mapping[int, list[int]], time: str
    ) -> None:
        for change in statuses:
            key, kind = self._adder.object(change.entry_uuid)
            if key in replaced:
                self._replaced.deprecate(key, replaced[key], time)
                continue
            self._execute(_SET_STATUS[kind], (words.stored(change.status), time, key))
            if kind == ASSOCIATION:
                self._adder.touch_source(key, time)

    def _withdraw(self, changes: Changes, time: str) -> None:
        for change in changes.withdrawn:
            key, kind = self._adder.object(change.entry_uuid)
            patient, unique_id = None, None
            if kind == DOCUMENT_ENTRY:
                patient, unique_id = self._execute(
                    "SELECT patient, unique_id FROM document_entry WHERE key = ?", (key,)
                ).fetchone()
            self._execute(
                "INSERT INTO withdrawn (key, kind, status, patient, unique_id, time) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (key, kind, words.stored(change.status), patient, unique_id, time),
            )
            if kind == ASSOCIATION:
                self._adder.touch_source(key, time)
            self._loosen(key, kind)
            self._execute(_REMOVE[kind], (key,))
        for unique_id in changes.withdrawn_documents:
            self._execute("UPDATE document SET withdrawn = 1 WHERE unique_id = ?", (unique_id,))

    def _loosen(self, key: int, kind: int) -> None:
        """An object goes: what it held together may fall apart."""
        if kind == DOCUMENT_ENTRY:
            self._lineages.loosen(key)
        elif kind == ASSOCIATION:
            self._replaced.unlink(key)
            ends = self._execute("SELECT source FROM association WHERE key = ?", (key,)).fetchone()
            if ends is not None:
                self._lineages.loosen(ends[0])

    def _touch(self, touched: Iterable[FolderTouch], time: str) -> None:
        for touch in touched:
            key, _ = self._adder.object(touch.entry_uuid)
            self._execute(
                "UPDATE folder SET last_update_time = ?, last_updated = ?, touched = touched + 1 "
                "WHERE key = ?",
                (touch.last_update_time, time, key),
            )

    def _remove(
        self,
        removed: Iterable[str],
        patients: dict[Identifier, Met],
        time: str,
        limited: bool,
    ) -> None:
        found = [self._adder.object(entry_uuid) for entry_uuid in removed]
        if limited:
            found = self._with_hidden_links(found)
        for key, kind in found:
            lid = None
            if kind in MARK_LATEST:
                lid, patient = self._execute(
                    "SELECT lid, patient FROM document_entry WHERE key = ?1 "
                    "UNION ALL SELECT lid, patient FROM folder WHERE key = ?1",
                    (key,),
                ).fetchone()
                if patient is not None:
                    cx = self._patients.shown(patient).cx
                    patients[Identifier(cx)] = (patient, cx)
            if kind == ASSOCIATION:
                self._adder.touch_source(key, time)
            self._loosen(key, kind)
            logical = self._execute(_LOGICAL[kind], (key,)).fetchone() if kind in _LOGICAL else None
            self._execute(_REMOVE[kind], (key,))
            self._execute("DELETE FROM object WHERE key = ?", (key,))
            if logical and not self._execute(_LEFT[kind], logical[:1]).fetchone():
                self._execute(
                    "INSERT OR REPLACE INTO removed (lid, kind, version, time) VALUES (?, ?, ?, ?)",
                    (logical[0], kind, logical[1], time),
                )
            if lid is not None:
                self._execute(MARK_LATEST[kind], (lid,))
        for key, _ in found:
            if self._execute(
                "SELECT 1 FROM association WHERE source = ?1 OR target = ?1", (key,)
            ).fetchone():
                raise LookupError("an association would lose one of its ends")

    def _with_hidden_links(self, found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Let links go that nobody could name who does not see their other end.

        A submission set or folder that holds something hidden stays for the sake of that: for
        whoever removed it nothing is left in it, so that it is not there for him either.
        """
        going = dict(found)
        waiting = list(going)
        while waiting:
            key = waiting.pop()
            links = [
                link
                for (link,) in self._execute(
                    "SELECT key FROM association WHERE source = ?1 OR target = ?1", (key,)
                )
                if link not in going
            ]
            if links and going[key] in (SUBMISSION_SET, FOLDER):
                del going[key]
                continue
            for link in links:
                going[link] = ASSOCIATION
                waiting.append(link)
        return list(going.items())

    def _keep_documents(self, documents: Iterable[DocumentRecord]) -> None:
        for document in documents:
            self._execute(
                "INSERT OR REPLACE INTO document (unique_id, mime_type, size, sha1, content) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    document.unique_id,
                    document.mime_type,
                    document.size,
                    document.sha1,
                    bytes.fromhex(document.content),
                ),
            )

    def _announce(
        self,
        changes: Changes,
        keys: Keys,
        patients: dict[Identifier, Met],
        time: str,
    ) -> None:
        if not changes.events:
            return
        submission = next((uuid for uuid, (_, kind) in keys.items() if kind == SUBMISSION_SET), "")
        shown = [cx for _, cx in dict.fromkeys(patients.values())] or [NOBODY.cx]
        for event in changes.events:
            for cx in shown:
                self._execute(
                    "INSERT INTO outbox (event, submission, patient, time) VALUES (?, ?, ?, ?)",
                    (event, submission, cx, time),
                )
