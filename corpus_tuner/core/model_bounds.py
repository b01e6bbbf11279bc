"""Bounds of the sizes in a model folder, which libraries trust.

A token id of 2**31 - 1 ends the process, and 100,000 layers are built for hours.
"""

import json
from pathlib import Path
from typing import Any

_MOST = {
    "num_hidden_layers": 1_000,
    "num_layers": 1_000,
    "num_attention_heads": 10_000,
    "hidden_size": 1 << 17,
    "d_model": 1 << 17,
    "intermediate_size": 1 << 20,
    "d_ff": 1 << 20,
    "vocab_size": 10_000_000,
    "max_position_embeddings": 100_000_000,
}
_MOST_TOKENS = _MOST["vocab_size"]


def check_model_folder(folder: Path) -> None:
    """Check the sizes in the configuration and the tokenizers of a model.

    Raises
    ------
    ValueError
        If one is out of bounds, or a file is no JSON.

    Examples
    --------
    >>> check_model_folder(Path("no such folder"))
    """
    for file in sorted(folder.glob("**/config.json")):
        for name, value in _read(file).items():
            most = _MOST.get(name)
            if most is not None and isinstance(value, int | float) and not 0 <= value <= most:
                raise ValueError(f"{file}, field {name!r}: {value} is not from 0 to {most:,}")
    for file in sorted(folder.glob("**/tokenizer.json")):
        stored = _read(file)
        model = stored.get("model")
        vocabulary = model.get("vocab") if isinstance(model, dict) else None
        added = stored.get("added_tokens")
        ids = [*vocabulary.values()] if isinstance(vocabulary, dict) else []
        ids += [one.get("id") for one in added or () if isinstance(one, dict)]
        greatest = max((one for one in ids if isinstance(one, int)), default=0)
        if greatest >= _MOST_TOKENS:
            raise ValueError(f"{file}: the token id {greatest} is not below {_MOST_TOKENS:,}")


def _read(file: Path) -> dict[str, Any]:
    """Return the object in a file of JSON."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is no JSON: {str(error).splitlines()[0]}") from error
    return stored if isinstance(stored, dict) else {}
