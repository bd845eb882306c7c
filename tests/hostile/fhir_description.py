"""An OpenAPI description of the FHIR face, made from what its CapabilityStatement declares.

It is as loose as a client is: values that mean something beside values that mean nothing, so that
generated requests reach the inner rooms as well as the doors.
"""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

_TEXT: Json = {"type": "string", "maxLength": 40}
_SOME_OF_TYPE: dict[str, list[str]] = {
    "date": [
        "2025-01-14",
        "ge2025",
        "lt2026-01",
        "eq2025-01-14T09:30:00Z",
        "ne2025-02-30",
        "sa2025-01-14T09:30:00+01:00,eb2020",
        "ap2025-01-14",
    ],
    "token": [
        "http://loinc.org|11488-4",
        "current",
        "superseded",
        "|N",
        "urn:oid:2.999.7.1|CL",
        "http://loinc.org|",
        "submissionset",
        "folder",
        "urn:ietf:rfc:3986|urn:oid:2.999.4.1",
        "a,b\\,c,|",
        "true",
    ],
    "string": ["DURAND", "a", "%", "_", "O'Neil", "*"],
    "reference": ["Patient/1", "1", "http://other.example/fhir/Patient/1", "List/x", "urn:uuid:1"],
    "uri": ["urn:oid:2.999.6.1", "http://x.example"],
    "number": ["1", "-1", "1e3"],
    "quantity": ["1"],
}
_ABOUT_ALL = {
    "_count": ["0", "1", "100000", "-1", "x"],
    "_sort": ["date", "-date", "-_lastUpdated", "type,-date", "nothing"],
    "_summary": ["true", "text", "data", "count", "false", "x"],
    "_elements": ["id,status", "content.attachment", "x"],
    "_total": ["none", "accurate", "x"],
    "_include": ["DocumentReference:patient", "List:item", "x:y:z", "*"],
    "_revinclude": ["List:item", "x"],
    "_format": ["json", "xml", "application/fhir+xml", "html", "x"],
    "_pretty": ["true", "x"],
    "_cursor": ["x", "eyJrIjoxfQ"],
    "_lastUpdated": ["ge2020"],
    "patient.identifier": ["urn:oid:2.999.1.10|7001"],
}


_PATIENT: list[Json] = [
    {
        "name": "patient.identifier",
        "in": "query",
        "required": True,
        "schema": {"enum": ["urn:oid:2.999.1.10|7001", "urn:oid:2.999.1.10|7001", "x|y"]},
    }
]

_CODE: Json = {
    "name": "code",
    "in": "query",
    "required": True,
    "schema": {"enum": ["submissionset", "folder"]},
}


def description(statement: Json, examples: dict[str, list[Json]], ids: list[str]) -> Json:
    """Describe every interaction a CapabilityStatement declares.

    Args:
        examples: By kind of resource, bodies that are right or nearly so.
        ids: Ids of resources that exist.
    """
    paths: Json = {
        "/metadata": {"get": _operation([], None)},
        "/": {"post": _operation([], examples["Bundle"])},
        "/{anything}": {"get": _operation([_path("anything", [])], None)},
    }
    for rest in statement["rest"]:
        for resource in rest["resource"]:
            _describe(paths, resource, examples, ids)
    return {
        "openapi": "3.0.3",
        "info": {"title": "FHIR", "version": "1"},
        "paths": paths,
    }


def _describe(paths: Json, resource: Json, examples: dict[str, list[Json]], ids: list[str]) -> None:
    kind = resource["type"]
    codes = {interaction["code"] for interaction in resource.get("interaction", ())}
    bodies = examples.get(kind, [{"resourceType": kind}])
    named = [_path("id", ids)]
    needed = [_CODE] if kind == "List" else []
    query = [
        _query(parameter["name"], _SOME_OF_TYPE[parameter["type"]])
        for parameter in resource.get("searchParam", ())
        if parameter["name"] not in {*_ABOUT_ALL, "code"}
    ]
    query += [_query(name, values) for name, values in _ABOUT_ALL.items()]
    whole = paths.setdefault(f"/{kind}", {})
    one = paths.setdefault(f"/{kind}/{{id}}", {})
    if "search-type" in codes:
        # All at once would nearly always hold one that is wrong, so a few at a time are asked for.
        # OpenAPI knows a path once; with further slashes at its end it is the same to the server.
        for number, some in enumerate(_few(query)):
            asked, slashes = [*some, *needed, *_PATIENT], "/" * number
            paths.setdefault(f"/{kind}{slashes}", {})["get"] = _operation(asked, None)
            paths[f"/{kind}/_search{slashes}"] = {"post": _form(asked)}
    if "create" in codes:
        whole["post"] = _operation([_header("If-None-Exist", ["identifier=a|b"])], bodies)
    if "read" in codes:
        one["get"] = _operation([*named, _query("_format", ["json", "xml"])], None)
    if "update" in codes:
        one["put"] = _operation(named, bodies)
        whole["put"] = _operation([_query("identifier", ["urn:oid:2.999.1.10|7001"])], bodies)
    if "patch" in codes:
        one["patch"] = _patch([*named, _header("If-Match", ['W/"1"', "x"])])
        whole["patch"] = _patch([_query("identifier", ["urn:ietf:rfc:3986|urn:oid:2.999.4.1"])])
    if "vread" in codes:
        paths[f"/{kind}/{{id}}/_history/{{version}}"] = {
            "get": _operation([*named, _path("version", ["1", "2"])], None)
        }
    history = [_query("_count", ["1", "x"]), _query("_since", ["2020-01-01T00:00:00Z", "x"])]
    if "history-instance" in codes:
        paths[f"/{kind}/{{id}}/_history"] = {"get": _operation([*named, *history], None)}
    if "history-type" in codes:
        paths[f"/{kind}/_history"] = {"get": _operation(history, None)}
    for operation in resource.get("operation", ()):
        paths[f"/{kind}/${operation['name']}"] = {
            "post": _operation([], examples.get("Parameters", [{"resourceType": "Parameters"}]))
        }


# --- Parts of a description ----------------------------------------------------------------------


def _operation(parameters: list[Json], bodies: list[Json] | None) -> Json:
    common = [
        _header("Accept", ["application/fhir+json", "application/fhir+xml", "*/*", "text/x,*/*"]),
        _header("Prefer", ["return=minimal", "handling=strict", "return=OperationOutcome", "x"]),
        _header("Range", ["bytes=0-3", "bytes=-1", "bytes=9-1", "x=1"]),
    ]
    operation: Json = {
        "parameters": [*parameters, *common],
        "responses": {"default": {"description": "any"}},
    }
    if bodies is not None:
        schema = {"anyOf": [{"enum": bodies}, *(s for b in bodies for s in _bent(b)), {}]}
        operation["requestBody"] = {"content": {"application/fhir+json": {"schema": schema}}}
    return operation


def _bent(body: Json) -> list[Json]:
    """Describe bodies like one that is right but for one member, which is missing or another."""
    right = {name: {"enum": [value]} for name, value in body.items()}
    return [
        {
            "type": "object",
            "properties": {**right, name: {}},
            "required": [other for other in right if other != name],
            "additionalProperties": False,
        }
        for name in right
    ]


def _form(parameters: list[Json]) -> Json:
    properties = {p["name"]: p["schema"] for p in parameters}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    form = {"application/x-www-form-urlencoded": {"schema": schema}}
    return {**_operation([], None), "requestBody": {"content": form}}


def _patch(parameters: list[Json]) -> Json:
    paths = ["/status", "/securityLabel/-", "/securityLabel/0", "/content/0", "/x/~2", ""]
    step = {
        "type": "object",
        "properties": {
            "op": {"enum": ["add", "remove", "replace", "move", "copy", "test", "x"]},
            "path": {"anyOf": [{"enum": paths}, _TEXT]},
            "from": {"enum": paths},
            "value": {"anyOf": [{"enum": ["superseded", "entered-in-error"]}, {}]},
        },
        "required": ["op", "path"],
    }
    json_patch = {"type": "array", "items": step, "maxItems": 4}
    part = {
        "type": "object",
        "properties": {
            "name": {"enum": ["type", "path", "value", "name", "index", "x"]},
            "valueCode": {"enum": ["replace", "add", "delete", "insert", "move"]},
            "valueString": {
                "enum": ["DocumentReference.status", "DocumentReference.securityLabel[0]", "a.b("]
            },
        },
    }
    parameter = {
        "type": "object",
        "properties": {"name": {"enum": ["operation"]}, "part": {"type": "array", "items": part}},
    }
    fhirpath_patch = {
        "type": "object",
        "properties": {
            "resourceType": {"enum": ["Parameters"]},
            "parameter": {"type": "array", "items": parameter, "maxItems": 3},
        },
        "required": ["resourceType"],
    }
    operation = _operation(parameters, None)
    operation["requestBody"] = {
        "content": {
            "application/json-patch+json": {"schema": json_patch},
            "application/fhir+json": {"schema": fhirpath_patch},
        }
    }
    return operation


def _query(name: str, values: list[str]) -> Json:
    schema = {"anyOf": [{"enum": values}] * 5 + [_TEXT]}
    return {"name": name, "in": "query", "required": True, "schema": schema}


def _few(parameters: list[Json]) -> list[list[Json]]:
    """Give the parameters two at a time, each twice, in other company the second time."""
    apart = [*parameters[::2], *parameters[1::2]]
    return [some[i : i + 2] for some in (parameters, apart) for i in range(0, len(some), 2)]


def _header(name: str, values: list[str]) -> Json:
    return {"name": name, "in": "header", "schema": {"enum": values}}


def _path(name: str, values: list[str]) -> Json:
    some = [{"enum": values}] * 3 if values else []
    schema = {"anyOf": [*some, {"type": "string", "minLength": 1, "maxLength": 70}]}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def body_octets(body: object) -> bytes:
    """Give a generated body as it is sent."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()
