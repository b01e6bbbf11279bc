"""The benchmark of uses of generated text."""

from benchmarks.generated_text import list_uses, tabulate_uses
from corpus_tuner.config.recipe import load_recipe


def test_every_use_is_compared_with_none() -> None:
    uses = list_uses(load_recipe(None, ["generator=seq2seq"]))
    assert list(uses) == ["without", "views", "words"]
    assert len({recipe.model_dump_json() for recipe in uses.values()}) == len(uses)
    rows = tabulate_uses({"tiny": {use: {"a": 0.5, "b": 0.5} for use in uses}})
    assert rows[0] == ["use", "tiny", "average", "95 % interval"]
    assert rows[1] == ["without", "50.0", "50.00", ""]
    assert rows[2] == ["views", "+0.0", "+0.00", "+0.00 to +0.00"]
