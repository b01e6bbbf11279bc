"""YAML files of users."""

import json
from collections.abc import Hashable
from typing import Any

import yaml

_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """Constructs plain values; refuses keys that are given twice and merge keys (``<<``)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Construct a dictionary."""
        keys = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                raise yaml.constructor.ConstructorError(
                    None, None, "merge keys (<<) are not allowed: write out", key_node.start_mark
                )
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            keys.add(key if isinstance(key, Hashable) else None)
        return super().construct_mapping(node, deep)


def load_yaml(text: str) -> Any:
    """Parse YAML.

    Raises
    ------
    yaml.YAMLError
        If it is invalid, nested too deep, has a key twice or a merge key, or has an anchor that
        contains itself.

    Examples
    --------
    >>> load_yaml("search: {candidates: 50}")
    {'search': {'candidates': 50}}
    """
    try:
        values = yaml.load(text, _Loader)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deep") from error
    except ValueError as error:  # a number of too many digits, a day that there is not
        raise yaml.YAMLError(str(error)) from error
    try:
        json.dumps(values, skipkeys=True, default=str)
    except ValueError as error:
        problem = "an anchor (&name) contains itself (*name): write out its value"
        raise yaml.YAMLError(problem) from error
    return values
