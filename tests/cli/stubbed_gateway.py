"""Run the command line with a service and an application of the test's own behind it.

    python -m tests.cli.stubbed_gateway serve --port 0

What is under test is the process: address, banner, signals, exit status.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import types
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]


@contextlib.asynccontextmanager
async def open_service(settings: object) -> AsyncIterator[object]:
    print("service opened", flush=True)
    try:
        yield settings
    finally:
        print("service closed", flush=True)


def create_app(service: object) -> Callable[..., Awaitable[None]]:
    async def app(
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/slow":
            print("asked", flush=True)
            await asyncio.sleep(1)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"answered"})

    return app


async def load_demonstration(settings: object, service: object) -> None:
    print("demonstration loaded", flush=True)


def main() -> None:
    for name, member in {
        "gateway.service": open_service,
        "gateway.web.app": create_app,
        "gateway.cli.demonstration": load_demonstration,
    }.items():
        module = types.ModuleType(name)
        setattr(module, member.__name__, member)
        sys.modules[name] = module
    from gateway.cli import main as gateway

    gateway()


if __name__ == "__main__":
    main()
