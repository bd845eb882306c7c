"""The actors, wired to the stores as one permit shows them.

What they share whoever asks stands in a :class:`Wiring`, made once by the composition root; each
actor of a request is made when the request asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gateway.actors.access_control import Permit
from gateway.actors.acknowledgments import Acknowledgments
from gateway.actors.audit_reader import AuditReader
from gateway.actors.bundle_resolution import BundleResolution
from gateway.actors.consent_manager import ConsentManager, Pace
from gateway.actors.document_administrator import DocumentAdministrator
from gateway.actors.document_recipient import DocumentRecipient
from gateway.actors.document_registry import DocumentRegistry
from gateway.actors.document_repository import DocumentRepository
from gateway.actors.document_responder import DocumentResponder
from gateway.actors.explainer import Explainer, Facts
from gateway.actors.masks import MaskCodes, Masks
from gateway.actors.single_document import SingleDocumentRecipient
from gateway.codecs.fingerprint import fingerprint
from gateway.model.subject import SubjectKind
from gateway.model.submission import Submission
from gateway.ports import (
    AuditTrail,
    ChoiceStore,
    Clock,
    DocumentStore,
    PatientDirectory,
    RegistryStore,
)
from gateway.profile import Profile
from gateway.settings import Settings
from gateway.translators.acknowledgments import BppcReader
from gateway.translators.cda_consistency import ConsistencyCheck
from gateway.validation import ProfileRules


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """What the actors share, whoever asks.

    Attributes:
        new_uuid: Gives a fresh ``urn:uuid:``.
        new_oid: Gives a fresh OID.
    """

    settings: Settings
    clock: Clock
    new_uuid: Callable[[], str]
    new_oid: Callable[[], str]
    profile: Profile
    documents: DocumentStore
    choices: ChoiceStore
    trail: AuditTrail
    facts: Facts
    mask_codes: MaskCodes
    pace: Pace
    rules: ProfileRules
    check_document: ConsistencyCheck | None
    complete: Callable[[Submission], Submission]


class Actors:
    """The actors, wired to the stores as one permit shows them; each is made when asked for."""

    def __init__(
        self,
        wiring: Wiring,
        store: RegistryStore,
        patients: PatientDirectory,
        permit: Permit | None = None,
    ) -> None:
        self._wiring = wiring
        self._store = store
        self.patients = patients
        self._access = permit.access if permit else None
        self._about = tuple(record.patient for record in permit.records) if permit else None

    @property
    def profile(self) -> Profile:
        """The community's."""
        return self._wiring.profile

    def now(self) -> str:
        """The present, for commands; DTM of 14 digits, UTC."""
        return self._wiring.clock.now()

    @property
    def choices(self) -> ChoiceStore:
        """Where choices are kept, whoever asks; for commands."""
        return self._wiring.choices

    @cached_property
    def masks(self) -> Masks:
        """What keeps masks on entries and masks as choices alike."""
        wiring = self._wiring
        return Masks(
            wiring.choices,
            wiring.clock,
            wiring.new_uuid,
            wiring.new_oid,
            wiring.settings.source_id,
            wiring.mask_codes,
            complete=wiring.complete,
            statuses=wiring.profile.conventions.statuses,
            access=self._access,
        )

    @cached_property
    def acknowledgments(self) -> Acknowledgments:
        """What reads the commands among documents."""
        wiring = self._wiring
        return Acknowledgments(
            self._store,
            wiring.choices,
            wiring.documents,
            BppcReader(wiring.profile),
            wiring.clock,
            wiring.new_uuid,
            access=self._access,
        )

    @cached_property
    def consents(self) -> ConsentManager:
        """Consent Manager."""
        wiring = self._wiring
        return ConsentManager(
            self._store,
            wiring.choices,
            self.masks,
            wiring.clock,
            wiring.new_uuid,
            patients=self.patients,
            pace=wiring.pace,
            access=self._access,
            about=self._about,
        )

    @cached_property
    def explainer(self) -> Explainer:
        """What says why; auditors see no document, but may ask about any."""
        wiring, access = self._wiring, self._access
        audits = access is not None and access.subject.kind is SubjectKind.AUDITOR
        return Explainer(
            wiring.choices,
            self.patients,
            wiring.facts if audits else self._store.facts,
            wiring.profile.access,
            wiring.clock,
        )

    @cached_property
    def registry(self) -> DocumentRegistry:
        """Document Registry."""
        wiring = self._wiring
        return DocumentRegistry(
            self._store,
            wiring.clock,
            wiring.new_uuid,
            fingerprint,
            known_patients_only=wiring.settings.patients == "known",
            home_community_id=wiring.settings.home_community_id,
            rules=wiring.rules,
            conventions=wiring.profile.conventions,
            masks=self.masks,
            acknowledgments=self.acknowledgments,
        )

    @cached_property
    def repository(self) -> DocumentRepository:
        """Document Repository."""
        wiring = self._wiring
        return DocumentRepository(
            self.registry,
            self._store,
            wiring.documents,
            wiring.settings.repository_unique_id,
            check_document=wiring.check_document,
        )

    @cached_property
    def audit_reader(self) -> AuditReader:
        """Audit reader."""
        return AuditReader(self._wiring.trail, self._store)

    @cached_property
    def resolution(self) -> BundleResolution:
        """What bundles name."""
        return BundleResolution(
            self._store, self.patients, self._wiring.settings.assigning_authority
        )

    @cached_property
    def responder(self) -> DocumentResponder:
        """Document Responder."""
        wiring = self._wiring
        return DocumentResponder(
            self.registry,
            self._store,
            wiring.documents,
            self.patients,
            deprecated=wiring.settings.deprecated_documents,
        )

    @cached_property
    def recipient(self) -> DocumentRecipient:
        """Document Recipient."""
        wiring = self._wiring
        return DocumentRecipient(
            self.repository,
            self._store,
            wiring.documents,
            self.patients,
            self.resolution,
            wiring.new_oid,
            complete=wiring.complete,
        )

    @cached_property
    def single_document(self) -> SingleDocumentRecipient:
        """Document Recipient of one document."""
        wiring = self._wiring
        return SingleDocumentRecipient(
            self.recipient,
            self.resolution,
            self._store,
            wiring.clock,
            wiring.settings.source_id,
            wiring.profile.class_by_type,
        )

    @cached_property
    def administrator(self) -> DocumentAdministrator:
        """Document Administrator."""
        wiring = self._wiring
        return DocumentAdministrator(
            self.registry,
            self._store,
            wiring.clock,
            wiring.new_oid,
            wiring.settings.source_id,
            complete=wiring.complete,
        )
