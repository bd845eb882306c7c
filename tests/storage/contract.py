"""What every registry store does, whatever it is made of.

``law`` fills two stores with the same random shelf and asks both the same random questions.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from gateway.model.association import Association
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    Organization,
    Person,
    ReferenceId,
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, FolderTouch, StatusChange
from gateway.model.patient import Patient
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import (
    RELATIONSHIPS,
    AssociationType,
    DocumentAvailability,
    DocumentEntryType,
)
from gateway.ports import Form, Found, Page, TooManyResults
from gateway.transactions import registry_stored_query as ask
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
)
from tests.storage.shelf import APPROVED, DEPRECATED, Maker, patient

NATIONAL = "urn:example:association:Other"
CODES = (Code("A", "1.2"), Code("A", "1.3"), Code("AB", "1.2"), Code("%", "1.2"), Code("B'", "x"))
KEYS = [(c.code, c.scheme) for c in CODES] + [("A", None), ("Z", "1.2"), ("' OR 1=1 --", None)]
TIMES = ("2024", "20240615", "20240615101500", "20250101", "202502")
BOUNDS = ("20240101000000", "20240615000000", "20240615101500", "20250201000000")
PERSONS = (
    "1^Smith^John^^^Dr^^^&1.2&ISO",
    "^Sm_th^Éric^Jean Paul",
    "2^Müller^100%",
    "^SMITH",
)
PATTERNS = ("%Smith%", "%sm%", "_^Sm%", "%Sm_th%", "%", "%\\%", "%100%", "^SMITH", "")
NAMES = ("smi", "Mull", "muller", "er", "Jean", "paul", "éric", "ERIC", "100%")
CODED = (
    "class_code",
    "type_code",
    "event_code_list",
    "confidentiality_code",
    "content_type_code",
    "code_list",
)
WHENS = (
    "creation_time",
    "service_start_time",
    "submission_time",
    "last_update_time",
    "registration_time",
    "last_updated",
)
STATUSES = (APPROVED, DEPRECATED)
PATIENTS = ("A", "B", "C")
TYPES = (DocumentEntryType.STABLE, DocumentEntryType.ON_DEMAND)
LINKS = (*sorted(RELATIONSHIPS), AssociationType.HAS_MEMBER, NATIONAL)

codes = st.sampled_from(CODES)
optional_time = st.none() | st.sampled_from(TIMES).map(DateTime)
patients = st.sampled_from(PATIENTS).map(patient)
statuses = st.sampled_from(STATUSES)
authors = st.lists(
    st.sampled_from(PERSONS).map(lambda p: Author(person=Person(p)))
    | st.just(Author())
    | st.just(Author(institution=(Organization.of("Hospital Éclair", "I7", "1.2"),))),
    max_size=2,
).map(tuple)


def few(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most, unique=True).map(tuple)


@st.composite
def shelves(draw: st.DrawFn) -> list[Changes]:
    """What happened to a registry: a few changes, one after another."""
    make = Maker()
    entries: list[DocumentEntry] = []
    for _ in range(draw(st.integers(0, 7))):
        more: dict[str, Any] = {}
        if entries and draw(st.booleans()):
            older = draw(st.sampled_from(entries))
            more["logical_id"] = older.logical_id
            more["unique_id"] = older.unique_id
            more["version"] = str(draw(st.integers(2, 4)))
        entries.append(
            make.entry(
                draw(patients),
                availability_status=draw(statuses),
                object_type=draw(st.sampled_from(TYPES)),
                document_availability=draw(st.sampled_from((None, *DocumentAvailability))),
                class_code=draw(codes),
                type_code=draw(st.none() | codes),
                format_code=draw(codes),
                practice_setting_code=draw(codes),
                healthcare_facility_type_code=draw(codes),
                event_code_list=draw(few(codes)),
                confidentiality_code=draw(few(codes)),
                author=draw(authors),
                creation_time=draw(optional_time),
                service_start_time=draw(optional_time),
                service_stop_time=draw(optional_time),
                reference_id_list=draw(few(st.sampled_from(("r1", "r2")).map(ReferenceId))),
                **more,
            )
        )
    sets = [
        make.submission_set(
            draw(patients),
            submission_time=draw(optional_time),
            source_id=draw(st.sampled_from(("1.2.9", "1.2.10"))),
            content_type_code=draw(codes),
            author=draw(authors),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    folders = [
        make.folder(
            draw(patients),
            availability_status=draw(statuses),
            code_list=draw(few(codes)),
            last_update_time=draw(st.sampled_from(TIMES).map(DateTime)),
        )
        for _ in range(draw(st.integers(0, 3)))
    ]
    links = draw_links(draw, make, entries, sets, folders)
    first = Changes(added=(*sets, *links, *entries, *folders), fingerprint=b"f")
    if draw(st.booleans()):
        first = Changes(added=(*sets, *entries, *folders, *links))
    changed = draw(few(st.sampled_from([*entries, *folders, *links] or sets), 3))
    second = Changes(
        statuses=tuple(
            StatusChange(entry_uuid=o.entry_uuid, status=draw(statuses)) for o in changed
        ),
        touched=tuple(
            FolderTouch(entry_uuid=f.entry_uuid, last_update_time=draw(st.sampled_from(BOUNDS)))
            for f in folders[:1]
        ),
    )
    targets = {link.target_object for link in links}
    loose = [link for link in links if link.entry_uuid not in targets]
    removed = draw(few(st.sampled_from(loose), 2)) if loose else ()
    ends = {end for a in links if a not in removed for end in (a.source_object, a.target_object)}
    gone = [e.entry_uuid for e in entries[:1] if e.entry_uuid not in ends and draw(st.booleans())]
    third = Changes(removed=(*(a.entry_uuid for a in removed), *gone))
    return [first, second, third]


def draw_links(
    draw: st.DrawFn,
    make: Maker,
    entries: list[DocumentEntry],
    sets: list[SubmissionSet],
    folders: list[Folder],
) -> list[Association]:
    links: list[Association] = []
    pairs: list[tuple[RegistryObject, RegistryObject, str]] = [
        (s, e, AssociationType.HAS_MEMBER) for s in sets for e in (*entries, *folders)
    ]
    pairs += [(f, e, AssociationType.HAS_MEMBER) for f in folders for e in entries]
    pairs += [
        (a, b, kind)
        for a in entries
        for b in entries
        if a is not b
        for kind in (AssociationType.RPLC, AssociationType.APND, AssociationType.IS_SNAPSHOT_OF)
    ]
    if pairs:
        for source, target, kind in draw(st.lists(st.sampled_from(pairs), max_size=8)):
            links.append(make.link(source, target, kind, availability_status=draw(statuses)))
    filed = [a for a in links if any(a.source_object == f.entry_uuid for f in folders)]
    for link in filed:
        if draw(st.booleans()):
            links.append(make.link(draw(st.sampled_from(sets)), link))
    return links


def any_codes() -> st.SearchStrategy[Any]:
    return few(st.sampled_from(KEYS), 3)


def all_codes() -> st.SearchStrategy[Any]:
    groups = st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True).map(tuple)
    return st.lists(groups, max_size=2).map(tuple)


@st.composite
def bounds(draw: st.DrawFn, *attributes: str) -> ask.TimeBound:
    return ask.TimeBound(
        attribute=draw(st.sampled_from(attributes)),
        low=draw(st.none() | st.sampled_from(BOUNDS)),
        high=draw(st.none() | st.sampled_from(BOUNDS)),
        missing_matches=draw(st.booleans()),
        last=draw(st.booleans()),
    )


def conditions(objects: tuple[RegistryObject, ...]) -> st.SearchStrategy[Condition]:
    """Anything a search may ask, of whatever kind of object."""
    ids = [i for o in objects for i in (o.entry_uuid, getattr(o, "logical_id", None)) if i]
    ends = few(st.sampled_from([*ids, "urn:uuid:nobody"]))
    numbers = st.sampled_from((None, "1", "2", "I7", "r1", "ext"))
    simple = st.one_of(
        bounds(*WHENS),
        st.builds(HasCode, st.sampled_from(CODED), *map(st.sampled_from, zip(*KEYS, strict=True))),
        st.builds(HasCode, st.sampled_from(CODED), st.none(), st.sampled_from(("1.2", "x", ""))),
        st.builds(
            HasText,
            st.sampled_from(("author_family", "author_given", "author_institution", "title")),
            st.sampled_from((*NAMES, "Paul", "Müller", "Hospital", "hos")),
            st.sampled_from(Match),
        ),
        st.builds(
            HasIdentifier,
            st.sampled_from(("author_person", "author_institution", "reference_id_list")),
            numbers,
            st.sampled_from((None, "", "1.2")),
            st.sampled_from((None, None, "urn:x")),
        ),
        st.builds(Has, st.sampled_from((*CODED, *WHENS[:3], "title", "author_institution"))),
        st.builds(Is, st.sampled_from(("entry_uuid", "logical_id", "unique_id")), ends),
        st.just(Newest()),
        st.builds(
            Linked,
            from_here=st.booleans(),
            types=few(st.sampled_from(LINKS)),
            to=ends,
            any_version=st.booleans(),
        ),
    )
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(Every, few(inner)),
            st.builds(Either, few(inner)),
        ),
        max_leaves=4,
    )


ORDERS = st.lists(
    st.builds(
        Order,
        st.sampled_from(
            (
                "creation_time",
                "type_code",
                "availability_status",
                "unique_id",
                "date",
                "last_updated",
            )
        ),
        st.booleans(),
    ),
    max_size=2,
    unique_by=lambda order: order.attribute,
).map(tuple)


def sparse(strategy: st.SearchStrategy[Any], nothing: Any = ()) -> st.SearchStrategy[Any]:
    """Mostly no filter: a question with every filter finds nothing."""
    return st.one_of(st.just(nothing), st.just(nothing), st.just(nothing), strategy)


@st.composite
def questions(draw: st.DrawFn, shelf: list[Changes]) -> ask.StoredQuery:
    """A random query of a random kind about what is on the shelf."""
    objects = shelf[0].added
    entries = [o for o in objects if isinstance(o, DocumentEntry)]
    sets = [o for o in objects if isinstance(o, SubmissionSet)]
    folders = [o for o in objects if isinstance(o, Folder)]
    level = draw(st.sampled_from((1, 2)))
    link_status = draw(sparse(few(statuses)))

    def ids(values: list[Any], attribute: str) -> Any:
        known = [getattr(v, attribute) for v in values]
        return few(st.sampled_from([*known, "urn:uuid:nobody' OR '1'='1"]), 3)

    def named(values: list[Any], *attributes: str) -> dict[str, Any]:
        attribute = draw(st.sampled_from(attributes or ("entry_uuid", "unique_id", "logical_id")))
        return {attribute: draw(ids(values, attribute))}

    def filters() -> dict[str, Any]:
        return {
            "format_code": draw(sparse(any_codes())),
            "confidentiality_code": draw(sparse(all_codes())),
            "object_type": draw(st.sampled_from((TYPES, TYPES[:1], TYPES[1:], ()))),
        }

    kind = draw(st.sampled_from(ask.StoredQuery.__args__))  # type: ignore[attr-defined]
    if kind is ask.FindDocuments:
        return ask.FindDocuments(
            patient_id=draw(sparse(st.none(), draw(patients))),
            status=draw(few(statuses)),
            class_code=draw(sparse(any_codes())),
            type_code=draw(sparse(any_codes())),
            practice_setting_code=draw(sparse(any_codes())),
            healthcare_facility_type_code=draw(sparse(any_codes())),
            event_code_list=draw(sparse(all_codes())),
            author_person=draw(sparse(few(st.sampled_from(PATTERNS)))),
            reference_id_list=draw(sparse(st.sampled_from(((("r1",),), (("r1", "r2"), ("r2",)))))),
            times=draw(
                sparse(
                    few(
                        bounds(
                            "creation_time",
                            "service_start_time",
                            "service_stop_time",
                            "registration_time",
                        )
                    )
                )
            ),
            document_availability=draw(sparse(few(st.sampled_from(tuple(DocumentAvailability))))),
            metadata_level=level,
            entry_uuid=draw(sparse(ids(entries, "entry_uuid"))),
            logical_id=draw(sparse(ids(entries, "logical_id"))),
            unique_id=draw(sparse(ids(entries, "unique_id"))),
            also=draw(sparse(few(conditions(objects)))),
            **filters(),
        )
    if kind is ask.FindSubmissionSets:
        return ask.FindSubmissionSets(
            patient_id=draw(sparse(st.none(), draw(patients))),
            status=draw(few(statuses)),
            source_id=draw(sparse(few(st.sampled_from(("1.2.9", "1.2.10", "'"))))),
            times=draw(sparse(few(bounds("submission_time", "registration_time")))),
            author_person=draw(sparse(few(st.sampled_from(PATTERNS), 1))),
            content_type_code=draw(sparse(any_codes())),
            entry_uuid=draw(sparse(ids(sets, "entry_uuid"))),
            unique_id=draw(sparse(ids(sets, "unique_id"))),
            also=draw(sparse(few(conditions(objects)))),
        )
    if kind is ask.FindFolders:
        return ask.FindFolders(
            patient_id=draw(sparse(st.none(), draw(patients))),
            status=draw(few(statuses)),
            times=draw(sparse(few(bounds("last_update_time", "registration_time")))),
            code_list=draw(sparse(all_codes())),
            also=draw(sparse(few(conditions(objects)))),
            metadata_level=level,
            entry_uuid=draw(sparse(ids(folders, "entry_uuid"))),
            unique_id=draw(sparse(ids(folders, "unique_id"))),
        )
    if kind is ask.GetAll:
        return ask.GetAll(
            patient_id=draw(patients),
            document_entry_status=draw(few(statuses)),
            submission_set_status=draw(few(statuses)),
            folder_status=draw(few(statuses)),
            association_status=link_status,
            metadata_level=level,
            **filters(),
        )
    if kind is ask.GetDocuments:
        return ask.GetDocuments(metadata_level=level, **named(entries))
    if kind is ask.GetFolders:
        return ask.GetFolders(metadata_level=level, **named(folders))
    if kind is ask.GetAssociations:
        return ask.GetAssociations(
            uuid=draw(ids([*objects], "entry_uuid")),
            association_status=link_status,
            metadata_level=level,
        )
    if kind is ask.GetSubmissionSets:
        return ask.GetSubmissionSets(uuid=draw(ids([*objects], "entry_uuid")), metadata_level=level)
    if kind is ask.GetSubmissionSetAndContents:
        return ask.GetSubmissionSetAndContents(
            metadata_level=level, **named(sets, "entry_uuid", "unique_id"), **filters()
        )
    if kind is ask.GetFolderAndContents:
        return ask.GetFolderAndContents(
            association_status=link_status, metadata_level=level, **named(folders), **filters()
        )
    if kind is ask.GetRelatedDocuments:
        return ask.GetRelatedDocuments(
            association_types=draw(few(st.sampled_from(LINKS), 3)),
            object_type=draw(st.sampled_from((TYPES, TYPES[:1]))),
            association_status=link_status,
            metadata_level=level,
            **named(entries),
        )
    query: ask.StoredQuery = kind(
        association_status=link_status, metadata_level=level, **named(entries)
    )
    return query


@st.composite
def readings(draw: st.DrawFn) -> tuple[Form, Page | None]:
    pages = st.builds(
        Page,
        size=st.integers(1, 3),
        after=st.none() | st.integers(1, 12),
        ascending=st.booleans(),
    )
    page = draw(st.none() | pages)
    if page is not None and draw(st.booleans()):
        order = draw(ORDERS)
        place = tuple(
            draw(st.sampled_from((1, 2)))
            if one.attribute == "availability_status"
            else draw(st.sampled_from(("", *BOUNDS, "A\x1e1.2")))
            for one in order
        )
        page = replace(page, order=order, place=place)
    return draw(st.sampled_from(Form)), page


async def fill(store: Any, shelf: list[Changes], merged: bool) -> None:
    """Let a shelf happen to a store, with patients of fixed ids; perhaps merge two at the end."""
    for name in PATIENTS:
        await store.patients.put(Patient(logical_id=f"p-{name}", identifiers=(patient(name),)))
    for changes in shelf:
        await store.change(lambda _, c=changes: c)
    if merged:
        await store.patients.merge(patient("B"), patient("A"))


async def answer(store: Any, query: ask.StoredQuery, form: Form, page: Page | None) -> object:
    """What a store answers, in a form that can be compared."""
    try:
        found: Found = await store.find(query, form, page)
    except TooManyResults:
        return "too many"
    objects = [
        (h.kind, h.entry_uuid, h.patient, pickle.loads(h.fragment) if h.fragment else None, h.key)
        for h in found.objects
    ]
    return objects, found.total, found.more


def known_facts(known: Any, shelf: list[Changes]) -> list[object]:
    """Everything a decision may ask about a shelf."""
    facts: list[object] = []
    for value in shelf[0].added:
        facts += [
            known.object(value.entry_uuid),
            known.latest(value.logical_id),
            known.associations(value.entry_uuid),
        ]
        unique_id = getattr(value, "unique_id", None)
        if unique_id is not None:
            facts += [
                known.entries(unique_id),
                known.holder(unique_id),
                known.fingerprint(unique_id),
                known.document(unique_id),
            ]
    for name in (*PATIENTS, "D"):
        facts += [known.surviving(patient(name)), known.is_known(patient(name))]
    facts.append(known.surviving(Identifier("A^^^other&1.2.3&ISO")))
    return facts
