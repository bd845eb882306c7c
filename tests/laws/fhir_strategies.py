"""Values of the model for the laws of the FHIR wire: well formed, nearly well formed, and odd.

FHIR has no empty string, so no text here is empty; a display language comes with a display.
"""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st

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
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AvailabilityStatus, DocumentAvailability, DocumentEntryType

T = TypeVar("T")

texts = st.one_of(
    st.text(
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
        min_size=1,
        max_size=12,
    ),
    st.text("aé^&~|\\ :/#%*.1", min_size=1, max_size=10),
).filter(str.strip)
"""Any text with something to see in it, among them many with the separators of HL7 v2 and URLs."""

words = st.text("abcdeéàçXYZ0123456789-", min_size=1, max_size=10)
languages = st.sampled_from(("fr-FR", "en", "de-CH"))
uuids = st.integers(0, (1 << 128) - 1).map(lambda n: f"urn:uuid:{UUID(int=n)}")
oids = st.one_of(
    st.lists(st.integers(0, 9999), min_size=1, max_size=6).map(
        lambda arcs: ".".join(map(str, (2, *arcs)))
    ),
    st.sampled_from(("2.16.840.1.113883.6.1", "2.16.840.1.113883.5.25")),
)
uris = st.one_of(words.map(lambda w: f"http://x.example/{w}"), words.map(lambda w: f"urn:x:{w}"))


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.one_of(st.none(), strategy)


def few(strategy: st.SearchStrategy[T], least: int = 0) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


schemes = st.one_of(
    oids,
    uris,
    texts,
    oids.map("urn:oid:".__add__),
    st.sampled_from(("http://loinc.org", "Connect-a-thon formatCodes")),
)
displays = st.one_of(st.tuples(st.none(), st.none()), st.tuples(texts, maybe(languages)))
codes = st.builds(
    lambda code, scheme, shown: Code(code, scheme, *shown),
    texts,
    st.one_of(oids, schemes),
    displays,
)
times = st.one_of(
    st.datetimes().flatmap(
        lambda t: st.sampled_from((4, 6, 8, 10, 12, 14)).map(
            lambda n: DateTime(f"{t.year:04}{t.month:02}{t.day:02}{t:%H%M%S}"[:n])
        )
    ),
    st.sampled_from(("20250230", "2025011425", "20250114093000+0100", "000001", "soon")).map(
        DateTime
    ),
)
identifiers = st.one_of(
    st.builds(Identifier.of, texts, oids),
    st.builds(Identifier.of, words, uris),
    texts.map(Identifier),
    st.builds(lambda i, o, k: Identifier(f"{i}^^^NS&{o}&ISO^{k}"), words, oids, words),
)
people = st.one_of(
    st.builds(
        Person.of,
        st.one_of(st.just(""), texts),
        texts,
        st.one_of(st.just(""), words),
        middle=st.sampled_from(("", "Anne", "Anne Marie", " ", "A  B")),
        suffix=st.sampled_from(("", "Jr")),
        prefix=st.sampled_from(("", "Dr")),
        degree=st.sampled_from(("", "MD")),
        authority=st.one_of(st.just(""), oids),
    ),
    texts.map(Person),
)
organizations = st.one_of(
    st.builds(
        Organization.of, texts, st.one_of(st.just(""), texts, oids), st.one_of(st.just(""), oids)
    ),
    texts.map(Organization),
)
telecoms = st.one_of(
    texts.map(Telecom.email),
    st.builds(Telecom.phone, texts, st.sampled_from(("", "WPN", "PRN", "VHN"))),
    st.sampled_from(("^PRS^PH^^33^1^5550100^12", "^^CP^^^^^^^^^0601", "^^FX^^^^^^^^^01")).map(
        Telecom
    ),
    texts.map(Telecom),
)
coded_strings = st.one_of(
    texts,
    st.builds(lambda c, o: f"{c}^^^&{o}&ISO", words, oids),
    st.builds(lambda c, d, o: f"{c}^{d}^{o}", words, words, oids),
)
slots = few(st.builds(Slot, words.map("urn:x:".__add__), few(texts)))
authors = st.builds(
    Author,
    person=maybe(people),
    institution=few(organizations),
    role=few(coded_strings),
    specialty=few(coded_strings),
    telecommunication=few(telecoms),
    extra=slots,
)
reference_ids = st.one_of(
    st.builds(
        ReferenceId.of,
        st.one_of(words, oids, oids.map("urn:oid:".__add__), uuids),
        st.one_of(st.just(""), oids),
        st.sampled_from(
            (
                "urn:ihe:iti:xds:2013:accession",
                "urn:ihe:iti:xds:2015:encounterId",
                "urn:ihe:iti:xds:2016:studyInstanceUID",
                "",
            )
        ),
    ),
    texts.map(ReferenceId),
)
names = st.builds("^".join, few(words, least=1).map(list))
source_lines = st.one_of(
    identifiers.map(lambda i: f"PID-3|{i.text}"),
    names.map("PID-5|".__add__),
    st.builds(lambda a, b: f"PID-5|{a}^^^^^^L~{b}^^^^^^B", names, names),
    st.sampled_from(
        ("PID-7|19800102", "PID-7|1980", "PID-7|198001021530", "PID-8|F", "PID-8|A", "PID-8|")
    ),
    words.map(lambda w: f"PID-11|1 rue {w}^^Ville^^75001^FRA^H"),
    words.map(lambda w: f"PID-13|^PRN^PH^^^^{w}"),
    texts,
)
unique_ids = st.one_of(
    oids,
    st.builds(lambda o, e: f"{o}^{e}", oids, words),
    uuids,
    uuids.map(lambda u: u.removeprefix("urn:uuid:")),
    uris,
    oids.map("urn:oid:".__add__),
    st.builds(lambda u, w: f"{u}|{w}", uris, words),
    texts,
)
hashes = st.one_of(
    st.binary(min_size=20, max_size=20).map(bytes.hex),
    st.binary(min_size=20, max_size=20).map(lambda b: b.hex().upper()),
    texts,
)
sizes = st.one_of(
    st.integers(0, 2**40).map(str), st.sampled_from(("007", "ten", "2147483647", "2147483648", "٣"))
)
localized = st.builds(LocalizedString, texts, maybe(languages))
statuses = st.one_of(st.sampled_from(list(AvailabilityStatus)).map(str), texts)

_held: dict[str, st.SearchStrategy[Any]] = {
    "entry_uuid": uuids,
    "logical_id": maybe(uuids),
    "version": maybe(st.sampled_from(("1", "17", "1 000"))),
    "availability_status": statuses,
    "home_community_id": maybe(st.one_of(oids.map("urn:oid:".__add__), texts)),
    "unique_id": maybe(unique_ids),
    "patient_id": maybe(identifiers),
    "title": few(localized),
    "comments": few(localized),
    "limited_metadata": st.booleans(),
    "extra": slots,
}
document_entries = st.builds(
    DocumentEntry,
    **_held,
    object_type=st.one_of(st.sampled_from(list(DocumentEntryType)).map(str), texts),
    document_availability=maybe(st.sampled_from(list(DocumentAvailability)).map(str)),
    author=few(authors),
    class_code=maybe(codes),
    type_code=maybe(codes),
    format_code=maybe(codes),
    healthcare_facility_type_code=maybe(codes),
    practice_setting_code=maybe(codes),
    confidentiality_code=few(codes),
    event_code_list=few(codes),
    creation_time=maybe(times),
    service_start_time=maybe(times),
    service_stop_time=maybe(times),
    language_code=maybe(st.one_of(languages, texts)),
    legal_authenticator=maybe(people),
    mime_type=maybe(st.one_of(st.just("text/xml"), texts)),
    hash=maybe(hashes),
    size=maybe(sizes),
    repository_unique_id=maybe(oids),
    source_patient_id=maybe(identifiers),
    source_patient_info=few(source_lines),
    reference_id_list=few(reference_ids),
    uri=maybe(texts),
)
recipients = st.builds(
    Recipient, organization=maybe(organizations), person=maybe(people), telecom=maybe(telecoms)
)
submission_sets = st.builds(
    SubmissionSet,
    **_held,
    source_id=maybe(unique_ids),
    submission_time=maybe(times),
    author=few(authors),
    content_type_code=maybe(codes),
    intended_recipient=few(recipients),
)
folders = st.builds(Folder, **_held, code_list=few(codes), last_update_time=maybe(times))
