"""The demo's mail server, asked by the standard library's client."""

import asyncio
import smtplib

import pytest

from aggregator.demo.mailbox import mailbox

MAIL = b"Subject: one\r\n\r\nfirst\r\n.hidden\r\n..two\r\n"


def talk(taken, conversation):
    """Run a blocking conversation with a mailbox that keeps messages in `taken` and answers what it says."""

    def take(message):
        taken.append(message)
        return len(taken) > 1

    async def both():
        async with mailbox(take) as port:
            return await asyncio.to_thread(conversation, port)

    return asyncio.run(asyncio.wait_for(both(), 10))


def test_a_mail_is_refused_for_now_until_the_desk_takes_it_and_arrives_as_it_was_sent():
    taken = []

    def twice(port):
        with smtplib.SMTP("127.0.0.1", port) as client:
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("a@example.org", "b@example.org", MAIL)
            assert refused.value.smtp_code == 451
            assert client.sendmail("a@example.org", "b@example.org", MAIL) == {}

    talk(taken, twice)
    assert taken == [MAIL, MAIL]


def test_what_is_no_smtp_is_answered_and_what_breaks_off_is_forgotten():
    taken = []

    def strange(port):
        client = smtplib.SMTP("127.0.0.1", port)
        assert client.docmd("HURRY")[0] == 500
        client.ehlo()
        client.mail("a@example.org")
        client.rcpt("b@example.org")
        assert client.docmd("DATA")[0] == 354
        client.send(b"half a mail\r\n")
        client.close()
        with smtplib.SMTP("127.0.0.1", port) as another:
            assert another.noop()[0] == 250

    talk(taken, strange)
    assert taken == []
