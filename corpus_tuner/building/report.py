"""What builds and additions tell of themselves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpus_tuner.building.diff import Changes
from corpus_tuner.core.counts import format_count
from corpus_tuner.core.html_tables import render_html_table
from corpus_tuner.corpora import Corpus
from corpus_tuner.generation.cost import CostReport
from corpus_tuner.generation.enrichment import REJECTED
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import SearchSettings
from corpus_tuner.text.language_detection import describe_unread_languages

EXAMPLES = 3
"""So many records and files are named for every reason."""


class BuildReport(BaseModel):
    """What a build made of an index.

    Attributes
    ----------
    index
        The folder.
    language
        Language of most of the corpus.
    languages
        Languages of the documents, with their shares, 0 to 1, the commonest first.
    unread
        A warning, where the encoder does not read the language of more than a tenth of the
        documents; ``None`` where it does, or that is not known.
    documents
        Number of documents in the index.
    changes
        Numbers of documents that were added, changed, removed, and unchanged.
    segments
        Number of segments.
    views
        Number of views, by kind.
    search
        How the index ranks.
    vector_index
        Kind of the ANN indexes of vectors; ``flat`` if the search is exact.
    requested_index
        Kind that the recipe requests for segments with enough vectors.
    recall
        Recall of the ANN index (`corpus_tuner.calibration.ann_recall`); ``None`` if the search is
        exact or recall is not known.
    calibrated
        Whether its weights were chosen for this corpus.
    uncalibrated
        Reason why they were not, if the recipe requests it.
    failing
        The rankers that have no weight, since they find too little.
    split_documents
        Number of documents that do not fit the encoder and have several passages.
    cut_sources
        How often the generator could not read the whole of a document.
    unanswered
        How often a generator gave no text for a document and an instruction.
    written
        Number of views that the generator wrote.
    rejected
        Number of them that the checks rejected, by ``CHECK: REASON``.
    skipped
        Number of records and files that were left out or repaired, by reason.
    repaired
        The reasons for which documents were read with a repair; for all others they are left out.
    examples
        The first records and files, by reason.
    skipped_changed
        Whether these are others than in the last build of the index.
    costs
        What generators behind paid services used, with the estimates before; not of builds on a
        cluster.

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
    unread: str | None
    documents: int
    changes: Changes
    segments: int
    views: dict[str, int]
    search: SearchSettings
    vector_index: str
    requested_index: str
    recall: float | None
    calibrated: bool
    uncalibrated: str | None
    failing: tuple[str, ...]
    split_documents: int
    cut_sources: int
    unanswered: int
    written: int
    rejected: dict[str, int]
    skipped: dict[str, int]
    repaired: tuple[str, ...]
    examples: dict[str, tuple[str, ...]]
    skipped_changed: bool
    costs: tuple[CostReport, ...]

    def __repr__(self) -> str:
        documents = format_count(self.documents, "document")
        return f"BuildReport({self.index!r}, {documents}, {self.language})"

    def _repr_html_(self) -> str:
        return render_html_table(["", ""], ((name, _shown(value)) for name, value in self))

    @property
    def unchanged(self) -> bool:
        """Whether the index had the documents already, and no others."""
        return not self.changes.total

    @classmethod
    def of(
        cls,
        index: str | Path,
        corpus: Corpus,
        manifest: Manifest,
        changes: Changes,
        *,
        skipped_changed: bool,
        costs: Sequence[CostReport] = (),
    ) -> "BuildReport":
        """Tell of an index as it is now.

        Parameters
        ----------
        index
            Folder or address of the index.
        corpus
            Corpus that was read.
        manifest
            As it is in force.
        changes
            Numbers of documents that changed.
        skipped_changed
            Whether what was left out or repaired is new to the index.
        costs
            What paid generators used.
        """
        skipped = corpus.list_skipped()
        counts = manifest.counts
        calibration = manifest.calibration
        return cls(
            index=str(index),
            language=manifest.build.language,
            languages=manifest.languages,
            unread=describe_unread_languages(
                str(manifest.encoder.settings["name"]), manifest.languages
            ),
            documents=manifest.documents,
            changes=changes,
            segments=len(manifest.segments),
            views=manifest.views,
            search=manifest.search,
            vector_index=manifest.vector_index,
            requested_index=manifest.vectors.settings.index,
            recall=manifest.vectors.recall,
            calibrated=calibration is not None and not calibration.unchanged,
            uncalibrated=calibration.unchanged if calibration else None,
            failing=calibration.failing if calibration else (),
            split_documents=counts.get("split_documents", 0),
            cut_sources=counts.get("cut_sources", 0),
            unanswered=counts.get("unanswered", 0),
            written=counts.get("written", 0),
            rejected={
                name.removeprefix(REJECTED): count
                for name, count in counts.items()
                if name.startswith(REJECTED)
            },
            skipped={one.reason: one.count for one in skipped},
            repaired=tuple(one.reason for one in skipped if one.repaired),
            examples={one.reason: one.named[:EXAMPLES] for one in skipped},
            skipped_changed=skipped_changed,
            costs=tuple(costs),
        )


def _shown(value: object) -> str:
    """Return a value as a table has it: nothing for what is empty."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    return "" if value in (None, ()) else str(value)
