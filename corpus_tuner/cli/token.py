"""``corpus-tuner token``."""

from pathlib import Path
from typing import Annotated

import typer

from corpus_tuner.cli import output as out


def token(
    file: Annotated[Path, typer.Argument(help="File of tokens, which is made if there is none.")],
    name: Annotated[str, typer.Argument(help="Name of the token, for messages.")],
    filter: Annotated[
        str | None,
        typer.Option(
            metavar="FILTER",
            help="Condition on metadata, such as team=web, that its documents satisfy; others do "
            "not exist for the token.",
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Let it add and remove documents, too.")
    ] = False,
) -> None:
    """Make an access token for `serve --tokens FILE`, and print it.

    The file has only its hash. To revoke a token, remove its line; a running service reads the
    file again.
    """
    from corpus_tuner.server.tokens import add_token

    secret = add_token(file, name, ("read", "write") if write else ("read",), filter)
    out.print_line(secret)
    out.print_line(f"{file} has its hash; the token is not shown again", "dim", out.stderr)
