"""What an evaluation is made with, decided once, and where its files go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corpus_tuner.config.recipe import Recipe, load_recipe
from corpus_tuner.core.progress import show_activity
from corpus_tuner.core.text_output import make_folders
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import AUTO, Encoder, embedded, open_encoder
from corpus_tuner.eval.trec.measures import DEFAULT_MEASURES, deepest
from corpus_tuner.generation.open_recipe import detect_corpus_languages
from corpus_tuner.indexes.store.layout import Layout

DEPTH = 100
"""Documents in a run: as many as the default measures look at."""

ABLATION = "ablation.json"
"""The file of what an ablation measured."""

USES = "uses.md"
"""The file of what every use of a generator's writing changes."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What an evaluation is made with.

    Attributes
    ----------
    output
        The folder of all its files.
    settings
        The recipe.
    encoder
        Of the recipe.
    by_language
        Whether the encoder is the one for English, and another corpus may have its own.
    measures
        Names; the first is the main one.
    depth
        Documents in every ranking, at least as many as a measure looks at.
    there
        The index that is measured, a folder or an address, where none is built.
    """

    output: Path
    settings: Recipe
    encoder: Encoder
    by_language: bool = False
    measures: Sequence[str] = DEFAULT_MEASURES
    depth: int = DEPTH
    there: str | Path | None = None

    @classmethod
    def of(
        cls,
        output: str | Path,
        settings: Recipe | None,
        encoder: Encoder | None,
        measures: Sequence[str],
        depth: int,
        there: str | Path | None = None,
    ) -> "Setup":
        """Fill in what was left out, and make the folder.

        Raises
        ------
        EvaluationError
            If there is no measure of a name, or the folder cannot be made.
        """
        settings = settings or load_recipe()
        depth = max(depth, deepest(measures))
        make_folders(Path(output))
        by_language = encoder is None and settings.encoder.name == AUTO
        with show_activity("opening the encoder"):
            encoder = encoder or open_encoder(settings.encoder)
        return cls(Path(output), settings, encoder, by_language, tuple(measures), depth, there)

    def for_corpus(self, source: str | Path) -> "Setup":
        """Return the same with the encoder that fits the languages of a corpus."""
        if not self.by_language:
            return self
        languages = detect_corpus_languages(
            Corpus(source, self.settings.corpus), self.settings
        ).codes
        if embedded.resolve_auto(self.settings.encoder, languages).name == self.encoder.name:
            return self
        with show_activity("opening the encoder"):
            return replace(self, encoder=open_encoder(self.settings.encoder, languages=languages))

    @property
    def ledger(self) -> Path:
        """What was generated, for all indexes."""
        return Layout(self.output).ledger

    def index(self, benchmark: str) -> Path:
        """Return the folder of a benchmark's index."""
        return self.output / "indexes" / benchmark

    def searched(self, benchmark: str) -> str | Path:
        """Return which index is searched for a benchmark: a folder, or an address."""
        return self.there or self.index(benchmark)

    def run_file(self, benchmark: str, system: str) -> Path:
        """Return the TREC run file of a system."""
        return self.output / "runs" / f"{benchmark}.{system}.trec"

    def qrels_file(self, benchmark: str) -> Path:
        """Return the TREC file of a benchmark's judgments, for other tools than this."""
        return self.output / "runs" / f"{benchmark}.qrels"

    def sweep_file(self, benchmark: str) -> Path:
        """Return the file of what all weights reached."""
        return self.output / "sweeps" / f"{benchmark}.json"

    def cost_file(self, benchmark: str) -> Path:
        """Return the file of what a benchmark's index took."""
        return self.output / "costs" / f"{benchmark}.json"

    def ablated(self, benchmark: str) -> Path:
        """Return the folder of the index of all views, which an ablation reads."""
        return self.output / "ablation" / benchmark

    def used(self, benchmark: str, use: int) -> Path:
        """Return the folder of an index that uses what was generated in one way."""
        return self.output / "uses" / f"{benchmark}.{use}"

    def tuned(self, benchmark: str) -> Path:
        """Return the folder of the generator that was tuned on a benchmark's corpus."""
        return self.output / "tuned" / benchmark

    def scratch(self, benchmark: str, what: str) -> Path:
        """Return a folder for what is kept only while something works."""
        return self.output / "scratch" / f"{benchmark}.{what}"
