"""A recipe with its models opened."""

from typing import NamedTuple

from corpus_tuner.building.recipe_hash import files_hash
from corpus_tuner.config.recipe import Settings, settings_hash, with_encoder
from corpus_tuner.core.progress import note, working
from corpus_tuner.corpora import Corpus
from corpus_tuner.encoders import Encoder, open_encoder
from corpus_tuner.generation.enricher import Writers, open_writers
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.text.language_detection import languages_of_build, unread_warning


class Recipe(NamedTuple):
    """What decides an index, but for its documents, with the models opened.

    Attributes
    ----------
    settings
        All of them.
    writers
        Who writes views.
    key
        A hash of all that decides.
    files
        The same as far as it is known without opening models (`corpus_tuner.building.recipe_hash`).
    """

    settings: Settings
    writers: Writers
    key: str
    files: str


def open_recipe(
    corpus: Corpus, settings: Settings, encoder: Encoder | None, standing: Manifest | None
) -> Recipe:
    """Open the models of a recipe.

    Parameters
    ----------
    corpus
        Tells the language, where neither the settings nor an index do.
    settings
        The recipe.
    encoder
        An open one, or none.
    standing
        The manifest of an index that is to be added to.
    """
    with working("opening the models"):
        known = standing.encoder.fingerprint if standing else None
        languages = languages_of_build(standing.build) if standing else None
        writers = open_writers(
            corpus,
            settings,
            lambda codes: encoder or open_encoder(settings.encoder, known, codes),
            languages=languages,
        )
    opened = writers.reader.encoder
    if unread := unread_warning(opened.name, writers.shares):
        note(unread)
    settings, _ = with_encoder(settings, opened.name)
    files = files_hash(settings, opened.fingerprint)
    return Recipe(settings, writers, recipe_key(settings, writers), files)


def recipe_key(settings: Settings, writers: Writers) -> str:
    """Return a hash of all that decides an index, but for its documents."""
    fingerprint = writers.reader.encoder.fingerprint
    return settings_hash(settings, *writers.languages.codes, fingerprint, *writers.identity)
