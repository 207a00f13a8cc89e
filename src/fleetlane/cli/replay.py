"""`fleetlane replay`: does a recorded session again without its phone, or puts it to a simulated one."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer

from fleetlane.cli import sessions
from fleetlane.core.screens.screen import parse_tree
from fleetlane.core.transcript import Transcript, read
from fleetlane.own_packs import use_packs
from fleetlane.settings import load_settings
from fleetlane.simulator.likeness.reader import BUILTIN, likeness, set_by_words


class Against(StrEnum):
    """What a session is put to."""

    SIMULATED = "simulated"


def replay(
    file: Annotated[Path, typer.Argument(help="A transcript, as `fleetlane record` writes it.")],
    texts: Annotated[
        bool,
        typer.Option("--texts", help="Only print what can be read in it, each text once: look before you share it."),
    ] = False,
    against: Annotated[
        Against | None,
        typer.Option(help="simulated: ask a simulated phone the same, and say where it answers otherwise."),
    ] = None,
    like: Annotated[
        str, typer.Option(help=f"What the simulated phone is like: {', '.join(BUILTIN)}, or a YAML file of traits.")
    ] = "real",
    trait: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE: one trait of it; can be given again.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes what is drawn for it.")] = 0,
) -> None:
    """Let the driver and the script do a recorded session again, on its answers. Exit code 1 when something differs."""
    use_packs(load_settings())
    transcript = read(file)
    if texts:
        for text in sorted(set(_texts(transcript))):
            typer.echo(text)
        return
    _head(transcript)
    found = _replay(transcript) if against is None else _compare(transcript, like, trait or [], seed)
    raise typer.Exit(1 if found else 0)


def _head(transcript: Transcript) -> None:
    header = transcript.header
    phone = " ".join(str(header.phone.get(key, "")) for key in ("brand", "model")).strip() or "unknown phone"
    apps = ", ".join(f"{package} {version}" for package, version in header.apps.items()) or "no app"
    android = header.phone.get("android", "?")
    typer.echo(f"{phone}, Android {android}, {apps}; {len(transcript.exchanges)} requests. {header.source}")
    if transcript.ending.full:
        typer.echo("The recording was full before the session ended.")


def _replay(transcript: Transcript) -> bool:
    done = sessions.replay(transcript)
    for name, ok in done.ending.steps:
        typer.echo(f"{'ok    ' if ok else 'failed'} {name}")
    typer.echo(str(done.outcome.remark))
    for line in done.differences:
        typer.echo(line)
    if not done.differences:
        typer.echo("The same steps and the same outcome as recorded.")
    return bool(done.differences)


def _compare(transcript: Transcript, like: str, traits: list[str], seed: int) -> bool:
    simulated = set_by_words(likeness(like), traits)
    done = sessions.compare(transcript, sessions.phone_like(transcript, simulated, seed))
    typer.echo("median seconds: " + ", ".join(f"{k} {a:.2f} (simulated {b:.2f})" for k, (a, b) in done.times_s.items()))
    for one in done.differences:
        typer.echo(str(one))
    if not done.differences:
        typer.echo("The simulated phone answers the same way.")
    return bool(done.differences)


def _texts(transcript: Transcript) -> Iterator[str]:
    """Yield everything in a transcript that can be read by people, without what Fleetlane itself asked."""
    yield from _strings(dict(transcript.header.script))
    for one in transcript.exchanges:
        yield from _strings(one.params)
        tree = one.answer.get("result") if one.asked == "dumpWindowHierarchy" else None
        if isinstance(tree, str) and tree.startswith("<"):
            yield from (text for node in parse_tree(tree).nodes for text in (node.text, node.desc) if text)
        else:
            yield from (line.strip() for text in _strings(dict(one.answer)) for line in text.splitlines())


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in cast("dict[str, object]", value).values():
                yield from _strings(inner)
        case list() | tuple():
            for inner in cast("list[object]", value):
                yield from _strings(inner)
        case _:
            return
