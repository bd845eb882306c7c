"""The reading rules once more, as policies of Cedar: a second opinion from an engine of others.

Cedar knows no loops, so that periods are compared before it is asked: it is told who holds a valid
authorisation, not which ones there are.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.consent.visibility import DocumentFacts
from gateway.model import choices as c
from gateway.model import record as product
from gateway.model.subject import Mode
from tests.oracle import oracle
from tests.oracle.plans import (
    CLASSES,
    HOUSES,
    PEOPLE,
    TYPES,
    T,
    askers,
    policies,
    record,
)
from tests.oracle.stage import (
    HOUSES as HOUSE_AUTHORITY,
)
from tests.oracle.stage import (
    PERSONS,
    RESTRICTIONS,
    code,
    dtm,
    identifier,
    period,
)
from tests.oracle.values import (
    FROM_PATIENT,
    FROM_REPRESENTATIVES,
    MASKED,
    Asker,
    Authorisation,
    Policy,
    Record,
)

POLICIES = """
// A2, A4: there is a record, and it is open.
forbid (principal, action, resource) unless { context.exists };
forbid (principal, action, resource) when { context.closed };
// A1: a secret connection about an adult; a role that stands for no row, where rows matter.
forbid (principal, action, resource) when { context.secret && !context.minor };
forbid (principal, action, resource) when {
    context.kind == "professional" && context.row == "" &&
    (context.mode == "normal" || context.matrixInEmergency)
};
// A6.
forbid (principal, action, resource) when {
    context.kind == "professional" && context.blocked.contains(context.id) &&
    (context.mode == "normal" || context.blockBeatsEmergency)
};
// A10, A11.
forbid (principal, action, resource) when { context.mode == "regulation" } unless {
    context.kind == "professional" && context.authentication != "indirect" &&
    context.regulationRows.contains(context.row) && context.centres.contains(context.structure) &&
    context.regulation && context.reason
};
forbid (principal, action, resource) when { context.mode == "break-glass" } unless {
    context.kind == "professional" && context.authentication != "indirect" &&
    context.emergencyRows.contains(context.row) && context.breakGlass && context.reason
};
// A12: of the person, or of the structure that authenticated the person.
forbid (principal, action, resource) when {
    context.kind == "professional" && context.mode == "normal"
} unless {
    context.validExpress.contains(context.id) ||
    (!context.express && (context.validPresumed.contains(context.id) ||
     (context.authentication == "indirect-reinforced" &&
      context.validHouses.contains(context.structure))))
};
// A13, A14, A18: structures alone, delegates, operators and auditors never read.
forbid (principal, action, resource) when {
    ["structure", "delegate", "auditor", "operator"].contains(context.kind)
};
forbid (principal, action, resource) when {
    context.kind == "professional" && context.authentication == "indirect"
};
// A15, A16, A17.
forbid (principal, action, resource) when { context.kind == "representative" } unless {
    context.guardians.contains(context.id) ||
    (context.minor && context.parents.contains(context.id))
};
forbid (principal, action, resource) when {
    context.kind == "patient" && context.id != context.patient
};
forbid (principal, action, resource) when {
    context.kind == "service" && !context.services.contains(context.id)
};
// A19, A20.
forbid (principal, action, resource) when { ["insurance", "court"].contains(context.purpose) };
forbid (principal, action, resource) when {
    context.kind == "representative" && context.deceased
};
// B1, B2b, B6: until it is announced or released; B2.
forbid (principal, action, resource) when {
    ["patient", "representative", "service"].contains(context.kind) &&
    context.restrictions.contains("from-patient") && context.now < context.released
};
forbid (principal, action, resource) when {
    context.kind == "representative" && context.restrictions.contains("from-representatives")
};
// B4 and B5, but for who put the document there: B3.
@id("own")
permit (principal, action, resource) when {
    context.kind == "professional" && !(context.hideAll && context.hideAllBeatsAuthor) &&
    (context.owners.contains(context.id) ||
     (context.structure != "" && context.owners.contains(context.structure)))
};
@id("granted")
permit (principal, action, resource) when {
    context.kind == "professional" && !context.hideAll &&
    (!context.restrictions.contains("masked") || (context.gpSees && context.gp == context.id) ||
     (context.mode != "normal" && context.revealsMasked)) &&
    (context.grants.contains(context.type) ||
     (context.mode != "normal" && !context.matrixInEmergency))
};
// B6.
permit (principal, action, resource) when {
    context.kind == "service" && context.classes.contains(context.class) && !context.hideAll &&
    !(context.restrictions.contains("masked") && context.maskHidesFromServices)
};
// B99.
permit (principal, action, resource) when {
    ["patient", "representative"].contains(context.kind)
};
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Somebody, a record, and a document in it."""

    who: Asker
    policy: Policy
    record: Record | None
    now: datetime
    restrictions: frozenset[str]
    released: datetime
    owners: frozenset[str]
    type_code: str
    class_code: str


def cases(number: int) -> list[Case]:
    """A record, a crowd, and for each of them some documents."""
    rng = random.Random(f"cedar {number}")
    now = T + timedelta(days=rng.randrange(60))
    policy, state = policies(rng), record(rng, "P1", now)
    # Masks of authors, labels and periods are on no single document.
    for name in ("masked_authors", "masked_labels"):
        object.__setattr__(state, name, frozenset())
    object.__setattr__(state, "masked_periods", ())
    found = []
    for who in askers(rng, now):
        for _ in range(8):
            restrictions = {
                one for one in (MASKED, FROM_PATIENT, FROM_REPRESENTATIVES) if rng.random() < 0.25
            }
            found.append(
                Case(
                    who=who,
                    policy=policy,
                    record=state if rng.random() < 0.95 else None,
                    now=now,
                    restrictions=frozenset(restrictions),
                    released=now + rng.choice((timedelta(-1), timedelta(0), timedelta(seconds=1))),
                    owners=frozenset(rng.sample((*PEOPLE, *HOUSES), rng.randrange(3))),
                    type_code=rng.choice(TYPES),
                    class_code=rng.choice(CLASSES),
                )
            )
    return found


def request(case: Case) -> dict[str, Any]:
    """A case as Cedar is asked."""
    who, policy, now = case.who, case.policy, case.now
    state = case.record or Record(patient="")
    own = [d for d in state.declarations if d.who == who.id and d.mode == who.mode]
    valid = [one for one in state.authorisations if _holds(one, now)]
    row = oracle.row_of(who, policy) or ""
    linked = [one for one in state.representatives if oracle.during(one, now)]
    given = [one for one in state.services if oracle.during(one, now)]
    context: dict[str, Any] = {
        "exists": case.record is not None,
        "closed": state.status == "closed",
        "deceased": state.deceased,
        "secret": who.secret,
        "minor": oracle.is_minor(state, policy, now),
        "kind": who.kind,
        "id": who.id,
        "patient": state.patient,
        "structure": who.structure,
        "authentication": who.authentication,
        "mode": who.mode,
        "purpose": who.purpose,
        "row": row,
        "express": bool(set(who.roles) & policy.express_roles),
        "reason": any(d.start <= now <= d.end for d in own)
        or bool(who.reason and who.reason not in {d.reason for d in own}),
        "blocked": sorted(state.blocked),
        "regulation": state.regulation,
        "breakGlass": state.break_glass,
        "regulationRows": sorted(policy.regulation_rows),
        "emergencyRows": sorted(policy.emergency_rows),
        "centres": sorted(policy.centres),
        "validExpress": [
            a.holder
            for a in valid
            if not a.is_structure and a.origin in ("patient", "self-declared")
        ],
        "validPresumed": [
            a.holder for a in valid if not a.is_structure and a.origin in ("care-team", "colleague")
        ],
        "validHouses": [a.holder for a in valid if a.is_structure],
        "guardians": [one.who for one in linked if one.what == ("guardian",)],
        "parents": [one.who for one in linked if one.what == ("parent",)],
        "services": [one.who for one in given],
        "classes": sorted({x for one in given if one.who == who.id for x in one.what}),
        "restrictions": sorted(case.restrictions),
        "now": int(now.timestamp()),
        "released": int(case.released.timestamp()),
        "owners": sorted(case.owners),
        "type": case.type_code,
        "class": case.class_code,
        "grants": sorted(t for r, t in policy.grants if r == row),
        "hideAll": state.hide_all,
        "gp": state.gp,
        "gpSees": policy.gp_sees,
        "blockBeatsEmergency": policy.block_beats_emergency,
        "hideAllBeatsAuthor": policy.hide_all_beats_author,
        "maskHidesFromServices": policy.mask_hides_from_services,
        "revealsMasked": policy.reveals_masked,
        "matrixInEmergency": policy.matrix_applies_in_emergency,
    }
    return {
        "principal": 'Subject::"who"',
        "action": 'Action::"read"',
        "resource": 'Document::"which"',
        "context": context,
    }


def _holds(one: Authorisation, now: datetime) -> bool:
    end = oracle.end_of(one)
    return (one.start is None or one.start <= now) and (end is None or now <= end)


# --- The same for the product --------------------------------------------------------------------


def facts_of(case: Case) -> DocumentFacts:
    """What the product looks at in the document."""
    return DocumentFacts(
        entry_uuid="urn:uuid:1",
        patient=identifier("P1"),
        restrictions=frozenset(RESTRICTIONS[one] for one in case.restrictions),
        hidden_until=dtm(case.released) if FROM_PATIENT in case.restrictions else "",
        owners=frozenset(
            f"{one}^{HOUSE_AUTHORITY if one[0] == 'H' else PERSONS}" for one in case.owners
        ),
        type_code=code(case.type_code),
        class_code=code(case.class_code),
    )


def record_of(state: Record) -> product.Record:
    """The state of the record as the product has it."""
    kinds = {True: c.HolderKind.STRUCTURE, False: c.HolderKind.PROFESSIONAL}
    return product.Record(
        patient=identifier(state.patient),
        status=product.RecordStatus(state.status),
        closed_on="20260101" if state.status == "closed" else "",
        deceased="20260101" if state.deceased else "",
        identity_qualified=state.qualified,
        birth_date=state.birth_date.replace("-", ""),
        blocked=frozenset(f"{one}^{PERSONS}" for one in state.blocked),
        authorisations=tuple(
            c.Authorise(
                holder=c.Holder(kind=kinds[one.is_structure], identifier=identifier(one.holder)),
                period=period(one.start, one.end),
                origin=c.Origin(one.origin),
            )
            for one in state.authorisations
        ),
        allow_break_glass=state.break_glass,
        allow_regulation=state.regulation,
        hide_all=state.hide_all,
        gp=identifier(state.gp) if state.gp else None,
        services=tuple(
            c.Service(
                app=identifier(one.who),
                scope=tuple(code(x) for x in one.what),
                period=period(one.start, one.end),
            )
            for one in state.services
        ),
        representatives=tuple(
            c.Representative(
                person=identifier(one.who), title=one.what[0], period=period(one.start, one.end)
            )
            for one in state.representatives
        ),
    )


def declarations_of(case: Case) -> tuple[product.EmergencyDeclaration, ...]:
    """What who asks declared before."""
    state = case.record
    return tuple(
        product.EmergencyDeclaration(
            id="urn:uuid:2",
            patient=identifier("P1"),
            subject=f"{one.who}^{PERSONS}",
            structure="",
            mode=Mode(one.mode),
            reason=one.reason,
            start=dtm(one.start),
            end=dtm(one.end),
        )
        for one in (state.declarations if state else ())
        if one.who == case.who.id
    )
