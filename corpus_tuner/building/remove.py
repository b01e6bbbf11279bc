"""Remove documents from an index, and calibrate it again when that is due."""

from collections.abc import Iterable
from pathlib import Path

from corpus_tuner.calibration.weights import calibrate, must_calibrate
from corpus_tuner.config.recipe import read_stored_recipe
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.progress import print_note
from corpus_tuner.encoders import Encoder
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.filters import Filter
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.soft_delete import delete_documents


def remove(
    index: str | Path,
    ids: Iterable[str] = (),
    *,
    filter: Filter | None = None,
    dry_run: bool = False,
    encoder: Encoder | None = None,
    trust_remote_code: bool = False,
) -> int:
    """Remove documents from an index.

    As after `corpus_tuner.add`, the index is calibrated again when that is due. If the encoder
    cannot be opened for that, the weights stay as they are, and a note says so.

    Parameters
    ----------
    index
        Folder of the index.
    ids
        Ids of documents; unknown ids are ignored.
    filter
        Filter (`corpus_tuner.indexes.filters`); documents that pass it are removed as well.
    dry_run
        Change nothing, and return the number of documents that would be removed.
    encoder
        The encoder that the index was built with, if it is open already.
    trust_remote_code
        Run Python that comes with the encoder.

    Returns
    -------
    Number of documents that were removed.

    Raises
    ------
    SearchIndexError
        If there is no index, another process is changing it, or the filter is invalid or names an
        unknown field or a type that the field does not have.
    CorpusTunerError
        If the index cannot be written to.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.remove(example_index, filter={"id": {"prefix": "m"}}, dry_run=True)
    1
    >>> ct.remove(example_index, ["no such document"])
    0
    """
    index = check_path(index, "index")
    removal = delete_documents(index, ids, filter=filter, dry_run=dry_run)
    if removal.matching and not dry_run:
        manifest = read_manifest(index)
        if (
            manifest.documents
            and read_stored_recipe(manifest).calibrate
            and must_calibrate(manifest)
        ):
            try:
                calibrate(index, encoder=encoder, trust_remote_code=trust_remote_code)
            except CorpusTunerError as error:
                print_note(
                    f"the weights stay as they are: {error}; corpus-tuner index calibrate does it "
                    "later"
                )
    return removal.matching
