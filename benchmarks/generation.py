"""Generate with CTranslate2 in int8 and with `generate` of transformers in float32.

Run: python -m benchmarks.generation [CORPUS] [--documents N] [--model NAME] [--outputs N]

The same model writes the same number of sampled questions for the same documents, each in a pass of
its own; blocks of documents are given to the two in turn.
"""

import argparse
import time
from itertools import islice

from corpus_tuner import Corpus, sample_folder
from corpus_tuner.generators import open_generator
from corpus_tuner.generators.seq2seq import Settings
from corpus_tuner.indexes.encoders import open_encoder
from corpus_tuner.instructions import load_instructions
from corpus_tuner.reading import Reading

BLOCK = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", default=str(sample_folder("en")))
    parser.add_argument("--documents", type=int, default=BLOCK, help="only the first so many")
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--outputs", type=int, default=4)
    parser.add_argument("--source-tokens", type=int, default=160, help="read of a document")
    chosen = parser.parse_args()
    documents = [Reading(one) for one in islice(Corpus(chosen.corpus), chosen.documents)]
    (instruction,) = load_instructions(("question",), "en")
    encoder = open_encoder()
    engines = {
        name: open_generator(
            Settings(
                model=chosen.model,
                engine=name,
                outputs=chosen.outputs,
                max_source_tokens=chosen.source_tokens,
            ),
            encoder,
        )
        for name in ("ctranslate2", "transformers")
    }
    seconds = dict.fromkeys(engines, 0.0)
    views = dict.fromkeys(engines, 0)
    for engine in engines.values():  # warm up
        engine.generate(documents[:8], instruction)
    for start in range(0, len(documents), BLOCK):
        block = documents[start : start + BLOCK]
        order = list(engines) if start // BLOCK % 2 else list(reversed(engines))
        for name in order:
            begin = time.perf_counter()
            written = engines[name].generate(block, instruction)
            seconds[name] += time.perf_counter() - begin
            views[name] += sum(len(texts.texts) for texts in written)
    print(f"{len(documents)} documents of {chosen.corpus}, {chosen.outputs} sampled questions each")
    baseline = seconds["transformers"]
    for name, spent in seconds.items():
        rate = len(documents) / spent
        print(
            f"  {name:12} {spent:8.1f} s   {rate:6.1f} documents/s   "
            f"{baseline / spent:.2f} times transformers   {views[name]} different views"
        )


if __name__ == "__main__":
    main()
