"""Drafts: proposed cases quote their documents exactly, ask for what they say, and are no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import Library
from rag.cli import main
from rag.evaluate.cases import Case, load
from rag.evaluate.draft import _near_miss, draft, facts
from tests.fakes import LetterEncoder, ScriptedModel

LETTERS = LetterEncoder()

TEXT = """Annual report of the harbour for 2023.

The ferry carried 417,300 passengers in the year 2023 altogether. In the spring the board chose \
Amina Haddad as its new captain. On the quay, Berth 5 is reserved for the fishing boats of Lindhamn.

4.2 The agreement with the town ends on 31 December 2031 unless it is renewed."""


def test_facts_are_numbers_dates_and_names_that_a_sentence_tells_once():
    assert [(fact.sentence[:12], fact.answer) for fact in facts("report.txt", TEXT)] == [
        ("The ferry ca", "417,300"),
        ("In the sprin", "Amina Haddad"),
        ("4.2 The agre", "31 December 2031"),
    ]  # "Berth 5" and clause "4.2" are labels


@given(st.text(alphabet="A1. \nbé,%", max_size=300))
def test_a_fact_is_the_documents_own_words(text: str):
    for fact in facts("x.txt", text):
        assert text[fact.start : fact.start + len(fact.sentence)] == fact.sentence
        assert fact.answer in fact.sentence


def drafted(library: Library, *replies: str, n: int = 9) -> list:
    library.add_texts([("report.txt", TEXT)])
    return draft(library, ["report.txt"], ScriptedModel().enqueue(replies), n)


@pytest.fixture
def questions() -> dict[str, str]:
    """What the model says for each answer that it is asked to ask for."""
    return {
        "417,300": "How many passengers did the ferry carry in 2023?",
        "Amina Haddad": "Who did the board choose as captain?",
        "31 December 2031": "When does the agreement with the town end?",
    }


class Asking(ScriptedModel):
    """Words the question that the test wrote for the wanted answer."""

    questions: dict[str, str]

    def _next(self, messages):
        asked = str(messages[-1].content)
        return next(q for answer, q in self.questions.items() if f"Answer: {answer}" in asked)


def test_a_draft_asks_for_the_fact_and_quotes_it(library, questions, tmp_path: Path):
    library.add_texts([("report.txt", TEXT)])
    cases = draft(library, ["report.txt"], Asking(questions=questions), 9)
    sure = {case.question: case for case in cases if case.answerable}
    assert set(sure) == set(questions.values())
    for answer, question in questions.items():
        (gold,) = sure[question].evidence
        assert sure[question].answers == ((answer,),)
        assert TEXT[gold.start : gold.end] == gold.quote
    (miss,) = [case for case in cases if not case.answerable]
    assert miss.question == "How many passengers did the ferry carry in 2024?"


@pytest.mark.parametrize(
    ("question", "everything", "missed"),
    [
        ("How long is Berth 3 in 2023?", "2023 2024", "How long is Berth 3 in 2025?"),
        ("How long is Berth 3?", "Berths 3, 4 and 50", "How long is Berth 5?"),
        ("How long is Berth 3?", " ".join(map(str, range(2000))), "How long is Berth 2000?"),
        ("What ends on 31 December?", "", None),
        ("What costs 1,850 euros?", "", None),
        ("Who is the captain?", "", None),
    ],
)
def test_a_near_miss_asks_for_what_stands_nowhere(question, everything, missed):
    found = _near_miss(Case("d1", question, (("x",),)), everything)
    assert [case.question for case in found] == [missed] * (missed is not None)
    assert not any(case.answerable for case in found)


def test_no_cell_of_a_draft_begins_a_formula(library):
    text = "=HYPERLINK: the board of the town chose Amina Haddad as captain of it."
    assert list(facts("a.txt", text)) == []
    assert len(list(facts("a.txt", text.removeprefix("=")))) == 1
    assert drafted(library, *['=cmd|"/c calc"!A1?'] * 3) == []


def test_a_question_that_gives_the_answer_away_is_no_case(library):
    replies = ["Did the board choose Amina Haddad as captain?", "Not a question.", ""]
    assert drafted(library, *replies) == []


def test_a_draft_is_written_for_editing_and_never_over_another(
    questions, tmp_path: Path, monkeypatch, capsys
):
    (tmp_path / "report.txt").write_text(TEXT, encoding="utf-8")
    model = Asking(questions=questions)
    monkeypatch.setattr("rag.models.chat_model", lambda settings: model)
    monkeypatch.setattr("index.weights.encoder", lambda *_, **__: LETTERS)
    (tmp_path / "config.json").touch()
    monkeypatch.setenv("PINCITE_MODEL", str(tmp_path))
    monkeypatch.setenv("PINCITE_LIBRARY", str(tmp_path / "library"))
    command = ["evaluate", "--draft", str(tmp_path / "report.txt"), "--out", str(tmp_path)]
    assert main(command) == 0
    assert "4 cases: edit them, then: pincite evaluate" in capsys.readouterr().out
    with Library.open(tmp_path / "library", encoder=LETTERS) as library:
        assert len(load(tmp_path / "cases.csv", library.text)) == 4
    assert main([*command[:-1], str(tmp_path / "other"), "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written == {"cases": str(tmp_path / "other" / "cases.csv"), "drafted": 4}
    assert main(command) == 1
    assert "cases.csv exists: name another folder" in capsys.readouterr().err
