"""The passages that have the words of a question: an inverted index on disk, by tantivy.

Derived: from the counts of terms that the catalog keeps; what it finds is scored by
`index.lexical`. Measured at 160,000 passages, eight words: .7 ms, where SQLite's FTS5 takes 113.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray

from index.lexical import COUNTS

_HEAP = 64_000_000  # bytes that are gathered before they are written
_ID, _TERMS = "passage", "terms"
_WIDER = 4  # how much further is looked where the last ones found tie
_FURTHEST = 5000  # passages
_COUNTED = 100_000  # passages that have a term
_COMMON = 0.2  # share of the passages: of very many, a term that more have is not looked up


class WordIndex:
    """Passages by the hashes of their terms."""

    def __init__(self, folder: Path) -> None:
        """Open the index in a folder, made where missing.

        Raises ValueError or OSError where it is damaged.
        """
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field(_ID, indexed=True, fast=True)
        builder.add_text_field(_TERMS, tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        folder.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(self._schema, path=str(folder))
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        """Return the number of passages."""
        return int(self._searcher.num_docs)

    def reload(self) -> None:
        """See what was changed since, by whichever process."""
        self._index.reload()
        self._searcher = self._index.searcher()

    def update(self, changes: Iterable[tuple[range, Iterable[tuple[int, bytes]]]]) -> None:
        """Put in passages with the counts of their terms, in place of all in a range of ids.

        All or nothing. Raises ValueError where counts are damaged, OSError where the index
        cannot be written.
        """
        writer = self._index.writer(_HEAP, 1)
        try:
            for gone, passages in changes:
                documents = [_document(passage, counted) for passage, counted in passages]
                with _writing():
                    for passage in gone if len(self) else ():
                        writer.delete_documents_by_term(_ID, passage)
                    for document in documents:
                        writer.add_document(document)
            with _writing():
                writer.commit()
        except BaseException:
            with suppress(ValueError):  # a writer that failed has nothing to take back
                writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()
        self.reload()

    def having(self, terms: Iterable[int]) -> list[int]:
        """Return for each term how many passages have it.

        Exactly, but for terms that so many have that they tell little: there, what was taken out
        may count until its part of the index is merged.
        """
        return [self._having(term) for term in terms]

    def _having(self, term: int) -> int:
        ever = int(self._searcher.doc_freq(_TERMS, _written(term)))
        if ever > _COUNTED:
            return min(ever, len(self))
        counting = tantivy.Query.const_score_query(self._query(term), 1.0)
        found: Any = self._searcher.search(counting, limit=1, count=True)
        return int(found.count)

    def search(self, told: Mapping[int, float], k: int) -> NDArray[np.int64]:
        """Return the ids of the k passages that the terms tell most of, and those that tie.

        `told` says what each term tells, by its hash. Terms that very many passages have take long
        to look up and tell little: they only count where the question has no other.
        """
        total = len(self)
        having = {term: int(self._searcher.doc_freq(_TERMS, _written(term))) for term in told}
        rare = [term for term in told if having[term] <= max(_COUNTED, _COMMON * total)]
        clauses = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(
                    self._query(term), told[term] / _idf(having[term], total)
                ),
            )
            for term in rare or told
        ]
        query = tantivy.Query.boolean_query(clauses)
        limit = k + 1
        while True:
            hits = self._searcher.search(query, limit=limit, count=False).hits
            tied = len(hits) == limit and hits[-1][0] == hits[k - 1][0]
            if not tied or limit >= _FURTHEST:
                break
            limit *= _WIDER
        if len(hits) > k:
            hits = [hit for hit in hits if hit[0] >= hits[k - 1][0]]
        found = self._searcher.fast_field_values(_ID, [address for _, address in hits])
        return np.array(found, np.int64)

    def _query(self, term: int) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, _TERMS, _written(term), "freq")


@contextmanager
def _writing() -> Iterator[None]:
    """Raise as OSError what tantivy raises as ValueError."""
    try:
        yield
    except ValueError as error:
        raise OSError(str(error)) from error


def _idf(having: int, total: int) -> float:
    """Return what tantivy multiplies a term's weight with, which is ours to choose."""
    return log(1 + (max(total - having, 0) + 0.5) / (having + 0.5))


def _document(passage: int, counted: bytes) -> tantivy.Document:
    rows = np.frombuffer(counted, COUNTS)
    times = (rows["inside"].astype(int) + rows["above"]).tolist()
    document = tantivy.Document()
    document.add_integer(_ID, passage)
    words = (f"{_written(term)} " * n for term, n in zip(rows["term"].tolist(), times, strict=True))
    document.add_text(_TERMS, "".join(words))
    return document


def _written(term: int) -> str:
    return f"{term:x}"
