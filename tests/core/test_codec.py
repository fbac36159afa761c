"""Events as bytes: canonical, exact both ways, and never changed once a program has written them."""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import codec
from store.codec import UnknownKind, Unreadable, Unwritable, decode, encode
from store.events import About, AlertHeld, Event, FeedDegraded, FeedGone, FeedId, RuleDefined, RuleRetired

GOLDEN = Path(__file__).parent.parent / "data" / "golden" / "events.tsv"
FULLER = Path(__file__).parent.parent / "data" / "golden" / "events-fuller.tsv"
CLEAN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
WHEN = datetime(2026, 11, 21, 20, 0, 0, 123456, tzinfo=UTC)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that the vocabulary allows for a type hint."""
    if isinstance(hint, NewType):
        return values(hint.__supertype__)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: values(hints[field.name]) for field in fields(hint)})
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of(*(values(argument) for argument in arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(CLEAN, values(arguments[1]), max_size=3)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: CLEAN,
        int: st.integers(-(2**53) + 1, 2**53 - 1),
        bool: st.booleans(),
        NoneType: st.none(),
        datetime: st.datetimes(timezones=st.just(UTC)),
    }
    return plain[hint]


def example(hint: Any, name: str, *, fuller: bool = False) -> Any:
    """One fixed value of a type hint: what the golden files hold; `fuller`: with what it learnt to say later."""
    if isinstance(hint, NewType):
        return example(hint.__supertype__, name, fuller=fuller)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        said = [field.name for field in fields(hint) if fuller or field.default is not None]
        return hint(**{name: example(hints[name], name, fuller=fuller) for name in said})
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return arguments[0]
    if origin in (Union, UnionType):
        return example(arguments[0], name, fuller=fuller)
    if origin is tuple:
        return (example(arguments[0], name + " 1"), example(arguments[0], name + " 2"))
    if origin is Mapping:
        return {"syria": example(arguments[1], name), "aid": example(arguments[1], name)}
    return {str: f'{name} "й" \\ \n 🕊', int: len(name), bool: True, datetime: WHEN}[hint]


EVENTS = st.one_of(*(values(kind) for kind in codec.KINDS.values()))


@settings(max_examples=200)
@given(EVENTS)
def test_every_event_comes_back_the_same(event: Event) -> None:
    kind, data = encode(event)
    assert decode(kind, data) == event


@settings(max_examples=200)
@given(EVENTS)
def test_bytes_are_canonical_json(event: Event) -> None:
    kind, data = encode(event)
    parsed = json.loads(data)
    assert data == canonical(parsed)
    assert encode(decode(kind, data)) == (kind, data)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS)
def test_ten_thousand_events_are_canonical_and_come_back_the_same(event: Event) -> None:
    kind, data = encode(event)
    assert data == canonical(json.loads(data))
    assert decode(kind, data) == event


def canonical(value: Any) -> bytes:
    """RFC 8785 for what events may hold, written apart from the codec: keys by their UTF-16 units."""
    if isinstance(value, dict):
        keys = sorted(
            value, key=lambda key: struct.unpack(f">{len(key.encode('utf-16-be')) // 2}H", key.encode("utf-16-be"))
        )
        return b"{" + b",".join(canonical(key) + b":" + canonical(value[key]) for key in keys) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(canonical, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()


def test_written_bytes_never_change() -> None:
    written = dict(line.split("\t", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines())
    assert set(written) == codec.KINDS.keys() | codec.UPCASTERS.keys(), (
        "a new kind needs its line here; an old one keeps it for ever"
    )
    for kind, event_class in codec.KINDS.items():
        event = example(event_class, kind)
        assert encode(event) == (kind, written[kind].encode())
        assert decode(kind, written[kind].encode()) == event


def test_what_a_kind_learnt_to_say_later_never_changes_either() -> None:
    written = dict(line.split("\t", 1) for line in FULLER.read_text(encoding="utf-8").splitlines())
    fuller = {kind: example(event_class, kind, fuller=True) for kind, event_class in codec.KINDS.items()}
    learnt = {kind: event for kind, event in fuller.items() if event != example(type(event), kind)}
    assert set(written) == set(learnt)
    for kind, event in learnt.items():
        assert encode(event) == (kind, written[kind].encode())
        assert decode(kind, written[kind].encode()) == event


def test_what_an_older_program_wrote_is_read_for_ever() -> None:
    written = dict(line.split("\t", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines())
    old = decode("rule.defined/1", written["rule.defined/1"].encode())
    assert old == replace(example(RuleDefined, "rule.defined/1"), rule=old.rule, stem=False)  # type: ignore[union-attr]
    assert codec.stored_kinds({RuleDefined.KIND}) == {"rule.defined/1", "rule.defined/2"}


def test_the_samples_of_rfc_8785_that_hold_no_floats() -> None:
    topics = {
        "\u20ac": ("Euro",),
        "\r": ("CR",),
        "\ufb33": ("Hebrew",),
        "1": ("One",),
        "😀": ("Smiley",),
        "\x80": ("C",),
        "ö": ("O",),
    }
    _, data = encode(rule(topics=topics, match='€$\x0f\nA\'B"\\\\"/'))
    assert list(json.loads(data)["topics"]) == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]
    assert b'"match":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"' in data


def rule(**changes: Any) -> RuleDefined:
    return replace(example(RuleDefined, "rule"), **changes)


def test_times_are_written_in_utc_with_six_digits() -> None:
    at = datetime(2026, 11, 21, 23, 0, tzinfo=timezone(timedelta(hours=3)))
    _, data = encode(FeedGone(FeedId("a"), at, "http_410"))
    assert b'"since":"2026-11-21T20:00:00.000000Z"' in data


@pytest.mark.parametrize(
    "wrong",
    [
        FeedGone(FeedId("nul\0"), WHEN, ""),
        FeedGone(FeedId("a"), WHEN, "lone \ud800 surrogate"),
        FeedGone(FeedId("a"), WHEN.replace(tzinfo=None), ""),
        FeedGone(FeedId("a"), "2026-11-21T20:00:00.000000Z", ""),  # type: ignore[arg-type]
        FeedGone(None, WHEN, ""),  # type: ignore[arg-type]
        FeedGone(FeedId("a"), WHEN, b"bytes"),  # type: ignore[arg-type]
        FeedDegraded(FeedId("a"), WHEN, "", 1.0),  # type: ignore[arg-type]
        FeedDegraded(FeedId("a"), WHEN, "", math.nan),  # type: ignore[arg-type]
        FeedDegraded(FeedId("a"), WHEN, "", True),
        FeedDegraded(FeedId("a"), WHEN, "", 2**53),
        rule(severity="extreme"),
        rule(topics={1: ("one",)}),
        rule(topics={"\udc00": ("low",)}),
        rule(on=["appeared"]),
        rule(feeds="kremlin-en"),
    ],
)
def test_what_could_not_come_back_the_same_is_refused(wrong: Event) -> None:
    with pytest.raises(Unwritable):
        encode(wrong)


def test_a_backslash_before_u0000_is_no_nul() -> None:
    event = FeedGone(FeedId("a"), WHEN, "C:\\u0000")
    assert decode(*encode(event)) == event


def test_an_unknown_kind_has_its_own_error() -> None:
    with pytest.raises(UnknownKind, match=r"feed\.exploded/1"):
        decode("feed.exploded/1", b"{}")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"rule":"r"',
        b'{"rule":1}',
        b'{"rule":null}',
        b'{"rule":"r","more":1}',
        b'{"role":"r"}',
        b"[" * 100_000,
    ],
)
def test_bytes_that_do_not_fit_their_kind_have_a_named_error(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode("rule.retired/1", data)


@given(st.binary(max_size=40), st.sampled_from(sorted(codec.KINDS)))
def test_no_bytes_raise_anything_else(data: bytes, kind: str) -> None:
    with pytest.raises(Unreadable):
        decode(kind, data)


def test_old_kinds_are_upcast_step_by_step() -> None:
    steps: dict[str, codec.Upcaster] = {
        "rule.removed/1": ("rule.removed/2", lambda old: {"id": old["name"]}),
        "rule.removed/2": ("rule.retired/1", lambda old: {"rule": old["id"]}),
    }
    assert decode("rule.removed/1", b'{"name":"syria"}', steps) == RuleRetired("syria")  # type: ignore[arg-type]
    assert codec.stored_kinds({"rule.retired/1"}, steps) == {"rule.retired/1", "rule.removed/2", "rule.removed/1"}


def test_upcasters_lead_to_kinds_that_we_know() -> None:
    for old, (new, _) in codec.UPCASTERS.items():
        assert old not in codec.KINDS
        assert new in codec.KINDS or new in codec.UPCASTERS


@given(values(About))
def test_metadata_goes_through_the_text_store_and_back(about: About) -> None:
    assert codec.about_from_text(codec.about_to_text(about)) == about


def test_kinds_are_stable_names_with_a_version() -> None:
    assert codec.KINDS["alert.held/1"] is AlertHeld
    assert len(codec.KINDS) == len(get_args(Event))
