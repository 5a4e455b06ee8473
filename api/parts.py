"""What the routes stand on, and who is asking: the door of every route. Deny by default."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import structlog
from fastapi import Request

from api.accounts import Accounts, Person
from api.fan import Fan
from api.feed import Tickets
from api.hub import Hub
from api.measures import HubCollector, Measures
from api.problems import REPEAT, Problem
from api.sealing import Keys
from domain.case.frame import Rules
from domain.case.state import Case
from domain.case.values import Actor, Role
from eventlog.append import Appender
from eventlog.casefile import CaseFile
from eventlog.topics import TopicNames
from projections import case_state
from reference.contents import Contents, pack, rules_of
from reference.editions import Editions
from reference.profile import Profile
from runtime import failpoints
from runtime.metrics import process_registry
from runtime.settings import Settings

ACTIONS_PER_S_MAX = 50.0
BURST_MAX = 200.0
ALLOWANCES_KEPT_MAX = 10_000
ANSWER_S_MAX = 4.0
CONTENTS_S_MAX = 4.0
READ_S_MAX = 4.0
NO_CASE_CONTENT = frozenset({Role.ADMIN, Role.WALL, Role.PUBLIC, Role.IMPORTER, Role.SYSTEM})


class Parts:
    """What the routes stand on; made when the application starts."""

    pool: Any
    accounts: Accounts
    keys: Keys
    tickets: Tickets

    def __init__(self, settings: Settings, profile: Profile) -> None:
        self.settings = settings
        self.profile = profile
        self.build = version("liandong")
        self.registry = process_registry("api", self.build)
        self.measures = Measures(self.registry)
        self.closing = asyncio.Event()
        self.bootstrap = ""
        self.names = TopicNames(settings.topic_prefix)
        self.allowance: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.editions: Editions | None = None
        self._hub: Hub | None = None
        self._fan: Fan | None = None
        self._appender: Appender | None = None

    def ready(self, hub: Hub, fan: Fan, appender: Appender, editions: Editions) -> None:
        """The log and the rows were there: from now on the routes are served."""
        self._hub, self._fan, self._appender, self.editions = hub, fan, appender, editions
        self.registry.register(HubCollector(hub))

    @property
    def open(self) -> bool:
        """True once the log and the rows have been there."""
        return self._hub is not None

    @property
    def hub(self) -> Hub:
        """The live board. Raises Problem `starting`."""
        if self._hub is None:
            raise Problem("starting", hint=REPEAT)
        return self._hub

    @property
    def fan(self) -> Fan:
        """All screens of the wall. Raises Problem `starting`."""
        if self._fan is None:
            raise Problem("starting", hint=REPEAT)
        return self._fan

    @property
    def appender(self) -> Appender:
        """Where actions go in. Raises Problem `starting`, and `log_unreachable` without trying while nobody answers."""
        if self._appender is None:
            raise Problem("starting", hint=REPEAT)
        if not self.hub.marks.log_answers:
            raise Problem("log_unreachable", hint=REPEAT)
        return self._appender

    async def in_force(self) -> tuple[str, Contents]:
        """The version that the city decides by and its contents; the profile's while none is known (yet).

        Raises Problem `behind` where the contents do not come within CONTENTS_S_MAX.
        """
        version = self._hub.version if self._hub is not None else None
        if version is None or self.editions is None:
            return pack(self.profile.contents)[0], self.profile.contents
        return version, await self.contents(version)

    async def contents(self, version: str) -> Contents:
        """The contents of a version that is known to be on `refs`. Raises Problem `behind`, `starting`."""
        if self.editions is None:
            raise Problem("starting", hint=REPEAT)
        try:
            async with asyncio.timeout(CONTENTS_S_MAX):
                await self.editions.require([version])
        except TimeoutError as error:
            raise Problem("behind", found=version) from error
        return self.editions.contents[version]

    async def rules(self, version: str | None) -> Rules:
        """What a case is decided by that pinned that version; None: by the one in force. Raises Problem `behind`."""
        if version is None or self.editions is None:
            version, contents = await self.in_force()
            if self.editions is None or version not in self.editions.rules:
                return rules_of(contents, version)
        await self.contents(version)
        return self.editions.rules[version]

    def close_down(self) -> None:
        """The server ends: screens are sent away, and whoever still waits after ANSWER_S_MAX is told so (202)."""
        self.closing.set()
        failpoints.hit("api.closing")
        if self._hub is not None:
            asyncio.get_running_loop().call_later(ANSWER_S_MAX, self._hub.decisions.give_up)

    async def person(self, request: Request) -> Person:
        """Whose token it is. Raises Problem `unauthenticated`."""
        token = _bearer(request)
        person = await self.accounts.who(token) if token else None
        if person is None:
            raise Problem("unauthenticated")
        structlog.contextvars.bind_contextvars(person=person.username)
        return person

    async def reader(self, request: Request) -> Person:
        """Somebody who may read cases. Raises Problem `unauthenticated`, `forbidden`."""
        person = await self.person(request)
        if all(post.role in NO_CASE_CONTENT for post in person.posts):
            raise Problem("forbidden", found=[str(post.role) for post in person.posts])
        return person

    async def watcher(self, request: Request) -> None:
        """Somebody who may see the wall. Raises Problem `unauthenticated`, `forbidden`."""
        person = await self.person(request)
        if person.post(Role.WALL, Role.DISPATCHER, Role.SHIFT_HEAD, Role.LEADER) is None:
            raise Problem("forbidden", found=[str(post.role) for post in person.posts], allowed=["wall", "dispatcher"])

    async def overseer(self, request: Request) -> None:
        """Whoever keeps the system or audits it. Raises Problem `unauthenticated`, `forbidden`."""
        if self.keys.of_operator(_bearer(request)):
            return
        person = await self.person(request)
        if person.post(Role.ADMIN, Role.AUDITOR) is None:
            raise Problem("forbidden", found=[str(post.role) for post in person.posts], allowed=["admin", "auditor"])

    @asynccontextmanager
    async def one_moment(self) -> AsyncGenerator[Any, None]:
        """A connection to the rows as they stand at one moment."""
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    async def case(self, person: Person, case_id: str) -> Case:
        """A case in the scope of one of the person's posts. Raises Problem `not_found`, also for one outside, and
        `behind` where it may stand in a part of the log that is not read within READ_S_MAX."""
        if "\x00" in case_id:  # no text of a database holds it
            raise Problem("not_found", found=case_id)
        found = await self._file(case_id)
        if found is None:
            if not await self.hub.marks.all_read(READ_S_MAX):
                raise Problem("behind", found=case_id, hint=REPEAT)
            found = await self._file(case_id)
        if found is None or found.case is None:
            raise Problem("not_found", found=case_id)
        if not any(sees(post, found.case) for post in person.posts):
            raise Problem("not_found", found=case_id)
        return found.case

    async def _file(self, case_id: str) -> CaseFile | None:
        """As the hub or the rows have it: whichever is ahead."""
        found = self.hub.case(case_id)
        if found is None:
            async with self.pool.acquire() as connection:
                found = (await case_state.load_files(connection, [case_id])).get(case_id)
            ended = self.hub.ended_case(case_id)
            if ended is not None and (found is None or found.seq < ended.seq):
                found = ended
        return found

    def spend(self, person: str) -> None:
        """Count one action against the person's allowance. Raises Problem `slow_down`."""
        now = time.monotonic()
        left, at = self.allowance.get(person, (BURST_MAX, now))
        left = min(BURST_MAX, left + (now - at) * ACTIONS_PER_S_MAX)
        if left < 1:
            raise Problem("slow_down", allowed=f"{ACTIONS_PER_S_MAX:g}/s")
        self.allowance[person] = (left - 1, now)
        self.allowance.move_to_end(person)
        if len(self.allowance) > ALLOWANCES_KEPT_MAX:
            self.allowance.popitem(last=False)


def sees(post: Actor, case: Case) -> bool:
    """Whether that post may see the case: a citizen their own, whoever sees no content none, others in their scope."""
    if post.role in NO_CASE_CONTENT:
        return post.role is Role.PUBLIC and post.person == case.discoverer
    return case.place.grid.startswith(post.scope)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def now_ms() -> int:
    """This machine's time."""
    return time.time_ns() // 1_000_000
