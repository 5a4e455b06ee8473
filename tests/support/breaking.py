"""Real faults: a node that hangs, a node that is gone, a disk that is full; and who holds a group's partitions."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from kafka.admin import KafkaAdminClient

from tests.support.live import Live

ENDED_S_MAX = 10.0
BLOCK_BYTES = 64 * 1024


def address(live: Live, node: str) -> tuple[str, int]:
    """Where the embedded node listens: the same for as long as the system runs."""
    named = live.kafka if node == "kafka" else live.settings()["LIANDONG_POSTGRES"].split("/")[2].rpartition("@")[2]
    host, _, port = named.rpartition(":")
    return host, int(port)


@contextmanager
def hanging(live: Live, node: str) -> Iterator[None]:
    """The node and its children are stopped (SIGSTOP): connections stand, and nobody answers."""
    process = live.node(node)
    family = [process, *process.children(recursive=True)]
    for one in family:
        with suppress(psutil.NoSuchProcess):
            one.suspend()
    try:
        yield
    finally:
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.resume()


@contextmanager
def gone(live: Live, node: str) -> Iterator[None]:
    """The node is killed and its port is in the hands of a stranger who hangs up: every start of it fails."""
    process = live.node(node)
    process.kill()
    process.wait(ENDED_S_MAX)
    with _stranger(address(live, node)) as stranger:
        over = threading.Thread(target=_hang_up, args=(stranger,))
        over.start()
        try:
            yield
        finally:
            stranger.shutdown(socket.SHUT_RDWR)
            over.join(ENDED_S_MAX)


@contextmanager
def disk(folder: Path, mb: int) -> Iterator[None]:
    """A disk (tmpfs) of that size under the folder. Where mounting is not allowed the test is skipped, loudly."""
    if refused := mount(folder, mb):
        assert "CI" not in os.environ, f"CI may mount: {refused}"
        pytest.skip(f"A FULL DISK WAS NOT TESTED: this user may not mount a tmpfs ({refused})")
    try:
        yield
    finally:
        unmount(folder)


def mount(folder: Path, mb: int) -> str:
    """Make the folder, and a disk (tmpfs) of that size under it; gives what the machine says where it refuses."""
    folder.mkdir(parents=True)
    return _mount(folder, f"size={mb}m,mode=0755")


def resize(folder: Path, mb: int) -> str:
    """Give a disk of ours another size; no smaller than what lies on it. Gives what the machine says if it refuses."""
    return _mount(folder, f"remount,size={mb}m")


def unmount(folder: Path) -> None:
    """Take the disk away, whoever still uses it."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(folder: Path, options: str) -> str:
    command = ["mount", "-t", "tmpfs", "-o", options, "liandong-test", str(folder)]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return said.stderr.strip() or f"mount ended with {said.returncode}" if said.returncode else ""


def fill(folder: Path) -> Path:
    """Write a file until the disk is full; gives the file, whose removal makes room again."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block in (BLOCK_BYTES, 512):
            with suppress(OSError):
                while file.write(b"x" * block) == block:
                    pass
    return ballast


def holders(live: Live, group: str) -> set[str]:
    """The members (ids) that hold partitions, once the group is settled; else none."""
    admin: Any = KafkaAdminClient(bootstrap_servers=live.kafka)
    try:
        found = admin.describe_groups([group])[group]
    finally:
        admin.close()
    if found["group_state"] != "Stable":
        return set()
    return {member["member_id"] for member in found["members"] if member["member_assignment"]}


def _stranger(place: tuple[str, int]) -> socket.socket:
    stranger = socket.socket()
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    stranger.bind(place)
    stranger.listen(256)
    return stranger


def _hang_up(stranger: socket.socket) -> None:
    with suppress(OSError):
        while True:
            stranger.accept()[0].close()
