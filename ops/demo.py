"""`liandong demo` and `liandong up`: the whole system on one machine, the first with made-up people at work."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from typing import Annotated

import typer

from api.accounts import DEMO_PASSWORD
from eventlog.topics import TopicNames
from ops.simulator import Simulator, morning
from ops.system import PROCESSORS, System, running, until_ready
from reference.profile import Profile, load_profile
from runtime.faults import Fault
from runtime.logs import configure_logging
from runtime.settings import Settings, load_settings


def demo(
    quiet: Annotated[bool, typer.Option("--quiet", help="Nobody acts: only what you do yourself moves.")] = False,
) -> None:
    """Everything from nothing to a moving wall; Ctrl-C ends it. Data is kept between starts."""
    settings = load_settings().model_copy(update={"demo": True})
    _serve(settings, simulate=not quiet)


def up() -> None:
    """The whole system on one machine, without demo accounts and without anybody acting."""
    _serve(load_settings(), simulate=False)


def _serve(settings: Settings, simulate: bool) -> None:
    configure_logging("warning", "liandong")
    require_port(settings)
    asyncio.run(_run(settings, simulate))


async def _run(settings: Settings, simulate: bool) -> None:
    started = time.monotonic()
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    profile = load_profile(settings.profile)
    address = f"http://{settings.host}:{settings.port}/"
    typer.echo("正在启动 Kafka 与 PostgreSQL … / starting Kafka and PostgreSQL …")
    async with running(settings, profile, (*PROCESSORS, "api")) as system:
        tasks = [asyncio.create_task(system.watch()), asyncio.create_task(told.wait())]
        await until_ready(address, tasks)
        _say(settings, profile, system, address, time.monotonic() - started)
        if simulate:
            await morning(system.env["LIANDONG_KAFKA"], TopicNames(settings.topic_prefix), profile)
            tasks.append(asyncio.create_task(Simulator(address, profile).act()))
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
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
