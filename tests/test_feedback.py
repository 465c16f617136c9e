"""Thumbs are cases: `pincite evaluate` reads them as they are."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from index import Library
from rag import feedback
from rag.errors import CasesError, ConversationError
from rag.evaluate.cases import load, waiting
from rag.feedback import Thumb
from rag.records import Answer, Citation, Sentence, Timings, Verdict
from rag.turns import Phase, Turn

TEXT = "The rent is EUR 1,850 a month. Notice is given in writing."


@pytest.fixture
def lease(library: Library) -> Library:
    library.add_texts([("lease.md", TEXT)])
    return library


def turn(library: Library, question: str, said: str = "", quote: str = "") -> Turn:
    start = TEXT.index(quote)
    sha256 = library.document("lease.md").sha256
    cited = (Citation("lease.md", sha256, start, start + len(quote), quote),)
    verdict = Verdict.SUPPORTED if said else Verdict.OFF_TOPIC
    sentences = (Sentence(said or "No.", cited, 0.9, 0.9, verdict),)
    answer = Answer(question, question, sentences, (), 1, 1, "m", Timings(0.1, 1.0, 2.0))
    return Turn(question, Phase.DONE, (), sentences, answer)


def test_a_good_answer_is_a_case(lease, tmp_path):
    file = tmp_path / "feedback.jsonl"
    rent = turn(lease, "What is the rent?", "It is EUR 1,850.", "The rent is EUR 1,850 a month.")
    notice = turn(lease, "How is notice given?", "In writing.", "Notice is given in writing.")
    feedback.give(file, "a-0", Thumb.UP, rent)
    feedback.give(file, "a-1", Thumb.UP, notice, [rent])
    one, two = load(file, lease.text)
    assert (one.question, one.answers) == ("What is the rent?", (("1,850",),))
    assert [gold.quote for gold in one.evidence] == ["The rent is EUR 1,850 a month."]
    assert two.answers == (("In writing.",),)
    assert two.history == (("What is the rent?", "It is EUR 1,850."),)


def test_a_number_of_the_question_need_not_be_said_again(lease, tmp_path):
    asked = turn(lease, "Is the rent 1,850?", "Yes, 1,850 a month.", "The rent is EUR 1,850")
    feedback.give(tmp_path / "f.jsonl", "a-0", Thumb.UP, asked)
    (case,) = load(tmp_path / "f.jsonl", lease.text)
    assert case.answers == (("Yes, 1,850 a month.",),)


def test_a_good_refusal_is_a_case_that_nothing_answers(lease, tmp_path):
    feedback.give(tmp_path / "f.jsonl", "a-0", Thumb.UP, turn(lease, "Who owns it?"))
    (case,) = load(tmp_path / "f.jsonl", lease.text)
    assert not case.answerable


def test_a_bad_answer_waits_for_its_answers(lease, tmp_path):
    file = tmp_path / "f.jsonl"
    feedback.give(file, "a-0", Thumb.DOWN, turn(lease, "What is the rent?", "Ten.", "The rent"))
    with pytest.raises(CasesError, match="all 1 wait for their answers"):
        load(file, lease.text)
    feedback.give(file, "a-1", Thumb.UP, turn(lease, "Who owns it?"))
    assert [case.id for case in load(file, lease.text)] == ["a-1"]
    assert waiting(file) == 1
    first, second = map(json.loads, file.read_text().splitlines())
    assert first["said"] == "Ten."
    first["answers"] = [["1,850"]]
    file.write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n")
    assert waiting(file) == 0
    assert load(file, lease.text)[0].answers == (("1,850",),)


def test_a_thumb_is_changed_and_taken_back(lease, tmp_path):
    file, one = tmp_path / "f.jsonl", turn(lease, "Who owns it?")
    assert feedback.given(file) == {}
    feedback.give(file, "a-0", Thumb.UP, one)
    feedback.give(file, "a-1", Thumb.UP, one)
    feedback.give(file, "a-0", Thumb.DOWN, one)
    assert feedback.given(file) == {"a-1": Thumb.UP, "a-0": Thumb.DOWN}
    feedback.give(file, "a-0", None, one)
    assert feedback.given(file) == {"a-1": Thumb.UP}


def test_lines_of_ones_own_stay(lease, tmp_path):
    file = tmp_path / "f.jsonl"
    file.write_text('{"id": "mine", "question": "Q?", "answers": null}\nno JSON\n')
    feedback.give(file, "a-0", Thumb.UP, turn(lease, "Who owns it?"))
    assert file.read_text().startswith('{"id": "mine", "question": "Q?", "answers": null}\nno JSON')


def test_several_give_at_once(lease, tmp_path):
    file, one = tmp_path / "f.jsonl", turn(lease, "Who owns it?")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: feedback.give(file, f"a-{n}", Thumb.UP, one), range(40)))
    assert len(feedback.given(file)) == 40


def test_what_was_not_answered_has_no_thumb(lease, tmp_path):
    stopped = replace(turn(lease, "Who owns it?"), answer=None, phase=Phase.STOPPED)
    with pytest.raises(ConversationError, match="no answer"):
        feedback.give(tmp_path / "f.jsonl", "a-0", Thumb.UP, stopped)
