"""A mail as bytes, written by hand so that no text can break it and the same input gives the same bytes. Pure.

Comes in: header texts and two bodies. Goes out: a `multipart/alternative` message of short ASCII lines with CRLF, for
any mail server (only an address that is not ASCII itself makes a header UTF-8). The standard library's `EmailMessage`
is not used for writing: in headers it raises on some characters, decodes look-alikes of encoded words, and draws its
boundaries at random. `fault` is the independent last look at the finished bytes.
"""

import base64
import quopri
import re
from collections.abc import Sequence
from email.utils import formataddr, parseaddr

from alerts.plain import encodable, one_line

_WORD_BYTES = 39  # encoded: 52 characters and 12 around them, within 76 even behind the longest header name we use
_CODED_LINE = 48
_HEADER_LINE = re.compile(rb"[!-9;-~]+: ?[^\r\n]*|[ \t][^\r\n]*\S[^\r\n]*")
_MAX_LINE = 998
_ONCE = frozenset({b"from", b"to", b"subject", b"date", b"message-id", b"references", b"in-reply-to", b"list-id"})


def header_text(text: str) -> str:
    """Free text as a header value: as it is when that is safe and short, else in encoded words (RFC 2047)."""
    line = one_line(text)
    if line.isascii() and len(line) <= 66 and "=?" not in line:
        return line
    words, word = list[bytes](), b""
    for character in line:
        encoded = character.encode()
        if len(word) + len(encoded) > _WORD_BYTES:
            words.append(word)
            word = b""
        word += encoded
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(w).decode()}?=" for w in (*words, word))


def bare_address(mailbox: str) -> str:
    """`Name <local@domain>` or `local@domain` without its name; the domain in ASCII (IDNA) where it has such a form."""
    address = parseaddr(one_line(mailbox))[1] or one_line(mailbox)
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def domain_of(mailbox: str) -> str:
    """The domain of an address, for ids of ours; a stand-in where it has none in ASCII."""
    _, at, domain = bare_address(mailbox).rpartition("@")
    return domain if at and re.fullmatch(r"[A-Za-z0-9.-]{1,200}", domain) else "feedwitness.invalid"


def mailbox_text(mailbox: str) -> str:
    """A mailbox as a header value, its display name quoted or encoded as needed."""
    name, address = parseaddr(one_line(mailbox))[0], bare_address(mailbox)
    if not name:
        return address
    return formataddr((name, address)) if address.isascii() else f"{header_text(name)} <{address}>"


def coded_header(name: str, text: str) -> list[tuple[str, str]]:
    """A header of ours that holds a text of several lines in base64, for programs; none for ""."""
    coded = base64.b64encode(text.encode()).decode()
    lines = [coded[at : at + _CODED_LINE] for at in range(0, len(coded), _CODED_LINE)]
    return [(name, "\r\n ".join(lines))] if lines else []


def message(headers: Sequence[tuple[str, str]], plain: str, html: str, boundary: str) -> bytes:
    """The whole message. Header values are safe ones (`header_text`, `mailbox_text`, ids); `boundary` is ours."""
    lines = [f"{name}: {value}" for name, value in headers]
    lines += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"', ""]
    head = "\r\n".join(lines).encode() + b"\r\n"
    parts = [_part("plain", plain), _part("html", html)]
    rule = f"--{boundary}".encode()
    return head + b"".join(rule + b"\r\n" + part + b"\r\n" for part in parts) + rule + b"--\r\n"


def _part(subtype: str, text: str) -> bytes:
    data = encodable(text).replace("\r\n", "\n").replace("\r", "\n").encode()
    if sum(byte > 127 for byte in data) * 6 > len(data):
        encoding, coded = "base64", base64.encodebytes(data)
    else:
        encoding, coded = "quoted-printable", quopri.encodestring(data)
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + coded.replace(b"\n", b"\r\n")


def fault(data: bytes) -> str:
    """What is wrong with a finished message, "" when nothing is: every line and every header looked at once more."""
    head, gap, body = data.partition(b"\r\n\r\n")
    if not gap or not body.endswith(b"\r\n"):
        return "no end of headers, or no end of the last line"
    bare = data.replace(b"\r\n", b"")
    if b"\r" in bare or b"\n" in bare or b"\0" in bare:
        return "a bare carriage return, line feed or NUL"
    if any(len(line) > _MAX_LINE for line in data.split(b"\r\n")):
        return f"a line longer than {_MAX_LINE} bytes"
    if not body.isascii():
        return "a body that is not ASCII"
    names = list[bytes]()
    for line in head.split(b"\r\n"):
        if not _HEADER_LINE.fullmatch(line) or (not names and line[:1] in b" \t"):
            return "a line among the headers that is none"
        if line[:1] not in b" \t":
            names.append(line.partition(b":")[0].lower())
    if any(names.count(name) > 1 for name in _ONCE):
        return "a header given twice"
    return ""
