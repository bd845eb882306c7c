"""Some of the scenarios against a gateway that was started as its operator starts it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from gateway.clock import SystemClock
from gateway.model.subject import Mode
from gateway.profile import read_profile
from gateway.security.authority import FOLDER, DevelopmentAuthority
from gateway.security.development_keys import DevelopmentKeys
from tests.end_to_end.server import running_gateway
from tests.scenarios.documents import document
from tests.scenarios.people import INS, OPERATOR, B, C, everybody, patient_number
from tests.scenarios.scene import MHD, SOAP, Scene, refusal
from tests.shared import ROOT


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A process of its own, and what its people show there."""
    folder = tmp_path_factory.mktemp("started")
    asked = {"GATEWAY_AUTH": "required", "GATEWAY_DEVELOPMENT_AUTHORITY": "on"}
    with (
        running_gateway(folder, "--profile", "fr-dmp", **asked) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client,
    ):
        profile = read_profile("fr-dmp", ROOT / "profiles")
        keys = DevelopmentKeys(server.data / FOLDER, time.time())
        authority = DevelopmentAuthority(keys, profile, everybody())
        clock = SystemClock()
        yield SimpleNamespace(
            client=client,
            service=SimpleNamespace(profile=profile),
            clock=SimpleNamespace(now=clock.now, pass_=lambda **_: None),
            token=lambda person, wish: authority.token(person, wish, int(time.time())),
            assertion=lambda person, wish: authority.assertion(person, wish, time.time()),
        )


@pytest.mark.parametrize(("wire", "number"), [(SOAP, 901), (MHD, 902)])
def test_a_started_gateway_refuses_opens_and_lets_in(started: Any, wire: str, number: int) -> None:
    """Scenarios 1, 2, 36 and 37."""
    scene = Scene(started, wire, patient_number(number), exists=False)
    named = [{"system": f"urn:oid:{INS}", "value": scene.patient.value}]
    patient = {"resourceType": "Patient", "identifier": named}
    put = scene.send("PUT", f"Patient/p{number}", OPERATOR, patient, patient="")
    assert put.status_code == 201, put.text
    report = document(scene.patient, unique_id=f"2.999.42.4.77.{number}")
    scene.deposit(B, report)
    glass: dict[str, Any] = {"mode": Mode.BREAK_GLASS}
    assert scene.find(C).errors == (refusal(wire, "no-access"),)
    assert scene.find(C, **glass).errors == (refusal(wire, "reason-required"),)
    told = scene.find(C, reason="patient inconscient", **glass)
    assert (told.total, told.mode[0]) == (1, "break-glass")
    scene.authorises(C)
    assert scene.find(C).total == 1
