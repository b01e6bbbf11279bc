"""Self-instruction: pairs of what a generator writes for a corpus and the checks accept.

Source: arXiv 2409.16497.
"""

from collections.abc import Iterator
from pathlib import Path

from corpus_tuner.config.recipe import Settings
from corpus_tuner.core.progress import working
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import open_encoder
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.enricher import Workshop, languages_of, open_writers
from corpus_tuner.generation.generators import listed
from corpus_tuner.generation.generators.seq2seq import Settings as Seq2Seq
from corpus_tuner.tuning.generator.pairs import Pair


def accepted_pairs(
    source: str, model: str, settings: Settings, ledger: Path, scratch: Path
) -> Iterator[Pair]:
    """Yield what a model writes for a corpus and the checks accept.

    Parameters
    ----------
    source
        The corpus, as `corpus_tuner.build` takes it.
    model
        Hub name or folder, in place of the model of the recipe's generator.
    settings
        The recipe.
    ledger
        The file of what was written.
    scratch
        A folder for what must be kept until all pairs are there.

    Raises
    ------
    CorpusTunerError
        If the corpus cannot be read, or the recipe has not one generator with a model.
    """
    corpus = Corpus(source, settings.corpus)
    language = languages_of(corpus, settings).main
    settings = settings.model_copy(update={"language": language})
    generator = tunable(settings).model_copy(update={"model": model})
    with working("opening the models"):
        writers = open_writers(
            corpus,
            settings,
            lambda codes: open_encoder(settings.encoder, languages=codes),
            generator,
        )
    ((_, instructions),) = writers.authors[language]
    by_kind = {instruction.kind: instruction for instruction in instructions}
    with Workshop(corpus, settings, writers, ledger, scratch) as workshop:
        for enriched in workshop.enrich_all("generating"):
            for view in enriched.generated:
                yield Pair(enriched.document, by_kind[view.kind], view.text)


def tunable(settings: Settings) -> Seq2Seq:
    """Return the settings of the recipe's generator that has a model.

    Parameters
    ----------
    settings
        The recipe.

    Raises
    ------
    CorpusTunerError
        If there is none, or more than one.

    Examples
    --------
    >>> from corpus_tuner.config.recipe import load_settings
    >>> tunable(load_settings(None, ["generator=seq2seq"])).model
    'google/flan-t5-base'
    """
    with_model = [part for part in listed(settings.generator) if isinstance(part, Seq2Seq)]
    if len(with_model) != 1:
        raise CorpusTunerError(
            f"the recipe has {len(with_model)} generators with a model to tune, not one: set "
            "generator=seq2seq"
        )
    return with_model[0]
