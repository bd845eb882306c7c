"""Whatever stands in a resource, the validator answers; laws over damaged resources."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fhir import COMPREHENSIVE, PACKAGE, document_reference
from gateway.validation.fhir import Definitions, Validator
from gateway.validation.fhir.packages import read_package
from gateway.validation.fhir.rules import TEXTS
from gateway.validation.issue import IssueKind
from tests.validation.fhir.small import core

Json = dict[str, Any]

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", " ", "#", "#a", "Patient/1", "http://a b", "urn:uuid:1", "current", "2001"]
    ),
)
KEYS = st.sampled_from(
    [
        "resourceType", "id", "extension", "modifierExtension", "contained", "url", "reference",
        "coding", "system", "code", "valueString", "_status", "entry", "resource", "meta", "div",
    ]
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(KEYS, below, max_size=3)),
    max_leaves=8,
)


@cache
def mhd() -> Validator:
    return Validator(Definitions([core(), read_package(PACKAGE)]))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of every object and array, as its container and its key."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def test_the_document_that_is_damaged_is_good() -> None:
    found = mhd().validate(document_reference())
    assert [i.rule for i in found if i.severity == "error"] == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_resource_is_judged_and_never_breaks_the_validator(data: st.DataObject) -> None:
    damaged = copy.deepcopy(document_reference())
    for _ in range(data.draw(st.integers(1, 3))):
        spots = list(places(damaged))
        container, key = spots[data.draw(st.integers(0, len(spots) - 1))]
        container[key] = data.draw(VALUES)
    kept = copy.deepcopy(damaged)
    found = mhd().validate(damaged, [COMPREHENSIVE])
    assert damaged == kept, "what is judged stays as it is"
    assert mhd().validate(damaged, [COMPREHENSIVE]) == found, "judged again, found again"
    for issue in found:
        assert issue.message and issue.source, issue
        assert issue.kind is IssueKind.INVARIANT or issue.rule in TEXTS, issue


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_anything_at_all_is_judged(resource: Json) -> None:
    mhd().validate(resource)
    mhd().validate({**resource, "resourceType": "Bundle"})
    mhd().validate({**resource, "resourceType": "Observation"})
