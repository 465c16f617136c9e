"""The command: one function per verb. What it prints is for people; --json is for programs."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TextIO

from index.errors import PinciteError
from rag.arguments import parser
from rag.terminal import add, indexing, line, print_answer, print_changes, print_metrics

if TYPE_CHECKING:
    from concurrent.futures import Future

    from langchain_core.language_models import BaseChatModel

    from index import Library
    from index.embed import Encoder
    from index.records import AddReport
    from rag.assistant import Assistant
    from rag.settings import Settings

DONE, FAILED, USAGE, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
_ALWAYS_TOLD = ("added", "updated", "unchanged", "failed")  # of what an addition did
_TOLD = ("moved", "removed")  # where it did
_WATCH_EVERY = 2.0  # seconds between two looks at the watched files


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser(VERBS).parse_args(arguments)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if isinstance(sys.stdout, io.TextIOWrapper):  # whatever a document holds can be printed
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        from rag import settings

        flags = {"library": options.library, "model": options.model}
        flags["embedding_model"] = options.embedding_model
        code = int(options.verb(options, settings.load(flags)))
        sys.stdout.flush()  # here, where it may fail in one line
        return code
    except PinciteError as error:
        print(f"pincite: {line(str(error))}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("pincite: stopped; what was finished is kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:  # a disk that is full, a folder that may not be written
        where = f": {error.filename}" if error.filename else ""
        print(f"pincite: {line((error.strerror or str(error)) + where)}", file=sys.stderr)
        return FAILED
    except Exception as error:  # a fault of Pincite's own
        if os.environ.get("PINCITE_DEBUG"):
            raise
        said = line(f"{type(error).__name__}: {error}")
        print(
            f"pincite: a fault in Pincite itself ({said}); set PINCITE_DEBUG=1 to see where, and "
            "report it",
            file=sys.stderr,
        )
        return FAILED


def index(options: argparse.Namespace, settings: Settings) -> int:
    """Add or refresh files and folders."""
    from index.files import signature

    if options.reembed:
        _reembed(settings)
    elif not options.paths:
        options.error("name the files and folders to index")
    with _open(settings) as library:
        seen = signature(options.paths, without=library.path)
        report = _add(library, options.paths, prune=options.prune)
        if options.watch:
            _watch(library, options.paths, seen, prune=options.prune)
        return SOME_FAILED if report.failed else DONE


def documents(options: argparse.Namespace, settings: Settings) -> int:
    """List the documents."""
    with _open(settings) as library:
        found = library.documents()
    if options.json:
        _print_json(
            {
                "documents": [
                    {"name": d.name, "sha256": d.sha256, "pages": d.pages, "passages": d.passages}
                    for d in found
                ]
            }
        )
        return DONE
    for document in found:
        pages = "" if document.pages is None else f"{document.pages} pages, "
        print(f"{line(document.name)}  ({pages}{document.passages} passages)")
    if not found:
        print("The library is empty. Add documents: pincite index PATH")
    return DONE


def remove(options: argparse.Namespace, settings: Settings) -> int:
    """Take documents out of the library."""
    failed = False
    with _open(settings) as library:
        for name in options.names:
            try:
                library.remove(name, purge=options.purge)
                print(f"removed  {line(name)}")
            except PinciteError as error:
                failed = True
                print(f"pincite: {line(str(error))}", file=sys.stderr)
    return FAILED if failed else DONE


def text(options: argparse.Namespace, settings: Settings) -> int:
    """Print the text that a document's offsets refer to, exactly."""
    with _open(settings) as library:
        sys.stdout.buffer.write(library.text(options.name).encode())
    return DONE


def check(options: argparse.Namespace, settings: Settings) -> int:
    """Check the library's integrity."""
    with _open(settings) as library:
        faults = library.check(repair=options.repair)
        held, passages = library.count()
    for fault in faults:
        print(line(str(fault)))
    if faults and not options.repair:
        print("Mend it with: pincite check --repair")
    if not faults:
        print(f"{held} documents, {passages} passages: all whole")
    return FAILED if faults else DONE


def search(options: argparse.Namespace, settings: Settings) -> int:
    """Print the ranked passages."""
    from rag.assistant import check_question

    check_question(options.question)
    with _open(settings) as library:
        hits = library.search(options.question, options.k, within=options.within)
    if options.json:
        passages = [
            {"document": h.document, "start": h.start, "end": h.end, "text": h.text,
             "score": round(h.score, 4)}
            for h in hits
        ]  # fmt: skip
        _print_json({"question": options.question, "passages": passages})
        return DONE
    for number, hit in enumerate(hits, 1):
        page = "" if hit.page is None else f", page {hit.page}"
        print(f"{number}. {line(hit.document)}{page}  [{hit.start}:{hit.end}]  {hit.score:.2f}")
        print(f"   {line(' '.join(hit.text.split()))}")
        if hit.copies:
            print(f"   nearly the same in {line(', '.join(hit.copies))}")
        print()
    if not hits:
        print("No passages: the library is empty. Add documents: pincite index PATH")
    return DONE


def ask(options: argparse.Namespace, settings: Settings) -> int:
    """Print the judged, cited answer."""
    history = _history(options.history) if options.history else ()
    model = _loading(settings)
    with _open(settings) as library:
        assistant = _assistant(library, settings, model)
        answer = assistant.ask(options.question, history, within=options.within)
    if options.json:
        _print_json(answer.to_dict())
    else:
        print_answer(answer)
    return DONE


def chat(options: argparse.Namespace, settings: Settings) -> int:
    """Open the chat in the browser."""
    model = _loading(settings)
    with _open(settings) as library:
        report = _add(library, options.paths) if options.paths else None
        for failure in report.failed if report else ():
            print(f"pincite: going on without {line(failure.name)}", file=sys.stderr)
        assistant = _assistant(library, settings, model, prepared=True)
        Thread(target=_warm, args=(assistant,), daemon=True).start()
        from rag.chat import launch  # which takes seconds, while the models load

        print(f"Pincite is at http://{options.host}:{options.port} (Ctrl-C ends it)", flush=True)
        launch(
            assistant,
            library.path / "uploads",
            host=options.host,
            port=options.port,
            open_browser=not options.no_browser,
        )
    return DONE


def evaluate(options: argparse.Namespace, settings: Settings) -> int:
    """Ask every case of a file and print what the answers and citations are worth."""
    if options.draft:
        return _draft(options, settings)
    from rag.evaluate import compare, page, report
    from rag.evaluate.cases import waiting

    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)  # before the work that would be lost
    baseline = compare.read(options.baseline) if options.baseline else None
    with _open(settings) as library:
        found = report.evaluate(options.cases, _assistant(library, settings), again=options.again)
    if options.out:
        _write(options.out / "report.json", json.dumps(found, ensure_ascii=False, indent=1))
        _write(options.out / "report.html", page.page(found))
    if options.json:
        _print_json(found)
    else:
        print_metrics(found)
    if waits := waiting(options.cases):
        print(f"{waits} more wait for their answers", file=sys.stderr)
    lost = print_changes(baseline, found, sys.stderr if options.json else sys.stdout)
    invalid = [c["id"] for c in found["cases"] if "bad citation" in c["failures"]]
    if invalid:
        print(
            f"citations that are not what they quote: {line(', '.join(invalid))}", file=sys.stderr
        )
    return FAILED if lost or invalid else DONE


def models(options: argparse.Namespace, settings: Settings) -> int:
    """Say which models are used, where they come from, and whether their hashes hold."""
    from rag.models.states import machine, states

    found = states(settings, download=options.download)
    if options.json:
        _print_json({"models": [state.to_dict() for state in found], "machine": machine()})
    else:
        for state in found:
            print(f"{state.role}: {line(state.name)}\n  from   {line(state.origin)}")
            print(f"  state  {line(state.state)}")
            for label, said in (("runs", state.runs), ("note", state.note)):
                if said:
                    print(f"  {label:6} {line(said)}")
        here = machine()
        print(
            f"this machine: {line(here['cpu'])}, {here['cores']} cores, {here['memory_gb']} GB of "
            f"memory, {line(', '.join(here['gpus'])) or 'no GPU'}"
        )
        if here["torch"] != "cpu":
            print("  a language model runs on the GPU with --model transformers:FOLDER_OR_NAME")
    return DONE if all(state.ok for state in found) else FAILED


def _reembed(settings: Settings) -> None:
    """Embed the library anew with the model that is set."""
    from index import Library

    with indexing() as show:
        Library.reembed(settings.library, encoder=_encoder(settings), progress=show)
    print("embedded anew")


def _encoder(settings: Settings) -> Encoder:
    from index import weights
    from index.files import expanded

    return weights.encoder(settings.embedding_model, cache=expanded(Path(settings.cache)))


def _open(settings: Settings) -> Library:
    from index import Library, weights

    encoder = _encoder(settings)
    reranker = weights.reranker(settings.reranker)
    return Library.open(settings.library, encoder=encoder, reranker=reranker)


def _loading(settings: Settings) -> Future[BaseChatModel] | None:
    """Load a language model that is ready to be, before all else, for it takes longest."""
    from index.files import expanded
    from index.prepared import is_prepared
    from rag.models import loading
    from rag.weights import LANGUAGE_MODEL, model_folder

    folder = model_folder(expanded(Path(settings.cache)))
    ready = settings.model != LANGUAGE_MODEL or is_prepared(folder)
    return loading(settings) if ready else None


def _assistant(
    library: Library,
    settings: Settings,
    model: Future[BaseChatModel] | None = None,
    *,
    prepared: bool = False,
) -> Assistant:
    """Return the assistant; a model that must be prepared is so here, where Ctrl-C ends it.

    An empty library needs none prepared, unless it is to be for what will be added.
    """
    from index.files import expanded
    from rag.assistant import Assistant
    from rag.models import chosen
    from rag.weights import LANGUAGE_MODEL, language_model

    if (prepared or library.count()[0]) and chosen(settings.model).name == LANGUAGE_MODEL:
        language_model(expanded(Path(settings.cache)))
    return Assistant(library, settings, loading=model)


def _warm(assistant: Assistant) -> None:
    """Load the models while the page opens. What fails is said here, and to every question."""
    try:
        assistant.warm_up()
    except PinciteError as error:
        print(f"pincite: {line(str(error))}", file=sys.stderr)


def _add(
    library: Library, paths: Sequence[Path], out: TextIO | None = None, *, prune: bool = False
) -> AddReport:
    """Add the paths with a progress bar, and say what became of each."""
    report = add(library, paths, prune=prune)
    for old, new in report.moved:
        print(f"moved    {line(old)} -> {line(new)}", file=out or sys.stdout)
    for name in report.removed:
        print(f"removed  {line(name)}", file=out or sys.stdout)
    for failure in report.failed:
        print(f"failed   {line(failure.name)}: {line(failure.reason)}", file=sys.stderr)
    told = {name: len(getattr(report, name)) for name in _ALWAYS_TOLD}
    told |= {name: n for name in _TOLD if (n := len(getattr(report, name)))}
    print(", ".join(f"{n} {name}" for name, n in told.items()), file=out or sys.stdout)
    return report


def _watch(
    library: Library,
    paths: Sequence[Path],
    seen: Mapping[str, tuple[int, int]],
    *,
    prune: bool,
) -> None:
    """Follow the files until Ctrl-C: add what is new or has changed since it was `seen`."""
    from index.files import signature

    print("watching; Ctrl-C ends it", flush=True)
    while True:
        time.sleep(_WATCH_EVERY)
        now = signature(paths, without=library.path)
        if now != seen:
            seen = now
            _add(library, paths, prune=prune)


def _history(path: Path) -> Sequence[tuple[str, str]]:
    from rag.errors import CasesError
    from rag.evaluate.cases import history

    try:
        return history(json.loads(path.read_text(encoding="utf-8")), f"the history {path}")
    except (OSError, UnicodeDecodeError) as error:
        raise CasesError(f"cannot read the history {path}: {error}") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise CasesError(f"the history {path} is not JSON: {error}") from error


def _draft(options: argparse.Namespace, settings: Settings) -> int:
    """Index the documents and write proposed cases from them."""
    from rag.errors import CasesError
    from rag.evaluate import cases, draft

    target = (options.out or Path()) / "cases.csv"
    if target.exists():
        raise CasesError(f"{target} exists: name another folder with --out")
    with _open(settings) as library:
        report = _add(library, [options.draft], sys.stderr)
        names = [*report.added, *report.updated, *report.unchanged]
        found = draft.draft(library, names, _assistant(library, settings).model, options.number)
    if not found:
        raise CasesError(f"no case could be drafted from {options.draft}: it states few facts")
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, cases.to_csv(found))
    where = f"--library {options.library} " if options.library else ""
    if options.json:
        _print_json({"cases": str(target), "drafted": len(found)})
    else:
        print(f"{len(found)} cases: edit them, then: pincite evaluate {line(where + str(target))}")
    return SOME_FAILED if report.failed else DONE


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    print(f"wrote {line(str(path))}", file=sys.stderr)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))


VERBS = (index, documents, remove, text, check, search, ask, chat, evaluate, models)

if __name__ == "__main__":
    sys.exit(main())
