"""Recipes for encoders of the hub, each with a small random model of the same architecture."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize

from corpus_tuner import load_recipe
from corpus_tuner.config.recipe import TUNING_FILES
from corpus_tuner.encoders import open_encoder
from tests.encoders.conftest import make_model

TEXTS = ["The mill by the river", "wheat", "a long text " * 60]
RECIPES = Path(__file__).parents[2] / "configs"


class Architecture(NamedTuple):
    """What a model is made of, as its card and files say."""

    transformer: str
    pooling: str
    wider: bool = False  # by a linear layer at the end
    query_prompt: str = ""


ARCHITECTURES = {
    "english-bge-small": Architecture("Bert", "cls"),
    "english-granite-r2": Architecture("ModernBert", "cls"),
    "english-leaf-ir": Architecture("Bert", "mean", wider=True, query_prompt="river: "),
    "multilingual-bekko-a8m": Architecture("ModernBert", "mean"),
    "multilingual-bekko-a25m": Architecture("ModernBert", "mean"),
    "multilingual-granite": Architecture("XLMRoberta", "cls"),
}


def test_each_recipe_for_an_encoder_alone_is_tried() -> None:
    usual = load_recipe()
    alone = set()
    for file in RECIPES.glob("*.yaml"):
        if file.stem in TUNING_FILES:
            continue
        settings = load_recipe(file)
        if settings.encoder != usual.encoder and settings.generator == usual.generator:
            alone.add(file.stem)
    assert alone == {*ARCHITECTURES}


@pytest.mark.parametrize("recipe", ARCHITECTURES)
def test_a_model_of_its_architecture(tmp_path: Path, tokenizer: Any, recipe: str) -> None:
    kind = ARCHITECTURES[recipe]
    folder = make_model(tmp_path, tokenizer, kind.transformer, kind.pooling)
    model = SentenceTransformer(str(folder), device="cpu")
    if kind.wider:
        model.append(Dense(32, 64, activation_function=None))
    model.append(Normalize())
    model.prompts = {"query": kind.query_prompt, "document": ""}
    model.save(str(tmp_path / "whole"))
    settings = load_recipe(recipe).encoder
    encoder = open_encoder(
        settings.model_copy(update={"name": str(tmp_path / "whole"), "dtype": "float32"})
    )
    prompt = settings.query_prompt or kind.query_prompt
    assert encoder.dimension == (64 if kind.wider else 32)
    assert encoder.pools_spans == (kind.pooling == "mean")
    for ours, theirs in (
        (encoder.encode_queries(TEXTS), model.encode([prompt + text for text in TEXTS])),
        (encoder.encode_documents(TEXTS), model.encode(TEXTS)),
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
