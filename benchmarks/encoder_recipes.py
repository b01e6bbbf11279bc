"""Other ways to train an encoder on documents only, compared with `tune encoder`.

Run: python -m benchmarks.encoder_recipes RECIPE OUTPUT FOLDER... [--steps N]

RECIPE is one of
  linear   a linear map of queries only, drawn towards the identity: sentences find their documents
  simcse   a text finds itself, read with other dropout (Gao, Yao and Chen, arXiv 2104.08821)
  tsdae    a text is restored from the vector of what is left of it (Wang, Reimers and Gurevych,
           arXiv 2104.06979)

A row per collection: nDCG@10 of dense search in float32, of the base and of the trained encoder.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
from sentence_transformers.sentence_transformer.losses import (
    DenoisingAutoEncoderLoss,
    MultipleNegativesRankingLoss,
)

from benchmarks.in_domain import MEASURE, measure_dense, rank_documents
from corpus_tuner import load_recipe
from corpus_tuner.core.documents import Document
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import Encoder, EncoderSettings, Vectors, embedded, open_encoder
from corpus_tuner.eval.open_benchmark import open_benchmarks
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.text.sentences import split_sentences

BASE = EncoderSettings(name="builtin", dtype="float32")
BATCH, MAX_TOKENS, LEARNING_RATE, SEED = 64, 64, 3e-5, 0
DELETED = 0.6  # share of the words that TSDAE deletes
PULL, SCALE, EPOCHS = 3.0, 20.0, 30  # of the linear map


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=["linear", "simcse", "tsdae"])
    parser.add_argument("output", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--steps", type=int, default=80)
    chosen = parser.parse_args()
    settings = load_recipe(None, ["corpus.on_bad_record=skip"])
    benchmarks = open_benchmarks(chosen.folders, skip_bad_records=True)
    rows = [["collection", "base", chosen.recipe]]
    for benchmark in benchmarks:
        documents = list(Corpus(benchmark.corpus, settings.corpus))
        base = measure_dense(benchmark, settings, BASE)
        if chosen.recipe == "linear":
            learnt = measure_map(benchmark, documents)
        else:
            folder = chosen.output / f"{benchmark.name}-{chosen.recipe}"
            train(chosen.recipe, documents, folder, chosen.steps)
            learnt = measure_dense(
                benchmark, settings, BASE.model_copy(update={"name": str(folder)})
            )
        rows.append([benchmark.name, f"{100 * base:.1f}", f"{100 * learnt:.1f}"])
        print(format_markdown([rows[0], rows[-1]]), flush=True)
    print(format_markdown(rows))


def measure_map(benchmark: Benchmark, documents: Sequence[Document]) -> float:
    """Return nDCG@10 with mapped queries and unchanged documents."""
    encoder = open_encoder(BASE)
    vectors = encoder.encode_documents([get_full_text(document) for document in documents])
    learnt = learn_map(*encode_sentences(encoder, documents), vectors)
    queries = list(benchmark.queries)
    mapped = encoder.encode_queries([benchmark.queries[one] for one in queries]) @ learnt
    run = rank_documents(queries, mapped @ vectors.T, [document.id for document in documents])
    return measure(benchmark.qrels, run, [MEASURE])[MEASURE]


def encode_sentences(encoder: Encoder, documents: Sequence[Document]) -> tuple[Vectors, np.ndarray]:
    """Return the vectors of all sentences, and the position of the document of each."""
    found = [
        (" ".join(sentence.split()), position)
        for position, document in enumerate(documents)
        for sentence in split_sentences(document.text, "en")
        if len(sentence.split()) >= 4
    ]
    texts, positions = zip(*found, strict=True)
    return encoder.encode_documents(list(texts)), np.array(positions)


def learn_map(sentence_vectors: Vectors, positions: np.ndarray, documents: Vectors) -> Vectors:
    """Train a matrix that maps vectors of sentences to those of their documents."""
    torch.manual_seed(SEED)
    identity = torch.eye(sentence_vectors.shape[1])
    learnt = torch.nn.Parameter(identity.clone())
    optimizer = torch.optim.Adam([learnt], lr=1e-3)
    queries, targets = torch.from_numpy(sentence_vectors), torch.from_numpy(positions)
    against = torch.from_numpy(documents).T
    for _ in range(EPOCHS):
        for some in np.array_split(torch.randperm(len(queries)).numpy(), -(-len(queries) // 256)):
            found = torch.nn.functional.normalize(queries[some] @ learnt, dim=1) @ against
            loss = torch.nn.functional.cross_entropy(SCALE * found, targets[some])
            loss = loss + PULL * (learnt - identity).square().sum() / len(identity)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return learnt.detach().numpy()


def train(recipe: str, documents: Sequence[Document], folder: Path, steps: int) -> None:
    """Train by sentence-transformers, and write the model."""
    model = SentenceTransformer(str(embedded.get_folder()), device="cpu")
    limit, model.max_seq_length = model.max_seq_length, MAX_TOKENS
    pairs = list(islice(make_examples(recipe, documents), steps * BATCH))
    loss = (
        MultipleNegativesRankingLoss(model, scale=SCALE)
        if recipe == "simcse"
        else DenoisingAutoEncoderLoss(model, str(embedded.get_folder()))
    )
    arguments = Arguments(
        output_dir=str(folder / "checkpoints"),
        max_steps=steps,
        per_device_train_batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        warmup_steps=steps // 10,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        seed=SEED,
    )
    rows = Dataset.from_dict({"read": [a for a, _ in pairs], "restored": [b for _, b in pairs]})
    SentenceTransformerTrainer(model, arguments, train_dataset=rows, loss=loss).train()
    model.max_seq_length = limit
    model.save(str(folder), create_model_card=False)


def make_examples(recipe: str, documents: Sequence[Document]) -> Iterator[tuple[str, str]]:
    """Yield endless pairs: a text twice, or a text with deleted words and the whole text."""
    chance = random.Random(SEED)
    texts = [get_full_text(document) for document in documents]
    chance.shuffle(texts)
    for text in cycle(texts):
        words = text.split()
        left = [word for word in words if chance.random() >= DELETED]
        yield (text if recipe == "simcse" else " ".join(left or words[:1])), text


if __name__ == "__main__":
    main()
