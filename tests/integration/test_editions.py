"""The versions at hand in a process that answers people: few stay, and `refs` is read on, not again from its start."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from eventlog import refs
from eventlog.tail import ends
from reference.contents import Contents, pack
from reference.editions import NAME_CHARS_MIN, Editions
from reference.profile import load_profile
from tests.support.beside import Beside

XINMI = load_profile("xinmi").contents
ABSENT = "0" * 64


def under(name: str) -> Contents:
    return replace(XINMI, standard=replace(XINMI.standard, version=name))


def test_no_more_stay_at_hand_than_the_limit_and_those_asked_for_last(beside: Beside) -> None:
    versions = [pack(under(name))[0] for name in "abc"]
    first, second, third = versions

    async def ask() -> None:
        for name in "abc":
            await refs.publish(beside.kafka, beside.names, pack(under(name))[1])
        editions = Editions(beside.kafka, beside.names, 2)
        await editions.require([first])
        await editions.require([second])
        await editions.require([first])
        await editions.require([third])
        assert list(editions.rules) == list(editions.contents) == [first, third]
        await asyncio.gather(editions.require([second]), editions.require([first]))
        assert set(editions.rules) == {second, first}
        await editions.require(versions)
        assert set(editions.rules) == set(versions), "what was asked for together is there together"
        everything = Editions(beside.kafka, beside.names)
        for version in versions:
            await everything.require([version])
        assert set(everything.contents) == set(versions)

    asyncio.run(ask())


def test_a_name_that_is_not_there_is_looked_for_only_in_what_came_since(beside: Beside) -> None:
    async def ask() -> None:
        editions = Editions(beside.kafka, beside.names)
        there = (await ends(beside.kafka, beside.names.refs))[0]
        assert await editions.named(ABSENT) == []
        assert editions.listed_to == there
        assert await editions.named(ABSENT) == []
        version, contents = pack(under("later"))
        added = await refs.publish(beside.kafka, beside.names, contents)
        offset, came = await refs.read_from(beside.kafka, beside.names, there)
        assert (offset, len(came)) == (there + added, added)
        assert await editions.named(version[:NAME_CHARS_MIN]) == [version], "one that was not there may come"
        assert editions.listed_to == offset
        assert await editions.named(pack(XINMI)[0]) == [pack(XINMI)[0]], "and the older ones are still known"

    asyncio.run(ask())
