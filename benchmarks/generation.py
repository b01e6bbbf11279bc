"""Generate with CTranslate2 in int8 and with `generate` of transformers in float32.

Run: python -m benchmarks.generation [CORPUS] [--documents N] [--model NAME] [--outputs N]
     python -m benchmarks.generation [CORPUS] --causal --model NAME --engines vllm transformers

The same model writes the same number of sampled questions for the same documents, each in a pass of
its own; blocks of documents are given to the engines in turn. vLLM has all of a block at once.
"""

import argparse
import time
from itertools import islice

from corpus_tuner import Corpus, Document, sample_folder
from corpus_tuner.generators import causal, open_generator, seq2seq
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
    parser.add_argument("--causal", action="store_true", help="the model is a decoder alone")
    parser.add_argument("--engines", nargs="+", default=["ctranslate2", "transformers"])
    parser.add_argument("--source-tokens", type=int, default=160, help="read of a document")
    chosen = parser.parse_args()
    documents = [Reading(one) for one in islice(Corpus(chosen.corpus), chosen.documents)]
    (instruction,) = load_instructions(("question",), "en")
    encoder = open_encoder()
    family = causal if chosen.causal else seq2seq
    engines = {
        name: open_generator(
            family.Settings.model_validate(
                {
                    "model": chosen.model,
                    "engine": name,
                    "outputs": chosen.outputs,
                    "max_source_tokens": chosen.source_tokens,
                }
            ),
            encoder,
        )
        for name in chosen.engines
    }
    seconds = dict.fromkeys(engines, 0.0)
    views = dict.fromkeys(engines, 0)
    warm_up = [Reading(Document("", "", "The mill stands by the river."))] * 8
    for engine in engines.values():
        engine.generate(warm_up, instruction)
    for start in range(0, len(documents), BLOCK):
        block = documents[start : start + BLOCK]
        order = list(engines) if start // BLOCK % 2 else list(reversed(engines))
        for name in order:
            begin = time.perf_counter()
            written = engines[name].generate(block, instruction)
            seconds[name] += time.perf_counter() - begin
            views[name] += sum(len(texts.texts) for texts in written)
    print(f"{len(documents)} documents of {chosen.corpus}, {chosen.outputs} sampled questions each")
    baseline = seconds[chosen.engines[-1]]
    for name, spent in seconds.items():
        rate = len(documents) / spent
        print(
            f"  {name:12} {spent:8.1f} s   {rate:6.1f} documents/s   "
            f"{baseline / spent:.2f} times {chosen.engines[-1]}   {views[name]} different views"
        )


if __name__ == "__main__":
    main()
