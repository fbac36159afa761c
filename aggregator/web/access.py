"""Who may read what the daemon serves beyond its health: by the name it was called, by the page that sent the request,
and by the token. Pure.

In come the headers of a request, "" where there are none; out comes a refusal, or None. A web page can make a browser
on this machine call us under a name of its own (DNS rebinding): so only addresses, `localhost` and the names of the
settings are answered to. It can also make it call us by our own name: so what another site's page sends is refused, by
`Origin` and `Sec-Fetch-Site`. Following a link to a history is no such call: links in alerts stand in web mail too.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from aggregator.web.refusal import Refusal

WRONG_HOST = Refusal(
    421, "wrong_host", "feedwitness does not answer to this host name; `hosts` in [web] lists further ones"
)
CROSS_SITE = Refusal(403, "cross_site", "a page of another site sent this; feedwitness answers its own users only")
NO_TOKEN = Refusal(
    401, "token_needed", "the token of [web] is needed, as `Authorization: Bearer TOKEN` or as a Basic password"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says of where it comes from. `site`, `mode`, `target`: its Sec-Fetch-Site, -Mode and -Dest."""

    host: str = ""
    authorization: str = ""
    origin: str = ""
    site: str = ""
    mode: str = ""
    target: str = ""

    @property
    def follows_a_link(self) -> bool:
        """A person follows a link: the answer becomes a page of its own, which the linking one cannot read."""
        return self.mode == "navigate" and self.target == "document"


@dataclass(frozen=True, slots=True)
class Access:
    """`hosts`: further names to answer to, lower case, without ports. `base_url`: where a proxy in front serves us.

    `token` "" = there is none. `required`: nothing is told without it; else it only opens what `trusts` guards.
    """

    hosts: frozenset[str] = frozenset()
    token: str = ""
    required: bool = True
    base_url: str = ""

    def refusal(self, asked: Asked, *, by_link: bool = False) -> Refusal | None:
        """Why this request is not answered, None if it is. `by_link`: links of other sites may lead here."""
        if not self._answers_to(asked.host):
            return WRONG_HOST
        if not (by_link and asked.follows_a_link) and self._cross_site(asked):
            return CROSS_SITE
        if self.token and self.required and not self.trusts(asked):
            return NO_TOKEN
        return None

    def trusts(self, asked: Asked) -> bool:
        """Whether the request shows the token."""
        return bool(self.token) and _shows(self.token, asked.authorization)

    def _answers_to(self, host: str) -> bool:
        name = host.strip().lower()
        if not name or name.startswith("["):  # no browser leaves it out; in brackets stands an address
            return True
        name = name.partition(":")[0].removesuffix(".")
        return name == "localhost" or name in self.hosts or _is_address(name)

    def _cross_site(self, asked: Asked) -> bool:
        if asked.site and asked.site not in ("same-origin", "none"):
            return True
        if not asked.origin:
            return False
        place = _place(asked.origin)
        return not place or place not in (asked.host.strip().lower(), _place(self.base_url))


def _place(url: str) -> str:
    """Host and port of a URL, "" for what is none."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _shows(token: str, authorization: str) -> bool:
    scheme, _, value = authorization.partition(" ")
    shown = value.strip()
    if scheme.lower() == "basic":
        try:
            shown = base64.b64decode(shown, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(shown.encode("utf-8", "replace"), token.encode())
