"""What runs inside a peer's environment: a job of questions -> the peer's replies, as they are."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from tqdm import tqdm

from index import weights
from index.embed import Encoder
from rag import settings
from rag.models import chat_model
from rag.settings import Settings

MAX_NEW_TOKENS = 256  # LlamaIndex's own default; LangChain has none, and asks for three sentences


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document that the peer gave to the model; offsets as the peer has them."""

    document: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a peer says, with the chunks it read, in its order."""

    text: str
    chunks: tuple[Chunk, ...]


Turns = Sequence[tuple[str, str]]  # questions and answers that came before
Ask = Callable[[str, Turns], Reply]
Build = Callable[[Mapping[str, str], BaseChatModel, Encoder], Ask]  # documents by name, models


def main(build: Build) -> None:
    """Answer the questions of the job argv[1]; add a JSON line for each to argv[2]."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    own = settings_of_worker()
    encoder = weights.encoder(own.embedding_model, cache=Path(own.cache).expanduser())
    ask = build(job["documents"], chat_model(own), encoder)
    with Path(sys.argv[2]).open("a", encoding="utf-8") as out:
        for case in tqdm(job["cases"], desc=job["peer"], unit="question"):
            began = time.monotonic()
            reply = ask(case["question"], [(asked, said) for asked, said in case["history"]])
            took = {"key": case["key"], "seconds": time.monotonic() - began}
            line = json.dumps({**took, **asdict(reply)}, ensure_ascii=False)
            print(f"\n{line}", end="", file=out, flush=True)  # after what a kill left unfinished


def settings_of_worker() -> Settings:
    """Return the settings that a peer's models are loaded with."""
    return replace(settings.load(), max_new_tokens=MAX_NEW_TOKENS)
