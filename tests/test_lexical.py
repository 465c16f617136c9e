"""BM25: the formula by hand, and what the catalog keeps of a passage's words."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import lexical
from index.lexical import COUNTS, K1, NEIGHBOUR, NUMBER, RARE, B, Lengths, counts, hash_of
from index.terms import terms

WORDS = st.sampled_from(["deep", "harbour", "ship", "rye", "bread", "winter"])
PASSAGES = st.lists(
    st.tuples(st.lists(WORDS, max_size=6), st.integers(0, 2)), min_size=1, max_size=8
)


class Passages:
    """Passages of documents, all of which are scored."""

    def __init__(self, texts: list[str], above: str, documents: list[int]) -> None:
        self.counts = [counts(text, above, "en") for text in texts]
        rows = np.arange(len(texts))
        alike = np.array(documents)[:-1] == np.array(documents)[1:]
        self.before = np.r_[-1, np.where(alike, rows[:-1], -1)][: len(texts)]
        self.after = np.r_[np.where(alike, rows[1:], -1), -1][-len(texts) :]
        self.lengths = [
            lexical.lengths([c for c, of in zip(self.counts, documents, strict=True) if of == one])
            for one in sorted({*documents})
        ]

    def scores(self, question):
        alone, around = (
            sum(sum(lengths[i].tolist()) for lengths in self.lengths) / len(self.counts) or 1
            for i in (0, 1)
        )
        asked = lexical.asked(question)
        held = [{int(row["term"]) for row in np.frombuffer(c, COUNTS)} for c in self.counts]
        having = [sum(term in terms for terms in held) for term in asked]
        n = len(self.counts)
        told = lexical.told(asked, having, n)
        rows = np.arange(n)
        mean = Lengths(n, alone, around)
        return lexical.scores(told, self.counts, rows, self.before, self.after, mean)


def index_of(*passages: str, above: str = "", documents: list[int] | None = None) -> Passages:
    return Passages([*passages], above, documents or list(range(len(passages))))


def test_terms_are_counted_in_and_above_a_passage():
    kept = np.frombuffer(counts("Deep harbours, deep sea.", "The harbour", "en"), COUNTS)
    found = {int(term): (int(inside), int(above)) for term, inside, above in kept}
    by_term = {"deep": (2, 0), "harbour": (1, 1), "sea": (1, 0), "the": (0, 1)}
    assert found == {hash_of(term): pair for term, pair in by_term.items()}


def test_the_score_is_bm25():
    alone, _ = index_of("deep deep harbour", "rye bread", "rye", "winter").scores(["deep", "rye"])
    mean = (3 + 2 + 1 + 1) / 4

    def part(tf: int, length: int, having: int) -> float:
        idf = log((4 - having + 0.5) / (having + 0.5))
        return idf**RARE * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / mean))

    assert alone[0] == pytest.approx(part(2, 3, having=1))
    assert alone[2:].tolist() == [pytest.approx(part(1, 1, having=2), abs=1e-5), 0]


def test_what_stands_above_counts_as_if_it_stood_in_the_passage():
    above, _ = index_of("deep", "rye", "sea", above="harbour").scores(["harbour", "rye"])
    inside, _ = index_of("deep harbour", "rye harbour", "sea harbour").scores(["harbour", "rye"])
    assert above == pytest.approx(inside)


def test_neighbours_in_the_same_document_count_a_part():
    index = index_of("ship", "deep", "rye", "winter", documents=[1, 1, 2, 2])
    alone, around = index.scores(["deep"])
    assert alone.nonzero()[0].tolist() == [1]
    assert around.nonzero()[0].tolist() == [0, 1]
    assert around[0] < around[1]
    assert [around.tolist() for _, around in index.lengths] == [[1 + NEIGHBOUR] * 2] * 2


def test_a_term_that_most_have_tells_next_to_nothing():
    alone, _ = index_of("deep rye", "deep bread", "deep winter").scores(["deep", "rye"])
    assert alone.argmax() == 0
    assert alone[1:] == pytest.approx([0, 0], abs=1e-5)
    assert (alone > 0).all()


def test_a_number_tells_more_than_a_word():
    alone, _ = index_of("deep rye", "2023 rye", "winter rye", "bread").scores(["2023", "deep"])
    assert alone[1] == pytest.approx(NUMBER * alone[0])


def test_an_empty_library_and_an_unknown_word_have_no_score():
    nothing = np.empty(0, np.int64)
    empty = lexical.scores({1: 1.0}, [], nothing, nothing, nothing, Lengths(0, 1, 1))
    assert [scores.shape for scores in empty] == [(0,), (0,)]
    assert index_of("deep", "rye").scores(["winter"])[0].tolist() == [0, 0]
    assert index_of("", "").scores(["winter"])[1].tolist() == [0, 0]


@given(PASSAGES, st.sets(WORDS))
def test_a_score_is_that_of_the_terms_one_by_one(passages, question):
    texts = [" ".join(words) for words, _ in passages]
    of = sorted(document for _, document in passages)
    index = index_of(*texts, documents=of)
    asked = [term for word in sorted(question) for term in terms(word, "en")]
    for together, parts in zip(
        index.scores(asked),
        zip(*(index.scores([term]) for term in asked), strict=True),
        strict=False,
    ):
        assert together == pytest.approx(sum(parts), abs=1e-5)
