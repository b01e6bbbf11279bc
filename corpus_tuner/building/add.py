"""Documents added to an index that stays as it is otherwise."""

from pathlib import Path

from corpus_tuner.building.pipeline import compare, merge_due, update
from corpus_tuner.building.report import BuildReport
from corpus_tuner.building.skipped import store_skipped
from corpus_tuner.calibration.ann_recall import build_ann_indexes, needs_ann_build
from corpus_tuner.calibration.weights import calibrated, must_calibrate
from corpus_tuner.config.recipe import read_stored_recipe
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.progress import show_progress
from corpus_tuner.corpora import Corpus, CorpusSettings
from corpus_tuner.corpora.open_source import Documents
from corpus_tuner.encoders import Encoder
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.open_recipe import OpenRecipe, open_recipe
from corpus_tuner.indexes.store.commit import collect_garbage
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.write_lock import lock_and_read_manifest


def add(
    index: str | Path,
    source: str | Path | Documents,
    *,
    corpus: CorpusSettings | None = None,
    encoder: Encoder | None = None,
    ledger: str | Path | None = None,
    trust_remote_code: bool = False,
    progress: bool = True,
) -> BuildReport:
    """Add documents to an index, by the recipe that it was built with.

    A document whose id the index has replaces the one that has it. Segments are merged, and the
    weights chosen anew, when that is due.

    Parameters
    ----------
    index
        The folder.
    source
        Of the documents, as `corpus_tuner.corpora.Corpus` takes it.
    corpus
        How to read them.
    encoder
        The one that the index was built with, if it is open already.
    ledger
        The file of the ledger; by default the one in `index`.
    trust_remote_code
        Run Python that comes with models.
    progress
        Show progress on a terminal or in a notebook.

    Raises
    ------
    CorpusTunerError
        If the documents cannot be used, or a model is not what it was when the index was built.
    SearchIndexError
        If there is no index, it is damaged, or another is changing it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.add(example_index, [ct.Document("mill", "The old mill", "Now it makes power.")]).changes
    Changes(added=0, changed=1, removed=0, kept=2)
    """
    adder = Adder(index, encoder=encoder, ledger=ledger, trust_remote_code=trust_remote_code)
    with show_progress(progress):
        return adder.add(source, corpus, finish=True)


class Adder:
    """Adds documents again and again with models that stay open.

    Parameters
    ----------
    index, encoder, ledger, trust_remote_code
        As `add` takes them.
    """

    def __init__(
        self,
        index: str | Path,
        *,
        encoder: Encoder | None = None,
        ledger: str | Path | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        self._index = check_path(index, "index")
        self._encoder = encoder
        self._ledger = ledger
        self._trust_remote_code = trust_remote_code
        self._recipe: OpenRecipe | None = None

    def add(
        self,
        source: str | Path | Documents,
        corpus: CorpusSettings | None = None,
        *,
        finish: bool = False,
    ) -> BuildReport:
        """Add documents; see `add`.

        Parameters
        ----------
        source, corpus
            The documents, and how to read them.
        finish
            Merge segments, calibrate, and make what finds vectors when that is due, which may take
            long.
        """
        documents = Corpus(source, corpus)
        index = self._index
        with lock_and_read_manifest(index, "an addition of documents") as manifest:
            changes = compare(index, manifest, documents, whole=False)
            if not changes.total:
                collect_garbage(index, manifest)
                skipped_changed = self._store_skipped(documents)
                return BuildReport.of(
                    index, documents, manifest, changes, skipped_changed=skipped_changed
                )
            recipe = self._opened(manifest, documents)
            manifest, changes = update(
                index, documents, recipe, manifest, self._ledger, whole=False
            )
            skipped_changed = self._store_skipped(documents)
            if finish:
                manifest = merge_due(index, manifest)
                encoder = recipe.encoder
                if recipe.recipe.calibrate and must_calibrate(manifest):
                    manifest, _ = calibrated(index, encoder)
                if needs_ann_build(manifest, recipe.recipe.vectors):
                    manifest = build_ann_indexes(index, manifest, recipe.recipe.vectors, encoder)
        return BuildReport.of(index, documents, manifest, changes, skipped_changed=skipped_changed)

    def _store_skipped(self, documents: Corpus) -> bool:
        skipped = documents.list_skipped()
        return store_skipped(self._index, documents.source, skipped, whole=False)

    def _opened(self, manifest: Manifest, documents: Corpus) -> OpenRecipe:
        """Open the recipe of the index."""
        if self._recipe is None or self._recipe.key != manifest.build.key:
            settings = read_stored_recipe(manifest, self._trust_remote_code)
            self._recipe = open_recipe(
                documents,
                settings,
                encoder=self._encoder,
                languages=manifest.build.known_languages,
                fingerprint=manifest.encoder.fingerprint,
            )
        if self._recipe.key != manifest.build.key:
            self._recipe = None
            raise CorpusTunerError(
                f"a model that {self._index} was built with is another one now, or this release "
                "uses it in another way: build the index again with corpus-tuner build"
            )
        return self._recipe
