"""What a question takes for granted, and the sentence that denies it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import Library
from index.records import Document, Hit
from index.split import split
from rag import Assistant, premise
from rag.attribute import spans
from rag.crossencoder import Reading
from tests.fakes import ScriptedModel

MINUTES = "The board met in May. The board did not approve the new ferry. Costs fell."


class Contrary:
    """Finds every sentence that has a word contrary, by so much."""

    name = "contrary"

    def __init__(self, word: str, by: float | None) -> None:
        self.word, self.by = word, by

    def read(self, pairs):
        return [Reading(contradiction=self.by if self.word in two else -3.0) for _, two in pairs]


def found(text=MINUTES):
    document = Document("minutes.txt", "0" * 64, text)
    return spans([Hit(passage, document.sha256, 1.0, 1.0, 1.0) for passage in split(document)])


@pytest.mark.parametrize(
    ("question", "granted"),
    [
        ("Why did the board approve the new ferry?", "the board approve the new ferry"),
        ("And how come has it been closed?", "it been closed"),
        ("When will the Stella sail to Oslo?", "the Stella sail to Oslo"),
        ("What is the price?", None),
        ("Why?", None),
        ("", None),
    ],
)
def test_some_questions_take_something_for_granted(question, granted):
    assert premise.presupposed(question) == granted


@pytest.mark.parametrize(
    ("question", "reader", "denied"),
    [
        ("Why did the board approve the new ferry?", Contrary("not", None), True),  # by its words
        ("Why did the board refuse a new ferry?", Contrary("not", None), False),
        ("When did the board buy the new ferry?", Contrary("not", 2.0), True),  # by its meaning
        ("When did the board buy the new ferry?", Contrary("not", 0.5), False),  # too unsure
        ("When did the board buy the new ferry?", Contrary("fell", 2.0), False),  # of other things
        ("Did the board approve the new ferry?", Contrary("not", 2.0), False),  # it asks
    ],
)
def test_it_is_denied_by_a_sentence_about_the_same_that_contradicts_it(question, reader, denied):
    denying = premise.denied_by(question, found(), reader)
    assert bool(denying) is denied
    if denying:
        assert premise.correction(denying).endswith(
            "“The board did not approve the new ferry.” (minutes.txt)"
        )


def test_a_false_premise_is_corrected_and_not_answered(tmp_path, real_encoder):
    with Library.open(tmp_path / "library", encoder=real_encoder) as library:
        library.add_texts([("minutes.txt", MINUTES)])
        model = ScriptedModel().enqueue(["The board approved it because it is quiet."])
        answer = Assistant(library, model=model).ask("Why did the board approve the new ferry?")
        assert (answer.abstained, answer.text, answer.sentences) == (True, "", ())
        assert "did not approve the new ferry" in (answer.note or "")
        assert not model.asked  # nor is the model, which would believe it


@given(st.text(max_size=200))
def test_any_question_may_be_asked(question):
    granted = premise.presupposed(question)
    assert granted is None or granted in question
