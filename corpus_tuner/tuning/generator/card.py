"""The model card: what a generator was tuned on, and how it measured."""

from collections.abc import Sequence
from pathlib import Path

from corpus_tuner.tuning.generator.report import TuningReport


def write_card(report: TuningReport, sources: Sequence[str], path: Path) -> None:
    """Write the card of a tuned model as Markdown."""
    rows = [
        f"| {name} | {count:,} | {report.held_out.get(name, 0):,} | "
        f"{report.test_loss.get(name, float('nan')):.3f} | "
        f"{report.test_rouge_l.get(name, float('nan')):.3f} |"
        for name, count in report.pairs.items()
    ]
    settings = report.settings.model_dump(mode="json")
    lines = [
        "---",
        "library_name: transformers",
        "tags: [corpus-tuner, query-generation, keywords, summarization]",
        "---",
        "# A generator tuned with corpus-tuner",
        "",
        f"Base: `{report.base}`. It writes short texts that stand for a document in a search "
        "index: questions, keywords, titles, summaries.",
        "",
        "## What it was tuned on",
        "",
        *[f"- {source}" for source in sources],
        "",
        "Held-out pairs were neither trained on nor used to decide when to stop. ROUGE-L is the "
        "mean F-measure over words without case and accents, of texts written by beam search.",
        "",
        "| instruction | training pairs | held-out pairs | loss (nats a token) | ROUGE-L |",
        "|---|--:|--:|--:|--:|",
        *rows,
        "",
        f"{report.steps:,} steps were made; the weights are those after step "
        f"{report.best_step:,}, whose mean dev loss of {report.dev_loss:.3f} was the lowest "
        "(`curve.jsonl`, `curve.svg`).",
        "",
        "## Settings",
        "",
        "```yaml",
        "tuning:",
        *[f"  {name}: {'null' if value is None else value}" for name, value in settings.items()],
        "```",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
