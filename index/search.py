"""Question -> passages in order. The index in memory, and the whole path of a search on one page.

question --> candidates (dense, BM25) --> signals --> fused --> + documents that the question or a
first hit names --> order
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from index import dense, lexical, rank, titles
from index.catalog import Catalog
from index.dense import DenseIndex
from index.embed import Encoder, Vectors, unit
from index.errors import LibraryError
from index.language import language_among
from index.lexical import LexicalIndex
from index.rank import Scores, Weights
from index.terms import Written, query_terms, written_terms

CANDIDATES = 50  # passages that each of dense and lexical search hands to the ranking
_OF_NAMED = 3  # passages that each hands in of a document that is named
_FIRST_HITS = 2  # whose mentions of other documents are followed

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Index:
    """What is searched: a row for each of n passages, ordered by their document's name and start.

    Ties are in the order of the rows, which does not depend on the order of adding.
    """

    generation: int  # of the catalog that it was built from
    ids: NDArray[np.int64]  # (n,) of the passages
    documents: NDArray[np.int64]  # (n,) ids
    languages: tuple[str, ...]  # of the passages
    topics: Vectors  # (n, dimension) unit mean of the vectors of the passage's document
    dense: DenseIndex
    lexical: LexicalIndex


@dataclass(frozen=True)
class Ranked:
    """Candidates, best first."""

    ids: NDArray[np.int64]  # of the passages
    scores: Scores
    signals: dict[str, Scores]  # by the names of rank.Weights


def build(catalog: Catalog) -> Index:
    """Read the index from the catalog; raises LibraryError where that is damaged."""
    generation = catalog.generation()
    rows = list(catalog.rows())
    ids, documents, languages, terms, vectors = zip(*rows, strict=True) if rows else ([],) * 5
    if any(len(vector) != 4 * catalog.dimension for vector in vectors):
        raise LibraryError("a vector is damaged; mend the library with: pincite check --repair")
    by_row = np.frombuffer(b"".join(vectors), np.float32).reshape(len(ids), catalog.dimension)
    of_rows = np.array(documents, np.int64)
    try:
        words = lexical.build(terms, of_rows)
    except ValueError as error:
        raise LibraryError(
            "the words of a passage are damaged; mend the library with: pincite check --repair"
        ) from error
    return Index(
        generation=generation,
        ids=np.array(ids, np.int64),
        documents=of_rows,
        languages=tuple(sorted(set(languages))),
        topics=_topics(by_row, of_rows),
        dense=dense.build(by_row),
        lexical=words,
    )


def _topics(vectors: Vectors, documents: NDArray[np.int64]) -> Vectors:
    """Return for each passage the unit mean (n, dimension) of its document's vectors."""
    if len(vectors) == 0:
        return vectors
    starts = np.flatnonzero(np.r_[True, documents[1:] != documents[:-1]])
    means = unit(np.add.reduceat(vectors, starts))
    return np.repeat(means, np.diff(np.r_[starts, len(documents)]), axis=0)


@dataclass(frozen=True)
class Query:
    """What a question is compared by."""

    language: str
    vector: Vectors  # (dimension,)
    alone: Scores  # (n,) BM25 of every passage
    around: Scores  # (n,) the same with its neighbours


def query(question: str, index: Index, encoder: Encoder) -> Query:
    """Read a question as the passages of the index were read; there is one at least."""
    terms = query_terms(question, index.languages)
    return Query(
        language_among(question, index.languages),
        encoder.encode_question(question),
        *index.lexical.scores(terms),
    )


def candidates(asked: Query, index: Index, at_least: int = CANDIDATES) -> Rows:
    """Return the rows that are nearest by vector, and those that are by words, ascending."""
    worded = _best(asked.around, at_least)
    near = index.dense.search(asked.vector, at_least)
    return np.union1d(near, worded[asked.around[worded] > 0])


def signals(asked: Query, rows: Rows, index: Index, catalog: Catalog) -> dict[str, Scores]:
    """Return what the rows are ranked by, an array (rows,) for each signal of rank.Weights."""
    sentences = list(catalog.sentence_vectors(index.ids[rows].tolist()))
    return {
        "dense": index.dense.vectors[rows] @ asked.vector,
        "document": index.topics[rows] @ asked.vector,
        "sentence": rank.best_sentence(asked.vector, sentences),
        "alone": asked.alone[rows],
        "around": asked.around[rows],
    }


def ranked(
    question: str,
    index: Index,
    catalog: Catalog,
    encoder: Encoder,
    ranking: Weights,
    *,
    at_least: int,
) -> Ranked:
    """Rank the passages that may answer the question: `at_least` so many, where there are."""
    if len(index.ids) == 0:
        return Ranked(np.empty(0, np.int64), np.empty(0, np.float32), {})
    asked = query(question, index, encoder)
    weights = _weights(ranking, asked.language, encoder.languages)
    rows = candidates(asked, index, max(CANDIDATES, at_least))
    first = len(rows)
    wanted = _named(question, asked.language, catalog, titles.asks_for)
    rows = np.concatenate([rows, _of_documents(wanted, rows, asked, index)])
    found = signals(asked, rows, index, catalog)

    def scores() -> Scores:
        total = rank.fused(found, weights, among=np.arange(len(rows)) < first)
        total[np.isin(index.documents[rows], list(wanted))] += weights["asked"]
        return total

    total = scores()
    leading = rows[np.lexsort((rows, -total))[:_FIRST_HITS]]
    mentioned = _mentioned(leading, index, catalog) - wanted
    more = _of_documents(mentioned, rows, asked, index)
    if len(more):
        of_more = signals(asked, more, index, catalog)
        rows = np.concatenate([rows, more])
        found = {name: np.concatenate([scores, of_more[name]]) for name, scores in found.items()}
        total = scores()
    total[rank.best_of_each(total, index.documents[rows], mentioned)] += weights["mentioned"]
    order = np.lexsort((rows, -total))
    in_order = {name: of_rows[order] for name, of_rows in found.items()}
    return Ranked(index.ids[rows[order]], total[order], in_order)


def _of_documents(documents: Collection[int], known: Rows, asked: Query, index: Index) -> Rows:
    """Return the rows of these documents that are likeliest to answer, but no known one."""
    found = [
        rows[_best(scores, _OF_NAMED)]
        for rows in (np.flatnonzero(index.documents == document) for document in documents)
        for scores in (index.dense.vectors[rows] @ asked.vector, asked.around[rows])
    ]
    return np.setdiff1d(np.concatenate(found), known) if found else np.empty(0, np.int64)


def _weights(ranking: Weights, spoken: str, learnt: Collection[str]) -> dict[str, float]:
    weights = asdict(ranking)
    if learnt and spoken not in learnt:
        for cosine in ("dense", "sentence", "document"):
            weights[cosine] *= weights["foreign"]
    return weights


def _best(scores: Scores, k: int) -> Rows:
    """Return the positions of the k greatest scores; of equal ones those that come first."""
    return np.argsort(-scores, kind="stable")[:k]


def _mentioned(rows: Rows, index: Index, catalog: Catalog) -> set[int]:
    """Return the documents that passages of other documents name: the second hop of a question."""
    found = set()
    passages = catalog.passages(index.ids[rows].tolist())
    for row, (_, passage, _, _) in zip(rows, passages, strict=True):
        named = _named(passage.text, passage.language, catalog, titles.mentions)
        found |= named - {int(index.documents[row])}
    return found


def _named(
    text: str, language: str, catalog: Catalog, is_named: Callable[[str, Sequence[Written]], bool]
) -> set[int]:
    """Return the documents that a text names."""
    words = list(written_terms(text, language))
    return {
        document
        for title, document in catalog.titles(titles.starts(words))
        if is_named(title, words)
    }
