"""Measure Pincite on the public sets that lie beside the checkout.

    python -m tests.benchmarks [--data ../shared/data] [--only scifact,wice] [--full] [--limit N]
                               [--again] [--out reports/quality] [--work library/benchmarks]

One set after the other, a page after each. What the same code measured on the same rows is not
measured again; of other code, the last numbers stand beside the new ones. Exit code 1 where a set
failed; one that is not there is left out with a line that says so.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from rag import settings
from rag.evaluate.run import code_version, settings_of
from rag.evaluate.statistics import RESAMPLES, SEED, Metric
from tests.benchmarks import own
from tests.benchmarks.common import digest
from tests.benchmarks.page import page

OWN = "own"
SETS = (OWN, "hotpot", "chunking", "financebench", "wice", "attribution", "xquad", "scifact", "rgb",
        "clapnq")  # fmt: skip
SCHEMA = 1

_HERE = Path(__file__).parent
_SHARED = ("common.py", *(f"../../rag/evaluate/{name}.py" for name in
             ("cases", "classification", "metrics", "report", "retrieval", "statistics")))  # fmt: skip

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

    @property
    def subset(self) -> str:
        """Name of the rows that are measured."""
        size = "full" if self.full else "small"
        return size if self.limit is None else f"{size}, at most {self.limit}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the sets; return the exit code."""
    return measure(options_of(arguments))


def measure(options: Options, load: Callable[[str], ModuleType] | None = None) -> int:
    """Measure the sets one after the other, each written down once it is done."""
    load = load or (lambda name: import_module(f"tests.benchmarks.{name}"))
    options.out.mkdir(parents=True, exist_ok=True)
    results = read_results(options.out / "results.json")
    missing: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name in options.only:
        key = f"{name}, {options.subset}"
        if not files_of(name, options.data):
            missing[name] = f"there is no {options.data / name}"
            print(f"{name}: left out, {missing[name]}")
            continue
        version = version_of(name, options.data)
        if results.get(key, {}).get("version") == version and not options.again:
            print(f"{name}: measured before by the same code")
            continue
        began = time.monotonic()
        try:
            found = load(name).run(
                options.data, options.work, full=options.full, limit=options.limit
            )
        except Exception as error:  # one set's fault must not cost the others
            traceback.print_exc()
            failed[name] = " ".join(f"{type(error).__name__}: {error}".split())
        else:
            seconds = time.monotonic() - began
            results[key] = record(version, found, seconds, results.get(key))
            show(name, found, seconds)
        write(options, results, missing, failed, load)
    write(options, results, missing, failed, load)
    for name, why in failed.items():
        print(f"{name}: FAILED, {why}", file=sys.stderr)
    print(f"The page is {options.out / 'quality.html'}")
    return 1 if failed else 0


def record(
    version: str, found: Sequence[Metric], seconds: float, last: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what is kept of a set; of the last numbers, those that other code measured."""
    previous = None
    if last:
        previous = last["previous"] if last["version"] == version else {**last, "previous": None}
    return {
        "version": version,
        "measured": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "metrics": [asdict(metric) for metric in found],
        "previous": previous,
    }


def version_of(name: str, data: Path) -> str:
    """Return a hash of all that a set's numbers depend on: code, settings and the set."""
    measuring = [(_HERE / file).read_bytes() for file in (f"{name}.py", *_SHARED)]
    asked = json.dumps(settings_of(settings.load()), sort_keys=True)
    rows = [file.read_bytes() for file in files_of(name, data)]
    return digest([code_version().encode(), asked.encode(), *measuring, *rows])


def files_of(name: str, data: Path) -> list[Path]:
    """Return the files of a set; none where it is not there."""
    if name == OWN:
        return [own.CASES, *sorted(own.DOCUMENTS.iterdir())]
    return [file for file in sorted((data / name).rglob("*")) if file.is_file()]


def read_results(path: Path) -> Results:
    """Return what was measured before; nothing where there is no file or another schema's."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return dict(kept["results"]) if kept.get("schema") == SCHEMA else {}


def write(
    options: Options,
    results: Results,
    missing: Mapping[str, str],
    failed: Mapping[str, str],
    load: Callable[[str], ModuleType],
) -> None:
    """Write what was measured, and the page of this subset."""
    report = report_of(options, results, missing, failed, load)
    for name, text in (
        ("results.json", _json({"schema": SCHEMA, "results": results})),
        ("quality.json", _json(report)),
        ("quality.html", page(report)),
    ):
        partial = options.out / f"{name}.partial"
        partial.write_text(text, encoding="utf-8")
        partial.replace(options.out / name)  # whole, or as it was


def report_of(
    options: Options,
    results: Results,
    missing: Mapping[str, str],
    failed: Mapping[str, str],
    load: Callable[[str], ModuleType],
) -> dict[str, Any]:
    """Return what the page shows: every set, measured in this run or before."""
    sets = []
    for name in SETS:
        module = load(name)
        kept = results.get(f"{name}, {options.subset}", {})
        previous = {m["name"]: m for m in (kept.get("previous") or {}).get("metrics", ())}
        sets.append(
            {
                "name": name,
                "about": (module.__doc__ or "").strip(),
                "current": bool(kept) and kept["version"] == version_of(name, options.data),
                "missing": missing.get(name),
                "failed": failed.get(name),
                **{field: kept.get(field) for field in ("version", "measured", "seconds")},
                "metrics": [
                    {
                        **metric,
                        "previous": previous.get(metric["name"]),
                        "published": module.REFERENCES.get(metric["name"]),
                    }
                    for metric in kept.get("metrics", ())
                ],
            }
        )
    return {
        "schema": SCHEMA,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "code": code_version(),
        "subset": options.subset,
        "seed": SEED,
        "resamples": RESAMPLES,
        "sets": sets,
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
    parser.add_argument("--limit", type=_positive, metavar="N", help="at most N rows of a kind")
    parser.add_argument("--again", action="store_true", help="measure what was measured before")
    parser.add_argument("--out", type=Path, default=Path("reports/quality"))
    parser.add_argument("--work", type=Path, default=Path("library/benchmarks"))
    return Options(**vars(parser.parse_args(arguments)))


def _sets(value: str) -> tuple[str, ...]:
    wanted = value.split(",")
    unknown = [name for name in wanted if name not in SETS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no set {unknown[0]!r}; there are {', '.join(SETS)}")
    return tuple(name for name in SETS if name in wanted)


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
