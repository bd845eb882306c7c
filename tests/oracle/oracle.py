"""The access rules, read from the specification's text alone, the slow and obvious way.

``gate`` is the record gate (section 3.1), ``sees`` the document gate (3.2), ``visible`` what is
there of a whole registry for somebody. Numbers are those of the specification and of
docs/reference/access-control.md, which kept them. Nothing of the product is used here.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.values import (
    FROM_PATIENT,
    FROM_REPRESENTATIVES,
    MASKED,
    Asker,
    Association,
    Authorisation,
    Entry,
    Folder,
    Link,
    Policy,
    Record,
    Set,
    World,
)

WRITES = {"submit", "update", "delete"}
READS = {"read", "subscribe"}
LINEAGE = {"RPLC", "XFRM", "APND", "XFRM_RPLC"}

# --- Section 3.1, the record gate ----------------------------------------------------------------


def gate(
    who: Asker, what: str, record: Record | None, policy: Policy, now: datetime
) -> tuple[bool, str]:
    """Let a request pass or not, and give the one rule that decided."""
    passed = ""
    for rule, verdict in lines(who, what, record, policy, now):
        if verdict == "refuse":
            return False, rule
        if verdict == "pass" and not passed:
            passed = rule
    return (True, passed) if passed else (False, "A99-default")


def lines(
    who: Asker, what: str, record: Record | None, policy: Policy, now: datetime
) -> Iterator[tuple[str, str]]:
    """Every line that applies, in order, with its verdict."""
    professional = who.kind == "professional"
    if not may_ask(who, what, policy):
        yield "A1-operation", "refuse"
    if record is None or record.status == "none":
        yield "A2-no-record", "refuse"
        return
    if who.secret and not is_minor(record, policy, now):
        yield "A1-operation", "refuse"
    if what in WRITES and not record.qualified:
        yield "A3-identity", "refuse"
    if record.status == "closed":
        yield "A4-closed", "refuse"
    if what in WRITES and record.deceased:
        yield "A5-deceased", "refuse"
    person = who.principal if who.kind == "delegate" else who.id if professional else ""
    holds = who.mode == "normal" or policy.block_beats_emergency
    if person and person in record.blocked and holds:
        yield "A6-blocked", "refuse"
    # A structure feeds through the people who work in it.
    if what in WRITES and {person, who.structure} & record.objections:
        yield "A7-feed-objection", "refuse"
    if what in WRITES:
        yield "A8", "pass"
    if who.mode == "regulation" and what in READS:
        eligible = (
            professional
            and who.authentication != "indirect"
            and row_of(who, policy) in policy.regulation_rows
            and who.structure in policy.centres
        )
        yield from emergency("A10", who, record, eligible, record.regulation, now)
    if who.mode == "break-glass" and (what in READS or what == "submit"):
        eligible = (
            professional
            and who.authentication != "indirect"
            and row_of(who, policy) in policy.emergency_rows
        )
        yield from emergency("A11", who, record, eligible, record.break_glass, now)
    if who.mode == "normal" and professional and what in READS:
        status = authorisation(who, record, policy, now)
        rule = {"valid": "A12", "expired": "A12-expired", "none": "A12-no-authorisation"}[status]
        yield rule, "pass" if status == "valid" else "refuse"
    alone = who.kind == "structure" or (professional and who.authentication == "indirect")
    if alone and what in READS:
        yield "A13-individual-required", "refuse"
    if who.kind == "delegate":
        if what in READS:
            yield "A14-delegate-read", "refuse"
        valid = any(
            one.who == who.id and one.what == (who.principal,) and during(one, now)
            for one in record.delegations
        )
        yield "A14-delegation" if not valid else "A14", "pass" if valid else "refuse"
    if who.kind == "representative":
        valid = any(
            one.who == who.id
            and during(one, now)
            and (is_minor(record, policy, now) or set(one.what) & policy.protection)
            for one in record.representatives
        )
        yield "A15", "pass" if valid else "refuse"
    if who.kind == "patient":
        yield "A16", "pass" if who.id == record.patient else "refuse"
    if who.kind == "service":
        valid = any(one.who == who.id and during(one, now) for one in record.services)
        yield "A17" if valid else "A17-service", "pass" if valid else "refuse"
    if who.kind in ("auditor", "operator"):
        yield "A18", "refuse"
    if who.purpose in policy.forbidden_purposes:
        yield "A19-forbidden-purpose", "refuse"
    if who.purpose in policy.outside_purposes or (who.kind == "representative" and record.deceased):
        yield "A20", "refuse"


def may_ask(who: Asker, what: str, policy: Policy) -> bool:
    """A1: table 3.3, and a role that stands for exactly one row where documents are read."""
    if what in READS and who.kind == "professional" and row_of(who, policy) is None:
        # Where the matrix does not limit an emergency, nobody asks for its rows.
        return who.mode != "normal" and not policy.matrix_applies_in_emergency
    if who.kind == "delegate":
        return what != "delete"
    # Auditors and operators have no column; line A18 is about them.
    return what in READS or who.kind != "service"


def emergency(
    line: str, who: Asker, record: Record, eligible: bool, allowed: bool, now: datetime
) -> Iterator[tuple[str, str]]:
    """A10 and A11: who may, whether the patient objects, and a reason that was not used up."""
    if not eligible:
        yield f"{line}-eligible", "refuse"
    if not allowed:
        yield f"{line}-objection", "refuse"
    own = [d for d in record.declarations if d.who == who.id and d.mode == who.mode]
    in_window = any(d.start <= now <= d.end for d in own)
    if not in_window and (not who.reason or who.reason in {d.reason for d in own}):
        yield f"{line}-reason", "refuse"
    yield line, "pass"


def row_of(who: Asker, policy: Policy) -> str | None:
    """The row of the matrix, when the roles stand for exactly one (section 3.4)."""
    rows = {policy.rows.get(role) for role in who.roles}
    return rows.pop() if len(rows) == 1 else None


def authorisation(who: Asker, record: Record, policy: Policy, now: datetime) -> str:
    """A12: ``valid``, ``expired`` or ``none``."""
    express = bool(set(who.roles) & policy.express_roles)
    found = "none"
    for one in record.authorisations:
        if one.is_structure:
            serves = one.holder == who.structure and who.authentication == "indirect-reinforced"
            serves = serves and not express
        else:
            serves = one.holder == who.id
            serves = serves and not (express and one.origin in ("care-team", "colleague"))
        if not serves:
            continue
        if one.start is not None and now < one.start:
            continue
        end = end_of(one)
        if end is None or now <= end:
            return "valid"
        found = "expired"
    return found


def end_of(one: Authorisation) -> datetime | None:
    """Until when an authorisation holds, section 5: its end, or the longest it may last."""
    longest = {
        "care-team": timedelta(days=365),
        "colleague": timedelta(days=365),
        "self-declared": timedelta(hours=24) if one.end is None else None,
    }.get(one.origin)
    if longest is None or one.start is None:
        return one.end
    return min(one.end or datetime.max.replace(tzinfo=UTC), one.start + longest)


def during(one: Link, now: datetime) -> bool:
    """Whether a link is in force; both ends belong to it."""
    return (one.start is None or one.start <= now) and (one.end is None or now <= one.end)


def is_minor(record: Record, policy: Policy, now: datetime) -> bool:
    """Section 4: until 00:00 of the day of majority, where the record's law counts days."""
    if not record.birth_date:
        return False
    born = date.fromisoformat(record.birth_date)
    today = now.astimezone(ZoneInfo(policy.zone)).date()
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years < policy.majority


# --- Section 3.2, the document gate --------------------------------------------------------------


def lineage(entry: Entry, world: World) -> list[Entry]:
    """Section 2.3: the newest versions of all documents linked with one, itself included."""
    if entry.logical_id in world.lineages:
        return world.lineages[entry.logical_id]
    entries = [e for e in world.things.values() if isinstance(e, Entry)]
    by_id = {e.id: e.logical_id for e in entries}
    reached, further = set(), {entry.logical_id}
    while further - reached:
        reached |= further
        for link in world.things.values():
            if isinstance(link, Association) and link.type in LINEAGE:
                ends = {by_id.get(link.source), by_id.get(link.target)} - {None}
                if ends & reached:
                    further |= {end for end in ends if end}
    kin = [
        max((e for e in entries if e.logical_id == one), key=lambda e: e.version) for one in reached
    ]
    world.lineages[entry.logical_id] = kin
    return kin


def release(deposited: datetime) -> datetime:
    """Section 5: one calendar month after the deposit; 31 January leads to the end of February."""
    year, month = divmod(deposited.year * 12 + deposited.month, 12)
    day = min(deposited.day, monthrange(year, month + 1)[1])
    return deposited.replace(year=year, month=month + 1, day=day)


def sees(who: Asker, entry: Entry, world: World, *, only_own: bool = False) -> str:
    """The rule by which a document is there (B3, B99) or absent for somebody (the others)."""
    record, policy, now = world.records[entry.patient], world.policy, world.now
    kin = lineage(entry, world)
    restrictions = {r for one in kin for r in one.restrictions}
    masked = MASKED in restrictions or any(is_masked(one, record) for one in kin)
    hidden = any(FROM_PATIENT in one.restrictions and now < release(one.deposited) for one in kin)
    emergency = who.mode != "normal"
    if owns(who, entry) and not (record.hide_all and policy.hide_all_beats_author):
        return "B3"
    if only_own:
        return "B4"
    if who.kind == "patient" and hidden:
        return "B1"
    if who.kind == "representative":
        if FROM_REPRESENTATIVES in restrictions:
            return "B2"
        if hidden:
            return "B2b"
    if who.kind == "professional":
        if record.hide_all:
            return "B4"
        gp = policy.gp_sees and who.id == record.gp
        if masked and not gp and not (emergency and policy.reveals_masked):
            return "B4"
        row = row_of(who, policy)
        if (row, entry.type_code) not in policy.grants and (
            not emergency or policy.matrix_applies_in_emergency
        ):
            return "B5"
    if who.kind == "service":
        given = {c for s in record.services if s.who == who.id and during(s, now) for c in s.what}
        if entry.class_code not in given or record.hide_all or hidden:
            return "B6"
        if masked and policy.mask_hides_from_services:
            return "B6"
    return "B99"


def is_masked(entry: Entry, record: Record) -> bool:
    """Section 10.2: masks of an author, a label or a period, worked out for each document."""
    first, last = entry.written
    return (
        bool((entry.authors | entry.institutions) & record.masked_authors)
        or bool(entry.labels & record.masked_labels)
        or any(first <= end and start <= last for start, end in record.masked_periods)
    )


def owns(who: Asker, entry: Entry) -> bool:
    """B3: an author, the depositing professional, or of the depositing structure.

    A structure is an author where no person of it is: then whoever belongs to it wrote.
    """
    if who.kind == "professional":
        return bool(({who.id, who.structure} - {""}) & (entry.authors | entry.depositors))
    if who.kind == "delegate":
        return who.principal in entry.authors | entry.depositors
    if who.kind == "structure":
        return who.structure in entry.authors | entry.depositors
    return False


def visible(who: Asker, what: str, world: World) -> frozenset[str]:
    """Everything of a registry that is there for somebody who asks for a purpose."""
    passes, only_own = {}, {}
    for patient, record in world.records.items():
        passes[patient] = gate(who, what, record, world.policy, world.now)[0]
        # Regulation is for reading only, so that writing in that mode opens nothing.
        only_own[patient] = not gate(who, "read", record, world.policy, world.now)[0] or (
            what in WRITES and who.mode == "regulation"
        )
    here = {
        e.id
        for e in world.things.values()
        if isinstance(e, Entry)
        and passes[e.patient]
        and sees(who, e, world, only_own=only_own[e.patient]) in ("B3", "B99")
    }
    # Metadata versions: what is known of a document must not tell of a later change.
    for e in world.things.values():
        if (
            isinstance(e, Entry)
            and not {
                o.id
                for o in world.things.values()
                if isinstance(o, Entry) and o.logical_id == e.logical_id and o.version > e.version
            }
            <= here
        ):
            here.discard(e.id)
    links = [one for one in world.things.values() if isinstance(one, Association)]
    members: dict[str, set[str]] = {}
    for link in links:
        if link.type == "HasMember":
            members.setdefault(link.source, set()).add(link.target)
    for one in world.things.values():
        # A folder of somebody's own whose members are all absent is an empty one.
        if (
            isinstance(one, Folder)
            and passes[one.patient]
            and (members.get(one.id, set()) & here or made(who, one))
        ):
            here.add(one.id)
    for one in world.things.values():
        if isinstance(one, Set) and members.get(one.id, set()) & here:
            here.add(one.id)
    for _ in range(2):  # a set's link to a link needs that one first
        here |= {link.id for link in links if {link.source, link.target} <= here}
    return frozenset(here)


def made(who: Asker, folder: Folder) -> bool:
    """Whether somebody, and not only a colleague, created a folder."""
    person = who.principal if who.kind == "delegate" else who.id
    return (person or who.structure) in folder.makers
