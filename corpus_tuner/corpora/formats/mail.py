"""E-mail: subject, text, and who wrote it to whom and when (extra ``documents``)."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from corpus_tuner.corpora.formats import Parsed, html

_PEOPLE = ("from", "to", "cc")


def read(path: Path) -> Parsed:
    """Read a message; attachments are named in the metadata, and not read."""
    message = message_from_bytes(path.read_bytes(), policy=default)
    metadata: dict[str, Any] = {name: str(message[name]) for name in _PEOPLE if message[name]}
    date = message["date"]
    if date is not None and date.datetime is not None:
        metadata["date"] = date.datetime.isoformat()
    attachments = [part.get_filename() or "" for part in message.iter_attachments()]
    if any(attachments):
        metadata["attachments"] = [name for name in attachments if name]
    return Parsed(_body(message), " ".join(str(message["subject"] or "").split()), metadata)


def _body(message: EmailMessage) -> str:
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    content = str(body.get_content())
    return html.parse(content).text if body.get_content_subtype() == "html" else content.strip()
