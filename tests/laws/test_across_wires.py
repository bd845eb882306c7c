"""From one wire over the model to the other and back, under any clock the server may run.

What ebRIM says is written as FHIR, read, and written as ebRIM again: to the octet what it was. What
FHIR says and the model has no place for is named in a finding, wherever in the resource it stands.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.codecs.ebrim.registry_objects import read_fragment, write_registry_object
from gateway.codecs.fhir.document_reference import read_document_reference
from gateway.codecs.fhir.list import read_list
from gateway.errors import Finding
from gateway.model.submission import RegistryObject
from tests.laws import fhir_strategies as some
from tests.laws.test_fhir_round_trip import FRAGMENTS, NAMING

ZONES = ("UTC", "Europe/Paris", "Pacific/Kiritimati", "America/St_Johns")

objects = st.one_of(some.document_entries, some.submission_sets, some.folders)


def read(resource: dict[str, Any]) -> tuple[Any, tuple[Finding, ...]]:
    if resource["resourceType"] == "DocumentReference":
        return read_document_reference(resource, NAMING)
    return read_list(resource, NAMING)


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The server's own time zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(objects)
def test_what_ebrim_says_comes_back_from_fhir_to_the_octet_in_every_time_zone(
    zone: str, held: RegistryObject
) -> None:
    value = read_fragment(write_registry_object(held))
    said = write_registry_object(value)
    back, findings = read(json.loads(FRAGMENTS.write(value)))
    assert findings == ()
    assert write_registry_object(back) == said


# --- What the model has no place for -----------------------------------------------------------

_UNKNOWN = {"extension": [{"url": "http://x.example/other", "valueString": "said-by-a-peer"}]}
_MORE: dict[str, Any] = {
    **_UNKNOWN,
    "text": {"status": "generated", "div": "<div>said-by-a-peer</div>"},
    "language": "said-by-a-peer",
    "docStatus": "said-by-a-peer",
    "custodian": {"display": "said-by-a-peer"},
    "orderedBy": {"text": "said-by-a-peer"},
    "version": "said-by-a-peer",
    "assigner": {"display": "said-by-a-peer"},
    "photo": [{"title": "said-by-a-peer"}],
    "contained": [{"resourceType": "Observation", "id": "o", "status": "said-by-a-peer"}],
    "qualification": [{"code": {"text": "said-by-a-peer"}}],
}
_ENDS = {"resourceType", "id", "status", "_status", "relatesTo", "code", "mode", "entry", "subject"}


def _objects(resource: dict[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Give every object of a resource that is not the frame of a message, with its path."""
    yield resource, path
    for name, value in resource.items():
        if name in _ENDS:
            continue
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(item, dict):
                where = f"[{number}]" if isinstance(value, list) else ""
                yield from _objects(item, f"{path}.{name}{where}")


@given(objects, st.data())
def test_what_a_peer_adds_anywhere_is_kept_or_named(
    held: RegistryObject, data: st.DataObject
) -> None:
    resource = json.loads(FRAGMENTS.write(held))
    place, path = data.draw(st.sampled_from(list(_objects(resource, resource["resourceType"]))))
    name = data.draw(st.sampled_from(sorted(_MORE)))
    if name in place and isinstance(place[name], list):
        place[name] = [*place[name], *_MORE[name]]
    elif name in place:
        return
    else:
        place[name] = _MORE[name]
    back, findings = read(resource)
    if b"said-by-a-peer" in FRAGMENTS.write(back):
        return
    assert findings, f"{path}.{name} was left out without a word"
    if ".contained" not in path and name != "contained":
        told = [finding.location for finding in findings]
        where = f"{path}.{name}"
        assert any(where.startswith(one) or one.startswith(where) for one in told), (where, told)
    assert all(f.message for f in findings)
