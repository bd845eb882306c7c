"""Browsers: what an address can do, and whose pages may see the answers."""

from __future__ import annotations

import pytest

from gateway.settings import Settings
from tests.web.conftest import Open

PAGE = "https://app.example"


def test_options_names_what_can_be_done_at_an_address(open_gateway: Open) -> None:
    client = open_gateway()
    for path, allowed in (
        ("", "OPTIONS, POST"),
        ("/metadata", "GET, HEAD, OPTIONS"),
        ("/Patient/x", "GET, HEAD, OPTIONS, PUT"),
        ("/DocumentReference/_search", "OPTIONS, POST"),
    ):
        answer = client.options(f"/fhir{path}")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["allow"] == allowed, path
    assert client.options("/fhir/Nonsense").status_code == 404


def test_no_page_of_another_origin_is_let_in_unless_the_operator_says_so(
    open_gateway: Open,
) -> None:
    client = open_gateway()
    for answer in (
        client.get("/fhir/metadata", headers={"origin": PAGE}),
        client.options("/fhir/metadata", headers={"origin": PAGE}),
    ):
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers


def test_pages_of_a_named_origin_are_let_in(open_gateway: Open) -> None:
    client = open_gateway(cors_origins=f"https://other.example {PAGE}")
    preflight = client.options(
        "/fhir/DocumentReference/x",
        headers={
            "origin": PAGE,
            "access-control-request-method": "GET",
            "access-control-request-headers": "prefer",
        },
    )
    assert preflight.headers["access-control-allow-origin"] == PAGE
    assert "GET" in preflight.headers["access-control-allow-methods"]
    assert "prefer" in preflight.headers["access-control-allow-headers"]
    assert preflight.headers["vary"] == "origin"
    for path, status in (("metadata", 200), ("Binary/none", 404), ("Nonsense", 404)):
        answer = client.get(f"/fhir/{path}", headers={"origin": PAGE})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "etag" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers
    stranger = client.get("/fhir/metadata", headers={"origin": "https://app.example.evil"})
    assert "access-control-allow-origin" not in stranger.headers
    assert "access-control-allow-origin" not in client.get("/fhir/metadata").headers


def test_every_origin_is_let_in_where_the_operator_says_so(open_gateway: Open) -> None:
    client = open_gateway(cors_origins="*")
    answer = client.get("/fhir/metadata", headers={"origin": "null"})
    assert answer.headers["access-control-allow-origin"] == "null"


@pytest.mark.parametrize("value", ["app.example", "https://app.example/x", "ftp://x", "a b"])
def test_what_is_no_origin_stops_the_start(value: str) -> None:
    with pytest.raises(ValueError, match="no origin"):
        Settings(cors_origins=value)
