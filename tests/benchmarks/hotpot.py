"""HotpotQA: does one search find both paragraphs that a question of two hops needs?

Documents are all 994 paragraphs (title, blank line, text); all 100 questions are asked, in every
run. `all_gold@8` is the share of questions for which both gold paragraphs are among the documents
of the first eight passages, `all_gold@8_bridge` and `all_gold@8_comparison` the same of either type
of question, `recall@8` the share of gold paragraphs, a mean over the questions. Nothing is
published on these 100.
"""

from __future__ import annotations

from pathlib import Path

from rag.evaluate.retrieval import all_gold, recall
from rag.evaluate.statistics import Metric
from tests.benchmarks.common import Row, System, Texts, mean, progress, read, subset

REFERENCES = {
    "all_gold@8": "another set (2Wiki, 101 questions): vectors .42, LightRAG .45, GraphRAG .73, "
    "fast-graphrag .93",
}
SHOWN = 8


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return the share of questions with all gold, and the share of gold, in the first eight."""
    asked = questions(data)
    chosen = subset(asked, len(asked), full=full, limit=limit)
    with (system or System()).kept_library(work, "hotpot", texts(data)) as library:
        found = [
            [hit.document for hit in library.search(row["question"], SHOWN)]
            for row in progress(chosen, "hotpot: search", "question")
        ]
    whole = [
        float(all_gold(row["gold_docs"], ranked, SHOWN))
        for row, ranked in zip(chosen, found, strict=True)
    ]
    part = [
        recall(row["gold_docs"], ranked, SHOWN) for row, ranked in zip(chosen, found, strict=True)
    ]
    return [
        mean("all_gold@8", whole),
        *(
            mean(
                f"all_gold@8_{kind}",
                [value for row, value in zip(chosen, whole, strict=True) if row["type"] == kind],
            )
            for kind in ("bridge", "comparison")
        ),
        mean("recall@8", part),
    ]


def texts(data: Path) -> Texts:
    """Return the paragraphs by their ids."""
    return [
        (row["_id"], f"{row['title']}\n\n{row['text']}")
        for row in read(data / "hotpot" / "hotpot100_corpus.jsonl")
    ]


def questions(data: Path) -> list[Row]:
    """Return the questions with the ids of their gold paragraphs."""
    return read(data / "hotpot" / "hotpot100_questions.jsonl")
