"""Generate the tables of settings and the recipes with all defaults from the settings models.

Run: python -m docs.generate_settings

It rewrites the blocks between marks in docs/reference/recipes.md, and `default.yaml`,
`encoder-tuning.yaml` and `generator-tuning.yaml` in corpus_tuner/configs.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.registry import PluginSettings, load_plugin

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "recipes.md"
CONFIGS = ROOT / "corpus_tuner" / "configs"

MAIN = (
    "language",
    *(f"corpus.{name}" for name in ("id", "title", "text", "include", "exclude", "on_bad_record")),
    *(f"encoder.{name}" for name in ("name", "max_tokens", "dtype", "device")),
    "passages.overlap",
    "views.sentences",
    "generator",
    "checks",
    "representation",
    "baselines",
    *("lexical.languages", "lexical.ngrams"),
    *("vectors.index", "vectors.recall"),
    "search.dense.views",
    *(f"search.hybrid.{name}" for name in ("passage", "views", "words", "ngrams", "feedback")),
    "calibrate",
    "documents_at_once",
)
"""Keys of the main table; all others are in the table of advanced settings."""
PLUGINS = {
    "generation.generators": ("extractive", "seq2seq", "causal", "endpoint"),
    "generation.checks": ("well_formed", "language", "copied", "duplicate", "entailment"),
    "indexes.representations": ("views", "mean", "passage"),
}


class Setting(NamedTuple):
    """A setting: dotted key, default value and description."""

    key: str
    default: Any
    description: str


def describe_attributes(model: type[BaseModel]) -> dict[str, str]:
    """Return the descriptions in the section Attributes of a docstring, by attribute."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        _, _, section = textwrap.dedent("    " + (base.__doc__ or "")).partition("Attributes\n")
        section = section.partition("\nExamples\n")[0]
        for match in re.finditer(r"^(\w[\w, ]*)\n((?:[ ]{4}.*\n?|\n(?=[ ]{4}))+)", section, re.M):
            text = " ".join(match[2].split()).replace("``", "`").replace("`None`", "`null`")
            found |= dict.fromkeys(match[1].split(", "), text)
    return found


def list_settings(
    model: type[BaseModel], prefix: str = "", defaults: BaseModel | None = None
) -> Iterator[Setting]:
    """Yield the settings of a model and of the models within it, with the values of `defaults`."""
    descriptions = describe_attributes(model)
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        inner = _find_model(field)
        default = getattr(defaults, name) if defaults else _get_default(field)
        if inner is not None:
            yield from list_settings(inner, f"{key}.", default)
        elif not (name == "name" and issubclass(model, PluginSettings)):
            yield Setting(key, _plain(default), descriptions[name])


def count_settings() -> dict[str, int]:
    """Return the number of settings by group."""
    plugins = [
        (package, setting.key)
        for package, names in PLUGINS.items()
        for name in names
        for setting in list_settings(_plugin_settings(package, name))
        if not _is_shared(package, name, setting.key)
    ]
    return {
        "main": len(MAIN),
        "advanced": len(list(list_settings(Recipe))) - len(MAIN),
        "plugins": len(plugins),
        "tuning": len({*EncoderTuningSettings.model_fields, *GeneratorTuningSettings.model_fields}),
    }


def make_blocks() -> dict[str, str]:
    """Return the tables of the page, by the name in their marks."""
    settings = {one.key: one for one in list_settings(Recipe)}
    blocks = {
        "main": _make_table([settings[key] for key in MAIN]),
        "advanced": _make_table([one for key, one in settings.items() if key not in MAIN]),
        "encoder tuning": _make_table(list(list_settings(EncoderTuningSettings))),
        "generator tuning": _make_table(list(list_settings(GeneratorTuningSettings))),
    }
    for package, names in PLUGINS.items():
        for name in names:
            rows = list(list_settings(_plugin_settings(package, name)))
            blocks[name] = _make_table(rows) if rows else "No settings."
    return blocks


def fill_page(page: str) -> str:
    """Return a page with the blocks between its marks replaced."""
    blocks = make_blocks()

    def fill(match: re.Match[str]) -> str:
        return f"{match[1]}\n{blocks[match[2]]}\n{match[3]}"

    return re.sub(r"(<!-- settings: ([\w ]+) -->)\n.*?(<!-- /settings -->)", fill, page, flags=re.S)


def make_recipe() -> str:
    """Return the default recipe with the keys of the main table and their descriptions."""
    settings = {one.key: one for one in list_settings(Recipe)}
    lines = ["# The default recipe: the main settings with their defaults. Copy it and change what"]
    lines += ["# you need; docs/reference/recipes.md describes all settings.", ""]
    stages: list[str] = []
    for key in MAIN:
        *within, name = key.split(".")
        for depth, stage in enumerate(within):
            if stages[: depth + 1] != within[: depth + 1]:
                lines.append(f"{'  ' * depth}{stage}:")
        stages = within
        lines += _make_entry(settings[key]._replace(key=name), "  " * len(within))
    return "\n".join(lines) + "\n"


def make_tuning_file(model: type[BaseModel], command: str) -> str:
    """Return the settings of a fine-tuning with their defaults and descriptions."""
    lines = [f"# The default settings of `corpus-tuner {command}`. Copy the file, change what you"]
    lines += [
        "# need, and give it by --settings FILE; or give single values by --set KEY=VALUE.",
        "",
    ]
    for setting in list_settings(model):
        lines += _make_entry(setting, "")
    return "\n".join(lines) + "\n"


def make_files() -> dict[Path, str]:
    """Return the contents of all generated files."""
    return {
        PAGE: fill_page(PAGE.read_text(encoding="utf-8")),
        CONFIGS / "default.yaml": make_recipe(),
        CONFIGS / "encoder-tuning.yaml": make_tuning_file(EncoderTuningSettings, "tune encoder"),
        CONFIGS / "generator-tuning.yaml": make_tuning_file(
            GeneratorTuningSettings, "tune generator"
        ),
    }


def _make_entry(setting: Setting, indent: str) -> list[str]:
    width = 98 - len(indent)
    comment = textwrap.wrap(setting.description, width, break_on_hyphens=False)
    return [f"{indent}# {line}" for line in comment] + [
        f"{indent}{setting.key}: {_show(setting.default)}"
    ]


def _make_table(settings: Sequence[Setting]) -> str:
    rows = [
        f"| `{one.key}` | `{_show(one.default)}` | {one.description.replace('|', chr(92) + '|')} |"
        for one in settings
    ]
    return "\n".join(["| Key | Default | Meaning |", "|---|---|---|", *rows])


def _show(value: Any) -> str:
    """Return a value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    text = text.removesuffix("\n").removesuffix("\n...")
    return json.dumps(value) if "\n" in text else text  # line breaks are escaped in JSON


def _plain(value: Any) -> Any:
    """Return a value of JSON types; plugins without settings by their names."""
    if isinstance(value, PluginSettings):
        return value.name
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _get_default(field: FieldInfo) -> Any:
    return None if field.is_required() else field.get_default(call_default_factory=True)


_ABSTRACT = (PluginSettings,)


def _find_model(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a field that is one stage of settings."""
    kinds = [field.annotation]
    if get_origin(field.annotation) in (Union, UnionType, Annotated):
        kinds = list(get_args(field.annotation))
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in _ABSTRACT:
            return kind
    return None


def _plugin_settings(package: str, name: str) -> type[BaseModel]:
    settings: type[BaseModel] = load_plugin(f"corpus_tuner.{package}", name).Settings
    return settings


def _is_shared(package: str, name: str, key: str) -> bool:
    """Tell whether a setting of `causal` is one of the base class that `seq2seq` counts."""
    return name == "causal" and any(
        key in base.__annotations__
        for base in _plugin_settings(package, "seq2seq").__mro__[1:]
        if issubclass(base, BaseModel)
    )


if __name__ == "__main__":
    for file, text in make_files().items():
        file.write_text(text, encoding="utf-8")
    print(count_settings())
