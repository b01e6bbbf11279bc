"""Decoder-only models run by vLLM: random ones, against transformers and a stand-in."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from corpus_tuner.errors import CorpusTunerError, MissingExtraError
from corpus_tuner.generators import without_thoughts
from corpus_tuner.indexes.store.documents import Document
from corpus_tuner.models import Source, load_model
from corpus_tuner.models.causal_vllm import VLLMCausalEngine, _stored
from corpus_tuner.models.writing import Decoding, Request
from corpus_tuner.reading import Reading
from tests.conftest import make_documents, write_jsonl
from tests.corpus_tuner.cli.conftest import Run
from tests.corpus_tuner.generators.test_causal import ASK, KINDS, READINGS, models, opened

__all__ = ["models"]  # a fixture

needs_vllm = pytest.mark.skipif(find_spec("vllm") is None, reason="needs the extra vllm")
SAMPLED = Decoding(
    outputs=2,
    beams=0,
    temperature=0.7,
    top_p=0.9,
    top_k=20,
    no_repeat_ngram=0,
    max_new_tokens=4,
    batch_size=8,
)


class StandIn:
    """Takes what `vllm.LLM.generate` takes, and answers with the token 1 for every token read."""

    def __init__(self, text: str = "Why?", room: int = 100) -> None:
        self.model_config = SimpleNamespace(max_model_len=room)
        self.text = text
        self.asked: list[Any] = []

    def generate(self, prompts: list[Any], params: list[Any], use_tqdm: bool) -> list[Any]:
        assert len(prompts) == len(params) and not use_tqdm
        self.asked.append(params)
        return [
            SimpleNamespace(
                outputs=[
                    SimpleNamespace(
                        token_ids=(1,) * len(prompt["prompt_token_ids"]),
                        text=self.text,
                        stop_reason=how.stop[0] if how.stop else None,
                    )
                    for _ in range(getattr(how, "n", 1))
                ]
            )
            for prompt, how in zip(prompts, params, strict=True)
        ]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("vllm")
    module.SamplingParams = SimpleNamespace  # type: ignore[attr-defined]
    module.TokensPrompt = dict  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", module)


def engine(llm: StandIn, stop: tuple[str, ...] = ()) -> VLLMCausalEngine:
    return VLLMCausalEngine(llm, stop, without_thoughts)


@pytest.mark.usefixtures("library")
def test_what_it_is_asked_for() -> None:
    llm = StandIn()
    requests = [Request([5, 6], [7], 8), Request([5], [], 2**63 - 1)]
    assert engine(llm, ("\n\n",)).write(requests, SAMPLED) == [[[1, 1, 1]] * 2, [[1]] * 2]
    [[first, second]] = llm.asked
    assert (first.n, first.temperature, first.top_p, first.top_k) == (2, 0.7, 0.9, 20)
    assert (first.max_tokens, first.stop, first.seed) == (4, ["\n\n"], 4)
    assert second.seed + SAMPLED.outputs < 2**63
    engine(llm).write(requests, SAMPLED._replace(beams=1, outputs=1))
    assert llm.asked[1][0].temperature == 0
    assert engine(llm).write([], SAMPLED) == []


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("text", ["", "\n", "<think>It is"])
def test_an_answer_that_stops_before_it_begins_goes_on(text: str) -> None:
    llm = StandIn(text)
    assert engine(llm, ("\n\n",)).write([Request([5], [], 8)], SAMPLED) == [[[1]] * 2]
    [[first], [second]] = llm.asked
    assert (first.stop, second.stop, first.seed) == (["\n\n"], [], second.seed)


@pytest.mark.usefixtures("library")
def test_a_prompt_that_does_not_fit() -> None:
    with pytest.raises(CorpusTunerError, match=r"prompt of 3 tokens.*the 6 that.*gpu_memory"):
        engine(StandIn(room=6)).write([Request([5, 6, 7], [], 8)], SAMPLED)
    engine(StandIn(room=7)).write([Request([5, 6, 7], [], 8)], SAMPLED)


@pytest.mark.parametrize("size", ["1GB", "20KB"], ids=["whole", "in parts"])
def test_stored_weights_have_the_hash_of_those_that_are_loaded(
    models: dict[str, Path], tmp_path: Path, size: str
) -> None:
    import torch

    from corpus_tuner.indexes.encoders.weights import hash_stored, hash_weights

    model, _ = load_model(Source(str(models["Llama"])), causal=True)
    model.save_pretrained(tmp_path, max_shard_size=size)
    files, before = _stored(Source(str(tmp_path))), hash_weights(model)
    assert (len(files) > 1) == (size != "1GB")
    assert hash_stored(files) == before
    with torch.no_grad():
        model.lm_head.weight[0, 0] += 1
    model.save_pretrained(tmp_path, max_shard_size=size)
    assert hash_stored(files) == hash_weights(model) != before


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"no_repeat_ngram": 3}, "no_repeat_ngram=0"),
        ({"temperature": 2.5}, "0.01 to 2.0"),
        ({"decoding": "beam", "beams": 4}, "decoding=sampling"),
        ({"decoding": "beam", "outputs": 2}, "decoding=sampling"),
    ],
)
def test_what_vllm_lacks(tmp_path: Path, values: dict[str, Any], advice: str) -> None:
    with pytest.raises(CorpusTunerError, match=rf"{advice}.*generator\.engine=transformers"):
        opened(tmp_path, engine="vllm", **values)


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vllm is installed")
def test_without_the_extra(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"of its own.* needs an extra.*\[vllm"):
        opened(tmp_path, engine="vllm")


class Plain:
    """Has attributes of its own, where what it stands for makes one of every name."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@pytest.fixture
def on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """For vLLM as it is built for CPUs, which the tests run."""
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB
    # vLLM 0.32 looks through all modules, and stumbles over llvmlite, which bm25s loads by numba.
    ffi = pytest.importorskip("llvmlite.binding.ffi")
    monkeypatch.setattr(ffi, "lib", Plain(ffi.lib))


def run_by_vllm(folder: Path, **values: Any) -> Any:
    return opened(folder, engine="vllm", dtype="float32", **values)


@needs_vllm
@pytest.mark.usefixtures("on_a_cpu")
@pytest.mark.parametrize("kind", KINDS)
def test_it_writes_what_transformers_writes(models: dict[str, Path], kind: str) -> None:
    generator = run_by_vllm(models[kind], decoding="beam", stop=("e", "\n\n"))
    reference = opened(
        models[kind], decoding="beam", stop=("e", "\n\n"), engine="transformers", device="cpu"
    )
    assert "vllm float32" in generator.identity
    written = generator.generate(READINGS, ASK)
    assert written == reference.generate(READINGS, ASK)
    how = SAMPLED._replace(beams=1, outputs=1, max_new_tokens=12)
    requests = [Request(generator._tokens(one.document, ASK), [], 0) for one in READINGS]
    tokens = run_by_vllm(models[kind], decoding="beam")._engine.write(requests, how)
    assert tokens == reference._engine.write(requests, how)
    assert all(answer for [answer] in tokens)


@needs_vllm
@pytest.mark.usefixtures("on_a_cpu")
@pytest.mark.parametrize("kind", KINDS)
def test_samples_depend_on_the_document_alone(models: dict[str, Path], kind: str) -> None:
    generator = run_by_vllm(models[kind], outputs=3, temperature=2.0)
    together = generator.generate(READINGS, ASK)
    assert generator.generate(READINGS[::-1], ASK) == together[::-1]
    assert generator.generate(READINGS[:1], ASK) == together[:1]
    assert len(together[0].texts) > 1
    other = run_by_vllm(models[kind], outputs=3, temperature=2.0, seed=1)
    assert other._engine._llm is generator._engine._llm  # one model for both
    assert other.generate(READINGS, ASK) != together
    another = next(folder for name, folder in models.items() if name != kind)
    with pytest.raises(CorpusTunerError, match=r"one model at a time.*name=endpoint"):
        run_by_vllm(another)


@needs_vllm
@pytest.mark.usefixtures("on_a_cpu")
def test_samples_are_drawn_from_what_the_model_says(models: dict[str, Path]) -> None:
    """First tokens of one prompt, by both engines: alike in their frequencies."""
    generator = run_by_vllm(models["Llama"])
    reference = opened(models["Llama"], engine="transformers", device="cpu")
    prompt = generator._tokens(READINGS[0].document, ASK)
    how = SAMPLED._replace(outputs=500, max_new_tokens=1, top_k=5, temperature=2.0)
    counts = []
    for one in (generator, reference):
        [answers] = one._engine.write([Request(prompt, [], 7)], how)
        first = [answer[0] for answer in answers]
        counts.append({token: first.count(token) for token in first})
    assert 1 < len(counts[0]) <= 5
    for token in {*counts[0], *counts[1]}:
        # Three standard deviations of a difference of two counts, at most 3 * sqrt(2 * 500 / 4).
        assert abs(counts[0].get(token, 0) - counts[1].get(token, 0)) < 48


@needs_vllm
@pytest.mark.usefixtures("on_a_cpu")
def test_what_prompts_begin_with_in_common_is_computed_once(models: dict[str, Path]) -> None:
    from vllm import SamplingParams, TokensPrompt

    generator = run_by_vllm(models["Llama"])
    before = [7] * 128  # a block of the cache, where vLLM is built for CPUs
    generator._engine.write([Request([*before, 8], [], 0)], SAMPLED)
    [done] = generator._engine._llm.generate(
        TokensPrompt(prompt_token_ids=[*before, 9]), SamplingParams(max_tokens=1), use_tqdm=False
    )
    assert done.num_cached_tokens == len(before)


@needs_vllm
@pytest.mark.usefixtures("on_a_cpu")
def test_what_it_cannot_open(models: dict[str, Path], t5_folder: Path, tmp_path: Path) -> None:
    for folder in (t5_folder, tmp_path / "nothing"):
        with pytest.raises(CorpusTunerError, match=r"decoder-only model.*Qwen/Qwen3-1\.7B"):
            run_by_vllm(folder)
    with pytest.raises(CorpusTunerError, match=r"generator\.device=auto"):
        opened(models["Llama"], engine="vllm", device="tpu:7")
    for file in models["Llama"].iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(CorpusTunerError, match=r"no model\.safetensors.*pickled"):
        run_by_vllm(tmp_path)
    odd = json.loads((tmp_path / "config.json").read_text())
    odd |= {"model_type": "gpt2", "architectures": ["NoSuchForCausalLM"]}
    (tmp_path / "config.json").write_text(json.dumps(odd))
    weights = models["Llama"] / "model.safetensors"
    (tmp_path / weights.name).write_bytes(weights.read_bytes())
    with pytest.raises(CorpusTunerError, match=r"vLLM cannot run.*generator\.engine=transformers"):
        run_by_vllm(tmp_path)


@needs_vllm
@pytest.mark.usefixtures("on_a_cpu")
def test_a_long_prompt_and_what_the_model_takes(models: dict[str, Path]) -> None:
    generator = run_by_vllm(models["Qwen3"], max_source_tokens=600)
    long = Reading(Document("d", "", "wheat and barley " * 300))
    with pytest.raises(CorpusTunerError, match=r"the 512 that.*generator\.max_source_tokens"):
        generator.generate([long], ASK)
    shorter = run_by_vllm(models["Qwen3"], max_source_tokens=120)
    assert [one.cut for one in shorter.generate([READINGS[0], long], ASK)] == [False, True]


@needs_vllm
@pytest.mark.slow
@pytest.mark.usefixtures("on_a_cpu")
def test_a_build(models: dict[str, Path], tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(6))
    index = tmp_path / "index"
    values = {
        "name": "causal",
        "model": str(models["Qwen3"]),
        "max_new_tokens": 8,
        "engine": "vllm",
    }
    built = run(
        *("build", corpus, "-o", index, *small, "--json"),
        *("--set", f"generator={json.dumps(values)}", "--set", "checks=[]"),
    )
    assert built.code == 0, built.err
    assert json.loads(built.out)["views"]["question"] > 0
    assert " vllm " in run("info", index).out
