"""Fine-tuning of an encoder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from tests.conftest import make_documents_with_topics, write_jsonl


@pytest.mark.slow
def test_vectors_of_texts_to_keep_move_less(
    tune: Callable[..., Any], encoder_folder: Path, tmp_path: Path
) -> None:
    documents = make_documents_with_topics(20)
    keep = write_jsonl(tmp_path / "k.jsonl", documents)
    options = {"token_weights": "base", "negatives": 0, "distillation": 0}
    assert tune(tmp_path / "free", **options).code == 0
    assert tune(tmp_path / "bound", "--keep", keep, memory=50, **options).code == 0
    texts = [one["text"] for one in documents]
    base, free, bound = (
        SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
        for folder in (encoder_folder, tmp_path / "free", tmp_path / "bound")
    )
    assert np.sum(base * bound, axis=1).mean() > np.sum(base * free, axis=1).mean()


@pytest.mark.slow
def test_minutes_are_as_many_steps_as_the_pace_allows(
    tune: Callable[..., Any], tmp_path: Path
) -> None:
    done = tune(tmp_path / "tuned", "--set", "minutes=0.002", "--json", steps="null")
    assert done.code == 0, done.err
    steps = json.loads(done.out)["steps"]
    assert json.loads((tmp_path / "tuned" / "plan.json").read_text()) == {"steps": steps}
    assert 1 <= steps < 100
