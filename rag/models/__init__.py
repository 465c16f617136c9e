"""Settings -> a LangChain chat model: the one interface to every language model.

What the setting `model` says         what answers
the embedded model's name             openvino-genai, in a process beside this one (embedded.py)
a .gguf file, a folder with           likewise
  openvino_model.xml
a folder of transformers'             transformers, in this process, on a GPU where there is one
  or transformers:PATH_OR_NAME          (transformers.py)
http://HOST:PORT/v1 or …/v1#NAME      any OpenAI-compatible server (server.py)

Instead of a path, OWNER/NAME is a model of the hub, if it lies in the hub's cache.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from index.background import begun
from index.files import expanded
from index.weights import local_or_hub
from rag.errors import WeightsError
from rag.models import gguf
from rag.weights import LANGUAGE_MODEL, language_model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.settings import Settings

Runtime = Literal["openvino", "transformers", "server"]

SERVER = "server"  # what its models call themselves
TRANSFORMERS = "transformers:"  # before a path or name: which otherwise may run on OpenVINO


@dataclass(frozen=True, slots=True)
class Choice:
    """What a setting `model` means."""

    runtime: Runtime
    name: str  # what the runtime is to load: the embedded model's name, a path, or a URL


def chosen(model: str, *, download: bool = False) -> Choice:
    """Return what the setting means; raises WeightsError where there is no such model."""
    if model.startswith(("http://", "https://")):
        return Choice("server", model)
    if model == LANGUAGE_MODEL:
        return Choice("openvino", model)
    path = local_or_hub(model.removeprefix(TRANSFORMERS), download=download).absolute()
    if model.startswith(TRANSFORMERS):
        return Choice("transformers", str(path))
    if is_gguf(path) or (path / "openvino_model.xml").is_file():
        return Choice("openvino", str(path))
    if (path / "config.json").is_file():
        return Choice("transformers", str(path))
    raise WeightsError(
        f"{path} is no language model: name a .gguf file, a folder with openvino_model.xml, or "
        "one with config.json"
    )


def is_gguf(path: Path) -> bool:
    """Whether it is a file that calls itself GGUF."""
    return path.is_file() and path.suffix.lower() == ".gguf"


def chat_model(settings: Settings) -> BaseChatModel:
    """Return the language model, loaded; raises WeightsError or ModelError.

    Each runtime is imported only where it is chosen.
    """
    choice = chosen(settings.model)
    match choice.runtime:
        case "openvino":
            from rag.models.process import EngineProcess

            path = choice.name
            if path == LANGUAGE_MODEL:
                path = str(language_model(expanded(Path(settings.cache))))
            elif is_gguf(Path(path)):
                gguf.check(Path(path))
            engine = EngineProcess(path)  # it loads while LangChain is imported
            from rag.models.embedded import OpenVinoChat

            return OpenVinoChat(path=path, engine=engine, max_new_tokens=settings.max_new_tokens)
        case "transformers":
            from rag.models.transformers import TransformersChat

            return TransformersChat(
                path=choice.name,
                precision=settings.precision,
                max_new_tokens=settings.max_new_tokens,
            )
        case "server":
            from rag.models.server import server_chat

            return server_chat(
                choice.name, timeout=settings.server_timeout, max_new_tokens=settings.max_new_tokens
            )


def loading(settings: Settings) -> Future[BaseChatModel]:
    """Load it while the caller goes on, and even leaves."""
    return begun(lambda: chat_model(settings), "loading")


def device() -> str:
    """Return where torch computes: the GPU where there is one."""
    import torch

    found = torch.accelerator.current_accelerator()
    return str(found) if found and torch.accelerator.is_available() else "cpu"
