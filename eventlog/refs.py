"""Immutable contents on `refs`: standards, calendars, grid trees and the manifests that name them, under their hash.

Owns publishing and reading them. A content never changes: its key is the SHA-256 of its bytes, and one that does not
match its key is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from eventlog.append import LogUnreachable
from eventlog.broker import client_security
from eventlog.tail import ends, read_to
from eventlog.topics import TopicNames
from runtime import failpoints

CONTENT_BYTES_MAX = 8 * 1024 * 1024
"""Of one content before compression; the broker's own limit (1 MiB) is met by gzip, which brings JSON to a sixth."""
ENVELOPE_BYTES_MAX = 4 * 1024
PUBLISH_S_MAX = 30.0


class ContentTooLarge(ValueError):
    """A content of more than CONTENT_BYTES_MAX bytes."""

    code = "refs.too_large"

    def __init__(self, name: str, found: int) -> None:
        super().__init__(f"{name}: {found} bytes found, {CONTENT_BYTES_MAX} allowed")


class ContentDamaged(Exception):
    """Bytes on `refs` whose SHA-256 is not their key."""

    code = "log.content_damaged"


def content_hash(content: bytes) -> str:
    """The name of a content: SHA-256, hex."""
    return hashlib.sha256(content).hexdigest()


async def publish(bootstrap: str, names: TopicNames, contents: Mapping[str, bytes]) -> int:
    """Append the contents that are not there yet; gives how many.

    Raises ContentTooLarge, ContentDamaged, LogUnreachable. Published twice at the same time, one stands there twice,
    which changes nothing.
    """
    for name, content in contents.items():
        if content_hash(content) != name:
            raise ContentDamaged(name)
        if len(content) > CONTENT_BYTES_MAX:
            raise ContentTooLarge(name, len(content))
    there = await read_contents(bootstrap, names)
    missing = [name for name in contents if name not in there]
    if missing:
        await _append(bootstrap, names, {name: contents[name] for name in missing})
        failpoints.hit("contents.published")
    return len(missing)


async def _append(bootstrap: str, names: TopicNames, contents: Mapping[str, bytes]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        **client_security(),
        acks="all",
        enable_idempotence=True,
        compression_type="gzip",
        max_request_size=CONTENT_BYTES_MAX + ENVELOPE_BYTES_MAX,
    )
    try:
        async with asyncio.timeout(PUBLISH_S_MAX):
            await producer.start()
            try:
                for name, content in contents.items():
                    failpoints.hit("contents.before_one")
                    await producer.send_and_wait(names.refs, content, key=name.encode(), partition=0)
            finally:
                await producer.stop()
    except (TimeoutError, KafkaError, OSError) as error:
        raise LogUnreachable(f"{names.refs}: {error or 'no acknowledgement in time'}") from error


async def read_contents(bootstrap: str, names: TopicNames) -> dict[str, bytes]:
    """All contents by their hash. Raises ContentDamaged."""
    return (await read_from(bootstrap, names, 0))[1]


async def read_from(bootstrap: str, names: TopicNames, offset: int) -> tuple[int, dict[str, bytes]]:
    """The next offset of `refs`, and the contents that stand from that one on by their hash. Raises ContentDamaged."""
    contents: dict[str, bytes] = {}
    upto = await ends(bootstrap, names.refs)
    async for chunk in read_to(bootstrap, names.refs, {0: offset}, upto):
        for stored in chunk:
            name = (stored.key or b"").decode()
            if stored.value is None or content_hash(stored.value) != name:
                raise ContentDamaged(name)
            contents[name] = stored.value
        await asyncio.sleep(0)
    return upto[0], contents
