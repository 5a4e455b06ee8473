"""Work that goes on beside a measurement: its end is the measurement's end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Found = TypeVar("Found")


async def measured(work: Coroutine[Any, Any, Found], *beside: Coroutine[Any, Any, None]) -> Found:
    """Do `work` while the others go on, and end them with it. Raises what one of those raised, at once."""
    working = asyncio.ensure_future(work)
    going = [asyncio.ensure_future(one) for one in beside]
    try:
        await asyncio.wait([working, *going], return_when=asyncio.FIRST_COMPLETED)
        for one in going:
            if one.done():
                one.result()
        return await working
    finally:
        for one in (working, *going):
            one.cancel()
        await asyncio.gather(working, *going, return_exceptions=True)
