"""Grouped weights of an OpenVINO model -> 8 bits, with one scale for each output channel.

OpenVINO's CPU code multiplies such weights as they are; those in groups of 16 or 32, as GGUF has
them, it unpacks at every pass, and compiles slowly. Rounded to nearest, symmetric, without data
(Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from index.engine import openvino

FORMAT = "int8-1"  # of what is written: to be changed with it, so that nothing old is used

_NIBBLE = 4  # bits of an unsigned weight of which a byte holds two
_MOST = 127  # of a symmetric 8-bit weight
_UNPACKING = {"Constant", "Convert", "Subtract", "Multiply"}  # of a group: (w - zero) * scale


def quantise(source: Path, target: Path) -> None:
    """Write the model of an .xml file with its grouped weights in 8 bits to another .xml file.

    Each has its .bin file beside it. Raises RuntimeError where OpenVINO cannot read or write.
    """
    ov, op = openvino(), openvino("openvino.opset13")
    model = ov.Core().read_model(source)
    for layer in tqdm(list(_grouped(model)), desc="quantising it", unit=" layers"):
        weights, scales = rounded(_values(layer))
        product = op.multiply(op.convert(op.constant(weights), "f16"), op.constant(scales))
        for reader in layer.output(0).get_target_inputs():
            reader.replace_source_output(product.output(0))
    ov.save_model(model, target, compress_to_fp16=False)


def rounded(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Return int8 weights (n, m) and scales (n, 1); their product is nearest to the (n, m) values.

    No value is further off than half its row's scale, and half a float16's step of that scale.
    """
    scales = (np.abs(values).max(axis=1, keepdims=True) / _MOST).astype(np.float16)
    divisors = np.where(scales > 0, scales, 1).astype(np.float32)
    weights = np.clip(np.rint(values / divisors), -_MOST, _MOST).astype(np.int8)
    return weights, scales


def _grouped(model: Any) -> Iterable[Any]:
    """Yield the nodes at which unpacked groups become one matrix, (outputs, inputs)."""
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Reshape" and len(node.get_output_partial_shape(0)) == 2:
            groups = node.input_value(0).get_node()
            if groups.get_type_name() != "Constant" and _is_unpacking(groups):
                yield node


def _is_unpacking(node: Any) -> bool:
    return node.get_type_name() in _UNPACKING and all(
        _is_unpacking(value.get_node()) for value in node.input_values()
    )


def _values(node: Any) -> NDArray[np.float32]:
    """Compute a node that has only constants before it."""
    if node.get_type_name() == "Constant":
        packed = node.data
        if node.get_element_type().bitwidth == _NIBBLE:
            packed = packed.view(np.uint8)
            packed = np.stack([packed & 15, packed >> 4], axis=-1)  # the lower half comes first
        return np.asarray(packed.reshape(node.get_output_shape(0)), np.float32)
    first, *second = (value.get_node() for value in node.input_values())
    match node.get_type_name():
        case "Subtract":
            return _values(first) - _values(second[0])
        case "Multiply":
            return _values(first) * _values(second[0])
        case "Reshape":
            return _values(first).reshape(node.get_output_shape(0))
        case _:  # Convert
            return _values(first)
