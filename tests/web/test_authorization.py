"""A gateway that asks everybody who they are, with the authority that says so for a trial."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.clock import SystemClock
from gateway.profile import read_profile
from gateway.security.authority import Wish
from gateway.security.instants import seconds_of
from gateway.security.opening import open_authority
from tests.security.world import PEOPLE, message
from tests.shared import ROOT
from tests.web.conftest import Open

BASE = "http://gateway.test"


@pytest.fixture
def asking(open_gateway: Open) -> TestClient:
    return open_gateway(auth="required", development_authority="on")


def basic(client: str, secret: str = "any") -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{client}:{secret}".encode()).decode()}


def token(client: TestClient, person: str, **form: str) -> Any:
    return client.post(
        "/authorization/token",
        data={"grant_type": "client_credentials", **form},
        headers=basic(person),
    )


def test_the_authority_describes_itself(asking: TestClient) -> None:
    told = asking.get("/.well-known/oauth-authorization-server")
    assert told.status_code == 200
    metadata = told.json()
    assert metadata["issuer"] == BASE
    assert metadata["token_endpoint"] == f"{BASE}/authorization/token"
    assert asking.get("/.well-known/smart-configuration").json() == metadata
    assert asking.get("/fhir/.well-known/smart-configuration").json() == metadata
    (key,) = asking.get("/authorization/jwks").json()["keys"]
    assert key["kty"] == "EC"
    assert "d" not in key
    assert asking.post("/.well-known/oauth-authorization-server").status_code == 405
    assert asking.get("/authorization/token").status_code == 405


def test_a_token_of_the_endpoint_opens_the_fhir_face(asking: TestClient) -> None:
    answer = token(asking, "patient")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["pragma"] == "no-cache"
    body = answer.json()
    assert (body["token_type"], body["scope"]) == ("Bearer", "patient/*.cruds")
    refused = asking.get("/fhir/DocumentReference?patient.identifier=urn:oid:2.999.1.1|ALBA-0001")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    let_in = asking.get(
        "/fhir/DocumentReference?patient.identifier=urn:oid:2.999.1.1|ALBA-0001&status=current",
        headers={"authorization": f"Bearer {body['access_token']}"},
    )
    assert let_in.status_code != 401


def test_a_scope_that_does_not_cover_the_operation_is_refused(asking: TestClient) -> None:
    narrow = token(asking, "patient", scope="patient/Consent.r").json()["access_token"]
    refused = asking.get(
        "/fhir/DocumentReference?patient.identifier=urn:oid:2.999.1.1|ALBA-0001&status=current",
        headers={"authorization": f"Bearer {narrow}"},
    )
    assert refused.status_code == 403
    assert "insufficient_scope" in refused.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("person", "form", "error", "status"),
    [
        ("nobody", {}, "invalid_client", 401),
        ("gp", {"grant_type": "password"}, "unsupported_grant_type", 400),
        ("gp", {"scope": "openid"}, "invalid_scope", 400),
        ("gp", {"resource": "https://other.example"}, "invalid_target", 400),
        ("gp", {"mode": "other"}, "invalid_request", 400),
        (
            "gp",
            {"requested_token_type": "urn:ietf:params:oauth:token-type:saml2"},
            "invalid_request",
            400,
        ),
    ],
)
def test_a_request_for_a_token_that_is_wrong_is_told_so(
    asking: TestClient, person: str, form: dict[str, str], error: str, status: int
) -> None:
    answer = token(asking, person, **form)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_a_request_for_a_token_is_read_strictly(asking: TestClient) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for content, headers in (
        (b"grant_type=client_credentials&grant_type=x", {**kind, **basic("gp")}),
        (b"grant_type", {**kind, **basic("gp")}),
        (b"{}", {"content-type": "application/json", **basic("gp")}),
        (b"grant_type=client_credentials", {**kind, "authorization": "Basic !"}),
        (b"grant_type=client_credentials", {**kind, "authorization": "Bearer x"}),
        (b"x" * 20_000, {**kind, **basic("gp")}),
    ):
        answer = asking.post("/authorization/token", content=content, headers=headers)
        assert answer.status_code in {400, 401, 413}, content[:40]
        assert set(answer.json()) == {"error"}


def test_without_the_authority_its_addresses_are_not_there(open_gateway: Open) -> None:
    for client in (open_gateway(), open_gateway(development_authority="on")):
        assert client.get("/.well-known/oauth-authorization-server").status_code == 404
        assert client.post("/authorization/token").status_code == 404


def test_an_assertion_of_the_command_line_opens_the_soap_face(
    asking: TestClient, tmp_path: Any
) -> None:
    clock = SystemClock()
    profile = read_profile("ihe", ROOT / "profiles")
    now = seconds_of(clock.now())
    authority = open_authority(profile, tmp_path / "data", PEOPLE, now)
    body = (
        b'<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
        b'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
        b'<query:ResponseOption returnComposedObjects="true" returnType="LeafClass"/>'
        b'<rim:AdhocQuery id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d">'
        b'<rim:Slot name="$XDSDocumentEntryPatientId"><rim:ValueList><rim:Value>'
        b"'ALBA-0001^^^&amp;2.999.1.1&amp;ISO'</rim:Value></rim:ValueList></rim:Slot>"
        b'<rim:Slot name="$XDSDocumentEntryStatus"><rim:ValueList><rim:Value>'
        b"('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')</rim:Value></rim:ValueList>"
        b"</rim:Slot></rim:AdhocQuery></query:AdhocQueryRequest>"
    )
    kind = "application/soap+xml; charset=UTF-8"

    def ask(assertion: bytes) -> Any:
        octets = message(assertion, body).replace(
            b"urn:example<", b"urn:ihe:iti:2007:RegistryStoredQuery<"
        )
        return asking.post("/xds/registry", content=octets, headers={"content-type": kind})

    without = ask(b"")
    assert without.status_code == 400
    assert b"FailedAuthentication" in without.content
    person = authority.people["patient"]
    answer = ask(authority.assertion(person, Wish(), now))
    assert answer.status_code == 200
    assert b"AdhocQueryResponse" in answer.content
    bent = re.sub(b"ALBA-0001", b"ALBA-0002", authority.assertion(person, Wish(), now))
    assert b"InvalidSecurityToken" in ask(bent).content
