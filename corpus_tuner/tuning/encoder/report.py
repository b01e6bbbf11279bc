"""Model card of a fine-tuned encoder."""

from collections.abc import Sequence
from pathlib import Path

from corpus_tuner.encoders.tuning_report import EncoderTuningReport
from corpus_tuner.tuning.output_folder import CURVE, write_card


def list_candidates(report: EncoderTuningReport) -> list[tuple[str, float]]:
    """Return descriptions of the base and of the tuned weights, with nDCG@10 as a fraction."""
    verdict = report.verdict
    rows = [(report.base, verdict.base)]
    for share, ndcg in verdict.by_share.items():
        name = f"{share:g} of the training" if share else "idf weights of tokens, not trained"
        chosen = share == verdict.share and len(verdict.by_share) > 1
        rows.append((f"{name} (chosen)" if chosen else name, ndcg))
    return rows


def write_encoder_card(report: EncoderTuningReport, sources: Sequence[str], output: Path) -> None:
    """Write the model card of a tuned encoder."""
    verdict = report.verdict
    low, high = verdict.interval
    before, dense = verdict.dense
    documents = f"{report.documents:,} documents"
    training = f"It was trained on titles, sentences and questions of {documents}"
    if not report.steps:
        training = f"It was not trained; its tokens have idf weights of {documents}"
    body = [
        "# An encoder tuned with corpus-tuner",
        "",
        f"Base: `{report.base}`. {training}, from:",
        "",
        *[f"- {source}" for source in sources],
        "",
        "## Verdict, without labels",
        "",
        f"{verdict.queries:,} pseudo-queries, made of sentences that were removed from held-out "
        f"documents, searched {verdict.candidates:,} documents."
        + (" Tokens have idf weights." if report.weighed else "")
        + (" Weights are interpolated between base and tuned ones." if report.steps else ""),
        "",
        "| | nDCG@10 |",
        "|---|--:|",
        *[f"| {name} | {100 * ndcg:.1f} |" for name, ndcg in list_candidates(report)],
        "",
        f"Gain, by documents that did not choose the share: {100 * verdict.gain:+.1f} "
        f"({100 * low:+.1f} to {100 * high:+.1f}). "
        + ("It is better than its base." if verdict.better else "It is not better than its base.")
        + f" In dense search: {100 * dense:.1f}, and {100 * before:.1f} with the base.",
        "",
    ]
    if report.steps:
        body += [
            f"It was trained for {report.steps:,} steps; the weights are those after step "
            f"{report.best_step:,} (`{CURVE}`).",
            "",
        ]
    metadata = [
        "library_name: sentence-transformers",
        f"language: [{', '.join(report.languages)}]",
        "tags: [corpus-tuner, sentence-similarity]",
    ]
    write_card(output, metadata, body, report.settings)
