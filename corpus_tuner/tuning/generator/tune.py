"""Tuning a generator on accepted views of a corpus (self-instruction), or on files of pairs.

Source: arXiv 2409.16497. Each of several rounds generates with the model of the round before, and
tunes the base again, so that errors do not accumulate (as in Zelikman et al., arXiv 2203.14465).
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.corpora import Corpus
from corpus_tuner.errors import CorpusTunerError, setting
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.generators import list_generators
from corpus_tuner.generation.models.engine import LanguageModelSettings
from corpus_tuner.generation.open_recipe import detect_corpus_languages, open_recipe
from corpus_tuner.generation.prompts import CONTEXT
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.tuning.generator.pairs import Pair, read_pairs
from corpus_tuner.tuning.generator.report import TuningReport, read_report
from corpus_tuner.tuning.output_folder import create_tuning_folder
from corpus_tuner.tuning.required import require_libraries

_REMOTE = (
    ". A model behind an address is on its server, and cannot be tuned from here: build without "
    "tuning, or tune a model that runs here"
)


def tune_generator(
    corpus: str | Path | None,
    base: str,
    output: str | Path,
    recipe: Recipe,
    settings: GeneratorTuningSettings | None = None,
    *,
    pairs: Iterable[str | Path] = (),
    ledger: str | Path | None = None,
) -> TuningReport:
    """Fine-tune a generator on a corpus, on files of pairs, or on both.

    Parameters
    ----------
    corpus
        Corpus, as `corpus_tuner.build` takes it: the generator of the recipe, with `base` as its
        model, writes views of its documents, and those that the checks accept are training pairs.
    base
        Hub name, folder or GGUF file of the base model.
    output
        Folder of the tuned model; those of earlier rounds are in ``round-N`` in it.
    recipe
        Recipe of the generator, the checks and the encoder.
    settings
        Settings of the fine-tuning; by default the default ones.
    pairs
        Files of pairs (`corpus_tuner.tuning.generator.pairs.read_pairs`).
    ledger
        File of the ledger; by default in `output`.

    Raises
    ------
    CorpusTunerError
        If there are too few pairs, the recipe has not one generator with a model, the base cannot
        be loaded, or `output` has another tuning.
    MissingExtraError
        If a library for tuning is not installed.
    """
    require_libraries("tuning a generator")
    from corpus_tuner.tuning.generator.fine_tuning import tune_on_pairs

    settings = settings or GeneratorTuningSettings()
    if corpus is not None:
        find_tunable_generator(recipe)  # an error before anything is written
    files = [Path(file) for file in pairs]
    output = Path(output)
    if corpus is None and not files:
        raise CorpusTunerError("there is nothing to learn from: give a corpus or files of pairs")
    create_tuning_folder(output)
    model = base
    rounds = settings.rounds if corpus else 1
    for number in range(1, rounds + 1):
        folder = locate_round(output, number, rounds)
        create_tuning_folder(folder)
        training_pairs: Iterable[Pair] = chain.from_iterable(
            read_pairs(file, recipe.instructions) for file in files
        )
        sources = [file.name for file in files]
        if corpus is not None:
            ledger_file = Path(ledger or Layout(output).ledger)
            accepted = generate_pairs(str(corpus), model, recipe, ledger_file)
            training_pairs = chain(training_pairs, accepted)
            sources.append(f"views of {Path(corpus).name} that `{model}` wrote and checks accepted")
        report = tune_on_pairs(training_pairs, base, folder, settings, sources)
        model = str(folder)
    return report


def tune_generator_for_index(
    source: str | Path,
    index: str | Path,
    recipe: Recipe,
    settings: GeneratorTuningSettings | None = None,
) -> Recipe:
    """Return a recipe with its generator tuned on the texts that the checks accept of a corpus.

    The tuned generator is stored beside the index, as ``INDEX.generator``. An existing one of the
    same base is used whatever its settings, although the corpus may have changed: a new one would
    write everything again.

    Raises
    ------
    CorpusTunerError, MissingExtraError
        As `tune_generator` does, or if the existing generator has another base.
    """
    folder = Path(index).resolve()
    folder = folder.with_name(f"{folder.name}.generator")
    generator = find_tunable_generator(recipe)
    report = read_report(folder) or tune_generator(
        source, generator.model, folder, recipe, settings
    )
    if report.base != generator.model:
        raise CorpusTunerError(
            f"{folder} has a generator that was tuned from {report.base!r} and not from "
            f"{generator.model!r}: remove it to tune anew, or build with "
            + setting({"generator.model": str(folder)})
        )
    tuned = generator.model_copy(update={"model": str(folder), "revision": None})
    parts = [tuned if one is generator else one for one in list_generators(recipe.generator)]
    return recipe.model_copy(update={"generator": tuple(parts) if len(parts) > 1 else tuned})


def find_tunable_generator(recipe: Recipe) -> LanguageModelSettings:
    """Return the settings of the one generator of a recipe whose model can be tuned.

    Raises
    ------
    CorpusTunerError
        If there is none, or there are several.
    """
    generators = list_generators(recipe.generator)
    tunable = [one for one in generators if isinstance(one, LanguageModelSettings)]
    if len(tunable) == 1:
        return tunable[0]
    names = ", ".join(one.name for one in generators) or "none"
    remote = any(one.name == "endpoint" for one in generators)
    raise CorpusTunerError(
        f"the recipe has {len(tunable)} generators with a model to tune, not one (its generators: "
        f"{names}): set generator=causal, or seq2seq{_REMOTE * remote}"
    )


def locate_round(output: Path, number: int, rounds: int) -> Path:
    """Return the folder of a round's model, given the number of rounds; the last is `output`."""
    return output if number == rounds else output / f"round-{number}"


def generate_pairs(source: str, model: str, recipe: Recipe, ledger: Path) -> Iterator[Pair]:
    """Yield pairs of documents and the views that a model writes and the checks accept.

    Raises
    ------
    CorpusTunerError
        If the corpus cannot be read, or the recipe has not one generator with a model.
    """
    corpus = Corpus(source, recipe.corpus)
    language = detect_corpus_languages(corpus, recipe).main
    recipe = recipe.model_copy(update={"language": language})
    generator = find_tunable_generator(recipe).model_copy(update={"model": model})
    opened = open_recipe(corpus, recipe, generators=generator)
    ((_, instructions),) = opened.generators[language]
    by_kind = {instruction.kind: instruction for instruction in instructions}
    with Enricher(corpus, opened, ledger) as enricher:
        for enriched in enricher.enrich_all("generating"):
            for view in enriched.generated:
                if view.kind == CONTEXT:
                    continue  # it is about a passage, which a pair does not name
                yield Pair(enriched.document, by_kind[view.kind], view.text)
