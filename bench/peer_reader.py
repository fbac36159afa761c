"""The peer's half of a benchmark; runs under the peer's own interpreter and imports nothing of ours.

`peer_reader.py TASK PORT FEEDS` prints a JSON object: what was measured, and milliseconds of CPU time for each feed.
"""

import json
import statistics
import sys
import tempfile
import time

from reader import make_reader

HOSTS = 50


def main(task, port, feeds):
    kind = {"unchanged": "same", "news": "news"}[task]
    urls = [f"http://127.0.0.{1 + number % HOSTS}:{port}/{kind}/{number}" for number in range(feeds)]
    with tempfile.TemporaryDirectory() as folder:
        reader = make_reader(f"{folder}/reader.sqlite", feed_root=None)
        for url in urls:
            reader.add_feed(url)
        first = [cpu_ms(lambda url=url: reader.update_feed(url)) for url in urls]
        again = [cpu_ms(lambda url=url: reader.update_feed(url)) for url in urls]
        if task == "unchanged":
            return {"unchanged poll (304)": statistics.mean(again)}
        return {"update with 1 new of 31": statistics.median(again), "first update": statistics.median(first)}


def cpu_ms(work):
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
