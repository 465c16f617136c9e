"""Measure Pincite on its own cases and on the public sets that lie beside the checkout.

    python -m tests.benchmarks [--data ../shared/data] [--only scifact,wice] [--full] [--limit N]
                               [--again] [--out reports/quality] [--work library/benchmarks]
                               [--peers reports/peers/peers.json]

One set after the other, a page after each. What the same code measured on the same rows is not
measured again; the last numbers of other code on the same rows stand beside the new ones, and what
the peers said beside all. Exit code 1 where a set failed, or a citation does not hold; a set that
is not there is left out with a line that says so.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import rag.evaluate
from rag import settings
from rag.evaluate.run import code_version, settings_of
from rag.evaluate.run import write as write_whole
from rag.evaluate.statistics import RESAMPLES, SEED, Metric
from tests.benchmarks import common, own, swaps
from tests.benchmarks.common import digest, files_in, positive
from tests.benchmarks.page import page

OWN = "own"
SWAPS = "swaps"
SETS = (OWN, SWAPS, "hotpot", "chunking", "financebench", "wice", "attribution", "xquad", "scifact",
        "rgb", "clapnq")  # fmt: skip
SCHEMA = 1

CHANGED = "the code changed meanwhile: measure again"
INVALID = "a citation does not quote its place: citation_validity must be 1"

_HERE = Path(__file__).parent
_EVALUATE = Path(rag.evaluate.__file__).parent

Load = Callable[[str], ModuleType]
Results = dict[str, dict[str, Any]]  # set and subset -> its record


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be measured, and where to."""

    data: Path
    only: tuple[str, ...]
    full: bool
    limit: int | None
    again: bool
    out: Path
    work: Path
    peers: Path

    @property
    def subset(self) -> str:
        """Name of the rows that are measured."""
        size = "full" if self.full else "small"
        return size if self.limit is None else f"{size}, at most {self.limit}"


@dataclass(frozen=True, slots=True)
class Adapter:
    """A set's code as it was when the run began."""

    module: ModuleType
    version: str  # of all that its numbers depend on
    rows: str  # of what is measured


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the sets; return the exit code."""
    return measure(options_of(arguments))


def measure(options: Options, load: Load | None = None) -> int:
    """Measure the sets one after the other, each written down once it is done."""
    options.out.mkdir(parents=True, exist_ok=True)
    results = read_results(options.out / "results.json")
    adapters, failed = adapters_of(options, load or _import)
    missing: dict[str, str] = {}
    for name in options.only:
        key = f"{name}, {options.subset}"
        if name in failed:
            continue
        if not files_of(name, options.data):
            missing[name] = f"there is no {options.data / name}"
            print(f"{name}: left out, {missing[name]}")
            continue
        adapter = adapters[name]
        if results.get(key, {}).get("version") == adapter.version and not options.again:
            print(f"{name}: measured before by the same code")
        else:
            began = time.monotonic()
            try:
                found = adapter.module.run(
                    options.data, options.work, full=options.full, limit=options.limit
                )
                if version_of(name, options.data) != adapter.version:
                    raise RuntimeError(CHANGED)
            except Exception as error:  # one set's fault must not cost the others
                failed[name] = _in_a_line(error)
            else:
                seconds = time.monotonic() - began
                results[key] = record(adapter, found, seconds, results.get(key))
                show(name, found, seconds)
        if name not in failed and not is_valid(results[key]["metrics"]):
            failed[name] = INVALID
        write(options, results, adapters, missing, failed)
    write(options, results, adapters, missing, failed)
    for name in failed:
        print(f"{name}: FAILED, {failed[name]}", file=sys.stderr)
    print(f"The page is {options.out / 'quality.html'}")
    return int(any(name in failed for name in options.only))


def adapters_of(options: Options, load: Load) -> tuple[dict[str, Adapter], dict[str, str]]:
    """Return the sets' adapters, and why one cannot be loaded."""
    found, failed = {}, {}
    for name in SETS:
        try:
            module = load(name)
        except Exception as error:  # whatever its code raises
            failed[name] = _in_a_line(error)
        else:
            version = version_of(name, options.data)
            found[name] = Adapter(module, version, rows_of(name, module, options))
    return found, failed


def record(
    adapter: Adapter, found: Sequence[Metric], seconds: float, last: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what is kept of a set; of the last numbers, those of other code on the same rows."""
    previous = last
    if last:
        same = last["version"] == adapter.version
        previous = last["previous"] if same else {**last, "previous": None}
    return {
        "version": adapter.version,
        "rows": adapter.rows,
        "measured": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "metrics": [asdict(metric) for metric in found],
        "previous": previous if previous and previous.get("rows") == adapter.rows else None,
    }


def is_valid(found: Iterable[Mapping[str, Any]]) -> bool:
    """Whether every citation quotes its place: the one number that must be 1."""
    return all(m["value"] in (1, None) for m in found if m["name"] == "citation_validity")


def version_of(name: str, data: Path) -> str:
    """Return a hash of all that a set's numbers depend on: code, settings and the set."""
    code = [_HERE / f"{file}.py" for file in (name, "common", "overlap")]
    code += sorted(_EVALUATE.glob("*.py"))
    asked = json.dumps(settings_of(settings.load()), sort_keys=True)
    answers = code_version.__wrapped__()  # as it is now: the function itself remembers
    return digest([answers.encode(), asked.encode(), *_bytes(code), *_bytes(files_of(name, data))])


def rows_of(name: str, module: ModuleType, options: Options) -> str:
    """Return a hash of the rows that are measured: the set, and how many of it."""
    chosen = f"{options.subset}, {getattr(module, 'SMALL', None)}, {common.SEED}"
    return digest([chosen.encode(), *_bytes(files_of(name, options.data))])


def files_of(name: str, data: Path) -> list[Path]:
    """Return the files of a set; none where it is not there."""
    if name == OWN:
        return files_in([own.CASES, own.DOCUMENTS])
    if name == SWAPS:
        return swaps.documents(data)
    return files_in([data / name]) if (data / name).is_dir() else []


def read_results(path: Path) -> Results:
    """Return what was measured before; nothing where there is no file or another schema's."""
    kept = _read(path)
    return dict(kept["results"]) if kept else {}


def peers_of(path: Path) -> dict[str, Any] | None:
    """Return what the peers said, and whether this code was measured beside them."""
    kept = _read(path)
    return {**kept, "current": kept["code"] == code_version()} if kept else None


def write(
    options: Options,
    results: Results,
    adapters: Mapping[str, Adapter],
    missing: Mapping[str, str],
    failed: Mapping[str, str],
) -> None:
    """Write what was measured, and the page of this subset."""
    report = report_of(options, results, adapters, missing, failed)
    for name, text in (
        ("results.json", _json({"schema": SCHEMA, "results": results})),
        ("quality.json", _json(report)),
        ("quality.html", page(report)),
    ):
        write_whole(options.out / name, text)


def report_of(
    options: Options,
    results: Results,
    adapters: Mapping[str, Adapter],
    missing: Mapping[str, str],
    failed: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the page shows: every set, measured in this run or before, and the peers."""
    return {
        "schema": SCHEMA,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "code": code_version(),
        "subset": options.subset,
        "seed": SEED,
        "resamples": RESAMPLES,
        "sets": [
            {
                **set_of(name, results.get(f"{name}, {options.subset}", {}), adapters.get(name)),
                "missing": missing.get(name),
                "failed": failed.get(name),
            }
            for name in SETS
        ],
        "peers": peers_of(options.peers),
    }


def set_of(name: str, kept: Mapping[str, Any], adapter: Adapter | None) -> dict[str, Any]:
    """Return what the page shows of a set; of one whose adapter cannot be loaded, its numbers."""
    previous = {m["name"]: m for m in (kept.get("previous") or {}).get("metrics", ())}
    published = adapter.module.REFERENCES if adapter else {}
    return {
        "name": name,
        "about": ((adapter and adapter.module.__doc__) or "").strip(),
        "current": bool(kept and adapter) and kept["version"] == adapter.version,
        **{field: kept.get(field) for field in ("version", "measured", "seconds")},
        "metrics": [
            {
                **metric,
                "previous": previous.get(metric["name"]),
                "published": published.get(metric["name"]),
            }
            for metric in kept.get("metrics", ())
        ],
    }


def show(name: str, found: Sequence[Metric], seconds: float) -> None:
    """Print a set's numbers."""
    print(f"{name}, {seconds:.0f} s")
    for m in found:
        value = "–" if m.value is None else f"{m.value:.3f}"
        interval = "" if m.low is None else f"[{m.low:.3f}, {m.high:.3f}]"
        print(f"  {m.name:36}{value:>9}  {interval:20} N {m.n}", flush=True)


def options_of(arguments: Sequence[str] | None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", type=_sets, default=SETS, metavar="SET,SET")
    parser.add_argument("--full", action="store_true", help="whole sets instead of subsets")
    parser.add_argument("--limit", type=positive, metavar="N", help="at most N rows of a kind")
    parser.add_argument("--again", action="store_true", help="measure what was measured before")
    parser.add_argument("--out", type=Path, default=Path("reports/quality"))
    parser.add_argument("--work", type=Path, default=Path("library/benchmarks"))
    parser.add_argument("--peers", type=Path, help="default: peers/peers.json beside OUT")
    options = parser.parse_args(arguments)
    options.peers = options.peers or options.out.parent / "peers" / "peers.json"
    return Options(**vars(options))


def _sets(value: str) -> tuple[str, ...]:
    wanted = value.split(",")
    unknown = [name for name in wanted if name not in SETS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no set {unknown[0]!r}; there are {', '.join(SETS)}")
    return tuple(name for name in SETS if name in wanted)


def _import(name: str) -> ModuleType:
    return import_module(f"tests.benchmarks.{name}")


def _in_a_line(error: Exception) -> str:
    traceback.print_exception(error)
    return " ".join(f"{type(error).__name__}: {error}".split())


def _bytes(files: Iterable[Path]) -> list[bytes]:
    return [file.read_bytes() for file in files]


def _read(path: Path) -> dict[str, Any] | None:
    """Return the object of a file; None where there is no file or another schema's."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return dict(kept) if kept.get("schema") == SCHEMA else None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
