"""Records that nobody can decode, on the real broker: kept, seen to by people, and a limit that stops the line."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventlog.append import BULK_MS_MAX, Appender
from eventlog.history import records
from eventlog.letters import Letters, origin_text, write_letter
from eventlog.open_letters import OpenLetters
from eventlog.position import PARTITIONS, partition_of
from eventlog.record import Decided, DecisionRecord, Origin, Outcome
from eventlog.resubmitting import action_id, resubmission
from eventlog.topics import topic_ids
from eventlog.verdict import Arrived, Unread, UnreadReason
from ops.letters.acting import Desk
from runtime.faults import EXIT_STANDS
from tests.support.beside import Beside, a_report
from tests.support.live import eventually

ENDED_S_MAX = 30.0
LIMIT = 50
MANY = 100_000 if os.environ.get("LIANDONG_PROOF") == "long" else 20_000
AT_ONCE = 1_000
START_S_MAX = 20.0

Sent = tuple[int, bytes, bytes]


def test_people_see_a_letter_resubmit_it_corrected_once_and_discard_the_rest(beside: Beside, tmp_path: Path) -> None:
    beside.start("dispatch")
    good = a_report()
    misspelt = msgspec.json.encode(good).replace(b'"hotline"', b'"hotlien"')
    key = good.case.encode()
    wrong, junk = _append(beside, [(partition_of(good.case), key, misspelt), (3, b"x", b"Wang 13912345678")])
    beside.all_decided()

    told = _json(beside, "list", "--json")
    assert (told["open"], told["limit"]) == (2, 100_000)
    assert sorted(one["reason"] for one in told["letters"]) == ["not_an_action", "not_json"]
    shown = _said(beside, "show", wrong)
    assert "不是操作 no action [not_an_action]" in shown
    assert "$.action.channel" in shown
    assert good.case in shown
    assert "13912345678" not in _said(beside, "show", junk)
    assert _said(beside, "show", junk, "--raw") == "Wang 13912345678"

    before = _actions(beside)
    refused = beside.command("dead-letters", "resubmit", wrong, "--by", "li")
    assert refused.returncode == 1
    assert "[letters.undecodable]" in refused.stderr
    assert "$.action.channel" in refused.stderr
    assert _actions(beside) == before, "nothing was appended"

    corrected = tmp_path / "corrected.json"
    corrected.write_bytes(msgspec.json.encode(good))
    again = ("dead-letters", "resubmit", wrong, "--file", str(corrected), "--by", "li", "--note", "误写")
    first, second = beside.command(*again), beside.command(*again)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "Resubmitted before, nothing was added" in second.stdout
    assert _actions(beside) == before + 1
    beside.all_decided()
    assert [record.outcome for record in _of_case(beside, good.case)] == [Outcome.ACCEPTED]

    assert beside.command("dead-letters", "discard", junk, "--by", "li", "--note", "test").returncode == 0
    settled = beside.command("dead-letters", "discard", wrong, "--by", "li", "--note", "test")
    assert "[letters.settled]" in settled.stderr
    told = _json(beside, "list", "--all", "--json")
    states = {one["origin"].partition("/")[2]: (one["state"], one["mark"]["by"]) for one in told["letters"]}
    assert (told["open"], states) == (0, {wrong: ("resubmitted", "li"), junk: ("discarded", "li")})
    assert [s.value for s in records(beside.kafka, beside.names.dead_letters)][:2] != [], "nothing is deleted"


def test_a_command_killed_between_the_action_and_its_mark_is_repeated_and_adds_nothing(beside: Beside) -> None:
    beside.start("dispatch")
    good = a_report()
    body = msgspec.json.encode(good)
    (place,) = _append(beside, [(partition_of(good.case), b"another key", body)])
    beside.all_decided()
    origin = _json(beside, "list", "--json")["letters"][0]["origin"]

    async def killed_after_the_append() -> None:
        async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
            await appender.append(resubmission(origin, body, time.time_ns() // 1_000_000))

    asyncio.run(killed_after_the_append())
    assert _json(beside, "list", "--json")["open"] == 1
    done = beside.command("dead-letters", "resubmit", place, "--by", "li")
    assert done.returncode == 0, done.stderr
    beside.all_decided()
    decided = _of_case(beside, good.case)
    assert [record.outcome for record in decided] == [Outcome.ACCEPTED, Outcome.REPEATED]
    assert {record.attempt.id for record in decided if record.attempt} == {action_id(origin)}
    assert _json(beside, "list", "--json")["open"] == 0


def test_beyond_the_limit_deciding_stands_until_enough_was_discarded(beside: Beside) -> None:
    limit = {"LIANDONG_OPEN_LETTERS_MAX": str(LIMIT)}
    beside.env |= limit
    decider = beside.start("dispatch")
    _append(beside, _junk(LIMIT))
    beside.all_decided()
    assert decider.poll() is None, "as many as the limit are not more than it"
    _append(beside, _junk(1))
    beside.all_decided()
    beside.report(1)
    assert decider.wait(ENDED_S_MAX) == EXIT_STANDS
    assert f"[letters.limit] {LIMIT + 1} records that nobody can decode" in beside.said("dispatch")
    asked, decided = _actions(beside), len([r for _, r in beside.entries() if isinstance(r, Decided)])
    assert beside.start("dispatch").wait(ENDED_S_MAX) == EXIT_STANDS, "started again it takes no partition"
    assert asked - decided == 1

    previewed = beside.command("dead-letters", "discard", "--all", "--by", "li", "--note", "flood")
    assert previewed.returncode == 1
    assert f"{LIMIT + 1} 条 letters: 不是 JSON no JSON {LIMIT + 1}" in previewed.stdout
    assert "[letters.no_terminal]" in previewed.stderr
    assert beside.start("dispatch").wait(ENDED_S_MAX) == EXIT_STANDS
    some = _json(beside, "list", "--json")["letters"][0]["origin"]
    assert beside.command("dead-letters", "discard", some, "--by", "li", "--note", "flood").returncode == 0
    decider = beside.start("dispatch")
    beside.all_decided()
    assert decider.poll() is None

    many = ("--reason", "not_json", "--before", "2099-01-01", "--yes", "--by", "li", "--note", "flood")
    done = beside.command("dead-letters", "discard", *many)
    assert f"discarded {LIMIT}; 待处理 open 0" in done.stdout
    _append(beside, _junk(LIMIT))
    beside.report(1)
    beside.all_decided()
    assert decider.poll() is None, "the running decider heard of what was discarded"


def test_a_decision_that_says_undecodable_never_stands_without_its_letter(beside: Beside) -> None:
    for _ in range(4):
        decider = beside.start("dispatch")
        begun = len(_decided(beside))
        _append(beside, _junk(3_000))
        eventually(lambda seen=begun: len(_decided(beside)) > seen, ENDED_S_MAX, "some decisions")
        decider.send_signal(signal.SIGKILL)
        decider.wait(ENDED_S_MAX)
        decided = {origin_text(r.origin) for r in _decided(beside) if r.outcome is Outcome.UNDECODABLE}
        assert decided - _letters(beside).found.keys() == set()
    beside.start("dispatch")
    beside.all_decided()
    decided = {origin_text(r.origin) for r in _decided(beside) if r.outcome is Outcome.UNDECODABLE}
    assert decided == _letters(beside).found.keys()
    assert len(decided) == 4 * 3_000


def test_a_record_as_long_as_the_broker_takes_is_decided_and_its_letter_says_that_it_is_cut(beside: Beside) -> None:
    decider = beside.start("dispatch")
    longest = b"x" * 999_900  # what our own producer lets through; with the letter's headers it would not be
    (place,) = _append(beside, [(3, b"x", longest)])
    beside.report(1)
    beside.all_decided()
    assert decider.poll() is None
    (kept,) = _letters(beside).found.values()
    assert (kept.letter.size_bytes, kept.letter.cut, kept.letter.reason) == (999_900, True, UnreadReason.TOO_LARGE)
    assert "截短 cut" in _said(beside, "show", place)


def test_very_many_letters_are_counted_and_seen_to_in_seconds(
    beside: Beside, record_property: Callable[[str, object], None]
) -> None:
    topic = topic_ids(beside.kafka, [beside.names.actions])[beside.names.actions]
    asyncio.run(_write_letters(beside, topic, MANY + 1))

    def counted() -> tuple[int | None, float]:
        letters = OpenLetters(beside.kafka, beside.names.dead_letters, MANY)
        at = time.monotonic()
        asyncio.run(letters.load())
        return letters.open, time.monotonic() - at

    found, seconds = counted()
    record_property(f"counting {MANY + 1:,} letters with no tally, s", round(seconds, 2))
    assert found == MANY + 1
    limit = {"LIANDONG_OPEN_LETTERS_MAX": str(MANY)}
    assert beside.start("dispatch", **limit).wait(ENDED_S_MAX) == EXIT_STANDS
    at = time.monotonic()
    desk = Desk(beside.kafka, beside.names)
    letters = list(desk.read().found.values())
    record_property("reading them whole, s", round(time.monotonic() - at, 2))
    at = time.monotonic()
    desk.discard(letters[:MANY], "li", "flood")
    record_property(f"discarding {MANY:,}, s", round(time.monotonic() - at, 1))
    found, seconds = counted()
    record_property("counting after it, s", round(seconds, 2))
    assert found == 1
    assert seconds < START_S_MAX
    beside.report(1)
    beside.start("dispatch", **limit)
    beside.all_decided()


@pytest.mark.parametrize("choice", [(), ("3/17", "--all")])
def test_discarding_wants_one_choice(beside: Beside, choice: Sequence[str]) -> None:
    refused = beside.command("dead-letters", "discard", *choice, "--by", "li", "--note", "x")
    assert "[letters.nothing_chosen]" in refused.stderr


def _junk(count: int) -> list[Sent]:
    return [(number % PARTITIONS, b"x", b"junk %d" % number) for number in range(count)]


def _append(beside: Beside, sent: Sequence[Sent]) -> list[str]:
    async def run() -> list[str]:
        async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
            topic = beside.names.actions
            places = await asyncio.gather(*(appender.append_raw(topic, *one) for one in sent))
        return [f"{partition}/{offset}" for partition, offset in places]

    return asyncio.run(run())


async def _write_letters(beside: Beside, topic: str, count: int) -> None:
    why = Unread(UnreadReason.NOT_JSON, "JSON is malformed: invalid character (byte 0)")
    async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count))
            letters = [write_letter(Arrived(Origin(topic, 0, n), 1, b"x", b"junk" * 50), why) for n in numbers]
            await asyncio.gather(*(appender.append_raw(beside.names.dead_letters, 0, *one) for one in letters))


def _said(beside: Beside, *arguments: str) -> str:
    done = beside.command("dead-letters", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _json(beside: Beside, *arguments: str) -> dict[str, Any]:
    return msgspec.json.decode(_said(beside, *arguments))


def _letters(beside: Beside) -> Letters:
    letters = Letters()
    for stored in records(beside.kafka, beside.names.dead_letters):
        letters.fold(stored)
    return letters


def _actions(beside: Beside) -> int:
    return sum(1 for _ in records(beside.kafka, beside.names.actions))


def _decided(beside: Beside) -> list[DecisionRecord]:
    return [record for _, record in beside.entries() if isinstance(record, DecisionRecord)]


def _of_case(beside: Beside, case: str) -> list[DecisionRecord]:
    return [record for record in _decided(beside) if record.case == case]
