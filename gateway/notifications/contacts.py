"""Where people are reached: what was kept for them, or what the patient's own data tell."""

from __future__ import annotations

from gateway.model.datatypes import Identifier
from gateway.model.notice import Contact, Notice, RecipientKind
from gateway.ports import PatientDirectory
from gateway.ports.notices import NoticeStore


class Contacts:
    """Finds a person under any of the identifiers that person has."""

    def __init__(self, store: NoticeStore, patients: PatientDirectory) -> None:
        self._store = store
        self._patients = patients

    async def identifiers(self, notice: Notice) -> tuple[Identifier, ...]:
        """Every identifier the recipient is known by."""
        if notice.recipient_kind is RecipientKind.PATIENT:
            patient = await self._patients.find(notice.recipient)
            if patient is not None:
                others = (i for i in patient.identifiers if i != notice.recipient)
                return (notice.recipient, *others)
        return (notice.recipient,)

    async def of(self, notice: Notice) -> Contact | None:
        """Give where the recipient of a notice is reached."""
        return await self._store.contact(await self.identifiers(notice))
