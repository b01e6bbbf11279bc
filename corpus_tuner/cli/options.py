"""Options that several commands have."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypeVar

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from corpus_tuner.config.recipe import Recipe

Model = TypeVar("Model", bound="BaseModel")
NO_GENERATOR = "null"

Mode = Literal["hybrid", "dense", "lexical"]
OnBadRecord = Literal["fail", "skip"]
IndexArgument = Annotated[
    str,
    typer.Argument(
        metavar="INDEX", help="The folder of the index, or an address such as qdrant://HOST/NAME."
    ),
]
ConfigOption = Annotated[
    Optional[str],  # noqa: UP045 - typer reads this on Python 3.10, too
    typer.Option(
        "--config",
        metavar="RECIPE",
        help="A recipe: a YAML file, or the name of one that comes with the package; the default "
        "one if left out.",
    ),
]
SetOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--set", metavar="STAGE.KEY=VALUE", help="Overrule one setting; may be given repeatedly."
    ),
]
SettingsOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--settings",
        metavar="FILE",
        help="A YAML file of fine-tuning settings, as in configs/encoder-tuning.yaml and "
        "configs/generator-tuning.yaml; --set overrules them, and the recipe.",
    ),
]
EncoderOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="Of an encoder on a hub, or its folder.",
    ),
]
GeneratorOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--generator", metavar="NAME", help="Of a generator, such as extractive; null for none."
    ),
]
SplitOption = Annotated[
    str, typer.Option(help="Which judgments, qrels/SPLIT.tsv; by default the usual ones.")
]
MeasureOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        help="Such as nDCG@10 or AP@1000, or as trec_eval has it: ndcg_cut_10, map; repeatable, "
        "the first is the main one."
    ),
]
BenchmarksOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        help="Where benchmarks that are known by name lie, or go when fetched; by default "
        "$CORPUS_TUNER_BENCHMARKS or a folder in the cache."
    ),
]
FilterOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--filter",
        help="Only these documents, such as year>=2020, lang!=de, id=faq-*; repeatable, all hold.",
    ),
]
OnBadRecordOption = Annotated[
    Optional[OnBadRecord],  # noqa: UP045
    typer.Option(help="Stop at a record that cannot be used, or leave it out and count it."),
]
BadJudgmentsOption = Annotated[
    OnBadRecord,
    typer.Option(help="Leave out records that cannot be used and count them, or stop at one."),
]
IncludeOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        metavar="PATTERN",
        help="Of a folder, read only such files: patterns as in .gitignore, such as '*.md'; "
        "repeatable.",
    ),
]
ExcludeOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        metavar="PATTERN", help="Of a folder, leave out such files and folders; repeatable."
    ),
]
LatexOption = Annotated[
    bool, typer.Option("--latex", help="Print the results as a table for LaTeX.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
TrustOption = Annotated[
    bool,
    typer.Option("--trust-remote-code", help="Run Python that comes with the index's models."),
]


def _be_quiet(quiet: bool) -> None:
    from corpus_tuner.core.progress import set_quiet

    set_quiet(quiet)


QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_be_quiet, help="Show no progress."),
]
"""Takes effect by being given: commands need not look at it."""


def read_recipe(
    config: str | None,
    assignments: list[str] | None,
    on_bad_record: OnBadRecord | None = None,
    encoder: str | None = None,
    generator: str | None = None,
    **patterns: list[str] | None,
) -> "Recipe":
    """Read the recipe that the options describe; what ``--set`` says comes last.

    `patterns` are settings of the corpus.
    """
    from corpus_tuner.config.recipe import load_recipe

    short = {
        "corpus.on_bad_record": on_bad_record,
        "encoder.name": encoder,
        "generator": generator,
    }
    given = {**short, **{f"corpus.{name}": some for name, some in patterns.items()}}
    values: dict[str, Any] = {name: value for name, value in given.items() if value}
    if generator == NO_GENERATOR:
        values["generator"] = None
    return load_recipe(config, assignments or (), values)


def read_tuning_settings(
    model: "type[Model]", file: Path | None, assignments: list[str] | None
) -> "tuple[Model, list[str]]":
    """Read the settings of a fine-tuning, and return those of ``--set`` that are of the recipe."""
    from corpus_tuner.config.recipe import Recipe
    from corpus_tuner.config.settings_files import load_tuning_settings

    of_recipe = [
        one
        for one in assignments or ()
        if "." in one.partition("=")[0] or one.partition("=")[0] in Recipe.model_fields
    ]
    of_tuning = [one for one in assignments or () if one not in of_recipe]
    return load_tuning_settings(model, file, of_tuning), of_recipe
