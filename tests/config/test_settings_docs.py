"""The tables of settings and the recipes with defaults are those that the models say."""

from docs.generate_settings import count_settings, make_files


def test_generated_files_are_up_to_date() -> None:
    outdated = [str(file) for file, text in make_files().items() if file.read_text("utf-8") != text]
    assert not outdated, "run: python -m docs.generate_settings"


def test_there_are_few_settings() -> None:
    counts = count_settings()
    assert counts["main"] <= 30
    assert counts["main"] + counts["advanced"] + counts["plugins"] <= 140
