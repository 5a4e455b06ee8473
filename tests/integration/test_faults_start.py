"""Starts that can not succeed: each ends at once with its sentence in both languages, what was found and what to do."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from eventlog.topics import create_and_check
from ops.embedded import jars
from ops.embedded.kafka import free_ports
from ops.embedded.postgres import PostgresNode
from runtime.faults import Fault
from runtime.settings import load_settings
from tests.support.beside import Beside
from tests.support.live import Live, eventually

ENDED_S_MAX = 60.0
REFUSED_S_MAX = 15.0
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


def start(data_dir: Path, **settings: str) -> str:
    """Start a demo that must end with 1; gives what it said."""
    env = {"LIANDONG_DATA_DIR": str(data_dir), "LIANDONG_PORT": str(free_ports(1)[0]), "PYTHONWARNINGS": ""}
    said = subprocess.run(
        [sys.executable, "-m", "ops.cli", "demo", "--quiet"],
        env={**os.environ, **env, **settings},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=ENDED_S_MAX,
        check=False,
    )
    assert said.returncode == 1, said.stdout + said.stderr
    assert "Traceback" not in said.stderr
    return said.stderr


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = start(tmp_path, LIANDONG_PORT=port)
    assert f"[port.taken] 端口 {port} 已被占用" in said
    assert f"[port.taken] Port {port} is taken" in said
    assert said.count("LIANDONG_PORT") == 2
    assert not (tmp_path / "kafka").exists()


def test_a_data_folder_of_another_version(tmp_path: Path) -> None:
    (tmp_path / "format.json").write_text('{"format": 0, "kafka": "3.9", "postgres": 17}')
    said = start(tmp_path)
    assert "[data.old] 数据目录" in said
    assert '({"format": 0, "kafka": "3.9", "postgres": 17})' in said
    assert not (tmp_path / "kafka").exists()


def test_a_data_folder_that_another_system_uses(live: Live) -> None:
    said = start(live.data_dir)
    assert f"[data.busy] The data folder {live.data_dir} is in use by another liandong." in said
    assert live.call("acceptor", "GET", "/api/board").status_code == 200, "which goes on"


def test_a_topic_of_the_wrong_shape(beside: Beside, tmp_path: Path) -> None:
    events = beside.names.events
    admin = KafkaAdminClient(bootstrap_servers=beside.kafka)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, events, configs={"cleanup.policy": "compact"})])
    admin.close()
    eventually(lambda: create_and_check(beside.kafka, beside.names).differences, ENDED_S_MAX, "the difference")
    said = start(
        tmp_path,
        LIANDONG_KAFKA=beside.kafka,
        LIANDONG_POSTGRES=beside.postgres,
        LIANDONG_TOPIC_PREFIX=beside.names.prefix,
    )
    assert f"[topics.differ] Topics are not as they must be: {events} cleanup.policy: compact ≠ delete." in said


def test_no_network_at_the_first_start_and_one_at_the_second(tmp_path: Path) -> None:
    closed = f"http://127.0.0.1:{free_ports(1)[0]}"
    at = time.monotonic()
    said = start(tmp_path / "data", LIANDONG_CACHE_DIR=str(tmp_path / "cache"), **dict.fromkeys(PROXIES, closed))
    assert time.monotonic() - at < REFUSED_S_MAX
    assert "[jar.no_network] 无法下载" in said
    assert "The first start needs the network (about 43 MB)" in said
    assert list((tmp_path / "cache" / "jars").iterdir()) == []
    second = Live(tmp_path / "data", free_ports(1)[0])
    assert second.stop() == 0


def test_a_database_that_was_broken_off_while_it_was_made_is_made_again(tmp_path: Path) -> None:
    making = "import asyncio, pathlib, sys; from ops.embedded.postgres import PostgresNode as Node"
    command = [sys.executable, "-c", f"{making}; asyncio.run(Node(pathlib.Path(sys.argv[1])).start())", str(tmp_path)]
    half = tmp_path / "cluster.new" / "PG_VERSION"
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as first:
        eventually(half.exists, ENDED_S_MAX, "half a database")
        first.kill()
    assert half.exists()
    assert not (tmp_path / "cluster").exists()

    async def cut_short() -> None:
        half.unlink()
        making = asyncio.create_task(PostgresNode(tmp_path).start())
        await asyncio.to_thread(
            eventually, lambda: half.exists() or making.done(), ENDED_S_MAX, "half a database again"
        )
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(cut_short())
    assert not (tmp_path / "cluster").exists()

    async def whole() -> str:
        node = PostgresNode(tmp_path)
        await node.start()
        try:
            connection = await asyncpg.connect(node.dsn)
            found = await connection.fetchval("select current_database()")
            await connection.close()
        finally:
            await node.stop()
        return str(found)

    assert asyncio.run(whole()) == "postgres"


def test_a_network_that_never_answers_is_given_up_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(jars, "TIMEOUT_S", 1)
        at = time.monotonic()
        with pytest.raises(Fault) as refused:
            jars.ensure(tmp_path, show=False)
    assert refused.value.code == "jar.no_network"
    assert time.monotonic() - at < REFUSED_S_MAX


@pytest.mark.parametrize("left", ["half", "other"])
def test_a_jar_that_was_cut_off_or_damaged_is_refused_by_name(tmp_path: Path, left: str) -> None:
    cache = _cache(tmp_path)
    jar = jars.listed()[3]
    whole = (cache / "jars" / jar.file_name).read_bytes()
    (cache / "jars" / jar.file_name).unlink()
    bad = whole[: len(whole) // 2] if left == "half" else whole[:-1] + bytes([whole[-1] ^ 1])
    (cache / "jars" / jar.file_name).write_bytes(bad)
    said = start(tmp_path / "data", LIANDONG_CACHE_DIR=str(cache))
    assert f"[jar.checksum] {jar.coordinate} differs" in said
    assert f"({cache / 'jars' / jar.file_name}). Delete that file and try again" in said


def test_what_an_interrupted_download_left_behind_does_not_hurt(tmp_path: Path) -> None:
    cache = _cache(tmp_path)
    part = cache / "jars" / ".part-interrupted"
    part.mkdir()
    (part / "half.jar").write_bytes(b"half")
    assert len(jars.ensure(cache, show=False)) == len(jars.listed())


def _cache(folder: Path) -> Path:
    """A cache of one's own that shares the jars of the real one."""
    (folder / "cache" / "jars").mkdir(parents=True)
    for jar in jars.listed():
        (folder / "cache" / "jars" / jar.file_name).symlink_to(load_settings().cache_dir / "jars" / jar.file_name)
    return folder / "cache"
