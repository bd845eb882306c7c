"""Resources as they are stored: written once, put together in microseconds on every reading.

A fragment is the JSON of a resource with marks where something may still change: a name between
parentheses that begins with an octet which cannot occur in JSON (0x1f). The fragment as a whole is
a format of Python's ``%``, with which :meth:`Fragments.splice` fills in all marks at once; other
percent signs are doubled.

    H  the changing members of meta: V and U
    A  the changing members of the resource: S, P, D or T, R or M
    B  the base URL before ``Binary/…``

Each mark that is filled in costs as much as two hundred octets that are copied, so what stands
together is one mark. Older fragments have one for each part:

    V  meta.versionId        S  status              R  relatesTo
    U  meta.lastUpdated      P  subject             M  List.entry
    D  DocumentReference.date                       T  Folder date
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from gateway.codecs.fhir.datatypes import write_date_time, write_instant, write_time
from gateway.codecs.fhir.document_reference import document_reference_parts
from gateway.codecs.fhir.identifiers import write_identifier
from gateway.codecs.fhir.list import LIST_STATUS_OF, folder_parts, submission_set_parts
from gateway.codecs.fhir.reader import Json, own
from gateway.codecs.fhir.relations import write_relation
from gateway.codecs.fhir.resource import FHIR_ID, Parts, resource_id
from gateway.codecs.fhir.vocabulary import STATUS_OF, UUID_URN
from gateway.model.conventions import STANDARD, Conventions, FurtherStatus
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.naming import NamingSystems
from gateway.model.remembering import remembered
from gateway.model.submission_set import SubmissionSet

Relations = tuple[tuple[str, str, str], ...]
"""Association type, the target's logical id, the target's entryUUID."""

Members = tuple[tuple[str, str], ...]
"""Kind (``DocumentEntry`` or ``Folder``) and logical id."""

_H, _A, _B = (b"%%(\x1f%c)b" % letter for letter in b"HAB")
_TYPES = {"DocumentEntry": "DocumentReference", "SubmissionSet": "List", "Folder": "List"}
_LIST = b'{"resourceType":"List"'


class Fragments:
    """Writes stored fragments and fills them in, for one table of systems."""

    def __init__(self, naming: NamingSystems, conventions: Conventions = STANDARD) -> None:
        self.naming = naming
        self.conventions = conventions
        self._further = {s.urn: s for s in conventions.statuses.further}
        # The objects of one answer have nearly all the same patient, and many the same times.
        self._subject = remembered(4096)(self._write_subject)
        self._present = remembered(4096)(self._write_present)

    def fragment(self, held: DocumentEntry | SubmissionSet | Folder) -> bytes:
        """Write an object as a fragment, ready to be stored."""
        if isinstance(held, DocumentEntry):
            parts = document_reference_parts(held, self.naming, self.conventions)
            return _document_reference(parts)
        if isinstance(held, SubmissionSet):
            return _list(submission_set_parts(held, self.naming, self.conventions))
        return _list(folder_parts(held, self.naming, self.conventions))

    def splice(
        self,
        fragment: bytes,
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
        values = self._present(
            fragment.startswith(_LIST),
            status,
            version,
            patient_id,
            patient_logical_id,
            last_updated,
            last_update_time,
            base_url,
            registration_time,
        )
        if relations:
            more = _relations(relations)
            values = {**values, b"\x1fR": more, b"\x1fA": values[b"\x1fA"] + more}
        if members:
            more = _members(members)
            values = {**values, b"\x1fM": more, b"\x1fA": values[b"\x1fA"] + more}
        written = fragment % values
        if status in self._further:
            return _further_status(written, self._further[status])
        return written

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

    def _write_present(
        self,
        is_list: bool,
        status: str | None,
        version: str | None,
        patient_id: str,
        patient_logical_id: str,
        last_updated: str,
        last_update_time: str,
        base_url: str,
        registration_time: str,
    ) -> Mapping[bytes, bytes]:
        """What each mark stands for, but for relations and members."""
        created = registration_time or last_updated
        known = _version(version) if version else b""
        updated = _last_updated(last_updated) if last_updated else b""
        said = _status(status, is_list)
        has_subject = patient_id or patient_logical_id
        subject = self._subject(patient_id, patient_logical_id) if has_subject else b""
        date = _date(created) if created else b""
        touched = _date(last_update_time) if last_update_time else b""
        # Where the date is that of the document's making, it is no part that changes.
        shown = date if self.conventions.date == "registration_time" else b""
        return {
            b"\x1fH": known + updated,
            b"\x1fA": said + subject + (touched if is_list else shown),
            b"\x1fB": base_url.encode() + b"/" if base_url else b"",
            b"\x1fV": known,
            b"\x1fU": updated,
            b"\x1fS": said,
            b"\x1fP": subject,
            b"\x1fD": date,
            b"\x1fR": b"",
            b"\x1fM": b"",
            b"\x1fT": touched,
        }

    def _write_subject(self, patient_id: str, patient_logical_id: str) -> bytes:
        subject: Json = {}
        if patient_logical_id:
            subject["reference"] = "Patient/" + patient_logical_id.removeprefix(UUID_URN)
        if patient_id:
            subject["identifier"] = write_identifier(Identifier(patient_id), self.naming)
        return b',"subject":' + orjson.dumps(subject)


def _literal(octets: bytes) -> bytes:
    """Octets as they stand between the marks of a fragment."""
    return octets.replace(b"%", b"%%") if b"%" in octets else octets


def _tail(members: Json) -> bytes:
    """The members of an object after others, with its closing brace."""
    return _literal(b"," + orjson.dumps(members)[1:]) if members else b"}"


def _head(kind: bytes, parts: Parts) -> bytes:
    identifier = b',"id":"' + parts.id.encode() + b'"' if parts.id else b""
    return b"".join(
        (
            b'{"resourceType":"',
            kind,
            b'"',
            identifier,
            b',"meta":{',
            _H,
            b'"profile":["',
            _literal(parts.profile.encode()),
            b'"]}',
        )
    )


def _further_status(written: bytes, status: FurtherStatus) -> bytes:
    """Say a status FHIR has no word for: by an extension among those the resource has.

    Few resources are in such a status, so they may cost being read once more.
    """
    resource = orjson.loads(written)
    resource.pop("_status", None)
    resource["status"] = status.code
    said = {"url": status.extension, "valueBoolean": True}
    resource["extension"] = [*resource.get("extension", ()), said]
    return orjson.dumps(resource)


def _document_reference(parts: Parts) -> bytes:
    attachment = parts.attachment or {}
    url: tuple[bytes, ...] = (_literal(orjson.dumps(attachment)),)
    if parts.id:
        url = (b'{"url":"', _B, b"Binary/", parts.id.encode(), b'"', _tail(attachment))
    format_ = b',"format":' + _literal(orjson.dumps(parts.format)) if parts.format else b""
    return b"".join(
        (
            _head(b"DocumentReference", parts),
            _A,
            b',"content":[{"attachment":',
            *url,
            format_,
            b"}]",
            _tail(parts.rest),
        )
    )


def _list(parts: Parts) -> bytes:
    return b"".join((_head(b"List", parts), _A, _tail(parts.rest)))


# --- What is filled in -------------------------------------------------------------------------


@remembered(256)
def _version(version: str) -> bytes:
    if FHIR_ID.match(version):
        return b'"versionId":"%b",' % version.encode()
    # Not a FHIR id, so it cannot stand there; meta takes extensions like any element.
    return b'"extension":' + orjson.dumps([own("version", version)]) + b","


@remembered(4096)
def _last_updated(time: str) -> bytes:
    return b'"lastUpdated":"%b",' % write_instant(time).encode()


@remembered(64)
def _status(status: str | None, is_list: bool) -> bytes:
    words = LIST_STATUS_OF if is_list else STATUS_OF
    if not status or status in words:
        return b',"status":"%b"' % words.get(status or "", "current").encode()
    kept = {"extension": [own("availability-status", status)]}
    return b',"status":"current","_status":' + orjson.dumps(kept)


@remembered(4096)
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
