"""The real gateway and the oracle asked the same, and every difference told."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.actors.access_control import AccessControl, Denied
from gateway.actors.consent_rules import ConsentRules
from gateway.errors import Refused
from gateway.model.lifecycle import Changes, Known
from gateway.model.subject import Operation
from gateway.notifications.rights import ConsentRights
from gateway.ports import Form, Page
from gateway.transactions import registry_stored_query as q
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from tests.oracle import oracle
from tests.oracle.asking import Shown
from tests.oracle.plans import askers, delegations, plan, queries, variants
from tests.oracle.stage import Stage, access_of, dtm, identifier, staged, stored_query
from tests.oracle.values import Asker, Entry, Folder, Query, Set, World


@dataclass
class Tally:
    """How many cases were compared, what differed, and which rules decided."""

    cases: int = 0
    differences: list[str] = field(default_factory=list)
    rules: dict[str, int] = field(default_factory=dict)

    def same(self, where: Any, product: Any, expected: Any) -> None:
        """Count a case, and note where the two differ."""
        self.cases += 1
        if product != expected:
            self.differences.append(f"{where}: the gateway {product}, the oracle {expected}")

    def decided(self, rule: str) -> None:
        self.rules[rule] = self.rules.get(rule, 0) + 1


async def compare(
    number: int, folder: Path, tally: Tally, *, per_asker: int = 12, variants: int = 4
) -> None:
    """One world, a crowd, and many questions."""
    made = plan(number)
    async with staged(made, folder) as (stage, world):
        links = delegations(number, made.now)
        await stage.players.delegate(links)
        for record in world.records.values():
            object.__setattr__(record, "delegations", links)
        comparison = Comparison(stage, world, tally, random.Random(f"asking {number}"))
        comparison.variants = variants
        await comparison.run(per_asker)


class Comparison:
    """One world, asked by everybody."""

    def __init__(self, stage: Stage, world: World, tally: Tally, rng: random.Random) -> None:
        self.stage, self.world, self.tally, self.rng = stage, world, tally, rng
        self.number = stage.plan.number
        self.now = dtm(world.now)
        self.rules = ConsentRules(stage.profile.access)
        self.control = AccessControl(
            self.rules.gate,
            stage.store.choices,
            stage.store.patients,
            stage.store,
            stage.wiring.new_uuid,
        )
        self.rights = ConsentRights(self.rules.gate, stage.store.choices, stage.store, stage.clock)

    variants = 0

    async def run(self, per_asker: int) -> None:
        for who in askers(self.rng, self.world.now):
            for patient in ("P1", "P2", "P3"):
                if patient != "P1" and self.rng.random() < 0.7:
                    continue
                for what in ("read", "submit"):
                    await self.enter(who, what, patient, per_asker)
                await self.subscribed(who, patient)

    async def enter(self, who: Asker, what: str, patient: str, per_asker: int) -> None:
        """The record gate, and behind it everything that can be asked."""
        world = self.world
        record = world.records.get(patient)
        passes, rule = oracle.gate(who, what, record, world.policy, world.now)
        self.tally.decided(rule)
        where = f"world {self.number}, {who}, {what} {patient}"
        try:
            permit = await self.control.enter(
                access_of(who),
                Operation(what),
                id="urn:uuid:1",
                now=self.now,
                patients=[identifier(patient)],
            )
        except Denied as denied:
            self.tally.same(where, (False, denied.rule), (passes, rule))
            return
        # Which of several lines that let a request in is named first is no part of the text.
        self.tally.same(where, True, passes)
        if not passes:
            return
        visible = frozenset(
            one for one in oracle.visible(who, what, world) if self.is_of(one, patient)
        )
        shown = Shown(world, visible)
        actors = self.stage.actors(permit.visibility)
        store = self.stage.store.seen_by(permit.visibility)
        for query in queries(self.rng, world, patient, per_asker if what == "read" else 2):
            for variant in variants(self.rng, query, world, self.variants):
                await self.asked(where, actors, variant, shown)
        if what == "submit":
            await self.known(where, store, visible)
            return
        await self.retrieved(where, actors, visible)
        await self.searched(where, actors, patient, shown)
        await self.looked_up(where, store, visible)

    def patient_of(self, name: str) -> str:
        """Whose an object is; a link is of its ends'."""
        thing: Any = self.world.things[name]
        return self.patient_of(thing.source) if thing.kind == "link" else str(thing.patient)

    def is_of(self, name: str, patient: str) -> bool:
        """Whether an object is of a patient."""
        return self.patient_of(name) == patient

    async def asked(self, where: str, actors: Any, query: Query, shown: Shown) -> None:
        """One stored query in both return types."""
        expected = sorted(shown.answer(query), key=lambda one: self.world.things[one].place)
        asked = stored_query(query)
        for return_type in q.ReturnType:
            request = q.RegistryStoredQuery(query_id="", query=asked, return_type=return_type)
            try:
                found = await actors.registry.query(request, Form.EBRIM)
            except Refused as refused:
                # One answer by ids is about one patient.
                several = len({self.patient_of(one) for one in expected}) > 1
                self.tally.same((where, query), refused.findings[0].rule, "single-patient")
                self.tally.same((where, query, "several"), several, True)
                continue
            ids = [held.entry_uuid for held in found.objects]
            self.tally.same((where, query, return_type.value), ids, expected)
            if return_type is q.ReturnType.LEAF_CLASS:
                for held in found.objects:
                    thing = self.world.things[held.entry_uuid]
                    if isinstance(thing, Entry):
                        status = f"StatusType:{shown.status(thing)}".encode()
                        self.tally.same((where, query, "status"), status in held.fragment, True)
                    if isinstance(thing, Folder):
                        time = dtm(shown.updated(thing)).encode()
                        self.tally.same(
                            (where, query, "lastUpdateTime"), time in held.fragment, True
                        )

    async def retrieved(self, where: str, actors: Any, visible: frozenset[str]) -> None:
        """ITI-43, several documents at a time."""
        entries = [e for e in self.world.things.values() if isinstance(e, Entry)]
        names = list(
            dict.fromkeys(e.unique_id for e in self.rng.sample(entries, min(3, len(entries))))
        )
        if not names:
            return
        there = {e.unique_id for e in entries if e.id in visible}
        repository = actors.repository
        answer = await repository.retrieve(
            RetrieveDocumentSet(
                documents=tuple(
                    DocumentRequest(
                        repository_unique_id=repository.repository_unique_id,
                        document_unique_id=name,
                    )
                    for name in (*names, "1.2.3")
                )
            )
        )
        self.tally.same(
            (where, "ITI-43", names),
            [d.request.document_unique_id for d in answer.documents],
            [name for name in names if name in there],
        )
        self.tally.same(
            (where, "ITI-43 errors", names),
            [(f.code.name, f.context, f.message) for f in answer.findings],
            [
                ("DOCUMENT_UNIQUE_ID_ERROR", name, "this repository has no such document")
                for name in (*names, "1.2.3")
                if name not in there
            ],
        )

    async def searched(self, where: str, actors: Any, patient: str, shown: Shown) -> None:
        """ITI-66 and ITI-67, page by page: totals, links, and what the pages hold."""
        kind = self.rng.choice(("entry", "set", "folder", "both"))
        statuses = ("Approved", "Deprecated")
        urns = tuple(f"urn:oasis:names:tc:ebxml-regrep:StatusType:{s}" for s in statuses)
        whose = identifier(patient)
        asked: list[Any] = []
        things: list[Any] = []
        if kind == "entry":
            asked = [q.FindDocuments(patient_id=whose, status=urns)]
            things = shown.FindDocuments(Query(name="FindDocuments", patient=patient))
        if kind in ("set", "both"):
            asked.append(q.FindSubmissionSets(patient_id=whose, status=urns))
            things += shown.FindSubmissionSets(Query(name="", patient=patient))
        if kind in ("folder", "both"):
            asked.append(q.FindFolders(patient_id=whose, status=urns))
            things += shown.FindFolders(Query(name="", patient=patient))
        expected = [one.id for one in sorted(things, key=lambda t: -t.place)]
        got: list[str] = []
        page = Page(size=self.rng.choice((1, 2, 5)))
        while True:
            found = await actors.responder.find(asked, page)
            got += [held.entry_uuid for held in found.objects]
            self.tally.same((where, "total", kind), found.total, len(expected))
            if not found.more or len(got) > 100:
                break
            page = Page(size=page.size, after=found.objects[-1].key, place=found.objects[-1].place)
        self.tally.same((where, "pages", kind), got, expected)

    async def looked_up(self, where: str, store: Any, visible: frozenset[str]) -> None:
        """Reads, history, vread, ITI-68, and what a conditional request matches."""
        for thing in self.rng.sample(
            list(self.world.things.values()), min(4, len(self.world.things))
        ):
            here = thing.id in visible
            self.tally.same((where, "read", thing.id), await store.read(thing.id) is not None, here)
            if thing.kind == "link":
                continue
            type = "DocumentReference" if isinstance(thing, Entry) else "List"
            past = await store.past(type, thing.logical_id)
            versions = sorted(
                (
                    t
                    for t in self.world.things.values()
                    if t.logical_id == thing.logical_id and t.id in visible and t.kind == thing.kind
                ),
                key=lambda t: -t.version,
            )
            self.tally.same(
                (where, "history", thing.id),
                [one.held.entry_uuid for one in past.versions],
                [one.id for one in versions],
            )
            self.tally.same(
                (where, "removed", thing.id), (past.removed, past.last_version), ("", "")
            )
            if isinstance(thing, Entry):
                there, document = await store.described_document(thing.logical_id)
                self.tally.same(
                    (where, "ITI-68", thing.id),
                    (there, document is not None),
                    (bool(versions), bool(versions)),
                )
                for names in ({"unique_id": (thing.unique_id,)}, {"entry_uuid": (thing.id,)}):
                    found = await store.find(
                        q.FindDocuments(**names, metadata_level=2), Form.REFERENCE, Page(size=9)
                    )
                    expected = {
                        t.id
                        for t in self.world.things.values()
                        if isinstance(t, Entry)
                        and t.id in visible
                        and (
                            t.unique_id == thing.unique_id
                            if "unique_id" in names
                            else t.id == thing.id
                        )
                    }
                    self.tally.same(
                        (where, "conditional", names),
                        {held.entry_uuid for held in found.objects},
                        expected,
                    )

    async def known(self, where: str, store: Any, visible: frozenset[str]) -> None:
        """What a submission, an update or a conditional request may refer to."""
        world, seen = self.world, {}

        class Enough(Exception):
            pass

        def decide(known: Known) -> Changes:
            for thing in world.things.values():
                seen[thing.id] = known.object(thing.id) is not None
                if isinstance(thing, Entry):
                    seen[thing.unique_id] = {e.entry_uuid for e in known.entries(thing.unique_id)}
                    seen["document", thing.id] = known.document(thing.unique_id) is not None
                elif isinstance(thing, Set | Folder):
                    seen[thing.unique_id] = known.holder(thing.unique_id) is not None
                if thing.kind != "link":
                    seen["links", thing.id] = {a.entry_uuid for a in known.associations(thing.id)}
            raise Refused()

        with suppress(Refused):
            await store.change(decide)
        for thing in world.things.values():
            here = thing.id in visible
            self.tally.same((where, "reference to", thing.id), seen[thing.id], here)
            if isinstance(thing, Entry):
                same = {
                    e.id
                    for e in world.things.values()
                    if e.kind == "entry" and e.unique_id == thing.unique_id and e.id in visible  # type: ignore[attr-defined]
                }
                self.tally.same((where, "uniqueId", thing.id), seen[thing.unique_id], same)
                self.tally.same(
                    (where, "document", thing.id), seen["document", thing.id], bool(same)
                )
            elif thing.kind != "link":
                self.tally.same((where, "uniqueId", thing.id), seen[thing.unique_id], here)
            if thing.kind != "link":
                links = {
                    a.id
                    for a in world.things.values()
                    if a.kind == "link" and a.id in visible and thing.id in (a.source, a.target)  # type: ignore[attr-defined]
                }
                self.tally.same((where, "links of", thing.id), seen["links", thing.id], links)

    async def subscribed(self, who: Asker, patient: str) -> None:
        """What a subscriber may be told of."""
        world = self.world
        if who.mode != "normal":
            return
        record = world.records.get(patient)
        passes, rule = oracle.gate(who, "subscribe", record, world.policy, world.now)
        where = f"world {self.number}, {who}, subscription {patient} ({rule})"
        view = await self.rights.view(access_of(who), identifier(patient))
        self.tally.same(where, view is not None, passes)
        if view is None or not passes:
            return
        visible = oracle.visible(who, "subscribe", world)
        for thing in world.things.values():
            if isinstance(thing, Entry) and self.rng.random() < 0.3:
                self.tally.same(
                    (where, thing.id),
                    await view.read(thing.id) is not None,
                    thing.id in visible and thing.patient == patient,
                )
