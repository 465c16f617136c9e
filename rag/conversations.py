"""Conversations, kept as they were shown: in one SQLite file, each turn whole or not at all.

What is kept stands for itself: quotes, places and hashes are those of the moment of the answer,
whatever has become of the documents since (`rag.sources` tells that).
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from rag.errors import ConversationError
from rag.turns import Phase, Turn

TITLE = 80  # characters of a title, at most
_VERSION = 1
_WAIT_S = 10.0  # for another process that writes
_TABLES = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    created REAL NOT NULL,  -- seconds since 1970
    changed REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE turns (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,  -- counts from 0
    words TEXT NOT NULL,        -- what a search looks through, folded
    turn TEXT NOT NULL,         -- JSON
    PRIMARY KEY (conversation, position)
) STRICT, WITHOUT ROWID;
"""
_TURN = TypeAdapter(Turn)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list of conversations."""

    id: str
    title: str
    created: float  # seconds since 1970
    changed: float
    turns: int


class Conversations:
    """The conversations of one library. Safe to share between threads and processes."""

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Open the file, made where missing. Raises ConversationError."""
        self.file = file
        self._clock = clock
        with self._using() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _TABLES.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise ConversationError(
                    f"the conversations at {file} are of another version of Pincite: use that one"
                )

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """Hold the file for one change, which is all or nothing."""
        try:
            with closing(sqlite3.connect(self.file, timeout=_WAIT_S, isolation_level=None)) as db:
                db.execute("PRAGMA secure_delete = ON")  # what is deleted leaves no trace
                db.execute("PRAGMA foreign_keys = ON")
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
        except sqlite3.Error as error:
            raise ConversationError(
                f"the conversations at {self.file} failed: {error}; move that file away to begin"
                " anew"
            ) from error

    def entries(self, search: str = "") -> list[Entry]:
        """List the conversations that hold all words of the search, the last changed first."""
        words = [_folded(word) for word in search.split()]
        having = " AND ".join(
            "id IN (SELECT conversation FROM turns WHERE instr(words, ?))" for _ in words
        )
        with self._using() as db:
            rows = db.execute(
                "SELECT id, title, created, changed, (SELECT count(*) FROM turns "  # noqa: S608
                "WHERE conversation = id) FROM conversations "
                f"{f'WHERE {having} ' if having else ''}ORDER BY changed DESC, id",
                words,
            ).fetchall()
        return [Entry(*row) for row in rows]

    def title(self, conversation: str) -> str:
        """Return what a conversation is called. Raises ConversationError where there is none."""
        with self._using() as db:
            return _title(db, conversation)

    def turns(self, conversation: str) -> list[Turn]:
        """Return what was said, as it was shown. Raises ConversationError where there is none."""
        with self._using() as db:
            _title(db, conversation)
            rows = db.execute(
                "SELECT turn FROM turns WHERE conversation = ? ORDER BY position", (conversation,)
            ).fetchall()
        try:
            return [turn_from(kept) for (kept,) in rows]
        except ValueError as error:  # pydantic's ValidationError is one
            raise ConversationError(
                f"the conversation {conversation} is damaged; delete it with: "
                f"pincite conversations delete {conversation}"
            ) from error

    def begin(self, turn: Turn) -> str:
        """Keep a first turn; return the new conversation's id, which nobody can guess."""
        name, now = secrets.token_urlsafe(16), self._clock()
        with self._using() as db:
            db.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?)",
                (name, titled(turn.question), now, now),
            )
            _insert(db, name, 0, turn)
        return name

    def put(self, conversation: str, position: int, turn: Turn) -> None:
        """Keep a turn in the place of the one at its position, if there is one, and of all after.

        Raises ConversationError where the conversation is gone, or has no turn before it.
        """
        with self._using() as db:
            _title(db, conversation)
            db.execute(
                "DELETE FROM turns WHERE conversation = ? AND position >= ?",
                (conversation, position),
            )
            (last,) = db.execute(
                "SELECT count(*) FROM turns WHERE conversation = ?", (conversation,)
            ).fetchone()
            if last != position:
                raise ConversationError(f"the conversation has {last} turns, not {position}")
            _insert(db, conversation, position, turn)
            db.execute(
                "UPDATE conversations SET changed = ? WHERE id = ?", (self._clock(), conversation)
            )

    def rename(self, conversation: str, title: str) -> None:
        """Call a conversation otherwise. Raises ConversationError where there is none."""
        if not title.strip():
            raise ConversationError("a title needs a letter at least")
        with self._using() as db:
            _title(db, conversation)
            db.execute(
                "UPDATE conversations SET title = ? WHERE id = ?", (titled(title), conversation)
            )

    def delete(self, conversation: str) -> None:
        """Delete a conversation for good. Raises ConversationError where there is none."""
        with self._using() as db:
            _title(db, conversation)
            db.execute("DELETE FROM conversations WHERE id = ?", (conversation,))

    def quoting(self, document: str) -> list[Entry]:
        """List the conversations that hold words of a document of this name."""
        with self._using() as db:
            rows = db.execute("SELECT conversation, turn FROM turns").fetchall()
        names = {
            conversation
            for conversation, kept in rows
            if json.dumps(document) in kept and document in _documents(turn_from(kept))
        }
        return [entry for entry in self.entries() if entry.id in names]


def turn_from(kept: str) -> Turn:
    """Return a turn as it was kept; one that was not answered to its end was stopped.

    Raises ValueError where it is no turn.
    """
    # Neither way by pydantic's own JSON: a file's name may hold what UTF-8 has not.
    turn = _TURN.validate_python(json.loads(kept))
    if turn.answer:
        return replace(turn, hits=turn.answer.hits, sentences=turn.answer.sentences)
    return replace(turn, phase=Phase.STOPPED) if turn.busy else turn


def kept(turn: Turn) -> str:
    """Return a turn as JSON that says all of it."""
    once = replace(turn, hits=(), sentences=()) if turn.answer else turn
    return json.dumps(_TURN.dump_python(once), default=list)


def titled(text: str) -> str:
    """Return a line that a conversation can go by."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE else f"{line[: TITLE - 1].rstrip()}…"


def _insert(db: sqlite3.Connection, conversation: str, position: int, turn: Turn) -> None:
    said = [turn.question, *(sentence.text for sentence in turn.shown)]
    said += [citation.quote for citation in turn.citations]
    said += [citation.document for citation in turn.citations]
    if turn.answer and turn.answer.note:
        said.append(turn.answer.note)
    db.execute(
        "INSERT INTO turns VALUES (?, ?, ?, ?)",
        (conversation, position, _folded("\n".join(said)), kept(turn)),
    )


def _title(db: sqlite3.Connection, conversation: str) -> str:
    row = db.execute("SELECT title FROM conversations WHERE id = ?", (conversation,)).fetchone()
    if row is None:
        raise ConversationError("there is no such conversation (any more)")
    return str(row[0])


def _folded(text: str) -> str:
    return text.casefold().encode("utf-8", "replace").decode("utf-8")


def _documents(turn: Turn) -> Sequence[str]:
    return [*(one.document for one in turn.citations), *(hit.document for hit in turn.hits)]
