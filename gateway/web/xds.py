"""The operations of the XDS doors: elements to values, the actor, values to elements.

Source:
    IHE ITI TF-2: 3.18, 3.41, 3.42, 3.43, 3.57, 3.61, 3.62; supplements 3.86 and 3.92.
"""

from __future__ import annotations

from gateway.actors.document_registry import DocumentRegistry
from gateway.actors.document_repository import DocumentRepository, StagedDocument
from gateway.codecs.ebrim.names import declare
from gateway.codecs.ebrim.query import read_query
from gateway.codecs.ebrim.query_response import (
    query_response,
    write_object_ref,
    write_query_response,
)
from gateway.codecs.ebrim.remove import read_remove_documents, read_remove_objects
from gateway.codecs.ebrim.response import status_of, write_outcome, write_registry_response
from gateway.codecs.ebrim.retrieve import read_retrieve_request, write_retrieve_response
from gateway.codecs.ebrim.submission import read_provide_and_register, read_submit_objects
from gateway.codecs.soap.xop import check_holders, read_includes, read_inline
from gateway.errors import Finding
from gateway.model.conventions import STANDARD_STATUSES, StatusRules
from gateway.ports import DocumentStore, Form, Staging
from gateway.transactions.registry_stored_query import ReturnType
from gateway.validation import Transaction
from gateway.web.soap import Attachment, Operation, Question, Reply

LCM = "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}"
QUERY = "{urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0}"
XDSB = "{urn:ihe:iti:xds-b:2007}"
RMD = "{urn:ihe:iti:rmd:2017}"


class RegistryOperations:
    """What the Document Registry's door does."""

    def __init__(
        self, registry: DocumentRegistry, statuses: StatusRules = STANDARD_STATUSES
    ) -> None:
        self._registry = registry
        self._statuses = statuses

    def operations(self) -> tuple[Operation, ...]:
        """Give the registry's transactions."""
        submit = f"{LCM}SubmitObjectsRequest"
        return (
            Operation(
                element=f"{QUERY}AdhocQueryRequest",
                action="urn:ihe:iti:2007:RegistryStoredQuery",
                response_action="urn:ihe:iti:2007:RegistryStoredQueryResponse",
                handle=self.query,
                refuse=_refuse_query,
            ),
            Operation(
                element=submit,
                action="urn:ihe:iti:2007:RegisterDocumentSet-b",
                response_action="urn:ihe:iti:2007:RegisterDocumentSet-bResponse",
                handle=self.register,
                refuse=write_registry_response,
            ),
            Operation(
                element=submit,
                action="urn:ihe:iti:2010:UpdateDocumentSet",
                response_action="urn:ihe:iti:2010:UpdateDocumentSetResponse",
                handle=self.update,
                refuse=write_registry_response,
            ),
            Operation(
                element=submit,
                action="urn:ihe:iti:2018:RestrictedUpdateDocumentSet",
                response_action="urn:ihe:iti:2018:RestrictedUpdateDocumentSetResponse",
                handle=self.restricted_update,
                refuse=write_registry_response,
            ),
            Operation(
                element=submit,
                action="urn:ihe:iti:2010:RegisterOnDemandDocumentEntry",
                response_action="urn:ihe:iti:2010:RegisterOnDemandDocumentResponse",
                handle=self.register_on_demand,
                refuse=write_registry_response,
            ),
            Operation(
                element=f"{LCM}RemoveObjectsRequest",
                action="urn:ihe:iti:2010:DeleteDocumentSet",
                response_action="urn:ihe:iti:2010:DeleteDocumentSetResponse",
                handle=self.remove,
                refuse=write_registry_response,
            ),
        )

    async def query(self, question: Question) -> Reply:
        """Registry Stored Query [ITI-18]."""
        request = read_query(question.envelope.body, self._statuses)
        found = await self._registry.query(request, Form.EBRIM)
        if request.return_type is ReturnType.OBJECT_REF:
            home = self._registry.home_community_id
            objects = [write_object_ref(held.entry_uuid, home) for held in found.objects]
        else:
            objects = [held.fragment for held in found.objects]
        return Reply(query_response(objects))

    async def register(self, question: Question) -> Reply:
        """Register Document Set-b [ITI-42]."""
        request = read_submit_objects(question.envelope.body)
        done = await self._registry.register(request)
        return Reply([write_registry_response(done.warnings)])

    async def register_on_demand(self, question: Question) -> Reply:
        """Register On-Demand Document Entry [ITI-61]."""
        request = read_submit_objects(question.envelope.body)
        done = await self._registry.register(request, Transaction.REGISTER_ON_DEMAND)
        return Reply([write_registry_response(done.warnings)])

    async def update(self, question: Question) -> Reply:
        """Update Document Set [ITI-57]."""
        done = await self._registry.update(read_submit_objects(question.envelope.body))
        return Reply([write_registry_response(done.warnings)])

    async def restricted_update(self, question: Question) -> Reply:
        """Restricted Update Document Set [ITI-92]."""
        request = read_submit_objects(question.envelope.body)
        done = await self._registry.update(request, restricted=True)
        return Reply([write_registry_response(done.warnings)])

    async def remove(self, question: Question) -> Reply:
        """Remove Metadata [ITI-62]."""
        await self._registry.remove(read_remove_objects(question.envelope.body))
        return Reply([write_registry_response()])


class RepositoryOperations:
    """What the Document Repository's door does."""

    def __init__(self, repository: DocumentRepository, documents: DocumentStore) -> None:
        self._repository = repository
        self._documents = documents

    def operations(self) -> tuple[Operation, ...]:
        """Give the repository's transactions."""
        return (
            Operation(
                element=f"{XDSB}ProvideAndRegisterDocumentSetRequest",
                action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
                response_action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
                handle=self.provide_and_register,
                refuse=write_registry_response,
                takes_documents=True,
            ),
            Operation(
                element=f"{XDSB}RetrieveDocumentSetRequest",
                action="urn:ihe:iti:2007:RetrieveDocumentSet",
                response_action="urn:ihe:iti:2007:RetrieveDocumentSetResponse",
                handle=self.retrieve,
                refuse=_refuse_retrieve,
                always_mtom=True,
            ),
            Operation(
                element=f"{RMD}RemoveDocumentsRequest",
                action="urn:ihe:iti:2017:RemoveDocuments",
                response_action="urn:ihe:iti:2017:RemoveDocumentsResponse",
                handle=self.remove,
                refuse=write_registry_response,
            ),
        )

    async def provide_and_register(self, question: Question) -> Reply:
        """Provide and Register Document Set-b [ITI-41]."""
        body = question.envelope.body
        includes = read_includes(body, tuple(question.parts))
        request, elements = read_provide_and_register(body)
        check_holders(includes, [element for _, element in elements])
        staged = []
        inline: list[Staging] = []
        try:
            for entry_id, element in elements:
                name = includes.get(element)
                if name is not None:
                    staging = question.parts[name]
                else:
                    octets = read_inline(element)
                    staging = self._documents.stage()
                    inline.append(staging)
                    staging.write(octets)
                    staging.close()
                staged.append(StagedDocument(entry_id=entry_id, staging=staging))
            done = await self._repository.provide_and_register(request, tuple(staged))
        finally:
            for staging in inline:
                await self._documents.discard(staging)
        return Reply([write_registry_response(done.warnings)])

    async def retrieve(self, question: Question) -> Reply:
        """Retrieve Document Set [ITI-43]."""
        response = await self._repository.retrieve(read_retrieve_request(question.envelope.body))
        attachments = tuple(
            Attachment(
                content_id=f"document-{number}@gateway",
                media_type=found.mime_type,
                size=found.size,
                content=found.content,
            )
            for number, found in enumerate(response.documents, 1)
        )
        documents = [
            (found, attachment.content_id)
            for found, attachment in zip(response.documents, attachments, strict=True)
        ]
        return Reply([write_retrieve_response(documents, response.findings)], attachments)

    async def remove(self, question: Question) -> Reply:
        """Remove Documents [ITI-86]."""
        response = await self._repository.remove(read_remove_documents(question.envelope.body))
        status = status_of(response.findings, something=bool(response.documents))
        return Reply([write_outcome(response.findings, status, declare("rs")).encode()])


def _refuse_query(findings: tuple[Finding, ...]) -> bytes:
    return write_query_response((), findings)


def _refuse_retrieve(findings: tuple[Finding, ...]) -> bytes:
    return write_retrieve_response((), findings)
