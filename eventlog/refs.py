"""Immutable contents on `refs`: standards, calendars, grid trees and the manifests that name them, under their hash.

Owns publishing and reading them. A content never changes: its key is the SHA-256 of its bytes, and one that does not
match its key is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

from eventlog.append import Appender
from eventlog.tail import ends, read_to
from eventlog.topics import TopicNames


class ContentDamaged(Exception):
    """Bytes on `refs` whose SHA-256 is not their key."""

    code = "log.content_damaged"


def content_hash(content: bytes) -> str:
    """The name of a content: SHA-256, hex."""
    return hashlib.sha256(content).hexdigest()


async def publish(appender: Appender, bootstrap: str, contents: Mapping[str, bytes]) -> int:
    """Append the contents that are not there yet; gives how many. Raises LogUnreachable, ContentDamaged."""
    for name, content in contents.items():
        if content_hash(content) != name:
            raise ContentDamaged(name)
    there = await read_contents(bootstrap, appender.names)
    missing = [name for name in contents if name not in there]
    for name in missing:
        await appender.append_raw(appender.names.refs, 0, name.encode(), contents[name])
    return len(missing)


async def read_contents(bootstrap: str, names: TopicNames) -> dict[str, bytes]:
    """All contents by their hash. Raises ContentDamaged."""
    contents: dict[str, bytes] = {}
    upto = await ends(bootstrap, names.refs)
    async for chunk in read_to(bootstrap, names.refs, {0: 0}, upto):
        for stored in chunk:
            name = (stored.key or b"").decode()
            if stored.value is None or content_hash(stored.value) != name:
                raise ContentDamaged(name)
            contents[name] = stored.value
        await asyncio.sleep(0)
    return contents
