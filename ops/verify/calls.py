"""What clients were told: one line a call, as JSON, written by whoever called.

Owns the form of that file and its reading. `began_ns` and `ended_ns` are of one clock that never goes back, the same
for all clients of a file (a machine's monotonic clock): what ended before something else began came before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

import msgspec

from runtime.faults import Fault

LINE_BYTES_MAX = 64 * 1024
_Instant = Annotated[int, msgspec.Meta(ge=0)]


class Told(StrEnum):
    """What came back. `unknown`: no answer, a 202, a 503, a broken connection — it may have happened or not."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where the action stands on `actions`, as the answer said."""

    partition: Annotated[int, msgspec.Meta(ge=0)]
    offset: Annotated[int, msgspec.Meta(ge=0)]


class Call(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One call of one client, ended. A repetition of an action is a call of its own with the same `action_id`."""

    client: str
    action_id: str
    case: str
    began_ns: _Instant
    ended_ns: _Instant
    told: Told
    origin: Place | None = None


class UnreadableCall(Fault):
    """A line of the file is no call."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(
            "verify.unreadable_call",
            f"第 {line} 行不是一次调用:{reason}。",
            f"Line {line} is no call: {reason}.",
            hint_zh="每行一个 JSON 对象:client、action_id、case、began_ns、ended_ns、"
            "told(accepted、unchanged、rejected、unknown)、origin(partition、offset)。",
            hint_en="One JSON object a line: client, action_id, case, began_ns, ended_ns, told (accepted, unchanged, "
            "rejected, unknown) and origin (partition, offset).",
        )


_decoder = msgspec.json.Decoder(Call)


def read_calls(lines: Iterable[bytes]) -> Iterator[Call]:
    """The calls in these lines; empty lines are passed over. Raises UnreadableCall."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(line) > LINE_BYTES_MAX:
            raise UnreadableCall(number, f"{len(line)} bytes, at most {LINE_BYTES_MAX}")
        try:
            call = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreadableCall(number, str(error)) from error
        if call.ended_ns < call.began_ns:
            raise UnreadableCall(number, "it ended before it began")
        if call.told is not Told.UNKNOWN and call.origin is None:
            raise UnreadableCall(number, "an outcome without its origin")
        yield call
