"""How long a search takes, its question's embedding included, and a judgement: `make bench`.

    python -m tests.benchmarks.speed [--data ../shared/data] [--work library/benchmarks]

Searches one after the other, as a user asks, in the library of the 5,183 abstracts of SciFact and
in that of the essays, where they are; after ten that warm up. The ratio to embedding the question
alone, in the same run, says what the ranking costs whatever the machine. Judged are sentences that
the language model said to the sample documents' questions: what they rest on is found, then support
and relevance. The ratio is to the search.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from index import Library
from rag import Assistant
from rag.evaluate.cases import load
from rag.evaluate.statistics import Metric, percentile
from rag.settings import Settings
from tests.benchmarks import own, scifact, sentences
from tests.benchmarks.common import System, files_in, folders, subset

T = TypeVar("T")
_WARM_UP = 10
_QUESTIONS = 200


def main() -> None:
    """Print a line for each library."""
    options = folders(__doc__).parse_args()
    system = System()
    files = files_in([own.DOCUMENTS])
    with system.kept_library_of_files(options.work, own.NAME, files) as library:
        report("sample documents", library, [c.question for c in load(own.CASES, library.text)])
        report_judging(system.assistant(library))
    corpus, seeds = options.data.parent / "corpus", options.data.parent / "cases/seeds_dev.jsonl"
    if corpus.is_dir():
        with system.kept_library_of_files(options.work, "seeds", files_in([corpus])) as library:
            report("essays", library, [c.question for c in load(seeds, library.text)])
    if (options.data / "scifact").is_dir():
        texts = scifact.texts(options.data)
        with system.kept_library(options.work, "scifact", texts) as library:
            report("abstracts", library, [row["text"] for row in scifact.claims(options.data)])


def report(name: str, library: Library, questions: Sequence[str]) -> None:
    """Time searches in a library, and the embedding of the same questions; print both."""
    hits = Settings().hits
    asked = subset(questions, _QUESTIONS, full=False, limit=None)
    timed(lambda question: library.search(question, hits), asked[:_WARM_UP])
    searches = timed(lambda question: library.search(question, hits), asked)
    embeddings = timed(library.encoder.encode_question, asked)
    documents, passages = library.count()
    whole, alone = percentile("search", searches, 50), percentile("embedding", embeddings, 50)
    print(
        f"{name}: {documents:,} documents, {passages:,} passages, N {len(asked)}\n"
        f"  search     median {shown(whole)}, 95 % within {shown(percentile('', searches, 95))}\n"
        f"  embedding  median {shown(alone)}; search / embedding "
        f"{(whole.value or 0) / (alone.value or 1):.1f}",
        flush=True,
    )


def report_judging(assistant: Assistant) -> None:
    """Time judgements of sentences that the model said; print them."""
    said = [row for row in sentences.read() if row["by"] == "model"]
    asked = subset(said, _QUESTIONS, full=False, limit=None)
    hits = Settings().hits
    found = {row["question"]: assistant.search(row["question"]) for row in asked}
    searches = timed(lambda row: assistant.library.search(row["question"], hits), asked)
    judgements = timed(
        lambda row: assistant.judged(row["question"], row["sentence"], found[row["question"]]),
        asked,
    )
    search, judging = percentile("search", searches, 50), percentile("judging", judgements, 50)
    print(
        f"  judging    median {shown(judging)}, 95 % within "
        f"{shown(percentile('', judgements, 95))} a sentence, N {len(asked)}; judging / search "
        f"{(judging.value or 0) / (search.value or 1):.1f}",
        flush=True,
    )


def timed(what: Callable[[T], object], asked: Sequence[T]) -> list[float]:
    """Return the seconds that each takes."""
    found = []
    for one in asked:
        began = time.perf_counter()
        what(one)
        found.append(time.perf_counter() - began)
    return found


def shown(metric: Metric) -> str:
    """Return milliseconds with their interval."""
    value, low, high = (1000 * (number or 0) for number in (metric.value, metric.low, metric.high))
    return f"{value:.1f} ms [{low:.1f}, {high:.1f}]"


if __name__ == "__main__":
    main()
