"""Runs one command on a leash: when its parent dies, however it dies, the command is sent a signal (Linux).

Executed as a script, not imported: it drops root where asked, asks the kernel for the signal (PR_SET_PDEATHSIG, which
a change of user would clear, hence last), checks that the parent is still there, and becomes the command.

    leash.py PARENT_PID SIGNAL USER COMMAND...   USER: "-" as is, "1000:1000" those ids, "ns:65534" a user namespace
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
EXIT_FAILED = 125


def main(arguments: list[str]) -> None:
    """Become the command; exits 125 with a line on standard error where the leash cannot be made."""
    parent, number, user, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if user.startswith("ns:"):
        _enter_namespace(libc, int(user[3:]))
    elif user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux" and libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
        _fail("prctl")
    if os.getppid() != int(parent):
        sys.exit(EXIT_FAILED)
    os.execvp(command[0], command)  # noqa: S606


def _enter_namespace(libc: ctypes.CDLL, inside: int) -> None:
    outside_uid, outside_gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        _fail("unshare")
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {outside_uid} 1"),
        ("gid_map", f"{inside} {outside_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(line)


def _fail(what: str) -> None:
    print(f"leash: {what}: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
    sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main(sys.argv[1:])
