"""YAML files of users."""

from typing import Any

import yaml


def load_yaml(text: str) -> Any:
    """Parse YAML.

    Raises
    ------
    yaml.YAMLError
        If it is invalid, nested too deep, or has an anchor that contains itself.

    Examples
    --------
    >>> load_yaml("search: {candidates: 50}")
    {'search': {'candidates': 50}}
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _refuse_loops(node, set(), set())
        return yaml.safe_load(text)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deep") from error
    except ValueError as error:  # a number of too many digits, a day that there is not
        raise yaml.YAMLError(str(error)) from error


def _refuse_loops(node: yaml.Node, above: set[int], seen: set[int]) -> None:
    """Raise an error if a node contains itself."""
    if id(node) in above:
        raise yaml.MarkedYAMLError(
            problem="an anchor (&name) contains itself (*name): write out its value",
            problem_mark=node.start_mark,
        )
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    above = above | {id(node)}
    for part in node.value:
        for inner in part if isinstance(node, yaml.MappingNode) else [part]:
            _refuse_loops(inner, above, seen)
