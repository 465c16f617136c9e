"""The pytest plugin, run by pytest within pytest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from index import Library, weights
from index.errors import WeightsError
from rag.crossencoder import Reader
from rag.evaluate import checked
from tests.conftest import CACHE
from tests.fakes import LetterEncoder

__all__ = ["checked"]  # imported before an inner run: what that imports first, it drops afterwards

ROOT = Path(__file__).parents[1]
PLUGIN = ("-p", "rag.evaluate.plugin")  # where Pincite is not installed, no entry point loads it

SUMMARY = "=========================== short test summary info ============================"

BELL = "The bell of Olden church was cast in 1721 by Peder Grund."
LEASE = """# Lease of the boathouse at Sund

The tenant, Ida Holm, pays 450 euros a month. Either party may end the lease with three months' \
notice in writing. The lease runs until 30 June 2027.
"""
TEN_LINES = """\
def test_notice(ask):
    answer = ask("How much notice must be given to end the lease?")
    answer.must_contain(("three months", "3 months")).must_not_contain("450")
    answer.must_cite("lease.md", quote="three months' notice")


def test_what_the_documents_do_not_say(ask):
    ask("Who owns the lake at Sund?").must_abstain()
"""
WRONG = """
def test_wrong(ask):
    ask("Who cast the bell of Olden church?").must_cite("lease.md", quote="450 euros")
"""
SCRIPTED = f"""
import pytest
from rag import Assistant
from tests.fakes import ScriptedModel

@pytest.fixture(scope="session")
def pincite(pincite_library):
    model = ScriptedModel().enqueue([{BELL!r}, "When was the bell of Olden church cast?", {BELL!r}])
    return Assistant(pincite_library, model=model)
"""


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> LetterEncoder:
    """The fake encoder in place of the real one, and no settings of the user's."""
    for name in [name for name in os.environ if name.startswith("PINCITE_")]:
        monkeypatch.delenv(name)
    letters = LetterEncoder()
    monkeypatch.setattr(weights, "encoder", lambda *_, **__: letters)
    return letters


@pytest.fixture
def inner(
    pytester: pytest.Pytester,
    encoder: LetterEncoder,
    real_reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.Pytester:
    """A folder with one document; the judge's model lies where it is prepared for all tests."""
    real_reader.read([("prepared", "before a test")])
    monkeypatch.setenv("PINCITE_CACHE", str(CACHE))
    pytester.path.joinpath("bells.txt").write_text(f"{BELL} It weighs 310 kg.\n")
    return pytester


def holds(inner: pytest.Pytester, names: list[str], *arguments: str) -> None:
    """Assert that the library of a run holds the documents of these names."""
    inner.makepyfile(
        f"""
        def test_names(pincite_library):
            assert [document.name for document in pincite_library.documents()] == {names}
        """
    )
    inner.runpytest(*PLUGIN, *arguments).assert_outcomes(passed=1)


def failure(result: pytest.RunResult) -> list[str]:
    """What stands below the one test's name and above the summary."""
    (start,) = [i for i, line in enumerate(result.outlines) if line.startswith("____")]
    return result.outlines[start + 1 : result.outlines.index(SUMMARY)]


def says(inner: pytest.Pytester, *arguments: str) -> list[str]:
    """What a run says of a test that asks."""
    inner.makepyfile("""def test_it(ask): ask("When was the bell of Olden church cast?")""")
    return failure(inner.runpytest(*PLUGIN, *arguments))


def test_an_answer_is_checked(inner: pytest.Pytester):
    inner.makeconftest(SCRIPTED)
    inner.makepyfile(
        """
        def test_right(ask):
            first = ask("When was the bell of Olden church cast?")
            first.must_contain("1721").must_cite("bells.txt", quote="in 1721")
            ask("And when was it cast?", history=[("Is there a bell?", first)]).must_answer()
        """
    )
    inner.runpytest(*PLUGIN).assert_outcomes(passed=1)


def test_a_failure_is_the_line_of_the_test_and_what_was_said(inner: pytest.Pytester):
    inner.makeconftest(SCRIPTED)
    inner.makepyfile(
        """
        def test_wrong(ask):
            ask("When was the bell of Olden church cast?").must_contain("1921")
        """
    )
    result = inner.runpytest(*PLUGIN)
    result.assert_outcomes(failed=1)
    said = [
        re.sub(r"[01]\.\d\d|0x\w+", "N", line.removeprefix("E").strip()) for line in failure(result)
    ]
    assert said == [
        "",
        "ask = <function ask.<locals>.ask at N>",
        "",
        "def test_wrong(ask):",
        '>       ask("When was the bell of Olden church cast?").must_contain("1921")',
        'AssertionError: the answer must contain "1921"',
        "",
        "question  When was the bell of Olden church cast?",
        f"answer    {BELL}",
        "",
        f"shown     {BELL}",
        "supported: support N, relevance N",
        "bells.txt, 0:57",
        f"»{BELL}« It weighs 310 kg.",
        "",
        "test_a_failure_is_the_line_of_the_test_and_what_was_said.py:2: AssertionError",
    ]


def test_a_question_is_asked_once(inner: pytest.Pytester):
    inner.makeconftest(SCRIPTED)
    inner.makepyfile(
        """
        def test_twice(ask):
            first = ask("When was the bell of Olden church cast?")
            again = ask("When was the bell of Olden church cast?")
            assert again is first
            then = ask("When was it cast?", [("Which bell?", first)])
            assert then is not first
            assert ask("When was it cast?", [("Which bell?", first.text)]) is then
        """
    )
    inner.runpytest(*PLUGIN).assert_outcomes(passed=1)


def test_what_asks_is_kept_on_one_worker(inner: pytest.Pytester):
    inner.makepyfile("def test_asks(ask): pass\n\n\ndef test_other(): pass")
    items, _ = inner.inline_genitems(*PLUGIN, "--strict-markers")
    groups = {item.name: [m.args[0] for m in item.iter_markers("xdist_group")] for item in items}
    assert groups == {"test_asks": ["pincite"], "test_other": []}


def test_without_settings_the_documents_beside_the_ini_file_are_asked(inner: pytest.Pytester):
    for name in ("mills.MD", "data.csv", "setup.cfg", "pytest.ini", ".hidden.txt", "sub/deep.txt"):
        path = inner.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("" if name == "pytest.ini" else "[a]\nb = 1\n")
    holds(inner, ["bells.txt", "mills.MD"])


def test_the_documents_are_those_that_are_set(inner: pytest.Pytester):
    for name in ("two words/a.txt", "two words/deep/b.txt", "c.dat", "d.txt"):
        path = inner.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(BELL)
    inner.makeini("[pytest]\npincite_documents =\n  two words\n  c.dat\n")
    holds(inner, ["a.txt", "c.dat", "deep/b.txt"])


def test_a_second_run_embeds_only_what_has_changed(inner: pytest.Pytester, encoder: LetterEncoder):
    holds(inner, ["bells.txt"])
    first = encoder.encoded
    assert first > 0
    holds(inner, ["bells.txt"])
    assert encoder.encoded == first
    inner.path.joinpath("bells.txt").rename(inner.path / "renamed.txt")
    holds(inner, ["renamed.txt"])
    assert encoder.encoded == first
    inner.path.joinpath("renamed.txt").write_text(f"{BELL} It is old.")
    holds(inner, ["renamed.txt"])
    assert encoder.encoded == 2 * first


def test_nothing_is_removed_from_a_library_that_is_set(inner: pytest.Pytester):
    with Library.open(inner.path / "mine", encoder=LetterEncoder()) as mine:
        mine.add_texts([("kept.txt", "This is kept.")])
    holds(inner, ["bells.txt", "kept.txt"], "-o", "pincite_library=mine")


def test_without_a_cache_nothing_is_kept(inner: pytest.Pytester, encoder: LetterEncoder):
    holds(inner, ["bells.txt"], "-p", "no:cacheprovider")
    first = encoder.encoded
    holds(inner, ["bells.txt"], "-p", "no:cacheprovider")
    assert encoder.encoded == 2 * first
    assert not list(inner.path.rglob("*.sqlite"))


def test_what_is_wrong_is_one_line(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    there = inner.path
    assert says(inner, "-o", "pincite_documents=nowhere") == [
        f"pincite: {there}/nowhere: there is no such file or folder"
    ]
    (there / "blank.txt").write_text(" ")
    (there / "empty.txt").touch()
    assert says(inner) == [
        "pincite: blank.txt: holds no text, only white space",
        "empty.txt: is empty",
    ]
    for file in there.glob("*.txt"):
        file.unlink()
    assert says(inner) == [
        f"pincite: there are no documents in {there}: name files or folders in pincite_documents"
    ]
    monkeypatch.setenv("PINCITE_HITS", "many")
    assert says(inner) == ["pincite: the setting hits must be a whole number, not 'many'"]


def test_a_model_that_is_missing_is_one_line(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PINCITE_MODEL", "/nowhere.gguf")
    no_model = "there is no model at '/nowhere.gguf': name a file, a folder, or owner/name"
    assert says(inner) == [f"pincite: {no_model}"]

    def missing(*_: object, **__: object) -> None:
        raise WeightsError("the package is not installed")

    monkeypatch.setattr(weights, "encoder", missing)
    assert says(inner) == ["pincite: the package is not installed"]


def test_a_project_that_does_not_use_it_loads_nothing_for_it():
    loads = "import pytest, sys; had = set(sys.modules); import rag.evaluate.plugin; "
    shows = "print(*sorted(set(sys.modules) - had - set(sys.stdlib_module_names)))"
    done = subprocess.run(
        [sys.executable, "-c", loads + shows], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "rag rag.evaluate rag.evaluate.plugin\n"


@pytest.mark.models
def test_the_ten_lines_of_the_readme(tmp_path: Path):
    (tmp_path / "bells.txt").write_text(f"{BELL} It weighs 310 kg.\n")
    (tmp_path / "lease.md").write_text(LEASE)
    assert TEN_LINES in (ROOT / "README.md").read_text()

    def pytest_says(name: str, test: str) -> tuple[int, str]:
        (tmp_path / name).write_text(test)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *PLUGIN, name],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        return done.returncode, done.stdout

    code, output = pytest_says("test_right.py", TEN_LINES)
    assert (code, "2 passed" in output) == (0, True), output
    code, output = pytest_says("test_wrong.py", WRONG)
    assert (code, "1 failed" in output) == (1, True), output
    assert "AssertionError: the answer must cite lease.md\n" in output
    assert "Ida Holm, pays »450 euros« a month." in output
    assert "wanted    lease.md, Lease of the boathouse at Sund, 61:70\n" in output
    assert "»The bell of Olden church was cast in 1721 by Peder Grund.«" in output
