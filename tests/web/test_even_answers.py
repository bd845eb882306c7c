"""An answer that shows nothing leaves at an even time, whatever it was that is not shown."""

from __future__ import annotations

import pytest

from gateway.consent.decision import PublicReason
from tests.web.access import House, professional
from tests.web.test_access_doors import SEARCH, find, submit


class Noted:
    """Notes who would have to wait, and lets everybody go on."""

    def __init__(self) -> None:
        self.waited = 0

    def begin(self) -> float:
        return 17.0

    async def wait(self, began: float) -> None:
        assert began == 17.0
        self.waited += 1


@pytest.fixture
def even(house: House) -> Noted:
    noted = Noted()
    house.client.app_state["service"].reception.even = noted
    house.knows("b", professional())
    return noted


def read(house: House, name: str) -> int:
    return house.client.get(f"/fhir/{name}", headers=house.as_("b")).status_code


def test_what_is_found_leaves_at_once(house: House, even: Noted) -> None:
    assert submit(house, "b")[0] == 200
    (name,) = [
        entry["resource"]["id"]
        for entry in house.client.get(SEARCH, headers=house.as_("b")).json()["entry"]
    ]
    assert find(house, "b")[0] == 200
    assert read(house, f"DocumentReference/{name}") == 200
    assert even.waited == 0


@pytest.mark.parametrize(
    "name",
    [
        "DocumentReference/01a2033d-ba2d-7989-9c61-2958d18fcf5a",
        "DocumentReference/01a2033d-ba2d-7989-9c61-2958d18fcf5a/_history",
        "List/01a2033d-ba2d-7989-9c61-2958d18fcf5a",
        "Binary/01a2033d-ba2d-7989-9c61-2958d18fcf5a",
        "Patient/01a2033d-ba2d-7989-9c61-2958d18fcf5a",
    ],
)
def test_what_is_not_there_leaves_at_an_even_time(house: House, even: Noted, name: str) -> None:
    assert read(house, name) == 404
    assert even.waited == 1


def test_a_search_without_a_result_leaves_at_an_even_time(house: House, even: Noted) -> None:
    for number, path in enumerate(
        (
            SEARCH,
            "/fhir/Patient?family=Nobody",
            "/fhir/Consent?patient.identifier=urn:oid:2.999.1.10|7001&status=active",
        )
    ):
        answer = house.client.get(path, headers=house.as_("b"))
        assert answer.json().get("total") == 0, (path, answer.text)
        assert even.waited == number + 1
    assert find(house, "b")[0] == 200
    assert even.waited == 4


@pytest.mark.parametrize("reason", [PublicReason.NO_RECORD, PublicReason.NO_ACCESS])
def test_a_refusal_leaves_at_an_even_time(house: House, even: Noted, reason: PublicReason) -> None:
    house.rules.refusals[professional().subject.key] = ("A9", reason)
    assert house.client.get(SEARCH, headers=house.as_("b")).status_code in (403, 404)
    find(house, "b")
    submit(house, "b")
    assert even.waited == 3
