"""Child processes: started on a leash, with their output in a file that stays bounded, and stopped in bounded time.

The kernel sends the leash's signal when the *thread* that started the child ends, so children are started from a
thread that lives as long as they should: the main one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_S_MAX = 15.0
KILL_S_MAX = 5.0
LOG_BYTES_MAX = 16 * 1024 * 1024
"""A log that grew beyond this becomes NAME.log.1 in place of the one before: two such files at most for each child."""
LEASH = Path(__file__).with_name("leash.py")


class Child:
    """A running child and the file its output goes to."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self.process.pid

    def code(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self.process.poll()

    async def wait(self) -> int:
        """Wait for its end, however long that takes."""
        while (code := self.process.poll()) is None:  # noqa: ASYNC110  # no portable event tells of a child's end
            await asyncio.sleep(0.02)
        return code

    async def stop(self, number: int = signal.SIGTERM, stop_s_max: float = STOP_S_MAX) -> int:
        """Ask it to stop with that signal; kill it when the limit is over. Gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                async with asyncio.timeout(stop_s_max):
                    return await self.wait()
            except TimeoutError:
                self.process.kill()
        async with asyncio.timeout(KILL_S_MAX):
            return await self.wait()

    def trim_log(self, bytes_max: int = LOG_BYTES_MAX) -> bool:
        """Move its output aside when there is more than the limit; to be called now and then. True if it did.

        The child goes on writing to the same open file (at its end, whatever that is), so the file is copied and cut.
        What the child writes in the instant between the two is lost; no signal, no pipe, no help of the child's needed.
        """
        try:
            if self.log.stat().st_size <= bytes_max:
                return False
            shutil.copyfile(self.log, _aside(self.log))
            os.truncate(self.log, 0)
        except OSError:  # a full disk must not end who watches the child
            return False
        return True

    def last_lines(self, count: int = 12) -> str:
        """The end of its output, for an error message."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        except OSError:
            return ""


def start(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    user: str = "-",
    at_parents_death: int = signal.SIGKILL,
) -> Child:
    """Start a command on a leash. `user` is "-", "uid:gid" or "ns:uid" (see runtime.leash). Raises OSError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(at_parents_death)), user]
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(_aside(log))
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*leash, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=None if env is None else dict(env),
            start_new_session=True,
        )
    return Child(name, process, log)


def _aside(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")
