"""The chat in the browser: `create_app` builds it, `launch` serves it on this machine only."""

from rag.chat.app import create_app
from rag.chat.serve import launch

__all__ = ["create_app", "launch"]
