"""One measured figure of a benchmark."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """`value` in `unit` (CPU time unless the unit says otherwise; NaN = could not be had). `budget` is the most it may
    be, None = none is set. `peer`: somebody else's work, measured in the same run for comparison.
    """

    name: str
    value: float
    unit: str
    budget: float | None = None
    note: str = ""
    peer: bool = False
