"""What must hold whatever the rules: restrictions restrict, and time does one thing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway import consent
from gateway.consent.decision import Decision
from gateway.model.subject import Operation
from tests.oracle.cedar import Case, cases, declarations_of, facts_of, record_of
from tests.oracle.plans import HOUSES, PEOPLE
from tests.oracle.stage import access_of, dtm, policy_of
from tests.oracle.values import FROM_PATIENT, MASKED, Record

OPERATIONS = (Operation.READ, Operation.SUBSCRIBE, Operation.SUBMIT, Operation.UPDATE)


def decided(case: Case, operation: Operation = Operation.READ) -> Decision:
    """What the gateway decides."""
    return consent.decide(
        access_of(case.who),
        operation,
        facts_of(case),
        record_of(case.record) if case.record else None,
        policy_of(case.policy),
        dtm(case.now),
        declarations=declarations_of(case),
    )


def stricter(rng: random.Random, case: Case, state: Record) -> Iterator[Case]:
    """The same case after the patient, or time, took something away."""
    now = case.now
    who = rng.choice(PEOPLE)
    for tightened in (
        replace(state, blocked=state.blocked | {who}),
        replace(state, blocked=state.blocked | {case.who.id}),
        replace(state, objections=state.objections | {rng.choice((*PEOPLE, *HOUSES))}),
        replace(state, hide_all=True),
        replace(state, break_glass=False),
        replace(state, regulation=False),
        replace(state, status="closed"),
        replace(state, deceased=True),
        replace(state, qualified=False),
        replace(state, gp=""),
        replace(state, authorisations=state.authorisations[1:]),
        replace(
            state,
            authorisations=tuple(
                replace(a, end=min(a.end or now, now - timedelta(seconds=1)))
                for a in state.authorisations
                if a.start is None or a.start < now
            ),
        ),
        replace(state, services=(), representatives=state.representatives[1:]),
        replace(state, declarations=()),
    ):
        yield replace(case, record=tightened)
    yield replace(case, restrictions=case.restrictions | {MASKED})
    yield replace(case, restrictions=case.restrictions | {FROM_PATIENT})
    yield replace(case, released=case.released + timedelta(days=1))
    yield replace(case, owners=case.owners - {who})


def sample(worlds: range, each: int) -> Iterator[tuple[random.Random, Case]]:
    for number in worlds:
        rng = random.Random(f"properties {number}")
        found = cases(number)
        for case in rng.sample(found, each):
            yield rng, case


def restricted(worlds: range, each: int) -> int:
    """Take something away from each case; whoever is let in then was let in before."""
    count = 0
    for rng, case in sample(worlds, each):
        if case.record is None:
            continue
        before = {operation: decided(case, operation).permitted for operation in OPERATIONS}
        for after in stricter(rng, case, case.record):
            for operation in OPERATIONS:
                # A declaration that is taken away was a reason used up as well as a window.
                if not after.record or after.record.declarations != case.record.declarations:
                    continue
                if decided(after, operation).permitted:
                    assert before[operation], (operation, case, after)
                count += 1
    return count


def test_what_takes_something_away_lets_nobody_in() -> None:
    assert restricted(range(8), 8) > 1_500


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_what_takes_something_away_lets_nobody_in_in_the_long_run() -> None:
    assert restricted(range(100, 1_000), 40) > 500_000


def test_a_blocked_professional_sees_nothing_whatever_else_holds() -> None:
    for _, case in sample(range(20, 40), 40):
        if case.record is None or case.who.kind != "professional":
            continue
        policy = replace(case.policy, block_beats_emergency=True)
        state = replace(case.record, blocked=case.record.blocked | {case.who.id})
        blocked = replace(case, policy=policy, record=state)
        assert not any(decided(blocked, operation).permitted for operation in OPERATIONS)


def test_at_its_release_a_hidden_document_appears_and_nothing_else_changes() -> None:
    appeared = 0
    for _, case in sample(range(60, 90), 40):
        instant = case.now + timedelta(seconds=100)  # no period of the plans ends then
        before, after = (
            decided(replace(case, released=instant, now=instant - timedelta(seconds=early)))
            for early in (1, 0)
        )
        waits = FROM_PATIENT in case.restrictions and before.rule in ("B1", "B2b", "B6")
        if before.permitted != after.permitted:
            assert waits and after.permitted, case
            appeared += 1
        elif not waits:
            assert before.rule == after.rule, case
    assert appeared > 5
