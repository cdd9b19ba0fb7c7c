"""The Typer application that the verbs join, and how a run of it ends."""

from __future__ import annotations

from typing import Annotated

import typer
import typer.core

from mien.cli.ending import guarded

# Panels of the help, and the order of the verbs in it: what a newcomer looks for stands first.
READ, LEARN, POSTURE = "To read faces", "With labelled faces", "A posture model of your own"
ORDER = (
    *("read", "live", "explain", "models"),
    *("data", "train", "average", "evaluate", "compare", "calibrate", "export"),
    *("collect", "collect-labels", "train-posture"),
)


class Verbs(typer.core.TyperGroup):
    """The verbs; whatever goes wrong in one becomes a line and an exit code before Typer can see it."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """The verbs as the help lists them."""
        return sorted(super().list_commands(ctx), key=ORDER.index)

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the verb that was asked for."""
        raise typer.Exit(guarded(lambda: super(Verbs, self).invoke(ctx)))


app = typer.Typer(
    name="mien",
    cls=Verbs,
    help="Reads the expressions on faces, on your own machine, and says what people would say of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_asked: bool) -> None:
    if is_asked:
        from mien.version import __version__

        print(f"mien {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass
