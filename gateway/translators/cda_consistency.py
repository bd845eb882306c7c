"""A clinical document against the metadata it came with: every disagreement, with both values.

What the header tells is derived as for a document without metadata (:mod:`gateway.translators.cda`)
and compared, attribute by attribute. What the header does not tell is not compared, and neither is
what a profile assumed in its place. How much a disagreement weighs is profile data.

Personal data stay out of the messages: where they disagree, the finding says where both stand.

Source:
    IHE PCC TF-2: 4.1.1 (metadata from the header); IHE ITI TF-3: Table 4.2.3.2-1 (revision 17).
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.codecs.cda.head import head_of
from gateway.codecs.cda.header import read_header
from gateway.codecs.cda.values import CdaHeader
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Author, Code, DateTime, Identifier, Person
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle.ids import place
from gateway.profile import Profile
from gateway.profile.consistency import Consistency
from gateway.translators.cda import Content, document_entry_from_cda

HEAD = 1024 * 1024
"""First octets of a document that are looked at; a header is in them, or is too long to compare."""

_PROBE = 16 * 1024
_XML_TYPES = ("text/xml", "application/xml", "application/hl7-cda+xml", "application/cda+xml")

_SAID_IN = {
    "unique_id": "id",
    "patient_id": "recordTarget/patientRole/id",
    "source_patient_id": "recordTarget/patientRole/id",
    "class_code": "code",
    "type_code": "code",
    "format_code": "templateId, or component/nonXMLBody/text/@mediaType",
    "healthcare_facility_type_code": (
        "componentOf/encompassingEncounter/location/healthCareFacility/code"
    ),
    "practice_setting_code": "standardIndustryClassCode of the performer's organization",
    "confidentiality_code": "confidentialityCode",
    "event_code_list": "documentationOf/serviceEvent/code",
    "creation_time": "effectiveTime",
    "service_start_time": "documentationOf/serviceEvent/effectiveTime/low",
    "service_stop_time": "documentationOf/serviceEvent/effectiveTime/high",
    "title": "title",
    "language_code": "languageCode",
    "author": "author/assignedAuthor",
    "legal_authenticator": "legalAuthenticator/assignedEntity",
    "mime_type": "(the document itself)",
    "hash": "(its octets)",
    "size": "(its octets)",
}


def looks_like_cda(entry: DocumentEntry, first_octets: bytes) -> bool:
    """Whether a document is a clinical one, by its type and its first octets."""
    media_type = (entry.mime_type or "").partition(";")[0].strip().lower()
    is_named = b"ClinicalDocument" in first_octets[:_PROBE]
    return is_named and (media_type in _XML_TYPES or first_octets.lstrip()[:1] == b"<")


def check_first_octets(
    entry: DocumentEntry, first_octets: bytes, size: int, profile: Profile
) -> tuple[Finding, ...]:
    """Compare a document with its entry when no more than its beginning is at hand.

    Hash and size are not compared here; a repository measures documents as they come.

    Args:
        first_octets: Up to :data:`HEAD` of them.
        size: Octets of the whole document.
    """
    if not looks_like_cda(entry, first_octets):
        return ()
    document = head_of(first_octets)
    if document is None and len(first_octets) == size:
        document = first_octets
    rules = profile.consistency
    if document is None:
        return tuple(_unreadable(entry, rules, f"no body begins in its first {HEAD} octets"))
    try:
        header = read_header(document)
    except Refused as refused:
        first = refused.findings[0]
        return tuple(_unreadable(entry, rules, f"{first.location}: {first.message}"))
    return check_consistency(header, entry, profile)


def check_consistency(
    header: CdaHeader, entry: DocumentEntry, profile: Profile, content: Content | None = None
) -> tuple[Finding, ...]:
    """Compare what a document says of itself with what an entry says of it.

    Args:
        content: Hash and size of the document; not compared unless given.

    Returns:
        One finding for each disagreement, as heavy as the profile says.

    Source:
        IHE PCC TF-2: 4.1.1.
    """
    derived = document_entry_from_cda(header, profile, content or Content(sha1="", size=0))
    # What was assumed is not what the document says.
    assumed = {
        f.location.removeprefix("DocumentEntry.")
        for f in derived.findings
        if f.rule in ("cda-default", "cda-required")
    }
    if not header.language_code:
        assumed.add("language_code")
    if header.code is not None and header.code.key not in profile.class_by_type:
        # A type that stands in for its class is not what the document says either.
        assumed.add("class_code")
    if content is None:
        assumed |= {"hash", "size"}
    findings = []
    for attribute, said_in in _SAID_IN.items():
        weight = profile.consistency.weight(attribute)
        if weight is None or attribute in assumed:
            continue
        problem = _problem(attribute, header, derived.value, entry)
        if problem:
            findings.append(
                Finding(
                    rule="cda-consistency",
                    code=ErrorCode.PATIENT_ID_DOES_NOT_MATCH
                    if attribute == "patient_id"
                    else ErrorCode.REPOSITORY_METADATA_ERROR,
                    location=place(entry, attribute),
                    message=f"{problem} (ClinicalDocument/{said_in})",
                    severity=weight,
                )
            )
    return tuple(findings)


def _unreadable(entry: DocumentEntry, rules: Consistency, why: str) -> Iterator[Finding]:
    weight = rules.weight("document")
    if weight is not None:
        yield Finding(
            rule="cda-consistency",
            code=ErrorCode.INVALID_DOCUMENT_CONTENT,
            location=place(entry),
            message=f"the document cannot be compared with its entry: {why}",
            severity=weight,
        )


def _problem(
    attribute: str, header: CdaHeader, derived: DocumentEntry, entry: DocumentEntry
) -> str:
    """Say how the two disagree; empty when they do not, or one of them says nothing."""
    said, found = getattr(derived, attribute), getattr(entry, attribute)
    if attribute in ("patient_id", "source_patient_id"):
        return _patient(header, found)
    if not said or not found:
        return ""
    match attribute:
        case "author":
            return _authors(said, found)
        case "legal_authenticator":
            return "" if _same_person(said, found) else "the two name different people"
        case "title":
            texts = [" ".join(one.value.split()) for one in found]
            wanted = said[0].value.rstrip("…")
            same = any(text == said[0].value or text.startswith(wanted) for text in texts)
            return "" if same else "the title is not the document's"
        case "confidentiality_code" | "event_code_list":
            missing = [code for code in said if code.key not in {one.key for one in found}]
            return _differs(_codes(missing), _codes(found)) if missing else ""
    if isinstance(said, Code):
        return "" if said.key == found.key else _differs(_codes([said]), _codes([found]))
    if isinstance(said, DateTime):
        # The same moment, said more or less precisely, is no disagreement.
        same = said.text.startswith(found.text) or found.text.startswith(said.text)
        return "" if same else _differs(said.text, found.text)
    if attribute in ("language_code", "hash"):
        return "" if said.lower() == found.lower() else _differs(said, found)
    if attribute == "mime_type":
        media_type = found.partition(";")[0].strip().lower()
        return "" if media_type in _XML_TYPES else _differs(said, found)
    if attribute == "size":
        return "" if said.lstrip("0") == found.lstrip("0") else _differs(said, found)
    return "" if said == found else _differs(said, found)


def _differs(said: str, found: str) -> str:
    return f"the document says {said[:160]}, the entry says {found[:160]}"


def _codes(codes: list[Code] | tuple[Code, ...]) -> str:
    return ", ".join(f"{code.code}^^{code.scheme}" for code in codes)


def _patient(header: CdaHeader, found: Identifier | None) -> str:
    """The entry's patient must be one the document names; numbers stay out of the message."""
    if found is None or not found.value:
        return ""
    known = {(one.extension, one.root) for one in header.patient.identifiers}
    known |= {("", one.root) for one in header.patient.identifiers if not one.extension}
    if (found.value, found.authority) in known or ("", found.value) in known:
        return ""
    authorities = {one.root for one in header.patient.identifiers}
    if found.authority in authorities:
        return f"the document names another patient of {found.authority}"
    return (
        f"the document names no patient of {found.authority or 'no authority'}; it names one of "
        + ", ".join(sorted(authorities)[:5])
    )


def _authors(said: tuple[Author, ...], found: tuple[Author, ...]) -> str:
    people = [author.person for author in found if author.person is not None]
    missing = [
        str(number)
        for number, author in enumerate(said, 1)
        if author.person is not None and not any(_same_person(author.person, one) for one in people)
    ]
    if not missing:
        return ""
    return f"author {', '.join(missing)} of the document is none of the entry's {len(found)}"


def _same_person(one: Person, other: Person) -> bool:
    """By identifier where both have one of the same authority, else by name."""
    if one.identifier and other.identifier and one.authority == other.authority:
        return one.identifier == other.identifier
    names = [(p.family.casefold(), p.given.casefold()) for p in (one, other)]
    return names[0] == names[1]


class ConsistencyCheck:
    """What a repository asks about each document on its way in.

    Args:
        profile: Its rules decide what is compared.

    Attributes:
        octets: How many of a document's first octets it wants.
    """

    octets = HEAD

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def concerns(self, entry: DocumentEntry, first_octets: bytes) -> bool:
        """Whether a document is a clinical one."""
        return looks_like_cda(entry, first_octets)

    def __call__(self, entry: DocumentEntry, first_octets: bytes, size: int) -> tuple[Finding, ...]:
        """Compare one document with its entry; see :func:`check_first_octets`."""
        return check_first_octets(entry, first_octets, size, self._profile)
