"""Draw pairs for the instruction tuning of a small generator, and restore their spelling.

    python -m benchmarks.instruction_pairs OUTPUT FILE=COUNT... [--skip NUMBER]

A file has one JSON object per line: ``task``, ``language``, ``source`` and ``target``. COUNT pairs
are drawn from it, in the order of the hashes of their sources, after the first NUMBER of them (for
pairs that no training has seen). Texts that are tokenized and in lower case get their
spaces, first capitals and quotation marks back, and questions their marks.
"""

import argparse
import gzip
import hashlib
import json
import re
from pathlib import Path

_MOST_CHARACTERS = 700  # of a source: about 170 tokens
_MOST_KEYWORDS = 6
_BEFORE = re.compile(r" (?=[,.;:?!%)\]]|'s\b|n't\b)")
_AFTER = re.compile(r"(?<=[(\[$]) ")
_FIRST = re.compile(r"(?:^|(?<=[.?!] ))[\"'(]*[a-z]")


def restore_spelling(text: str) -> str:
    """Return a text without the spaces of a tokenizer, each sentence with a first capital.

    Examples
    --------
    >>> restore_spelling("to whom did `` it '' belong , in lourdes ?")
    'To whom did "it" belong, in lourdes?'
    """
    text = text.replace("-lrb-", "(").replace("-rrb-", ")")
    text = re.sub(r"`` ?| ?''", '"', text)
    text = _AFTER.sub("", _BEFORE.sub("", " ".join(text.split())))
    return _FIRST.sub(lambda found: found[0].upper(), text)


def read_pairs(path: Path, count: int, skip: int) -> list[dict[str, str]]:
    """Return `count` pairs of a file with their spelling restored."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        pairs = [json.loads(line) for line in lines]
    pairs = [one for one in pairs if len(one["source"]) <= _MOST_CHARACTERS]
    pairs.sort(key=lambda one: hashlib.sha256(one["source"].encode()).digest())
    drawn = []
    for one in {pair["source"]: pair for pair in pairs}.values():  # a source once
        source, target = restore_spelling(one["source"]), restore_spelling(one["target"])
        if one["task"] == "question":
            target = target.rstrip(" .?") + "?"
        if one["task"] == "keywords":  # separated as the instruction asks
            target = ", ".join(" ".join(one["target"].split()).split("; ")[:_MOST_KEYWORDS])
        drawn.append({**one, "source": source, "target": target})
    return drawn[skip : skip + count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("files", nargs="+", metavar="FILE=COUNT")
    parser.add_argument("--skip", type=int, default=0)
    chosen = parser.parse_args()
    with chosen.output.open("w", encoding="utf-8") as output:
        for file in chosen.files:
            path, _, count = file.rpartition("=")
            pairs = read_pairs(Path(path), int(count), chosen.skip)
            output.writelines(json.dumps(pair) + "\n" for pair in pairs)
            print(f"{len(pairs):6,} {path}")


if __name__ == "__main__":
    main()
