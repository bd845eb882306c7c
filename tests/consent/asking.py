"""Asking the record gate, and reading its refusals."""

from __future__ import annotations

from gateway.consent import gate
from gateway.consent.decision import Decision, PublicReason
from gateway.model.choices import Representative
from gateway.model.record import Record
from gateway.model.subject import AccessRequest, Mode, Operation, Subject, SubjectKind
from tests.consent.people import MOTHER, NOW, person, policy, record, request

READ, SUBMIT = Operation.READ, Operation.SUBMIT
BREAK_GLASS, REGULATION = Mode.BREAK_GLASS, Mode.REGULATION
APP = Subject(kind=SubjectKind.SERVICE, id=person("app"))
AUDITOR = Subject(kind=SubjectKind.AUDITOR, id=person("auditor"))
OPERATOR = Subject(kind=SubjectKind.OPERATOR, id=person("operator"))
MINOR = record(birth_date="20110601", representatives=(Representative(person=MOTHER, title="MTH"),))


def asked(
    subject: Subject | AccessRequest,
    operation: Operation = READ,
    of: Record | None = record(),  # noqa: B008 - a value
    now: str = NOW,
    **more: object,
) -> Decision:
    access = subject if isinstance(subject, AccessRequest) else request(subject)
    return gate(access, operation, of, policy(), now, **more)  # type: ignore[arg-type]


def refused(decision: Decision) -> tuple[str, PublicReason | None]:
    assert not decision.permitted
    assert decision.visibility is None
    return decision.rule, decision.reason
