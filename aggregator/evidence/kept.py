"""Checkpoints as they were kept: a file of their own, the webhook that carried one, the mail that carried one. Pure.

In: the bytes of a file. Out: the text of the signed note in it, "" where there is none.
"""

import base64
import binascii
import json
from email import message_from_bytes

MAIL_HEADER = "X-Feedwitness-Checkpoint"


def note_in(data: bytes) -> str:
    """The signed note that the file is or carries."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    if text.lstrip().startswith("{"):
        return _of_webhook(text)
    if carried := message_from_bytes(data).get(MAIL_HEADER):
        return _decoded(str(carried))
    return text if "\n\n— " in text else ""


def _of_webhook(text: str) -> str:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    for name in ("data", "evidence", "checkpoint"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeError):
        return ""
