"""The encoders that come with the installation, and which one is meant for a language."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner.indexes.encoders import (
    AUTO,
    EncoderSettings,
    embedded,
    open_encoder,
)
from corpus_tuner.indexes.encoders.transformer import TransformerEncoder
from corpus_tuner.indexes.paths import RESERVED

GERMAN = ["Die Mühle mahlt das Getreide.", "Wer zahlt den überfluteten Keller?"]


def test_the_german_one_knows_german_words() -> None:
    english, german = (open_encoder(EncoderSettings(name=name)) for name in embedded.NAMES)
    assert english.fingerprint != german.fingerprint
    assert sum(german.count_tokens(GERMAN)) < sum(english.count_tokens(GERMAN))
    assert embedded.DELTAS["builtin-de"].stat().st_size <= 10_000_000
    same, other = german.encode_queries(["Keller unter Wasser", "Zinsen am Kapitalmarkt"])
    flooded = german.encode_documents(GERMAN)[1]
    assert flooded @ same > flooded @ other


def test_a_folder_of_the_same_name_is_not_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert {*RESERVED} == {AUTO, *embedded.NAMES}
    for name in RESERVED:
        (tmp_path / name).mkdir()
        assert EncoderSettings(name=name).name == name
        assert EncoderSettings(name=f"./{name}").name == str((tmp_path / name).resolve())


@pytest.mark.slow
def test_pytorch_reads_the_german_one_alike() -> None:
    settings = EncoderSettings(name="builtin-de", dtype="float32")
    ours, reference = open_encoder(settings), TransformerEncoder(settings)
    assert ours.fingerprint == reference.fingerprint
    vectors = reference.encode_queries(GERMAN)
    np.testing.assert_allclose(ours.encode_documents(GERMAN), vectors, atol=1e-5)


@pytest.mark.parametrize(("language", "name"), [("de", "builtin-de"), ("en", "builtin")])
def test_auto_goes_by_the_language_of_the_corpus(
    tmp_path: Path, run: Callable[..., Any], language: str, name: str
) -> None:
    texts = {"de": GERMAN, "en": ["The old mill grinds the wheat.", "Who pays for the flood?"]}
    lines = [json.dumps({"_id": f"{n}", "text": text}) for n, text in enumerate(texts[language])]
    corpus = tmp_path / "c.jsonl"
    corpus.write_text("\n".join(lines), encoding="utf-8")
    index = tmp_path / "index"
    assert run("build", corpus, "-o", index, "--generator", "null").code == 0
    said = json.loads(run("info", index, "--json").out)
    assert said["encoder"]["settings"]["name"] == name
    assert run("add", index, corpus).code == 0
    found = json.loads(run("search", index, texts[language][1], "--json").out)
    assert found["hits"][0]["id"] == "1"
