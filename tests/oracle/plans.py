"""Random worlds: what happens to a few records, who comes, and what is asked.

A plan says what is submitted and decided, in order; what becomes of it the store tells. Everything
is drawn from one seeded source, so that a world is named by its number.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product

from tests.oracle.values import (
    FROM_PATIENT,
    FROM_REPRESENTATIVES,
    MASKED,
    Asker,
    Authorisation,
    Declaration,
    Link,
    Policy,
    Query,
    Record,
    World,
)

T = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
"""When everything begins."""

PATIENTS = ("P1", "P2")
PEOPLE = ("D1", "D2", "D3", "N1", "K1", "O1")
HOUSES = ("H1", "H2")
PARENTS = ("F1", "F2")
APPS = ("A1",)
ROLE_OF = {"D1": "doctor", "D2": "doctor", "D3": "dentist", "N1": "nurse", "K1": "physio"}
TYPES = ("report", "letter", "delivery", "directive", "note")
CLASSES = ("clinical", "imaging", "PATIENT")
FORMATS = ("pdf", "text")
LABELS = ("N", "R", "V")
REASONS = ("unconscious", "haemorrhage")
GRANTS = {
    "doctor": ("report", "letter", "delivery", "directive"),
    "dentist": ("report", "letter", "delivery"),
    "nurse": ("report", "letter"),
    "physio": ("report",),
    "clerk": (),
}


def policies(rng: random.Random) -> Policy:
    """The defaults, or some of the keys turned round."""

    def rarely(default: bool) -> bool:
        return default ^ (rng.random() < 0.15)

    return Policy(
        rows={
            "doctor": "doctor",
            "general": "doctor",
            "occupational": "doctor",
            "dentist": "dentist",
            "nurse": "nurse",
            "physio": "physio",
            "clerk": "clerk",
        },
        grants=frozenset((row, t) for row, types in GRANTS.items() for t in types),
        block_beats_emergency=rarely(True),
        hide_all_beats_author=rarely(False),
        gp_sees=rarely(True),
        mask_hides_from_services=rarely(True),
        reveals_masked=rarely(False),
        matrix_applies_in_emergency=rarely(True),
        emergency_rows=frozenset({"doctor", "nurse"}),
        regulation_rows=frozenset({"doctor"}),
        centres=frozenset({"H2"}),
        express_roles=frozenset({"occupational"}),
        forbidden_purposes=frozenset({"insurance"}),
        outside_purposes=frozenset({"court"}),
        protection=frozenset({"guardian"}),
        patient_classes=frozenset({"PATIENT"}),
    )


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """A document that comes; ``over`` names an earlier one and how it is linked."""

    name: str
    authors: tuple[tuple[str, str], ...]
    class_code: str
    type_code: str
    format_code: str
    labels: tuple[str, ...]
    written: str
    folder: str = ""
    over: tuple[str, str] | None = None
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happens.

    Attributes:
        what: ``submit``, ``relabel`` (a metadata update), ``mask``, ``unmask`` or ``file`` (an old
            document joins an old folder).
        maker: Person and structure that submit, either may be empty.
        target: Name of an earlier document.
    """

    what: str
    time: datetime
    patient: str
    maker: tuple[str, str] = ("", "")
    entries: tuple[NewEntry, ...] = ()
    folders: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()
    target: str = ""
    labels: tuple[str, ...] = ()
    folder: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One world, before it happens."""

    number: int
    policy: Policy
    records: dict[str, Record]
    steps: tuple[Step, ...]
    now: datetime
    unblocked: frozenset[str] = field(default_factory=frozenset)


def plan(number: int) -> Plan:
    """Draw one world."""
    rng = random.Random(number)
    policy = policies(rng)
    steps: list[Step] = []
    known: list[tuple[str, str]] = []
    closed: set[str] = set()
    folders: list[tuple[str, str]] = []
    time = T
    for at in range(rng.randrange(4, 9)):
        time += timedelta(hours=rng.choice((1, 7, 100, 200)), seconds=rng.randrange(3600))
        patient = "P1" if rng.random() < 0.85 else "P2"
        old = [name for name, of in known if of == patient]
        filed = [name for name, of in folders if of == patient]
        draw = rng.random()
        if old and draw < 0.12:
            what = rng.choice(("mask", "unmask"))
            steps.append(Step(what=what, time=time, patient=patient, target=rng.choice(old)))
        elif old and draw < 0.24:
            maker = (rng.choice(PEOPLE), rng.choice((*HOUSES, "")))
            labels = restrict(rng)
            steps.append(
                Step(
                    what="relabel",
                    time=time,
                    patient=patient,
                    maker=maker,
                    target=rng.choice(old),
                    labels=labels,
                )
            )
        elif old and filed and draw < 0.32:
            steps.append(
                Step(
                    what="file",
                    time=time,
                    patient=patient,
                    maker=(rng.choice(PEOPLE), rng.choice(HOUSES)),
                    target=rng.choice(old),
                    folder=rng.choice(filed),
                )
            )
        else:
            maker = (rng.choice((*PEOPLE, "")), rng.choice(HOUSES))
            made = tuple(f"folder{at}{n}" for n in range(rng.choice((0, 0, 1))))
            entries = []
            for n in range(rng.choice((0, 1, 1, 2, 3)) if made else rng.choice((1, 1, 2, 3))):
                name = f"doc{at}{n}"
                over = None
                if old and rng.random() < 0.4:
                    over = (rng.choice(old), rng.choice(("RPLC", "XFRM", "APND", "XFRM_RPLC")))
                    # What is deprecated is linked with no more, not in one submission either.
                    if over[0] in closed | {e.over[0] for e in entries if e.over}:
                        over = None
                    elif over[1] in ("RPLC", "XFRM_RPLC"):
                        closed.add(over[0])
                entries.append(
                    NewEntry(
                        name=name,
                        authors=tuple(
                            (rng.choice((*PEOPLE, "")), rng.choice((*HOUSES, "")))
                            for _ in range(rng.choice((1, 1, 2)))
                        ),
                        class_code=rng.choice(CLASSES),
                        type_code=rng.choice(TYPES),
                        format_code=rng.choice(FORMATS),
                        labels=restrict(rng),
                        written=(T - timedelta(days=rng.randrange(1, 400))).strftime(
                            "%Y%m%d%H%M%S"
                        )[: rng.choice((4, 6, 8, 12, 14))],
                        folder=rng.choice((*made, *filed, "")) if made or filed else "",
                        over=over,
                        reference=rng.choice(("ref1", "ref2", "")),
                    )
                )
            # What is deprecated is not cited any more.
            current = [name for name in old if name not in closed]
            cited = tuple(rng.sample(current, 1)) if current and rng.random() < 0.15 else ()
            steps.append(
                Step(
                    what="submit",
                    time=time,
                    patient=patient,
                    maker=maker,
                    entries=tuple(entries),
                    folders=made,
                    cited=cited,
                )
            )
            known += [(e.name, patient) for e in entries]
            folders += [(name, patient) for name in made]
    now = time + rng.choice(
        (timedelta(hours=1), timedelta(days=10), timedelta(days=29), timedelta(days=33))
    )
    records = {patient: record(rng, patient, now) for patient in PATIENTS}
    unblocked = frozenset(p for p in PEOPLE if rng.random() < 0.1)
    return Plan(
        number=number,
        policy=policy,
        records=records,
        steps=tuple(steps),
        now=now,
        unblocked=unblocked - records["P1"].blocked,
    )


def restrict(rng: random.Random) -> tuple[str, ...]:
    """Confidentiality codes of one version."""
    labels = [rng.choice(("N", "N", "R", "V"))]
    draw = rng.random()
    if draw < 0.2:
        labels.append(MASKED)
    elif draw < 0.4:
        labels.append(FROM_PATIENT)
    if rng.random() < 0.2:
        labels.append(FROM_REPRESENTATIVES)
    return tuple(labels)


def record(rng: random.Random, patient: str, now: datetime) -> Record:
    """The state of a record, mostly an ordinary one."""

    def period() -> tuple[datetime | None, datetime | None]:
        # Statements of the past, so that what was said is said before it is asked about.
        start = rng.choice((None, now - timedelta(days=40), now - timedelta(days=400)))
        if rng.random() < 0.08:
            start = now + timedelta(seconds=1)
        end = rng.choice((None, None, now + timedelta(days=1), now, now - timedelta(seconds=1)))
        if start is not None and end is not None and end < start:
            end = None
        return start, end

    def some(people: Sequence[str], chance: float) -> frozenset[str]:
        return frozenset(p for p in people if rng.random() < chance)

    authorisations = []
    for who in PEOPLE:
        for _ in range(rng.choice((0, 1, 1, 2))):
            start, end = period()
            origin = rng.choice(("patient", "patient", "care-team", "colleague", "self-declared"))
            if origin != "patient":
                start = start or now - timedelta(hours=rng.choice((23, 25)))
            authorisations.append(Authorisation(holder=who, start=start, end=end, origin=origin))
    for house in HOUSES:
        if rng.random() < 0.5:
            start, end = period()
            authorisations.append(
                Authorisation(holder=house, is_structure=True, start=start, end=end)
            )
    day = now.date()
    birth = rng.choice(
        (
            "",
            "1950-05-06",
            f"{day.year - 15}-01-02",
            f"{day.year - 18}-{day.month:02}-{min(day.day, 28):02}",
            (day + timedelta(days=1)).replace(year=day.year - 18).isoformat()
            if (day + timedelta(days=1)).day < 29
            else "",
        )
    )
    declarations = []
    for who in PEOPLE:
        if rng.random() < 0.3:
            start = now - timedelta(hours=rng.choice((1, 23, 24, 25, 60)))
            declarations.append(
                Declaration(
                    who=who,
                    mode=rng.choice(("break-glass", "break-glass", "regulation")),
                    reason=rng.choice(REASONS),
                    start=start,
                    end=start + timedelta(hours=24),
                )
            )
    lengths = [
        (None, None),
        (None, None),
        (now - timedelta(days=9), now),
        (None, now - timedelta(1)),
    ]
    return Record(
        patient=patient,
        status=rng.choice(("active",) * 12 + ("closed",)),
        deceased=rng.random() < 0.06,
        qualified=rng.random() < 0.9,
        birth_date=birth,
        blocked=some(PEOPLE, 0.12),
        authorisations=tuple(authorisations),
        break_glass=rng.random() < 0.8,
        regulation=rng.random() < 0.8,
        hide_all=rng.random() < 0.12,
        gp=rng.choice((*PEOPLE[:2], "")),
        objections=some((*PEOPLE, *HOUSES), 0.08),
        representatives=tuple(
            Link(who=who, what=(rng.choice(("parent", "guardian")),), start=start, end=end)
            for who in PARENTS
            for start, end in [rng.choice(lengths)]
            if rng.random() < 0.7
        ),
        services=tuple(
            Link(
                who=who,
                what=tuple(rng.sample(CLASSES, rng.randrange(1, 3))),
                start=start,
                end=end,
            )
            for who in APPS
            for start, end in [rng.choice(lengths)]
            if rng.random() < 0.7
        ),
        declarations=tuple(declarations),
        masked_authors=some((*PEOPLE, *HOUSES), 0.04),
        masked_labels=some(("R", "V"), 0.06),
        masked_periods=(
            ((T - timedelta(days=200), T - timedelta(days=100)),) if rng.random() < 0.06 else ()
        ),
    )


def delegations(number: int, now: datetime) -> tuple[Link, ...]:
    """Who enters documents for whom."""
    rng = random.Random(f"delegations {number}")
    return tuple(
        Link(who="S1", what=(principal,), end=rng.choice((None, now, now - timedelta(seconds=1))))
        for principal in PEOPLE
        if rng.random() < 0.3
    )


def askers(rng: random.Random, now: datetime) -> list[Asker]:
    """A crowd of people who come: every kind, the professionals in every way."""
    crowd = [Asker(kind="patient", id=p) for p in (*PATIENTS, "P3")]
    crowd += [Asker(kind="representative", id=p) for p in PARENTS]
    crowd += [Asker(kind="service", id=a) for a in (*APPS, "A2")]
    crowd += [Asker(kind="structure", structure=h) for h in HOUSES]
    crowd += [Asker(kind="delegate", id="S1", principal=rng.choice(PEOPLE), structure="H1")]
    crowd += [Asker(kind="auditor", id="U1"), Asker(kind="operator", id="U2")]
    for who in PEOPLE:
        roles = (ROLE_OF.get(who, "occupational"),)
        if rng.random() < 0.1:
            roles = rng.choice(((), ("doctor", "nurse"), ("stranger",), ("doctor", "general")))
        for mode, authentication in product(
            ("normal", "break-glass", "regulation"), ("direct", "indirect-reinforced")
        ):
            crowd.append(
                Asker(
                    kind="professional",
                    id=who,
                    roles=roles,
                    structure=rng.choice((*HOUSES, "")),
                    authentication=authentication,
                    mode=mode,
                    reason=rng.choice((*REASONS, "no answer", "no answer", ""))
                    if mode != "normal"
                    else "",
                )
            )
    crowd.append(
        Asker(
            kind="professional",
            id="D1",
            roles=("doctor",),
            structure="H1",
            authentication="indirect",
        )
    )
    return [disguised(rng, who) for who in crowd]


def queries(rng: random.Random, world: World, patient: str, count: int) -> list[Query]:
    """Questions about one record: every kind of stored query, by every kind of id."""
    things = list(world.things.values())
    by_kind = {
        kind: [one for one in things if one.kind == kind]
        for kind in ("entry", "set", "folder", "link")
    }
    moments = [t for f in by_kind["folder"] for t in (f.created, *f.joined.values())] or [T]

    def pick(kind: str, most: int = 3) -> tuple[str, ...]:
        pool = by_kind[kind]
        if not pool:
            return ("urn:uuid:00000000-0000-4000-8000-00000000dead",)
        return tuple(one.id for one in rng.sample(pool, min(len(pool), rng.randrange(1, most + 1))))

    def maybe(pool: Sequence[str], chance: float = 0.3) -> frozenset[str]:
        return frozenset(rng.sample(list(pool), 1)) if rng.random() < chance else frozenset()

    def status() -> frozenset[str]:
        return rng.choice(
            (
                frozenset({"Approved"}),
                frozenset({"Approved", "Deprecated"}),
                frozenset({"Deprecated"}),
            )
        )

    found = []
    for _ in range(count):
        name = rng.choice(NAMES)
        ids: tuple[str, ...] = ()
        if name in ("GetDocuments", "GetDocumentsAndAssociations"):
            ids = pick("entry")
        elif name in ("GetFoldersForDocument", "GetRelatedDocuments"):
            ids = pick("entry", 1)
        elif name == "GetFolders":
            ids = pick("folder")
        elif name == "GetFolderAndContents":
            ids = pick("folder", 1)
        elif name == "GetSubmissionSetAndContents":
            ids = pick("set", 1)
        elif name == "GetSubmissionSets":
            ids = tuple(dict.fromkeys((*pick("entry"), *pick("folder", 1))))
        elif name == "GetAssociations":
            ids = pick(rng.choice(("entry", "set", "folder")))
        if ids and name not in ("GetAssociations", "GetSubmissionSets") and rng.random() < 0.4:
            ids = tuple(
                world.things[one].unique_id or one if one in world.things else one for one in ids
            )
            if any(one.startswith("urn:") for one in ids):
                continue
        bounds = sorted(rng.choice(moments) + timedelta(seconds=rng.choice((0, 1))) for _ in "12")
        found.append(
            Query(
                name=name,
                ids=ids,
                patient=patient,
                status=status(),
                set_status=frozenset({"Approved"}),
                folder_status=status(),
                class_codes=maybe(CLASSES) if name.startswith("FindDocuments") else frozenset(),
                type_codes=maybe(TYPES) if name.startswith("FindDocuments") else frozenset(),
                format_codes=maybe(FORMATS, 0.2) if name in FILTERED else frozenset(),
                confidentiality=maybe(("N", "R", MASKED, FROM_PATIENT), 0.2)
                if name in FILTERED
                else frozenset(),
                references=frozenset({rng.choice(("ref1", "ref2"))})
                if name == "FindDocumentsByReferenceId"
                else frozenset(),
                author=rng.choice(PEOPLE) if name in AUTHORED and rng.random() < 0.2 else "",
                updated_from=bounds[0] if name == "FindFolders" and rng.random() < 0.4 else None,
                updated_to=bounds[1] if name == "FindFolders" and rng.random() < 0.4 else None,
                types=frozenset(rng.sample(("RPLC", "XFRM", "APND", "XFRM_RPLC"), 3)),
                level=rng.choice((1, 2)),
            )
        )
    return found


def disguised(rng: random.Random, who: Asker) -> Asker:
    """Somebody, rarely with a purpose or in a connection or mode that opens nothing."""
    draw = rng.random()
    if draw < 0.02:
        return replace(who, purpose=rng.choice(("insurance", "court")))
    if draw < 0.05 and who.kind == "professional":
        return replace(who, secret=True)
    if draw < 0.06 and who.kind != "professional":
        return replace(who, mode="break-glass", reason="no answer")
    return who


def variants(rng: random.Random, query: Query, world: World, count: int) -> list[Query]:
    """Questions of the same shape about other things: they cost little, once one was asked."""
    if not query.ids:
        found = [query]
        for _ in range(count if any(getattr(query, name) for name in POOLS) else 0):
            others = {
                name: frozenset(rng.sample(pool, 1))
                for name, pool in POOLS.items()
                if getattr(query, name)
            }
            found.append(replace(query, **others))
        return found
    by_uuid = query.ids[0].startswith("urn:")
    kinds = {world.things[one].kind for one in query.ids if one in world.things} or {
        t.kind for t in world.things.values() if t.unique_id in query.ids
    }
    pool = sorted(
        {t.id if by_uuid else t.unique_id for t in world.things.values() if t.kind in kinds} - {""}
    )
    rng.shuffle(pool)
    return [query, *(replace(query, ids=(one,)) for one in pool[:count])]


POOLS: dict[str, Sequence[str]] = {
    "class_codes": CLASSES,
    "type_codes": TYPES,
    "format_codes": FORMATS,
    "confidentiality": ("N", "R", "V", MASKED, FROM_PATIENT, FROM_REPRESENTATIVES),
    "references": ("ref1", "ref2", "ref3"),
}
"""What the parameters of a question may ask for."""

NAMES = (
    "FindDocuments",
    "FindDocumentsByReferenceId",
    "FindSubmissionSets",
    "FindFolders",
    "GetAll",
    "GetDocuments",
    "GetFolders",
    "GetAssociations",
    "GetDocumentsAndAssociations",
    "GetSubmissionSets",
    "GetSubmissionSetAndContents",
    "GetFolderAndContents",
    "GetFoldersForDocument",
    "GetRelatedDocuments",
)
"""The fourteen stored queries."""

FILTERED = {
    "FindDocuments",
    "FindDocumentsByReferenceId",
    "GetAll",
    "GetSubmissionSetAndContents",
    "GetFolderAndContents",
}
AUTHORED = {"FindDocuments", "FindDocumentsByReferenceId", "FindSubmissionSets"}
