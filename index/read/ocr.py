"""Pixels -> words with boxes, by rapidocr; its models come with its package."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.read.layout import Run, Word

Pixels = NDArray[np.uint8]  # (height, width) or (height, width, channels)


def read_pixels(pixels: Pixels, scale: float = 1.0) -> tuple[Sequence[Run], float | None]:
    """Return the lines of an image as words, and their mean confidence, 0 to 1; None for no words.

    Boxes are in pixels divided by `scale`.
    """
    found = _engine()(pixels, return_word_box=True)
    runs, scores = [], []
    for line in found.word_results if found.txts else ():
        words = [_word(text, corners, scale) for text, _, corners in line if text.strip()]
        if words:
            runs.append(words)
            scores += [score for text, score, _ in line if text.strip()]
    return runs, round(float(np.mean(scores)), 3) if scores else None


def _word(text: str, corners: Any, scale: float) -> Word:
    left, top = np.min(corners, axis=0) / scale
    right, bottom = np.max(corners, axis=0) / scale
    return Word(text.strip(), float(left), float(top), float(right), float(bottom))


@lru_cache(maxsize=1)
def _engine() -> Any:
    """Return the engine; importing and preparing it takes seconds, so only where it is needed."""
    from rapidocr import EngineType, RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    steps = ("Det", "Cls", "Rec")  # detect, turn upright, recognise
    return RapidOCR(
        params={
            "Global.log_level": "error",
            **{f"{step}.engine_type": EngineType.OPENVINO for step in steps},
        }
    )
