"""The command `rules test`: one text tried on one rule of the settings. Needs no store."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.context import Failure, context

if TYPE_CHECKING:
    from alerts.facts import Face
    from alerts.rules import Explanation, Match
    from config.model import Settings
    from store.events import RuleDefined

MAX_BYTES = 10 << 20


def try_text(
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule of the settings.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="The text, in UTF-8; - reads it from stdin.")],
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="The title; none if not said.")] = "",
    language: Annotated[str, typer.Option("--lang", metavar="CODE", help="The language, such as ru.")] = "",
    feed: Annotated[str, typer.Option("--feed", metavar="ID", help="The feed; one that the rule looks at.")] = "",
    before: Annotated[
        str, typer.Option("--before", metavar="OLD", help="The text before the edit, for removed: and added:.")
    ] = "",
) -> int:
    """Try a rule on a text, and say why it matches or not. Marks what matches, clause by clause. Exit status 1 where it
    does not match."""
    from alerts.rules import Match, RuleSet

    here = context(ctx)
    definition = _definition(here.settings(), rule)
    rules = RuleSet.compile([definition])
    _refuse_wrong_use(
        definition, feed, before, of_edits=rules.judges_revisions(definition.rule), settings=here.settings()
    )
    now = _face(definition, _read(file), title, language, feed, 2 if before else 1)
    old = _face(definition, _read(before), title, language, feed, 1) if before else None
    explained = rules.explain(definition.rule, now, old)
    found = rules.match(now, old).get(definition.rule, Match((), ()))
    if here.json:
        out.emit(_row(definition, now, explained, found))
    else:
        _tell(definition, now, explained, found)
    return 0 if explained.matched else 1


def _definition(settings: "Settings", rule: str) -> "RuleDefined":
    from aggregator.settings import definitions
    from config.values import nearest

    known = {each.rule: each for each in definitions(settings)}
    found = next((each for name, each in known.items() if name == rule), None)
    if found is None:
        raise Failure(
            f"no rule {out.line(rule)} in the settings{nearest(rule, known)}: `feedwitness check` lists them", 2
        )
    if not found.match:
        raise Failure(f"rule {found.rule} is about the health of sources: it looks at no text", 2)
    return found


def _refuse_wrong_use(rule: "RuleDefined", feed: str, before: str, *, of_edits: bool, settings: "Settings") -> None:
    if feed and feed not in settings.feeds:
        raise Failure(f"--feed {out.line(feed)}: no such feed in the settings: `feedwitness feeds` lists them", 2)
    if of_edits and not before:
        raise Failure(
            f"rule {rule.rule} asks what an edit removed or added: name the text before it, `--before OLD`", 2
        )
    if before and not of_edits:
        raise Failure(f"rule {rule.rule} asks nothing of edits: leave `--before` out, and try each text alone", 2)


def _read(file: str) -> str:
    """The text of a file, "-" for stdin."""
    try:
        if file == "-":
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Failure(f"{out.line(file)} cannot be read: {getattr(error, 'strerror', None) or error}", 2) from error
    if len(content) > MAX_BYTES:
        raise Failure(f"{out.line(file)} is larger than {MAX_BYTES >> 20} MiB: no statement is", 2)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{out.line(file)} is not UTF-8 (byte {error.start + 1}): save it as UTF-8", 2) from error


def _face(rule: "RuleDefined", text: str, title: str, language: str, feed: str, version: int) -> "Face":
    """The text as an item of that feed; of one that the rule looks at where none is named."""
    from aggregator.clock import utc_now
    from alerts.facts import Face
    from store.events import FeedId, ItemId

    of = feed or (rule.feeds[0] if rule.feeds else "")
    return Face(
        id=ItemId(f"{of}/test"),
        feed=FeedId(of),
        version=version,
        title=title,
        text=text,
        author="",
        categories=(),
        link="",
        language=language,
        published_at=None,
        observed_at=utc_now(),
    )


def _row(rule: "RuleDefined", face: "Face", explained: "Explanation", found: "Match") -> Mapping[str, object]:
    from aggregator.shown.clauses import clause_row
    from alerts.payload import snippet

    return {
        "rule": rule.rule,
        "match": rule.match,
        "matched": explained.matched,
        "in_scope": explained.in_scope,
        "query": clause_row(explained.clause) if explained.clause else None,
        "topics": list(found.topics),
        "matches": [
            {"term": hit.term, "field": hit.field, "start": hit.start, "end": hit.end,
             "snippet": snippet(face.text_of(hit.field), hit)}
            for hit in found.hits
        ],
    }  # fmt: skip


def _tell(rule: "RuleDefined", face: "Face", explained: "Explanation", found: "Match") -> None:
    from rich.text import Text

    from aggregator.shown.clauses import clause_lines

    verdict = "matches" if explained.matched else "does not match"
    scope = "" if explained.in_scope else f": it does not look at {face.feed}"
    out.say(Text(f"rule {rule.rule} {verdict}{scope}", style="bold"))
    for line in clause_lines(explained.clause) if explained.clause else ():
        out.say(f"  {line}")
    if not found.hits:
        return
    out.say("")
    for places, text in ((_places(found, "title"), face.title), (_places(found, "text"), face.text)):
        if places:
            _tell_text(text, places)


def _places(found: "Match", field: str) -> "Sequence[tuple[int, int]]":
    from alerts.payload import places

    return places(found.hits, field)


def _tell_text(text: str, places: "Sequence[tuple[int, int]]") -> None:
    from aggregator.shown.marks import pieces

    out.paragraph(out.marked(pieces(text.rstrip("\n"), places)))
