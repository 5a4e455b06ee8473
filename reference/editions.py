"""Editions: the versions of the contents that a process has at hand, read from `refs` when one is asked for.

Owns the waiting: a content that was named but is not there yet is waited for, never decided without (design §1.8).
Owns the list of what there is, too, so that a name that means nothing costs nobody a reading of `refs`.
"""

from __future__ import annotations

import asyncio
import re
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
EDITIONS_KEPT_MAX = 16
"""Of a process that answers people, who compare a few versions at a time; the shipped city's takes 4 MB each and 11 MB
more where it has a calendar of its own."""
_NAME = re.compile(rf"[0-9a-f]{{{NAME_CHARS_MIN},{VERSION_CHARS}}}")

log = structlog.get_logger("editions")


class ContentMissing(Exception):
    """A version was asked for whose contents are not on `refs`: whoever needs it cannot go on yet."""

    code = "refs.missing"


class Editions:
    """What was read so far: `contents` and `rules` by version, the one asked for last at the end.

    At most `kept_max` stay at hand, and always those that were just required. None lets nothing go: a decider's open
    cases may pin any of them, and no more are ever adopted than a city adopts. A version never changes.
    """

    def __init__(self, bootstrap: str, names: TopicNames, kept_max: int | None = None) -> None:
        self.contents: dict[str, Contents] = {}
        self.rules: dict[str, Rules] = {}
        self.listed_to = 0
        """How many records of `refs` the list of versions was made from."""
        self._listed: dict[str, None] = {}
        self._kept_max = kept_max
        self._bootstrap = bootstrap
        self._names = names
        self._reading = asyncio.Lock()
        self._listing = asyncio.Lock()

    async def require(self, versions: Iterable[str]) -> None:
        """Have these versions at hand. Raises ContentMissing after CONTENTS_WAIT_S_MAX, KafkaError.

        Whoever lets others run before it takes them out of `rules` has to require them again.
        """
        wanted = set(versions)
        if wanted - self.rules.keys():
            deadline = asyncio.get_running_loop().time() + CONTENTS_WAIT_S_MAX
            async with self._reading:
                while absent := wanted - self.rules.keys():
                    await self._read(absent)
                    missing = wanted - self.rules.keys()  # also what others made way for while this one read
                    if not missing:
                        break
                    if asyncio.get_running_loop().time() > deadline:
                        raise ContentMissing(", ".join(sorted(missing)))
                    log.warning("editions.waits", versions=sorted(missing))
                    await asyncio.sleep(CONTENTS_AGAIN_S)
        self._let_go(wanted)

    async def newest(self, count: int) -> None:
        """Have that many of the newest versions at hand, if they are there: what is in force is most likely among them.

        Raises KafkaError.
        """
        found = await refs.read_contents(self._bootstrap, self._names)
        await self.require(list(manifests(found))[-count:])

    async def named(self, name: str) -> list[str]:
        """The versions on `refs` whose digits begin with `name`, at least NAME_CHARS_MIN of them. Raises KafkaError.

        A name that can be none asks nobody, and of `refs` only that is read which came since the last question.
        """
        if not _NAME.fullmatch(name):
            return []
        if name in self.rules or name in self._listed:
            return [name]
        async with self._listing:
            self.listed_to, came = await refs.read_from(self._bootstrap, self._names, self.listed_to)
            self._listed |= dict.fromkeys(manifests(came))
        return [version for version in self._listed if version.startswith(name)]

    def _let_go(self, wanted: set[str]) -> None:
        for version in wanted:
            self.contents[version] = self.contents.pop(version)
            self.rules[version] = self.rules.pop(version)
        if self._kept_max is None:
            return
        for version in list(self.rules)[: -max(self._kept_max, len(wanted))]:
            del self.contents[version], self.rules[version]

    async def _read(self, wanted: set[str]) -> None:
        """Read what is wanted, as far as it is there."""
        found = await refs.read_contents(self._bootstrap, self._names)
        for version in sorted(wanted):
            contents = unpack(found, version)
            if contents is not None:
                self.contents[version] = contents
                self.rules[version] = rules_of(contents, version)
