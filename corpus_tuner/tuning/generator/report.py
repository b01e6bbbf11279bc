"""What a tuning made, as ``tuning.json`` has it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.errors import CorpusTunerError

REPORT = "tuning.json"


class TuningReport(BaseModel):
    """What a tuning made.

    Attributes
    ----------
    output
        The folder of the model.
    base
        The name of what was tuned.
    key
        Hash of the pairs, the base and the settings.
    settings
        How it was tuned.
    pairs
        Number of pairs trained on, by instruction and language, such as ``question-en``.
    held_out
        Number of pairs the model was measured with, likewise.
    steps
        Number of updates that were made.
    best_step
        The update after which the weights were taken: their dev loss was the lowest.
    dev_loss
        Mean of the dev losses of the instructions, in nats a token.
    test_loss
        Loss on pairs that were not looked at before, in nats a token, by instruction.
    test_rouge_l
        ROUGE-L on these pairs, written by beam search, 0 to 1, by instruction.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    output: str
    base: str
    key: str
    settings: GeneratorTuningSettings
    pairs: dict[str, int]
    held_out: dict[str, int]
    steps: int
    best_step: int
    dev_loss: float
    test_loss: dict[str, float]
    test_rouge_l: dict[str, float]


def read_report(folder: Path) -> TuningReport | None:
    """Return the report of a tuning that is done, or `None` if there is none in the folder.

    Raises
    ------
    CorpusTunerError
        If it is damaged.
    """
    try:
        return TuningReport.model_validate_json((folder / REPORT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise CorpusTunerError(f"{folder / REPORT} is damaged: delete it to tune anew") from error
