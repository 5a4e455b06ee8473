"""Quix Streams: every record of a topic decoded and written as a row by its own PostgreSQL sink.

Environment: PEER_KAFKA, PEER_POSTGRES, PEER_TOPIC, PEER_RECORDS, PEER_FOLDER. Prints {"seconds": …} from its first
record on. At least once, as it comes.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any
from urllib.parse import unquote, urlsplit

from quixstreams import Application
from quixstreams.sinks.community.postgresql import PostgreSQLSink

RECORDS = int(os.environ["PEER_RECORDS"])


def main() -> None:
    """Run until so many records are in the table."""
    app = Application(
        broker_address=os.environ["PEER_KAFKA"],
        consumer_group="peer-quix",
        auto_offset_reset="earliest",
        state_dir=os.environ["PEER_FOLDER"],
        loglevel="ERROR",
    )
    rows = app.dataframe(app.topic(os.environ["PEER_TOPIC"], value_deserializer="json"))
    began: list[float] = []

    def row(record: Any) -> dict[str, Any]:
        if not began:
            began.append(time.monotonic())
        return {"case_id": record.get("case", ""), "seq": record.get("seq", 0), "record": json.dumps(record)}

    where = urlsplit(os.environ["PEER_POSTGRES"])
    sink = PostgreSQLSink(
        host=where.hostname or "",
        port=where.port or 5432,
        dbname=where.path.lstrip("/"),
        user=unquote(where.username or ""),
        password=unquote(where.password or ""),
        table_name="peer_quix",
        include_metadata=False,
    )
    rows.apply(row).sink(sink)
    app.run(count=RECORDS, collect=False)
    print(json.dumps({"seconds": time.monotonic() - began[0]}), flush=True)


if __name__ == "__main__":
    main()
