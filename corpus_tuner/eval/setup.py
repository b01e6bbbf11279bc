"""Settings and files of an evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus_tuner.config.recipe import Recipe, load_recipe
from corpus_tuner.core.files import create_folder
from corpus_tuner.core.progress import show_activity
from corpus_tuner.encoders import AUTO, Encoder, open_encoder
from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES, get_cutoff
from corpus_tuner.indexes.store.layout import Layout

DEPTH = 100
"""Default number of documents in a ranking: the largest cutoff of the default measures."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Settings of an evaluation.

    Attributes
    ----------
    output
        Folder of all its files.
    settings
        Recipe.
    encoder
        Encoder of all benchmarks; ``None`` if it is that of each index.
    measures
        Names of the measures, the main one first.
    depth
        Number of documents in every ranking.
    index
        Existing index, a folder or an address, that is measured instead of a new one.
    """

    output: Path
    settings: Recipe
    encoder: Encoder | None
    measures: Sequence[str] = DEFAULT_MEASURES
    depth: int = DEPTH
    index: str | Path | None = None

    @classmethod
    def open(
        cls,
        output: str | Path,
        settings: Recipe | None,
        encoder: Encoder | None,
        measures: Sequence[str],
        depth: int,
        index: str | Path | None = None,
    ) -> "Setup":
        """Make the folder, and open the encoder unless it depends on the corpus or the index."""
        settings = settings or load_recipe()
        depth = max(depth, *(get_cutoff(name) for name in measures))
        create_folder(Path(output))
        if encoder is None and index is None and settings.encoder.name != AUTO:
            with show_activity("opening the encoder"):
                encoder = open_encoder(settings.encoder)
        return cls(Path(output), settings, encoder, tuple(measures), depth, index)

    @property
    def ledger(self) -> Path:
        """Ledger of generated views, shared by all indexes."""
        return Layout(self.output).ledger
