"""The archive of the broker's classes: a broker is started from it, and without it where it is damaged."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from ops.embedded.archive import make
from ops.embedded.jars import ensure
from ops.embedded.java import find_java
from ops.embedded.jvm import archive_path
from ops.embedded.kafka import KafkaNode
from ops.setup import keep_classes
from runtime.settings import load_settings


@pytest.mark.asyncio
async def test_a_broker_maps_its_archive_and_goes_without_one_that_is_damaged(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "jars").symlink_to(load_settings().cache_dir / "jars")
    useless = archive_path(cache, find_java()[0], ensure(cache, show=False))
    useless.parent.mkdir()
    useless.parent.chmod(0o770)
    useless.write_text("cut off")
    archive = await make(cache)
    assert archive == useless, "made anew, because Java does not take it"
    made = archive.stat()
    assert (await make(cache)).stat().st_ino == made.st_ino, "once"
    assert [one.name for one in archive.parent.iterdir()] == [archive.name], "nothing else is left"
    assert archive in await _mapped(tmp_path / "one", cache)

    whole = bytearray(archive.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4096] = bytes(byte ^ 0x55 for byte in whole[middle : middle + 4096])
    archive.write_bytes(whole)
    assert archive not in await _mapped(tmp_path / "other", cache)
    assert "Checksum verification failed" in (tmp_path / "other" / "kafka.log").read_text()


def test_a_setup_that_cannot_make_it_says_why_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "jars").symlink_to(load_settings().cache_dir / "jars")
    (tmp_path / "classes").write_text("no folder")
    monkeypatch.setenv("LIANDONG_CACHE_DIR", str(tmp_path))
    keep_classes(load_settings())
    said = capsys.readouterr().err
    assert "[kafka.no_archive]" in said
    assert str(tmp_path / "classes") in said


async def _mapped(folder: Path, cache: Path) -> set[Path]:
    """The files that a broker has in its memory once it answers."""
    node = KafkaNode(folder, cache, show=False)
    await node.start()
    try:
        return {Path(one.path) for one in psutil.Process(node.child.pid).memory_maps()}
    finally:
        await node.stop()
