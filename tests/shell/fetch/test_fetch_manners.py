"""Documents at hand: what the parser has not read yet is not piled up."""

import asyncio
from datetime import UTC, datetime

from aggregator.fetch.client import Fetcher
from aggregator.fetch.etiquette import Etiquette
from aggregator.manners import Manners

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


def test_while_enough_documents_are_at_hand_no_other_is_fetched_but_pages_are(play, serve, asking, response):
    async def scenario():
        async with serve(response(body=b"<rss/>")) as site, Fetcher() as fetcher:
            manners = Manners(fetcher, Etiquette(8, 8), now=lambda: NOW, at_hand=1)

            async def look(path):
                async with manners.document(asking(site.url(path))):
                    pass

            async with manners.document(asking(site.url("/first"))):
                waiting = [asyncio.create_task(look(path)) for path in ("/second", "/third")]
                await manners.fetch(asking(site.url("/page")))
                assert [seen.path for seen in site.seen] == ["/first", "/page"]
            await asyncio.gather(*waiting)
            assert [seen.path for seen in site.seen[2:]] == ["/second", "/third"]

    play(scenario)
