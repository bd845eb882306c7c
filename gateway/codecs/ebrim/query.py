"""AdhocQueryRequest and the stored query it carries.

A parameter that a query does not define is left aside, as the reference tests of XDS ask: senders
still add the ``…Scheme`` parameters of old revisions.

Source:
    IHE ITI TF-2a: 3.18.4.1.2 (revision 17); OASIS ebRS 3.0: 6.1.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from gateway.codecs.ebrim.names import (
    ADHOC_QUERY,
    ADHOC_QUERY_REQUEST,
    REQUEST_SLOT_LIST,
    RESPONSE_OPTION,
    declare,
)
from gateway.codecs.ebrim.query_grammar import write_text
from gateway.codecs.ebrim.query_parameters import DEFINITIONS, Form, Parameter
from gateway.codecs.ebrim.query_values import Parameters
from gateway.codecs.ebrim.reading import Reading, attribute
from gateway.codecs.ebrim.slots import write_slot
from gateway.codecs.xml import Element, escape_attribute
from gateway.errors import ErrorCode, Refused
from gateway.model.conventions import STANDARD_STATUSES, StatusRules
from gateway.transactions.conditions import TimeBound
from gateway.transactions.registry_stored_query import (
    RegistryStoredQuery,
    ReturnType,
    StoredQuery,
)

_RETURN_TYPES = {form.value: form for form in ReturnType}


def read_query(element: Element, statuses: StatusRules = STANDARD_STATUSES) -> RegistryStoredQuery:
    """Read an AdhocQueryRequest.

    Args:
        statuses: Which ones there are; a query for others finds nothing.

    Raises:
        Refused: With everything that keeps it from being a stored query we answer.
    """
    reading = Reading(ErrorCode.REGISTRY_ERROR)
    options, queries = _read_frame(element, reading)
    return_type = _read_return_type(options, reading)
    if len(queries) != 1:
        reading.problem(
            "adhoc-query",
            "AdhocQueryRequest",
            f"there are {len(queries)} AdhocQuery elements; send exactly one",
        )
        raise Refused(*reading.findings)
    query = queries[0]
    query_id = (attribute(query, "id") or "").lower()
    definition = DEFINITIONS.get(query_id)
    if definition is None:
        reading.problem(
            "query-id",
            "AdhocQuery.id",
            f"{query_id[:128] or 'nothing'} is no stored query of this registry; "
            "send the id of one",
            ErrorCode.UNKNOWN_STORED_QUERY,
        )
        raise Refused(*reading.findings)
    values = Parameters(query, reading, statuses.known).read(definition)
    if reading.findings:
        raise Refused(*reading.findings)
    return RegistryStoredQuery(
        query_id=query_id,
        query=definition.type(**values),
        return_type=return_type,
        home_community_id=attribute(query, "home"),
    )


def _read_frame(element: Element, reading: Reading) -> tuple[list[Element], list[Element]]:
    options: list[Element] = []
    queries: list[Element] = []
    if element.tag != ADHOC_QUERY_REQUEST:
        reading.unexpected(element, "Body")
    for child in element:
        if child.tag == RESPONSE_OPTION:
            options.append(child)
        elif child.tag == ADHOC_QUERY:
            queries.append(child)
        elif child.tag != REQUEST_SLOT_LIST:
            reading.unexpected(child, "AdhocQueryRequest")
    return options, queries


def _read_return_type(options: list[Element], reading: Reading) -> ReturnType:
    where = "ResponseOption.returnType"
    asked = (options[0].get("returnType") or "").strip() if options else ""
    if len(options) != 1:
        reading.problem(
            "response-option",
            "AdhocQueryRequest",
            f"there are {len(options)} ResponseOption elements; send exactly one",
        )
    elif asked not in _RETURN_TYPES:
        reading.problem(
            "return-type",
            where,
            f"returnType is {asked[:64] or 'absent'}; send LeafClass or ObjectRef",
        )
    return _RETURN_TYPES.get(asked, ReturnType.LEAF_CLASS)


def write_query(request: RegistryStoredQuery) -> bytes:
    """Give an AdhocQueryRequest that declares its own prefixes.

    Raises:
        Refused: When a stored query cannot ask what the value asks, which a FHIR search may.
        ValueError: When the query is not of the type its id names.
    """
    definition = DEFINITIONS.get(request.query_id)
    if definition is None or type(request.query) is not definition.type:
        raise ValueError(f"{request.query_id} is not a {type(request.query).__name__}")
    reading = Reading(ErrorCode.NOT_SUPPORTED)
    _refuse_unspeakable(request.query, definition.parameters, reading)
    slots = [
        write_slot(name, values)
        for parameter in definition.parameters
        for name, values in _write_parameter(parameter, request.query, reading)
    ]
    if reading.findings:
        raise Refused(*reading.findings)
    home = request.home_community_id
    home_attribute = "" if home is None else f' home="{escape_attribute(home)}"'
    return (
        f"<query:AdhocQueryRequest{declare('query', 'rim')}>"
        '<query:ResponseOption returnComposedObjects="true" '
        f'returnType="{request.return_type.value}"/>'
        f'<rim:AdhocQuery id="{request.query_id}"{home_attribute}>{"".join(slots)}'
        "</rim:AdhocQuery></query:AdhocQueryRequest>"
    ).encode()


def _refuse_unspeakable(
    query: StoredQuery, parameters: tuple[Parameter, ...], reading: Reading
) -> None:
    """Note the attributes of a value that its stored query has no parameter for."""
    times = {p.field for p in parameters if p.form in (Form.TIME, Form.TIME_IF_KNOWN)}
    spoken = {p.field for p in parameters} | {"times"}
    for field in fields(query):
        default = None if field.default is MISSING else field.default
        if field.name not in spoken and getattr(query, field.name) != default:
            reading.problem(
                "not-expressible", field.name, f"a stored query cannot ask by {field.name}"
            )
    bounds: tuple[TimeBound, ...] = getattr(query, "times", ())
    for bound in bounds:
        if bound.attribute not in times:
            reading.problem(
                "not-expressible", bound.attribute, f"a stored query has no {bound.attribute}"
            )


def _write_parameter(
    parameter: Parameter, query: StoredQuery, reading: Reading
) -> list[tuple[str, list[str]]]:
    """Give the Slots of one parameter: name and rim:Value texts of each."""
    name = parameter.name
    if parameter.form in (Form.TIME, Form.TIME_IF_KNOWN):
        return _write_bounds(parameter, query)
    value: Any = getattr(query, parameter.field)
    if not value:
        if parameter.required:
            reading.problem("not-expressible", name, f"a stored query needs {name}")
        return []
    match parameter.form:
        case Form.PATIENT:
            return [(name, [write_text(value.text)])]
        case Form.TEXT:
            if len(value) > 1:
                reading.problem("not-expressible", name, f"{name} takes one value")
            return [(name, [write_text(value[0])])]
        case Form.LEVEL:
            return [] if value == 1 else [(name, [str(value)])]
        case Form.TEXTS | Form.STATUSES:
            return [(name, _items(value))]
        case Form.TEXT_GROUPS:
            return [(name, _items(group)) for group in value]
        case Form.CODES:
            return [(name, _codes(parameter, value, reading))]
        case Form.CODE_GROUPS:
            return [(name, _codes(parameter, group, reading)) for group in value]
        case _:
            raise AssertionError(parameter.form)


def _write_bounds(parameter: Parameter, query: StoredQuery) -> list[tuple[str, list[str]]]:
    bounds: tuple[TimeBound, ...] = getattr(query, "times", ())
    slots = []
    for bound in bounds:
        if bound.attribute == parameter.field:
            if bound.low is not None:
                slots.append((f"{parameter.name}From", [bound.low]))
            if bound.high is not None:
                slots.append((f"{parameter.name}To", [bound.high]))
    return slots


def _items(texts: tuple[str, ...]) -> list[str]:
    """Give each text in a list of its own, since one rim:Value holds 256 characters at most."""
    return [f"({write_text(text)})" for text in texts]


def _codes(
    parameter: Parameter, codes: tuple[tuple[str, str | None], ...], reading: Reading
) -> list[str]:
    texts = []
    for code, scheme in codes:
        if not code or not scheme or "^" in code or "^" in scheme:
            reading.problem(
                "not-expressible",
                parameter.name,
                f"a code of {parameter.name} is incomplete or has a ^ in it; ask without it",
            )
        texts.append(f"{code}^^{scheme}")
    return _items(tuple(texts))
