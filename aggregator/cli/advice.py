"""What to look at when a message did not arrive: a sentence for each way in which a channel fails. Pure.

In: the code of a `SendResult` (`smtp 535`, `http 404`, `tls`), or `dns`, which `send-test` finds out. Out: the next
thing to do, for the person who set the channel up.
"""

NEXT = {
    "dns": "its host name cannot be resolved: check its spelling, and this machine's DNS",
    "connect": "nothing answers there: check host and port, that the server runs, and firewalls in between",
    "timeout": "no whole answer in time: check host and port, and whether a firewall swallows what this machine sends",
    "reset": "the connection broke off: see the receiver's own log",
    "disconnected": 'the server hung up: port 465 wants security = "tls", the others "starttls"; else see its log',
    "tls": "no secure connection: the certificate must be valid today, for this very host name, from an authority that"
    ' this machine trusts; in mail, port 465 wants security = "tls", port 587 "starttls"',
    "protocol": "what answers there speaks another language: check the port",
    "no_starttls": 'the server offers no STARTTLS: take security = "tls" (port 465), or "none" on this machine',
    "auth_in_clear": 'a password needs security = "starttls" or "tls", unless the server runs on this machine',
    "no_smtputf8": "this server takes addresses in ASCII only",
    "bad_address": "an address in `to` or `from` cannot be sent to: write a bare one, desk@example.org",
    "bad_message": "this is a bug: please report it with the answer above",
    "bad_request": "the address, or a header of the channel, cannot be sent: check `url` and `headers`",
    "stream": "standard output takes nothing: is it closed, is its disk full, does nobody read the pipe?",
    "error": "this is a bug: please report it with the answer above",
}
_HTTP = {
    400: "the receiver does not understand the message: does it expect Standard Webhooks?",
    401: "the receiver does not know us: compare `secret` with the one it has, and check `headers`",
    403: "the receiver refuses us: compare `secret` with the one it has, and check `headers`",
    404: "there is nothing at this address: check the path of `url`",
    405: "this address takes no POST: check the path of `url`",
    407: "a proxy stands in between and wants a password",
    410: "the receiver says that it is gone for good: real alerts for it are dead at once",
    413: "the receiver finds even a short message too large",
    415: "the receiver takes no application/json",
    422: "the receiver does not like the message: does it expect alerts only? Its own log says more",
    429: "the receiver asks for rest; real alerts wait as long as it says",
}
_SMTP = {
    454: "the server cannot check passwords or offer TLS just now: try again later",
    530: "the server wants a password, or TLS, first: set `username` and `password`, and look at `security`",
    534: "the server wants another way to log in: many providers issue a password for programs",
    535: "the server does not take user name and password: check both; many providers want a password for programs",
    538: "the server wants TLS before a password: look at `security`",
    550: "the server refuses this sender or recipient: check `to` and `from`, and whether it relays for us",
    551: "the recipient is not served there: check `to`",
    552: "the mailbox is full, or the message too large",
    553: "the server does not like an address: check `to` and `from`; `from` may have to be the user's own",
    554: "the server refuses: its answer says why; often it does not trust this machine's address",
}


def advice(code: str) -> str:
    """The next thing to look at; "" where the code says nothing that we know."""
    family, _, number = code.partition(" ")
    if not number.isdecimal():
        return NEXT.get(code, "")
    status = int(number)
    return _of_http(status) if family == "http" else _of_smtp(status)


def _of_http(status: int) -> str:
    if 300 <= status < 400:
        return "the receiver redirects, which is not followed: set `url` to the address that it names"
    if status >= 500:
        return "the receiver itself fails: see its own log; real alerts are tried again for three days"
    return _HTTP.get(status, "the receiver refuses: its answer and its own log say why")


def _of_smtp(status: int) -> str:
    if status in _SMTP:
        return _SMTP[status]
    if 400 <= status < 500:
        return "the server refuses for now; real alerts are tried again for three days"
    return "the server refuses: its answer says why"
