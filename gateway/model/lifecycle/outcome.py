"""What the operations of one metadata update have come to, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gateway.errors import ErrorCode, Finding
from gateway.model.association import Association
from gateway.model.lifecycle.known import Known
from gateway.model.lifecycle.register import Circumstances
from gateway.model.submission import RegistryObject
from gateway.model.vocabulary import AvailabilityStatus

APPROVED = AvailabilityStatus.APPROVED.value
DEPRECATED = AvailabilityStatus.DEPRECATED.value


@dataclass(slots=True)
class Outcome:
    """What the operations of one request have come to so far."""

    known: Known
    about: Circumstances
    restricted: bool
    added: dict[str, RegistryObject] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    version_findings: list[Finding] = field(default_factory=list)

    def object(self, uuid: str) -> RegistryObject | None:
        """The object as it would be after the operations so far."""
        item = self.added.get(uuid) or self.known.object(uuid)
        if item is not None and uuid in self.statuses:
            return replace(item, availability_status=self.statuses[uuid])
        return item

    def associations(self, uuid: str) -> Iterator[Association]:
        """Every association that touches an object, as it would be."""
        for association in self.known.associations(uuid):
            current = self.object(association.entry_uuid)
            if isinstance(current, Association):
                yield current
        for item in self.added.values():
            if isinstance(item, Association) and uuid in (item.source_object, item.target_object):
                yield item

    def say(
        self, code: ErrorCode, rule: str, location: str, message: str, context: str = ""
    ) -> None:
        """Note a finding; one is enough to refuse the whole request."""
        self.findings.append(
            Finding(rule=rule, code=code, location=location, message=message, context=context)
        )


def add_link(link: Association, outcome: Outcome) -> None:
    """Add an association as the registry keeps it: approved, its own first version."""
    outcome.added[link.entry_uuid] = replace(
        link, availability_status=APPROVED, logical_id=link.entry_uuid, version="1"
    )
