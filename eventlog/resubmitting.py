"""A letter's body as a new action: decoded again, under an id that only its origin decides.

Must never let anything pass that the decider could not decode: it would come back as another letter.
"""

from __future__ import annotations

import hashlib
import uuid

import msgspec

from domain.adoption.values import KEY
from domain.case.actions import Attempt
from eventlog.letters import without_values
from eventlog.position import partition_of
from eventlog.record import Origin
from eventlog.verdict import ACTION_BYTES_MAX, Arrived, Unread, UnreadReason, examine
from runtime.faults import Fault

LETTERS = uuid.UUID("6f0d0c39-6a1e-5c06-9d43-3f1de1f6a5b1")

_encoder = msgspec.json.Encoder(order="deterministic")


def action_id(origin: str) -> str:
    """The id of the action that a letter becomes: the same whoever resubmits it, and however often."""
    return str(uuid.uuid5(LETTERS, origin))


def resubmission(origin: str, body: bytes, now_ms: int) -> Attempt:
    """The attempt in those bytes, received now, under the letter's id and a digest of its own content.

    Repeated with the same content it adds nothing (`repeated`), with another it is refused (`action_id_reused`). The
    key it came under does not matter: it is appended under its case. Raises Fault `letters.undecodable`,
    `letters.too_large`, `letters.adoption`.
    """
    if len(body) > ACTION_BYTES_MAX:
        raise _too_large(len(body))
    try:
        given = msgspec.json.decode(body, type=Attempt)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if _adopts(body):
            raise _adoption() from None
        raise _undecodable(without_values(str(error)) or type(error).__name__) from None
    plain = msgspec.structs.replace(given, id=action_id(origin), received_at_ms=0, digest="")
    digest = hashlib.sha256(_encoder.encode(plain)).hexdigest()
    attempt = msgspec.structs.replace(plain, received_at_ms=now_ms, digest=digest)
    value = _encoder.encode(attempt)
    if len(value) > ACTION_BYTES_MAX:
        raise _too_large(len(value))
    again = examine(Arrived(Origin("", partition_of(attempt.case), 0), 0, attempt.case.encode(), value))
    if isinstance(again, Unread):
        raise _undecodable(again.detail or UnreadReason(again.reason))
    return attempt


def _adopts(body: bytes) -> bool:
    """True for an adoption, in whatever partition it was meant to stand."""
    found = examine(Arrived(Origin("", -1, 0), 0, KEY.encode(), body))
    return not isinstance(found, Unread) or found.reason is UnreadReason.WRONG_PARTITION


def _undecodable(said: str) -> Fault:
    return Fault(
        "letters.undecodable",
        f"内容仍无法解读,未写入任何记录:{said}。",
        f"The body can still not be decoded, nothing was appended: {said}.",
        hint_zh="请把改正后的 JSON 存成文件,用 --file 给出;docs/api.md 说明各操作的字段。",
        hint_en="Put the corrected JSON into a file and give it by --file; docs/api.md tells each action's fields.",
    )


def _too_large(size: int) -> Fault:
    return Fault(
        "letters.too_large",
        f"内容为 {size} 字节,一个操作最多 {ACTION_BYTES_MAX} 字节;未写入任何记录。",
        f"The body has {size} bytes, an action has {ACTION_BYTES_MAX} at most; nothing was appended.",
        hint_zh="请用 --file 给出更短的内容。",
        hint_en="Give a shorter one by --file.",
    )


def _adoption() -> Fault:
    return Fault(
        "letters.adoption",
        "这是一次采用(adoption),须写入所有分区,不能作为单条记录重新提交。",
        "This is an adoption: it goes to every partition and can not be resubmitted as one record.",
        hint_zh="请用 liandong reference adopt 重新采用,然后弃置(discard)该记录。",
        hint_en="Adopt it again with liandong reference adopt, then discard the letter.",
    )
