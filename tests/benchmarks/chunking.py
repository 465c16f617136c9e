"""Chroma's chunking evaluation: are the first five passages the exact excerpts that answer?

Documents are the three long texts, whole, in one library; all 276 questions are asked, in every
run. `excerpt_recall@5` is the share of a question's gold characters that the first five passages
cover, `excerpt_iou@5` what both have / what either has; both are means over the questions. The
published runs take the first five of five texts, with OpenAI's text-embedding-3-large; their IoU
counts characters that several passages share once for each below the line, where they count once
here. Pincite's passages do not overlap, so that its own would be the same.
"""

from __future__ import annotations

from pathlib import Path

from rag.evaluate.retrieval import Range, excerpt_iou, excerpt_recall
from rag.evaluate.statistics import Metric
from tests.benchmarks.common import Row, System, Texts, mean, progress, read, subset

REFERENCES = {
    "excerpt_recall@5": "recursive of 200 tokens .881, clusters of 200 .873, clusters of 400 .913, "
    "cut by a language model .919",
    "excerpt_iou@5": "recursive of 200 tokens .069, clusters of 200 .080, cut by a language model "
    ".039; of clusters of 400 none is published",
}
SHOWN = 5


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return recall and IoU of the characters in the first five passages."""
    asked, documents = questions(data), texts(data)
    check(asked, dict(documents))
    recalls, ious = [], []
    with (system or System()).kept_library(work, "chunking", documents) as library:
        chosen = subset(asked, len(asked), full=full, limit=limit)
        for row in progress(chosen, "chunking: search", "question"):
            found = [
                (hit.document, hit.start, hit.end) for hit in library.search(row["question"], SHOWN)
            ]
            recalls.append(excerpt_recall(gold(row), found))
            ious.append(excerpt_iou(gold(row), found))
    return [mean("excerpt_recall@5", recalls), mean("excerpt_iou@5", ious)]


def texts(data: Path) -> Texts:
    """Return the long documents by their names."""
    return [
        (file.stem, file.read_bytes().decode().replace("\r\n", "\n"))
        for file in sorted((data / "chunking" / "corpora").glob("*.md"))
    ]


def questions(data: Path) -> list[Row]:
    """Return the questions with the spans that answer them."""
    return read(data / "chunking" / "questions.jsonl")


def gold(row: Row) -> list[Range]:
    """Return the spans that answer a question."""
    return [(row["corpus_id"], r["start_index"], r["end_index"]) for r in row["references"]]


def check(asked: list[Row], documents: dict[str, str]) -> None:
    """Raise ValueError unless the texts say what the questions' spans should hold."""
    for row in asked:
        for span, (document, start, end) in zip(row["references"], gold(row), strict=True):
            if documents[document][start:end] != span["content"]:
                raise ValueError(f"{document} has other words at {start}:{end} than {row['id']}")
