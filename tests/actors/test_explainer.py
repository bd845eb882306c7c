"""What is explained of a moment is what was decided then."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.actors.explainer import AS_NOW, Explainer
from gateway.consent import Explanation
from gateway.errors import Refused
from gateway.model import choices as c
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.lifecycle import Changes
from gateway.model.patient import Patient
from gateway.model.restriction import Restriction
from gateway.model.subject import AccessRequest, Operation, Subject, SubjectKind
from gateway.model.vocabulary import AssociationType
from gateway.ports import Account, FiledStatement
from gateway.profile.access import AccessPolicy
from gateway.storage.sqlite import SqliteRegistryStore
from tests.storage.shelf import Maker, PickledFragments, patient

ALICE = patient("alice")
MASK, HIDE = Code("MASK", "9.9"), Code("HIDE", "9.9")
CODES = {MASK.key: Restriction.MASKED, HIDE.key: Restriction.HIDDEN_FROM_PATIENT}
POLICY = AccessPolicy(restriction_codes=CODES, matrix_applies=False)
DOCTOR = Identifier.of("801", "1.2")
PROFESSIONAL = AccessRequest(subject=Subject(kind=SubjectKind.PROFESSIONAL, id=DOCTOR))
HERSELF = AccessRequest(subject=Subject(kind=SubjectKind.PATIENT, id=ALICE))


class Clock:
    """A clock a test turns."""

    time = "20260101000000"

    def now(self) -> str:
        return self.time


def said(number: int, choice: Any, at: str) -> FiledStatement:
    statement = c.Statement(patient_id=ALICE, date_time=DateTime(at), choices=(choice,))
    return FiledStatement(
        id=f"urn:uuid:{number}", version=1, active=True, statement=statement, recorded=at
    )


def test_an_explanation_of_a_moment_is_the_decision_of_that_moment(tmp_path: Path) -> None:
    async def run() -> None:
        clock = Clock()
        store = SqliteRegistryStore.open(
            tmp_path / "r.sqlite", PickledFragments(), clock, restrictions=CODES
        )
        await store.patients.put(Patient(identifiers=(ALICE,)))
        explainer = Explainer(store.choices, store.patients, store.facts, POLICY, clock)
        make = Maker()
        first = make.entry(ALICE, confidentiality_code=(HIDE,))
        newer = make.entry(ALICE)

        def version(number: int, *labels: Code) -> Any:
            return make.entry(
                ALICE,
                logical_id=first.entry_uuid,
                unique_id=first.unique_id,
                version=str(number),
                confidentiality_code=labels,
            )

        decided: dict[tuple[str, str], tuple[bool, str, tuple[Any, ...]]] = {}

        def told(explanation: Explanation) -> tuple[bool, str, tuple[Any, ...]]:
            decision = explanation.decision
            inputs = dict(explanation.inputs)
            named = ("restrictions", "hidden until", "authorisation", "everything hidden")
            return decision.permitted, decision.rule, tuple(inputs[name] for name in named)

        async def explained(name: str, who: AccessRequest, at: str = "") -> Explanation:
            return await explainer.explain(
                who, ALICE, operation=Operation.READ, document=name, at=at
            )

        holder = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=DOCTOR)
        happened: list[tuple[str, tuple[Any, ...], Any]] = [
            ("20260101", (first,), None),
            ("20260102", (), c.Authorise(holder=holder)),
            ("20260103", (version(2, HIDE, MASK),), None),
            ("20260104", (version(3, HIDE),), None),
            ("20260105", (newer, make.link(newer, first, AssociationType.RPLC)), None),
            ("20260106", (version(4, MASK),), None),
            ("20260107", (version(5),), c.HideAll(hidden=True)),
            ("20260108", (), c.Block(professional=DOCTOR)),
        ]
        there = {"first": first.entry_uuid}
        for number, (day, added, choice) in enumerate(happened):
            clock.time = day + "120000"
            filed = (said(number, choice, clock.time),) if choice else ()
            changes = Changes(added=added)
            await store.change(lambda _, c=changes: c, lambda _, f=filed: Account(statements=f))
            if newer in added:
                there["newer"] = newer.entry_uuid
            clock.time = day + "180000"
            for name, uuid in there.items():
                for who in (PROFESSIONAL, HERSELF):
                    key = (f"{name} {who.subject.kind.value}", clock.time)
                    explanation = await explained(uuid, who)
                    assert explanation.as_now == ()
                    decided[key] = told(explanation)
        assert {rule for _, rule, _ in decided.values()} >= {"A6-blocked", "B1", "B4", "B99"}
        clock.time = "20260601000000"
        for (name, at), before in decided.items():
            word, kind = name.split()
            who = PROFESSIONAL if kind == "professional" else HERSELF
            explanation = await explained(there[word], who, at)
            assert told(explanation) == before, (name, at)
            assert explanation.as_now == AS_NOW
        with pytest.raises(Refused):
            await explained(newer.entry_uuid, HERSELF, "20260104180000")
        await store.close()

    asyncio.run(run())
