"""Quantise: grouped weights become 8 bits with one scale a row, and the model computes the same.

The models are two layers that can be computed by eye, packed as OpenVINO packs a GGUF file's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from index.engine import openvino
from rag.quantise import quantise, rounded

ov, op = openvino(), openvino("openvino.opset13")

Matrix = NDArray[np.float32]

matrices = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.floats(-8, 8, width=32),
)


@given(matrices)
def test_no_weight_is_further_off_than_half_a_step(values: Matrix):
    weights, scales = rounded(values)
    assert (weights.dtype, scales.dtype) == (np.int8, np.float16)
    assert weights.shape == values.shape
    assert scales.shape == (len(values), 1)
    step = np.abs(values).max(axis=1, keepdims=True) / 127
    scale_error = 127 * (step * 2**-11 + 2**-25)  # of float16, also where it is subnormal
    assert (np.abs(weights * scales.astype(np.float32) - values) <= step / 2 + scale_error).all()


def test_the_largest_weight_of_a_row_becomes_127():
    weights, scales = rounded(np.array([[1.0, -2.0, 0.5], [0, 0, 0]], np.float32))
    assert weights.tolist() == [[64, -127, 32], [0, 0, 0]]
    assert scales.tolist() == [[pytest.approx(2 / 127, rel=1e-3)], [0]]


def grouped(weights: NDArray[np.uint8], kind: str, zero: int, scales: Matrix) -> Any:
    """(outputs, groups, size) of small whole numbers -> the matrix they stand for, as a graph."""
    outputs, groups, size = weights.shape
    packed = op.constant(weights, dtype=getattr(ov.Type, kind))
    zeros = op.constant(np.full((outputs, groups, 1), zero, np.uint8), getattr(ov.Type, kind))
    centred = op.subtract(op.convert(packed, "f16"), op.convert(zeros, "f16"))
    scaled = op.multiply(centred, op.constant(scales.astype(np.float16)))
    return op.convert(op.reshape(scaled, [outputs, groups * size], special_zero=False), "f32")


def save(path: Path, *layers: Any) -> Path:
    """One input, multiplied with each layer in turn."""
    value = taken = op.parameter([-1, layers[0].get_output_shape(0)[1]], np.float32)
    for layer in layers:
        value = op.matmul(value, layer, transpose_a=False, transpose_b=True)
    ov.save_model(ov.Model([value], [taken]), path, compress_to_fp16=False)
    return path


def output(path: Path, value: list[list[float]]) -> list[list[float]]:
    found = ov.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(
        np.array(value, np.float32)
    )
    return np.asarray(found[0]).tolist()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    first = np.array([[[15, 1], [8, 8]], [[8, 9], [7, 8]]], np.uint8)  # zero is 8
    second = np.array([[[3], [1]]], np.uint8)  # zero is 2
    return save(
        tmp_path / "grouped.xml",
        grouped(first, "u4", 8, np.array([[[1], [2]], [[4], [2]]], np.float32)),
        grouped(second, "u8", 2, np.array([[[0.5], [0.25]]], np.float32)),
    )


def test_a_quantised_model_computes_what_the_grouped_one_did(source: Path, tmp_path: Path):
    # [[7, -7, 0, 0], [0, 4, -2, 0]], then [[0.5, -0.25]]
    assert output(source, [[1, 2, 3, 4]]) == [[-4.0]]  # 7 - 14 = -7; 8 - 6 = 2; -3.5 - 0.5
    target = tmp_path / "int8.xml"
    quantise(source, target)
    assert output(target, [[1, 2, 3, 4]]) == [[pytest.approx(-4.0, rel=0.01)]]


def test_every_layer_is_in_8_bits_with_one_scale_a_row(source: Path, tmp_path: Path):
    quantise(source, tmp_path / "int8.xml")
    found = ov.Core().read_model(tmp_path / "int8.xml")
    constants = [node for node in found.get_ops() if node.get_type_name() == "Constant"]
    shapes = {
        (node.get_element_type().get_type_name(), tuple(node.get_output_shape(0)))
        for node in constants
    }
    assert shapes == {("i8", (2, 4)), ("f16", (2, 1)), ("i8", (1, 2)), ("f16", (1, 1))}


def test_a_model_without_groups_is_written_as_it_is(tmp_path: Path):
    plain = save(tmp_path / "plain.xml", op.constant(np.array([[1.5, 2.5]], np.float32)))
    quantise(plain, tmp_path / "same.xml")
    assert output(tmp_path / "same.xml", [[1, 1]]) == [[4.0]]
    assert plain.with_suffix(".bin").read_bytes() == (tmp_path / "same.bin").read_bytes()
