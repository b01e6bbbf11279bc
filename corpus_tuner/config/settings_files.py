"""Read settings from YAML files and from ``key=value`` assignments, with errors that name lines."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from corpus_tuner.core.arguments import describe_problem
from corpus_tuner.core.paths import FOLDER
from corpus_tuner.core.yaml_files import load_yaml
from corpus_tuner.errors import CorpusTunerError, named

_Model = TypeVar("_Model", bound=BaseModel)
_Location = tuple[str | int, ...]


def validate_settings(
    model: type[_Model],
    values: Mapping[str, Any],
    file: Path | None = None,
    lines: Mapping[_Location, int] | None = None,
) -> _Model:
    """Return validated settings; relative paths in `values` begin at the folder of `file`.

    Raises
    ------
    CorpusTunerError
        If keys or values do not fit; the message names all of them, with the lines of `file`.
    """
    try:
        return model.model_validate(values, context={FOLDER: file.parent} if file else None)
    except ValidationError as error:
        problems = "\n".join(
            f"  {_describe_problem(problem, model, file, lines or {})}"
            for problem in error.errors()
        )
        raise CorpusTunerError(f"the settings do not fit:\n{problems}") from error


def read_settings_file(file: Path) -> tuple[dict[str, Any], dict[_Location, int]]:
    """Return the values of a YAML file, and the line of each key."""
    try:
        text = file.read_text(encoding="utf-8")
        values = load_yaml(text)
        lines = dict(_find_lines(yaml.compose(text), ()))
    except OSError as error:
        raise CorpusTunerError(f"cannot read the settings {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CorpusTunerError(f"the settings {file} are not UTF-8") from error
    except yaml.YAMLError as error:
        raise CorpusTunerError(f"{file} is not YAML: {error}") from error
    if not isinstance(values, dict | None):
        raise CorpusTunerError(f"the settings {file} must be a mapping of keys to values")
    return values or {}, lines


def parse_assignment(assignment: str) -> tuple[str, Any, str]:
    """Return the key and the value of ``key=value``, and the name of the argument for errors."""
    argument = named(f"assignments, {assignment!r}", f"--set {assignment}")
    key, equals, value = assignment.partition("=")
    if not equals or not all(key.split(".")):
        raise CorpusTunerError(f"{argument}: write it as stage.key=value")
    try:
        return key, load_yaml(value), argument
    except yaml.YAMLError as error:
        raise CorpusTunerError(f"{argument}: the value is not YAML: {error}") from error


def assign(values: dict[str, Any], key: str, value: Any, argument: str) -> None:
    """Set the value of a dotted key in nested dictionaries, which are copied."""
    *stages, last = key.split(".")
    for stage in stages:
        inner = values.get(stage)
        if inner is not None and not isinstance(inner, dict):
            raise CorpusTunerError(f"{argument}: {stage!r} has no settings of its own")
        values[stage] = values = dict(inner or {})
    values[last] = value


def load_tuning_settings(
    model: type[_Model], file: str | Path | None = None, assignments: Sequence[str] = ()
) -> _Model:
    """Read the settings of a fine-tuning.

    Parameters
    ----------
    model
        Class of the settings.
    file
        A YAML file; by default the default settings are used.
    assignments
        ``key=value`` with a YAML value, which take precedence over the file.

    Raises
    ------
    CorpusTunerError
        If the file cannot be read, or keys or values do not fit.
    """
    values: dict[str, Any] = {}
    if file is not None:
        values, lines = read_settings_file(Path(file))
        validate_settings(model, values, Path(file), lines)
    for assignment in assignments:
        assign(values, *parse_assignment(assignment))
    return validate_settings(model, values)


def _find_lines(node: yaml.Node | None, path: _Location) -> list[tuple[_Location, int]]:
    found: list[tuple[_Location, int]] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, key.value)
            found += [(here, key.start_mark.line + 1), *_find_lines(value, here)]
    return found


def _describe_problem(
    problem: Any, model: type[BaseModel], file: Path | None, lines: Mapping[_Location, int]
) -> str:
    path: _Location = problem["loc"]
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)
    where = f"{file}:{line}: " if line else ""
    similar = []
    if problem["type"] == "extra_forbidden":
        similar = difflib.get_close_matches(str(path[-1]), _list_keys(model), n=1)
    hint = f"; is it {similar[0]!r}?" if similar else ""
    return f"{where}{describe_problem(problem, hint)}"


def _list_keys(model: type[BaseModel]) -> list[str]:
    """Return the names of all settings in all stages."""
    keys = list(model.model_fields)
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += _list_keys(field.annotation)
    return keys
