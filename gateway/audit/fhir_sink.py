"""Events to an audit repository over FHIR [ITI-20]: batches of AuditEvents.

Source:
    IHE ITI TF-2: 3.20.4.2 (RESTful ATNA, Send Audit Resource and Send Audit Bundle); HL7 FHIR R4:
    3.1.0.11 (batch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import httpx
import orjson

from gateway.audit.feeds import Undelivered
from gateway.ports import KeptEvent

_FHIR = "application/fhir+json"
_PASSING = {401, 403, 404, 408, 409, 423, 425, 429}
"""Statuses that tell of the receiver, not of the event: somebody will repair it."""


class FhirSink:
    """One FHIR server that takes AuditEvents."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        base_url: str,
        write: Callable[[KeptEvent], Sequence[bytes]],
    ) -> None:
        """Take where it goes to.

        Args:
            write: Gives the AuditEvents that tell of one event.
        """
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._write = write

    async def deliver(self, events: Sequence[KeptEvent]) -> Sequence[tuple[int, str]]:
        """Post a batch; what of it is refused is asked for once more by itself."""
        numbers: list[int] = []
        resources: list[bytes] = []
        for kept in events:
            for resource in self._write(kept):
                numbers.append(kept.number)
                resources.append(resource)
        response = await self._post(self._base_url, _batch(resources))
        if response.status_code in _PASSING or response.status_code >= 500:
            raise Undelivered(f"{self._base_url} answered {response.status_code}")
        if not response.is_success:
            # A server without batches, or one that refuses all for the sake of one.
            return await self._one_by_one(numbers, resources)
        statuses = _statuses(response)
        if len(statuses) != len(resources):
            raise Undelivered(f"{self._base_url} answered {len(statuses)} of {len(resources)}")
        again = [n for n, status in enumerate(statuses) if not 200 <= status < 300]
        return await self._one_by_one([numbers[n] for n in again], [resources[n] for n in again])

    async def _one_by_one(
        self, numbers: Sequence[int], resources: Sequence[bytes]
    ) -> list[tuple[int, str]]:
        refused: list[tuple[int, str]] = []
        for number, resource in zip(numbers, resources, strict=True):
            response = await self._post(self._base_url + "/AuditEvent", resource)
            if response.is_success:
                continue
            status = response.status_code
            if status in _PASSING or status >= 500 or response.is_redirect:
                raise Undelivered(f"{self._base_url} answered {status}")
            refused.append((number, f"HTTP {status}"))
        return refused

    async def _post(self, url: str, body: bytes) -> httpx.Response:
        try:
            return await self._client.post(
                url, content=body, headers={"Content-Type": _FHIR, "Accept": _FHIR}
            )
        except httpx.HTTPError as error:
            raise Undelivered(f"{url}: {type(error).__name__} {error}") from error


def _batch(resources: Sequence[bytes]) -> bytes:
    entries = [
        b'{"resource":' + resource + b',"request":{"method":"POST","url":"AuditEvent"}}'
        for resource in resources
    ]
    return b'{"resourceType":"Bundle","type":"batch","entry":[' + b",".join(entries) + b"]}"


def _statuses(response: httpx.Response) -> list[int]:
    """Give the status of each entry; none where the answer is no Bundle."""
    try:
        entries = orjson.loads(response.content)["entry"]
        return [int(str(entry["response"]["status"])[:3]) for entry in entries]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return []
