"""Choices, accounts and used credentials, kept in the registry's file."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.audit import Action, AuditEvent, Outcome
from gateway.model.choices import Authorise, Block, HideAll, Holder, HolderKind, Statement
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.lifecycle import Changes
from gateway.model.notice import Notice, NoticeKind, RecipientKind
from gateway.model.patient import Patient
from gateway.model.record import Delegation, EmergencyDeclaration
from gateway.model.subject import Mode, Subject, SubjectKind
from gateway.ports import Account, FiledStatement, FirstAccess, Page
from gateway.storage.sqlite import SqliteRegistryStore, choice_store
from gateway.storage.sqlite.statements import read_statement, write_statement
from tests.laws.test_choices import statements
from tests.storage.shelf import Maker, PickledFragments, SteppingClock, patient
from tests.storage.test_group_commit import with_store

ALICE, BOB = patient("alice"), patient("bob")
DOCTOR = Identifier.of("801", "1.2")


def filed(choice: Any, version: int = 1, name: str = "urn:uuid:1", **more: Any) -> FiledStatement:
    values: dict[str, Any] = {"active": True, "recorded": "20260301000000"}
    whose = more.pop("whose", ALICE)
    statement = Statement(
        patient_id=whose, date_time=DateTime(f"2026030100000{version}"), choices=(choice,)
    )
    return FiledStatement(id=name, version=version, statement=statement, **(values | more))


async def say(store: SqliteRegistryStore, *said: FiledStatement) -> None:
    await store.account(Account(statements=said))


BLOCK = Block(professional=DOCTOR)


@given(statements)
def test_a_statement_is_read_as_it_was_written(statement: Statement) -> None:
    assert read_statement(write_statement(statement)) == statement


def test_a_choice_of_a_later_version_is_not_read_as_something_else() -> None:
    text = write_statement(filed(BLOCK).statement)
    with pytest.raises(ValueError, match="Blockade"):
        read_statement(text.replace('"Block"', '"Blockade"'))


def test_the_state_of_a_record_follows_what_was_said_at_once(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        choices = store.choices
        assert await choices.record(ALICE) is None
        await store.patients.put(Patient(logical_id="a", identifiers=(ALICE,)))
        before = await choices.record(ALICE)
        assert before is not None and not before.blocked
        await say(store, filed(BLOCK))
        after = await choices.record(ALICE)
        assert after is not None and after.blocked == {"801^1.2"}
        assert after.policy_version > before.policy_version
        await say(store, filed(BLOCK, 2, active=False))
        lifted = await choices.record(ALICE)
        assert lifted is not None and not lifted.blocked
        newest = await choices.statements(ALICE)
        assert [one.version for one in newest] == [2]
        assert [one.version for one in await choices.statements(ALICE, history=True)] == [1, 2]
        assert [one.version for one in await choices.statement("urn:uuid:1")] == [2, 1]
        assert await choices.statement("urn:uuid:2") == ()
        assert (await choices.statement("urn:uuid:1"))[1] == filed(BLOCK)

    with_store(tmp_path, test)


def test_a_record_is_worked_out_once_for_each_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        await say(store, filed(BLOCK))
        folded, real = [], choice_store.record_from
        monkeypatch.setattr(
            choice_store, "record_from", lambda *told: folded.append(1) or real(*told)
        )
        for _ in range(3):
            await store.choices.record(ALICE)
        assert len(folded) == 1
        await store.choices.delegate(Delegation(delegate=BOB, principal=DOCTOR))
        record = await store.choices.record(ALICE)
        assert record is not None and len(record.delegations) == 1
        await store.patients.put(Patient(logical_id="a", identifiers=(ALICE,), active=False))
        changed = await store.choices.record(ALICE)
        assert changed is not None and changed.status is not record.status
        assert len(folded) == 3

    with_store(tmp_path, test)


def test_another_process_hears_of_a_choice_with_its_next_question(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        other = SqliteRegistryStore.open(tmp_path / "r.sqlite", PickledFragments(), SteppingClock())
        try:
            await say(store, filed(HideAll(hidden=False)))
            assert not (await other.choices.record(ALICE)).hide_all  # type: ignore[union-attr]
            await say(store, filed(HideAll(hidden=True), 2))
            assert (await other.choices.record(ALICE)).hide_all  # type: ignore[union-attr]
        finally:
            await other.close()

    with_store(tmp_path, test)


def test_a_merged_patients_choices_hold_for_the_surviving_record(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        for name, identifier in (("a", ALICE), ("b", BOB)):
            await store.patients.put(Patient(logical_id=name, identifiers=(identifier,)))
        await say(store, filed(BLOCK, whose=BOB))
        assert not (await store.choices.record(ALICE)).blocked  # type: ignore[union-attr]
        await store.patients.merge(BOB, ALICE)
        for identifier in (ALICE, BOB):
            record = await store.choices.record(identifier)
            assert record is not None
            assert (record.patient, record.blocked) == (ALICE, {"801^1.2"})
        await say(store, filed(BLOCK, 2, whose=BOB, active=False))
        assert not (await store.choices.record(ALICE)).blocked  # type: ignore[union-attr]

    with_store(tmp_path, test)


def test_choices_made_under_an_identifier_follow_it_to_whom_it_belongs(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        await store.patients.put(Patient(logical_id="a", identifiers=(ALICE,)))
        await say(store, filed(BLOCK, whose=BOB))
        assert not (await store.choices.record(ALICE)).blocked  # type: ignore[union-attr]
        await store.patients.put(Patient(logical_id="a", identifiers=(ALICE, BOB)))
        assert (await store.choices.record(ALICE)).blocked  # type: ignore[union-attr]

    with_store(tmp_path, test)


def event(name: str, outcome: Outcome = Outcome.SUCCESS) -> AuditEvent:
    return AuditEvent(
        id=name,
        time="20260301000000",
        transaction="ITI-18",
        action=Action.EXECUTE,
        outcome=outcome,
        subject=Subject(kind=SubjectKind.PROFESSIONAL, id=DOCTOR),
        patient=ALICE,
    )


def test_what_a_change_leaves_behind_is_kept_with_it_or_not_at_all(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        make = Maker()
        good, bad = make.submission(ALICE), make.submission(ALICE)

        def account(changes: Changes) -> Account:
            return Account(events=(event("urn:uuid:good"),), statements=(filed(BLOCK),))

        def fails(changes: Changes) -> Account:
            # The second statement is the first one again, which cannot be kept.
            return Account(events=(event("urn:uuid:bad"),), statements=(filed(BLOCK),))

        await store.change(lambda known: good, account)
        assert (await store.choices.record(ALICE)).blocked  # type: ignore[union-attr]
        others = [make.submission(ALICE) for _ in range(3)]
        done = await asyncio.gather(
            *(store.change(lambda known, c=c: c) for c in others[:2]),
            store.change(lambda known: bad, fails),
            *(store.change(lambda known, c=c: c) for c in others[2:]),
            return_exceptions=True,
        )
        assert [isinstance(one, Exception) for one in done] == [False, False, True, False]
        assert await store.read(bad.added[1].entry_uuid) is None
        for one in (good, *others):
            assert await store.read(one.added[1].entry_uuid) is not None
        (count,) = store._file.connection.execute("SELECT count(*) FROM audit_event").fetchone()
        assert count == 1

    with_store(tmp_path, test)


def test_a_refused_change_leaves_nothing_behind(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        def refuse(known: Any) -> Changes:
            code = ErrorCode.REGISTRY_METADATA_ERROR
            raise Refused(Finding(rule="no", code=code, location="", message="no"))

        with pytest.raises(Refused):
            await store.change(refuse, lambda _: Account(statements=(filed(BLOCK),)))
        assert await store.choices.record(ALICE) is None

    with_store(tmp_path, test)


def notice(number: int, kind: NoticeKind, **more: Any) -> Notice:
    return Notice(
        id=f"urn:uuid:n{number}",
        kind=kind,
        recipient_kind=RecipientKind.PATIENT,
        recipient=ALICE,
        patient=ALICE,
        time="20260301000000",
        **more,
    )


async def kept_notices(store: SqliteRegistryStore) -> list[str]:
    return [one.id for _, one in await store.notices.inbox(None, Page(size=99, ascending=True))]


def test_a_first_access_is_noted_and_told_once(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        for name, identifier in (("a", ALICE), ("b", BOB)):
            await store.patients.put(Patient(logical_id=name, identifiers=(identifier,)))
        accessed = store.choices.has_accessed
        await store.account(Account(events=(event("1"),)))
        assert not await accessed(ALICE, "801^1.2"), "to feed a record is not to read it"
        first = FirstAccess(ALICE, "801^1.2")
        both = [
            store.account(
                Account(notices=(notice(n, NoticeKind.FIRST_ACCESS),), first_access=first)
            )
            for n in (1, 2)
        ]
        await asyncio.gather(*both)
        assert await kept_notices(store) == ["urn:uuid:n1"]
        assert await accessed(ALICE, "801^1.2")
        assert not await accessed(ALICE, "802^1.2")
        assert not await accessed(BOB, "801^1.2")
        await store.patients.merge(ALICE, BOB)
        assert await accessed(BOB, "801^1.2")
        again = notice(3, NoticeKind.FIRST_ACCESS)
        await store.account(Account(notices=(again,), first_access=FirstAccess(BOB, "801^1.2")))
        assert await kept_notices(store) == ["urn:uuid:n1"]

    with_store(tmp_path, test)


def test_of_two_that_declare_one_emergency_at_once_the_second_joins_the_first(
    tmp_path: Path,
) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        def account(number: int, mode: Mode = Mode.BREAK_GLASS) -> Account:
            declared = replace(DECLARED, id=f"urn:uuid:{number}", mode=mode)
            told = notice(number, NoticeKind.EMERGENCY_ACCESS, mode=mode.value)
            happened = replace(event(str(number)), declaration=declared.id)
            return Account(events=(happened,), notices=(told,), declaration=declared)

        await asyncio.gather(*(store.account(account(number)) for number in (1, 2)))
        await store.account(account(3, Mode.REGULATION))
        declared = await store.choices.declarations(ALICE, "801^1.2")
        assert {one.id for one in declared} == {"urn:uuid:1", "urn:uuid:3"}
        events = [kept.event.declaration for kept in await store.audit.after(0, 9)]
        assert events == ["urn:uuid:1", "urn:uuid:1", "urn:uuid:3"]
        assert await kept_notices(store) == ["urn:uuid:n1", "urn:uuid:n3"]

    with_store(tmp_path, test)


DECLARED = EmergencyDeclaration(
    id="urn:uuid:1",
    patient=ALICE,
    subject="801^1.2",
    structure="",
    mode=Mode.BREAK_GLASS,
    reason="unconscious",
    start="20260301000000",
    end="20260302000000",
)


def test_declarations_are_given_the_newest_first_and_kept_once(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        first = DECLARED
        second = replace(first, id="urn:uuid:2", start="20260303000000", end="20260304000000")
        for declaration in (first, second, first):
            await store.account(Account(declaration=declaration))
        assert await store.choices.declarations(ALICE, "801^1.2") == (second, first)
        assert await store.choices.declarations(ALICE, "802^1.2") == ()
        assert await store.choices.declarations(BOB, "801^1.2") == ()

    with_store(tmp_path, test)


def test_a_delegation_again_replaces_its_period(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        ended = Delegation(delegate=BOB, principal=DOCTOR, end="20260301000000")
        for delegation in (replace(ended, end=""), ended):
            await store.choices.delegate(delegation)
        assert await store.choices.delegations() == (ended,)

    with_store(tmp_path, test)


def test_authorisations_are_kept_with_their_periods(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore) -> None:
        holder = Holder(kind=HolderKind.PROFESSIONAL, identifier=DOCTOR)
        await say(store, filed(Authorise(holder=holder)))
        record = await store.choices.record(ALICE)
        assert record is not None
        assert [one.holder for one in record.authorisations] == [holder]

    with_store(tmp_path, test)
