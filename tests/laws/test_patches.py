"""Whatever a patch says: it is refused with findings, or it is done and can be read."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.fhir.document_patch import read_patched_document
from gateway.codecs.fhir.fhirpath import PathFault, locate
from gateway.codecs.fhir.fhirpath_patch import apply_fhirpath_patch
from gateway.codecs.fhir.json_patch import apply_json_patch, read_json_patch
from gateway.errors import Refused
from gateway.model.conventions import Conventions
from tests.codecs.fhir.fhir_examples import NAMING
from tests.codecs.fhir.test_conventions import ZZ, served

ORIGINAL = served()


def places(value: Any, path: str = "") -> list[str]:
    """Every JSON Pointer into a document."""
    found = [path]
    items: Any = ()
    if type(value) is dict:
        items = value.items()
    elif type(value) is list:
        items = enumerate(value)
    for name, item in items:
        found += places(item, f"{path}/{name}")
    return found


def parts(value: Any) -> list[Any]:
    """Every value of a document."""
    found = [value]
    for item in value.values() if type(value) is dict else value if type(value) is list else ():
        found += parts(item)
    return found


POINTERS = st.one_of(
    st.sampled_from(places(ORIGINAL)),
    st.sampled_from(places(ORIGINAL)).map(lambda place: place + "/-"),
    st.text(st.sampled_from("/~01-aextension[]:'"), max_size=12),
)
VALUES = st.one_of(
    st.sampled_from(parts(ORIGINAL)),
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=4,
    ),
)
OPERATIONS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(("add", "remove", "replace", "move", "copy", "test", "spam")),
        "path": POINTERS,
        "from": POINTERS,
        "value": VALUES,
    }
)
PATHS = st.one_of(
    st.sampled_from(
        (
            "DocumentReference",
            "DocumentReference.status",
            "DocumentReference.securityLabel",
            "DocumentReference.securityLabel[0]",
            "DocumentReference.extension.where(url.exists()).value",
            "DocumentReference.content.attachment.title",
            "DocumentReference.author[0].reference",
        )
    ),
    st.lists(
        st.sampled_from(
            ("DocumentReference", "status", ".", "(", ")", "[", "]", "0", "where", "'a'", "=", "or")
        ),
        max_size=9,
    ).map(" ".join),
)


@given(st.lists(OPERATIONS, max_size=4), st.sampled_from((ZZ, Conventions())))
def test_a_json_patch_is_refused_or_done(
    operations: list[dict[str, Any]], conventions: Conventions
) -> None:
    before = copy.deepcopy(ORIGINAL)
    try:
        patched = apply_json_patch(ORIGINAL, read_json_patch(json.dumps(operations).encode()))
        read_patched_document(ORIGINAL, patched, NAMING, conventions)
    except Refused as refused:
        assert refused.findings
        assert all(400 <= f.code.http_status < 500 for f in refused.findings)
    assert before == ORIGINAL


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("add", "insert", "delete", "replace", "move", "spam")),
            PATHS,
            st.sampled_from(("valueString", "valueCode", "valueCodeableConcept", "part", "value")),
            VALUES,
        ),
        max_size=3,
    ),
    st.sampled_from((ZZ, Conventions())),
)
def test_a_fhirpath_patch_is_refused_or_done(
    told: list[tuple[str, str, str, Any]], conventions: Conventions
) -> None:
    before = copy.deepcopy(ORIGINAL)
    operations = [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": kind},
                {"name": "path", "valueString": path},
                {"name": "name", "valueString": "securityLabel"},
                {"name": "index", "valueInteger": 0},
                {"name": "source", "valueInteger": 0},
                {"name": "destination", "valueInteger": 0},
                {"name": "value", form: value},
            ],
        }
        for kind, path, form, value in told
    ]
    try:
        patched = apply_fhirpath_patch(
            ORIGINAL, {"resourceType": "Parameters", "parameter": operations}
        )
        read_patched_document(ORIGINAL, patched, NAMING, conventions)
    except Refused as refused:
        assert refused.findings
        assert all(400 <= f.code.http_status < 500 for f in refused.findings)
    assert before == ORIGINAL


@given(st.text(max_size=30) | PATHS)
def test_a_path_is_followed_or_refused(path: str) -> None:
    try:
        locate(ORIGINAL, path)
    except PathFault as fault:
        assert str(fault)
