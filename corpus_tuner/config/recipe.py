"""All the settings of a build, read from YAML and from ``stage.key=value``."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
)

from corpus_tuner import __version__
from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.config.ray import RaySettings
from corpus_tuner.core.arguments import CheckedModel, describe_problem, describe_value
from corpus_tuner.core.files import hash_file, hash_folder
from corpus_tuner.core.paths import FOLDER, NamesFile, find_files
from corpus_tuner.core.registry import PluginSettings, read_settings
from corpus_tuner.core.yaml_files import load_yaml
from corpus_tuner.corpora import CorpusSettings
from corpus_tuner.encoders import Encoder, EncoderSettings
from corpus_tuner.errors import CorpusTunerError, named
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.search_settings import QuerySource, SearchSettings
from corpus_tuner.indexes.vectors.engines import EngineSettings
from corpus_tuner.text.passages import PassageSettings
from corpus_tuner.text.views import ViewSettings


def _part_of(package: str) -> BeforeValidator:
    """Read the settings of a swappable part by its name."""

    def read(values: Any, info: ValidationInfo) -> Any:
        if isinstance(values, list | tuple):
            return tuple(read(each, info) for each in values)
        if isinstance(values, str):  # its name alone will do
            values = {"name": values}
        if not isinstance(values, dict):
            return values
        return read_settings(package, values, info.context)

    return BeforeValidator(read)


def _asked_by(value: object) -> object:
    """Return what asks where a recipe says yes or no."""
    return ("sentences" if value else None) if isinstance(value, bool) else value


class Recipe(CheckedModel):
    """A recipe: everything that decides what a build makes of a corpus.

    Attributes
    ----------
    language
        ISO 639-1 code of the corpus, or ``auto`` to find it from a sample of the documents.
    corpus, encoder, passages, views
        One settings model for each stage.
    generator
        Which generator writes views, and how; a list for several, ``null`` for none.
    checks
        What a generated view must pass, in this order: names of checks, or their settings.
    instructions
        The user's own templates, by kind, or a YAML file of them.
    representation
        What is indexed, and searched by default.
    baselines
        Representations that are indexed as well, with their usual settings, so that `eval` can
        compare.
    lexical
        Which terms of the documents are indexed: words, and n-grams within them; ``null`` for none.
    vectors
        The engine that finds the nearest vectors (docs/guide/scale.md).
    search
        How documents are ranked, until calibration finds better weights.
    calibrate
        What asks for documents to find the weights for this corpus: ``sentences`` that they lose
        (or ``true``), ``questions`` that a generator wrote, or ``both``; ``null`` (or ``false``)
        for the usual weights.
    tuning, encoder_tuning
        How `corpus-tuner tune generator` and `corpus-tuner tune encoder` tune.
    documents_at_once
        A chunk: so many documents are held in memory, and so many are lost when a build is killed.
    ray
        How a build is spread over a cluster, where it is to be.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> ct.Recipe(language="de").views.sentences
    64
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
        _part_of("corpus_tuner.generation.generators"),
    ] = Field(default_factory=lambda: DEFAULTS["generator"])
    checks: tuple[
        Annotated[SerializeAsAny[PluginSettings], _part_of("corpus_tuner.generation.checks")], ...
    ] = Field(default_factory=lambda: DEFAULTS["checks"])
    instructions: NamesFile[dict[str, str] | Path | None] = None
    representation: Annotated[
        SerializeAsAny[PluginSettings], _part_of("corpus_tuner.indexes.representations")
    ] = Field(default_factory=lambda: DEFAULTS["representation"])
    baselines: tuple[Literal["passage", "mean"], ...] = ("passage", "mean")
    lexical: LexicalSettings | None = LexicalSettings()
    vectors: Annotated[
        SerializeAsAny[EngineSettings], _part_of("corpus_tuner.indexes.vectors.engines")
    ] = Field(default_factory=lambda: DEFAULTS["vectors"])
    search: SearchSettings = SearchSettings()
    calibrate: Annotated[QuerySource | None, BeforeValidator(_asked_by)] = "sentences"
    tuning: GeneratorTuningSettings = GeneratorTuningSettings()
    encoder_tuning: EncoderTuningSettings = EncoderTuningSettings()
    documents_at_once: PositiveInt = 256
    ray: RaySettings = RaySettings()


DEFAULTS: dict[str, Any] = {
    "generator": {"name": "extractive"},
    "checks": ["well_formed", "duplicate", "entailment"],
    "representation": {"name": "views"},
    "vectors": {"name": "flat"},
}
"""Used where a recipe says nothing of these."""

_RECIPES = Path(__file__).parents[1] / "configs"


def load_recipe(
    recipe: str | Path | None = None,
    assignments: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> Recipe:
    """Read a recipe.

    Relative paths of models and prompts in a file begin at its folder, others where the process is.

    Parameters
    ----------
    recipe
        A YAML file, or the name of a recipe that comes with the package, such as
        ``paper-flan-t5-base``; by default the default recipe.
    assignments
        ``stage.key=value`` with a YAML value, in force over the file and `values`.
    values
        Recipe by ``stage.key``, in force over the file.

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
    chosen = dict(DEFAULTS)
    if recipe is not None:
        file = _recipe_file(recipe)
        read, lines = _read_yaml(file)
        chosen = _validated(chosen | read, file, lines).model_dump(exclude_unset=True)
    for key, value in (values or {}).items():
        _assign(chosen, key, value, key)
    for assignment in assignments:
        _assign(chosen, *_parsed(assignment))
    return _validated(chosen)


def parse_recipe(settings: "Recipe | Mapping[str, Any] | None") -> Recipe:
    """Return settings as they are, those that a dictionary holds as a recipe would, or the usual.

    Raises
    ------
    CorpusTunerError
        If keys or values do not fit, or it is something else.

    Examples
    --------
    >>> parse_recipe({"language": "de", "search": {"candidates": 50}}).search.candidates
    50
    """
    if isinstance(settings, Recipe):
        return settings
    if not isinstance(settings, Mapping | None):
        raise CorpusTunerError(
            "settings: give Recipe, a dictionary or load_recipe(...), not "
            f"{describe_value(settings)}"
        )
    return _validated(DEFAULTS | dict(settings or {}))


def set_encoder(
    settings: Recipe, encoder: Encoder | str | Path | None
) -> tuple[Recipe, Encoder | None]:
    """Return settings that name an encoder, and the encoder if it is open.

    Parameters
    ----------
    settings
        The recipe.
    encoder
        An open encoder, or the name or folder of one, which takes the place of the recipe's; by
        default the recipe's.

    Examples
    --------
    >>> named, open_encoder = set_encoder(parse_recipe(None), "intfloat/e5-small-v2")
    >>> named.encoder.name, open_encoder
    ('intfloat/e5-small-v2', None)
    """
    if not isinstance(encoder, str | Path):
        return settings, encoder
    chosen = settings.encoder.model_copy(update={"name": str(encoder)})
    return settings.model_copy(update={"encoder": chosen}), None


def _validated(
    values: dict[str, Any],
    file: Path | None = None,
    lines: Mapping[tuple[str | int, ...], int] | None = None,
) -> Recipe:
    for stage, usual in DEFAULTS.items():
        if isinstance(values[stage], dict):
            values[stage] = {"name": usual["name"], **values[stage]}
    try:
        context = {FOLDER: file.parent} if file else None
        return Recipe.model_validate(values, context=context)
    except ValidationError as error:
        problems = "\n".join(f"  {_describe(each, file, lines or {})}" for each in error.errors())
        raise CorpusTunerError(f"the settings do not fit:\n{problems}") from error


def read_stored_recipe(manifest: Manifest, trust_remote_code: bool = False) -> Recipe:
    """Return the recipe that an index was built with, to be used on this machine.

    Parameters
    ----------
    manifest
        Of the index.
    trust_remote_code
        Let models run Python that comes with them. An index cannot ask for this itself.

    Raises
    ------
    CorpusTunerError
        If it is none that this release knows.
    """
    try:
        values = manifest.build.recipe | {
            "encoder": manifest.encoder.settings | {"device": "auto"},
            "representation": manifest.representations[manifest.representation],
            "search": manifest.default_search.model_dump(),
        }
        return Recipe.model_validate(_trusting(values, trust_remote_code))
    except (KeyError, TypeError, ValidationError) as error:
        reason = (
            describe_problem(error.errors()[0])
            if isinstance(error, ValidationError)
            else repr(error)
        )
        raise CorpusTunerError(
            f"the recipe in the index's manifest is damaged ({reason}): build the index again"
        ) from error


def dump_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return what a manifest stores of a recipe, as `read_stored_recipe` reads it."""
    return recipe.model_dump(mode="json", exclude={"encoder", "representation", "search"})


def _trusting(values: Any, trust: bool) -> Any:
    if isinstance(values, dict):
        return {
            key: trust if key == "trust_remote_code" else _trusting(value, trust)
            for key, value in values.items()
        }
    return [_trusting(value, trust) for value in values] if isinstance(values, list) else values


def hash_recipe(settings: Recipe, *parts: str) -> str:
    """Return a SHA-256 of what decides the index: settings, and parts such as the encoder."""
    # How an encoder runs, and what a reader does with bad records, is seen in the outcome; which
    # encoder it is, is one of the parts. Weights and engines can be changed without building again.
    decisive = settings.model_dump_json(
        exclude={
            "corpus": True,
            "encoder": {"name", "revision", "device", "trust_remote_code"},
            "vectors": True,
            "search": True,
            "calibrate": True,
            "tuning": True,
            "encoder_tuning": True,
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
        for path in find_files(recipe)
    }
    encoder = (recipe.encoder.name, str(recipe.encoder.revision))
    return hash_recipe(recipe, __version__, fingerprint, *encoder, *sorted(sums))


def _recipe_file(recipe: str | Path) -> Path:
    """Return the file of a recipe: the one at this path, else the package's own of this name."""
    if Path(recipe).exists():
        return Path(recipe)
    packaged = {file.stem: file for file in _RECIPES.glob("*.yaml")}
    if str(recipe) not in packaged:
        names = ", ".join(sorted(packaged))
        raise CorpusTunerError(
            f"there is no recipe {recipe}: give a YAML file, or the name of one that comes with "
            f"the package ({names})"
        )
    return packaged[str(recipe)]


def _read_yaml(file: Path) -> tuple[dict[str, Any], dict[tuple[str | int, ...], int]]:
    """Return the values of a YAML file, and the line of each key."""
    try:
        text = file.read_text(encoding="utf-8")
        values = load_yaml(text)
        lines = dict(_lines(yaml.compose(text), ()))
    except OSError as error:
        raise CorpusTunerError(f"cannot read the recipe {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CorpusTunerError(f"the recipe {file} is not UTF-8") from error
    except yaml.YAMLError as error:
        raise CorpusTunerError(f"the recipe {file} is not YAML: {error}") from error
    if not isinstance(values, dict | None):
        raise CorpusTunerError(f"the recipe {file} must map stages to settings")
    return values or {}, lines


def _lines(
    node: yaml.Node | None, path: tuple[str | int, ...]
) -> Sequence[tuple[tuple[str | int, ...], int]]:
    found: list[tuple[tuple[str | int, ...], int]] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, key.value)
            found += [(here, key.start_mark.line + 1), *_lines(value, here)]
    return found


def _parsed(assignment: str) -> tuple[str, Any, str]:
    """Return key and value of an assignment, and how to call it in errors."""
    which = named(f"assignments, {assignment!r}", f"--set {assignment}")
    key, equals, value = assignment.partition("=")
    if not equals or not all(key.split(".")):
        raise CorpusTunerError(f"{which}: write it as stage.key=value")
    try:
        return key, load_yaml(value), which
    except yaml.YAMLError as error:
        raise CorpusTunerError(f"{which}: the value is not YAML: {error}") from error


def _assign(values: dict[str, Any], key: str, value: Any, what: str) -> None:
    """Put a value in force."""
    *stages, last = key.split(".")
    for stage in stages:
        inner = values.get(stage)
        if inner is not None and not isinstance(inner, dict):
            raise CorpusTunerError(f"{what}: {stage!r} has no settings of its own")
        values[stage] = values = dict(inner or {})
    values[last] = value


def _describe(problem: Any, file: Path | None, lines: Mapping[tuple[str | int, ...], int]) -> str:
    path: tuple[str | int, ...] = problem["loc"]
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)
    where = f"{file}:{line}: " if line else ""
    near = []
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _keys(Recipe), n=1)
    hint = f"; is it {near[0]!r}?" if near else ""
    return f"{where}{describe_problem(problem, hint)}"


def _keys(model: type[BaseModel]) -> list[str]:
    """Return the names of all settings, of all stages."""
    keys = list(model.model_fields)
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += _keys(field.annotation)
    return keys
