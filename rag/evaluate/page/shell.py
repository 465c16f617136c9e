"""A body -> one HTML file that asks nothing of the network.

Documents, questions and names are hostile: the file's policy lets no script or style run but the
two that are given here.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from rag.escape import text

CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def shell(title: str, body: str, script: str = "") -> str:
    """Return the file; the body is HTML, the title is not."""
    scripts = f" script-src '{_hash(script)}';" if script else ""
    policy = (
        f"default-src 'none'; style-src '{_hash(CSS)}';{scripts} base-uri 'none';"
        " form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}</title><style>{CSS}</style></head>\n"
        f"<body>{body}{f'<script>{script}</script>' if script else ''}</body></html>\n"
    )


def _hash(source: str) -> str:
    """Return the name by which the policy lets an inline part run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
