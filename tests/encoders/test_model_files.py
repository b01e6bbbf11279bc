"""Files of an encoder on this machine."""

from pathlib import Path

import pytest

from corpus_tuner.encoders import EncoderSettings, embedded
from corpus_tuner.encoders.model_files import list_encoder_files


def test_files_that_decide_vectors_are_listed(tmp_path: Path) -> None:
    for name in ("model.safetensors", "1_Pooling/config.json", "README.md", "log.jsonl", ".git/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_encoder_files(EncoderSettings(name=str(tmp_path))) == {
        "1_Pooling/config.json": tmp_path / "1_Pooling" / "config.json",
        "model.safetensors": tmp_path / "model.safetensors",
    }


@pytest.mark.parametrize("name", ["/nowhere/model", "of/hub", "no model: at all"])
def test_an_encoder_that_is_not_here_has_no_files(name: str) -> None:
    assert list_encoder_files(EncoderSettings(name=name)) == {}


def test_files_in_the_cache_of_the_hub_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    commit = "c0ffee" * 6 + "c0ff"
    model = tmp_path / "models--of--hub"
    (model / "snapshots" / commit).mkdir(parents=True)
    (model / "snapshots" / commit / "config.json").write_text("{}", encoding="utf-8")
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(commit, encoding="utf-8")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert [*list_encoder_files(EncoderSettings(name="of/hub"))] == ["config.json"]
    assert list_encoder_files(EncoderSettings(name="of/hub", revision="other")) == {}


@pytest.mark.parametrize("name", embedded.NAMES)
def test_an_embedded_encoder_has_the_files_of_its_package(name: str) -> None:
    if not embedded.is_installed(name):
        pytest.skip("its package is not installed")
    files = list_encoder_files(EncoderSettings(name=name))
    assert files.keys() == embedded.PACKAGES[name].files.keys()
    assert all(file.is_file() for file in files.values())
