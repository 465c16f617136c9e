"""The citation test harness: cases -> answers -> metrics."""

from rag.evaluate.cases import Case, load
from rag.evaluate.metrics import Metric, measure
from rag.evaluate.run import run

__all__ = ["Case", "Metric", "load", "measure", "run"]
