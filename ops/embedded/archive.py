"""Makes the archive of the broker's classes that `ops.embedded.jvm` starts it from: one for each Java and list of jars.

A broker is started on an empty folder and stopped, which tells what it loads; then the JVM writes these classes down.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

from ops.embedded.jars import ensure
from ops.embedded.java import find_java
from ops.embedded.jvm import OPTIONS, archive_path, class_path, mapping, ours
from ops.embedded.kafka import KafkaNode
from runtime.faults import Fault

JAVA_S_MAX = 180
KEPT_MAX = 3
"""Archives of 64 MB each: those that were set up last, whichever checkout they belong to."""
LEFT_OVER_S = 3_600
PART = ".part-"


async def make(cache_dir: Path, named: str = "") -> Path:
    """The archive, made in some ten seconds if there is none that Java takes; `named` is a Java other than the usual.

    Raises Fault (jars, Java, a broker that does not come up, `kafka.no_archive`).
    """
    jars = ensure(cache_dir)
    java, _ = find_java(named)
    archive = archive_path(cache_dir, java, jars)
    try:
        archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        archive.parent.chmod(0o700)  # whoever made it
        if ours(archive) and await asyncio.to_thread(_takes, java, archive, jars):
            archive.touch()
        else:
            await _make(cache_dir, named, java, jars, archive)
        prune(archive.parent, time.time())
    except (OSError, subprocess.SubprocessError, TimeoutError) as error:
        raise _not_made(f"{type(error).__name__}: {error}") from error
    return archive


def prune(folder: Path, now_s: float) -> None:
    """Remove all but the KEPT_MAX archives that were set up last, and what a setup that was killed left over
    LEFT_OVER_S ago. Another setup may do the same meanwhile."""
    last = sorted(((_set_up_s(one), one) for one in folder.glob("*.jsa")), reverse=True)
    for _, old in last[KEPT_MAX:]:
        old.unlink(missing_ok=True)
    for part in folder.glob(f"{PART}*"):
        if _set_up_s(part) < now_s - LEFT_OVER_S:
            rmtree(part, ignore_errors=True)


def _set_up_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


async def _make(cache_dir: Path, named: str, java: Path, jars: Sequence[Path], archive: Path) -> None:
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=PART) as part:
        loaded, made = Path(part) / "loaded", Path(part) / archive.name
        node = KafkaNode(Path(part) / "kafka", cache_dir, named, show=False, classes_into=loaded)
        try:
            await node.start()
        finally:
            await node.stop()
        dump = ("-Xshare:dump", f"-XX:SharedClassListFile={loaded}", f"-XX:SharedArchiveFile={made}")
        done = await asyncio.to_thread(_java, java, *dump, "-cp", class_path(jars))
        if done.returncode != 0:
            raise _not_made((done.stdout + done.stderr).strip()[-400:])
        made.chmod(0o600)
        made.replace(archive)


def _takes(java: Path, archive: Path, jars: Sequence[Path]) -> bool:
    """True if that Java maps it: whole, and of these very jars."""
    return _java(java, "-Xshare:on", *mapping(archive), "-cp", class_path(jars), "-version").returncode == 0


def _java(java: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(java), *OPTIONS, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=JAVA_S_MAX, check=False)


def _not_made(why: str) -> Fault:
    return Fault(
        "kafka.no_archive",
        f"未能写出 Kafka 的类归档({why})。",
        f"The archive of Kafka's classes could not be made ({why}).",
        hint_zh="没有它 Kafka 也能运行,只是启动较慢;请检查缓存目录的权限与磁盘空间后再运行 liandong setup。",
        hint_en="Kafka runs without it and only starts more slowly; see whether the cache folder can be written to and "
        "has room, and run liandong setup again.",
    )
