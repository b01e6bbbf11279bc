"""Self-instructed tuning: a generator learns from what the checks accept of its own writing.

Source: arXiv 2409.16497. With several rounds, each generates with the generator of the round
before and tunes the base anew, so that errors do not pile up (as in Zelikman et al., arXiv
2203.14465).
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

from corpus_tuner.checks import Resources, open_checks
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.sources import count_records
from corpus_tuner.enrichment import Enrichment
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generators import resolved
from corpus_tuner.generators.seq2seq import Settings as Seq2Seq
from corpus_tuner.indexes.encoders import open_encoder
from corpus_tuner.indexes.encoders.remembering import RememberingEncoder
from corpus_tuner.ledger import Ledger
from corpus_tuner.models import Source
from corpus_tuner.pipeline import LEDGER, PassageFinder, chunked, open_authors, told_language
from corpus_tuner.progress import track
from corpus_tuner.settings import Settings
from corpus_tuner.tuning.generator import TuningReport, tune_on_pairs
from corpus_tuner.tuning.pairs import Pair, read_pairs


def tune_generator(
    corpus: str | Path | None,
    base: str,
    output: str | Path,
    settings: Settings,
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
        Hub name, folder, ``builtin``, or ``minilm`` for the built-in model before training.
    output
        The folder of the model; those of earlier rounds go into ``round-N`` in it.
    settings
        The recipe.
    pairs
        Files of pairs (`corpus_tuner.tuning.pairs.read_pairs`).
    ledger
        Of what was written; by default one in `output`.

    Raises
    ------
    CorpusTunerError
        If there is nothing to learn from, or the settings name no generator that has a model.
    """
    files = [Path(each) for each in pairs]
    output = Path(output)
    if corpus is None and not files:
        raise CorpusTunerError("there is nothing to learn from: give a corpus or files of pairs")
    model = base
    rounds = settings.tuning.rounds if corpus else 1
    for number in range(1, rounds + 1):
        folder = output if number == rounds else output / f"round-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        learnt: Iterable[Pair] = chain.from_iterable(
            read_pairs(file, settings.instructions) for file in files
        )
        sources = [file.name for file in files]
        if corpus is not None:
            own = _accepted(str(corpus), model, settings, Path(ledger or output / LEDGER), folder)
            learnt = chain(learnt, own)
            sources.append(f"views of {Path(corpus).name} that `{model}` wrote and checks accepted")
        report = tune_on_pairs(learnt, Source(base), folder, settings.tuning, sources)
        model = str(folder)
    return report


def tunable(settings: Settings, language: str) -> Seq2Seq:
    """Return the settings of the recipe's generator that has a model.

    Raises
    ------
    CorpusTunerError
        If there is none, or more than one.
    """
    with_model = [
        each for each in resolved(settings.generator, language) if isinstance(each, Seq2Seq)
    ]
    if len(with_model) != 1:
        raise CorpusTunerError(
            f"the recipe has {len(with_model)} generators with a model to tune or to ablate, not "
            "one: set generator=seq2seq"
        )
    return with_model[0]


def _accepted(
    source: str, model: str, settings: Settings, ledger: Path, scratch: Path
) -> Iterator[Pair]:
    """Yield what a model writes for a corpus and the checks accept."""
    corpus = Corpus(source, settings.corpus)
    language = told_language(corpus, settings)
    encoder = RememberingEncoder(open_encoder(settings.encoder))
    usual = tunable(settings, language).model_copy(update={"model": model})
    (author,) = open_authors(settings.model_copy(update={"generator": usual}), language, encoder)
    by_kind = {instruction.kind: instruction for instruction in author.instructions}
    with (
        closing(Ledger(ledger)) as open_ledger,
        closing(PassageFinder(corpus, scratch, language, settings, encoder)) as nearest,
    ):
        checks = open_checks(settings.checks, Resources(encoder, nearest))
        enrichment = Enrichment(language, settings, encoder, [author], checks, open_ledger)
        chunks = chunked(corpus, settings.documents_at_once)
        for chunk in track(chunks, "generating", lambda: count_records(corpus.source), len):
            enriched = enrichment.enrich(chunk)
            for document, views in zip(chunk, enriched.generated, strict=True):
                for view in views:
                    yield Pair(document, by_kind[view.kind], view.text)
