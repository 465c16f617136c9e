"""Swaps: is a true sentence kept, and refused once a number, name or negation of it is changed?

At most 500 pairs, every third of a number, a name, a negation, from sentences of the sample
documents and of ../shared/corpus, where that is; the same in every run. A number or name gives way
to another of the same document and of the same kind (a year to a year), so that all of the changed
sentence is somewhere in the document. `rag.support` is given the sentence and, as quotes, the one
that it was made from with its neighbours; it is taken to support from the settings' threshold on.
`swaps_rejected` is the share of changed sentences that it does not support, and
`swaps_rejected_…` that of one kind. `true_kept` is the share of the true sentences that it does,
`reworded_kept` that of those which say the same in another way ("6 %" for "6 per cent", "didn't"
for "did not"). Nothing is published on exactly these.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from index.read import read
from index.split import sentences
from rag import judge, support
from rag.evaluate.statistics import Metric
from tests.benchmarks import own
from tests.benchmarks.common import SEED, System, files_in, mean, progress

REFERENCES: dict[str, str] = {}
MOST = 500  # pairs
KINDS = ("number", "name", "negation")
_LENGTHS = range(40, 300)  # characters of a sentence
_NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:[.,]\d+)*(?![\w/-]|[.,]\d)")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w-]*[a-z](?: (?:(?:of|de|van|von) )?[A-Z][\w-]*[a-z])*\b")
_ROOT = 4  # letters
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|can|could|should|must|may)\b(?! not\b)(?! no\b)"
)
_NOT = re.compile(r"(?<=[a-z]) not\b(?! only)|(?<!ca)(?<!wo)n't\b")
_DENIES = re.compile(r"\b(?:not|no|never|none|nor|neither|without|only)\b|n't\b", re.IGNORECASE)
_REWORDED = (
    (re.compile(r"(?<=\d) per ?cent\b"), " %"),
    (re.compile(r"(?<=\d) ?%"), " per cent"),
    (re.compile(r"\b(did|does|do|is|are|was|were|has|have|had|could|should) not\b"), r"\1n't"),
    (re.compile(r"\b(\d{1,2}) (January|February|March|April|June|July|August|September|October"
                r"|November|December) ((?:1[5-9]|20)\d\d)\b"), r"\2 \1, \3"),
    (re.compile(r"(?<=\d) metres\b"), " meters"),
    (re.compile(r"\b(\d{1,3}),(\d{3})\b(?![,.]\d)"), r"\1\2"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A true sentence, what was made of it, and the sentences around it."""

    kind: str
    true: str
    swapped: str
    quotes: tuple[str, ...]


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return the shares of changed sentences refused and of true ones kept."""
    system = system or System()
    least = judge.support_threshold(system.settings.unsupported_at_most)
    chosen = pairs([next(read(file, file.name)).text for file in documents(data)])[: limit or MOST]
    with system.passing_library() as library:

        def supported(sentence: str, quotes: Sequence[str]) -> bool:
            return support(sentence, quotes, library=library) >= least

        swapped = [
            (pair.kind, not supported(pair.swapped, pair.quotes))
            for pair in progress(chosen, "swaps: judging what is changed", "sentence")
        ]
        truths = {pair.true: pair.quotes for pair in chosen}
        kept = [supported(*true) for true in progress(truths.items(), "swaps: judging", "sentence")]
        again = [
            supported(said, quotes)
            for true, quotes in truths.items()
            if (said := reworded(true)) != true
        ]
    return [
        mean("swaps_rejected", [float(right) for _, right in swapped]),
        *(
            mean(f"swaps_rejected_{kind}", [float(right) for of, right in swapped if of == kind])
            for kind in KINDS
        ),
        mean("true_kept", [float(right) for right in kept]),
        mean("reworded_kept", [float(right) for right in again]),
    ]


def documents(data: Path) -> list[Path]:
    """Return the files whose sentences are changed."""
    return files_in(path for path in (own.DOCUMENTS, data.parent / "corpus") if path.is_dir())


def pairs(texts: Sequence[str]) -> list[Pair]:
    """Return the pairs of all texts, one of each kind in turn."""
    found: dict[str, list[Pair]] = {kind: [] for kind in KINDS}
    for text in texts:
        spans = sentences(text)
        for n, (start, end) in enumerate(spans):
            true = text[start:end]
            if len(true) not in _LENGTHS or true[-1] not in ".!":
                continue
            around = tuple(text[a:b] for a, b in spans[max(0, n - 1) : n + 2])
            for kind, swap in SWAPS.items():
                changed = swap(true, text)
                if changed and changed != true:
                    found[kind].append(Pair(kind, true, changed, around))
    for of_kind in found.values():
        random.Random(SEED).shuffle(of_kind)
    mixed = zip_longest(*found.values())
    return [pair for one_of_each in mixed for pair in one_of_each if pair is not None]


def other_number(sentence: str, text: str) -> str | None:
    """Change one number to another of the text: a year to a year, to one with as many digits."""

    def alike(one: str, other: str) -> bool:
        return bool(_YEAR.fullmatch(one)) == bool(_YEAR.fullmatch(other)) and len(one) == len(other)

    return _replaced(sentence, text, _NUMBER, alike)


def other_name(sentence: str, text: str) -> str | None:
    """Change one name to another of the text that shares no word with it, nor a word's root.

    So "Russia" does not give way to "Russian", which would change nothing.
    """

    def alike(one: str, other: str) -> bool:
        return not _roots(one) & _roots(other)

    return _replaced(sentence, text, _NAME, alike)


def _roots(name: str) -> set[str]:
    return {word[:_ROOT] for part in name.split() for word in part.split("-")}


def other_negation(sentence: str, text: str) -> str | None:
    """Deny what the sentence says, or take its denial away."""
    if match := _NOT.search(sentence):
        return sentence[: match.start()] + sentence[match.end() :]
    if _DENIES.search(sentence) or not (match := _VERB.search(sentence)):
        return None
    return f"{sentence[: match.end()]} not{sentence[match.end() :]}"


SWAPS: Mapping[str, Callable[[str, str], str | None]] = dict(
    zip(KINDS, (other_number, other_name, other_negation), strict=True)
)


def reworded(sentence: str) -> str:
    """Say the same in another way, where one of the rules applies."""
    for pattern, words in _REWORDED:
        changed = pattern.sub(words, sentence)
        if changed != sentence:
            return changed
    return sentence


def _replaced(
    sentence: str, text: str, pattern: re.Pattern[str], alike: Callable[[str, str], bool]
) -> str | None:
    """Replace the first match that has a like one elsewhere in the text."""
    for match in pattern.finditer(sentence):
        for other in _others(sentence, text, pattern):
            if alike(match.group(), other):
                return sentence[: match.start()] + other + sentence[match.end() :]
    return None


def _others(sentence: str, text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield what the pattern finds in the text and not in the sentence, in a fixed random order."""
    found = sorted({match.group() for match in pattern.finditer(text)})
    shuffled = random.Random(f"{SEED} {sentence}").sample(found, len(found))
    return (other for other in shuffled if other not in sentence)
