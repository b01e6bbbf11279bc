"""Options that several commands have."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

if TYPE_CHECKING:
    from corpus_tuner.settings import Settings

Mode = Literal["hybrid", "dense", "lexical"]
OnBadRecord = Literal["fail", "skip"]
ConfigOption = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads this on Python 3.10, too
    typer.Option("--config", help="A recipe in YAML; the default one if left out."),
]
SetOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--set", metavar="STAGE.KEY=VALUE", help="Overrule one setting; may be given repeatedly."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def settings_of(
    config: Path | None, assignments: list[str] | None, on_bad_record: OnBadRecord | None
) -> "Settings":
    """Read the recipe that the options describe."""
    from corpus_tuner.settings import load_settings

    overruled = [f"corpus.on_bad_record={on_bad_record}"] if on_bad_record else []
    return load_settings(config, [*overruled, *(assignments or [])])
