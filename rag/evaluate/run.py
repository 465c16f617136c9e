"""Cases -> answers, with progress. A stopped run goes on; a second one takes seconds.

An answer is kept by all that it depends on: the code, the prompts, the settings, the documents and
the case. It lies in the library's folder, where a purge finds it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from tqdm import tqdm

from index.weights import local_or_hub
from rag.assistant import Assistant, check_question
from rag.crossencoder import JUDGE
from rag.errors import CasesError, QuestionError
from rag.evaluate.cases import Case
from rag.models import chosen
from rag.prompt import prompt_folder
from rag.settings import Settings

_ROOT = Path(__file__).parents[2]
_ANSWERS_NOT = ("rag/evaluate/", "rag/chat/", "rag/cli.py")  # code that no answer depends on
_PLACES = ("library", "cache", "server_timeout")  # settings that change no answer


def run(
    cases: Sequence[Case], assistant: Assistant, *, again: bool = False
) -> list[dict[str, Any]]:
    """Ask every case; the i-th answer (Answer.to_dict()) is that of the i-th case.

    With `again`, kept answers do not count. Raises CasesError for what cannot be asked.
    """
    for case in cases:
        try:
            check_question(case.question)
        except QuestionError as error:
            raise CasesError(f"case {case.id}: {error}") from error
    folder = assistant.library.derived("answers")
    state = fingerprint(assistant)
    kept = [folder / f"{key_of([state, case.question, case.history])}.json" for case in cases]
    missing = [i for i, file in enumerate(kept) if again or not file.is_file()]
    if missing:
        assistant.warm_up()
    for i in tqdm(missing, desc="asking", unit="question"):
        answer = assistant.ask(cases[i].question, cases[i].history).to_dict()
        write(kept[i], json.dumps(answer, ensure_ascii=False))
    return [json.loads(file.read_text(encoding="utf-8")) for file in kept]


def fingerprint(assistant: Assistant) -> dict[str, Any]:
    """Return all that every answer depends on, as a JSON object."""
    return {
        "code": code_version(),
        "model": _model(assistant),
        "judge": _judge(assistant.settings.judge),
        "settings": settings_of(assistant.settings),
        "documents": [[d.name, d.sha256] for d in assistant.library.documents()],
    }


def _model(assistant: Assistant) -> list[Any]:
    """Return what tells one language model from another: a file's name is not enough."""
    if assistant.given is not None:
        return [assistant.given._get_llm_string()]  # what LangChain keeps its own answers by
    choice = chosen(assistant.settings.model)
    if choice.runtime == "server":  # which may have another one tomorrow
        return [assistant.settings.model, getattr(assistant.model, "model_name", None)]
    return [assistant.settings.model, *_files(Path(choice.name))]


def _judge(name: str) -> list[Any]:
    """Return what tells one judge from another; the embedded one is a part of the code."""
    return [name] if name == JUDGE else [name, *_files(local_or_hub(name))]


def _files(path: Path) -> list[list[Any]]:
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file())
    return [[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files]


def settings_of(settings: Settings) -> dict[str, Any]:
    """Return the settings that an answer depends on."""
    return {name: value for name, value in asdict(settings).items() if name not in _PLACES}


@cache
def code_version(root: Path = _ROOT, prompts: Path | None = None) -> str:
    """Return a hash of the code and the prompts that make answers, in 12 hexadecimal digits."""
    code = {
        name: file
        for package in ("index", "rag")
        for name, file in _sources(root, package)
        if not name.startswith(_ANSWERS_NOT)
    }
    texts = {f"prompts/{file.name}": file for file in (prompts or prompt_folder()).glob("*.md")}
    return _hash(code | texts)


@cache
def harness_version(root: Path = _ROOT) -> str:
    """Return a hash of the code that counts, likewise."""
    return _hash(dict(_sources(root, "rag/evaluate")))


def _sources(root: Path, package: str) -> Iterator[tuple[str, Path]]:
    for file in (root / package).rglob("*"):
        if file.suffix in (".py", ".json", ".safetensors"):
            yield file.relative_to(root).as_posix(), file


def _hash(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, file in sorted(files.items()):
        digest.update(f"{name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def key_of(depends_on: Any) -> str:
    """Return the name under which is kept what depends on this JSON value and nothing else."""
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()


def write(file: Path, text: str) -> None:
    """Write the file in one rename, so that it is whole or not there."""
    partial = file.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
