"""Datasets of the Hugging Face hub and of ir_datasets."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from corpus_tuner import Corpus, CorpusTunerError, Document
from corpus_tuner.corpora import CorpusSettings
from tests.conftest import write_jsonl
from tests.corpora.conftest import DOCUMENTS, RECORDS


def test_ir_datasets(monkeypatch: pytest.MonkeyPatch) -> None:
    import ir_datasets

    class Doc(NamedTuple):
        doc_id: str
        text: str

    class Made:
        def docs_iter(self) -> Iterator[Doc]:
            yield Doc("a", "A mill.")

    monkeypatch.setitem(ir_datasets.registry._registered, "made/here", Made())
    assert list(Corpus("ir_datasets:made/here")) == [Document("a", "", "A mill.")]
    with pytest.raises(CorpusTunerError, match="no documents called 'made/nowhere'"):
        list(Corpus("ir_datasets:made/nowhere"))


def test_hub_datasets_from_a_folder(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", RECORDS)
    assert list(Corpus(f"hf:{tmp_path}")) == DOCUMENTS
    with pytest.raises(CorpusTunerError, match="'split'"):
        list(Corpus(f"hf:{tmp_path}", CorpusSettings(split="nowhere")))


def test_a_missing_extra_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ir_datasets", None)
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(CorpusTunerError, match=r"pip install .*\[ir-datasets\]'"):
        list(Corpus("ir_datasets:beir/scifact"))
    with pytest.raises(CorpusTunerError, match=r"pip install .*\[datasets\]'"):
        list(Corpus("hf:some/set"))
