"""What goes from one wire to another arrives, or is named in a finding: in every direction."""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import Finding
from gateway.model.submission import Submission
from gateway.translators import (
    EnclosedDocument,
    Package,
    XdsForm,
    from_fhir,
    from_json,
    from_xds,
    to_fhir,
    to_json,
    to_xds,
)
from gateway.translators.plain import plain
from tests.laws import model_strategies as any_
from tests.laws.test_fhir_bundle_round_trip import submissions as linked_submissions
from tests.laws.test_fhir_round_trip import NAMING
from tests.shared import ROOT

LISTS = ("submission_sets", "document_entries", "folders")


@pytest.fixture(params=["UTC", "Asia/Kolkata", "America/St_Johns"])
def zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The time zone of the machine has no say in what a time means."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, f"{path}[{number}]")
    else:
        yield path, value


def unnamed(
    before: Submission, after: Submission, findings: tuple[Finding, ...]
) -> list[tuple[str, str]]:
    """What of one submission is not in another, and in no finding: told by another way of looking.

    Both are made plain JSON, and every single value is looked for at its place.
    """
    told = [f.location for f in findings]
    missing = []
    for name in LISTS:
        old, new = getattr(before, name), getattr(after, name)
        for number, item in enumerate(old):
            place = f"{type(item).__name__}[{item.entry_uuid}]"
            back = dict(leaves(plain(new[number]))) if number < len(new) else {}
            for path, value in leaves(plain(item)):
                symbolic = path == "entry_uuid" and not value.startswith("urn:uuid:")
                if value == "" or symbolic or back.get(path, "") == value:
                    continue
                full = f"{place}.{path}"
                if not any(full == t or full.startswith((f"{t}.", f"{t}[")) for t in told):
                    missing.append((full, str(value)))
    return missing + [
        (f"Association[{link.entry_uuid}]", "")
        for link in before.associations
        if not _has(after, link, before)
        and not any(f"Association[{link.entry_uuid}]" in t for t in told)
    ]


def _has(after: Submission, link: Any, before: Submission) -> bool:
    ends = {a.entry_uuid: (a.source_object, a.target_object) for a in before.associations}
    others = {a.entry_uuid: (a.source_object, a.target_object) for a in after.associations}

    def shape(one: Any, known: dict[str, Any]) -> Any:
        written = dict(leaves(plain(one)))
        for name in ("entry_uuid", "target_object", "availability_status"):
            written.pop(name, None)
        target = known.get(one.target_object, one.target_object)
        return {k: v for k, v in written.items() if v}, target

    return any(shape(link, ends) == shape(one, others) for one in after.associations)


@given(any_.submissions())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_ebrim_loses_nothing_unnamed(submission: Submission) -> None:
    for form in (XdsForm.REGISTER, XdsForm.QUERY_RESPONSE):
        written = to_xds(Package(submission=submission), form)
        back = from_xds(written.value.octets).value.submission
        assert unnamed(submission, back, written.findings) == []


@given(st.one_of(any_.submissions(), linked_submissions()), st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_fhir_loses_nothing_unnamed(submission: Submission, is_answer: bool) -> None:
    written = to_fhir(Package(submission=submission, is_answer=is_answer), NAMING)
    octets = json.dumps(written.value).encode()
    back = from_fhir(octets, NAMING).value.submission
    assert unnamed(submission, back, written.findings) == []


@pytest.mark.usefixtures("zone")
@given(linked_submissions(), st.binary(min_size=1, max_size=40))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_ebrim_to_fhir_and_back_to_ebrim_loses_nothing_unnamed(
    submission: Submission, octets: bytes
) -> None:
    documents = tuple(
        EnclosedDocument(entry_id=e.entry_uuid, content_type="text/plain", content=octets)
        for e in submission.document_entries
    )
    package = Package(submission=submission, documents=documents)
    sent = to_xds(package, XdsForm.PROVIDE_AND_REGISTER)
    received = from_xds(sent.value.recorded)
    bundle = to_fhir(received.value, NAMING)
    read = from_fhir(bundle.value, NAMING)
    again = to_xds(read.value, XdsForm.PROVIDE_AND_REGISTER)
    arrived = from_xds(again.value.recorded).value
    findings = (*sent.findings, *received.findings, *bundle.findings, *read.findings)
    assert unnamed(submission, arrived.submission, (*findings, *again.findings)) == []
    assert arrived.documents == documents


@given(any_.submissions(), st.binary(max_size=20), st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_plain_json_is_read_back_as_it_was(
    submission: Submission, octets: bytes, is_answer: bool
) -> None:
    document = EnclosedDocument(entry_id="a", content_type="b", content=octets)
    package = Package(submission=submission, documents=(document,), is_answer=is_answer)
    written = to_json(package)
    read = from_json(json.dumps(written).encode())
    assert (read.value, read.findings) == (package, ())


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


BUNDLE = to_fhir(
    from_xds((ROOT / "samples/submissions/fr-06-imagerie-echographie.mtom").read_bytes()).value,
    NAMING,
).value


BEFORE = {f.location for f in from_fhir(BUNDLE, NAMING).findings}


@given(st.data())
def test_whatever_is_added_to_a_fhir_resource_is_named(data: st.DataObject) -> None:
    bundle = copy.deepcopy(BUNDLE)
    number = data.draw(st.sampled_from(range(len(bundle["entry"]))))
    inside = list(_objects(bundle["entry"][number]["resource"]))
    chosen = data.draw(st.sampled_from(range(len(inside))))
    inside[chosen]["somethingNew"] = "never heard of"
    told = {f.location for f in from_fhir(bundle, NAMING).findings} - BEFORE
    assert any(place.startswith(f"Bundle.entry[{number}].resource") for place in told)
