"""The report: every number in it follows from its own JSON, and two of them can be compared."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index import Library
from rag import Assistant
from rag.cli import main
from rag.errors import CasesError
from rag.evaluate import compare, run
from rag.evaluate.metrics import METRICS
from rag.evaluate.report import evaluate
from rag.evaluate.statistics import paired
from rag.settings import Settings
from tests.fakes import ScriptedModel
from tests.recompute import differences

MINUTES = """Minutes of the harbour board, 3 March 2024

Mira Holt, the treasurer, reported on 2023. Revenue was 12.4 million euros. Costs were 9 million \
euros. The board did not approve the new ferry.

The contract with Norvik Shipyard is worth 3 million euros. The contract with Tallbo Marine is \
worth 5 million euros and runs until June 2026."""

CASES = """id,kind,question,answers,document,quote,previous_question,previous_answer
a1,fact,What was the revenue in 2023?,12.4 million,minutes.txt,Revenue was 12.4 million euros.,,
a2,fact,What is the contract with Tallbo Marine worth?,5 million;euros,minutes.txt,worth 5 million euros,,
a2,,,,minutes.txt,runs until June 2026,,
a3,fact,What were the costs in 2023?,10 million,minutes.txt,Costs were 9 million euros.,,
u1,wrong year,What was the revenue in 2019?,,,,,
u2,wrong name,What is the contract with Ostrand Yard worth?,,,,,
"""  # noqa: E501

REPLIES = {
    "a1": "Revenue in 2023 was 12.4 million euros.",
    "a2": "The contract with Tallbo Marine is worth 3 million euros.",  # that is Norvik's
    "a3": "Costs in 2023 were 9 million euros.",  # the case is wrong, so this is
    "u1": "Revenue in 2019 was 12.4 million euros.",
    "u2": "The contract with Ostrand Yard is worth 5 million euros.",
}


@pytest.fixture
def minutes(tmp_path: Path, real_encoder):
    with Library.open(tmp_path / "library", encoder=real_encoder) as library:
        library.add_texts([("minutes.txt", MINUTES)])
        yield library


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.csv"
    path.write_text(CASES, encoding="utf-8")
    return path


def assistant(library: Library, *replies: str) -> Assistant:
    """One whose model says a line for the warm-up, then these."""
    return Assistant(library, model=ScriptedModel().enqueue(["Hello.", *replies]))


@pytest.fixture
def report(minutes: Library, cases: Path) -> dict[str, Any]:
    found = evaluate(cases, assistant(minutes, *REPLIES.values()))
    return json.loads(json.dumps(found))


# every number follows from the JSON


@pytest.mark.models
def test_every_number_can_be_computed_again_from_the_json(report):
    assert differences(report) == []


@pytest.mark.models
@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_number_that_was_changed_is_found(report, name: str):
    changed = copy.deepcopy(report)
    changed["metrics"][name]["value"] = (changed["metrics"][name]["value"] or 0) + 0.001
    (line,) = differences(changed)
    assert line.startswith(f"{name} is [")


@pytest.mark.models
def test_a_report_says_what_was_measured_on_what(report, minutes):
    assert report["schema"] == 3
    assert report["model"] == "scripted"
    assert report["library"]["documents"] == [
        {"name": "minutes.txt", "sha256": minutes.document("minutes.txt").sha256}
    ]
    assert report["cases_file"]["name"] == "cases.csv"
    assert "AUROC" in report["judge"]
    assert {kind: found["cases"] for kind, found in report["by_kind"].items()} == {
        "fact": 3, "wrong year": 1, "wrong name": 1,
    }  # fmt: skip


@pytest.mark.models
def test_a_case_shows_quotes_in_their_context_and_says_what_failed(report):
    right, _, wrong, *refused = report["cases"]
    quote = next(q for q in right["quotes"][0] if q["gold"])
    assert quote["found"] == "Revenue was 12.4 million euros."
    assert quote["before"].endswith("reported on 2023. ")
    assert quote["after"].startswith(" Costs were")
    assert (right["evidence"][0]["page"], right["evidence"][0]["place"]) == (None, "")
    assert right["right"]
    assert (wrong["right"], wrong["failures"][0]) == (False, "wrong claim shown")
    assert [case["right"] for case in refused] == [True, True]


# answers are kept


@pytest.mark.models
def test_a_second_run_asks_nothing_and_says_the_same(minutes, cases, report):
    again = evaluate(cases, assistant(minutes))  # its model has nothing to say
    assert again["metrics"] == report["metrics"]


@pytest.mark.models
def test_a_stopped_run_goes_on_where_it_was(minutes, cases):
    with pytest.raises(AssertionError, match="nothing is left to say"):
        evaluate(cases, assistant(minutes, *list(REPLIES.values())[:2]))
    rest = assistant(minutes, *list(REPLIES.values())[2:])
    assert [case["id"] for case in evaluate(cases, rest)["cases"]] == list(REPLIES)


class OtherModel(ScriptedModel):
    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"temperature": 1}


@pytest.mark.models
@pytest.mark.parametrize("change", ["documents", "code", "settings", "model", "history", "again"])
def test_what_an_answer_depends_on_makes_it_asked_again(
    change: str, minutes, cases, report, monkeypatch
):
    asked, model = Settings(), ScriptedModel()
    if change == "documents":
        minutes.add_texts([("other.txt", "The harbour is 14 metres deep.")])
    if change == "code":
        monkeypatch.setattr(run, "code_version", lambda: "another")
    if change == "settings":
        asked = replace(asked, unsupported_at_most=0.1)
    if change == "model":
        model = OtherModel()
    if change == "history":
        text = cases.read_text().replace(",,,,,", ",,,,Whose?,The harbour's")
        cases.write_text(text)
    with pytest.raises(AssertionError, match="nothing is left to say"):
        evaluate(
            cases,
            Assistant(minutes, asked, model=model.enqueue(["Hello."])),
            again=change == "again",
        )


@pytest.mark.parametrize("setting", ["model", "judge"])
def test_a_model_file_that_was_replaced_is_another_model(minutes, tmp_path, setting):
    file = tmp_path / "mine.gguf"
    asked = Settings(**{setting: str(file)})
    states = []
    for content in ("one", "other"):
        file.write_text(content)
        states.append(run.fingerprint(Assistant(minutes, asked)))
    assert states[0] != states[1]
    assert states[1] == run.fingerprint(Assistant(minutes, asked))


@pytest.mark.models
def test_a_question_that_cannot_be_asked_is_named_before_any_is(minutes, cases):
    with cases.open("a") as file:
        file.write(f"long,fact,Who {'or who ' * 1000}?,,,,,\n")
    with pytest.raises(CasesError, match=r"^case long: "):
        evaluate(cases, assistant(minutes))


@pytest.mark.models
def test_a_purge_leaves_no_answer(minutes, report):
    folder = minutes.derived("answers")
    assert len(list(folder.iterdir())) == len(REPLIES)
    minutes.remove("minutes.txt", purge=True)
    assert not folder.exists()


def test_the_code_version_is_that_of_what_makes_answers(tmp_path):
    answers = (
        "rag/judge.py",
        "rag/judge.json",
        "rag/network.safetensors",
        "index/read/pdf.py",
        "prompts/answer.md",
    )
    others = "rag/evaluate/metrics.py", "rag/chat/app.py", "rag/cli.py", "rag/notes.txt"

    def versions() -> tuple[str, str]:
        run.code_version.cache_clear()
        run.harness_version.cache_clear()
        return run.code_version(tmp_path, tmp_path / "prompts"), run.harness_version(tmp_path)

    def changed(name: str) -> tuple[bool, bool]:
        before = versions()
        (tmp_path / name).write_text("another")
        code, harness = (a != b for a, b in zip(before, versions(), strict=True))
        return code, harness

    for name in (*answers, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    assert [changed(name) for name in answers] == [(True, False)] * len(answers)
    assert changed("rag/evaluate/metrics.py") == (False, True)
    assert [changed(name) for name in others[1:]] == [(False, False)] * 3


# two reports


def made(*rights: int) -> dict[str, Any]:
    """A report of answerable cases that are right or not."""
    return {
        "schema": 3,
        "cases": [
            {
                "id": f"c{i}", "question": f"{i}?", "history": [], "answers": [["x"]],
                "scores": {"right": [right, 1], "unsupported_shown": [1 - right, 1],
                           "abstain_recall": [0, 0]},
            }
            for i, right in enumerate(rights)
        ],
    }  # fmt: skip


def test_a_loss_of_ten_points_on_29_cases_is_found():
    before, after = made(*[1] * 29), made(*[0] * 3, *[1] * 26)
    right, shown_ = compare.compare(before, after)
    assert right.change == pytest.approx(-3 / 29)
    # no draw of 29 has one of the three with probability (26/29)^29 = .042
    assert right.p == pytest.approx(0.042, abs=0.015)
    assert right.is_loss
    assert right.worse == ("c0", "c1", "c2")
    assert shown_.is_loss  # more wrong claims, which is worse
    assert "LOSS" in compare.lines([right])[0]
    assert not any(change.is_loss for change in compare.compare(after, before))


def test_a_case_is_worse_where_it_pulls_the_metric_down():
    """Of citations: 15 good ones, then the others show nine bad ones each in the place of one."""
    before, after = made(*[1] * 29), made(*[1] * 29)
    for number in range(29):
        good = (1, 1) if number < 15 else (0, 1)
        before["cases"][number]["scores"]["gold_precision"] = good
        after["cases"][number]["scores"]["gold_precision"] = good if number < 15 else (0, 9)
    after["cases"][0]["scores"]["gold_precision"] = (0, 0)  # cites nothing any more
    change = next(c for c in compare.compare(before, after) if c.metric == "gold_precision")
    assert change.change == pytest.approx(14 / (14 + 14 * 9) - 15 / 29)
    assert change.worse == ("c0", *(f"c{number}" for number in range(15, 29)))
    assert change.better == ()
    assert change.is_loss
    assert "nothing changed" not in compare.lines([change])[0]


def test_one_case_is_no_sample():
    before, after = made(1), made(0)
    assert not any(change.is_loss for change in compare.compare(before, after))
    # one unanswerable case among 29 that is answered now
    shares = [(0, 0)] * 28
    found = paired([*shares, (1, 1)], [*shares, (0, 1)])
    assert found == (-1, pytest.approx((28 / 29) ** 29, abs=0.03))  # no draw has it


def test_only_what_decides_is_a_loss():
    before, after = made(*[1] * 29), made(*[1] * 29)
    for name in ("exact_match", "right"):
        for case in before["cases"]:
            case["scores"][name] = (1, 1)
        for case in after["cases"]:
            case["scores"][name] = (0, 1)
    found = {c.metric: c for c in compare.compare(before, after)}
    assert found["exact_match"].is_worse
    assert not found["exact_match"].is_loss
    assert found["right"].is_loss


@pytest.mark.parametrize(
    ("key", "words"),
    [("harness", "another version"), ("library", "other documents"), ("model", "language model"),
     ("judge", "another judge")],
)  # fmt: skip
def test_what_makes_two_reports_hard_to_compare_is_said(key: str, words: str):
    assert compare.doubts(made(1, 0), made(1, 0)) == []
    assert words in compare.doubts(made(1) | {key: "old"}, made(1) | {key: "new"})[0]
    assert "only 1 of 2 cases" in compare.doubts(made(1), made(1, 0))[0]


def test_two_runs_of_the_same_have_no_loss():
    changes = compare.compare(made(1, 0, 1), made(1, 0, 1))
    assert [(change.change, change.p) for change in changes] == [(0, 1), (0, 1)]
    assert compare.lines(changes) == ["nothing changed against the baseline"]


def test_what_goes_up_and_down_is_noise():
    change, p = paired([(1, 1), (0, 1)] * 15, [(0, 1), (1, 1)] * 14 + [(0, 1), (0, 1)])
    assert change == pytest.approx(-1 / 30)
    assert p > 0.3


def test_cases_are_paired_by_what_they_ask():
    before, after = made(1, 1), made(1, 0)
    after["cases"][1]["question"] = "another?"
    assert all(change.change == 0 for change in compare.compare(before, after))
    after["cases"][0]["id"] = "other"
    with pytest.raises(CasesError, match="has none of these cases"):
        compare.compare(before, after)


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 1}', '{"schema": 3}'])
def test_a_baseline_that_is_no_report_is_one_line(tmp_path: Path, content: str):
    path = tmp_path / "old.json"
    path.write_text(content)
    with pytest.raises(CasesError, match=r"old\.json"):
        compare.read(path)


# the command


@pytest.fixture
def command(minutes, cases, monkeypatch, tmp_path) -> Callable[..., int]:
    model = ScriptedModel().enqueue(["Hello.", *REPLIES.values(), *REPLIES.values()])
    monkeypatch.setattr("rag.models.chat_model", lambda settings: model)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").touch()
    monkeypatch.setenv("PINCITE_MODEL", str(tmp_path / "model"))
    monkeypatch.setenv("PINCITE_LIBRARY", str(minutes.path))
    return lambda *more: main(["evaluate", str(cases), *map(str, more)])


@pytest.mark.models
def test_evaluate_prints_the_numbers_and_the_cases_that_failed(command, tmp_path, capsys):
    assert command("--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert "citation_validity         1.000" in printed
    assert "a3 (wrong claim shown" in printed
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["metrics"]["abstain_recall"]["n"] == 2
    page = (tmp_path / "out/report.html").read_text()
    assert "What was the revenue in 2019?" in page


@pytest.mark.models
def test_a_baseline_that_was_better_ends_with_1(command, tmp_path, capsys, monkeypatch):
    assert command("--out", tmp_path / "out") == 0
    baseline = json.loads((tmp_path / "out/report.json").read_text())
    assert command("--baseline", tmp_path / "out/report.json") == 0
    assert "nothing changed against the baseline" in capsys.readouterr().out
    for case in baseline["cases"]:
        case["scores"]["citation_coverage"] = case["scores"]["right"] = [1, 1]
        case["scores"]["unsupported_shown"] = [0, 1]
    (tmp_path / "better.json").write_text(json.dumps(baseline | {"model": "another"}))
    assert command("--baseline", tmp_path / "better.json") == 0  # one case is no sample
    printed = capsys.readouterr()
    assert "worse: a3\n" in printed.out
    assert "by another language model" in printed.err
    baseline["cases"] = [case for case in baseline["cases"] if case["id"] == "a3"]
    (tmp_path / "better.json").write_text(json.dumps(baseline))
    monkeypatch.setattr(compare, "LEAST_WORSE", 1)
    assert command("--baseline", tmp_path / "better.json") == 1
    printed = capsys.readouterr()
    assert "worse: a3  LOSS\n" in printed.out
    assert "only 1 of 5 cases are the same" in printed.err
    (tmp_path / "none.json").write_text(json.dumps(baseline | {"cases": []}))
    assert command("--out", tmp_path / "kept", "--baseline", tmp_path / "none.json") == 1
    assert "has none of these cases" in capsys.readouterr().err
    assert (tmp_path / "kept/report.json").is_file()  # what was asked is not lost


@pytest.mark.parametrize("wrong", [[], ["cases.csv", "--draft", "folder"]])
def test_evaluate_takes_cases_or_a_draft(wrong: list[str], capsys):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *wrong])
    assert ended.value.code == 2
    assert "--draft" in capsys.readouterr().err
