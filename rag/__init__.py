"""Question -> judged, cited answer. Imports index; index never imports rag.

answer = Assistant(library).ask(question)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.assistant import Assistant, support
    from rag.records import Answer, Citation, Evidence, Sentence, Verdict
    from rag.retriever import LibraryRetriever

_HOMES = {"Assistant": "assistant", "LibraryRetriever": "retriever", "support": "assistant"}

__all__ = [
    "Answer",
    "Assistant",
    "Citation",
    "Evidence",
    "LibraryRetriever",
    "Sentence",
    "Verdict",
    "support",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `pincite --help` loads no model code."""
    if name not in __all__:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"rag.{_HOMES.get(name, 'records')}"), name)
