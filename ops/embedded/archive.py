"""Makes the archive of the broker's classes that `ops.embedded.jvm` starts it from: once a Java and a list of jars.

A broker is started on an empty folder and stopped, which tells what it loads; then the JVM writes these classes down.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from pathlib import Path

from ops.embedded.jars import ensure
from ops.embedded.java import find_java
from ops.embedded.jvm import OPTIONS, archive_path, class_path
from ops.embedded.kafka import KafkaNode
from runtime.faults import Fault

DUMP_S_MAX = 180
KEPT_MAX = 3
"""Archives of 64 MB each: of the Javas and jars that were set up last."""


async def make(cache_dir: Path, named: str = "") -> Path:
    """The archive, made in some ten seconds if it is not there; `named` is a Java other than the usual one.

    Raises Fault (jars, Java, a broker that does not come up, `kafka.no_archive`).
    """
    jars = ensure(cache_dir)
    java, _ = find_java(named)
    archive = archive_path(cache_dir, java, jars)
    if archive.exists():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".part-") as part:
        loaded, made = Path(part) / "loaded", Path(part) / archive.name
        node = KafkaNode(Path(part) / "kafka", cache_dir, named, show=False, classes_into=loaded)
        await node.start()
        await node.stop()
        dump = ("-Xshare:dump", f"-XX:SharedClassListFile={loaded}", f"-XX:SharedArchiveFile={made}")
        await asyncio.to_thread(_run, [str(java), *OPTIONS, *dump, "-cp", class_path(jars)])
        made.replace(archive)
    for old in sorted(archive.parent.glob("*.jsa"), key=lambda one: one.stat().st_mtime_ns)[:-KEPT_MAX]:
        old.unlink(missing_ok=True)
    return archive


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=DUMP_S_MAX, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or error).strip()[-400:]
        raise Fault(
            "kafka.no_archive",
            f"Java 未能写出 Kafka 的类归档:{said}",
            f"Java could not write the archive of Kafka's classes: {said}",
            hint_zh="没有它 Kafka 也能运行,只是启动较慢;请检查磁盘空间后再运行 liandong setup。",
            hint_en="Kafka runs without it, only starts more slowly; look at the disk's room and run setup again.",
        ) from error
