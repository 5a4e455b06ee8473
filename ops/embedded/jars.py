"""The broker's jars: fetched by coordinates, each held against our own SHA-256 list, kept per user.

Owns `jars.sha256`. A jar enters the folder only after its hash was right; one that differs later is refused and
named. The resolver only warns about a bad checksum, which is why the list is ours (decision record 0006).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from runtime.faults import Fault

LIST = Path(__file__).with_name("jars.sha256")
TRIES_MAX = 3
TIMEOUT_S = 10


class Jar(msgspec.Struct, frozen=True):
    """One jar: group:artifact:version, the SHA-256 of its bytes (hex) and their number."""

    coordinate: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        """Its name in the folder: artifact-version.jar."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def listed(path: Path = LIST) -> tuple[Jar, ...]:
    """The jars of our list."""
    rows = (line.split() for line in path.read_text().splitlines() if line)
    return tuple(Jar(coordinate, sha256, int(size)) for sha256, size, coordinate in rows)


def missing(folder: Path, jars: tuple[Jar, ...]) -> list[Jar]:
    """The jars that are not there yet. Raises Fault `jar.checksum` for one that is there and differs."""
    absent: list[Jar] = []
    for jar in jars:
        path = folder / jar.file_name
        if path.exists():
            _require_right(path, jar)
        else:
            absent.append(jar)
    return absent


def ensure(cache_dir: Path, show: bool = True, jars: tuple[Jar, ...] | None = None) -> list[Path]:
    """All jars, verified; fetches what is missing, with a progress bar. Raises Fault jar.checksum, jar.no_network."""
    jars = listed() if jars is None else jars
    folder = cache_dir / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    absent = missing(folder, jars)
    if absent:
        with _bar(sum(jar.size for jar in absent), show) as advance:
            for jar in absent:
                _fetch(jar, folder, advance)
    return [folder / jar.file_name for jar in jars]


def _fetch(jar: Jar, folder: Path, advance: Callable[[int], None]) -> None:
    last: Exception | None = None
    for _ in range(TRIES_MAX):
        with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as part:
            try:
                path = _download(jar, Path(part), advance)
            except Exception as error:
                last = error
                continue
            _require_right(path, jar)
            path.replace(folder / jar.file_name)
            return
    raise Fault(
        "jar.no_network",
        f"无法下载 {jar.coordinate}({last})。",
        f"{jar.coordinate} could not be fetched ({last}).",
        hint_zh="首次启动需要联网下载约 43 MB;请检查网络或代理后重试,或改用 LIANDONG_KAFKA 指向已有集群。",
        hint_en="The first start needs the network (about 43 MB): check it or the proxy and try again, or point "
        "LIANDONG_KAFKA at a cluster.",
    )


def _download(jar: Jar, part: Path, advance: Callable[[int], None]) -> Path:
    from jgo.maven import MavenContext, PythonResolver  # imports a web client: only where something is fetched

    @contextmanager
    def progress(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield advance

    group, artifact, version = jar.coordinate.split(":")
    context: Any = MavenContext(resolver=PythonResolver(progress_callback=progress), repo_cache=part, timeout=TIMEOUT_S)
    return Path(context.project(group, artifact).at_version(version).artifact().resolve())


def _require_right(path: Path, jar: Jar) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != jar.sha256:
        raise Fault(
            "jar.checksum",
            f"{jar.coordinate} 的校验值不符:应为 {jar.sha256[:16]}…,实为 {found[:16]}…({path})。",
            f"{jar.coordinate} differs: expected SHA-256 {jar.sha256[:16]}…, found {found[:16]}… ({path}).",
            hint_zh="请删除该文件后重试;若仍不符,请勿使用。",
            hint_en="Delete that file and try again; if it differs once more, do not use it.",
        )


@contextmanager
def _bar(total: int, show: bool) -> Iterator[Callable[[int], None]]:
    columns = (
        TextColumn("Kafka jars"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, disable=not show) as progress:
        task = progress.add_task("jars", total=total)
        yield lambda size: progress.advance(task, size)
