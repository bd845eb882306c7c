"""Any value of the model a wire could bring, for laws that must hold for all of them.

A typed text (a code, an identifier, a time) is what remains when surrounding white space is gone,
so none of these begins or ends with any; texts for people and extra metadata are kept to the
letter. What no wire form can tell apart from something else is left out and said where.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st

from gateway.codecs.ebrim.names import QueryId
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.association import Association
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    Recipient,
    ReferenceId,
    Slot,
    Telecom,
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import RegistryObject, Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AvailabilityStatus, DocumentAvailability, DocumentEntryType
from gateway.transactions import registry_stored_query as sq
from gateway.transactions.document_repository import DocumentRequest

T = TypeVar("T")

xml_characters = st.characters(
    exclude_categories=("Cs", "Cc"),
    exclude_characters="\ufffe\uffff",
    include_characters="\t\n\r\x7f\x85",
)
"""Every character that may stand in XML."""

texts = st.text(xml_characters, max_size=12)
"""A text for people or of extra metadata, possibly empty."""

typed_texts = st.text(xml_characters, min_size=1, max_size=12).map(str.strip).filter(bool)
"""A text with a type: not empty, no white space around it."""

languages = st.sampled_from(("fr-FR", "en", "de-CH", "pt-BR"))

uuids: st.SearchStrategy[str] = st.integers(0, (1 << 128) - 1).map(
    lambda n: f"urn:uuid:{UUID(int=n)}"
)


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """A value or none at all, none more often."""
    return st.one_of(st.none(), strategy)


def few(strategy: st.SearchStrategy[T], *, least: int = 0) -> st.SearchStrategy[tuple[T, ...]]:
    """A short tuple."""
    return st.lists(strategy, min_size=least, max_size=max(2, least)).map(tuple)


oids = st.lists(st.integers(0, 9999), min_size=2, max_size=6).map(
    lambda arcs: ".".join(map(str, (2, *arcs)))
)
identifiers = st.one_of(
    typed_texts.map(Identifier), st.builds(Identifier.of, typed_texts, oids).map(lambda i: i)
).filter(lambda i: i.text == i.text.strip())
people = typed_texts.map(Person)
organizations = typed_texts.map(Organization)
telecoms = typed_texts.map(Telecom)
reference_ids = typed_texts.map(ReferenceId)
times = st.one_of(
    st.integers(10**13, 10**14 - 1).map(lambda n: DateTime(str(n))), typed_texts.map(DateTime)
)

complete_codes = st.builds(
    Code,
    code=typed_texts,
    scheme=typed_texts,
    display=st.text(xml_characters, min_size=1, max_size=12),
    language=maybe(languages),
)
"""Codes that lack nothing a Classification must have."""

codes = st.one_of(complete_codes, st.builds(Code, typed_texts, st.one_of(st.just(""), typed_texts)))
"""Codes with or without scheme and display."""

localized_strings = st.builds(LocalizedString, texts, maybe(languages))

slot_names = texts.map(lambda text: f"urn:{text}").filter(
    lambda name: not name.lower().startswith("urn:ihe:")
)
slots = st.lists(
    st.builds(Slot, slot_names, few(texts)), max_size=2, unique_by=lambda s: s.name
).map(tuple)

_without_bar = typed_texts.filter(lambda text: "|" not in text)
recipients = st.builds(
    Recipient,
    organization=maybe(_without_bar.map(Organization)),
    person=maybe(_without_bar.map(Person)),
    telecom=maybe(_without_bar.map(Telecom)),
).filter(lambda recipient: bool(recipient.text))
"""A bar cannot stand in a part of intendedRecipient, which bars separate."""

authors = st.builds(
    Author,
    person=maybe(people),
    institution=few(organizations),
    role=few(typed_texts),
    specialty=few(typed_texts),
    telecommunication=few(telecoms),
    extra=slots,
)

object_ids = st.one_of(uuids, typed_texts.filter(lambda t: not t.startswith("urn:uuid:")))

_versioned: dict[str, st.SearchStrategy[Any]] = {
    "entry_uuid": object_ids,
    "logical_id": maybe(uuids),
    "version": maybe(st.sampled_from(("1", "2", "17"))),
    "availability_status": maybe(st.sampled_from(list(AvailabilityStatus)).map(str)),
    "home_community_id": maybe(oids.map(lambda oid: f"urn:oid:{oid}")),
    "extra": slots,
}
_titled: dict[str, st.SearchStrategy[Any]] = {
    **_versioned,
    "unique_id": maybe(typed_texts),
    "patient_id": maybe(identifiers),
    "title": few(localized_strings),
    "comments": few(localized_strings),
    "limited_metadata": st.booleans(),
}


def document_entries(code: st.SearchStrategy[Code] = codes) -> st.SearchStrategy[DocumentEntry]:
    """Any entry; a uri does not begin like a numbered part of one."""
    return st.builds(
        DocumentEntry,
        **_titled,
        object_type=st.sampled_from(("", *map(str, DocumentEntryType))),
        document_availability=maybe(st.sampled_from(list(DocumentAvailability)).map(str)),
        author=few(authors),
        class_code=maybe(code),
        type_code=maybe(code),
        format_code=maybe(code),
        healthcare_facility_type_code=maybe(code),
        practice_setting_code=maybe(code),
        confidentiality_code=few(code),
        event_code_list=few(code),
        creation_time=maybe(times),
        service_start_time=maybe(times),
        service_stop_time=maybe(times),
        language_code=maybe(typed_texts),
        legal_authenticator=maybe(people),
        mime_type=maybe(typed_texts),
        hash=maybe(typed_texts),
        size=maybe(typed_texts),
        repository_unique_id=maybe(oids),
        source_patient_id=maybe(identifiers),
        source_patient_info=few(typed_texts),
        reference_id_list=few(reference_ids),
        uri=maybe(typed_texts.filter(lambda text: not text[:1].isdigit())),
    )


def submission_sets(code: st.SearchStrategy[Code] = codes) -> st.SearchStrategy[SubmissionSet]:
    """Any submission set."""
    return st.builds(
        SubmissionSet,
        **_titled,
        source_id=maybe(oids),
        submission_time=maybe(times),
        author=few(authors),
        content_type_code=maybe(code),
        intended_recipient=few(recipients),
    )


def folders(code: st.SearchStrategy[Code] = codes) -> st.SearchStrategy[Folder]:
    """Any folder."""
    return st.builds(Folder, **_titled, code_list=few(code), last_update_time=maybe(times))


def associations(code: st.SearchStrategy[Code] = codes) -> st.SearchStrategy[Association]:
    """Any association, of a known type or not."""
    return st.builds(
        Association,
        **_versioned,
        association_type=st.one_of(st.just(""), typed_texts),
        source_object=st.one_of(st.just(""), object_ids),
        target_object=st.one_of(st.just(""), object_ids),
        submission_set_status=maybe(st.sampled_from(("Original", "Reference", "Other"))),
        previous_version=maybe(typed_texts),
        association_propagation=maybe(st.sampled_from(("yes", "no"))),
        original_status=maybe(typed_texts),
        new_status=maybe(typed_texts),
        documentation=few(code),
    )


def registry_objects(code: st.SearchStrategy[Code] = codes) -> st.SearchStrategy[RegistryObject]:
    """Any object of any kind."""
    return st.one_of(
        document_entries(code), submission_sets(code), folders(code), associations(code)
    )


def submissions(code: st.SearchStrategy[Code] = codes) -> st.SearchStrategy[Submission]:
    """Any submission whose objects have different ids."""
    return st.builds(
        Submission,
        submission_sets=few(submission_sets(code)),
        document_entries=few(document_entries(code)),
        folders=few(folders(code)),
        associations=few(associations(code)),
    ).filter(_ids_differ)


def _ids_differ(submission: Submission) -> bool:
    ids = [item.entry_uuid for item in submission.objects()]
    return len(ids) == len(set(ids))


findings = st.builds(
    Finding,
    rule=st.just("a-rule"),
    code=st.sampled_from(list(ErrorCode)),
    location=texts,
    message=typed_texts,
    severity=st.sampled_from(list(Severity)),
    context=st.one_of(st.just(""), typed_texts),
)

document_requests = st.builds(
    DocumentRequest,
    repository_unique_id=st.one_of(st.just(""), typed_texts),
    document_unique_id=st.one_of(st.just(""), typed_texts),
    home_community_id=maybe(typed_texts),
)

# What a stored query can ask. A code with a ^ in it has no spelling there.

_code_texts = typed_texts.filter(lambda text: "^" not in text)
code_keys = st.tuples(_code_texts, _code_texts)
_statuses = few(st.sampled_from(list(AvailabilityStatus)).map(str), least=1)
_entry_types = few(st.sampled_from(list(DocumentEntryType)).map(str), least=1)
_some_texts = few(typed_texts, least=1)
_level = st.sampled_from((1, 2))


def _groups(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[tuple[T, ...], ...]]:
    return few(few(strategy, least=1))


def _bounds(*attributes: str) -> st.SearchStrategy[tuple[sq.TimeBound, ...]]:
    """At most one bound on each attribute, in their order."""
    digits = st.datetimes().map(lambda t: f"{t.year:04}{t.month:02}{t.day:02}{t:%H%M%S}")
    bounds = []
    for attribute in attributes:
        bound = st.builds(
            sq.TimeBound,
            attribute=st.just(attribute),
            low=maybe(digits),
            high=maybe(digits),
            missing_matches=st.just(attribute.startswith("service_")),
        )
        bounds.append(maybe(bound.filter(lambda b: b.low is not None or b.high is not None)))
    return st.tuples(*bounds).map(lambda found: tuple(b for b in found if b is not None))


_find_documents: dict[str, st.SearchStrategy[Any]] = {
    "patient_id": identifiers,
    "status": _statuses,
    "class_code": few(code_keys),
    "type_code": few(code_keys),
    "practice_setting_code": few(code_keys),
    "healthcare_facility_type_code": few(code_keys),
    "format_code": few(code_keys),
    "event_code_list": _groups(code_keys),
    "confidentiality_code": _groups(code_keys),
    "author_person": few(texts),
    "times": _bounds("creation_time", "service_start_time", "service_stop_time"),
    "document_availability": few(st.sampled_from(list(DocumentAvailability)).map(str)),
    "object_type": _entry_types,
    "metadata_level": _level,
}
_contents: dict[str, st.SearchStrategy[Any]] = {
    "format_code": few(code_keys),
    "confidentiality_code": _groups(code_keys),
    "object_type": _entry_types,
}
_association_status = {"association_status": few(_statuses.map(lambda s: s[0]))}


def _by_id(
    query: Callable[..., Any],
    *,
    several: bool = True,
    logical: bool = True,
    **others: st.SearchStrategy[Any],
) -> st.SearchStrategy[Any]:
    """A query by exactly one kind of id; logical ids need metadata level 2."""
    ids = few(typed_texts, least=1) if several else st.tuples(typed_texts)
    ways = [
        st.builds(query, entry_uuid=ids, metadata_level=_level, **others),
        st.builds(query, unique_id=ids, metadata_level=_level, **others),
    ]
    if logical:
        ways.append(st.builds(query, logical_id=ids, metadata_level=st.just(2), **others))
    return st.one_of(ways)


QUERIES: dict[QueryId, st.SearchStrategy[Any]] = {
    QueryId.FIND_DOCUMENTS: st.builds(sq.FindDocuments, **_find_documents),
    QueryId.FIND_DOCUMENTS_BY_REFERENCE_ID: st.builds(
        sq.FindDocuments,
        **_find_documents,
        reference_id_list=few(_some_texts, least=1),
    ),
    QueryId.FIND_SUBMISSION_SETS: st.builds(
        sq.FindSubmissionSets,
        patient_id=identifiers,
        status=_statuses,
        source_id=few(texts),
        times=_bounds("submission_time"),
        author_person=st.one_of(st.just(()), st.tuples(typed_texts)),
        content_type_code=few(code_keys),
    ),
    QueryId.FIND_FOLDERS: st.builds(
        sq.FindFolders,
        patient_id=identifiers,
        status=_statuses,
        times=_bounds("last_update_time"),
        code_list=_groups(code_keys),
        metadata_level=_level,
    ),
    QueryId.GET_ALL: st.builds(
        sq.GetAll,
        patient_id=identifiers,
        document_entry_status=_statuses,
        submission_set_status=_statuses,
        folder_status=_statuses,
        metadata_level=_level,
        **_contents,
        **_association_status,
    ),
    QueryId.GET_DOCUMENTS: _by_id(sq.GetDocuments),
    QueryId.GET_FOLDERS: _by_id(sq.GetFolders),
    QueryId.GET_ASSOCIATIONS: st.builds(
        sq.GetAssociations, uuid=_some_texts, metadata_level=_level, **_association_status
    ),
    QueryId.GET_DOCUMENTS_AND_ASSOCIATIONS: _by_id(
        sq.GetDocumentsAndAssociations, **_association_status
    ),
    QueryId.GET_SUBMISSION_SETS: st.builds(
        sq.GetSubmissionSets, uuid=_some_texts, metadata_level=_level
    ),
    QueryId.GET_SUBMISSION_SET_AND_CONTENTS: _by_id(
        sq.GetSubmissionSetAndContents, several=False, logical=False, **_contents
    ),
    QueryId.GET_FOLDER_AND_CONTENTS: _by_id(
        sq.GetFolderAndContents, several=False, **_contents, **_association_status
    ),
    QueryId.GET_FOLDERS_FOR_DOCUMENT: _by_id(
        sq.GetFoldersForDocument, several=False, **_association_status
    ),
    QueryId.GET_RELATED_DOCUMENTS: _by_id(
        sq.GetRelatedDocuments,
        several=False,
        association_types=_some_texts,
        object_type=_entry_types,
        **_association_status,
    ),
}
"""For each stored query, anything it can ask."""

stored_queries: st.SearchStrategy[sq.RegistryStoredQuery] = st.one_of(
    [
        st.builds(
            sq.RegistryStoredQuery,
            query_id=st.just(str(query_id)),
            query=query,
            return_type=st.sampled_from(list(sq.ReturnType)),
            home_community_id=maybe(oids.map(lambda oid: f"urn:oid:{oid}")),
        )
        for query_id, query in QUERIES.items()
    ]
)
