"""The search parameters of each resource: what they are called and what they ask about.

One table per resource; the CapabilityStatement is written from the same ones.

Source:
    IHE MHD 4.2.4: 2:3.66.4.1.2.1, 2:3.67.4.1.2.1 and its SearchParameters; HL7 FHIR R4:
    DocumentReference, List and Patient search parameters; IHE PDQm: 2:3.78.4.1.2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from gateway.codecs.fhir.identifiers import ENCOUNTER_ID
from gateway.codecs.fhir.vocabulary import MHD
from gateway.model.vocabulary import AvailabilityStatus

APPROVED = AvailabilityStatus.APPROVED.value
DEPRECATED = AvailabilityStatus.DEPRECATED.value


class Kind(Enum):
    """How a parameter is read."""

    ID = "id"
    KEY = "key"
    CODE = "code"
    WORD = "word"
    IDENTIFIER = "identifier"
    SOURCE = "source"
    ISSUED = "issued"
    REFERENCE_ID = "reference-id"
    STATUS = "status"
    LIST_CODE = "list-code"
    RELATION = "relation"
    DATE = "date"
    PERIOD = "period"
    TEXT = "text"
    PATIENT = "patient"
    PATIENT_IDENTIFIER = "patient-identifier"
    RELATES_TO = "relates-to"
    RELATED = "related"
    ITEM = "item"
    ELSEWHERE = "elsewhere"
    COMMUNITY = "community"

    @property
    def fhir_type(self) -> str:
        """The type of the search parameter."""
        return _TYPES.get(self, "token")

    @property
    def modifiers(self) -> tuple[str, ...]:
        """The modifiers that are understood."""
        return _MODIFIERS.get(self, ("missing", "not"))


_TYPES = {
    Kind.DATE: "date",
    Kind.PERIOD: "date",
    Kind.TEXT: "string",
    Kind.PATIENT: "reference",
    Kind.RELATES_TO: "reference",
    Kind.RELATED: "reference",
    Kind.ITEM: "reference",
    Kind.ELSEWHERE: "reference",
    Kind.COMMUNITY: "uri",
}
_MODIFIERS: dict[Kind, tuple[str, ...]] = {
    Kind.ID: (),
    Kind.KEY: (),
    Kind.IDENTIFIER: ("missing", "not", "of-type"),
    Kind.REFERENCE_ID: ("missing", "not", "of-type"),
    Kind.STATUS: ("not",),
    Kind.LIST_CODE: (),
    Kind.DATE: ("missing",),
    Kind.PERIOD: ("missing",),
    Kind.TEXT: ("contains", "exact", "missing"),
    Kind.PATIENT: (),
    Kind.PATIENT_IDENTIFIER: (),
    Kind.RELATED: ("missing",),
    Kind.ELSEWHERE: ("missing",),
    Kind.COMMUNITY: (),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter.

    Attributes:
        kind: How it is read.
        attributes: What it asks about, by names of the model; one of them must answer.
        definition: Canonical URL, where it is not FHIR's own of this name.
        listed: Whether the CapabilityStatement names it.
        type_code: Of references: the only kind of thing referred to that is meant.
        words: Of a code of a fixed list: what each code stands for; empty for itself.
    """

    kind: Kind
    attributes: tuple[str, ...] = ()
    definition: str | None = None
    listed: bool = True
    type_code: str | None = None
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_CLINICAL = "http://hl7.org/fhir/SearchParameter/clinical-"
_COMMON = {
    "_id": Parameter(Kind.ID),
    "_lastUpdated": Parameter(Kind.DATE, ("last_updated",)),
    "identifier": Parameter(Kind.IDENTIFIER, definition=_CLINICAL + "identifier"),
    "patient": Parameter(Kind.PATIENT, definition=_CLINICAL + "patient"),
    "patient.identifier": Parameter(Kind.PATIENT_IDENTIFIER),
    "status": Parameter(Kind.STATUS),
    "targetCommunityIdList": Parameter(
        Kind.COMMUNITY, definition=MHD + "SearchParameter/IHE-TargetCommunityIdList", listed=False
    ),
}


def _people(name: str) -> dict[str, Parameter]:
    """Chains to the people behind an object: ``author`` or ``source``."""
    person, institution = "author_person", "author_institution"
    return {
        name: Parameter(Kind.ELSEWHERE, (person, institution), listed=False),
        f"{name}.family": Parameter(Kind.TEXT, ("author_family",)),
        f"{name}.given": Parameter(Kind.TEXT, ("author_given",)),
        f"{name}.name": Parameter(
            Kind.TEXT, ("author_family", "author_given", "author_institution")
        ),
        f"{name}.identifier": Parameter(Kind.ISSUED, (person, institution)),
        f"{name}:Practitioner.name": Parameter(
            Kind.TEXT, ("author_family", "author_given"), listed=False
        ),
        f"{name}:Practitioner.identifier": Parameter(Kind.ISSUED, (person,), listed=False),
        f"{name}:Organization.name": Parameter(Kind.TEXT, (institution,)),
        f"{name}:Organization.identifier": Parameter(Kind.ISSUED, (institution,)),
    }


DOCUMENTS: Mapping[str, Parameter] = {
    **_COMMON,
    **_people("author"),
    "category": Parameter(Kind.CODE, ("class_code",)),
    "contenttype": Parameter(Kind.WORD, ("mime_type",)),
    "creation": Parameter(
        Kind.DATE, ("creation_time",), MHD + "SearchParameter/DocumentReference-Creation"
    ),
    "custodian": Parameter(Kind.ELSEWHERE, listed=False),
    "date": Parameter(Kind.DATE, ("registration_time",)),
    "encounter": Parameter(
        Kind.RELATED, ("reference_id_list",), _CLINICAL + "encounter", type_code=ENCOUNTER_ID
    ),
    "encounter.identifier": Parameter(Kind.ISSUED, ("reference_id_list",), type_code=ENCOUNTER_ID),
    "event": Parameter(Kind.CODE, ("event_code_list",)),
    "facility": Parameter(Kind.CODE, ("healthcare_facility_type_code",)),
    "format": Parameter(Kind.CODE, ("format_code",)),
    "language": Parameter(Kind.WORD, ("language_code",)),
    "period": Parameter(Kind.PERIOD, ("service_start_time", "service_stop_time")),
    "period-end": Parameter(Kind.DATE, ("service_stop_time",), ""),
    "period-start": Parameter(Kind.DATE, ("service_start_time",), ""),
    "related": Parameter(Kind.RELATED, ("reference_id_list",)),
    "related.identifier": Parameter(Kind.REFERENCE_ID, ("reference_id_list",)),
    "relatesto": Parameter(Kind.RELATES_TO),
    "relation": Parameter(Kind.RELATION),
    "security-label": Parameter(Kind.CODE, ("confidentiality_code",)),
    "setting": Parameter(Kind.CODE, ("practice_setting_code",)),
    "type": Parameter(Kind.CODE, ("type_code",), _CLINICAL + "type"),
}

_LISTS = {
    **_COMMON,
    "code": Parameter(Kind.LIST_CODE, definition=_CLINICAL + "code"),
    "item": Parameter(Kind.ITEM),
    "title": Parameter(Kind.TEXT, ("title",)),
}
_DESIGNATION = MHD + "SearchParameter/List-DesignationType"

SUBMISSION_SETS: Mapping[str, Parameter] = {
    **_LISTS,
    **_people("source"),
    "authorOrg": Parameter(Kind.ELSEWHERE, ("author_institution",), listed=False),
    "authorOrg.identifier": Parameter(Kind.ISSUED, ("author_institution",)),
    "authorOrg.name": Parameter(Kind.TEXT, ("author_institution",)),
    "date": Parameter(Kind.DATE, ("submission_time",), _CLINICAL + "date"),
    "designationType": Parameter(Kind.CODE, ("content_type_code",), _DESIGNATION),
    "sourceId": Parameter(Kind.SOURCE, ("source_id",), MHD + "SearchParameter/List-SourceId"),
}
FOLDERS: Mapping[str, Parameter] = {
    **_LISTS,
    "date": Parameter(Kind.DATE, ("last_update_time",), _CLINICAL + "date"),
    "designationType": Parameter(Kind.CODE, ("code_list",), _DESIGNATION),
}

DOCUMENT_ORDER = {
    "_id": "logical_id",
    "_lastUpdated": "last_updated",
    "category": "class_code",
    "contenttype": "mime_type",
    "creation": "creation_time",
    "date": "registration_time",
    "facility": "healthcare_facility_type_code",
    "format": "format_code",
    "identifier": "unique_id",
    "language": "language_code",
    "period": "service_start_time",
    "period-end": "service_stop_time",
    "period-start": "service_start_time",
    "setting": "practice_setting_code",
    "status": "availability_status",
    "type": "type_code",
}
_LIST_ORDER = {
    "_id": "logical_id",
    "_lastUpdated": "last_updated",
    "identifier": "unique_id",
    "status": "availability_status",
    "title": "title",
}
SUBMISSION_SET_ORDER = {**_LIST_ORDER, "date": "submission_time"}
FOLDER_ORDER = {**_LIST_ORDER, "date": "last_update_time"}

StatusTable = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Of each availabilityStatus, for each parameter about it: the values that find it."""

_LIST_STATUSES: StatusTable = {
    APPROVED: {"status": ("current",)},
    # FHIR's word and the one in MHD's table for a List that is in force no more.
    DEPRECATED: {"status": ("retired", "superseded")},
}
_DOCUMENT_STATUSES: StatusTable = {
    APPROVED: {"status": ("current",)},
    DEPRECATED: {"status": ("superseded",)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRules:
    """What a community's searches do in their own way.

    Attributes:
        document_statuses: Every availabilityStatus a search can find, with the parameters that
            tell them apart: ``status``, and whatever parameter the community added for one.
        list_statuses: The same of submission sets and folders.
        definitions: Canonical URLs of the parameters the community added; empty where a parameter
            has none.
        document_date: What ``date`` of a DocumentReference shows, an attribute of the model.
        home_community_id: The community that is answered for, ``urn:oid:…``; empty when it has
            no name.
    """

    document_statuses: StatusTable = field(default_factory=lambda: _DOCUMENT_STATUSES)
    list_statuses: StatusTable = field(default_factory=lambda: _LIST_STATUSES)
    definitions: Mapping[str, str] = field(default_factory=dict)
    document_date: str = "registration_time"
    home_community_id: str = ""
    documents: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)
    submission_sets: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)
    folders: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put the tables together once, for all searches of the community."""
        date = Parameter(Kind.DATE, (self.document_date,), _CLINICAL + "date")
        added = _added(self.list_statuses, self.definitions)
        for name, table in (
            (
                "documents",
                {**DOCUMENTS, "date": date, **_added(self.document_statuses, self.definitions)},
            ),
            ("submission_sets", {**SUBMISSION_SETS, **added}),
            ("folders", {**FOLDERS, **added}),
        ):
            object.__setattr__(self, name, table)


def _added(statuses: StatusTable, definitions: Mapping[str, str]) -> dict[str, Parameter]:
    names = {name for values in statuses.values() for name in values} - {"status"}
    return {name: Parameter(Kind.STATUS, (), definitions.get(name, "")) for name in sorted(names)}
