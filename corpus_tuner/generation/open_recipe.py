"""Open a recipe: detect the languages of the corpus, and load the encoder and the generators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from corpus_tuner.config.recipe import Recipe, hash_recipe, set_encoder, set_lexical_languages
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.progress import print_note, show_activity
from corpus_tuner.core.registry import PluginSettings
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import Encoder, open_encoder
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.generators import (
    Generator,
    check_installed,
    list_generators,
    open_generator,
    writes_language,
)
from corpus_tuner.generation.prompts import Instruction, load_instructions
from corpus_tuner.text.document_encoding import DocumentEncoder
from corpus_tuner.text.language_detection import (
    SAMPLE_DOCUMENTS,
    describe_unread_languages,
    detect_languages,
)


class PromptedGenerator(NamedTuple):
    """A generator with its instructions in one language."""

    generator: Generator
    instructions: Sequence[Instruction]


@dataclass(frozen=True, slots=True)
class OpenRecipe:
    """A recipe with the languages of its corpus and its models.

    Attributes
    ----------
    recipe
        The recipe, with the encoder that was opened and the languages of the lexical index.
    languages
        Languages of the documents.
    generators
        Generators with their instructions, by language.
    reader
        Encodes documents.
    language_shares
        Shares of the documents by language, if the languages were detected.
    """

    recipe: Recipe
    languages: Languages
    generators: Mapping[str, Sequence[PromptedGenerator]]
    reader: DocumentEncoder
    language_shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def encoder(self) -> Encoder:
        """Encoder of the recipe."""
        return self.reader.encoder

    @property
    def instructions(self) -> list[tuple[str, Instruction]]:
        """Instructions in all languages, each with the identity of its generator."""
        return [
            (prompted.generator.identity, instruction)
            for generators in self.generators.values()
            for prompted in generators
            for instruction in prompted.instructions
        ]

    @property
    def key(self) -> str:
        """Hash of everything that decides an index, except its documents."""
        identity = [f"{generator} {instruction}" for generator, instruction in self.instructions]
        codes = self.languages.codes
        return hash_recipe(self.recipe, *codes, self.encoder.fingerprint, *identity)


def open_recipe(
    corpus: Corpus,
    recipe: Recipe,
    *,
    encoder: Encoder | None = None,
    languages: Languages | None = None,
    fingerprint: str | None = None,
    generators: PluginSettings | Sequence[PluginSettings] | None = None,
) -> OpenRecipe:
    """Open the models of a recipe for a corpus.

    Parameters
    ----------
    corpus
        Documents in which languages are detected if neither `recipe` nor `languages` gives them.
    recipe
        The recipe.
    encoder
        An open encoder; by default that of the recipe is opened.
    languages
        Languages of an existing index, used if the recipe does not name one.
    fingerprint
        Expected fingerprint of an encoder that is opened here.
    generators
        Settings of generators that replace those of the recipe.

    Raises
    ------
    CorpusTunerError
        If the corpus has no documents, or a generator cannot be opened or does not write the main
        language of the corpus.
    """
    with show_activity("opening the models"):
        shares: dict[str, float] = {}
        if recipe.language != "auto":
            languages = Languages((recipe.language,))
        elif languages is None:
            languages, shares = detect_languages(_sample_documents(corpus))
        settings = list_generators(recipe.generator if generators is None else generators)
        check_installed(settings)  # before an encoder is fetched
        if encoder is None:
            encoder = open_encoder(recipe.encoder, fingerprint, languages.codes)
        opened = [open_generator(one, encoder) for one in settings]
        for one, generator in zip(settings, opened, strict=True):
            _check_languages(one, generator, languages)
        by_language = {
            code: [
                PromptedGenerator(
                    generator, load_instructions(generator.kinds, code, recipe.instructions)
                )
                for generator in opened
                if writes_language(generator, code)
            ]
            for code in languages.codes
        }
    if unread := describe_unread_languages(encoder.name, shares):
        print_note(unread)
    recipe, _ = set_encoder(set_lexical_languages(recipe, languages), encoder.name)
    reader = DocumentEncoder(encoder, languages, recipe.passages, recipe.views)
    return OpenRecipe(recipe, languages, by_language, reader, shares)


def detect_corpus_languages(corpus: Corpus, recipe: Recipe) -> Languages:
    """Return the languages of a corpus, detected in a sample unless the recipe names one."""
    if recipe.language != "auto":
        return Languages((recipe.language,))
    return detect_languages(_sample_documents(corpus))[0]


def raise_no_documents(corpus: Corpus) -> NoReturn:
    """Raise the error of a corpus without a document, with the first record for each reason."""
    reasons = "".join(
        f"\n  {skipped.named[0]}: {skipped.reason}" for skipped in corpus.list_skipped()
    )
    raise CorpusTunerError(
        f"{corpus.source} has no document that can be used{':' * bool(reasons)}{reasons}"
    )


def _sample_documents(corpus: Corpus) -> list[Document]:
    sample = corpus.sample(SAMPLE_DOCUMENTS)
    if not sample:
        raise_no_documents(corpus)
    return sample


def _check_languages(settings: PluginSettings, generator: Generator, languages: Languages) -> None:
    """Refuse a generator that does not write the main language; note other missing languages."""
    model = getattr(settings, "model", settings.name)
    if not writes_language(generator, languages.main):
        raise CorpusTunerError(
            f"{model} does not write the language of the corpus, {languages.main!r}: set "
            "generator.model to a multilingual one, or leave it out with generator: extractive "
            "(or set language, if it was not recognised)"
        )
    others = [code for code in languages.codes if not writes_language(generator, code)]
    if others:
        print_note(
            f"{model} does not write {', '.join(others)}: documents in these get no views of it"
        )
