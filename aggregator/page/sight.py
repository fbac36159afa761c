"""What one visit to the page behind an item showed. Values only: no behaviour, no I/O, cheap to import."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.page.text import PageOutcome
from store.events import CaptureDigest, ItemId

PageVerdict = Literal["standing", "gone", "missing", "unreachable"]
"""As `fetch.page.verdict` gives it: a 2xx; a 410; a 404 or the site's home page; whatever proves nothing."""


@dataclass(frozen=True, slots=True)
class PageSight:
    """One visit at `at` (UTC). `detail`: what the server answered, in one clean line.

    `read`: the text of the page that stands, or why there is none; None where nothing was taken in: the server says
    that it is still the same (304), its bytes are those of the last visit, or no page came. `capture`: the bytes that
    were read, "" for none. `former`: what our present extractor makes of the capture of the latest reading, None if
    that was not asked for, or is no longer kept.

    `control`: the page of an item that the same feed still lists, read in the same breath, None if it was not asked for
    or did not answer; `control_stands`: it answered with a 2xx; `control_before`: what was known of its text.
    """

    item: ItemId
    at: datetime
    verdict: PageVerdict
    detail: str
    capture: CaptureDigest
    read: PageOutcome | None = None
    control: PageOutcome | None = None
    control_stands: bool = False
    control_before: str | None = None
    former: PageOutcome | None = None
