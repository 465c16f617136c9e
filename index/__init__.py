"""Files -> ranked passages. Knows no language model and no screen.

library = Library.open(path)
library.add([path, ...])
library.search(question)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.library import Library
    from index.records import AddReport, Document, Hit, Passage

__all__ = ["AddReport", "Document", "Hit", "Library", "Passage"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: importing `index.errors` loads no FAISS."""
    if name not in __all__:
        raise AttributeError(f"module 'index' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("index.library" if name == "Library" else "index.records"), name)
