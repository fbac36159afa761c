"""A value that must never be shown: passwords, tokens, signing secrets, and headers that may hold one.

It goes in when the settings are read and comes out only through `reveal()`. Every other way to look at it (repr, str,
format, pydantic's dumps, tracebacks that print their arguments) shows asterisks.
"""

from typing import NoReturn


class SecretValue:
    """One secret text. Equal to another with the same text, so that a changed secret shows as a changed setting."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for the wire, never for a log, a row, a page or a message."""
        return self._text

    def __repr__(self) -> str:
        return "SecretValue('********')"

    def __str__(self) -> str:
        return "********"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretValue) and other._text == self._text

    def __hash__(self) -> int:
        return hash((SecretValue, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied out of the process")
