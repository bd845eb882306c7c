"""What a profile says, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from gateway.model.conventions import STANDARD, Conventions
from gateway.model.datatypes import Code
from gateway.model.document_entry import DocumentEntry
from gateway.model.naming import NamingSystems
from gateway.profile.access import AccessPolicy
from gateway.profile.consistency import Consistency
from gateway.profile.identity import IdentityConventions
from gateway.profile.metadata import AttributeUse
from gateway.profile.notices import NoticePolicy
from gateway.profile.policies import Policies
from gateway.profile.rule_values import Rule, RuleCondition
from gateway.profile.transactions import Transactions

__all__ = [
    "IdentifierType",
    "MetadataFromCda",
    "Profile",
    "ProfileFault",
    "Rule",
    "RuleCondition",
    "Source",
    "Validity",
    "ValueSet",
]


class ProfileFault(ValueError):
    """A profile cannot be used; the message names the file and what is wrong in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where facts of a profile were read, when, and under which licence."""

    text: str
    date: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierType:
    """The type code (CX.5, XCN.13, XON.7) of identifiers an authority gives.

    Attributes:
        starts_with: First characters a value must have; empty when any value will do.
    """

    authority: str
    type: str
    starts_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when until when something is in use: digits of a DTM, empty where nothing is said."""

    begin: str = ""
    end: str = ""

    def covers(self, moment: str) -> bool:
        """Whether a moment (digits of a DTM) lies inside; the end itself does not."""
        return not (self.begin and _filled(moment) < _filled(self.begin)) and not (
            self.end and _filled(moment) >= _filled(self.end)
        )


def _filled(digits: str) -> str:
    return digits + "00000101000000"[len(digits) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """The codes that are in use for one purpose.

    Attributes:
        date: Of this edition.
        validity: Of the set as a whole.
        code_validity: Of single codes, where the source says it.
    """

    name: str
    codes: Mapping[tuple[str, str], Code]
    oid: str = ""
    date: str = ""
    source: str = ""
    validity: Validity = Validity()
    code_validity: Mapping[tuple[str, str], Validity] = field(default_factory=dict)

    def __contains__(self, code: object) -> bool:
        return isinstance(code, Code) and code.key in self.codes

    def in_use_since(self, moment: str) -> frozenset[tuple[str, str]]:
        """The codes that are in use at a moment (digits of a DTM) and ever after."""
        if self.validity.end or not self.validity.covers(moment):
            return frozenset()
        passing = {
            key for key, own in self.code_validity.items() if own.end or not own.covers(moment)
        }
        return frozenset(self.codes.keys() - passing)

    def in_use(self, key: tuple[str, str], moment: str) -> bool:
        """Whether a code, named by code and scheme, is in use at a moment (digits of a DTM).

        What was taken out of use stays readable; only a new submission may not use it.
        """
        if key not in self.codes or not self.validity.covers(moment):
            return False
        own = self.code_validity.get(key)
        return own is None or own.covers(moment)


PRACTICE_SETTING_PLACES = frozenset({"performer", "author", "legal_authenticator"})
"""Where in a CDA header a practice setting may be looked for."""

CONTENT_TYPE_PLACES = frozenset({"facility", "encounter", "act"})
"""Where in a CDA header the activity that led to a submission may be looked for."""

CODED_TEXT_FORMS = frozenset({"coded-string", "code-display-system", "display"})
"""How a code may be written in authorRole and authorSpecialty."""

ENTRY_ATTRIBUTES = frozenset(attribute.name for attribute in fields(DocumentEntry))

DEFAULTED_ATTRIBUTES = ENTRY_ATTRIBUTES | {"content_type_code"}
"""What a profile may give a default for: attributes of the document and of its submission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataFromCda:
    """How document metadata are derived from a CDA header where the header leaves a choice.

    Attributes:
        required: Attributes of DocumentEntry that must come out.
        record_authorities: Whose identifier names the record; without any, the first one does.
        source_patient_id_type: CX.5 of the identifier the source uses itself.
        person_name_type: XCN.10 of people; ``device_name_type`` of devices.
        person_titles: Whether XCN carries prefix and suffix.
        device_identifier_type: XCN.13 of devices.
        practice_setting_from: Participants whose organisation may tell it, best first.
        specialty_form: One of :data:`CODED_TEXT_FORMS`; ``role_form`` likewise.
        class_from_type: Whether a type the map does not know becomes its own class.
        reference_types: Types that referenceIdList may carry.
        language_code: Taken when the document says none.
        default: By attribute, the code taken when the document gives none.
        event_scheme: By the code of a qualifier's name, the coding scheme under which the
            qualified translation of an act becomes an event code.
        content_type_from: Of :data:`CONTENT_TYPE_PLACES`, best first.
        one_submission_author: Whether a submission has the document's first author only.
    """

    required: tuple[str, ...] = ()
    record_authorities: tuple[str, ...] = ()
    source_patient_id_type: str = ""
    person_name_type: str = ""
    device_name_type: str = ""
    person_titles: bool = True
    device_identifier_type: str = ""
    practice_setting_from: tuple[str, ...] = ()
    specialty_form: str = "coded-string"
    role_form: str = "coded-string"
    author_telecommunication: bool = True
    class_from_type: bool = True
    reference_types: frozenset[str] = frozenset()
    language_code: str = ""
    default: Mapping[str, Code] = field(default_factory=dict)
    event_scheme: Mapping[str, str] = field(default_factory=dict)
    content_type_from: tuple[str, ...] = ("encounter", "act")
    one_submission_author: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything the product knows of a country or community.

    Attributes:
        extends: Names of the profiles it builds on, nearest first.
        realm: Codes that documents of this community carry as their realm; not inherited.
        class_by_type: By code and scheme of a typeCode, its class.
        format_by_template: By root of a document template, the format of structured documents.
        format_by_media_type: The format of documents that wrap another file.
        content_type_by_encounter: By code and scheme of an encounter, the activity as submissions
            name it; without any, an encounter's own code is the activity.
        identifier_types: In the order they are tried.
        value_sets: By name; which of them an attribute uses stands in
            ``attribute_value_sets``, best first.
        access: Who may see what.
        notices: Language of notices, and which document is the summary.
        metadata: How often each attribute stands there, and its value sets.
        rules: Of submissions, beyond those of the standard; the parent's first.
        conventions: What its records and its FHIR face have of their own.
        identity: How its assertions and tokens say who asks.
        transactions: What they look like on the wire, and the community's own numbers for them.
    """

    name: str
    title: str = ""
    version: str = ""
    extends: tuple[str, ...] = ()
    realm: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    naming: NamingSystems = NamingSystems()
    class_by_type: Mapping[tuple[str, str], Code] = field(default_factory=dict)
    format_by_template: Mapping[str, Code] = field(default_factory=dict)
    format_by_media_type: Mapping[str, Code] = field(default_factory=dict)
    content_type_by_encounter: Mapping[tuple[str, str], Code] = field(default_factory=dict)
    identifier_types: tuple[IdentifierType, ...] = ()
    value_sets: Mapping[str, ValueSet] = field(default_factory=dict)
    attribute_value_sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    metadata_from_cda: MetadataFromCda = MetadataFromCda()
    policies: Policies = Policies()
    notices: NoticePolicy = NoticePolicy()
    consistency: Consistency = Consistency()
    access: AccessPolicy = AccessPolicy()
    metadata: tuple[AttributeUse, ...] = ()
    rules: tuple[Rule, ...] = ()
    conventions: Conventions = STANDARD
    identity: IdentityConventions = IdentityConventions()
    transactions: Transactions = Transactions()

    def identifier_type(self, authority: str, value: str) -> str:
        """The type code of an identifier; empty where the profile gives none."""
        for rule in self.identifier_types:
            if rule.authority == authority and (
                not rule.starts_with or value.startswith(rule.starts_with)
            ):
                return rule.type
        return ""

    def value_sets_of(self, attribute: str) -> tuple[ValueSet, ...]:
        """The value sets an attribute is taken from, best first; none where any code will do."""
        return tuple(self.value_sets[name] for name in self.attribute_value_sets.get(attribute, ()))

    def with_display(self, attribute: str, code: Code) -> Code:
        """A code with the label its value sets give it, where it has none of its own."""
        if code.display:
            return code
        for value_set in self.value_sets_of(attribute):
            known = value_set.codes.get(code.key)
            if known:
                return known
        return code
