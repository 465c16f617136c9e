"""OpenVINO's modules, imported without their telemetry."""

from __future__ import annotations

import importlib
import sys
from typing import Any, cast


def openvino(module: str = "openvino") -> Any:
    """Return a module of `openvino` or `openvino_genai`: the only way to import them here.

    To import one reports to Google Analytics from a process of its own, unasked; where its
    telemetry package is missing it does nothing of the kind.
    """
    sys.modules.setdefault("openvino_telemetry", cast(Any, None))
    return importlib.import_module(module)
