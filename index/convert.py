"""A BERT of sentence-transformers -> an OpenVINO model from word pieces to their vectors, once.

PyTorch and sentence-transformers take eight seconds to import; what comes out here needs neither.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

from index.engine import openvino

MODEL, TOKENIZER = "openvino_model.xml", "tokenizer.json"
FORMAT = "f32-2"  # of what is written: to be changed with it, so that nothing old is used


def convert(source: Path, target: Path) -> None:
    """Write the model of the folder `source`, in float32, and its tokenizer to `target`."""
    ov = openvino()
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    class Pieces(torch.nn.Module):
        """The transformer as one function of two tensors; pooling is the encoder's."""

        def __init__(self, model: SentenceTransformer) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            features["token_type_ids"] = torch.zeros_like(input_ids)
            return self.model(features)["token_embeddings"]

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity(logging.ERROR)
    model = SentenceTransformer(str(source), device="cpu", local_files_only=True)
    sample = torch.ones((2, 3), dtype=torch.int64)  # of no meaning: lengths stay free
    with warnings.catch_warnings(action="ignore"):  # of the tracer, on branches it does not follow
        converted = ov.convert_model(
            Pieces(model).eval(),
            example_input={"input_ids": sample, "attention_mask": sample},
            input=[("input_ids", [-1, -1]), ("attention_mask", [-1, -1])],
        )
    ov.save_model(converted, target / MODEL, compress_to_fp16=False)
    tokenizer = model.tokenizer.backend_tokenizer
    tokenizer.enable_truncation(model.max_seq_length)
    tokenizer.enable_padding()
    tokenizer.save(str(target / TOKENIZER))
