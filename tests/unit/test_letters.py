"""Dead letters without a broker: what stands in a copy, the fold of what people did, the count, the way back."""

from __future__ import annotations

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.adoption.actions import Adopt, AdoptionAttempt
from domain.case.actions import Attempt, Note, Report
from domain.case.decision import ReasonCode
from domain.case.values import Channel, Contact, Place, Role
from eventlog.casefile import CaseFile, absorb
from eventlog.letters import (
    DETAIL_CHARS_MAX,
    KEY_BYTES_MAX,
    LETTER_BYTES_MAX,
    Done,
    Headers,
    Letters,
    Mark,
    Tally,
    read_letter,
    write_letter,
    write_mark,
    write_tally,
)
from eventlog.open_letters import LetterCount, OpenLetters, TooManyLetters
from eventlog.position import PARTITIONS, partition_of
from eventlog.record import Origin, Outcome, encode
from eventlog.resubmitting import action_id, resubmission
from eventlog.stored import Stored
from eventlog.verdict import ACTION_BYTES_MAX, Arrived, Office, Unread, UnreadReason, examine, judge, read_attempt
from ops.letters.telling import form_of
from runtime.faults import EXIT_NEEDS_HAND, EXIT_STANDS, Fault
from tests.support.city import GRID, actor, ms

AT = ms("2018-10-15T09:00")
CASE, ACTION = str(uuid.UUID(int=7)), str(uuid.UUID(int=8))
PARTITION, TOPIC = partition_of(CASE), "Yp0HDqkOQyKGGmRgOVm3VA"


def an_attempt() -> Attempt:
    report = Report(Place(GRID), Channel.HOTLINE, "010101", contact=Contact("张三", "13912345678"))
    return Attempt(ACTION, CASE, actor(Role.ACCEPTOR), report, AT, "digest")


def arrived(value: bytes | None, key: bytes | None = CASE.encode(), offset: int = 17) -> Arrived:
    return Arrived(Origin(TOPIC, PARTITION, offset), AT, key, value)


def unread(value: bytes | None, key: bytes | None = CASE.encode()) -> Unread:
    found = examine(arrived(value, key))
    assert isinstance(found, Unread)
    assert read_attempt(arrived(value, key)) is None
    return found


class Topic:
    """The topic `dead-letters`, record by record."""

    def __init__(self) -> None:
        self.records: list[Stored] = []

    def put(self, record: tuple[bytes, bytes, Headers]) -> None:
        key, value, headers = record
        self.records.append(Stored(0, len(self.records), AT, key, value, tuple(headers)))

    def letter(self, offset: int) -> str:
        came = arrived(b"junk", offset=offset)
        self.put(write_letter(came, Unread(UnreadReason.NOT_JSON)))
        return (self.records[-1].key or b"").decode()

    def mark(self, origin: str, done: Done = Done.DISCARDED) -> None:
        self.put(write_mark(origin, Mark(done, "li", AT)))

    def tally(self) -> None:
        letters = self.fold()
        self.put(write_tally(Tally(letters.read_to, letters.open)))

    def fold(self) -> Letters:
        letters = Letters()
        for stored in self.records:
            letters.fold(stored)
        return letters

    def count(self, start: int = 0) -> LetterCount:
        count = LetterCount(start)
        for stored in self.records[start:]:
            count.fold(stored)
        return count


@pytest.mark.parametrize(
    ("value", "key", "reason"),
    [
        (None, b"x", UnreadReason.NO_VALUE),
        (b"x" * (ACTION_BYTES_MAX + 1), b"x", UnreadReason.TOO_LARGE),
        (b"junk", b"x", UnreadReason.NOT_JSON),
        (b"\xff\xfe", b"x", UnreadReason.NOT_JSON),
        (b"{}", b"x", UnreadReason.NOT_AN_ACTION),
        (msgspec.json.encode(an_attempt()), b"x", UnreadReason.WRONG_KEY),
        (msgspec.json.encode(an_attempt()), None, UnreadReason.WRONG_KEY),
        (msgspec.json.encode(replace(an_attempt(), id="a\0b")), CASE.encode(), UnreadReason.NOT_AN_ACTION),
        (msgspec.json.encode(replace(an_attempt(), case="c\0")), b"c\0", UnreadReason.NOT_AN_ACTION),
    ],
)
def test_what_can_not_be_decoded_has_a_reason(value: bytes | None, key: bytes | None, reason: UnreadReason) -> None:
    assert unread(value, key).reason is reason


def test_an_action_in_another_partition_than_its_cases_is_a_letter_since_the_case_would_have_two_writers() -> None:
    value = msgspec.json.encode(an_attempt())
    for partition in range(PARTITIONS):
        found = examine(Arrived(Origin(TOPIC, partition, 17), AT, CASE.encode(), value))
        if partition == PARTITION:
            assert found == an_attempt()
        else:
            assert found == Unread(UnreadReason.WRONG_PARTITION, f"{PARTITION} is right")
    assert resubmission(f"{TOPIC}/0/17", value, AT).case == CASE


def test_only_the_character_itself_is_refused_that_no_row_can_hold_and_not_its_name() -> None:
    named = replace(an_attempt(), action=Note("it is written \\u0000"))
    assert examine(arrived(msgspec.json.encode(named))) == named
    held = replace(an_attempt(), action=Note("it is \0"))
    assert unread(msgspec.json.encode(held)).reason is UnreadReason.NOT_AN_ACTION


def test_an_adoption_that_was_meant_for_another_partition_says_so() -> None:
    adoption = AdoptionAttempt(ACTION, 4, actor(Role.ADMIN), Adopt("0" * 64), AT)
    assert unread(msgspec.json.encode(adoption), b"adoption").reason is UnreadReason.WRONG_PARTITION


def test_a_letter_carries_its_place_reason_key_time_and_whole_value() -> None:
    value = msgspec.json.encode(an_attempt()).replace(b'"hotline"', '"张三"'.encode())
    found = unread(value)
    key, body, headers = write_letter(arrived(value), found)
    letter = read_letter(Stored(0, 5, AT + 900, key, body, tuple(headers)))
    assert letter is not None
    assert (body, letter.size_bytes, letter.cut) == (value, len(value), False)
    assert (letter.origin, letter.offset, letter.at_ms, letter.key) == (f"{TOPIC}/{PARTITION}/17", 5, AT, CASE.encode())
    assert letter.reason is UnreadReason.NOT_AN_ACTION
    assert "$.action.channel" in letter.detail
    assert "张三" not in letter.detail, "the decoder quotes what it found; the copy has it, its headers do not"
    assert dict(headers)["ce_type"] == b"liandong.dead-letter.v1"
    assert {"ce_specversion", "ce_id", "ce_source", "content-type"} <= dict(headers).keys()


def test_a_letter_of_an_older_release_is_read_without_its_reason() -> None:
    letter = read_letter(Stored(0, 5, AT, f"{TOPIC}/3/17".encode(), b"junk"))
    assert letter is not None
    assert (letter.origin, letter.reason, letter.at_ms) == (f"{TOPIC}/3/17", UnreadReason.NOT_KEPT, AT)
    assert (letter.size_bytes, letter.key, letter.cut) == (4, None, False)


def test_what_would_not_fit_into_one_request_is_cut_and_says_so() -> None:
    huge, long_key = b"x" * 5_000_000, b"k" * 5_000
    key, body, headers = write_letter(arrived(huge, long_key), Unread(UnreadReason.TOO_LARGE, "y" * 5_000))
    size = len(key) + len(body) + sum(len(name) + len(value) for name, value in headers)
    assert size < 1_000_000
    letter = read_letter(Stored(0, 5, AT, key, body, tuple(headers)))
    assert letter is not None
    assert (len(body), letter.size_bytes, letter.cut) == (LETTER_BYTES_MAX, 5_000_000, True)
    assert (len(letter.key or b""), len(letter.detail)) == (KEY_BYTES_MAX, DETAIL_CHARS_MAX)


@pytest.mark.parametrize("headers", [(("ce_reason", b"\xff"), ("ce_size", b"-1"), ("ce_time", b"today")), ()])
def test_a_letter_with_headers_that_nobody_understands_is_still_a_letter(
    headers: tuple[tuple[str, bytes], ...],
) -> None:
    letter = read_letter(Stored(0, 5, AT, f"{TOPIC}/3/17".encode(), b"junk", headers))
    assert letter is not None
    assert (letter.reason, letter.size_bytes, letter.at_ms) == (UnreadReason.NOT_KEPT, 4, AT)


def test_a_record_under_a_key_that_is_no_origin_is_no_letter() -> None:
    for key in (None, b"x", b"tally", b"a/b/c", b"a/1/2/3"):
        assert read_letter(Stored(0, 5, AT, key, b"junk")) is None


def test_a_letter_copied_twice_is_one_letter() -> None:
    topic = Topic()
    topic.letter(1)
    topic.letter(1)
    assert len(topic.fold().found) == topic.fold().open == topic.count().open == 1


def test_what_was_done_with_a_letter_stands_under_its_key_and_the_letter_stays() -> None:
    topic = Topic()
    first, second = topic.letter(1), topic.letter(2)
    topic.mark(first)
    letters = topic.fold()
    assert letters.open == topic.count().open == 1
    assert letters.found[second].mark is None
    mark = letters.found[first].mark
    assert mark is not None
    assert (mark.done, mark.by, mark.at_ms) == (Done.DISCARDED, "li", AT)


def test_a_copy_after_the_mark_opens_nothing_anew() -> None:
    topic = Topic()
    topic.mark(topic.letter(1))
    topic.letter(1)
    assert topic.fold().open == 0


def test_what_was_discarded_may_be_resubmitted_and_not_the_other_way_round() -> None:
    topic = Topic()
    origin = topic.letter(1)
    for done in (Done.DISCARDED, Done.RESUBMITTED, Done.DISCARDED):
        topic.mark(origin, done)
    mark = topic.fold().found[origin].mark
    assert mark is not None
    assert mark.done is Done.RESUBMITTED


def test_a_junk_value_that_looks_like_a_mark_is_a_letter() -> None:
    topic = Topic()
    origin = topic.letter(1)
    _, value, _ = write_mark(origin, Mark(Done.DISCARDED, "mallory", AT))
    topic.put(write_letter(arrived(value, offset=2), Unread(UnreadReason.NOT_AN_ACTION)))
    assert topic.fold().open == topic.count().open == 2


STEPS = st.lists(st.tuples(st.sampled_from(["letter", "mark", "tally"]), st.integers(0, 8)), max_size=40)


@given(STEPS, st.integers(0, 40))
def test_from_wherever_counting_begins_it_is_never_too_low_and_exact_after_a_tally(
    steps: list[tuple[str, int]], start: int
) -> None:
    topic = Topic()
    for kind, number in steps:
        if kind == "letter":
            topic.letter(number)
        elif kind == "mark" and topic.records:
            topic.mark(f"{TOPIC}/3/{number}")
        elif kind == "tally":
            topic.tally()
    count = topic.count(min(start, len(topic.records)))
    if count.summed or start == 0:
        assert count.open >= topic.fold().open
    topic.tally()
    assert topic.count(0).open == topic.count(len(topic.records) - 1).open == topic.fold().open


def test_a_tally_that_sums_less_does_not_replace_one_that_sums_more() -> None:
    topic = Topic()
    origins = [topic.letter(number) for number in range(4)]
    less = topic.fold()
    topic.mark(origins[0])
    topic.tally()
    topic.put(write_tally(Tally(less.read_to, less.open)))
    assert topic.count().open == topic.fold().open == 3


def test_a_tally_that_sums_what_was_not_read_asks_to_read_further_back() -> None:
    topic = Topic()
    topic.letter(1)
    topic.tally()
    count = LetterCount(1)
    assert count.fold(topic.records[1]) is None, "the tally sums what lies before it, and all of that is known"
    late = LetterCount(2)
    assert late.fold(Stored(0, 2, AT, *_plain(write_tally(Tally(1, 1))))) == 1


def _plain(record: tuple[bytes, bytes, Headers]) -> tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]:
    return record[0], record[1], tuple(record[2])


def test_beyond_the_limit_deciding_stands_with_a_hand_that_is_given_while_the_rest_runs() -> None:
    letters = OpenLetters("", "dead-letters", 2)
    letters.require()
    assert (letters.open, letters.exceeded) == (None, False)
    fault = TooManyLetters(3, 2)
    assert (fault.code, fault.exit_code) == ("letters.limit", EXIT_STANDS)
    assert "liandong dead-letters" in fault.hint_zh
    assert "liandong dead-letters" in fault.hint_en
    assert Fault("x", "", "").exit_code == EXIT_NEEDS_HAND


def test_a_letter_comes_back_as_a_new_action_under_an_id_that_its_origin_decides() -> None:
    body = msgspec.json.encode(an_attempt())
    first, again = (resubmission(f"{TOPIC}/3/17", body, now) for now in (AT + 5, AT + 9))
    assert first.id == again.id == action_id(f"{TOPIC}/3/17") != ACTION
    assert first.id != action_id(f"{TOPIC}/3/18")
    assert (first.received_at_ms, first.digest) == (AT + 5, again.digest)
    assert (first.case, first.actor, first.action) == (CASE, an_attempt().actor, an_attempt().action)


def test_resubmitted_twice_it_is_repeated_and_with_another_content_it_is_refused() -> None:
    office = Office(None, "test", "1")
    file = CaseFile(CASE)
    outcomes: list[tuple[Outcome, ReasonCode | None]] = []
    other = msgspec.structs.replace(an_attempt(), occurred_at_ms=AT)
    for offset, body in enumerate((an_attempt(), an_attempt(), other)):
        attempt = resubmission(f"{TOPIC}/3/17", msgspec.json.encode(body), AT + offset)
        record = judge(file, attempt, Arrived(Origin(TOPIC, 5, offset), AT + offset, CASE.encode(), b""), office)
        file = absorb(file, record, encode(record))
        outcomes.append((record.outcome, record.rejection.code if record.rejection else None))
    assert outcomes == [
        (Outcome.REJECTED, ReasonCode.NO_RULES),
        (Outcome.REPEATED, None),
        (Outcome.REJECTED, ReasonCode.ACTION_ID_REUSED),
    ]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b"junk", "letters.undecodable", "malformed"),
        (b"{}", "letters.undecodable", "missing required field `id`"),
        (msgspec.json.encode(an_attempt()).replace(b"hotline", b"Mr Li"), "letters.undecodable", "$.action.channel"),
        (b"[" * 5_000, "letters.undecodable", ""),
        (b"x" * (ACTION_BYTES_MAX + 1), "letters.too_large", str(ACTION_BYTES_MAX)),
        (
            msgspec.json.encode(AdoptionAttempt(ACTION, 4, actor(Role.ADMIN), Adopt("0" * 64), AT)),
            "letters.adoption",
            "every partition",
        ),
    ],
)
def test_a_body_that_nobody_could_decode_is_refused_with_what_is_wrong(body: bytes, code: str, said: str) -> None:
    with pytest.raises(Fault) as refused:
        resubmission(f"{TOPIC}/3/17", body, AT)
    assert refused.value.code == code
    assert said in refused.value.en
    assert refused.value.zh
    assert "Mr Li" not in refused.value.en


def test_the_form_of_a_letter_shows_what_an_action_is_made_of_and_nobodys_data() -> None:
    attempt = msgspec.structs.replace(an_attempt(), actor=actor(Role.ACCEPTOR, "王五"))
    told = form_of(msgspec.json.encode(attempt))
    for shown in (CASE, ACTION, "report", "hotline", GRID, "acceptor"):
        assert f'"{shown}"' in told
    for hidden in ("张三", "13912345678", "王五"):
        assert hidden not in told
    assert "text(11)" in told


@given(st.text(alphabet="电话13912345678 ab_", min_size=3, max_size=12))
def test_no_field_shows_what_has_not_its_form(secret: str) -> None:
    form = form_of(
        msgspec.json.encode({"grid": secret, "id": secret, "case": [secret], "text": secret, "n": 13912345678})
    )
    assert "13912345678" not in form
    assert f'"text": "text({len(secret)})"' in form


def test_a_value_that_is_no_json_shows_nothing_of_itself() -> None:
    assert "zhang" not in form_of(b"zhang san, 13912345678")
    assert "zhang san" not in form_of(msgspec.json.encode({"zhang san": 1}))
