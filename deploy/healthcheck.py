"""Ask a daemon whether it lives: exit status 0 when `/healthz` answers 200, else 1 with one line that says why.

    python -I healthcheck.py 127.0.0.1:8321

For images that have no curl. It needs the standard library alone and starts in a tenth of the program's own time.
"""

import http.client
import sys

SECONDS = 4.0


def problem(address: str) -> str:
    """What is wrong with the daemon at HOST:PORT, "" when it lives."""
    connection = http.client.HTTPConnection(address, timeout=SECONDS)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        said = answer.read(1000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return f"no answer from {address}: {str(error).strip() or type(error).__name__}"
    finally:
        connection.close()
    return "" if answer.status == 200 else f"/healthz answers {answer.status}: {said}"


if __name__ == "__main__":
    sys.exit(problem(sys.argv[1]) or 0)
