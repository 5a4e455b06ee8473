"""The versions at hand: what is no version's name is answered without the log."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from eventlog.topics import TopicNames
from reference.editions import NAME_CHARS_MIN, VERSION_CHARS, Editions

NOBODY_THERE = "127.0.0.1:1"


def named(name: str) -> list[str]:
    return asyncio.run(Editions(NOBODY_THERE, TopicNames("")).named(name))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * (NAME_CHARS_MIN - 1),
        "a" * (VERSION_CHARS + 1),
        "A" * NAME_CHARS_MIN,
        "0123456g",
        "01234567\n",
        "../etc/passwd",
    ],
)
def test_a_name_that_no_version_can_have_asks_nobody(name: str) -> None:
    assert named(name) == []


@pytest.mark.parametrize("name", ["a" * NAME_CHARS_MIN, "0" * VERSION_CHARS])
def test_a_name_that_one_may_have_asks_the_log(name: str) -> None:
    with pytest.raises(KafkaConnectionError):
        named(name)
