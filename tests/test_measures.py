"""Kinds of quantities: what is asked for, what is given, and what a source says of the number."""

from __future__ import annotations

import pytest

from rag.measures import is_of_another_kind, unit_differs


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("How heavy is the engine?", "The engine has 1,080 kW."),
        ("How high were the waves?", "The waves were 2.3 knots high."),
        ("How much money did the museum take in?", "The museum took in 61,500 visitors in 2023."),
        ("How many kilometres does the bus travel?", "The bus travels 55 minutes."),
        ("How long is the quay?", "The quay costs EUR 72,000."),
        ("What does the course cost?", "The course takes 12 hours."),
        ("How many passengers travelled?", "They paid € 4.50."),
        ("What share of the votes was for it?", "It was chosen by 71 members."),
        ("What was the value of the gas contract?", "The gas contract was for 30 million tons."),
    ],
)
def test_a_number_of_another_kind_is_no_answer(question: str, claim: str):
    assert is_of_another_kind(question, claim)


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("How heavy is the engine?", "The engine weighs 12 tonnes and has 1,080 kW."),
        ("How heavy is the engine?", "The engine is heavy."),
        ("How long is the quay?", "The quay is 72 metres long."),
        ("How long does it take?", "It takes 55 minutes."),
        ("What does the course cost?", "The course costs $2,000."),
        ("What does the course cost?", "The course costs 2,000."),  # as a table says it
        ("What were the costs for staff in 2023?", "They were 3,340 thousand euros in 2023."),
        ("How many members wanted it?", "20 per cent of them did."),
        ("How many square metres does it measure?", "It measures 68 square metres."),
        ("How many kilowatt-hours does it use?", "It uses 400 kilowatt-hours."),
        ("How many people live there?", "412 people live there."),
        ("How many people live there?", "4.5 million."),
        ("What is the value of the resistance?", "It is 30 ohms, or 5 metres of wire."),
        ("Who won in 2020?", "Ann won with 55 per cent."),  # nothing is asked of a kind
    ],
)
def test_what_is_asked_for_is_not_refused(question: str, claim: str):
    assert not is_of_another_kind(question, claim)


@pytest.mark.parametrize(
    ("claim", "evidence", "differs"),
    [
        ("It cost EUR 3,180.", "It had 3,180 metres of cable.", True),
        ("It burned 210,000 litres.", "It paid EUR 210,000.", True),
        ("It fell by 6 %.", "It fell by 6 per cent.", False),
        ("It cost EUR 3,180.", "Staff | 3,180 | 3,340", False),  # a table's numbers are bare
        ("It is 72 metres long.", "The quay is 72 m long, and 4 m deep.", False),
        ("It carries 72 cars.", "It is 72 metres long and carries cars.", False),  # a count: open
        ("It paid $5 million.", "It paid 5 million dollars.", False),
        ("It took 5 hours.", "Nothing is said of that.", False),  # the number is not there
    ],
)
def test_a_number_keeps_its_unit(claim: str, evidence: str, differs: bool):
    assert unit_differs(claim, evidence) is differs
