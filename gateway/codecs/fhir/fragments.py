"""Resources as they are stored: written once, put together in microseconds on every reading.

A fragment is the JSON of a resource with markers where something may still change: an octet that
cannot occur in JSON (0x1f) and a letter. :meth:`Fragments.splice` fills them in.

    V  meta.versionId        S  status              R  relatesTo
    U  meta.lastUpdated      P  subject             M  List.entry
    D  DocumentReference.date                       T  Folder date
    B  the base URL before ``Binary/…``
"""

from __future__ import annotations

from functools import lru_cache

import orjson

from gateway.codecs.fhir.datatypes import write_date_time, write_instant, write_time
from gateway.codecs.fhir.document_reference import (
    FHIR_ID,
    Parts,
    document_reference_parts,
    resource_id,
)
from gateway.codecs.fhir.identifiers import write_identifier
from gateway.codecs.fhir.list import LIST_STATUS_OF, folder_parts, submission_set_parts
from gateway.codecs.fhir.reader import Json, own
from gateway.codecs.fhir.relations import write_relation
from gateway.codecs.fhir.vocabulary import STATUS_OF, UUID_URN
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.naming import NamingSystems
from gateway.model.submission_set import SubmissionSet

Relations = tuple[tuple[str, str, str], ...]
"""Association type, the target's logical id, the target's entryUUID."""

Members = tuple[tuple[str, str], ...]
"""Kind (``DocumentEntry`` or ``Folder``) and logical id."""

_MARK = b"\x1f"
_V, _U, _S, _P, _D, _R, _B, _M, _T = b"VUSPDRBMT"
_TYPES = {"DocumentEntry": "DocumentReference", "SubmissionSet": "List", "Folder": "List"}
_LIST = b'{"resourceType":"List"'


class Fragments:
    """Writes stored fragments and fills them in, for one table of systems."""

    def __init__(self, naming: NamingSystems) -> None:
        self.naming = naming
        # Few patients make up most answers; the text of a subject is worth keeping.
        self._subject = lru_cache(maxsize=4096)(self._write_subject)

    def fragment(self, held: DocumentEntry | SubmissionSet | Folder) -> bytes:
        """Write an object as a fragment, ready to be stored."""
        if isinstance(held, DocumentEntry):
            return _document_reference(document_reference_parts(held, self.naming))
        if isinstance(held, SubmissionSet):
            return _list(submission_set_parts(held, self.naming), b"")
        return _list(folder_parts(held, self.naming), b"\x1fT")

    def splice(
        self,
        fragment: bytes,
        *,
        status: str | None,
        version: str | None = None,
        patient_id: str = "",
        patient_logical_id: str = "",
        relations: Relations = (),
        members: Members = (),
        last_updated: str = "",
        last_update_time: str = "",
        base_url: str = "",
        registration_time: str = "",
    ) -> bytes:
        """Fill in a fragment.

        Args:
            status: availabilityStatus as full URN.
            patient_id: The surviving patient id, CX text.
            patient_logical_id: FHIR id of that patient's resource, with or without ``urn:uuid:``.
            relations: What the document relates to.
            members: What the submission set or folder holds.
            last_updated: DTM text of 14 digits; fills ``meta.lastUpdated``.
            last_update_time: The folder's lastUpdateTime, DTM text.
            base_url: Of the FHIR face, without trailing slash; empty for relative references.
            registration_time: DTM text of 14 digits for ``DocumentReference.date``; the time of
                the last update when it is not given.
        """
        base = base_url.encode() + b"/" if base_url else b""
        # No marker stands behind the seventh: the long rest of a resource is not searched.
        first, *rest = fragment.split(_MARK, 7)
        parts = [first]
        for piece in rest:
            mark = piece[0]
            if mark == _V:
                if version:
                    parts.append(_version(version))
            elif mark == _U:
                if last_updated:
                    parts.append(_last_updated(last_updated))
            elif mark == _S:
                parts.append(_status(status, fragment.startswith(_LIST)))
            elif mark == _P:
                if patient_id or patient_logical_id:
                    parts.append(self._subject(patient_id, patient_logical_id))
            elif mark == _B:
                parts.append(base)
            elif mark == _R:
                if relations:
                    parts.append(_relations(relations))
            elif mark == _D:
                if registration_time or last_updated:
                    parts.append(_date(registration_time or last_updated))
            elif mark == _M:
                if members:
                    parts.append(_members(members))
            elif last_update_time:
                parts.append(_date(last_update_time))
            parts.append(piece[1:])
        return b"".join(parts)

    def write(
        self,
        held: DocumentEntry | SubmissionSet | Folder,
        *,
        patient_logical_id: str = "",
        relations: Relations = (),
        members: Members = (),
        last_updated: str = "",
        base_url: str = "",
        registration_time: str = "",
    ) -> bytes:
        """Write an object as a complete resource, with its own status, version and patient."""
        folder_time = held.last_update_time if isinstance(held, Folder) else None
        return self.splice(
            self.fragment(held),
            status=held.availability_status,
            version=held.version,
            patient_id=held.patient_id.text if held.patient_id is not None else "",
            patient_logical_id=patient_logical_id,
            relations=relations,
            members=members,
            last_updated=last_updated,
            last_update_time=folder_time.text if folder_time is not None else "",
            base_url=base_url,
            registration_time=registration_time,
        )

    def _write_subject(self, patient_id: str, patient_logical_id: str) -> bytes:
        subject: Json = {}
        if patient_logical_id:
            subject["reference"] = "Patient/" + patient_logical_id.removeprefix(UUID_URN)
        if patient_id:
            subject["identifier"] = write_identifier(Identifier(patient_id), self.naming)
        return b',"subject":' + orjson.dumps(subject)


def _tail(members: Json) -> bytes:
    """The members of an object after others, with its closing brace."""
    return b"," + orjson.dumps(members)[1:] if members else b"}"


def _head(kind: bytes, parts: Parts) -> bytes:
    identifier = b',"id":"%b"' % parts.id.encode() if parts.id else b""
    return b'{"resourceType":"%b"%b,"meta":{\x1fV\x1fU"profile":["%b"]}' % (
        kind,
        identifier,
        parts.profile.encode(),
    )


def _document_reference(parts: Parts) -> bytes:
    attachment = parts.attachment or {}
    if parts.id:
        url = b'{"url":"\x1fBBinary/%b"' % parts.id.encode() + _tail(attachment)
    else:
        url = orjson.dumps(attachment)
    format_ = b',"format":' + orjson.dumps(parts.format) if parts.format else b""
    return b"".join(
        (
            _head(b"DocumentReference", parts),
            b'\x1fS\x1fP\x1fD\x1fR,"content":[{"attachment":',
            url,
            format_,
            b"}]",
            _tail(parts.rest),
        )
    )


def _list(parts: Parts, date: bytes) -> bytes:
    return _head(b"List", parts) + b"\x1fS\x1fP" + date + b"\x1fM" + _tail(parts.rest)


# --- What is filled in -------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _version(version: str) -> bytes:
    if FHIR_ID.match(version):
        return b'"versionId":"%b",' % version.encode()
    # Not a FHIR id, so it cannot stand there; meta takes extensions like any element.
    return b'"extension":' + orjson.dumps([own("version", version)]) + b","


@lru_cache(maxsize=4096)
def _last_updated(time: str) -> bytes:
    return b'"lastUpdated":"%b",' % write_instant(time).encode()


@lru_cache(maxsize=64)
def _status(status: str | None, is_list: bool) -> bytes:
    words = LIST_STATUS_OF if is_list else STATUS_OF
    if not status or status in words:
        return b',"status":"%b"' % words.get(status or "", "current").encode()
    kept = {"extension": [own("availability-status", status)]}
    return b',"status":"current","_status":' + orjson.dumps(kept)


@lru_cache(maxsize=4096)
def _date(time: str) -> bytes:
    value, exact = write_date_time(time)
    if value is not None and exact:
        return b',"date":"%b"' % value.encode()
    members: Json = {}
    write_time(members, "date", DateTime(time))
    return b"," + orjson.dumps(members)[1:-1] if members else b""


def _relations(relations: Relations) -> bytes:
    written = [
        write_relation(kind, f"DocumentReference/{_name(logical_id)}", entry_uuid)
        for kind, logical_id, entry_uuid in relations
    ]
    return b',"relatesTo":' + orjson.dumps(written)


def _members(members: Members) -> bytes:
    written = [
        {"item": {"reference": f"{_TYPES[kind]}/{_name(logical_id)}"}}
        for kind, logical_id in members
    ]
    return b',"entry":' + orjson.dumps(written)


def _name(logical_id: str) -> str:
    return resource_id(logical_id) or logical_id
