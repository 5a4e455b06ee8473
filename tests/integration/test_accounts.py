"""`liandong account`: the way in for the first person, and the way out for whoever should not come in any more."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys

import asyncpg
import pytest

from api.accounts import Accounts, Person
from domain.case.values import Actor, Role
from tests.support.beside import Beside
from tests.support.city import TEAM

FIRST, SECOND = "a-long-first-password", "a-long-second-password"


def _log_in(beside: Beside, name: str, password: str) -> tuple[str, Person] | None:
    async def ask() -> tuple[str, Person] | None:
        async with asyncpg.create_pool(beside.postgres, min_size=1, max_size=1) as pool:
            entered = await Accounts(pool).log_in(name, password)
            return None if entered is None else (entered[0], entered[2])

    return asyncio.run(ask())


def _who(beside: Beside, token: str) -> Person | None:
    async def ask() -> Person | None:
        async with asyncpg.create_pool(beside.postgres, min_size=1, max_size=1) as pool:
            return await Accounts(pool).who(token)

    return asyncio.run(ask())


def test_the_first_account_is_made_closed_and_opened_by_command(beside: Beside) -> None:
    made = beside.command("account", "add", "admin", "--role", "admin", "--password-stdin", given=f"{FIRST}\n")
    assert (made.returncode, made.stdout.split()) == (0, ["admin", "admin", "410183", "L0"]), made.stderr
    token, person = _log_in(beside, "admin", FIRST) or pytest.fail("the new account logs in")
    assert person.posts == (Actor("admin", Role.ADMIN, "410183"),)

    assert beside.command("account", "disable", "admin").returncode == 0
    assert _log_in(beside, "admin", FIRST) is None
    assert beside.query("select * from token") == [], "its tokens are gone, not only refused"
    assert beside.command("account", "enable", "admin").returncode == 0
    assert _who(beside, token) is None, "an old token does not come back with the account"
    assert _log_in(beside, "admin", FIRST)


def test_another_password_ends_what_the_old_one_opened(beside: Beside) -> None:
    beside.command("account", "add", "lee", "--role", "leader", "--password-stdin", given=FIRST)
    token, _ = _log_in(beside, "lee", FIRST) or pytest.fail("the new account logs in")
    assert beside.command("account", "password", "lee", "--password-stdin", given=SECOND).returncode == 0
    assert _who(beside, token) is None
    assert _log_in(beside, "lee", FIRST) is None
    assert _log_in(beside, "lee", SECOND)


def test_one_person_may_hold_several_posts_and_the_list_shows_them(beside: Beside) -> None:
    town = ("--scope", "410183001")
    beside.command(
        "account", "add", "王五", "--role", "handler", "--unit", TEAM, *town, "--password-stdin", given=FIRST
    )
    assert beside.command("account", "post", "王五", "--role", "collector", *town, "--level", "3").returncode == 0
    again = beside.command("account", "post", "王五", "--role", "collector", *town)
    assert "[account.post_exists]" in again.stderr
    _, person = _log_in(beside, "王五", FIRST) or pytest.fail("the new account logs in")
    assert person.post(Role.HANDLER) == Actor("王五", Role.HANDLER, "410183001", 1, TEAM)
    assert person.post(Role.COLLECTOR) == Actor("王五", Role.COLLECTOR, "410183001", 3)
    listed = beside.command("account", "list").stdout
    assert "王五" in listed
    assert TEAM in listed
    assert FIRST not in listed


def test_what_is_no_account_or_no_password_is_refused_by_name(beside: Beside) -> None:
    for arguments, given, code, named in (
        (("add", "x", "--role", "admin", "--password-stdin"), "elevenchars", "account.password", "11"),
        (("post", "nobody", "--role", "admin"), "", "account.unknown", "nobody"),
        (("disable", "nobody"), "", "account.unknown", "nobody"),
        (("password", "nobody", "--password-stdin"), FIRST, "account.unknown", "nobody"),
        (("add", "x", "--role", "admin"), FIRST, "account.no_terminal", "--password-stdin"),
    ):
        refused = beside.command("account", *arguments, given=f"{given}\n")
        assert refused.returncode == 1
        assert f"[{code}]" in refused.stderr, refused.stderr
        assert named in refused.stderr
        assert not given or given not in refused.stderr
    assert beside.query("select * from account") == []


def test_an_account_that_is_there_is_not_made_again(beside: Beside) -> None:
    for password, code in ((FIRST, 0), (SECOND, 1)):
        made = beside.command("account", "add", "x", "--role", "admin", "--password-stdin", given=password)
        assert made.returncode == code
    assert "[account.exists]" in made.stderr
    assert _log_in(beside, "x", FIRST)
    assert _log_in(beside, "x", SECOND) is None


def test_on_a_terminal_the_password_is_asked_for_twice_and_never_shown(beside: Beside) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ops.cli", "account", "add", "x", "--role", "admin"]
    with subprocess.Popen(command, env=beside.env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        for _ in range(2):
            while not shown.endswith(b": "):
                shown += os.read(ours, 1024)
            os.write(ours, FIRST.encode() + b"\n")
            shown += os.read(ours, 1024)
        assert process.wait(30) == 0
    os.close(ours)
    assert FIRST.encode() not in shown
    assert _log_in(beside, "x", FIRST)


def test_a_database_that_is_not_there_is_named_without_its_password(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(beside.env, "LIANDONG_POSTGRES", "postgresql://u:never-shown@127.0.0.1:9/x")
    refused = beside.command("account", "list")
    assert "[postgres.unreachable]" in refused.stderr
    assert "never-shown" not in refused.stderr
