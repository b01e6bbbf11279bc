"""``corpus-tuner quickstart``."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli.hit_output import show_hits
from corpus_tuner.cli.options import QuietOption
from corpus_tuner.cli.output import stdout
from corpus_tuner.cli.result_output import show_results

SEARCHES = {
    "sample-en": (
        "my ears feel blocked after landing",
        "vomiting since yesterday, should I keep swallowing my sugar pills?",
    ),
    "sample-de": (
        "Brauche ich noch ein Backup, wenn zwei Platten gespiegelt laufen?",
        "Keller nach dem Gewitter voll Wasser, wer zahlt das?",
    ),
}
"""What is asked, by the benchmarks that are indexed for it."""


def quickstart(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where results, runs and indexes go.")
    ] = Path("quickstart"),
    quiet: QuietOption = False,
) -> None:
    """Index, measure and search two sample corpora."""
    start = time.perf_counter()
    stdout.print("Two small corpora of our own, English and German: indexing, then measuring.")
    from corpus_tuner.config.recipe import load_recipe
    from corpus_tuner.eval.evaluate import evaluate
    from corpus_tuner.indexes.searcher import Searcher

    done = evaluate(list(SEARCHES), output, load_recipe())
    show_results(done.results)
    for name, queries in SEARCHES.items():
        index = output / "indexes" / name
        with (
            Searcher.open(index) as searcher,
            Searcher.open(index, encoder=searcher.encoder, representation="passage") as alone,
        ):
            for query in queries:
                hits = searcher.search(query, k=3)
                show_hits(query, hits, searcher)
                (found,) = alone.rank([query], k=1_000)
                rank = [document for document, _ in found].index(hits[0].document.id) + 1
                stdout.print(f"the encoder alone has the first of these at rank {rank}")
    command, index = sys.argv[0], output / "indexes" / "sample-en"
    stdout.print(f"\nThe report of all measures: {output / 'report.html'}", soft_wrap=True)
    stdout.print(f"Done in {time.perf_counter() - start:.0f} s. Go on with your own:")
    stdout.print(f'  {command} search {index} "how do I get rid of moths"', soft_wrap=True)
    stdout.print(f"  {command} build my-documents.jsonl --output my-index", soft_wrap=True)
