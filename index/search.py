"""Question -> passages in order. The index in memory, and the whole path of a search on one page.

question --> candidates (dense, BM25) --> signals --> fused --> + documents that the question or a
first hit names --> order
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from index import dense, lexical, rank, titles
from index.catalog import Catalog
from index.dense import DenseIndex
from index.embed import Vectors, unit
from index.errors import LibraryError
from index.language import language_among
from index.lexical import LexicalIndex
from index.rank import Scores, Weights
from index.rows import MEND
from index.terms import query_terms, written_terms

CANDIDATES = 50  # passages that each of dense and lexical search hands to the ranking
_OF_NAMED = 3  # passages that each hands in of a document that is named
_FIRST_HITS = 2  # whose mentions of other documents are followed
_MOST_NAMED = 20  # documents; a table of contents names more
_APART = 6  # words, at most, between the first two terms of a title in a question
_SPOKEN = 0.02  # share of the passages that a language has at least, not to be a misreading
_DIGITS = 5  # of a score

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Index:
    """What is searched: a row for each of n passages, ordered by their document's name and start.

    Ties are in the order of the rows, which does not depend on the order of adding.
    """

    generation: int  # of the catalog that it was built from
    ids: NDArray[np.int64]  # (n,) of the passages
    documents: NDArray[np.int64]  # (n,) ids
    bounds: dict[int, tuple[int, int, int]]  # of a document: its number, first row, row after it
    same: NDArray[np.int64]  # (n,) what copies share
    languages: tuple[str, ...]  # of the passages
    spoken: tuple[str, ...]  # those of them that a question may be in
    topics: Vectors  # (documents, dimension) unit means of the vectors of their passages
    dense: DenseIndex
    lexical: LexicalIndex


@dataclass(frozen=True)
class Ranked:
    """Candidates, best first, each but once."""

    ids: NDArray[np.int64]  # of the passages
    scores: Scores
    signals: dict[str, Scores]  # by the names of rank.Weights
    copies: list[list[int]]  # the documents in which each stands, its own among them
    named: dict[int, str]  # of documents that are alike, the one that was asked for


def build(catalog: Catalog) -> Index:
    """Read the index from the catalog; raises LibraryError where that is damaged."""
    generation = catalog.generation()
    rows = list(catalog.rows())
    ids, documents, languages, terms, same, blobs = zip(*rows, strict=True) if rows else ([],) * 6
    try:
        vectors = np.frombuffer(b"".join(blobs), np.float32).reshape(len(ids), catalog.dimension)
        of_rows = np.array(documents, np.int64)
        words = lexical.build(terms, of_rows)
        copies = np.array(same, np.int64)
    except (TypeError, ValueError) as error:  # of another type or length
        raise LibraryError(f"the passages are damaged; {MEND}") from error
    if not np.isfinite(vectors).all():
        raise LibraryError(f"a vector is damaged; {MEND}")
    starts = np.flatnonzero(np.r_[True, of_rows[1:] != of_rows[:-1]])[: len(ids)]
    ends = np.r_[starts[1:], len(ids)]
    told = Counter(languages)
    return Index(
        generation=generation,
        ids=np.array(ids, np.int64),
        documents=of_rows,
        bounds={
            int(of_rows[start]): (number, int(start), int(end))
            for number, (start, end) in enumerate(zip(starts, ends, strict=False))
        },
        same=copies,
        languages=tuple(sorted(told)),
        spoken=tuple(sorted(la for la, n in told.items() if n >= _SPOKEN * len(ids))),
        topics=unit(np.add.reduceat(vectors, starts)) if len(ids) else vectors,
        dense=dense.build(vectors),
        lexical=words,
    )


@dataclass(frozen=True)
class Query:
    """What a question is compared by."""

    language: str
    vector: Vectors  # (dimension,)
    alone: Scores  # (n,) BM25 of every passage
    around: Scores  # (n,) the same with its neighbours


def query(question: str, encoded: Callable[[], Vectors], index: Index) -> Query:
    """Read a question as the passages of the index were read.

    encoded gives its vector, called last: what is computed elsewhere meanwhile costs nothing.
    """
    if len(index.ids) == 0:
        nothing = np.empty(0, np.float32)
        return Query("", encoded(), nothing, nothing)
    alone, around = index.lexical.scores(query_terms(question, index.languages))
    language = language_among(question, index.spoken)
    return Query(language, encoded(), alone, around)


def candidates(asked: Query, index: Index, at_least: int = CANDIDATES) -> Rows:
    """Return the rows that are nearest by vector, and those that are by words, ascending.

    Of each kind `at_least` so many that are no copies of one another, where there are.
    """
    worded = np.flatnonzero(asked.around > 0)
    worded = worded[np.argsort(-asked.around[worded], kind="stable")]
    depth = at_least
    near = index.dense.search(asked.vector, depth)
    while len(np.unique(index.same[near])) < at_least and depth < len(index.ids):
        depth *= 2
        near = index.dense.search(asked.vector, depth)
    return np.union1d(_distinct(near, index, at_least), _distinct(worded, index, at_least))


def signals(asked: Query, rows: Rows, index: Index, catalog: Catalog) -> dict[str, Scores]:
    """Return what the rows are ranked by, an array (rows,) for each signal of rank.Weights."""
    sentences = catalog.sentence_vectors(index.ids[rows].tolist())
    topics = [index.bounds[int(document)][0] for document in index.documents[rows]]
    return {
        "dense": index.dense.vectors[rows] @ asked.vector,
        "sentence": np.array(
            [rank.likeness(asked.vector, of_passage).max() for of_passage in sentences], np.float32
        ),
        "document": index.topics[topics] @ asked.vector,
        "alone": asked.alone[rows],
        "around": asked.around[rows],
    }


def ranked(
    question: str,
    asked: Query,
    index: Index,
    catalog: Catalog,
    ranking: Weights,
    *,
    learnt: Collection[str],
    at_least: int,
) -> Ranked:
    """Rank the passages that may answer the question: `at_least` so many, where there are.

    asked is the question as the index reads it, learnt the languages that its model has learnt.
    """
    if len(index.ids) == 0:
        return Ranked(np.empty(0, np.int64), np.empty(0, np.float32), {}, [], {})
    weights = _weights(ranking, asked.language, learnt)
    rows = candidates(asked, index, max(CANDIDATES, at_least))
    first = len(rows)
    wanted = _asked_for(question, index, catalog)
    rows = np.concatenate([rows, _of_documents(wanted, rows, asked, index)])
    found = signals(asked, rows, index, catalog)
    total = _total(rows, found, weights, first, wanted, index)

    leading = rows[np.lexsort((rows, -total))[:_FIRST_HITS]]
    mentioned = {
        document: name
        for document, name in _mentioned(leading, index, catalog).items()
        if document not in wanted
    }
    more = _of_documents(mentioned, rows, asked, index)
    if len(more):
        of_more = signals(asked, more, index, catalog)
        rows = np.concatenate([rows, more])
        found = {name: np.concatenate([known, of_more[name]]) for name, known in found.items()}
        total = _total(rows, found, weights, first, wanted, index)
    best = rank.best_of_each(total, index.documents[rows], rows)
    total[best[np.isin(index.documents[rows[best]], list(mentioned))]] += weights["mentioned"]

    kept = rank.best_of_each(total, index.same[rows], rows)  # one of each that are copies
    order = kept[np.lexsort((rows[kept], -total[kept]))]
    return Ranked(
        ids=index.ids[rows[order]],
        scores=total[order],
        signals={name: of_rows[order] for name, of_rows in found.items()},
        copies=[_documents_of(same, index) for same in index.same[rows[order[:at_least]]]],
        named={**mentioned, **wanted},
    )


def _total(
    rows: Rows,
    found: Mapping[str, Scores],
    weights: Mapping[str, float],
    first: int,
    wanted: Collection[int],
    index: Index,
) -> Scores:
    """Return the sum of the signals and of what the documents that are asked for get.

    Rounded, so that copies tie whatever order their products were summed in.
    """
    total = rank.fused(found, weights, among=np.arange(len(rows)) < first)
    total[np.isin(index.documents[rows], list(wanted))] += weights["asked"]
    rounded: Scores = np.round(total, _DIGITS)
    return rounded


def _distinct(rows: Rows, index: Index, k: int) -> Rows:
    """Return the first k rows that are no copies of earlier ones."""
    _, first = np.unique(index.same[rows], return_index=True)
    return rows[np.sort(first)[:k]]


def _documents_of(same: int, index: Index) -> list[int]:
    """Return the documents that hold a copy."""
    found: list[int] = np.unique(index.documents[index.same == same]).tolist()
    return found


def _of_documents(documents: Collection[int], known: Rows, asked: Query, index: Index) -> Rows:
    """Return the rows of these documents that are likeliest to answer, but no known one."""
    found = []
    for document in sorted(documents):
        _, start, end = index.bounds[document]
        for scores in (index.dense.vectors[start:end] @ asked.vector, asked.around[start:end]):
            found.append(start + np.argsort(-scores, kind="stable")[:_OF_NAMED])
    return np.setdiff1d(np.concatenate(found), known) if found else np.empty(0, np.int64)


def _weights(ranking: Weights, spoken: str, learnt: Collection[str]) -> dict[str, float]:
    weights = asdict(ranking)
    if learnt and spoken not in learnt:
        for cosine in ("dense", "sentence", "document"):
            weights[cosine] *= weights["foreign"]
    return weights


def _asked_for(question: str, index: Index, catalog: Catalog) -> dict[int, str]:
    """Return the documents that the question names, as texts of any of its languages would."""
    found = {}
    for language in index.spoken:
        words = list(written_terms(question, language))
        for title, document, name in catalog.titles(titles.starts(words, within=_APART)):
            if titles.asks_for(title, words):
                found[document] = name
    return _first_by_name(found, index)


def _mentioned(rows: Rows, index: Index, catalog: Catalog) -> dict[int, str]:
    """Return the documents that passages of other documents name: the second hop of a question."""
    found = {}
    passages = catalog.passages(index.ids[rows].tolist())
    for row, (_, passage, _, _) in zip(rows, passages, strict=True):
        words = list(written_terms(passage.text, passage.language))
        for title, document, name in catalog.titles(titles.starts(words)):
            if document != index.documents[row] and titles.mentions(title, words):
                found[document] = name
    return _first_by_name(found, index)


def _first_by_name(documents: Mapping[int, str], index: Index) -> dict[int, str]:
    """Return no more than are followed: ids tell the order of adding, which must change nothing."""
    first = sorted(documents, key=index.bounds.__getitem__)[:_MOST_NAMED]
    return {document: documents[document] for document in first}
