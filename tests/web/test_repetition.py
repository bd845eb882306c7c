"""A source that lost the answer sends its submission again and learns that the first arrived."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from gateway.codecs.ebrim.response import Outcome
from gateway.errors import ErrorCode, Severity
from gateway.model.datatypes import DateTime
from gateway.model.submission import Submission
from gateway.profile import read_profile
from gateway.upstream.document_source import DocumentSource, Submitted, describe_file
from gateway.upstream.xds_client import XdsClient
from tests.model.examples import HASH, entry, submission
from tests.shared import ROOT
from tests.web.messages import everything, provide, register

LETTER = ROOT / "samples" / "cda" / "en-03-follow-up-note.xml"


def by_registry(client: TestClient) -> Outcome:
    return register(client, submission(entry(size="1", hash=HASH)))


def by_repository(client: TestClient) -> Outcome:
    what = submission(entry(size=None, hash=None))
    return provide(client, what, {what.document_entries[0].entry_uuid: b"the same"})


@pytest.mark.parametrize("send", [by_registry, by_repository])
def test_a_repeated_submission_succeeds_with_a_warning(
    client: TestClient, send: Callable[[TestClient], Outcome]
) -> None:
    first, second = send(client), send(client)
    assert first.status.endswith("Success")
    assert first.findings == ()
    assert second.status.endswith("Success")
    (finding,) = second.findings
    assert finding.code is ErrorCode.DUPLICATE_UNIQUE_ID_IN_REGISTRY
    assert finding.severity is Severity.WARNING
    held: Submission = everything(client)
    assert held.submission_set.unique_id in finding.message
    assert len(held.document_entries) == 1


@pytest.mark.parametrize("seconds", [(0, 0), (0, 1)], ids=["the same second", "a second later"])
def test_a_document_source_says_that_it_was_registered_before(
    client: TestClient, seconds: tuple[int, int]
) -> None:
    profile = read_profile("ihe", ROOT / "profiles")
    files = [describe_file(Path(LETTER), lambda _: profile)]

    async def send() -> list[Submitted]:
        transport = httpx.ASGITransport(app=client.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport) as http:
            xds = XdsClient(
                http,
                lambda: uuid.uuid4().urn,
                registry="http://gateway.test/xds/registry",
                repository="http://gateway.test/xds/repository",
            )
            source = DocumentSource(xds, "2.999.7")
            done = []
            for second in seconds:
                time = DateTime(f"2026010112000{second}")
                prepared = await source.prepare(files, submission_time=time)
                done.append(await source.submit(prepared, files))
            return done

    assert [d.again for d in asyncio.run(send())] == [False, True]
