"""FHIRPath Patch: paths lead exactly where they say, operations do what FHIR says."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gateway.codecs.fhir.fhirpath import PathFault, locate
from gateway.codecs.fhir.fhirpath_patch import apply_fhirpath_patch
from gateway.errors import ErrorCode, Refused

NORMAL = {"coding": [{"system": "http://levels", "code": "N"}]}
MASKED = {"coding": [{"system": "http://masks", "code": "M"}, {"system": "http://x", "code": "y"}]}
FLAG = "http://example.org/flag"
RESOURCE: dict[str, Any] = {
    "resourceType": "DocumentReference",
    "id": "1",
    "extension": [
        {"url": FLAG, "valueBoolean": False},
        {"url": "http://example.org/text", "valueString": "it's"},
    ],
    "status": "current",
    "type": {"text": "a"},
    "securityLabel": [NORMAL, MASKED],
    "content": [{"attachment": {"size": 5, "title": "t"}}],
    "contained": [{"resourceType": "Patient", "id": "p", "active": True}],
}


def found(path: str) -> list[Any]:
    return [element.value for element in locate(copy.deepcopy(RESOURCE), path)]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("DocumentReference.status", ["current"]),
        ("status", ["current"]),
        ("DocumentReference", [RESOURCE]),
        ("DocumentReference.securityLabel", [NORMAL, MASKED]),
        ("DocumentReference.securityLabel[1]", [MASKED]),
        ("DocumentReference.securityLabel[7]", []),
        ("DocumentReference.securityLabel.coding.code", ["N", "M", "y"]),
        ("DocumentReference.securityLabel.coding[1].code", ["M"]),
        ("DocumentReference.securityLabel[1].coding[1].code", ["y"]),
        # The second label has two codings: two values never equal one.
        ("DocumentReference.securityLabel.where(coding.code = 'M')", []),
        ("DocumentReference.securityLabel.where(coding.code = 'N')", [NORMAL]),
        ("DocumentReference.securityLabel.where(coding.where(code='M').exists())", [MASKED]),
        ("DocumentReference.securityLabel.where(coding.exists(code='M'))", [MASKED]),
        ("DocumentReference.securityLabel.where(coding.exists(code='M').not())", [NORMAL]),
        (
            "securityLabel.coding.where(system='http://masks' and code='M').code",
            ["M"],
        ),
        ("securityLabel.coding.where(code='N' or code='y').code", ["N", "y"]),
        ("securityLabel.coding.where(code='N' or code='y' and system='http://x').code", ["N", "y"]),
        ("securityLabel.coding.where((code='N' or code='y') and system='http://x').code", ["y"]),
        ("securityLabel.coding.where(code != 'N').code", ["M", "y"]),
        ("securityLabel.coding.where(display.empty()).code", ["N", "M", "y"]),
        ("securityLabel.coding.where(display = 'x').code", []),
        ("securityLabel.first().coding.code", ["N"]),
        ("securityLabel.last().coding.first().code", ["M"]),
        ("securityLabel.tail().coding.code", ["M", "y"]),
        ("status.single()", ["current"]),
        (f"DocumentReference.extension('{FLAG}').value", [False]),
        (f"DocumentReference.extension.where(url='{FLAG}').value", [False]),
        (f"DocumentReference.extension.where(url='{FLAG}').value.ofType(boolean)", [False]),
        (f"DocumentReference.extension.where(url='{FLAG}').value.ofType(string)", []),
        ("DocumentReference.extension.where(value = 'it\\'s').url", ["http://example.org/text"]),
        ("DocumentReference.extension.where($this.url = 'x')", []),
        ("content.attachment.where(size = 5).title", ["t"]),
        ("content.attachment.where(size = 5.0).title", ["t"]),
        ("content.attachment.where(size = true).title", []),
        ("contained.where(active = true).id", ["p"]),
        ("contained.ofType(Patient).id", ["p"]),
        ("DocumentReference.`status`", ["current"]),
        ("DocumentReference.nothing.at.all", []),
    ],
)
def test_a_path_leads_exactly_where_it_says(path: str, values: list[Any]) -> None:
    assert found(path) == values


@pytest.mark.parametrize(
    "path",
    [
        "",
        "DocumentReference.",
        "DocumentReference.securityLabel[x]",
        "DocumentReference.securityLabel[1",
        "DocumentReference.securityLabel.where(",
        "DocumentReference.status status",
        "DocumentReference.securityLabel.single()",
        "DocumentReference.status.toString()",
        "DocumentReference.status + 'x'",
        "DocumentReference.descendants()",
        "DocumentReference.status | DocumentReference.type",
        "%resource.status",
        "DocumentReference.securityLabel[99999999999]",
        "DocumentReference" + ".extension" * 400,
        "securityLabel.where" + "(" * 60 + "true" + ")" * 60,
    ],
)
def test_a_path_that_is_not_understood_is_never_guessed(path: str) -> None:
    with pytest.raises(PathFault):
        locate(copy.deepcopy(RESOURCE), path)


def operation(kind: str, path: str, **parts: Any) -> dict[str, Any]:
    given = [
        {"name": "type", "valueCode": kind},
        {"name": "path", "valueString": path},
    ]
    for name, part in parts.items():
        given.append({"name": name, **part})
    return {"name": "operation", "part": given}


def patched(*operations: dict[str, Any]) -> dict[str, Any]:
    resource = copy.deepcopy(RESOURCE)
    done = apply_fhirpath_patch(
        resource, {"resourceType": "Parameters", "parameter": list(operations)}
    )
    assert resource == RESOURCE
    return done


def refused(*operations: dict[str, Any]) -> ErrorCode:
    with pytest.raises(Refused) as refusal:
        patched(*operations)
    (finding,) = refusal.value.findings
    assert finding.location.startswith("Parameters")
    return finding.code


def test_add_appends_to_what_repeats_and_makes_it_where_it_is_missing() -> None:
    label = {"valueCodeableConcept": {"text": "new"}}
    name = {"valueString": "securityLabel"}
    done = patched(operation("add", "DocumentReference", name=name, value=label))
    assert done["securityLabel"] == [NORMAL, MASKED, {"text": "new"}]
    name = {"valueString": "category"}
    done = patched(operation("add", "DocumentReference", name=name, value=label))
    assert done["category"] == [{"text": "new"}]
    name = {"valueString": "description"}
    done = patched(operation("add", "DocumentReference", name=name, value={"valueString": "d"}))
    assert done["description"] == "d"


@pytest.mark.parametrize("named", ["value", "value[x]", "valueBoolean"])
def test_an_extension_is_added_from_its_parts(named: str) -> None:
    value = {
        "part": [
            {"name": "url", "valueUri": "http://example.org/other"},
            {"name": named, "valueBoolean": True},
        ]
    }
    done = patched(
        operation("add", "DocumentReference", name={"valueString": "extension"}, value=value)
    )
    assert done["extension"][2] == {"url": "http://example.org/other", "valueBoolean": True}


def test_replace_changes_one_element() -> None:
    done = patched(
        operation("replace", "DocumentReference.status", value={"valueCode": "superseded"}),
        operation(
            "replace",
            f"DocumentReference.extension.where(url='{FLAG}').value",
            value={"valueBoolean": True},
        ),
        operation(
            "replace",
            "DocumentReference.securityLabel[1]",
            value={"valueCodeableConcept": {"text": "x"}},
        ),
    )
    assert done["status"] == "superseded"
    assert done["extension"][0] == {"url": FLAG, "valueBoolean": True}
    assert done["securityLabel"] == [NORMAL, {"text": "x"}]


def test_replacing_a_choice_may_change_its_type() -> None:
    done = patched(
        operation("replace", "extension[0].value", value={"valueCode": "yes"}),
    )
    assert done["extension"][0] == {"url": FLAG, "valueCode": "yes"}


def test_delete_takes_one_element_and_leaves_no_empty_list() -> None:
    done = patched(operation("delete", "DocumentReference.securityLabel[0]"))
    assert done["securityLabel"] == [MASKED]
    done = patched(
        operation("delete", "DocumentReference.securityLabel[0]"),
        operation("delete", "DocumentReference.securityLabel[0]"),
        operation("delete", "DocumentReference.description"),
    )
    assert "securityLabel" not in done


def test_insert_and_move_work_on_whole_lists() -> None:
    done = patched(
        operation(
            "insert",
            "DocumentReference.securityLabel",
            index={"valueInteger": 1},
            value={"valueCodeableConcept": {"text": "between"}},
        ),
        operation(
            "move",
            "DocumentReference.securityLabel",
            source={"valueInteger": 2},
            destination={"valueInteger": 0},
        ),
    )
    assert done["securityLabel"] == [MASKED, NORMAL, {"text": "between"}]


@pytest.mark.parametrize(
    "asked",
    [
        operation("replace", "DocumentReference.securityLabel", value={"valueString": "x"}),
        operation("replace", "DocumentReference.description", value={"valueString": "x"}),
        operation("replace", "DocumentReference", value={"valueString": "x"}),
        operation("replace", "DocumentReference.status"),
        operation("delete", "DocumentReference.securityLabel"),
        operation("delete", "DocumentReference"),
        operation("add", "DocumentReference", value={"valueString": "x"}),
        operation(
            "add",
            "DocumentReference",
            name={"valueString": "status"},
            value={"valueCode": "current"},
        ),
        operation(
            "add", "DocumentReference", name={"valueString": "foo"}, value={"valueString": "x"}
        ),
        operation(
            "add",
            "DocumentReference.status",
            name={"valueString": "extension"},
            value={"valueString": "x"},
        ),
        operation(
            "insert",
            "DocumentReference.securityLabel",
            index={"valueInteger": 3},
            value={"valueString": "x"},
        ),
        operation(
            "insert",
            "DocumentReference.securityLabel[0]",
            index={"valueInteger": 0},
            value={"valueString": "x"},
        ),
        operation(
            "move",
            "DocumentReference.securityLabel",
            source={"valueInteger": 0},
            destination={"valueInteger": 2},
        ),
        operation("move", "DocumentReference.securityLabel", source={"valueInteger": 0}),
        operation("replace", "DocumentReference.status.bad(", value={"valueCode": "x"}),
        operation("spam", "DocumentReference.status", value={"valueCode": "x"}),
    ],
)
def test_what_cannot_be_done_is_refused(asked: dict[str, Any]) -> None:
    assert refused(asked) is ErrorCode.INVALID_VALUE


@pytest.mark.parametrize(
    "parameters",
    [
        {"resourceType": "Bundle"},
        {"resourceType": "Parameters"},
        {"resourceType": "Parameters", "parameter": [{"name": "other", "part": []}]},
        {"resourceType": "Parameters", "parameter": [{"name": "operation"}]},
        {"resourceType": "Parameters", "parameter": ["x"]},
        {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [1]}]},
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "operation", "part": [{"name": "path"}, {"name": "path"}]},
            ],
        },
    ],
)
def test_what_is_no_patch_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        apply_fhirpath_patch(copy.deepcopy(RESOURCE), parameters)
    assert refusal.value.findings[0].code is ErrorCode.MALFORMED
