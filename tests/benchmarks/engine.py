"""How long an answer takes, where the time goes, and what stock chains take: `make bench`.

    python -m tests.benchmarks.engine [--data ../shared/data] [--work library/benchmarks]
        [--limit 29] [--every 1] [--out reports/bench]

The questions of cases/seeds_dev.jsonl about the essays, where they are there, else Pincite's own
cases on the sample documents. Everything is measured in one run on one machine, a question asked
of each in turn: a machine's speed changes by the hour, so only ratios within a run say something.
The stock chains are those of rivals.py.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from index import Library
from index.engine import openvino
from index.weights import cache_folder
from rag import Assistant, assistant, weights
from rag.evaluate.cases import load
from rag.evaluate.statistics import percentile
from rag.records import Answer, Evidence, Sentence
from rag.settings import Settings
from tests.benchmarks import own
from tests.benchmarks.common import System, files_in, folders
from tests.benchmarks.rivals import RIVALS, Rival, free_port, gguf_file, resident

AT_ONCE = 8  # people
_WHOLE = "whole answer"
_READING, _SAYING = "reading the prompt", "saying the rest"
_KNOWN = 32  # tokens of a prompt, its instructions, that were read for the question before
_READ, _SAID = "tokens read", "tokens said"
_SEEN = ("evidence", "first judged sentence", _WHOLE)
_CHAT = """
import sys
from index import Library
from rag import Assistant
from rag.chat.app import create_app
from rag.chat.serve import start
library = Library.open(sys.argv[1])
assistant = Assistant(library)
assistant.warm_up()
start(create_app(assistant, library.path / "uploads"), host="127.0.0.1", port=int(sys.argv[3]))
assistant.ask(sys.argv[2])
print("warm", flush=True)
sys.stdin.read()
"""

Seconds = list[float]


def main() -> None:
    """Measure everything and print it; the seconds themselves go to --out."""
    parser = folders(__doc__)
    parser.add_argument("--limit", type=int, default=29, help="questions")
    parser.add_argument("--every", type=int, default=1, help="question is asked of the rivals")
    parser.add_argument("--out", type=Path, default=Path("reports/bench"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(said(machine := limits()), flush=True)
    with ExitStack() as stack:
        library, questions = stack.enter_context(asked(options.data, options.work))
        questions = questions[: options.limit]
        print(f"{len(questions)} questions; {chat_memory(library, questions[0])}", flush=True)
        ours = Assistant(library, Settings())
        ours.warm_up()
        clock = Clock(ours)
        gguf = stack.enter_context(gguf_file(options.work))
        rivals: dict[str, Rival] = {}
        for name, opened in RIVALS.items():
            if rival := stack.enter_context(opened(library, gguf, options.work)):
                rivals[name] = rival
            else:
                print(f"{name}: it did not come up, so it is not asked", flush=True)
        steps: list[Mapping[str, float]] = []
        found: dict[str, dict[int, float]] = {name: {} for name in rivals}
        stolen = theft()
        for number, question in enumerate(questions):
            steps.append(clock.timed(question))
            for name, rival in rivals.items():
                if number % (options.every * rival.every) == 0:
                    found[name][number] = timed(lambda r=rival, q=question: r.ask(q))
        print(chart(steps), flush=True)
        print(stolen(), flush=True)
        for name, values in found.items():
            ratios = [steps[number][_WHOLE] / value for number, value in values.items()]
            print(
                f"{name:22} whole answer {middle(list(values.values()))}; Pincite takes "
                f"{middle(ratios, ' x')} of it; its model's process holds "
                f"{rivals[name].resident() / 1e9:.2f} GB",
                flush=True,
            )
        print(distance(steps, machine), flush=True)
    with ExitStack() as stack:
        library, _ = stack.enter_context(asked(options.data, options.work))
        print(together(library, questions), flush=True)
        print(cold(library, questions[0]), flush=True)
    print(said(limits()), flush=True)
    (options.out / "engine.json").write_text(
        json.dumps({"Pincite": steps, **found}, indent=1), encoding="utf-8"
    )


@contextmanager
def asked(data: Path, work: Path) -> Iterator[tuple[Library, list[str]]]:
    """Open the library and give the questions about it."""
    corpus, seeds = data.parent / "corpus", data.parent / "cases/seeds_dev.jsonl"
    name, files, cases = "seeds", [corpus], seeds
    if not corpus.is_dir():
        name, files, cases = own.NAME, [own.DOCUMENTS], own.CASES
    with System().kept_library_of_files(work, name, files_in(files)) as library:
        yield library, [case.question for case in load(cases, library.text)]


class Clock:
    """An assistant whose steps are timed."""

    def __init__(self, ours: Assistant) -> None:
        self.ours = ours
        self.spent: Counter[str] = Counter()
        timed = ours  # its methods are replaced on this one alone
        for step, name in (("choosing what to read", "_excerpts"), ("judging", "_judge")):
            setattr(timed, name, self.of(step, getattr(ours, name)))
        assistant.attribute = self.of("attributing", assistant.attribute)
        self.model, self.tokenizer = ours.model, tokenizer()
        ours.given = self
        self._llm_type = self.model._llm_type

    def of(self, step: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return what does the same, and adds its seconds to the step."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return work(*args, **kwargs)
            finally:
                self.spent[step] += time.perf_counter() - began

        return timed

    def stream(self, messages: Sequence[Any]) -> Iterator[Any]:
        """Stream from the model: the time to its first words, and of the rest."""
        text = "".join(str(message.content) for message in messages)
        self.spent[_READ] += self.tokenizer.encode(text).input_ids.shape[1] - _KNOWN
        stream, step = self.model.stream(messages), _READING
        try:
            began = time.perf_counter()
            for chunk in stream:
                if chunk.content:
                    # It goes on while this is judged: what it takes is seen at its last words.
                    self.spent[step] = time.perf_counter() - began
                    if step == _READING:
                        step, began = _SAYING, time.perf_counter()
                    self.spent[_SAID] += self.tokenizer.encode(chunk.content).input_ids.shape[1]
                yield chunk
        finally:
            stream.close()

    def timed(self, question: str) -> dict[str, float]:
        """Return the seconds to each thing that a user sees, and those of each step."""
        self.spent.clear()
        return timed_steps(self.ours, question) | self.spent


def timed_steps(ours: Assistant, question: str) -> dict[str, float]:
    """Return the seconds from the question to each thing that a user sees."""
    began = time.perf_counter()
    seen: dict[str, float] = {}
    for event in ours.stream(question):
        at = time.perf_counter() - began
        match event:
            case Evidence():
                seen.setdefault("evidence", at)
            case Sentence():
                seen.setdefault("first judged sentence", at)
            case Answer():
                seen[_WHOLE] = at
    seen.setdefault("first judged sentence", seen[_WHOLE])
    return seen


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def theft() -> Callable[[], str]:
    """Begin to watch what a virtual machine's host takes; return what says its part."""

    def spent() -> tuple[int, int]:
        user, nice, system, _, _, irq, softirq, stolen = map(
            int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
        )
        return user + nice + system + irq + softirq, stolen

    before = spent()

    def said() -> str:
        ours, stolen = (now - then for now, then in zip(spent(), before, strict=True))
        part = stolen / max(1, ours + stolen)
        return f"the host took {part:.0%} of the processor time that was asked of it meanwhile"

    return said


def together(library: Library, questions: Sequence[str]) -> str:
    """Compare eight who ask at once with the same questions one after another.

    Each engine gets a question once, lest it be in its cache: one eight together and eight others
    one by one, another the other way round.
    """
    first, second = list(questions[:AT_ONCE]), list(questions[AT_ONCE : 2 * AT_ONCE])
    one_by_one, at_once, answers = 0.0, 0.0, []
    for alone, several in ((first, second), (second, first)):
        ours = Assistant(library, Settings())
        ours.warm_up()
        one_by_one += sum(timed_steps(ours, question)[_WHOLE] for question in alone)
        with ThreadPoolExecutor(AT_ONCE) as people:
            began = time.perf_counter()
            answers += people.map(partial(timed_steps, ours), several)
            at_once += time.perf_counter() - began
    return (
        f"{AT_ONCE} at once, twice: {at_once:.1f} s, the same one after another "
        f"{one_by_one:.1f} s: {one_by_one / at_once:.2f} x; evidence for all within "
        f"{max(seen['evidence'] for seen in answers):.2f} s, first judged sentences after "
        f"{middle([seen['first judged sentence'] for seen in answers])}"
    )


def chat_memory(library: Library, question: str) -> str:
    """Measure the chat with its page served, after an answer."""
    command = [sys.executable, "-c", _CHAT, str(library.path), question, str(free_port())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as chat:
        assert chat.stdout is not None
        warm = chat.stdout.readline()
        held = resident(chat.pid)
        chat.kill()
    if not warm:
        return "the chat ended before it was warm"
    return f"resident, chat open and warm: {held / 1e9:.2f} GB"


def cold(library: Library, question: str) -> str:
    """Time the command from its start, weights prepared."""
    pincite = [sys.executable, "-m", "rag.cli"]
    ask = [*pincite, "ask", "--library", str(library.path), question]

    def run(command: list[str]) -> float:
        return timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))

    answers, helps = [run(ask) for _ in range(3)], [run([*pincite, "--help"]) for _ in range(9)]
    return (
        f"pincite ask, cold: median of 3 {sorted(answers)[1]:.2f} s; "
        f"pincite --help: median of 9 {sorted(helps)[4]:.3f} s"
    )


def limits() -> dict[str, float]:
    """Measure what bounds every engine here: memory for a token, arithmetic for a prompt."""
    block = torch.randn(100_000_000)
    narrow = torch.randint(-127, 127, (300, 1536), dtype=torch.int8)
    wide = torch.randint(-127, 127, (8960, 1536), dtype=torch.int8)
    floats = narrow.float(), wide.float().t()
    counted = 2 * narrow.numel() * len(wide) / 1e12
    return {
        "GB/s": block.nbytes / best(block.sum) / 1e9,
        "int8 TOPS": counted / best(lambda: torch._int_mm(narrow, wide.t())),
        "float32 TOPS": counted / best(lambda: floats[0] @ floats[1]),
    }


def said(machine: Mapping[str, float]) -> str:
    """Return the limits in a line."""
    return (
        f"this machine reads {machine['GB/s']:.1f} GB/s; multiplies {machine['int8 TOPS']:.2f} "
        f"(int8) and {machine['float32 TOPS']:.2f} (float32) TOPS"
    )


def best(work: Callable[[], object], times: int = 7) -> float:
    """Return the seconds of the fastest run."""
    return min(timed(work) for _ in range(times))


def tokenizer() -> Any:
    """Return the embedded model's tokenizer."""
    return openvino("openvino_genai").Tokenizer(str(weights.language_model(cache_folder())))


def middle(values: Seconds, unit: str = " s") -> str:
    """Return the median with its interval."""
    metric = percentile("", values, 50)
    return f"{metric.value:.2f}{unit} [{metric.low:.2f}, {metric.high:.2f}] (N {len(values)})"


def chart(steps: Sequence[Mapping[str, float]]) -> str:
    """Return a bar for what a user sees, and for each step: medians, and its part of the whole."""
    whole = percentile("", [of[_WHOLE] for of in steps], 50).value or 1.0
    names = dict.fromkeys([*_SEEN, *(name for of in steps for name in of)])
    lines = []
    for name in names:
        if name in (_READ, _SAID):
            continue
        metric = percentile("", [of.get(name, 0.0) for of in steps], 50)
        bar = "█" * round(40 * (metric.value or 0) / whole)
        lines.append(
            f"{name:22} {bar:40} {metric.value:6.3f} s [{metric.low:.3f}, {metric.high:.3f}]"
        )
    return "\n".join(lines)


def distance(steps: Sequence[Mapping[str, float]], machine: Mapping[str, float]) -> str:
    """Return how far the model's two steps are from what bounds them on this machine."""
    total: Counter[str] = Counter()
    for of in steps:
        total.update(of)
    path = weights.language_model(cache_folder()) / "openvino_model.xml"
    *layers, head = [  # weights, a byte each; the last layer is computed for what is said alone
        math.prod(node.get_input_shape(1))
        for node in openvino().Core().read_model(path).get_ordered_ops()
        if node.get_type_name() == "MatMul" and node.get_input_partial_shape(1).is_static
    ]
    reads = total[_READ] / total[_READING]
    says = total[_SAID] / total[_SAYING]
    could_read = machine["int8 TOPS"] * 1e12 / 2 / sum(layers)
    could_say = machine["GB/s"] * 1e9 / (sum(layers) + head)
    return (
        f"reads {reads:.0f} tokens a second; the machine's arithmetic would allow "
        f"{could_read:.0f}: {reads / could_read:.2f} x\n"
        f"says {says:.1f} tokens a second; its memory would allow {could_say:.1f} without "
        f"drafting: {says / could_say:.2f} x"
    )


if __name__ == "__main__":
    main()
