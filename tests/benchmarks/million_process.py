"""What tests.benchmarks.million measures in processes of their own: `python -m ... WHAT FOLDER`.

Nothing is loaded here but what a search needs, so that the memory is that of a search. Prints a
JSON object.
"""

from __future__ import annotations

import json
import pickle
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index import Library, changes, weights
from index.catalog import Catalog
from index.embed import Encoder, Vectors

Figures = dict[str, Any]

_WARM_UP = 20  # questions
_K = 8


class Known:
    """An encoder that has encoded the questions before."""

    def __init__(self, encoder: Encoder, questions: Sequence[str]) -> None:
        self.name, self.dimension = encoder.name, encoder.dimension
        self.languages = encoder.languages
        self._vectors = {question: encoder.encode_question(question) for question in questions}

    def encode_question(self, question: str) -> Vectors:
        """Return its vector."""
        return self._vectors[question]


def build(folder: Path, _: Sequence[str]) -> Figures:
    """Make the index of the catalog anew."""
    shutil.rmtree(folder / "derived", ignore_errors=True)
    return refresh(folder, _)


def refresh(folder: Path, _: Sequence[str]) -> Figures:
    """Bring the index up to date."""
    with Library.open(folder) as library:
        seconds = timed(library.refresh)
    return {"seconds": seconds, "peak_mb": memory("VmHWM")}


def search(folder: Path, questions: Sequence[str]) -> Figures:
    """Open the library and search it."""
    encoder = weights.encoder()
    load = timed(lambda: encoder.encode_question("to load the model"))
    before = memory("VmRSS")
    began = time.perf_counter()
    with Library.open(folder, encoder=encoder) as library:
        opened = time.perf_counter() - began
        library.search("What is it about?", _K)
        first = time.perf_counter() - began
        for question in questions[:_WARM_UP]:
            library.search(question, _K)
        worked = time.process_time()
        searches = [timed(lambda q=q: library.search(q, _K)) for q in questions]
        worked = time.process_time() - worked
        after = memory("VmRSS")
        embeddings = [timed(lambda q=q: encoder.encode_question(q)) for q in questions]
        library.encoder = Known(encoder, questions)
        without = [timed(lambda q=q: library.search(q, _K)) for q in questions]
    return {
        "model_s": load,
        "open_s": opened,
        "open_and_first_s": first,
        "search_ms": spread(searches),
        "search_cpu_ms": 1000 * worked / len(questions),
        "embedding_ms": spread(embeddings),
        "without_embedding_ms": spread(without),
        "rss_mb": after,
        "rss_of_which": {kind: memory(kind) for kind in ("RssAnon", "RssFile")},
        "rss_of_model_mb": before,
        "peak_mb": memory("VmHWM"),
    }


def change(folder: Path, questions: Sequence[str]) -> Figures:
    """Put documents in and take them out again, embedding aside; a search after each."""
    document_rows = pickle.loads((folder / "documents.pickle").read_bytes())  # noqa: S301 - ours
    found: dict[str, list[float]] = {"add": [], "after_add": [], "remove": [], "after_remove": []}
    encoder = Known(weights.encoder(), questions)
    with Library.open(folder, encoder=encoder) as library:
        other = Catalog(folder / "catalog.sqlite", encoder=None, dimension=encoder.dimension)
        for question in questions[:_WARM_UP]:
            library.search(question, _K)
        for question, (document, embedded) in zip(questions, document_rows, strict=False):
            for what, act in (
                ("add", lambda d=document, e=embedded: put(other, d, e)),
                ("after_add", lambda q=question: library.search(q, _K)),
                ("remove", lambda d=document: library.remove(d.name)),
                ("after_remove", lambda q=question: library.search(q, _K)),
            ):
                found[what].append(timed(act))
        other.close()
    return {f"{what}_ms": spread(seconds) for what, seconds in found.items()}


def put(catalog: Catalog, document: Any, embedded: changes.Embedded) -> None:
    """Put a document in."""
    changes.put(catalog, document, embedded, path=None, names=[document.name])


def recall(folder: Path, questions: Sequence[str]) -> Figures:
    """Compare the nearest passages with those of a search through all vectors."""
    encoder = weights.encoder()
    asked = np.stack([encoder.encode_question(question) for question in questions])
    with Library.open(folder, encoder=encoder) as library, library.current() as source:
        ids, scores = exact(source.catalog, asked, 50)
        dense = source.index.dense
        raw, rescored, deep, times = [], [], [], []
        for vector, best, nearest in zip(asked, scores, ids, strict=True):
            times.append(timed(lambda v=vector: dense.search(v, 50)))
            near = dense.search(vector, 50)
            cosines = source.vectors(near.tolist()) @ vector
            raw.append(np.isin(dense.search(vector, 10)[:10], nearest[:10]).mean())
            rescored.append((np.sort(cosines)[-10:] >= best[9] - 1e-6).mean())
            deep.append(np.isin(nearest, near).mean())
    return {
        "recall@10": float(np.mean(rescored)),
        "recall@10_unscored": float(np.mean(raw)),
        "recall@50": float(np.mean(deep)),
        "dense_ms": spread(times),
        "cosine_1st": spread_of(scores[:, 0]),
        "cosine_10th": spread_of(scores[:, 9]),
        "cosine_50th": spread_of(scores[:, 49]),
    }


def exact(catalog: Catalog, asked: Vectors, k: int) -> tuple[Any, Any]:
    """Return ids and cosines (questions, k) of the nearest passages, nearest first."""
    ids, scores = np.zeros((len(asked), 0), np.int64), np.zeros((len(asked), 0), np.float32)
    for first in range(1, catalog.last_passage() + 1, 20_000):
        rows = catalog.vectors(first, first + 19_999)
        vectors = np.frombuffer(b"".join(v for _, v in rows), np.float32)
        new = np.broadcast_to([n for n, _ in rows], (len(asked), len(rows)))
        ids = np.hstack([ids, new])
        scores = np.hstack([scores, asked @ vectors.reshape(len(rows), -1).T])
        best = np.argsort(-scores, axis=1)[:, :k]
        ids, scores = np.take_along_axis(ids, best, 1), np.take_along_axis(scores, best, 1)
    return ids, scores


def timed(what: Callable[[], object]) -> float:
    """Return the seconds that it takes."""
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return median, 95th percentile and most, in milliseconds."""
    median, late, most = np.percentile(seconds, [50, 95, 100]) * 1000
    return {"median": round(median, 2), "p95": round(late, 2), "most": round(most, 2)}


def spread_of(values: Any) -> list[float]:
    """Return the 5th, 50th and 95th percentile."""
    return [round(float(value), 3) for value in np.percentile(values, [5, 50, 95])]


def memory(kind: str) -> float:
    """Return megabytes of this process, as Linux calls them."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == kind:
            return round(int(value.split()[0]) / 1024, 1)
    raise ValueError(f"nothing is told of {kind}")


MEASURES = {m.__name__: m for m in (build, refresh, search, change, recall)}


if __name__ == "__main__":
    what, where = sys.argv[1:]
    print(json.dumps(MEASURES[what](Path(where), json.loads(sys.stdin.read()))))
