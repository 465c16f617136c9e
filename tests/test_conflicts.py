"""Which sentences say otherwise in answer to a question, and that both sides are shown."""

from __future__ import annotations

import pytest

from index import Library
from rag import Assistant
from rag.conflicts import differ
from tests.fakes import ScriptedModel

DEFECT = "Norvik shall remedy any defect within thirty days of the written notice."
CONFLICTS = [
    (
        "Within how many days must a defect be remedied?",
        DEFECT,
        "Norvik shall remedy any defect within sixty days of the written notice.",
    ),
    (
        "Who chairs the supervisory board?",
        "The supervisory board is chaired by Ingrid Holm, who was elected last spring.",
        "The supervisory board is chaired by Pekka Laine, who was elected last spring.",
    ),
    (
        "When was the tender opened?",
        "The tender for the new crane was opened on 21 May 2017 in Oslo.",
        "The tender for the new crane was opened on 3 May 2018 in Oslo.",
    ),
]
NONE = [
    # the same in other words, or with more said
    (
        "Within how many days must a defect be remedied?",
        DEFECT,
        "Norvik shall remedy any defect within 30 days of the written notice of the client.",
    ),
    # of two things, of which the question names one
    (
        "How long is Berth 5?",
        "Berth 5 is 54 metres long and has a dredged depth of 4 metres.",
        "Berth 7 is 61 metres long and has a dredged depth of 4 metres.",
    ),
    # of two years, where nobody asks when
    (
        "How many passengers did the ferry carry?",
        "In 2022 the ferry carried more passengers than the bus over the bridge.",
        "In 2023 the ferry carried more passengers than the bus over the bridge.",
    ),
    # of two years, each with its own number
    (
        "What was the turnover?",
        "The turnover in 2022 was 12 million euros before tax and fees.",
        "The turnover in 2023 was 14 million euros before tax and fees.",
    ),
    # too short to be alike
    ("How much?", "It costs 12.", "It costs 15."),
]


@pytest.mark.parametrize(("question", "one", "other"), CONFLICTS)
def test_sentences_conflict_that_differ_in_the_one_thing_asked_for(question, one, other):
    assert differ(question, one, other)
    assert differ(question, other, one)


@pytest.mark.parametrize(("question", "one", "other"), NONE)
def test_sentences_about_other_things_or_that_agree_do_not_conflict(question, one, other):
    assert not differ(question, one, other)
    assert not differ(question, other, one)


def test_an_answer_shows_both_sides_with_their_places(tmp_path, real_encoder):
    other = DEFECT.replace("thirty", "sixty")
    with Library.open(tmp_path / "library", encoder=real_encoder) as library:
        library.add_texts([("draft.txt", other), ("signed.txt", DEFECT)])
        model = ScriptedModel().enqueue(["Norvik shall remedy any defect within thirty days."])
        answer = Assistant(library, model=model).ask("Within how many days is a defect remedied?")
    (conflict,) = answer.conflicts
    assert [(c.document, c.quote) for c in conflict.citations] == [
        ("signed.txt", DEFECT),  # what the answer rests on stands first
        ("draft.txt", other),
    ]
    found = answer.to_dict()["conflicts"][0]["citations"]
    assert [c["quote"] for c in found] == [DEFECT, other]


def test_an_answer_without_a_conflict_shows_none(tmp_path, real_encoder):
    with Library.open(tmp_path / "library", encoder=real_encoder) as library:
        library.add_texts([("copy.txt", DEFECT), ("signed.txt", DEFECT)])
        model = ScriptedModel().enqueue(["Norvik shall remedy any defect within thirty days."])
        answer = Assistant(library, model=model).ask("Within how many days is a defect remedied?")
    assert answer.shown
    assert answer.to_dict()["conflicts"] == []
