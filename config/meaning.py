"""What each setting means, in a sentence: what editors show beside a key, and what docs/settings.md says of it.

One table, because two would differ: the JSON Schema takes its descriptions from here, and a test holds the reference to
the same words. Sections are those of `config.merge`, and the types of channels; keys are as TOML writes them.
"""

from collections.abc import Mapping

SECTIONS: Mapping[str, str] = {
    "store": "Where the record is kept.",
    "daemon": "How the daemon runs. No settings yet.",
    "fetch": "How every feed is asked.",
    "web": "What the daemon answers over HTTP: health, metrics, histories.",
    "feeds": "The sources. The name of a table is the feed's id for ever.",
    "topics": "Named lists of terms, for rules.",
    "rules": "What to be told of, and who is told.",
    "channels": "Ways out: mail, webhook, console.",
}

KEYS: Mapping[str, Mapping[str, str]] = {
    "": {
        "include": (
            'further files: paths, patterns (`"rules.d/*.toml"`), and files that come with the program '
            '(`"shipped:feeds/un.toml"`, `"shipped:topics/*.toml"`)'
        ),
    },
    "store": {
        "url": "`sqlite:///PATH`: the file that holds the record",
        "keep_raw": (
            "how long raw captures are kept; those that an alert cites stay, as do identities, versions and events"
        ),
    },
    "fetch": {
        "every": "how often a feed is asked that does not say so itself",
        "timeout": "for a whole request, redirects included",
        "max_body": "the largest document, after inflation; 1 KiB to 1 GiB",
        "max_in_flight": "requests at the same time; 1 to 10000",
        "per_host": "requests at the same time to one host; 1 to 1000",
        "contact": "a URL or mail address, told to the sites in the User-Agent; `check` warns while it is empty",
        "proxy": (
            "URL of an HTTP proxy; it may hold a user name and password. Proxy variables of the environment are "
            "not read"
        ),
        "allow_networks": (
            "private networks that URLs learnt from feeds and redirects may reach; URLs that you write may point "
            "anywhere. The pages of statements are learnt: of a feed on a private network no withdrawal can be "
            "confirmed without this"
        ),
    },
    "web": {
        "listen": 'address and port; `"[::1]:8321"` for IPv6, port 0 takes a free one, `""` switches it off',
        "token": "at least 8 visible ASCII characters; needed when `listen` is reachable from other machines",
        "base_url": "what links in alerts begin with",
        "hosts": "further host names to answer to",
    },
    "feeds": {
        "url": "http or https, without a user name or password inside",
        "title": "how messages name the source",
        "source": (
            "a word (`a-z`, `0-9`, `-`) that feeds of one site share: what stands in several of them, under the same "
            "link and in the same words, is told once, and what leaves one while another lists it is not gone"
        ),
        "every": "how often it is asked",
        "cron": "instead of `every`: five fields with cron's own meaning (0 and 7 are Sunday), in `timezone`",
        "timezone": "a name of the IANA database: for `cron`, and for dates that carry no zone",
        "language": '`"en"`, `"ru"`, `"zh-Hans"`',
        "tags": 'for rules: `feeds = ["tag:NAME"]`',
        "headers": "further request headers; they never follow a redirect to another origin",
        "username": "for Basic authentication",
        "password": "with `username`",
        "user_agent": "for sites that refuse a client that says who it is",
        "ca_file": "a file of certificates (PEM) to trust for this feed as well",
        "proxy": "URL of an HTTP proxy",
        "encoding": "read the document in this encoding, whatever it says",
        "first_fetch": (
            'which items of the first fetch may alert: none (`"silent"`), those claimed younger than a duration, '
            'or `"all"`'
        ),
        "identity": 'by what an item is recognised: `"auto"`, `"guid"`, `"link"` or `"title"`',
        "page": (
            'whether the page behind each item is read: never (`"none"`), once it is published and then as `revisit` '
            'says (`"fulltext"`), or for thirty days, if it alerted somebody (`"matched"`). Both need the extra '
            "`fulltext`"
        ),
        "revisit": (
            "when that page is looked at again, counted from the publication of the item, or its last change; rising, "
            "at most `30d`"
        ),
        "quiet_after": "a longer silence than this is told as `quiet`",
        "enabled": "`false` keeps the table and asks nothing",
        "formerly": "ids that this feed had before; all that is known under them is its own",
    },
    "topics": {
        "label": "how messages name the topic",
        "any": "terms, in any languages; several words are a phrase; `*`, `=` and `/…/` work, operators do not; "
        "`topic:other` takes in another topic's terms",
    },
    "rules": {
        "match": "the query; a rule whose `on` names only the health of sources has none",
        "feeds": 'ids, patterns (`"kremlin-*"`) and tags (`"tag:un"`)',
        "on": (
            'what is told of: these, `"delisted"`, and of sources `"degraded"`, `"recovered"`, `"quiet"`, '
            '`"gone"`, `"moved"`, `"reissued"`, `"gap"`'
        ),
        "notify": "who is told; with none, what is found is only recorded",
        "severity": '`"low"`, `"normal"` or `"high"`',
        "min_change": (
            'the least kind of edit that counts as changed: `"whitespace"`, `"markup"`, `"punctuation"`, '
            '`"metadata"`, `"wording"`, `"title"`'
        ),
        "stem": (
            "words are found in other forms too, by the language of the item (needs the extra `language`); "
            "`=WORD`, `*` and `/…/` stay as they are"
        ),
    },
    "channels": {
        "type": '`"email"`, `"webhook"` or `"console"` (one readable block per alert on standard output)',
    },
    "email": {
        "to": "one mail each; bare addresses, one per entry",
        "from": "the sender",
        "host": "the mail server",
        "port": "587 (starttls), 465 (tls), 25 (none)",
        "security": '`"starttls"`, `"tls"` or `"none"`',
        "username": "with `password`",
        "password": "with `username`",
    },
    "webhook": {
        "url": "http or https",
        "secret": (
            "signs each message (Standard Webhooks): `whsec_` and the base64 of 24 to 64 random bytes; several "
            "while one rotates"
        ),
        "format": "the only one",
        "headers": "further request headers",
    },
}
