"""HTML pages of reports, parsed."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """What a page would fetch or run, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href") and value and not value.startswith("#"):
                self.outside.append(value)
            assert not name.startswith("on")

    def handle_data(self, data: str) -> None:
        self.text += data
