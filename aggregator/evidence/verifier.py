"""Checks a file of evidence made by feedwitness. It needs Python 3.8 or newer and nothing else, and asks no network.

    python3 -I verify.py FILE.zip        the file as it was handed over
    python3 -I verify.py FOLDER          the same, unpacked; without FOLDER the one in which this program lies
    python3 -I verify.py FILE.zip --key NAME+ID+KEY

A line is printed for each check. Exit status: 0 all of it holds, 1 something does not, 2 it cannot be read. With
`--key` only that key is believed, which you should have from elsewhere; without it the one in the file is used, which
shows that the parts belong together but not who signed them. README.txt says what all this proves and what it does not.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

Files = Dict[str, bytes]
Event = Dict[str, Any]
Key = Tuple[str, bytes, bytes]
Point = Tuple[int, int, int, int]

ODD = (ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError, OSError, OverflowError, RecursionError)
"""What reading a file of evidence that somebody has changed can end in."""

SAID_BY_LOG = {"title": "title.txt", "text": "text.txt", "about": "about.json"}
MEMBER = re.compile(
    r"(README|checkpoint|key)\.txt|verify\.py|SHA256SUMS|events\.jsonl|(history|archive)\.json|captures\.warc\.gz"
    r"|timestamp\.tsr|diffs/[0-9]+-[0-9]+\.(txt|html)|versions/.+"
)
"""What a member may be called; those of versions/ follow from the events."""


class Wrong(Exception):
    """Something does not hold; the message says what."""


# --- Ed25519 (RFC 8032), for checking only ----------------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def point(raw: bytes) -> Point:
    """The point on the curve that 32 bytes stand for: X, Y, Z, XY/Z."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if len(raw) != 32 or y >= P:
        raise Wrong("a key or signature is no point on the curve")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_1 % P
    if x * x % P != square or (x == 0 and sign):
        raise Wrong("a key or signature is no point on the curve")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def add(one: Point, other: Point) -> Point:
    """The sum of two points."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, place: Point) -> Point:
    """A point added to itself so many times."""
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, place)
        place, number = add(place, place), number >> 1
    return total


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public: bytes, signature: bytes, text: bytes) -> bool:
    """Whether this signature of this text is of this key."""
    if len(signature) != 64 or len(public) != 32:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    try:
        key, commitment = point(public), point(signature[:32])
    except Wrong:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % ORDER
    left, right = times(scalar, BASE), add(commitment, times(challenge, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- the file ---------------------------------------------------------------------------------------------------------


def read(place: Path) -> Files:
    """Every member by its name."""
    if place.is_dir():
        return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    with zipfile.ZipFile(place) as bundle:
        names = bundle.namelist()
        if len(names) != len(set(names)):
            raise Wrong("the file has two members of one name")
        return {name: bundle.read(name) for name in names}


def member(files: Files, name: str) -> bytes:
    """One member; every evidence has it."""
    if name not in files:
        raise Wrong(f"{name} is missing")
    return files[name]


def unbase64(text: str) -> bytes:
    """The bytes behind standard base64, written as it must be."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise Wrong("base64 that is written oddly")
    return raw


def sums_hold(files: Files) -> str:
    """SHA256SUMS names every member with its digest, and no other."""
    *lines, rest = member(files, "SHA256SUMS").decode().split("\n")
    if rest:
        raise Wrong("SHA256SUMS does not end with a line")
    named = {}
    for line in lines:
        found = re.fullmatch(r"([0-9a-f]{64})  (\S+)", line)
        if not found:
            raise Wrong("SHA256SUMS holds a line that is none of its own")
        named[found.group(2)] = found.group(1)
    if strangers := sorted(set(named) ^ (set(files) - {"SHA256SUMS"})):
        raise Wrong(f"members that SHA256SUMS does not name, or that are missing: {', '.join(strangers)}")
    for name, digest in sorted(named.items()):
        if not MEMBER.fullmatch(name):
            raise Wrong(f"{name} is no part of evidence")
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise Wrong(f"{name} is not what it was when SHA256SUMS was written")
    return f"{len(named)} members are what SHA256SUMS says"


# --- the checkpoint ---------------------------------------------------------------------------------------------------


def public_key(text: str) -> Key:
    """Name, id and raw key of NAME+ID+KEY."""
    name, number, coded = text.strip().split("+", 2)
    raw = unbase64(coded)
    if len(raw) != 33 or raw[:1] != b"\1" or hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != number:
        raise Wrong("the public key is none, or was copied wrongly")
    return name, bytes.fromhex(number), raw[1:]


def checkpoint(note: str, key: Key) -> Tuple[int, bytes]:
    """The size and the root hash that the key signed."""
    name, number, raw = key
    text, gap, signatures = note.rpartition("\n\n")
    text += "\n"
    found = re.fullmatch("\u2014 (\\S+) (\\S+)\n", signatures)
    if not gap or not found or found.group(1) != name:
        raise Wrong(f"checkpoint.txt is no note signed by {name}")
    signature = unbase64(found.group(2))
    if signature[:4] != number or not is_signed(raw, signature[4:], text.encode()):
        raise Wrong("the signature under the checkpoint is not of that key")
    parts = re.fullmatch(r"(\S+)\n(0|[1-9][0-9]*)\n(\S+)\n", text)
    if not parts or parts.group(1) != name or len(unbase64(parts.group(3))) != 32:
        raise Wrong("what is signed is no checkpoint of this log")
    return int(parts.group(2)), unbase64(parts.group(3))


# --- the events -------------------------------------------------------------------------------------------------------


def column(value: Any) -> bytes:
    """A column as it is hashed: its length in eight bytes, then itself."""
    raw = value.to_bytes(8, "big", signed=True) if isinstance(value, int) else value.encode()
    return len(raw).to_bytes(8, "big") + raw


def leads_to(leaf: bytes, index: int, size: int, path: List[bytes]) -> bytes:
    """The root to which a path of hashes leads from a leaf (RFC 9162, 2.1.3.2)."""
    here, last, value = index, size - 1, leaf
    for other in path:
        if last == 0:
            raise Wrong("a path that is too long")
        if here & 1 or here == last:
            value = hashlib.sha256(b"\1" + other + value).digest()
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            value = hashlib.sha256(b"\1" + value + other).digest()
        here, last = here >> 1, last >> 1
    if last != 0:
        raise Wrong("a path that is too short")
    return value


COLUMNS = ("position", "event_id", "stream", "version", "kind", "subject", "recorded_at", "data")


def once(pairs: List[Tuple[str, Any]]) -> Event:
    """The fields of an event; two of one name could be read in two ways."""
    if len(dict(pairs)) != len(pairs):
        raise Wrong("an event has two fields of one name")
    return dict(pairs)


def events_of(files: Files) -> List[Event]:
    """The events, each a dict of its columns."""
    lines = member(files, "events.jsonl").decode().split("\n")
    if lines.pop() != "" or not lines:
        raise Wrong("events.jsonl does not end with a line")
    events = [json.loads(line, object_pairs_hook=once) for line in lines]
    for event in events:
        if set(event) != {*COLUMNS, "previous", "hash", "path"}:
            raise Wrong("an event has other fields than it should")
    return events


def events_hold(events: List[Event], size: int, root: bytes) -> str:
    """Each event is in the log that was signed, and all are about one item, in order."""
    last = 0
    for event in events:
        leaf = hashlib.sha256(b"\0" + b"".join(column(event[name]) for name in COLUMNS)).digest()
        if hashlib.sha256(bytes.fromhex(event["previous"]) + leaf).hexdigest() != event["hash"]:
            raise Wrong(f"event {event['position']}: its hash does not follow from what it says")
        if not last < event["position"] <= size:
            raise Wrong(f"event {event['position']}: it is out of order, or not covered by the checkpoint")
        path = [bytes.fromhex(one) for one in event["path"]]
        if leads_to(leaf, event["position"] - 1, size, path) != root:
            raise Wrong(f"event {event['position']}: it is not in the log that was signed")
        if event["subject"] != events[0]["subject"]:
            raise Wrong(f"event {event['position']}: it is about another item")
        last = event["position"]
    first = events[0]["position"]
    return f"{len(events)} events are in the log that was signed, at positions {first} to {last} of {size}"


def readings_of(events: List[Event]) -> Dict[str, Any]:
    """What the events say of the item's words, as digests, by the folder that has them; no version is missing."""
    readings, begun = {}, []
    for event in events:
        kind, data = event["kind"].partition("/")[0], json.loads(event["data"])
        if kind in ("item.published", "item.revised"):
            begun.append(data.get("to_version", 1))
            readings[str(begun[-1])] = data["content"]
        elif kind in ("item.completed", "item.reextracted"):
            readings[f"{data['version']}/read-{event['position']}"] = data["content"]
    if begun != list(range(1, len(begun) + 1)):
        raise Wrong("a version of the item is missing")
    return readings


def versions_hold(files: Files, events: List[Event]) -> str:
    """The words of each version are those whose digests the events carry."""
    readings = readings_of(events)
    count = sum("/" not in folder for folder in readings)
    erased = [event for event in events if event["kind"].startswith("text.erased/")]
    if erased:
        if any(name.startswith("versions/") for name in files):
            raise Wrong("the item is erased, yet words of it are here")
        return f"the words of {count} versions were erased: {json.loads(erased[0]['data'])['why']}"
    found = re.fullmatch(r"([0-9a-f]{32})\n", member(files, "versions/salt.txt").decode())
    if not found:  # a salt of another length could take letters from the words, or give them some
        raise Wrong("versions/salt.txt holds no salt")
    salt, named = bytes.fromhex(found.group(1)), {"versions/salt.txt"}
    for folder, content in readings.items():
        said = {file: content[field] for field, file in SAID_BY_LOG.items()}
        if content.get("page"):
            said["page.txt"] = content["page"]["text"]
        for file, digest in said.items():
            name = f"versions/{folder}/{file}"
            named.add(name)
            if hashlib.sha256(salt + member(files, name)).hexdigest() != digest:
                raise Wrong(f"{name} is not what was recorded")
    if strangers := sorted(name for name in files if name.startswith("versions/") and name not in named):
        raise Wrong(f"words that no event knows: {', '.join(strangers)}")
    return f"the words of {count} versions are those that were recorded"


# --- the captures -----------------------------------------------------------------------------------------------------


def records_of(raw: bytes) -> Iterator[Tuple[Dict[str, str], bytes]]:
    """The records of a WARC file: headers and block of each."""
    data, place = gzip.decompress(raw), 0
    while place < len(data):
        end = data.index(b"\r\n\r\n", place)
        head, *lines = data[place:end].decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        if len(headers) != len(lines):
            raise Wrong("a record of captures.warc.gz has two headers of one name")
        length = int(headers["Content-Length"])
        block = data[end + 4 : end + 4 + length]
        if head != "WARC/1.1" or data[end + 4 + length : end + 8 + length] != b"\r\n\r\n":
            raise Wrong("captures.warc.gz holds something that is no record")
        yield headers, block
        place = end + 8 + length


def captures_hold(files: Files, events: List[Event]) -> str:
    """Each captured document is one whose digest an event carries."""
    cited = {json.loads(event["data"]).get("capture", "") for event in events} - {""}
    kept = set()
    for headers, block in records_of(member(files, "captures.warc.gz")):
        if "sha256:" + hashlib.sha256(block).hexdigest() != headers["WARC-Block-Digest"]:
            raise Wrong("a record of captures.warc.gz is not what it was")
        if headers["WARC-Type"] == "response":
            digest = "sha256:" + hashlib.sha256(block.partition(b"\r\n\r\n")[2]).hexdigest()
            if digest != headers["WARC-Payload-Digest"] or digest not in cited:
                raise Wrong("captures.warc.gz holds a document that no event names")
            kept.add(digest)
        elif headers["WARC-Type"] != "warcinfo":
            raise Wrong("captures.warc.gz holds a record that is no document, and that nothing vouches for")
    lost = f"; {len(cited) - len(kept)} more are not here: README.txt says why" if kept != cited else ""
    return f"{len(kept)} captured documents are those that the events name{lost}"


# --- the timestamp ----------------------------------------------------------------------------------------------------

STAMP = "timestamp.tsr states {}-{}-{} {}:{}:{} UTC. Whose word that is, the authority's certificate shows:"
OPENSSL = "openssl ts -verify -data checkpoint.txt -in timestamp.tsr -CAfile ../CA.pem"


def elements(der: bytes) -> List[bytes]:
    """What stands in each element of DER (X.690), one after the other."""
    found, place = [], 0
    while place < len(der):
        length, place = der[place + 1], place + 2
        if length >= 0x80:
            after = place + length - 0x80
            length, place = int.from_bytes(der[place:after], "big"), after
        if place + length > len(der):
            raise Wrong("timestamp.tsr is cut off")
        found.append(der[place : place + length])
        place += length
    return found


def stamped(timestamp: bytes) -> Tuple[bytes, str]:
    """The SHA-256 that was stamped (RFC 3161), and what is said of the time; who signed that is not looked at."""
    status, token = elements(elements(timestamp)[0])
    signed = elements(elements(elements(token)[1])[0])
    info = elements(elements(elements(elements(signed[2])[1])[0])[0])
    algorithm, digest = elements(info[2])
    time = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z", info[4].decode())
    if elements(status)[0] not in (b"\0", b"\1") or elements(algorithm)[0].hex() != "608648016503040201" or not time:
        raise Wrong("timestamp.tsr is no timestamp with SHA-256")
    return digest, STAMP.format(*time.groups())


# --- the program ------------------------------------------------------------------------------------------------------


def checks(files: Files, trusted: str) -> Iterator[str]:
    """What holds, line by line; raises Wrong at what does not."""
    yield sums_hold(files)
    text = trusted or member(files, "key.txt").decode()
    key = public_key(text)
    size, root = checkpoint(member(files, "checkpoint.txt").decode(), key)
    yield f"the checkpoint is signed: the log had {size} events then; key {text.strip()}"
    events = events_of(files)
    yield events_hold(events, size, root)
    yield versions_hold(files, events)
    yield captures_hold(files, events)
    if "timestamp.tsr" in files:
        if stamped(files["timestamp.tsr"])[0] != hashlib.sha256(files["checkpoint.txt"]).digest():
            raise Wrong("timestamp.tsr is a timestamp of something else than checkpoint.txt")
        yield "timestamp.tsr is a timestamp of checkpoint.txt"


def say(word: str, line: str) -> None:
    """A line that harms no terminal."""
    plain = line.encode("ascii", "backslashreplace").decode()
    sys.stdout.write(f"{word:6} {re.sub('[^ -~]', '?', plain)}\n")


def main(arguments: List[str]) -> int:
    """The exit status."""
    trusted = ""
    if "--key" in arguments[:-1]:
        trusted = arguments.pop(arguments.index("--key") + 1)
        arguments.remove("--key")
    if len(arguments) > 1 or any(word.startswith("-") for word in arguments):
        sys.stderr.write(__doc__)
        return 2
    place = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        files = read(place)
    except Wrong as wrong:
        say("WRONG", str(wrong))
        return 1
    except Exception as error:  # noqa: BLE001  # a zip with one byte changed can end in anything
        sys.stderr.write(f"{place} cannot be read: {error or type(error).__name__}\n")
        return 2
    try:
        for line in checks(files, trusted):
            say("ok", line)
    except Wrong as wrong:
        say("WRONG", str(wrong))
        return 1
    except (*ODD, zlib.error) as odd:
        say("WRONG", f"it is not as it was written ({type(odd).__name__}: {odd})")
        return 1
    if "timestamp.tsr" in files:
        say("note", stamped(files["timestamp.tsr"])[1])
        say("", OPENSSL)
    if not trusted:
        say("note", "the key came with the file: compare it with one that you have from elsewhere")
    sys.stdout.write("all of it holds\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
