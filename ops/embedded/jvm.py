"""How the broker's JVM is started: its options, the jars, and the archive of their classes where there is one.

The archive (class data sharing) holds the classes that a broker loads as the JVM has them in memory, which saves half
the processor time of a start. Nothing depends on it: a JVM that finds it damaged, or made by another Java or from other
jars, says so and loads the classes from the jars. Must never map a file that anybody else can write: its own checksum
finds damage, not a stranger's hand. `ops.embedded.archive` makes it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

HEAP_MB = 512
OPTIONS = (f"-Xmx{HEAP_MB}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Djava.awt.headless=true")
FOLDER = "classes"
OTHERS_WRITE = 0o022


def archive_path(cache_dir: Path, java: Path, jars: Sequence[Path]) -> Path:
    """Where the archive of these jars' classes lies that this very Java maps with these options; it need not exist.

    Raises OSError where that Java is not there.
    """
    program = java.stat()
    made_from = [str(java), program.st_size, program.st_mtime_ns, *OPTIONS, *map(str, jars)]
    return cache_dir / FOLDER / f"{hashlib.sha256(repr(made_from).encode()).hexdigest()[:16]}.jsa"


def command(cache_dir: Path, java: Path, jars: Sequence[Path], classes_into: Path | None = None) -> list[str]:
    """What runs a class of the jars, up to the name of the class. With `classes_into` it maps no archive, and the names
    of the classes that it loads are written there. Raises OSError where that Java is not there."""
    archive = archive_path(cache_dir, java, jars)
    options: Sequence[str] = ()
    if classes_into is not None:
        options = (f"-XX:DumpLoadedClassList={classes_into}",)
    elif ours(archive):
        options = mapping(archive)
    return [str(java), *OPTIONS, *options, "-cp", class_path(jars)]


def mapping(archive: Path) -> tuple[str, ...]:
    """The options with which a JVM maps that archive, if it is as it was made."""
    return (f"-XX:SharedArchiveFile={archive}", "-XX:+VerifySharedSpaces")


def class_path(jars: Sequence[Path]) -> str:
    """The jars as the JVM wants them named. The archive is of these paths, in this order."""
    return ":".join(map(str, jars))


def ours(path: Path) -> bool:
    """True if it is there, and nobody else can write it or put another in its place."""
    try:
        file, folder = path.stat(), path.parent.stat()
    except OSError:
        return False
    return all(one.st_uid == os.getuid() and not one.st_mode & OTHERS_WRITE for one in (file, folder))
