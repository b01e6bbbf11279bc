"""Datasets on the Hugging Face hub or in a local folder (extra ``datasets``)."""

from collections.abc import Iterator

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.records import Record
from corpus_tuner.errors import CorpusTunerError, setting


def read(name: str, split: str) -> Iterator[Record]:
    """Stream the rows of a dataset.

    Parameters
    ----------
    name
        As on the hub, or ``NAME:CONFIGURATION``.
    split
        Such as ``train`` or ``corpus``.

    Raises
    ------
    CorpusTunerError
        If the library is missing or the dataset cannot be read.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("a corpus hf:...", "datasets") from None
    name, _, configuration = name.partition(":")
    try:
        rows = datasets.load_dataset(name, configuration or None, split=split, streaming=True)
        for number, row in enumerate(rows, start=1):
            yield Record(f"hf:{name}:{split}:{number}", dict(row))
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CorpusTunerError(
            f"cannot read hf:{name}, split {split!r}: {reason}. Name another split with "
            f"{setting({'corpus.split': '...'})}, and see that the network is there"
        ) from error
