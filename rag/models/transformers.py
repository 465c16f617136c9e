"""The language model on transformers, in this process: the road for a GPU and for any hub model."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from rag.errors import ModelError
from rag.models import device, gguf
from rag.models.local import LocalChat
from rag.models.process import Message
from rag.models.pulse import coming

_DONE = object()  # put last on the queue of a generation


class TransformersChat(LocalChat):
    """A causal language model of transformers: greedy, one generation at a time, others wait.

    path is a folder of transformers' or a GGUF file, which is unpacked. It runs on the GPU where
    there is one. precision is "bfloat16", "float32", or "4bit" (bitsandbytes, nf4: Dettmers 2023).
    """

    path: str
    precision: str = "bfloat16"

    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def model_post_init(self, context: Any, /) -> None:
        """Load the weights; raises WeightsError or ModelError."""
        super().model_post_init(context)
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # ours is the only one on the screen
        path = Path(self.path)
        files: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        if path.suffix == ".gguf":
            gguf.check(path)
            files["gguf_file"] = path.name
            path = path.parent
        weights: dict[str, Any] = {"dtype": getattr(torch, self.precision, torch.bfloat16)}
        if self.precision == "4bit":
            weights["device_map"] = device()
            weights["quantization_config"] = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
            )
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(str(path), **files)
            self._model = AutoModelForCausalLM.from_pretrained(
                str(path), use_safetensors=True, **files, **weights
            )
            if self.precision != "4bit":  # which is on its device
                self._model.to(device())
        except Exception as error:  # whatever the reading of foreign files raises
            raise ModelError(
                f"cannot load the language model at {self.path}: {_reason(error)}"
            ) from error
        if not self._tokenizer.chat_template:
            raise ModelError(
                f"the language model at {self.path} has no chat template: take one that was made "
                "to follow instructions"
            )

    @property
    def _llm_type(self) -> str:
        return "transformers"

    def pieces(self, messages: list[Message], stop: Sequence[str]) -> Iterator[str]:
        """Yield the answer's text as it comes; raises ModelError. Closing it ends the work."""
        said: queue.SimpleQueue[Any] = queue.SimpleQueue()
        cancelled = threading.Event()
        worker = threading.Thread(
            target=self._run, args=(messages, stop, said, cancelled), daemon=True
        )
        worker.start()
        try:
            for piece in coming(said):
                if piece is _DONE:
                    return
                if isinstance(piece, Exception):
                    raise ModelError(f"the language model failed: {_reason(piece)}") from piece
                yield piece
        finally:
            cancelled.set()

    def _run(
        self,
        messages: list[Message],
        stop: Sequence[str],
        said: queue.SimpleQueue[Any],
        cancelled: threading.Event,
    ) -> None:
        """Generate on a thread of its own, so that what was said is judged meanwhile."""
        from transformers import TextStreamer

        class Pieces(TextStreamer):
            """Hands on whole words as they are complete."""

            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                if text:
                    said.put(text)

        try:
            inputs = self._tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            ).to(self._model.device)
            with self._turn:
                if cancelled.is_set():
                    return
                self._model.generate(
                    **inputs,
                    max_new_tokens=self.max_new_tokens,
                    do_sample=False,
                    temperature=None,
                    top_p=None,
                    top_k=None,
                    streamer=Pieces(self._tokenizer, skip_prompt=True, skip_special_tokens=True),
                    stopping_criteria=[lambda ids, scores, **kwargs: cancelled.is_set()],
                    tokenizer=self._tokenizer if stop else None,
                    stop_strings=list(stop) or None,
                )
        except Exception as error:  # told to the thread that asked
            said.put(error)
        finally:
            said.put(_DONE)


def _reason(error: Exception) -> str:
    """Return the first line of what went wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
