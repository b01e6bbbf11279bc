"""What the tuning of an encoder made, as ``tuning.json`` has it, and its model card."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.tuning.encoder.settings import EncoderTuningSettings

REPORT = "tuning.json"


class Verdict(BaseModel):
    """What held-out documents say of a tuned encoder.

    Attributes
    ----------
    queries
        How many pseudo-queries asked, two of a document.
    candidates
        Among how many documents these were to be found.
    base
        Its nDCG@10, a fraction.
    by_kept
        nDCG@10 by the share of the trained weights; 0 is the base with its tokens weighed anew.
    kept
        The share that was chosen.
    by_vectors
        nDCG@10 where vectors rank alone: of the base, and of the share that was chosen.
    gain
        What it adds to the base's nDCG@10, by documents that did not choose it.
    interval
        Of this gain, 90 %, by a bootstrap over documents.
    better
        Whether the tuned encoder takes the place of the base: its interval lies above 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    queries: int
    candidates: int
    base: float
    by_kept: dict[float, float]
    kept: float
    by_vectors: tuple[float, float]
    gain: float
    interval: tuple[float, float]
    better: bool


class EncoderTuningReport(BaseModel):
    """What a tuning made.

    Attributes
    ----------
    output
        The folder of the model.
    base
        The name of what was tuned.
    key
        Hash of the documents, the base and the settings.
    settings
        How it was tuned.
    languages
        That the documents are in, ISO 639-1, the commonest first.
    documents
        How many were learnt from.
    held_out
        Digests of those that were kept from training (`corpus_tuner.core.documents`).
    weighed
        Whether tokens weigh by how rare they are.
    steps
        Updates that were made.
    best_step
        The one after which the weights were taken: by these the held-out documents were found best.
    verdict
        What the held-out documents say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    output: str
    base: str
    key: str
    settings: EncoderTuningSettings
    languages: tuple[str, ...]
    documents: int
    held_out: tuple[str, ...]
    weighed: bool
    steps: int
    best_step: int
    verdict: Verdict


def read_report(folder: Path) -> EncoderTuningReport | None:
    """Return the report of a tuning that is done, or `None` if there is none in the folder.

    Raises
    ------
    CorpusTunerError
        If it is damaged.
    """
    try:
        text = (folder / REPORT).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return EncoderTuningReport.model_validate_json(text)
    except ValueError as error:
        raise CorpusTunerError(
            f"{folder / REPORT} is damaged or of another version: delete it, and tune again"
        ) from error


def report_of(encoder: str) -> EncoderTuningReport | None:
    """Return the report of an encoder by its name, or `None` if it was not tuned here."""
    return read_report(Path(encoder)) if Path(encoder).is_absolute() else None


def kept_from(encoder: str) -> frozenset[str]:
    """Return the digests of the documents that were kept from an encoder while it was tuned.

    Whoever asks with sentences of the others asks for what it has learnt by heart; where nothing of
    its training was kept, it knows none so.

    Parameters
    ----------
    encoder
        Its name.
    """
    report = report_of(encoder)
    return frozenset(report.held_out if report and report.verdict.kept else ())


def judged(report: EncoderTuningReport) -> list[tuple[str, float]]:
    """Return what the verdict chose from, in words, with nDCG@10, a fraction: first the base."""
    verdict = report.verdict
    rows = [(report.base, verdict.base)]
    for kept, found in verdict.by_kept.items():
        what = f"{kept:g} of the training" if kept else "tokens weighed, nothing trained"
        chosen = kept == verdict.kept and len(verdict.by_kept) > 1
        rows.append((f"{what} (chosen)" if chosen else what, found))
    return rows


def write_card(report: EncoderTuningReport, sources: Sequence[str], path: Path) -> None:
    """Write the card of a tuned encoder as Markdown."""
    verdict = report.verdict
    low, high = verdict.interval
    before, alone = verdict.by_vectors
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
            for name, value in report.settings.model_dump(mode="json").items()
        ],
        "```",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
