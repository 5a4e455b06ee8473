"""Full disks: the log's and the database's. What is told is 503 and the disk's name; room brings everything back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from ops.embedded.kafka import free_ports
from ops.embedded.stack import FORMAT
from tests.support.breaking import disk, fill
from tests.support.live import Live, eventually
from tests.support.load import Load

DISK_MB = {"kafka": 160, "postgres": 260}
FULL_S_MAX = 60.0
BACK_S_MAX = 60.0


@pytest.fixture(scope="module")
def cramped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A system whose log and database have a small disk each."""
    folder = tmp_path_factory.mktemp("cramped")
    with disk(folder / "kafka", DISK_MB["kafka"]), disk(folder / "postgres", DISK_MB["postgres"]):
        (folder / "format.json").write_text(json.dumps(FORMAT))
        system = Live(folder, free_ports(1)[0])
        yield system
        assert system.stop() == 0


@pytest.mark.parametrize("node", ["kafka", "postgres"])
def test_a_full_disk_is_named_and_room_brings_everything_back(
    cramped: Live, node: str, record_property: Callable[[str, object], None]
) -> None:
    folder = cramped.data_dir / node
    with Load(cramped) as load:
        ballast = fill(folder)
        eventually(lambda: load.statuses(time.monotonic() - 2.0).keys() == {503}, FULL_S_MAX, "503 and nothing else")
        eventually(lambda: f"[disk.full] The disk of {folder} is full" in cramped.said(), FULL_S_MAX, "the disk's name")
        ballast.unlink()
        room = time.monotonic()
        record_property("answers again s", round(load.until_answered(room, "an answer"), 1))
        load.close()
    load.settle()
    load.verify()
    assert cramped.process.poll() is None
