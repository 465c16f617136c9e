"""What the model reads: which questions ask for all there is, and passages a few at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Hit, Passage
from rag.crossencoder import Reading
from rag.select import asks_for_all, batches, excerpts, subject, worth_reading
from tests.fakes import LetterEncoder, ToldReader


@pytest.mark.parametrize(
    ("question", "asked_for"),
    [
        ("List all vessels of the cooperative.", "vessels of the cooperative."),
        ("Please list every date on which the board met", "date on which the board met"),
        ("What are all the conditions of the grant?", "the conditions of the grant?"),
        ("Give me a complete list of the penalties.", "the penalties."),
        ("Find every mention of Gdynia", "mention of Gdynia"),
        ("list the ports", "ports"),
        ("name each of the ports", "the ports"),
        ("List countries that signed.", "countries that signed."),
        ("What are the names of all partners?", "What are the names of all partners?"),
        ("Which are the partners? List every one.", "Which are the partners? List every one."),
    ],
)
def test_what_asks_for_all_is_told_from_its_subject(question, asked_for):
    assert asks_for_all(question)
    assert subject(question) == asked_for


@pytest.mark.parametrize(
    "question",
    [
        "What is done at every docking?",
        "Which spare parts does the store keep for each vessel?",
        "How are all the members told?",
        "Who keeps the list?",
        "Give me any reason why rent rose.",
        "Tell me all about the lease.",
        "What are the terms?",
        "",
    ],
)
def test_what_asks_for_one_thing_is_left_as_it_is(question):
    assert not asks_for_all(question)
    assert subject(question) == question


def hit(start: int, length: int, sentence: float = 0.0, lexical: float = 0.0) -> Hit:
    passage = Passage("a", start, start + length, "x" * length, ((start, start + length),))
    return Hit(passage, "", score=0, dense=0, lexical=lexical, likeness=(sentence,))


def test_hits_far_below_the_best_are_not_read():
    near, worded, neither = hit(0, 5, 0.8, 1), hit(9, 5, 0.1, 8), hit(20, 5, 0.4, 4)
    assert worth_reading([near, worded, neither]) == [near, worded]
    assert worth_reading([hit(0, 5, 0.8), hit(9, 5, 0.5)]) == [hit(0, 5, 0.8), hit(9, 5, 0.5)]
    assert worth_reading([]) == []
    assert worth_reading([hit(0, 5, -0.02), hit(9, 5, -0.05)]) == [hit(0, 5, -0.02)]


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 2500)), max_size=9))
def test_every_hit_is_read_once_in_the_order_of_its_document(sizes):
    hits = [hit(start * 3000, length) for start, length in sizes]
    found = batches(hits)
    assert [text for batch in found for text in batch] == [
        h.text for h in sorted(hits, key=lambda h: h.start)
    ]
    assert all(len(batch) == 1 or sum(map(len, batch)) <= 2000 for batch in found)


def hit_of(lines: list[str]) -> Hit:
    """A hit whose sentences are the lines."""
    text = "\n".join(lines)
    ends = [sum(len(line) + 1 for line in lines[: n + 1]) - 1 for n in range(len(lines))]
    spans = tuple((end - len(line), end) for line, end in zip(lines, ends, strict=True))
    return Hit(Passage("a", 0, len(text), text, spans), "", 1, 0, 0)


def test_a_sentence_that_is_worth_little_is_not_read_though_there_is_room():
    hit = hit_of(["Bb bb.", "Qq qq.", "Aa aa.", "Zz zz zz."])
    for room, read in ((26, "Qq qq.\nAa aa."), (27, hit.text)):  # all of it fits
        assert excerpts("aaa", [hit], LetterEncoder(), ToldReader(), max_chars=room) == [read]


def test_what_reads_like_an_answer_is_read_first():
    hit = hit_of(["Zz zz.", "Aa aa.", "Bb bb."])
    reader = ToldReader(**{"Zz zz.": Reading(answer=2.0), "Bb bb.": Reading(answer=1.0)})
    assert excerpts("aaa", [hit], LetterEncoder(), reader, max_chars=6) == ["Zz zz."]
    assert excerpts("aaa", [hit], LetterEncoder(), reader, max_chars=12) == ["Zz zz. … Bb bb."]


def test_the_nearest_sentences_are_read_with_the_one_before_the_others_alone():
    hit = hit_of(["Zz.", "Aa."] * 6)
    (read,) = excerpts("aaa", [hit], LetterEncoder(), ToldReader(), max_chars=35)
    assert read == "\n".join(["Zz.\nAa."] * 4) + " … Aa. … Aa."


def test_something_is_read_where_not_even_one_sentence_fits():
    hit = hit_of(["Bb bb bb bb.", "Aa aa aa aa."])
    assert excerpts("aaa", [hit], LetterEncoder(), ToldReader(), max_chars=10) == ["Aa aa aa aa."]


def test_what_leads_to_a_list_is_read_with_all_of_it_and_so_is_an_item():
    lines = ["Aa aa:", "- zz;", "- yy.", "Zz zz zz."]
    (read,) = excerpts("aaa", [hit_of(lines)], LetterEncoder(), ToldReader(), max_chars=20)
    assert read == "Aa aa:\n- zz;\n- yy."
    lines[0], lines[2] = "Zz zz:", "- aa."
    (read,) = excerpts("aaa", [hit_of(lines)], LetterEncoder(), ToldReader(), max_chars=20)
    assert read == "Zz zz:\n- zz;\n- aa."
    lines[0] = "Zz zz."  # it leads to nothing
    (read,) = excerpts("aaa", [hit_of(lines)], LetterEncoder(), ToldReader(), max_chars=15)
    assert read == "- zz;\n- aa."


def test_a_row_of_a_table_is_read_with_its_head():
    table = hit_of(
        ["Marks were given.", "What | 2021 | 2023", "Food | 3.9 | 4.0", "Crew | 4.6 | 4.7"]
    )
    (read,) = excerpts("crew", [table], LetterEncoder(), ToldReader(), max_chars=50)
    assert read == "What | 2021 | 2023\nFood | 3.9 | 4.0\nCrew | 4.6 | 4.7"
    (read,) = excerpts("crew", [table], LetterEncoder(), ToldReader(), max_chars=40)
    assert read == "What | 2021 | 2023 … Crew | 4.6 | 4.7"
