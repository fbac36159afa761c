"""The command `check`: everything that is wrong with the settings, or a summary of what would run."""

from typing import TYPE_CHECKING

import typer

from aggregator.cli import out
from aggregator.cli.context import context

if TYPE_CHECKING:
    from config.load import Loaded
    from config.mistakes import Mistake
    from config.model import AnyChannel, Rule, Settings


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(check)


def check(ctx: typer.Context) -> None:
    """Read all settings and say everything that is wrong. If nothing is, sum up what would run."""
    here = context(ctx)
    if here.json and here.read.settings is None:
        out.emit({"ok": False, "file": here.read.file, "mistakes": [_row(each) for each in here.read.mistakes]})
    loaded, settings = here.loaded()
    if not here.verbose:
        for warning in loaded.warnings:
            out.note(warning.render("warning"))
    if here.json:
        out.emit(_summary(loaded, settings))
    else:
        _tell(loaded, settings)


def _row(mistake: "Mistake") -> dict[str, object]:
    return {"file": mistake.file, "line": mistake.line, "column": mistake.column, "message": mistake.message}


def _summary(loaded: "Loaded", settings: "Settings") -> dict[str, object]:
    watched = sum(feed.enabled for feed in settings.feeds.values())
    return {
        "ok": True,
        "file": loaded.file,
        "files": list(loaded.files),
        "feeds": watched,
        "feeds_off": len(settings.feeds) - watched,
        "topics": len(settings.topics),
        "rules": len(settings.rules),
        "channels": len(settings.channels),
        "store": settings.store.url,
        "listen": settings.web.listen,
        "warnings": [_row(warning) for warning in loaded.warnings],
    }


def _tell(loaded: "Loaded", settings: "Settings") -> None:
    from aggregator.cli.tables import table

    watched = [feed.id for feed in settings.feeds.values() if feed.enabled]
    off = len(settings.feeds) - len(watched)
    warned = f", with {out.counted(len(loaded.warnings), 'warning')}" if loaded.warnings else ""
    out.say(f"{out.line(loaded.file)} is right{warned}. `feedwitness run` would watch\n")
    out.say(f"feeds     {len(watched)}{f' ({off} more are off)' if off else ''}")
    out.say(f"channels  {', '.join(f'{name} ({_kind(each)})' for name, each in settings.channels.items()) or 'none'}")
    out.say(f"store     {settings.store.path}{'' if settings.store.path.exists() else ' (will be made)'}")
    out.say(f"health    {f'http://{settings.web.listen}/healthz' if settings.web.listen else 'off'}\n")
    table(
        ("rule", "feeds", "notify", "match"),
        [
            (rule.id, _reach(rule, settings), ", ".join(rule.notify) or "-", _query(rule))
            for rule in settings.rules.values()
        ],
        empty="no rules: statements are recorded, and nobody is told; write [rules.NAME] tables",
    )


def _kind(channel: "AnyChannel") -> str:
    from config.model import EmailChannel, WebhookChannel

    match channel:
        case EmailChannel():
            return f"email to {len(channel.to)}"
        case WebhookChannel():
            return "webhook" if channel.secrets else "webhook, unsigned"
        case _:
            return channel.type


def _reach(rule: "Rule", settings: "Settings") -> str:
    """How many of the watched feeds the rule looks at."""
    from config.model import expand_feeds

    feeds = expand_feeds(rule, settings.feeds)
    return "all" if feeds is None else str(sum(settings.feeds[feed].enabled for feed in feeds))


def _query(rule: "Rule") -> str:
    return f"{rule.match or '(source health)'}\non {', '.join(rule.on)}"
