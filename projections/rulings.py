"""rulings: which adjudications wait to become rules of the routing? Asked and kept by the reactor only.

No fold of the log rebuilds these rows: they are the reactor's list of what it still has to do, written in the
transaction that moves its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.routing.values import Adjudication

NAME = "rulings"
REFUSED = "refused"
"""In the place of a version: the routing in force had no room for it (an ended unit, a class that is gone)."""
WAITING_MAX = 200
"""Adjudications that become rules in one adoption; the others wait for the next."""

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Adjudication)


async def note(connection: Any, rulings: Sequence[Adjudication]) -> None:
    """Put them on the list; one that is on it already stays as it is."""
    if rulings:
        await connection.executemany(
            f"insert into {NAME} values ($1, $2) on conflict do nothing",
            [(ruling.code, _encoder.encode(ruling)) for ruling in rulings],
        )


async def waiting(connection: Any) -> list[Adjudication]:
    """Those that are in no version yet, at most WAITING_MAX, in the order of their codes."""
    found = await connection.fetch(
        f"select ruling from {NAME} where version is null order by code limit $1", WAITING_MAX
    )
    return [_decoder.decode(row["ruling"]) for row in found]


async def ruled(connection: Any, codes: Sequence[str], version: str) -> None:
    """That version of the routing holds these."""
    await connection.execute(f"update {NAME} set version = $1 where code = any($2::text[])", version, list(codes))
