"""How the daemon logs: a safe line per record on stderr, no secrets; JSON when `FEEDWITNESS_LOG=json`."""

import json
import logging
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
    handler.setFormatter(JsonFormatter() if as_json else LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("feedwitness").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
