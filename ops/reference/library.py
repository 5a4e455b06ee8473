"""The library: every version on `refs`, what each partition decides by, and the names by which a person calls them.

Owns the way from a name to contents: `in-force`, the beginning of a version, `profile:NAME`. It only reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from eventlog import refs
from eventlog.broker import reach
from eventlog.position import PARTITIONS
from eventlog.topics import TopicNames
from ops.connection import use_connection
from ops.serve import require_cluster
from ops.system import join
from projections import adoptions
from projections.adoptions import AdoptionRow, in_force
from projections.database import migrate
from reference.contents import Contents, manifests, pack, unpack
from reference.profile import load_profile
from runtime.faults import Fault

IN_FORCE = "in-force"
PROFILE = "profile:"
BEGINNING_CHARS_MIN = 4
SHORT_CHARS = 12

Found = TypeVar("Found")


class Cluster(msgspec.Struct, frozen=True):
    """The running system that a command works on; the DSN holds a secret."""

    kafka: str
    postgres: str
    names: TopicNames

    def through(self, use: Callable[[Any], Awaitable[Found]]) -> Found:
        """The result of one use of a connection. Raises Fault `postgres.unreachable`; the DSN is never shown."""
        return asyncio.run(self.ask(use))

    async def ask(self, use: Callable[[Any], Awaitable[Found]]) -> Found:
        """The same within a running loop."""
        return await use_connection(self.postgres, use)


class Library(msgspec.Struct, frozen=True):
    """`found` are the contents by hash, `rows` every decided adoption; `only` is what counts as in force offline."""

    found: Mapping[str, bytes]
    rows: Sequence[AdoptionRow] = ()
    only: str | None = None

    @property
    def versions(self) -> dict[str, dict[str, str]]:
        """Version → part → hash, in the order in which they were published."""
        return manifests(self.found)

    @property
    def in_force(self) -> str:
        """The one version that every partition decides by. Raises Fault `reference.nothing`, `.half_adopted`."""
        if self.only is not None:
            return self.only
        states = in_force(self.rows)
        versions = {states[p].version if p in states else None for p in range(PARTITIONS)}
        if len(versions) > 1:
            raise _half_adopted(self.rows)
        version = versions.pop()
        if version is None:
            raise Fault(
                "reference.nothing",
                "还没有采用任何版本。",
                "Nothing has been adopted yet.",
                hint_zh="请先运行 liandong topics。",
                hint_en="Run liandong topics first.",
            )
        return version

    def named(self, name: str) -> tuple[str, Contents]:
        """Version and contents by a name. Raises Fault `reference.unknown_version`, `.ambiguous_version`."""
        if name.startswith(PROFILE):
            contents = load_profile(name.removeprefix(PROFILE)).contents
            return pack(contents)[0], contents
        version = self.in_force if name == IN_FORCE else self._beginning_with(name)
        contents = unpack(self.found, version)
        if contents is None:
            raise _unknown(name, list(self.versions))
        return version, contents

    def _beginning_with(self, name: str) -> str:
        known = list(self.versions)
        matching = (
            [version for version in known if version.startswith(name)] if len(name) >= BEGINNING_CHARS_MIN else []
        )
        if not matching:
            raise _unknown(name, known)
        if len(matching) > 1:
            raise Fault(
                "reference.ambiguous_version",
                f"“{name}”是 {len(matching)} 个版本的开头。",
                f"{len(matching)} versions begin with '{name}'.",
                hint_zh="请多写几位。",
                hint_en="Write more of it.",
            )
        return matching[0]


def cluster() -> Cluster:
    """The system named by the settings, or running on the data folder. Raises Fault `settings.no_cluster`."""
    settings = join()
    return Cluster(*require_cluster(settings), TopicNames(settings.topic_prefix))


def read_library(at: Cluster) -> Library:
    """All there is. Raises Fault where the log or the database does not answer."""

    async def rows(connection: Any) -> list[AdoptionRow]:
        await migrate(connection)
        return await adoptions.read_rows(connection)

    async def read() -> Library:
        await reach(at.kafka)
        return Library(await refs.read_contents(at.kafka, at.names), await at.ask(rows))

    return asyncio.run(read())


def open_library(against: str | None) -> Library:
    """The library of the running system, or, with no system at all, one with a profile's contents as those in force."""
    if against is None:
        return read_library(cluster())
    version, found = pack(load_profile(against).contents)
    return Library(found, only=version)


def zone_of(contents: Contents) -> ZoneInfo:
    """The city's time zone: that of its calendar."""
    return ZoneInfo(contents.calendar.zone)


def _half_adopted(rows: Sequence[AdoptionRow]) -> Fault:
    last = max(rows, key=lambda row: row.record.at_ms).record.attempt.id if rows else ""
    return Fault(
        "reference.half_adopted",
        "各分区采用的版本不同:有一次采用没有做完。",
        "The partitions decide by different versions: an adoption was not finished.",
        hint_zh=f"请运行 liandong reference adopt --action-id {last} 把它做完。",
        hint_en=f"Finish it: liandong reference adopt --action-id {last}",
    )


def _unknown(name: str, known: Sequence[str]) -> Fault:
    shown = ", ".join(version[:SHORT_CHARS] for version in known)
    return Fault(
        "reference.unknown_version",
        f"没有版本“{name}”;现有:{shown}。",
        f"There is no version '{name}'; there are: {shown}.",
        hint_zh=f"可写 {IN_FORCE}、版本号的前 {BEGINNING_CHARS_MIN} 位以上,或 {PROFILE}城市档案。",
        hint_en=f"Write {IN_FORCE}, at least {BEGINNING_CHARS_MIN} characters of a version, or {PROFILE}NAME.",
    )
