"""Conversations are kept as they were shown, whatever becomes of the documents."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import Library
from index.records import DocumentInfo, Hit, Passage, Place
from rag.conversations import Conversations, kept, turn_from
from rag.errors import ConversationError
from rag.records import Answer, Citation, Conflict, Sentence, Timings, Verdict
from rag.sources import Source, Sources, State
from rag.turns import Phase, Turn

TEXT = st.text(st.characters(exclude_categories=()), max_size=12)  # lone surrogates, too
NUMBER = st.integers(0, 1 << 40)
PART = st.floats(0, 1)


def several(of: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(of, max_size=2).map(tuple)


CITATION = st.builds(Citation, TEXT, TEXT, NUMBER, NUMBER, TEXT, st.none() | NUMBER, TEXT)
SENTENCE = st.builds(Sentence, TEXT, several(CITATION), PART, PART, st.sampled_from(Verdict))
PLACE = st.builds(Place, NUMBER, NUMBER, st.none() | NUMBER, st.none() | TEXT)
PASSAGE = st.builds(
    Passage, TEXT, NUMBER, NUMBER, TEXT, several(st.tuples(NUMBER, NUMBER)), TEXT, TEXT
)
HIT = st.builds(Hit, PASSAGE, TEXT, PART, PART, PART, several(PART), several(TEXT), several(PLACE))
ANSWER = st.builds(
    Answer,
    TEXT,
    TEXT,
    several(SENTENCE),
    several(HIT),
    NUMBER,
    NUMBER,
    TEXT,
    st.builds(Timings, PART, st.none() | PART, PART),
    st.none() | TEXT,
    several(st.builds(Conflict, st.tuples(CITATION, CITATION))),
)
ENDED = st.sampled_from([Phase.STOPPED, Phase.FAILED])
TURN = ANSWER.map(lambda a: Turn(a.question, Phase.DONE, a.hits, a.sentences, a)) | st.builds(
    Turn, TEXT, ENDED, several(HIT), several(SENTENCE), st.none(), TEXT
)


@given(TURN)
def test_a_turn_comes_back_as_it_was(turn):
    assert turn_from(kept(turn)) == turn


CITED = Citation("harbour.txt", "ab12", 4, 11, "harbour", 3, "page 3")
SAID = Sentence("It is deep.", (CITED,), 0.9, 0.8, Verdict.SUPPORTED)
HELD = Sentence("It is blue.", (), 0.1, 0.8, Verdict.UNSUPPORTED)


def turn(question: str, *sentences: Sentence, note: str | None = None) -> Turn:
    said = sentences or (SAID, HELD)
    answer = Answer(question, question, said, (), 1, 2, "a model", Timings(0.1, 1.0, 2.0), note)
    return Turn(question, Phase.DONE, (), said, answer)


@pytest.fixture
def kept_at(tmp_path):
    now = iter(range(1_000))
    return Conversations(tmp_path / "conversations.sqlite", clock=lambda: float(next(now)))


def test_a_conversation_is_there_after_a_restart(kept_at):
    one = kept_at.begin(turn("How deep is the harbour?"))
    kept_at.put(one, 1, turn("And how wide?"))
    again = Conversations(kept_at.file)
    assert again.turns(one) == [turn("How deep is the harbour?"), turn("And how wide?")]
    (entry,) = again.entries()
    assert (entry.id, entry.title, entry.turns) == (one, "How deep is the harbour?", 2)
    assert (entry.created, entry.changed) == (0.0, 1.0)


def test_the_last_changed_comes_first(kept_at):
    one, two = kept_at.begin(turn("One?")), kept_at.begin(turn("Two?"))
    assert [entry.id for entry in kept_at.entries()] == [two, one]
    kept_at.put(one, 1, turn("More?"))
    assert [entry.id for entry in kept_at.entries()] == [one, two]


def test_a_question_that_is_asked_otherwise_takes_the_place_of_what_followed(kept_at):
    one = kept_at.begin(turn("One?"))
    for position, question in enumerate(["Two?", "Three?"], start=1):
        kept_at.put(one, position, turn(question))
    kept_at.put(one, 1, turn("Otherwise?"))
    assert [one.question for one in kept_at.turns(one)] == ["One?", "Otherwise?"]


def test_what_was_not_answered_to_its_end_was_stopped(kept_at):
    one = kept_at.begin(Turn("One?", Phase.READING, sentences=(SAID,)))
    assert kept_at.turns(one) == [Turn("One?", Phase.STOPPED, sentences=(SAID,))]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("HARBOUR", {"How deep is the harbour?"}),
        ("deep harbour", {"How deep is the harbour?"}),
        ("is", {"How deep is the harbour?", "Who is mayor?"}),
        ("100%", set()),
        ("blue", set()),  # what was withheld was not said
        ("council.txt", {"Who is mayor?"}),
        ("", {"How deep is the harbour?", "Who is mayor?"}),
    ],
)
def test_conversations_are_searched(kept_at, search, found):
    kept_at.begin(turn("How deep is the harbour?"))
    cited = (replace(CITED, document="council.txt", quote="Ada Lind"),)
    kept_at.begin(turn("Who is mayor?", replace(SAID, text="Ada Lind.", citations=cited)))
    assert {entry.title for entry in kept_at.entries(search)} == found


def test_a_conversation_is_renamed(kept_at):
    one = kept_at.begin(turn("x " * 100))
    (entry,) = kept_at.entries()
    assert entry.title == "x " * 39 + "x…"
    kept_at.rename(one, " The\nharbour ")
    assert kept_at.title(one) == "The harbour"
    with pytest.raises(ConversationError, match="letter"):
        kept_at.rename(one, " ")


def test_a_deleted_conversation_leaves_no_trace(kept_at):
    one, two = kept_at.begin(turn("The quicksilver?")), kept_at.begin(turn("The harbour?"))
    kept_at.delete(one)
    assert [entry.id for entry in kept_at.entries()] == [two]
    for file in kept_at.file.parent.iterdir():
        assert b"quicksilver" not in file.read_bytes()
    for gone in (kept_at.turns, kept_at.delete, kept_at.title):
        with pytest.raises(ConversationError, match="no such conversation"):
            gone(one)
    with pytest.raises(ConversationError, match="no such conversation"):
        kept_at.put(one, 1, turn("More?"))


def test_those_that_quote_a_document_are_known(kept_at):
    one = kept_at.begin(turn("One?"))
    kept_at.begin(turn("harbour.txt?", HELD))
    assert [entry.id for entry in kept_at.quoting("harbour.txt")] == [one]
    assert kept_at.quoting("arbour.txt") == []


def test_several_write_at_once(kept_at):
    def talk(number):
        one = Conversations(kept_at.file).begin(turn(f"{number}?"))
        for position in range(1, 6):
            Conversations(kept_at.file).put(one, position, turn(f"{number}.{position}?"))

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for entry in kept_at.entries():
        said = [one.question for one in kept_at.turns(entry.id)]
        number = entry.title.removesuffix("?")
        assert said == [f"{number}?", *(f"{number}.{position}?" for position in range(1, 6))]
    assert len(kept_at.entries()) == 6


def test_a_turn_is_whole_or_not_there(kept_at, monkeypatch):
    one = kept_at.begin(turn("One?"))
    monkeypatch.setattr("rag.conversations.kept", lambda _: None)  # NOT NULL fails in the middle
    with pytest.raises(ConversationError):
        kept_at.put(one, 0, turn("Two?"))
    monkeypatch.undo()
    assert kept_at.turns(one) == [turn("One?")]


def test_what_cannot_be_read_is_told_in_a_line(kept_at, tmp_path):
    one = kept_at.begin(turn("One?"))
    with sqlite3.connect(kept_at.file) as db:
        db.execute("""UPDATE turns SET turn = '{"question": 5}'""")
    with pytest.raises(ConversationError, match=f"damaged; delete it with: .* {one}"):
        kept_at.turns(one)
    with sqlite3.connect(kept_at.file) as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(ConversationError, match="another version"):
        Conversations(kept_at.file)
    (tmp_path / "noise").write_bytes(b"no database at all" * 100)
    with pytest.raises(ConversationError, match="move that file away"):
        Conversations(tmp_path / "noise")


# What has become of the sources


def test_what_has_become_of_a_source():
    now = Sources(
        [
            DocumentInfo("harbour.txt", "cd34", None, 1),
            DocumentInfo("moved.txt", "ef56", None, 1),
            DocumentInfo("council.txt", "9999", None, 1),
        ]
    )
    of = [("harbour.txt", "cd34"), ("harbour.txt", "ab12"), ("old.txt", "ef56"), ("x", "77")]
    assert [now.of(replace(CITED, document=name, sha256=sha)) for name, sha in of] == [
        Source(State.UNCHANGED, "harbour.txt"),
        Source(State.CHANGED, "harbour.txt"),
        Source(State.MOVED, "moved.txt"),
        Source(State.REMOVED, ""),
    ]


def test_a_file_that_changes_moves_and_goes(library: Library, tmp_path):
    file = tmp_path / "harbour.txt"

    def state() -> State:
        library.add([tmp_path], prune=True)
        return Sources(library.documents()).of(cited).state

    file.write_text("The harbour is deep.")
    (tmp_path / "b.txt").write_text("Another one.")
    library.add([tmp_path])
    cited = replace(CITED, sha256=library.document("harbour.txt").sha256)
    assert state() is State.UNCHANGED
    file.rename(tmp_path / "port.txt")
    assert state() is State.MOVED
    (tmp_path / "port.txt").rename(file)
    file.write_text("The harbour is shallow.")
    assert state() is State.CHANGED
    file.unlink()
    assert state() is State.REMOVED
