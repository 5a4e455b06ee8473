"""A stock Faust agent: every record of a topic decoded and written as a row, a thousand records a transaction.

Environment: PEER_KAFKA, PEER_POSTGRES, PEER_TOPIC, PEER_RECORDS, PEER_FOLDER. Prints {"seconds": …} from its first
batch on. Reads from the first record, commits as Faust does; rows and place are not one transaction.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import asyncpg
import faust

TOPIC, RECORDS = os.environ["PEER_TOPIC"], int(os.environ["PEER_RECORDS"])
BATCH_MAX, WITHIN_S = 1_000, 0.1
INSERT = "insert into peer_faust values ($1, $2, $3)"

app = faust.App(
    f"peer-{TOPIC}",
    broker=f"kafka://{os.environ['PEER_KAFKA']}",
    datadir=os.environ["PEER_FOLDER"],
    store="memory://",
    web_enabled=False,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
    consumer_max_fetch_size=8 * 1024 * 1024,
)
log = app.topic(TOPIC, value_serializer="json", key_serializer="raw")


@app.agent(log)
async def rows(stream: Any) -> None:
    """Write what comes."""
    pool = await asyncpg.connect(os.environ["PEER_POSTGRES"])
    await pool.execute("create table peer_faust (case_id text, seq int, record text)")
    done, began, first = 0, 0.0, 0
    async for batch in stream.take(BATCH_MAX, within=WITHIN_S):
        if not began:
            began, first = time.monotonic(), len(batch)
        await pool.executemany(INSERT, [(one.get("case", ""), one.get("seq", 0), json.dumps(one)) for one in batch])
        done += len(batch)
        if done >= RECORDS:
            seconds = (time.monotonic() - began) * RECORDS / max(RECORDS - first, 1)
            os.write(1, json.dumps({"seconds": seconds}).encode() + b"\n")  # Faust takes print away
            os._exit(0)


if __name__ == "__main__":
    app.main()
