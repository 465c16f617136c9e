"""What grows with a library, from 10,000 passages to a million: `make bench-million`.

    python -m tests.benchmarks.million --out DIR [--sizes 10000,30000,100000,300000,1000000]

One library grows through the sizes: first the real passages of SciFact, HotpotQA, CLAP NQ and XQuAD
(embedded once), then varied copies of them, as tests/benchmarks/made.py makes them. At each size
it is measured, each time in a process of its own: bringing the index up to date (`refresh`) and
making it anew (`build`), opening with the first search, searches one after the other, what memory
that takes, ten-passage documents that come and go with a search after each, and how many of the ten
passages that are nearest by all vectors the index finds. Questions are claims of SciFact and
questions of HotpotQA and CLAP NQ. --fts5 also puts the words of all passages into SQLite's FTS5,
to compare. Writes million.json and million.svg.
"""

from __future__ import annotations

import json
import pickle
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from itertools import chain, count, islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from index import lexical, weights
from index.catalog import Catalog
from index.embed import Vectors
from index.terms import query_terms
from index.words import WordIndex
from tests.benchmarks import hotpot, scifact, xquad
from tests.benchmarks.common import SEED, System, Texts, folders, read, subset
from tests.benchmarks.growth import plot
from tests.benchmarks.made import Base, Made, base_of, made, real
from tests.benchmarks.million_process import Figures, put, spread, spread_of, timed

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
_QUESTIONS = {"scifact": 150, "hotpot": 80, "clapnq": 80}
_ABSTRACTS = 4000  # of SciFact: embedding takes time
_AT_ONCE = 500  # documents that one transaction puts in
_CHANGED = 15  # documents that come and go at each size
_MEASURES = ("refresh", "build", "search", "recall", "change")
_WANTED = 200  # passages, as a search wants of the words
_BATCH = 5000  # passages
_MAKERS = 2  # processes
_MADE_AT_ONCE, _AHEAD = 100, 4  # documents; batches of them
_SPARE = 10**7  # the number of the first document that comes and goes


def main() -> None:
    """Grow the library, and write what it costs."""
    parser = folders(__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", type=sizes, default=SIZES)
    parser.add_argument("--fts5", action="store_true", help="compare with FTS5 at the last size")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    asked = questions(options.data)
    found: Figures = {"questions": len(asked), "sizes": {}}
    folder = options.work / "million"
    shutil.rmtree(folder, ignore_errors=True)
    with System().kept_library(options.work, "million-base", texts(options.data)) as library:
        base, first = base_of(library), [*real(library)]
        found["cosines"] = {"of real passages": cosines(base.vectors)}
        with ProcessPoolExecutor(_MAKERS, get_context("spawn"), _start, (base,)) as maker:
            for size in options.sizes:
                figures = grow(folder, size, first, maker)
                figures |= {what: measured(what, folder, asked) for what in _MEASURES}
                figures["disk_mb"] = disk(folder)
                found["sizes"][size] = figures
                print(size, json.dumps(figures), flush=True)
                (options.out / "million.json").write_text(json.dumps(found, indent=1))
                (options.out / "million.svg").write_text(plot(costs(found["sizes"])))
    with closing(catalog_of(folder)) as catalog:
        found["cosines"]["of made passages"] = cosines(some_vectors(catalog, len(base.vectors)))
        if options.fts5:
            found["fts5"] = fts5(catalog, options.work / "fts5.sqlite", asked)
    (options.out / "million.json").write_text(json.dumps(found, indent=1))


def sizes(value: str) -> list[int]:
    """Return numbers of passages, ascending."""
    return sorted(int(size) for size in value.split(","))


def texts(data: Path) -> Texts:
    """Return the real documents of all sets."""
    found = [(f"scifact/{name}", text) for name, text in scifact.texts(data)[:_ABSTRACTS]]
    found += [(f"hotpot/{name}", text) for name, text in hotpot.texts(data)]
    for kind in ("answerable", "unanswerable"):
        for row in read(data / "clapnq" / f"{kind}.jsonl"):
            for number, passage in enumerate(row["passages"]):
                text = f"{passage['title']}\n\n{passage['text']}"
                found.append((f"clapnq/{row['id']}-{number}", text))
    for language in xquad.LANGUAGES:
        found += [(f"xquad/{language}/{name}", text) for name, text in xquad.texts(data, language)]
    return found


def questions(data: Path) -> list[str]:
    """Return questions that were asked of the real documents."""
    of_set = {
        "scifact": [row["text"] for row in scifact.claims(data)],
        "hotpot": [row["question"] for row in read(data / "hotpot" / "hotpot100_questions.jsonl")],
        "clapnq": [row["input"] for row in read(data / "clapnq" / "answerable.jsonl")],
    }
    return [
        question
        for name, many in _QUESTIONS.items()
        for question in subset(of_set[name], many, full=False, limit=None)
    ]


def grow(folder: Path, size: int, first: Sequence[Made], maker: ProcessPoolExecutor) -> Figures:
    """Put documents in until there are so many passages; some more wait to come and go."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    with closing(catalog_of(folder)) as catalog:
        documents, before = catalog.count()
        waiting = chain(first[documents:], _made(maker, max(0, documents - len(first))))
        passages = before
        while passages < size:
            with catalog.transaction():
                for document, embedded in islice(waiting, _AT_ONCE):
                    if passages < size:
                        put(catalog, document, embedded)
                        passages += len(embedded)
        documents, passages = catalog.count()
    seconds = time.perf_counter() - began
    spare = maker.submit(_documents, _SPARE, _CHANGED).result()
    (folder / "documents.pickle").write_bytes(pickle.dumps(spare))
    return {
        "documents": documents,
        "passages": passages,
        "put_in_ms_a_passage": 1000 * seconds / max(1, passages - before),
    }


def _made(maker: ProcessPoolExecutor, first: int) -> Iterator[Made]:
    """Yield made documents from this number on; another process makes them ahead."""
    starts = count(first, _MADE_AT_ONCE)
    waiting = deque(maker.submit(_documents, next(starts), _MADE_AT_ONCE) for _ in range(_AHEAD))
    while True:
        yield from waiting.popleft().result()
        waiting.append(maker.submit(_documents, next(starts), _MADE_AT_ONCE))


def _start(base: Base) -> None:
    """Begin a process that makes documents."""
    globals()["_base"] = base


def _documents(first: int, many: int) -> list[Made]:
    return [made(globals()["_base"], number) for number in range(first, first + many)]


def catalog_of(folder: Path) -> Catalog:
    """Open the catalog alone."""
    encoder = weights.encoder()
    return Catalog(folder / "catalog.sqlite", encoder=encoder.name, dimension=encoder.dimension)


def measured(what: str, folder: Path, asked: Sequence[str]) -> Figures:
    """Return what a process of its own measures."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.million_process", what, str(folder)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        raise RuntimeError(f"{what} failed: {told.stderr}")
    found: Figures = json.loads(told.stdout)
    return found


def disk(folder: Path) -> Figures:
    """Return megabytes of the catalog and of the two indexes."""
    search = folder / "derived" / "search"
    return {
        name: round(sum(file.stat().st_size for file in files) / 1e6, 1)
        for name, files in (
            ("catalog", list(folder.glob("catalog.sqlite*"))),
            ("vectors", [search / "vectors.faiss"]),
            ("words", list((search / "words").glob("*"))),
        )
    }


def cosines(vectors: Vectors) -> Figures:
    """Return how near vectors are to one another, and the nearest of as many to each of some."""
    some = np.random.default_rng(SEED).permutation(len(vectors))[:1000]
    scores = np.sort(vectors[some] @ vectors.T, axis=1)
    return {
        "passages": len(vectors),
        "any_two": spread_of(scores[:, ::50]),
        "nearest": spread_of(scores[:, -2]),  # but itself
        "10th": spread_of(scores[:, -11]),
    }


def some_vectors(catalog: Catalog, many: int) -> Vectors:
    """Return so many of the vectors that came last."""
    last = catalog.last_passage()
    rows = catalog.vectors(last - many + 1, last)
    return np.frombuffer(b"".join(row for _, row in rows), np.float32).reshape(len(rows), -1)


def fts5(catalog: Catalog, path: Path, asked: Sequence[str]) -> Figures:
    """Return what the same words cost in SQLite's FTS5, and in tantivy."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(
            "CREATE VIRTUAL TABLE words USING fts5 (terms, content = '', detail = none, "
            "tokenize = 'ascii')"
        )
        began = time.perf_counter()
        db.execute("BEGIN")
        for first in range(1, catalog.last_passage() + 1, _BATCH):
            rows = catalog.counts(first, first + _BATCH - 1)
            db.executemany(
                "INSERT INTO words (rowid, terms) VALUES (?, ?)",
                ((number, _written(counted)) for number, counted in rows),
            )
        db.execute("COMMIT")
        built = time.perf_counter() - began
        db.execute("INSERT INTO words (words) VALUES ('optimize')")
        optimised = time.perf_counter() - began
        _, languages = catalog.lengths()
        told = [lexical.asked(query_terms(question, languages)) for question in asked]
        matches = [" OR ".join(f"{term:x}" for term in terms) for terms in told]
        times = [
            timed(
                lambda match=match: db.execute(
                    "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?",
                    (match, _WANTED),
                ).fetchall()
            )
            for match in matches
        ]
    shutil.rmtree(path.with_name("tantivy"), ignore_errors=True)
    index = WordIndex(path.with_name("tantivy"))
    ranges = range(1, catalog.last_passage() + 1, _BATCH)
    batches = ((range(n, n + _BATCH), catalog.counts(n, n + _BATCH - 1)) for n in ranges)
    tantivy_built = timed(lambda: index.update(batches))
    passages = len(index)

    def searched(terms: dict[int, float]) -> None:
        index.search(lexical.told(terms, index.having(terms), passages), _WANTED)

    return {
        "fts5": {
            "build_s": built,
            "optimised_s": optimised,
            "mb": path.stat().st_size / 1e6,
            "search_ms": spread(times),
        },
        "tantivy": {
            "build_s": tantivy_built,
            "mb": sum(f.stat().st_size for f in path.with_name("tantivy").glob("*")) / 1e6,
            "search_ms": spread([timed(lambda t=t: searched(t)) for t in told]),
        },
    }


def _written(counted: bytes) -> str:
    rows = np.frombuffer(counted, lexical.COUNTS)
    return " ".join(
        f"{term:x}" for term in np.repeat(rows["term"], rows["inside"].astype(int) + rows["above"])
    )


def costs(found: dict[int, Figures]) -> dict[str, list[tuple[int, float]]]:
    """Return what is plotted: lines of (passages, value)."""
    lines = {
        "search, 95 % within, ms": lambda f: f["search"]["search_ms"]["p95"],
        "search without embedding, median, ms": lambda f: f["search"]["without_embedding_ms"][
            "median"
        ],
        "opening and first search, ms": lambda f: 1000 * f["search"]["open_and_first_s"],
        "ten passages put in, ms": lambda f: f["change"]["add_ms"]["median"],
        "search after that, ms": lambda f: f["change"]["after_add_ms"]["median"],
        "document removed, ms": lambda f: f["change"]["remove_ms"]["median"],
        "search, processor, ms": lambda f: f["search"]["search_cpu_ms"],
        "index made anew, s": lambda f: f["build"]["seconds"],
        "memory of searching, MB": lambda f: f["search"]["rss_mb"],
        "disk, MB": lambda f: sum(f["disk_mb"].values()),
    }
    return {
        name: [(figures["passages"], of(figures)) for figures in found.values()]
        for name, of in lines.items()
    }


if __name__ == "__main__":
    main()
