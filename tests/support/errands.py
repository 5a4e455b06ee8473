"""What people do with cases while things break: every errand is one or two cases, from the report to some end.

Owns which acts there are and how often. Every act is asked until it has an outcome; which one it is does not matter
here: refused acts are recorded like others, and the checker decides all of them again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from ops.verify.calls import Told

SOON_MS = (1_000, 4_000)
"""What falls due during the run falls due after so many milliseconds: a pause ends, a reply is late."""
URBAN = "410183-urban"


class Works(Protocol):
    """Who runs the errand: `tests.support.crew.Worker`."""

    town: str
    chance: random.Random

    async def report(self) -> str:
        """A new case at the township's desk."""
        ...

    async def act(self, who: str, case: str, action: str, **more: Any) -> Told:
        """One act on it."""
        ...


Errand = Callable[[Works], Awaitable[None]]


async def usual(one: Works) -> None:
    """From the report to closing; two members race for the acknowledgement, and somebody closes too early."""
    case = await _handling(one)
    await one.act("shift_head", case, "close")
    await one.act("handler", case, "progress", stage="on_scene")
    await one.act("handler 2", case, "handle", result="已更换")
    await _checked(one, case)


async def reworked(one: Works) -> None:
    """The check fails once."""
    case = await _handling(one)
    await one.act("handler", case, "handle")
    await one.act("acceptor", case, "send_check", collector=f"collector-{one.town}")
    await one.act("collector", case, "fail_check", reason="not_done")
    await one.act("handler 2", case, "handle")
    await _checked(one, case)


async def more_time(one: Works) -> None:
    """The lead asks for more time, twice; the first is decided twice over, too."""
    case = await _handling(one)
    await one.act("handler", case, "request_extension", reason="materials", amount="2WH", text="等配件")
    decided = [one.act("shift_head", case, "decide_extension", granted=granted) for granted in (True, False)]
    await asyncio.gather(*decided)
    await one.act("handler 2", case, "request_extension", reason="weather", amount="1WH")
    await one.act("handler", case, "handle")


async def paused(one: Works) -> None:
    """A pause is granted and ends by itself soon, or the dispatcher ends it."""
    case = await _handling(one)
    await one.act("handler", case, "request_suspension", reason="funds", until_ms=_soon_ms(one))
    await one.act("=leader", case, "decide_suspension", granted=True)
    if one.chance.random() < 0.5:
        await one.act("dispatcher", case, "resume")
    await one.act("handler", case, "handle")


async def sent_back(one: Works) -> None:
    """The lead gives it back, and it is sent to the same unit or to another one."""
    case = await _handling(one)
    await one.act("handler", case, "return", reason="not_ours")
    lead = one.chance.choice((f"{one.town}-team", URBAN))
    await one.act("dispatcher", case, "dispatch", lead=lead)
    await one.act(f"=handler-{URBAN}" if lead == URBAN else "handler", case, "acknowledge")
    await one.act("dispatcher", case, "reassign", lead=f"{one.town}-team")


async def with_help(one: Works) -> None:
    """A department helps; the lead wants to finish before it has, and they talk about it."""
    case = await _filed(one)
    await one.act("dispatcher", case, "dispatch", lead=f"{one.town}-team", co_handlers=[URBAN])
    await asyncio.gather(*(one.act(who, case, "acknowledge") for who in ("handler", f"=handler-{URBAN}")))
    await one.act("dispatcher", case, "consult", measure="site_visit", units=[URBAN], text="由谁处置")
    await one.act("handler", case, "handle")
    await one.act(
        "dispatcher", case, "conclude", number=1, positions=[{"unit": URBAN, "stance": "agrees"}], text="同意"
    )
    await one.act(f"=handler-{URBAN}", case, "co_done")
    await one.act("handler", case, "handle")


async def merged(one: Works) -> None:
    """Two reports of one matter become one case, and sometimes two again."""
    first, second = await one.report(), await one.report()
    await one.act("acceptor", first, "accept")
    await one.act("acceptor", second, "merge", into=first)
    if one.chance.random() < 0.5:
        await one.act("acceptor", second, "unmerge")
    await one.act("shift_head", first, "void", reason="nothing_found")


async def merged_too_late(one: Works) -> None:
    """The other case ends while the merge is on its way: its refusal comes back through the reactor."""
    first, second = await one.report(), await one.report()
    ends = one.act("shift_head", first, "void", reason="reported_in_error")
    await asyncio.gather(one.act("acceptor", second, "merge", into=first), ends)
    await one.act("acceptor", second, "accept")


async def duplicate(one: Works) -> None:
    """The second report is turned away as a duplicate of the first; another one repeats what was closed."""
    first, second = await one.report(), await one.report()
    await one.act("acceptor", second, "decline", reason="duplicate")
    await one.act("acceptor", first, "decline", reason="not_a_matter")
    third = await one.report()
    await one.act("acceptor", third, "recur", of=first)


async def repeated(one: Works) -> None:
    """A case that was closed comes again; it is linked, and the old one is opened again."""
    case = await _handling(one)
    await one.act("handler", case, "handle")
    await _checked(one, case)
    again = await one.report()
    await one.act("acceptor", again, "recur", of=case)
    await one.act("=leader", case, "reopen", reason="not_solved")


async def pressed(one: Works) -> None:
    """A leader wants a reply soon; half of the replies come too late for it."""
    case = await _filed(one)
    await one.act("=leader", case, "supervise", kind="urge", due_ms=_soon_ms(one), text="速办")
    if one.chance.random() < 0.5:
        await one.act("dispatcher", case, "reply_supervision", number=1, text="已派")
    await one.act("dispatcher", case, "dispatch", lead=f"{one.town}-team")


async def verified(one: Works) -> None:
    """Somebody looks on the spot before it is filed, and finds nothing."""
    case = await one.report()
    await one.act("acceptor", case, "request_verification", collector=f"collector-{one.town}")
    await one.act("collector", case, "give_verification", finding="false")
    await one.act("acceptor", case, "decline", reason="not_a_matter")


ERRANDS: Sequence[tuple[int, Errand]] = (
    (6, usual),
    (2, reworked),
    (2, more_time),
    (2, paused),
    (2, sent_back),
    (2, with_help),
    (2, merged),
    (1, merged_too_late),
    (1, duplicate),
    (1, repeated),
    (2, pressed),
    (1, verified),
)
"""Each with how often it is drawn, beside the others."""


def an_errand(chance: random.Random) -> Errand:
    """One drawn by chance."""
    return chance.choices([errand for _, errand in ERRANDS], [often for often, _ in ERRANDS])[0]


async def _filed(one: Works) -> str:
    case = await one.report()
    await one.act("acceptor", case, "accept")
    await one.act("shift_head", case, "file", condition="01")
    return case


async def _handling(one: Works) -> str:
    case = await _filed(one)
    await one.act("dispatcher", case, "dispatch", lead=f"{one.town}-team")
    await asyncio.gather(*(one.act(who, case, "acknowledge") for who in ("handler", "handler 2")))
    return case


async def _checked(one: Works, case: str) -> None:
    await one.act("acceptor", case, "send_check", collector=f"collector-{one.town}")
    await one.act("collector", case, "pass_check")
    await one.act("shift_head", case, "close")


def _soon_ms(one: Works) -> int:
    return time.time_ns() // 1_000_000 + one.chance.randint(*SOON_MS)
