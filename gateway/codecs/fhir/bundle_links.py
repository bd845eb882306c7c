"""What belongs to what: references between documents and folders become associations.

Source:
    IHE MHD 4.2.4: 2:3.65.4.1.2.3, ConceptMap AssociationTypeVsRelatesTo; IHE ITI TF-3: 4.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.codecs.fhir.bundle_frame import read_condition
from gateway.codecs.fhir.reader import Json, Reader
from gateway.codecs.fhir.references import Entries, canonical
from gateway.codecs.fhir.relations import entry_uuid_of, read_relations
from gateway.codecs.fhir.vocabulary import UUID_URN
from gateway.errors import ErrorCode
from gateway.model.association import Association
from gateway.model.changed import changed
from gateway.model.vocabulary import AssociationType
from gateway.transactions.provide_document_bundle import BY_UNIQUE_ID, RequestEntry


class Links:
    """The associations of one message while it is read.

    Attributes:
        associations: With symbolic ids, in the order met.
        locations: Their ids and where they stand.
        logical_ids: What must be registered already, in the order met.
        objects: The id of the object each entry of the message became, by the entry's number.
    """

    def __init__(self, reader: Reader, places: Entries, requests: list[RequestEntry]) -> None:
        self.associations: list[Association] = []
        self.locations: list[tuple[str, str]] = []
        self.logical_ids: dict[str, None] = {}
        self.objects: dict[int, str] = {}
        self._reader = reader
        self._places = places
        self._requests = requests

    def registered(self, reference: str) -> str:
        """Give the name of a registered object that ``Type/id`` refers to."""
        logical_id = UUID_URN + reference.partition("/")[2]
        self.logical_ids[logical_id] = None
        return logical_id

    def searched(self, reference: str, path: str) -> str:
        """Give what a conditional reference names: an entryUUID, or a uniqueId as such."""
        name = read_condition(self._reader, reference, path)
        if name and not name.startswith(UUID_URN):
            name = BY_UNIQUE_ID + name
            self.logical_ids[name] = None
        return name

    def target(self, reference: str, kinds: tuple[str, ...], path: str) -> tuple[str, int | None]:
        """Give the id a reference stands for, and its entry in the bundle; empty when it is bad."""
        number = self._places.number(reference)
        if number is not None and self._requests[number].resource_type in kinds:
            return self.objects.get(number, ""), number
        name = canonical(reference, self._reader.base_url)
        if number is None and name is not None:
            if name.startswith(UUID_URN):
                # Not in the bundle: then it can only be the entryUUID of a registered object.
                return name, None
            if name.partition("/")[0] in kinds:
                return self.registered(name), None
        if number is None and reference.partition("?")[0] in kinds and "?" in reference:
            return self.searched(reference, path), None
        self._reader.note(
            "reference-unresolved",
            path,
            f"{reference[:128]!r} is no {' or '.join(kinds)} of this bundle or of this server",
            code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
        )
        return "", None

    def add(self, path: str, association: Association) -> str:
        """Take in an association; give its id."""
        name = f"association-{len(self.associations)}"
        self.associations.append(changed(association, entry_uuid=name))
        self.locations.append((name, path))
        return name

    def relations(self, source: str, resource: Json, path: str) -> None:
        """Take in what a DocumentReference says of other documents."""
        for relation in read_relations(self._reader, resource, path):
            target = relation.entry_uuid
            if not target:
                place = f"{relation.path}.target.reference"
                target, _ = self.target(relation.reference, ("DocumentReference",), place)
            if target:
                self.add(
                    relation.path,
                    Association(
                        association_type=relation.association_type,
                        source_object=source,
                        target_object=target,
                        documentation=relation.reason,
                    ),
                )

    def items(
        self, resource: Json, path: str, kinds: tuple[str, ...]
    ) -> Iterator[tuple[str, int | None, str]]:
        """Give what a List holds: id, entry in the bundle if any, and path."""
        reader = self._reader
        for element, place in reader.objects(resource, "entry", path):
            if element.get("deleted") is True:
                reader.note(
                    "list-deleted",
                    f"{place}.deleted",
                    "XDS cannot take a member out of a list this way",
                    code=ErrorCode.NOT_SUPPORTED,
                )
                continue
            item = reader.object(element, "item", place)
            reference = reader.text(item, "reference", f"{place}.item") if item else None
            if reference is None:
                reader.note("list-item", f"{place}.item", "a member needs a reference")
                continue
            registered = entry_uuid_of(reader, item, f"{place}.item") if item else ""
            if registered and self._places.number(reference) is None:
                yield registered, None, place
                continue
            target, inside = self.target(reference, kinds, f"{place}.item.reference")
            if target:
                yield target, inside, place


def member(source: str, target: str, status: str | None = None) -> Association:
    """Give the link that makes one object a member of another."""
    return Association(
        association_type=AssociationType.HAS_MEMBER,
        source_object=source,
        target_object=target,
        submission_set_status=status,
    )
