"""What the judge's regressions see, with a reader that says what it was told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import features, judge
from rag.crossencoder import Reading
from tests.fakes import LetterEncoder, ToldReader


def of_support(claim, texts, chosen, reader):
    return features.of_support(claim, texts, chosen, LetterEncoder(), reader)


def of_relevance(question, claim, quote, reader=None):
    told = reader or ToldReader()
    return features.of_relevance(question, claim, [quote], quote, quote, LetterEncoder(), told)


def test_every_coefficient_is_of_a_feature():
    fitted = json.loads(judge.COEFFICIENTS.read_text())
    of_claim = of_support("A claim.", ["A text."], [0], ToldReader())
    of_answer = of_relevance("Who?", "A claim.", "A text.")
    for weights in (fitted["support"], *fitted["support_folds"]):
        assert set(weights) == {"intercept", *of_claim}
    for weights in (fitted["relevance"], *fitted["relevance_folds"]):
        assert set(weights) == {"intercept", *of_answer}


def test_the_chosen_sentences_are_read_in_their_order_and_all_of_short_quotes():
    reader = ToldReader()
    of_support("A claim.", ["One.", "Two.", "Three."], [2, 0], reader)
    assert reader.pairs == [("A claim.", "One. Three."), ("A claim.", "One. Two. Three.")]


def test_of_long_quotes_each_chosen_sentence_is_read_with_its_neighbours():
    texts = [f"Sentence {number} of {'many ' * 20}." for number in range(40)]
    reader = ToldReader()
    of_support("A claim.", texts, [20, 0], reader)
    assert [second for _, second in reader.pairs] == [
        f"{texts[0]} {texts[20]}", " ".join(texts[18:23]), " ".join(texts[:3])
    ]  # fmt: skip


def test_the_best_reading_counts_and_none_outweighs_all_else():
    reader = ToldReader(Reading(support=-1, contradiction=0.5), two=Reading(support=99))
    seen = of_support("A claim.", ["two"], [0], reader)
    assert (seen["read"], seen["contradicted"]) == (6, 0)
    seen = of_support("A claim.", ["three"], [0], reader)
    assert (seen["read"], seen["contradicted"]) == (-1, 0.5)


@pytest.mark.parametrize(
    ("claim", "share"),
    [
        ("The bell was cast in 1911 by Olsen.", 1),
        ("The bell was cast by Olsen.", 0.5),
        ("The bell was cast by Berg.", 0),
    ],
)
def test_a_claim_says_the_words_of_the_answer_that_was_found(claim, share):
    quote = "It came from Olsen in 1911."
    reader = ToldReader(Reading(span=(quote.index("Olsen"), quote.index("."))))
    assert of_relevance("Who cast the bell?", claim, quote, reader)["says_answer"] == share


def test_words_of_the_question_are_no_answer():
    reader = ToldReader(Reading(span=(0, 8)))
    assert of_relevance("Who cast the bell?", "X.", "The bell.", reader)["says_answer"] == 0.5


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_features_are_finite_numbers(question, claim, quote):
    seen = of_relevance(question, claim, quote, ToldReader(Reading(answer=-3)))
    seen |= of_support(claim, [quote], [0], ToldReader(Reading(support=3)))
    assert all(-6 <= value <= 6 for value in seen.values())
