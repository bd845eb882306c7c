"""What decisions look at is kept with each document, whatever happens to it."""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.consent.document_gate import see
from gateway.consent.visibility import DocumentFacts, Restriction, Visibility
from gateway.model.association import Association
from gateway.model.choices import AuthoredBy, Holder, HolderKind
from gateway.model.datatypes import Author, Code, DateTime, Identifier, Organization, Person
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle import Changes, Known, StatusChange, remove
from gateway.model.lifecycle.register import deprecated_with
from gateway.model.vocabulary import AssociationType
from gateway.ports import Form
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.storage.sqlite.sight import Sight
from gateway.storage.sqlite.words import word
from gateway.transactions.registry_stored_query import FindDocuments, FindFolders
from tests.storage import contract, worlds
from tests.storage.earlier import as_of_step
from tests.storage.shelf import (
    APPROVED,
    DEPRECATED,
    Maker,
    PickledFragments,
    SteppingClock,
    patient,
)

ALICE = patient("alice")
MASK, HIDE = Code("MASK", "1.9"), Code("HIDE", "1.9")
CODES = {MASK.key: Restriction.MASKED, HIDE.key: Restriction.HIDDEN_FROM_PATIENT}
DOCTOR = Author(
    person=Person.of("801", "Martin", authority="1.2"),
    institution=(Organization.of("Clinic", "F7", "1.3"),),
)
SENDER = Author(person=Person.of("802", "Petit", authority="1.2"))


class January:
    """A clock that stands at the end of January."""

    def now(self) -> str:
        return "20260131101500"


def with_store(
    path: Path,
    test: Callable[[SqliteRegistryStore], Awaitable[None]],
    codes: Any = CODES,
    clock: Any = None,
) -> None:
    async def run() -> None:
        store = SqliteRegistryStore.open(
            path / "r.sqlite", PickledFragments(), clock or SteppingClock(), restrictions=codes
        )
        try:
            await test(store)
        finally:
            await store.close()

    asyncio.run(run())


async def keep(store: SqliteRegistryStore, *added: Any, **more: Any) -> None:
    await store.change(lambda known: Changes(added=added, **more))


async def restrictions(store: SqliteRegistryStore, entry: DocumentEntry) -> set[Restriction]:
    facts = await store.facts(entry.entry_uuid)
    assert facts is not None
    return set(facts.restrictions)


def version(make: Maker, of: DocumentEntry, number: int, *labels: Code, **more: Any) -> Any:
    return make.entry(
        ALICE,
        logical_id=of.entry_uuid,
        unique_id=of.unique_id,
        version=str(number),
        confidentiality_code=labels,
        **more,
    )


def test_what_masks_one_document_masks_all_that_replace_or_add_to_it(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        first, second, added, other = (make.entry(ALICE) for _ in range(4))
        replaced = make.link(second, first, AssociationType.RPLC)
        await keep(store, first, second, replaced, other)
        masked = make.entry(ALICE, confidentiality_code=(MASK,))
        # The status of a link does not matter: it told of the two documents all the same.
        link = make.link(added, second, AssociationType.APND, availability_status=DEPRECATED)
        await keep(store, added, masked, link, make.link(masked, added, AssociationType.XFRM))
        for entry in (first, second, added, masked):
            assert await restrictions(store, entry) == {Restriction.MASKED}
        assert await restrictions(store, other) == set()
        unmasked = version(make, masked, 2)
        await keep(store, unmasked)
        for entry in (first, second, added, masked, unmasked):
            assert await restrictions(store, entry) == set()

    with_store(tmp_path, test)


def test_a_signature_makes_no_lineage(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        signed, signature = make.entry(ALICE), make.entry(ALICE, confidentiality_code=(MASK,))
        await keep(store, signed, signature, make.link(signature, signed, AssociationType.SIGNS))
        assert await restrictions(store, signed) == set()

    with_store(tmp_path, test)


def test_a_lineage_falls_apart_with_the_link_or_document_that_held_it_together(
    tmp_path: Path,
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        masked = make.entry(ALICE, confidentiality_code=(MASK,))
        middle, last, far = (make.entry(ALICE) for _ in range(3))
        to_middle = make.link(middle, masked, AssociationType.APND)
        to_last = make.link(last, middle, AssociationType.APND)
        to_far = make.link(far, last, AssociationType.APND)
        await keep(store, masked, middle, last, far, to_middle, to_last, to_far)
        assert await restrictions(store, far) == {Restriction.MASKED}
        await keep(store, removed=(to_last.entry_uuid,))
        assert await restrictions(store, middle) == {Restriction.MASKED}
        for entry in (last, far):
            assert await restrictions(store, entry) == set()
        gone = tuple(
            StatusChange(entry_uuid=one.entry_uuid, status="urn:gone")
            for one in (masked, to_middle)
        )
        await keep(store, withdrawn=gone)
        assert await restrictions(store, middle) == set()

    with_store(tmp_path, test)


def test_a_hidden_document_is_released_one_calendar_month_after_its_deposit(
    tmp_path: Path,
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        hidden = make.entry(ALICE, confidentiality_code=(HIDE,))
        later = version(make, hidden, 2, HIDE)
        await keep(store, hidden)
        await keep(store, later)
        for entry in (hidden, later):
            facts = await store.facts(entry.entry_uuid)
            assert facts is not None and facts.hidden_until == "20260228101500"

        async def seen(now: str) -> int:
            restrictions = frozenset({Restriction.HIDDEN_FROM_PATIENT})
            his = Visibility(patient=ALICE, now=now, restrictions=restrictions)
            query = FindDocuments(patient_id=ALICE)
            return (await store.seen_by((his,)).find(query, Form.REFERENCE)).total

        assert await seen("20260228101459") == 0
        assert await seen("20260228101500") == 1

    with_store(tmp_path, test, clock=January())


def test_another_time_of_hiding_is_worked_out_for_what_is_there(tmp_path: Path) -> None:
    async def opened(months: int) -> SqliteRegistryStore:
        return SqliteRegistryStore.open(
            tmp_path / "r.sqlite",
            PickledFragments(),
            January(),
            restrictions=CODES,
            release_months=months,
        )

    async def run() -> None:
        make = Maker()
        alone, replaced = (make.entry(ALICE, confidentiality_code=(HIDE,)) for _ in range(2))
        newer = make.entry(ALICE)
        store = await opened(1)
        await keep(store, alone, replaced, newer, make.link(newer, replaced, AssociationType.RPLC))
        await store.close()
        store = await opened(3)
        after = make.entry(ALICE, confidentiality_code=(HIDE,))
        await keep(store, after)
        for entry in (alone, replaced, newer, after):
            facts = await store.facts(entry.entry_uuid)
            assert facts is not None and facts.hidden_until == "20260430101500"
        await store.close()

    asyncio.run(run())


def test_owners_are_authors_and_who_deposited_first(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        entry = make.entry(ALICE, author=(DOCTOR,))
        brought = make.submission_set(ALICE, author=(SENDER,))
        await keep(store, brought, entry, make.link(brought, entry))
        updated = version(make, entry, 2, author=(SENDER,))
        update = make.submission_set(
            ALICE, author=(Author(person=Person.of("803", authority="1.2")),)
        )
        await keep(store, update, updated, make.link(update, updated))
        first, second = await store.facts(entry.entry_uuid), await store.facts(updated.entry_uuid)
        assert first == second  # The newest version, by whichever name.
        assert first is not None
        # Whoever writes a version of the description gains nothing by it.
        assert first.owners == {"802^1.2"}
        assert first.authors == {"802^1.2"}

    with_store(tmp_path, test)


def test_who_wrote_or_deposited_a_masked_document_still_sees_it(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        entry = make.entry(ALICE, author=(DOCTOR,), confidentiality_code=(MASK,))
        house = Author(institution=(Organization.of("House", "F8", "1.3"),))
        brought = make.submission_set(ALICE, author=(house,))
        await keep(store, brought, entry, make.link(brought, entry))
        for keys, count in (
            ({"801^1.2"}, 1),
            ({"F8^1.3"}, 1),
            ({"F7^1.3"}, 0),  # The doctor's, which neither wrote nor deposited it.
            ({"80^1.2"}, 0),
            ({"802^1.2"}, 0),
        ):
            his = Visibility(
                patient=ALICE,
                now="20260401000000",
                owned_by=frozenset(keys),
                restrictions=frozenset({Restriction.MASKED}),
            )
            query = FindDocuments(patient_id=ALICE)
            found = await store.seen_by((his,)).find(query, Form.REFERENCE)
            assert found.total == count

    with_store(tmp_path, test)


def test_other_restriction_codes_are_worked_out_for_every_document(tmp_path: Path) -> None:
    make = Maker()
    entry, added = make.entry(ALICE, confidentiality_code=(MASK,)), make.entry(ALICE)

    async def fill(store: SqliteRegistryStore) -> None:
        await keep(store, entry, added, make.link(added, entry, AssociationType.APND))
        assert await restrictions(store, added) == set()

    async def masked(store: SqliteRegistryStore) -> None:
        assert await restrictions(store, added) == {Restriction.MASKED}

    with_store(tmp_path, fill, codes={})
    with_store(tmp_path, masked)
    # A command that knows no profile leaves them as they are.
    with_store(tmp_path, masked, codes=None)


@settings(max_examples=15, phases=(Phase.explicit, Phase.generate))
@given(history=worlds.histories(), merged=st.booleans())
def test_a_file_of_the_version_before_comes_to_the_same_facts(
    tmp_path_factory: pytest.TempPathFactory, history: list[Changes], merged: bool
) -> None:
    path = tmp_path_factory.mktemp("before")
    names = [o.entry_uuid for o in history[0].added if isinstance(o, DocumentEntry)]
    told: list[Any] = []

    async def fill(store: SqliteRegistryStore) -> None:
        await contract.fill(store, history, merged)
        told.append([await store.facts(name) for name in names])

    async def again(store: SqliteRegistryStore) -> None:
        told.append([await store.facts(name) for name in names])

    with_store(path, fill, codes=worlds.CODES_OF)
    depositors = _linked_sets(history)

    def of_sets(facts: DocumentFacts) -> DocumentFacts:
        kin = tuple(one for one in facts.lineage if one.entry_uuid in depositors)
        return dataclasses.replace(facts, lineage=kin)

    as_of_step(path / "r.sqlite", 4)
    with_store(path, again, codes=worlds.CODES_OF)
    for before, after in zip(*told, strict=True):
        # Which set brought a document is told by its links in the file of before.
        if before is not None and after is not None and before.entry_uuid in depositors:
            assert of_sets(after) == of_sets(before)


def _linked_sets(history: list[Changes]) -> set[str]:
    """Documents of the only submission set there is, filed in it."""
    sets = [o.entry_uuid for o in history[0].added if type(o).__name__ == "SubmissionSet"]
    gone = {uuid for changes in history for uuid in changes.removed}
    gone |= {one.entry_uuid for changes in history for one in changes.withdrawn}
    linked = {
        o.target_object
        for o in history[0].added
        if isinstance(o, Association) and o.source_object in sets and o.entry_uuid not in gone
    }
    versions = {
        o.entry_uuid
        for o in history[0].added
        if isinstance(o, DocumentEntry) and o.logical_id == o.entry_uuid
    }
    return linked & versions if len(sets) == 1 else set()


def test_statements_for_somebody_use_the_indexes_of_what_is_asked(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        await keep(store, make.entry(ALICE))
        his = Visibility(
            patient=ALICE,
            now="20260401000000",
            owned_by=frozenset({"801^1.2"}),
            restrictions=frozenset(Restriction),
            types=frozenset({("t", "1.2")}),
        )
        rows = store._file.rows
        before = Sight((his,)).resolved(rows.members)[0].text("")

        def plan(sql: str) -> str:
            asked = rows.connection.execute("EXPLAIN QUERY PLAN " + before + sql)
            return "\n".join(row[3] for row in asked)

        joined = "SELECT o.key FROM {0} t JOIN object o ON o.key = t.key WHERE "
        for table, condition, index in (
            ("document_entry", "t.patient = 1 AND t.status = 1", "document_entry_patient"),
            ("document_entry", "t.unique_id = '1'", "document_entry_unique_id"),
            ("document_entry", "t.lid = '1'", "document_entry_lid"),
            ("document_entry", "t.status = 1", "document_entry_patient"),
            ("document_entry", "o.entry_uuid = '1'", "sqlite_autoindex_object_1"),
            ("submission_set", "t.patient = 1", "submission_set_patient"),
            ("submission_set", "t.unique_id = '1'", "sqlite_autoindex_submission_set_1"),
            ("folder", "t.unique_id = '1'", "folder_unique_id"),
            ("folder", "t.status = 1", "folder_patient"),
            ("association", "t.source = 1", "association_source"),
            ("association", "t.target = 1", "association_target"),
        ):
            told = plan(joined.format(table) + condition)
            assert index in told.splitlines()[0], (table, condition, told)
            # What a chain of links has led to so far is no table.
            assert "SCAN" not in told.replace("SCAN above", ""), told

    with_store(tmp_path, test)


def test_somebody_removes_his_document_whatever_hidden_thing_is_linked_with_it(
    tmp_path: Path,
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        mine, hidden = make.entry(ALICE, author=(DOCTOR,)), make.entry(ALICE, author=(SENDER,))
        both = make.submission_set(ALICE)
        members = make.link(both, mine), make.link(both, hidden)
        link = make.link(hidden, mine, AssociationType.SIGNS)
        await keep(store, both, mine, hidden, *members, link)
        his = Visibility(
            patient=ALICE, now="20260401000000", owned_by=frozenset({"801^1.2"}), hides_all=True
        )
        seen = store.seen_by((his,))
        wanted = (mine.entry_uuid, both.entry_uuid, members[0].entry_uuid)
        await seen.change(lambda known: remove(wanted, known))
        for name in wanted:
            assert await seen.read(name) is None
        assert await store.read(mine.entry_uuid) is None
        assert await store.read(link.entry_uuid) is None
        for kept in (hidden, both, members[1]):
            assert await store.read(kept.entry_uuid) is not None

    with_store(tmp_path, test)


def test_an_empty_folder_is_there_for_whoever_made_it_only(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        folder, brought = make.folder(ALICE), make.submission_set(ALICE, author=(DOCTOR,))
        await keep(store, brought, folder, make.link(brought, folder))

        async def seen(*keys: str) -> int:
            his = Visibility(patient=ALICE, now="20260401000000", creator=frozenset(keys))
            query = FindFolders(patient_id=ALICE)
            return (await store.seen_by((his,)).find(query, Form.REFERENCE)).total

        assert await seen("801^1.2") == 1
        assert await seen("802^1.2") == await seen() == 0

    with_store(tmp_path, test)


def test_a_view_is_nobody_elses(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        assert store.seen_by(None) is store
        with pytest.raises(TypeError):
            store.seen_by(()).seen_by(None)
        assert (await store.seen_by(()).find(FindDocuments(), Form.REFERENCE)).total == 0

    with_store(tmp_path, test)


def test_ids_of_what_is_absent_lead_to_its_patient_for_whoever_needs_to_ask(
    tmp_path: Path,
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        changes = make.submission(ALICE)
        folder = make.folder(patient("bob"))
        await keep(store, *changes.added, folder)
        for value in changes.added:
            assert await store.patients_of((value.entry_uuid,)) == (ALICE,)
        assert isinstance(changes.added[1], DocumentEntry)
        names = (changes.added[1].unique_id or "", folder.entry_uuid, "urn:uuid:nobody")
        assert await store.patients_of(names) == (ALICE, patient("bob"))
        assert await store.patients_of(()) == ()

    with_store(tmp_path, test)


def test_the_schema_of_facts_is_complete(tmp_path: Path) -> None:
    """Every column a view of entries leaves out is one nobody reads."""

    async def test(store: SqliteRegistryStore) -> None:
        connection: sqlite3.Connection = store._file.reading
        columns = {row[1] for row in connection.execute("PRAGMA table_info(document_entry)")}
        seen = store._file.rows.seen_by(Sight(()))
        shown = {one[0] for one in seen.execute("SELECT * FROM document_entry").description}
        hidden = {"marked", "lineage", "depositors", "deposited", "own_touched", "own_updated"}
        assert columns - shown == hidden | {"deprecated_with", "status_before"}

    with_store(tmp_path, test)


def test_identifiers_are_compared_by_value_and_authority(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        await keep(store, make.entry(ALICE))
        longer = Identifier(ALICE.text + "^PI")
        his = Visibility(patient=longer, now="20260401000000")
        query = FindDocuments(patient_id=ALICE)
        assert (await store.seen_by((his,)).find(query, Form.REFERENCE)).total == 1

    with_store(tmp_path, test)


def test_what_a_hidden_document_replaced_is_not_deprecated_for_whoever_does_not_see_it(
    tmp_path: Path,
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        old, appendix, new = (
            make.entry(ALICE),
            make.entry(ALICE),
            make.entry(ALICE, type_code=Code("psychology", "1.9")),
        )
        link = make.link(appendix, old, AssociationType.APND)
        await keep(store, old, appendix, link)
        replaced = make.link(new, old, AssociationType.RPLC)
        deprecated = tuple(
            StatusChange(entry_uuid=one.entry_uuid, status=DEPRECATED) for one in (old, appendix)
        )
        await keep(store, new, replaced, statuses=deprecated)

        async def approved(*types: Code) -> int:
            granted = frozenset(code.key for code in types)
            his = Visibility(patient=ALICE, now="20260401000000", types=granted)
            query = FindDocuments(patient_id=ALICE, status=(APPROVED,))
            return (await store.seen_by((his,)).find(query, Form.REFERENCE)).total

        assert old.type_code is not None and new.type_code is not None
        assert await approved(old.type_code) == 2
        assert await approved(old.type_code, new.type_code) == 1
        # What was replaced stays so, when the replacement is gone for everybody.
        await keep(store, removed=(replaced.entry_uuid, new.entry_uuid))
        assert await approved(old.type_code) == 0

    with_store(tmp_path, test)


def test_a_mask_of_an_author_hides_what_was_replaced_by_the_authors_document(
    tmp_path: Path,
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        old, new, other = (make.entry(ALICE, author=(who,)) for who in (SENDER, DOCTOR, SENDER))
        await keep(store, old, new, other, make.link(new, old, AssociationType.RPLC))
        holder = Holder(kind=HolderKind.PROFESSIONAL, identifier=Identifier("801^^^&1.2&ISO"))
        his = Visibility(patient=ALICE, now="20260401000000", masks=(AuthoredBy(author=holder),))
        seen = store.seen_by((his,))
        found = await seen.find(FindDocuments(patient_id=ALICE), Form.REFERENCE)
        assert [held.entry_uuid for held in found.objects] == [other.entry_uuid]
        for entry, rule in ((old, "B4"), (new, "B4"), (other, "B99")):
            facts = await store.facts(entry.entry_uuid)
            assert facts is not None
            assert see(his, facts) == rule

    with_store(tmp_path, test)


@pytest.mark.parametrize(
    "said",
    ["2025", "202512", "20251231", "2025123123", "202512312359", "20250101", "20251231235959"],
)
def test_a_time_of_creation_is_as_precise_as_it_was_said(tmp_path: Path, said: str) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        entry = Maker().entry(ALICE, creation_time=DateTime(said))
        await keep(store, entry)
        facts = await store.facts(entry.entry_uuid)
        assert facts is not None
        assert facts.creation_time == said

    with_store(tmp_path, test)


def test_what_belonged_to_an_absent_document_is_not_deprecated_with_it(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        old = make.entry(ALICE, type_code=Code("psychology", "1.9"))
        appendix, new = make.entry(ALICE), make.entry(ALICE)
        await keep(store, old, appendix, make.link(appendix, old, AssociationType.APND))
        deprecated = tuple(
            StatusChange(entry_uuid=one.entry_uuid, status=DEPRECATED) for one in (old, appendix)
        )
        replaced = make.link(new, old, AssociationType.RPLC)
        await keep(store, new, replaced, statuses=deprecated)
        masked = version(make, appendix, 2, availability_status=DEPRECATED)
        await keep(store, masked)
        assert new.type_code is not None
        for types, status in ((frozenset({new.type_code.key}), APPROVED), (None, DEPRECATED)):
            his = Visibility(patient=ALICE, now="20260401000000", types=types)
            query = FindDocuments(
                patient_id=ALICE, status=(status,), entry_uuid=(masked.entry_uuid,)
            )
            found = await store.seen_by((his,)).find(query, Form.REFERENCE)
            assert found.total == 1

    with_store(tmp_path, test)


PSYCHOLOGY = Code("psychology", "1.9")


async def replace(
    store: SqliteRegistryStore, make: Maker, *pairs: tuple[DocumentEntry, DocumentEntry]
) -> list[Association]:
    """Replace documents by new ones, all in one submission, as the lifecycle does."""
    links = [make.link(new, old, AssociationType.RPLC) for new, old in pairs]

    def decide(known: Known) -> Changes:
        reached = [uuid for _, old in pairs for uuid in deprecated_with(old.entry_uuid, known)]
        return Changes(
            added=(*(new for new, _ in pairs), *links),
            statuses=tuple(
                StatusChange(entry_uuid=one, status=DEPRECATED) for one in dict.fromkeys(reached)
            ),
        )

    await store.change(decide)
    return links


def told(store: SqliteRegistryStore, *types: Code) -> dict[str, tuple[str, int]]:
    """Status and count of changes of what is there for somebody who reads documents of types."""
    granted = frozenset(code.key for code in types)
    his = Visibility(patient=ALICE, now="20260401000000", types=granted)
    seen = store._file.rows.seen_by(Sight((his,)))
    found = seen.execute(
        "SELECT o.entry_uuid, e.status, e.touched FROM document_entry e "
        "JOIN object o ON o.key = e.key"
    )
    return {entry_uuid: (word(status), touched) for entry_uuid, status, touched in found}


@pytest.mark.parametrize("together", [True, False])
def test_of_two_replacements_the_one_that_is_there_deprecates(
    tmp_path: Path, together: bool
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        hidden, newer = make.entry(ALICE, type_code=PSYCHOLOGY), make.entry(ALICE)
        appendix, new = make.entry(ALICE), make.entry(ALICE)
        await keep(store, hidden, appendix, make.link(appendix, hidden, AssociationType.APND))
        pairs = ((newer, hidden), (new, appendix))
        if together:
            await replace(store, make, *pairs)
        else:
            for pair in reversed(pairs):
                await replace(store, make, pair)
        assert new.type_code is not None
        everything = told(store, new.type_code, PSYCHOLOGY)
        assert everything[appendix.entry_uuid] == (DEPRECATED, 2)
        assert told(store, new.type_code)[appendix.entry_uuid] == (DEPRECATED, 1)

    with_store(tmp_path, test)


def test_no_chain_of_links_leads_through_what_is_absent(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        old, far, new = (make.entry(ALICE) for _ in range(3))
        between = make.entry(ALICE, type_code=PSYCHOLOGY)
        await keep(store, old, between, make.link(between, old, AssociationType.APND))
        await keep(store, far, make.link(far, between, AssociationType.XFRM))
        await replace(store, make, (new, old))
        assert new.type_code is not None
        everything = told(store, new.type_code, PSYCHOLOGY)
        assert {everything[e.entry_uuid] for e in (old, between, far)} == {(DEPRECATED, 1)}
        some = told(store, new.type_code)
        assert some[old.entry_uuid] == (DEPRECATED, 1)
        assert some[far.entry_uuid] == (APPROVED, 0)

    with_store(tmp_path, test)


def test_what_was_added_to_a_replaced_document_later_is_not_deprecated_with_it(
    tmp_path: Path,
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        old, new, late = (make.entry(ALICE) for _ in range(3))
        other, hidden = make.entry(ALICE), make.entry(ALICE, type_code=PSYCHOLOGY)
        await keep(store, old)
        await replace(store, make, (new, old))
        # By somebody for whom the first replacement is absent, say.
        await keep(store, late, make.link(late, old, AssociationType.APND))
        await keep(store, other, make.link(late, other, AssociationType.XFRM))
        await replace(store, make, (hidden, other))
        assert new.type_code is not None
        everything = told(store, new.type_code, PSYCHOLOGY)
        assert everything[late.entry_uuid] == (DEPRECATED, 2)
        some = told(store, new.type_code)
        assert some[late.entry_uuid] == (APPROVED, 1)
        assert some[old.entry_uuid] == (DEPRECATED, 1)

    with_store(tmp_path, test)


def test_a_status_outlives_the_replacement_that_led_to_it(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        old, appendix, first, second = (make.entry(ALICE) for _ in range(4))
        added = make.link(appendix, old, AssociationType.APND)
        await keep(store, old, appendix, added)
        (one,) = await replace(store, make, (first, appendix))
        (other,) = await replace(store, make, (second, old))
        assert old.type_code is not None
        before = told(store, old.type_code)
        assert before[appendix.entry_uuid] == (DEPRECATED, 2)
        for link, entry in ((one, first), (other, second)):
            await keep(store, removed=(link.entry_uuid, entry.entry_uuid))
            now = told(store, old.type_code)
            assert {now[e.entry_uuid][0] for e in (old, appendix)} == {DEPRECATED}
            assert now[appendix.entry_uuid][1] == 2

    with_store(tmp_path, test)


def test_a_status_that_was_asked_for_since_is_nobodys_replacement(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        old, appendix, new = (make.entry(ALICE) for _ in range(3))
        hidden = make.entry(ALICE, type_code=PSYCHOLOGY)
        await keep(store, old, appendix, make.link(appendix, old, AssociationType.APND))
        await replace(store, make, (new, appendix))
        again = StatusChange(entry_uuid=appendix.entry_uuid, status=APPROVED)
        await keep(store, statuses=(again,))
        await replace(store, make, (hidden, old))
        assert old.type_code is not None
        some = told(store, old.type_code)
        assert some[appendix.entry_uuid] == (APPROVED, 2)
        everything = told(store, old.type_code, PSYCHOLOGY)
        assert everything[appendix.entry_uuid] == (DEPRECATED, 3)

    with_store(tmp_path, test)
