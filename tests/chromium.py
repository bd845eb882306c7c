"""A headless Chromium for tests of pages, driven over its debugging pipe: no port, no driver.

Where there is none the test is skipped, saying so; with ``CONFORMANCE_REQUIRE_CHROMIUM=1``, as
``.ci/run`` sets it, it fails instead.

Source:
    Chrome DevTools Protocol 1.3: Target, Page, Runtime, Emulation; messages end with a zero octet.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REQUIRE = "CONFORMANCE_REQUIRE_CHROMIUM"
SECONDS = 60
HEIGHT = 1000
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)


def executable() -> str:
    """Where Chromium is; skips or fails the test where it is not."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    message = "Chromium is not on this machine (apt-get install chromium)"
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(message)
    pytest.skip(message)


class Tab:
    """One page, its size and its theme chosen by the test."""

    def __init__(self, reading: int, writing: int):
        self._reading = reading
        self._writing = writing
        self._numbers = itertools.count(1)
        self._buffer = b""
        self._session = ""
        self.width = 1280
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Page.setLifecycleEventsEnabled", enabled=True)

    def open(
        self, page: Path, fragment: str = "", *, width: int = 1280, dark: bool = False
    ) -> None:
        """Show a page of the disk."""
        self.width = width
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=HEIGHT,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        # A page that differs by its fragment only would not be loaded anew.
        self._navigate("about:blank")
        self.events.clear()
        self._navigate(page.as_uri() + fragment)

    def evaluate(self, expression: str) -> Any:
        """Give the value of an expression in the page."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, code: str = "", text: str = "") -> None:
        """Press a key and let it go."""
        known = {"key": key, "code": code or key}
        if text:
            known["text"] = text
        if key == "Tab":
            known |= {"windowsVirtualKeyCode": 9}  # type: ignore[dict-item]
        if key == "Enter":
            known |= {"windowsVirtualKeyCode": 13, "text": "\r"}  # type: ignore[dict-item]
        self.send("Input.dispatchKeyEvent", type="keyDown", **known)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, code=code or key)

    def screenshot(self, path: Path) -> Path:
        """Store what is seen, at half its size, which is read in a quarter of the time."""
        size = {"x": 0, "y": 0, "width": self.width, "height": HEIGHT, "scale": 0.5}
        data = self.send("Page.captureScreenshot", format="png", clip=size)["data"]
        path.write_bytes(base64.b64decode(data))
        return path

    def printed(self) -> bytes:
        """The page as it is printed, a PDF."""
        return base64.b64decode(self.send("Page.printToPDF", printBackground=True)["data"])

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask for something; give the answer."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result

    def _navigate(self, url: str) -> None:
        loader = self.send("Page.navigate", url=url)["loaderId"]
        wanted = {"name": "load", "loaderId": loader}
        while not any(
            each["method"] == "Page.lifecycleEvent" and wanted.items() <= each["params"].items()
            for each in self.events
        ):
            self._next()

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reading], [], [], max(0, until - time.monotonic()))
            assert ready, "Chromium does not answer"
            octets = os.read(self._reading, 1 << 20)
            assert octets, "Chromium has ended"
            self._buffer += octets
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        if "method" in found:
            self.events.append(found)
        return found


@contextlib.contextmanager
def running_chromium(folder: Path) -> Iterator[Tab]:
    """Start Chromium with an empty profile; end it afterwards."""
    to_read, to_answer = os.pipe()
    answers, to_ask = os.pipe()

    def take_pipes() -> None:
        # Chromium reads from descriptor 3 and writes to 4, which may be taken by these very pipes.
        reading = fcntl.fcntl(to_read, fcntl.F_DUPFD, 64)
        writing = fcntl.fcntl(to_ask, fcntl.F_DUPFD, 64)
        os.dup2(reading, 3)
        os.dup2(writing, 4)

    process = subprocess.Popen(
        [executable(), *_FLAGS, f"--user-data-dir={folder / 'chromium'}", "about:blank"],
        preexec_fn=take_pipes,  # noqa: PLW1509
        close_fds=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(to_ask)
    try:
        yield Tab(answers, to_answer)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(answers)
        os.close(to_answer)
