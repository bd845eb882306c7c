"""Both gates on one document: what a door asks that has one document in hand.

A refused request has the rule of the record gate, everything else the rule of the document gate.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import is_

from gateway.consent.decision import Decision, Obligation
from gateway.consent.document_gate import is_visible, rules_of, seeing
from gateway.consent.outcome import document_obligations
from gateway.consent.record_gate import gate
from gateway.consent.visibility import DocumentFacts, Visibility
from gateway.model.record import EmergencyDeclaration, Record
from gateway.model.subject import AccessRequest, Operation
from gateway.profile.access import AccessPolicy


def _unasked(_: DocumentFacts) -> Decision:
    raise AssertionError("nothing was prepared")


def decide(
    access: AccessRequest,
    operation: Operation,
    facts: DocumentFacts,
    record: Record | None,
    policy: AccessPolicy,
    now: str,
    *,
    declarations: tuple[EmergencyDeclaration, ...] = (),
) -> Decision:
    """Decide about one document: whether it is there for somebody, by one rule.

    Returns:
        The refusal of the record gate; or a permit with the rule that shows the document; or,
        of a document that is absent, a decision without a reason, since nobody is told.
    """
    inputs = (access, operation, record, policy, now, declarations)
    known, one = _LAST[0]
    if not all(map(is_, known, inputs)):
        one = deciding(access, operation, record, policy, now, declarations=declarations)
        _LAST[0] = inputs, one
    return one(facts)


_LAST: list[tuple[tuple[object, ...], Callable[[DocumentFacts], Decision]]] = [
    ((None,) * 6, _unasked)
]
"""What :func:`decide` was last prepared for: callers ask about the documents of one record in a
row. Its inputs are immutable, and the very same objects mean the very same answer."""


def deciding(
    access: AccessRequest,
    operation: Operation,
    record: Record | None,
    policy: AccessPolicy,
    now: str,
    *,
    declarations: tuple[EmergencyDeclaration, ...] = (),
) -> Callable[[DocumentFacts], Decision]:
    """Prepare :func:`decide` for many documents of one record."""
    permit = gate(access, operation, record, policy, now, declarations=declarations)
    visibility = permit.visibility
    if not permit.permitted or visibility is None:
        return lambda _: permit
    see_one = seeing(visibility)
    kind = access.subject.kind
    warned = policy.patient_classes
    # Decisions are values: documents that fare alike share one.
    known: dict[tuple[str, frozenset[Obligation]], Decision] = {}
    nothing: frozenset[Obligation] = frozenset()

    def one(facts: DocumentFacts) -> Decision:
        rule = see_one(facts)
        brings = nothing
        shown = is_visible(rule)
        if shown and (facts.restrictions or (facts.class_code and warned)):
            brings = document_obligations(facts, kind, policy, now)
        decision = known.get((rule, brings))
        if decision is None:
            decision = _decision(permit, visibility, rule, brings)
            known[rule, brings] = decision
        return decision

    return one


def _decision(
    permit: Decision, visibility: Visibility, rule: str, brings: frozenset[Obligation]
) -> Decision:
    shown = is_visible(rule)
    masked_by, _ = rules_of(visibility)
    consents = permit.consents
    if rule == masked_by and visibility.hides_all:
        consents = (*consents, "hide-all")
    return Decision(
        permitted=shown,
        rule=rule,
        visibility=visibility,
        obligations=permit.obligations | brings if shown else frozenset(),
        consents=consents,
        tried=(*permit.tried, (rule, "shows" if shown else "keeps away")),
    )
