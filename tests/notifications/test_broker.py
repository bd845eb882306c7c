"""A subscriber is told of what he may see, and nothing tells of the rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.model.datatypes import Code, Identifier
from gateway.model.lifecycle import Changes
from gateway.model.naming import NamingSystems
from gateway.model.notice import Notice
from gateway.model.patient import Patient
from gateway.model.subject import AccessRequest, Authentication, Client, Subject, SubjectKind
from gateway.model.subscription import Content, Subscription, SubscriptionStatus
from gateway.notifications.broker import Broker
from gateway.ports import Form, Found, Page, RegistryStore
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.translators.stored_forms import StoredForms
from tests.notifications.world import Endpoint, MovableClock, caller, endpoint, signer
from tests.storage.shelf import Maker, patient

BASE = "http://gateway.test/fhir"
ALICE, BOB, CAROL = map(patient, ("alice", "bob", "carol"))
DOCUMENTS = "DSUBm-SubscriptionTopic-DocumentReference-PatientDependent"
ANYBODYS = "DSUBm-SubscriptionTopic-DocumentReference-MultiPatient"
SETS = "DSUBm-SubscriptionTopic-SubmissionSet-PatientDependent"

PROFESSIONAL = AccessRequest(
    subject=Subject(
        kind=SubjectKind.PROFESSIONAL,
        id=Identifier.of("b", "2.999.5"),
        name="Dr B",
        roles=(Code("10", "2.999.6"), Code("SM26", "2.999.7")),
        structure=Identifier.of("h", "2.999.8"),
        sector=Code("SA07", "2.999.9"),
        authentication=Authentication.REINFORCED,
        client=Client(id="soft", name="Soft", version="1"),
    ),
    purposes=(Code("normal", "2.999.10"),),
    scopes=frozenset({"a", "b"}),
)


class Seen:
    """A registry in which some documents were never stored."""

    def __init__(self, store: RegistryStore, hidden: set[str]) -> None:
        self._store = store
        self._hidden = hidden

    async def find(self, query: Any, form: Form, page: Page) -> Found:
        whole = await self._store.find(query, form, replace(page, size=1000))
        left = tuple(o for o in whole.objects if o.entry_uuid not in self._hidden)
        shown = left[: page.size]
        return Found(objects=shown, total=len(left), more=len(left) > len(shown))


class TestRights:
    """Rights that a test changes."""

    __test__ = False

    def __init__(self, store: RegistryStore) -> None:
        self._store = store
        self.hidden: set[str] = set()
        self.refused: set[Identifier] = set()
        self.asked: list[AccessRequest | None] = []

    async def view(self, access: AccessRequest | None, patient: Identifier) -> Any:
        self.asked.append(access)
        return None if patient in self.refused else Seen(self._store, self.hidden)

    async def may_be_told(self, notice: Notice) -> bool:
        return True


class World:
    """A broker, its endpoint and its registry."""

    def __init__(
        self, store: SqliteRegistryStore, clock: MovableClock, heard: Endpoint, broker: Broker
    ) -> None:
        self.store = store
        self.clock = clock
        self.heard = heard
        self.broker = broker
        self.make = Maker()

    async def subscribe(self, **more: Any) -> Subscription:
        values: dict[str, Any] = {
            "id": "s1",
            "owner": "b^2.999.5",
            "access": PROFESSIONAL,
            "topic": DOCUMENTS,
            "criteria": "DocumentReference?patient.identifier=urn:oid:1.2|alice",
            "patient": ALICE,
            "endpoint": f"{self.heard.url}/hook",
            "headers": ("Authorization: Bearer x",),
            "content": Content.FULL_RESOURCE,
            "until": "20270301000000",
            "updated": self.clock.now(),
            "due": self.clock.now(),
            **more,
        }
        subscription = Subscription(**values)
        assert await self.store.subscriptions.create(subscription, 10)
        await self.broker.round()
        return subscription

    async def submit(self, whose: Identifier = ALICE, **more: Any) -> Changes:
        changes = self.make.submission(whose, **more)
        await self.keep(changes)
        return changes

    async def keep(self, changes: Changes) -> None:
        await self.store.change(lambda known: changes)

    async def state(self, name: str = "s1") -> Subscription:
        state = await self.store.subscriptions.read(name)
        assert state is not None
        return state

    @property
    def told(self) -> list[dict[str, Any]]:
        """Every message so far, as the parameters of its first entry and its other entries."""
        return [read(json.loads(one.body)) for one in self.heard.received]


def read(bundle: dict[str, Any]) -> dict[str, Any]:
    first, *others = bundle["entry"]
    assert bundle["type"] == "history" and bundle["resourceType"] == "Bundle"
    parameters = {
        p["name"]: p.get("part") or next(v for k, v in p.items() if k.startswith("value"))
        for p in first["resource"]["parameter"]
    }
    return {**parameters, "others": others}


def run(path: Path, test: Callable[[World, TestRights], Awaitable[None]]) -> None:
    async def go() -> None:
        clock = MovableClock()
        forms = StoredForms(NamingSystems(), BASE)
        store = SqliteRegistryStore.open(path / "r.sqlite", forms, clock)
        try:
            async with open_world(store, clock, path) as (world, rights):
                await test(world, rights)
        finally:
            await store.close()

    asyncio.run(go())


@asynccontextmanager
async def open_world(
    store: SqliteRegistryStore, clock: MovableClock, path: Path
) -> AsyncIterator[tuple[World, TestRights]]:
    async with endpoint() as heard, caller(heard.url) as calls:
        rights = TestRights(store)
        broker = Broker(
            store.subscriptions,
            rights,
            calls,
            signer(path),
            NamingSystems(),
            SearchRules(),
            clock,
            BASE,
        )
        yield World(store, clock, heard, broker), rights


def test_a_subscription_is_active_after_a_handshake_and_tells_of_new_documents(
    tmp_path: Path,
) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe()
        (hand,) = world.told
        assert (hand["type"], hand["status"]) == ("handshake", "requested")
        assert not hand["others"] and hand["events-since-subscription-start"] == "0"
        assert (await world.state()).status is SubscriptionStatus.ACTIVE
        changes = await world.submit()
        await world.submit(BOB)
        await world.broker.round()
        (_, event) = world.told
        assert (event["type"], event["status"]) == ("event-notification", "active")
        assert event["events-since-subscription-start"] == "1"
        name = changes.added[1].entry_uuid.removeprefix("urn:uuid:")
        focus = next(p for p in event["notification-event"] if p["name"] == "focus")
        assert focus["valueReference"]["reference"] == f"{BASE}/DocumentReference/{name}"
        (document,) = event["others"]
        assert document["fullUrl"] == f"{BASE}/DocumentReference/{name}"
        assert document["resource"]["resourceType"] == "DocumentReference"
        headers = world.heard.received[-1].headers
        assert headers["authorization"] == "Bearer x" and headers["webhook-signature"]
        await world.broker.round()
        assert len(world.told) == 2
        assert all(one == PROFESSIONAL for one in rights.asked)

    run(tmp_path, test)


@pytest.mark.parametrize("content", [Content.EMPTY, Content.ID_ONLY])
def test_content_is_no_more_than_was_asked_for(tmp_path: Path, content: Content) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe(content=content)
        changes = await world.submit()
        await world.broker.round()
        body = world.heard.received[-1].body.decode()
        name = changes.added[1].entry_uuid.removeprefix("urn:uuid:")
        assert (name in body) is (content is Content.ID_ONLY)
        assert '"DocumentReference"' not in body.replace('"url":"DocumentReference"', "")

    run(tmp_path, test)


def test_what_is_absent_leaves_no_message_no_gap_and_no_heartbeat(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe(heartbeat=60)
        first = await world.submit()
        hidden = await world.submit()
        last = await world.submit()
        rights.hidden = {hidden.added[1].entry_uuid}
        await world.broker.round()
        numbers = [t["events-since-subscription-start"] for t in world.told[1:]]
        assert numbers == ["1", "2"]
        bodies = b"".join(one.body for one in world.heard.received).decode()
        assert hidden.added[1].entry_uuid.removeprefix("urn:uuid:") not in bodies
        assert hidden.added[0].entry_uuid.removeprefix("urn:uuid:") not in bodies
        assert all(c.added[1].entry_uuid.removeprefix("urn:uuid:") in bodies for c in (first, last))
        # Seen later it is not told of: its moment has passed for this subscriber.
        rights.hidden = set()
        await world.broker.round()
        assert len(world.told) == 3

    run(tmp_path, test)


def test_paired_worlds_hear_the_same(tmp_path: Path) -> None:
    """A subscriber's whole traffic is the same whether or not an absent document came."""
    heard: list[list[Any]] = []

    for number, comes in enumerate((False, True)):

        async def test(world: World, rights: TestRights, comes: bool = comes) -> None:
            await world.store.patients.put(Patient(logical_id="alice", identifiers=(ALICE,)))
            await world.subscribe(heartbeat=60)
            for step in range(6):
                world.clock.pass_(seconds=25)
                if step == 1 and comes:
                    hidden = Maker(iter(range(900, 1000))).submission(ALICE)
                    rights.hidden.add(hidden.added[1].entry_uuid)
                    await world.keep(hidden)
                if step == 4:
                    await world.submit()
                await world.broker.round()
            heard.append(
                [
                    (r.headers["webhook-id"], r.headers["webhook-timestamp"], told)
                    for r, told in zip(world.heard.received, world.told, strict=True)
                ]
            )

        folder = tmp_path / str(number)
        folder.mkdir()
        run(folder, test)
    assert heard[0] == heard[1]
    kinds = [told["type"] for _, _, told in heard[0]]
    assert kinds == ["handshake", "heartbeat", "event-notification"]


def test_revocation_stops_delivery_at_once_and_for_good(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe(heartbeat=60)
        await world.submit()
        rights.refused = {ALICE}
        await world.broker.round()
        world.clock.pass_(seconds=120)
        await world.broker.round()
        rights.refused = set()
        await world.submit()
        await world.broker.round()
        assert [t["type"] for t in world.told] == ["handshake"]
        assert (await world.state()).status is SubscriptionStatus.OFF

    run(tmp_path, test)


def test_rights_are_asked_again_between_two_documents_of_one_submission(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe()
        one = world.make.submission(ALICE)
        second = world.make.entry(ALICE)
        both = replace(one, added=(*one.added, second, world.make.link(one.added[0], second)))
        await world.store.change(lambda known: both)
        find = Seen.find

        async def revoked_after_the_first(self: Seen, *asked: Any) -> Found:
            found = await find(self, *asked)
            rights.hidden.add(second.entry_uuid)
            return found

        Seen.find = revoked_after_the_first  # type: ignore[method-assign]
        try:
            await world.broker.round()
        finally:
            Seen.find = find  # type: ignore[method-assign]
        assert len(world.told) == 2

    run(tmp_path, test)


def test_the_filter_is_the_one_searches_use(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe(
            criteria="DocumentReference?patient=Patient/alice&type=B,C&author.family=martin"
        )
        await world.submit(type_code=Code("B", "1.2"))
        await world.submit(type_code=Code("A", "1.2"))
        await world.broker.round()
        assert len(world.told) == 1

    run(tmp_path, test)


def test_a_subscription_for_any_patient_hears_of_the_records_it_may_see(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe(topic=ANYBODYS, patient=None, criteria="")
        rights.refused = {BOB}
        await world.submit(ALICE)
        await world.submit(BOB)
        await world.submit(CAROL)
        await world.broker.round()
        numbers = [t["events-since-subscription-start"] for t in world.told]
        assert numbers == ["0", "1", "2"]
        assert (await world.state()).status is SubscriptionStatus.ACTIVE

    run(tmp_path, test)


def test_submission_sets_have_their_own_topic(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe(topic=SETS, criteria="List?code=submissionset&patient=Patient/a")
        changes = await world.submit()
        await world.broker.round()
        (told,) = world.told[1:]
        assert told["others"][0]["fullUrl"].endswith(
            "List/" + changes.added[0].entry_uuid.removeprefix("urn:uuid:")
        )

    run(tmp_path, test)


def test_a_message_nobody_took_comes_again_with_its_id_and_number(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe()
        world.heard.status = [500, 200]
        await world.submit()
        await world.broker.round()
        assert (await world.state()).attempts == 1
        await world.broker.round()
        assert len(world.told) == 2
        world.clock.pass_(seconds=31)
        await world.broker.round()
        first, again = world.heard.received[1:]
        assert first.headers["webhook-id"] == again.headers["webhook-id"]
        assert [t["events-since-subscription-start"] for t in world.told[1:]] == ["1", "1"]
        assert (await world.state()).told == 1

    run(tmp_path, test)


def test_an_endpoint_that_refuses_the_handshake_leaves_an_error(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        world.heard.status = [403]
        await world.subscribe()
        await world.submit()
        await world.broker.round()
        state = await world.state()
        assert state.status is SubscriptionStatus.ERROR
        assert state.trouble == "the endpoint answered 403"
        assert len(world.told) == 1

    run(tmp_path, test)


def test_after_many_attempts_it_is_an_error(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe()
        world.heard.status = [500]
        await world.submit()
        for _ in range(14):
            await world.broker.round()
            world.clock.pass_(seconds=6 * 3600 + 1)
        assert (await world.state()).status is SubscriptionStatus.ERROR
        assert len(world.told) == 13

    run(tmp_path, test)


def test_it_ends_with_its_end_and_says_so_once(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe(until="20260301090000")
        world.clock.pass_(seconds=3600)
        await world.broker.round()
        assert (await world.state()).status is SubscriptionStatus.ACTIVE  # The end belongs to it.
        world.clock.pass_(seconds=1)
        await world.submit()
        for _ in range(3):
            await world.broker.round()
        assert [(t["type"], t["status"]) for t in world.told] == [
            ("handshake", "requested"),
            ("event-notification", "off"),
        ]
        assert "notification-event" not in world.told[1]

    run(tmp_path, test)


def test_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def before(world: World, rights: TestRights) -> None:
        await world.subscribe()
        await world.submit()

    async def after(world: World, rights: TestRights) -> None:
        def moved(state: Subscription) -> Subscription:
            return replace(state, endpoint=f"{world.heard.url}/hook")

        await world.store.subscriptions.update("s1", moved)
        await world.broker.round()
        (told,) = world.told
        assert told["events-since-subscription-start"] == "1"
        assert (await world.state()).access == PROFESSIONAL

    run(tmp_path, before)
    run(tmp_path, after)


def test_it_speaks_xml_where_asked_to(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.subscribe(mime_type="application/fhir+xml")
        await world.submit()
        await world.broker.round()
        last = world.heard.received[-1]
        assert last.headers["content-type"].startswith("application/fhir+xml")
        assert b"<DocumentReference" in last.body and b'<type value="history"/>' in last.body

    run(tmp_path, test)


def test_a_merged_patient_is_the_same_subscription(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        await world.submit(ALICE)
        await world.submit(BOB)
        await world.broker.round()
        await world.subscribe()
        await world.store.patients.merge(ALICE, BOB)
        await world.submit(BOB)
        await world.broker.round()
        assert [t["type"] for t in world.told] == ["handshake", "event-notification"]

    run(tmp_path, test)


def test_nobody_has_more_subscriptions_than_allowed(tmp_path: Path) -> None:
    async def test(world: World, rights: TestRights) -> None:
        one = await world.subscribe()
        assert not await world.store.subscriptions.create(replace(one, id="s2"), 1)
        await world.store.subscriptions.update(
            "s1", lambda s: replace(s, status=SubscriptionStatus.OFF)
        )
        assert await world.store.subscriptions.create(replace(one, id="s2"), 1)

    run(tmp_path, test)
