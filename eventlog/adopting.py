"""An adoption as it goes into the log: one action id, appended to every partition of `actions` (design §1.8).

A half-finished one is finished by repeating it: the partitions that have it already answer `repeated`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from domain.adoption.actions import Adopt, AdoptionAttempt
from domain.adoption.values import KEY
from domain.case.values import Actor
from eventlog.append import Appender
from eventlog.position import PARTITIONS
from runtime import failpoints

_encoder = msgspec.json.Encoder(order="deterministic")


async def append_adoption(
    appender: Appender,
    action_id: str,
    actor: Actor,
    adopt: Adopt,
    now_ms: int,
    partitions: Iterable[int] = range(PARTITIONS),
) -> dict[int, int]:
    """Append the adoption to these partitions; gives the action offset in each. The contents must be on `refs`.

    Raises LogUnreachable: it may stand in some of them. Repeat it with the same id.
    """

    async def one(partition: int) -> tuple[int, int]:
        attempt = AdoptionAttempt(action_id, partition, actor, adopt, now_ms)
        failpoints.hit("adoption.before_partition")
        stands = await appender.append_raw(appender.names.actions, partition, KEY.encode(), _encoder.encode(attempt))
        failpoints.hit("adoption.partition_appended")
        return stands

    appended = dict(await asyncio.gather(*(one(partition) for partition in partitions)))
    failpoints.hit("adoption.appended")
    return appended
