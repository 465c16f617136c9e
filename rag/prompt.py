"""prompts/*.md and values -> messages. What documents and users say goes in as data.

A prompt file holds the system message, a line `---`, and the user message, with `$variables`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from rag.errors import PromptError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_HERE = Path(__file__).parent
_FOLDERS = (_HERE / "prompts", _HERE.parent / "prompts")  # in a wheel; in a checkout

# Marks of chat templates, with which a document could pose as another speaker.
_CONTROL = re.compile(r"<[|｜][^|｜<>]{0,40}[|｜]>|</?(?:s|start_of_turn|end_of_turn)>|\[/?INST\]")


def prompt_folder() -> Path:
    """Return the folder of the prompts: in a wheel within the package, else beside it."""
    return next(folder for folder in _FOLDERS if folder.is_dir())


def messages(name: str, **values: str) -> list[BaseMessage]:
    """Fill the prompt of that name; raises PromptError if its variables are not the values."""
    path = next((f / f"{name}.md" for f in _FOLDERS if (f / f"{name}.md").is_file()), None)
    if path is None:
        raise PromptError(f"there is no prompt {name!r} in {_FOLDERS[-1]}")
    text = path.read_text(encoding="utf-8")
    if not Template(text).is_valid():
        raise PromptError(
            f"the prompt {name} has a $ that names no variable: write $$ for a dollar"
        )
    wanted = set(Template(text).get_identifiers())
    if wanted != set(values):
        raise PromptError(
            f"the prompt {name} has the variables {sorted(wanted)}, but is given {sorted(values)}"
        )
    system, separator, user = text.partition("\n---\n")
    if not separator:
        raise PromptError(f"the prompt {name} lacks the line --- between system and user")
    from langchain_core.messages import HumanMessage, SystemMessage

    safe = {key: as_data(value) for key, value in values.items()}
    return [
        SystemMessage(Template(system).substitute(safe).strip()),
        HumanMessage(Template(user).substitute(safe).strip()),
    ]


def sources(excerpts: Sequence[str]) -> str:
    """Return the excerpts as the prompt shows them."""
    return "\n\n".join(excerpts)


def as_data(text: str) -> str:
    """Take out what a chat template would read as the end of a message."""
    while _CONTROL.search(text):
        text = _CONTROL.sub(" ", text)
    return text
