"""Provide Document Bundle [ITI-65], Simplified Publish [ITI-105], Generate Metadata [ITI-106].

Source:
    IHE MHD 4.2.4: 3.65, 3.105, 3.106; HL7 FHIR R4: 3.1.0.8 create, 3.1.0.11 transaction.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.actors.rights import patients_in
from gateway.actors.single_document import Published
from gateway.codecs.cda.header import read_header
from gateway.codecs.fhir.bundle import read_provide_bundle
from gateway.codecs.fhir.bundle_writer import write_transaction_response
from gateway.codecs.fhir.outcome import outcome
from gateway.codecs.fhir.simplified_publish import (
    ENTRY,
    DocumentToDescribe,
    read_generate_metadata,
    read_simplified_publish,
    write_generated,
)
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Code
from gateway.model.submission import Submission
from gateway.model.vocabulary import AvailabilityStatus
from gateway.service import Actors, Service
from gateway.transactions.provide_document_bundle import (
    ProvidedDocument,
    ProvideDocumentBundle,
    RequestEntry,
)
from gateway.translators.cda import document_entry_from_cda
from gateway.translators.cda_submission import content_type_code
from gateway.web.fhir.interaction import Answer, Request, json_body, written
from gateway.web.http import Headers

_XML = ("text/xml", "application/xml", "application/cda+xml")


class Publish:
    """Answers what brings documents."""

    def __init__(self, service: Service, max_octets: int) -> None:
        self._profile = service.profile
        self._naming = service.profile.naming
        self._conventions = service.profile.conventions
        self._base_url = service.fhir_base_url
        self._limit = max_octets

    async def transaction(self, request: Request) -> Answer:
        """Accept a bundle, wholly or not at all."""
        octets = await json_body(request, self._limit)
        bundle = read_provide_bundle(
            octets, self._naming, base_url=self._base_url, conventions=self._conventions
        )
        actors = await _enter(request, bundle)
        entries, warnings = await actors.recipient.provide(bundle)
        answer = write_transaction_response(entries, findings=warnings, base_url=self._base_url)
        return Answer(200, answer)

    async def create(self, request: Request) -> Answer:
        """Accept one document inside its DocumentReference [ITI-105]."""
        octets = await json_body(request, self._limit)
        bundle = read_simplified_publish(
            octets,
            self._naming,
            base_url=self._base_url,
            if_none_exist=request.header(b"if-none-exist") or "",
            conventions=self._conventions,
        )
        actors = await _enter(request, bundle)
        published = await actors.single_document.publish(bundle)
        return await self._created(request, published, actors)

    async def generate_metadata(self, request: Request) -> Answer:
        """Accept one document and describe it from what it says of itself [ITI-106]."""
        octets = await json_body(request, self._limit)
        document = read_generate_metadata(octets, self._naming, base_url=self._base_url)
        activity = None
        described = document.described
        if described is None:
            described, activity = self._from_cda(document)
        else:
            described = replace(described, findings=document.findings + described.findings)
        actors = await _enter(request, described)
        published = await actors.single_document.publish(
            described, content_type_code=activity, reuse=True
        )
        noticed = outcome(published.warnings) if published.warnings else None
        reference = f"{self._base_url}/{published.reference}"
        return Answer(200, write_generated(reference, noticed))

    def _from_cda(self, document: DocumentToDescribe) -> tuple[ProvideDocumentBundle, Code | None]:
        """Describe a clinical document by its header.

        Raises:
            Refused: It is no clinical document.
        """
        if document.content_type not in _XML:
            raise Refused(
                Finding(
                    rule="document-kind",
                    code=ErrorCode.INVALID_DOCUMENT_CONTENT,
                    location=f"{document.location}.contentType",
                    message="metadata are made of CDA documents and of FHIR documents, not of "
                    f"{document.content_type[:64]!r}",
                ),
                *document.findings,
            )
        try:
            header = read_header(document.content)
        except Refused as refused:
            raise Refused(
                *document.findings,
                *(
                    replace(
                        f,
                        code=ErrorCode.INVALID_DOCUMENT_CONTENT,
                        location=f"{document.location}.data",
                        context=f.location,
                    )
                    for f in refused.findings
                ),
            ) from refused
        translation = document_entry_from_cda(header, self._profile, document.content)
        entry = replace(
            translation.value,
            entry_uuid=ENTRY,
            availability_status=AvailabilityStatus.APPROVED.value,
        )
        bundle = ProvideDocumentBundle(
            submission=Submission(document_entries=(entry,)),
            documents=(
                ProvidedDocument(
                    entry_id=ENTRY,
                    content=document.content,
                    content_type=document.content_type,
                    location=document.location,
                ),
            ),
            entries=(
                RequestEntry(
                    method="POST",
                    resource_type="DocumentReference",
                    url="DocumentReference",
                    object_id=ENTRY,
                    location=document.location,
                ),
            ),
            locations=((ENTRY, document.location),),
            findings=(*document.findings, *translation.findings),
        )
        return bundle, content_type_code(header, self._profile)

    async def _created(self, request: Request, published: Published, actors: Actors) -> Answer:
        kind, _, name = published.reference.partition("/")
        place = f"{self._base_url}/{published.reference}/_history/".encode()
        try:
            held = await actors.responder.read(kind, name)
        except Refused:
            # Who brings a document need not be one who sees it.
            return Answer(201, b"", headers=[(b"location", place + b"1"), (b"etag", b'W/"1"')])
        request.visit.told_held((held,))
        version = _member(held.fragment, b'"versionId":"') or b"1"
        headers: Headers = [(b"location", place + version), (b"etag", b'W/"%b"' % version)]
        status = 201 if published.is_new else 200
        return written(request, status, held.fragment, headers, published.warnings)


async def _enter(request: Request, bundle: ProvideDocumentBundle) -> Actors:
    """Enter with whom a bundle is about, as it names them."""
    patients = list(patients_in(tuple(bundle.submission.objects())))
    references: list[str] = []
    for named in bundle.patients:
        if named.is_source:
            continue
        if named.reference.startswith("Patient/") and not named.is_inside:
            references.append(named.reference.partition("/")[2])
        else:
            patients += named.identifiers[:1]
    return await request.enter(patients=patients, references=list(dict.fromkeys(references)))


def _member(resource: bytes, mark: bytes) -> bytes:
    """Give a short text at the beginning of a resource our writers made."""
    _, found, rest = resource[:512].partition(mark)
    return rest[: rest.index(b'"')] if found else b""
