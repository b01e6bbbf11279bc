"""corpus-tuner: the default recipe with the embedded English encoder, for every language.

Ours reads all of a document, in passages, and pools titles and sentences from them, so it has no
vectors of others to take.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.peers.worker import Document, Encode, Search
from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.indexes.store.search_settings import SearchSettings

TAKES_VECTORS = False
ENCODER = open_encoder(EncoderSettings(name="builtin"))


def index(documents: Sequence[Document], folder: Path, language: str, encode: Encode) -> None:
    recipe = load_recipe(None, ["encoder.name=builtin"])
    build(folder.parent / "documents.jsonl", folder, recipe, encoder=ENCODER)


def open_index(folder: Path, language: str, encode: Encode) -> dict[str, Search]:
    searcher = Searcher.open(folder, encoder=ENCODER)

    def search(settings: SearchSettings | None, query: str, k: int) -> list[str]:
        (ranking,) = searcher.rank([query], k, settings=settings)
        return [document for document, _ in ranking]

    return {
        "corpus-tuner, default weights": partial(search, Recipe().search),
        "corpus-tuner, calibrated": partial(search, None),
    }
