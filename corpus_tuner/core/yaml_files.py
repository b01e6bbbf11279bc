"""YAML files of users."""

import json
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
        values = yaml.safe_load(text)
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
