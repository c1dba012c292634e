"""`raystudy serve`: studies for a browser and for programs, as an app of Ray Serve."""

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from raystudy.cli.arguments import Insecure
from raystudy.errors import ArchiveError, ClusterError
from raystudy.power.guard import use_token_for

WHERE_STUDIES_LIE = "data/studies"


Places = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PLACE]...", help="Studies, or folders of studies. Default: data/studies.", show_default=False
    ),
]
Address = Annotated[
    str | None, typer.Option(help="Ray cluster to serve from, as `auto` or HOST:6379. Default: a Ray of its own.")
]
Host = Annotated[str, typer.Option(help="Address to listen on; other than 127.0.0.1 needs a token.")]
Port = Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")]
TokenFile = Annotated[
    Path | None, typer.Option(help="File with the token that readers send as `Authorization: Bearer TOKEN`.")
]


def serve(
    places: Places = None,
    *,
    address: Address = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    token_file: TokenFile = None,
    insecure: Insecure = False,
) -> None:
    """
    Serve studies until Ctrl-C: /trials, /intervals, /summary, /sql?q=, /report, as json, csv, arrow or html; read-only.

    Each request sees the trials that are finished by then. The app stands in the Serve tab of the Ray dashboard.

    Example: `raystudy serve data/studies/efficiency-laptop`
    """
    from raystudy.dashboard.door import door_of

    door = door_of(host, token_file)
    found = [_absolute(place) for place in places or [WHERE_STUDIES_LIE]]
    if address is not None:
        use_token_for(address)  # before ray is imported
    try:
        from raystudy.dashboard.serve import Cluster, Listen, serving
    except ImportError as error:
        raise ClusterError(
            f'Ray Serve is not installed ({error.name or error} is missing): pip install "raystudy[serve]".'
        ) from error
    console = Console()

    try:
        listen, cluster = Listen(host=host, port=port), Cluster(address=address, insecure=insecure)
        with serving(found, door=door, listen=listen, cluster=cluster) as dashboard_url:
            _wait(console, f"http://{f'[{host}]' if ':' in host else host}:{port}/", dashboard_url)
    except KeyboardInterrupt:
        console.print("No longer served.")


def _wait(console: Console, url: str, dashboard_url: str | None) -> None:
    """Say where the studies are, and wait for a signal."""
    console.print(f"Studies at {url} until Ctrl-C.", highlight=False, soft_wrap=True)
    if dashboard_url:
        console.print(f"Serve tab: http://{dashboard_url}/#/serve", highlight=False, soft_wrap=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)  # not before: Ray puts in handlers of its own as it starts
    signal.pause()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _absolute(place: str) -> str:
    """Return a place as another process finds it; raises ArchiveError where nothing is there."""
    if "://" in place:
        return place
    folder = Path(place).expanduser().absolute()
    if not folder.is_dir():
        raise ArchiveError(f"There is no folder {folder}. Give a folder that `raystudy run` wrote, or one of several.")
    return str(folder)
