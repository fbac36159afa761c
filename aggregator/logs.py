"""How the daemon logs: a safe line per record on stderr, no secrets; JSON when `FEEDWITNESS_LOG=json`.

On a terminal the lines are shorter: the day, the level and the part of the program help a file, not an onlooker.
"""

import json
import logging
import os
import sys
from datetime import UTC, datetime

from alerts.plain import one_line


class LineFormatter(logging.Formatter):
    """`2026-11-21T20:00:00Z INFO name: message`, whatever a feed put into the message on one safe line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one safe line; a traceback follows on lines of its own."""
        moment = datetime.fromtimestamp(record.created, UTC)
        text = f"{moment:%Y-%m-%dT%H:%M:%SZ} {record.levelname} {record.name}: {one_line(record.getMessage())}"
        return text + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


class TerminalFormatter(logging.Formatter):
    """`20:00:00 message` in UTC for somebody who looks on; what is no plain information says so, in colour."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one safe line; a traceback follows on lines of its own."""
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        if level and not os.environ.get("NO_COLOR"):
            level = f"\x1b[{31 if record.levelno >= logging.ERROR else 33}m{level}\x1b[0m"
        moment = datetime.fromtimestamp(record.created, UTC)
        text = f"{moment:%H:%M:%S} {level}{one_line(record.getMessage())}"
        return text + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, and the traceback when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        row = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": one_line(record.getMessage()),
        }
        if record.exc_info:
            row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False)


def configure(*, verbose: bool, as_json: bool) -> None:
    """Send the program's log to stderr; libraries speak only from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = TerminalFormatter if sys.stderr.isatty() else LineFormatter
    handler.setFormatter(JsonFormatter() if as_json else formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("feedwitness").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
