"""Registry Stored Query [ITI-18]: one value per query, complete with its parameters.

The FHIR searches of MHD (ITI-66, ITI-67) are read into the same values; the few things only they
can ask stand at the end of each value and are never filled from a stored query.

Source:
    IHE ITI TF-2a: 3.18.4.1.2.3 (revision 17); Metadata Update supplement 3.18.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.vocabulary import DocumentEntryType
from gateway.transactions.conditions import Condition, Either, Every, Is, Linked, TimeBound

CodeKey = tuple[str, str | None]
"""Code and scheme; a scheme of ``None`` matches any (FHIR may ask so, a stored query may not)."""

AnyOf = tuple[CodeKey, ...]
"""Codes of which one must match; empty does not filter."""

AllOf = tuple[AnyOf, ...]
"""Groups that must each match: a slot repeated in the query."""


class ReturnType(Enum):
    """How much of each object is answered."""

    LEAF_CLASS = "LeafClass"
    OBJECT_REF = "ObjectRef"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindDocuments:
    """Entries of one patient by their attributes; FindDocumentsByReferenceId as well.

    Attributes:
        author_person: Patterns with ``%`` and ``_``, one of which must match an authorPerson.
        reference_id_list: Groups of CXi texts; all groups must match, by one of their values.
        metadata_level: 1 hides superseded versions and offline entries, 2 shows all.
        entry_uuid, unique_id: Only from FHIR: ``identifier``, which names either; one id of
            either kind must match.
        logical_id: Only from FHIR: a read by the logical id, or by the id of any version.
        also: Only from FHIR: what else must hold.
    """

    patient_id: Identifier | None = None
    status: tuple[str, ...] = ()
    class_code: AnyOf = ()
    type_code: AnyOf = ()
    practice_setting_code: AnyOf = ()
    healthcare_facility_type_code: AnyOf = ()
    format_code: AnyOf = ()
    event_code_list: AllOf = ()
    confidentiality_code: AllOf = ()
    author_person: tuple[str, ...] = ()
    reference_id_list: tuple[tuple[str, ...], ...] = ()
    times: tuple[TimeBound, ...] = ()
    document_availability: tuple[str, ...] = ()
    object_type: tuple[str, ...] = (DocumentEntryType.STABLE,)
    metadata_level: int = 1
    entry_uuid: tuple[str, ...] = ()
    logical_id: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    also: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSubmissionSets:
    """Submission sets of one patient.

    Attributes:
        author_person: One pattern with ``%`` and ``_``; empty does not filter.
        also: Only from FHIR: what else must hold.
    """

    patient_id: Identifier | None = None
    status: tuple[str, ...] = ()
    source_id: tuple[str, ...] = ()
    times: tuple[TimeBound, ...] = ()
    author_person: tuple[str, ...] = ()
    content_type_code: AnyOf = ()
    entry_uuid: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    also: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FindFolders:
    """Folders of one patient.

    Attributes:
        also: Only from FHIR: what else must hold.
    """

    patient_id: Identifier | None = None
    status: tuple[str, ...] = ()
    times: tuple[TimeBound, ...] = ()
    code_list: AllOf = ()
    metadata_level: int = 1
    entry_uuid: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    logical_id: tuple[str, ...] = ()
    also: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAll:
    """Everything of one patient, and the associations among what is returned."""

    patient_id: Identifier
    document_entry_status: tuple[str, ...] = ()
    submission_set_status: tuple[str, ...] = ()
    folder_status: tuple[str, ...] = ()
    association_status: tuple[str, ...] = ()
    format_code: AnyOf = ()
    confidentiality_code: AllOf = ()
    object_type: tuple[str, ...] = (DocumentEntryType.STABLE,)
    metadata_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GetDocuments:
    """Entries by exactly one kind of id."""

    entry_uuid: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    logical_id: tuple[str, ...] = ()
    metadata_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GetFolders:
    """Folders by exactly one kind of id."""

    entry_uuid: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    logical_id: tuple[str, ...] = ()
    metadata_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAssociations:
    """Associations that have one of the ids as source or target."""

    uuid: tuple[str, ...]
    association_status: tuple[str, ...] = ()
    metadata_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GetDocumentsAndAssociations:
    """Entries by id and the associations that touch them."""

    entry_uuid: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    logical_id: tuple[str, ...] = ()
    association_status: tuple[str, ...] = ()
    metadata_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSubmissionSets:
    """The submission sets that brought entries or folders, with the membership links."""

    uuid: tuple[str, ...]
    metadata_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSubmissionSetAndContents:
    """One submission set, its entries (filtered) and folders, and the links among them."""

    entry_uuid: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    format_code: AnyOf = ()
    confidentiality_code: AllOf = ()
    object_type: tuple[str, ...] = (DocumentEntryType.STABLE,)
    metadata_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GetFolderAndContents:
    """One folder, its entries (filtered), and the links among them."""

    entry_uuid: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    logical_id: tuple[str, ...] = ()
    format_code: AnyOf = ()
    confidentiality_code: AllOf = ()
    object_type: tuple[str, ...] = (DocumentEntryType.STABLE,)
    association_status: tuple[str, ...] = ()
    metadata_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GetFoldersForDocument:
    """The folders an entry is in."""

    entry_uuid: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    logical_id: tuple[str, ...] = ()
    association_status: tuple[str, ...] = ()
    metadata_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GetRelatedDocuments:
    """The relationships of an entry of given types, and the documents on both ends."""

    entry_uuid: tuple[str, ...] = ()
    unique_id: tuple[str, ...] = ()
    logical_id: tuple[str, ...] = ()
    association_types: tuple[str, ...] = ()
    object_type: tuple[str, ...] = (DocumentEntryType.STABLE,)
    association_status: tuple[str, ...] = ()
    metadata_level: int = 1


StoredQuery = (
    FindDocuments
    | FindSubmissionSets
    | FindFolders
    | GetAll
    | GetDocuments
    | GetFolders
    | GetAssociations
    | GetDocumentsAndAssociations
    | GetSubmissionSets
    | GetSubmissionSetAndContents
    | GetFolderAndContents
    | GetFoldersForDocument
    | GetRelatedDocuments
)


_BY_PATIENT = (FindDocuments, FindFolders, FindSubmissionSets, GetAll)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryStoredQuery:
    """One request: the query and the form of its answer.

    Attributes:
        query_id: ``urn:uuid:…`` of the stored query.
        home_community_id: Named on the AdhocQuery, where a community is asked.
    """

    query_id: str
    query: StoredQuery
    return_type: ReturnType = ReturnType.LEAF_CLASS
    home_community_id: str | None = None

    def refuse_several_patients(self, patients: Iterable[object]) -> None:
        """Make sure that whole objects asked for by id belong to one patient.

        Args:
            patients: Whose the objects found are, each in one spelling.

        Raises:
            Refused: They belong to several.
        """
        if self.return_type is not ReturnType.LEAF_CLASS or isinstance(self.query, _BY_PATIENT):
            return
        if len(set(patients)) > 1:
            raise Refused(
                Finding(
                    rule="single-patient",
                    code=ErrorCode.RESULT_NOT_SINGLE_PATIENT,
                    location="AdhocQuery",
                    message="the objects belong to several patients; ask for ObjectRef, or for "
                    "fewer ids at a time",
                )
            )


def names_in(query: StoredQuery) -> tuple[str, ...]:
    """Give the entryUUIDs, logical ids and uniqueIds a query names."""
    names: list[str] = []
    for attribute in ("uuid", *_NAMES):
        names += getattr(query, attribute, ())
    for condition in getattr(query, "also", ()):
        names += _named(condition)
    return tuple(dict.fromkeys(names))


_NAMES = ("entry_uuid", "logical_id", "unique_id")


def _named(condition: Condition) -> Iterator[str]:
    match condition:
        case Is(attribute=attribute, values=values) if attribute in _NAMES:
            yield from values
        case Every(conditions=conditions) | Either(conditions=conditions):
            for one in conditions:
                yield from _named(one)
        case Linked(to=to):
            yield from to
