"""Acknowledgments (BPPC): documents that are commands as well, both or neither.

Whatever way a document comes in, one that acknowledges privacy policies makes the choices of these
policies in the transaction that registers it. What would not be enforced refuses the submission.

Source:
    IHE ITI TF-3: 5.1 (BPPC); section 10.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.actors.masks import Decide
from gateway.actors.taking_back import undoes, without
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.choices import Statement
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle import Changes, Known
from gateway.model.lifecycle.ids import place
from gateway.model.notice import Notice, NoticeKind, RecipientKind
from gateway.model.subject import AccessRequest, SubjectKind
from gateway.model.submission import Submission
from gateway.model.vocabulary import REPLACEMENTS
from gateway.ports import (
    Account,
    ChoiceStore,
    Clock,
    DocumentStore,
    FiledStatement,
    RegistryStore,
    Staging,
)

LARGEST = 8 * 1024 * 1024
"""Octets an acknowledgment may have; a scanned one holds its picture."""

_HEAD = 64 * 1024
_RECORDERS = frozenset(
    {
        SubjectKind.PATIENT,
        SubjectKind.REPRESENTATIVE,
        SubjectKind.PROFESSIONAL,
        SubjectKind.STRUCTURE,
        SubjectKind.DELEGATE,
    }
)


class AcknowledgmentReader(Protocol):
    """Tells acknowledgments from other documents, and reads them."""

    def is_one(self, entry: DocumentEntry, head: bytes) -> bool:
        """Whether a document is an acknowledgment.

        Args:
            entry: Its description.
            head: Its first octets; none where only the description is at hand.
        """
        ...

    def read(self, document: bytes, entry: DocumentEntry) -> Statement:
        """Give the choices a document makes.

        Raises:
            Refused: It would not be enforced, or is about another patient than its entry.
        """
        ...


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The choices that one document of a submission makes."""

    entry: DocumentEntry
    statement: Statement


class Acknowledgments:
    """Reads the commands of submissions, and files them."""

    def __init__(
        self,
        store: RegistryStore,
        choices: ChoiceStore,
        documents: DocumentStore,
        reader: AcknowledgmentReader,
        clock: Clock,
        new_uuid: Callable[[], str],
        *,
        recorders: frozenset[SubjectKind] = _RECORDERS,
        access: AccessRequest | None = None,
    ) -> None:
        """Take what it works with.

        Args:
            recorders: Who may hand in what a patient signed.
            access: Who asks; ``None`` where everybody is trusted.
        """
        self._store = store
        self._choices = choices
        self._documents = documents
        self._reader = reader
        self._clock = clock
        self._new_uuid = new_uuid
        self._recorders = recorders
        self._access = access

    def provided(
        self, documents: Iterable[tuple[DocumentEntry, Staging]]
    ) -> tuple[tuple[Acknowledged, ...], tuple[Finding, ...]]:
        """Read the acknowledgments among the documents of a submission.

        Returns:
            What they say, and what is wrong with them.
        """
        found: list[Acknowledged] = []
        findings: list[Finding] = []
        for entry, staging in documents:
            if not self._reader.is_one(entry, staging.head(_HEAD)):
                continue
            self._read(entry, staging.head(LARGEST + 1), found, findings)
        return tuple(found), tuple(findings)

    async def registered(
        self, submission: Submission
    ) -> tuple[tuple[Acknowledged, ...], tuple[Finding, ...]]:
        """Read the acknowledgments that are registered without octets [ITI-42].

        What is not here cannot be read, so it would be a promise nobody keeps; where everybody is
        trusted no choice is enforced, and it is a description like any other.
        """
        found: list[Acknowledged] = []
        findings: list[Finding] = []
        for entry in submission.document_entries:
            if not self._reader.is_one(entry, b""):
                continue
            record = await self._store.document(entry.unique_id or "")
            if record is None or self._documents.path(record.content) is None:
                if self._access is None:
                    continue
                findings.append(
                    Finding(
                        rule="bppc-enforced",
                        code=ErrorCode.REGISTRY_METADATA_ERROR,
                        location=place(entry, "formatCode"),
                        message="an acknowledgment is taken with its octets only (ITI-41, ITI-65): "
                        "this repository does not hold the document, so it would not be enforced",
                    )
                )
                continue
            octets = bytearray()
            async for chunk in self._documents.read(record.content, 0, LARGEST + 1):
                octets += chunk
            self._read(entry, bytes(octets), found, findings)
        return tuple(found), tuple(findings)

    def _read(
        self,
        entry: DocumentEntry,
        octets: bytes,
        found: list[Acknowledged],
        findings: list[Finding],
    ) -> None:
        kind = self._access.subject.kind if self._access else SubjectKind.PATIENT
        if kind not in self._recorders:
            findings.append(
                Finding(
                    rule="bppc-recorder",
                    code=ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
                    location=place(entry),
                    message="who asks may not hand in acknowledgments",
                )
            )
            return
        if len(octets) > LARGEST:
            findings.append(
                _wrong(entry, f"an acknowledgment of more than {LARGEST} octets is not read")
            )
            return
        try:
            statement = self._reader.read(octets, entry)
        except Refused as refused:
            findings += refused.findings
            return
        found.append(Acknowledged(entry, statement))

    async def filing(
        self, submission: Submission, found: Sequence[Acknowledged], decide: Decide
    ) -> tuple[Decide, Callable[[Changes], Account] | None]:
        """Let the choices of acknowledgments come into force with their documents.

        Args:
            submission: What is registered.
            found: The acknowledgments in it.
            decide: The registration.

        Returns:
            What is done, and what is kept beside it.
        """
        replaces = [a for a in submission.associations if a.association_type in REPLACEMENTS]
        if not found and not replaces:
            return decide, None
        patient = submission.submission_sets[0].patient_id if submission.submission_sets else None
        if patient is None:
            return decide, None
        filed = await self._choices.statements(patient)
        said = [choice for one in found for choice in one.statement.choices]
        earlier = {one.document: None for one in filed if one.active and one.document}
        gone: dict[str, None] = {}
        commands = {one.entry.entry_uuid for one in found}

        def decide_both(known: Known) -> Changes:
            gone.clear()
            changes = decide(known)
            if changes.repeated:
                return changes
            for link in replaces:
                target = known.object(link.target_object.lower())
                unique_id = target.unique_id if isinstance(target, DocumentEntry) else None
                if unique_id not in earlier:
                    continue
                if link.source_object not in commands:
                    raise Refused(
                        Finding(
                            rule="bppc-replaced",
                            code=ErrorCode.REGISTRY_METADATA_ERROR,
                            location=f"Association[{link.source_object} {link.target_object}]",
                            message="an acknowledgment is replaced by another acknowledgment, "
                            "since its choices are replaced with it",
                        )
                    )
                gone[unique_id or ""] = None
            return changes

        def account(changes: Changes) -> Account:
            if changes.repeated:
                return Account()
            now = self._clock.now()
            replaced = [one for one in filed if one.document in gone]
            others = [one for one in filed if one.document not in gone]
            statements = (
                *without(replaced, lambda choice: True, now, self._access),
                *without(
                    others,
                    lambda choice: any(undoes(later, choice) for later in said),
                    now,
                    self._access,
                ),
                *self._new(found),
            )
            if not statements:
                return Account()
            subject = self._access.subject if self._access else None
            notice = Notice(
                id=self._new_uuid(),
                kind=NoticeKind.CHOICE_CHANGED,
                recipient_kind=RecipientKind.PATIENT,
                recipient=patient,
                patient=patient,
                time=now,
                who=(subject.name or subject.structure_name) if subject else "",
            )
            return Account(statements=statements, notices=(notice,))

        return decide_both, account

    def _new(self, found: Iterable[Acknowledged]) -> Iterable[FiledStatement]:
        """File each choice by itself, so that each can be taken back by itself."""
        subject = self._access.subject if self._access else None
        for one in found:
            for choice in one.statement.choices:
                yield FiledStatement(
                    id=self._new_uuid(),
                    version=1,
                    active=True,
                    statement=replace(
                        one.statement, patient_id=one.entry.patient_id, choices=(choice,)
                    ),
                    recorded=self._clock.now(),
                    recorded_by=subject.key if subject else "",
                    secret=bool(subject and subject.secret_connection),
                    document=one.entry.unique_id or "",
                )


def _wrong(entry: DocumentEntry, message: str) -> Finding:
    return Finding(
        rule="bppc-enforced",
        code=ErrorCode.INVALID_DOCUMENT_CONTENT,
        location=place(entry),
        message=message,
    )
