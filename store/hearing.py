"""Checkpoints that were kept elsewhere, held against the log while it is verified. Pure.

In come checkpoints whose signatures were found good, and the leaves of the log in order; out comes, for each, whether
the log is still the one that was signed.
"""

from collections.abc import Collection
from typing import Literal

from store.merkle import EMPTY_ROOT, Tree
from store.note import Checkpoint

Verdict = Literal["holds", "cut", "rewritten", "unread"]
"""`cut`: the log ends before the checkpoint; `rewritten`: it is another log up to there than the one that was signed;
`unread`: the log does not hold up to there, so that nothing can be said."""


class Hearing:
    """Hears the leaves of one log; `verdict` is for when it was read."""

    def __init__(self, checkpoints: Collection[Checkpoint]) -> None:
        self._wanted = {checkpoint.size for checkpoint in checkpoints}
        self._roots: dict[int, bytes] = {0: EMPTY_ROOT}
        self._last = max(self._wanted, default=0)
        self._tree = Tree()

    def hear(self, leaf: bytes) -> None:
        """The leaf of the next event."""
        if self._tree.size < self._last:
            self._tree.add(leaf)
            if self._tree.size in self._wanted:
                self._roots[self._tree.size] = self._tree.root()

    def verdict(self, checkpoint: Checkpoint, *, whole: bool) -> Verdict:
        """What the log says of a checkpoint; `whole`: it was read to its end."""
        root = self._roots.get(checkpoint.size)
        if root is None:
            return "cut" if whole else "unread"
        return "holds" if root == checkpoint.root else "rewritten"
