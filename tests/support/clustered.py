"""Two machines over a cluster, with people at work: three brokers, one database, and two of every part.

Each machine is a whole `liandong` of its own, on the cluster that its settings name: two members in every processor's
group, two APIs, two screens. People come to either API.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from ops.embedded.kafka import free_ports
from ops.embedded.postgres import PostgresNode
from tests.support.at_work import SETTINGS, AtWork
from tests.support.brokers import COPIES, Brokers
from tests.support.live import Live
from tests.support.tally import Tally

MACHINES = 2


class Machine:
    """One of them: a data folder and a port, and the system that runs there."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self._folder = folder
        self._settings = settings
        self._port = free_ports(1)[0]

    def start(self) -> Live:
        """Run it, and wait until it is ready. Blocks."""
        return Live(self._folder, self._port, **self._settings)


class Clustered(AtWork):
    """`brokers` and `machines` are there to be broken; made by `clustered`."""

    brokers: Brokers
    machines: list[Machine]

    def machine_again(self, number: int) -> None:
        """Start one that was killed on the same data and the same port. Blocks until it is ready."""
        self.lives[number] = self.machines[number].start()


@asynccontextmanager
async def clustered(
    folder: Path, leg: str, seed: int, rate: float, tally: Tally, machines: int = MACHINES
) -> AsyncGenerator[Clustered]:
    """Start brokers, database and machines, one after the other, and end all of it with the context."""
    async with AsyncExitStack() as ends:
        brokers = await asyncio.to_thread(Brokers, folder / "kafka")
        ends.callback(brokers.close)
        postgres = PostgresNode(folder / "postgres")
        ends.push_async_callback(postgres.stop)
        await postgres.start()
        settings = {
            **SETTINGS,
            "LIANDONG_KAFKA": brokers.bootstrap,
            "LIANDONG_REPLICATION": str(COPIES),
            "LIANDONG_POSTGRES": postgres.dsn,
            "LIANDONG_MASTER_KEY": secrets.token_hex(32),
        }
        there = [Machine(folder / f"machine-{number}", settings) for number in range(1, machines + 1)]
        lives: list[Live] = []
        for number, machine in enumerate(there):
            lives.append(await asyncio.to_thread(machine.start))
            ends.callback(lambda number=number: lives[number].stop())
        system = Clustered(leg, seed, rate, tally, lives)
        system.brokers, system.machines = brokers, there
        ends.push_async_callback(system.close)
        await system.open()
        yield system
