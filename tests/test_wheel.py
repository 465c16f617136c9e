"""The wheel carries what an answer needs, and answers outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.test_plugin import BELL, LEASE, TEN_LINES

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, ROOT],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = target.glob("*.whl")
    return built


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_carries_every_file_of_the_packages(wheel: Path):
    carried = set(names(wheel))
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in ("index", "rag")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {
        "rag/judge.json", "rag/network.safetensors", "rag/network.json",
        "rag/chat/style.css", "rag/chat/script.js",
    } <= wanted  # fmt: skip
    assert wanted <= carried
    prompts = {f"rag/prompts/{path.name}" for path in (ROOT / "prompts").glob("*.md")}
    assert len(prompts) >= 2
    assert prompts <= carried


def test_the_wheel_carries_nothing_else(wheel: Path):
    tops = {name.split("/")[0] for name in names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"index", "rag"}
    assert not [name for name in names(wheel) if "test" in name or "__pycache__" in name]


def test_the_wheel_has_the_command_and_the_licence(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "pincite = rag.cli:main" in archive.read(entry).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names(wheel))


@pytest.mark.parametrize("named", [[], ["-p", "rag.evaluate.plugin"]])
def test_pytest_finds_the_plugin_of_the_wheel(wheel: Path, tmp_path: Path, named: list[str]):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "elsewhere").mkdir()
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--fixtures", *named],
        cwd=tmp_path / "elsewhere",
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    where = "\nask [session scope] -- ../site/rag/evaluate/plugin.py:"
    assert where in listed.stdout, listed.stderr


@pytest.mark.proof
@pytest.mark.models
@pytest.mark.timeout(1800)
def test_the_plugin_works_where_nothing_else_is(wheel: Path, tmp_path: Path):
    """In a new environment, in a folder with two documents and the ten lines of the README."""
    python, folder = tmp_path / "venv" / "bin" / "python", tmp_path / "folder"
    folder.mkdir()
    (folder / "bells.txt").write_text(f"{BELL} It weighs 310 kg.\n")
    (folder / "lease.md").write_text(LEASE)
    (folder / "test_documents.py").write_text(TEN_LINES)
    wanted = f"pincite[local] @ {wheel.as_uri()}"
    pinned = ["--constraint", str(ROOT / "constraints.txt")]

    def run(*command: str | Path) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}  # no models are prepared
        environment |= {k: v for k, v in os.environ.items() if k.startswith("PIP_")}
        return subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True, text=True
        ).stdout

    run(sys.executable, "-m", "venv", tmp_path / "venv")
    run(python, "-m", "pip", "install", "--quiet", *pinned, wanted, "pytest")
    assert "2 passed" in run(python, "-m", "pytest")


@pytest.mark.models
def test_the_wheel_answers_a_question_outside_the_checkout(wheel: Path, tmp_path: Path):
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (elsewhere / "bells.txt").write_text(
        "The bell of Olden church was cast in 1721 by Peder Grund. It weighs 310 kg.\n"
    )

    def pincite(*arguments: str) -> subprocess.CompletedProcess[str]:
        return outside(["-m", "rag.cli", *arguments, "--library", str(elsewhere / "lib")])

    def outside(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=elsewhere,
            env=os.environ | {"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    where = outside(["-c", "import rag, index; print(rag.__file__, index.__file__)"]).stdout.split()
    assert all(Path(file).is_relative_to(site) for file in where)
    indexed = pincite("index", "bells.txt")
    assert (indexed.returncode, indexed.stdout) == (
        0,
        "1 added, 0 updated, 0 unchanged, 0 failed\n",
    )
    asked = pincite("ask", "When was the bell of Olden church cast?", "--json")
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert "1721" in answer["answer"]
    (citation,) = answer["sentences"][0]["citations"]
    assert citation["document"] == "bells.txt"
    assert citation["quote"] == "The bell of Olden church was cast in 1721 by Peder Grund."
