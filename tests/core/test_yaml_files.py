"""YAML files of users: values, or one kind of error."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner.core.yaml_files import load_yaml

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab: -#*&[]{}'\"\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50)
@given(values)
def test_values_that_are_dumped_come_back(value: Any) -> None:
    assert load_yaml(yaml.safe_dump(value)) == value


@settings(max_examples=50)
@given(st.text("ab:-*&[]{}!| \n\t0123456789", max_size=60))
def test_any_text_is_values_or_an_error_of_yaml(text: str) -> None:
    try:
        load_yaml(text)
    except yaml.YAMLError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a {b: *a}", "contains itself"),
        ("&a [[*a]]", "contains itself"),
        ("[" * 500, "nested too deep"),
        ("day: 2026-02-30", "day"),
        ("seed: 1\nkinds: []\nseed: 2", "the key 'seed' is given twice"),
        ("search: {words: 1, words: 2}", "the key 'words' is given twice"),
        ("a: &a {b: 1}\nc: {<<: *a}", "merge keys"),
        ("!!python/object:os.system {}", "could not determine a constructor"),
    ],
)
def test_what_cannot_be_settings_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(yaml.YAMLError, match=reason):
        load_yaml(text)


def test_an_anchor_may_be_used_twice() -> None:
    assert load_yaml("a: &a [1]\nb: *a\nc: {d: *a}") == {"a": [1], "b": [1], "c": {"d": [1]}}
