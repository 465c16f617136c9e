"""What each step of an answer is worth: Pincite's own cases again without it.

    python -m tests.benchmarks.steps [--cases FILE --documents FOLDER] [--work library/benchmarks]

A row takes one step out. What the language model said to a prompt is kept below `work`, so that
only other prompts are asked anew. Relevance is judged by regressions that saw nothing of a
question's fold, since they are fitted on what was said to these questions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from index import Library
from rag import assistant as answering
from rag import judge, premise, select, vetoes
from rag.assistant import Assistant
from rag.crossencoder import Reading
from rag.evaluate.cases import Case, load
from rag.evaluate.metrics import total
from rag.evaluate.report import assemble
from rag.evaluate.statistics import Metric
from tests.benchmarks import own
from tests.benchmarks.common import System, files_in, folders, progress, unseen_relevance

SHOWN = (
    "right", "answer_contains", "gold_recall", "pin_f1", "abstain_recall", "false_abstain",
    "unsupported_shown",
)  # fmt: skip
Patches = Sequence[Callable[[], AbstractContextManager[Any]]]


class SaidOnce(BaseChatModel):
    """A chat model that says again what another one said to the same prompt, kept in a file."""

    file: Path

    _model: Callable[[], BaseChatModel] = PrivateAttr()
    _said: dict[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, model: Callable[[], BaseChatModel], **fields: Any) -> None:
        super().__init__(**fields)
        self._model = model
        if self.file.is_file():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                kept = json.loads(line)
                self._said[kept["key"]] = kept["said"]

    @property
    def _llm_type(self) -> str:
        return "said once"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self._text(messages)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content=self._text(messages)))

    def _text(self, messages: Sequence[BaseMessage]) -> str:
        asked = json.dumps([[message.type, message.content] for message in messages])
        key = hashlib.sha256(asked.encode()).hexdigest()[:24]
        if key not in self._said:
            said = "".join(str(chunk.content) for chunk in self._model().stream(list(messages)))
            self._said[key] = said
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "said": said}) + "\n")
        return self._said[key]


class Silent:
    """A reader that was taught nothing."""

    name = "silent"

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Reading]:
        return [Reading() for _ in pairs]


def _without(where: Any, name: str, instead: Any) -> Callable[[], AbstractContextManager[Any]]:
    return partial(patch.object, where, name, lambda *_, **__: instead)


_SURE = (_without(judge, "support", 1.0), _without(judge, "relevance", 1.0))
_NO_RULES = (
    _without(vetoes, "unsupported", frozenset()),
    _without(vetoes, "beside_the_point", False),
    _without(judge, "breaks_a_rule", False),
    partial(patch.object, judge, "LEAST_COVERED", 0.0),
    partial(patch.object, judge, "LEAST_ASKED", 0.0),
)
ROWS: Mapping[str, Patches] = {
    "all steps": (),
    "without the judge": _SURE,
    "without the judge of support": _SURE[:1],
    "without the judge of relevance": _SURE[1:],
    "without the rules": _NO_RULES,
    "without the cross-encoder": (_without(answering, "reader_of", Silent()),),
    "without what surroundings give": (_without(vetoes, "given", frozenset()),),
    "without the check of the premise": (_without(premise, "denied_by", None),),
    "without a source's own words": (_without(Assistant, "_quote", None),),
    "without the best readings in the prompt": (partial(patch.object, select, "_ANSWERING", 0),),
}


def main() -> None:
    """Print a table in Markdown."""
    parser = folders(__doc__ or "")
    parser.add_argument("--cases", type=Path, default=own.CASES)
    parser.add_argument("--documents", type=Path, default=own.DOCUMENTS)
    options = parser.parse_args()
    system = System()
    name = own.NAME if options.documents == own.DOCUMENTS else options.documents.name
    options.work.mkdir(parents=True, exist_ok=True)
    model = SaidOnce(lambda: system.model, file=options.work / "said.jsonl")
    print(f"| {name} | {' | '.join(SHOWN)} |\n|---|{'---|' * len(SHOWN)}")
    with system.kept_library_of_files(options.work, name, files_in([options.documents])) as library:
        cases = load(options.cases, library.text)
        for row, patches in ROWS.items():
            found = {one.name: one for one in measured(cases, library, model, patches, row)}
            values = " | ".join(f"{found[metric].value:.3f}" for metric in SHOWN)
            print(f"| {row} | {values} |", flush=True)


def measured(
    cases: Sequence[Case], library: Library, model: BaseChatModel, patches: Patches, row: str
) -> list[Metric]:
    """Return the harness's numbers of the cases, answered with what is patched."""
    with ExitStack() as stack:
        stack.enter_context(unseen_relevance())
        for patched in patches:
            stack.enter_context(patched())
        assistant = Assistant(library, model=model)
        answers = [
            assistant.ask(case.question, case.history).to_dict()
            for case in progress(cases, row, "case")
        ]
    report = assemble(own.CASES, cases, answers, assistant)
    return total([case["scores"] for case in report["cases"]])


if __name__ == "__main__":
    main()
