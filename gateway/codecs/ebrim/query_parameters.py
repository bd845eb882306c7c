"""The parameters of each stored query: name on the wire, attribute of the value, form.

Source:
    IHE ITI TF-2a: 3.18.4.1.2.3.7 (revision 17); Metadata Update supplement 3.18.4.1.2.3.7
    (``$MetadataLevel``, logical ids, documentAvailability, association status).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple

from gateway.codecs.ebrim.names import QueryId
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    GetAll,
    GetAssociations,
    GetDocuments,
    GetDocumentsAndAssociations,
    GetFolderAndContents,
    GetFolders,
    GetFoldersForDocument,
    GetRelatedDocuments,
    GetSubmissionSetAndContents,
    GetSubmissionSets,
    StoredQuery,
)


class Form(Enum):
    """What a parameter holds."""

    PATIENT = auto()
    """One patient id, CX."""
    TEXT = auto()
    """One text."""
    TEXTS = auto()
    """Texts of which one must match."""
    STATUSES = auto()
    """Statuses of which one must match; those nobody knows are left out."""
    CODES = auto()
    """Codes of which one must match."""
    TEXT_GROUPS = auto()
    """Lists of texts; each list must match."""
    CODE_GROUPS = auto()
    """Lists of codes; each list must match."""
    TIME = auto()
    """Two parameters, ending in ``From`` and ``To``."""
    TIME_IF_KNOWN = auto()
    """The same, and an object without the time matches."""
    LEVEL = auto()
    """``$MetadataLevel``, 1 or 2."""


GROUPS = frozenset({Form.TEXT_GROUPS, Form.CODE_GROUPS})
"""The forms whose Slot may be repeated, which then must all match."""


class Parameter(NamedTuple):
    """One parameter.

    Attributes:
        name: Of the Slot, with its dollar sign; without ``From`` and ``To`` for a time.
        field: Attribute of the query's value; for a time the attribute a bound is on.
        choice: Exactly one parameter of a query's choice must be given.
    """

    name: str
    field: str
    form: Form
    required: bool = False
    choice: bool = False

    def slots(self) -> tuple[str, ...]:
        """Names of the Slots that carry it."""
        if self.form in (Form.TIME, Form.TIME_IF_KNOWN):
            return f"{self.name}From", f"{self.name}To"
        return (self.name,)


class Definition:
    """One stored query.

    Attributes:
        type: Of the query's value.
        parameters: In the order of the standard's table.
    """

    __slots__ = ("_places", "_required", "choice", "parameters", "type")

    def __init__(self, type: type[StoredQuery], parameters: tuple[Parameter, ...]) -> None:
        self.type = type
        self.parameters = parameters
        self.choice = tuple([p for p in parameters if p.choice])
        self._required = frozenset(n for n, p in enumerate(parameters) if p.required)
        self._places = {name: n for n, p in enumerate(parameters) for name in p.slots()}

    def wanted(self, given: Iterable[str]) -> list[Parameter]:
        """The parameters that were given or have to be: few of the many a query may have.

        Args:
            given: Names of the Slots that came.
        """
        places = self._places
        wanted = {places[name] for name in given if name in places}
        return [self.parameters[n] for n in sorted(wanted | self._required)]


_ENTRY = "$XDSDocumentEntry"
_SET = "$XDSSubmissionSet"
_FOLDER = "$XDSFolder"

_LEVEL = Parameter("$MetadataLevel", "metadata_level", Form.LEVEL)
_ASSOCIATION_STATUS = Parameter("$XDSAssociationStatus", "association_status", Form.STATUSES)

_FIND_DOCUMENTS = (
    Parameter(f"{_ENTRY}PatientId", "patient_id", Form.PATIENT, required=True),
    Parameter(f"{_ENTRY}Status", "status", Form.STATUSES, required=True),
    Parameter(f"{_ENTRY}ClassCode", "class_code", Form.CODES),
    Parameter(f"{_ENTRY}TypeCode", "type_code", Form.CODES),
    Parameter(f"{_ENTRY}PracticeSettingCode", "practice_setting_code", Form.CODES),
    Parameter(f"{_ENTRY}HealthcareFacilityTypeCode", "healthcare_facility_type_code", Form.CODES),
    Parameter(f"{_ENTRY}EventCodeList", "event_code_list", Form.CODE_GROUPS),
    Parameter(f"{_ENTRY}ConfidentialityCode", "confidentiality_code", Form.CODE_GROUPS),
    Parameter(f"{_ENTRY}FormatCode", "format_code", Form.CODES),
    Parameter(f"{_ENTRY}AuthorPerson", "author_person", Form.TEXTS),
    Parameter(f"{_ENTRY}CreationTime", "creation_time", Form.TIME),
    Parameter(f"{_ENTRY}ServiceStartTime", "service_start_time", Form.TIME_IF_KNOWN),
    Parameter(f"{_ENTRY}ServiceStopTime", "service_stop_time", Form.TIME_IF_KNOWN),
    Parameter(f"{_ENTRY}Type", "object_type", Form.TEXTS),
    Parameter(f"{_ENTRY}DocumentAvailability", "document_availability", Form.TEXTS),
    _LEVEL,
)
_CONTENTS = (
    Parameter(f"{_ENTRY}FormatCode", "format_code", Form.CODES),
    Parameter(f"{_ENTRY}ConfidentialityCode", "confidentiality_code", Form.CODE_GROUPS),
    Parameter(f"{_ENTRY}Type", "object_type", Form.TEXTS),
)


def _ids(prefix: str, form: Form, *, logical: bool = True) -> tuple[Parameter, ...]:
    """Give the ids of which exactly one kind must be given."""
    names = {"EntryUUID": "entry_uuid", "UniqueId": "unique_id"}
    if logical:
        names["LogicalID"] = "logical_id"
    return tuple(Parameter(prefix + name, names[name], form, choice=True) for name in names)


DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {
        QueryId.FIND_DOCUMENTS: Definition(FindDocuments, _FIND_DOCUMENTS),
        QueryId.FIND_DOCUMENTS_BY_REFERENCE_ID: Definition(
            FindDocuments,
            (
                *_FIND_DOCUMENTS,
                Parameter(
                    f"{_ENTRY}ReferenceIdList",
                    "reference_id_list",
                    Form.TEXT_GROUPS,
                    required=True,
                ),
            ),
        ),
        QueryId.FIND_SUBMISSION_SETS: Definition(
            FindSubmissionSets,
            (
                Parameter(f"{_SET}PatientId", "patient_id", Form.PATIENT, required=True),
                Parameter(f"{_SET}Status", "status", Form.STATUSES, required=True),
                Parameter(f"{_SET}SourceId", "source_id", Form.TEXTS),
                Parameter(f"{_SET}SubmissionTime", "submission_time", Form.TIME),
                Parameter(f"{_SET}AuthorPerson", "author_person", Form.TEXT),
                Parameter(f"{_SET}ContentType", "content_type_code", Form.CODES),
            ),
        ),
        QueryId.FIND_FOLDERS: Definition(
            FindFolders,
            (
                Parameter(f"{_FOLDER}PatientId", "patient_id", Form.PATIENT, required=True),
                Parameter(f"{_FOLDER}Status", "status", Form.STATUSES, required=True),
                Parameter(f"{_FOLDER}LastUpdateTime", "last_update_time", Form.TIME),
                Parameter(f"{_FOLDER}CodeList", "code_list", Form.CODE_GROUPS),
                _LEVEL,
            ),
        ),
        QueryId.GET_ALL: Definition(
            GetAll,
            (
                Parameter("$patientId", "patient_id", Form.PATIENT, required=True),
                Parameter(f"{_ENTRY}Status", "document_entry_status", Form.STATUSES, required=True),
                Parameter(f"{_SET}Status", "submission_set_status", Form.STATUSES, required=True),
                Parameter(f"{_FOLDER}Status", "folder_status", Form.STATUSES, required=True),
                _ASSOCIATION_STATUS,
                *_CONTENTS,
                _LEVEL,
            ),
        ),
        QueryId.GET_DOCUMENTS: Definition(GetDocuments, (*_ids(_ENTRY, Form.TEXTS), _LEVEL)),
        QueryId.GET_FOLDERS: Definition(GetFolders, (*_ids(_FOLDER, Form.TEXTS), _LEVEL)),
        QueryId.GET_ASSOCIATIONS: Definition(
            GetAssociations,
            (
                Parameter("$uuid", "uuid", Form.TEXTS, required=True),
                _ASSOCIATION_STATUS,
                _LEVEL,
            ),
        ),
        QueryId.GET_DOCUMENTS_AND_ASSOCIATIONS: Definition(
            GetDocumentsAndAssociations,
            (*_ids(_ENTRY, Form.TEXTS), _ASSOCIATION_STATUS, _LEVEL),
        ),
        QueryId.GET_SUBMISSION_SETS: Definition(
            GetSubmissionSets,
            (Parameter("$uuid", "uuid", Form.TEXTS, required=True), _LEVEL),
        ),
        QueryId.GET_SUBMISSION_SET_AND_CONTENTS: Definition(
            GetSubmissionSetAndContents,
            (*_ids(_SET, Form.TEXT, logical=False), *_CONTENTS, _LEVEL),
        ),
        QueryId.GET_FOLDER_AND_CONTENTS: Definition(
            GetFolderAndContents,
            (*_ids(_FOLDER, Form.TEXT), *_CONTENTS, _ASSOCIATION_STATUS, _LEVEL),
        ),
        QueryId.GET_FOLDERS_FOR_DOCUMENT: Definition(
            GetFoldersForDocument,
            (*_ids(_ENTRY, Form.TEXT), _ASSOCIATION_STATUS, _LEVEL),
        ),
        QueryId.GET_RELATED_DOCUMENTS: Definition(
            GetRelatedDocuments,
            (
                *_ids(_ENTRY, Form.TEXT),
                Parameter("$AssociationTypes", "association_types", Form.TEXTS, required=True),
                Parameter(f"{_ENTRY}Type", "object_type", Form.TEXTS),
                _ASSOCIATION_STATUS,
                _LEVEL,
            ),
        ),
    }
)
"""Every stored query the registry answers."""
