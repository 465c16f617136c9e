"""The rules that refuse a sentence, each by what it is for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import vetoes

VESSEL = "1.2 The Vessel is 52.0 metres long and 12.4 metres wide."
CONTRACT = 'The Yard builds a ferry, to be named Ljusnan ("the Vessel").'


def refused(claim: str, *evidence: str, given: frozenset[str] = frozenset()) -> set[str]:
    return set(vetoes.unsupported(claim, evidence, given=given))


def given_by(question: str, about: str) -> frozenset[str]:
    return vetoes.given(question, about, about)


@pytest.mark.parametrize(
    ("claim", "evidence", "rules"),
    [
        ("The alarm sounds at 82 °C.", ["The alarm sounds at 92 °C."], {"number_missing"}),
        # the other number stands near by, of something else
        (
            "The alarm sounds at 82 °C.",
            ["The alarm sounds at 92 °C.", "The horn of the Stella sounds from 82 °C on."],
            {"swapped"},
        ),
        ("The crew of the Havet is ill.", ["The crew of the Stella is ill."], {"name_missing"}),
        (
            "The board paid dues of 74,000 in 2022.",
            ["In 2023 the board paid dues of 74,000.", "The board met in 2022."],
            {"year_differs"},
        ),
        # a year is with the number that stands next to it
        (
            "Diesel cost 1.12 in 2022.",
            ["Diesel cost 1.12, after 0.74 in 2021.", "Diesel was dear in 2022."],
            set(),
        ),
        (
            "She took command on December 1, 2017.",
            ["She takes command on 1 December.", "She has been in command of a boat since 2017."],
            {"date_unbound"},
        ),
        ("She came on 1 December 2017.", ["On 1 December 2017 she came."], set()),
        (
            "Upkeep was cheaper because the price of diesel fell.",
            ["Fuel cost less because the price of diesel fell.", "Upkeep was cheaper."],
            {"cause_unbound"},
        ),
        (
            "Fuel cost less because the price of diesel fell.",
            ["Fuel cost less, since the price of diesel fell."],
            set(),
        ),
        ("The Yard pays 6,500.", ["The Yard pays 6,500, but no more than 9,000."], set()),
        ("The Yard pays 6,500.", ["The Yard no longer pays 6,500."], {"negation"}),
    ],
)
def test_what_is_said_of_another_thing_supports_nothing(claim, evidence, rules):
    assert refused(claim, *evidence) >= rules
    assert rules or not refused(claim, *evidence)


HEAD, ROW = "| Year | low | high |", "| 2027 | 276,000 | 322,000 |"


@pytest.mark.parametrize(
    ("claim", "evidence", "bound"),
    [
        ("In the high case there are 322,000 in 2027.", [HEAD, ROW], True),
        ("In the low case there are 322,000 in 2027.", [HEAD, ROW], False),  # another column
        ("In the high case there are 322,000 in 2035.", [HEAD, ROW], False),  # another row
        ("Of passengers, there are 322,000 in 2027.", [HEAD, ROW], True),  # no column is named
        ("In the low case there are 322,000 in 2027.", [ROW], True),  # nothing heads the columns
    ],
)
def test_a_number_is_taken_from_its_own_row_and_column(claim, evidence, bound):
    assert ("number_unbound" not in refused(claim, *evidence)) is bound


def test_a_name_of_the_question_needs_no_quote_where_the_document_is_about_it():
    question, claim = "How wide is the Ljusnan?", "The Ljusnan is 12.4 metres wide."
    assert "name_missing" in refused(claim, VESSEL)
    assert not refused(claim, VESSEL, given=given_by(question, CONTRACT))
    assert "name_missing" in refused(claim, VESSEL, given=given_by(question, "A contract."))


def test_nor_may_another_name_stand_in_its_place():
    question = "Who is the Harbour Master of Visby?"
    known = given_by(question, "Harbours: Visby and Lund")
    quote = "The Port of Lund, represented by the Harbour Master, Elsa Brandt,"
    assert refused("The Harbour Master of Visby is Elsa Brandt.", quote, given=known)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("How long is it?", ["How long is it?"]),
        (
            "How long is the quay, and who owns the ferry?",
            ["How long is the quay", "who owns the ferry?"],
        ),
        # the second cannot be understood by itself
        ("How many came in 2021, and how many in 2023?", None),
        ("What and when?", None),
        ("", None),
    ],
)
def test_a_question_for_two_things_has_two_parts(question, parts):
    assert vetoes.parts(question) == (parts or [question])


@pytest.mark.parametrize(
    ("question", "claim", "quote", "context", "beside"),
    [
        # what the claim names is the answer, what the document defines is its subject
        ("Which yards did the board ask in May?", "It asked Oderwerk.", "Oderwerk was asked.",
         "The board asked in May.", False),
        ("How wide is the Ljusnan?", "It is 12.4 metres wide.", VESSEL, CONTRACT, False),
        # a source's own words may be of another thing
        ("Who leads Oslo's council?", "Ida Moe leads Bergen.", "Ida Moe leads Bergen.",
         "Oslo's council", True),
        # each part of a question has its names
        ("How deep is Lund's quay, and who owns the Stella?", "Ann Berg does.",
         "Ann Berg owns the Stella.", "", False),
        ("How often is it checked?", "It is checked on the first Monday of every month.",
         "It is checked on the first Monday of every month.", "", False),
        ("Who built the quay?", "It was built by fishing families.",
         "It was built by fishing families.", "", False),
        ("Why is the berth reserved?", "It is reserved from 5 to 11.",
         "It is reserved from 5 to 11.", "", True),
        ("Why is the berth reserved?", "It is reserved because of the ice.",
         "It is reserved because of the ice.", "", False),
    ],
)  # fmt: skip
def test_a_rule_says_what_is_beside_the_point(question, claim, quote, context, beside):
    assert vetoes.beside_the_point(question, claim, [quote], context) is beside


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3), st.text(max_size=80))
def test_rules_take_any_text(claim, evidence, question):
    assert vetoes.unsupported(claim, evidence) <= set(vetoes.OF_SUPPORT)
    assert vetoes.beside_the_point(question, claim, evidence, question) in (True, False)
    assert all(part in question for part in vetoes.parts(question))
