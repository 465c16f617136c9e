"""What a user would pick instead: LangChain's chain of retriever, prompt and model.

All on the same GGUF file, with the 4 passages that Pincite's own search finds first, by

llama.cpp (wheel)     the fastest prebuilt wheel, xllamacpp's OpenAI-compatible server
llama.cpp (compiled)  llama-cpp-python's server, compiled here for this processor (minutes, once)
transformers          in bfloat16, which is what it unpacks the file to

Ollama is llama.cpp behind a server of its own; no package registry carries it.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from index import Library
from rag import weights
from rag.errors import ModelError
from rag.models import chat_model
from rag.settings import Settings
from tests.benchmarks.peers.environment import PeerError, python_of

PASSAGES = 4  # that a stock chain reads, as LangChain's retrievers return by default
_TOKENS = 160  # of an answer, for all
_STARTS_S = 300.0  # seconds that a server may take to load its model
_REQUIREMENTS = Path(__file__).with_name("llama_cpp.txt")
_PROMPT = ChatPromptTemplate.from_messages(
    [
        (
            "system",
            "You are an assistant for question-answering tasks. Use the following pieces of "
            "retrieved context to answer the question. If you don't know the answer, just say "
            "that you don't know. Use three sentences maximum and keep the answer concise."
            "\n\n{context}",
        ),
        ("human", "{input}"),
    ]
)
_WHEEL = """
import sys, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path, parameters.port = sys.argv[1], int(sys.argv[2])
parameters.n_ctx, parameters.n_parallel = 4096, 1
parameters.cpuparams.n_threads = int(sys.argv[3])
server = xllamacpp.Server(parameters)
sys.stdin.read()
"""
_COMPILED = """
import sys, uvicorn
from llama_cpp.server.app import create_app
from llama_cpp.server.settings import ModelSettings, ServerSettings
threads = int(sys.argv[3])
model = ModelSettings(model=sys.argv[1], n_ctx=4096, n_threads=threads, n_threads_batch=threads,
                      verbose=False)
app = create_app(server_settings=ServerSettings(port=int(sys.argv[2])), model_settings=[model])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""
_TORCH = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline
folder, name = os.path.split(sys.argv[1])
model = pipeline(
    "text-generation",
    AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.bfloat16),
    tokenizer=AutoTokenizer.from_pretrained(folder, gguf_file=name),
)
class Serve(BaseHTTPRequestHandler):
    def do_GET(self):
        self.say({"object": "list", "data": [{"id": "model", "object": "model"}]})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = model(asked["messages"], max_new_tokens=160, do_sample=False)
        message = said[0]["generated_text"][-1]
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        self.say({"id": "1", "object": "chat.completion", "choices": [choice]})
    def say(self, what):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(what).encode())
    def log_message(self, *arguments):
        pass
HTTPServer(("127.0.0.1", int(sys.argv[2])), Serve).serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Rival:
    """A stock chain that can be asked."""

    ask: Callable[[str], object]
    process: int  # that holds its model
    every: int = 1  # question is asked of it: one that is slow is asked few

    def resident(self) -> int:
        """Return the bytes of its model's process; the chain's own come on top."""
        return resident(self.process)


@contextmanager
def gguf_file(work: Path) -> Iterator[Path]:
    """Give the embedded model as the GGUF file that it came from."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / "model.gguf"
    weights._join(list(weights._parts()), path)
    try:
        yield path
    finally:
        path.unlink()


@contextmanager
def wheel(library: Library, gguf: Path, work: Path) -> Iterator[Rival | None]:
    """Give the chain on xllamacpp's server."""
    with _served(library, Path(sys.executable), _WHEEL, gguf) as rival:
        yield rival


@contextmanager
def compiled(library: Library, gguf: Path, work: Path) -> Iterator[Rival | None]:
    """Give the chain on llama-cpp-python's server, compiled for this processor."""
    try:
        python = python_of(work / "llama_cpp", _REQUIREMENTS)
    except PeerError as error:
        print(f"llama.cpp (compiled): not there ({error})", flush=True)
        yield None
        return
    with _served(library, python, _COMPILED, gguf) as rival:
        yield rival


@contextmanager
def torch(library: Library, gguf: Path, work: Path) -> Iterator[Rival | None]:
    """Give the chain on transformers."""
    with _served(library, Path(sys.executable), _TORCH, gguf) as rival:
        yield rival and replace(rival, every=5)


RIVALS = {"llama.cpp (wheel)": wheel, "llama.cpp (compiled)": compiled, "transformers": torch}


@contextmanager
def _served(library: Library, python: Path, script: str, gguf: Path) -> Iterator[Rival | None]:
    """Start a server of the file; give the chain on it, or None where it does not come up."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    command = [python, "-c", script, gguf, str(port), str(os.cpu_count())]
    with (
        tempfile.TemporaryFile() as says,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=says, stderr=says) as server,
    ):
        try:
            until = time.monotonic() + _STARTS_S
            there = False
            while not there and time.monotonic() < until and server.poll() is None:
                try:
                    there = bool(_at(url).invoke("Hello"))
                except ModelError:
                    time.sleep(1)
            if not there:
                says.seek(0)
                print(
                    f"a server ended ({server.poll()}): {says.read()[-2000:].decode()}", flush=True
                )
            yield Rival(_chain(library, _at(url)), server.pid) if there else None
        finally:
            server.kill()


def _at(url: str) -> BaseChatModel:
    """Return the only model of a server."""
    return chat_model(Settings(model=url, max_new_tokens=_TOKENS, server_timeout=600))


def _chain(library: Library, model: BaseChatModel) -> Callable[[str], object]:
    """Return the stock chain: the first passages, the usual prompt, the model."""

    def context(question: str) -> dict[str, str]:
        passages = library.search(question, PASSAGES)
        return {"context": "\n\n".join(hit.text for hit in passages), "input": question}

    return (context | _PROMPT | model | StrOutputParser()).invoke


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def resident(process: int) -> int:
    """Return the resident bytes of a process and those that it started."""
    family, total = {process}, 0
    for status in sorted(Path("/proc").glob("[0-9]*/status"), key=lambda p: int(p.parent.name)):
        try:
            said = status.read_text()
        except OSError:  # it has ended
            continue
        parent, size = re.search(r"PPid:\s+(\d+)", said), re.search(r"VmRSS:\s+(\d+)", said)
        number = int(status.parent.name)
        if size and parent and (number in family or int(parent[1]) in family):
            family.add(number)
            total += int(size[1]) * 1024
    return total
