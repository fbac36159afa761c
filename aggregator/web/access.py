"""Who may read what the daemon serves beyond its health: by the name it was called, and by the token. Pure.

In come the `Host` and `Authorization` headers as sent, "" where there are none; out comes a refusal, or None. A web
page can make a browser on this machine call us under a name of its own (DNS rebinding): so only addresses, `localhost`
and the names of the settings are answered to.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple


class Refusal(NamedTuple):
    """An answer in place of the one asked for."""

    status: int
    error: str


@dataclass(frozen=True, slots=True)
class Access:
    """`hosts`: further names to answer to, lower case, without ports. `token` "" = none is asked for (on loopback)."""

    hosts: frozenset[str] = frozenset()
    token: str = ""

    def refusal(self, host: str, authorization: str) -> Refusal | None:
        """Why this request is not answered, None if it is."""
        if not self._answers_to(host):
            return Refusal(421, "feedwitness does not answer to this host name; `hosts` in [web] lists further ones")
        if self.token and not _shows(self.token, authorization):
            return Refusal(401, "the token of [web] is needed, as `Authorization: Bearer TOKEN` or as a Basic password")
        return None

    def _answers_to(self, host: str) -> bool:
        name = host.strip().lower()
        if not name or name.startswith("["):  # no browser leaves it out; in brackets stands an address
            return True
        name = name.partition(":")[0].removesuffix(".")
        return name == "localhost" or name in self.hosts or _is_address(name)


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
