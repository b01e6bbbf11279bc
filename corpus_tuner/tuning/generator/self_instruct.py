"""Self-instruction: pairs of what a generator writes for a corpus and the checks accept.

Source: arXiv 2409.16497.
"""

from collections.abc import Iterator
from pathlib import Path

from corpus_tuner.config.recipe import Recipe
from corpus_tuner.corpora import Corpus
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.generators import list_generators
from corpus_tuner.generation.generators.seq2seq import Settings as Seq2Seq
from corpus_tuner.generation.open_recipe import detect_corpus_languages, open_recipe
from corpus_tuner.tuning.generator.pairs import Pair


def accepted_pairs(
    source: str, model: str, settings: Recipe, ledger: Path, scratch: Path
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
    language = detect_corpus_languages(corpus, settings).main
    settings = settings.model_copy(update={"language": language})
    generator = tunable(settings).model_copy(update={"model": model})
    opened = open_recipe(corpus, settings, generators=generator)
    ((_, instructions),) = opened.generators[language]
    by_kind = {instruction.kind: instruction for instruction in instructions}
    with Enricher(corpus, opened, ledger, scratch) as enricher:
        for enriched in enricher.enrich_all("generating"):
            for view in enriched.generated:
                yield Pair(enriched.document, by_kind[view.kind], view.text)


def tunable(settings: Recipe) -> Seq2Seq:
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
    >>> from corpus_tuner.config.recipe import load_recipe
    >>> tunable(load_recipe(None, ["generator=seq2seq"])).model
    'google/flan-t5-base'
    """
    with_model = [part for part in list_generators(settings.generator) if isinstance(part, Seq2Seq)]
    if len(with_model) != 1:
        raise CorpusTunerError(
            f"the recipe has {len(with_model)} generators with a model to tune, not one: set "
            "generator=seq2seq"
        )
    return with_model[0]
