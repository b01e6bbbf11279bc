"""Add documents to an index."""

from pathlib import Path

from corpus_tuner.building.pipeline import compare, finish, update
from corpus_tuner.building.report import BuildReport
from corpus_tuner.building.skipped import store_skipped
from corpus_tuner.calibration.weights import must_calibrate
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
    """Add documents to an index (incremental indexing), by the recipe that it was built with.

    A document replaces one of the same id. Segments are merged, and the weights chosen again, when
    that is due.

    Parameters
    ----------
    index
        Folder of the index.
    source
        The documents, as `corpus_tuner.corpora.Corpus` takes them.
    corpus
        Settings of reading the documents.
    encoder
        The encoder that the index was built with, if it is open already.
    ledger
        File of the ledger; by default the one in `index`.
    trust_remote_code
        Run Python code of models.
    progress
        Show progress on a terminal or in a notebook.

    Raises
    ------
    CorpusTunerError
        If the documents cannot be used, or a model differs from the one of the index.
    SearchIndexError
        If there is no index, it is damaged, or another process is changing it.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.add(example_index, [ct.Document("mill", "The old mill", "Now it makes power.")]).changes
    Changes(added=0, changed=1, removed=0, unchanged=2)
    """
    adder = Adder(index, encoder=encoder, ledger=ledger, trust_remote_code=trust_remote_code)
    with show_progress(progress):
        return adder.add(source, corpus, finish_index=True)


class Adder:
    """Adds documents repeatedly, as `add` does, with models that stay open."""

    def __init__(
        self,
        index: str | Path,
        *,
        encoder: Encoder | None = None,
        ledger: str | Path | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        self.index = check_path(index, "index")
        self._encoder = encoder
        self._ledger = ledger
        self._trust_remote_code = trust_remote_code
        self._opened: OpenRecipe | None = None

    def add(
        self,
        source: str | Path | Documents,
        settings: CorpusSettings | None = None,
        *,
        finish_index: bool = False,
    ) -> BuildReport:
        """Add documents; `finish_index` merges, calibrates and builds ANN indexes when due."""
        corpus = Corpus(source, settings)
        index = self.index
        with lock_and_read_manifest(index, "an addition of documents") as manifest:
            changes = compare(index, manifest, corpus, whole=False)
            if changes.total:
                opened = self._open(manifest, corpus)
                manifest, changes, _ = update(
                    index, corpus, opened, manifest, self._ledger, whole=False
                )
            else:
                collect_garbage(index, manifest)
            skipped = corpus.list_skipped()
            skipped_changed = store_skipped(index, corpus.source, skipped, whole=False)
            if changes.total and finish_index:
                recipe = opened.recipe
                calibrate = recipe.calibrate and must_calibrate(manifest)
                manifest = finish(index, manifest, recipe, opened.encoder, calibrate=calibrate)
        return BuildReport.of(index, corpus, manifest, changes, skipped_changed=skipped_changed)

    def _open(self, manifest: Manifest, corpus: Corpus) -> OpenRecipe:
        """Open the recipe of the index, unless it is open."""
        if self._opened is None or self._opened.key != manifest.build.key:
            self._opened = None
            self._opened = reopen_recipe(
                self.index, manifest, corpus, self._encoder, self._trust_remote_code
            )
        return self._opened


def reopen_recipe(
    index: Path,
    manifest: Manifest,
    corpus: Corpus,
    encoder: Encoder | None,
    trust_remote_code: bool,
) -> OpenRecipe:
    """Open the recipe that an index was built with.

    Raises
    ------
    CorpusTunerError
        If a model differs from the one of the index.
    """
    opened = open_recipe(
        corpus,
        read_stored_recipe(manifest, trust_remote_code),
        encoder=encoder,
        languages=manifest.build.known_languages,
        fingerprint=manifest.encoder.fingerprint,
    )
    if opened.key != manifest.build.key:
        raise CorpusTunerError(
            f"a model that {index} was built with is another one now, or this release "
            "uses it in another way: build the index again with corpus-tuner build"
        )
    return opened
