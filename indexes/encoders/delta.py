"""What tuning changed in a BERT, in a small file, and the tuned model made of it and of its base.

A matrix's change is kept as the product of two of few columns, the best there is of that rank; the
vectors of new pieces of the vocabulary in int8, with a scale for every one.
Sources: Hu et al., "LoRA", arXiv 2106.09685 (that changes are of low rank); Eckart and Young,
"The approximation of one matrix by another of lower rank", Psychometrika 1, 1936.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from corpus_tuner.errors import SearchIndexError

RANK = 64
"""Of the change of a matrix."""

_MODEL = "model.safetensors"
_TOKENIZER = "tokenizer.json"
_CONFIG = "config.json"
_VECTORS = "embeddings.word_embeddings.weight"
_PIECES = "pieces"  # in the file's metadata
_SCALES, _LEFT, _RIGHT, _WHOLE = "scales/", "left/", "right/", "whole/"

Weights = Mapping[str, npt.NDArray[np.floating[npt.NBitBase]]]


def write_delta(base: Path, tuned: Path, file: Path, rank: int = RANK) -> None:
    """Write what differs between two models.

    Parameters
    ----------
    base, tuned
        Folders with ``model.safetensors`` and ``tokenizer.json``; the vocabulary of the tuned one
        is that of the base and then its own pieces.
    file
        What is written.
    rank
        Of the changes of matrices.

    Raises
    ------
    SearchIndexError
        If the one is not made of the other.
    """
    before, after = load_file(base / _MODEL), load_file(tuned / _MODEL)
    old, new = _vocabulary(base), _vocabulary(tuned)
    if new[: len(old)] != old:
        raise SearchIndexError(f"{tuned} does not have the vocabulary of {base}")
    kept: dict[str, npt.NDArray[np.generic]] = {}
    for name, was in before.items():
        if name not in after:
            continue  # of a layer that is not used
        change = after[name][: len(was)].astype(np.float64) - was
        if not change.any():
            continue
        if change.ndim == 2 and min(change.shape) > rank and name.startswith("encoder."):
            left, sizes, right = np.linalg.svd(change, full_matrices=False)
            roots = np.sqrt(sizes[:rank])
            kept[_LEFT + name] = (left[:, :rank] * roots).astype(np.float16)
            kept[_RIGHT + name] = (roots[:, None] * right[:rank]).astype(np.float16)
        elif name != _VECTORS:
            kept[_WHOLE + name] = change.astype(np.float16)
        else:
            raise SearchIndexError(f"{tuned} has other vectors of old pieces than {base}")
    rows = after[_VECTORS][len(old) :].astype(np.float32)
    scales = np.abs(rows).max(axis=1, keepdims=True, initial=1e-9) / 127
    kept[_VECTORS] = np.rint(rows / scales).astype(np.int8)
    kept[_SCALES + _VECTORS] = scales.astype(np.float32)
    save_file(kept, file, metadata={_PIECES: json.dumps(new[len(old) :], ensure_ascii=False)})


def apply_delta(base: Path, file: Path, folder: Path) -> None:
    """Make the tuned model of its base.

    Parameters
    ----------
    base
        The folder of the base.
    file
        As `write_delta` made it.
    folder
        A new one, with the files that the base has.
    """
    shutil.copytree(base, folder, dirs_exist_ok=True)
    kept = load_file(file)
    with safe_open(file, framework="numpy") as opened:
        pieces: list[str] = json.loads(opened.metadata()[_PIECES])
    weights = load_file(base / _MODEL)
    for name, was in weights.items():
        if _LEFT + name in kept:
            left, right = (kept[part + name].astype(np.float32) for part in (_LEFT, _RIGHT))
            weights[name] = was + left @ right
        elif _WHOLE + name in kept:
            weights[name] = was + kept[_WHOLE + name].astype(np.float32)
    rows = kept[_VECTORS].astype(np.float32) * kept[_SCALES + _VECTORS]
    weights[_VECTORS] = np.concatenate([weights[_VECTORS], rows])
    save_file(weights, folder / _MODEL, metadata={"format": "pt"})
    tokenizer = json.loads((base / _TOKENIZER).read_text(encoding="utf-8"))
    known = tokenizer["model"]["vocab"]
    known |= {piece: len(known) + number for number, piece in enumerate(pieces)}
    (folder / _TOKENIZER).write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in known), encoding="utf-8")
    config = json.loads((base / _CONFIG).read_text(encoding="utf-8"))
    config["vocab_size"] = len(weights[_VECTORS])
    (folder / _CONFIG).write_text(json.dumps(config, indent=2), encoding="utf-8")


def _vocabulary(folder: Path) -> list[str]:
    tokenizer = json.loads((folder / _TOKENIZER).read_text(encoding="utf-8"))
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    return sorted(vocabulary, key=vocabulary.__getitem__)
