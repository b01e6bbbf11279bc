"""Fixtures: a small index, and queries of its documents."""

from pathlib import Path

import pytest

from corpus_tuner.building.pipeline import build
from corpus_tuner.config.recipe import load_recipe
from corpus_tuner.encoders import Encoder
from tests.conftest import make_documents, write_jsonl


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, encoder_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("oracle")
    write_jsonl(folder / "corpus.jsonl", make_documents(40))
    assignments = ["generator=null", "calibrate=false", "language=en"]
    settings = load_recipe(None, [*assignments, f"encoder.name={encoder_folder}"])
    build(folder / "corpus.jsonl", folder / "index", settings, encoder=encoder)
    return folder / "index"


@pytest.fixture(scope="session")
def queries() -> dict[str, str]:
    documents = make_documents(40)
    return {
        f"q{number}": " ".join(document["text"].split()[2:9])
        for number, document in enumerate(documents[:6])
    }
