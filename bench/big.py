"""One large document on its way in: a 500 MB ITI-41, sent as it is made."""

from __future__ import annotations

import os
import socket
import time

from bench.messages import provide_parts

BLOCK = os.urandom(1024 * 1024)


def send_large(port: int, mebibytes: int, uid: bytes) -> tuple[float, bytes]:
    """Submit one document of that size; give the seconds until the answer, and the answer."""
    size = mebibytes * len(BLOCK)
    content_type, template, ending = provide_parts(size, b"")
    before = template.fill(uid, b"P-large", b"5b0a7d6e-0000-4000-8000-0000%08d" % len(uid))
    head = (
        "POST /xds/repository HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        f"content-type: {content_type}\r\n"
        f"content-length: {len(before) + size + len(ending)}\r\nconnection: close\r\n\r\n"
    ).encode()
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), 120) as connection:
        connection.sendall(head + before)
        for _ in range(mebibytes):
            connection.sendall(BLOCK)
        connection.sendall(ending)
        answer = bytearray()
        while part := connection.recv(65536):
            answer += part
    return time.perf_counter() - began, bytes(answer)
