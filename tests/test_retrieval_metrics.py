"""Rankings and spans: every metric is pinned to arithmetic done by hand, then compared with the
published implementation on made-up inputs."""

from __future__ import annotations

import random
from math import log2
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluate.retrieval import (
    Range,
    all_gold,
    excerpt_iou,
    excerpt_recall,
    merged,
    ndcg,
    recall,
    rouge_l,
    shared,
)

# rankings


def test_gain_is_discounted_by_the_rank():
    # the only relevant name at rank 1, 2, 3: 1 / log2(2), 1 / log2(3), 1 / log2(4)
    assert ndcg({"a"}, ["a", "b", "c"], 10) == 1
    assert ndcg({"a"}, ["b", "a", "c"], 10) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg({"a"}, ["b", "c", "a"], 10) == 0.5
    assert ndcg({"a"}, ["b", "c", "a"], 2) == 0


def test_gain_is_measured_against_the_best_order():
    # ranks 1 and 3 of two: (1 + 1/2) / (1 + 1/log2(3)) = 1.5 / 1.6309
    assert ndcg({"a", "c"}, ["a", "b", "c"], 10) == pytest.approx(1.5 / 1.6309, abs=1e-4)
    # of three, only one can be among the first one
    assert ndcg({"a", "b", "c"}, ["a", "x"], 1) == 1
    # graded: (1 + 3/log2(3)) / (3 + 1/log2(3))
    assert ndcg({"a": 1, "b": 3}, ["a", "b"], 10) == pytest.approx(
        (1 + 3 / log2(3)) / (3 + 1 / log2(3))
    )


def test_a_name_that_recurs_has_its_best_rank_and_pushes_nothing_down():
    assert ndcg({"b"}, ["a", "a", "a", "b"], 2) == ndcg({"b"}, ["a", "b"], 2)
    assert recall({"b"}, ["a", "a", "a", "b"], 2) == 1
    assert ndcg({"a"}, ["a", "a"], 2) == 1


def test_recall_is_the_share_that_was_found():
    assert recall({"a", "b"}, ["a", "x", "b"], 2) == 0.5
    assert recall({"a", "b"}, ["a", "x", "b"], 3) == 1
    assert recall(["a", "b"], [], 3) == 0


def test_all_gold_is_all_or_nothing():
    assert all_gold({"a", "b"}, ["a", "x", "b"], 3) is True
    assert all_gold({"a", "b"}, ["a", "x", "b"], 2) is False
    assert all_gold(["a", "a"], ["a"], 1) is True


def test_where_nothing_is_relevant_nothing_is_gained():
    assert ndcg(set(), ["a"], 10) == recall(set(), ["a"], 10) == ndcg({"a": 0}, ["a"], 10) == 0


names = st.sampled_from([f"d{i}" for i in range(30)])
graded = st.dictionaries(names, st.integers(0, 3), min_size=1)
rankings = st.lists(names, unique=True)


@given(graded, rankings)
def test_ndcg_and_recall_are_those_of_trec_eval(gains: dict[str, int], ranked: list[str]):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    judge = pytrec_eval.RelevanceEvaluator({"q": gains}, {"ndcg_cut.5,10", "recall.5,10"})
    run = {name: float(len(ranked) - i) for i, name in enumerate(ranked)} or {"none": 1.0}
    expected = judge.evaluate({"q": run})["q"]
    relevant = {name for name, gain in gains.items() if gain > 0}
    for k in (5, 10):
        assert ndcg(gains, ranked, k) == pytest.approx(expected[f"ndcg_cut_{k}"])
        assert recall(relevant, ranked, k) == pytest.approx(expected[f"recall_{k}"])


# spans


def test_ranges_are_joined_where_they_touch_and_within_one_document_only():
    spans = [("b", 0, 5), ("a", 10, 20), ("a", 0, 5), ("a", 5, 7), ("a", 15, 18), ("a", 30, 30)]
    assert merged(spans) == [("a", 0, 7), ("a", 10, 20), ("b", 0, 5)]
    assert shared([("a", 0, 7), ("b", 0, 5)], [("a", 3, 9), ("c", 0, 5)]) == [("a", 3, 7)]


def test_excerpt_recall_is_the_share_of_gold_characters():
    gold = [("a", 0, 10), ("a", 20, 30)]
    # 5 of the first, all of the second, whatever else is returned: 15 of 20
    assert excerpt_recall(gold, [("a", 5, 15), ("a", 18, 40), ("b", 0, 99)]) == 0.75
    assert excerpt_recall(gold, [("a", 0, 6), ("a", 4, 8)]) == 8 / 20  # the overlap counts once
    assert excerpt_recall(gold, []) == excerpt_recall([], gold) == 0


def test_excerpt_iou_punishes_what_is_not_gold():
    gold = [("a", 0, 10)]
    assert excerpt_iou(gold, gold) == 1
    assert excerpt_iou(gold, [("a", 0, 100)]) == 0.1
    # 5 shared, 10 + 10 - 5 in either
    assert excerpt_iou(gold, [("a", 5, 15)]) == 5 / 15
    assert excerpt_iou(gold, [("a", 5, 15), ("a", 5, 15)]) == 5 / 15
    assert excerpt_iou(gold, [("b", 0, 10)]) == 0
    assert excerpt_iou([], []) == 0


ranges = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.integers(0, 15)).map(
        lambda found: (found[0], found[1], found[1] + found[2])
    ),
    max_size=8,
)


@given(ranges, ranges)
def test_ranges_are_sets_of_characters(gold: list[Range], found: list[Range]):
    one, other = ({(d, i) for d, s, e in spans for i in range(s, e)} for spans in (gold, found))
    assert excerpt_recall(gold, found) == (len(one & other) / len(one) if one else 0)
    assert excerpt_iou(gold, found) == (len(one & other) / len(one | other) if one | other else 0)


# longest common subsequence


def test_rouge_l_is_the_f1_of_the_common_subsequence():
    # police ... the gunman: 3 of 4 tokens on either side (Lin 2004, section 3.1)
    assert rouge_l("police killed the gunman", "police kill the gunman") == 0.75
    assert rouge_l("police killed the gunman", "the gunman kill police") == 0.5
    # 2 of 2 and 2 of 6: 2 x 1 x 1/3 / (4/3)
    assert rouge_l("a b", "a x x b x x") == 0.5
    assert rouge_l("It's 3.5 %", "it s 3 5") == 1
    assert rouge_l("a", "") == rouge_l("", "a") == rouge_l("...", "...") == 0


texts = st.lists(st.sampled_from("a b ab B 1 1.5 it's Ünï — .".split())).map(" ".join)


@given(texts, texts)
def test_rouge_l_is_that_of_rouge_score(reference: str, candidate: str):
    scorer: Any = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rougeL"])
    expected = scorer.score(reference, candidate)["rougeL"].fmeasure
    assert rouge_l(reference, candidate) == pytest.approx(expected)


def test_rouge_l_takes_a_page():
    words = [random.Random(20).choice("abcdefgh") for _ in range(400)]
    assert rouge_l(" ".join(words), " ".join(words)) == 1
