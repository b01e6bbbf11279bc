"""Settings whose values may be paths of files or folders."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from corpus_tuner.core.paths import FOLDER, RESERVED, NamesFile, find_files


class Model(BaseModel):
    model: NamesFile[str]
    label: str = ""


class Recipe(BaseModel):
    models: tuple[Model, ...]


def test_a_path_is_made_absolute_from_the_folder_of_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "weights").touch()
    made = Model.model_validate({"model": "weights"}, context={FOLDER: tmp_path})
    assert made.model == str(tmp_path.resolve() / "weights")
    gone = Model.model_validate({"model": "no/such"}, context={FOLDER: tmp_path})
    assert gone.model == "no/such"


@pytest.mark.parametrize("name", RESERVED)
def test_a_reserved_name_is_no_path(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).mkdir()
    assert Model(model=name).model == name
    assert Model(model=f"./{name}").model == str(tmp_path.resolve() / name)


def test_files_in_nested_settings_are_found(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.touch()
    recipe = Recipe(models=(Model(model=str(file)), Model(model="of/hub", label=str(file))))
    assert list(find_files([recipe, None])) == [file.resolve()]
    file.unlink()
    assert list(find_files(recipe)) == []
