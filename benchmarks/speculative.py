"""Sample beams of a large generator with a draft and without, and independent texts in int8.

Run: python -m benchmarks.speculative [CORPUS] --large FOLDER [--draft NAME] [--documents N]

All write questions for the same documents with the large model, document by document in turn.
A large model whose draft the built-in one may be is made so, with files of pairs as
`corpus-tuner tune generator` takes them:

    python -m benchmarks.deepened deep --layers 12
    corpus-tuner tune generator --base deep --output large --config configs/builtin-generator.yaml
        --set tuning.steps=200 --set tuning.learning_rate=5.0e-4 --set tuning.warmup=20
        --set tuning.max_source_tokens=96 --set tuning.evaluate_every=50 --set tuning.dev=50
        --set tuning.test=100 --set tuning.samples=4 --pairs PAIRS...

Time is that of the processor, all threads together, so that other work on the machine counts less.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import islice, product
from typing import Any

from corpus_tuner import Corpus, sample_folder
from corpus_tuner.generators import seed_of
from corpus_tuner.indexes.encoders.weights import hash_weights
from corpus_tuner.instructions import load_instructions
from corpus_tuner.instructions.prompting import Prompting
from corpus_tuner.models import BUILTIN, Source, load_model
from corpus_tuner.models.fast import CTranslate2Engine, converted
from corpus_tuner.models.speculative.decoding import Counts, Drafting
from corpus_tuner.models.speculative.engine import BeamSamplingEngine, Draft, check_draft
from corpus_tuner.models.writing import Decoding, Engine, Request

PLAIN, INT8 = "plain beam sampling", "independent, int8"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", default=str(sample_folder("en")))
    parser.add_argument("--large", required=True, help="the model that writes")
    parser.add_argument("--draft", default=BUILTIN)
    parser.add_argument("--documents", type=int, default=32, help="only the first so many")
    parser.add_argument("--source-tokens", type=int, default=160, help="read of a document")
    parser.add_argument("--beams", type=int, default=4, help="and independent texts")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--draft-beams", type=int, nargs="+", default=[8])
    parser.add_argument("--draft-depth", type=int, nargs="+", default=[2])
    parser.add_argument("--draft-confidence", type=float, nargs="+", default=[0.0])
    chosen = parser.parse_args()
    model, tokenizer = load_model(Source(chosen.large))
    draft, draft_tokenizer = load_model(Source(chosen.draft))
    check_draft(model, tokenizer, draft, draft_tokenizer)
    sampled: dict[str, BeamSamplingEngine] = {PLAIN: BeamSamplingEngine(model)}
    for how in product(chosen.draft_beams, chosen.draft_depth, chosen.draft_confidence):
        name = "drafted, {} beams {} deep, {}".format(*how)
        sampled[name] = BeamSamplingEngine(model, Draft(draft, Drafting(*how)))
    fast = CTranslate2Engine(converted(model, tokenizer, hash_weights(model)), tokenizer)
    engines: dict[str, Engine] = {**sampled, INT8: fast}
    decoding = Decoding(
        outputs=chosen.beams,
        beams=chosen.beams,
        temperature=chosen.temperature,
        top_p=0.95,
        top_k=50,
        no_repeat_ngram=3,
        max_new_tokens=64,
        batch_size=1,
    )
    requests = _requests(chosen, model, tokenizer)
    seconds, texts, took = _measure(engines, requests, decoding)
    print(f"{len(requests)} documents of {chosen.corpus}, {chosen.beams} beams")
    print(f"{'':32} {'s':>7} {'x plain':>7} {'texts':>6}  passes of the large, small per token")
    for name, spent in seconds.items():
        counts = _sum(took[name])
        passes = [
            f"{counts.passes / counts.layers:.2f}, {counts.drafting / counts.layers:.2f}"
            for _ in range(counts.layers > 0)
        ]
        passes += [
            f"{counts.accepted / counts.tried:.0%} accepted" for _ in range(counts.tried > 0)
        ]
        speed = seconds[PLAIN] / spent
        print(f"{name:32} {spent:7.1f} {speed:7.2f} {texts[name]:6}  {'; '.join(passes)}")


def _requests(chosen: argparse.Namespace, model: Any, tokenizer: Any) -> list[Request]:
    """Return a request for a question about each document."""
    (instruction,) = load_instructions(("question",), "en")
    prompting = Prompting.of(model)
    requests = []
    for document in islice(Corpus(chosen.corpus), chosen.documents):
        prompt = prompting.prompt(document, instruction)
        read = tokenizer(prompt.source, truncation=True, max_length=chosen.source_tokens)
        start = tokenizer(prompt.start, add_special_tokens=False) if prompt.start else None
        seed = seed_of(0, instruction, prompt.source)
        requests.append(Request(read["input_ids"], start["input_ids"] if start else [], seed))
    return requests


def _measure(
    engines: dict[str, Engine], requests: Sequence[Request], decoding: Decoding
) -> tuple[dict[str, float], dict[str, int], dict[str, list[Counts]]]:
    """Return the seconds of every engine, its different texts, and what its requests took."""
    took: dict[str, list[Counts]] = {name: [] for name in engines}
    seconds = dict.fromkeys(engines, 0.0)
    texts = dict.fromkeys(engines, 0)
    for name, engine in engines.items():  # warm up
        engine.write(requests[:1], _for(name, decoding))
    for number, request in enumerate(requests):
        order = list(engines) if number % 2 else list(reversed(engines))
        for name in order:
            begin = time.process_time()
            (written,) = engines[name].write([request], _for(name, decoding))
            seconds[name] += time.process_time() - begin
            texts[name] += len({tuple(text) for text in written})
            took[name] += getattr(engines[name], "counts", [])
    return seconds, texts, took


def _for(name: str, decoding: Decoding) -> Decoding:
    return decoding._replace(beams=0) if name == INT8 else decoding


def _sum(counts: Sequence[Counts]) -> Counts:
    whole = Counts()
    for one in counts:
        for name, value in vars(one).items():
            setattr(whole, name, getattr(whole, name) + value)
    return whole


if __name__ == "__main__":
    main()
