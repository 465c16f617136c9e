"""The citation test harness: cases -> answers -> scores -> report."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.evaluate.cases import Case, load
    from rag.evaluate.report import evaluate
    from rag.evaluate.statistics import Metric, bootstrap, ratio

_HOMES = {
    "Case": "cases",
    "Metric": "statistics",
    "bootstrap": "statistics",
    "evaluate": "report",
    "load": "cases",
    "ratio": "statistics",
}

__all__ = ["Case", "Metric", "bootstrap", "evaluate", "load", "ratio"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: pytest loads the plugin in every project."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rag.evaluate' has no attribute {name!r}")
    return getattr(import_module(f"rag.evaluate.{_HOMES[name]}"), name)
