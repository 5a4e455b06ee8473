"""The commands of `liandong reference`, in the order in which a person meets them. Does the work of none."""

from __future__ import annotations

import typer

from ops.reference.admission import admission_app
from ops.reference.changing import adopt, check, preview
from ops.reference.routing import ownership, shadow
from ops.reference.versions import diff, export, list_versions, show
from ops.reference.who import who

reference_app = typer.Typer(
    help="What the city decides by: calendar, standard, grids, units, routing, admission, posts. Every version stays; "
    "a new one is checked whole, previewed, and adopted from one place of the log on.",
    no_args_is_help=True,
)

reference_app.command("list")(list_versions)
reference_app.command()(show)
reference_app.command()(export)
reference_app.command()(diff)
reference_app.command()(check)
reference_app.command()(preview)
reference_app.command()(adopt)
reference_app.command()(who)
reference_app.command()(shadow)
reference_app.command()(ownership)
reference_app.add_typer(admission_app, name="admission")
