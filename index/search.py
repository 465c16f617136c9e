"""Question -> passages in order. The whole path of a search on one page.

question --> near by vector, near by words --> signals --> fused --> + passages of documents that
the question or a first hit names --> order
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from index import lexical, passages, rank, titles
from index.catalog import Catalog
from index.derived import Index
from index.embed import Vectors, unit
from index.errors import LibraryError
from index.language import language_among
from index.rank import Scores, Weights
from index.rows import MEND
from index.terms import query_terms, written_terms

CANDIDATES = 50  # passages that each of dense and lexical search hands to the ranking
_WORDED = 4  # times as many have the words: whose neighbours tell of them, too
_OF_NAMED = 3  # passages that each hands in of a document that is named
_FIRST_HITS = 2  # whose mentions of other documents are followed
_MOST_NAMED = 20  # documents; a table of contents names more
_APART = 6  # words, at most, between the first two terms of a title in a question
_SPOKEN = 0.02  # share of the passages that a language has at least, not to be a misreading
_DIGITS = 5  # of a score
_MOST_TOPICS = 20_000  # contents whose vectors are kept
_FIRST = ("", 0)  # name and start of a passage that ties with none

Ids = NDArray[np.int64]  # of passages


@dataclass(frozen=True)
class Query:
    """What a question is compared by."""

    language: str
    told: dict[int, float]  # what each of its terms tells
    worded: Ids  # the passages that have them, and those beside, best first
    vector: Vectors  # (dimension,)


@dataclass(frozen=True)
class Ranked:
    """Candidates, best first, each but once."""

    ids: Ids
    scores: Scores
    signals: dict[str, Scores]  # by the names of rank.Weights
    copies: list[list[int]]  # the contents in which each stands, its own among them
    named: dict[int, str]  # of documents that are alike, the one that was asked for


@dataclass(frozen=True)
class Source:
    """What a search reads: the index, and of the catalog what it has not read before."""

    index: Index
    catalog: Catalog
    topics: dict[int, Vectors]  # of contents: kept, for they do not change
    within: Mapping[int, str] | None = None  # the contents that are searched, with names; None: all
    _known: dict[int, tuple[int, int, bytes]] = field(default_factory=dict)

    def covers(self, content: int) -> bool:
        """Whether a content is among those that are searched."""
        return self.within is None or content in self.within

    def chosen(self) -> list[int]:
        """Return the passages of the contents that are searched, where not all are."""
        contents = self.within or ()
        return [number for one in contents for number in passages.passages_of(self.catalog, one)]

    def having(self, told: Mapping[int, float], k: int) -> list[int]:
        """Return about k passages that the terms tell most of; of chosen contents, all."""
        if self.within is None:
            found: list[int] = self.index.words.search(told, k).tolist()
            return found
        return self.chosen()

    def near(self, vector: Vectors, k: int) -> list[int]:
        """Return the k passages that are nearest to a vector (dimension,)."""
        if self.within is None:
            nearest: list[int] = self.index.dense.search(vector, k).tolist()
            return nearest
        ids = self.chosen()
        order = np.argsort(-(self.vectors(ids) @ vector), kind="stable")
        return [ids[place] for place in order[:k].tolist()]

    def load(self, ids: Iterable[int]) -> None:
        """Read content, same and counts of these passages."""
        new = [number for number in ids if number not in self._known]
        for number, content, same, counts in passages.contents_of(self.catalog, new):
            self._known[number] = (content, same, counts)

    def content(self, passage: int) -> int | None:
        """Return the content of a passage that was loaded; None where there is none."""
        return self._known[passage][0] if passage in self._known else None

    def same(self, ids: Ids) -> NDArray[np.int64]:
        """Return what the copies of each of these passages share (n,)."""
        return np.array([self._known[number][1] for number in ids.tolist()], np.int64)

    def inside(self, ids: Iterable[int]) -> list[int]:
        """Return those of the loaded passages that are in the catalog."""
        return [number for number in ids if number in self._known]

    def topic_vectors(self, ids: Sequence[int]) -> Vectors:
        """Return for each passage the unit mean of the vectors of its content's (n, dimension)."""
        contents = [self._known[number][0] for number in ids]
        new = {content for content in contents if content not in self.topics}
        if len(self.topics) + len(new) > _MOST_TOPICS:
            self.topics.clear()
            new = {*contents}
        for content, blobs in passages.vectors_of_contents(self.catalog, new).items():
            self.topics[content] = unit(self._vectors(blobs).sum(axis=0))
        return np.stack([self.topics[content] for content in contents])

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """Return the vectors (n, dimension) of these passages."""
        found = passages.vectors_in(self.catalog, ids)
        if len(found) < len(ids):
            raise LibraryError(f"the vector of a passage is missing; {MEND}")
        return self._vectors([found[number] for number in ids])

    def _vectors(self, blobs: Sequence[bytes]) -> Vectors:
        try:
            joined = np.frombuffer(b"".join(blobs), np.float32)
            return joined.reshape(len(blobs), self.catalog.dimension)
        except (TypeError, ValueError) as error:  # of another type or length
            raise LibraryError(f"a vector is damaged; {MEND}") from error

    def words(self, told: Mapping[int, float], ids: Sequence[int]) -> tuple[Scores, Scores]:
        """Return the BM25 scores (n,) of these passages alone, and with their neighbours."""
        self.load({near for number in ids for near in (number - 1, number, number + 1)})
        known = self._known
        near = {n: None for number in ids for n in (number, number - 1, number + 1) if n in known}
        places = {number: place for place, number in enumerate(near)}

        def beside(step: int) -> NDArray[np.int64]:
            beside = [
                places[number + step]
                if number + step in places and known[number + step][0] == known[number][0]
                else -1
                for number in ids
            ]
            return np.array(beside, np.int64)

        try:
            return lexical.scores(
                told,
                [known[number][2] for number in near],
                beside(0),
                beside(-1),
                beside(1),
                self.index.lengths,
            )
        except (TypeError, ValueError) as error:
            raise LibraryError(f"the passages are damaged; {MEND}") from error


def query(
    question: str, encoded: Callable[[], Vectors], source: Source, at_least: int = CANDIDATES
) -> Query:
    """Read a question as the passages of the index were read.

    encoded gives its vector, called last: what is computed elsewhere meanwhile costs nothing.
    """
    index = source.index
    terms = lexical.asked(query_terms(question, index.languages))
    told = lexical.told(terms, index.words.having(terms), index.lengths.passages)
    worded = _worded(told, source, at_least) if told else np.empty(0, np.int64)
    total = index.lengths.passages
    spoken = sorted(la for la, n in index.languages.items() if n >= _SPOKEN * total)
    return Query(language_among(question, spoken) if total else "", told, worded, encoded())


def _worded(told: Mapping[int, float], source: Source, at_least: int) -> Ids:
    """Return the passages that have the terms, or whose neighbours have, best first."""
    found = source.having(told, _WORDED * at_least)
    source.load({near for number in found for near in (number - 1, number, number + 1)})
    near = dict.fromkeys(
        number + step
        for number in found
        for step in (0, -1, 1)
        if source.content(number) is not None
        and source.content(number + step) == source.content(number)
    )
    ids = np.array([*near], np.int64)
    _, around = source.words(told, [*near])
    ids, around = ids[around > 0], around[around > 0]
    return ids[_in_order(ids, around, source.catalog)]


def candidates(asked: Query, source: Source, at_least: int = CANDIDATES) -> Ids:
    """Return the passages that are nearest by vector, and those that are by words, ascending.

    Of each kind `at_least` so many that are no copies of one another, where there are.
    """
    depth = at_least
    while True:
        nearest = source.near(asked.vector, depth)
        source.load(nearest)
        near = np.array(source.inside(nearest), np.int64)
        distinct = len(np.unique(source.same(near)))
        if distinct >= at_least or len(near) < depth:  # or all were found
            break
        depth *= 2
    cosines = np.round(source.vectors(near.tolist()) @ asked.vector, _DIGITS)
    near = near[_in_order(near, cosines, source.catalog)]
    return np.union1d(_distinct(near, source, at_least), _distinct(asked.worded, source, at_least))


def _in_order(ids: Ids, scores: Scores, catalog: Catalog) -> NDArray[np.int64]:
    """Return the places of the passages in order: by score, then name, then start."""
    order = np.argsort(-scores, kind="stable")
    in_order = scores[order]
    ties = np.zeros(len(ids), bool)
    ties[1:] = in_order[1:] == in_order[:-1]
    ties[:-1] |= ties[1:]
    if not ties.any():
        return order
    key = passages.order(catalog, ids[order[ties]].tolist())
    numbers = ids.tolist()
    found = sorted(range(len(ids)), key=lambda i: (-scores[i], key.get(numbers[i], _FIRST)))
    return np.array(found, np.int64)


def _distinct(ids: Ids, source: Source, k: int) -> Ids:
    """Return the first k passages that are no copies of earlier ones."""
    return ids[rank.first_of_each(np.arange(len(ids)), source.same(ids))[:k]]


def signals(asked: Query, ids: Ids, source: Source) -> dict[str, Scores]:
    """Return what the passages are ranked by, an array (n,) for each signal of rank.Weights."""
    numbers = ids.tolist()
    alone, around = source.words(asked.told, numbers)
    sentences = [*passages.sentence_vectors(source.catalog, numbers)]
    likeness = rank.likeness(asked.vector, np.concatenate(sentences))
    starts = np.cumsum([0, *map(len, sentences[:-1])])
    return {
        "dense": source.vectors(numbers) @ asked.vector,
        "sentence": np.maximum.reduceat(likeness, starts),
        "document": source.topic_vectors(numbers) @ asked.vector,
        "alone": alone,
        "around": around,
    }


def ranked(
    question: str,
    asked: Query,
    source: Source,
    ranking: Weights,
    *,
    learnt: Collection[str],
    at_least: int,
) -> Ranked:
    """Rank the passages that may answer the question: `at_least` so many, where there are.

    asked is the question as the index reads it, learnt the languages that its model has learnt.
    """
    if source.index.lengths.passages == 0:
        return Ranked(np.empty(0, np.int64), np.empty(0, np.float32), {}, [], {})
    weights = _weights(ranking, asked.language, learnt)
    ids = candidates(asked, source, max(CANDIDATES, at_least))
    first = len(ids)
    wanted = _asked_for(question, source)
    ids = np.concatenate([ids, _of_contents(wanted, ids, asked, source)])
    found = signals(asked, ids, source)
    total = _total(ids, found, weights, first, wanted, source)

    leading = ids[_in_order(ids, total, source.catalog)[:_FIRST_HITS]]
    mentioned = _mentioned(leading.tolist(), source)
    mentioned = {content: name for content, name in mentioned.items() if content not in wanted}
    more = _of_contents(mentioned, ids, asked, source)
    if len(more):
        of_more = signals(asked, more, source)
        ids = np.concatenate([ids, more])
        found = {name: np.concatenate([known, of_more[name]]) for name, known in found.items()}
        total = _total(ids, found, weights, first, wanted, source)
    order = _in_order(ids, total, source.catalog)
    contents = np.array([source.content(number) for number in ids.tolist()], np.int64)
    best = rank.first_of_each(order, contents)
    total[best[np.isin(contents[best], list(mentioned))]] += weights["mentioned"]

    same = source.same(ids)
    order = rank.first_of_each(_in_order(ids, total, source.catalog), same)  # one of each copy
    return Ranked(
        ids=ids[order],
        scores=total[order],
        signals={name: of_ids[order] for name, of_ids in found.items()},
        copies=[passages.copies(source.catalog, one) for one in same[order[:at_least]].tolist()],
        named={**mentioned, **wanted, **(source.within or {})},
    )


def _total(
    ids: Ids,
    found: Mapping[str, Scores],
    weights: Mapping[str, float],
    first: int,
    wanted: Collection[int],
    source: Source,
) -> Scores:
    """Return the sum of the signals and of what the documents that are asked for get.

    Rounded, so that copies tie whatever order their products were summed in.
    """
    total = rank.fused(found, weights, among=np.arange(len(ids)) < first)
    total[[source.content(number) in wanted for number in ids.tolist()]] += weights["asked"]
    rounded: Scores = np.round(total, _DIGITS)
    return rounded


def _of_contents(contents: Collection[int], known: Ids, asked: Query, source: Source) -> Ids:
    """Return the passages of these contents that are likeliest to answer, but no known one."""
    found: list[Ids] = []
    for content in contents:
        numbers = passages.passages_of(source.catalog, content)
        ids = np.array(numbers, np.int64)
        _, around = source.words(asked.told, numbers)
        for scores in (source.vectors(numbers) @ asked.vector, around):
            found.append(ids[np.argsort(-scores, kind="stable")[:_OF_NAMED]])
    return np.setdiff1d(np.concatenate(found), known) if found else np.empty(0, np.int64)


def _weights(ranking: Weights, spoken: str, learnt: Collection[str]) -> dict[str, float]:
    weights = asdict(ranking)
    if learnt and spoken not in learnt:
        for cosine in ("dense", "sentence", "document"):
            weights[cosine] *= weights["foreign"]
    return weights


def _asked_for(question: str, source: Source) -> dict[int, str]:
    """Return the contents that the question names, as texts of any of its languages would."""
    found = {}
    total = source.index.lengths.passages
    for language, n in source.index.languages.items():
        if n < _SPOKEN * total:
            continue
        words = list(written_terms(question, language))
        for title, content, name in passages.titles(
            source.catalog, titles.starts(words, within=_APART)
        ):
            if source.covers(content) and titles.asks_for(title, words):
                found[content] = name
    return _first_by_name(found)


def _mentioned(leading: Sequence[int], source: Source) -> dict[int, str]:
    """Return the contents that passages of other documents name: the second hop of a question."""
    found = {}
    for number, passage, _, _ in passages.read(source.catalog, leading):
        words = list(written_terms(passage.text, passage.language))
        for title, content, name in passages.titles(source.catalog, titles.starts(words)):
            other = content != source.content(number) and source.covers(content)
            if other and titles.mentions(title, words):
                found[content] = name
    return _first_by_name(found)


def _first_by_name(contents: Mapping[int, str]) -> dict[int, str]:
    """Return no more than are followed: ids tell the order of adding, which must change nothing."""
    return dict(sorted(contents.items(), key=lambda item: item[1])[:_MOST_NAMED])
