"""Build a segment: enrich and encode documents chunk by chunk, stage them, write the segment."""

from collections.abc import Sequence
from pathlib import Path

from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.registry import PluginSettings, read_settings
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.open_recipe import OpenRecipe
from corpus_tuner.indexes.filters.fields import LANGUAGE_COUNT
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.representations import open_representation
from corpus_tuner.indexes.store.manifest import SegmentEntry
from corpus_tuner.indexes.store.segment_writer import write_segment
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging


class SegmentBuilder:
    """Builds a segment in a folder, or continues one; a context manager.

    Parameters
    ----------
    folder
        Folder of the staged documents and of the segment.
    opened
        The recipe with its models.

    Attributes
    ----------
    representations
        Settings of the representations: the baselines, and last the one of the recipe.
    lexical
        Settings of the lexical index with the languages of the corpus; ``None`` for none.
    staging
        The staged documents.
    """

    def __init__(self, folder: Path, opened: OpenRecipe) -> None:
        self.representations = list_representations(opened.recipe)
        self.lexical = set_lexical_languages(opened.recipe, opened.languages)
        self._representations = [open_representation(one) for one in self.representations]
        self._dimension = opened.encoder.dimension
        self.staging = Staging(folder, self._representations, self._dimension, self.lexical)

    def __enter__(self) -> "SegmentBuilder":
        return self

    def __exit__(self, *_: object) -> None:
        self.staging.close()

    def add(self, documents: Sequence[Document], enricher: Enricher) -> None:
        """Append documents; those that are not staged yet are enriched and encoded."""
        self.staging.add(
            EncodedDocument(
                one.document,
                one.views,
                one.vectors,
                {**one.counts, f"{LANGUAGE_COUNT}{enricher.detect_language(one.document)}": 1},
            )
            for one in enricher.enrich(self.staging.find_missing(documents))
        )
        self.staging.arrange(documents)

    def write(self) -> SegmentEntry:
        """Write the segment of the appended documents into the folder."""
        return write_segment(
            self.staging,
            self.staging.folder,
            self._representations,
            self._dimension,
            self.lexical.rankers if self.lexical else (),
        )


def list_representations(recipe: Recipe) -> list[PluginSettings]:
    """Return the settings of the baselines, and last of the representation of a recipe."""
    own = recipe.representation
    names: list[str] = [name for name in recipe.baselines if name != own.name]
    package = "corpus_tuner.indexes.representations"
    return [*(read_settings(package, {"name": name}) for name in names), own]


def set_lexical_languages(recipe: Recipe, languages: Languages) -> LexicalSettings | None:
    """Return the lexical settings of a recipe, with the languages of the corpus by default."""
    lexical = recipe.lexical
    if lexical is not None and not lexical.languages:
        lexical = lexical.model_copy(update={"languages": languages.codes})
    return lexical
