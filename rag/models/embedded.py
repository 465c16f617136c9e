"""The language model on openvino-genai: LangChain's face of `rag.models.engine`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from pydantic import PrivateAttr

from index.background import begun
from rag.errors import ModelError
from rag.models.local import LocalChat
from rag.models.process import EngineError, EngineProcess, Message
from rag.models.pulse import until


class OpenVinoChat(LocalChat):
    """A model on openvino-genai, on the CPU: greedy, for several who ask at once.

    path is a folder in OpenVINO's format or a GGUF file. The model is loaded by a process of its
    own that ends with this one; should it end earlier, the next question starts another.
    """

    path: str

    _engine: EngineProcess = PrivateAttr()
    _loaded: Future[None] = PrivateAttr(default_factory=Future)
    _starting: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, *, engine: EngineProcess | None = None, **fields: Any) -> None:
        """Wait until the weights are loaded, by that process or a new one; raises ModelError."""
        super().__init__(**fields)
        self._engine = engine or EngineProcess(self.path)
        self._wait(self._engine)
        self._loaded.set_result(None)

    @property
    def _llm_type(self) -> str:
        return "openvino-genai"

    def pieces(self, messages: list[Message], stop: Sequence[str]) -> Iterator[str]:
        """Yield the answer's text as it comes; raises ModelError. Closing it ends the work."""
        with self._starting:
            if self._loaded.done() and not self._engine.alive:
                self._engine = EngineProcess(self.path)
                self._loaded = begun(partial(self._wait, self._engine), "loading")
            engine, loaded = self._engine, self._loaded
        yield from until(loaded)
        try:
            yield from engine.generate(messages, self.max_new_tokens, stop)
        except EngineError as error:
            raise ModelError(f"the language model failed: {error}") from error

    def _wait(self, engine: EngineProcess) -> None:
        try:
            engine.wait_until_loaded()
        except EngineError as error:
            raise ModelError(
                f"cannot load the language model at {self.path}: {error} "
                "(`pincite models` checks its files)"
            ) from error
