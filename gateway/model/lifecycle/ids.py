"""How findings name the objects of a message, and how ids are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gateway.model.changed import changed
from gateway.model.datatypes import Identifier, is_uuid_urn
from gateway.model.submission import RegistryObject, Submission
from gateway.model.vocabulary import AvailabilityStatus

T = TypeVar("T")

_APPROVED = AvailabilityStatus.APPROVED.value


def place(item: RegistryObject, attribute: str = "") -> str:
    """Name an object of a message, and one of its attributes: ``Folder[f1].title``.

    An id may be as long as a message; its beginning tells the sender enough.
    """
    dot = f".{attribute}" if attribute else ""
    return f"{type(item).__name__}[{item.entry_uuid[:128]}]{dot}"


def same_patient(one: Identifier | None, other: Identifier | None) -> bool:
    """Whether two patient ids mean the same record; type codes are not compared."""
    if one is None or other is None:
        return one is other
    return one.text == other.text or (one.value, one.authority) == (other.value, other.authority)


def same_id(identifier: str) -> str:
    """Give the form in which two spellings of one id are equal: a UUID in lower case.

    Source:
        RFC 9562: 4.
    """
    return identifier.lower() if identifier[:9].lower() == "urn:uuid:" else identifier


class PermanentIds:
    """The permanent ids of a submission's objects, in their order.

    A submitted UUID is kept, in lower case; equal symbolic ids become the same new UUID.

    Source:
        IHE ITI TF-3: 4.2.1.2 and 4.2.3.1.5 (revision 17).
    """

    def __init__(self, submission: Submission, new_uuid: Callable[[], str]) -> None:
        self._names: dict[str, str] = {}
        self._new_uuid = new_uuid
        self.ids = [self._permanent(item.entry_uuid) for item in submission.objects()]

    def _permanent(self, identifier: str) -> str:
        if not identifier:
            return self._new_uuid()
        known = self._names.get(identifier)
        if known is None:
            known = identifier.lower() if is_uuid_urn(identifier) else self._new_uuid()
            self._names[identifier] = known
        return known

    def referred(self, identifier: str) -> str:
        """Give the permanent id a reference means; one that nothing defines stays as it is."""
        known = self._names.get(identifier)
        if known is None:
            known = identifier.lower() if is_uuid_urn(identifier) else identifier
        return known


def with_registry_ids(
    submission: Submission, new_uuid: Callable[[], str], *, accepted: bool = False
) -> Submission:
    """Give every object of a submission its permanent id and rewrite the references to it.

    Args:
        new_uuid: Gives a fresh ``urn:uuid:…``, lower case.
        accepted: Make each object the first, Approved version of itself as well.
    """
    permanent = PermanentIds(submission, new_uuid)
    ids = iter(permanent.ids)

    def named(item: T, **attributes: str) -> T:
        entry_uuid = next(ids)
        if accepted:
            return changed(
                item,
                entry_uuid=entry_uuid,
                logical_id=entry_uuid,
                version="1",
                availability_status=_APPROVED,
                **attributes,
            )
        return changed(item, entry_uuid=entry_uuid, **attributes)

    return Submission(
        submission_sets=tuple([named(s) for s in submission.submission_sets]),
        document_entries=tuple([named(e) for e in submission.document_entries]),
        folders=tuple([named(f) for f in submission.folders]),
        associations=tuple(
            [
                named(
                    a,
                    source_object=permanent.referred(a.source_object),
                    target_object=permanent.referred(a.target_object),
                )
                for a in submission.associations
            ]
        ),
    )
