"""``corpus-tuner quickstart``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli.output import show_hits, show_results, stdout

_SEARCHES = {
    "sample-en": ("the tap keeps dripping at night", "can my landlord just come in"),
    "sample-de": ("seit dem flug hör ich alles dumpf", "wann bekomme ich meine Kaution zurück"),
}


def quickstart(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where results, runs and indexes go.")
    ] = Path("quickstart"),
) -> None:
    """Index the sample corpora, measure them in English and German, and search them."""
    start = time.perf_counter()
    stdout.print("Two small corpora of our own, English and German: indexing, then measuring.")
    from corpus_tuner.evaluation import evaluate
    from corpus_tuner.settings import load_settings
    from indexes.encoders import open_encoder
    from indexes.searcher import Searcher

    settings = load_settings()
    encoder = open_encoder(settings.encoder)
    done = evaluate(list(_SEARCHES), output, settings, encoder=encoder)
    show_results(done.results)
    for name, queries in _SEARCHES.items():
        with Searcher.open(output / "indexes" / name, encoder=encoder) as searcher:
            for query in queries:
                show_hits(query, searcher.search(query, k=3))
    index = output / "indexes" / "sample-en"
    stdout.print(f"Done in {time.perf_counter() - start:.0f} s. Go on with your own:")
    stdout.print(f'  corpus-tuner search {index} "how do I get rid of moths"', soft_wrap=True)
    stdout.print("  corpus-tuner build my-documents.jsonl --output my-index", soft_wrap=True)
