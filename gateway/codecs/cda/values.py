"""The header of a clinical document as values, named by the words of CDA R2.

Nothing is interpreted: times are the texts of the document, codes keep their system, an element
with a ``nullFlavor`` is as absent as one that was not sent.

Source:
    HL7 CDA R2 (2005): 4.2 header; HL7 V3 data types R1 for II, CE, AD, PN, TEL, TS.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.datatypes import Code


@dataclass(frozen=True, slots=True)
class InstanceIdentifier:
    """An II: an OID or UUID, with an extension where one was given.

    An ``order`` may come with several; ``kind`` keeps the element's name apart from ``id``.
    """

    root: str
    extension: str = ""
    kind: str = "id"

    @property
    def unique_id(self) -> str:
        """The identifier in one piece, as XDS writes a document's uniqueId.

        Source:
            IHE PCC TF-2: 4.1.1 (uniqueId is root, or root^extension).
        """
        return f"{self.root}^{self.extension}" if self.extension else self.root


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A translation of a code, with the names of its qualifiers (what aspect it tells)."""

    code: Code
    qualifiers: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePart:
    """One part of a name.

    Attributes:
        kind: ``family``, ``given``, ``prefix`` or ``suffix``; ``""`` for a name in one piece.
        text: The part, without surrounding blanks.
        qualifier: ``BR`` given at birth, ``CL`` called, ``SP`` of the spouse, …
    """

    kind: str
    text: str
    qualifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A PN or ON: its parts in the document's order."""

    parts: tuple[NamePart, ...]
    use: str = ""

    def all(self, kind: str, *qualifiers: str) -> tuple[str, ...]:
        """The texts of one kind, limited to these qualifiers (``""`` is none) when any is given."""
        return tuple(
            part.text
            for part in self.parts
            if part.kind == kind
            and (
                not qualifiers
                or not {*part.qualifier.split()}.isdisjoint(qualifiers)
                or (not part.qualifier and "" in qualifiers)
            )
        )

    @property
    def text(self) -> str:
        """The whole name as one line."""
        return " ".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An AD: the parts that metadata can carry."""

    use: str = ""
    lines: tuple[str, ...] = ()
    house_number: str = ""
    street_name: str = ""
    unit: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    county: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telecommunication:
    """A TEL: a URL (``tel:``, ``mailto:``) and its use (``H``, ``WP``, ``MC``)."""

    value: str
    use: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organisation in any of its roles."""

    identifiers: tuple[InstanceIdentifier, ...] = ()
    name: str = ""
    telecoms: tuple[Telecommunication, ...] = ()
    addresses: tuple[Address, ...] = ()
    standard_industry_class_code: Code | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device or software that wrote a document."""

    manufacturer_model_name: str = ""
    software_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody in a role: author, performer, legal authenticator, responsible party.

    Attributes:
        time: When the participation happened (its begin where an interval was given).
        function_code: In which function, for example attending physician.
        code: The role's own code, for professionals their specialty.
    """

    type_code: str = ""
    time: str = ""
    function_code: Code | None = None
    identifiers: tuple[InstanceIdentifier, ...] = ()
    code: Code | None = None
    name: Name | None = None
    device: Device | None = None
    telecoms: tuple[Telecommunication, ...] = ()
    addresses: tuple[Address, ...] = ()
    organization: Organization | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An IVL_TS: ``low`` and ``high``, or ``value`` for a point in time."""

    low: str = ""
    high: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRole:
    """Whose document it is."""

    identifiers: tuple[InstanceIdentifier, ...] = ()
    names: tuple[Name, ...] = ()
    administrative_gender_code: Code | None = None
    birth_time: str = ""
    birthplace: Address | None = None
    marital_status_code: Code | None = None
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecommunication, ...] = ()
    provider_organization: Organization | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEvent:
    """One act the document is about."""

    class_code: str = ""
    template_ids: tuple[InstanceIdentifier, ...] = ()
    identifiers: tuple[InstanceIdentifier, ...] = ()
    code: Code | None = None
    translations: tuple[Translation, ...] = ()
    effective_time: Interval = Interval()
    performers: tuple[Participant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EncompassingEncounter:
    """The stay or visit the document belongs to, and where it took place."""

    identifiers: tuple[InstanceIdentifier, ...] = ()
    code: Code | None = None
    effective_time: Interval = Interval()
    responsible_party: Participant | None = None
    facility_identifiers: tuple[InstanceIdentifier, ...] = ()
    facility_code: Code | None = None
    facility_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedDocument:
    """A document this one replaces (``RPLC``), appends to (``APND``) or transforms (``XFRM``)."""

    type_code: str
    identifiers: tuple[InstanceIdentifier, ...] = ()
    set_id: InstanceIdentifier | None = None
    version_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CdaHeader:
    """Everything the header of a clinical document says.

    Attributes:
        template_ids: In the document's order, the general ones usually first.
        identifier: ``ClinicalDocument/id``; the document itself.
        orders: Identifiers in ``inFulfillmentOf/order``; ``kind`` tells ``id`` from
            ``accessionNumber``.
        body_media_type: Of a ``nonXMLBody``; ``None`` for a structured body.
    """

    realm_code: str = ""
    template_ids: tuple[InstanceIdentifier, ...] = ()
    identifier: InstanceIdentifier
    set_id: InstanceIdentifier | None = None
    version_number: str = ""
    code: Code | None = None
    title: str = ""
    effective_time: str = ""
    confidentiality_code: Code | None = None
    language_code: str = ""
    patient: PatientRole
    authors: tuple[Participant, ...] = ()
    data_enterer: Participant | None = None
    custodian: Organization | None = None
    legal_authenticator: Participant | None = None
    authenticators: tuple[Participant, ...] = ()
    participants: tuple[Participant, ...] = ()
    orders: tuple[InstanceIdentifier, ...] = ()
    service_events: tuple[ServiceEvent, ...] = ()
    related_documents: tuple[RelatedDocument, ...] = ()
    encompassing_encounter: EncompassingEncounter | None = None
    body_media_type: str | None = None

    @property
    def is_structured(self) -> bool:
        """Whether the body is made of sections."""
        return self.body_media_type is None

    @property
    def replaces(self) -> tuple[str, ...]:
        """The uniqueIds of the documents this one replaces."""
        return tuple(
            identifier.unique_id
            for related in self.related_documents
            if related.type_code == "RPLC"
            for identifier in related.identifiers
        )
