"""``corpus-tuner quickstart``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli import output as out
from corpus_tuner.cli.hit_output import show_hits
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
"""Queries by benchmark."""
_SYSTEMS = {
    "passage": "passage",
    "mean: generated": "mean, question",
    "mean: generated, checked": "mean, accepted",
    "views: own": "views",
    "views: own, generated": "views, question",
    "views: own, generated, checked": "views, accepted",
}
"""Systems of the ablation, and their names in the table of generated text."""


def quickstart(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the report, runs and indexes.")
    ] = Path("quickstart"),
) -> None:
    """Index, evaluate and search two sample corpora."""
    start = time.perf_counter()
    out.print_line("Two small corpora of our own, English and German: indexing, then measuring.")
    from corpus_tuner.config.recipe import load_recipe
    from corpus_tuner.eval.evaluate import evaluate
    from corpus_tuner.indexes.searcher import Searcher

    done = evaluate(list(SEARCHES), output, load_recipe())
    show_results(done.results)
    for name, queries in SEARCHES.items():
        index = output / "indexes" / name
        with (
            Searcher.open(index) as searcher,
            Searcher.open(index, encoder=searcher.encoder, representation="passage") as baseline,
        ):
            for query in queries:
                hits = searcher.search(query, k=3)
                show_hits(query, hits, searcher)
                (ranking,) = baseline.rank([query], k=1_000)
                rank = [document for document, _ in ranking].index(hits[0].document.id) + 1
                out.print_line(f"the encoder by itself has the first of these at rank {rank}")
    _show_generated_text(output)
    index = output / "indexes" / "sample-en"
    out.print_line(f"\nThe report of all measures: {output / 'report.html'}")
    out.print_line(f"Done in {time.perf_counter() - start:.0f} s. Go on with your own:")
    out.print_line(f'  corpus-tuner search {index} "how do I get rid of moths"')
    out.print_line("  corpus-tuner build my-documents.jsonl --output my-index")


def _show_generated_text(output: Path) -> None:
    """Write a question for every English document, check it, and measure search with and without.

    That is the method of arXiv 2409.16497 but for tuning the generator, which takes longer.
    """
    from corpus_tuner.config.recipe import load_recipe
    from corpus_tuner.errors import CorpusTunerError
    from corpus_tuner.eval.ablation import evaluate_ablation

    out.print_line(
        "\nQuestions by a generator (SmolLM2-135M-Instruct, tuned for them), in English:"
    )
    try:
        results = evaluate_ablation(["sample-en"], output, load_recipe("questions"))
    except CorpusTunerError as error:
        out.print_line(f"left out: {error}")
        return
    found = {result.system: result for result in results}
    show_results(
        found[name].model_copy(update={"system": shown}) for name, shown in _SYSTEMS.items()
    )
    out.print_line("mean: of passage and question; views: title and sentences, with a question too")
    out.print_line("accepted: only the questions that the checks accept")
    out.print_line(f"All variants: {output / 'ablation.md'}")
