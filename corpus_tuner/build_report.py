"""What builds and additions tell of themselves."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpus_tuner.changes import Changes
from corpus_tuner.corpora import Corpus
from corpus_tuner.enrichment import REJECTED
from corpus_tuner.indexes.search.settings import SearchSettings
from corpus_tuner.indexes.store.manifest import Manifest


class BuildReport(BaseModel):
    """What a build made of an index.

    Attributes
    ----------
    index
        The folder.
    language
        Of most of the corpus.
    languages
        That documents are read in, with their shares of them, 0 to 1, the commonest first, as a
        sample of the corpus had them when the index was first built; empty where the recipe names
        the language.
    documents
        How many are indexed.
    changes
        How many were added, changed, removed and kept.
    segments
        How many there are.
    views
        How many, by kind.
    search
        How the index ranks.
    engine
        What finds vectors: ``flat`` where all are compared.
    asked_engine
        What is to find them wherever there are enough.
    recall
        How much of what an exact search finds it finds (`corpus_tuner.recall`); ``None`` if it is
        exact, or nothing tells it.
    calibrated
        Whether its weights were chosen for this corpus.
    uncalibrated
        Why they were not, where that was asked for.
    failing
        The rankers that have no weight, since they find too little.
    warnings
        What to do for a better index, such as to install another encoder.
    long_documents
        How many did not fit the encoder and have several passages.
    cut_sources
        How often the generator could not read the whole of a document.
    written
        How many views the generator wrote.
    rejected
        How many of them the checks rejected, by ``CHECK: REASON``.
    skipped
        How many records were left out or mended, by reason.
    examples
        The first of them, by reason.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> report = ct.build(example_corpus, example_index, example_settings)
    >>> report.documents, report.views["title"]
    (3, 3)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: str
    language: str
    languages: dict[str, float]
    documents: int
    changes: Changes
    segments: int
    views: dict[str, int]
    search: SearchSettings
    engine: str
    asked_engine: str
    recall: float | None
    calibrated: bool
    uncalibrated: str | None
    failing: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    long_documents: int
    cut_sources: int
    written: int
    rejected: dict[str, int]
    skipped: dict[str, int]
    examples: dict[str, str]

    @property
    def unchanged(self) -> bool:
        """Whether the index had the documents already, and no others."""
        return not self.changes.total

    @classmethod
    def of(
        cls, index: str | Path, corpus: Corpus, manifest: Manifest, changes: Changes
    ) -> "BuildReport":
        """Tell of an index as it is now.

        Parameters
        ----------
        index
            Its folder, or its address.
        corpus
            What was read.
        manifest
            As it is in force.
        changes
            What was done.
        """
        counts = manifest.counts
        calibration = manifest.calibration or {}
        return cls(
            index=str(index),
            language=manifest.build["language"],
            languages=manifest.build["languages"],
            documents=manifest.documents,
            changes=changes,
            segments=len(manifest.segments),
            views=manifest.views,
            search=manifest.search,
            engine=manifest.engine,
            asked_engine=manifest.vectors.settings.name,
            recall=manifest.vectors.recall,
            calibrated=bool(calibration and not calibration["unchanged"]),
            uncalibrated=calibration.get("unchanged"),
            failing=calibration.get("failing", ()),
            warnings=manifest.build.get("warnings", ()),
            long_documents=counts.get("long_documents", 0),
            cut_sources=counts.get("cut_sources", 0),
            written=counts.get("written", 0),
            rejected={
                name.removeprefix(REJECTED): count
                for name, count in counts.items()
                if name.startswith(REJECTED)
            },
            skipped=dict(corpus.skipped),
            examples={reason: str(bad) for reason, bad in corpus.examples.items()},
        )
