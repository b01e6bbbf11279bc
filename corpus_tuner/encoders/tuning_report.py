"""Report of an encoder that was fine-tuned here: ``tuning.json`` in its folder."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from corpus_tuner.errors import CorpusTunerError

REPORT = "tuning.json"


class TuningVerdict(BaseModel):
    """What held-out documents say of a tuned encoder.

    Attributes
    ----------
    queries
        How many pseudo-queries asked, two of a document.
    candidates
        Among how many documents these were to be found.
    base
        Its nDCG@10, a fraction.
    by_share
        nDCG@10 by the share of the trained weights; 0 is the base with its tokens weighed anew.
    share
        The share that was chosen.
    dense
        nDCG@10 of dense search: of the base, and of the share that was chosen.
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
    by_share: dict[float, float]
    share: float
    dense: tuple[float, float]
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
        The recipe's ``encoder_tuning``.
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
    settings: dict[str, Any]
    languages: tuple[str, ...]
    documents: int
    held_out: tuple[str, ...]
    weighed: bool
    steps: int
    best_step: int
    verdict: TuningVerdict


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


def find_report(encoder: str) -> EncoderTuningReport | None:
    """Return the report of an encoder by its name, or `None` if it was not tuned here."""
    return read_report(Path(encoder)) if Path(encoder).is_absolute() else None


def find_held_out(encoder: str) -> frozenset[str]:
    """Return the digests of the documents that were kept from an encoder while it was tuned.

    Whoever asks with sentences of the others asks for what it has learnt by heart; where nothing of
    its training was kept, it knows none so.

    Parameters
    ----------
    encoder
        Its name.
    """
    report = find_report(encoder)
    return frozenset(report.held_out if report and report.verdict.share else ())
