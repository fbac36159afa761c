"""Answers in place of the one asked for: one shape of JSON, `{"error": CODE, "message": SENTENCE}`. Pure.

Codes stay and are for programs; sentences are for people, say what to do next, and may change. docs/api.md lists them.
"""

from typing import NamedTuple

from aggregator.shown.form import compact


class Refusal(NamedTuple):
    """Why there is no other answer: the HTTP status, a code that stays, and a sentence."""

    status: int
    code: str
    message: str

    def body(self) -> bytes:
        """The refusal as JSON."""
        return compact({"error": self.code, "message": self.message}).encode()


class Refused(Exception):
    """Ends the making of an answer; this one is sent instead."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(status, code, message)


NOT_FOUND = Refusal(404, "not_found", "there is nothing at this address; /api/openapi.json lists what there is")
NOT_ALLOWED = Refusal(405, "method_not_allowed", "this interface only tells: GET, HEAD and OPTIONS")
NO_BODY = Refusal(400, "no_body", "a question has no body: put what you ask for into the address")
BROKEN = Refusal(500, "broken", "a fault of feedwitness: its log says which; please report it")
