"""Puts a planned world into a real store through the real actors, and asks the real gateway."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gateway import service as composition
from gateway.errors import Refused
from gateway.model import choices as c
from gateway.model.association import Association
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    ReferenceId,
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import DocumentRecord
from gateway.model.patient import Patient, RecordState
from gateway.model.record import Delegation, EmergencyDeclaration
from gateway.model.restriction import Restriction
from gateway.model.subject import AccessRequest, Authentication, Mode, Subject, SubjectKind
from gateway.model.submission import RegistryObject, Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from gateway.ports import Account, Form
from gateway.profile import Profile, read_profile
from gateway.profile.access import AccessPolicy, Cell, MatrixVersion, RoleRow
from gateway.settings import Settings
from gateway.storage.files import FileDocumentStore
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.transactions import registry_stored_query as q
from gateway.transactions.conditions import TimeBound
from gateway.transactions.submission import SubmitObjects
from gateway.validation import Transaction
from gateway.wiring import Actors
from tests.oracle import values as v
from tests.oracle.plans import NewEntry, Plan, Step

PERSONS, HOUSES, RECORDS = "2.999.1.1", "2.999.1.2", "2.999.1.3"
CODES, HL7 = "2.999.5", "2.16.840.1.113883.5.25"
PURPOSES = "2.999.6"
RESTRICTIONS = {
    v.MASKED: Restriction.MASKED,
    v.FROM_PATIENT: Restriction.HIDDEN_FROM_PATIENT,
    v.FROM_REPRESENTATIVES: Restriction.HIDDEN_FROM_REPRESENTATIVES,
}
RESTRICTING = "2.999.7"
LONG_AGO = "20240101000000"


class GivenClock:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.time = LONG_AGO

    def now(self) -> str:
        return self.time


def dtm(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def moment(text: str) -> datetime:
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def identifier(name: str) -> Identifier:
    return Identifier.of(name, RECORDS if name[0] == "P" else HOUSES if name[0] == "H" else PERSONS)


def code(text: str, scheme: str = CODES) -> Code:
    return Code(text, scheme, text)


def label(text: str) -> Code:
    return code(text, RESTRICTING if text in RESTRICTIONS else HL7)


def author(person: str, house: str) -> Author:
    return Author(
        person=Person.of(person, "Name", "Given", authority=PERSONS) if person else None,
        institution=(Organization.of("Somewhere", house, HOUSES),) if house else (),
    )


# --- The policy ----------------------------------------------------------------------------------


def policy_of(policy: v.Policy) -> AccessPolicy:
    """The same policy as the product has it."""
    rows = set(policy.rows.values())
    types = {t for _, t in policy.grants} | {"note"}
    cells = {
        row: {(t, CODES): Cell((row, t) in policy.grants, True, "") for t in types} for row in rows
    }
    return AccessPolicy(
        legal_zone=policy.zone,
        restriction_codes={(name, RESTRICTING): one for name, one in RESTRICTIONS.items()},
        roles={(role, CODES): RoleRow(row, "") for role, row in policy.rows.items()},
        matrix=(
            MatrixVersion(
                version="1",
                effective=LONG_AGO,
                cells=MappingProxyType({k: MappingProxyType(x) for k, x in cells.items()}),
                readable=MappingProxyType(
                    {
                        row: frozenset(key for key, cell in x.items() if cell.read)
                        for row, x in cells.items()
                    }
                ),
            ),
        ),
        block_beats_emergency=policy.block_beats_emergency,
        hide_all_beats_author=policy.hide_all_beats_author,
        gp_sees_masked=policy.gp_sees,
        mask_hides_from_services=policy.mask_hides_from_services,
        emergency_reveals_masked=policy.reveals_masked,
        emergency_matrix_applies=policy.matrix_applies_in_emergency,
        emergency_roles=policy.emergency_rows,
        regulation_roles=policy.regulation_rows,
        regulation_structures=frozenset(f"{one}^{HOUSES}" for one in policy.centres),
        express_consent_roles=frozenset((one, CODES) for one in policy.express_roles),
        forbidden_purposes=frozenset((one, PURPOSES) for one in policy.forbidden_purposes),
        outside_purposes=frozenset((one, PURPOSES) for one in policy.outside_purposes),
        protection_titles=policy.protection,
        patient_classes=frozenset((one, CODES) for one in policy.patient_classes),
        majority_age=policy.majority,
    )


@cache
def _ihe() -> Profile:
    return read_profile("ihe", composition.shipped("profiles"))


def profile_of(policy: v.Policy) -> Profile:
    return replace(_ihe(), access=policy_of(policy))


# --- People --------------------------------------------------------------------------------------

AUTHENTICATIONS = {one.value: one for one in Authentication}


def access_of(who: v.Asker, patient: str = "") -> AccessRequest:
    """The credential of somebody, naming a patient or nobody."""
    return AccessRequest(
        subject=Subject(
            kind=SubjectKind(who.kind),
            id=identifier(who.id) if who.id else None,
            roles=tuple(code(role) for role in who.roles),
            structure=identifier(who.structure) if who.structure else None,
            authentication=AUTHENTICATIONS[who.authentication],
            on_behalf_of=identifier(who.principal) if who.principal else None,
            secret_connection=who.secret,
        ),
        mode=Mode(who.mode),
        reason=who.reason,
        patient=identifier(patient) if patient else None,
        purposes=(code(who.purpose, PURPOSES),) if who.purpose else (),
    )


# --- The registry --------------------------------------------------------------------------------


class Stage:
    """One world in a store."""

    def __init__(self, plan: Plan, folder: Path, clock: GivenClock | None = None) -> None:
        self.plan = plan
        self.clock = clock or GivenClock()
        self.profile = profile_of(plan.policy)
        self.settings = Settings(data=folder, public_url="http://gateway.test")
        self.store = composition._opened(self.settings, self.profile, self.clock)  # type: ignore[arg-type]
        self.documents = FileDocumentStore(folder / "documents")
        self.wiring = composition._wired(
            self.settings,
            self.clock,  # type: ignore[arg-type]
            self.profile,
            self.documents,
            self.store,
        )
        self.inside = Actors(self.wiring, self.store, self.store.patients)
        self.players = Players(self.inside, self.store, self.clock)

    async def close(self) -> None:
        await self.documents.close()
        await self.store.close()

    async def play(self) -> v.World:
        """Let everything happen, and give what there is at the end."""
        octets = self.documents.stage()
        octets.write(b"abc")
        octets.close()
        await octets.ready()
        octets.received("abc")
        await self.documents.put_all((octets,))
        await self.players.play(self.plan)
        return await self.players.world(self.plan)

    def actors(self, visibility: Any) -> Actors:
        """The actors over what somebody sees."""
        return Actors(self.wiring, self.store.seen_by(visibility), self.store.patients)


class Players:
    """Does what a plan says, through the actors of a gateway."""

    def __init__(self, actors: Actors, store: SqliteRegistryStore, clock: GivenClock) -> None:
        self.actors = actors
        self.store = store
        self.clock = clock
        self.names: dict[str, str] = {}
        self.made: dict[str, RegistryObject] = {}
        self.came: dict[str, datetime] = {}
        self.absent: frozenset[str] = frozenset()
        self.ids: Any = None

    async def play(self, plan: Plan, *, documents: bool = True) -> None:
        self.number = plan.number
        if self.ids is not None:
            self.ids.begin("records")
        for record in plan.records.values():
            await self.open(record)
        for step in plan.steps:
            self.clock.time = dtm(step.time)
            if self.ids is not None:
                self.ids.begin(dtm(step.time))
            await getattr(self, f"_{step.what}")(step)
        self.clock.time = dtm(plan.now)
        if self.ids is not None:
            self.ids.begin("choices")
        for record in plan.records.values():
            await self.decide(record, plan.unblocked)

    async def open(self, record: v.Record) -> None:
        await self.store.patients.put(
            Patient(logical_id=record.patient, identifiers=(identifier(record.patient),))
        )
        if record.status != "none":
            await self.say(record.patient, c.Open())

    async def say(self, patient: str, *choices: c.Choice) -> None:
        await self.actors.consents.file(
            c.Statement(patient_id=identifier(patient), choices=choices)
        )

    async def decide(self, record: v.Record, unblocked: frozenset[str] = frozenset()) -> None:
        """Say all that leads to a state, in an order that depends on the world."""
        patient = record.patient
        if record.status == "none":
            return
        acts: list[tuple[c.Choice, ...]] = []
        for one in record.authorisations:
            kind = c.HolderKind.STRUCTURE if one.is_structure else c.HolderKind.PROFESSIONAL
            acts.append(
                (
                    c.Authorise(
                        holder=c.Holder(kind=kind, identifier=identifier(one.holder)),
                        period=period(one.start, one.end),
                        origin=c.Origin(one.origin),
                    ),
                )
            )
        acts += [(c.Block(professional=identifier(one)),) for one in sorted(record.blocked)]
        if not record.break_glass:
            acts.append((c.Emergency(kind=c.EmergencyKind.BREAK_GLASS, allowed=False),))
        if not record.regulation:
            acts.append((c.Emergency(kind=c.EmergencyKind.REGULATION, allowed=False),))
        if record.hide_all:
            acts.append((c.HideAll(hidden=True),))
        acts += [
            (
                c.FeedObjection(
                    source=c.Holder(
                        kind=c.HolderKind.STRUCTURE if one[0] == "H" else c.HolderKind.PROFESSIONAL,
                        identifier=identifier(one),
                    ),
                    motive="a quarrel",
                    accepted_by=identifier("U2"),
                ),
            )
            for one in sorted(record.objections)
        ]
        acts += [
            (
                c.Representative(
                    person=identifier(one.who), title=one.what[0], period=period(one.start, one.end)
                ),
            )
            for one in record.representatives
        ]
        acts += [
            (
                c.Service(
                    app=identifier(one.who),
                    scope=tuple(code(x) for x in one.what),
                    period=period(one.start, one.end),
                ),
            )
            for one in record.services
        ]
        acts += [
            (
                c.Mask(
                    target=c.AuthoredBy(
                        author=c.Holder(
                            kind=c.HolderKind.STRUCTURE
                            if one[0] == "H"
                            else c.HolderKind.PROFESSIONAL,
                            identifier=identifier(one),
                        )
                    )
                ),
            )
            for one in sorted(record.masked_authors)
        ]
        acts += [(c.Mask(target=c.Labelled(label=x)),) for x in sorted(record.masked_labels)]
        acts += [
            (c.Mask(target=c.WrittenIn(period=period(*one))),) for one in record.masked_periods
        ]
        if record.status == "closed":
            acts.append((c.Close(),))
        random.Random(f"{self.number} {patient}").shuffle(acts)
        if acts:
            await self.actors.consents.file_all(
                [c.Statement(patient_id=identifier(patient), choices=act) for act in acts]
            )
        state = await self.store.patients.find(identifier(patient))
        assert state is not None
        await self.store.patients.put(
            replace(
                state,
                birth_date=DateTime(record.birth_date.replace("-", ""))
                if record.birth_date
                else None,
                record=RecordState(
                    closed_on=state.record.closed_on,
                    deceased=DateTime("20260101") if record.deceased else None,
                    identity_qualified=record.qualified,
                    gp=identifier(record.gp) if record.gp else None,
                ),
            )
        )
        for made in record.declarations:
            await self.store.account(
                Account(
                    declaration=EmergencyDeclaration(
                        id=f"urn:uuid:{uuid.uuid4()}",
                        patient=identifier(patient),
                        subject=f"{made.who}^{PERSONS}",
                        structure="",
                        mode=Mode(made.mode),
                        reason=made.reason,
                        start=dtm(made.start),
                        end=dtm(made.end),
                    )
                )
            )

    async def delegate(self, links: tuple[v.Link, ...]) -> None:
        for one in links:
            await self.store.choices.delegate(
                Delegation(
                    delegate=identifier(one.who),
                    principal=identifier(one.what[0]),
                    start=dtm(one.start) if one.start else "",
                    end=dtm(one.end) if one.end else "",
                )
            )

    # --- What happens ----------------------------------------------------------------------------

    def id(self, name: str) -> str:
        """The same id for the same thing of the same world, whatever else is there."""
        made = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.number} {name}")
        return self.names.setdefault(name, f"urn:uuid:{made}")

    def link(self, source: str, target: str, type: str, **more: Any) -> Association:
        return Association(
            entry_uuid=self.id(f"{source} {type} {target}"),
            association_type=type,
            source_object=source,
            target_object=target,
            **more,
        )

    def submission_set(self, step: Step) -> SubmissionSet:
        name = f"set {dtm(step.time)}"
        return SubmissionSet(
            entry_uuid=self.id(name),
            unique_id=f"2.25.{uuid.UUID(self.id(name)[9:]).int}",
            source_id="2.999.9",
            patient_id=identifier(step.patient),
            submission_time=DateTime(dtm(step.time)),
            author=(author(*step.maker),) if any(step.maker) else (),
            content_type_code=code("visit"),
        )

    def entry(self, new: NewEntry, patient: str) -> DocumentEntry:
        whose = identifier(patient)
        return DocumentEntry(
            entry_uuid=self.id(new.name),
            unique_id=f"2.25.{uuid.UUID(self.id(new.name)[9:]).int}",
            patient_id=whose,
            source_patient_id=whose,
            author=tuple(author(*one) for one in new.authors if any(one)),
            class_code=code(new.class_code),
            type_code=code(new.type_code),
            format_code=code(new.format_code),
            healthcare_facility_type_code=code("hospital"),
            practice_setting_code=code("general"),
            confidentiality_code=tuple(label(one) for one in new.labels),
            creation_time=DateTime(new.written),
            language_code="en",
            mime_type="text/plain",
            hash="a9993e364706816aba3e25717850c26c9cd0d89d",
            size="3",
            repository_unique_id=self.actors._wiring.settings.repository_unique_id,
            reference_id_list=(
                ReferenceId.of(new.reference, "2.999.8", "urn:ihe:iti:xds:2013:order"),
            )
            if new.reference
            else (),
        )

    async def _submit(self, step: Step) -> None:
        holder = self.submission_set(step)
        entries = [self.entry(e, step.patient) for e in step.entries if e.name not in self.absent]
        folders = [
            Folder(
                entry_uuid=self.id(name),
                unique_id=f"2.25.{uuid.UUID(self.id(name)[9:]).int}",
                patient_id=identifier(step.patient),
                code_list=(code("care"),),
                title=(LocalizedString("Folder"),),
            )
            for name in step.folders
        ]
        links = [
            self.link(
                holder.entry_uuid,
                one.entry_uuid,
                AssociationType.HAS_MEMBER,
                submission_set_status="Original" if isinstance(one, DocumentEntry) else None,
            )
            for one in (*entries, *folders)
        ]
        for name in step.cited:
            newest = await self._current(name)
            if newest is not None:
                links.append(
                    self.link(
                        holder.entry_uuid,
                        newest.entry_uuid,
                        AssociationType.HAS_MEMBER,
                        submission_set_status="Reference",
                    )
                )
        for new in step.entries:
            if new.name in self.absent:
                continue
            newest = await self._current(new.over[0]) if new.over else None
            if new.over and newest is not None:
                type = f"urn:ihe:iti:2007:AssociationType:{new.over[1]}"
                links.append(self.link(self.id(new.name), newest.entry_uuid, type))
            if new.folder:
                filing = self.link(
                    self.id(new.folder), self.id(new.name), AssociationType.HAS_MEMBER
                )
                links.append(filing)
                links.append(
                    self.link(holder.entry_uuid, filing.entry_uuid, AssociationType.HAS_MEMBER)
                )
        if not entries and not folders and len(links) == 0:
            return
        await self._register(
            Submission(
                submission_sets=(holder,),
                document_entries=tuple(entries),
                folders=tuple(folders),
                associations=tuple(links),
            ),
            entries,
        )

    async def _register(self, submission: Submission, entries: list[DocumentEntry]) -> None:
        registry = self.actors.registry
        findings = registry.check(submission, Transaction.REGISTER)
        await registry.register_checked(
            SubmitObjects(submission=submission, findings=findings),
            tuple(
                DocumentRecord(
                    unique_id=e.unique_id or "",
                    mime_type="text/plain",
                    size=3,
                    sha1="a9993e364706816aba3e25717850c26c9cd0d89d",
                    content=ABC,
                )
                for e in entries
            ),
        )

    async def _newest(self, name: str) -> DocumentEntry:
        past = await self.store.past("DocumentReference", self.id(name))
        found = await self.store.read(past.versions[0].held.entry_uuid)
        assert isinstance(found, DocumentEntry)
        return found

    async def _current(self, name: str) -> DocumentEntry | None:
        """A document that can be linked with: here, and not deprecated with what it belongs to."""
        if name in self.absent:
            return None
        newest = await self._newest(name)
        return newest if newest.availability_status == AvailabilityStatus.APPROVED else None

    async def _relabel(self, step: Step) -> None:
        if step.target in self.absent:
            return
        before = await self._newest(step.target)
        holder = self.submission_set(step)
        after = replace(
            before,
            entry_uuid=self.id(f"{step.target} {dtm(step.time)}"),
            version=None,
            availability_status=AvailabilityStatus.APPROVED,
            confidentiality_code=tuple(label(one) for one in step.labels),
        )
        membership = self.link(
            holder.entry_uuid,
            after.entry_uuid,
            AssociationType.HAS_MEMBER,
            submission_set_status="Original",
            previous_version=before.version,
        )
        await self._perhaps(
            self.actors.registry.update(
                SubmitObjects(
                    submission=Submission(
                        submission_sets=(holder,),
                        document_entries=(after,),
                        associations=(membership,),
                    )
                ),
                anyone=True,
            )
        )

    async def _mask(self, step: Step) -> None:
        if step.target in self.absent:
            return
        target = c.Document(id=self.id(step.target))
        choice = c.Mask(target=target) if step.what == "mask" else c.Unmask(target=target)
        statement = c.Statement(patient_id=identifier(step.patient), choices=(choice,))
        await self._perhaps(self.actors.consents.file(statement))

    _unmask = _mask

    async def _file(self, step: Step) -> None:
        if step.target in self.absent or step.folder in self.absent:
            return
        holder = self.submission_set(step)
        newest = await self._newest(step.target)
        filing = self.link(self.id(step.folder), newest.entry_uuid, AssociationType.HAS_MEMBER)
        await self._perhaps(
            self._register(
                Submission(
                    submission_sets=(holder,),
                    associations=(
                        filing,
                        self.link(holder.entry_uuid, filing.entry_uuid, AssociationType.HAS_MEMBER),
                    ),
                ),
                [],
            )
        )

    async def _perhaps(self, doing: Any) -> None:
        """What the rules of XDS refuse (a mask of a hidden document, say) does not happen."""
        try:
            await doing
        except Refused as refused:
            self.refusals = [*getattr(self, "refusals", []), refused]

    # --- What there is then ----------------------------------------------------------------------

    async def world(self, plan: Plan) -> v.World:
        """Read everything back, whoever may see it."""
        found: dict[str, tuple[int, RegistryObject]] = {}
        for patient in plan.records:
            whole = await self.store.find(
                q.GetAll(
                    patient_id=identifier(patient),
                    document_entry_status=STATUSES,
                    submission_set_status=STATUSES,
                    folder_status=STATUSES,
                    association_status=STATUSES,
                    metadata_level=2,
                ),
                Form.REFERENCE,
            )
            for held in whole.objects:
                value = await self.store.read(held.entry_uuid)
                assert value is not None
                found[held.entry_uuid] = (held.key, value)
        ids = tuple(found)
        linked = await self.store.find(
            q.GetAssociations(uuid=ids, association_status=STATUSES, metadata_level=2),
            Form.REFERENCE,
        )
        for held in linked.objects:
            value = await self.store.read(held.entry_uuid)
            assert value is not None
            found[held.entry_uuid] = (held.key, value)
        things = {id: self._thing(id, key, found) for id, (key, _) in found.items()}
        return v.World(policy=plan.policy, records=plan.records, things=things, now=plan.now)

    def _thing(self, id: str, key: int, found: dict[str, tuple[int, RegistryObject]]) -> v.Thing:
        value: Any = found[id][1]
        same: dict[str, Any] = {
            "id": id,
            "place": key,
            "logical_id": value.logical_id or id,
            "version": int(value.version or 1),
            "status": (value.availability_status or "").rsplit(":", 1)[-1],
        }
        if isinstance(value, Association):
            return v.Association(
                kind="link",
                type=value.association_type.rsplit(":", 1)[-1],
                source=value.source_object,
                target=value.target_object,
                by_reference=value.submission_set_status == "Reference",
                **same,
            )
        same |= {"patient": value.patient_id.value, "unique_id": value.unique_id}
        if isinstance(value, SubmissionSet):
            people, houses = who_wrote(value.author)
            return v.Set(
                kind="set",
                makers=people | houses,
                author=next(iter(people), ""),
                submitted=moment(value.submission_time.text),  # type: ignore[union-attr]
                **same,
            )
        mine = next(
            a.source_object
            for _, a in sorted(found.values(), key=lambda pair: pair[0])
            if isinstance(a, Association)
            and a.association_type == AssociationType.HAS_MEMBER
            and a.target_object == (same["logical_id"] if isinstance(value, DocumentEntry) else id)
            and isinstance(found[a.source_object][1], SubmissionSet)
        )
        holder: Any = found[mine][1]
        makers, houses = who_wrote(holder.author)
        came = moment(holder.submission_time.text)
        if isinstance(value, Folder):
            joined = {}
            for _, a in found.values():
                if isinstance(a, Association) and a.source_object == id:
                    joined[a.target_object] = self._joined(a, found)
            return v.Folder(
                kind="folder", makers=makers | houses, created=came, joined=joined, **same
            )
        assert isinstance(value, DocumentEntry) and value.creation_time
        people, institutions = who_wrote(value.author)
        return v.Entry(
            kind="entry",
            authors=people
            | {x for a in value.author if a.person is None for x in who_wrote((a,))[1]},
            institutions=institutions,
            depositors=makers | houses,
            restrictions=frozenset(
                x.code for x in value.confidentiality_code if x.scheme == RESTRICTING
            ),
            labels=frozenset(x.code for x in value.confidentiality_code if x.scheme == HL7),
            deposited=came,
            written=written(value.creation_time.text),
            class_code=value.class_code.code if value.class_code else "",
            type_code=value.type_code.code if value.type_code else "",
            format_code=value.format_code.code if value.format_code else "",
            references=frozenset(x.value for x in value.reference_id_list),
            superseded=any(
                isinstance(other, DocumentEntry)
                and other.logical_id == value.logical_id
                and int(other.version or 1) > same["version"]
                for _, other in found.values()
            ),
            **same,
        )

    def _joined(
        self, filing: Association, found: dict[str, tuple[int, RegistryObject]]
    ) -> datetime:
        """When a document came to a folder: with the set that filed it, or with its version."""
        for _, a in found.values():
            if isinstance(a, Association) and a.target_object == filing.entry_uuid:
                return moment(found[a.source_object][1].submission_time.text)  # type: ignore[union-attr]
        for _, a in found.values():
            if (
                isinstance(a, Association)
                and a.target_object == filing.target_object
                and isinstance(found[a.source_object][1], SubmissionSet)
            ):
                return moment(found[a.source_object][1].submission_time.text)  # type: ignore[union-attr]
        raise AssertionError("nothing filed it")


ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
STATUSES = tuple(one.value for one in AvailabilityStatus)


def who_wrote(authors: tuple[Author, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """People, and institutions."""
    return (
        frozenset(a.person.identifier for a in authors if a.person and a.person.identifier),
        frozenset(o.identifier for a in authors for o in a.institution if o.identifier),
    )


def written(text: str) -> tuple[datetime, datetime]:
    """The first and the last moment a time may mean."""
    first = moment((text + "00000101000000"[len(text) :]) if len(text) < 14 else text)
    if len(text) == 4:
        after = first.replace(year=first.year + 1)
    elif len(text) == 6:
        after = (first + timedelta(days=32)).replace(day=1)
    else:
        after = first + {8: timedelta(1), 10: timedelta(hours=1), 12: timedelta(minutes=1)}.get(
            len(text), timedelta(seconds=1)
        )
    return first, after - timedelta(seconds=1)


def period(start: datetime | None, end: datetime | None) -> c.Period:
    return c.Period(
        start=DateTime(dtm(start)) if start else None, end=DateTime(dtm(end)) if end else None
    )


# --- Questions -----------------------------------------------------------------------------------

TYPES = {
    one: f"urn:ihe:iti:2007:AssociationType:{one}" for one in ("RPLC", "XFRM", "APND", "XFRM_RPLC")
}


def stored_query(asked: v.Query) -> q.StoredQuery:
    """A question as the product has it."""

    def status(words: frozenset[str]) -> tuple[str, ...]:
        return tuple(f"urn:oasis:names:tc:ebxml-regrep:StatusType:{one}" for one in sorted(words))

    def codes(words: frozenset[str]) -> tuple[tuple[str, str], ...]:
        return tuple((one, CODES) for one in sorted(words))

    given: dict[str, Any] = {}
    names = [one for one in asked.ids if not one.startswith("urn:")]
    if asked.name in ("GetAssociations", "GetSubmissionSets"):
        given["uuid"] = asked.ids
    elif asked.ids:
        given["unique_id" if names else "entry_uuid"] = asked.ids
    if asked.name in BY_PATIENT:
        given["patient_id"] = identifier(asked.patient)
    if asked.name != "FindSubmissionSets":
        given["metadata_level"] = asked.level
    if asked.format_codes or asked.confidentiality:
        given["format_code"] = codes(asked.format_codes)
        labels = tuple(label(one).key for one in sorted(asked.confidentiality))
        given["confidentiality_code"] = (labels,) if labels else ()
    if asked.name in ("FindDocuments", "FindDocumentsByReferenceId"):
        given["status"] = status(asked.status)
        given["class_code"] = codes(asked.class_codes)
        given["type_code"] = codes(asked.type_codes)
        if asked.references:
            given["reference_id_list"] = (
                tuple(
                    ReferenceId.of(one, "2.999.8", "urn:ihe:iti:xds:2013:order").text
                    for one in sorted(asked.references)
                ),
            )
        if asked.author:
            given["author_person"] = (f"{asked.author}^%",)
    elif asked.name == "FindSubmissionSets":
        given["status"] = status(asked.set_status)
        if asked.author:
            given["author_person"] = (f"{asked.author}^%",)
    elif asked.name == "FindFolders":
        given["status"] = status(asked.folder_status)
        if asked.updated_from or asked.updated_to:
            given["times"] = (
                TimeBound(
                    attribute="last_update_time",
                    low=dtm(asked.updated_from) if asked.updated_from else None,
                    high=dtm(asked.updated_to) if asked.updated_to else None,
                ),
            )
    elif asked.name == "GetAll":
        given["document_entry_status"] = status(asked.status)
        given["submission_set_status"] = status(asked.set_status)
        given["folder_status"] = status(asked.folder_status)
    elif asked.name == "GetRelatedDocuments":
        given["association_types"] = tuple(TYPES[one] for one in sorted(asked.types))
    if asked.name in LINKED:
        given["association_status"] = STATUSES
    kind = q.FindDocuments if asked.name == "FindDocumentsByReferenceId" else getattr(q, asked.name)
    return kind(**given)  # type: ignore[no-any-return]


BY_PATIENT = {
    "FindDocuments",
    "FindDocumentsByReferenceId",
    "FindSubmissionSets",
    "FindFolders",
    "GetAll",
}
LINKED = {
    "GetAll",
    "GetAssociations",
    "GetDocumentsAndAssociations",
    "GetFolderAndContents",
    "GetFoldersForDocument",
    "GetRelatedDocuments",
}


@asynccontextmanager
async def staged(plan: Plan, folder: Path) -> AsyncIterator[tuple[Stage, v.World]]:
    """A world in a store of its own."""
    stage = Stage(plan, folder)
    try:
        yield stage, await stage.play()
    finally:
        await stage.close()


numbers = itertools.count
