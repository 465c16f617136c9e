"""What the command takes: its verbs, and their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def parser(functions: Sequence[Callable[..., int]]) -> argparse.ArgumentParser:
    """Return the parser of the command; each verb is told by the function of its name."""
    doing = {function.__name__: function for function in functions}
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--library", metavar="DIR", help="folder of the library (PINCITE_LIBRARY)")
    common.add_argument("--model", help="language model: embedded, file, folder, hub name, URL")
    common.add_argument("--embedding-model", metavar="MODEL", help="embedding model, likewise")
    made = argparse.ArgumentParser(
        prog="pincite",
        description="Answers from your own documents, every sentence pinned to its source.",
    )
    verbs = made.add_subparsers(metavar="VERB", required=True)

    within: dict[str, Any] = {
        "action": "append",
        "type": _text,
        "metavar": "NAME",
        "help": 'search this document only, or those below "folder/"; may be repeated',
    }

    def verb(name: str) -> argparse.ArgumentParser:
        function = doing[name]
        summary = (function.__doc__ or "").strip()
        added = verbs.add_parser(name, help=summary, description=summary, parents=[common])
        added.set_defaults(verb=function, error=added.error)
        return added

    one = verb("index")
    one.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    one.add_argument("--watch", action="store_true", help="keep following the files")
    one.add_argument("--prune", action="store_true", help="remove what is gone from the folders")
    one.add_argument("--reembed", action="store_true", help="first, with the model that is set")
    verb("documents").add_argument("--json", action="store_true")
    one = verb("remove")
    one.add_argument("names", nargs="+", type=_text, metavar="NAME")
    one.add_argument("--purge", action="store_true", help="leave no trace in the library's folder")
    verb("text").add_argument("name", type=_text, metavar="NAME")
    verb("check").add_argument("--repair", action="store_true", help="mend what can be")
    one = verb("search")
    one.add_argument("question", type=_text)
    one.add_argument("--within", **within)
    one.add_argument("-k", type=_positive, default=8, metavar="N", help="number of passages")
    one.add_argument("--json", action="store_true")
    one = verb("ask")
    one.add_argument("question", type=_text)
    one.add_argument("--within", **within)
    one.add_argument("--history", type=Path, metavar="FILE", help="JSON list of earlier turns")
    one.add_argument("--json", action="store_true")
    one = verb("chat")
    one.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="indexed first")
    one.add_argument("--host", default="127.0.0.1")
    one.add_argument("--port", type=_port, default=7860)
    one.add_argument("--no-browser", action="store_true", help="open no browser window")
    one = verb("evaluate")
    what = one.add_mutually_exclusive_group(required=True)
    what.add_argument("cases", type=Path, nargs="?", metavar="CASES", help=".jsonl or .csv")
    what.add_argument("--draft", type=Path, metavar="PATH", help="propose cases from documents")
    one.add_argument("--out", type=Path, metavar="DIR", help="for report.json and report.html")
    one.add_argument("--baseline", type=Path, metavar="REPORT", help="exit 1 on a loss against it")
    one.add_argument("--again", action="store_true", help="ask again what was answered before")
    one.add_argument("--number", type=_positive, default=20, metavar="N", help="to propose")
    one.add_argument("--json", action="store_true")
    one = verb("models")
    one.add_argument("--download", action="store_true", help="fetch hub models that are set")
    one.add_argument("--json", action="store_true")
    return made


def _text(value: str) -> str:
    r"""Return an argument with bytes that are no text as \xff, as a document's name has them."""
    return value.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _port(value: str) -> int:
    number = int(value)
    if not 1 <= number <= 65535:
        raise ValueError
    return number


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError
    return number
