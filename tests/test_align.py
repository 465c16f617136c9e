"""Soft alignment by letters: "ab" and "ba" are alike, "ab" and "cd" have nothing in common."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.align import align
from tests.fakes import LetterEncoder


def test_a_word_is_as_aligned_as_the_word_most_like_it():
    found = align("quay", ["the quays", "zzz"], LetterEncoder())
    assert found.mean == pytest.approx(2 / 5**0.5)  # q, u, a, y of q, u, a, y, s
    assert found.content == found.worst == pytest.approx(found.mean)


def test_a_name_or_number_that_is_not_there_is_the_least_of_the_particular():
    found = align("Bergen sold zzz", ["Bergen bought"], LetterEncoder())
    assert found.particular == pytest.approx(1)  # Bergen
    assert found.content == pytest.approx(0)  # zzz
    assert found.worst < found.mean < 1


def test_words_in_another_order_are_aligned_as_well_and_seen():
    same = align("cats chase dogs", ["cats chase dogs"], LetterEncoder())
    other = align("cats chase dogs", ["dogs chase cats"], LetterEncoder())
    assert same.mean == pytest.approx(other.mean)
    assert (same.order, other.order) == (1, 0)


def test_function_words_weigh_little():
    found = align("the quay", ["quay"], LetterEncoder())
    assert found.mean > 0.85


def test_without_words_nothing_is_aligned():
    assert align("", ["quay"], LetterEncoder()).mean == 0
    assert align("quay", [], LetterEncoder()).mean == 0
    assert align("quay", ["", "…"], LetterEncoder()).mean == 0


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3))
def test_every_value_is_a_share_of_something(text, others):
    found = align(text, others, LetterEncoder())
    for value in (found.mean, found.worst, found.particular, found.content, found.order):
        assert -1e-6 <= value <= 1 + 1e-6


@given(st.text(min_size=1, max_size=80))
def test_a_text_is_aligned_with_itself(text):
    found = align(text, [text], LetterEncoder())
    assert found.mean == 0 or found.worst == pytest.approx(1)
