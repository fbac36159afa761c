"""Settings whose part of the program has not landed: known, named, and refused as `not supported yet`.

One table, so that a key leaves it in the change that brings its part. A value is refused where its key is known already
(`format = "slack"`). Nothing else in the package knows what is to come.
"""

from collections.abc import Mapping

KEYS: Mapping[str, Mapping[str, str]] = {
    "store": {"password": "a PostgreSQL store"},
    "daemon": {"heartbeat_url": "a heartbeat for a dead-man's switch"},
    "rules": {
        "cooldown": "one message for what follows soon",
        "digest": "collected messages",
        "max_per_hour": "a limit on messages per hour",
    },
    "channels": {
        "group": "one message for several rules",
        "hours": "hours of delivery",
        "timezone": "hours of delivery",
        "fallback": "a channel to tell when this one is switched off",
    },
}

VALUES: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("rules", "on"): {
        "destination-off": "destinations that switch off",
        "store-full": "a full disk",
    },
    ("channels", "type"): {"file": "alerts into a file", "apprise": "services through apprise"},
    ("channels", "format"): {
        "cloudevents": "CloudEvents", "slack": "Slack messages", "teams": "Teams messages", "ntfy": "ntfy messages",
    },
}  # fmt: skip


def late_key(section: str, key: str) -> str | None:
    """The sentence that refuses this key, None when it is not one of those to come."""
    part = KEYS.get(section, {}).get(key)
    return part and f"`{key}`: not supported yet ({part}); take it out"


def late_value(section: str, key: str, value: object) -> str | None:
    """The sentence that refuses this value of a known key, None when it is not one of those to come."""
    if not isinstance(value, str):
        return None
    part = VALUES.get((section, key), {}).get(value)
    if (section, key) == ("store", "url") and value.startswith(("postgresql:", "postgres:", "postgresql+")):
        part = "a PostgreSQL store"
    if (section, key) == ("channels", "format") and value.endswith((".j2", ".jinja", ".tmpl", ".json")):
        part = "messages from a template file"
    if section == "store":
        return part and f"`{key}`: not supported yet ({part}); write sqlite:///feedwitness.db"
    shown = value if len(value) <= 40 else value[:40] + "…"
    return part and f'`{key}`: "{shown}" is not supported yet ({part})'
