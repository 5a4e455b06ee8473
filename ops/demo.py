"""`liandong demo` and `liandong up`: the whole system on one machine, the first with made-up people at work."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from api.accounts import DEMO_PASSWORD
from ops.people.life import RATE, SEED, Wish, live
from ops.prepare import Adopting
from ops.system import PARTS, System, running, until_ready
from reference.profile import Profile, load_profile
from runtime.faults import Fault
from runtime.logs import configure_logging
from runtime.settings import Settings, load_settings


def demo(
    quiet: Annotated[bool, typer.Option("--quiet", help="Nobody acts: only what you do yourself moves.")] = False,
    days: Annotated[int, typer.Option(min=0, max=90, help="Days of history the city begins with.")] = 30,
    rate: Annotated[float, typer.Option(min=0, max=20_000, help="Reports a day, on average.")] = RATE,
    seed: Annotated[int, typer.Option(help="The same seed makes the same cases.")] = SEED,
    keep: Annotated[bool, typer.Option("--keep/--no-keep", help="Keep the data for the next start.")] = True,
    headless: Annotated[bool, typer.Option("--headless", help="No bar: plain lines only, for a log.")] = False,
    minutes: Annotated[float, typer.Option(min=0, help="Stop by itself after so many minutes (0: never).")] = 0,
) -> None:
    """Everything from nothing to a moving wall, with a city's people at work; Ctrl-C ends it.

    The city begins with DAYS of history, brought in newest day first while the wall is live. How often people report
    and how long the handling takes follow a real city's quarter (ops/people/pace.json).
    """
    settings = load_settings().model_copy(update={"demo": True})
    wish = None if quiet else Wish(days, rate, seed, headless, minutes)
    if keep:
        _serve(settings, wish)
        return
    with TemporaryDirectory(prefix="liandong-") as folder:
        _serve(settings.model_copy(update={"data_dir": Path(folder)}), wish)


def up() -> None:
    """The whole system on one machine, without demo accounts and without anybody acting."""
    _serve(load_settings(), None)


def _serve(settings: Settings, wish: Wish | None) -> None:
    configure_logging("warning", "liandong")
    require_port(settings)
    asyncio.run(_run(settings, wish))


async def _run(settings: Settings, wish: Wish | None) -> None:
    started = time.monotonic()
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    profile = load_profile(settings.profile)
    address = f"http://{settings.host}:{settings.port}/"
    typer.echo("正在启动 Kafka 与 PostgreSQL … / starting Kafka and PostgreSQL …")
    async with running(settings, profile, PARTS, adopting=Adopting.NEW) as system:
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(system.watch()), asyncio.create_task(told.wait())]
        await until_ready(address, tasks)
        _say(settings, profile, system, address, time.monotonic() - started)
        if wish is not None:
            tasks.append(asyncio.create_task(live(wish, settings, profile, system, address)))
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.wait(pending)
        typer.echo("\n正在停止 … / stopping …")
        for task in done:
            task.result()


def _say(settings: Settings, profile: Profile, system: System, address: str, seconds: float) -> None:
    typer.echo(f"就绪,用时 {seconds:.1f} 秒 / ready after {seconds:.1f} s")
    typer.echo(f"  大屏 wall      {address}")
    typer.echo(f"  Kafka          {system.env['LIANDONG_KAFKA']}")
    typer.echo(f"  数据 data      {settings.data_dir}   日志 logs {settings.data_dir / 'logs'}")
    if settings.demo:
        typer.echo(f"  账号 accounts  acceptor shift_head dispatcher handler collector … 密码 password {DEMO_PASSWORD}")
        town = profile.towns[0]
        typer.echo(f"                 handler-{town} collector-{town} grid_head-{town} … (每个乡镇 each township)")
    typer.echo("  Ctrl-C 结束 / Ctrl-C ends it")


def require_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Fault(
                "port.taken",
                f"端口 {settings.port} 已被占用({error.strerror})。",
                f"Port {settings.port} is taken ({error.strerror}).",
                hint_zh="请停止占用它的程序,或用 LIANDONG_PORT 另选端口。",
                hint_en="Stop whoever uses it, or choose another one with LIANDONG_PORT.",
            ) from error
