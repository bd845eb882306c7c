"""Two worlds: a registry somebody sees a part of, and one in which the rest was never stored.

What is visible is worked out here the slow and obvious way, from what happened and the document
gate's own verdict, and from nothing that storage keeps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from gateway.consent.document_gate import is_visible, see
from gateway.consent.visibility import DocumentFacts, Restriction, Visibility
from gateway.model.association import Association
from gateway.model.choices import AuthoredBy, Holder, HolderKind, Labelled, Period, WrittenIn
from gateway.model.datatypes import Author, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, FolderTouch, StatusChange
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType
from tests.storage import contract
from tests.storage.contract import CODES, PATIENTS, few
from tests.storage.shelf import DEPRECATED, Maker, patient, record

CODES_OF = {
    CODES[0].key: Restriction.MASKED,
    CODES[1].key: Restriction.HIDDEN_FROM_PATIENT,
    CODES[2].key: Restriction.HIDDEN_FROM_REPRESENTATIVES,
}
"""The confidentiality codes that restrict here."""

KEYS = ("1^1.2", "I7^1.2", "nobody^1.2")
BEFORE, RELEASED = "20260315000000", "20270101000000"
LINEAGE = {
    AssociationType.RPLC,
    AssociationType.XFRM,
    AssociationType.APND,
    AssociationType.XFRM_RPLC,
}

PERSON = Holder(kind=HolderKind.PROFESSIONAL, identifier=Identifier("1^^^&1.2&ISO"))
CLINIC = Holder(kind=HolderKind.STRUCTURE, identifier=Identifier("I7^^^&1.2&ISO"))
masks = st.sampled_from(
    (
        AuthoredBy(author=PERSON),
        AuthoredBy(author=CLINIC),
        WrittenIn(period=Period(start=DateTime("2024"), end=DateTime("20240615"))),
        WrittenIn(period=Period(start=DateTime("20240615101500"))),
        Labelled(label="R"),
    )
)
code_sets = st.none() | st.frozensets(st.sampled_from([c.key for c in CODES]), min_size=1)


@st.composite
def visibilities(draw: st.DrawFn) -> Visibility:
    return Visibility(
        patient=patient(draw(st.sampled_from(PATIENTS))),
        now=draw(st.sampled_from((BEFORE, RELEASED))),
        owned_by=draw(st.frozensets(st.sampled_from(KEYS), max_size=2)),
        hides_all=draw(st.sampled_from((False, False, False, True))),
        restrictions=draw(st.frozensets(st.sampled_from(Restriction))),
        masks=draw(st.just(()) | few(masks)),
        types=draw(code_sets),
        classes=draw(code_sets),
        creator=draw(st.frozensets(st.sampled_from(KEYS), max_size=1)),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Changes]:
    """What happened, with members that join folders late and documents that are withdrawn."""
    first, second, third = draw(contract.shelves())
    make = Maker(iter(range(500, 600)))
    entries = [o for o in first.added if isinstance(o, DocumentEntry)]
    folders = [o for o in first.added if isinstance(o, Folder)]
    first = replace(first, documents=tuple({e.unique_id: record(e) for e in entries}.values()))
    second = replace(second, touched=())
    links: list[Association] = []
    touched: list[FolderTouch] = []
    gone = set(third.removed)
    there = [e for e in entries if e.entry_uuid not in gone]
    if folders and there and draw(st.booleans()):
        folder = draw(st.sampled_from(folders))
        members = draw(few(st.sampled_from(there), 2))
        links = [make.link(folder, entry) for entry in members]
        touched = [FolderTouch(entry_uuid=folder.entry_uuid, last_update_time="20260302000000")]
    if len(there) > 1 and draw(st.booleans()):
        links.append(make.link(there[0], there[1], AssociationType.APND))
        if len(there) > 2 and draw(st.booleans()):
            links.append(make.link(there[1], there[2], AssociationType.APND))
    late = Changes(added=tuple(links), touched=tuple(touched) if links else ())
    replacements = []
    # Of one document as well: whoever sees no replacement of it may make another one.
    for _ in range(2):
        replacing, deprecated = draw_replacement(draw, make, there, [*first.added, *links])
        links += [o for o in replacing if isinstance(o, Association)]
        entries = [*entries, *(o for o in replacing if isinstance(o, DocumentEntry))]
        replacements.append(Changes(added=tuple(replacing), statuses=tuple(deprecated)))
    withdrawn: list[StatusChange] = []
    if there and draw(st.booleans()):
        victim = draw(st.sampled_from(there))
        going = {e.entry_uuid for e in entries if e.logical_id == victim.logical_id} - gone
        every = [a for a in (*first.added, *links) if isinstance(a, Association)]
        for _ in range(2):
            going |= {
                a.entry_uuid
                for a in every
                if a.entry_uuid not in gone and {a.source_object, a.target_object} & going
            }
        withdrawn = [StatusChange(entry_uuid=one, status="urn:gone") for one in sorted(going)]
    return [first, second, third, late, *replacements, Changes(withdrawn=tuple(withdrawn))]


def draw_replacement(
    draw: st.DrawFn, make: Maker, there: list[DocumentEntry], before: list[RegistryObject]
) -> tuple[list[RegistryObject], list[StatusChange]]:
    """A document that replaces another one, with what that deprecates."""
    if not there or not draw(st.booleans()):
        return [], []
    old = draw(st.sampled_from(there))
    new = make.entry(
        old.patient_id,
        type_code=draw(st.none() | contract.codes),
        class_code=draw(contract.codes),
        author=draw(contract.authors),
        confidentiality_code=draw(few(contract.codes)),
    )
    reached = [old.entry_uuid]
    for uuid in reached:
        for link in before:
            if (
                isinstance(link, Association)
                and link.association_type in (AssociationType.APND, AssociationType.XFRM)
                and link.target_object == uuid
                and link.source_object not in reached
                and any(e.entry_uuid == link.source_object for e in there)
            ):
                reached.append(link.source_object)
    return (
        [new, make.link(new, old, AssociationType.RPLC)],
        [StatusChange(entry_uuid=one, status=DEPRECATED) for one in reached],
    )


@dataclass
class World:
    """What is there at the end, and what of it somebody sees."""

    objects: dict[str, RegistryObject]
    visible: frozenset[str]

    def without_the_absent(self, history: list[Changes]) -> list[Changes]:
        """What happened, had the absent never been stored."""
        seen = self.visible
        before: list[RegistryObject] = []
        reached: list[set[str] | None] = []
        for changes in history:
            reached.append(self._deprecated(changes, before))
            before += changes.added
        return [
            replace(
                changes,
                added=tuple(o for o in changes.added if o.entry_uuid in seen),
                statuses=tuple(
                    s
                    for s in changes.statuses
                    if s.entry_uuid in seen and (deprecated is None or s.entry_uuid in deprecated)
                ),
                touched=tuple(
                    t
                    for t in changes.touched
                    if any(
                        isinstance(o, Association)
                        and o.source_object == t.entry_uuid
                        and o.entry_uuid in seen
                        for o in changes.added
                    )
                ),
                removed=(),
                withdrawn=(),
                documents=tuple(
                    d
                    for d in changes.documents
                    if any(
                        isinstance(o, DocumentEntry)
                        and o.unique_id == d.unique_id
                        and o.entry_uuid in seen
                        for o in self.objects.values()
                    )
                ),
            )
            for changes, deprecated in zip(history, reached, strict=True)
        ]

    def _deprecated(self, changes: Changes, before: list[RegistryObject]) -> set[str] | None:
        """What visible replacements deprecate, over visible links; ``None`` without any at all.

        What an absent replacement deprecated is not deprecated, nor what went with an absent
        document.
        """
        replacing = [
            o
            for o in changes.added
            if isinstance(o, Association)
            and o.association_type in {AssociationType.RPLC, AssociationType.XFRM_RPLC}
        ]
        if not (replacing and changes.statuses):
            return None
        waiting = [o.target_object for o in replacing if o.entry_uuid in self.visible]
        reached: set[str] = set()
        while waiting:
            uuid = waiting.pop()
            reached.add(uuid)
            waiting += [
                link.source_object
                for link in before
                if isinstance(link, Association)
                and link.entry_uuid in self.visible
                and link.association_type in {AssociationType.APND, AssociationType.XFRM}
                and link.target_object == uuid
                and link.source_object not in reached
            ]
        return reached


def world(history: list[Changes], visibility: tuple[Visibility, ...], merged: bool) -> World:
    """Work out what is there, and what of it somebody sees."""
    objects: dict[str, RegistryObject] = {}
    for changes in history:
        objects.update({o.entry_uuid: o for o in changes.added})
        for uuid in (*changes.removed, *(w.entry_uuid for w in changes.withdrawn)):
            objects.pop(uuid, None)
    sets = [o for o in history[0].added if isinstance(o, SubmissionSet)]
    depositors = keys(author for s in sets for author in s.author)
    brought = {o.entry_uuid for o in history[0].added}
    entries = {u: o for u, o in objects.items() if isinstance(o, DocumentEntry)}
    links = [o for o in objects.values() if isinstance(o, Association)]
    newest = {
        lid: max(
            (e for e in entries.values() if e.logical_id == lid),
            key=lambda e: (int(e.version or "1"), e.entry_uuid),
        )
        for lid in {e.logical_id for e in entries.values()}
    }

    def whose(value: Identifier | None) -> Identifier | None:
        return patient("A") if merged and value == patient("B") else value

    def facts(entry: DocumentEntry, kin: list[DocumentEntry] | None = None) -> DocumentFacts:
        if kin is None:
            kin = lineage(entry, newest, entries, links)
            linked = tuple(facts(one, [one]) for one in kin)
        else:
            linked = ()
        restrictions = {
            CODES_OF[code.key]
            for one in kin
            for code in one.confidentiality_code
            if code.key in CODES_OF
        }
        hidden = Restriction.HIDDEN_FROM_PATIENT in restrictions
        authors = keys(entry.author)
        return DocumentFacts(
            entry_uuid=entry.entry_uuid,
            patient=whose(entry.patient_id),
            restrictions=frozenset(restrictions),
            hidden_until="20260401000000" if hidden else "",
            owners=frozenset(
                writers(entry.author) | (depositors if entry.entry_uuid in brought else set())
            ),
            authors=frozenset(authors),
            type_code=entry.type_code,
            class_code=entry.class_code,
            confidentiality=entry.confidentiality_code,
            creation_time=entry.creation_time.text if entry.creation_time else "",
            lineage=linked,
        )

    # Whoever may look at a record that has become part of another one asks again.
    asking = [v for v in visibility if whose(v.patient) == v.patient]
    shown = {
        u: any(is_visible(see(v, facts(e))) for v in asking)  # of its own facts
        for u, e in entries.items()
    }
    visible = {u for u, e in entries.items() if shown[u] and shown[newest[e.logical_id].entry_uuid]}

    def members(holder: RegistryObject) -> set[str]:
        return {
            a.target_object
            for a in links
            if a.source_object == holder.entry_uuid
            and a.association_type == AssociationType.HAS_MEMBER
        }

    for uuid, one in objects.items():
        if isinstance(one, Folder):
            of_his = [v for v in asking if v.patient == whose(one.patient_id)]
            made = any(v.creator & depositors for v in of_his)
            if of_his and (made or members(one) & visible):
                visible.add(uuid)
    for uuid, one in objects.items():
        if isinstance(one, SubmissionSet):
            known = any(v.patient == whose(one.patient_id) for v in asking)
            if known and members(one) & visible:
                visible.add(uuid)
    for _ in range(2):
        for one in links:
            if {one.source_object, one.target_object} <= visible:
                visible.add(one.entry_uuid)
    return World(objects, frozenset(visible))


def writers(authors: Any) -> set[str]:
    """Who wrote: people, and institutions where no person is named."""
    return keys(replace(a, institution=()) if a.person else a for a in authors)


def keys(authors: Any) -> set[str]:
    found = set()
    for author in authors:
        assert isinstance(author, Author)
        if author.person and author.person.identifier:
            found.add(f"{author.person.identifier}^{author.person.authority}")
        found |= {f"{o.identifier}^{o.authority}" for o in author.institution if o.identifier}
    return found


def lineage(
    entry: DocumentEntry,
    newest: dict[Any, DocumentEntry],
    entries: dict[str, DocumentEntry],
    links: list[Association],
) -> list[DocumentEntry]:
    """The newest versions of all that is linked with an entry."""
    reached = {entry.logical_id}
    while True:
        further = {
            entries[there].logical_id
            for a in links
            if a.association_type in LINEAGE
            for here, there in (
                (a.source_object, a.target_object),
                (a.target_object, a.source_object),
            )
            if here in entries and there in entries and entries[here].logical_id in reached
        }
        if further <= reached:
            return [newest[lid] for lid in reached]
        reached |= further
