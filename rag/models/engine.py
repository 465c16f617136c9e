"""A process that generates with openvino-genai, for all who ask at once. JSON lines in and out.

It is a process of its own because a step of the pipeline holds Python's lock, for seconds where a
prompt is read: nobody could search or judge meanwhile. And where the engine ends the process, as
it does on some broken files, the one that asked lives on.

in:   {"id": 1, "messages": [{"role": "user", "content": "…"}], "max_new_tokens": 160, "stop": []}
      {"cancel": 1}
out:  {"ready": true}   {"error": "…"} where it cannot load
      {"id": 1, "text": "…"} …   {"id": 1, "done": true} or {"id": 1, "error": "…"}
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from index.engine import openvino
from index.prepared import is_prepared

_GENAI = "openvino_genai"
_LOOKUP = {
    # Drafts tokens from the prompt, since answers copy their sources (Saxena 2023); what is
    # generated stays the same.
    "prompt_lookup": True,
}
# What is multiplied with the weights is rounded to 8 bits. On a CPU with matrix units OpenVINO has
# fused layers for weights with a scale per output channel: a scale per token, the rest in bfloat16
# (two thirds of the time to read a prompt, a third more for a token). Elsewhere, and for weights in
# groups, a scale per 128 values, the rest in float32.
_FUSED = {
    "INFERENCE_PRECISION_HINT": "bf16",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "18446744073709551615",
}
_SEPARATE = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "128"}
_DRAFTED, _NGRAM = 8, 3  # tokens per step, after so many that stand in the prompt
_BLOCK = 32  # tokens, of a block of the cache on a CPU
_CACHED = 512  # blocks, of all prompts and answers at work and of the beginnings that recur
_MADV_DONTNEED = 4  # of Linux
_AT_A_TIME = 1024  # tokens of a step; a longer prompt is read in parts
# Generations. Of eight that come together, one by one the last waits longest, all at once the
# first: four at once took .7 of the time of one by one, and the least on average.
_AT_ONCE = 4

Send = Callable[[Mapping[str, Any]], None]


def main(path: str) -> None:
    """Load the model, then answer what is asked on the standard input until that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks says when to stop
    send = _sender()
    try:
        engine = Engine(path, send)
    except (RuntimeError, ValueError) as error:
        send({"error": reason(error)})
        return
    send({"ready": True})
    engine.run(_received(sys.stdin))


@dataclass(slots=True)
class _Generation:
    """One that is at work."""

    handle: Any
    streamer: Any


class Engine:
    """The pipeline and those who wait for it."""

    def __init__(self, path: str, send: Send) -> None:
        """Load the model; raises RuntimeError or ValueError."""
        self._genai = openvino(_GENAI)
        self._send = send
        scheduler = self._genai.SchedulerConfig()
        scheduler.num_kv_blocks = _CACHED
        scheduler.max_num_batched_tokens = _AT_A_TIME
        scheduler.enable_prefix_caching = True  # instructions are read once, not at each question
        # Others have their weights in groups; and one thread alone the layers divide by zero.
        fused = has_amx() and is_prepared(Path(path)) and threads() > 1
        self._pipeline = self._genai.ContinuousBatchingPipeline(
            path, scheduler, "CPU", _LOOKUP | (_FUSED if fused else _SEPARATE)
        )
        self._tokenizer = self._pipeline.get_tokenizer()
        # Where the tokenizer cuts a text off, silently, if not at what the cache holds.
        most = _BLOCK * _CACHED
        self._longest = int(self._tokenizer.encode("a " * most).input_ids.shape[1])
        self._longest = min(self._longest, most)
        self._path = Path(path)
        self._given_back = False  # the memory into which the files were read
        self._open: dict[int, _Generation] = {}
        self._waiting: deque[Mapping[str, Any]] = deque()

    def run(self, received: Callable[[bool], Iterator[Mapping[str, Any]] | None]) -> None:
        """Take what is asked and step, until nothing more can come."""
        while (asked := received(not self._open and not self._waiting)) is not None:
            for what in asked:
                self._take(what)
            while self._waiting and len(self._open) < _AT_ONCE:
                self._begin(self._waiting.popleft())
            if self._pipeline.has_non_finished_requests():  # a cancelled one is let go of, too
                self._step()

    def _take(self, what: Mapping[str, Any]) -> None:
        """Let a generation wait for its turn, or cancel one that waits or is at work."""
        if "cancel" not in what:
            self._waiting.append(what)
            return
        number = what["cancel"]
        if number in self._open:
            self._open.pop(number).handle.cancel()
        elif waiting := [asked for asked in self._waiting if asked["id"] == number]:
            self._waiting.remove(*waiting)
        else:
            return  # it is done
        self._send({"id": number, "done": True})

    def _begin(self, what: Mapping[str, Any]) -> None:
        """Begin a generation; one that cannot begin is told why."""
        number = what["id"]
        try:
            prompt = self._tokenizer.apply_chat_template(
                what["messages"], add_generation_prompt=True
            )
            # The template writes the special ones.
            tokens = self._tokenizer.encode(prompt, add_special_tokens=False).input_ids
            if tokens.shape[1] + what["max_new_tokens"] > self._longest:
                self._send(
                    {
                        "id": number,
                        "error": f"prompt and answer may not have more than {self._longest:,} "
                        "tokens: lower prompt_chars or max_new_tokens",
                    }
                )
                return
            handle = self._pipeline.add_request(number, tokens, self._config(what))
        except (RuntimeError, ValueError) as error:
            self._send({"id": number, "error": reason(error)})
            return
        self._open[number] = _Generation(handle, self._streamer(number))

    def _step(self) -> None:
        """Generate the next tokens of all, and send their text."""
        try:
            self._pipeline.step()
        except (RuntimeError, ValueError) as error:
            for number in self._open:
                self._send({"id": number, "error": reason(error)})
            # What failed would be stepped again: the next question starts another process.
            sys.exit(reason(error))
        status = self._genai.GenerationStatus
        for number, generation in list(self._open.items()):
            while generation.handle.can_read():
                for output in generation.handle.read().values():
                    generation.streamer.write(output.generated_ids)
            if (now := generation.handle.get_status()) == status.RUNNING:
                continue
            del self._open[number]
            generation.streamer.end()
            if now == status.IGNORED:
                self._send({"id": number, "error": "its cache is full: lower prompt_chars"})
            else:
                self._send({"id": number, "done": True})
        if not self._open and not self._given_back:
            with suppress(OSError, RuntimeError):  # of files that may not be looked at
                let_go_of([*self._path.iterdir()] if self._path.is_dir() else [self._path])
            self._given_back = True

    def _streamer(self, number: int) -> Any:
        """Return what makes text of tokens, whole characters only."""

        def said(text: str) -> Any:
            if text:
                self._send({"id": number, "text": text})
            return self._genai.StreamingStatus.RUNNING

        return self._genai.TextStreamer(self._tokenizer, said)

    def _config(self, what: Mapping[str, Any]) -> Any:
        config = self._genai.GenerationConfig()
        config.max_new_tokens = what["max_new_tokens"]
        config.do_sample = False
        config.apply_chat_template = False  # it is in the prompt already
        config.eos_token_id = self._tokenizer.get_eos_token_id()
        own = self._pipeline.get_config().stop_token_ids  # some models have several
        config.stop_token_ids = {config.eos_token_id, *own}
        config.num_assistant_tokens = _DRAFTED
        config.max_ngram_size = _NGRAM
        if what["stop"]:
            config.stop_strings = set(what["stop"])
        return config


def has_amx(cpus: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU has matrix units for bytes, as the kernel says; without one, no."""
    if not cpus.is_file():
        return False
    flags = cpus.read_text(encoding="utf-8", errors="replace").partition("\nflags")[2]
    return {"amx_int8", "amx_bf16"} <= set(flags.partition("\n")[0].split())


def threads() -> int:
    """Return how many threads OpenVINO uses here, where the process may have fewer CPUs."""
    op = openvino("openvino.opset13")
    nothing = op.parameter([1])
    model = openvino().Model([op.relu(nothing)], [nothing])
    compiled = openvino().Core().compile_model(model, "CPU")
    return int(compiled.get_property("INFERENCE_NUM_THREADS"))


def let_go_of(files: Iterable[Path]) -> None:
    """Give the memory back into which files were read, as far as they are mapped.

    OpenVINO keeps the weights as they are in the file beside those that it multiplies, half of
    its memory, and does not read them again; what it does read comes back from the file.
    """
    if sys.platform != "linux":
        return
    found = {file.resolve() for file in files}  # a hub's cache has links
    madvise = ctypes.CDLL(None).madvise
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        if name and "w" not in rights and Path(name[0]) in found:
            start, end = (int(address, 16) for address in span.split("-"))
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED)


def reason(error: Exception) -> str:
    """Return the last line of what OpenVINO says; the lines before name places in its code."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _sender() -> Send:
    """Return what writes a line of JSON to the standard output, and keep others from it."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints belongs to the errors

    def send(said: Mapping[str, Any]) -> None:
        out.write(json.dumps(said) + "\n")
        out.flush()

    return send


def _received(lines: TextIO) -> Callable[[bool], Iterator[Mapping[str, Any]] | None]:
    """Return what gives the messages that have come, if need be after a wait; None at the end."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in lines:
            waiting.put(line)
        waiting.put("")  # the end

    threading.Thread(target=read, daemon=True).start()

    def received(wait: bool) -> Iterator[Mapping[str, Any]] | None:
        found = [waiting.get()] if wait else []
        while not waiting.empty():
            found.append(waiting.get())
        return None if "" in found else map(json.loads, found)

    return received


if __name__ == "__main__":
    main(sys.argv[1])
