"""JSON Patch: every operation, every refusal. Examples of RFC 6902 appendix A by number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.codecs.fhir.json_patch import apply_json_patch, read_json_patch
from gateway.errors import ErrorCode, Refused


def patched(document: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    before = json.dumps(document)
    done = apply_json_patch(document, read_json_patch(json.dumps(operations).encode()))
    assert json.dumps(document) == before
    return done


def refused(document: dict[str, Any], *operations: dict[str, Any]) -> ErrorCode:
    with pytest.raises(Refused) as refusal:
        patched(document, *operations)
    (finding,) = refusal.value.findings
    return finding.code


@pytest.mark.parametrize(
    ("document", "operation", "expected"),
    [
        ({"foo": 1}, {"op": "add", "path": "/baz", "value": "qux"}, {"baz": "qux", "foo": 1}),
        (
            {"foo": ["bar", "baz"]},
            {"op": "add", "path": "/foo/1", "value": "qux"},
            {"foo": ["bar", "qux", "baz"]},
        ),
        ({"baz": "qux", "foo": "bar"}, {"op": "remove", "path": "/baz"}, {"foo": "bar"}),
        (
            {"foo": ["bar", "qux", "baz"]},
            {"op": "remove", "path": "/foo/1"},
            {"foo": ["bar", "baz"]},
        ),
        (
            {"baz": "qux", "foo": "bar"},
            {"op": "replace", "path": "/baz", "value": "boo"},
            {"baz": "boo", "foo": "bar"},
        ),
        (
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            {"op": "move", "from": "/foo/waldo", "path": "/qux/thud"},
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        ),
        (
            {"foo": ["all", "grass", "cows", "eat"]},
            {"op": "move", "from": "/foo/1", "path": "/foo/3"},
            {"foo": ["all", "cows", "eat", "grass"]},
        ),
        (
            {"foo": "bar"},
            {"op": "add", "path": "/child", "value": {"grandchild": {}}},
            {"foo": "bar", "child": {"grandchild": {}}},
        ),
        (
            {"foo": "bar"},
            {"op": "add", "path": "/baz", "value": "qux", "xyz": 123},
            {"foo": "bar", "baz": "qux"},
        ),
        ({"foo": ["bar"]}, {"op": "add", "path": "/foo/-", "value": ["abc", "def"]},
         {"foo": ["bar", ["abc", "def"]]}),
        ({"a": 1}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": 1, "b": 1}),
        ({"a": 1}, {"op": "replace", "path": "", "value": {"b": 2}}, {"b": 2}),
        ({"a": 1}, {"op": "add", "path": "/a", "value": None}, {"a": None}),
        ({"a": 1}, {"op": "move", "from": "/a", "path": "/a"}, {"a": 1}),
        ({"": 1}, {"op": "add", "path": "/", "value": 2}, {"": 2}),
        ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"/": 9, "~1": 10}),
        ({"a/b": 1}, {"op": "remove", "path": "/a~1b"}, {}),
        ({"a": 1.0}, {"op": "test", "path": "/a", "value": 1}, {"a": 1.0}),
    ],
)  # fmt: skip
def test_an_operation_does_what_the_standard_says(
    document: dict[str, Any], operation: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert patched(document, operation) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/baz/bat", "value": "qux"},
        {"op": "remove", "path": "/no"},
        {"op": "remove", "path": "/list/-"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/no", "value": 1},
        {"op": "replace", "path": "/list/3", "value": 1},
        {"op": "add", "path": "/list/4", "value": 1},
        {"op": "add", "path": "/list/01", "value": 1},
        {"op": "add", "path": "/list/-1", "value": 1},
        {"op": "add", "path": "/foo/x", "value": 1},
        {"op": "add", "path": "foo", "value": 1},
        {"op": "add", "path": "/a~2", "value": 1},
        {"op": "copy", "from": "/no", "path": "/x"},
        {"op": "move", "from": "/object", "path": "/object/inside"},
        {"op": "move", "from": "/no", "path": "/no"},
        {"op": "replace", "path": "", "value": []},
        {"op": "spam", "path": "/foo"},
        {"op": "add", "path": "/foo"},
        {"op": "move", "path": "/foo"},
        {"op": "remove", "path": 3},
        {"path": "/foo"},
    ],
)
def test_what_cannot_be_done_is_refused(operation: dict[str, Any]) -> None:
    document = {"foo": "bar", "list": [1, 2, 3], "object": {"a": 1}}
    assert refused(document, operation) is ErrorCode.INVALID_VALUE


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ("bar", "qux"),
        (1, True),
        (0, False),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 1, "b": 2}),
        (1, "1"),
    ],
)
def test_a_test_that_fails_refuses_the_patch(held: Any, asked: Any) -> None:
    operation = {"op": "test", "path": "/foo", "value": asked}
    assert refused({"foo": held}, operation) is ErrorCode.METADATA_UPDATE_ERROR


def test_all_operations_are_done_or_none() -> None:
    document = {"foo": "bar"}
    refused(
        document,
        {"op": "replace", "path": "/foo", "value": "changed"},
        {"op": "test", "path": "/foo", "value": "bar"},
    )
    assert document == {"foo": "bar"}


def test_copies_cannot_make_a_document_grow_without_measure() -> None:
    operations = [{"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(40)]
    assert refused({"a": [1]}, *operations) is ErrorCode.INVALID_VALUE


def test_values_of_a_patch_are_not_shared() -> None:
    done = patched(
        {"a": {"x": 1}},
        {"op": "copy", "from": "/a", "path": "/b"},
        {"op": "replace", "path": "/b/x", "value": 2},
    )
    assert done == {"a": {"x": 1}, "b": {"x": 2}}


@pytest.mark.parametrize(
    "octets", [b"{}", b"1", b'"x"', b"[", b'[], "a": 1', b'[{"op": "test", "op": "add"}]', b""]
)
def test_what_is_no_array_of_operations_is_refused(octets: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        read_json_patch(octets)
    assert refusal.value.findings[0].code is ErrorCode.MALFORMED


URL = "https://example.org/StructureDefinition/flag"


@pytest.mark.parametrize(
    "path",
    [
        f"/extension[url:'{URL}']/valueBoolean",
        f"/extension[url:\u201d{URL}\u201d]/valueBoolean",
        f'/extension[url="{URL}"]/valueBoolean',
    ],
)
def test_an_extension_named_by_its_url_is_set_whether_it_is_there_or_not(path: str) -> None:
    operation = {"op": "replace", "path": path, "value": True}
    flag = {"url": URL, "valueBoolean": True}
    other = {"url": "other", "valueString": "x"}
    assert patched({}, operation) == {"extension": [flag]}
    held = {"extension": [other, {"url": URL, "valueBoolean": False}]}
    assert patched(held, operation) == {"extension": [other, flag]}
    assert patched(held, {"op": "remove", "path": path.rpartition("/")[0]}) == {
        "extension": [other]
    }
    refused({}, {"op": "remove", "path": path})
