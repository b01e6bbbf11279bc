"""Compare the engines that run one generator: documents a second, and memory.

Run: python -m benchmarks.generation [CORPUS] [--config RECIPE] [--set A.B=VALUE]
         [--engines E F] [--decoding D F] [--documents N] [--block N]

The generator with a model of the recipe writes three questions and a summary of every document by
every engine; each has its decoding. Blocks of documents go to the engines in turn, and processor
time is measured, so that other work on the machine does not count; the time that passed is printed
as well. Memory is that of the process after each block: resident now, and at most so far, which
includes the conversion of a model.
"""

import argparse
import resource
import time
from itertools import islice
from pathlib import Path

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
    parser.add_argument("--decoding", nargs="+", default=["alternatives", "sampling"])
    parser.add_argument("--documents", type=int, default=32, help="only the first so many")
    parser.add_argument("--block", type=int, default=8, help="documents at once")
    chosen = parser.parse_args()
    settings = load_recipe(chosen.config, chosen.assignments)
    (part,) = [one for one in list_generators(settings.generator) if hasattr(one, "engine")]
    documents = [EncodedDocument(one) for one in islice(Corpus(chosen.corpus), chosen.documents)]
    tasks = list(
        zip(
            load_instructions(("question", "summary"), "en", settings.instructions),
            (3, 1),
            strict=True,
        )
    )
    encoder = open_encoder()
    engines = {
        name: [
            (
                open_generator(
                    part.model_copy(
                        update={"engine": name, "decoding": decoding, "outputs": outputs}
                    ),
                    encoder,
                ),
                instruction,
            )
            for instruction, outputs in tasks
        ]
        for name, decoding in zip(chosen.engines, chosen.decoding, strict=True)
    }
    first = [EncodedDocument(Document("", "", "The mill stands by the river."))]
    for generators in engines.values():
        for generator, instruction in generators:
            generator.generate(first, instruction)
    seconds = dict.fromkeys(engines, 0.0)
    passed = dict.fromkeys(engines, 0.0)
    written = dict.fromkeys(engines, 0)
    for start in range(0, len(documents), chosen.block):
        order = list(engines) if start // chosen.block % 2 else list(reversed(engines))
        for name in order:
            begin, clock = time.process_time(), time.perf_counter()
            for generator, instruction in engines[name]:
                made = generator.generate(documents[start : start + chosen.block], instruction)
                written[name] += sum(len(one.texts) for one in made)
            seconds[name] += time.process_time() - begin
            passed[name] += time.perf_counter() - clock
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
        resident = pages * resource.getpagesize() >> 20
        done = start + chosen.block
        print(f"{done:6} documents   resident {resident} MiB   peak {peak} MiB", flush=True)
    baseline = seconds[chosen.engines[-1]]
    for name, spent in seconds.items():
        print(
            f"{name:12} {spent:8.1f} s of processor time   {len(documents) / spent:6.2f} "
            f"documents/s   {baseline / spent:.2f} times {chosen.engines[-1]}   "
            f"{passed[name]:.1f} s passed   {written[name]} texts"
        )


if __name__ == "__main__":
    main()
