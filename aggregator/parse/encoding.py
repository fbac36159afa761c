"""Bytes of a document -> its characters. Pure; never raises, whatever the bytes.

The order is that of RFC 7303: the operator's override, a byte order mark, the charset of the HTTP header, the XML
declaration, else UTF-8. Three mistakes of real servers are put right, because each of them would rewrite every item of
a feed at once: UTF-8 announced as Latin-1, UTF-8 with a few broken bytes, and an old national code page announced as
UTF-8 (recognised by the document's own language). What was guessed is said in `problem`.
"""

import codecs
import re
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
_SNIFFED = (
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<\x00", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
_DECLARED = re.compile(rb"""\A\s{0,100}<\?xml[^>]{0,200}?encoding\s{0,10}=\s{0,10}["']([A-Za-z0-9._:+-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s{0,10}=\s{0,10}["']?([A-Za-z0-9._:+-]{1,40})""", re.IGNORECASE)
_META = re.compile(
    rb"""<meta\s[^>]{0,300}?charset\s{0,10}=\s{0,10}["']?\s{0,10}([A-Za-z0-9._:+-]{1,40})""", re.IGNORECASE
)
HEAD_OF_A_PAGE = 8_192
"""Bytes of a page in which it may say its encoding. Browsers look at 1,024; some sites need more."""
_LANGUAGE = re.compile(rb"""(?:<(?:dc:)?language>\s{0,10}|\blang=["'])([A-Za-z]{2})\b""")
_NOT_FOR_TEXT = {"punycode", "idna", "unicode-escape", "unicode_escape", "raw-unicode-escape", "undefined", "utf-7"}
_ASCII_ALIKE = {"ascii", "iso8859-1", "cp1252"}
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "cp950"}
_CODE_PAGES = {
    **dict.fromkeys(("ru", "uk", "be", "bg", "sr", "mk"), "cp1251"),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "sl", "hr", "bs", "ro", "sq"), "cp1250"),
    **dict.fromkeys(("et", "lv", "lt"), "cp1257"),
    **dict.fromkeys(("ar", "fa", "ur"), "cp1256"),
    "el": "cp1253",
    "tr": "cp1254",
    "az": "cp1254",
    "he": "cp1255",
    "vi": "cp1258",
    "th": "cp874",
    "zh": "gb18030",
    "ja": "cp932",
    "ko": "cp949",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The characters of a document, without its byte order mark. `problem` "" when they are what was announced.

    `lossy`: some bytes stand for no character, U+FFFD stands in their place.
    """

    text: str
    problem: str = ""
    lossy: bool = False


def decode(body: bytes, content_type: str, override: str = "") -> Decoded:
    """`content_type` is the value of the HTTP header; `override` the operator's encoding, which wins over all."""
    if codec := _codec(override):
        forced = body.decode(codec, "replace").removeprefix("\ufeff")
        lossy = "\ufffd" in forced
        return Decoded(forced, f"some bytes are not {codec}" if lossy else "", lossy)
    bom, codec = next(((bom, codec) for bom, codec in _BOMS if body.startswith(bom)), (b"", ""))
    body = body[len(bom) :]
    announced = codec or _announced(body, content_type)
    if announced in _ASCII_ALIKE and (text := _strictly(body, "utf-8")) is not None:
        return Decoded(text, "" if text.isascii() else f"announced as {announced}, read as utf-8")
    for codec in (announced, _WIDER.get(announced, "")):
        if codec and (text := _strictly(body, codec)) is not None:
            return Decoded(text)
    return _guess(body, announced)


def decode_page(body: bytes, content_type: str, override: str = "") -> Decoded:
    """As `decode`, for HTML: behind the header, and before UTF-8, counts what the page says of itself (`<meta>`)."""
    header = _CHARSET.search(content_type[:500])
    if header is None or not _codec(header[1]):
        said = _META.search(body[:HEAD_OF_A_PAGE])
        charset = said[1].decode("ascii") if said else ""
        if _codec(charset):
            ascii_alike = "utf-8" if charset.lower().startswith(("utf-16", "utf-32")) else charset
            content_type = f"text/html; charset={ascii_alike}"
    return decode(body, content_type, override)


def _announced(body: bytes, content_type: str) -> str:
    """The codec that the header, the first bytes or the declaration name; UTF-8 when nobody names a usable one."""
    if (charset := _CHARSET.search(content_type[:500])) and (codec := _codec(charset[1])):
        return codec
    wide = next((codec for start, codec in _SNIFFED if body.startswith(start)), "")
    head = body[:1000].decode(wide, "ignore").encode() if wide else body[:1000]
    if (match := _DECLARED.match(head)) and (codec := _codec(match[1].decode("ascii"))):
        return wide if wide and codec.startswith(("utf", "iso10646")) else codec
    return wide or "utf-8"


def _guess(body: bytes, announced: str) -> Decoded:
    """The bytes are not what was announced."""
    mended = body.decode("utf-8", "replace")
    broken = mended.count("\ufffd")
    if broken == 0:
        return Decoded(mended, f"announced as {announced}, read as utf-8")
    high = sum(len(run) for run in re.findall(rb"[\x80-\xff]+", body))
    if announced == "utf-8" and broken * 10 <= high:
        return Decoded(mended, f"{broken} places are not valid utf-8", lossy=True)
    match = _LANGUAGE.search(body[:4096])
    codec = _CODE_PAGES.get(match[1].decode("ascii").lower(), "") if match else ""
    for candidate in (codec, "cp1252"):
        if candidate and (text := _strictly(body, candidate)) is not None:
            return Decoded(text, f"announced as {announced}, read as {candidate}: set `encoding` if that is wrong")
    mended = body.decode(codec or "cp1252", "replace")
    return Decoded(mended, f"announced as {announced}, read as {codec or 'cp1252'} with broken places", lossy=True)


def _strictly(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _codec(name: str) -> str:
    """Python's name for a text encoding, "" for what is unknown or is no encoding of text (punycode is quadratic)."""
    try:
        found = codecs.lookup(name.strip()) if name.strip() else None
    except (LookupError, ValueError):
        return ""
    if found is None or found.name in _NOT_FOR_TEXT or not getattr(found, "_is_text_encoding", False):
        return ""
    return found.name
