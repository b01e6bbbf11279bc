"""What a generator writes for held-out pairs: zero-shot, few-shot, and tuned.

    python -m benchmarks.instruction_tuning PAIRS.jsonl NAME=MODEL... [--few-shot NAME]

Texts are the likeliest words (greedy decoding). The table has, by kind and generator, ROUGE-L with
the target; the share of texts that end with a question mark; the share whose key term, the longest
word that is no stop word, is in the source by its stem; and the share that have more than half of
the character bigrams of the source. A generator named by `--few-shot` sees the examples of
``few_shot.yaml``.
"""

import argparse
import itertools
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import yaml

from corpus_tuner.encoders import open_encoder
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.generation.generators import open_generator
from corpus_tuner.generation.generators.causal import Settings
from corpus_tuner.indexes.lexical.words import extract_words
from corpus_tuner.text.document_encoding import EncodedDocument
from corpus_tuner.tuning.generator.pairs import Pair, read_pairs
from corpus_tuner.tuning.generator.rouge import compute_rouge_l

_EXAMPLES = Path(__file__).with_name("few_shot.yaml")


def has_key_term(text: str, source: str) -> bool:
    """Tell whether the longest word of a text that is no stop word is in its source, by its stem.

    Examples
    --------
    >>> [has_key_term(text, "The bees are swarming.") for text in ("Why do bees swarm?", "Wheat?")]
    [True, False]
    """
    stems = {word: extract_words(word, "en") for word in re.findall(r"\w+", text)}
    words = [word for word, found in stems.items() if found]
    return bool(words) and stems[max(words, key=len)][0] in extract_words(source, "en")


def copies(text: str, source: str) -> bool:
    """Tell whether a text has more than half of the character bigrams of its source.

    Examples
    --------
    >>> copies("A mill grinds.", "A mill grinds wheat."), copies("Mills", "A mill grinds wheat.")
    (True, False)
    """
    own, whole = (
        Counter(a + b for a, b in itertools.pairwise(one))
        for one in (text.casefold(), source.casefold())
    )
    return (own & whole).total() > whole.total() / 2


def measure(pairs: list[Pair], texts: list[str]) -> list[str]:
    """Return the cells of a row."""
    sources = [pair.document.text for pair in pairs]
    targets = [pair.target for pair in pairs]
    shares = [
        sum(text.endswith("?") for text in texts),
        sum(map(has_key_term, texts, sources)),
        sum(map(copies, texts, sources)),
    ]
    rouge = 100 * compute_rouge_l(targets, texts)
    return [f"{rouge:.1f}", *(f"{100 * share / len(texts):.0f} %" for share in shares)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL")
    parser.add_argument("--few-shot", default="few-shot", metavar="NAME")
    parser.add_argument("--show", type=int, default=0, help="print so many texts of every kind")
    chosen = parser.parse_args()
    by_kind: dict[str, list[Pair]] = defaultdict(list)
    for pair in read_pairs(chosen.pairs):
        by_kind[pair.instruction.kind].append(pair)
    encoder = open_encoder()
    rows = [["kind", "generator", "pairs", "ROUGE-L", "questions", "key term", "copies"]]
    for named in chosen.models:
        name, _, model = named.partition("=")
        values: dict[str, Any] = {"model": model, "decoding": "beam", "max_new_tokens": 64}
        values |= {"max_source_tokens": 640, "stop": ["\n"]}
        if name == chosen.few_shot:
            values |= yaml.safe_load(_EXAMPLES.read_text(encoding="utf-8"))
        generator = open_generator(Settings.model_validate(values), encoder)
        for kind, pairs in by_kind.items():
            documents = [EncodedDocument(pair.document) for pair in pairs]
            written = generator.generate(documents, pairs[0].instruction)
            texts = [" ".join(one.texts) for one in written]
            for pair, text in list(zip(pairs, texts, strict=True))[: chosen.show]:
                print(f"{name}, {kind}: {text!r}, not {pair.target!r}", flush=True)
            rows.append([kind, name, str(len(pairs)), *measure(pairs, texts)])
            print(rows[-1], flush=True)
    print(format_markdown([rows[0], *sorted(rows[1:], key=lambda row: row[0])]))


if __name__ == "__main__":
    main()
