"""What a link in an alert leads to: the item's history, as JSON, from the store itself."""

import json
from datetime import datetime

from aggregator.cli.served import access, histories
from config.model import Web
from store.codec import about_to_text
from store.database import SqlStore
from store.events import About, FeedId, ItemId, feed_stream


def test_a_link_leads_to_the_row_of_the_item_and_every_chapter_of_its_life(
    store: SqlStore, now: datetime, published
) -> None:
    item = ItemId("ministry/a'b%2Fc")

    def write(tx) -> None:
        texts = [tx.texts.put(item, text) for text in ("Aid \u2028 for \x1b[31mSyria", "<script>", "{}")]
        texts[2] = tx.texts.put(item, about_to_text(About("", (), "https://ministry.example/1")))
        event = published(item, title=texts[0], text=texts[1], about=texts[2])
        tx.log.append(feed_stream(FeedId("ministry")), [event], now=now)

    store.write(write).result()
    told = histories(store)(item)
    assert told is not None
    document = json.loads(told)
    assert (document["item"]["id"], document["item"]["link"]) == (item, "https://ministry.example/1")
    (chapter,) = document["history"]
    assert (chapter["version"], chapter["kind"], chapter["text"]) == (1, "item.published/1", "<script>")
    assert histories(store)("ministry/unknown") is None


def test_the_token_is_asked_for_off_loopback_only() -> None:
    near = Web(listen="127.0.0.1:8321", token="long-enough-token", hosts=("Witness.example",))
    far = Web(listen="0.0.0.0:8321", token="long-enough-token", base_url="https://desk.example/witness")
    assert (access(near).token, access(far).token) == ("", "long-enough-token")
    assert access(near).hosts == {"witness.example", "127.0.0.1"}
    assert access(far).hosts == {"desk.example"}
