"""What each query finds in a registry: stored queries, read from the standard the obvious way.

What somebody may not see is taken away first, so that nothing of it can be found by any detour:
that is all an answer has to do with access.

Source:
    IHE ITI TF-2a: 3.18.4.1.2.3.7 (revision 17).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tests.oracle.values import Association, Entry, Folder, Query, Set, Thing, World


class Shown:
    """A registry without what is absent for somebody."""

    def __init__(self, world: World, visible: frozenset[str]) -> None:
        things = [one for one in world.things.values() if one.id in visible]
        self.entries = [one for one in things if isinstance(one, Entry)]
        self.sets = [one for one in things if isinstance(one, Set)]
        self.folders = [one for one in things if isinstance(one, Folder)]
        self.links = [one for one in things if isinstance(one, Association)]
        self.newest = {
            max((e for e in self.entries if e.logical_id == one), key=lambda e: e.version).id
            for one in {e.logical_id for e in self.entries}
        }

    def status(self, entry: Entry) -> str:
        """Its availabilityStatus: nothing is deprecated by a replacement that is not there."""
        if entry.status == "Approved" or entry.superseded:
            return entry.status
        return "Deprecated" if self._is_replaced(entry.logical_id, set()) else "Approved"

    def _is_replaced(self, logical_id: str, seen: set[str]) -> bool:
        """By something that is there, or together with what it was added to."""
        if logical_id in seen:
            return False
        by_id = {e.id: e.logical_id for e in self.entries}
        return any(
            (a.type in ("RPLC", "XFRM_RPLC") and by_id.get(a.target) == logical_id)
            or (
                a.type in ("APND", "XFRM")
                and by_id.get(a.source) == logical_id
                and self._is_replaced(by_id[a.target], seen | {logical_id})
            )
            for a in self.links
        )

    def updated(self, folder: Folder) -> datetime:
        """Its lastUpdateTime, over the members that are there."""
        there = {e.id for e in self.entries}
        return max([folder.created, *(t for m, t in folder.joined.items() if m in there)])

    def answer(self, query: Query) -> frozenset[str]:
        """The ids of what a query finds."""
        found: Iterable[Thing] = getattr(self, query.name)(query)
        return frozenset(one.id for one in found)

    # --- By patient ------------------------------------------------------------------------------

    def FindDocuments(self, query: Query) -> list[Entry]:
        return [
            e
            for e in self.entries
            if e.patient == query.patient
            and self.status(e) in query.status
            and (query.level == 2 or e.id in self.newest)
            and _in(e.class_code, query.class_codes)
            and _in(e.type_code, query.type_codes)
            and (not query.references or e.references & query.references)
            and (not query.author or query.author in e.authors)
            and _fits(e, query)
        ]

    FindDocumentsByReferenceId = FindDocuments

    def FindSubmissionSets(self, query: Query) -> list[Set]:
        return [
            s
            for s in self.sets
            if s.patient == query.patient
            and s.status in query.set_status
            and (not query.author or s.author == query.author)
        ]

    def FindFolders(self, query: Query) -> list[Folder]:
        return [
            f
            for f in self.folders
            if f.patient == query.patient
            and f.status in query.folder_status
            and (query.updated_from is None or query.updated_from <= self.updated(f))
            and (query.updated_to is None or self.updated(f) < query.updated_to)
        ]

    def GetAll(self, query: Query) -> list[Thing]:
        found: list[Thing] = []
        found += self.FindSubmissionSets(query)
        found += self.FindDocuments(query)
        found += self.FindFolders(query)
        return [*found, *self._among(found, self.links)]

    # --- By id -----------------------------------------------------------------------------------

    def GetDocuments(self, query: Query) -> list[Entry]:
        return [e for e in self.entries if _named(e, query) and self._shows(e, query)]

    def _shows(self, entry: Entry, query: Query) -> bool:
        """Metadata level 1 hides superseded versions."""
        return query.level == 2 or entry.id in self.newest

    def GetFolders(self, query: Query) -> list[Folder]:
        return [f for f in self.folders if _named(f, query)]

    def GetAssociations(self, query: Query) -> list[Association]:
        return self._touching(set(query.ids))

    def GetDocumentsAndAssociations(self, query: Query) -> list[Thing]:
        found = self.GetDocuments(query)
        return [*found, *self._touching({e.id for e in found})]

    def GetSubmissionSets(self, query: Query) -> list[Thing]:
        members = {o.id for o in (*self.entries, *self.folders)} & set(query.ids)
        sets = {s.id for s in self.sets}
        links = [
            link
            for link in self.links
            if link.type == "HasMember"
            and link.source in sets
            and link.target in members
            and not link.by_reference
            and (query.level == 2 or link.status == "Approved")
        ]
        return [*(s for s in self.sets if s.id in {link.source for link in links}), *links]

    def GetSubmissionSetAndContents(self, query: Query) -> list[Thing]:
        found = [s for s in self.sets if _named(s, query)]
        links = [a for a in self.links if query.level == 2 or a.status == "Approved"]
        inside = self._members(found, links)
        entries = [
            e for e in self.entries if e.id in inside and _fits(e, query) and self._shows(e, query)
        ]
        folders = [
            f
            for f in self.folders
            if f.id in inside and (query.level == 2 or f.status == "Approved")
        ]
        objects: list[Thing] = [*found, *entries, *folders]
        return [*objects, *self._among(objects, links)]

    def GetFolderAndContents(self, query: Query) -> list[Thing]:
        found = [f for f in self.folders if _named(f, query)]
        inside = self._members(found, self.links)
        entries = [
            e for e in self.entries if e.id in inside and _fits(e, query) and self._shows(e, query)
        ]
        there = {e.id for e in entries}
        return [
            *found,
            *entries,
            *(
                link
                for link in self.links
                if link.source in {f.id for f in found} and link.target in there
            ),
        ]

    def GetFoldersForDocument(self, query: Query) -> list[Folder]:
        of = {e.id for e in self.entries if _named(e, query)}
        holders = {
            link.source for link in self.links if link.type == "HasMember" and link.target in of
        }
        return [f for f in self.folders if f.id in holders]

    def GetRelatedDocuments(self, query: Query) -> list[Thing]:
        start = {e.id for e in self.entries if _named(e, query)}
        entries = {e.id for e in self.entries if self._shows(e, query)}
        links = [
            link
            for link in self._touching(start)
            if link.type in query.types and {link.source, link.target} <= entries
        ]
        ends = {end for link in links for end in (link.source, link.target)}
        return [*(e for e in self.entries if e.id in ends), *links]

    # --- Parts -----------------------------------------------------------------------------------

    def _members(self, holders: Iterable[Thing], links: Iterable[Association]) -> set[str]:
        of = {holder.id for holder in holders}
        return {a.target for a in links if a.type == "HasMember" and a.source in of}

    def _touching(self, ids: set[str]) -> list[Association]:
        return [link for link in self.links if {link.source, link.target} & ids]

    def _among(self, objects: Iterable[Thing], links: Iterable[Association]) -> list[Association]:
        """The links among some objects, and from sets to these links."""
        there = {one.id for one in objects}
        there |= {link.id for link in links if {link.source, link.target} <= there}
        return [link for link in links if {link.source, link.target} <= there]


def _in(code: str, codes: frozenset[str]) -> bool:
    return not codes or code in codes


def _fits(entry: Entry, query: Query) -> bool:
    return _in(entry.format_code, query.format_codes) and (
        not query.confidentiality
        or bool((entry.labels | entry.restrictions) & query.confidentiality)
    )


def _named(one: Thing, query: Query) -> bool:
    return bool({one.id, one.unique_id} & set(query.ids))
