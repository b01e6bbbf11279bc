"""Speed and nDCG of building an index with other libraries, and with three recipes of ours.

Run: python -m benchmarks.peers [FOLDER] [--documents N] [--only TEXT] [--set STAGE.KEY=VALUE]
(needs the extra peers; libraries that are not installed are left out)

FOLDER is in BEIR layout; by default the English sample. All but doc2query run the embedded model,
with their own defaults. As it comes, txtai reads 512 tokens, so it also runs with the model's own
limit, 256; above 5,000 documents its FAISS index is approximate. fastembed is given the same
weights, in float32 ONNX, and the limit of 256. Our encoder chooses its arithmetic by the processor.

The baseline is `SentenceTransformer.encode` with an exact FAISS index. It indexes one half of a
block right before a system indexes the block, and the other half right after, so that other load of
the machine falls on both. Every ratio is of two times taken in this way, in one process. A system
that builds an index as a whole has one block. Starting (imports, opening models, a first text)
is not counted; our builds open models themselves, so the time that an index of one document takes
is taken off. nDCG is measured where all documents are indexed and the folder has judgments.

There are no trained weights of doc2query without the hub. A T5 of the shape of t5-small with random
weights writes instead: the time is that of the shape, and its nDCG would mean nothing. Trained
weights stop at the end of a question and random ones do not, so they are stopped after so many
tokens (16; the library allows 64). The first 128 documents are enough to time it.
"""

import argparse
import json
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import bm25s
import faiss
import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, T5Config, T5ForConditionalGeneration, T5Tokenizer

from corpus_tuner import Corpus, Document, EvaluationError, build, load_recipe, sample_folder
from corpus_tuner.cli.output import make_table, stdout
from corpus_tuner.encoders import Encoder, embedded, open_encoder
from corpus_tuner.eval.open_benchmark import open_benchmarks
from corpus_tuner.eval.systems import HYBRID, OpenIndex, list_systems
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.eval.trec.runs import Run, break_ties
from corpus_tuner.indexes.store.manifest import read_manifest

BLOCK = 512
GENERATED = 128  # documents that doc2query gets
SAMPLES = 3  # its questions for a document
DEPTH = 11  # one more than is measured: a query may be a document itself
MEASURE = "nDCG@10"
RECIPES = ("generator=null", "generator=extractive", "")
Encode = Callable[[list[str]], Any]


class System(NamedTuple):
    """A library that makes an index.

    Attributes
    ----------
    add
        Function that indexes a block of documents.
    search
        Function of queries by id; returns the run and, of ours, that of dense search by passages.
    block
        Number of documents that are indexed at once.
    start
        Seconds of `add` before the first document.
    """

    add: Callable[[Sequence[Document]], object]
    search: Callable[[dict[str, str]], list[Run]]
    block: int = BLOCK
    start: float = 0.0


class Entry(NamedTuple):
    """A system, with the function that opens it in a folder, and its package."""

    name: str
    open: Callable[[Path], System]
    module: str = "corpus_tuner"
    install: str = ""
    documents: int | None = None


def open_faiss(encode: Encode) -> System:
    ids: list[str] = []
    rows = faiss.IndexFlatIP(encode(["a first text"]).shape[1])

    def add(documents: Sequence[Document]) -> None:
        if documents:
            rows.add(encode(list(map(join_text, documents))))
            ids.extend(document.id for document in documents)

    def search(queries: dict[str, str]) -> list[Run]:
        scores, found = rows.search(encode(list(queries.values())), min(DEPTH, len(ids)))
        ranked = {
            query: break_ties(zip((ids[row] for row in near), how, strict=True))
            for query, near, how in zip(queries, found, scores, strict=True)
        }
        return [ranked]

    return System(add, search)


def open_fastembed(scratch: Path) -> System:
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    names = ["input_ids", "attention_mask", "token_type_ids"]

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(embedded.get_folder()).eval()

        def forward(self, *inputs: torch.Tensor) -> Any:
            return self.model(**dict(zip(names, inputs, strict=True))).last_hidden_state

    ones = torch.ones(2, 8, dtype=torch.long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter that needs no further package
        torch.onnx.export(
            States(),
            (ones, ones, 0 * ones),
            str(scratch / "model.onnx"),
            input_names=names,
            output_names=["states"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in (*names, "states")},
            dynamo=False,
        )
    for file in embedded.get_folder().glob("*.json"):
        shutil.copy(file, scratch)
    config = scratch / "tokenizer_config.json"
    reads = json.loads((scratch / "sentence_bert_config.json").read_text(encoding="utf-8"))
    known = json.loads(config.read_text(encoding="utf-8"))
    changed = {**known, "model_max_length": reads["max_seq_length"]}
    config.write_text(json.dumps(changed), encoding="utf-8")
    TextEmbedding.add_custom_model(
        "embedded", PoolingType.MEAN, True, ModelSource(hf="none"), 384, "model.onnx"
    )
    model = TextEmbedding("embedded", specific_model_path=str(scratch))
    return open_faiss(lambda texts: np.array(list(model.embed(texts)), dtype=np.float32))


def open_txtai(_: Path, *, size: int, maxlength: bool | None) -> System:
    from txtai import Embeddings

    rows = Embeddings(path=str(embedded.get_folder()), maxlength=maxlength)
    rows.index(["a first text"])

    def search(queries: dict[str, str]) -> list[Run]:
        found = rows.batchsearch(list(queries.values()), DEPTH)
        return [dict(zip(queries, map(break_ties, found), strict=True))]

    return System(
        lambda block: rows.index((one.id, join_text(one)) for one in block), search, block=size
    )


def open_doc2query(scratch: Path, *, texts: list[str], tokens: int) -> System:
    import pandas as pd
    from pyterrier_doc2query import Doc2Query

    T5Tokenizer().train_new_from_iterator(texts, 8000).save_pretrained(scratch)
    torch.manual_seed(0)
    shape = T5Config(decoder_start_token_id=0)  # its defaults are those of t5-small
    T5ForConditionalGeneration(shape).save_pretrained(scratch)
    writer = Doc2Query(str(scratch), SAMPLES, append=True, fast_tokenizer=True, device="cpu")
    config = {"max_new_tokens": tokens, "max_length": None}
    generate = writer.model.generate
    writer.model.generate = lambda **given: generate(**given | config)

    def add(documents: Sequence[Document]) -> None:
        ids, read = [one.id for one in documents], list(map(join_text, documents))
        written = writer.transform(pd.DataFrame({"docno": ids, "text": read}))["text"]
        words = bm25s.tokenize(list(written), stopwords="en", show_progress=False)
        bm25s.BM25().index(words, show_progress=False)

    add([Document("0", "", "a first text")])
    return System(add, lambda _: [], block=GENERATED)


def open_ours(
    scratch: Path, *, assignments: list[str], encoder: Encoder, documents: list[Document]
) -> System:
    settings = load_recipe(None, assignments)
    folders = (scratch / str(number) for number in count())
    built: list[Path] = []

    def add(block: Sequence[Document]) -> None:
        folder = next(folders)
        folder.mkdir()
        records = ({"_id": one.id, "title": one.title, "text": one.text} for one in block)
        corpus = folder / "corpus.jsonl"
        corpus.write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")
        built.append(folder / "index")
        build(corpus, built[-1], settings, encoder=encoder)

    def search(queries: dict[str, str]) -> list[Run]:
        known = {one.name: one for one in list_systems(read_manifest(built[-1]), settings.search)}
        with OpenIndex(built[-1], encoder, queries) as opened:
            return [opened.run(one, DEPTH) for one in (known[HYBRID], known["passage"])]

    add(documents[:1])
    start = measure_seconds(partial(add, documents[:1]))
    return System(add, search, block=len(documents), start=start)


def join_text(document: Document) -> str:
    return f"{document.title} {document.text}".strip()


def measure_seconds(job: Callable[[], object]) -> float:
    """Return the seconds that a job takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def compare_speed(
    system: System, baseline: System, documents: list[Document]
) -> tuple[float, float]:
    """Return the seconds of a system, and those of the baseline around it."""
    spent, compared = -system.start, 0.0
    for start in range(0, len(documents), system.block):
        block = documents[start : start + system.block]
        half = len(block) // 2
        compared += measure_seconds(partial(baseline.add, block[:half]))
        spent += measure_seconds(partial(system.add, block))
        compared += measure_seconds(partial(baseline.add, block[half:]))
    return spent, compared


def list_entries(documents: list[Document], settings: list[str], tokens: int) -> Iterator[Entry]:
    size, texts = len(documents), list(map(join_text, documents[:GENERATED]))
    # By itself, since it requires an older huggingface_hub than transformers does.
    pip = "--no-deps -c constraints.txt fastembed loguru mmh3 py-rust-stemmers onnxruntime"
    yield Entry("fastembed", open_fastembed, "fastembed", pip)
    for name, limit in {"txtai": None, "txtai, maxlength=true": True}.items():
        yield Entry(name, partial(open_txtai, size=size, maxlength=limit), "txtai", "txtai")
    name, package = f"doc2query, {SAMPLES} x {tokens} tokens", "pyterrier_doc2query"
    write = partial(open_doc2query, texts=texts, tokens=tokens)
    yield Entry(name, write, package, package, documents=GENERATED)
    encoder = open_encoder()
    for recipe in RECIPES:
        chosen = [*filter(None, [recipe]), *settings]
        make = partial(open_ours, assignments=chosen, encoder=encoder, documents=documents)
        yield Entry(f"corpus-tuner, {recipe or 'default recipe'}", make)


def measure_system(system: System, benchmark: Benchmark | None) -> list[str]:
    """Return the nDCG of every run of a system, as the table has it."""
    values: list[str] = []
    if benchmark is None:
        return values
    for run in system.search(benchmark.queries):
        if benchmark.remove_self:
            run = {query: [hit for hit in hits if hit[0] != query] for query, hits in run.items()}
        values.append(f"{100 * measure(benchmark.qrels, run, [MEASURE])[MEASURE]:.2f}")
    return values


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("folder", nargs="?", default=str(sample_folder("en")))
    parser.add_argument("--documents", type=int, default=None, help="only the first so many")
    parser.add_argument("--only", default="", help="systems whose names have this in them")
    parser.add_argument("--question-tokens", type=int, default=16, help="that doc2query writes")
    parser.add_argument("--set", dest="settings", action="append", default=[], help="of ours")
    chosen = parser.parse_args()
    common = load_recipe(None, chosen.settings)
    documents = list(islice(Corpus(chosen.folder, common.corpus), chosen.documents))
    benchmark = None
    if chosen.documents is None:
        try:
            (benchmark,) = open_benchmarks([chosen.folder], skip_bad_records=True)
        except EvaluationError as error:
            print(f"nothing is judged: {error}")
    model = SentenceTransformer(str(embedded.get_folder()), device="cpu")
    rows: list[list[str]] = []
    values: list[str] = []
    seconds, indexed = 0.0, 0
    for entry in list_entries(documents, chosen.settings, chosen.question_tokens):
        if chosen.only not in entry.name:
            continue
        if find_spec(entry.module) is None:
            print(f"{entry.name} is left out: pip install {entry.install}")
            continue
        some = documents[: entry.documents]
        baseline = open_faiss(model.encode)
        with TemporaryDirectory() as folder:
            system = entry.open(Path(folder))
            spent, compared = compare_speed(system, baseline, some)
            found = measure_system(system, benchmark)
        print(f"{entry.name}: {spent:.1f} s, the baseline {compared:.1f} s", flush=True)
        rows.append([entry.name, f"{len(some) / spent:.2f}", f"{spent / compared:.2f}", *found])
        seconds, indexed = seconds + compared, indexed + len(some)
        if not values and len(some) == len(documents):
            values = measure_system(baseline, benchmark)
    columns = ["documents/s", "ratio", MEASURE, "passages"]
    made = make_table("system", *columns, right=columns)
    if rows:
        made.add_row("sentence-transformers", f"{indexed / seconds:.2f}", "1.00", *values)
    for row in rows:
        made.add_row(*row)
    print(f"{len(documents)} documents of {chosen.folder}")
    stdout.print(made)


if __name__ == "__main__":
    main()
