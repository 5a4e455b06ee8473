"""The `liandong` command.

Owns the list of commands and nothing else: each command lives in a module of its own beside this one and is
named here. Must never do the work of a command itself, nor import it before somebody asks for it: importing is
most of the time that a short command takes, and that a killed part is away.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ops import failpoints
from runtime.faults import Fault

COMMANDS = {
    "demo": "ops.demo:demo",
    "up": "ops.demo:up",
    "setup": "ops.setup:setup",
    "doctor": "ops.doctor:doctor",
    "status": "ops.status:status",
    "import": "ops.importing:import_cases",
    "replay": "ops.replay:replay",
    "rebuild": "ops.rebuild:rebuild",
    "verify": "ops.verify.command:verify_app",
    "dead-letters": "ops.letters.command:letters_app",
    "topics": "ops.prepare:topics",
    "account": "ops.account:account_app",
    "bench": "ops.bench.command:bench_app",
    "docs": "ops.walk.command:docs",
    "worktime": "ops.worktime.command:worktime_app",
    "reference": "ops.reference.app:reference_app",
    "serve": "ops.serve:serve_app",
    "dashboard": "ops.setup:dashboard_app",
}
"""Each command, in the order of `--help`, with the module that holds it and its function or group there."""
KEEPS_PARTS = ("demo", "up")


class Commands(TyperGroup):
    """The commands by name; each is imported when it is asked for, all of them only for `--help`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the library's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the library's signature
        return command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        near = get_close_matches(args[0], COMMANDS) if args and args[0] not in COMMANDS else []
        if near:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {', '.join(map(repr, near))}?")
        return super().resolve_command(ctx, args)


@cache
def command(name: str) -> Any:
    """The command or group of that name, with the module it lives in imported. KeyError where there is none."""
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(import_module(module), attribute)
    alone = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
        group: Any = typer.main.get_command(alone)
        return group.commands[name]
    alone.command(name)(found)
    return typer.main.get_command(alone)


app = typer.Typer(
    name="liandong",
    cls=Commands,
    help="联动: joint dispatch for a county-level city. Every case and deadline in one log, on one wall.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"liandong {version('liandong')}")
        raise typer.Exit


@app.callback()
def about(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Options that stand before any command."""
    if context.invoked_subcommand != "serve":  # a part says that failpoints are on where it says everything: in its log
        failpoints.begin("system" if context.invoked_subcommand in KEEPS_PARTS else "command")


def main() -> None:
    """Run the command line; the console script `liandong` calls this. A Fault is printed and ends with 1."""
    try:
        app()
    except Fault as fault:
        for line in fault.lines():
            typer.echo(line, err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
