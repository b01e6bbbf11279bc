"""Make ``builtin-de`` again: the embedded encoder, tuned on German paragraphs and statutes.

Run: python -m benchmarks.builtin_de TRAINING OUTPUT [--steps N] [--set A.B=VALUE]

TRAINING is a folder with the files that are named below, of JSON objects with ``source`` (a
paragraph) and ``target`` (its title).
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from corpus_tuner import load_settings
from corpus_tuner.eval.records import BadRecord, read_json_lines
from corpus_tuner.indexes.encoders import embedded
from corpus_tuner.indexes.encoders.delta import write_delta
from corpus_tuner.tuning.encoder.tune import tune_encoder

LEARNT = ("klexikon-title-de", "gesetze-title-de")
KEPT = {"squad-question-en": "target", "arxiv-title-en": "target"}
"""Short English texts, whose vectors are to stay: they cost little."""
MOST_KEPT = 6_000
SETTINGS = {
    "negatives": 0,
    "token_weights": "base",
    "distillation": 0,
    "pieces": 12_000,
    "max_tokens": 64,
    "mini_batch": 64,
    "learning_rate": 1e-4,
    "new_learning_rate": 2e-3,
    "memory": 3.0,
    "held_out": 150,
    "candidates": 400,
    "looks": 6,
    "kept": [0.6, 0.8, 1.0],
    "warmup": 0.05,
    "dtype": "float32",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("training", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    chosen = parser.parse_args()
    settings = load_settings(
        None,
        [
            "language=de",
            "encoder.name=builtin",
            "lexical=null",  # the verdict is that of vectors alone
            f"encoder_tuning.steps={chosen.steps}",
            *(f"encoder_tuning.{name}={value}" for name, value in SETTINGS.items()),
            *chosen.assignments,
        ],
    )
    report = tune_encoder(
        [list(documents(chosen.training, name, "target", "source")) for name in LEARNT],
        chosen.output,
        settings,
        keep=[
            list(islice(documents(chosen.training, name, "", field), MOST_KEPT))
            for name, field in KEPT.items()
        ],
    )
    print(report.model_dump_json(indent=2))
    delta = chosen.output / "delta.safetensors"
    write_delta(embedded.folder(), chosen.output, delta)
    print(f"{delta}: {delta.stat().st_size:,} bytes; it goes into indexes/encoders/builtin_de")


def documents(folder: Path, name: str, title: str, text: str) -> Iterator[dict[str, Any]]:
    """Yield documents made of the fields of a file."""
    for number, record in enumerate(read_json_lines(folder / f"{name}.jsonl.gz")):
        if not isinstance(record, BadRecord):
            fields = record.fields
            yield {
                "_id": f"{name}-{number}",
                "title": fields.get(title, ""),
                "text": fields[text],
            }


if __name__ == "__main__":
    main()
