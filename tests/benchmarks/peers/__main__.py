"""Ask the peers the questions of a file of cases and score them as Pincite is scored.

    python -m tests.benchmarks.peers CASES DOCUMENTS... [--out reports/peers] [--limit N]
                                     [--peer NAME...] [--pincite REPORT.json]

A report for each peer, then a table; with Pincite's report on the same cases, beside it, and what
differs between Pincite and each peer, case by case. A reply is kept by the peer's code, the
documents and the case: a stopped run goes on, and a second one only scores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index import Library, weights
from rag import Assistant, settings
from rag.evaluate import compare
from rag.evaluate.cases import Case, load
from rag.evaluate.metrics import METRICS, total
from rag.evaluate.report import assemble
from rag.evaluate.run import settings_of
from rag.evaluate.statistics import Metric
from tests.benchmarks.common import digest
from tests.benchmarks.peers.answers import answer_of
from tests.benchmarks.peers.environment import python_of, run_module

_HERE = Path(__file__).parent

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """A system to compare with: its scripts and packages."""

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
        files = [_HERE / f"{name}.py" for name in ("worker", *self.scripts)]
        return digest(file.read_bytes() for file in (self.requirements, *files))


PEERS = {
    "langchain": Peer(("langchain_chain",), "langchain", marked=False),
    "llamaindex": Peer(("llamaindex_engine",), "llamaindex", marked=True),
    "llamaindex_fitted": Peer(
        ("llamaindex_fitted", "llamaindex_engine"), "llamaindex", marked=True
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, score, print; return the exit code."""
    options = options_of(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    own = settings.load()
    encoder = weights.encoder(own.embedding_model, cache=Path(own.cache).expanduser())
    reports: dict[str, Report] = {}
    if options.pincite:
        reports["pincite"] = compare.read(options.pincite)
    with Library.open(options.out / "library", encoder=encoder) as library:
        added = library.add(options.documents)
        for failure in added.failed:
            print(f"failed   {failure.name}: {failure.reason}", file=sys.stderr)
        for gone in {d.name for d in library.documents()} - _names(added):
            library.remove(gone)
        cases = load(options.cases, library.text)[: options.limit]
        assistant = Assistant(library, own)
        for name in options.peer:
            reports[name] = report_of(name, cases, options.cases, assistant, options.out)
            text = json.dumps(reports[name], ensure_ascii=False, indent=1)
            (options.out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print("\n".join(table(reports)))
    for name in options.peer if options.pincite else ():
        print(f"\npincite against {name}: the change from {name} to pincite, over the same cases")
        print("\n".join(compare.lines(compare.compare(reports[name], reports["pincite"]))))
    return 0


def report_of(
    name: str, cases: Sequence[Case], path: Path, assistant: Assistant, out: Path
) -> Report:
    """Return the peer's report on the cases, in the shape of Pincite's."""
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
    }


def replies(name: str, cases: Sequence[Case], assistant: Assistant, out: Path) -> list[Report]:
    """Return what the peer says to each case; it is asked for what is not kept yet."""
    peer, library = PEERS[name], assistant.library
    out.mkdir(parents=True, exist_ok=True)
    python = python_of(out.absolute().parent / "environments" / peer.packages, peer.requirements)
    made_by = [peer.version, settings_of(assistant.settings)]
    state = [*made_by, [[d.name, d.sha256] for d in library.documents()]]
    keys = [key_of(state, case) for case in cases]
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
        run_module(python, f"{__package__}.{peer.scripts[0]}", job, replied)
        kept = read_replies(replied)
    return [kept[key] for key in keys]


def key_of(state: Any, case: Case) -> str:
    """Return the name by which the reply to a case is kept."""
    asked = json.dumps([state, case.question, case.history], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def read_replies(path: Path) -> dict[str, Report]:
    """Return the kept replies by key; a line that a stopped run left unfinished is none."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            reply = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[reply["key"]] = reply
    return found


def table(reports: Mapping[str, Report]) -> list[str]:
    """Return a line for each metric over the cases that all reports have: value, interval, N."""
    common = set.intersection(*({case["id"] for case in r["cases"]} for r in reports.values()))
    of_systems = [
        {m.name: m for m in total([c["scores"] for c in r["cases"] if c["id"] in common])}
        for r in reports.values()
    ]
    head = f"{f'{len(common)} cases':24}" + "".join(f"{name:32}" for name in reports)
    rows = [f"{name:24}" + "".join(f"{_cell(s[name]):32}" for s in of_systems) for name in METRICS]
    return [head.rstrip(), *(row.rstrip() for row in rows)]


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cases", type=Path, metavar="CASES")
    parser.add_argument("documents", type=Path, nargs="+", metavar="DOCUMENTS")
    parser.add_argument("--out", type=Path, default=Path("reports/peers"))
    parser.add_argument("--peer", choices=PEERS, nargs="+", default=list(PEERS))
    parser.add_argument("--limit", type=int, metavar="N", help="the first N cases only")
    parser.add_argument("--pincite", type=Path, metavar="REPORT", help="its report on these cases")
    return parser.parse_args(arguments)


def _names(added: Any) -> set[str]:
    return {*added.added, *added.updated, *added.unchanged}


def _cell(metric: Metric) -> str:
    if metric.value is None:
        return "–"
    return f"{metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}] N {metric.n}"


if __name__ == "__main__":
    sys.exit(main())
