"""Accounts, posts and tokens in PostgreSQL: Argon2id passwords, opaque tokens of which only the hash is kept."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import argon2
import msgspec

from domain.case.values import Actor, Role
from reference.profile import Profile
from runtime import failpoints

TOKEN_MS = 12 * 3_600_000
WALL_TOKEN_MS = 365 * 24 * 3_600_000
PASSWORD_CHARS_MIN = 12
PASSWORD_CHARS_MAX = 256
FAILURES_MAX = 10
FAILURES_WITHIN_S = 60.0
FAILURES_KEPT_MAX = 10_000
TABLES_LOCK = 7303
"""The advisory lock under which the tables are created: an adoption that takes its time holds up no start."""
DEMO_PASSWORD = "liandong-demo"  # noqa: S105  # said openly: demo accounts exist in demo mode only

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_nobody = _hasher.hash("nobody has this password")
TOWN_DESK = (Role.ACCEPTOR, Role.SHIFT_HEAD, Role.DISPATCHER)
"""The township's centre does the work of all three (domain document §3, "Whose desk")."""


class Person(msgspec.Struct, frozen=True):
    """Who is logged in, with all of the person's posts, the first one first."""

    username: str
    posts: tuple[Actor, ...]

    def post(self, *roles: Role) -> Actor | None:
        """The first post with one of these roles, or None."""
        return next((post for post in self.posts if post.role in roles), None)


class Accounts:
    """The account store on a pool; remembers recent failures to slow guessing down."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._failures: dict[str, list[float]] = {}

    async def log_in(self, username: str, password: str) -> tuple[str, int, Person] | None:
        """A new token, its life in ms, and the person; None if the password is wrong or the account is closed."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow("select password, disabled from account where username = $1", username)
            posts = await connection.fetch(
                "select username, role, scope, level, unit from post where username = $1 order by role", username
            )
        right = await asyncio.to_thread(_verify, row["password"] if row else _nobody, password)
        person = _person(posts) if right and row and not row["disabled"] else None
        if person is None:
            self._note_failure(username)
            return None
        token = secrets.token_urlsafe(32)
        life = WALL_TOKEN_MS if person.posts[0].role is Role.WALL else TOKEN_MS
        async with self._pool.acquire() as connection:
            await connection.execute("delete from token where expires_ms < $1", _now())
            await connection.execute("insert into token values ($1, $2, $3)", _hash(token), username, _now() + life)
        failpoints.hit("api.token_kept")
        return token, life, person

    def locked(self, username: str) -> bool:
        """True after too many failures within the last minute."""
        since = time.monotonic() - FAILURES_WITHIN_S
        return sum(at > since for at in self._failures.get(username, ())) >= FAILURES_MAX

    async def who(self, token: str) -> Person | None:
        """The person of a token that is known and not over; asked anew each time: what ends it holds at once."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                "select username, role, scope, level, unit from token join account using (username) "
                "join post using (username) where hash = $1 and expires_ms > $2 and not disabled order by role",
                _hash(token),
                _now(),
            )
        return _person(rows)

    def _note_failure(self, username: str) -> None:
        if len(self._failures) > FAILURES_KEPT_MAX:
            self._failures.clear()
        self._failures.setdefault(username, []).append(time.monotonic())


async def create_tables(connection: Any) -> None:
    """Create the tables that are missing."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", TABLES_LOCK)
        await connection.execute(Path(__file__).with_name("accounts.sql").read_text())


async def add_account(connection: Any, password: str, post: Actor) -> bool:
    """A new account with its first post; False if there is one of that name."""
    async with connection.transaction():
        made = await connection.execute(
            "insert into account values ($1, $2) on conflict do nothing", post.person, _hasher.hash(password)
        )
        failpoints.hit("account.before_post")
        return made == "INSERT 0 1" and await add_post(connection, post)


async def add_post(connection: Any, post: Actor) -> bool:
    """One more post for an account that is there; False if the account holds it already."""
    made = await connection.execute(
        "insert into post (username, role, scope, level, unit) values ($1, $2, $3, $4, $5) on conflict do nothing",
        *(post.person, str(post.role), post.scope, post.level, post.unit),
    )
    return made == "INSERT 0 1"


async def set_password(connection: Any, username: str, password: str) -> bool:
    """Another password, and every token of the old one ends; False if there is no such account."""
    async with connection.transaction():
        await connection.execute("delete from token where username = $1", username)
        failpoints.hit("account.tokens_ended")
        changed = await connection.execute(
            "update account set password = $2 where username = $1", username, _hasher.hash(password)
        )
    return changed == "UPDATE 1"


async def set_disabled(connection: Any, username: str, disabled: bool) -> bool:
    """Close an account and end its tokens, or open it again; False if there is no such account."""
    async with connection.transaction():
        await connection.execute("delete from token where username = $1", username)
        changed = await connection.execute("update account set disabled = $2 where username = $1", username, disabled)
    return changed == "UPDATE 1"


async def list_accounts(connection: Any) -> list[tuple[str, bool, tuple[Actor, ...]]]:
    """Every account by name: whether it is closed, and its posts."""
    rows = await connection.fetch(
        "select username, disabled, role, scope, level, unit from account left join post using (username) "
        "order by username, role, scope"
    )
    found: dict[str, tuple[bool, list[Actor]]] = {}
    for row in rows:
        posts = found.setdefault(row["username"], (row["disabled"], []))[1]
        if row["role"] is not None:
            posts.append(Actor(row["username"], Role(row["role"]), row["scope"], row["level"], row["unit"]))
    return [(name, disabled, tuple(posts)) for name, (disabled, posts) in found.items()]


def demo_actors(profile: Profile) -> list[Actor]:
    """The demo's accounts, each with its one post (design document §7): one a role, and per township."""
    root, first = profile.about.root, profile.towns[0]
    levels = {Role.GRID_HEAD: 2, Role.COLLECTOR: 3}
    units = {Role.HANDLER: f"{first}-team"}
    actors = [
        Actor(str(role), role, root, levels.get(role, 0), units.get(role)) for role in Role if role is not Role.SYSTEM
    ]
    for town in profile.towns:
        actors.append(Actor(f"handler-{town}", Role.HANDLER, town, 1, f"{town}-team"))
        actors.append(Actor(f"handler-{town}-2", Role.HANDLER, town, 1, f"{town}-team"))
        actors.append(Actor(f"collector-{town}", Role.COLLECTOR, town, 3))
        actors.append(Actor(f"grid_head-{town}", Role.GRID_HEAD, town, 2))
        actors += [Actor(f"{role}-{town}", role, town, 1) for role in TOWN_DESK]
    departments = [unit.code for unit in profile.contents.units if unit.kind == "department"]
    return actors + [Actor(f"handler-{code}", Role.HANDLER, root, 0, code) for code in departments]


async def seed_demo(connection: Any, profile: Profile) -> int:
    """Add the demo's accounts; gives how many there are. Demo mode only."""
    actors = demo_actors(profile)
    password = _hasher.hash(DEMO_PASSWORD)
    async with connection.transaction():
        await connection.executemany(
            "insert into account values ($1, $2) on conflict do nothing", [(actor.person, password) for actor in actors]
        )
        failpoints.hit("api.accounts_seeded")
        await connection.executemany(
            "insert into post (username, role, scope, level, unit) values ($1, $2, $3, $4, $5) on conflict do nothing",
            [(a.person, str(a.role), a.scope, a.level, a.unit) for a in actors],
        )
    return len(actors)


def _person(rows: Sequence[Any]) -> Person | None:
    """The person of these posts; nobody without one."""
    posts = [Actor(row["username"], Role(row["role"]), row["scope"], row["level"], row["unit"]) for row in rows]
    return Person(posts[0].person, tuple(posts)) if posts else None


def _verify(held: str, password: str) -> bool:
    try:
        return _hasher.verify(held, password)
    except argon2.exceptions.Argon2Error:
        return False


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _now() -> int:
    return time.time_ns() // 1_000_000
