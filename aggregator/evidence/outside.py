"""What others add to a file of evidence: the time of an authority, the copy of an archive. Values, cheap to import."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An RFC 3161 timestamp that was checked. `answer`: the TimeStampResp as it came; `at`: the authority's time, UTC;
    `signer`: the subject of its certificate; `anchored`: that leads to a certificate which the operator named.
    """

    authority: str
    answer: bytes = field(repr=False)
    at: datetime
    policy: str
    serial: int
    signer: str
    anchored: bool

    def as_row(self) -> dict[str, object]:
        """For JSON."""
        return {
            "authority": self.authority,
            "at": self.at,
            "policy": self.policy,
            "serial": f"{self.serial:x}",
            "signer": self.signer,
            "anchored": self.anchored,
        }


@dataclass(frozen=True, slots=True)
class Archived:
    """An archive's copy of a page. `address`: where it is, as the archive says; `asked_at`: our clock, UTC;
    `copied_at`: the archive's own time of its copy (Memento-Datetime, RFC 7089), None where it gives none.
    """

    page: str
    address: str
    status: int
    asked_at: datetime
    copied_at: datetime | None

    def as_row(self) -> dict[str, object]:
        """For JSON."""
        return {
            "page": self.page,
            "address": self.address,
            "status": self.status,
            "asked_at": self.asked_at,
            "copied_at": self.copied_at,
        }


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody who was asked gave nothing. `reason` is a stable word: those of `aggregator.outcome.FetchFailed`;
    of a timestamp `refused`, `unreadable`, `other_imprint`, `other_nonce`, `unsigned`, `untrusted`; of an archive
    `no_page`, `no_address`. `detail` is one clean line for people.
    """

    reason: str
    detail: str

    def as_row(self) -> dict[str, object]:
        """For JSON."""
        return {"reason": self.reason, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Outside:
    """What was asked for of others, and what came of it; None where nothing was."""

    timestamp: Timestamp | Missed | None = None
    archived: Archived | Missed | None = None


NOTHING = Outside()
"""Nobody was asked."""
