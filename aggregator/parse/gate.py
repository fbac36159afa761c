"""The document part of the gate: is this a whole feed document, and what is it? Pure, linear, never raises.

In comes the text of a body, out goes a `Document` that a parser may read, or a `ParseFailed` that says what it is
instead: empty, html, challenge, not_a_feed, cut. The root element decides, not the media type. A document is cut when
the last thing in it is not its root's end tag; a stray ampersand before a proper end is merely not well-formed.
"""

import re
from dataclasses import dataclass

from aggregator.outcome import ParseFailed

CHALLENGE_WINDOW = 262_144
"""Characters of a page that are searched for the marks of bot walls."""

TRAILING_COMMENTS = 20
"""Comments and instructions behind the root element that are looked past (caches sign there)."""

_FEED_ROOTS = {"rss", "feed", "rdf", "channel"}
_TAG_NAME = re.compile(r"<([A-Za-z_][\w.:-]{0,100})")
_HTML = re.compile(
    r"<(?:!doctype\s+html|(?:html|head|body|title|meta|script|style|div|p|br|b|center|h1|h2|span)\b)", re.IGNORECASE
)
_ROOT_AFTER_JUNK = re.compile(r"<\?xml\s|<(?:rss|feed|rdf:RDF)[\s>]")
_ENTITY = re.compile(
    r"""<!ENTITY\s+(\w{1,60})\s+(?:"(&\#\w{1,10};|[^"&%<]{0,64})"|'(&\#\w{1,10};|[^'&%<]{0,64})')\s*>"""
)
_CHALLENGES = (
    "just a moment...",  # Cloudflare
    "_cf_chl_opt",
    "cf-browser-verification",
    "attention required! | cloudflare",
    "human verification",  # AWS WAF
    "awswafcookiedomainlist",
    "gokuprops",
    "bobcmn",  # F5 / Shape
    "tspd_101",
    "/tspd/",
    "the requested url was rejected. please consult with your administrator",
    "stormwall",
    "ddos-guard",
    "flagged as a scanner",  # Atlassian
    "_incapsula_resource",  # Imperva
    "incapsula incident id",
    "captcha-delivery.com",  # DataDome
    "px-captcha",  # HUMAN
    "sucuri website firewall",
    "sucuri_cloudproxy_js",
    "vercel security checkpoint",
    "errors.edgesuite.net",  # Akamai
    "making sure you&#39;re not a bot",  # Anubis
    "anubis_challenge",
    "sgcaptcha",
    "smartcaptcha",
    "qrator",
    "verify you are human",
    "enable javascript and cookies to continue",
    "checking your browser",
)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document. `kind` is xml or json; `text` is fit for a parser: for XML it begins with the root element or a
    harmless DOCTYPE (long or nested entities are left out). `root` is the root's local name in lower case.
    """

    kind: str
    root: str
    text: str
    problem: str = ""


def examine(text: str) -> Document | ParseFailed:
    """What the text of a body is."""
    start = text.lstrip("\ufeff \t\r\n\0")
    if not start.strip():
        return ParseFailed("empty", "the body is empty")
    if start[0] == "{":
        return Document("json", "", start)
    prolog = _prolog_end(start)
    match = _TAG_NAME.match(start, prolog)
    if match is None or _local(match[1]) not in _FEED_ROOTS:
        junk = None if _is_html(start, match) else _ROOT_AFTER_JUNK.search(start, 1, 65_536)
        if junk is None:
            return _refusal(start, prolog, match)
        return _after_junk(start, junk.start())
    return _whole(start, prolog, match[1], "" if start is text else _leading(text))


def challenge_mark(text: str) -> str:
    """The mark of a bot wall near the beginning of a page, "" when there is none. Ordinary pages behind such a wall
    may carry one too, in a script.
    """
    window = text[:CHALLENGE_WINDOW].lower()
    return next((mark for mark in _CHALLENGES if mark in window), "")


def _after_junk(text: str, at: int) -> Document | ParseFailed:
    """A feed with something in front of it, mostly the warnings of a broken script."""
    rest = text[at:]
    prolog = _prolog_end(rest)
    match = _TAG_NAME.match(rest, prolog)
    if match is None or _local(match[1]) not in _FEED_ROOTS:
        return _refusal(text, 0, _TAG_NAME.match(text))
    return _whole(rest, prolog, match[1], "text before the document")


def _whole(text: str, prolog: int, root: str, problem: str) -> Document | ParseFailed:
    last = _last(text, prolog)
    end = _end_of(text, prolog, last, root)
    if end < 0:
        return ParseFailed("cut", f"the document ends before </{root}>")
    if end < last and not problem:
        problem = "text after the document"
    return Document("xml", _local(root), _doctype(text[:prolog]) + text[prolog:end], problem)


def _leading(text: str) -> str:
    """White space is allowed in front of a root element, but not in front of an XML declaration."""
    blank = text.lstrip("\ufeff")
    return "white space before the XML declaration" if blank.lstrip("\0 \t\r\n")[:5] == "<?xml" != blank[:5] else ""


def _prolog_end(text: str) -> int:
    """Where the first element begins: after declarations, comments and the DOCTYPE. -1 when there is none."""
    at = 0
    while (at := text.find("<", at)) >= 0 and not text[at + 1 : at + 2].isalpha():
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
        elif text.startswith("<?", at):
            end = text.find("?>", at + 2)
        elif text.startswith("<!", at):
            end = _declaration_end(text, at)
        else:
            end = at
        if end < 0:
            return -1
        at = end + 1
    return at if at < 0 or not text[:at].strip() or text[0] == "<" else -1


def _declaration_end(text: str, at: int) -> int:
    """The `>` that closes a DOCTYPE, past its internal subset."""
    close, subset = text.find(">", at), text.find("[", at)
    if 0 <= subset < close:
        bracket = text.find("]", subset)
        while bracket >= 0 and text[bracket + 1 : bracket + 100].lstrip()[:1] != ">":
            bracket = text.find("]", bracket + 1)
        close = text.find(">", bracket) if bracket >= 0 else -1
    return close


def _doctype(prolog: str) -> str:
    """What may stay of the prolog: a DOCTYPE on its own line, with entities that stand for a few plain characters."""
    at = prolog.upper().find("<!DOCTYPE")
    if at < 0:
        return ""
    entities = [(name, first or second) for name, first, second in _ENTITY.findall(prolog[:100_000], at)][:500]
    if entities:
        lines = "\n".join(f'<!ENTITY {name} "{value}">' for name, value in entities if '"' not in value)
        return f"<!DOCTYPE feed [\n{lines}\n]>\n"
    return "<!DOCTYPE rss PUBLIC 'netscape'>\n" if "netscape" in prolog[at : at + 1000].lower() else ""


def _last(text: str, start: int) -> int:
    """Behind the last thing that is neither white space nor a comment nor an instruction."""
    end = len(text.rstrip("\0 \t\r\n"))
    for _ in range(TRAILING_COMMENTS):
        opener = "<!--" if text.endswith("-->", start, end) else "<?" if text.endswith("?>", start, end) else ""
        at = text.rfind(opener, start, end) if opener else -1
        if at < 0:
            break
        end = len(text[:at].rstrip())
    return end


def _end_of(text: str, start: int, end: int, root: str) -> int:
    """The index behind the root's end tag, -1 when the root does not close before `end`.

    Nothing may stand between the two in a well-formed document. Other junk is let pass, unless the end tag found lies
    inside an open CDATA section or comment: there it is a word of an article about feeds.
    """
    at = text.rfind(f"</{root}", start, end)
    if at < 0:
        lower = text.lower()
        at = lower.rfind(f"</{root.lower()}", start, end) if len(lower) == len(text) else -1
    if at < 0:
        return _self_closed(text, start, end)
    close = text.find(">", at, end)
    if close < 0 or text[at + 2 + len(root) : close].strip():
        return -1
    if close + 1 < end and re.search(rf"<{re.escape(root)}[\s>]", text[close:end]):
        return -1
    return -1 if _inside_cdata_or_comment(text, start, at) else close + 1


def _self_closed(text: str, start: int, end: int) -> int:
    close = text.find(">", start, end)
    return end if close == end - 1 and text[close - 1] == "/" else -1


def _inside_cdata_or_comment(text: str, start: int, at: int) -> bool:
    base = max(text.rfind("]]>", start, at), start)
    if text.find("<![CDATA[", base, at) >= 0:
        return True
    comment = text.rfind("<!--", base, at)
    return comment >= 0 and text.find("-->", comment, at) < 0


def _is_html(text: str, match: re.Match[str] | None) -> bool:
    if match is not None and _local(match[1]) == "html":
        return True
    return _HTML.match(text) is not None and "<html" in text[:5000]


def _refusal(text: str, prolog: int, match: re.Match[str] | None) -> ParseFailed:
    mark = challenge_mark(text)
    html = _HTML.match(text) is not None or (match is not None and _HTML.match(text, prolog) is not None)
    if mark and (html or _TAG_NAME.match(text) is None):
        return ParseFailed("challenge", f"a bot wall answered instead of the feed ({mark!r})")
    if html or "<html" in text[:5000].lower():
        return ParseFailed("html", "a web page, not a feed")
    if match is not None:
        return ParseFailed("not_a_feed", f"its root element is <{match[1]}>")
    return ParseFailed("not_a_feed", f"it begins with {_printable(text[:40])}")


def _printable(text: str) -> str:
    return ascii(" ".join(text.split()))


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()
