"""Settings -> a LangChain chat model. The one interface to every language model.

Today: openvino-genai in the process, for the embedded model, a GGUF file, or a model in
OpenVINO's format.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from index.engine import openvino
from index.files import expanded
from rag import gguf
from rag.errors import ModelError
from rag.settings import Settings
from rag.weights import language_model

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}
_ENGINE = "openvino_genai"
_PIPELINE = {
    "prompt_lookup": True,
    # Activations in 8 bits, a scale per 128, the rest in float32: on a CPU with bfloat16 units,
    # where OpenVINO would take these, that was the fastest at every length but long prompts.
    "INFERENCE_PRECISION_HINT": "f32",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "128",
}
_DONE = object()  # put last on the queue of a generation


def chat_model(settings: Settings) -> BaseChatModel:
    """Load the language model; raises WeightsError or ModelError."""
    path = language_model(settings.model, expanded(Path(settings.cache)))
    return OpenVinoChat(
        path=str(path), model_name=settings.model, max_new_tokens=settings.max_new_tokens
    )


class OpenVinoChat(BaseChatModel):
    """A model on openvino-genai, on the CPU: greedy, one generation at a time, others wait.

    Closing the stream stops the generation. Prompt lookup (Saxena 2023) drafts tokens from the
    prompt, since answers copy their sources; what is generated stays the same.
    """

    path: str
    model_name: str
    max_new_tokens: int = 160

    _pipeline: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def model_post_init(self, context: Any, /) -> None:
        """Load the weights."""
        super().model_post_init(context)
        if Path(self.path).suffix == ".gguf":
            gguf.check(Path(self.path))
        try:
            self._pipeline = openvino(_ENGINE).LLMPipeline(self.path, "CPU", **_PIPELINE)
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"cannot load the language model at {self.path}: {_reason(error)} "
                "(`pincite models` checks its files)"
            ) from error
        self._tokenizer = self._pipeline.get_tokenizer()

    @property
    def _llm_type(self) -> str:
        return "openvino-genai"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = "".join(str(chunk.message.content) for chunk in self._stream(messages, stop))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        pieces: queue.SimpleQueue[Any] = queue.SimpleQueue()
        cancelled = threading.Event()
        worker = threading.Thread(
            target=self._run, args=(messages, stop, pieces, cancelled), daemon=True
        )
        worker.start()
        try:
            while (piece := pieces.get()) is not _DONE:
                if isinstance(piece, Exception):
                    raise ModelError(f"the language model failed: {_reason(piece)}") from piece
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk
            # A model may say nothing; LangChain takes a stream without a chunk for an error.
            yield ChatGenerationChunk(message=AIMessageChunk(content=""))
        finally:
            cancelled.set()
            worker.join()

    def _run(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        pieces: queue.SimpleQueue[Any],
        cancelled: threading.Event,
    ) -> None:
        status = openvino(_ENGINE).StreamingStatus

        def take(piece: str) -> Any:
            if cancelled.is_set():
                return status.CANCEL
            pieces.put(piece)
            return status.RUNNING

        try:
            prompt = self._tokenizer.apply_chat_template(
                [{"role": _ROLES[m.type], "content": str(m.content)} for m in messages],
                add_generation_prompt=True,
            )
            # Here, not around the consumer, who may pause for as long as he likes.
            with self._turn:
                if not cancelled.is_set():
                    self._pipeline.generate(prompt, self._config(stop), take)
        except Exception as error:  # told to the thread that asked
            pieces.put(error)
        finally:
            pieces.put(_DONE)

    def _config(self, stop: list[str] | None) -> Any:
        config = openvino(_ENGINE).GenerationConfig()
        config.max_new_tokens = self.max_new_tokens
        config.do_sample = False
        config.apply_chat_template = False  # it is in the prompt already
        config.eos_token_id = self._tokenizer.get_eos_token_id()
        config.stop_token_ids = {config.eos_token_id}
        config.num_assistant_tokens = 5  # drafted per step
        config.max_ngram_size = 3  # of the prompt, looked up
        if stop:
            config.stop_strings = set(stop)
        return config


def _reason(error: Exception) -> str:
    """Return the last line of what OpenVINO says; the lines before name places in its code."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
