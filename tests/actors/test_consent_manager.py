"""What patients decide is filed with all that follows from it, or refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.actors.consent_manager import ConsentManager, Pace, operation_of
from gateway.actors.document_registry import DocumentRegistry
from gateway.actors.masks import MaskCodes, Masks
from gateway.codecs.fingerprint import fingerprint
from gateway.errors import Refused
from gateway.model import choices as c
from gateway.model.changed import changed
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.notice import NoticeKind
from gateway.model.patient import Patient
from gateway.model.subject import AccessRequest, Operation, Subject, SubjectKind
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType
from gateway.ports import Form
from gateway.service import new_oid, new_uuid
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.transactions.registry_stored_query import FindDocuments
from gateway.transactions.submission import SubmitObjects
from tests.actors.choices_in_memory import MemoryChoices, WithChoices, choices_of
from tests.model import examples
from tests.storage.shelf import PickledFragments, SteppingClock

pytestmark = pytest.mark.anyio

PATIENT = examples.PATIENT
MASKED = Code("M", "2.999.7.9", "Masked for professionals")
HIDDEN = Code("H", "2.999.7.9")
CODES = MaskCodes(written=MASKED, masked=frozenset({MASKED.key}), excludes=frozenset({HIDDEN.key}))
DOCTOR = Identifier.of("DR-C", "2.999.1.30")
NOTE = "2.999.4.1"
BTG = c.EmergencyKind.BREAK_GLASS
KEEPER = Identifier.of("CLINIC-1", "2.999.1.3")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def asker(kind: SubjectKind = SubjectKind.PROFESSIONAL, **given: Any) -> AccessRequest:
    values: dict[str, Any] = {"kind": kind, "id": DOCTOR, "name": "Dr C"}
    agreement = given.pop("patient_agreement", "")
    return AccessRequest(subject=Subject(**(values | given)), patient_agreement=agreement)


def said(*choices: c.Choice, patient: Identifier = PATIENT) -> c.Statement:
    return c.Statement(
        patient_id=patient,
        date_time=DateTime("20260301"),
        organization=KEEPER,
        source="2.999.9.1",
        choices=choices,
    )


def mask(name: str) -> c.Mask:
    return c.Mask(target=c.Document(id=name))


@dataclass
class Desk:
    """A registry and its Consent Manager, for whoever asks."""

    store: Any
    choices: MemoryChoices
    clock: SteppingClock
    pace: Pace

    def masks(self, access: AccessRequest | None = None) -> Masks:
        return Masks(self.choices, self.clock, new_uuid, new_oid, "2.999.6.1", CODES, access=access)

    def manager(self, access: AccessRequest | None = None) -> ConsentManager:
        return ConsentManager(
            self.store,
            self.choices,
            self.masks(access),
            self.clock,
            new_uuid,
            pace=self.pace,
            access=access,
        )

    def registry(self, access: AccessRequest | None = None) -> DocumentRegistry:
        return DocumentRegistry(
            self.store, self.clock, new_uuid, fingerprint, masks=self.masks(access)
        )

    async def submit(self, *entries: DocumentEntry, **given: Any) -> None:
        what = examples.submission(*entries, **given)
        await self.registry().register(SubmitObjects(submission=what))

    async def entry(self, unique_id: str) -> DocumentEntry:
        found = await self.store.find(
            FindDocuments(
                unique_id=(unique_id,),
                status=(
                    "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved",
                    "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated",
                ),
            ),
            Form.REFERENCE,
        )
        versions = [await self.store.read(held.entry_uuid) for held in found.objects]
        return max(versions, key=lambda e: int(e.version or "1"))

    async def update(self, entry: DocumentEntry, codes: tuple[Code, ...]) -> None:
        new = changed(
            entry,
            entry_uuid="v2",
            version=None,
            availability_status=None,
            confidentiality_code=codes,
        )
        what = Submission(
            submission_sets=(examples.submission_set(new_oid()),),
            document_entries=(new,),
            associations=(
                examples.member("set", "v2", "Original", previous_version=entry.version),
            ),
        )
        await self.registry().update(SubmitObjects(submission=what))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = SteppingClock()
    store = SqliteRegistryStore.open(tmp_path / "r.sqlite", PickledFragments(), clock)
    choices = MemoryChoices(store.patients)
    for patient in (PATIENT, examples.OTHER_PATIENT):
        await store.patients.put(Patient(identifiers=(patient,)))
    yield Desk(WithChoices(store, choices), choices, clock, Pace(2))
    await store.close()


async def refusal(work: Any) -> set[str]:
    with pytest.raises(Refused) as refused:
        await work
    return {finding.rule for finding in refused.value.findings}


async def test_a_choice_is_filed_once_and_the_patient_is_told(desk: Desk) -> None:
    filed = await desk.manager().file(said(c.Block(professional=DOCTOR)), resource=b"{}")
    assert (filed.version, filed.active, filed.resource) == (1, True, b"{}")
    assert await desk.manager().find(PATIENT) == (filed,)
    (account,) = desk.choices.accounts
    assert [(n.kind, n.recipient) for n in account.notices] == [
        (NoticeKind.CHOICE_CHANGED, PATIENT)
    ]


async def test_nothing_is_filed_about_somebody_nobody_knows(desk: Desk) -> None:
    nobody = Identifier.of("nobody", "2.999.1.10")
    statement = said(c.Close(), patient=nobody)
    assert await refusal(desk.manager().file(statement)) == {"patient-known"}
    assert desk.choices.filed == []


# --- A mask of one document ----------------------------------------------------------------------


async def test_a_document_masked_by_a_choice_has_the_code_in_a_new_version(desk: Desk) -> None:
    await desk.submit(examples.entry())
    before = await desk.entry(NOTE)
    filed = await desk.manager().file(said(mask(before.entry_uuid)))
    after = await desk.entry(NOTE)
    assert after.confidentiality_code == (MASKED, *before.confidentiality_code)
    assert (after.version, after.logical_id) == ("2", before.logical_id)
    assert choices_of((filed,)) == [(True, mask(before.logical_id or ""))]


@pytest.mark.parametrize("attribute", ["entry_uuid", "logical_id", "unique_id"])
async def test_a_document_is_masked_by_whichever_name_it_has(desk: Desk, attribute: str) -> None:
    await desk.submit(examples.entry())
    name = getattr(await desk.entry(NOTE), attribute)
    await desk.manager().file(said(mask(name)))
    assert MASKED in (await desk.entry(NOTE)).confidentiality_code


async def test_taking_the_choice_back_takes_the_code_away(desk: Desk) -> None:
    await desk.submit(examples.entry())
    manager = desk.manager()
    filed = await manager.file(said(mask(NOTE)))
    back = await manager.take_back(filed)
    assert (back.version, back.active) == (2, False)
    entry = await desk.entry(NOTE)
    assert (MASKED in entry.confidentiality_code, entry.version) == (False, "3")


async def test_a_choice_to_unmask_takes_the_earlier_one_back(desk: Desk) -> None:
    await desk.submit(examples.entry())
    manager = desk.manager()
    first = await manager.file(said(mask(NOTE), c.Emergency(kind=BTG, allowed=False)))
    await manager.file(said(c.Unmask(target=c.Document(id=NOTE))))
    assert MASKED not in (await desk.entry(NOTE)).confidentiality_code
    now = (await manager.versions(first.id))[0]
    # The rest of what was said with it still counts.
    assert choices_of((now,)) == [(True, c.Emergency(kind=BTG, allowed=False))]


async def test_unmasking_frees_the_whole_lineage(desk: Desk) -> None:
    await desk.submit(examples.entry())
    first = await desk.entry(NOTE)
    manager = desk.manager()
    masked = await manager.file(said(mask(NOTE)))
    present = await desk.entry(NOTE)
    await desk.submit(
        examples.entry("d2", "2.999.4.2"),
        unique_id="2.999.5.2",
        links=(examples.link(AssociationType.RPLC, "d2", present.entry_uuid),),
    )
    second = await desk.entry("2.999.4.2")
    await manager.file(said(c.Unmask(target=c.Document(id=second.entry_uuid))))
    assert MASKED not in (await desk.entry(NOTE)).confidentiality_code
    assert not (await manager.versions(masked.id))[0].active
    assert (await desk.entry(NOTE)).logical_id == first.logical_id


@pytest.mark.parametrize("name", ["2.999.4.77", "urn:uuid:00000000-0000-4000-8000-000000000077"])
async def test_a_document_that_is_not_there_cannot_be_masked(desk: Desk, name: str) -> None:
    await desk.submit(examples.entry())
    assert await refusal(desk.manager().file(said(mask(name)))) == {"consent-enforced"}
    other = said(mask(NOTE), patient=examples.OTHER_PATIENT)
    assert await refusal(desk.manager().file(other)) == {"consent-enforced"}
    assert desk.choices.filed == []


async def test_a_document_hidden_from_the_patient_is_not_masked_as_well(desk: Desk) -> None:
    level = Code("N", "2.16.840.1.113883.5.25", "Normal")
    await desk.submit(examples.entry(confidentiality_code=(level, replace(HIDDEN, display="H"))))
    assert await refusal(desk.manager().file(said(mask(NOTE)))) == {"exclusive-flags"}
    assert desk.choices.filed == []


async def test_a_metadata_update_that_sets_the_code_files_the_choice(desk: Desk) -> None:
    """Scenario 26."""
    await desk.submit(examples.entry())
    entry = await desk.entry(NOTE)
    await desk.update(entry, (*entry.confidentiality_code, MASKED))
    assert choices_of(await desk.manager().find(PATIENT)) == [(True, mask(entry.logical_id or ""))]
    present = await desk.entry(NOTE)
    await desk.update(present, entry.confidentiality_code)
    assert choices_of(await desk.manager().find(PATIENT)) == [(False, mask(entry.logical_id or ""))]


async def test_a_submission_that_sets_the_code_files_the_choice(desk: Desk) -> None:
    await desk.submit(examples.entry(confidentiality_code=(MASKED,)))
    entry = await desk.entry(NOTE)
    assert choices_of(await desk.manager().find(PATIENT)) == [(True, mask(entry.logical_id or ""))]


async def test_a_metadata_update_frees_the_whole_lineage(desk: Desk) -> None:
    await desk.submit(examples.entry(confidentiality_code=(MASKED,)))
    present = await desk.entry(NOTE)
    await desk.submit(
        examples.entry("d2", "2.999.4.2", confidentiality_code=(MASKED,)),
        unique_id="2.999.5.2",
        links=(examples.link(AssociationType.APND, "d2", present.entry_uuid),),
    )
    second = await desk.entry("2.999.4.2")
    await desk.update(second, (Code("N", "2.16.840.1.113883.5.25", "Normal"),))
    assert MASKED not in (await desk.entry(NOTE)).confidentiality_code
    assert {active for active, _ in choices_of(await desk.manager().find(PATIENT))} == {False}


async def test_an_update_that_leaves_the_code_alone_files_nothing(desk: Desk) -> None:
    await desk.submit(examples.entry(confidentiality_code=(MASKED,)))
    entry = await desk.entry(NOTE)
    await desk.update(entry, (MASKED, Code("R", "2.16.840.1.113883.5.25", "Restricted")))
    assert len(desk.choices.filed) == 1


# --- Versions ------------------------------------------------------------------------------------


async def test_another_version_replaces_the_choices(desk: Desk) -> None:
    await desk.submit(examples.entry(), examples.entry("d2", "2.999.4.2"))
    manager = desk.manager()
    first = await manager.file(said(mask(NOTE)))
    second = await manager.replace(first, said(mask("2.999.4.2")))
    assert [v.version for v in await manager.versions(first.id)] == [2, 1]
    assert second.statement.choices != first.statement.choices
    assert MASKED not in (await desk.entry(NOTE)).confidentiality_code
    assert MASKED in (await desk.entry("2.999.4.2")).confidentiality_code


async def test_a_version_that_was_overtaken_is_refused(desk: Desk) -> None:
    manager = desk.manager()
    first = await manager.file(said(c.Block(professional=DOCTOR)))
    await manager.take_back(first)
    assert await refusal(manager.take_back(first)) == {"if-match"}


async def test_a_statement_stays_about_its_patient(desk: Desk) -> None:
    manager = desk.manager()
    first = await manager.file(said(c.Close()))
    other = said(c.Close(), patient=examples.OTHER_PATIENT)
    assert await refusal(manager.replace(first, other)) == {"consent-patient"}


# --- Declared by a professional (scenarios 6 and 7) ----------------------------------------------


def mine(agreed: str = "", **given: Any) -> c.Authorise:
    holder = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=DOCTOR)
    values: dict[str, Any] = {"holder": holder, "agreed": DateTime(agreed) if agreed else None}
    return c.Authorise(**(values | given))


async def test_a_professional_declares_his_own_authorisation_with_agreement(desk: Desk) -> None:
    access = asker()
    filed = await desk.manager(access).file(said(mine("202603010000")))
    (choice,) = filed.statement.choices
    assert choice == mine("202603010000", origin=c.Origin.SELF_DECLARED)
    assert filed.recorded_by == access.subject.key
    assert desk.choices.accounts[-1].notices[0].recipient == PATIENT
    by_credential = asker(patient_agreement="20260301000001")
    await desk.manager(by_credential).file(said(mine()))


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        (said(mine()), "patient-agreement"),
        (said(mine("20260101")), "patient-agreement"),
        (said(mine("20270101")), "patient-agreement"),
        (said(mine("202603010000"), mine("202603010000")), "self-declared"),
        (
            said(
                c.Authorise(
                    holder=c.Holder(
                        kind=c.HolderKind.PROFESSIONAL, identifier=Identifier.of("X", "2.999.1.30")
                    ),
                    agreed=DateTime("202603010000"),
                )
            ),
            "self-declared",
        ),
    ],
)
async def test_without_agreement_nothing_is_declared(
    desk: Desk, statement: c.Statement, rule: str
) -> None:
    assert await refusal(desk.manager(asker()).file(statement)) == {rule}
    assert desk.choices.filed == []


async def test_authorisations_are_never_declared_in_bulk(desk: Desk) -> None:
    manager = desk.manager(asker())
    for _ in range(2):
        await manager.file(said(mine("202603010000")))
    assert await refusal(manager.file(said(mine("202603010000")))) == {"self-declared-pace"}


async def test_patients_declare_nothing_for_others(desk: Desk) -> None:
    patient = asker(SubjectKind.PATIENT, id=PATIENT)
    statement = said(mine("202603010000", origin=c.Origin.SELF_DECLARED))
    assert await refusal(desk.manager(patient).file(statement)) == {"self-declared"}


@pytest.mark.parametrize(
    ("kind", "choices", "operation"),
    [
        (SubjectKind.PATIENT, (mask("x"),), Operation.CHOOSE),
        (SubjectKind.PROFESSIONAL, (mask("x"),), Operation.UPDATE),
        (SubjectKind.DELEGATE, (c.Unmask(target=c.Document(id="x")),), Operation.UPDATE),
        (SubjectKind.PROFESSIONAL, (mine(),), Operation.DECLARE),
        (SubjectKind.STRUCTURE, (mine(),), Operation.DECLARE),
        (SubjectKind.PROFESSIONAL, (mine(), c.Close()), Operation.CHOOSE),
        (SubjectKind.SERVICE, (mask("x"),), Operation.CHOOSE),
        (None, (c.Close(),), Operation.CHOOSE),
    ],
)
def test_what_filing_is_in_the_table_of_rights(
    kind: SubjectKind | None, choices: tuple[c.Choice, ...], operation: Operation
) -> None:
    assert operation_of(choices, asker(kind) if kind else None) is operation


# --- Who may see it ------------------------------------------------------------------------------


async def test_a_professional_sees_his_own_authorisation_and_nothing_else(desk: Desk) -> None:
    others = c.Holder(
        kind=c.HolderKind.PROFESSIONAL, identifier=Identifier.of("DR-B", "2.999.1.30")
    )
    house = desk.manager()
    for choice in (c.Authorise(holder=others), c.Block(professional=DOCTOR), c.Close()):
        await house.file(said(choice))
    own = await house.file(said(mine()))
    doctor = desk.manager(asker())
    assert await doctor.find(PATIENT) == (own,)
    assert len(await desk.manager(asker(SubjectKind.PATIENT)).find(PATIENT)) == 4
    assert len(await desk.manager(asker(SubjectKind.AUDITOR)).find(PATIENT)) == 4
    assert await desk.manager(asker(SubjectKind.SERVICE)).find(PATIENT) == ()
    blocked = next(one for one in await house.find(PATIENT) if one.id != own.id)
    assert await doctor.versions(blocked.id) == ()


async def test_representatives_see_nothing_that_was_said_in_secret(desk: Desk) -> None:
    secret = asker(SubjectKind.PATIENT, id=PATIENT, secret_connection=True)
    filed = await desk.manager(secret).file(said(c.HideAll(hidden=True)))
    open_ = await desk.manager().file(said(c.Emergency(kind=BTG, allowed=False)))
    parent = desk.manager(asker(SubjectKind.REPRESENTATIVE))
    assert await parent.find(PATIENT) == (open_,)
    assert await parent.versions(filed.id) == ()
