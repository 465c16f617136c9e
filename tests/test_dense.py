"""The index of vectors: exact while small, in cells once it is large."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import dense
from index.dense import DenseIndex
from index.embed import unit

DIMENSION = 16


def clustered(passages: int, *, seed: int = 0) -> np.ndarray:
    """Vectors about centres, as texts lie about topics."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((max(1, passages // 20), DIMENSION))
    vectors = centres[random.integers(len(centres), size=passages)]
    return unit((vectors + 0.4 * random.standard_normal(vectors.shape)).astype(np.float32))


def built(vectors: np.ndarray, *, at_once: int = 500) -> DenseIndex:
    """An index of vectors whose passages are numbered from 1."""
    ids = np.arange(1, len(vectors) + 1)

    def batches():
        for start in range(0, len(vectors), at_once):
            yield ids[start : start + at_once], vectors[start : start + at_once]

    return DenseIndex.build(len(vectors), DIMENSION, batches)


def nearest(vectors: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    return (np.argsort(-(vectors @ query), kind="stable")[:k] + 1).tolist()


@pytest.fixture(params=["exact", "cells"])
def kind(request, monkeypatch) -> str:
    """Either kind of index, for 2,000 passages."""
    monkeypatch.setattr(dense, "EXACT_MOST", 5000 if request.param == "exact" else 1000)
    return request.param


def test_it_finds_the_nearest_first(kind):
    vectors = clustered(2000)
    index = built(vectors)
    assert len(index) == 2000
    for number in (1, 700, 2000):
        assert index.search(vectors[number - 1], 5)[0] == number


def test_a_small_index_is_exact(monkeypatch):
    monkeypatch.setattr(dense, "EXACT_MOST", 5000)
    vectors, queries = clustered(2000), clustered(30, seed=1)
    index = built(vectors)
    for query in queries:
        assert index.search(query, 10).tolist() == nearest(vectors, query, 10)


def test_a_large_one_finds_nearly_all(monkeypatch):
    monkeypatch.setattr(dense, "EXACT_MOST", 1000)
    monkeypatch.setattr(dense, "_PROBED", 32)  # of 282 cells
    monkeypatch.setattr(dense, "_SCANNED", 1000)
    vectors, queries = clustered(20_000), clustered(100, seed=1)
    index = built(vectors)
    shares = [
        len({*index.search(query, 10).tolist()[:10]} & {*nearest(vectors, query, 10)}) / 10
        for query in queries
    ]
    assert np.mean(shares) > 0.95


def test_what_is_added_is_found_and_what_is_removed_is_not(kind):
    vectors = clustered(2000)
    index = built(vectors)
    new = clustered(1, seed=7)
    index.add(np.array([5000]), new)
    assert index.search(new[0], 3)[0] == 5000
    index.remove(np.array([5000, 1, 9999]))  # the last one is not in
    assert len(index) == 1999
    assert 5000 not in index.search(new[0], 10)
    assert 1 not in index.search(vectors[0], 10)
    index.add(np.array([1]), vectors[:1])
    assert index.search(vectors[0], 3)[0] == 1


def test_all_that_tie_are_found(kind):
    vectors = clustered(2000)
    vectors[100:140] = vectors[100]
    found = built(vectors).search(vectors[100], 10)
    assert {*found.tolist()} == {*range(101, 141)}


def test_it_is_written_and_read(kind, tmp_path):
    vectors, queries = clustered(2000), clustered(20, seed=1)
    index = built(vectors)
    index.write(tmp_path / "index")
    read = DenseIndex.read(tmp_path / "index")
    for query in queries:
        assert read.search(query, 10).tolist() == index.search(query, 10).tolist()
    read.remove(np.array([1]))
    read.add(np.array([1]), vectors[:1])
    assert len(read) == 2000
    assert read.search(vectors[0], 1)[0] == 1


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "index").write_bytes(b"no index at all")
    with pytest.raises(RuntimeError):
        DenseIndex.read(tmp_path / "index")


def test_it_is_outgrown_when_it_has_become_much_larger(monkeypatch):
    monkeypatch.setattr(dense, "EXACT_MOST", 1000)
    vectors = clustered(12_000)
    small = built(vectors[:1000])
    assert not small.outgrown
    small.add(np.arange(1001, 1002), vectors[1000:1001])
    assert small.outgrown  # no longer exact while that is fast
    large = built(vectors[:2000])
    assert not large.outgrown
    large.add(np.arange(2001, 7001), vectors[2000:7000])
    assert not large.outgrown
    large.add(np.arange(7001, 12_001), vectors[7000:])
    assert large.outgrown
    assert not built(vectors).outgrown


def test_nothing_is_found_in_nothing():
    index = built(np.empty((0, DIMENSION), np.float32))
    assert len(index) == 0
    assert index.search(clustered(1)[0], 5).tolist() == []
    index.remove(np.array([1]))
    index.add(np.empty(0, np.int64), np.empty((0, DIMENSION), np.float32))
    assert len(index) == 0


@given(
    st.lists(st.sampled_from(range(8)), min_size=1, max_size=40),
    st.sets(st.integers(1, 40)),
    st.integers(1, 12),
)
def test_whatever_comes_and_goes_the_nearest_and_their_ties_are_found(kinds, gone, k):
    centres = clustered(8)
    vectors = centres[kinds]
    index = built(vectors, at_once=7)
    index.remove(np.array([*gone], np.int64))
    left = [n for n in range(1, len(kinds) + 1) if n not in gone]
    scores = {n: float(vectors[n - 1] @ centres[0]) for n in left}
    found = index.search(centres[0], k).tolist()
    assert len(index) == len(left)
    assert len(found) == len({*found}) >= min(k, len(left))
    if left:
        least = sorted(scores.values(), reverse=True)[min(k, len(left)) - 1]
        assert {*found} == {n for n in left if scores[n] >= least - 1e-6}
