"""A gateway that is wrong on purpose: a door in front of ours that changes what goes through it.

Each fault is one thing that real servers were seen to do. The door listens on a port of its own and
passes everything on; a fault that is switched on changes requests on their way in, or answers on
their way out. Nothing of it knows what the tests look for.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.waiting import PATIENCE

SOAP = "application/soap+xml; charset=UTF-8"


@dataclass
class Message:
    """A request or an answer on its way through."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 200

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "")


@dataclass
class Fault:
    """What is done wrong.

    Attributes:
        asked: Changes a request before it is passed on; an answer of its own ends it here.
        told: Changes an answer, with the request it answers.
    """

    asked: Callable[[Message], Message | None] = lambda request: None
    told: Callable[[Message, Message], None] = lambda request, answer: None


def _replaced(pattern: bytes, instead: bytes, *, where: str = "") -> Callable[..., None]:
    def change(request: Message, answer: Message) -> None:
        if where in request.path:
            answer.body = re.sub(pattern, instead, answer.body)

    return change


def _is_query(request: Message, word: bytes = b"AdhocQueryRequest") -> bool:
    return word in request.body


def _forgets_errors(request: Message, answer: Message) -> None:
    """Takes what it should refuse: every refused submission is a Success."""
    if b"SubmitObjectsRequest" in request.body:
        answer.body = re.sub(
            rb"<rs:RegistryErrorList.*?</rs:RegistryErrorList>", b"", answer.body, flags=re.DOTALL
        ).replace(b"ResponseStatusType:Failure", b"ResponseStatusType:Success")


def _ignores_status(request: Message) -> Message | None:
    """Finds deprecated documents where only those in force are asked for."""
    if b"14d4debf-8f97-4251-9a74-a90016b0af0d" in request.body:
        request.body = request.body.replace(
            b"('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')",
            b"('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved',"
            b"'urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated')",
        )
    return None


def _ignores_codes(request: Message) -> Message | None:
    """Does not look at coded parameters of a query."""
    request.body = re.sub(
        rb'<rim:Slot name="\$XDSDocumentEntry(?:ClassCode|TypeCode)">.*?</rim:Slot>',
        b"",
        request.body,
        flags=re.DOTALL,
    )
    return None


def _without_mtom(request: Message, answer: Message) -> None:
    """Answers retrievals with the documents inside the message."""
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("multipart/related"):
        return
    boundary = re.search(r'boundary="?([^";]+)', kind)
    assert boundary
    parts = answer.body.split(b"--" + boundary[1].encode())[1:-1]
    root, *documents = [part.partition(b"\r\n\r\n") for part in parts]
    text = root[2].removesuffix(b"\r\n")
    for head, _, octets in documents:
        name = re.search(rb"Content-ID: <([^>]+)>", head, re.IGNORECASE)
        assert name
        inside = base64.b64encode(octets.removesuffix(b"\r\n"))
        text = re.sub(
            rb"<xop:Include[^>]*href=\"cid:" + re.escape(name[1]) + rb"\"[^>]*/>", inside, text
        )
    answer.headers["content-type"] = SOAP
    answer.body = text


def _changes_documents(request: Message, answer: Message) -> None:
    """Turns line ends of documents round, as servers that read them as text do."""
    if answer.headers.get("content-type", "").startswith(("multipart/related", "text/plain")):
        answer.body = answer.body.replace(b".\r\nWith an accent", b".\nWith an accent.")


def _counts_pages(request: Message, answer: Message) -> None:
    """Says as total how many stand on the page."""
    bundle = _bundle(answer)
    if bundle and bundle.get("type") == "searchset":
        bundle["total"] = len(bundle.get("entry", ()))
        answer.body = json.dumps(bundle).encode()


def _counts_what_is_hidden(request: Message, answer: Message) -> None:
    """Counts one more than may be seen, as servers that filter after counting do."""
    bundle = _bundle(answer)
    if bundle and bundle.get("type") == "searchset" and "DocumentReference" in request.path:
        bundle["total"] = bundle["total"] + 1
        answer.body = json.dumps(bundle).encode()


def _bundle(answer: Message) -> Any:
    if not answer.is_json or answer.status != 200:
        return None
    value = json.loads(answer.body)
    return value if value.get("resourceType") == "Bundle" else None


def _swaps_locations(request: Message, answer: Message) -> None:
    """Gives every entry of a transaction the location of the first."""
    bundle = _bundle(answer)
    if bundle and bundle.get("type") == "transaction-response":
        first = bundle["entry"][0]["response"]["location"]
        for entry in bundle["entry"]:
            entry["response"]["location"] = first
        answer.body = json.dumps(bundle).encode()


def _hash_in_hexadecimal(request: Message, answer: Message) -> None:
    """Puts the hexadecimal hash of XDS into FHIR."""
    if answer.is_json and answer.status == 200:
        answer.body = re.sub(
            rb'"hash": ?"([^"]+)"',
            lambda m: b'"hash":"' + base64.b64decode(m[1]).hex().encode() + b'"',
            answer.body,
        )


def _keeps_first_label(request: Message, answer: Message) -> None:
    """Tells only the first confidentiality code."""
    bundle = _bundle(answer)
    if bundle:
        for entry in bundle.get("entry", ()):
            resource = entry.get("resource", {})
            if "securityLabel" in resource:
                resource["securityLabel"] = resource["securityLabel"][:1]
        answer.body = json.dumps(bundle).encode()


def _server_error(request: Message, answer: Message) -> None:
    """Breaks on what it should refuse."""
    if b"<rs:RegistryErrorList" in answer.body or 400 <= answer.status < 500:
        answer.status = 500
        answer.headers["content-type"] = "text/html"
        answer.body = b"<html><body>Internal Server Error</body></html>"


def _one_status_for_everything(request: Message, answer: Message) -> None:
    """Says 400 whatever is wrong."""
    if answer.is_json and 400 < answer.status < 500:
        answer.status = 400


def _expands_entities(request: Message) -> Message | None:
    """Reads XML with a parser that expands entities."""
    if b"<!DOCTYPE" in request.body:
        request.body = re.sub(rb"<!DOCTYPE.*?\]>", b"", request.body, flags=re.DOTALL)
        request.body = request.body.replace(b"&e;", b"expanded-by-the-server")
    return None


def _understands_everything(request: Message) -> Message | None:
    """Passes over headers that must be understood."""
    request.body = re.sub(rb"<rim:Slot name='x' s:mustUnderstand='1'/>", b"", request.body)
    request.body = re.sub(rb'<rim:Slot [^>]*s:mustUnderstand="1"[^>]*/>', b"", request.body)
    return None


def _forgets_who_asks(request: Message) -> Message | None:
    """Answers without a token as if there were nothing to find."""
    if request.path.startswith("/fhir/DocumentReference?") and (
        "authorization" not in request.headers
    ):
        body = b'{"resourceType":"Bundle","type":"searchset","total":0}'
        headers = {"content-type": "application/fhir+json"}
        return Message(request.method, request.path, headers, body)
    return None


def _refuses_what_is_hidden(request: Message, answer: Message) -> None:
    """Says 403 of what somebody may not see, 404 only of what is not there."""
    found = re.match(r"/fhir/(?:DocumentReference|Binary)/([0-9a-f-]{36})", request.path)
    if found and answer.status == 404 and found[1] in _SEEN:
        answer.status = 403
    if answer.is_json and answer.status == 200:
        _SEEN.update(
            re.findall(r"(?:DocumentReference|Binary)/([0-9a-f-]{36})", answer.body.decode())
        )


_SEEN: set[str] = set()


def _omits_audit(request: Message, answer: Message) -> None:
    """Keeps no record of searches."""
    bundle = _bundle(answer)
    if bundle and request.path.startswith("/fhir/AuditEvent"):
        bundle["entry"] = [
            one
            for one in bundle.get("entry", ())
            if "ITI-67" not in json.dumps(one["resource"].get("subtype", ()))
        ]
        answer.body = json.dumps(bundle).encode()


def _leaks_in_errors(request: Message, answer: Message) -> None:
    """Names in a refusal why it is one."""
    if b'codeContext="no-access"' in answer.body:
        answer.body = answer.body.replace(
            b'codeContext="no-access"', b'codeContext="no authorisation; 1 document"'
        )


FAULTS: dict[str, Fault] = {
    "takes-what-it-should-refuse": Fault(told=_forgets_errors),
    "ignores-status": Fault(asked=_ignores_status),
    "ignores-codes": Fault(asked=_ignores_codes),
    "wrong-error-code": Fault(told=_replaced(b"XDSStoredQueryMissingParam", b"XDSRegistryError")),
    "wrong-relates-to": Fault(
        told=_replaced(rb"(<wsa:RelatesTo[^>]*>)[^<]*", rb"\g<1>urn:uuid:another")
    ),
    "wrong-action": Fault(told=_replaced(b"RegistryStoredQueryResponse", b"RegistryStoredQuery")),
    "wrong-hash": Fault(
        told=_replaced(
            rb'(name="hash">.{0,40}<rim:Value>)[0-9a-f]{4}', rb"\g<1>0000", where="/xds/registry"
        )
    ),
    "wrong-patient": Fault(told=_replaced(rb"CONF-(\d)", rb"CONF-X\1", where="/xds/registry")),
    "stale-after-replace": Fault(
        told=_replaced(rb"StatusType:Deprecated", b"StatusType:Approved", where="/xds/registry")
    ),
    "drops-associations": Fault(
        told=_replaced(rb"(?s)<rim:Association .*?</rim:Association>|<rim:Association [^>]*/>", b"")
    ),
    "no-mtom": Fault(told=_without_mtom),
    "changes-documents": Fault(told=_changes_documents),
    "all-or-nothing-retrieval": Fault(
        told=_replaced(
            b"urn:ihe:iti:2007:ResponseStatusType:PartialSuccess",
            b"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure",
        )
    ),
    "wrong-content-type": Fault(
        told=lambda request, answer: answer.headers.update(
            {"content-type": answer.headers["content-type"].replace("text/plain", "text/html")}
        )
    ),
    "total-of-the-page": Fault(told=_counts_pages),
    "same-location": Fault(told=_swaps_locations),
    "hash-in-hexadecimal": Fault(told=_hash_in_hexadecimal),
    "one-label": Fault(told=_keeps_first_label),
    "server-error": Fault(told=_server_error),
    "one-status": Fault(told=_one_status_for_everything),
    "expands-entities": Fault(asked=_expands_entities),
    "understands-everything": Fault(asked=_understands_everything),
    "asks-nobody": Fault(asked=_forgets_who_asks),
    "total-of-all": Fault(told=_counts_what_is_hidden),
    "forbidden-not-absent": Fault(told=_refuses_what_is_hidden),
    "no-audit": Fault(told=_omits_audit),
    "tells-why": Fault(told=_leaks_in_errors),
    "cacheable": Fault(told=lambda request, answer: answer.headers.pop("cache-control", None)),
}


@dataclass
class Door:
    """The door, and which fault is switched on."""

    url: str
    fault: Fault = field(default_factory=Fault)

    def switch(self, name: str) -> None:
        """Switch one fault on, and every other one off."""
        self.fault = FAULTS[name] if name else Fault()
        _SEEN.clear()


_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"}


@contextmanager
def door_to(url: str) -> Iterator[Door]:
    """Open a door in front of a gateway."""
    client = httpx.Client(trust_env=False, timeout=PATIENCE)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            headers = {k.lower(): v for k, v in self.headers.items() if k.lower() not in _HOP}
            request = Message(self.command, self.path, headers, self.rfile.read(size))
            ending = door.fault.asked(request)
            if ending is None:
                # Addresses in answers lead to the door, so the gateway's own come back to it.
                headers["accept-encoding"] = "identity"
                told = client.request(
                    request.method, url + request.path, content=request.body, headers=headers
                )
                kept = {k: v for k, v in told.headers.items() if k not in _HOP}
                body = told.content.replace(url.encode(), door.url.encode())
                ending = Message(request.method, request.path, kept, body, told.status_code)
                if self.command == "HEAD" and "content-length" in told.headers:
                    ending.headers["x-length"] = told.headers["content-length"]
                door.fault.told(request, ending)
            self.send_response(ending.status)
            length = ending.headers.pop("x-length", str(len(ending.body)))
            for name, value in ending.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", length)
            self.end_headers()
            self.wfile.write(ending.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    door = Door(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield door
    finally:
        server.shutdown()
        server.server_close()
        client.close()
