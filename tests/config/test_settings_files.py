"""Settings from YAML files and from assignments, with errors that name lines."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner import CorpusTunerError
from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.config.recipe import load_recipe
from corpus_tuner.config.settings_files import assign, load_tuning_settings, parse_assignment


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "search: &a {dense: *a}",
            r"r\.yaml is not YAML: an anchor .* contains itself .*write out",
        ),
        ("checks: &a [*a]", r"r\.yaml is not YAML: an anchor .* contains itself .*write out"),
        ("[" * 1_000, r"r\.yaml is not YAML: it is nested too deep"),
        ("language: " + "9" * 5_000, r"r\.yaml is not YAML: Exceeds the limit"),
    ],
)
def test_yaml_that_cannot_be_values(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=message):
        load_recipe(tmp_path / "r.yaml")
    with pytest.raises(CorpusTunerError, match="the value is not YAML"):
        load_recipe(None, [f"ray={text.partition(': ')[2] or text}"])


NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
VALUES = st.none() | st.booleans() | st.integers() | st.text(alphabet="abc #:\"'ü")


@settings(max_examples=25)
@given(st.lists(NAMES, min_size=1, max_size=3), VALUES)
def test_an_assignment_reads_what_was_written(keys: list[str], value: object) -> None:
    written = f"{'.'.join(keys)}={json.dumps(value)}"
    key, found, _ = parse_assignment(written)
    assert (key, found) == (".".join(keys), value)
    given_values: dict[str, Any] = {"other": {"a": 1}}
    assign(values := dict(given_values), key, found, written)
    for name in keys:
        values = values[name]
    assert values == value
    assert given_values == {"other": {"a": 1}}  # inner dictionaries are copied


@pytest.mark.parametrize("assignment", ["steps", "=3", ".steps=3", "steps.=3"])
def test_what_is_no_assignment_is_refused(assignment: str) -> None:
    with pytest.raises(CorpusTunerError, match=r"write it as stage\.key=value"):
        parse_assignment(assignment)


def test_a_setting_has_no_settings_of_its_own() -> None:
    with pytest.raises(CorpusTunerError, match="'steps' has no settings of its own"):
        assign({"steps": 3}, "steps.more", 4, "--set")


def test_assignments_take_precedence_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("steps: 7\nseed: 3\n", encoding="utf-8")
    loaded = load_tuning_settings(GeneratorTuningSettings, file, ["steps=9"])
    assert (loaded.steps, loaded.seed) == (9, 3)
    file.write_text("", encoding="utf-8")
    assert load_tuning_settings(GeneratorTuningSettings, file) == GeneratorTuningSettings()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"seed: 1\nstep: 3\n", r"s\.yaml:2: .*is it 'steps'\?"),
        (b"seed: 1\nsteps: 0\n", r"s\.yaml:2: .*steps"),
        (b"- steps\n", "must be a mapping of keys to values"),
        (b"steps: \xff", r"s\.yaml are not UTF-8"),
        (b"steps: [", r"s\.yaml is not YAML"),
        (None, "No such file"),
    ],
)
def test_a_file_that_does_not_fit_is_named(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "s.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CorpusTunerError, match=message):
        load_tuning_settings(GeneratorTuningSettings, file)
