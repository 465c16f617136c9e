"""Keys of texts: what makes two texts say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import words


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("$190 billion", {"190000000000"}),
        ("USD 1.64 bn", {"1640000000"}),
        ("19% or 19 percent", {"19%"}),
        ("35,000 students", {"35000"}),
        ("from 11th to 6th place", {"11", "6"}),
        ("1949–1959", {"1949", "1959"}),
        ("2-2.5 million", {"2", "2500000"}),
        ("five main reasons", {"5"}),
        ("twenty-five", {"25"}),
        ("1.234,56 or 192.168.1.1", {"1234.56", "192.168.1.1"}),
        ("from the tenth to the Sixth place", {"10", "6"}),
        ("a tenth dearer, at first", set()),
        ("no one", set()),
    ],
)
def test_numbers_are_compared_by_value(text, keys):
    assert words.numbers(text) == keys


def test_names_are_the_capitalised_words_but_not_the_first():
    assert words.names("Trade with the European Union grew.") == {"european", "union"}
    assert words.names("Igor Ivanov is its president.") == {"igor", "ivanov"}
    assert words.names("It was signed in May 2014.") == {"may"}
    assert words.names("It cost USD 5.") == set()


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("It is in Russia.", "The Russian side agreed."),
        ("It is led by RIAC.", "The Russian International Affairs Council leads it."),
        ("It is the Russian International Affairs Council.", "This is RIAC."),
        ("It was Müller.", "Muller's idea"),
    ],
)
def test_a_name_is_known_by_its_adjective_acronym_and_accents(claim, evidence):
    assert not words.missing_names(claim, words.profile(evidence))


def test_another_name_is_missing():
    assert words.missing_names("It was Sinopec.", words.profile("It was CNPC.")) == {"sinopec"}


@pytest.mark.parametrize(
    ("claim", "evidence", "differs"),
    [
        ("It is an alliance.", "It is a partnership, not an alliance.", True),
        ("It is a partnership.", "It is a partnership, not an alliance.", False),
        ("The ferry did not sail.", "The ferry sailed on Monday.", True),
        ("The ferry did not sail.", "The ferry didn't sail on Monday.", False),
    ],
)
def test_a_denial_differs_from_what_it_denies(claim, evidence, differs):
    assert words.negation_differs(claim, evidence) is differs


def test_opposites():
    assert words.opposite("Trade increased.", "Trade decreased by 5%.")
    assert not words.opposite("Trade increased.", "Trade increased, imports decreased.")


@given(st.text())
def test_any_text_has_keys_and_every_token_is_a_span_of_it(text):
    words.profile(text)
    tokens = list(words.tokens(text))
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)


@given(st.from_regex(r"[0-9][0-9.,]{0,12}", fullmatch=True))
def test_any_digits_are_a_number_or_stay_as_they_are(digits):
    assert words.numbers(digits)


def test_names_that_only_begin_alike_are_not_the_same():
    for one, other in (("Slovenia", "Slovakia"), ("Austria", "Australia"), ("Johnson", "Johnston")):
        assert words.missing_names(f"It is {one}.", words.profile(f"It is {other}."))
