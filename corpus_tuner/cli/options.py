"""Arguments and options that several commands have."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from corpus_tuner.config.recipe import Recipe

Model = TypeVar("Model", bound="BaseModel")

Mode = Literal["hybrid", "dense", "lexical"]
Index = Annotated[
    str,
    typer.Argument(
        metavar="INDEX", help="Folder of the index, or an address such as qdrant://HOST/NAME."
    ),
]
IndexFolder = Annotated[Path, typer.Argument(help="Folder of the index.")]
ModelFolder = Annotated[Path, typer.Option("--output", "-o", help="Folder of the model.")]
Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="RECIPE",
        help="Recipe: a YAML file, or the name of one that comes with the package.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="STAGE.KEY=VALUE", help="Override one setting; repeatable."),
]
TuningSettings = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="YAML file of fine-tuning settings, as in configs/encoder-tuning.yaml and "
        "configs/generator-tuning.yaml; --set overrides them, and the recipe.",
    ),
]
Encoder = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Encoder: its name on a hub, or its folder."),
]
Ledger = Annotated[
    Path | None,
    typer.Option(help="Ledger of the generated views; by default in the folder of the index."),
]
Qrels = Annotated[Path | None, typer.Option(help="File of relevance judgments, of TREC or BEIR.")]
Split = Annotated[str, typer.Option(help="Split of the judgments, qrels/SPLIT.tsv.")]
Measure = Annotated[
    list[str] | None,
    typer.Option(
        help="Measure such as nDCG@10 or AP@1000, or as trec_eval names it: ndcg_cut_10, map; "
        "repeatable, the first is the main one."
    ),
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        help="Condition on metadata, such as year>=2020, lang!=de, id=faq-*; repeatable, all must "
        "be satisfied.",
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN",
        help="Read only these files of a folder: patterns as in .gitignore, such as '*.md'; "
        "repeatable.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN", help="Do not read these files and folders of a folder; repeatable."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Trust = Annotated[
    bool,
    typer.Option("--trust-remote-code", help="Run Python code that the index's models contain."),
]


def read_recipe(
    config: str | None, assignments: list[str] | None, values: "Mapping[str, Any]"
) -> "Recipe":
    """Read a recipe; `values` have names ``stage.key``, and are overridden by ``--set``."""
    from corpus_tuner.config.recipe import load_recipe

    given = {name: value for name, value in values.items() if value is not None}
    return load_recipe(config, assignments or (), given)


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
