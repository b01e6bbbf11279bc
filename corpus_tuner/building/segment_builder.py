"""Stage the documents of a segment: enrich and encode them chunk by chunk."""

from collections.abc import Sequence
from pathlib import Path

from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.core.registry import PluginSettings, read_settings
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.open_recipe import OpenRecipe
from corpus_tuner.indexes.filters.fields import LANGUAGE_COUNT
from corpus_tuner.indexes.representations import open_representation
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging


def open_staging(folder: Path, opened: OpenRecipe) -> Staging:
    """Open the staged documents of a segment by a recipe, in a folder that may have some."""
    representations = [open_representation(one) for one in list_representations(opened.recipe)]
    return Staging(folder, representations, opened.encoder.dimension, opened.recipe.lexical)


def stage(staging: Staging, documents: Sequence[Document], enricher: Enricher) -> None:
    """Append documents; those that are not staged yet are enriched and encoded."""
    staging.add(
        EncodedDocument(
            one.document,
            one.views,
            one.vectors,
            {**one.counts, f"{LANGUAGE_COUNT}{enricher.detect_language(one.document)}": 1},
        )
        for one in enricher.enrich(staging.find_missing(documents))
    )
    staging.arrange(documents)


def list_representations(recipe: Recipe) -> list[PluginSettings]:
    """Return the settings of the baselines, and last of the representation of a recipe."""
    own = recipe.representation
    names: list[str] = [name for name in recipe.baselines if name != own.name]
    package = "corpus_tuner.indexes.representations"
    return [*(read_settings(package, {"name": name}) for name in names), own]
