"""Datasets of the Hugging Face hub and collections of the ir_datasets catalogue."""

from collections.abc import Iterator

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.records import Record
from corpus_tuner.errors import CorpusTunerError, setting


def read_hugging_face(name: str, split: str) -> Iterator[Record]:
    """Stream the rows of a dataset on the Hugging Face hub or in a folder (extra ``datasets``).

    `name` may be ``NAME:CONFIGURATION``.

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
            f"{setting({'corpus.split': '...'})}, and check the network connection"
        ) from error


def read_ir_datasets(name: str) -> Iterator[Record]:
    """Read the documents of a dataset of ir_datasets (extra ``ir-datasets``).

    Raises
    ------
    CorpusTunerError
        If the library is missing, it knows no such dataset, or the data cannot be fetched.
    """
    try:
        import ir_datasets
    except ImportError:
        raise MissingExtraError("a corpus ir_datasets:...", "ir-datasets") from None
    try:
        documents = ir_datasets.load(name).docs_iter()
        for number, document in enumerate(documents, start=1):
            fields = document._asdict()
            if "text" not in fields and "body" not in fields:
                fields = {"doc_id": document.doc_id, "text": document.default_text()}
            yield Record(f"ir_datasets:{name}:{number}", fields)
    except (KeyError, AttributeError) as error:
        raise CorpusTunerError(f"ir_datasets has no documents called {name!r}") from error
    except (OSError, RuntimeError) as error:
        raise CorpusTunerError(f"ir_datasets cannot read {name!r}: {error}") from error
