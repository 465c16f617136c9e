"""Serves the chat, on this machine and to this machine only."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path

import gradio as gr
from gradio.exceptions import ServerFailedToStartError
from starlette.middleware import Middleware

from rag.chat.app import Answering, create_app
from rag.chat.guard import Guard, is_loopback
from rag.errors import ServeError

HERE = Path(__file__).parent
SANS = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


class HostError(ServeError, ValueError):
    """A host that other machines could reach."""


def start(app: gr.Blocks, *, host: str, port: int) -> str:
    """Serve the app in the background; return its address.

    Raises HostError for a host that is not this machine, ServeError where the port is taken.
    """
    if not is_loopback(host):
        raise HostError(f"{host} is not this machine: Pincite serves one user, on 127.0.0.1 only.")
    # Gradio asks its own server whether it is up, by way of any proxy that is set.
    for variable in ("no_proxy", "NO_PROXY"):
        known = os.environ.get(variable, "")
        if host not in known.split(","):
            os.environ[variable] = ",".join(part for part in (known, host) if part)
    try:
        _, url, _ = app.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            share=False,
            quiet=True,
            theme=gr.themes.Base(font=SANS, font_mono=MONO),
            css_paths=HERE / "style.css",
            favicon_path=HERE / "favicon.svg",
            footer_links=[],
            # Each of these would otherwise be read from the environment.
            root_path="",
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            mcp_server=False,
            pwa=False,
            num_workers=0,
            app_kwargs={"middleware": [Middleware(Guard)], "docs_url": None, "redoc_url": None},
        )
    except (OSError, ServerFailedToStartError) as error:
        raise ServeError(f"Port {port} on {host} is taken: choose another with --port.") from error
    app.allowed_paths = []
    return str(url)


def launch(
    assistant: Answering,
    uploads: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    open_browser: bool = True,
) -> None:
    """Serve the chat until it is interrupted. `uploads` is the folder that keeps uploaded files."""
    app = create_app(assistant, uploads)
    url = start(app, host=host, port=port)
    if open_browser:
        webbrowser.open(url)
    app.block_thread()
