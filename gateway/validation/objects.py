"""Attributes of one object: what must be there, what may not, and in which form.

Source:
    IHE ITI TF-3: Table 4.3.1-3 and 4.2.3.2 to 4.2.3.4 (revision 17).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from operator import attrgetter
from typing import Any, NamedTuple

from gateway.errors import ErrorCode, Finding
from gateway.model.datatypes import Author, Code, LocalizedString
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle.ids import place
from gateway.model.remembering import remembered
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import DocumentAvailability, DocumentEntryType
from gateway.validation import formats


class Transaction(Enum):
    """Which transaction brought a submission; each asks for other attributes."""

    PROVIDE_AND_REGISTER = "ITI-41"
    REGISTER = "ITI-42"
    UPDATE = "ITI-57"
    REGISTER_ON_DEMAND = "ITI-61"
    RESTRICTED_UPDATE = "ITI-92"
    PROVIDE_DOCUMENT_BUNDLE = "ITI-65"
    DISTRIBUTE_ON_MEDIA = "ITI-32"


class _Formats(NamedTuple):
    """The attributes of a kind of object that have a format.

    Attributes:
        values: Gives all of an object's values in one step, which is what most objects cost.
        checks: For each of them the standard's word and the check of its format.
    """

    values: Callable[[RegistryObject], tuple[Any, ...]]
    checks: tuple[tuple[str, Callable[[Any], str | None]], ...]


def _formats(*attributes: tuple[str, str, Callable[[Any], str | None]]) -> _Formats:
    return _Formats(
        attrgetter(*[name for name, _, _ in attributes]),
        tuple([(attribute, check) for _, attribute, check in attributes]),
    )


_ALWAYS = (
    ("class_code", "classCode"),
    ("confidentiality_code", "confidentialityCode"),
    ("format_code", "formatCode"),
    ("healthcare_facility_type_code", "healthcareFacilityTypeCode"),
    ("language_code", "languageCode"),
    ("mime_type", "mimeType"),
    ("patient_id", "patientId"),
    ("practice_setting_code", "practiceSettingCode"),
    ("source_patient_id", "sourcePatientId"),
    ("type_code", "typeCode"),
    ("unique_id", "uniqueId"),
)
_CREATION = (("creation_time", "creationTime"),)
_REPOSITORY = (("repository_unique_id", "repositoryUniqueId"),)
_CONTENT = (("hash", "hash"), ("size", "size"))
_LIMITED = (("mime_type", "mimeType"), ("patient_id", "patientId"), ("unique_id", "uniqueId"))

_ENTRY_REQUIRED = {
    Transaction.PROVIDE_AND_REGISTER: (*_ALWAYS, *_CREATION),
    Transaction.PROVIDE_DOCUMENT_BUNDLE: (*_ALWAYS, *_CREATION),
    Transaction.DISTRIBUTE_ON_MEDIA: (*_ALWAYS, *_CREATION, *_CONTENT),
    Transaction.REGISTER: (*_ALWAYS, *_CREATION, *_REPOSITORY, *_CONTENT),
    Transaction.UPDATE: (*_ALWAYS, *_CREATION, *_REPOSITORY),
    Transaction.RESTRICTED_UPDATE: (*_ALWAYS, *_CREATION, *_REPOSITORY),
    Transaction.REGISTER_ON_DEMAND: (*_ALWAYS, *_REPOSITORY),
}
_ON_DEMAND_REQUIRED = (*_ALWAYS, *_REPOSITORY)
_ON_DEMAND_FORBIDDEN = (*_CREATION, *_CONTENT)

SET_REQUIRED = (
    ("content_type_code", "contentTypeCode"),
    ("patient_id", "patientId"),
    ("source_id", "sourceId"),
    ("submission_time", "submissionTime"),
    ("unique_id", "uniqueId"),
)
_SET_LIMITED = (
    ("source_id", "sourceId"),
    ("submission_time", "submissionTime"),
    ("unique_id", "uniqueId"),
)
FOLDER_REQUIRED = (
    ("code_list", "codeList"),
    ("patient_id", "patientId"),
    ("title", "title"),
    ("unique_id", "uniqueId"),
)
_FOLDER_LIMITED = (("unique_id", "uniqueId"),)

_ENTRY_TYPES = frozenset(DocumentEntryType)
_AVAILABILITIES = frozenset(DocumentAvailability)
_TITLE_LIMIT = {DocumentEntry: 128, SubmissionSet: 256, Folder: 256}

_ENTRY_FORMATS = _formats(
    ("unique_id", "uniqueId", formats.check_document_unique_id),
    ("patient_id", "patientId", formats.check_identifier),
    ("creation_time", "creationTime", formats.check_date_time),
    ("service_start_time", "serviceStartTime", formats.check_date_time),
    ("service_stop_time", "serviceStopTime", formats.check_date_time),
    ("language_code", "languageCode", formats.check_language),
    ("legal_authenticator", "legalAuthenticator", formats.check_person),
    ("mime_type", "mimeType", formats.check_mime_type),
    ("hash", "hash", formats.check_hash),
    ("size", "size", formats.check_size),
    ("repository_unique_id", "repositoryUniqueId", formats.check_oid),
    ("source_patient_id", "sourcePatientId", formats.check_identifier),
    ("home_community_id", "homeCommunityId", formats.check_home),
)
_SET_FORMATS = _formats(
    ("unique_id", "uniqueId", formats.check_oid),
    ("source_id", "sourceId", formats.check_oid),
    ("patient_id", "patientId", formats.check_identifier),
    ("submission_time", "submissionTime", formats.check_date_time),
    ("home_community_id", "homeCommunityId", formats.check_home),
)
_FOLDER_FORMATS = _formats(
    ("unique_id", "uniqueId", formats.check_oid),
    ("patient_id", "patientId", formats.check_identifier),
    ("home_community_id", "homeCommunityId", formats.check_home),
)
_CODES = (
    "classCode",
    "typeCode",
    "formatCode",
    "healthcareFacilityTypeCode",
    "practiceSettingCode",
)
_codes: Callable[[DocumentEntry], tuple[Code | None, ...]] = attrgetter(
    "class_code",
    "type_code",
    "format_code",
    "healthcare_facility_type_code",
    "practice_setting_code",
)


def required_in(transaction: Transaction) -> frozenset[str]:
    """The attributes an entry must have in a transaction, by the standard's words."""
    on_demand = transaction is Transaction.REGISTER_ON_DEMAND
    asked = _ON_DEMAND_REQUIRED if on_demand else _ENTRY_REQUIRED[transaction]
    return frozenset(attribute for _, attribute in asked)


def forbidden_in(transaction: Transaction) -> frozenset[str]:
    """The attributes an entry may not have in a transaction, by the standard's words."""
    on_demand = transaction is Transaction.REGISTER_ON_DEMAND
    return frozenset(attribute for _, attribute in _ON_DEMAND_FORBIDDEN if on_demand)


def complaint(item: RegistryObject, attribute: str, rule: str, message: str) -> Finding:
    """A finding about one attribute of one object, the ordinary way."""
    return Finding(
        rule=rule,
        code=ErrorCode.REGISTRY_METADATA_ERROR,
        location=place(item, attribute),
        message=message,
    )


def is_comprehensive(entry: DocumentEntry) -> bool:
    """Whether an entry has everything but what its recipient and its repository add.

    Source:
        IHE ITI TF-3: Table 4.3.1-3, columns "XDS DS" and "XDR MS" (revision 17).
    """
    required = _ENTRY_REQUIRED[Transaction.PROVIDE_DOCUMENT_BUNDLE]
    added = ("unique_id", "source_patient_id")
    return all(getattr(entry, name) for name, _ in required if name not in added)


def check_document_entry(entry: DocumentEntry, transaction: Transaction) -> Iterator[Finding]:
    """Find what is missing, forbidden or malformed in an entry."""
    on_demand = entry.is_on_demand
    if entry.object_type not in _ENTRY_TYPES:
        yield complaint(
            entry,
            "objectType",
            "entry-object-type",
            "must be a stable or on-demand DocumentEntry, found "
            f"{formats.shown(entry.object_type)}",
        )
    elif on_demand != (transaction is Transaction.REGISTER_ON_DEMAND) and transaction not in (
        Transaction.UPDATE,
        Transaction.RESTRICTED_UPDATE,
    ):
        yield complaint(
            entry,
            "objectType",
            "entry-object-type",
            "on-demand entries come by Register On-Demand Document Entry [ITI-61] only"
            if on_demand
            else "Register On-Demand Document Entry [ITI-61] takes on-demand entries only",
        )
    required: tuple[tuple[str, str], ...]
    if entry.limited_metadata:
        required = _LIMITED
    elif on_demand:
        required = _ON_DEMAND_REQUIRED
    else:
        required = _ENTRY_REQUIRED[transaction]
    yield from _check_required(entry, required)
    if on_demand:
        for name, attribute in _ON_DEMAND_FORBIDDEN:
            if getattr(entry, name) is not None:
                yield complaint(
                    entry,
                    attribute,
                    "on-demand-without-content",
                    "may not be given for an on-demand document, which does not exist yet",
                )
    yield from _check_formats(entry, _ENTRY_FORMATS)
    for single, attribute in zip(_codes(entry), _CODES, strict=True):
        if single is not None and not (single.code and single.scheme):
            yield from _check_code(entry, attribute, single)
    for code in entry.confidentiality_code:
        if not (code.code and code.scheme):
            yield from _check_code(entry, "confidentialityCode", code)
    for code in entry.event_code_list:
        if not (code.code and code.scheme):
            yield from _check_code(entry, "eventCodeList", code)
    yield from _check_authors(entry, entry.author)
    yield from _check_title(entry, entry.title)
    for message in formats.check_source_patient_info(entry.source_patient_info):
        yield complaint(entry, "sourcePatientInfo", "source-patient-info", message)
    for reference in entry.reference_id_list:
        message = formats.check_reference_id(reference) or ""
        if message:
            yield complaint(entry, "referenceIdList", "format-cxi", message)
    availability = entry.document_availability
    if availability is not None and availability not in _AVAILABILITIES:
        yield complaint(
            entry,
            "documentAvailability",
            "document-availability",
            f"must be Online or Offline as full URN, found {formats.shown(availability)}",
        )
    start, stop = entry.service_start_time, entry.service_stop_time
    if start and stop and start.is_well_formed and stop.is_well_formed:
        common = min(len(start.text), len(stop.text))
        if start.text[:common] > stop.text[:common]:
            yield complaint(
                entry,
                "serviceStopTime",
                "service-times-ordered",
                f"must not be before serviceStartTime {start.text}, found {stop.text}",
            )


def check_submission_set(item: SubmissionSet) -> Iterator[Finding]:
    """Find what is missing or malformed in a submission set."""
    yield from _check_required(item, _SET_LIMITED if item.limited_metadata else SET_REQUIRED)
    yield from _check_formats(item, _SET_FORMATS)
    code = item.content_type_code
    if code is not None and not (code.code and code.scheme):
        yield from _check_code(item, "contentTypeCode", code)
    yield from _check_authors(item, item.author)
    yield from _check_title(item, item.title)
    for recipient in item.intended_recipient:
        parts: tuple[str | None, ...] = (
            formats.check_organization(recipient.organization) if recipient.organization else None,
            formats.check_person(recipient.person) if recipient.person else None,
            formats.check_telecom(recipient.telecom) if recipient.telecom else None,
        )
        for message in parts:
            if message:
                yield complaint(item, "intendedRecipient", "format-recipient", message)


def check_folder(item: Folder) -> Iterator[Finding]:
    """Find what is missing or malformed in a folder."""
    yield from _check_required(item, _FOLDER_LIMITED if item.limited_metadata else FOLDER_REQUIRED)
    yield from _check_formats(item, _FOLDER_FORMATS)
    for code in item.code_list:
        yield from _check_code(item, "codeList", code)
    yield from _check_title(item, item.title)


def _check_required(
    item: RegistryObject, required: tuple[tuple[str, str], ...]
) -> Iterator[Finding]:
    for name, attribute in required:
        if not getattr(item, name):
            yield complaint(item, attribute, "required", "must be given, found nothing")


def _check_formats(item: RegistryObject, formats: _Formats) -> Iterator[Finding]:
    for value, (attribute, check) in zip(formats.values(item), formats.checks, strict=True):
        # What was given empty has been named as missing.
        if value and (message := check(value)):
            yield complaint(item, attribute, "format", message)


def _check_code(item: RegistryObject, attribute: str, code: Code) -> Iterator[Finding]:
    if not code.code:
        yield complaint(item, attribute, "code-given", "must have a code, found an empty one")
    if not code.scheme:
        yield complaint(
            item, attribute, "code-scheme", f"code {formats.shown(code.code)} needs a codingScheme"
        )


def _check_authors(item: RegistryObject, authors: tuple[Author, ...]) -> Iterator[Finding]:
    for author in authors:
        for attribute, rule, message in _author_complaints(author):
            yield complaint(item, attribute, rule, message)


@remembered(1024)
def _author_complaints(author: Author) -> tuple[tuple[str, str, str], ...]:
    """Attribute, rule and message of all that is wrong; few authors write most documents."""
    found = []
    if not (author.person or author.institution or author.telecommunication):
        message = "must have an authorPerson, authorInstitution or authorTelecommunication"
        found.append(("author", "author-named", message))
    if author.person:
        complaints = [formats.check_person(author.person)]
        found += [("author.authorPerson", "format-xcn", c) for c in complaints if c]
    complaints = [formats.check_organization(o) for o in author.institution]
    found += [("author.authorInstitution", "format-xon", c) for c in complaints if c]
    complaints = [formats.check_telecom(t) for t in author.telecommunication]
    found += [("author.authorTelecommunication", "format-xtn", c) for c in complaints if c]
    return tuple(found)


def _check_title(item: RegistryObject, title: tuple[LocalizedString, ...]) -> Iterator[Finding]:
    limit = _TITLE_LIMIT.get(type(item), 256)
    for text in title:
        if len(text.value) > limit:
            yield complaint(
                item,
                "title",
                "title-length",
                f"must have at most {limit} characters, found {len(text.value)}",
            )
