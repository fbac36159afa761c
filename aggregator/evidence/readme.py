"""README.txt of a file of evidence: what this one holds, shows and does not show, for people who do not program."""

from importlib.resources import files
from string import Template

from aggregator.evidence.dossier import Dossier
from aggregator.evidence.outside import Archived, Outside, Timestamp
from aggregator.shown.form import counted, when

_STAMP = """\
4. checkpoint.txt existed by {at} UTC, says a timestamp authority (timestamp.tsr), and with it
   the whole log up to there: nothing that the checkpoint covers was made later. What was sent or true before that
   time, it does not say.
       authority  {stamp.authority}
       signed by  {stamp.signer}
       policy     {stamp.policy}, serial number {stamp.serial:x}
   verify.py checks what was stamped. Who stamped it is checked with OpenSSL in the folder in which this file was
   unpacked, and with the certificate that the authority publishes (here CA.pem, beside that folder):
       openssl ts -verify -data checkpoint.txt -in timestamp.tsr -CAfile ../CA.pem
   Years later, when certificates have expired, with  -attime {moment}  too, which is the moment of the stamp.
"""


def readme(dossier: Dossier, software: str, outside: Outside) -> bytes:
    """The text, for whoever opens the file."""
    first, last = dossier.events[0], dossier.events[-1]
    template = Template(files("aggregator.evidence").joinpath("README.txt").read_text("utf-8"))
    said = template.substitute(
        item=dossier.item,
        software=software,
        events=counted(len(dossier.events), "event"),
        first=first.position,
        last=last.position,
        size=dossier.head.size,
        key=dossier.head.key,
        words=_told_words(dossier),
        captures=_told_captures(dossier),
        stamped=_told_stamp(outside),
        unsigned=", archive.json" if isinstance(outside.archived, Archived) else "",
        more=_told_members(outside),
    )
    return said.encode()


def _told_words(dossier: Dossier) -> str:
    if not dossier.versions:
        return (
            "The words of this statement were erased for good, on the day and for the reason that its last\n"
            "text.erased event gives. Nobody can bring them back: what is left are digests whose salt is gone."
        )
    return f"Its words are in versions/, as they were at each time: {counted(len(dossier.versions), 'version')}."


def _told_captures(dossier: Dossier) -> str:
    lines = [f"Documents in which it was seen, as received: {len(dossier.captures)}, in captures.warc.gz."]
    if dossier.lost:
        lines.append(
            "These are named by its events and are not kept any more, because the time for which raw\n"
            "documents are kept had passed, or because they showed a statement that was erased:\n"
            + "\n".join(f"    {digest}" for digest in dossier.lost)
        )
    return "\n".join(lines)


def _told_stamp(outside: Outside) -> str:
    if not isinstance(stamp := outside.timestamp, Timestamp):
        return ""
    return _STAMP.format(stamp=stamp, at=when(stamp.at), moment=int(stamp.at.timestamp()))


def _told_members(outside: Outside) -> str:
    told = ""
    if isinstance(outside.timestamp, Timestamp):
        told += "timestamp.tsr      the answer of a timestamp authority (RFC 3161) about checkpoint.txt\n"
    if isinstance(outside.archived, Archived):
        told += "archive.json       where an archive says that it keeps a copy of the page, which we asked for\n"
    return told
