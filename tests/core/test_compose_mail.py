"""Mails as they will leave: headers, threads, both texts, and titles that try to break out."""

import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import replace
from email.header import decode_header
from email.message import EmailMessage
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.compose import ChannelComposer, ConsoleForm, Form, MailForm
from alerts.facts import AlertFacts
from alerts.mime import bare_address, fault, header_text, mailbox_text, message
from alerts.plain import one_line
from alerts.story import marked
from store.events import AlertId, ChannelId, Hit, ItemPublished
from store.ports import Delivery

FactsMaker = Callable[..., AlertFacts]
TO = ("one@example.org", "Zwei Üser <two@example.org>")
ALONE = MailForm("witness@example.org", ("one@example.org",))
FORM = MailForm("Feed Witness <witness@example.org>", TO)


@cache
def composer(form: Form) -> ChannelComposer:
    return ChannelComposer({ChannelId("mail"): form}, "http://127.0.0.1:8321")


def mails(facts: AlertFacts, form: MailForm = FORM) -> list[Delivery]:
    return list(composer(form).deliveries(replace(facts, rule=replace(facts.rule, notify=(ChannelId("mail"),)))))


def opened(delivery: Delivery) -> EmailMessage:
    assert fault(delivery.body) == ""
    parsed = email.message_from_bytes(delivery.body, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def texts(mail: EmailMessage) -> tuple[str, str]:
    plain, html = (part.get_content() for part in mail.iter_parts())
    return plain, html


def one_mail(facts: AlertFacts) -> EmailMessage:
    return opened(mails(facts)[0])


# --- headers and threads ----------------------------------------------------------------------------------------------


def test_each_recipient_gets_a_mail_of_their_own(alert_facts: FactsMaker) -> None:
    first, second = mails(alert_facts())
    assert [(d.recipient, d.number) for d in (first, second)] == [("one@example.org", 0), ("two@example.org", 1)]
    assert [opened(d)["To"] for d in (first, second)] == ["one@example.org", "Zwei Üser <two@example.org>"]
    assert b"two@example.org" not in first.body
    assert first.id != second.id


@pytest.mark.parametrize(
    ("transition", "subject"),
    [
        ("appeared", "[desk] Aid for Syria"),
        ("changed", "[desk] Changed: Aid for Syria"),
        ("dropped", "[desk] Topic dropped: Aid for Syria"),
        ("withdrawn", "[desk] Withdrawn: Aid for Syria"),
        ("restored", "[desk] Restored: Aid for Syria"),
        ("delisted", "[desk] Delisted: Aid for Syria"),
        ("degraded", "[desk] Source cannot be seen: Ministry"),
    ],
)
def test_the_subject_names_the_rule_what_happened_and_the_title(
    alert_facts: FactsMaker, transition: str, subject: str
) -> None:
    assert one_mail(alert_facts(transition))["Subject"] == subject


def test_the_headers_say_what_a_mail_program_needs_to_know(alert_facts: FactsMaker) -> None:
    mail = one_mail(alert_facts())
    assert mail["From"] == "Feed Witness <witness@example.org>"
    assert mail["Date"] == "Sat, 21 Nov 2026 12:00:05 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<desk.feedwitness.example.org>"
    assert mail["X-Feedwitness-Alert"] == "0123456789abcdef0123456789abcdef"
    assert mail["Message-ID"].endswith("@example.org>")
    assert {part.get_content_type() for part in mail.iter_parts()} == {"text/plain", "text/html"}


def test_a_statement_that_was_recovered_late_says_so_among_the_details(alert_facts: FactsMaker) -> None:
    facts = alert_facts()
    published = facts.cause.event
    assert isinstance(published, ItemPublished)
    late = replace(facts, cause=replace(facts.cause, event=replace(published, mark="recovered-late")))
    for said, told in ((facts, False), (late, True)):
        for text in texts(one_mail(said)):
            assert ("Recovered late" in text and "an older page of the feed" in text) is told


def test_composing_again_gives_the_same_bytes_and_ids(alert_facts: FactsMaker) -> None:
    assert mails(alert_facts("changed")) == mails(alert_facts("changed"))


def test_later_mails_to_a_recipient_answer_the_first_one_that_they_got(alert_facts: FactsMaker) -> None:
    first = alert_facts()
    later = alert_facts("changed")
    later = replace(later, alert=replace(later.alert, alert=AlertId("e" * 32), follows=first.alert.alert))
    for one, two in zip(map(opened, mails(first)), map(opened, mails(later)), strict=True):
        assert two["In-Reply-To"] == one["Message-ID"]
        assert one["Message-ID"] in two["References"].split()
        assert set(one["References"].split()) & set(two["References"].split())
        assert one["Message-ID"] != two["Message-ID"]
        assert one["In-Reply-To"] is None


def test_the_thread_holds_even_if_the_first_mail_never_went_to_this_recipient(alert_facts: FactsMaker) -> None:
    later = one_mail(alert_facts("changed"))
    last = one_mail(alert_facts("withdrawn"))
    assert later["References"].split()[0] == last["References"].split()[0]


def test_threads_of_other_rules_and_items_are_other_threads(alert_facts: FactsMaker) -> None:
    facts = alert_facts()
    other = replace(facts, alert=replace(facts.alert, item="ministry/zzzzzzzzzzzzzzzz"))  # type: ignore[arg-type]  # plain text
    assert one_mail(facts)["References"] != one_mail(other)["References"]


def test_a_sender_without_a_usable_domain_still_gives_ids(alert_facts: FactsMaker) -> None:
    (mail,) = mails(alert_facts(), MailForm("witness", ("a@b.example",)))
    assert opened(mail)["Message-ID"].endswith("@feedwitness.invalid>")


# --- what people read -------------------------------------------------------------------------------------------------


def test_the_plain_text_reads_well_alone(alert_facts: FactsMaker) -> None:
    plain, _ = texts(one_mail(alert_facts("changed")))
    assert plain.splitlines() == [
        "Aid for Syria",
        "changed (wording, number): version 1 to 2",
        "",
        "Source         Ministry (ministry)",
        "Link           https://ministry.example/statements/1",
        "Claimed        2026-11-21 11:00:00 UTC (by the source)",
        "Observed       2026-11-21 12:00:00 UTC",
        "Matched        Syria",
        "Severity       high",
        "",
        "The aid convoy for Syria left at noon.",
        "It carried [-12-]{+120+} tonnes of flour.",
        "",
        "[-removed-] {+added+} […] left out",
        "",
        "Every version: http://127.0.0.1:8321/items/ministry/abcdefghij234567",
        "alert 0123456789abcdef0123456789abcdef · log position 41 · hash 0001020304050607",
    ]


def test_the_html_marks_the_words_and_the_diff_and_loads_nothing(alert_facts: FactsMaker) -> None:
    _, html = texts(one_mail(alert_facts("changed")))
    assert '<mark style="background:#ff9">Syria</mark>' in html
    assert '<del style="background:#fdd">12</del><ins style="background:#dfd">120</ins>' in html
    assert all(sign not in html for sign in ("<img", "<link", "<script", "url(", "src="))


def test_a_withdrawal_shows_the_evidence_and_the_last_text(alert_facts: FactsMaker) -> None:
    plain, _ = texts(one_mail(alert_facts("withdrawn")))
    for line in ("Last seen      2026-11-21 10:00:00 UTC", "Grade          page-gone", "Evidence       410 at 11:00"):
        assert line in plain
    assert "120 tonnes" in plain


def test_markup_in_a_feed_stays_text(alert_facts: FactsMaker) -> None:
    evil = '<img src=x onerror=alert(1)> {{ 7*7 }} "&'
    _, html = texts(one_mail(alert_facts(title=evil, text=f"Syria {evil}")))
    assert "<img" not in html
    assert "{{ 7*7 }}" in html


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:x", "http://[bad", "", "file:///x"]
)
def test_only_web_links_become_links(alert_facts: FactsMaker, link: str) -> None:
    facts = alert_facts()
    assert facts.item is not None
    _, html = texts(one_mail(replace(facts, item=replace(facts.item, link=link))))
    assert html.count("href=") == 1  # the history


def test_marked_pieces_join_overlapping_terms_and_lose_no_text() -> None:
    assert list(marked("two-state solution", [(0, 9), (4, 18), (4, 4), (30, 40)])) == [
        (True, "two-state"),
        (True, " solution"),
    ]
    assert list(marked("a Syria b", [(2, 7)])) == [(False, "a "), (True, "Syria"), (False, " b")]


def test_the_console_shows_one_block_whose_lines_cannot_be_forged(alert_facts: FactsMaker) -> None:
    facts = alert_facts(
        "changed",
        notify=("mail",),
        title="Aid\n== [desk] forged\x1b[2J\u202e",
        before="Syria a.",
        text="Syria b\n== x.",
    )
    lines = composer(ConsoleForm()).deliveries(facts)[0].body.decode().splitlines()
    assert lines[0] == "== [desk] Changed: Aid == [desk] forged\ufffd[2J\ufffd"
    assert all(line.startswith("   ") for line in lines[1:])
    assert "   | Syria [-a-]{+b == x+}." in lines


def test_the_console_shows_each_change_with_the_words_around_it(alert_facts: FactsMaker) -> None:
    far = " and so on" * 30
    facts = alert_facts(
        "changed", notify=("mail",), before=f"Syria got 12.{far} It ends.", text=f"Syria got 120.{far} It ended."
    )
    lines = composer(ConsoleForm()).deliveries(facts)[0].body.decode().splitlines()
    shown = [line for line in lines if line.startswith("   | ")]
    assert len(shown) == 2
    assert shown[0].startswith("   | Syria got [-12-]{+120+}. and so on")
    assert shown[1].endswith("It [-ends-]{+ended+}.")


# --- hostile titles ---------------------------------------------------------------------------------------------------

TRAPS = [
    "\r\nBcc: evil@example.org", "\nX: y", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0", "\x7f", "\ud800",
    "=?utf-8?q?=0ABcc:_x?=", "=?utf-8?b?", "?=", "\u202e", "\t", "é", "语", "😀", "a" * 90,
    " ", ":", "\\", '"', "<", ",",
]  # fmt: skip
TITLES = st.lists(st.one_of(st.sampled_from(TRAPS), st.text(max_size=12)), max_size=12).map("".join)
ENCODED_WORD = re.compile(r"=\?utf-8\?b\?[A-Za-z0-9+/]+=*\?=")
HEADERS = [
    "Date", "From", "To", "Subject", "Message-ID", "References", "Auto-Submitted", "List-Id", "X-Feedwitness-Alert",
    "X-Feedwitness-Checkpoint",
    "MIME-Version", "Content-Type",
]  # fmt: skip


def check_title(make: FactsMaker, title: str) -> None:
    facts = make(title=title, text=title)
    facts = replace(facts, alert=replace(facts.alert, hits=(Hit(title[:3] or "x", "title", 0, 3),)))
    body = mails(facts, ALONE)[0].body
    assert fault(body) == ""
    mail = email.message_from_bytes(body, policy=email.policy.default)
    assert mail.keys() == HEADERS
    assert not mail.defects
    written = body.split(b"Subject: ", 1)[1].split(b"\r\nMessage-ID", 1)[0].decode().split("\r\n ")
    assert all(ENCODED_WORD.fullmatch(line) for line in written) or "=?" not in "".join(written)
    assert max(map(len, body.split(b"\r\n"))) <= 78


@given(title=TITLES)
@settings(deadline=None)
def test_no_title_breaks_a_mail(alert_facts: FactsMaker, title: str) -> None:
    check_title(alert_facts, title)


@pytest.mark.long
@given(title=TITLES)
@settings(max_examples=10_000, deadline=None)
def test_ten_thousand_titles_break_no_mail(alert_facts: FactsMaker, title: str) -> None:
    check_title(alert_facts, title)


SPOKEN = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200).map(
    lambda t: " ".join(t.split())
)


@given(SPOKEN)
@settings(max_examples=150, deadline=None)
def test_a_title_arrives_as_it_was_written(title: str) -> None:
    pieces = decode_header(header_text(title).replace("\r\n ", " "))
    got = "".join(part.decode(charset or "ascii") if isinstance(part, bytes) else part for part, charset in pieces)
    assert got == one_line(title)


def test_a_title_of_five_thousand_characters_is_cut_for_the_subject(alert_facts: FactsMaker) -> None:
    subject = one_mail(alert_facts(title="Syria " * 1_000))["Subject"]
    assert len(subject) < 300
    assert subject.endswith("…")


# --- the last look ----------------------------------------------------------------------------------------------------

GOOD = message([("Subject", "x")], "plain", "<p>html</p>", "b")


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (GOOD.replace(b"Subject: x", b"Subject: x\nBcc: y"), "bare"),
        (GOOD.replace(b"Subject: x", b"Subject: x\rBcc: y"), "bare"),
        (GOOD.replace(b"plain", b"pl\0in"), "bare"),
        (GOOD.replace(b"Subject: x", b"Subject: x\r\nSubject: y"), "twice"),
        (GOOD.replace(b"Subject: x", b"Subject x"), "that is none"),
        (GOOD.replace(b"Subject: x", b" Subject: x"), "that is none"),
        (GOOD.replace(b"Subject: x", b"Subject: " + b"x" * 999), "longer"),
        (GOOD.replace(b"plain\r\n", b"pl\xc3\xa4in\r\n", 1), "not ASCII"),
        (GOOD.rstrip(), "no end"),
        (b"Subject: x\r\n", "no end"),
    ],
)
def test_a_broken_message_is_found_before_it_leaves(broken: bytes, problem: str) -> None:
    assert fault(GOOD) == ""
    assert problem in fault(broken)


@pytest.mark.parametrize(
    ("mailbox", "bare", "shown"),
    [
        ("a@example.org", "a@example.org", "a@example.org"),
        ("A B <a@example.org>", "a@example.org", "A B <a@example.org>"),
        ('"B, A" <a@example.org>', "a@example.org", '"B, A" <a@example.org>'),
        ("u@пример.рф", "u@xn--e1afmkfd.xn--p1ai", "u@xn--e1afmkfd.xn--p1ai"),
        ("Юг <юг@пример.рф>", "юг@xn--e1afmkfd.xn--p1ai", "=?utf-8?b?0K7Qsw==?= <юг@xn--e1afmkfd.xn--p1ai>"),
    ],
)
def test_addresses_are_bare_in_the_envelope_and_named_in_the_header(mailbox: str, bare: str, shown: str) -> None:
    assert (bare_address(mailbox), mailbox_text(mailbox)) == (bare, shown)


@given(title=TITLES)
def test_a_header_value_is_safe_by_itself_whoever_cleaned_the_text_before(title: str) -> None:
    for line in header_text(f"a\r\nBcc: x{title}\n\x0b\x85\u2028").split("\r\n "):
        assert line.isascii()
        assert line.isprintable()
