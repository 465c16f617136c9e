"""Questions in a language that the judge was not calibrated for: quotes, and a word about it."""

from __future__ import annotations

import pytest

from rag import Assistant, quotes
from rag.attribute import spans
from tests.fakes import ScriptedModel

RUSSIAN = (
    "Паром «Ласточка» был построен в 1987 году на верфи в Риге. Он перевозит двести пассажиров. "
    "Зимой паром стоит в порту."
)
GERMAN = (
    "Die Fähre Schwalbe wurde 1987 auf der Werft in Stralsund gebaut. Sie befördert zweihundert "
    "Fahrgäste. Im Winter liegt die Fähre im Hafen und wird dort gründlich überholt."
)
CHINESE = "燕子号渡轮于一九八七年在里加造船厂建造。它可以运载二百名乘客。冬天渡轮停泊在港口里休息。"


@pytest.fixture
def asked(library):
    library.add_texts([("ru.txt", RUSSIAN), ("de.txt", GERMAN), ("zh.txt", CHINESE)])
    library.add_texts([("en.txt", "The ferry Swallow was built at the yard in Riga in 1987.")])

    def ask(question: str, *replies: str):
        return Assistant(library, model=ScriptedModel().enqueue(replies)).ask(question)

    return ask


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("В каком году был построен паром «Ласточка»?", RUSSIAN[: RUSSIAN.index(" Он")]),
        ("Wann wurde die Fähre Schwalbe auf der Werft gebaut?", GERMAN[: GERMAN.index(" Sie")]),
        ("燕子号渡轮是在哪个造船厂建造的？", CHINESE[: CHINESE.index("它")]),
    ],
)
def test_the_words_that_fit_are_quoted_and_the_model_is_not_asked(asked, question, quote):
    answer = asked(question)  # a scripted model with nothing to say fails when it is asked
    assert answer.sentences[0].text == quote
    assert answer.sentences[0].citations[0].quote == quote
    assert answer.note == quotes.NOTE
    assert not answer.abstained


def test_what_shares_little_with_the_question_is_no_quote(asked):
    answer = asked("Сколько стоит билет на поезд из Москвы в Казань?")
    assert answer.abstained
    assert answer.note == quotes.NOTHING


def test_a_heading_is_no_quote(asked, library):
    library.add_texts([("bell.txt", "Колокол Ольденской церкви\n\n" + RUSSIAN)])
    assert asked("Колокол Ольденской церкви?").abstained


def test_english_is_judged(asked):
    answer = asked("Where was the ferry Swallow built?", "The ferry Swallow was built in Riga.")
    assert answer.note is None


def test_rare_words_weigh_more(library):
    library.add_texts([("a.txt", "Паром идёт. Паром стоит. Паром пуст. Мост новый.")])
    found = spans(library.search("Паром или мост?", 5))
    best, share = quotes.fitting("Паром или мост?", found)[0]
    assert best.text == "Мост новый."
    assert share > quotes.fitting("Паром или мост?", found)[1][1]


def test_nothing_to_choose_from_or_to_look_for():
    assert quotes.fitting("Паром?", []) == []
    assert quotes.calibrated("What is it?", [], ["en"])
