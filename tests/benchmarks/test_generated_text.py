"""The benchmark of uses of generated text."""

from benchmarks.generated_text import Values, list_uses, tabulate_uses
from corpus_tuner.config.recipe import load_recipe


def test_recipes_differ_in_the_use_of_generated_text() -> None:
    uses = list_uses(load_recipe(None, ["generator=seq2seq"]))
    assert list(uses) == ["without", "views", "words"]
    assert len({recipe.model_dump_json() for recipe in uses.values()}) == len(uses)


def test_parameters_are_chosen_on_the_other_benchmarks() -> None:
    one: Values = {"without": {"a": 0.5}, "x = 1": {"a": 0.6}, "x = 2": {"a": 0.4}, "y": {"a": 0.5}}
    two: Values = {"without": {"b": 0.5}, "x = 1": {"b": 0.3}, "x = 2": {"b": 0.7}}
    rows = tabulate_uses({"one": one, "two": two})
    assert rows[0] == ["use", "one", "two", "average", "95 % interval"]
    assert rows[1] == ["without", "50.0", "50.0", "50.00", ""]
    assert rows[2][:4] == ["x (2, 1)", "-10.0", "-20.0", "-15.00"]
    assert rows[3][:4] == ["y", "+0.0", "", "+0.00"]


def test_dense_search_has_a_baseline_of_its_own() -> None:
    dense: Values = {"dense search": {"a": 0.2}, "dense search, tuned": {"a": 0.3}}
    rows = tabulate_uses({"one": {"without": {"a": 0.5}, **dense}})
    assert [row[:2] for row in rows[1:]] == [
        ["without", "50.0"],
        ["dense search", "20.0"],
        ["dense search, tuned", "+10.0"],
    ]
