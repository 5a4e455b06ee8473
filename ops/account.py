"""`liandong account`: who may come in, where nobody can yet. Outside demo mode the first account is made here.

Owns what makes an account sound: a name, a password that is no short one, a role for people, a scope and a unit of the
city. A password is asked for or read from standard input; it never stands on a command line.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from api import accounts
from api.accounts import PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN
from domain.case.values import Actor, Role
from ops.connection import use_connection
from ops.system import join
from reference.profile import Profile, load_profile
from runtime.faults import Fault
from runtime.settings import Settings

NAME = re.compile(r"[\w.-]{1,64}")
FOR_PEOPLE = tuple(role for role in Role if role is not Role.SYSTEM)

Found = TypeVar("Found")
Name = Annotated[str, typer.Argument(help="The user name.")]
RoleName = Annotated[str, typer.Option("--role", help=f"One of {', '.join(FOR_PEOPLE)}.")]
Scope = Annotated[str | None, typer.Option("--scope", help="A grid code of the city; without it the whole city.")]
Level = Annotated[int | None, typer.Option("--level", min=0, max=3, help="Without it the level of the scope.")]
Unit = Annotated[str | None, typer.Option("--unit", help="A unit of the city; a handler must have one.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password's line from standard input.")]

account_app = typer.Typer(help="Accounts: who may come in, with which posts.", no_args_is_help=True)


@account_app.command()
def add(
    name: Name,
    role: RoleName,
    scope: Scope = None,
    level: Level = None,
    unit: Unit = None,
    password_stdin: FromStdin = False,
) -> None:
    """A new account with its first post."""
    settings = _with_database()
    post = sound_post(load_profile(settings.profile), name, role, scope, level, unit)
    password = _password(password_stdin)
    if not _through(settings, lambda connection: accounts.add_account(connection, password, post)):
        raise Fault(
            "account.exists",
            f"账号“{name}”已存在。",
            f"There is an account '{name}' already.",
            hint_zh="增加岗位用 liandong account post,改密码用 liandong account password。",
            hint_en="liandong account post gives it one more post, liandong account password another password.",
        )
    _show(post)


@account_app.command()
def post(name: Name, role: RoleName, scope: Scope = None, level: Level = None, unit: Unit = None) -> None:
    """One more post for an account (one person may hold several)."""
    settings = _with_database()
    wanted = sound_post(load_profile(settings.profile), name, role, scope, level, unit)
    try:
        made = _through(settings, lambda connection: accounts.add_post(connection, wanted))
    except asyncpg.ForeignKeyViolationError:
        raise _unknown(name) from None
    if not made:
        raise Fault("account.post_exists", f"“{name}”已有该岗位。", f"'{name}' holds that post already.")
    _show(wanted)


@account_app.command("list")
def show_all() -> None:
    """All accounts with their posts."""
    table = Table("账号 name", "状态 state", "岗位 posts")
    for name, disabled, posts in _through(_with_database(), accounts.list_accounts):
        shown = "\n".join(" ".join(_told(post)) for post in posts)
        table.add_row(name, "停用 disabled" if disabled else "启用 enabled", shown)
    Console().print(table)


@account_app.command()
def disable(name: Name) -> None:
    """Close an account; its tokens end at once."""
    _require(_through(_with_database(), lambda c: accounts.set_disabled(c, name, disabled=True)), name)
    typer.echo(f"{name}: 已停用 / disabled")


@account_app.command()
def enable(name: Name) -> None:
    """Open an account again; its password is what it was."""
    _require(_through(_with_database(), lambda c: accounts.set_disabled(c, name, disabled=False)), name)
    typer.echo(f"{name}: 已启用 / enabled")


@account_app.command()
def password(name: Name, password_stdin: FromStdin = False) -> None:
    """Another password; whoever is logged in with the old one is not any more."""
    settings = _with_database()
    word = _password(password_stdin)
    _require(_through(settings, lambda connection: accounts.set_password(connection, name, word)), name)
    typer.echo(f"{name}: 密码已更改 / password changed")


def sound_post(profile: Profile, name: str, role: str, scope: str | None, level: int | None, unit: str | None) -> Actor:
    """The post, if the city has what it names. Raises Fault account.name, .role, .scope, .unit."""
    if not NAME.fullmatch(name):
        raise _wrong("name", name, "1–64 个字母、数字、汉字或 _ . -", "1-64 letters, digits, _ . -")
    if role not in FOR_PEOPLE:
        allowed = ", ".join(FOR_PEOPLE)
        raise _wrong("role", role, allowed, allowed)
    root = profile.about.root
    levels = {root: 0, **{grid.code: grid.level for grid in profile.contents.grids}}
    place = root if scope is None else scope
    if place not in levels:
        raise _wrong("scope", place, f"{root} 或其下的网格编码", f"{root} or the code of a grid of the city")
    units = {known.code for known in profile.contents.units}
    if (unit is None and role == Role.HANDLER) or (unit is not None and unit not in units):
        some = ", ".join(sorted(units)[:5])
        raise _wrong("unit", unit or "-", f"城市档案中的单位,如 {some}", f"a unit of the profile, such as {some}")
    return Actor(name, Role(role), place, levels[place] if level is None else level, unit)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        word = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        word = typer.prompt("密码 password", hide_input=True, confirmation_prompt=True)
    else:
        raise Fault(
            "account.no_terminal",
            "没有终端可以询问密码。",
            "There is no terminal to ask for the password.",
            hint_zh="请用 --password-stdin 从标准输入读取。",
            hint_en="Give it on standard input with --password-stdin.",
        )
    if not PASSWORD_CHARS_MIN <= len(word) <= PASSWORD_CHARS_MAX:
        limits = f"{PASSWORD_CHARS_MIN}–{PASSWORD_CHARS_MAX}"
        raise _wrong("password", str(len(word)), f"{limits} 个字符", f"{limits} characters")
    return word


def _with_database() -> Settings:
    settings = join()
    if not settings.postgres.get_secret_value():
        raise Fault(
            "settings.no_cluster",
            "未指定 LIANDONG_POSTGRES,也没有在运行的系统。",
            "LIANDONG_POSTGRES is not set, and no system is running on this data folder.",
            hint_zh="单机请先运行 liandong up。",
            hint_en="On one machine start liandong up first.",
        )
    return settings


def _through(settings: Settings, use: Callable[[Any], Awaitable[Found]]) -> Found:
    """The result of one use of a connection. Raises Fault `postgres.unreachable`; the DSN is never shown."""

    async def with_tables(connection: Any) -> Found:
        await accounts.create_tables(connection)
        return await use(connection)

    return asyncio.run(use_connection(settings.postgres.get_secret_value(), with_tables))


def _require(found: bool, name: str) -> None:
    if not found:
        raise _unknown(name)


def _unknown(name: str) -> Fault:
    return Fault(
        "account.unknown",
        f"没有账号“{name}”。",
        f"There is no account '{name}'.",
        hint_zh="liandong account list 列出所有账号。",
        hint_en="liandong account list shows them all.",
    )


def _wrong(what: str, found: str, allowed_zh: str, allowed_en: str) -> Fault:
    names = {"name": "账号名", "role": "角色", "scope": "管辖范围", "unit": "单位", "password": "密码长度"}
    return Fault(
        f"account.{what}",
        f"{names[what]}“{found}”不可用。",
        f"The {what} '{found}' cannot be used." if what != "password" else f"The password has {found} characters.",
        hint_zh=f"应为:{allowed_zh}。",
        hint_en=f"Allowed: {allowed_en}.",
    )


def _show(post: Actor) -> None:
    typer.echo(" ".join((post.person, *_told(post))))


def _told(post: Actor) -> tuple[str, ...]:
    return (str(post.role), post.scope, f"L{post.level}", post.unit or "")
