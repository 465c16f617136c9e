"""Fakes to be computed by eye: an encoder that counts letters, a model that says its lines."""

from __future__ import annotations

import re
import struct
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from index.embed import Spans, Vectors
from rag.crossencoder import Reading


class LetterEncoder:
    """How often each letter stands in a text, as a unit vector: "aab" is (2, 1, 0 …) / √5."""

    dimension = 26
    languages = ()

    def __init__(self, name: str = "letters") -> None:
        self.name = name
        self.encoded = 0  # texts that it was asked for, ever

    def encode(self, texts: Sequence[str], *, batch_size: int = 1) -> Vectors:
        self.encoded += len(texts)
        rows = np.empty((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            counts = Counter(text.lower())
            row[:] = [counts[letter] for letter in ascii_lowercase]
            if not row.any():  # a text without letters is like every letter a little
                row[:] = 1
            row /= np.linalg.norm(row)
        return rows

    def encode_question(self, question: str) -> Vectors:
        return self.encode([question])[0]

    def encode_passage(
        self, text: str, sentences: Sequence[tuple[int, int]]
    ) -> tuple[Vectors, Vectors]:
        self.encoded -= len(sentences)  # they are read with the text
        return self.encode([text])[0], self.encode([text[a:b] for a, b in sentences])

    def encode_pieces(self, text: str) -> tuple[Spans, Vectors]:
        places = [match.span() for match in re.finditer(r"\w+", text)]
        self.encoded -= len(places)  # no texts of their own
        rows = self.encode([text[start:end] for start, end in places])
        return np.array(places, np.int64).reshape(-1, 2), rows


class ScriptedModel(BaseChatModel):
    """Says what was enqueued, a reply a call, in pieces of three characters."""

    _replies: deque[str] = PrivateAttr(default_factory=deque)
    _unfinished: bool = PrivateAttr(default=False)
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    def enqueue(self, replies: Sequence[str]) -> ScriptedModel:
        self._replies.extend(replies)
        return self

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """The messages of every call."""
        return self._asked

    @property
    def unfinished(self) -> bool:
        """Whether the last stream was closed before its end."""
        return self._unfinished

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self._next(messages)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        reply = self._next(messages)
        self._unfinished = True
        for start in range(0, len(reply) or 1, 3):
            yield ChatGenerationChunk(message=AIMessageChunk(content=reply[start : start + 3]))
        self._unfinished = False

    def _next(self, messages: list[BaseMessage]) -> str:
        self._asked.append(messages)
        assert self._replies, f"nothing is left to say to {messages[-1].content!r}"
        return self._replies.popleft()


class ToldReader:
    """Says of every pair what the tests tell it, and keeps the pairs."""

    name = "told"

    def __init__(self, reading: Reading | None = None, **of_second: Reading) -> None:
        self.reading = reading or Reading()
        self.of_second = of_second
        self.pairs: list[tuple[str, str]] = []

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Reading]:
        """Return what it was told of each second text."""
        self.pairs += pairs
        return [self.of_second.get(second, self.reading) for _, second in pairs]


def gguf_file(*, tensors: int = 1, offset: int = 64, body: int = 128, kind: int = 4) -> bytes:
    """A GGUF file of one entry, a list of two words, and tensors of `body` bytes together."""

    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    words = struct.pack("<IQ", 8, 2) + text(b"a") + text(b"bc")
    entries = text(b"general.alignment") + struct.pack("<II", kind, 32)
    entries += text(b"tokenizer.ggml.tokens") + struct.pack("<I", 9) + words
    infos = b"".join(
        text(b"blk") + struct.pack("<IQIQ", 1, 16, 0, offset * number) for number in range(tensors)
    )
    head = b"GGUF" + struct.pack("<IQQ", 3, tensors, 2) + entries + infos
    return head + bytes(-len(head) % 32) + bytes(body)


def random_cross_encoder(folder: Path, *labels: str) -> Path:
    """Fill a folder with a cross-encoder of random weights: a real one in all but its judgement."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
    words = [*special.values(), "deep", "harbour", "rye"]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=special["unk_token"]))
    tokenizer.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=64, **special
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    torch.manual_seed(1)  # the same weights every time
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder
