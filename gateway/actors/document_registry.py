"""Document Registry: metadata of documents, kept and searched.

Source:
    IHE ITI TF-1: 10.1.1.3; TF-2a: 3.18, TF-2b: 3.42, 3.57, 3.61, 3.62 (revision 17).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.actors.acknowledgments import Acknowledged, Acknowledgments
from gateway.actors.masks import Masks
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.conventions import STANDARD, Conventions
from gateway.model.datatypes import Author
from gateway.model.lifecycle import (
    Changes,
    Circumstances,
    DocumentRecord,
    Known,
    register,
    remove,
    update,
)
from gateway.model.lifecycle.ids import place
from gateway.model.submission import Submission
from gateway.ports import Clock, Form, Found, Page, RegistryStore, TooManyResults, beside
from gateway.transactions.registry_stored_query import (
    RegistryStoredQuery,
    ReturnType,
    StoredQuery,
)
from gateway.transactions.submission import RemoveMetadata, SubmitObjects
from gateway.validation import ProfileRules, Transaction, check_submission

Fingerprint = Callable[[Submission, tuple[DocumentRecord, ...]], bytes]
"""What a submission and its repetitions have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What an accepted message did.

    Attributes:
        changes: Everything that was kept; ``changes.repeated`` when it had been kept before.
        warnings: Findings that did not refuse the message.
        repetition: The warning for a source that does not know whether its first message arrived,
            with ``changes.repeated``.
    """

    changes: Changes
    warnings: tuple[Finding, ...] = ()
    repetition: Finding | None = None


class DocumentRegistry:
    """Registers, updates, removes and finds metadata."""

    def __init__(
        self,
        store: RegistryStore,
        clock: Clock,
        new_uuid: Callable[[], str],
        fingerprint: Fingerprint,
        *,
        known_patients_only: bool = False,
        home_community_id: str | None = None,
        conventions: Conventions = STANDARD,
        rules: ProfileRules | None = None,
        masks: Masks | None = None,
        acknowledgments: Acknowledgments | None = None,
    ) -> None:
        """Take what it works with.

        Args:
            known_patients_only: Whether documents of patients nobody announced are refused.
            home_community_id: Of this community, where it is part of an exchange of several.
            rules: Of the community, beyond those of the standard.
            masks: Lets choices follow what happens to entries; nobody does where there is none.
            acknowledgments: Files the choices that documents make, likewise.
        """
        self._masks = masks
        self.acknowledgments = acknowledgments
        self._store = store
        self._clock = clock
        self._new_uuid = new_uuid
        self._fingerprint = fingerprint
        self._known_patients_only = known_patients_only
        self.home_community_id = home_community_id
        self._statuses = conventions.statuses
        self._rules = rules

    def check(self, submission: Submission, transaction: Transaction) -> tuple[Finding, ...]:
        """Find what is wrong in a submission by itself, by the standard and by the community."""
        findings = check_submission(submission, transaction)
        if self._rules:
            now = self._clock.now()
            findings += self._rules.check(submission, transaction, now, already=findings)
        return findings

    async def register(
        self,
        request: SubmitObjects,
        transaction: Transaction = Transaction.REGISTER,
    ) -> Registered:
        """Register a submission, wholly or not at all.

        Args:
            request: The submission as read, with what could not be read.
            transaction: ITI-42 or ITI-61.

        Raises:
            Refused: With every problem of the message and of its fit with the registry.
        """
        findings = request.findings + self.check(request.submission, transaction)
        acknowledged: tuple[Acknowledged, ...] = ()
        if self.acknowledgments is not None:
            acknowledged, wrong = await self.acknowledgments.registered(request.submission)
            findings += wrong
        return await self.register_checked(
            SubmitObjects(submission=request.submission, findings=findings),
            acknowledged=acknowledged,
        )

    async def register_checked(
        self,
        request: SubmitObjects,
        documents: tuple[DocumentRecord, ...] = (),
        acknowledged: tuple[Acknowledged, ...] = (),
    ) -> Registered:
        """Register a submission whose own checks have run; their findings are in the request.

        Args:
            request: The submission and everything found in it.
            documents: What the repository keeps from the same transaction on.
            acknowledged: The choices that documents of the submission make.

        Raises:
            Refused: With every problem of the message and of its fit with the registry.
        """
        submission = self._at_home(request.submission)
        about = self._circumstances(submission, request.findings, documents)

        def decide(known: Known) -> Changes:
            return register(submission, known, about)

        changes = await self._change(submission, decide, acknowledged)
        return _registered(submission, changes, request.findings)

    async def _change(
        self,
        submission: Submission,
        decide: Callable[[Known], Changes],
        acknowledged: tuple[Acknowledged, ...] = (),
    ) -> Changes:
        """Run a decision, and let patients' choices follow from it in the same transaction."""
        accounts = []
        if self._masks is not None:
            decide, account = await self._masks.following(submission, decide)
            accounts.append(account)
        if self.acknowledgments is not None:
            decide, account = await self.acknowledgments.filing(submission, acknowledged, decide)
            accounts.append(account)
        left = [account for account in accounts if account is not None]
        if not left:
            return await self._store.change(decide)
        return await self._store.change(
            decide, lambda changes: beside(*(account(changes) for account in left))
        )

    async def update(
        self,
        request: SubmitObjects,
        *,
        restricted: bool = False,
        requester: tuple[Author, ...] | None = None,
        anyone: bool = False,
    ) -> Registered:
        """Update metadata [ITI-57], or with ``restricted`` as ITI-92 allows.

        Args:
            requester: Who asks, where that is known; else the author of the SubmissionSet counts
                where only an author may do what is asked.
            anyone: The message says nothing of who asks, and nothing else does.

        Raises:
            Refused: With every problem; nothing was changed.
        """
        transaction = Transaction.RESTRICTED_UPDATE if restricted else Transaction.UPDATE
        findings = request.findings + self.check(request.submission, transaction)
        submission = self._at_home(request.submission)
        about = replace(
            self._circumstances(submission, findings, ()), requester=requester, anyone=anyone
        )

        def decide(known: Known) -> Changes:
            return update(submission, known, about, restricted=restricted)

        return _registered(submission, await self._change(submission, decide), findings)

    async def remove(self, request: RemoveMetadata) -> Registered:
        """Remove metadata [ITI-62]; documents stay in the repository.

        Raises:
            Refused: With every problem; nothing was removed.
        """
        findings = list(request.findings)
        if not request.object_ids and not findings:
            findings.append(
                Finding(
                    rule="remove-names-objects",
                    code=ErrorCode.REGISTRY_ERROR,
                    location="RemoveObjectsRequest.ObjectRefList",
                    message="names no object; give an ObjectRef for each object to remove",
                )
            )

        def decide(known: Known) -> Changes:
            return remove(request.object_ids, known, tuple(findings), self._statuses)

        return Registered(changes=await self._store.change(decide))

    async def query(self, request: RegistryStoredQuery, form: Form) -> Found:
        """Answer a stored query [ITI-18].

        Args:
            request: The query.
            form: The wire form the objects are wanted in, when the query asks for whole objects.

        Raises:
            Refused: More objects than one answer may hold, several patients' objects in one
                answer by id, or another community was asked.
        """
        asked = request.home_community_id
        if asked and self.home_community_id and asked != self.home_community_id:
            raise Refused(
                Finding(
                    rule="home-community-known",
                    code=ErrorCode.UNKNOWN_COMMUNITY,
                    location="AdhocQuery.home",
                    message=f"{asked[:128]!r} is another community; this one is "
                    f"{self.home_community_id}",
                )
            )
        whole = request.return_type is ReturnType.LEAF_CLASS
        found = await self.find(request.query, form if whole else Form.REFERENCE)
        request.refuse_several_patients(held.patient for held in found.objects if held.patient)
        return found

    async def find(self, query: StoredQuery, form: Form, page: Page | None = None) -> Found:
        """Find objects in a wire form, a page of them when ``page`` says so.

        Raises:
            Refused: More objects than one answer may hold.
        """
        try:
            return await self._store.find(query, form, page)
        except TooManyResults as too_many:
            raise Refused(
                Finding(
                    rule="too-many-results",
                    code=ErrorCode.TOO_MANY_RESULTS,
                    location="AdhocQuery",
                    message="more objects match than one answer may hold; narrow the query, or "
                    "ask for ObjectRef and fetch the objects in portions",
                )
            ) from too_many

    def _at_home(self, submission: Submission) -> Submission:
        if self.home_community_id is None:
            return submission
        return submission.at_home(self.home_community_id)

    def _circumstances(
        self,
        submission: Submission,
        findings: tuple[Finding, ...],
        documents: tuple[DocumentRecord, ...],
    ) -> Circumstances:
        return Circumstances(
            now=self._clock.now(),
            new_uuid=self._new_uuid,
            known_patients_only=self._known_patients_only,
            # What is refused by its own checks was never accepted, so it repeats nothing.
            fingerprint=None
            if any(f.is_error for f in findings)
            else self._fingerprint(submission, documents),
            documents=documents,
            findings=findings,
            statuses=self._statuses,
        )


def _registered(
    submission: Submission, changes: Changes, findings: tuple[Finding, ...]
) -> Registered:
    if not changes.repeated:
        return Registered(changes=changes, warnings=findings)
    item = submission.submission_set
    repetition = Finding(
        rule="submission-repeated",
        code=ErrorCode.DUPLICATE_UNIQUE_ID_IN_REGISTRY,
        location=place(item, "uniqueId"),
        context=item.unique_id or "",
        message="this very submission was registered before; nothing was changed",
        severity=Severity.WARNING,
    )
    return Registered(changes=changes, warnings=findings, repetition=repetition)
