"""How long an answer takes, where the time goes, and what stock chains take: `make bench`.

    python -m tests.benchmarks.engine [--data ../shared/data] [--work library/benchmarks]
        [--limit 29] [--out reports/bench]

The questions of cases/seeds_dev.jsonl about the essays, where they are there, else Pincite's own
cases on the sample documents. Everything is measured in one run on one machine, a question asked
of each in turn: a machine's speed changes by the hour, so only ratios within a run say something.

The rivals are what a user would pick instead: LangChain's chain of retriever, prompt and model,
on the same GGUF file, with the 4 passages that Pincite's own search finds first, by

llama.cpp (wheel)     the fastest prebuilt wheel, xllamacpp's OpenAI-compatible server
llama.cpp (compiled)  llama-cpp-python's server, compiled here for this processor (minutes, once)

Ollama is llama.cpp behind a server of its own; no package registry carries it.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from index import Library
from rag import Assistant, weights
from rag.errors import ModelError
from rag.evaluate.cases import load
from rag.evaluate.statistics import percentile
from rag.models import chat_model
from rag.records import Answer, Evidence, Sentence
from rag.settings import Settings
from tests.benchmarks import own
from tests.benchmarks.common import System, files_in, folders
from tests.benchmarks.peers.environment import PeerError, python_of

AT_ONCE = 8  # people
_PASSAGES = 4  # that a stock chain reads, as LangChain's retrievers return by default
_TOKENS = 160  # of an answer, for all
_STARTS_S = 120.0  # seconds that a server may take to load its model
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
import sys, time, xllamacpp
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

Ask = Callable[[str], object]
Seconds = list[float]


def main() -> None:
    """Measure everything and print it; the seconds themselves go to --out."""
    parser = folders(__doc__)
    parser.add_argument("--limit", type=int, default=29, help="questions")
    parser.add_argument("--out", type=Path, default=Path("reports/bench"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Seconds] = {}
    print(limits(), flush=True)
    with ExitStack() as stack:
        library, questions = stack.enter_context(asked(options.data, options.work))
        questions = questions[: options.limit]
        assistant = Assistant(library, Settings())
        assistant.warm_up()
        print(f"{len(questions)} questions; resident, warm: {resident() / 1e9:.2f} GB", flush=True)
        gguf = stack.enter_context(gguf_file(options.work))
        rivals = {
            name: stack.enter_context(chain)
            for name, chain in (
                ("llama.cpp (wheel)", wheel(library, gguf)),
                ("llama.cpp (compiled)", compiled(library, gguf, options.work)),
            )
        }
        steps: dict[str, Seconds] = {}
        for question in questions:
            for step, seconds in timed_steps(assistant, question).items():
                steps.setdefault(step, []).append(seconds)
            for name, ask in rivals.items():
                if ask:
                    found.setdefault(name, []).append(timed(ask, question))
        found["Pincite"] = steps["whole answer"]
        for step, values in steps.items():
            print(bar(step, values, steps["whole answer"]))
        for name, values in found.items():
            print(against(name, values, found["Pincite"]), flush=True)
    with ExitStack() as stack:
        library, _ = stack.enter_context(asked(options.data, options.work))
        assistant = Assistant(library, Settings())
        assistant.warm_up()
        print(together(assistant, questions), flush=True)
        print(cold(library, questions[0]), flush=True)
    print(limits(), flush=True)
    (options.out / "engine.json").write_text(json.dumps(found | steps, indent=1), encoding="utf-8")


@contextmanager
def asked(data: Path, work: Path) -> Iterator[tuple[Library, list[str]]]:
    """Open the library and give the questions about it."""
    corpus, seeds = data.parent / "corpus", data.parent / "cases/seeds_dev.jsonl"
    name, files, cases = "seeds", [corpus], seeds
    if not corpus.is_dir():
        name, files, cases = own.NAME, [own.DOCUMENTS], own.CASES
    with System().kept_library_of_files(work, name, files_in(files)) as library:
        yield library, [case.question for case in load(cases, library.text)]


def timed_steps(assistant: Assistant, question: str) -> dict[str, float]:
    """Return the seconds from the question to each thing that a user sees."""
    began = time.perf_counter()
    seen: dict[str, float] = {}
    for event in assistant.stream(question):
        at = time.perf_counter() - began
        match event:
            case Evidence():
                seen["evidence"] = at
            case Sentence():
                seen.setdefault("first judged sentence", at)
            case Answer():
                seen["whole answer"] = at
    seen.setdefault("first judged sentence", seen["whole answer"])
    return seen


def timed(ask: Ask, question: str) -> float:
    """Return the seconds that an answer takes."""
    began = time.perf_counter()
    ask(question)
    return time.perf_counter() - began


def chain(library: Library, model: BaseChatModel) -> Ask:
    """Return the stock chain: the first passages, the usual prompt, the model."""

    def context(question: str) -> dict[str, str]:
        passages = library.search(question, _PASSAGES)
        return {"context": "\n\n".join(hit.text for hit in passages), "input": question}

    return (context | _PROMPT | model | StrOutputParser()).invoke


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
def wheel(library: Library, gguf: Path) -> Iterator[Ask | None]:
    """Give the chain on xllamacpp's server."""
    with served(Path(sys.executable), _WHEEL, gguf) as url:
        yield chain(library, at(url)) if url else None


@contextmanager
def compiled(library: Library, gguf: Path, work: Path) -> Iterator[Ask | None]:
    """Give the chain on llama-cpp-python's server, compiled for this processor."""
    os.environ["CMAKE_ARGS"] = "-DGGML_NATIVE=ON"
    try:
        python = python_of(work / "llama_cpp", _REQUIREMENTS)
    except PeerError as error:
        print(f"llama.cpp (compiled): not there ({error})", flush=True)
        yield None
        return
    with served(python, _COMPILED, gguf) as url:
        yield chain(library, at(url)) if url else None


def at(url: str) -> BaseChatModel:
    """Return the only model of a server."""
    return chat_model(Settings(model=url, max_new_tokens=_TOKENS, server_timeout=600))


@contextmanager
def served(python: Path, script: str, gguf: Path) -> Iterator[str | None]:
    """Start a server of the file; give its URL, or None where it does not come up."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    command = [python, "-c", script, gguf, str(port), str(os.cpu_count())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        until = time.monotonic() + _STARTS_S
        there = False
        while not there and time.monotonic() < until and server.poll() is None:
            try:
                there = bool(at(url).invoke("Hello"))
            except ModelError:
                time.sleep(1)
        yield url if there else None
        server.kill()


def together(assistant: Assistant, questions: Sequence[str]) -> str:
    """Compare eight who ask at once with the same questions one after another."""
    several = list(questions[-AT_ONCE:])
    alone = [timed_steps(assistant, question) for question in several]
    # Not those that were just answered: their beginnings are in the engine's cache.
    others = list(questions[:AT_ONCE])
    with ThreadPoolExecutor(AT_ONCE) as people:
        began = time.perf_counter()
        at_once = list(people.map(lambda question: timed_steps(assistant, question), others))
        took = time.perf_counter() - began
    one_by_one = sum(seen["whole answer"] for seen in alone)
    return (
        f"{AT_ONCE} at once {took:.1f} s, {AT_ONCE} others one after another {one_by_one:.1f} s: "
        f"{one_by_one / took:.2f} x; evidence for all within "
        f"{max(seen['evidence'] for seen in at_once):.2f} s"
    )


def cold(library: Library, question: str) -> str:
    """Time the command from its start, weights prepared."""
    pincite = [sys.executable, "-m", "rag.cli"]
    ask = [*pincite, "ask", "--library", str(library.path), question]

    def run(command: list[str]) -> float:
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    answers, helps = [run(ask) for _ in range(3)], [run([*pincite, "--help"]) for _ in range(9)]
    return (
        f"pincite ask, cold: median of 3 {sorted(answers)[1]:.2f} s; "
        f"pincite --help: median of 9 {sorted(helps)[4]:.3f} s"
    )


def limits() -> str:
    """Measure what bounds every engine here: memory for a token, arithmetic for a prompt."""
    block = torch.randn(100_000_000)
    narrow = torch.randint(-127, 127, (300, 1536), dtype=torch.int8)
    wide = torch.randint(-127, 127, (8960, 1536), dtype=torch.int8)
    read = best(block.sum)
    counted = 2 * narrow.numel() * len(wide)
    int8 = best(lambda: torch._int_mm(narrow, wide.t()))
    float32 = best(lambda: narrow.float() @ wide.float().t())
    return (
        f"this machine: reads {block.nbytes / read / 1e9:.1f} GB/s; multiplies "
        f"{counted / int8 / 1e12:.2f} (int8) and {counted / float32 / 1e12:.2f} (float32) "
        "TOPS"
    )


def best(work: Callable[[], object], times: int = 7) -> float:
    """Return the seconds of the fastest run."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def resident() -> int:
    """Return the resident bytes of this process and those that it started."""
    mine, total = {os.getpid()}, 0
    for status in sorted(Path("/proc").glob("[0-9]*/status"), key=lambda p: int(p.parent.name)):
        try:
            said = status.read_text()
        except OSError:  # it has ended
            continue
        parent, size = re.search(r"PPid:\s+(\d+)", said), re.search(r"VmRSS:\s+(\d+)", said)
        number = int(status.parent.name)
        if size and parent and (number in mine or int(parent[1]) in mine):
            mine.add(number)
            total += int(size[1]) * 1024
    return total


def bar(step: str, values: Seconds, whole: Seconds) -> str:
    """Return a line of a chart: a step's median, as a part of the whole answer's."""
    metric, most = percentile(step, values, 50), percentile("", whole, 50)
    width = round(40 * (metric.value or 0) / (most.value or 1))
    return f"{step:22} {'█' * width:40} {metric.value:6.3f} s [{metric.low:.3f}, {metric.high:.3f}]"


def against(name: str, values: Seconds, ours: Seconds) -> str:
    """Return a line: what a rival takes, and the part of it that Pincite takes, by question."""
    metric = percentile(name, values, 50)
    ratio = percentile("", [o / v for o, v in zip(ours, values, strict=False)], 50)
    return (
        f"{name:22} whole answer {metric.value:6.2f} s [{metric.low:.2f}, {metric.high:.2f}]; "
        f"Pincite takes {ratio.value:.2f} x [{ratio.low:.2f}, {ratio.high:.2f}] of it"
    )


if __name__ == "__main__":
    main()
