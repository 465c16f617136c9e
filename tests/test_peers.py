"""Peers: their replies become answers that are scored as Pincite's are; no environment is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from index import Library, weights
from rag import Assistant
from rag.evaluate.cases import Case, Gold
from rag.evaluate.metrics import METRICS, citation_validity, gold_precision, hits
from rag.evaluate.run import code_version
from rag.settings import Settings
from tests.benchmarks import own
from tests.benchmarks.common import System
from tests.benchmarks.peers import __main__ as peers
from tests.benchmarks.peers import environment, worker
from tests.benchmarks.peers.answers import answer_of, numbers_in, unmarked
from tests.benchmarks.peers.environment import CHECKOUT, PeerError
from tests.benchmarks.peers.refusals import refuses
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


def cites(found) -> list[tuple[str, list[str]]]:
    return [(sentence["text"], citations(sentence)) for sentence in found["sentences"]]


def test_a_heading_copied_from_the_prompt_is_a_mark_of_all_below_it():
    found = answer(
        "It is.\nSource 1:\nIt is deep. Very deep. Noon. [Source 2]\n\nSource 3: Bread.",
        marked=True,
    )
    assert cites(found) == [
        ("It is.", []), ("It is deep.", [DEEP["text"]]), ("Very deep.", [DEEP["text"]]),
        ("Noon.", [NOON["text"]]), ("Bread.", [BREAD["text"]]),
    ]  # fmt: skip


@pytest.mark.parametrize("between", ["", " ", "\n"])
def test_a_mark_after_the_stop_is_of_the_sentence_before(between: str):
    found = answer(f"Noon it is.{between}[2][3]\nThat is all.", marked=True)
    assert cites(found) == [
        ("Noon it is.", [NOON["text"], BREAD["text"]]), ("That is all.", [])
    ]  # fmt: skip


def test_marks_are_the_sources_of_their_sentence_and_no_words_of_it():
    found = answer("It is 14 metres deep [1]. Noon it is.[2][3] That is all.", marked=True)
    assert [citations(s) for s in found["sentences"]] == [
        [DEEP["text"]], [NOON["text"], BREAD["text"]], []
    ]  # fmt: skip
    assert found["answer"] == "It is 14 metres deep. Noon it is. That is all."


@pytest.mark.parametrize(
    ("sentence", "numbers", "words"),
    [
        ("Deep [1, 3].", [1, 3], "Deep."),
        ("Deep [1-3].", [1, 2, 3], "Deep."),
        ("Deep [Source 2].", [2], "Deep."),
        ("Deep (Source 1 and Source 2).", [1, 2], "Deep."),
        ("Deep (sources 1, 2).", [1, 2], "Deep."),
        ("It is 14 metres (2).", [], "It is 14 metres (2)."),
        ("Source 1 says it is deep.", [1], "Source 1 says it is deep."),
        ("As sources 1 and 2 say, noon.", [1, 2], "As sources 1 and 2 say, noon."),
        ("According to Source 1, 3 boats sank.", [1], "According to Source 1, 3 boats sank."),
        ("Deep since [2022] and [7].", [7], "Deep since [2022] and."),
    ],
)  # fmt: skip
def test_a_mark_names_its_sources(sentence: str, numbers: list[int], words: str):
    assert numbers_in(sentence) == numbers
    assert unmarked(sentence) == words


def test_a_source_that_does_not_exist_is_an_invalid_citation_that_hits_nothing():
    found = answer("It is 14 metres deep [1][7].", marked=True)
    real, invalid = found["sentences"][0]["citations"]
    assert real["quote"] == DEEP["text"]
    assert citation_validity(found, {"harbour.txt": TEXT}.__getitem__) == (1, 2)
    assert not hits(invalid, Gold("harbour.txt", 0, 9, TEXT[:9]))
    of_seven = Case("s", "How deep?", (("7",),), (Gold("harbour.txt", 0, 9, TEXT[:9]),))
    assert gold_precision(of_seven, found) == (1, 2)
    assert answer("Deep [1].", marked=True, chunks=[])["sentences"][0]["citations"] == []


@pytest.mark.parametrize(
    "sentence", ["Source 2", "[1]", "²⁷ [1]", "According to no one [1]. (Source 3)"]
)
def test_a_mark_alone_claims_nothing(sentence: str):
    said = answer(sentence, marked=True)["answer"]
    assert said == ("According to no one." if "no one" in sentence else "")


@pytest.mark.parametrize(
    "sentence",
    [
        # a source that does not tell
        "The provided context does not contain information about the lake.",
        "The sources do not explicitly mention who owns it.",
        "The yearly report does not mention the size of the crew.",
        "The charter agreement doesn’t specify a fine.",
        "The minutes of May do not say who left early.",
        "The handbook contains no information on pets.",
        "The press release makes no mention of a price.",
        "The letter, however, does not state the date.",
        "The study does not give exact figures.",
        "The contract is silent on fuel.",
        "The given documents do not include the age of the cook.",
        "None of the provided sources are helpful.",
        "The sources are not relevant to the question.",
        "While the sources mention the lake, they do not say who owns it.",
        # a thing that is not told
        "The owner is not mentioned in the provided text.",
        "The exact depth is not stated.",
        "The name of the cook was not mentioned in the minutes.",
        "The cook's name is not given in the report.",
        "Information about the lake is not available.",
        "No details are provided about the crew.",
        "There is no information about the lake.",
        "There's no mention of a lighthouse in the text.",
        "There isn't enough context to answer.",
        "No mention of a lighthouse is made in the text.",
        "The lighthouse does not appear in the provided sources.",
        "Not specified in the sources.",
        # an answer that nobody could give
        "It is not possible to say.",
        "It cannot be determined from this.",
        "It is unclear who built the pier.",
        "The size of the fleet is unknown.",
        # a speaker who does not know
        "I don't know.",
        "I'm sorry, but I can't answer that.",
        "I do not have enough information.",
        "Unfortunately, I could not find the price.",
    ],
)
def test_a_peers_ways_to_say_that_it_does_not_know_are_refusals(sentence: str):
    assert refuses(sentence)
    found = answer(sentence, marked=False)
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
        "Clause 4 does not include the cost of paint.",
        "The agreement does not cover repairs.",
        "The contract does not give the owner a right to leave.",
        "Lunch is not included in the agreement.",
        "The letter was not sent.",
        "No discount is given to children.",
        "The lounge is not available on Sundays.",
        "There is no evidence of rust on the keel.",
        "There is not enough room for two boats.",
        "The divers do not know where the anchor lies.",
        "The builder cannot say how long it takes.",
        "It is not possible to load both ramps at once.",
        "It is not possible to provide shore power at Berth 5.",
        "Overtime is not recorded in winter.",
        "The report says that the captain did not name a cause.",
        "None of the minutes were signed.",
        "The sources of income do not cover the costs.",
        "The lake is 14 metres deep, but the text does not say who measured it.",
    ],
)
def test_a_denial_that_a_document_may_make_is_no_refusal(sentence: str):
    assert not refuses(sentence)


@pytest.mark.parametrize(
    "text",
    [
        "It is 14 metres deep. The context does not say more.",
        "I don't know. It is 14 metres deep.",
    ],
)
def test_a_refusal_beside_an_answer_costs_nothing(text: str):
    assert answer(text, marked=False)["answer"] == "It is 14 metres deep."


def test_a_reply_without_a_word_is_a_refusal():
    assert answer(" ", marked=True)["abstained"]


@pytest.fixture
def assistant(library: Library) -> Assistant:
    library.add_texts([("harbour.txt", TEXT)])
    return Assistant(library, model=ScriptedModel())


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The questions that fake peers were asked: they know how deep the harbour is."""
    questions: list[str] = []

    def run_module(
        python: Path, module: str, job: Path, replies: Path, *, timeout_s: float
    ) -> None:
        told = json.loads(job.read_text())
        assert told["documents"] == {"harbour.txt": TEXT}
        assert timeout_s >= 300 * len(told["cases"])
        with replies.open("a") as out:
            for case in told["cases"]:
                questions.append(case["question"])
                text = "It is 14 metres deep." if "deep" in case["question"] else "I don't know."
                reply = {"key": case["key"], "text": text, "chunks": CHUNKS, "seconds": 1}
                out.write("\n" + json.dumps(reply))

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
        "gold_precision_retrieved": pytest.approx(1 / 3),
        "gold_f1_retrieved": 0.5,
        "excerpt_iou@5": pytest.approx(9 / 78),
        "pin_f1": pytest.approx(2 * 9 / (78 + 9)),
        "alce_recall": report["metrics"]["alce_recall"]["value"],  # of letters, not of words
        "alce_precision": report["metrics"]["alce_precision"]["value"],
        "false_abstain": 0,
        "unsupported_shown": 0,
    }
    assert "langchain-classic" in report["system"]["packages"][0]
    assert report["settings"]["max_new_tokens"] == worker.MAX_NEW_TOKENS


CASES = [
    {"id": "a", "question": DEPTH.question, "answers": [["14"]],
     "evidence": [{"document": "harbour.txt", "start": 15, "end": 24, "quote": "14 metres"}]},
    {"id": "u", "question": OWNER.question, "answers": None},
]  # fmt: skip


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """Cases on a document of their own, and where all is written to."""
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, CASES)))
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "harbour.txt").write_text(TEXT)
    return [*(str(tmp_path / name) for name in ("cases.jsonl", "documents")),
            "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]  # fmt: skip


def measure(command: list[str], *replies: str) -> int:
    model = ScriptedModel().enqueue(replies)
    system = System(Settings(), encoder=LetterEncoder(), model=model)
    return peers.measure(peers.options_of(command), system)


# Pincite is asked first: one reply warms the model up
SAID = ("Warm.", "The harbour is 14 metres deep.", "The ferry leaves at noon.")


def test_all_systems_stand_side_by_side(asked, command, tmp_path: Path, capsys):
    assert measure(command, *SAID) == 0
    found = json.loads((tmp_path / "out" / "peers.json").read_text())
    assert (found["schema"], found["code"]) == (1, code_version())
    assert (found["cases"]["file"], found["cases"]["n"]) == ("cases.jsonl", 2)
    systems = {system["name"]: system for system in found["systems"]}
    assert list(systems) == ["pincite", *peers.PEERS]
    numbers = {
        name: {metric["name"]: metric["value"] for metric in system["metrics"]}
        for name, system in systems.items()
    }
    shown = {*METRICS, "total_s_median"} - {"alce_recall", "alce_precision"}
    assert set(numbers["pincite"]) == set(numbers["llamaindex"]) == shown
    assert shown - set(numbers["langchain"]) == set(peers._OF_MARKS)
    assert numbers["langchain"]["right"] == numbers["langchain"]["total_s_median"] == 1
    assert "llama-index-core==" in systems["llamaindex"]["about"]
    assert "credited with all that it read" in systems["langchain"]["about"]
    assert set(found["against"]) == set(peers.PEERS)
    assert not any("alce" in line for lines in found["against"].values() for line in lines)
    for name in systems:
        assert len(json.loads((tmp_path / "out" / f"{name}.json").read_text())["cases"]) == 2
    printed = capsys.readouterr().out.split("\n")
    assert printed == [*peers.table(found), ""]
    assert printed[0].split() == ["2", "cases", *systems]
    assert printed[1].split()[:2] == ["right", f"{numbers['pincite']['right']:.3f}"]
    assert measure(command) == 0  # all is kept
    assert len(asked) == 2 * len(peers.PEERS)


def test_a_peer_that_fails_stops_no_other(asked, command, tmp_path: Path, monkeypatch, capsys):
    def python_of(folder: Path, requirements: Path) -> Path:
        if requirements.name == "langchain.txt":
            raise PeerError("no index: do this")
        return Path("python")

    monkeypatch.setattr(peers, "python_of", python_of)
    assert measure([*command, "--peer", "langchain", "llamaindex"], *SAID) == 1
    found = json.loads((tmp_path / "out" / "peers.json").read_text())
    assert [system["name"] for system in found["systems"]] == ["pincite", "llamaindex"]
    assert "langchain: FAILED, no index: do this" in capsys.readouterr().err


def test_a_worker_that_leaves_questions_out_has_failed(assistant, monkeypatch, tmp_path: Path):
    monkeypatch.setattr(peers, "python_of", lambda folder, requirements: Path("python"))
    monkeypatch.setattr(peers, "run_module", lambda *_, **__: None)
    with pytest.raises(PeerError, match="1 questions without a reply: give the command again"):
        peers.replies("langchain", [DEPTH], assistant, tmp_path)


def test_what_runs_in_an_environment_is_bounded(tmp_path: Path, monkeypatch):
    (tmp_path / "sleeps.py").write_text("import time; time.sleep(60)")
    (tmp_path / "dies.py").write_text("raise SystemExit(3)")
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    python = Path(sys.executable)
    with pytest.raises(PeerError, match="more than 1 s: give the command again"):
        environment.run_module(python, "sleeps", timeout_s=1)
    with pytest.raises(PeerError, match="stopped, see above: give the command again"):
        environment.run_module(python, "dies", timeout_s=60)


def test_a_document_that_cannot_be_indexed_is_an_error(command, tmp_path: Path):
    (tmp_path / "documents" / "empty.txt").write_text(" ")
    with pytest.raises(ValueError, match=r"empty\.txt holds no text"):
        measure(command)


def test_the_command_line_names_own_cases_unless_others(capsys):
    options = peers.options_of([])
    assert (options.cases, options.documents) == (own.CASES, [own.DOCUMENTS])
    assert options.peer == list(peers.PEERS)
    for wrong in (["cases.csv"], ["--limit", "0"], ["--peer", "nobody"]):
        with pytest.raises(SystemExit):
            peers.options_of(wrong)
    assert "name the DOCUMENTS" in capsys.readouterr().err


def ask(assistant: Assistant, out: Path, *cases: Case) -> list[str]:
    return [reply["text"] for reply in peers.replies("langchain", cases, assistant, out)]


def test_a_reply_that_a_kill_tore_costs_only_itself(assistant, asked, tmp_path: Path):
    first = ask(assistant, tmp_path, DEPTH)
    with (tmp_path / "replies.jsonl").open("ab") as out:
        out.write('\n{"key": "torn … '.encode()[:-2])  # within a character
    assert ask(assistant, tmp_path, DEPTH, OWNER) == [*first, "I don't know."]
    assert ask(assistant, tmp_path, DEPTH, OWNER) == [*first, "I don't know."]
    assert asked == [DEPTH.question, OWNER.question]


def test_a_reply_is_kept_until_what_it_depends_on_changes(
    assistant, asked, tmp_path: Path, monkeypatch
):
    def is_asked(case: Case = DEPTH) -> bool:
        before = len(asked)
        ask(assistant, tmp_path, case)
        return len(asked) > before

    assert is_asked()
    assert not is_asked()
    assert is_asked(replace(DEPTH, history=(("Which harbour?", "This one."),)))
    for change in ({"model": "other"}, {"embedding_model": "other"}, {"max_new_tokens": 8}):
        monkeypatch.setattr(peers, "settings_of_worker", lambda c=change: Settings(**c))
        assert is_asked(), change
    monkeypatch.setattr(peers, "settings_of_worker", lambda: Settings(hits=3, max_new_tokens=8))
    assert not is_asked()  # what only Pincite reads
    monkeypatch.setattr(peers, "_MODELS", ("rag/models/engine.py",))
    assert is_asked()
    monkeypatch.setattr(peers.Peer, "version", "other code")
    assert is_asked()


def test_a_reply_is_of_the_documents_that_it_was_given(library: Library, tmp_path, monkeypatch):
    jobs = []

    def run_module(python: Path, module: str, job: Path, *_: Path, timeout_s: float) -> None:
        jobs.append(json.loads(job.read_text())["cases"][0]["key"])

    monkeypatch.setattr(peers, "python_of", lambda folder, requirements: Path("python"))
    monkeypatch.setattr(peers, "run_module", run_module)
    for text in (TEXT, f"{TEXT} And more."):
        library.add_texts([("harbour.txt", text)])
        with pytest.raises(PeerError):
            peers.replies("langchain", [DEPTH], Assistant(library), tmp_path)
    assert jobs[0] != jobs[1]


def test_the_worker_writes_a_line_for_each_question(monkeypatch, tmp_path: Path):
    job, out = tmp_path / "job.json", tmp_path / "replies.jsonl"
    case = {"key": "k", "question": "How deep?", "history": [["Where?", "Here."]]}
    job.write_text(json.dumps({"peer": "fake", "documents": {"a.txt": TEXT}, "cases": [case]}))
    out.write_text('{"key": "torn')
    monkeypatch.setattr(sys, "argv", ["worker", str(job), str(out)])
    monkeypatch.setattr(worker, "chat_model", lambda settings: settings.max_new_tokens)
    monkeypatch.setattr(weights, "encoder", lambda *_, **__: LetterEncoder())

    def build(documents, model, encoder):
        chunk = worker.Chunk("a.txt", 0, 11, documents["a.txt"][:11])
        return lambda question, turns: worker.Reply(f"{question} {turns} {model}\u2028", (chunk,))

    worker.main(build)
    (kept,) = peers.read_replies(out).values()
    assert kept["text"] == "How deep? [('Where?', 'Here.')] 256\u2028"
    assert kept["chunks"] == [{"document": "a.txt", "start": 0, "end": 11, "text": "The harbour"}]


BUILDS = """
from tests.benchmarks.peers.{script} import build
from tests.fakes import LetterEncoder, ScriptedModel
said = "This line stands twice, here and there, so that to look for it finds the first."
texts = {{"a.txt": " ".join(f"{{said}} Line {{i}}." for i in range(400)), "b.txt": "Zebras graze."}}
model = ScriptedModel().enqueue(["It does [1].", "A question?", "It does [2]."])
ask = build(texts, model, LetterEncoder())
for history in ([], [("Where?", "Here.")]):
    reply = ask("Does this line stand there?", history)
    assert reply.text.startswith("It does"), reply.text
    assert len(reply.chunks) >= 2
    assert all(texts[c.document][c.start : c.end] == c.text for c in reply.chunks)
    assert len({{(c.document, c.start) for c in reply.chunks}}) == len(reply.chunks)
    assert "start_char_idx" not in str(model.asked)
"""


@pytest.mark.parametrize("name", ["langchain", "llamaindex"])
def test_a_peer_is_built_and_says_where_its_chunks_are(name: str):
    peer = peers.PEERS[name]
    python = CHECKOUT / "reports" / "peers" / "environments" / peer.packages / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"there is no environment for {name}: python -m tests.benchmarks.peers")
    subprocess.run(
        [python, "-c", BUILDS.format(script=peer.scripts[0])],
        check=True, cwd=CHECKOUT, env={**os.environ, **environment.OFFLINE}, timeout=300,
    )  # fmt: skip
