"""Benchmarks of the Hugging Face hub, written to folders in BEIR layout (extra ``datasets``)."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.core.network import get_hub_url, reach
from corpus_tuner.core.progress import track
from corpus_tuner.errors import EvaluationError
from corpus_tuner.eval.benchmarks.registry import HubDataset


def fetch_hub_dataset(source: HubDataset, split: str, folder: Path) -> None:
    """Fetch a benchmark into `folder`, which appears atomically.

    Raises
    ------
    EvaluationError
        If datasets is not installed, or the dataset cannot be read or written.
    OutOfReachError
        If the hub does not answer.
    """
    if not Path(source.name).exists():
        reach(get_hub_url(), f"hf:{source.name}")
    try:
        import datasets
    except ImportError:
        raise EvaluationError(describe_missing_extra(f"hf:{source.name}", "datasets")) from None
    partial = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        (partial / "qrels").mkdir(parents=True)
        for name, part in (("corpus", source.corpus), ("queries", source.queries)):
            with (partial / f"{name}.jsonl").open("w", encoding="utf-8") as file:
                for row in _read_rows(source.name, *part):
                    fields = {"_id": row.get("_id", row.get("id"))}
                    fields |= {key: row[key] for key in ("title", "text") if key in row}
                    file.write(json.dumps(fields, ensure_ascii=False) + "\n")
        with (partial / "qrels" / f"{split}.tsv").open("w", encoding="utf-8") as file:
            file.write("query-id\tcorpus-id\tscore\n")
            for row in _read_rows(source.qrels_name or source.name, *source.qrels):
                grade = int(row.get("score", 1))  # sets without grades list relevant pairs
                file.write(f"{row['query-id']}\t{row['corpus-id']}\t{grade}\n")
        partial.rename(folder)
    except (
        OSError,
        ValueError,
        KeyError,
        RuntimeError,
        datasets.exceptions.DatasetsError,
    ) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EvaluationError(f"hf:{source.name}: {reason}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _read_rows(name: str, configuration: str, split: str) -> Iterator[dict[str, Any]]:
    import datasets

    splits = datasets.load_dataset(name, configuration, streaming=True)
    split = split if split in splits or len(splits) > 1 else next(iter(splits))
    for row in track(splits[split], f"fetching {name}, {split}", unit="rows"):
        yield dict(row)
