"""The constraints of an element, evaluated on one value of it.

Source:
    HL7 FHIR R4: 2.1.0.4 Constraints; ElementDefinition.constraint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.validation.fhir.invariants import Focus
from gateway.validation.fhir.nodes import Constraint, Node
from gateway.validation.fhir.plans import Plan
from gateway.validation.fhir.scope import Place
from gateway.validation.issue import Issue, IssueKind, IssueSeverity

if TYPE_CHECKING:
    from gateway.validation.fhir.walker import Walker


def check_constraints(walker: Walker, plan: Plan, value: Any, place: Place) -> None:
    """Evaluate the invariants of an element on one value of it."""
    scope = walker.scope
    contained = scope.root is not scope.resource
    for constraint, check in plan.constraints:
        if contained and constraint.key == "dom-6":
            # A contained resource has no narrative of its own (2.29.4).
            continue
        if check.quick is not None:
            try:
                if check.quick(value, scope.resource, scope.root):
                    continue
            except Exception:  # noqa: BLE001 - a wrong structure, which is told elsewhere
                pass
        outcome = check(Focus(value, plan.code, scope.resource, scope.root, walker.resolve, walker))
        if outcome is None:
            walker.report(
                "fhir-invariant-not-checked", place, plan.node, key=constraint.key,
                problem=check.reason, problem_fr=check.reason,
            )  # fmt: skip
        elif not outcome:
            _broken(walker, constraint, plan.node, place)


def _broken(walker: Walker, constraint: Constraint, node: Node, place: Place) -> None:
    severity = IssueSeverity.ERROR
    if constraint.severity != "error":
        severity = IssueSeverity.WARNING
    walker.issues.append(
        Issue(
            rule=constraint.key,
            severity=severity,
            kind=IssueKind.INVARIANT,
            message=f"{constraint.human.rstrip('.')} ({constraint.key}).",
            message_fr=f"Contrainte {constraint.key} non respectée : {constraint.human}",
            location=str(place),
            element=node.element,
            profile=node.owner.url,
            source=f"{node.owner.url}, {node.path}",
        )
    )
