"""The operations of the XDS doors: elements to values, the actor, values to elements.

Source:
    IHE ITI TF-2: 3.18, 3.41, 3.42, 3.43, 3.57, 3.61, 3.62; supplements 3.86 and 3.92.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.actors.document_registry import Registered
from gateway.actors.document_repository import StagedDocument
from gateway.actors.proceedings import RequestKind
from gateway.actors.rights import patients_in
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
from gateway.codecs.xml import write_xml
from gateway.errors import ErrorCode, Finding
from gateway.model.audit import Action, AuditedObject
from gateway.model.conventions import STANDARD_STATUSES, StatusRules
from gateway.model.subject import Operation as Right
from gateway.ports import DocumentStore, Form, Staging
from gateway.service import Actors
from gateway.transactions.document_repository import RetrievedDocument
from gateway.transactions.registry_stored_query import GetDocuments, ReturnType, names_in
from gateway.transactions.submission import SubmitObjects
from gateway.validation import Transaction
from gateway.web.marks import Alerts
from gateway.web.soap import Attachment, Operation, Question, Reply

LCM = "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}"
QUERY = "{urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0}"
XDSB = "{urn:ihe:iti:xds-b:2007}"
RMD = "{urn:ihe:iti:rmd:2017}"


# What each transaction is, for rights and for the audit trail. Whoever adds an operation says it
# here; a test goes over every operation of both doors.
QUERIES = RequestKind(transaction="ITI-18", operation=Right.READ, action=Action.EXECUTE)
RETRIEVES = RequestKind(transaction="ITI-43", operation=Right.READ, action=Action.READ)
PROVIDES = RequestKind(transaction="ITI-41", operation=Right.SUBMIT, action=Action.CREATE)
REGISTERS = RequestKind(transaction="ITI-42", operation=Right.SUBMIT, action=Action.CREATE)
ON_DEMAND = RequestKind(transaction="ITI-61", operation=Right.SUBMIT, action=Action.CREATE)
UPDATES = RequestKind(transaction="ITI-57", operation=Right.UPDATE, action=Action.UPDATE)
RESTRICTED = RequestKind(transaction="ITI-92", operation=Right.UPDATE, action=Action.UPDATE)
REMOVES = RequestKind(transaction="ITI-62", operation=Right.DELETE, action=Action.DELETE)
REMOVES_DOCUMENTS = RequestKind(transaction="ITI-86", operation=Right.DELETE, action=Action.DELETE)


class RegistryOperations:
    """What the Document Registry's door does.

    Args:
        denied: What a refusal by the record gate is called.
    """

    def __init__(
        self,
        statuses: StatusRules = STANDARD_STATUSES,
        denied: ErrorCode = ErrorCode.REGISTRY_ERROR,
    ) -> None:
        self._statuses = statuses
        self._denied = denied

    def operations(self) -> tuple[Operation, ...]:
        """Give the registry's transactions."""
        submit = f"{LCM}SubmitObjectsRequest"
        return (
            Operation(
                element=f"{QUERY}AdhocQueryRequest",
                action="urn:ihe:iti:2007:RegistryStoredQuery",
                response_action="urn:ihe:iti:2007:RegistryStoredQueryResponse",
                kind=QUERIES,
                denied=self._denied,
                handle=self.query,
                refuse=_refuse_query,
            ),
            Operation(
                element=submit,
                action="urn:ihe:iti:2007:RegisterDocumentSet-b",
                response_action="urn:ihe:iti:2007:RegisterDocumentSet-bResponse",
                kind=REGISTERS,
                denied=self._denied,
                handle=self.register,
                refuse=write_registry_response,
            ),
            Operation(
                element=submit,
                action="urn:ihe:iti:2010:UpdateDocumentSet",
                response_action="urn:ihe:iti:2010:UpdateDocumentSetResponse",
                kind=UPDATES,
                denied=self._denied,
                handle=self.update,
                refuse=write_registry_response,
            ),
            Operation(
                element=submit,
                action="urn:ihe:iti:2018:RestrictedUpdateDocumentSet",
                response_action="urn:ihe:iti:2018:RestrictedUpdateDocumentSetResponse",
                kind=RESTRICTED,
                denied=self._denied,
                handle=self.restricted_update,
                refuse=write_registry_response,
            ),
            Operation(
                element=submit,
                action="urn:ihe:iti:2010:RegisterOnDemandDocumentEntry",
                response_action="urn:ihe:iti:2010:RegisterOnDemandDocumentResponse",
                kind=ON_DEMAND,
                denied=self._denied,
                handle=self.register_on_demand,
                refuse=write_registry_response,
            ),
            Operation(
                element=f"{LCM}RemoveObjectsRequest",
                action="urn:ihe:iti:2010:DeleteDocumentSet",
                response_action="urn:ihe:iti:2010:DeleteDocumentSetResponse",
                kind=REMOVES,
                denied=self._denied,
                handle=self.remove,
                refuse=write_registry_response,
            ),
        )

    async def query(self, question: Question) -> Reply:
        """Registry Stored Query [ITI-18]."""
        request = read_query(question.envelope.body, self._statuses)
        visit, query = question.visit, request.query
        if visit.guarded:
            visit.asks(write_xml(question.envelope.body).decode(), request.query_id)
        patient = getattr(query, "patient_id", None)
        actors = await question.enter(
            patients=(patient,) if patient is not None else (),
            names=names_in(query) if visit.guarded else (),
        )
        found = await actors.registry.query(request, Form.EBRIM)
        visit.told_held(found.objects)
        alerts = await visit.alerts(found.objects)
        if request.return_type is ReturnType.OBJECT_REF:
            home = actors.registry.home_community_id
            objects = [write_object_ref(held.entry_uuid, home) for held in found.objects]
        else:
            objects = [held.fragment for held in found.objects]
        return Reply(query_response(objects), alerts=alerts)

    async def register(self, question: Question) -> Reply:
        """Register Document Set-b [ITI-42]."""
        request = read_submit_objects(question.envelope.body)
        actors = await _enter(question, request)
        done = await actors.registry.register(request)
        return _accepted(done)

    async def register_on_demand(self, question: Question) -> Reply:
        """Register On-Demand Document Entry [ITI-61]."""
        request = read_submit_objects(question.envelope.body)
        actors = await _enter(question, request)
        done = await actors.registry.register(request, Transaction.REGISTER_ON_DEMAND)
        return _accepted(done)

    async def update(self, question: Question) -> Reply:
        """Update Document Set [ITI-57]."""
        request = read_submit_objects(question.envelope.body)
        actors = await _enter(question, request)
        done = await actors.registry.update(request)
        return _accepted(done)

    async def restricted_update(self, question: Question) -> Reply:
        """Restricted Update Document Set [ITI-92]."""
        request = read_submit_objects(question.envelope.body)
        actors = await _enter(question, request)
        done = await actors.registry.update(request, restricted=True)
        return _accepted(done)

    async def remove(self, question: Question) -> Reply:
        """Remove Metadata [ITI-62]."""
        request = read_remove_objects(question.envelope.body)
        actors = await question.enter(names=request.object_ids)
        await actors.registry.remove(request)
        return Reply([write_registry_response()])


async def _enter(question: Question, request: SubmitObjects) -> Actors:
    """Enter with whom a submission says it is about."""
    return await question.enter(patients=patients_in(tuple(request.submission.objects())))


class RepositoryOperations:
    """What the Document Repository's door does.

    Args:
        denied: What a refusal by the record gate is called.
    """

    def __init__(
        self, documents: DocumentStore, denied: ErrorCode = ErrorCode.REPOSITORY_ERROR
    ) -> None:
        self._documents = documents
        self._denied = denied

    def operations(self) -> tuple[Operation, ...]:
        """Give the repository's transactions."""
        return (
            Operation(
                element=f"{XDSB}ProvideAndRegisterDocumentSetRequest",
                action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
                response_action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
                kind=PROVIDES,
                denied=self._denied,
                handle=self.provide_and_register,
                refuse=write_registry_response,
                takes_documents=True,
            ),
            Operation(
                element=f"{XDSB}RetrieveDocumentSetRequest",
                action="urn:ihe:iti:2007:RetrieveDocumentSet",
                response_action="urn:ihe:iti:2007:RetrieveDocumentSetResponse",
                kind=RETRIEVES,
                denied=self._denied,
                handle=self.retrieve,
                refuse=_refuse_retrieve,
                always_mtom=True,
            ),
            Operation(
                element=f"{RMD}RemoveDocumentsRequest",
                action="urn:ihe:iti:2017:RemoveDocuments",
                response_action="urn:ihe:iti:2017:RemoveDocumentsResponse",
                kind=REMOVES_DOCUMENTS,
                denied=self._denied,
                handle=self.remove,
                refuse=write_registry_response,
            ),
        )

    async def provide_and_register(self, question: Question) -> Reply:
        """Provide and Register Document Set-b [ITI-41]."""
        body = question.envelope.body
        includes = read_includes(body, tuple(question.parts))
        request, elements = read_provide_and_register(body)
        actors = await _enter(question, request)
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
            done = await actors.repository.provide_and_register(request, tuple(staged))
        finally:
            for staging in inline:
                await self._documents.discard(staging)
        return _accepted(done)

    async def retrieve(self, question: Question) -> Reply:
        """Retrieve Document Set [ITI-43]."""
        request = read_retrieve_request(question.envelope.body)
        actors = await question.enter(names=[d.document_unique_id for d in request.documents])
        response = await actors.repository.retrieve(request)
        question.visit.told(
            AuditedObject(
                kind="DocumentEntry",
                id=found.request.document_unique_id,
                unique_id=found.request.document_unique_id,
                repository=found.request.repository_unique_id,
            )
            for found in response.documents
        )
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
        body = write_retrieve_response(documents, response.findings)
        alerts = await _alerts(question, actors, response.documents)
        return Reply([body], attachments, alerts=alerts)

    async def remove(self, question: Question) -> Reply:
        """Remove Documents [ITI-86]."""
        request = read_remove_documents(question.envelope.body)
        actors = await question.enter(names=[d.document_unique_id for d in request.documents])
        response = await actors.repository.remove(request)
        status = status_of(response.findings, something=bool(response.documents))
        return Reply([write_outcome(response.findings, status, declare("rs")).encode()])


async def _alerts(question: Question, actors: Actors, given: Sequence[RetrievedDocument]) -> Alerts:
    """Say what software is alerted to that receives these documents."""
    if not (given and question.visit.guarded):
        return {}
    names = tuple(found.request.document_unique_id for found in given)
    described = await actors.registry.find(GetDocuments(unique_id=names), Form.REFERENCE)
    return await question.visit.alerts(described.objects)


def _accepted(done: Registered) -> Reply:
    repetition = () if done.repetition is None else (done.repetition,)
    return Reply([write_registry_response((*done.warnings, *repetition))])


def _refuse_query(findings: tuple[Finding, ...]) -> bytes:
    return write_query_response((), findings)


def _refuse_retrieve(findings: tuple[Finding, ...]) -> bytes:
    return write_retrieve_response((), findings)
