"""FHIR requests that are broken, injected, over-long, or ask for what is not theirs.

Source:
    Threats Q3, Q4, Q6 to Q8; HL7 FHIR R4: 2.6.2 JSON, 3.1.0 RESTful API, 3.1.1 Search.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tests.hostile import bundles
from tests.hostile.bundles import bundle, put
from tests.hostile.items import Expected, Harmless, Item, Outcome, Plain
from tests.hostile.messages import CONTENT, Shelf
from tests.hostile.query_items import INJECTIONS

FHIR = "/fhir"
JSON_TYPE = "application/fhir+json"
_PATIENT = "patient.identifier=urn:oid:2.999.1.10%7C7001"


def _post(
    name: str,
    make: Callable[[], bytes],
    expected: Expected,
    *,
    door: str = FHIR,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> Item:
    return Item(
        name=f"FHIR: {name}",
        door=door,
        method=method,
        headers={"Content-Type": JSON_TYPE} if headers is None else headers,
        body=lambda shelf: make(),
        expected=expected,
    )


def _get(
    name: str, path: str, expected: Expected, headers: Mapping[str, str] | None = None
) -> Item:
    return Item(
        name=f"FHIR: GET {name}",
        door=f"{FHIR}/{path}" if path else FHIR,
        method="GET",
        headers=headers or {},
        body=lambda shelf: b"",
        expected=expected,
    )


def _octets(value: Any) -> bytes:
    return json.dumps(value).encode()


def _malformed() -> Iterator[Item]:
    good = _octets(bundle())
    deep = b'{"resourceType": "Bundle", "type": "transaction", "x": '
    forms: dict[str, tuple[Callable[[], bytes], str]] = {
        "nothing": (lambda: b"", ""),
        "blanks": (lambda: b"   ", ""),
        "no JSON": (lambda: b"Hello", ""),
        "XML": (lambda: b"<Bundle xmlns='http://hl7.org/fhir'/>", ""),
        "a bundle cut in the middle": (lambda: good[:700], ""),
        "two bundles": (lambda: good + good, ""),
        "a list": (lambda: b"[" + good + b"]", "object"),
        "a number": (lambda: b"1", "object"),
        "null": (lambda: b"null", "object"),
        "a member twice": (
            lambda: good.replace(
                b'"type": "transaction"', b'"type": "batch", "type": "transaction"'
            ),
            "type",
        ),
        "a member twice, deep inside": (
            lambda: good.replace(b'"status": "current"', b'"status": "x", "status": "current"', 1),
            "status",
        ),
        "a member twice, once escaped": (
            lambda: good.replace(b'"status": "current"', b'"st\\u0061tus": "x", "status": "y"', 1),
            "status",
        ),
        "65 levels": (lambda: deep + b"[" * 64 + b"]" * 64 + b"}", "64"),
        "100,000 levels": (lambda: deep + b"[" * 100_000 + b"]" * 100_000 + b"}", "64"),
        "100,000 objects inside one another": (
            lambda: deep + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
            "64",
        ),
        "NaN": (lambda: deep + b"NaN}", "NaN"),
        "Infinity": (lambda: deep + b"-Infinity}", "Infinity"),
        "a number of 5,000 digits": (lambda: deep + b"9" * 5_000 + b"}", ""),
        "a number of 4 MiB": (lambda: deep + b"9" * 4_194_304 + b"}", ""),
        "a lone surrogate": (
            lambda: good.replace(b"A visit", b"A \\ud800 visit"),
            "surrogate",
        ),
        "a lone surrogate for a type": (
            lambda: good.replace(b'"Bundle"', b'"Bun\\ud800dle"', 1),
            "surrogate",
        ),
        "half a pair at the end": (
            lambda: good.replace(b"A visit", b"A visit\\udc00"),
            "surrogate",
        ),
        "a NUL": (lambda: good.replace(b"A visit", b"A \\u0000 visit"), "control"),
        "a mark of ours": (lambda: good.replace(b"A visit", b"A \\u001fS visit"), "control"),
        "a control character in a member's name": (
            lambda: good.replace(b'"title"', b'"ti\\u0001tle"', 1),
            "control",
        ),
        "a bare control character": (lambda: good.replace(b"A visit", b"A \x01 visit"), ""),
        "octets that are not UTF-8": (lambda: good.replace(b"A visit", b"A \xff visit"), "UTF-8"),
        "an overlong slash": (lambda: good.replace(b"A visit", b"A \xc0\xaf visit"), "UTF-8"),
        "UTF-16": (lambda: good.decode().encode("utf-16"), "UTF-8"),
        "a byte order mark": (lambda: b"\xef\xbb\xbf" + good, ""),
        "single quotes": (lambda: good.replace(b'"', b"'"), ""),
        "a comma at the end": (lambda: good[:-1] + b",}", ""),
        "a comment": (lambda: good.replace(b"{", b"{/* x */", 1), ""),
        "an unknown escape": (lambda: good.replace(b"A visit", b"A \\x visit"), ""),
    }
    for name, (make, place) in forms.items():
        yield _post(
            f"a body of {name}" if " " not in name else f"a body with {name}",
            make,
            Outcome(status=400, issue="structure", names=(place,) if place else ()),
        )
    yield _post(
        "a million items",
        lambda: deep + b"[" + b"1," * 1_000_000 + b"1]}",
        Outcome(status=413, issue="too-long", names=("100000",)),
    )
    yield _post(
        "a million members",
        lambda: deep + b"{" + b",".join(b'"%d":1' % n for n in range(1_000_000)) + b"}}",
        Outcome(status=413, issue="too-long", names=("100000",)),
    )
    yield _post(
        "33 MiB",
        lambda: deep + b'"' + b"x" * (33 * 1024 * 1024) + b'"}',
        Outcome(status=413, issue="too-long", names=("octets",)),
    )


def _kinds() -> Iterator[Item]:
    forms: dict[str, tuple[Any, int, str, str]] = {
        "no resourceType": ({}, 400, "structure", "Bundle.type"),
        "another resource": ({"resourceType": "Patient"}, 400, "structure", "Bundle.type"),
        "a batch": ({"resourceType": "Bundle", "type": "batch"}, 400, "structure", "Bundle.type"),
        "an empty transaction": (
            {"resourceType": "Bundle", "type": "transaction"},
            422,
            "invalid",
            "Bundle.entry",
        ),
        "no entries": (
            {"resourceType": "Bundle", "type": "transaction", "entry": []},
            422,
            "invalid",
            "Bundle.entry",
        ),
    }
    for name, (value, status, issue, place) in forms.items():
        yield _post(
            name,
            lambda value=value: _octets(value),
            Outcome(status=status, issue=issue, names=(place,)),
        )
    changes: dict[str, tuple[bundles.Path, Any, int, str, str]] = {
        "an entry of an unknown type": (
            ("entry", 1, "resource", "resourceType"),
            "Observation",
            400,
            "not-supported",
            "Bundle.entry[1]",
        ),
        "an entry to delete": (
            ("entry", 1, "request", "method"),
            "DELETE",
            400,
            "not-supported",
            "Bundle.entry[1].request.method",
        ),
        "a conditional entry": (
            ("entry", 1, "request", "url"),
            "DocumentReference?identifier=x",
            400,
            "not-supported",
            "Bundle.entry[1].request.url",
        ),
        "an entry with a path upwards": (
            ("entry", 1, "request", "url"),
            "../../../etc/passwd",
            400,
            "not-supported",
            "Bundle.entry[1].request.url",
        ),
        "an attachment over HTTP": (
            ("entry", 1, "resource", "content", 0, "attachment", "url"),
            "http://127.0.0.1:9/trap",
            422,
            "required",
            "attachment.url",
        ),
        "an attachment of a file": (
            ("entry", 1, "resource", "content", 0, "attachment", "url"),
            "file:///etc/hostname",
            422,
            "required",
            "attachment.url",
        ),
        "an attachment of a Binary of ours": (
            ("entry", 1, "resource", "content", 0, "attachment", "url"),
            "Binary/00000000-0000-4000-8000-000000000000",
            422,
            "required",
            "attachment.url",
        ),
        "another size": (
            ("entry", 1, "resource", "content", 0, "attachment", "size"),
            37,
            422,
            "invalid",
            "size",
        ),
        "another hash": (
            ("entry", 1, "resource", "content", 0, "attachment", "hash"),
            "2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
            422,
            "invalid",
            "hash",
        ),
        "a hash that is none": (
            ("entry", 1, "resource", "content", 0, "attachment", "hash"),
            "no hash!",
            422,
            "value",
            "hash",
        ),
        "other octets": (
            ("entry", 2, "resource", "data"),
            "QUJD",
            422,
            "invalid",
            "hash",
        ),
        "data that are no base64": (
            ("entry", 2, "resource", "data"),
            "not base64!",
            422,
            "value",
            "Bundle.entry[2].resource.data",
        ),
        "a media type with a line end": (
            ("entry", 2, "resource", "contentType"),
            "text/plain\r\nX-Injected: yes",
            422,
            "invalid",
            "contentType",
        ),
        "another patient in the reference": (
            ("entry", 1, "resource", "subject"),
            {"identifier": {"system": "urn:oid:2.999.1.10", "value": "7002"}},
            422,
            "invalid",
            "Bundle.entry[1]",
        ),
        "a patient of nobody's domain": (
            ("entry", 1, "resource", "subject"),
            {"identifier": {"system": "ftp://x y", "value": "7002"}},
            422,
            "invalid|value",
            "Bundle.entry[1]",
        ),
        "a list without its document": (
            ("entry", 0, "resource", "entry"),
            [],
            422,
            "invalid",
            "Bundle.entry[1]",
        ),
        "a list of a document nobody knows": (
            ("entry", 0, "resource", "entry", 0, "item", "reference"),
            "DocumentReference/00000000-0000-4000-8000-000000000000",
            422,
            "not-found",
            "Bundle.entry[0]",
        ),
        "a uniqueId with a path": (
            ("entry", 1, "resource", "masterIdentifier", "value"),
            "../../etc/passwd",
            422,
            "invalid|value",
            "uniqueId|masterIdentifier",
        ),
        "a uniqueId of 4 KiB": (
            ("entry", 1, "resource", "masterIdentifier", "value"),
            "urn:oid:2.999." + "4" * 4096,
            422,
            "invalid|value",
            "uniqueId|masterIdentifier",
        ),
    }
    for name, (path, value, status, issue, place) in changes.items():
        yield _post(
            name,
            lambda path=path, value=value: _octets(put(bundle(), path, value)),
            Outcome(status=status, issue=issue, names=(place,)),
        )
    doubled = bundle()
    doubled["entry"][2]["fullUrl"] = doubled["entry"][1]["fullUrl"]
    yield _post(
        "one fullUrl twice",
        lambda: _octets(doubled),
        Outcome(status=422, issue="value", names=("fullUrl",)),
    )
    yield _post(
        "20,000 entries of nothing",
        lambda: _octets(put(bundle(), ("entry",), [{}] * 20_000)),
        Outcome(status=400, issue="not-supported", names=("Bundle.entry[0]",)),
    )
    yield _post(
        "10,000 members of a list",
        lambda: _octets(
            put(
                bundle(),
                ("entry", 0, "resource", "entry"),
                [{"item": {"reference": f"DocumentReference/{n}"}} for n in range(10_000)],
            )
        ),
        Outcome(status=413, issue="too-long", names=("1000 objects",)),
    )
    yield _post(
        "8 MiB of one title",
        lambda: _octets(put(bundle(), ("entry", 0, "resource", "title"), "t" * 8_388_608)),
        Outcome(status=422, issue="invalid", names=("title",)),
    )


def _types() -> Iterator[Item]:
    unsupported = Outcome(status=415, issue="not-supported", names=("Content-Type",))

    def good() -> bytes:
        return _octets(bundle())

    for name, value in {
        "FHIR Turtle": "application/fhir+turtle",
        "CSV": "text/csv",
        "text": "text/plain",
        "a form": "application/x-www-form-urlencoded",
        "nothing": "",
        "JSON, almost": "application/jsonx",
        "JSON patch": "application/json-patch+json",
    }.items():
        yield _post(f"a Content-Type of {name}", good, unsupported, headers={"Content-Type": value})
    yield _post("no Content-Type", good, unsupported, headers={})
    yield _post(
        "a charset of Latin 1",
        good,
        unsupported,
        headers={"Content-Type": f"{JSON_TYPE}; charset=iso-8859-1"},
    )
    yield _post(
        "a compressed body",
        good,
        Outcome(status=415, issue="not-supported", names=("Content-Encoding",)),
        headers={"Content-Type": JSON_TYPE, "Content-Encoding": "gzip"},
    )
    refused = Outcome(status=406, issue="not-supported", names=("Accept|_format",))
    for accept in ("application/fhir+turtle", "text/html", "image/png;q=1", "nonsense", "*"):
        yield _get(f"metadata as {accept}", "metadata", refused, {"Accept": accept})
    for form in ("ttl", "text%2Fhtml", "application%2Ffhir%2Bturtle", "' OR 1=1", "%00"):
        path = f"metadata?_format={quote(form, safe='%')}"
        yield _get(f"metadata in the form {form}", path, refused)


_XML_TYPE = "application/fhir+xml"
_LIST = b'<List xmlns="http://hl7.org/fhir"><status value="current"/></List>'
_CANARY = b"file:///etc/hostname"


def _xml() -> Iterator[Item]:
    """FHIR XML nobody should parse, and XML that is no FHIR."""

    def inside(octets: bytes) -> Callable[[], bytes]:
        around = b'<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/>'
        return lambda: around + octets + b"</Bundle>"

    def contained(depth: int) -> bytes:
        return b"<entry><resource><Bundle>" * depth + b"</Bundle></resource></entry>" * depth

    xhtml = b'<div xmlns="http://www.w3.org/1999/xhtml">'
    forms: dict[str, tuple[Callable[[], bytes], str]] = {
        "nothing": (lambda: b" ", "no element"),
        "JSON": (lambda: b'{"resourceType": "Bundle"}', "encoding"),
        "a document type": (lambda: b"<!DOCTYPE Bundle>" + inside(b"")(), "DOCTYPE"),
        "an internal entity": (
            lambda: b'<!DOCTYPE x [<!ENTITY e "7001">]>' + inside(b"&e;")(),
            "DOCTYPE",
        ),
        "an external entity": (
            lambda: b'<!DOCTYPE x [<!ENTITY e SYSTEM "' + _CANARY + b'">]>' + inside(b"&e;")(),
            "DOCTYPE",
        ),
        "billion laughs": (
            lambda: (
                b"<!DOCTYPE x [<!ENTITY a 'ha'>"
                + b"".join(b"<!ENTITY %c '%b'>" % (n + 1, b"&%c;" % n * 10) for n in range(97, 109))
                + b"]>"
                + inside(b"&m;")()
            ),
            "DOCTYPE",
        ),
        "an entity of HTML": (inside(b"<id value='&nbsp;'/>"), "entity"),
        "an inclusion": (
            inside(
                b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="'
                + _CANARY
                + b'" parse="text"/>'
            ),
            "no element of this",
        ),
        "300 levels": (inside(contained(100)), "256 deep"),
        "80 levels": (inside(contained(25)), "deeper than 64"),
        "a narrative of 250 levels": (
            inside(
                b"<entry><resource><List><text>"
                + xhtml
                + b"<b>" * 300
                + b"</b>" * 300
                + b"</div></text></List></resource></entry>"
            ),
            "256 deep",
        ),
        "a script of another namespace in a narrative": (
            inside(
                b"<entry><resource><List><text>"
                + xhtml
                + b'<s:script xmlns:s="http://www.w3.org/2000/svg"/></div></text></List>'
                b"</resource></entry>"
            ),
            "not XHTML",
        ),
        "100,000 elements nobody knows": (inside(b"<x/>" * 100_000), "no element of this"),
        "a million elements": (inside(b"<a/>" * 1_000_000), "elements and attributes"),
        "300 attributes": (
            inside(b"<entry " + b" ".join(b'a%d=""' % n for n in range(300)) + b"/>"),
            "256 attributes",
        ),
        "another namespace": (lambda: b"<Bundle xmlns='urn:hl7-org:v3'/>", "namespace"),
        "no namespace": (lambda: b"<Bundle/>", "namespace"),
        "a resource nobody knows": (
            lambda: b"<Nonsense xmlns='http://hl7.org/fhir'/>",
            "resource of FHIR R4",
        ),
        "a resource named for a structure": (
            lambda: b"<Bundle.entry xmlns='http://hl7.org/fhir'/>",
            "resource of FHIR R4",
        ),
        "text between elements": (inside(b"now"), "text stands here"),
        "an element twice": (inside(b'<type value="batch"/>'), "more than once"),
        "a number that is none": (inside(b'<total value="1e9"/>'), "integer"),
        "a number of 5000 digits": (inside(b'<total value="' + b"9" * 5000 + b'"/>'), "integer"),
        "a surrogate": (inside(b'<id value="&#xD800;"/>'), "character"),
        "Latin 1": (
            lambda: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + inside(b"")(),
            "encoding",
        ),
        "two roots": (lambda: _LIST + _LIST, "follows the root"),
    }
    for name, (make, place) in forms.items():
        large = name == "a million elements"
        status, issue = (413, "too-long") if large else (400, "structure")
        yield _post(
            f"as XML {name}",
            make,
            Outcome(status=status, issue=issue, names=(place,)),
            headers={"Content-Type": _XML_TYPE},
        )
    yield _post(
        "as XML of R5",
        lambda: _LIST,
        Outcome(status=415, issue="not-supported", names=("Content-Type",)),
        headers={"Content-Type": f"{_XML_TYPE}; fhirVersion=5.0"},
    )
    yield _post(
        "as XML that is a resource of another kind",
        lambda: _LIST,
        Outcome(status=400, issue="structure|value|invalid"),
        headers={"Content-Type": _XML_TYPE},
    )


def _addresses() -> Iterator[Item]:
    unknown = Outcome(status=404, issue="not-found")
    ids = {
        "a path upwards": "..%2f..%2fregistry.sqlite",
        "a path upwards, twice encoded": "%252e%252e%252f",
        "a NUL": "%00",
        "a line end": "x%0d%0aX-Injected:%20yes",
        "SQL": "'%20OR%20'1'='1",
        "a wild card": "%25",
        "octets that are not UTF-8": "%ff%fe",
        "4 KiB": "x" * 4096,
        "another's UUID": "00000000-0000-4000-8000-000000000000",
        "a star": "*",
        "dollars": "$everything",
        "an underscore": "_",
        "a UUID with its scheme": "urn:uuid:00000000-0000-4000-8000-000000000000",
        "a turned letter": "%e2%80%ae1",
        "the dotless i": "%c4%b1",
    }
    for kind in ("DocumentReference", "List", "Binary", "Patient"):
        for name, path in ids.items():
            yield _get(f"{kind} by {name}", f"{kind}/{path}", unknown)
        yield _get(f"{kind}'s history", f"{kind}/x/_history", unknown)
        yield _get(f"{kind}'s operation", f"{kind}/x/$expunge", unknown)
    for path in ("Observation", "Observation/1", "$export", "_history", "Encounter", "x" * 5000):
        yield _get(path[:20], path, unknown)
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "SEARCH"):
        for path in ("", "DocumentReference", "Binary/x", "metadata", "DocumentReference/_search"):
            if (method, path) == ("PATCH", "DocumentReference"):
                continue
            yield _post(
                f"{method} {path or 'the base'}",
                lambda: b"",
                Outcome(status=405, issue="not-supported", names=(method,)),
                door=f"{FHIR}/{path}" if path else FHIR,
                method=method,
                headers={},
            )
    patches: tuple[tuple[str, str, Callable[[], bytes], int, str], ...] = (
        ("no type", "", lambda: b"", 415, "not-supported"),
        ("XML Patch", "application/xml-patch+xml", lambda: b"<diff/>", 415, "not-supported"),
        ("no JSON", "application/json-patch+json", lambda: b"[", 400, "structure"),
        ("an object", "application/json-patch+json", lambda: b"{}", 400, "structure"),
        ("two values", "application/json-patch+json", lambda: b'[], "x": []', 400, "structure"),
        ("deep", "application/json-patch+json", lambda: b"[" * 90 + b"]" * 90, 400, "structure"),
        ("no document", "application/json-patch+json", lambda: b"[]", 400, "required"),
        (
            "a Bundle",
            "application/fhir+json",
            lambda: b'{"resourceType": "Bundle"}',
            400,
            "required",
        ),
    )
    for name, kind, body, status, issue in patches:
        yield _post(
            f"a patch: {name}",
            body,
            Outcome(status=status, issue=issue),
            door=f"{FHIR}/DocumentReference",
            method="PATCH",
            headers={"content-type": kind} if kind else {},
        )
    yield _post(
        "an empty DocumentReference",
        lambda: _octets({"resourceType": "DocumentReference"}),
        Outcome(status=422, issue="required", names=("content", "status", "contentType")),
        door=f"{FHIR}/DocumentReference",
    )
    yield _post(
        "a search form of JSON",
        lambda: b"{}",
        Outcome(status=415, issue="not-supported"),
        door=f"{FHIR}/DocumentReference/_search",
    )
    yield _post(
        "a search form of 17 KiB",
        lambda: b"a=" + b"b" * 17_408,
        Outcome(status=413, issue="too-long"),
        door=f"{FHIR}/DocumentReference/_search",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    yield _post(
        "a search form beyond ASCII",
        lambda: "patient=\u00e9".encode("latin-1"),
        Outcome(status=400, issue="invalid"),
        door=f"{FHIR}/DocumentReference/_search",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


def _searches() -> Iterator[Item]:
    bad = Outcome(status=400, issue="invalid")
    search = f"DocumentReference?{_PATIENT}&"
    values = {
        "date": (
            "yesterday",
            "2025-13",
            "ge2025-02-30",
            "ge",
            "2025-01-01T25:00",
            "²⁰²⁵",
        ),
        "period": ("x", "ge9999-99-99"),
        "creation": ("0000-00-00",),
        "status": ("invented", ""),
        "_count": ("-1", "x", "1e3", "9" * 5000, "²", "٣", "0x10", ""),
        "patient.identifier": ("7001", "%7C", "urn:oid:2.999.1.10%7C"),
        "_cursor": (
            "x",
            "AAAA",
            "A" * 32,
            "%00",
            "../../etc/passwd",
            "' OR 1=1",
            "é",
            "A" * 8000,
            "ＡＡＡＡ",
        ),
    }
    for parameter, texts in values.items():
        for text in texts:
            shown = f"{text[:24]} of {len(text)}"
            if (parameter, text) in (("status", ""), ("_count", "")):
                continue
            encoded = quote(text, safe="%")
            yield _get(f"documents with {parameter} {shown}", f"{search}{parameter}={encoded}", bad)
    yield _get(
        "documents of an approximate date",
        f"{search}creation=ap2025",
        Outcome(status=400, issue="not-supported", names=("ge and le",)),
    )
    yield _get("documents of nobody", "DocumentReference", Outcome(status=400, issue="required"))
    yield _get("lists of nobody", "List", Outcome(status=400, issue="required|not-supported"))
    yield _get(
        "201 parameters",
        search + "&".join(f"type=x{n}" for n in range(201)),
        bad,
    )
    yield _get("201 values", search + "type=" + ",".join(f"x{n}" for n in range(201)), bad)
    yield _get(
        "17 KiB of search", search + "type=" + "x" * 17_408, Outcome(status=413, issue="too-long")
    )
    yield _get("an encoding that is none", f"{search}type=%ff", bad)
    yield _get(
        "an unknown parameter, strictly",
        f"{search}invented=1",
        Outcome(status=400, issue="not-supported|invalid", names=("invented",)),
        {"Prefer": "handling=strict"},
    )
    yield _get(
        "a chain into the hidden",
        f"{search}_has:Consent:data:status=active",
        Outcome(status=400, issue="not-supported|invalid", names=("_has",)),
        {"Prefer": "handling=strict"},
    )
    for sort in ("' OR 1=1", "-'", "title,date"):
        yield _get(
            f"documents sorted by {sort}",
            f"{search}_sort={quote(sort)}",
            Outcome(status=400, issue="not-supported", names=("_sort",)),
        )
    for parameter in ("_filter", "_query", "_content", "_include", "_elements", "__proto__"):
        yield _get(
            f"documents with {parameter}",
            f"{search}{parameter}={quote(INJECTIONS[0])}",
            Harmless(names=('"Bundle"', "searchset"), without=("Traceback",)),
        )
    nothing = Harmless(names=('"total":0',), without=("DocumentReference/",))
    literal = ("type", "category", "event", "format", "facility", "setting", "identifier")
    for parameter in (*literal, "author.family", "security-label", "patient.identifier", "_id"):
        for injection in INJECTIONS:
            token = injection.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|")
            value = quote(token)
            if parameter == "patient.identifier":
                path = f"DocumentReference?patient.identifier=urn:oid:2.999.1.10%7C{value}"
            elif parameter in ("_id", "identifier"):
                path = f"DocumentReference?{parameter}={value}"
            else:
                path = f"{search}{parameter}={value}"
            yield _get(f"documents by {parameter} {injection}", path, nothing)
    for reference in (
        "Patient/../../etc/passwd",
        "http://127.0.0.1:9/fhir/Patient/1",
        "Patient/1/_history/1",
        "Practitioner/1",
        "' OR '1'='1",
        "urn:uuid:00000000-0000-4000-8000-000000000000",
    ):
        yield _get(
            f"documents of {reference}", f"DocumentReference?patient={quote(reference)}", nothing
        )


def _ranges() -> Iterator[Item]:
    size = len(CONTENT)

    def binary(name: str, value: str, expected: Expected) -> Item:
        return Item(
            name=f"FHIR: a document's range {name}",
            door="",
            method="GET",
            headers={"Range": value},
            body=lambda shelf: _binary_request(shelf, value),
            expected=expected,
            raw=True,
        )

    outside = Outcome(status=416, issue="invalid", names=("Range", str(size)))
    whole = Harmless(names=(CONTENT.decode(),))
    for value in (f"bytes={size}-", "bytes=999999999999-", "bytes=5-2", "bytes=-0"):
        yield binary(value, value, outside)
    for value in (
        "bytes=0-0,2-3",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(1000)),
        "bytes=a-b",
        "bytes=-",
        "bytes=" + "9" * 100 + "-",
        "lines=1-2",
        "bytes=0-0, 5-",
        "bytes=٠-١",
        "",
    ):
        yield binary(value[:30] or "of nothing", value, whole)
    for value, part in (("bytes=0-0", CONTENT[:1]), ("bytes=-999999", CONTENT)):
        yield binary(value, value, Harmless(status=206, names=(part.decode(),)))


def _binary_request(shelf: Shelf, value: str) -> bytes:
    resource_id = shelf.entry.removeprefix("urn:uuid:")
    lines = (
        f"GET {FHIR}/Binary/{resource_id} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
        f"Range: {value}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _patients() -> Iterator[Item]:
    good = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:oid:2.999.1.10", "value": "7001"}],
        "name": [{"family": "MARTIN", "given": ["Camille"]}],
        "gender": "female",
        "birthDate": "1980-01-02",
    }
    door = f"{FHIR}/Patient/p1"

    def put_patient(name: str, value: Any, status: int, issue: str, *places: str) -> Item:
        return _post(
            f"a patient {name}",
            lambda: _octets(value),
            Outcome(status=status, issue=issue, names=places),
            door=door,
            method="PUT",
        )

    yield put_patient("without identifier", {"resourceType": "Patient"}, 422, "value", "identifier")
    yield put_patient("that is a list", {**good, "resourceType": "List"}, 422, "value", "Patient")
    yield put_patient("under another id", {**good, "id": "p2"}, 400, "structure", "Patient.id")
    yield put_patient(
        "without a domain",
        put(good, ("identifier", 0), {"value": "7001"}),
        422,
        "value",
        "identifier",
    )
    yield _post(
        "a patient under an id of dots",
        lambda: _octets(good),
        Outcome(status=404, issue="not-found"),
        door=f"{FHIR}/Patient/..%2f..%2fx",
        method="PUT",
    )
    yield _post(
        "a patient under an id of 65 letters",
        lambda: _octets(good),
        Outcome(status=400, issue="structure|value|invalid"),
        door=f"{FHIR}/Patient/{'x' * 65}",
        method="PUT",
    )
    yield _post(
        "a patient under an id with a line end",
        lambda: _octets(good),
        Outcome(status=400, issue="structure|value|invalid"),
        door=f"{FHIR}/Patient/x%0d%0aX-Injected:yes",
        method="PUT",
    )


def _plain() -> Iterator[Item]:
    yield Item(
        name="FHIR: a search of a path that is none",
        door=f"{FHIR}/DocumentReference?%",
        method="GET",
        body=lambda shelf: b"",
        expected=Outcome(status=400, issue="required|invalid"),
    )
    yield Item(
        name="FHIR: a head of what is not there",
        door=f"{FHIR}/Binary/x",
        method="HEAD",
        body=lambda shelf: b"",
        expected=Plain(status=404),
    )


def fhir_items() -> Iterator[Item]:
    """Every item of this module."""
    yield from _malformed()
    yield from _xml()
    yield from _kinds()
    yield from _types()
    yield from _addresses()
    yield from _searches()
    yield from _ranges()
    yield from _patients()
    yield from _plain()
