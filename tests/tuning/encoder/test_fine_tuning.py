"""Fine-tuning of an encoder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
def test_minutes_are_as_many_steps_as_the_pace_allows(
    tune: Callable[..., Any], tmp_path: Path
) -> None:
    done = tune(tmp_path / "tuned", "--set", "minutes=0.002", "--json", steps="null")
    assert done.code == 0, done.err
    steps = json.loads(done.out)["steps"]
    assert json.loads((tmp_path / "tuned" / "plan.json").read_text()) == {"steps": steps}
    assert 1 <= steps < 100
