"""Pincite's own cases: what it says to the questions of tests/cases.csv on the sample documents.

69 of the 276 cases in a fixed random order, of all kinds (full: all). Every metric of the harness,
as `rag.evaluate.metrics` explains them; `pincite evaluate tests/cases.csv` makes the report that
shows each case. Relevance is judged by regressions that saw nothing of a question's fold.
`python -m tests.benchmarks.peers` asks the peers the same questions.
"""

from __future__ import annotations

from pathlib import Path

from rag.evaluate.cases import load
from rag.evaluate.metrics import total
from rag.evaluate.report import assemble
from rag.evaluate.run import run as ask
from rag.evaluate.statistics import Metric
from tests.benchmarks.common import System, files_in, subset, unseen_relevance

REFERENCES: dict[str, str] = {}
NAME = "own"  # of the kept library
CASES = Path(__file__).parents[1] / "cases.csv"
DOCUMENTS = Path(__file__).parents[1] / "documents" / "ferry"
SMALL = 69


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return the harness's metrics over the cases."""
    system = system or System()
    with system.kept_library_of_files(work, NAME, files_in([DOCUMENTS])) as library:
        chosen = subset(load(CASES, library.text), SMALL, full=full, limit=limit)
        assistant = system.assistant(library)
        with unseen_relevance():
            answers = ask(chosen, assistant)
        report = assemble(CASES, chosen, answers, assistant)
    return total([case["scores"] for case in report["cases"]])
