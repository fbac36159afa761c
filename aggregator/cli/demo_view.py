"""What the demo shows: a line for whoever acts, the words of a message with what changed in them, the books at the end.

Colours say what was removed and added where there are any; elsewhere the signs of `history` do.
"""

from collections.abc import Sequence

from rich.text import Text

from aggregator.cli import out
from aggregator.cli.tables import table
from aggregator.demo.audit import Books, Row
from aggregator.demo.desk import CHANNELS, Piece, Receipt
from aggregator.demo.director import Beat, Opens, Says
from aggregator.demo.script import COUNTRY, TOPIC

_LABEL = 10
_INDENT = 2
_LABELS = {
    "ministry": "bold magenta",
    "log": "blue",
    "daemon": "yellow",
    "desk": "cyan",
    "webhook": "cyan",
    "mail": "cyan",
}
_TABLE = 76
"""Columns that the books need as one table."""
_STYLES = {"-": "bold red strike", "+": "bold green", "!": "bold yellow"}
_SIGNS = {"-": ("[-", "-]"), "+": ("{+", "+}")}


def opening() -> None:
    """What is about to be seen."""
    _wrapped(Text(), Text("A ministry, a newsroom's desk, and feedwitness between them", style="bold"))
    _wrapped(
        Text(" " * _INDENT), "All real, and all on this machine: a web site, the daemon, a mail server, a webhook."
    )
    _wrapped(Text(" " * _INDENT), f"Only the ministry, of {COUNTRY}, is made up. The topic: {', '.join(TOPIC)}")
    out.say("")


class View:
    """Shows beats in their order; scenes are numbered."""

    def __init__(self) -> None:
        self._scenes = 0

    def show(self, beat: Beat) -> None:
        """One beat."""
        match beat:
            case Opens():
                self._scenes += 1
                out.say("")
                number = Text(f"{self._scenes}  ", style="bold")
                _wrapped(number, Text(beat.heading, style="bold"))
            case Says():
                _line(beat.who, beat.words)
            case Receipt():
                _message(beat)


def _message(receipt: Receipt) -> None:
    if receipt.channel == "mail":
        _line("mail", f"Subject: {receipt.subject}")
        return
    signature = "signature good" if receipt.good else "SIGNATURE WRONG"
    _line("webhook", f"{receipt.told}: {receipt.subject}")
    _line("", _worded(receipt.text))
    for note in receipt.notes[1:]:
        _line("", Text(out.line(note), style="dim"))
    _line("", Text(f"{signature}, alert {receipt.alert[:8]}", style="dim"))


def _worded(pieces: Sequence[Piece]) -> Text:
    """The words of a message on one line, with what changed in them marked; blanks around a change stay outside."""
    console = out.console()
    coloured = bool(console.is_terminal and console.color_system and not console.no_color)
    text = Text()
    for number, (tag, words) in enumerate(pieces):
        plain = out.safe(words).replace("\n", " ")
        core = plain.strip()
        signs = ("", "") if coloured else _SIGNS.get(tag, ("", ""))
        text.append(plain[: len(plain) - len(plain.lstrip())])
        text.append(core.join(signs) if core else "", style=_STYLES.get(tag))
        text.append(plain[len(plain.rstrip()) :] if core else "")
        if tag == "-" and _sticks(pieces[number + 1 :], signs=not coloured):
            text.append(" ")
    return text


def _sticks(rest: Sequence[Piece], *, signs: bool) -> bool:
    """What follows a removed stretch would run into it: a kept word, or without signs between them an added one."""
    if not rest or not rest[0][1][:1].isalnum():
        return False
    return rest[0][0] == "=" or not signs


def _line(label: str, text: "Text | str") -> None:
    """A line with who acts in front."""
    _wrapped(Text(" " * _INDENT).append(label.ljust(_LABEL), style=_LABELS.get(label)), text)


def _wrapped(head: Text, text: "Text | str") -> None:
    """Text beside its head; on a terminal broken between words."""
    body = Text(out.line(text)) if isinstance(text, str) else text
    if not out.console().is_terminal:
        out.say(head + body)
        return
    indent = head.cell_len
    for part in body.wrap(out.console(), max(out.console().width - indent, 20)):
        part.rstrip()
        out.say(head + part)
        head = Text(" " * indent)


def account(books: Books) -> None:
    """The books: what was done, seen and told, and whether that is the same."""
    out.say("")
    out.say(Text("The books: done, seen, told", style="bold"))
    if out.console().is_terminal and out.console().width < _TABLE:
        table(("log", "seen as", "told", ""), map(_narrow_row, books.rows), empty="nothing was done")
    else:
        columns = ("the ministry", "log", "seen as", "told", "hook", "mail", "alert")
        table(columns, map(_row, books.rows), empty="nothing was done")
    out.say("")
    if books.good:
        hooks, mails = (books.received[channel] for channel in ("webhook", "mail"))
        alerts = out.counted(books.raised, "alert")
        once = f"{alerts}, each told once by webhook ({hooks}) and by mail ({mails})"
        _wrapped(Text(), f"{once}: nothing lost, nothing told twice.")
    holds = "the log holds" if books.verified.ok else "the log does not hold"
    events = out.counted(books.verified.events, "event")
    _wrapped(Text(), f"`feedwitness verify`: {holds}, {events}; its head is")
    out.say(Text(books.verified.hash, style="bold"))
    for difference in books.differences:
        out.note(f"it differs: {out.line(difference)}")


def _row(row: Row) -> tuple[object, ...]:
    received = (row.received[channel] or "-" for channel in CHANNELS)
    return row.did, _place(row), row.seen or "-", row.told or "-", *received, row.alert[:8] or "-"


def _narrow_row(row: Row) -> tuple[object, ...]:
    received = ", ".join(f"{channel} {row.received[channel]}" for channel in CHANNELS)
    alert = f"; alert {row.alert[:8]}" if row.alert else ""
    return _place(row), row.seen or "-", row.told or "-", f"{row.did}: {received}{alert}"


def _place(row: Row) -> str:
    return f"#{row.position}" if row.position else "-"
