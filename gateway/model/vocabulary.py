"""The fixed words of XDS: statuses, object types, association types.

Source:
    IHE ITI TF-3: 4.2.1 to 4.2.5 (revision 17); Metadata Update and RMU supplements.
"""

from __future__ import annotations

from enum import StrEnum


class AvailabilityStatus(StrEnum):
    """Whether an object is in force."""

    APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"


class DocumentAvailability(StrEnum):
    """Whether a document can be retrieved now."""

    ONLINE = "urn:ihe:iti:2010:DocumentAvailability:Online"
    OFFLINE = "urn:ihe:iti:2010:DocumentAvailability:Offline"


class DocumentEntryType(StrEnum):
    """The objectType of a DocumentEntry."""

    STABLE = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
    ON_DEMAND = "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"


class AssociationType(StrEnum):
    """How two objects are linked: "source TYPE target"."""

    HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
    RPLC = "urn:ihe:iti:2007:AssociationType:RPLC"
    XFRM = "urn:ihe:iti:2007:AssociationType:XFRM"
    APND = "urn:ihe:iti:2007:AssociationType:APND"
    XFRM_RPLC = "urn:ihe:iti:2007:AssociationType:XFRM_RPLC"
    SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
    IS_SNAPSHOT_OF = "urn:ihe:iti:2010:AssociationType:IsSnapshotOf"
    UPDATE_AVAILABILITY_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
    SUBMIT_ASSOCIATION = "urn:ihe:iti:2010:AssociationType:SubmitAssociation"


RELATIONSHIPS = frozenset(
    {
        AssociationType.RPLC,
        AssociationType.XFRM,
        AssociationType.APND,
        AssociationType.XFRM_RPLC,
        AssociationType.SIGNS,
        AssociationType.IS_SNAPSHOT_OF,
    }
)
"""The types that link one document with another."""

REPLACEMENTS = frozenset({AssociationType.RPLC, AssociationType.XFRM_RPLC})
"""The types whose target is deprecated."""

UPDATE_TRIGGERS = frozenset(
    {AssociationType.UPDATE_AVAILABILITY_STATUS, AssociationType.SUBMIT_ASSOCIATION}
)
"""The types that ask for an operation of Update Document Set and are never stored."""

EMPTY_SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
"""The hash of a document of no octets, which a delayed assembly is registered with."""
