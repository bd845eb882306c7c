"""The descriptions of the XDS doors: everything a SOAP toolkit needs, in one answer each.

A description holds its schemas (``schemas/``, ours) inline and names no other place, so a client
that reads it asks nobody else. Its only variable is the address of the service: the public one
where the operator has set it, else the one the client used.

Source:
    WSDL 1.1 and its binding for SOAP 1.2; WS-Addressing 1.0, Metadata: 4.4. IHE ITI TF-2:
    Appendix V.3 (names of services, messages and operations); the transactions as in
    :mod:`gateway.web.xds`. Threat M8.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

from gateway.codecs.xml import escape_attribute, escape_text, read_xml, write_xml
from gateway.web.http import Scope, header

Describe: TypeAlias = Callable[[Scope], bytes]
"""Gives the description for one request."""

NAMESPACES: Final = {
    "lcm": "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0",
    "rs": "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0",
    "query": "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0",
    "xdsb": "urn:ihe:iti:xds-b:2007",
    "rmd": "urn:ihe:iti:rmd:2017",
}

_XS_IMPORT = "{http://www.w3.org/2001/XMLSchema}import"

# A name, an IPv4 or a bracketed IPv6 address, with or without a port. Underscores are no host names
# by the letter, but container networks use them.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedOperation:
    """One transaction as a description names it.

    Attributes:
        name: What IHE calls it; a toolkit makes a method of it.
        title: What it does, for readers.
        request: The element asked with, as prefix and name.
        response: The element answered with.
        action: What ``wsa:Action`` of the request must say.
        response_action: What the answer's says.
    """

    name: str
    title: str
    request: str
    response: str
    action: str
    response_action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedService:
    """One door.

    Attributes:
        name: What IHE calls its actor; begins every name in the description.
        path: Where it stands below the gateway's address.
        schemas: The files its messages need, those that others import first.
        operations: What it does.
    """

    name: str
    path: str
    schemas: tuple[str, ...]
    operations: tuple[DescribedOperation, ...]


REGISTRY: Final = DescribedService(
    name="DocumentRegistry",
    path="/xds/registry",
    schemas=("rim", "rs", "lcm", "query"),
    operations=(
        DescribedOperation(
            name="RegistryStoredQuery",
            title="Registry Stored Query [ITI-18]",
            request="query:AdhocQueryRequest",
            response="query:AdhocQueryResponse",
            action="urn:ihe:iti:2007:RegistryStoredQuery",
            response_action="urn:ihe:iti:2007:RegistryStoredQueryResponse",
        ),
        DescribedOperation(
            name="RegisterDocumentSet-b",
            title="Register Document Set-b [ITI-42]",
            request="lcm:SubmitObjectsRequest",
            response="rs:RegistryResponse",
            action="urn:ihe:iti:2007:RegisterDocumentSet-b",
            response_action="urn:ihe:iti:2007:RegisterDocumentSet-bResponse",
        ),
        DescribedOperation(
            name="UpdateDocumentSet",
            title="Update Document Set [ITI-57]",
            request="lcm:SubmitObjectsRequest",
            response="rs:RegistryResponse",
            action="urn:ihe:iti:2010:UpdateDocumentSet",
            response_action="urn:ihe:iti:2010:UpdateDocumentSetResponse",
        ),
        DescribedOperation(
            name="RegisterOnDemandDocumentEntry",
            title="Register On-Demand Document Entry [ITI-61]",
            request="lcm:SubmitObjectsRequest",
            response="rs:RegistryResponse",
            action="urn:ihe:iti:2010:RegisterOnDemandDocumentEntry",
            response_action="urn:ihe:iti:2010:RegisterOnDemandDocumentResponse",
        ),
        DescribedOperation(
            name="DeleteDocumentSet",
            title="Remove Metadata [ITI-62]",
            request="lcm:RemoveObjectsRequest",
            response="rs:RegistryResponse",
            action="urn:ihe:iti:2010:DeleteDocumentSet",
            response_action="urn:ihe:iti:2010:DeleteDocumentSetResponse",
        ),
        DescribedOperation(
            name="RestrictedUpdateDocumentSet",
            title="Restricted Update Document Set [ITI-92]",
            request="lcm:SubmitObjectsRequest",
            response="rs:RegistryResponse",
            action="urn:ihe:iti:2018:RestrictedUpdateDocumentSet",
            response_action="urn:ihe:iti:2018:RestrictedUpdateDocumentSetResponse",
        ),
    ),
)

REPOSITORY: Final = DescribedService(
    name="DocumentRepository",
    path="/xds/repository",
    schemas=("rim", "rs", "lcm", "xds-b", "rmd"),
    operations=(
        DescribedOperation(
            name="ProvideAndRegisterDocumentSet-b",
            title="Provide and Register Document Set-b [ITI-41]",
            request="xdsb:ProvideAndRegisterDocumentSetRequest",
            response="rs:RegistryResponse",
            action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
            response_action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
        ),
        DescribedOperation(
            name="RetrieveDocumentSet",
            title="Retrieve Document Set [ITI-43]",
            request="xdsb:RetrieveDocumentSetRequest",
            response="xdsb:RetrieveDocumentSetResponse",
            action="urn:ihe:iti:2007:RetrieveDocumentSet",
            response_action="urn:ihe:iti:2007:RetrieveDocumentSetResponse",
        ),
        DescribedOperation(
            name="RemoveDocuments",
            title="Remove Documents [ITI-86]",
            request="rmd:RemoveDocumentsRequest",
            response="rs:RegistryResponse",
            action="urn:ihe:iti:2017:RemoveDocuments",
            response_action="urn:ihe:iti:2017:RemoveDocumentsResponse",
        ),
    ),
)


def descriptions(public_url: str | None = None) -> tuple[Describe, Describe]:
    """Give what describes the registry and the repository to whoever asks.

    Args:
        public_url: The address clients reach the gateway under, where it is known; else each
            client is given back the one it used.
    """

    def describe(service: DescribedService) -> Describe:
        return lambda scope: write_description(service, public_url or base_url(scope))

    return describe(REGISTRY), describe(REPOSITORY)


registry_wsdl, repository_wsdl = descriptions()
"""The descriptions of a gateway that has no public address of its own."""


def base_url(scope: Scope) -> str:
    """Give scheme and authority under which a client reached us.

    A Host header that is no host, which only an attacker or a broken proxy sends, is not
    repeated: the address the connection came in on stands in for it.
    """
    scheme = "https" if scope.get("scheme") == "https" else "http"
    host = header(scope, b"host")
    if host is not None and _HOST.fullmatch(host):
        return f"{scheme}://{host}"
    name, port = scope.get("server") or ("localhost", None)
    # A unix socket has its path for a name.
    authority = f"[{name}]" if ":" in name else name
    if port is not None:
        authority = f"{authority}:{port}"
    return f"{scheme}://{authority}" if _HOST.fullmatch(authority) else f"{scheme}://localhost"


def write_description(service: DescribedService, base: str) -> bytes:
    """Give a service's WSDL.

    Args:
        service: The service.
        base: Where the gateway is reached, with or without a path; escaped here.
    """
    before, after = _around_address(service)
    address = escape_attribute(base.rstrip("/") + service.path)
    return before + address.encode() + after


@cache
def _around_address(service: DescribedService) -> tuple[bytes, bytes]:
    """Give what stands before and after the address, which alone differs between two answers."""
    before = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<wsdl:definitions name="{service.name}" targetNamespace="{NAMESPACES["xdsb"]}"'
        ' xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
        ' xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"'
        ' xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata"'
        ' xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl"'
        f"{_declarations(service)}>"
        f"<wsdl:types>{_schemas(service)}</wsdl:types>"
        f"{_messages(service)}"
        f'<wsdl:portType name="{service.name}_PortType">'
        f"{''.join(_abstract(service, operation) for operation in service.operations)}"
        "</wsdl:portType>"
        f'<wsdl:binding name="{service.name}_Binding_Soap12"'
        f' type="xdsb:{service.name}_PortType">'
        '<soap12:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
        '<wsaw:UsingAddressing wsdl:required="true"/>'
        f"{''.join(_bound(service, operation) for operation in service.operations)}"
        "</wsdl:binding>"
        f'<wsdl:service name="{service.name}_Service">'
        f'<wsdl:port name="{service.name}_Port_Soap12"'
        f' binding="xdsb:{service.name}_Binding_Soap12">'
        '<soap12:address location="'
    )
    return before.encode(), b'"/></wsdl:port></wsdl:service></wsdl:definitions>\n'


def _declarations(service: DescribedService) -> str:
    """Declare the prefixes its messages and names use."""
    used = {element.partition(":")[0] for element in _elements(service)} | {"xdsb"}
    return "".join(
        f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items() if prefix in used
    )


def _schemas(service: DescribedService) -> str:
    folder = files("gateway.web") / "schemas"
    written = []
    for name in service.schemas:
        schema = read_xml((folder / f"{name}.xsd").read_bytes())
        for element in schema.iterchildren(_XS_IMPORT):
            # The schema it means stands beside it; a location would send the client elsewhere.
            del element.attrib["schemaLocation"]
        written.append(write_xml(schema).decode())
    return "".join(written)


def _elements(service: DescribedService) -> tuple[str, ...]:
    """Name every element asked or answered with, once."""
    return tuple(
        dict.fromkeys(e for o in service.operations for e in (o.request, o.response)).keys()
    )


def _messages(service: DescribedService) -> str:
    return "".join(
        f'<wsdl:message name="{_message(element)}">'
        f'<wsdl:part name="body" element="{element}"/></wsdl:message>'
        for element in _elements(service)
    )


def _message(element: str) -> str:
    return f"{element.partition(':')[2]}_Message"


def _abstract(service: DescribedService, operation: DescribedOperation) -> str:
    """Give an operation with its actions, which a toolkit then sends as ``wsa:Action``.

    Both attributes say the same: the first is the Recommendation's, the second the one that
    older toolkits read.
    """
    asked, answered = (
        escape_attribute(operation.action),
        escape_attribute(operation.response_action),
    )
    return (
        f'<wsdl:operation name="{service.name}_{operation.name}">'
        f"<wsdl:documentation>{escape_text(operation.title)}</wsdl:documentation>"
        f'<wsdl:input message="xdsb:{_message(operation.request)}"'
        f' wsam:Action="{asked}" wsaw:Action="{asked}"/>'
        f'<wsdl:output message="xdsb:{_message(operation.response)}"'
        f' wsam:Action="{answered}" wsaw:Action="{answered}"/>'
        "</wsdl:operation>"
    )


def _bound(service: DescribedService, operation: DescribedOperation) -> str:
    return (
        f'<wsdl:operation name="{service.name}_{operation.name}">'
        f'<soap12:operation soapAction="{escape_attribute(operation.action)}"/>'
        '<wsdl:input><soap12:body use="literal"/></wsdl:input>'
        '<wsdl:output><soap12:body use="literal"/></wsdl:output>'
        "</wsdl:operation>"
    )
