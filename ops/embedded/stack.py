"""Kafka and PostgreSQL of one data folder, started together and stopped in order.

Owns the folder: one process at a time, and only a folder of the format and versions that this release knows.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from pathlib import Path
from types import TracebackType

from ops.embedded.kafka import KafkaNode
from ops.embedded.postgres import PostgresNode
from runtime.faults import Fault

FORMAT = {"format": 1, "kafka": "4.4", "postgres": 18}


class EmbeddedStack:
    """An async context manager; inside it `kafka` (bootstrap servers) and `postgres` (a DSN) can be used."""

    def __init__(self, data_dir: Path, cache_dir: Path, java: str = "", show: bool = True) -> None:
        self._data_dir = data_dir
        self.kafka_node = KafkaNode(data_dir / "kafka", cache_dir, java, show)
        self.postgres_node = PostgresNode(data_dir / "postgres")
        self._lock: int | None = None

    @property
    def kafka(self) -> str:
        """Bootstrap servers, "127.0.0.1:port"."""
        return self.kafka_node.bootstrap

    @property
    def postgres(self) -> str:
        """The DSN of the database, password included: a secret."""
        return self.postgres_node.dsn

    async def __aenter__(self) -> EmbeddedStack:
        self._lock = _lock(self._data_dir)
        _require_known_format(self._data_dir)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.kafka_node.start())
                group.create_task(self.postgres_node.start())
        except ExceptionGroup as failed:
            await self._stop()
            raise failed.exceptions[0] from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        try:
            await self.kafka_node.stop()
            await self.postgres_node.stop()
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None


def _lock(data_dir: Path) -> int:
    data_dir.mkdir(parents=True, exist_ok=True)
    handle = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Fault(
            "data.busy",
            f"数据目录 {data_dir} 正被另一个联动进程使用。",
            f"The data folder {data_dir} is in use by another liandong.",
            hint_zh="请先停止它,或用 LIANDONG_DATA_DIR 另指目录。",
            hint_en="Stop that one first, or name another folder with LIANDONG_DATA_DIR.",
        ) from None
    return handle


def _require_known_format(data_dir: Path) -> None:
    path = data_dir / "format.json"
    if not path.exists():
        if (data_dir / "kafka").exists() or (data_dir / "postgres").exists():
            raise _old(data_dir, "-")
        path.write_text(json.dumps(FORMAT))
        return
    found = path.read_text()
    if found.strip() != json.dumps(FORMAT):
        raise _old(data_dir, found.strip())


def _old(data_dir: Path, found: str) -> Fault:
    return Fault(
        "data.old",
        f"数据目录 {data_dir} 由其他版本写成({found}),本版本为 {json.dumps(FORMAT)}。",
        f"The data folder {data_dir} was written by another version ({found}); this one writes {json.dumps(FORMAT)}.",
        hint_zh="请用原版本打开,或备份后删除该目录重新开始。",
        hint_en="Open it with the version that wrote it, or back it up, remove it and start afresh.",
    )
