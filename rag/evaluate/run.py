"""Cases -> answers, with progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from rag.assistant import Assistant
from rag.evaluate.cases import Case


def run(cases: Sequence[Case], assistant: Assistant) -> list[dict[str, Any]]:
    """Ask every case; the i-th answer (Answer.to_dict()) is that of the i-th case."""
    assistant.warm_up()
    return [
        assistant.ask(case.question, case.history).to_dict()
        for case in tqdm(cases, desc="asking", unit="question")
    ]
