"""The script of the demo, as data: what the ministry says, does to its statements, and what must come of each deed.

Pure. Made-up people of a made-up country. A scene is a heading and its steps in order. A `Deed` names the event that
the log must hold because of it (`seen`, as `aggregator.demo.audit` words it; "" = none) and the transition that the
desk must be told of, once by each channel (`told`; "" = it must hear nothing).
"""

from dataclasses import dataclass
from datetime import timedelta

TOPIC = ("ceasefire", "truce", "перемири*")
RULE = "ceasefire"
FEED = "velmara"
COUNTRY = "Velmara"
MINISTRY = f"Ministry of Foreign Affairs, {COUNTRY}"
EVERY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `name` is its place on the site. `age`: how long before the play it claims to be published."""

    name: str
    title: str
    text: str
    age: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Publish:
    """A new statement, in the feed and on its page."""

    statement: Statement

    @property
    def name(self) -> str:
        """The statement that it is about."""
        return self.statement.name


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A published text changes in place; the dates that the feed claims stay."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Out of the feed, and its page answers 410."""

    name: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """The next poll gets 200 and a page against robots instead of the feed. It is about no statement."""

    name: str = ""


Act = Publish | Rewrite | Withdraw | Challenge


@dataclass(frozen=True, slots=True)
class Deed:
    """What the ministry does, in words (`brief`: in a few, for the books), and what must come of it."""

    act: Act
    brief: str
    words: str
    seen: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class DeskCloses:
    """The desk's webhook answers 503 and its mail server 451, until it opens."""

    words: str


@dataclass(frozen=True, slots=True)
class DeskOpens:
    """The desk takes what it is sent."""

    words: str


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to the daemon."""

    words: str


@dataclass(frozen=True, slots=True)
class Restart:
    """The daemon starts again, over the record as the killed one left it."""

    words: str


Step = Deed | DeskCloses | DeskOpens | Kill | Restart


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing to be seen, and what it is to show."""

    heading: str
    steps: tuple[Step, ...]


BEFORE = (
    Statement(
        "briefing",
        "Briefing by the spokesperson",
        "Asked about the truce at Lake Oreth, the spokesperson said that talks go on. "
        "The ferry terminal at Port Amel opens in May.",
        timedelta(hours=20),
    ),
    Statement(
        "call",
        "Call with the Foreign Minister of Sandria",
        "The ministers agreed that the ceasefire needs a joint commission.",
        timedelta(hours=44),
    ),
    Statement(
        "consular",
        "New hours of the consular section",
        "The consular section is open from 9:00 to 15:00.",
        timedelta(hours=70),
    ),
    Statement(
        "visas",
        "Visa agreement enters into force",
        "Citizens of both countries may stay for 90 days without a visa.",
        timedelta(hours=98),
    ),
    Statement(
        "grants",
        "Scholarships for students from abroad",
        "Applications are open until the end of the month.",
        timedelta(hours=120),
    ),
)
"""What the site shows when the daemon first looks, newest first."""

STATEMENT = Statement(
    "oreth",
    "Statement on the ceasefire at Lake Oreth",
    "The Government is bound by the ceasefire. It keeps 40 observers at the lake.",
)
IN_A_SECOND_SCRIPT = Statement(
    "oreth-ru",
    "О соблюдении перемирия на озере Орет",
    "Стороны подтвердили, что перемирие соблюдается.",
)

SCENES = (
    Scene(
        "A statement on the topic appears",
        (
            Deed(
                Publish(STATEMENT),
                brief="publishes",
                words=f'publishes "{STATEMENT.title}"',
                seen="published",
                told="appeared",
            ),
        ),
    ),
    Scene(
        "One word changes, and no date",
        (
            Deed(
                Rewrite("oreth", "is bound", "is not bound"),
                brief="edits one word",
                words="edits one word of it, without notice",
                seen="wording, negation",
                told="changed",
            ),
        ),
    ),
    Scene(
        "What is no news",
        (
            Deed(
                Rewrite("oreth", ". It keeps", ".\nIt keeps"),
                brief="breaks a paragraph",
                words="breaks its paragraph in two: no word differs",
                seen="whitespace",
            ),
            Deed(
                Challenge(),
                brief="shows a robot check",
                words="answers a poll with a page against robots: 200, HTML, no statement",
            ),
        ),
    ),
    Scene(
        "kill -9, after the alert is raised and before the desk has it",
        (
            DeskCloses("is down: its webhook answers 503, its mail server 451"),
            Deed(
                Publish(IN_A_SECOND_SCRIPT),
                brief="publishes in Russian",
                words=f"publishes «{IN_A_SECOND_SCRIPT.title}»",
                seen="published",
                told="appeared",
            ),
            Kill("killed with SIGKILL"),
            Deed(
                Rewrite("oreth", "40 observers", "14 observers"),
                brief="edits one number",
                words="edits one number of the first statement while nobody looks",
                seen="wording, number",
                told="changed",
            ),
            DeskOpens("is back"),
            Restart("started again"),
        ),
    ),
    Scene(
        "The topic goes from a statement",
        (
            Deed(
                Rewrite("briefing", BEFORE[0].text, "The ferry terminal at Port Amel opens in May."),
                brief="drops the topic",
                words="takes the truce out of a briefing; the rest stays",
                seen="wording, name",
                told="dropped",
            ),
        ),
    ),
    Scene(
        "A statement goes",
        (
            Deed(
                Withdraw("call"),
                brief="withdraws one",
                words="takes the readout of a call out of the feed, and its page down",
                seen="withdrawn",
                told="withdrawn",
            ),
        ),
    ),
)
