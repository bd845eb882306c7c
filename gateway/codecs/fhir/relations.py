"""Associations between documents, and ``DocumentReference.relatesTo``.

``relatesTo`` knows four codes. A transform-and-replace and a snapshot travel under the nearest one
with their XDS type in an extension; a pair of ``replaces`` and ``transforms`` on one target, as
other sources write it, is read as transform-and-replace too.

Source:
    IHE MHD 4.2.4: ConceptMap AssociationTypeVsRelatesTo; IHE ITI TF-3: 4.2.2.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.codecs.fhir.datatypes import read_concept, write_concept
from gateway.codecs.fhir.identifiers import MHD_TYPED
from gateway.codecs.fhir.reader import Json, Reader, own, own_text
from gateway.codecs.fhir.vocabulary import (
    ASSOCIATION_OF,
    COARSE,
    ENTRY_UUID,
    EXTENSION,
    RELATION_OF,
    URI_SYSTEM,
    UUID_URN,
)
from gateway.model.datatypes import Code
from gateway.model.naming import NamingSystems
from gateway.model.vocabulary import AssociationType

REASON = EXTENSION + "association-reason"


@dataclass(frozen=True, slots=True)
class Relation:
    """One ``relatesTo`` as it was read.

    Attributes:
        association_type: Full URN.
        reference: The literal reference to the target; empty when there is none.
        entry_uuid: The target's entryUUID, where the reference carries it as identifier.
        path: Where it stands.
        reason: Why, in codes of the community.
    """

    association_type: str
    reference: str
    entry_uuid: str
    path: str
    reason: tuple[Code, ...] = ()


def write_relation(
    association_type: str,
    reference: str,
    entry_uuid: str = "",
    reason: Iterable[Code] = (),
    naming: NamingSystems | None = None,
) -> Json:
    """Write one relation to another document.

    Args:
        reference: Literal reference to the target.
        entry_uuid: The target's entryUUID, added as its identifier when given.
        reason: Needs ``naming``.
    """
    target: Json = {"reference": reference}
    if entry_uuid:
        target["identifier"] = {
            "type": MHD_TYPED[ENTRY_UUID],
            "system": URI_SYSTEM,
            "value": entry_uuid,
        }
    relation: Json = {
        "code": RELATION_OF.get(association_type, "appends"),
        "target": target,
    }
    extensions: list[Json] = []
    if association_type in COARSE or association_type not in RELATION_OF:
        extensions.append(own("association-type", association_type))
    if naming is not None:
        extensions.extend(
            {"url": REASON, "valueCodeableConcept": write_concept(code, naming)} for code in reason
        )
    if extensions:
        relation["extension"] = extensions
    return relation


def read_relations(reader: Reader, resource: Json, path: str) -> tuple[Relation, ...]:
    """Read what a DocumentReference says of other documents."""
    relations: list[Relation] = []
    for element, place in reader.objects(resource, "relatesTo", path):
        code = reader.text(element, "code", place)
        kept = own_text(element, "association-type")
        association_type = ASSOCIATION_OF.get(code or "", "")
        if kept is not None and RELATION_OF.get(kept, "appends") == code:
            association_type = kept
        if not association_type:
            reader.note(
                "relation-code",
                f"{place}.code",
                "expected replaces, transforms, appends or signs",
            )
            continue
        target = reader.object(element, "target", place)
        if target is None:
            reader.note("relation-target", place, "a relation needs a target")
            continue
        where = f"{place}.target"
        reference = reader.text(target, "reference", where) or ""
        entry_uuid = entry_uuid_of(reader, target, where)
        if not reference and not entry_uuid:
            reader.note(
                "relation-target",
                where,
                "a target is named by a reference or by its entryUUID (urn:uuid:…)",
            )
            continue
        reason = tuple(
            found
            for extension, spot in reader.objects(element, "extension", place)
            if extension.get("url") == REASON
            and (concept := reader.object(extension, "valueCodeableConcept", spot)) is not None
            and (found := read_concept(reader, concept, spot)) is not None
        )
        relations.append(Relation(association_type, reference, entry_uuid, place, reason))
    return _paired(relations)


def entry_uuid_of(reader: Reader, reference: Json, path: str) -> str:
    """Give the entryUUID a reference carries as identifier; empty when it carries none."""
    identifier = reader.object(reference, "identifier", path)
    value = reader.text(identifier, "value", f"{path}.identifier") if identifier else None
    return value if value is not None and value.startswith(UUID_URN) else ""


def _paired(relations: list[Relation]) -> tuple[Relation, ...]:
    """Make one transform-and-replace of a ``replaces`` and a ``transforms`` on one target."""
    transforms = {
        (r.reference, r.entry_uuid) for r in relations if r.association_type == AssociationType.XFRM
    }
    replaced = {
        (r.reference, r.entry_uuid) for r in relations if r.association_type == AssociationType.RPLC
    }
    both = transforms & replaced
    joined: list[Relation] = []
    for relation in relations:
        if (relation.reference, relation.entry_uuid) not in both:
            joined.append(relation)
        elif relation.association_type == AssociationType.RPLC:
            joined.append(replace(relation, association_type=AssociationType.XFRM_RPLC.value))
        elif relation.association_type != AssociationType.XFRM:
            joined.append(relation)
    return tuple(joined)
