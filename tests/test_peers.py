"""Peers: their replies become answers that are scored as Pincite's are; no environment is made."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from index import Library, weights
from rag import Assistant
from rag.evaluate.cases import Case, Gold
from rag.evaluate.metrics import METRICS
from tests.benchmarks.peers import __main__ as peers
from tests.benchmarks.peers import worker
from tests.benchmarks.peers.answers import answer_of, cited, refuses, unmarked
from tests.fakes import LetterEncoder, ScriptedModel

TEXT = "The harbour is 14 metres deep. The ferry leaves at noon. Bread is baked at four."
DEEP, NOON, BREAD = (
    {"document": "harbour.txt", "start": start, "end": end, "text": TEXT[start:end]}
    for start, end in ((0, 30), (31, 56), (57, 80))
)
CHUNKS = [DEEP, NOON, BREAD]
DEPTH = Case(
    "a", "How deep is the harbour?", (("14",),), (Gold("harbour.txt", 15, 24, "14 metres"),)
)
OWNER = Case("u", "Who owns the lake?", None)


def answer(text: str, *, marked: bool, chunks=CHUNKS):
    return answer_of(
        "How deep is the harbour?",
        {"text": text, "chunks": chunks, "seconds": 1.23456},
        marked=marked,
        sha256_of=lambda name: f"hash of {name}",
        model="fake",
        searched={"documents": 1, "passages": 3},
    )


def citations(sentence) -> list[str]:
    assert all(TEXT[c["start"] : c["end"]] == c["quote"] for c in sentence["citations"])
    return [citation["quote"] for citation in sentence["citations"]]


def test_a_peer_without_marks_cites_all_that_it_read_for_every_sentence():
    found = answer("It is 14 metres deep. The ferry leaves at noon.", marked=False)
    assert found["answer"] == "It is 14 metres deep. The ferry leaves at noon."
    assert [citations(s) for s in found["sentences"]] == [[c["text"] for c in CHUNKS]] * 2
    assert [s["verdict"] for s in found["sentences"]] == ["supported"] * 2
    assert found["passages"][1] == {
        "document": "harbour.txt", "start": 31, "end": 56, "score": None
    }  # fmt: skip
    assert found["sentences"][0]["citations"][0]["sha256"] == "hash of harbour.txt"
    assert not found["abstained"]


def test_a_heading_copied_from_the_prompt_is_a_mark_and_so_is_one_after_the_sentence():
    found = answer("Source 1:\nIt is deep. Noon. [Source 2]\n\nSource 3: Bread.", marked=True)
    assert [(s["text"], citations(s)) for s in found["sentences"]] == [
        ("It is deep.", [DEEP["text"]]), ("Noon.", [NOON["text"]]), ("Bread.", [BREAD["text"]])
    ]  # fmt: skip


def test_marks_are_the_sources_of_their_sentence_and_no_words_of_it():
    found = answer("It is 14 metres deep [1]. Noon it is.[2][3] That is all.", marked=True)
    assert [citations(s) for s in found["sentences"]] == [
        [DEEP["text"]], [NOON["text"], BREAD["text"]], []
    ]  # fmt: skip
    assert found["answer"] == "It is 14 metres deep. Noon it is. That is all."


@pytest.mark.parametrize(
    ("sentence", "sources", "words"),
    [
        ("Deep [1, 3].", [DEEP, BREAD], "Deep."),
        ("Deep [Source 2].", [NOON], "Deep."),
        ("Deep (Source 1 and Source 2).", [DEEP, NOON], "Deep."),
        ("Source 1 says it is deep.", [DEEP], "Source 1 says it is deep."),
        ("As sources 1 and 2 say, noon.", [DEEP, NOON], "As sources 1 and 2 say, noon."),
        ("Deep since [2022] (2 metres) and [4].", [], "Deep since [2022] (2 metres) and [4]."),
    ],
)  # fmt: skip
def test_a_mark_names_a_source_only_where_there_is_one(sentence: str, sources, words: str):
    assert cited(sentence, CHUNKS) == sources
    assert unmarked(sentence, len(CHUNKS)) == words


@pytest.mark.parametrize(
    "sentence",
    [
        "I don't know.",
        "I'm sorry, but I can't answer that.",
        "The provided context does not contain information about the lake.",
        "The sources do not explicitly mention who owns it.",
        "None of the provided sources are helpful.",
        "The owner is not mentioned in the provided text.",
        "There is no information about the lake.",
        "It is not possible to say.",
        "It cannot be determined from this.",
        "I do not have enough information.",
    ],
)
def test_a_peers_ways_to_say_that_it_does_not_know_are_refusals(sentence: str):
    assert refuses(sentence)
    found = answer(f"{sentence} The ferry leaves at noon.", marked=False)
    assert found["abstained"]
    assert found["answer"] == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "The board did not approve the new ferry.",
        "The harbour is not 12 metres deep.",
        "The price was not given by Norvik.",
        "He knows that no ferry leaves at one.",
        "The agreement does not end before 2026.",
    ],
)
def test_a_denial_that_a_document_may_make_is_no_refusal(sentence: str):
    assert not refuses(sentence)


def test_a_refusal_after_an_answer_costs_nothing():
    found = answer("It is 14 metres deep. The context does not say more.", marked=False)
    assert found["answer"] == "It is 14 metres deep."


def test_a_reply_without_a_word_is_a_refusal():
    assert answer(" ", marked=True)["abstained"]


@pytest.fixture
def assistant(library: Library) -> Assistant:
    library.add_texts([("harbour.txt", TEXT)])
    return Assistant(library, model=ScriptedModel())


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The questions that a fake peer was asked: it knows how deep the harbour is."""
    questions: list[str] = []

    def run_module(python: Path, module: str, job: Path, replies: Path) -> None:
        assert module == "tests.benchmarks.peers.langchain_chain"
        told = json.loads(job.read_text())
        assert told["documents"] == {"harbour.txt": TEXT}
        with replies.open("a") as out:
            for case in told["cases"]:
                questions.append(case["question"])
                text = "It is 14 metres deep." if "deep" in case["question"] else "I don't know."
                reply = {"key": case["key"], "text": text, "chunks": CHUNKS, "seconds": 1}
                out.write(json.dumps(reply) + "\n")

    monkeypatch.setattr(peers, "python_of", lambda folder, requirements: Path("python"))
    monkeypatch.setattr(peers, "run_module", run_module)
    return questions


def test_a_peer_is_scored_as_pincite_is(assistant: Assistant, asked, tmp_path: Path):
    path = tmp_path / "cases.jsonl"
    path.write_text("")
    report = peers.report_of("langchain", [DEPTH, OWNER], path, assistant, tmp_path)
    assert {name: report["metrics"][name]["value"] for name in METRICS} == {
        **dict.fromkeys(METRICS, 1),
        "exact_match": 0,
        "token_f1": pytest.approx(1 / 3),  # "it is 14 metres deep", "14"
        "gold_precision": pytest.approx(1 / 3),
        "gold_f1": 0.5,
        "pin_f1": pytest.approx(2 * 9 / (78 + 9)),
        "alce_recall": report["metrics"]["alce_recall"]["value"],  # of letters, not of words
        "alce_precision": report["metrics"]["alce_precision"]["value"],
        "false_abstain": 0,
        "unsupported_shown": 0,
    }
    assert "langchain-classic" in report["system"]["packages"][0]
    lines = peers.table({"pincite": report, "langchain": report})
    assert lines[0].split() == ["2", "cases", "pincite", "langchain"]
    assert lines[1].split() == ["right"] + ["1.000", "[1.000,", "1.000]", "N", "2"] * 2


def test_a_reply_is_kept_until_what_it_depends_on_changes(assistant, asked, tmp_path: Path):
    def ask(*cases: Case) -> list[str]:
        return [r["text"] for r in peers.replies("langchain", cases, assistant, tmp_path)]

    first = ask(DEPTH)
    with (tmp_path / "replies.jsonl").open("a") as out:
        out.write('{"key": "torn')  # by a kill
        out.write("\n")
    assert ask(DEPTH, OWNER) == [*first, "I don't know."]
    assert asked == [DEPTH.question, OWNER.question]
    again = Case("a", DEPTH.question, DEPTH.answers, history=(("Which harbour?", "This one."),))
    ask(again)
    assert asked[2:] == [DEPTH.question]


def test_the_worker_writes_a_line_for_each_question(monkeypatch, tmp_path: Path):
    job, out = tmp_path / "job.json", tmp_path / "replies.jsonl"
    case = {"key": "k", "question": "How deep?", "history": [["Where?", "Here."]]}
    job.write_text(json.dumps({"peer": "fake", "documents": {"a.txt": TEXT}, "cases": [case]}))
    monkeypatch.setattr(sys, "argv", ["worker", str(job), str(out)])
    monkeypatch.setattr(worker, "chat_model", lambda settings: settings.max_new_tokens)
    monkeypatch.setattr(weights, "encoder", lambda *_, **__: LetterEncoder())

    def build(documents, model, encoder):
        chunk = worker.Chunk("a.txt", 0, 11, documents["a.txt"][:11])
        return lambda question, turns: worker.Reply(f"{question} {turns} {model}", (chunk,))

    worker.main(build)
    (kept,) = peers.read_replies(out).values()
    assert kept["text"] == "How deep? [('Where?', 'Here.')] 256"
    assert kept["chunks"] == [{"document": "a.txt", "start": 0, "end": 11, "text": "The harbour"}]
