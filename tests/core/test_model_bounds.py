"""Sizes in a model folder that libraries would trust."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.core.model_bounds import check_model_folder
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.errors import SearchIndexError


def edit(file: Path, **values: Any) -> None:
    stored = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(stored | values), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, encoder_folder: Path) -> Path:
    return Path(shutil.copytree(encoder_folder, tmp_path / "encoder"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("num_hidden_layers", 100_000), ("hidden_size", -1), ("vocab_size", 2**31)],
)
def test_a_size_that_no_model_has_is_refused(folder: Path, field: str, value: int) -> None:
    check_model_folder(folder)
    file = folder / "config.json"
    edit(file, **{field: value})
    with pytest.raises(SearchIndexError, match=rf"config\.json, field '{field}': {value} is not"):
        open_encoder(EncoderSettings(name=str(folder)))


@pytest.mark.parametrize("added", [True, False])
def test_a_token_id_that_would_end_the_process_is_refused(folder: Path, added: bool) -> None:
    (file,) = folder.glob("**/tokenizer.json")
    stored = json.loads(file.read_text(encoding="utf-8"))
    if added:
        stored["added_tokens"].append({"id": 2**31 - 1, "content": "[LAST]", "special": True})
    else:
        stored["model"]["vocab"]["last"] = 2**31 - 1
    file.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(SearchIndexError, match=r"tokenizer\.json: the token id 2147483647 is not"):
        open_encoder(EncoderSettings(name=str(folder)))


def test_a_configuration_that_is_no_json_is_refused(folder: Path) -> None:
    file = folder / "config.json"
    file.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(SearchIndexError, match=r"config\.json is no JSON"):
        open_encoder(EncoderSettings(name=str(folder)))
