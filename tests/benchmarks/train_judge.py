"""Train the judge's cross-encoder on labelled pairs and write rag/network.safetensors.

    python -m tests.benchmarks.train_judge ../shared/data --minutes 90 [--work library/training]

Two tasks at once: whether a premise supports a claim (of sets whose labels say so), and whether a
passage answers a question, and with which words. A tenth of every set, by passage or premise, is
held back, and each head's AUROC on it is written into rag/network.json. The rate of learning stays
as it is until the last part of the time, in which it falls to nothing (Hu et al. 2024, MiniCPM,
"warmup-stable-decay"), so that training can go on from any checkpoint; it goes on from the last
one in the folder of work, else from the weights that are there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer
from tqdm import tqdm

from index.prepared import hash_of
from index.split import sentences
from index.weights import EMBEDDING_FOLDER, packaged_folder
from rag import network
from rag.crossencoder import CARD, FILE
from tests.benchmarks.common import Row, read

SEED = 20
PIECES = 256  # word pieces of a pair; what is longer is cut around what the claim shares with it
MOST = 0.6  # of a passage: a longer answer is the passage, and has no place in it
FIRST = 96  # of these, of the claim or question at most
BATCH = 4096  # word pieces of a batch, padding and all
RATE = 2e-4
WARM_UP, COOL_DOWN = 300, 0.25  # steps; share of the time
EVALUATED = 400  # held-back pairs of a set, at most
TIMES: dict[str, float] = {  # how often an epoch has a set's pairs; below 1, that share of them
    "mnli": 0.6, "fever": 0.7, "fool_me_twice": 2, "feverous": 1, "factcheck_gpt": 2,
    "summedits": 2, "defacto": 2, "bump": 2, "infotabs": 0.25, "tabfact_pairs": 0.1,
    "made_wiki_edits": 0.4, "made_qa2d": 1, "conjnli": 0.15, "wiki_refuted": 0.1, "negation": 0.15,
    "entailmentbank": 0.2, "citation_integrity": 0.6, "monotonicity": 0.1, "wice_train_partial": 1,
    "qa_squad2": 3, "qa_qnli": 3, "qa_selqa": 1.2, "qa_squad1_train": 0.6,
    "qa_squad1_sentences": 0.25, "qa_ares": 0.25, "qa_boolq": 0.25, "qa_condaqa": 1,
    "qa_pubmedqa": 0.5,
}  # fmt: skip
LICENCES = {  # as the sets' own repositories state them; passages of Wikipedia are CC BY-SA
    "mnli": "MIT; texts OANC, CC BY 3.0, CC BY-SA 3.0", "fever": "CC BY-SA 3.0",
    "fool_me_twice": "Apache-2.0, CC BY-SA", "feverous": "CC BY-SA 3.0",
    "factcheck_gpt": "Apache-2.0", "summedits": "Apache-2.0", "defacto": "MIT", "bump": "MIT",
    "infotabs": "Apache-2.0, CC BY-SA", "tabfact_pairs": "MIT, CC BY 4.0",
    "made_wiki_edits": "CC BY-SA", "made_qa2d": "CC BY-SA 4.0", "conjnli": "MIT, CC BY-SA",
    "wiki_refuted": "CC BY-SA 4.0", "negation": "MIT, CC0", "entailmentbank": "Apache-2.0",
    "citation_integrity": "MIT", "monotonicity": "CC BY-SA 4.0",
    "wice_train_partial": "ODC-BY, CC BY-SA", "qa_squad2": "CC BY-SA 4.0",
    "qa_qnli": "CC BY-SA 4.0", "qa_selqa": "Apache-2.0, CC BY-SA",
    "qa_squad1_train": "CC BY-SA 4.0", "qa_squad1_sentences": "CC BY-SA 4.0",
    "qa_ares": "Apache-2.0, CC BY-SA", "qa_boolq": "CC BY-SA 3.0", "qa_condaqa": "Apache-2.0",
    "qa_pubmedqa": "MIT",
}  # fmt: skip
EDITED = ("qa_squad2", "qa_squad1_train", "qa_qnli")  # whose questions are made unanswerable too
NO_PLACE = ("qa_boolq", "qa_condaqa", "qa_pubmedqa")  # whose answers do not stand in the passage
NARROWED = ("qa_squad2", "qa_squad1_train")  # whose passages are cut to sentences too
LABEL = {"support": 0, "contradict": 1, "neutral": 2, "not": 3}  # 3: either of the two before it


@dataclass(frozen=True, slots=True)
class Example:
    """A pair of texts as word pieces, and what is known of it."""

    ids: tuple[int, ...]
    first: int  # pieces of the first text, with the special ones around it
    source: str
    label: int  # of LABEL; -1 where the pair is one of question and passage
    answered: int = -1  # 1 or 0; -1 where the pair is one of claim and premise
    span: tuple[int, int] | None = None  # the answer's first and last piece; (0, 0) for none


def main() -> None:
    """Train, and write the network and its card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--work", type=Path, default=Path("library/training"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    base = packaged_folder(EMBEDDING_FOLDER)
    examples, others = load(options.data, base)
    print(f"{len(examples):,} pairs an epoch, {len(others):,} held back")
    model = train(examples, others, base, options.work, options.minutes * 60)
    network.save(network.trained(model), FILE)
    scores = evaluate(network.load(base, FILE), others)  # in eight bits, as it is used
    write_card(scores)


HELD_BACK = "a tenth of each set, by passage or premise; no set has a question or sentence of it"


def write_card(scores: Mapping[str, float]) -> None:
    """Write what the network comes from and its quality on the pairs that were held back."""
    card = {
        "base": f"{EMBEDDING_FOLDER.distribution} (all-MiniLM-L6-v2, Apache-2.0)",
        "made_by": "tests/benchmarks/train_judge.py",
        "sha256": hash_of(FILE),
        "held_back": HELD_BACK,
        "held_back_auroc": scores,
        "sets_and_licences": {name: LICENCES[name] for name in sorted(TIMES)},
    }
    CARD.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def load(data: Path, base: Path) -> tuple[list[Example], list[Example]]:
    """Return the pairs to train on, each as often as an epoch has it, and those held back."""
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    chance = random.Random(SEED)
    kept: list[Example] = []
    others: list[Example] = []
    sets = {name: read(data / "judge" / f"{name}.jsonl.gz") for name in TIMES}
    unseen = Unseen([row for rows in sets.values() for row in rows if held_back(row)])
    for name, times in TIMES.items():
        rows = sets[name]
        chance.shuffle(rows)
        held = [row for row in rows if held_back(row)]
        mine = [row for row in rows if not held_back(row) and not unseen.shares(row)]
        others += encoded(held[:EVALUATED], name, tokenizer)
        if name in EDITED:
            edited = [found for row in mine if (found := with_other_name(row, mine, chance))]
            kept += encoded(edited, name, tokenizer)
        if name in NARROWED:
            kept += encoded([narrowed(row, chance) for row in mine], name, tokenizer)
        mine = mine if times >= 1 else mine[: int(times * len(mine))]
        kept += encoded(mine, name, tokenizer) * max(1, round(times))
    return kept, others


def held_back(row: Row) -> bool:
    """Whether a row is of the tenth that is not trained on: all of a group, passage or premise."""
    key = row.get("group") or row.get("passage") or row["premise"]
    return hashlib.sha256(str(key).encode()).digest()[0] < 26


class Unseen:
    """Questions and passages that are held back; several sets were made of the same ones."""

    def __init__(self, rows: Sequence[Row]) -> None:
        asked = [row for row in rows if "question" in row]
        self._questions = {_plain(row["question"]) for row in asked}
        self._sentences = {
            _plain(row["passage"][start:end])
            for row in asked
            for start, end in sentences(row["passage"])
        }

    def shares(self, row: Row) -> bool:
        """Whether a row has one of the questions, or a sentence of one of the passages."""
        if "question" not in row:
            return False
        passage = row["passage"]
        return _plain(row["question"]) in self._questions or any(
            _plain(passage[start:end]) in self._sentences for start, end in sentences(passage)
        )


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def narrowed(row: Row, chance: random.Random) -> Row:
    """Return the row with one to three sentences of its passage: those that matter."""
    passage, answer = row["passage"], row["answer"]
    parts = sentences(passage)
    if answer and answer in passage:
        at = passage.index(answer)
        chosen = next((i for i, (_, end) in enumerate(parts) if at < end), 0)
    else:
        asked = _words(row["question"])
        chosen = max(
            range(len(parts)),
            key=lambda i: len(asked & _words(passage[parts[i][0] : parts[i][1]])),
            default=0,
        )
    if not parts:
        return row
    first = max(0, chosen - chance.randrange(2))
    last = min(len(parts) - 1, chosen + chance.randrange(2))
    return {**row, "passage": passage[parts[first][0] : parts[last][1]]}


_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*|\d[\d,.]*\d)")


def with_other_name(row: Row, rows: Sequence[Row], chance: random.Random) -> Row | None:
    """Return an answerable row with a name or number of its question changed for another's.

    The other is of the passage, or of another row's question: the passage does not answer it.
    """
    if not row["answer"] or chance.random() < 0.5:
        return None
    names = [m for m in _NAME.finditer(row["question"]) if m[0] in row["passage"]]
    if not names:
        return None
    old = chance.choice(names)
    number = old[0][0].isdigit()
    where = row["passage"] if chance.random() < 0.7 else chance.choice(rows)["question"]
    others = [
        m[0]
        for m in _NAME.finditer(where)
        if m[0][0].isdigit() == number
        and m[0] not in row["question"]
        and old[0] not in m[0]
        and m[0] not in row["answer"]
    ]
    if not others:
        return None
    question = row["question"][: old.start()] + chance.choice(others) + row["question"][old.end() :]
    return {**row, "question": question, "answer": None}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{3,}", text.lower()))


def encoded(rows: Sequence[Row], source: str, tokenizer: Tokenizer) -> list[Example]:
    """Return the rows as examples."""
    of_answers = source.startswith("qa_")
    firsts = tokenizer.encode_batch([r["question" if of_answers else "claim"] for r in rows])
    seconds = tokenizer.encode_batch(
        [r["passage" if of_answers else "premise"] for r in rows], add_special_tokens=False
    )
    found = []
    for row, first, second in zip(rows, firsts, seconds, strict=True):
        head = first.ids if len(first.ids) <= FIRST else [*first.ids[: FIRST - 1], first.ids[-1]]
        room = PIECES - len(head) - 1
        start = _window(second.ids, set(head), room)
        span = None
        if of_answers and not row["answer"]:
            span = (0, 0)
        elif (
            of_answers
            and source not in NO_PLACE
            and len(row["answer"]) < MOST * len(row["passage"])
        ):
            found_at = _span(row["passage"], row["answer"], second.offsets[start : start + room])
            if not found_at:
                continue  # the window has lost the answer
            span = (found_at[0] + len(head), found_at[1] + len(head))
        found.append(
            Example(
                ids=(*head, *second.ids[start : start + room], head[-1]),
                first=len(head),
                source=source,
                label=-1 if of_answers else LABEL[row["label"]],
                answered=int(bool(row["answer"])) if of_answers else -1,
                span=span,
            )
        )
    return found


def _window(ids: Sequence[int], wanted: set[int], room: int) -> int:
    """Return where the window starts that shares most pieces with the claim."""
    if len(ids) <= room:
        return 0
    hits = np.cumsum([0, *(i in wanted for i in ids)])
    return int(np.argmax(hits[room:] - hits[:-room]))


def _span(passage: str, answer: str, offsets: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the first and last of the pieces at these offsets that the answer has, if any."""
    at = passage.find(answer)
    inside = [i for i, (s, e) in enumerate(offsets) if s < at + len(answer) and e > at >= 0]
    return (inside[0], inside[-1]) if inside else None


def batches(examples: Sequence[Example], chance: random.Random) -> Iterator[list[Example]]:
    """Yield the examples in batches of about BATCH pieces, of like lengths, in random order."""
    order = sorted(examples, key=lambda e: (len(e.ids) + chance.randrange(12), chance.random()))
    found: list[list[Example]] = [[]]
    for example in order:
        longest = max([len(example.ids), *(len(e.ids) for e in found[-1][-1:])])
        if (len(found[-1]) + 1) * (longest + 12) > BATCH:
            found.append([])
        found[-1].append(example)
    chance.shuffle(found)
    yield from found


def tensors(batch: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return word pieces, mask and kinds of text, (n, m) each."""
    length = max(len(example.ids) for example in batch)
    ids = torch.zeros((len(batch), length), dtype=torch.int64)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        mask[row, : len(example.ids)] = 1
        types[row, example.first : len(example.ids)] = 1
    return ids, mask, types


def loss_of(labels: torch.Tensor, spans: torch.Tensor, batch: Sequence[Example]) -> torch.Tensor:
    """Return the mean loss: of the labels that are known, and of the answer's place."""
    losses = []
    kinds = torch.log_softmax(labels[:, :3], dim=1)
    known = torch.tensor([example.label for example in batch])
    if (known >= 0).any():
        rest = torch.logsumexp(kinds[:, 1:], dim=1)
        of = torch.cat([kinds, rest[:, None]], dim=1)[known >= 0]
        losses.append(-of.gather(1, known[known >= 0][:, None])[:, 0])
    answered = torch.tensor([float(example.answered) for example in batch])
    if (answered >= 0).any():
        losses.append(
            torch.nn.functional.binary_cross_entropy_with_logits(
                labels[answered >= 0, 3], answered[answered >= 0], reduction="none"
            )
        )
    loss = torch.cat(losses).mean()
    placed = [i for i, example in enumerate(batch) if example.span]
    if placed:
        at = torch.tensor([batch[i].span for i in placed])
        per_piece = torch.log_softmax(spans[placed], dim=1)
        found = per_piece.gather(1, at[:, None, :])[:, 0]
        loss = loss - 0.15 * found.mean() * len(placed) / len(batch)
    return loss


def train(
    examples: Sequence[Example],
    others: Sequence[Example],
    base: Path,
    work: Path,
    seconds: float,
) -> network.Network:
    """Return the network after so many seconds of training, from the last checkpoint on."""
    torch.manual_seed(SEED)
    model = network.Network(base)
    checkpoint = work / "last.pt"
    if not checkpoint.is_file() and FILE.is_file():
        model = network.load(base, FILE)
    model.bert.embeddings.word_embeddings.weight.requires_grad = False
    model.bert.set_attn_implementation("eager")  # the faster one backwards
    learnt = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=RATE, weight_decay=0.01, fused=True)
    step = 0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    chance = random.Random(SEED + step)
    began = time.monotonic()
    done, losses = 0.0, [0.0]
    while done < 1:
        model.train()
        for batch in (bar := tqdm(list(batches(examples, chance)), unit="batch")):
            done = (time.monotonic() - began) / seconds
            if done >= 1:
                break
            rate = RATE * min(1, (step + 1) / WARM_UP, max(0.0, 1 - done) / COOL_DOWN)
            for group in optimiser.param_groups:
                group["lr"] = rate
            with torch.autocast("cpu", torch.bfloat16):
                labels, spans = model(*tensors(batch))
            loss = loss_of(labels.float(), spans.float(), batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            step += 1
            losses.append(float(loss.detach()))
            if step % 20 == 0:
                bar.set_description(f"step {step} loss {np.mean(losses[-300:]):.3f}")
            if step % 500 == 0 and 1 - done >= COOL_DOWN:  # the cooled are the shipped ones
                state = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
                torch.save({**state, "step": step}, work / "new.pt")
                (work / "new.pt").replace(checkpoint)
            if step % 2000 == 0:
                scores = evaluate(model, others)
                print(f"\nstep {step} done {done:.2f} loss {np.mean(losses[-1000:]):.3f} {scores}")
                model.train()
    return model.eval()


def evaluate(model: network.Network, others: Sequence[Example]) -> dict[str, float]:
    """Return the AUROC of the head of each set on the pairs that are held back."""
    model.eval()
    said: dict[str, list[tuple[bool, float]]] = {}
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for batch in batches(others, random.Random(SEED)):
            labels, _ = model(*tensors(batch))
            labels = labels.float()
            support = torch.log_softmax(labels[:, :3], dim=1)[:, 0]
            for row, example in enumerate(batch):
                of_answers = example.label < 0
                score = float(labels[row, 3] if of_answers else support[row])
                truth = example.answered == 1 if of_answers else example.label == 0
                said.setdefault(example.source, []).append((truth, score))
    return {
        source: round(float(roc_auc_score(*zip(*pairs, strict=True))), 3)
        for source, pairs in sorted(said.items())
        if len({truth for truth, _ in pairs}) == 2
    }


if __name__ == "__main__":
    main()
