"""Every visible test plan of the NIST XDS Toolkit passes, whether patients are announced or not.

The plans are data of others and lie outside the repository; so does the runner that reads them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.server import RunningGateway, environment, running_gateway
from tests.shared import shared
from tests.waiting import PATIENCE, held_port

# In this order: what queries look for is loaded first, and the queries come last. FindFolders'
# upper bound is exclusive (ITI TF-2a: 3.18.4.1.2.3.7.3, "before"), so a folder updated in the
# very second that plan 11899 names as the end is rightly not found. Between the two stands
# plan 12323, which waits for eight seconds.
LOADED_FIRST = ("12346", "12374", "12361")
REGISTRY = (
    *("11990", "11992", "11993", "11997", "11998a", "11999", "12001", "12004", "12323", "12370"),
    "15806",
)
REPOSITORY = (
    *("11966", "11983", "11986", "12029", "12369", "15816", "ReposAcceptanceTest-1111"),
    # Its ids are fixed: once for each empty store. So are its patients, whom no feed announces.
    "PnrXop",
    *("50000", "50002"),
)
UPDATES = (
    *("15800", "15800b", "15800e", "15802"),
    *("20000", "20000c", "20001", "20002b", "20003", "20007", "20100a", "21002"),
    *("40000", "40000b", "40000e", "40001b"),
    *("30000", "30001", "30004", "30006"),
)
QUERIES = ("11897", "11899", "11901", "11905", "11907", "11909", "15803")
PLANS = (*LOADED_FIRST, *REGISTRY, *REPOSITORY, *UPDATES, *QUERIES)

# Plans 11997, 20100a, 21002 and 40001b take their second patient from a feed test that the visible
# half does not have; this one says the same as its neighbour 15817.
SECOND_PATIENT = "15817b"
FEED_PLAN = """<TestPlan>
  <Test>15817b/pif</Test>
  <TestStep id="step">
    <ExpectedStatus>Success</ExpectedStatus>
    <PatientIdentityFeedTransaction><XDSb/><NoMetadata/></PatientIdentityFeedTransaction>
  </TestStep>
</TestPlan>
"""

FIXED_PATIENTS = {"SR7": "1.2.260", "IDS-AD027-a": "1.3.6.1.4.1.21367.2005.13.20.1000"}


def announce(server: RunningGateway, authority: str, value: str) -> None:
    """Tell the gateway of a patient, as a FHIR client does."""
    identifier = {"system": f"urn:oid:{authority}", "value": value}
    answer = httpx.put(
        f"{server.url}/fhir/Patient",
        params={"identifier": f"urn:oid:{authority}|{value}"},
        json={"resourceType": "Patient", "identifier": [identifier]},
        timeout=PATIENCE,
    )
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def toolkit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The visible half by links, and the one plan it lacks."""
    kit = shared("cases/nist")
    folder = tmp_path_factory.mktemp("toolkit")
    tests = folder / "testkit" / "tests"
    tests.mkdir(parents=True)
    for path in kit.iterdir():
        if path.name != "testkit":
            (folder / path.name).symlink_to(path)
    for path in (kit / "testkit" / "tests").iterdir():
        (tests / path.name).symlink_to(path)
    if not (tests / SECOND_PATIENT).exists():
        (tests / SECOND_PATIENT / "pif").mkdir(parents=True)
        (tests / SECOND_PATIENT / "index.idx").write_text("pif\n")
        (tests / SECOND_PATIENT / "pif" / "testplan.xml").write_text(FEED_PLAN)
    return folder


@pytest.mark.timeout(900)
@pytest.mark.parametrize("patients", ["open", "known"])
def test_every_plan_passes(toolkit: Path, tmp_path: Path, patients: str) -> None:
    runner = shared("tools/nist_runner.py")
    results = tmp_path / "results.json"
    options = ["--profile", "ihe", "--patients", patients]
    with ExitStack() as stack:
        feed = []
        if patients == "known":
            port = str(stack.enter_context(held_port()))
            options += ["--mllp-port", port]
            feed = ["--patient-feed", f"mllp://127.0.0.1:{port}"]
        server = stack.enter_context(running_gateway(tmp_path, *options))
        if patients == "known":
            for value, authority in FIXED_PATIENTS.items():
                announce(server, authority, value)
        done = subprocess.run(
            [
                *(sys.executable, str(runner), "--toolkit", str(toolkit)),
                *("--registry", server.registry, "--repository", server.repository),
                *("--tests", ",".join(PLANS), "--by-section", "--json", str(results), *feed),
                *("--timeout", str(PATIENCE)),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=environment(TZ="UTC"),  # It writes local time where the standard wants UTC.
        )
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith(("PASS", "TOTAL"))] == [], done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = {result["test"]: result["outcome"] for result in json.loads(results.read_text())}
    assert outcomes == dict.fromkeys(PLANS, "PASS")
