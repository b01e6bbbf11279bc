"""Documents become a segment: given views, encoded and staged, chunk by chunk, then written."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.registry import PluginSettings, read_settings
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.enrichment import EnrichedDocument
from corpus_tuner.indexes.filters.fields import LANGUAGE_COUNT
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.representations import Representation, open_representation
from corpus_tuner.indexes.store.manifest import SegmentEntry
from corpus_tuner.indexes.store.segment_writer import write_segment
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging


class Indexed(NamedTuple):
    """What is indexed of documents.

    Attributes
    ----------
    stored
        The settings of the representations, by name: the baselines, and last the configured one.
    lexical
        Which terms, the corpus's languages filled in; ``None`` for none.
    dimension
        Of vectors.
    """

    stored: dict[str, PluginSettings]
    lexical: LexicalSettings | None
    dimension: int

    @classmethod
    def by(cls, settings: Recipe, languages: Languages, dimension: int) -> "Indexed":
        """Return what a recipe asks for."""
        configured = settings.representation
        names: list[str] = [name for name in settings.baselines if name != configured.name]
        others = {
            name: read_settings("corpus_tuner.indexes.representations", {"name": name})
            for name in names
        }
        lexical = settings.lexical
        if lexical is not None and not lexical.languages:
            lexical = lexical.model_copy(update={"languages": languages.codes})
        return cls({**others, configured.name: configured}, lexical, dimension)

    def open_staging(self, folder: Path) -> Staging:
        """Open the folder in which documents are staged."""
        return Staging(folder, self._representations(), self.dimension, self.lexical)

    def write(self, staging: Staging) -> SegmentEntry:
        """Write the segment of what is arranged, into the folder of the staging."""
        rankers = self.lexical.rankers if self.lexical else ()
        return write_segment(
            staging, staging.folder, self._representations(), self.dimension, rankers
        )

    def _representations(self) -> list[Representation]:
        return [open_representation(one) for one in self.stored.values()]


def stage(staging: Staging, enricher: Enricher, documents: Sequence[Document]) -> None:
    """Put documents into a segment; those that are not staged are given views and encoded."""
    missing = enricher.enrich(staging.find_missing(documents))
    staging.add(_encoded(one, enricher.detect_language(one.document)) for one in missing)
    staging.arrange(documents)


def _encoded(enriched: EnrichedDocument, language: str) -> EncodedDocument:
    counts = {**enriched.counts, f"{LANGUAGE_COUNT}{language}": 1}
    return EncodedDocument(enriched.document, enriched.views, enriched.vectors, counts)
