"""Collections of the ir_datasets catalogue (extra ``ir-datasets``)."""

from collections.abc import Iterator

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.records import Record
from corpus_tuner.errors import CorpusTunerError


def read(name: str) -> Iterator[Record]:
    """Read the documents of the dataset `name`.

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
