"""The mask of one document, kept twice and always alike: as a code on its entry, and as a choice.

A choice that masks or unmasks becomes a metadata update, and a metadata update or submission that
sets or takes away the code files the choice. Both happen in one transaction.

Source:
    Sections 3.3 and 10.2 of docs/reference/access-control.md: mask(document).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.actors.taking_back import without
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.association import Association
from gateway.model.changed import changed
from gateway.model.choices import Choice, Document, Mask, Statement
from gateway.model.conventions import STANDARD_STATUSES, StatusRules
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle import Changes, Circumstances, Known, update
from gateway.model.lifecycle.after import After, joined
from gateway.model.lifecycle.ids import same_patient
from gateway.model.lifecycle.lineage import lineage, newest
from gateway.model.restriction import Restriction
from gateway.model.subject import AccessRequest
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType
from gateway.ports import Account, ChoiceStore, Clock, FiledStatement
from gateway.profile import Profile
from gateway.profile.access import AccessPolicy

Decide = Callable[[Known], Changes]
_SET = "submission-set"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskCodes:
    """How a community says in a document's entry that it is masked.

    Attributes:
        written: The code that is set; ``None`` where no entry can be masked by itself.
        masked: Codes and schemes that mean it.
        excludes: Codes and schemes that may not stand beside it.
        cumulating: Codes and schemes of the classes for which they may all the same.
    """

    written: Code | None = None
    masked: frozenset[tuple[str, str]] = frozenset()
    excludes: frozenset[tuple[str, str]] = frozenset()
    cumulating: frozenset[tuple[str, str]] = frozenset()

    def mask(self, entry: DocumentEntry) -> bool:
        """Whether an entry has the code."""
        return any(c.key in self.masked for c in entry.confidentiality_code)

    def set(self, entry: DocumentEntry, masked: bool) -> DocumentEntry:
        """Give an entry with the code, or without it.

        Raises:
            Refused: Where the code cannot be set.
        """
        codes = tuple(c for c in entry.confidentiality_code if c.key not in self.masked)
        if masked:
            if self.written is None:
                raise _refused(
                    "mask-code", "no code of this community masks a document by itself", entry
                )
            alone = entry.class_code is None or entry.class_code.key not in self.cumulating
            if alone and any(c.key in self.excludes for c in codes):
                raise _refused(
                    "exclusive-flags",
                    "a document that is hidden from the patient cannot be masked as well",
                    entry,
                )
            codes = (self.written, *codes)
        return changed(entry, confidentiality_code=codes)


def mask_codes(profile: Profile) -> MaskCodes:
    """Give the codes of a community, with the words its value sets have for the one written."""
    access = profile.access
    written = access.restriction_code(Restriction.MASKED)
    if written is not None:
        written = Code(written.code, written.scheme, _display(written, profile))
    return MaskCodes(
        written=written,
        masked=_meaning(access, Restriction.MASKED),
        excludes=frozenset()
        if access.cumulate_restrictions
        else _meaning(access, Restriction.HIDDEN_FROM_PATIENT),
        cumulating=access.cumulating_classes,
    )


def _meaning(access: AccessPolicy, restriction: Restriction) -> frozenset[tuple[str, str]]:
    return frozenset(key for key, found in access.restriction_codes.items() if found is restriction)


def _display(code: Code, profile: Profile) -> str:
    """What a value set calls a code; the code itself where none knows it."""
    for value_set in profile.value_sets.values():
        known = value_set.codes.get(code.key)
        if known is not None and known.display:
            return known.display
    return code.code


class Masks:
    """Keeps masks on entries and masks as choices alike.

    Attributes:
        codes: Of the community.
    """

    def __init__(
        self,
        choices: ChoiceStore,
        clock: Clock,
        new_uuid: Callable[[], str],
        new_oid: Callable[[], str],
        source_id: str,
        codes: MaskCodes,
        *,
        complete: Callable[[Submission], Submission] = lambda submission: submission,
        statuses: StatusRules = STANDARD_STATUSES,
        access: AccessRequest | None = None,
    ) -> None:
        """Take what it works with.

        Args:
            new_oid: Gives the uniqueId of each submission set it makes.
            source_id: OID of the gateway, as the source of those sets.
            complete: Fills in what the community writes.
            access: Who asks; ``None`` where everybody is trusted.
        """
        self._choices = choices
        self._clock = clock
        self._new_uuid = new_uuid
        self._new_oid = new_oid
        self._source_id = source_id
        self.codes = codes
        self._complete = complete
        self._statuses = statuses
        self._access = access

    # ------------------------------------------------------------ from choices to entries

    def resolved(self, known: Known, name: str, patient: Identifier) -> DocumentEntry:
        """Give the newest version of a document that a choice about a patient names.

        Raises:
            Refused: When there is no such document for the asker, in the words of an unknown id.
        """
        entry = newest(known, name)
        if entry is None or entry.patient_id is None:
            raise _unknown(name)
        ours = known.surviving(entry.patient_id) or entry.patient_id
        if not same_patient(ours, known.surviving(patient) or patient):
            raise _unknown(name)
        return entry

    def change(
        self,
        known: Known,
        patient: Identifier,
        masked: Iterable[DocumentEntry],
        unmasked: Iterable[DocumentEntry],
    ) -> tuple[Changes, tuple[str, ...]]:
        """Give the metadata update that masks some documents and unmasks others.

        Returns:
            The changes, and logical ids of all documents that are no longer masked: whatever the
            lineage of those that were named has.

        Raises:
            Refused: The update is not possible.
        """
        after: dict[str, DocumentEntry] = {}
        before: dict[str, DocumentEntry] = {}
        freed: dict[str, None] = {}
        for named in unmasked:
            # What hides a document hides all of its lineage, seen by the asker or not.
            for entry in lineage(known.whole, named):
                freed[entry.logical_id or ""] = None
                if self.codes.mask(entry):
                    before[entry.entry_uuid] = entry
                    after[entry.entry_uuid] = self.codes.set(entry, False)
        for entry in masked:
            freed.pop(entry.logical_id or "", None)
            after.pop(entry.entry_uuid, None)
            if not self.codes.mask(entry):
                before[entry.entry_uuid] = entry
                after[entry.entry_uuid] = self.codes.set(entry, True)
        if not after:
            return Changes(), tuple(freed)
        pairs = [(before[uuid], entry) for uuid, entry in after.items()]
        return self._updated(known.whole, patient, pairs), tuple(freed)

    def _updated(
        self,
        known: Known,
        patient: Identifier,
        pairs: Sequence[tuple[DocumentEntry, DocumentEntry]],
    ) -> Changes:
        now = self._clock.now()
        first = pairs[0][0]
        submission = Submission(
            submission_sets=(
                SubmissionSet(
                    entry_uuid=_SET,
                    unique_id=self._new_oid(),
                    source_id=self._source_id,
                    patient_id=first.patient_id or patient,
                    submission_time=DateTime(now),
                    content_type_code=_content_type_code(known, first),
                    author=first.author[:1],
                ),
            ),
            document_entries=tuple(
                replace(
                    entry,
                    entry_uuid=f"version-{number}",
                    version=None,
                    availability_status=None,
                )
                for number, (_, entry) in enumerate(pairs)
            ),
            associations=tuple(
                Association(
                    entry_uuid=f"new-version-{number}",
                    association_type=AssociationType.HAS_MEMBER,
                    source_object=_SET,
                    target_object=f"version-{number}",
                    submission_set_status="Original",
                    previous_version=entry.version,
                )
                for number, (entry, _) in enumerate(pairs)
            ),
        )
        # A document that was replaced keeps its code until somebody takes it away; a restricted
        # update is the one that may change such a document's description.
        restricted = not all(
            self._statuses.is_in_force(entry.availability_status) for entry, _ in pairs
        )
        about = Circumstances(
            now=now, new_uuid=self._new_uuid, statuses=self._statuses, anyone=True
        )
        return update(self._complete(submission), known, about, restricted=restricted)

    # ------------------------------------------------------------ from entries to choices

    async def following(
        self, submission: Submission, decide: Decide
    ) -> tuple[Decide, Callable[[Changes], Account] | None]:
        """Let the choices follow what a submission or metadata update does to entries.

        Args:
            submission: What is asked for.
            decide: What would be done by itself.

        Returns:
            What is done, and what is kept beside it.
        """
        patient = submission.submission_sets[0].patient_id if submission.submission_sets else None
        if patient is None or not (self.codes.masked and submission.document_entries):
            return decide, None
        # What is new and unmasked changes nothing; a new version may take a mask away.
        if not any(e.logical_id or self.codes.mask(e) for e in submission.document_entries):
            return decide, None
        filed = await self._choices.statements(patient)
        masked: dict[str, str] = {}
        freed: dict[str, None] = {}

        def decide_both(known: Known) -> Changes:
            masked.clear()
            freed.clear()
            changes = decide(known)
            if changes.repeated:
                return changes
            released = []
            submitted = next((i.entry_uuid for i in changes.added if _is_set(i)), "")
            for item in changes.added:
                if not isinstance(item, DocumentEntry):
                    continue
                before = known.latest(item.logical_id or "")
                was = isinstance(before, DocumentEntry) and self.codes.mask(before)
                if self.codes.mask(item) and not was:
                    masked[item.logical_id or item.entry_uuid] = submitted
                elif was and not self.codes.mask(item):
                    released.append(item)
            if released:
                after = After(known, changes)
                more, ids = self.change(after, patient, (), released)
                freed.update(dict.fromkeys(ids))
                changes = joined(changes, more)
            return changes

        def account(changes: Changes) -> Account:
            if changes.repeated:
                return Account()
            return Account(
                statements=(
                    *self.released(filed, freed),
                    *self._masked(filed, masked, patient),
                )
            )

        return decide_both, account

    def _masked(
        self, filed: Sequence[FiledStatement], masked: dict[str, str], patient: Identifier
    ) -> Iterator[FiledStatement]:
        said = {name for one in filed if one.active for name in documents(one.statement)}
        now = self._clock.now()
        for logical_id, submitted in masked.items():
            if logical_id in said:
                continue
            subject = self._access.subject if self._access else None
            yield FiledStatement(
                id=self._new_uuid(),
                version=1,
                active=True,
                statement=Statement(
                    patient_id=patient,
                    date_time=DateTime(now),
                    organization=(subject.structure if subject else None)
                    or Identifier.of(self._source_id),
                    source=f"List/{submitted.removeprefix('urn:uuid:')}" if submitted else "",
                    choices=(Mask(target=Document(id=logical_id)),),
                ),
                recorded=now,
                recorded_by=subject.key if subject else "",
                secret=bool(subject and subject.secret_connection),
            )

    def released(
        self, filed: Iterable[FiledStatement], freed: Iterable[str]
    ) -> Iterator[FiledStatement]:
        """Give new versions of the statements that mask documents which no longer are.

        Args:
            filed: All that is filed for the record.
            freed: Logical ids of the documents.
        """
        return without(filed, masking(freed), self._clock.now(), self._access)


def masking(names: Iterable[str]) -> Callable[[Choice], bool]:
    """Tell whether a choice masks one of some documents by itself."""
    ids = frozenset(names)

    def masks(choice: Choice) -> bool:
        return (
            isinstance(choice, Mask)
            and isinstance(choice.target, Document)
            and choice.target.id in ids
        )

    return masks


def documents(statement: Statement) -> set[str]:
    """Give the documents that a statement masks one by one."""
    return {
        choice.target.id
        for choice in statement.choices
        if isinstance(choice, Mask) and isinstance(choice.target, Document)
    }


def _is_set(item: object) -> bool:
    return isinstance(item, SubmissionSet)


def _content_type_code(known: Known, entry: DocumentEntry) -> Code | None:
    """What the submission that brought the document was about, this one is about as well."""
    for link in known.associations(entry.entry_uuid):
        brought = known.object(link.source_object)
        if isinstance(brought, SubmissionSet) and brought.content_type_code is not None:
            return brought.content_type_code
    return entry.class_code


def _refused(rule: str, message: str, entry: DocumentEntry) -> Refused:
    return Refused(
        Finding(
            rule=rule,
            code=ErrorCode.INVALID_VALUE,
            location="DocumentEntry.confidentialityCode",
            context=entry.logical_id or "",
            message=message,
        )
    )


def _unknown(name: str) -> Refused:
    return Refused(
        Finding(
            rule="consent-enforced",
            code=ErrorCode.INVALID_VALUE,
            location="Consent.provision.provision.data.reference",
            context=name[:128],
            message="the record has no such document, so this would not be enforced",
        )
    )
