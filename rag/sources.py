"""What has become of a source since it was cited: told by names and hashes, never by its text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, auto

from index.records import DocumentInfo
from rag.turns import Target


class State(StrEnum):
    """What has become of a source."""

    UNCHANGED = auto()
    MOVED = auto()  # it has another name now
    CHANGED = auto()  # of its name there is another text
    REMOVED = auto()


@dataclass(frozen=True, slots=True)
class Source:
    """What has become of a source, and the name that it has now; "" where it is gone."""

    state: State
    name: str


class Sources:
    """The documents of one moment, to hold citations against."""

    def __init__(self, documents: Iterable[DocumentInfo]) -> None:
        self._by_name: dict[str, str] = {}
        self._by_hash: dict[str, str] = {}
        for one in documents:
            self._by_name[one.name] = one.sha256
            self._by_hash.setdefault(one.sha256, one.name)

    def of(self, target: Target) -> Source:
        """Return what has become of the document that was cited, or found."""
        if self._by_name.get(target.document) == target.sha256:
            return Source(State.UNCHANGED, target.document)
        if name := self._by_hash.get(target.sha256):
            return Source(State.MOVED, name)
        if target.document in self._by_name:
            return Source(State.CHANGED, target.document)
        return Source(State.REMOVED, "")
