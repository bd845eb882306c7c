"""Two gateways asked the same, octet by octet: in one of them a document was never stored.

Whoever may not see the document must get the same answers from both. Ids and times that the gateway
makes come from a clock and a source that both share, so that hardly anything is left to normalise:
the fields of :data:`VOLATILE`, which docs/reference/access-control.md lists.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from gateway import service as composition
from gateway.actors.consent_rules import ConsentRules
from gateway.codecs.ebrim.names import QueryId
from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.remove import write_remove_objects
from gateway.codecs.ebrim.retrieve import write_retrieve_request
from gateway.codecs.ebrim.submission import write_submit_objects
from gateway.codecs.soap.envelope import write_envelope
from gateway.model.subject import AccessRequest
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType
from gateway.notifications.deadlines import Deadlines
from gateway.security.errors import WSSE, NotAuthenticated
from gateway.service import Guard, Service, open_service
from gateway.settings import Settings
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.transactions.registry_stored_query import RegistryStoredQuery, ReturnType
from gateway.transactions.submission import RemoveMetadata
from gateway.web.app import create_app
from tests.oracle import oracle
from tests.oracle.plans import NewEntry, Plan, Step, askers, plan, queries
from tests.oracle.stage import (
    RECORDS,
    GivenClock,
    Players,
    access_of,
    profile_of,
    stored_query,
)
from tests.oracle.values import (
    FROM_PATIENT,
    FROM_REPRESENTATIVES,
    MASKED,
    Asker,
    Entry,
    Query,
    World,
)

VOLATILE = (
    # Cursors are encrypted for whoever asked, with a random nonce and places in an index.
    (re.compile(rb"([?&]_cursor=)[A-Za-z0-9_=.~%-]+"), rb"\1CURSOR"),
    # The id of the answer, and what separates and names the parts of an MTOM message.
    (re.compile(rb"(<wsa:MessageID>)urn:uuid:[0-9a-f-]{36}"), rb"\1MESSAGE"),
    (re.compile(rb"part-[0-9a-f]{48}"), rb"BOUNDARY"),
    (re.compile(rb"(<|cid:)[0-9a-f-]{32,48}@"), rb"\1PART@"),
)
"""What may differ between two answers to one request, and what stands in its place."""


class Ids:
    """Ids that depend on what is done and not on what was done before."""

    def __init__(self) -> None:
        self.about, self.count = "", 0

    def begin(self, about: str) -> None:
        self.about, self.count = about, 0

    def uuid(self) -> str:
        self.count += 1
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{self.about} {self.count}')}"

    def oid(self) -> str:
        return f"2.25.{uuid.UUID(self.uuid()[9:]).int}"


class Keys:
    """Credentials by the word that stands for them."""

    def __init__(self) -> None:
        self.known: dict[str, AccessRequest] = {}

    async def bearer(self, authorization: str | None, peer: Any) -> AccessRequest:
        return self._whose((authorization or "").removeprefix("Bearer "))

    async def assertion(self, octets: bytes, peer: Any) -> AccessRequest:
        found = re.search(rb"<who>(.*?)</who>", octets)
        return self._whose(found[1].decode() if found else "")

    def _whose(self, word: str) -> AccessRequest:
        if word not in self.known:
            raise NotAuthenticated("nobody has that credential", error="invalid_token")
        return self.known[word]


class Gateway:
    """One of the two: an opened service, and its application."""

    def __init__(self, service: Service, clock: GivenClock, ids: Ids, keys: Keys) -> None:
        self.service, self.clock, self.ids, self.keys = service, clock, ids, keys
        self.app = create_app(service)
        self.store: SqliteRegistryStore = service.inside.registry._store  # type: ignore[assignment]
        self.players = Players(service.inside, self.store, clock)

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request; give status, headers and octets of the answer."""
        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.lower().encode(), x.encode()) for k, x in headers.items()]
            + [(b"host", b"gateway.test"), (b"content-length", str(len(body)).encode())],
            "client": ("127.0.0.1", 1),
            "server": ("gateway.test", 80),
            "extensions": {},
            "state": {},
        }
        sent: list[Any] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = sent[0]
        octets = b"".join(m.get("body", b"") for m in sent[1:])
        return start["status"], {k.decode(): x.decode() for k, x in start["headers"]}, octets


async def _nothing(_: Deadlines) -> None:
    pass


@asynccontextmanager
async def gateway(
    made: Plan, folder: Path, absent: frozenset[str], ids: Ids
) -> AsyncIterator[Gateway]:
    """A gateway in which everything of a plan happened but what is about some documents."""
    folder.mkdir()
    (folder / "cursor.key").write_bytes(b"k" * 32)
    clock, keys = GivenClock(), Keys()
    with (
        patch.object(composition, "SystemClock", lambda: clock),
        patch.object(composition, "new_uuid", ids.uuid),
        patch.object(composition, "new_oid", ids.oid),
        patch.object(composition, "read_profile", lambda *named: profile_of(made.policy)),
        # The law has patients told after a fortnight that something is hidden from them: that one
        # notice differs by intent, and a task of the server makes it whenever its minute comes.
        patch.object(Deadlines, "often", _nothing),
    ):
        settings = Settings(data=folder, public_url="http://gateway.test", even_answers=0)
        access = profile_of(made.policy).access

        def guard(store: SqliteRegistryStore) -> Guard:
            return Guard(authenticator=keys, rules=ConsentRules(access), choices=store.choices)

        async with open_service(settings, guard) as service:
            opened = Gateway(service, clock, ids, keys)
            opened.players.absent = absent
            opened.players.ids = ids
            octets = service.documents.stage()
            octets.write(b"abc")
            octets.close()
            await octets.ready()
            octets.received("abc")
            await service.documents.put_all((octets,))
            await opened.players.play(made)
            yield opened


@asynccontextmanager
async def both(
    made: Plan, folder: Path, absent: frozenset[str]
) -> AsyncIterator[tuple[Gateway, Gateway]]:
    """The gateway with some documents and the one without them."""
    ids = Ids()
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(gateway(made, folder / "with", frozenset(), ids)),
            await stack.enter_async_context(gateway(made, folder / "without", absent, ids)),
        )


def candidates(made: Plan, masks: bool) -> list[frozenset[str]]:
    """Documents that leave no other trace than themselves: whole lineages nobody masked.

    What belongs to the lineage of a hidden document is hidden with it; a mask is a choice of its
    own, which those who may read choices see.
    """
    masked = {
        s.target for s in made.steps if s.what in ("mask", "unmask") or MASKED in s.labels
    } | {e.name for s in made.steps for e in s.entries if MASKED in e.labels and not masks}
    entries = [e for s in made.steps for e in s.entries]
    groups = {e.name: {e.name} for e in entries}
    for e in entries:
        if e.over:
            joined = groups[e.name] | groups[e.over[0]]
            for one in joined:
                groups[one] = joined
    found = {frozenset(group) for group in groups.values() if not group & masked}
    # What replaced another document and is absent for its type alone: nothing tells of that either.
    used = [
        *(name for s in made.steps for name in (*s.cited, s.target)),
        *(e.over[0] for e in entries if e.over),
    ]
    for e in entries:
        if (
            e.over
            and groups[e.name] == {e.name, e.over[0]}
            and used.count(e.over[0]) == 1
            and e.name not in used
            and not {MASKED, FROM_PATIENT, FROM_REPRESENTATIVES} & set(e.labels)
            and not any(
                r.masked_authors or r.masked_labels or r.masked_periods
                for r in made.records.values()
            )
        ):
            found.add(frozenset({e.name}))
    return sorted(found, key=sorted)


def normal(
    answer: tuple[int, dict[str, str], bytes],
) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """An answer without what may differ."""
    status, headers, octets = answer
    kept = []
    for name, value in sorted(headers.items()):
        if name == "content-length" and b"_cursor=" in octets:
            continue
        text = value.encode()
        for pattern, instead in VOLATILE:
            text = pattern.sub(instead, text)
        kept.append((name, text.decode()))
    for pattern, instead in VOLATILE:
        octets = pattern.sub(instead, octets)
    return status, tuple(kept), octets


# --- What is asked -------------------------------------------------------------------------------

Asked = tuple[str, str, dict[str, str], bytes]

NAMES = {"".join(part.capitalize() for part in one.name.split("_")): one.value for one in QueryId}
"""The stored queries' ids, by their names."""

FHIR = {"content-type": "application/fhir+json"}
SYSTEM = f"urn:oid:{RECORDS}"


def soap(who: str, door: str, action: str, body: bytes) -> Asked:
    security = f'<w:Security xmlns:w="{WSSE}"><who>{who}</who></w:Security>'.encode()
    octets = write_envelope(
        body,
        action=action,
        message_id="urn:uuid:5b0a7d6e-0000-4000-8000-000000000001",
        to="http://gateway.test",
        header_blocks=security,
    )
    kind = f'application/soap+xml; charset=UTF-8; action="{action}"'
    return "POST", f"/xds/{door}", {"content-type": kind}, octets


def over_soap(rng: random.Random, world: World, patient: str, d: list[Entry]) -> list[Asked]:
    """Stored queries, half of them about the document; retrievals, updates and removals of it."""
    asked: list[Asked] = []
    for query in questions(rng, world, patient, d):
        for return_type in ReturnType:
            request = RegistryStoredQuery(
                query_id=NAMES[query.name].replace("urn:uuid:", "urn:uuid:"),
                query=stored_query(query),
                return_type=return_type,
            )
            asked.append(
                soap("X", "registry", "urn:ihe:iti:2007:RegistryStoredQuery", write_query(request))
            )
    others = [e.unique_id for e in world.things.values() if isinstance(e, Entry)]
    wanted = [d[0].unique_id, "1.2.3", rng.choice(others)]
    rng.shuffle(wanted)
    for names in (wanted, wanted[:1], [d[0].unique_id]):
        asked.append(
            soap(
                "X",
                "repository",
                "urn:ihe:iti:2007:RetrieveDocumentSet",
                write_retrieve_request(
                    RetrieveDocumentSet(
                        documents=tuple(
                            DocumentRequest(
                                repository_unique_id=REPOSITORY, document_unique_id=name
                            )
                            for name in names
                        )
                    )
                ),
            )
        )
    asked.append(
        soap(
            "X",
            "registry",
            "urn:ihe:iti:2010:DeleteDocumentSet",
            write_remove_objects(RemoveMetadata(object_ids=(d[0].id,))),
        )
    )
    return asked


def referring(players: Players, world: World, patient: str, d: Entry, turn: int) -> list[Asked]:
    """Submissions that refer to the document in every way there is."""
    asked = []
    time = world.now + timedelta(seconds=turn)
    step = Step(what="submit", time=time, patient=patient, maker=("D1", "H1"))
    holder = players.submission_set(step)
    new = NewEntry(
        name=f"late {turn}",
        authors=(("D1", "H1"),),
        class_code="clinical",
        type_code="report",
        format_code="pdf",
        labels=("N",),
        written="20260101",
    )
    entry = players.entry(new, patient)
    original = players.link(
        holder.entry_uuid,
        entry.entry_uuid,
        AssociationType.HAS_MEMBER,
        submission_set_status="Original",
    )
    cited = replace(original, target_object=d.id, submission_set_status="Reference")
    links = [players.link(entry.entry_uuid, d.id, f"{IHE}{one}") for one in KINDS]
    links.append(replace(cited, entry_uuid=players.id(f"cite {turn}")))
    for link in links:
        submission = Submission(
            submission_sets=(holder,), document_entries=(entry,), associations=(original, link)
        )
        body = write_submit_objects(submission)
        asked.append(soap("X", "registry", "urn:ihe:iti:2007:RegisterDocumentSet-b", body))
    after = replace(entry, entry_uuid=players.id(f"update {turn}"), logical_id=d.logical_id)
    membership = replace(
        original,
        target_object=after.entry_uuid,
        entry_uuid=players.id(f"updating {turn}"),
        previous_version="1",
    )
    submission = Submission(
        submission_sets=(holder,), document_entries=(after,), associations=(membership,)
    )
    body = write_submit_objects(submission)
    asked.append(soap("X", "registry", "urn:ihe:iti:2010:UpdateDocumentSet", body))
    return asked


IHE = "urn:ihe:iti:2007:AssociationType:"
KINDS = ("RPLC", "APND", "XFRM", "XFRM_RPLC", "signs")

REPOSITORY = Settings(data=Path()).repository_unique_id


def questions(rng: random.Random, world: World, patient: str, d: list[Entry]) -> list[Query]:
    """Every stored query once, those by id about the document or what is linked with it."""
    found: dict[str, Query] = {}
    for query in queries(rng, world, patient, 80):
        found.setdefault(query.name, query)
    ids = {e.id for e in d}
    around = [
        end
        for link in world.things.values()
        if link.kind == "link"
        for end in (link.source, link.target)  # type: ignore[attr-defined]
        if {link.source, link.target} & ids  # type: ignore[attr-defined]
    ]
    asked = []
    for query in found.values():
        if query.ids and rng.random() < 0.7:
            by_uuid = query.ids[0].startswith("urn:")
            pool = around if query.name == "GetAssociations" else [e.id for e in d]
            kind = {
                "GetFolders": "folder",
                "GetFolderAndContents": "folder",
                "GetSubmissionSetAndContents": "set",
            }.get(query.name)
            if kind:
                pool = [one for one in around if world.things[one].kind == kind]
            if pool:
                name = rng.choice(pool)
                ids_asked = (name if by_uuid else world.things[name].unique_id or name,)
                if ids_asked[0].startswith("urn:") == by_uuid:
                    object.__setattr__(query, "ids", ids_asked)
        asked.append(query)
    return asked


def over_fhir(rng: random.Random, world: World, patient: str, d: list[Entry]) -> list[Asked]:
    """Searches with all that shapes them, reads, history, conditional requests, the own history."""
    whose = f"patient.identifier={SYSTEM}|{patient}"
    uid, bare = d[0].unique_id, d[0].logical_id[9:]
    both = "status=current,superseded"
    things = list(world.things.values())
    some = rng.choice(things)
    sets = [
        link.source  # type: ignore[attr-defined]
        for link in things
        if link.kind == "link" and link.target in {e.id for e in d}  # type: ignore[attr-defined]
    ]
    paths = [
        f"DocumentReference?{whose}&{both}",
        f"DocumentReference?{whose}&{both}&_count=1",
        f"DocumentReference?{whose}&{both}&_count=2&_sort=-date",
        f"DocumentReference?{whose}&{both}&_sort=date",
        f"DocumentReference?{whose}&_summary=count",
        f"DocumentReference?{whose}&_summary=true",
        f"DocumentReference?{whose}&_elements=status",
        f"DocumentReference?{whose}&_total=accurate&_count=0",
        f"DocumentReference?{whose}&_include=DocumentReference:subject",
        f"DocumentReference?{whose}&_include=DocumentReference:relatesto",
        f"DocumentReference?{whose}&_revinclude=List:item",
        f"DocumentReference?{whose}&identifier=urn:ietf:rfc:3986|urn:oid:{uid}",
        f"DocumentReference?{whose}&security-label=urn:oid:2.999.7|masked",
        f"DocumentReference?{whose}&security-label=urn:oid:2.999.7|from-patient",
        f"DocumentReference?{whose}&_format=xml",
        f"DocumentReference?identifier=urn:ietf:rfc:3986|urn:oid:{uid}",
        f"List?{whose}",
        f"List?{whose}&_count=1",
        f"List?{whose}&code=submissionset",
        f"List?{whose}&code=folder",
        f"List?{whose}&_include=List:item",
        f"List?{whose}&_summary=count",
        f"List?{whose}&item=DocumentReference/{bare}",
        f"DocumentReference/{bare}",
        f"DocumentReference/{bare}/_history",
        f"DocumentReference/{bare}/_history/1",
        f"Binary/{bare}",
        f"Consent?{whose}&status=active,inactive",
        f"Patient?identifier={SYSTEM}|{patient}",
        f"Communication?{whose}",
        "Communication",
        "Subscription",
        f"AuditEvent?{whose}",
        f"AuditEvent?{whose}&entity=DocumentReference/{bare}",
        f"Patient/{patient}/$explain?document=urn:uuid:{bare}",
    ]
    if some.logical_id:
        kind = "DocumentReference" if isinstance(some, Entry) else "List"
        if some.kind != "link":
            paths += [f"{kind}/{some.logical_id[9:]}", f"{kind}/{some.logical_id[9:]}/_history"]
    if sets:
        one = rng.choice(sets)[9:]
        paths += [f"List/{one}", f"List/{one}/_history", f"List/{one}/_history/1"]
    headers = {"authorization": "Bearer X"}
    asked: list[Asked] = [("GET", f"/fhir/{path}", headers, b"") for path in paths]
    asked += [
        ("HEAD", f"/fhir/DocumentReference/{bare}", headers, b""),
        ("HEAD", f"/fhir/Binary/{bare}", headers, b""),
        ("GET", f"/fhir/DocumentReference/{bare}", {**headers, "if-none-match": 'W/"1"'}, b""),
        (
            "GET",
            f"/fhir/Binary/{bare}",
            {**headers, "if-modified-since": "Sun, 22 Nov 2026 00:00:00 GMT"},
            b"",
        ),
        ("GET", f"/fhir/Binary/{bare}", {**headers, "range": "bytes=0-1"}, b""),
        (
            "POST",
            "/fhir/DocumentReference/_search",
            {**headers, "content-type": "application/x-www-form-urlencoded"},
            f"{whose}&{both}".encode(),
        ),
        ("PATCH", f"/fhir/DocumentReference/{bare}", {**headers, **PATCH}, SUPERSEDED),
        (
            "PATCH",
            f"/fhir/DocumentReference?identifier=urn:ietf:rfc:3986|urn:oid:{uid}",
            {**headers, **PATCH},
            SUPERSEDED,
        ),
        ("PUT", f"/fhir/DocumentReference/{bare}", {**headers, **FHIR}, b"{}"),
        ("DELETE", f"/fhir/DocumentReference/{bare}", headers, b""),
    ]
    return asked


PATCH = {"content-type": "application/json-patch+json"}
SUPERSEDED = json.dumps([{"op": "replace", "path": "/status", "value": "superseded"}]).encode()


def unlike(first: Any, second: Any) -> str:
    """The first place where two answers differ."""
    if first[:2] != second[:2]:
        return f"  {first[:2]} {first[2][:300]!r}\n  {second[:2]} {second[2][:300]!r}"
    at = next(
        (n for n, (a, b) in enumerate(zip(first[2], second[2], strict=False)) if a != b),
        min(len(first[2]), len(second[2])),
    )
    around = slice(max(0, at - 200), at + 200)
    return f"  …{first[2][around]!r}\n  …{second[2][around]!r}"


# --- Pairs ---------------------------------------------------------------------------------------


class Pairs:
    """Pairs of answers, and where they differ."""

    def __init__(self) -> None:
        self.count = 0
        self.statuses: dict[int, int] = {}
        self.differences: list[str] = []

    async def world(self, number: int, folder: Path, most_askers: int = 4) -> None:
        """Ask both gateways of one world."""
        made = plan(number)
        rng = random.Random(f"pairs {number}")
        # What is masked by its label is masked by a choice as well, of which patients know.
        masks = rng.random() < 0.5
        names = candidates(made, masks)
        if not names:
            return
        group = rng.choice(names)
        async with both(made, folder, group) as (with_it, without):
            world = await with_it.players.world(made)
            ids = {with_it.players.id(name) for name in group}
            d = [e for e in world.things.values() if isinstance(e, Entry) and e.logical_id in ids]
            rng.shuffle(d)
            crowd = [
                who
                for who in askers(rng, world.now)
                # What is absent for auditors is told to them all the same: choices, and who looked.
                if who.kind not in ("auditor", "operator")
                and not (masks and who.kind in ("patient", "representative"))
                and not any(
                    e.id in oracle.visible(who, what, world)
                    for e in d
                    for what in ("read", "submit", "update", "delete")
                )
            ]
            patient = d[0].patient
            reading = [
                w
                for w in crowd
                if oracle.gate(w, "read", world.records[patient], world.policy, world.now)[0]
            ]
            await self.witness(rng, world, d, with_it, without)
            rng.shuffle(reading)
            rng.shuffle(crowd)
            for turn, who in enumerate((*reading[:most_askers], *crowd[:1])):
                for named in (patient, ""):
                    await self.asker(turn, who, named, rng, world, d, with_it, without)

    async def witness(
        self, rng: random.Random, world: World, d: list[Entry], with_it: Gateway, without: Gateway
    ) -> None:
        """Let somebody who sees the document search: the record's history will tell of it."""
        patient = d[0].patient
        for who in askers(rng, world.now):
            passes, _ = oracle.gate(who, "read", world.records[patient], world.policy, world.now)
            if not passes or not {e.id for e in d} <= oracle.visible(who, "read", world):
                continue
            for one in (with_it, without):
                one.keys.known["X"] = access_of(who, patient)
                one.ids.begin(f"witness {self.count}")
                path = f"/fhir/DocumentReference?patient.identifier={SYSTEM}|{patient}"
                await one.send("GET", path, {"authorization": "Bearer X"})
            return

    async def asker(
        self,
        turn: int,
        who: Asker,
        named: str,
        rng: random.Random,
        world: World,
        d: list[Entry],
        with_it: Gateway,
        without: Gateway,
    ) -> None:
        """Everything one asker asks both, following the links to further pages."""
        for one in (with_it, without):
            one.keys.known["X"] = access_of(who, named)
        patient = d[0].patient
        asked = over_soap(rng, world, patient, d) if rng.random() < 0.6 or named else []
        asked += over_fhir(rng, world, patient, d)
        if turn < 2:
            asked += referring(with_it.players, world, patient, d[0], self.count)
        pages = 0
        while asked:
            method, path, headers, body = asked.pop()
            answers = []
            for one in (with_it, without):
                one.ids.begin(f"{turn} {named} {method} {path} {self.count}")
                answers.append(await one.send(method, path, headers, body))
            self.count += 1
            first, second = (normal(answer) for answer in answers)
            self.statuses[first[0]] = self.statuses.get(first[0], 0) + 1
            if first != second:
                about = f"{who} naming {named!r}: {method} {path} {body[-700:]!r}"
                self.differences.append(f"{about}\n  {d[0].id}:\n{unlike(first, second)}")
                continue
            following = [
                re.search(rb'"next","url":"http://gateway.test([^"]+)"', a[2]) for a in answers
            ]
            if following[0] and following[1] and pages < 12:
                pages += 1
                nexts = [f[1].decode() for f in following if f]
                for one, page in zip((with_it, without), nexts, strict=True):
                    one.ids.begin(f"page {self.count}")
                    answers.append(await one.send("GET", page, headers, b""))
                self.count += 1
                first, second = normal(answers[-2]), normal(answers[-1])
                if first != second:
                    self.differences.append(f"{who}: page of {path}\n  {first}\n  {second}")
