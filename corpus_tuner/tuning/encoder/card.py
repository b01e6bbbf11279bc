"""The model card of a fine-tuned encoder."""

from collections.abc import Sequence
from pathlib import Path

from corpus_tuner.encoders.tuning_report import EncoderTuningReport


def judged(report: EncoderTuningReport) -> list[tuple[str, float]]:
    """Return what the verdict chose from, in words, with nDCG@10, a fraction: first the base."""
    verdict = report.verdict
    rows = [(report.base, verdict.base)]
    for kept, found in verdict.by_share.items():
        what = f"{kept:g} of the training" if kept else "tokens weighed, nothing trained"
        chosen = kept == verdict.share and len(verdict.by_share) > 1
        rows.append((f"{what} (chosen)" if chosen else what, found))
    return rows


def write_card(report: EncoderTuningReport, sources: Sequence[str], path: Path) -> None:
    """Write the card of a tuned encoder as Markdown."""
    verdict = report.verdict
    low, high = verdict.interval
    before, alone = verdict.dense
    learnt = (
        f"It learnt to find {report.documents:,} documents by their titles, sentences and questions"
    )
    trained = [
        f"{report.steps:,} steps were made; the weights are those after step "
        f"{report.best_step:,} (`curve.jsonl`).",
        "",
    ]
    if not report.steps:
        learnt = f"Nothing was trained; tokens weigh as {report.documents:,} documents have them"
        trained = []
    lines = [
        "---",
        "library_name: sentence-transformers",
        f"language: [{', '.join(report.languages)}]",
        "tags: [corpus-tuner, sentence-similarity]",
        "---",
        "# An encoder tuned with corpus-tuner",
        "",
        f"Base: `{report.base}`. {learnt}, from:",
        "",
        *[f"- {source}" for source in sources],
        "",
        "## Verdict, without labels",
        "",
        f"{verdict.queries:,} queries made of sentences that were taken out of held-out documents, "
        f"to be found among {verdict.candidates:,}."
        + (" Tokens weigh the more, the fewer documents have them." if report.weighed else "")
        + (" Weights lie between the base's and the trained ones." if report.steps else ""),
        "",
        "| | nDCG@10 |",
        "|---|--:|",
        *[f"| {what} | {100 * found:.1f} |" for what, found in judged(report)],
        "",
        f"Gain, by documents that did not choose the share: {100 * verdict.gain:+.1f} "
        f"({100 * low:+.1f} to {100 * high:+.1f}). "
        + ("It is better than its base." if verdict.better else "It is not better than its base.")
        + f" By vectors alone: {100 * alone:.1f}, and {100 * before:.1f} with the base.",
        "",
        *trained,
        "## Settings",
        "",
        "```yaml",
        "encoder_tuning:",
        *[
            f"  {name}: {'null' if value is None else value}"
            for name, value in report.settings.items()
        ],
        "```",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
