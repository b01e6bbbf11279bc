"""Exceptions of the package, and the names that messages use in Python and on the command line."""

import re

import pytest

from corpus_tuner import errors
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.errors import CorpusTunerError, command_line, named, setting
from corpus_tuner.generation.generators import IncompleteError


def test_the_tree_of_exceptions_is_as_drawn() -> None:
    kinds: dict[str, type[BaseException]] = {
        **{name: kind for name, kind in vars(errors).items() if isinstance(kind, type)},
        **{kind.__name__: kind for kind in (ValueError, UserWarning)},
        **{kind.__name__: kind for kind in (MissingExtraError, IncompleteError)},
    }
    drawn = re.findall(
        r"^    ([ │├└─]*)(\w+(?:Error|Warning))\b", errors.__doc__ or "", re.MULTILINE
    )
    above: list[str] = []
    for indent, name in drawn:
        above[len(indent) // 4 :] = [name]
        if len(above) > 1:
            assert [kind.__name__ for kind in kinds[name].__bases__] == [above[-2]]
    defined = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert {name for name in defined if name.endswith(("Error", "Warning"))} <= {
        name for _, name in drawn
    }


def test_messages_name_options_on_the_command_line_only() -> None:
    values = {"corpus.text": "body", "corpus.id": "nr", "language": "en"}
    in_python = "recipe={'corpus': {'text': 'body', 'id': 'nr'}, 'language': 'en'}"
    assert setting(values) == in_python
    assert named("k", "--k") == "k"
    with pytest.raises(CorpusTunerError), command_line():
        assert setting(values) == "--set corpus.text=body --set corpus.id=nr --set language=en"
        assert setting(values, "--text body") == "--text body"
        with command_line():
            assert named("k", "--k") == "--k"
        assert named("k", "--k") == "--k"
        raise CorpusTunerError("left by an error")
    assert setting(values, "--text body") == in_python
