"""The `liandong` command.

Owns the list of commands and nothing else: each command lives in a module of its own beside this one and is
registered here. Must never do the work of a command itself.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from ops.account import account_app
from ops.bench import bench_app
from ops.demo import demo, up
from ops.doctor import doctor
from ops.importing import import_cases
from ops.prepare import topics
from ops.rebuild import rebuild
from ops.reference.app import reference_app
from ops.replay import replay
from ops.serve import serve_app
from ops.setup import dashboard_app, setup
from ops.status import status
from ops.worktime.command import worktime_app
from runtime.faults import Fault

app = typer.Typer(
    name="liandong",
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
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Options that stand before any command."""


app.command()(demo)
app.command()(up)
app.command()(setup)
app.command()(doctor)
app.command()(status)
app.command("import")(import_cases)
app.command()(replay)
app.command()(rebuild)
app.command()(topics)
app.add_typer(account_app, name="account")
app.add_typer(bench_app, name="bench")
app.add_typer(worktime_app, name="worktime")
app.add_typer(reference_app, name="reference")
app.add_typer(serve_app, name="serve")
app.add_typer(dashboard_app, name="dashboard")


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
