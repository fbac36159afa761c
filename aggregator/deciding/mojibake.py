"""Is a changed text only the same text read in another encoding? Pure.

A source that repairs (or breaks) its encoding changes every word and says nothing new: 23 of 49 "edits" of one real
feed were such a repair. Both directions are tried: the new text may be the garbled one, or the stored one.
"""

import unicodedata

_WRITTEN = ("utf-8", "cp1251", "koi8-r", "cp1252", "cp1250")
_READ = ("cp1252", "latin-1", "cp1250", "iso8859-2", "cp1251", "koi8-r")
_SAMPLE = 400


def same_but_for_encoding(old: str, new: str) -> bool:
    """One of the texts is what comes out when the bytes of the other are read in a wrong encoding."""
    if old == new or not old or not new or (old.isascii() and new.isascii()):
        return False
    return _garbled(old, new) or _garbled(new, old)


def _garbled(right: str, wrong: str) -> bool:
    if right.isascii():
        return False
    target = _bare(wrong)
    if _lossy(right, target):
        return True
    for written in _WRITTEN:
        start = _misread(right[:_SAMPLE], written)
        for read in _READ:
            if read == written or (read, written) == ("latin-1", "cp1252"):
                continue
            sample = _bare(_decode(start, read))
            # the sample's last character may be half of something: compare all but the end of it
            if sample and target.startswith(sample[: max(1, len(sample) - 4)]):
                whole = _bare(_decode(_misread(right, written), read))
                if whole == target:
                    return True
    return False


def _misread(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "replace")


def _decode(raw: bytes, encoding: str) -> str:
    """Like the browsers: bytes that the code page leaves undefined stand for themselves."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return "".join(_byte(value, encoding) for value in raw)


def _byte(value: int, encoding: str) -> str:
    try:
        return bytes((value,)).decode(encoding)
    except UnicodeDecodeError:
        return chr(value)


def _bare(text: str) -> str:
    """Without blanks and control characters, which parsing drops or collapses and misreading makes from letters."""
    return "".join(
        c for c in unicodedata.normalize("NFC", text) if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf")
    )


def _lossy(right: str, wrong: str) -> bool:
    """Every letter outside ASCII became `?` or U+FFFD (one or several for each run of such letters)."""
    if "\ufffd" not in wrong and "?" not in wrong:
        return False
    bare = _bare(right)
    if "".join(c if c.isascii() else "?" for c in bare) == wrong:
        return True
    return "\ufffd" in wrong and _skeleton(bare) == _skeleton(wrong)


def _skeleton(text: str) -> str:
    out: list[str] = []
    for c in text:
        if c.isascii():
            out.append(c)
        elif not out or out[-1] != "\ufffd":
            out.append("\ufffd")
    return "".join(out)
