"""The Merkle tree over the log, as RFC 6962 (section 2.1) defines it: what a checkpoint signs. Pure.

In come the leaves of events in their order (`store.chain.leaf`, which is that RFC's hash of a leaf), out come the root
for the events so far, and for chosen events the hashes that lead from their leaf to the root. Only the whole subtrees
so far are remembered, the largest first: some twenty hashes for a million events.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


@dataclass(slots=True)
class Tree:
    """A tree that grows. `peaks` are the roots of the whole subtrees that `size` leaves make, largest first."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.peaks) != self.size.bit_count():
            msg = f"{self.size} leaves make {self.size.bit_count()} whole subtrees, not {len(self.peaks)}"
            raise ValueError(msg)

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        whole = self.size
        while whole & 1:  # each whole subtree of that size becomes the left half of a larger one
            leaf = node(self.peaks.pop(), leaf)
            whole >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root for the leaves so far."""
        if not self.peaks:
            return EMPTY_ROOT
        *others, root = self.peaks
        for peak in reversed(others):
            root = node(peak, root)
        return root


class Prover:
    """Grows a tree and keeps, for the leaves at the chosen indexes (from 0), the way from each to the root."""

    def __init__(self, chosen: Collection[int]) -> None:
        self._ways: dict[int, list[bytes]] = {index: [] for index in chosen}
        self._peaks: list[tuple[bytes, int, list[int]]] = []  # hash, leaves below, the chosen ones among them
        self.size = 0

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        peak = (leaf, 1, [self.size] if self.size in self._ways else [])
        while self._peaks and self._peaks[-1][1] == peak[1]:
            peak = self._join(self._peaks.pop(), peak)
        self._peaks.append(peak)
        self.size += 1

    def finish(self) -> tuple[bytes, dict[int, Sequence[bytes]]]:
        """The root, and of each chosen leaf that was added its way (RFC 6962, 2.1.1: nearest hash first). Ends it."""
        if not self._peaks:
            return EMPTY_ROOT, {}
        top = self._peaks.pop()
        while self._peaks:
            top = self._join(self._peaks.pop(), top)
        return top[0], {index: self._ways[index] for index in top[2]}

    def _join(
        self, left: tuple[bytes, int, list[int]], right: tuple[bytes, int, list[int]]
    ) -> tuple[bytes, int, list[int]]:
        for index in left[2]:
            self._ways[index].append(right[0])
        for index in right[2]:
            self._ways[index].append(left[0])
        return node(left[0], right[0]), left[1] + right[1], left[2] + right[2]
