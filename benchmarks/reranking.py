"""Time of reranking: a random cross-encoder of the size of a small one, on the English sample.

Run: python -m benchmarks.reranking

Its scores mean nothing; the time does not depend on the weights. The shape is that of
ettin-encoder-17m (ModernBERT, 7 layers of 256 dimensions).
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from sentence_transformers import CrossEncoder
from transformers import AutoTokenizer, ModernBertConfig, ModernBertForSequenceClassification

from corpus_tuner import Searcher, SearchSettings, build, sample_folder
from corpus_tuner.encoders import embedded
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.eval.trec.queries import read_queries
from corpus_tuner.rerankers import RerankerSettings

QUERIES = 20


def make_cross_encoder(folder: Path) -> Path:
    """Save a random cross-encoder."""
    tokenizer = AutoTokenizer.from_pretrained(embedded.get_folder("builtin"))
    tokenizer.model_max_length = 512
    config = ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=384,
        num_hidden_layers=7,
        num_attention_heads=4,
        pad_token_id=tokenizer.pad_token_id,
        num_labels=1,
    )
    torch.manual_seed(0)
    ModernBertForSequenceClassification(config).save_pretrained(folder / "body")
    tokenizer.save_pretrained(folder / "body")
    CrossEncoder(str(folder / "body"), device="cpu").save_pretrained(str(folder / "model"))
    return folder / "model"


def main() -> None:
    corpus = sample_folder("en")
    queries = list(read_queries(corpus / "queries.jsonl").values())[:QUERIES]
    with tempfile.TemporaryDirectory() as scratch:
        build(corpus, Path(scratch) / "index")
        name = str(make_cross_encoder(Path(scratch)))
        rows = [["documents that are reranked", "ms a query"]]
        with Searcher.open(Path(scratch) / "index") as searcher:
            for candidates in (0, 10, 20, 30, 50):
                settings = searcher.manifest.search
                if candidates:
                    reranker = RerankerSettings(name=name, candidates=candidates, seconds=60)
                    weights = settings.hybrid.model_copy(update={"reranker": 1.0})
                    settings = settings.model_copy(update={"reranker": reranker, "hybrid": weights})
                rows.append([str(candidates), f"{measure(searcher, queries, settings):.0f}"])
    print(format_markdown(rows))


def measure(searcher: Searcher, queries: list[str], settings: SearchSettings) -> float:
    """Return the median time of a search, in milliseconds."""
    searcher.search("the first one opens the models", settings=settings)
    times = []
    for query in queries:
        start = time.perf_counter()
        searcher.search(query, settings=settings)
        times.append(1000 * (time.perf_counter() - start))
    return median(times)


if __name__ == "__main__":
    main()
