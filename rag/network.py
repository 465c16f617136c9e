"""The judge's cross-encoder as a PyTorch module: bundled MiniLM, tuned, with three heads.

Only `rag.weights`, where it prepares the model, and its training import this module, since PyTorch
takes seconds. It reads two texts together (Nogueira and Cho 2019, "Passage Re-ranking
with BERT") and says whether the second supports the first, whether it answers it, and where. Its
file holds all that training changed, in eight bits; the word vectors are those of the embedding
model (training keeps them as they are), so that it is small.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import BertModel
from transformers.utils import logging as transformers_logging

from index.convert import MODEL, TOKENIZER
from index.engine import openvino

LABELS = ("support", "contradiction", "neutral", "answer")
_WORDS = "bert.embeddings.word_embeddings.weight"


class Network(torch.nn.Module):
    """MiniLM over two texts; heads on its first vector, and one on every word piece."""

    def __init__(self, base: Path) -> None:
        """Read the embedding model from its folder."""
        super().__init__()
        self.bert = BertModel.from_pretrained(
            str(base),
            add_pooling_layer=False,
            attn_implementation="sdpa",
            hidden_dropout_prob=0.0,  # training sees few pairs more than once
            attention_probs_dropout_prob=0.0,
            local_files_only=True,
        )
        width = self.bert.config.hidden_size
        self.pooler = torch.nn.Linear(width, width)
        self.labels = torch.nn.Linear(width, len(LABELS))
        self.span = torch.nn.Linear(width, 2)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits of the labels (n, 4), and of an answer's start and end (n, m, 2)."""
        pieces = self.bert(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        return self.labels(torch.tanh(self.pooler(pieces[:, 0]))), self.span(pieces)


def trained(network: Network) -> dict[str, torch.Tensor]:
    """Return the weights that training changes."""
    return {name: w for name, w in network.state_dict().items() if name != _WORDS}


def save(weights: Mapping[str, torch.Tensor], file: Path) -> None:
    """Write the weights: matrices as int8, with a scale for each row; vectors as they are."""
    stored: dict[str, torch.Tensor] = {}
    for name, weight in weights.items():
        weight = weight.float()
        if weight.ndim < 2:
            stored[name] = weight.contiguous()
            continue
        scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
        stored[name] = torch.round(weight / scale).to(torch.int8)
        stored[f"{name}.scale"] = scale.contiguous()
    save_file(stored, str(file))


def load(base: Path, file: Path) -> Network:
    """Return the network of the embedding model's folder and a file that `save` wrote."""
    stored = load_file(str(file))
    weights = {
        name: weight.float() * stored[f"{name}.scale"] if weight.dtype == torch.int8 else weight
        for name, weight in stored.items()
        if not name.endswith(".scale")
    }
    network = Network(base)
    network.load_state_dict({**weights, _WORDS: network.state_dict()[_WORDS]})
    return network.eval()


def convert(base: Path, file: Path, target: Path) -> None:
    """Write the network of that file as an OpenVINO model, with its tokenizer, to `target`."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity(logging.ERROR)
    sample = torch.ones((2, 3), dtype=torch.int64)  # of no meaning: lengths stay free
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    ov = openvino()
    with warnings.catch_warnings(action="ignore"):  # of the tracer, on branches it does not follow
        converted = ov.convert_model(
            load(base, file),
            example_input=dict.fromkeys(inputs, sample),
            input=[(name, [-1, -1]) for name in inputs],
        )
    ov.save_model(converted, target / MODEL, compress_to_fp16=False)
    tokenizer = Tokenizer.from_file(str(base / TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(target / TOKENIZER))
