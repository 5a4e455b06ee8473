"""Sums that are rows: counters under a key, to which each portion of records adds what it changes.

Owns that a sum which comes to nothing has no row: so the rows are the same in however many portions they were made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class Sums(msgspec.Struct, frozen=True, gc=False):
    """A table of sums: the columns of its key with their types, and its counters (int)."""

    key: Mapping[str, str]
    counters: tuple[str, ...]


async def add(connection: Any, table: str, sums: Sums, changes: Mapping[tuple[Any, ...], Sequence[int]]) -> None:
    """Add the changes, key → one number a counter; a key whose counters are all 0 then is deleted."""
    rows = [(key, counts) for key, counts in changes.items() if any(counts)]
    if not rows:
        return
    kinds = [*sums.key.values(), *("int" for _ in sums.counters)]
    key = ", ".join(sums.key)
    await connection.execute(
        f"insert into {table} as held ({key}, {', '.join(sums.counters)}) "
        f"select * from unnest({_arrays(kinds)}) on conflict ({key}) do update set "
        + ", ".join(f"{name} = held.{name} + excluded.{name}" for name in sums.counters),
        *_columns([(*key, *counts) for key, counts in rows]),
    )
    fewer = [key for key, counts in rows if min(counts) < 0]
    if fewer:
        await connection.execute(
            f"delete from {table} where ({key}) in (select * from unnest({_arrays(list(sums.key.values()))})) and "
            + " and ".join(f"{name} = 0" for name in sums.counters),
            *_columns(fewer),
        )


def _arrays(kinds: list[str]) -> str:
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(kinds, 1))


def _columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return list(map(list, zip(*rows, strict=True)))
