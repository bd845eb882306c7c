"""What the operations of one metadata update have come to, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gateway.errors import MAX_FINDINGS, ErrorCode, Finding
from gateway.model.association import Association
from gateway.model.datatypes import Author
from gateway.model.lifecycle.known import Known
from gateway.model.lifecycle.register import Circumstances
from gateway.model.submission import RegistryObject
from gateway.model.vocabulary import AvailabilityStatus

APPROVED = AvailabilityStatus.APPROVED.value
DEPRECATED = AvailabilityStatus.DEPRECATED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What goes when one document is withdrawn.

    Attributes:
        status: What all of it becomes.
        objects: Ids of entries and associations.
        folders: Ids of folders that lose a member.
        documents: uniqueIds of documents that nobody is given any more.
    """

    status: str
    objects: tuple[str, ...]
    folders: tuple[str, ...]
    documents: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """What the operations of one request have come to so far."""

    known: Known
    about: Circumstances
    restricted: bool
    added: dict[str, RegistryObject] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    withdrawn: dict[str, str] = field(default_factory=dict)
    withdrawn_documents: dict[str, None] = field(default_factory=dict)
    requester: tuple[Author, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    version_findings: list[Finding] = field(default_factory=list)
    # A request may name one object thousands of times; the registry is asked for it once.
    _objects: dict[str, RegistryObject | None] = field(default_factory=dict)
    _associations: dict[str, tuple[Association, ...]] = field(default_factory=dict)
    _added_links: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether more was found already than is told."""
        return len(self.findings) > MAX_FINDINGS

    def object(self, uuid: str) -> RegistryObject | None:
        """The object as it would be after the operations so far."""
        item = self.added.get(uuid) or self._registered(uuid)
        if item is not None and uuid in self.statuses:
            return replace(item, availability_status=self.statuses[uuid])
        return item

    def associations(self, uuid: str) -> Iterator[Association]:
        """Every association that touches an object, as it would be."""
        if uuid not in self._associations:
            self._associations[uuid] = self.known.associations(uuid)
        for association in self._associations[uuid]:
            status = self.statuses.get(association.entry_uuid, association.availability_status)
            yield replace(association, availability_status=status)
        for link in self._added_links.get(uuid, ()):
            item = self.added[link]
            assert isinstance(item, Association)
            yield item

    def withdraw(self, withdrawal: Withdrawal) -> None:
        """Take in what goes with one document."""
        self.withdrawn.update(dict.fromkeys(withdrawal.objects, withdrawal.status))
        self.withdrawn_documents.update(dict.fromkeys(withdrawal.documents))
        self.touched.update(withdrawal.folders)

    def _registered(self, uuid: str) -> RegistryObject | None:
        if uuid not in self._objects:
            self._objects[uuid] = self.known.object(uuid)
        return self._objects[uuid]

    def add_link(self, link: Association) -> None:
        """Add an association as the registry keeps it: approved, its own first version."""
        self.added[link.entry_uuid] = replace(
            link, availability_status=APPROVED, logical_id=link.entry_uuid, version="1"
        )
        for end in {link.source_object, link.target_object}:
            self._added_links.setdefault(end, []).append(link.entry_uuid)

    def say(
        self, code: ErrorCode, rule: str, location: str, message: str, context: str = ""
    ) -> None:
        """Note a finding; one is enough to refuse the whole request."""
        self.findings.append(
            Finding(rule=rule, code=code, location=location, message=message, context=context)
        )
