"""A processor that reads `events`, keeps something in the rows, and asks for actions: what clock and react share.

Owns the pool and the appender of such a worker. It never decides: what it appends is decided like anybody's action.
"""

from __future__ import annotations

from typing import Any

from eventlog.append import Appender
from eventlog.topics import TopicNames
from projections.database import migrate, open_pool
from streams.worker import Processor


class Asking(Processor):
    """Opens a pool of `pool_size` connections and an appender, and closes both. `log` is the id of `events`."""

    pool_size: int

    def __init__(self, bootstrap: str, postgres: str, names: TopicNames, log: str) -> None:
        self.topic = names.events
        self.bootstrap = bootstrap
        self.log = log
        self.pool: Any = None
        self.appender = Appender(bootstrap, names)
        self._postgres = postgres

    async def open(self) -> None:
        """Connect to the database and the log; may be asked again where one of them was not there."""
        self.pool = self.pool or await open_pool(self._postgres, self.pool_size, f"liandong-{self.name}")
        async with self.pool.acquire() as connection:
            await migrate(connection)
        await self.appender.__aenter__()

    async def close(self) -> None:
        """Let go of both."""
        await self.appender.__aexit__(None, None, None)
        await self.pool.close()
