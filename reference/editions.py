"""Editions: the versions of the contents that a process has at hand, read from `refs` when one is asked for.

Owns the waiting: a content that was named but is not there yet is waited for, never decided without (design §1.8).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from domain.case.frame import Rules
from eventlog import refs
from eventlog.topics import TopicNames
from reference.contents import Contents, manifests, rules_of, unpack

CONTENTS_WAIT_S_MAX = 60.0
CONTENTS_AGAIN_S = 0.25
NAME_CHARS_MIN = 8
VERSION_CHARS = 64

log = structlog.get_logger("editions")


class ContentMissing(Exception):
    """A version was asked for whose contents are not on `refs`: whoever needs it cannot go on yet."""

    code = "refs.missing"


class Editions:
    """What was read so far: `contents` and `rules` by version. They only grow; a version never changes."""

    def __init__(self, bootstrap: str, names: TopicNames) -> None:
        self.contents: dict[str, Contents] = {}
        self.rules: dict[str, Rules] = {}
        self._bootstrap = bootstrap
        self._names = names
        self._reading = asyncio.Lock()

    async def require(self, versions: Iterable[str]) -> None:
        """Have these versions at hand. Raises ContentMissing after CONTENTS_WAIT_S_MAX, KafkaError."""
        wanted = set(versions) - self.rules.keys()
        if not wanted:
            return
        deadline = asyncio.get_running_loop().time() + CONTENTS_WAIT_S_MAX
        async with self._reading:
            while missing := await self._read(wanted - self.rules.keys()):
                if asyncio.get_running_loop().time() > deadline:
                    raise ContentMissing(", ".join(sorted(missing)))
                log.warning("editions.waits", versions=sorted(missing))
                await asyncio.sleep(CONTENTS_AGAIN_S)

    async def newest(self, count: int) -> None:
        """Have that many of the newest versions at hand, if they are there: what is in force is most likely among them.

        Raises KafkaError.
        """
        found = await refs.read_contents(self._bootstrap, self._names)
        await self.require(list(manifests(found))[-count:])

    async def named(self, name: str) -> list[str]:
        """The versions on `refs` whose digits begin with `name`, at least NAME_CHARS_MIN of them. Raises KafkaError."""
        if len(name) < NAME_CHARS_MIN:
            return []
        known = [version for version in self.rules if version.startswith(name)]
        if known and len(name) == VERSION_CHARS:
            return known
        found = await refs.read_contents(self._bootstrap, self._names)
        return [version for version in manifests(found) if version.startswith(name)]

    async def _read(self, wanted: set[str]) -> set[str]:
        """Read what is wanted; gives what is not there yet."""
        if not wanted:
            return set()
        found = await refs.read_contents(self._bootstrap, self._names)
        for version in sorted(wanted):
            contents = unpack(found, version)
            if contents is not None:
                self.contents[version] = contents
                self.rules[version] = rules_of(contents, version)
        return wanted - self.rules.keys()
