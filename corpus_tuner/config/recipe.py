"""Recipes: typed settings of a build, read from YAML and from ``stage.key=value``."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    PositiveInt,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
)

from corpus_tuner import __version__
from corpus_tuner.config.ray import RaySettings
from corpus_tuner.config.settings_files import (
    assign,
    parse_assignment,
    read_settings_file,
    validate_settings,
)
from corpus_tuner.core.arguments import CheckedModel, describe_problem, describe_value
from corpus_tuner.core.files import hash_file, hash_folder
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.paths import NamesFile, find_files
from corpus_tuner.core.registry import PluginSettings, read_settings
from corpus_tuner.corpora import CorpusSettings
from corpus_tuner.encoders import Encoder, EncoderSettings
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import SearchSettings
from corpus_tuner.indexes.vectors.ann import VectorSettings
from corpus_tuner.text.passages import PassageSettings
from corpus_tuner.text.views import ViewSettings

RECIPES = Path(__file__).parents[1] / "configs"
"""Folder of the packaged recipes."""
TUNING_FILES = ("encoder-tuning", "generator-tuning")
"""Files of `RECIPES` with settings of fine-tuning, which are no recipes."""


def _plugin(package: str, default: str = "") -> BeforeValidator:
    """Validate the settings of a plugin by its name; settings without one are of `default`."""

    def read(values: Any, info: ValidationInfo) -> Any:
        if isinstance(values, list | tuple):
            return tuple(read(one, info) for one in values)
        if isinstance(values, str):
            values = {"name": values}
        if not isinstance(values, dict):
            return values
        return read_settings(package, {"name": default, **values}, info.context)

    return BeforeValidator(read)


def _default(value: Any) -> Any:
    """Return a default that is given as in YAML, and validated as such."""
    return value


class Recipe(CheckedModel):
    """Settings that decide what a build makes of a corpus.

    Attributes
    ----------
    language
        ISO 639-1 code of the corpus, or ``auto`` to detect it in a sample of the documents.
    corpus, encoder, passages, views
        Settings of these stages.
    generator
        Generator of additional views; a list for several, ``null`` for none.
    checks
        Quality checks of generated views in their order: names, or settings with a name.
    instructions
        Prompts by kind of view, with ``{title}`` and ``{text}``, and ``system`` for a system
        message; or a YAML file of them.
    representation
        Representation of documents that is searched by default: ``views``, ``mean`` or ``passage``.
    baselines
        Further representations that are indexed for comparison by `corpus-tuner eval`.
    lexical
        Lexical index of words and character n-grams; ``null`` for none.
    vectors
        Nearest-neighbour search of vectors (docs/guide/scale.md).
    search
        Weights of hybrid search, used as they are or as the prior of calibration.
    calibrate
        Whether the weights of hybrid search are chosen for this corpus, without labels; otherwise
        the default weights are used.
    documents_at_once
        Number of documents processed and committed together; it does not change the index.
    ray
        Distribution of a build over a Ray cluster.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.Recipe(language="de").views.title
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
    error = CorpusTunerError

    language: str = "auto"
    corpus: CorpusSettings = CorpusSettings()
    encoder: EncoderSettings = EncoderSettings()
    passages: PassageSettings = PassageSettings()
    views: ViewSettings = ViewSettings()
    generator: Annotated[
        SerializeAsAny[PluginSettings] | tuple[SerializeAsAny[PluginSettings], ...] | None,
        _plugin("corpus_tuner.generation.generators", "extractive"),
    ] = _default("extractive")
    checks: tuple[
        Annotated[SerializeAsAny[PluginSettings], _plugin("corpus_tuner.generation.checks")], ...
    ] = _default(("well_formed", "duplicate", "entailment"))
    instructions: NamesFile[dict[str, str] | Path | None] = None
    representation: Annotated[
        SerializeAsAny[PluginSettings], _plugin("corpus_tuner.indexes.representations", "views")
    ] = _default("views")
    baselines: tuple[Literal["passage", "mean"], ...] = ("passage", "mean")
    lexical: LexicalSettings | None = LexicalSettings()
    vectors: VectorSettings = VectorSettings()
    search: SearchSettings = SearchSettings()
    calibrate: bool = True
    documents_at_once: PositiveInt = 256
    ray: RaySettings = RaySettings()


def load_recipe(
    recipe: str | Path | None = None,
    assignments: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> Recipe:
    """Read a recipe.

    Relative paths of models and prompts in a file begin at its folder, others at the current
    directory.

    Parameters
    ----------
    recipe
        A YAML file, or the name of a packaged recipe, such as ``paper``; by default
        the default recipe.
    assignments
        ``stage.key=value`` with a YAML value, which take precedence over the file and `values`.
    values
        Settings by ``stage.key``, which take precedence over the file.

    Raises
    ------
    CorpusTunerError
        If the file cannot be read, or keys or values do not fit; the message names all of them.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.load_recipe("passage", ["language=de"]).language
    'de'
    """
    chosen: dict[str, Any] = {}
    if recipe is not None:
        file = _find_recipe(recipe)
        read, lines = read_settings_file(file)
        chosen = validate_settings(Recipe, read, file, lines).model_dump(exclude_unset=True)
    for key, value in (values or {}).items():
        assign(chosen, key, value, key)
    for assignment in assignments:
        assign(chosen, *parse_assignment(assignment))
    return validate_settings(Recipe, chosen)


def parse_recipe(recipe: "Recipe | Mapping[str, Any] | None") -> Recipe:
    """Return a recipe as it is, or one of a dictionary of what differs from the default.

    Raises
    ------
    CorpusTunerError
        If keys or values do not fit, or the argument is something else.

    Examples
    --------
    >>> parse_recipe({"language": "de", "search": {"candidates": 50}}).search.candidates
    50
    """
    if isinstance(recipe, Recipe):
        return recipe
    if not isinstance(recipe, Mapping | None):
        raise CorpusTunerError(
            f"recipe: give a Recipe, a dictionary or load_recipe(...), not {describe_value(recipe)}"
        )
    return validate_settings(Recipe, dict(recipe or {}))


def set_encoder(
    recipe: Recipe, encoder: Encoder | str | Path | None
) -> tuple[Recipe, Encoder | None]:
    """Return a recipe with the name of an encoder, and the encoder if it is open.

    Parameters
    ----------
    recipe
        The recipe.
    encoder
        An open encoder, or the name or folder of one that replaces the encoder of the recipe.

    Examples
    --------
    >>> named, open_encoder = set_encoder(parse_recipe(None), "intfloat/e5-small-v2")
    >>> named.encoder.name, open_encoder
    ('intfloat/e5-small-v2', None)
    """
    if not isinstance(encoder, str | Path):
        return recipe, encoder
    chosen = recipe.encoder.model_copy(update={"name": str(encoder)})
    return recipe.model_copy(update={"encoder": chosen}), None


def set_lexical_languages(recipe: Recipe, languages: Languages) -> Recipe:
    """Return a recipe whose lexical index is of the languages of the corpus, if it names none.

    Examples
    --------
    >>> set_lexical_languages(load_recipe(), Languages(("de", "en"))).lexical.languages
    ('de', 'en')
    """
    if recipe.lexical is None or recipe.lexical.languages:
        return recipe
    lexical = recipe.lexical.model_copy(update={"languages": languages.codes})
    return recipe.model_copy(update={"lexical": lexical})


def read_stored_recipe(manifest: Manifest, trust_remote_code: bool = False) -> Recipe:
    """Return the recipe that an index was built with, for use on this machine.

    Parameters
    ----------
    manifest
        Manifest of the index.
    trust_remote_code
        Let models run Python code of their own. An index cannot request this itself.

    Raises
    ------
    CorpusTunerError
        If this release cannot read it.
    """
    try:
        values = manifest.build.recipe | {
            "encoder": manifest.encoder.settings | {"device": "auto"},
            "representation": manifest.representations[manifest.representation],
            "lexical": manifest.lexical,
            "vectors": manifest.vectors.settings,
            "search": manifest.default_search.model_dump(),
        }
        return Recipe.model_validate(_set_trust(values, trust_remote_code))
    except (KeyError, TypeError, ValidationError) as error:
        reason = (
            describe_problem(error.errors()[0])
            if isinstance(error, ValidationError)
            else repr(error)
        )
        raise CorpusTunerError(
            f"the recipe in the index's manifest is damaged ({reason}): build the index again"
        ) from error


def change_search_settings(manifest: Manifest, assignments: Sequence[str]) -> SearchSettings:
    """Return the settings of hybrid search before calibration, with changes.

    Parameters
    ----------
    manifest
        Manifest of the index.
    assignments
        ``search.key=value`` with a YAML value.

    Raises
    ------
    CorpusTunerError
        If keys or values do not fit, or a key is of another stage, which needs a build.
    """
    values: dict[str, Any] = {"search": manifest.default_search.model_dump()}
    for assignment in assignments:
        key, value, argument = parse_assignment(assignment)
        if not key.startswith("search."):
            raise CorpusTunerError(
                f"{argument}: only settings of search can be changed without a build"
            )
        assign(values, key, value, argument)
    return validate_settings(Recipe, values).search


def dump_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return what a manifest stores of a recipe, as `read_stored_recipe` reads it."""
    stored_elsewhere = {"encoder", "representation", "lexical", "vectors", "search"}
    return recipe.model_dump(mode="json", exclude=stored_elsewhere)


def _set_trust(values: Any, trust: bool) -> Any:
    if isinstance(values, dict):
        return {
            key: trust if key == "trust_remote_code" else _set_trust(value, trust)
            for key, value in values.items()
        }
    return [_set_trust(value, trust) for value in values] if isinstance(values, list) else values


def hash_recipe(recipe: Recipe, *parts: str) -> str:
    """Return a SHA-256 of everything that decides an index: a recipe, and parts such as models."""
    # The device of an encoder, and the handling of bad records, show in the result; the encoder is
    # one of the parts. Weights and vector indexes can be changed without building again.
    decisive = recipe.model_dump_json(
        exclude={
            "corpus": True,
            "encoder": {"name", "revision", "device", "trust_remote_code"},
            "vectors": True,
            "search": True,
            "calibrate": True,
            "documents_at_once": True,
            "ray": True,
        }
    )
    return hashlib.sha256("\n".join((decisive, *parts)).encode()).hexdigest()


def hash_recipe_files(recipe: Recipe, fingerprint: str) -> str:
    """Return a hash of a recipe and the files that it names, which needs no model.

    A build compares it first, and opens models only if it differs or there is work to do. A model
    of the hub is identified by its name and revision.

    Parameters
    ----------
    recipe
        The recipe.
    fingerprint
        Fingerprint of the encoder.

    Examples
    --------
    >>> default, other = load_recipe(), load_recipe(None, ["views.sentences=3"])
    >>> hash_recipe_files(default, "f") == hash_recipe_files(other, "f")
    False
    """
    sums = {
        f"{path} {hash_file(path) if path.is_file() else hash_folder(path)}"
        for path in find_files(recipe.model_copy(update={"search": SearchSettings()}))
    }
    encoder = (recipe.encoder.name, str(recipe.encoder.revision))
    return hash_recipe(recipe, __version__, fingerprint, *encoder, *sorted(sums))


def _find_recipe(recipe: str | Path) -> Path:
    """Return the file of a recipe: the one at this path, or a packaged one of this name."""
    if Path(recipe).exists():
        return Path(recipe)
    packaged = {file.stem: file for file in RECIPES.glob("*.yaml")}
    names = sorted(packaged.keys() - {*TUNING_FILES})
    if str(recipe) not in names:
        raise CorpusTunerError(
            f"there is no recipe {recipe}: give a YAML file, or the name of a packaged recipe "
            f"({', '.join(names)})"
        )
    return packaged[str(recipe)]
