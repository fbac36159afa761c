"""What passes between the daemon and a child process: length-prefixed frames. Pure.

A frame is four bytes of length, big-endian, and that many bytes. A request is three of them: the seconds after which
the child ends by itself, in figures; a header; a body. An answer is one: a byte that says whether the child is fit for
more, and the rest. What stands in headers, bodies and answers is the business of those who ask and answer.
"""

LENGTH_BYTES = 4
READY = b"ready"
"""The child's first frame: everything is imported, limits are set."""

GOES_ON, SPENT = b"\0", b"\1"
"""The first byte of an answer: whether the child is fit for another document."""


def frame(payload: bytes) -> bytes:
    """The payload behind its length."""
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def request(seconds: float, header: bytes, body: bytes) -> bytes:
    """The three frames of a request."""
    return frame(f"{seconds:.6f}".encode()) + frame(header) + frame(body)
