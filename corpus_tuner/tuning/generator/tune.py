"""Tune a generator: on what the checks accept of its own writing, on files of pairs, or on both.

With several rounds, each generates with the generator of the round before and tunes the base anew,
so that errors do not pile up (as in Zelikman et al., arXiv 2203.14465).
"""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.models import Source
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.tuning.generator.pairs import Pair, read_pairs
from corpus_tuner.tuning.generator.report import TuningReport
from corpus_tuner.tuning.generator.self_instruct import accepted_pairs
from corpus_tuner.tuning.output_lock import claim

try:
    from corpus_tuner.tuning.generator.fine_tuning import tune_on_pairs
except ImportError as error:
    raise MissingExtraError("tuning a generator", "tune") from error


def tune_generator(
    corpus: str | Path | None,
    base: str,
    output: str | Path,
    settings: Recipe,
    *,
    pairs: Iterable[str | Path] = (),
    ledger: str | Path | None = None,
) -> TuningReport:
    """Tune a generator on a corpus, on files of pairs, or on both.

    Parameters
    ----------
    corpus
        As `corpus_tuner.build` takes it. The generator of the settings, with `base` as its model,
        writes views of its documents; those that the settings' checks accept are learnt from.
    base
        Hub name or folder.
    output
        The folder of the model; those of earlier rounds go into ``round-N`` in it.
    settings
        The recipe.
    pairs
        Files of pairs (`corpus_tuner.tuning.generator.pairs.read_pairs`).
    ledger
        The file of what was written; by default one in `output`.

    Raises
    ------
    CorpusTunerError
        If there is nothing to learn from or too little, the settings name no generator that has a
        model, the base cannot be loaded, or `output` holds another tuning.
    MissingExtraError
        If a library for tuning is not installed.
    """
    files = [Path(file) for file in pairs]
    output = Path(output)
    if corpus is None and not files:
        raise CorpusTunerError("there is nothing to learn from: give a corpus or files of pairs")
    claim(output)
    model = base
    rounds = settings.tuning.rounds if corpus else 1
    for number in range(1, rounds + 1):
        folder = output if number == rounds else output / f"round-{number}"
        claim(folder)
        learnt: Iterable[Pair] = chain.from_iterable(
            read_pairs(file, settings.instructions) for file in files
        )
        sources = [file.name for file in files]
        if corpus is not None:
            ledger_file = Path(ledger or Layout(output).ledger)
            accepted = accepted_pairs(str(corpus), model, settings, ledger_file, folder)
            learnt = chain(learnt, accepted)
            sources.append(f"views of {Path(corpus).name} that `{model}` wrote and checks accepted")
        report = tune_on_pairs(learnt, Source(base), folder, settings.tuning, sources)
        model = str(folder)
    return report
