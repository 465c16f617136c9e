"""Ask Pincite and the peers the questions of a file of cases; score all by the same code.

    python -m tests.benchmarks.peers [CASES DOCUMENTS...] [--peer NAME...] [--full] [--limit N]
                                     [--out reports/peers] [--work library/benchmarks]

Without a file: Pincite's own cases on its sample documents, those of `tests.benchmarks.own`. Of a
longer file as many in a fixed random order, unless --full. Writes a report for each system and
peers.json, which has them side by side, and what differs between each peer and Pincite, case by
case. A reply is kept by what makes it, the documents and the case: a stopped run goes on, and a
second one only scores. Exit code 1 where a peer failed.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag import Assistant
from rag.errors import PinciteError
from rag.evaluate import compare
from rag.evaluate.cases import Case, load
from rag.evaluate.metrics import METRICS
from rag.evaluate.report import assemble
from rag.evaluate.run import code_version, key_of, run, settings_of, write
from rag.evaluate.statistics import Metric
from tests.benchmarks import own
from tests.benchmarks.common import System, digest, files_in, positive, subset
from tests.benchmarks.peers.answers import answer_of
from tests.benchmarks.peers.environment import CHECKOUT, PeerError, python_of, run_module
from tests.benchmarks.peers.worker import settings_of_worker

SCHEMA = 1
PINCITE = "pincite"
SECONDS_A_QUESTION = 300  # after which a peer is taken to hang

_HERE = Path(__file__).parent
_MODELS = (  # what a peer has of Pincite: its language and its embedding model
    *(f"rag/models/{name}.py" for name in ("__init__", "embedded", "engine", "local", "process")),
    *(f"rag/{name}.py" for name in ("quantise", "weights")),
    *(f"index/{name}.py" for name in ("embed", "weights", "convert")),
)
_UNFAIR = ("alce_recall", "alce_precision")  # their judge is the one that Pincite's answers passed
_OF_MARKS = (
    *("gold_precision", "gold_f1", "gold_precision_retrieved", "gold_f1_retrieved"),
    "citation_coverage",
)
_TIME = "total_s_median"

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """A system to compare with."""

    what: str  # in a few words
    scripts: tuple[str, ...]  # the first is run; the others are what it is made of
    packages: str  # name of the environment, and of the file of its requirements
    marked: bool  # whether its answers mark their sources as [n]

    @property
    def requirements(self) -> Path:
        """The packages that it needs."""
        return _HERE / f"{self.packages}.txt"

    @property
    def version(self) -> str:
        """A hash of all code that makes its replies."""
        scripts = [_HERE / f"{name}.py" for name in ("worker", *self.scripts)]
        models = [CHECKOUT / name for name in _MODELS]
        return digest(file.read_bytes() for file in (self.requirements, *scripts, *models))

    @property
    def about(self) -> str:
        """What it is, in one sentence."""
        pins = ", ".join(self.requirements.read_text(encoding="utf-8").split())
        unmarked = (
            "" if self.marked else "; it marks no sources and is credited with all that it read, "
            f"so that {', '.join(_OF_MARKS)} are left out"
        )  # fmt: skip
        return f"{self.what}, {pins}{unmarked}"

    @property
    def left_out(self) -> tuple[str, ...]:
        """Metrics that would mislead of it."""
        return _UNFAIR if self.marked else (*_UNFAIR, *_OF_MARKS)


PEERS = {
    "langchain": Peer(
        "LangChain's tutorial chain", ("langchain_chain",), "langchain", marked=False
    ),
    "llamaindex": Peer(
        "LlamaIndex's CitationQueryEngine with its defaults",
        ("llamaindex_engine",),
        "llamaindex",
        marked=True,
    ),
    "llamaindex_fitted": Peer(
        "LlamaIndex's CitationQueryEngine with nodes of 256 tokens, as the embedding model reads",
        ("llamaindex_fitted", "llamaindex_engine"),
        "llamaindex",
        marked=True,
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, score, print; return the exit code."""
    options = options_of(arguments)
    try:
        return measure(options, System())
    except PinciteError as error:  # of the cases or the models
        print(f"stopped: {error}", file=sys.stderr)
        return 1


def measure(options: argparse.Namespace, system: System) -> int:
    """Measure Pincite, then the peers, one after the other; each is written once it is done."""
    options.out.mkdir(parents=True, exist_ok=True)
    failed = False
    files = files_in(options.documents)
    kept_as = own.NAME if files == files_in([own.DOCUMENTS]) else "peers"
    with system.kept_library_of_files(options.work, kept_as, files) as library:
        cases = subset(
            load(options.cases, library.text), own.SMALL, full=options.full, limit=options.limit
        )
        answers = run(cases, system.assistant(library))  # which takes its model with it
        assistant = system.assistant(library)
        reports = {PINCITE: assemble(options.cases, cases, answers, assistant)}
        _write(options.out / f"{PINCITE}.json", reports[PINCITE])
        for name in options.peer:
            try:
                reports[name] = report_of(name, cases, options.cases, assistant, options.out)
            except PeerError as error:
                print(f"{name}: FAILED, {error}", file=sys.stderr)
                failed = True
                continue
            _write(options.out / f"{name}.json", reports[name])
    found = side_by_side(reports, options.cases)
    _write(options.out / "peers.json", found)
    print("\n".join(table(found)))
    return int(failed)


def report_of(
    name: str, cases: Sequence[Case], path: Path, assistant: Assistant, out: Path
) -> Report:
    """Return the peer's report on the cases, in the shape of Pincite's. Raises PeerError."""
    peer, library = PEERS[name], assistant.library
    documents, passages = library.count()
    answers = [
        answer_of(
            case.question,
            reply,
            marked=peer.marked,
            sha256_of=lambda document: library.document(document).sha256,
            model=assistant.model_name,
            searched={"documents": documents, "passages": passages},
        )
        for case, reply in zip(cases, replies(name, cases, assistant, out / name), strict=True)
    ]
    return {
        **assemble(path, cases, answers, assistant),
        "system": {"name": name, "packages": peer.requirements.read_text().split()},
        "code": peer.version,
        "settings": settings_of(settings_of_worker()),
    }


def replies(name: str, cases: Sequence[Case], assistant: Assistant, out: Path) -> list[Report]:
    """Return what the peer says to each case; it is asked for what is not kept yet.

    Raises PeerError.
    """
    peer, library = PEERS[name], assistant.library
    out.mkdir(parents=True, exist_ok=True)
    python = python_of(out.absolute().parent / "environments" / peer.packages, peer.requirements)
    asked_of = settings_of_worker()
    state = [
        peer.version, asked_of.model, asked_of.embedding_model, asked_of.max_new_tokens,
        [[d.name, d.sha256] for d in library.documents()],
    ]  # fmt: skip
    keys = [key_of([state, case.question, case.history]) for case in cases]
    kept = read_replies(out / "replies.jsonl")
    missing = [
        {"key": key, "question": case.question, "history": case.history}
        for key, case in zip(keys, cases, strict=True)
        if key not in kept
    ]
    if missing:
        texts = {d.name: library.text(d.name) for d in library.documents()}
        job = out.absolute() / "job.json"
        job.write_text(json.dumps({"peer": name, "documents": texts, "cases": missing}))
        replied = job.with_name("replies.jsonl")
        run_module(
            python, f"{__package__}.{peer.scripts[0]}", job, replied,
            timeout_s=SECONDS_A_QUESTION * (1 + len(missing)),
        )  # fmt: skip
        kept = read_replies(replied)
        if left := sum(key not in kept for key in keys):
            raise PeerError(f"it left {left} questions without a reply: give the command again")
    return [kept[key] for key in keys]


def read_replies(path: Path) -> dict[str, Report]:
    """Return the kept replies by key; a line that a stopped run left unfinished is none."""
    found = {}
    for line in path.read_bytes().split(b"\n") if path.is_file() else ():
        try:
            reply = json.loads(line)
        except ValueError:  # no JSON, or torn within a character
            continue
        found[reply["key"]] = reply
    return found


def side_by_side(reports: Mapping[str, Report], path: Path) -> dict[str, Any]:
    """Return the metrics of all reports on the same cases, and how Pincite differs from each peer.

    Left out is what would mislead: ALCE's, whose judge is Pincite's own gate, and what depends on
    marks where there are none.
    """
    pincite = reports[PINCITE]
    return {
        "schema": SCHEMA,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "code": code_version(),
        "cases": {
            "file": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "n": len(pincite["cases"]),
        },
        "systems": [
            {
                "name": name,
                "about": PEERS[name].about if name in PEERS else f"Pincite {report['pincite']}",
                "metrics": [asdict(m) for m in metrics_of(report, left_out(name))],
            }
            for name, report in reports.items()
        ],
        "against": {
            name: compare.lines(
                [
                    change
                    for change in compare.compare(report, pincite)
                    if change.metric not in left_out(name)
                ]
            )
            for name, report in reports.items()
            if name != PINCITE
        },
    }


def left_out(name: str) -> tuple[str, ...]:
    """Return the metrics that are not shown of a system."""
    return PEERS[name].left_out if name in PEERS else _UNFAIR


def metrics_of(report: Report, without: Sequence[str]) -> list[Metric]:
    """Return the metrics of a report, and the median of the seconds that a question takes."""
    return [
        Metric(name, *(report["metrics"][name][field] for field in ("value", "n", "low", "high")))
        for name in (*METRICS, _TIME)
        if name not in without
    ]


def table(found: Mapping[str, Any]) -> list[str]:
    """Return a line for each metric: value, interval and N of each system; then the changes."""
    systems = {
        system["name"]: {metric["name"]: metric for metric in system["metrics"]}
        for system in found["systems"]
    }
    names = [name for name in (*METRICS, _TIME) if name in systems[PINCITE]]
    cases = f"{found['cases']['n']} cases"
    head = f"{cases:24}" + "".join(f"{name:32}" for name in systems)
    rows = [
        f"{name:24}" + "".join(f"{_cell(of.get(name)):32}" for of in systems.values())
        for name in names
    ]
    changes = [
        line
        for name, lines in found["against"].items()
        for line in ("", f"the change from {name} to {PINCITE}, over the same cases", *lines)
    ]
    return [line.rstrip() for line in (head, *rows, *changes)]


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cases", type=Path, nargs="?", metavar="CASES")
    parser.add_argument("documents", type=Path, nargs="*", metavar="DOCUMENTS")
    parser.add_argument("--peer", choices=PEERS, nargs="+", default=list(PEERS))
    parser.add_argument("--full", action="store_true", help="all cases instead of a subset")
    parser.add_argument("--limit", type=positive, metavar="N", help="at most N cases")
    parser.add_argument("--out", type=Path, default=Path("reports/peers"))
    parser.add_argument("--work", type=Path, default=Path("library/benchmarks"))
    options = parser.parse_args(arguments)
    if options.cases and not options.documents:
        parser.error("name the DOCUMENTS that the cases are about")
    options.cases = options.cases or own.CASES
    options.documents = options.documents or [own.DOCUMENTS]
    return options


def _cell(metric: Mapping[str, Any] | None) -> str:
    if metric is None or metric["value"] is None:
        return "–"
    return f"{metric['value']:.3f} [{metric['low']:.3f}, {metric['high']:.3f}] N {metric['n']}"


def _write(path: Path, found: Mapping[str, Any]) -> None:
    write(path, json.dumps(found, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
