"""Cedar decides as the gateway does."""

from __future__ import annotations

import pytest
from cedarpy import Decision, PolicySet, is_authorized_batch

from gateway import consent
from gateway.model.subject import Operation
from tests.oracle.cedar import POLICIES, cases, declarations_of, facts_of, record_of, request
from tests.oracle.stage import access_of, dtm, policy_of

LONG_CASES = 200_000


def agreed(worlds: range, most: int) -> tuple[int, int]:
    """Compare until there were enough cases; give how many there were, and how many permits."""
    policies = PolicySet.from_str(POLICIES)
    compared = permitted = 0
    for number in worlds:
        asked = cases(number)
        policy = policy_of(asked[0].policy)
        verdicts = is_authorized_batch([request(one) for one in asked], policies, [])
        for one, verdict in zip(asked, verdicts, strict=True):
            assert not verdict.diagnostics.errors
            decision = consent.decide(
                access_of(one.who),
                Operation.READ,
                facts_of(one),
                record_of(one.record) if one.record else None,
                policy,
                dtm(one.now),
                declarations=declarations_of(one),
            )
            allowed = verdict.decision == Decision.Allow
            assert decision.permitted == allowed, (number, decision.rule, one)
            permitted += allowed
        compared += len(asked)
        if compared >= most:
            break
    return compared, permitted


def test_cedar_is_of_the_same_opinion() -> None:
    compared, permitted = agreed(range(100), 2_000)
    assert compared >= 2_000
    assert permitted > compared // 20


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_cedar_is_of_the_same_opinion_200000_times() -> None:
    compared, _ = agreed(range(1_000, 10_000), LONG_CASES)
    assert compared >= LONG_CASES
