"""Envelopes that are none, headers nobody may obey, and operations under another one's name.

Source:
    Threats M5 to M7, X7; SOAP 1.2 part 1: 5; WS-Addressing 1.0, SOAP binding: 6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.hostile.items import Fault, Item
from tests.hostile.messages import (
    ON_DEMAND,
    PROVIDE,
    QUERY,
    REGISTER,
    REGISTRY,
    REMOVE,
    REMOVE_DOCUMENTS,
    REPOSITORY,
    RESTRICTED_UPDATE,
    RETRIEVE,
    SOAP_11,
    SOAP_TYPE,
    UPDATE,
    Shelf,
    addressing,
    envelope,
    frame,
    provide_body,
    query_body,
    register_body,
    remove_body,
    remove_documents_body,
    retrieve_body,
)

Make = Callable[[], str]


def _soap(
    name: str,
    make: Make,
    *places: str,
    code: str = "Sender",
    subcode: str = "",
    status: int = 400,
    content_type: str = SOAP_TYPE,
) -> Item:
    return Item(
        name=f"SOAP: {name}",
        door=REGISTRY,
        headers={"Content-Type": content_type},
        body=lambda shelf: make().encode(),
        expected=Fault(names=places, code=code, subcode=subcode, status=status),
    )


def _structure() -> Iterator[Item]:
    head = addressing(QUERY)
    good = frame(head, query_body())
    open_body, close_body = "<s:Body>", "</s:Body>"
    header = good[good.index("<s:Header>") : good.index("</s:Header>") + 11]
    whole_body = good[good.index(open_body) : good.index(close_body) + len(close_body)]
    forms: dict[str, tuple[str, str]] = {
        "two Bodies": (good.replace("</s:Envelope>", whole_body + "</s:Envelope>"), "Body"),
        "two Headers": (good.replace(header, header * 2), "Header"),
        "the Body before the Header": (
            good.replace(header, "").replace("</s:Envelope>", header + "</s:Envelope>"),
            "Header",
        ),
        "no Body": (good.replace(whole_body, ""), "Body"),
        "an empty Body": (frame(head, ""), "Body holds 0"),
        "two elements in the Body": (frame(head, query_body() * 2), "Body holds 2"),
        "text in the Body": (frame(head, "text" + query_body()), "text"),
        "text beside the Body": (good.replace("</s:Envelope>", "text</s:Envelope>"), "text"),
        "a stranger beside the Body": (
            good.replace("</s:Envelope>", "<x/></s:Envelope>"),
            "Envelope",
        ),
        "a Body inside the Body": (frame(head, whole_body), "wsa:Action|no operation"),
        "a request that mimics a Body in the Header": (
            frame(head + whole_body, ""),
            "Body holds 0",
        ),
        "an Envelope in no namespace": (
            good.replace("s:Envelope", "Envelope"),
            "not SOAP 1.2",
        ),
        "no Envelope": (query_body(), "no SOAP message"),
        "a Fault": (frame(head, "<s:Fault/>"), "no operation"),
    }
    for name, (text, place) in forms.items():
        version = name == "an Envelope in no namespace"
        action = name in ("a Body inside the Body", "a Fault")
        yield _soap(
            name,
            lambda text=text: text,
            place,
            code="VersionMismatch" if version else "Sender",
            subcode="ActionNotSupported" if action else "",
        )
    yield _soap(
        "SOAP 1.1 in a SOAP 1.2 type",
        lambda: frame(addressing(QUERY), query_body(), SOAP_11),
        "SOAP 1.2",
        code="VersionMismatch",
    )
    yield _soap(
        "SOAP 1.1 in its own type",
        lambda: frame(addressing(QUERY), query_body(), SOAP_11),
        "text/xml",
        status=415,
        content_type="text/xml; charset=UTF-8",
    )
    yield _soap(
        "SOAP of the future",
        lambda: frame(addressing(QUERY), query_body(), "http://www.w3.org/2031/05/soap-envelope"),
        "SOAP 1.2",
        code="VersionMismatch",
    )
    yield _soap(
        "a request in a stranger's namespace",
        lambda: frame(addressing(QUERY), query_body().replace("query:3.0", "query:2.1")),
        "Body",
        subcode="ActionNotSupported",
    )
    yield _soap(
        "a request in no namespace",
        lambda: frame(addressing(QUERY), "<AdhocQueryRequest/>"),
        "Body",
        subcode="ActionNotSupported",
    )


def _headers() -> Iterator[Item]:
    def headed(extra: str, action: str | None = QUERY, message_id: str | None = "") -> Make:
        return lambda: frame(addressing(action, message_id, extra), query_body())

    must = 's:mustUnderstand="1"'
    yield _soap(
        "a header that must be understood and is not",
        headed(f'<x:Security xmlns:x="urn:x" {must}>x</x:Security>'),
        "Security",
        code="MustUnderstand",
    )
    yield _soap(
        "WS-Security that must be understood",
        headed(
            '<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-'
            f'wssecurity-secext-1.0.xsd" {must}/>'
        ),
        "Security",
        code="MustUnderstand",
    )
    yield _soap(
        "1,000 headers that must be understood",
        headed("".join(f'<x:H{n} xmlns:x="urn:x" {must}/>' for n in range(1000))),
        "H0",
        code="MustUnderstand",
    )
    yield _soap(
        "a mustUnderstand that is neither yes nor no",
        headed('<x:H xmlns:x="urn:x" s:mustUnderstand="perhaps"/>'),
        "mustUnderstand",
    )
    for name in ("ReplyTo", "FaultTo"):
        for place, address in {
            "elsewhere": "http://127.0.0.1:9/trap",
            "in a file": "file:///tmp/trap",
            "nowhere at all": "",
        }.items():
            empty = not address
            yield _soap(
                f"{name} {place}",
                headed(f"<wsa:{name}><wsa:Address>{address}</wsa:Address></wsa:{name}>"),
                name,
                subcode="OnlyAnonymousAddressSupported",
            )
            assert empty == (place == "nowhere at all")
        yield _soap(
            f"{name} without Address",
            headed(f"<wsa:{name}/>"),
            name,
            subcode="MissingAddressInEPR",
        )
    yield _soap(
        "two actions",
        headed(f"<wsa:Action>{REGISTER}</wsa:Action>"),
        "wsa:Action",
        subcode="InvalidCardinality",
    )
    yield _soap(
        "two message ids",
        headed("<wsa:MessageID>urn:uuid:x</wsa:MessageID>"),
        "wsa:MessageID",
        subcode="InvalidCardinality",
    )
    yield _soap(
        "no action",
        headed("", action=None),
        "wsa:Action",
        subcode="MessageAddressingHeaderRequired",
    )
    yield _soap(
        "no message id",
        headed("", message_id=None),
        "wsa:MessageID",
        subcode="MessageAddressingHeaderRequired",
    )
    yield _soap(
        "an action of blanks",
        headed("", action="  "),
        "wsa:Action",
        subcode="InvalidAddressingHeader",
    )
    yield _soap(
        "a message id of 4 KiB",
        headed("", message_id="urn:uuid:" + "5" * 4096),
        "wsa:MessageID",
        subcode="InvalidAddressingHeader",
    )
    yield _soap(
        "an element in the action",
        lambda: frame(addressing(QUERY), query_body()).replace(QUERY, f"{QUERY}<x/>"),
        "Action",
    )
    yield _soap(
        "headers of another addressing",
        lambda: frame(addressing(QUERY), query_body()).replace(
            "http://www.w3.org/2005/08/addressing",
            "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        ),
        "Action",
        code="MustUnderstand",
    )
    yield _soap(
        "headers meant for somebody else",
        lambda: frame(addressing(QUERY), query_body()).replace(
            "<wsa:Action ", '<wsa:Action s:role="urn:somebody:else" '
        ),
        "wsa:Action",
        subcode="MessageAddressingHeaderRequired",
    )


_BODIES: dict[str, tuple[str, Callable[[Shelf], str]]] = {
    REGISTER: (REGISTRY, lambda shelf: register_body()),
    UPDATE: (REGISTRY, lambda shelf: register_body()),
    RESTRICTED_UPDATE: (REGISTRY, lambda shelf: register_body()),
    ON_DEMAND: (REGISTRY, lambda shelf: register_body()),
    QUERY: (REGISTRY, lambda shelf: query_body()),
    REMOVE: (REGISTRY, lambda shelf: remove_body(shelf.entry)),
    PROVIDE: (REPOSITORY, lambda shelf: provide_body()),
    RETRIEVE: (REPOSITORY, lambda shelf: retrieve_body(shelf.unique_id)),
    REMOVE_DOCUMENTS: (REPOSITORY, lambda shelf: remove_documents_body(shelf.unique_id)),
}
_SUBMISSIONS = {REGISTER, UPDATE, RESTRICTED_UPDATE, ON_DEMAND}


def _operations() -> Iterator[Item]:
    """One operation under the name of another: in wsa:Action, Content-Type and SOAPAction."""
    for asked, (door, make) in _BODIES.items():
        for told in _BODIES:
            if told == asked or {told, asked} <= _SUBMISSIONS:
                continue

            def body(shelf: Shelf, make: Callable[[Shelf], str] = make, told: str = told) -> bytes:
                return envelope(make(shelf), told)

            yield Item(
                name=f"SOAP: {asked} called {told}",
                door=door,
                headers={"Content-Type": SOAP_TYPE},
                body=body,
                expected=Fault(names=("wsa:Action",), subcode="ActionNotSupported"),
            )
        other = QUERY if asked != QUERY else REMOVE

        def good(shelf: Shelf, make: Callable[[Shelf], str] = make, asked: str = asked) -> bytes:
            return envelope(make(shelf), asked)

        for where, headers in {
            "Content-Type": {"Content-Type": f'{SOAP_TYPE}; action="{other}"'},
            "SOAPAction": {"Content-Type": SOAP_TYPE, "SOAPAction": f'"{other}"'},
        }.items():
            yield Item(
                name=f"SOAP: {asked} called {other} in {where}",
                door=door,
                headers=headers,
                body=good,
                expected=Fault(names=(asked, other), subcode="ActionMismatch"),
            )
    yield Item(
        name="SOAP: a submission at the wrong door",
        door=REPOSITORY,
        headers={"Content-Type": SOAP_TYPE},
        body=lambda shelf: envelope(register_body(), REGISTER),
        expected=Fault(names=("no operation",), subcode="ActionNotSupported"),
    )
    yield Item(
        name="SOAP: a retrieval at the wrong door",
        door=REGISTRY,
        headers={"Content-Type": SOAP_TYPE},
        body=lambda shelf: envelope(retrieve_body(shelf.unique_id), RETRIEVE),
        expected=Fault(names=("no operation",), subcode="ActionNotSupported"),
    )
    yield Item(
        name="SOAP: an action nobody knows",
        door=REGISTRY,
        headers={"Content-Type": SOAP_TYPE},
        body=lambda shelf: envelope(query_body(), "urn:ihe:iti:2007:' OR '1'='1"),
        expected=Fault(names=("wsa:Action",), subcode="ActionNotSupported"),
    )


def soap_items() -> Iterator[Item]:
    """Every item of this module."""
    yield from _structure()
    yield from _headers()
    yield from _operations()
