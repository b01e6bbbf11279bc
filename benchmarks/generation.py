"""Compare the engines that run one generator: documents a second, and memory.

Run: python -m benchmarks.generation [CORPUS] [--config RECIPE] [--set A.B=VALUE]
         [--engines E F] [--decoding beam|sampling] [--documents N] [--block N]

The generator with a model of the recipe writes the same questions by every engine. Blocks of
documents go to the engines in turn, and processor time is measured, so that other work on the
machine does not count. Peak memory is that of the process, after each block.
"""

import argparse
import resource
import time
from itertools import islice

from corpus_tuner import Corpus, Document, load_recipe, sample_folder
from corpus_tuner.encoders import open_encoder
from corpus_tuner.generation.generators import list_generators, open_generator
from corpus_tuner.generation.prompts import load_instructions
from corpus_tuner.text.document_encoding import EncodedDocument


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", default=str(sample_folder("en")))
    parser.add_argument("--config", default="questions")
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument("--engines", nargs="+", default=["ctranslate2", "transformers"])
    parser.add_argument("--decoding", choices=["beam", "sampling"], default="beam")
    parser.add_argument("--documents", type=int, default=32, help="only the first so many")
    parser.add_argument("--block", type=int, default=8, help="documents at once")
    chosen = parser.parse_args()
    settings = load_recipe(chosen.config, chosen.assignments)
    (part,) = [one for one in list_generators(settings.generator) if hasattr(one, "engine")]
    documents = [EncodedDocument(one) for one in islice(Corpus(chosen.corpus), chosen.documents)]
    (instruction,) = load_instructions(("question",), "en", settings.instructions)
    encoder = open_encoder()
    engines = {
        name: open_generator(
            part.model_copy(update={"engine": name, "decoding": chosen.decoding}), encoder
        )
        for name in chosen.engines
    }
    for engine in engines.values():
        engine.generate(
            [EncodedDocument(Document("", "", "The mill stands by the river."))], instruction
        )
    seconds = dict.fromkeys(engines, 0.0)
    written = dict.fromkeys(engines, 0)
    for start in range(0, len(documents), chosen.block):
        order = list(engines) if start // chosen.block % 2 else list(reversed(engines))
        for name in order:
            begin = time.process_time()
            made = engines[name].generate(documents[start : start + chosen.block], instruction)
            seconds[name] += time.process_time() - begin
            written[name] += sum(len(one.texts) for one in made)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{start + chosen.block:6} documents   peak {peak} MiB", flush=True)
    baseline = seconds[chosen.engines[-1]]
    for name, spent in seconds.items():
        print(
            f"{name:12} {spent:8.1f} s of processor time   {len(documents) / spent:6.2f} "
            f"documents/s   {baseline / spent:.2f} times {chosen.engines[-1]}   "
            f"{written[name]} texts"
        )


if __name__ == "__main__":
    main()
