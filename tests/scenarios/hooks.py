"""An endpoint outside that is told of things, and may be down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Hook:
    """What it heard, by path."""

    url: str = ""
    heard: list[tuple[str, Any]] = field(default_factory=list)
    is_down: set[str] = field(default_factory=set)

    def at(self, path: str) -> list[Any]:
        """What came to one path."""
        return [body for where, body in self.heard if where == path]


@contextmanager
def hook() -> Iterator[Hook]:
    """One on a free port."""
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path in made.is_down:
                self.send_response(503)
            else:
                made.heard.append((self.path, json.loads(body)))
                self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
