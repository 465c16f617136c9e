"""XQuAD: does the search find the paragraph that answers, in five languages?

Per language, documents are its 240 paragraphs and queries 300 of its 1,190 questions in a fixed
random order, the same questions in every language (full: all); the one relevant document is the
question's own paragraph. `ndcg@10_…` is of the one language, `ndcg@10` the mean over the languages,
with an interval over the questions. The published numbers are of all questions; their means are
over twelve languages.
"""

from __future__ import annotations

from pathlib import Path

from rag.evaluate.retrieval import ndcg
from rag.evaluate.statistics import Metric
from tests.benchmarks.common import Row, System, Texts, mean, progress, read, subset

LANGUAGES = ("ar", "en", "es", "ru", "zh")
REFERENCES = {
    "ndcg@10": "of 12 languages: all-MiniLM .381, bge-small-en .497, multilingual MiniLM .828, "
    "BM25 .833, granite-107m .879, gte-multilingual-base .933, multilingual-e5-base .958",
    "ndcg@10_en": "multilingual MiniLM .885, all-MiniLM .944, bge-small-en .953, granite-107m "
    ".958, BM25 .965, gte-multilingual-base .979, multilingual-e5-base .980",
    "ndcg@10_zh": "BM25 .120",
}
SMALL = 300
_SHOWN = 50  # passages; ten documents are among them


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return nDCG@10 for each language and their mean."""
    system = system or System()
    gains = {
        language: of_language(data, work, language, full=full, limit=limit, system=system)
        for language in LANGUAGES
    }
    means = [sum(of_question) / len(LANGUAGES) for of_question in zip(*gains.values(), strict=True)]
    return [
        mean("ndcg@10", means),
        *(mean(f"ndcg@10_{language}", found) for language, found in gains.items()),
    ]


def of_language(
    data: Path, work: Path, language: str, *, full: bool, limit: int | None, system: System
) -> list[float]:
    """Return the nDCG@10 of each question; the questions of all languages are parallel."""
    chosen = subset(questions(data, language), SMALL, full=full, limit=limit)
    with system.kept_library(work, f"xquad-{language}", texts(data, language)) as library:
        return [
            ndcg(
                [row["context_id"]],
                [hit.document for hit in library.search(row["question"], _SHOWN)],
                10,
            )
            for row in progress(chosen, f"xquad: search in {language}", "question")
        ]


def texts(data: Path, language: str) -> Texts:
    """Return the paragraphs by their ids."""
    rows = read(data / "xquad" / f"{language}_contexts.jsonl.gz")
    return [(row["_id"], row["text"]) for row in rows]


def questions(data: Path, language: str) -> list[Row]:
    """Return the questions, in an order that is the same in every language."""
    rows = read(data / "xquad" / f"{language}_questions.jsonl.gz")
    return sorted(rows, key=lambda row: str(row["id"]))
