"""What `pincite models` says: the models that are set, and what this machine has to run them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.engine import openvino
from index.files import expanded
from index.weights import EMBEDDING_FOLDER, EMBEDDING_MODEL, local_or_hub, verify_embedding
from rag.crossencoder import JUDGE
from rag.errors import ModelError, WeightsError
from rag.models import chosen, device, gguf, is_gguf
from rag.settings import Settings
from rag.weights import (
    LANGUAGE_MODEL,
    PART,
    PART_SHA256,
    model_folder,
    verify,
    verify_judge,
)

ENGLISH_ONLY = (
    "learnt from English: in other languages passages are found by their words, seldom by their "
    "meaning, and no question finds passages in another language. A multilingual model improves "
    "that: set embedding_model, for example to intfloat/multilingual-e5-small, and index your "
    "files into a new library"
)
_RUNS = {
    "openvino": "openvino-genai, on the CPU, in a process of its own",
    "transformers": "transformers, on {device}, in {precision}",
    "server": "that server; the excerpts that it reads leave Pincite",
}


@dataclass(frozen=True, slots=True)
class ModelState:
    """What `pincite models` says of a model."""

    role: str
    name: str
    origin: str  # the package, file or folder that it comes from
    state: str  # "verified", or what is wrong or unknown
    ok: bool
    note: str = ""  # what another model would improve
    runs: str = ""  # what computes it, and on what

    def to_dict(self) -> dict[str, str | bool]:
        """Return the state as a JSON object."""
        return asdict(self)


def states(settings: Settings, *, download: bool = False) -> list[ModelState]:
    """Say of the models that are set where they come from and whether their hashes hold."""
    cache = expanded(Path(settings.cache))
    embedded = settings.embedding_model == EMBEDDING_MODEL
    found = [
        _state(
            "embedding",
            settings.embedding_model,
            f"package {EMBEDDING_FOLDER.distribution}" if embedded else settings.embedding_model,
            lambda: (
                verify_embedding(cache)
                if embedded
                else unpinned(local_or_hub(settings.embedding_model, download=download))
            ),
            ENGLISH_ONLY if embedded else "",
        )
    ]
    if settings.reranker.strip():
        found.append(
            _state(
                "reranker",
                settings.reranker,
                settings.reranker,
                lambda: unpinned(local_or_hub(settings.reranker, download=download)),
            )
        )
    bundled = settings.judge == JUDGE
    found.append(
        _state(
            "judge",
            settings.judge,
            "comes with Pincite" if bundled else settings.judge,
            lambda: (
                verify_judge(cache)
                if bundled
                else unpinned(local_or_hub(settings.judge, download=download))
            ),
        )
    )
    return [*found, _language(settings, cache, download=download)]


def machine() -> dict[str, Any]:
    """Return what a model can run on here: cores, memory in GB, GPUs, and PyTorch's device."""
    found = openvino().Core()
    gpus = [name for name in found.available_devices if name.startswith("GPU")]
    torch = device()
    pages = os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    size = os.sysconf("SC_PAGE_SIZE") if pages else 0
    return {
        "cpu": str(found.get_property("CPU", "FULL_DEVICE_NAME")).strip(),
        "cores": os.cpu_count(),
        "memory_gb": round(pages * size / 1e9, 1) or None,
        "gpus": [str(found.get_property(name, "FULL_DEVICE_NAME")) for name in gpus]
        + sorted({torch} - {"cpu"}),
        "torch": torch,
    }


def unpinned(path: Path) -> str:
    """Return what is said of files that are there but not pinned."""
    return f"present, no hash is pinned for it ({path})"


def _language(settings: Settings, cache: Path, *, download: bool) -> ModelState:
    name = settings.model
    if name == LANGUAGE_MODEL:
        return _state(
            "language",
            name,
            f"packages {PART}1 … {PART}{len(PART_SHA256)}",
            lambda: verify(model_folder(cache)),
            runs=_RUNS["openvino"],
        )
    try:
        choice = chosen(name, download=download)
    except WeightsError as error:
        return ModelState("language", name, name, str(error), ok=False)
    runs = _RUNS[choice.runtime]
    match choice.runtime:
        case "server":
            return _state("language", name, name, lambda: _asked(settings), runs=runs)
        case "transformers":
            runs = runs.format(device=device(), precision=settings.precision)
    return _state("language", name, name, lambda: _looked_at(Path(choice.name)), runs=runs)


def _looked_at(path: Path) -> str:
    if is_gguf(path):
        gguf.check(path)
    return unpinned(path)


def _asked(settings: Settings) -> str:
    from rag.models.server import server_chat

    model = server_chat(settings.model, timeout=settings.server_timeout, max_new_tokens=1)
    return f"answers, and has the model {model.model_name}"


def _state(
    role: str,
    name: str,
    origin: str,
    look: Callable[[], str],
    note: str = "",
    runs: str = "",
) -> ModelState:
    try:
        return ModelState(role, name, origin, look(), ok=True, note=note, runs=runs)
    except (WeightsError, ModelError) as error:
        return ModelState(role, name, origin, str(error), ok=False, note=note, runs=runs)
