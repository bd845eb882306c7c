"""The inbox: every notice waits here for the one it is for, and for nobody else.

What may be read is asked again each time: a notice of a document that is hidden again is not there.
The auditor reads all of them, with how far each got.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.datatypes import Identifier
from gateway.model.notice import Delivery, Notice, NoticeKind, RecipientKind
from gateway.model.subject import AccessRequest, SubjectKind, same_key
from gateway.notifications.contacts import Contacts
from gateway.notifications.rights import Rights
from gateway.notifications.texts import inbox_text, language_of
from gateway.ports import Page, PatientDirectory
from gateway.ports.notices import NoticeStore

_RECIPIENTS = {
    SubjectKind.PATIENT: RecipientKind.PATIENT,
    SubjectKind.REPRESENTATIVE: RecipientKind.REPRESENTATIVE,
    SubjectKind.PROFESSIONAL: RecipientKind.GP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which notices are asked for.

    Attributes:
        kinds: Any of these; none means all.
        since: DTM of 14 digits; the moment belongs to it.
        before: Likewise; the moment does not.
        keys: Recipients, by the key of :func:`gateway.model.subject.same_key`; none means all.
    """

    kinds: frozenset[NoticeKind] = frozenset()
    since: str = ""
    before: str = ""
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One notice as somebody reads it.

    Attributes:
        number: Ascending over all notices; a page goes on after it.
        deliveries: For the auditor only.
    """

    number: int
    notice: Notice
    text: str
    language: str
    deliveries: tuple[Delivery, ...] = ()


class Inbox:
    """Gives people their notices."""

    def __init__(
        self,
        store: NoticeStore,
        contacts: Contacts,
        patients: PatientDirectory,
        rights: Rights,
        language: str,
    ) -> None:
        self._store = store
        self._contacts = contacts
        self._patients = patients
        self._rights = rights
        self._language = language

    async def page(
        self, access: AccessRequest | None, asked: Asked, *, after: int | None, size: int
    ) -> tuple[Sequence[Letter], bool]:
        """Give somebody's notices, the newest first, and whether there are more.

        Args:
            access: Who reads; ``None`` where nobody is asked who he is.
        """
        found: list[Letter] = []
        sees_all = await self._sees_all(access)
        while True:
            batch = await self._batch(access, sees_all, after, size)
            for number, notice in batch[:size]:
                after = number
                letter = await self._letter(access, sees_all, number, notice, asked)
                if letter is None:
                    continue
                if len(found) == size:
                    return found, True
                found.append(letter)
            if len(batch) <= size:
                return found, False

    async def one(self, access: AccessRequest | None, notice_id: str) -> Letter | None:
        """Give one notice, where it is for whoever asks."""
        notice = await self._store.notice(notice_id)
        sees_all = await self._sees_all(access)
        if notice is None or not (sees_all or await self._is_for(access, notice)):
            return None
        return await self._letter(access, sees_all, 0, notice, Asked())

    async def _sees_all(self, access: AccessRequest | None) -> bool:
        return access is None or await self._rights.may_audit(access)

    async def _batch(
        self, access: AccessRequest | None, sees_all: bool, after: int | None, size: int
    ) -> tuple[tuple[int, Notice], ...]:
        page = Page(size=size, after=after)
        if sees_all:
            return await self._store.inbox(None, page)
        assert access is not None
        subject = access.subject
        if subject.id is None or subject.kind not in _RECIPIENTS:
            return ()
        identifiers: tuple[Identifier, ...] = (subject.id,)
        if subject.kind is SubjectKind.PATIENT:
            patient = await self._patients.find(subject.id)
            if patient is not None:
                identifiers = (*identifiers, *patient.identifiers)
        return await self._store.inbox(identifiers, page, _RECIPIENTS[subject.kind])

    async def _is_for(self, access: AccessRequest | None, notice: Notice) -> bool:
        assert access is not None
        subject = access.subject
        if subject.id is None or _RECIPIENTS.get(subject.kind) is not notice.recipient_kind:
            return False
        mine = same_key(subject.id)
        known = await self._contacts.identifiers(notice)
        return any(same_key(identifier) == mine for identifier in known)

    async def _letter(
        self,
        access: AccessRequest | None,
        sees_all: bool,
        number: int,
        notice: Notice,
        asked: Asked,
    ) -> Letter | None:
        wanted = (
            (not asked.kinds or notice.kind in asked.kinds)
            and asked.since <= notice.time
            and (not asked.before or notice.time < asked.before)
            and (not asked.keys or same_key(notice.recipient) in asked.keys)
        )
        if not wanted:
            return None
        about = access.patient if access and sees_all else None
        if about is not None and same_key(about) != same_key(notice.patient):
            return None  # A credential about one patient.
        if not sees_all and not await self._rights.may_be_told(notice):
            return None
        contact = await self._contacts.of(notice)
        language = language_of(contact.language if contact else "", self._language)
        return Letter(
            number=number,
            notice=notice,
            text=inbox_text(notice, language),
            language=language,
            deliveries=await self._store.deliveries([notice.id]) if sees_all else (),
        )
