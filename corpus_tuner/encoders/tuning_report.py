"""Report of a fine-tuned encoder: ``tuning.json`` in its folder."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from corpus_tuner.errors import CorpusTunerError

REPORT = "tuning.json"


class TuningVerdict(BaseModel):
    """Comparison of a fine-tuned encoder with its base on held-out documents.

    Attributes
    ----------
    queries
        Number of pseudo-queries, two of a document.
    candidates
        Number of documents that are ranked.
    base
        nDCG@10 of the base, a fraction.
    by_share
        nDCG@10 by the share of the trained weights; 0 is the base with new token weights.
    share
        Share that was chosen.
    dense
        nDCG@10 of dense search: of the base, and of the chosen share.
    gain
        Gain in nDCG@10 over the base, on documents that did not choose the share.
    interval
        90 % confidence interval of the gain, by a bootstrap over documents.
    better
        Whether the tuned encoder replaces the base: the interval is above 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    queries: int
    candidates: int
    base: float
    by_share: dict[float, float]
    share: float
    dense: tuple[float, float]
    gain: float
    interval: tuple[float, float]
    better: bool


class EncoderTuningReport(BaseModel):
    """Report of the fine-tuning of an encoder.

    Attributes
    ----------
    output
        Folder of the model.
    base
        Name of the encoder that was tuned.
    settings
        Settings of the fine-tuning.
    languages
        Languages of the documents, ISO 639-1, the most common first.
    documents
        Number of training documents.
    held_out
        Digests of the documents that were held out (`corpus_tuner.core.documents`).
    weighed
        Whether tokens are weighted by their idf.
    steps
        Number of training steps.
    best_step
        Step with the best nDCG@10 on held-out documents, whose weights were taken.
    verdict
        Comparison with the base.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    output: str
    base: str
    settings: dict[str, Any]
    languages: tuple[str, ...]
    documents: int
    held_out: tuple[str, ...]
    weighed: bool
    steps: int
    best_step: int
    verdict: TuningVerdict


def read_report(folder: Path) -> EncoderTuningReport | None:
    """Return the report in a folder, or `None` if there is none.

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


def find_report(encoder: str) -> EncoderTuningReport | None:
    """Return the report of an encoder by its name, or `None` if it has none."""
    return read_report(Path(encoder)) if Path(encoder).is_absolute() else None


def find_held_out(encoder: str) -> frozenset[str]:
    """Return the digests of the documents that were held out from the tuning of an encoder.

    Pseudo-queries of the training documents would overestimate the encoder. If no trained weights
    were used, it knows no documents, and nothing is returned.
    """
    report = find_report(encoder)
    return frozenset(report.held_out if report and report.verdict.share else ())
