"""A real browser on the real page: `serve` runs the chat, `browser` and `page` open it.

Import the fixtures where they are used: `from tests.browser import browser, page, serve`.
"""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rag.chat import create_app
from rag.chat.app import Answering
from rag.chat.serve import start

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SERVER_GONE = re.compile(
    r"net::ERR_(?:CONNECTION_(?:REFUSED|RESET|CLOSED)|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)"
    r"|Server stopped unexpectedly"  # as Gradio's page says it
    r"|status of 503 \(Service Unavailable\)"  # its queue is stopped; a full one has no limit here
)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(assistant: Answering, uploads: Path) -> Iterator[str]:
    """Serve the chat on a free port; yields its address."""
    app = create_app(assistant, uploads)
    try:
        yield start(app, host="127.0.0.1", port=free_port())
    finally:
        app.close(verbose=False)


def chromium() -> str | None:
    """Return where the browser is; None where there is none."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, headless; skips where there is none."""
    executable = chromium()
    if executable is None:
        pytest.skip("no chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=executable, args=FLAGS)
        yield opened
        opened.close()


class Watched:
    """A context of the browser whose every request and console error is kept."""

    def __init__(self, chromium: Any, **options: Any) -> None:
        self.context = chromium.new_context(viewport=DESKTOP, **options)
        self.context.set_default_timeout(15_000)
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        self.context.on("request", self._request)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def _request(self, request: Any) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.hostname != "127.0.0.1":
            self.elsewhere.append(request.url)

    def _console(self, message: Any) -> None:
        # A test's server ends before its tabs do: that is no error of the page.
        if message.type == "error" and not _SERVER_GONE.search(message.text):
            self.errors.append(f"{message.text} {message.location}")

    def open(self, url: str) -> Any:
        """Open the chat in a new tab and wait until it can be used."""
        tab = self.context.new_page()
        tab.goto(url)
        tab.wait_for_selector(".welcome")
        return tab


@pytest.fixture
def watched(browser: Any) -> Iterator[Watched]:
    """A browser context; fails the test where anything left the machine or an error was logged."""
    context = Watched(browser)
    yield context
    context.context.close()
    assert context.elsewhere == []
    assert not context.errors, context.errors
