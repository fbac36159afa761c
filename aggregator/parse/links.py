"""Addresses inside a document -> absolute http(s) URLs, or "". Pure; never raises."""

from urllib.parse import urljoin, urlsplit

_LINE_NOISE = str.maketrans("", "", "\t\r\n\0")


def absolute(link: str, base: str) -> str:
    """`link` as seen from the document at `base`; "" for anything but http and https (`javascript:`, `urn:`, …)."""
    link = link.strip().translate(_LINE_NOISE)
    if not link or not link.isprintable():
        return ""
    if not link.startswith(("http://", "https://")) or " " in link:
        try:
            link = urljoin(base, link.replace(" ", "%20"))
        except ValueError:
            return ""
    return link if is_web(link) else ""


def is_web(link: str) -> bool:
    """Whether this is an http or https URL with a host."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
