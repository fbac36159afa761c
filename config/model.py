"""What the settings say, as frozen values: durations are `timedelta`, sizes bytes, secrets `SecretValue`.

Made by `config.load`, which also says where each mistake stands; other rooms only read them, and may build them by hand
in tests (a key that TOML calls `from` is `sender` here). Everything is resolved: `every`, `proxy` and `title` of a feed
are filled from [fetch] and its id, relative paths are absolute, secrets are read. Defaults: docs/settings.md. A wrong
value raises `pydantic.ValidationError`. The words of `on` and `min_change` are those of the log's vocabulary.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt

from config import addresses, values
from config.secret import SecretValue

Severity = Literal["low", "normal", "high"]
MinChange = Literal["whitespace", "markup", "punctuation", "metadata", "wording", "title"]
ItemTransition = Literal["appeared", "changed", "dropped", "withdrawn", "restored", "delisted"]
HealthKind = Literal["degraded", "recovered", "quiet", "gone", "moved", "reissued", "gap"]
Page = Literal["none", "fulltext", "matched"]
DEFAULT_ON: tuple[ItemTransition, ...] = ("appeared", "changed", "dropped", "withdrawn", "restored")
HEALTH_KINDS: frozenset[str] = frozenset(get_args(HealthKind))

T = TypeVar("T")


def read_secret(value: object) -> SecretValue:
    """A secret as the file, or `config.reveal`, gives it."""
    return value if isinstance(value, SecretValue) else SecretValue(values.text_of(value))


class Checked:
    """A secret whose text passes `check`; what `check` says must not repeat the text."""

    def __init__(self, check: Callable[[str], object]) -> None:
        self.check = check

    def __call__(self, secret: SecretValue) -> SecretValue:
        """The same secret, or the ValueError of `check`."""
        self.check(secret.reveal())
        return secret


def _once_each(items: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))


Text = Annotated[str, BeforeValidator(values.text_of)]
Duration = Annotated[timedelta, BeforeValidator(values.positive_duration)]
Revisit = Annotated[timedelta, BeforeValidator(values.look_again)]
Secret = Annotated[SecretValue, BeforeValidator(read_secret)]
HeaderText = Annotated[SecretValue, BeforeValidator(read_secret), AfterValidator(Checked(addresses.header_text))]
Url = Annotated[str, BeforeValidator(addresses.web_url)]
Mailbox = Annotated[str, BeforeValidator(addresses.mailbox)]
Name = Annotated[str, BeforeValidator(values.text_of)]
Names = Annotated[tuple[Name, ...], AfterValidator(_once_each)]
Headers = Mapping[Annotated[str, BeforeValidator(addresses.header_name)], HeaderText]
SigningSecret = Annotated[SecretValue, BeforeValidator(read_secret), AfterValidator(Checked(addresses.signing_secret))]
Proxy = Annotated[SecretValue, BeforeValidator(read_secret), AfterValidator(Checked(addresses.proxy))]


class Table(BaseModel):
    """What all tables share. `SECRETS` names the keys that may be written as `{ env = … }` or `{ file = … }`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True, populate_by_name=True
    )
    SECRETS: ClassVar[frozenset[str]] = frozenset()


class Store(Table):
    """[store]. `url` is `sqlite:////absolute/path`."""

    url: Text
    keep_raw: Duration = timedelta(days=90)

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return Path(self.url.removeprefix("sqlite:///"))


class Daemon(Table):
    """[daemon]. Nothing yet."""


class Fetch(Table):
    """[fetch]: how every feed is asked. `max_body` is in bytes, after inflation."""

    SECRETS: ClassVar = frozenset({"proxy"})
    every: Duration = timedelta(minutes=10)
    timeout: Duration = timedelta(seconds=30)
    max_body: Annotated[int, BeforeValidator(values.size)] = 10 << 20
    max_in_flight: Annotated[StrictInt, Field(ge=1, le=10_000)] = 64
    per_host: Annotated[StrictInt, Field(ge=1, le=1_000)] = 2
    contact: Text = ""
    proxy: Proxy | None = None
    allow_networks: tuple[Annotated[addresses.Network, BeforeValidator(addresses.network)], ...] = ()


class Web(Table):
    """[web]. `listen` "" switches it off; `base_url` has no slash at its end."""

    SECRETS: ClassVar = frozenset({"token"})
    listen: Annotated[str, BeforeValidator(addresses.listen)] = "127.0.0.1:8321"
    token: Annotated[SecretValue, BeforeValidator(read_secret), AfterValidator(Checked(addresses.token))] | None = None
    base_url: Annotated[str, BeforeValidator(addresses.base_url)] = "http://127.0.0.1:8321"
    hosts: tuple[Annotated[str, BeforeValidator(addresses.host)], ...] = ()


class FeedSettings(Table):
    """[feeds.ID]. With `cron` set, that is the cadence, and `every` stands for it where a length is asked.

    `timezone` is a name of the IANA database, for cron and for dates that carry no zone. `first_fetch` as a duration:
    items of the first fetch claimed younger than that may alert. `revisit`: rising, counted from publication or change.
    """

    SECRETS: ClassVar = frozenset({"username", "password", "user_agent", "ca_file", "proxy", "encoding"})
    id: Annotated[str, BeforeValidator(values.feed_id)]
    url: Url
    title: Text = ""
    source: Annotated[str, BeforeValidator(values.source)] = ""
    every: Duration = timedelta(minutes=10)
    cron: Annotated[str, BeforeValidator(values.cron)] = ""
    timezone: Annotated[str, BeforeValidator(values.timezone)] = "UTC"
    language: Annotated[str, BeforeValidator(values.language)] = ""
    tags: Names = ()
    headers: Headers = {}
    username: Secret | None = None
    password: Secret | None = None
    user_agent: HeaderText | None = None
    ca_file: Secret | None = None
    proxy: Proxy | None = None
    encoding: Annotated[SecretValue, BeforeValidator(read_secret), AfterValidator(Checked(values.encoding))] | None = (
        None
    )
    first_fetch: Annotated[Literal["silent", "all"] | timedelta, BeforeValidator(values.first_fetch)] = "silent"
    identity: Literal["auto", "guid", "link", "title"] = "auto"
    page: Page = "none"
    revisit: Annotated[tuple[Revisit, ...], Field(min_length=1), AfterValidator(values.rising)] = (
        timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=7),
    )  # fmt: skip
    quiet_after: Annotated[timedelta | None, BeforeValidator(values.optional_duration)] = None
    enabled: StrictBool = True
    formerly: tuple[Annotated[str, BeforeValidator(values.feed_id)], ...] = ()


class Topic(Table):
    """[topics.ID]: a named list of terms, in any languages."""

    id: str
    label: Text = ""
    any: Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(_once_each)]


class Rule(Table):
    """[rules.ID]. `match` None: a rule about the health of sources. `feeds` as written; see `expand_feeds`."""

    id: str
    match: Annotated[str, Field(strict=True)] | None = None
    feeds: Names | None = None
    on: Annotated[tuple[Literal[ItemTransition, HealthKind], ...], Field(min_length=1), AfterValidator(_once_each)] = (
        DEFAULT_ON
    )
    notify: Names = ()
    severity: Severity = "normal"
    min_change: MinChange = "wording"
    stem: Annotated[bool, Field(strict=True)] = False


class Channel(Table):
    """What every [channels.ID] has."""

    id: str


class EmailChannel(Channel):
    """One mail per recipient. `sender` is `from` in the file; `port` follows `security` when it is not written."""

    SECRETS: ClassVar = frozenset({"username", "password"})
    type: Literal["email"] = "email"
    to: Annotated[tuple[Mailbox, ...], Field(min_length=1)]
    sender: Annotated[Mailbox, Field(validation_alias="from")]
    host: Annotated[str, BeforeValidator(addresses.host)]
    port: Annotated[StrictInt, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Secret | None = None
    password: Secret | None = None


class WebhookChannel(Channel):
    """Standard Webhooks. `secrets` is `secret` in the file, each `whsec_…`: several while one rotates, or none."""

    SECRETS: ClassVar = frozenset({"url", "secret"})
    type: Literal["webhook"] = "webhook"
    url: Annotated[SecretValue, BeforeValidator(read_secret), AfterValidator(Checked(addresses.secret_url))]
    secrets: Annotated[tuple[SigningSecret, ...], Field(validation_alias="secret")] = ()
    format: Literal["json"] = "json"
    headers: Headers = {}


class ConsoleChannel(Channel):
    """One readable block per alert on standard output."""

    type: Literal["console"] = "console"


AnyChannel = EmailChannel | WebhookChannel | ConsoleChannel
CHANNEL_TYPES: Mapping[str, type[AnyChannel]] = {
    "email": EmailChannel, "webhook": WebhookChannel, "console": ConsoleChannel,
}  # fmt: skip


class Settings(Table):
    """Everything, in the order of the files. The keys of the mappings are the ids."""

    store: Store
    daemon: Daemon = Daemon()
    fetch: Fetch = Fetch()
    web: Web = Web()
    feeds: Mapping[str, FeedSettings] = {}
    topics: Mapping[str, Topic] = {}
    rules: Mapping[str, Rule] = {}
    channels: Mapping[str, AnyChannel] = {}


def is_glob(wanted: str) -> bool:
    """Whether an entry of a rule's `feeds` is a pattern rather than one id."""
    return any(sign in wanted for sign in "*?[")


def expand_feeds(rule: Rule, feeds: Mapping[str, FeedSettings]) -> tuple[str, ...] | None:
    """The ids that a rule's `feeds` stand for, sorted; None means every feed, those of tomorrow included."""
    if rule.feeds is None:
        return None
    found: set[str] = set()
    for wanted in rule.feeds:
        if wanted.startswith("tag:"):
            found.update(name for name, feed in feeds.items() if wanted[4:] in feed.tags)
        elif is_glob(wanted):
            found.update(name for name in feeds if fnmatchcase(name, wanted))
        elif wanted in feeds:
            found.add(wanted)
    return tuple(sorted(found))
