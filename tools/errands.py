"""Tries the errands of CONTRIBUTING.md word for word, each in a copy of the repository. Run by `make errands`.

An errand is a section "### Add ..." with commands. Its blocks are followed from the top as a reader would: files are
made and changed, commands run in the copy, those in a second terminal go on until the errand ends. Nothing is
installed outside the copy, and nothing comes from the network. Linux and macOS: the commands are those of a shell.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "CONTRIBUTING.md"
_BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PORT = re.compile(r"\b50\d{3}\b")
_COMMAND_S, _START_S, _END_S, _POLL_S = 300.0, 120.0, 30.0, 0.1
_FOREIGN = ("python", "pip", "activate", "Activate")


class ErrandError(Exception):
    """A step did not do what the guide says; holds what was printed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: `how` is run, background, prints, make, after, before, end, or replace."""

    how: str
    text: str
    path: str = ""
    at: str = ""


_FILES = {
    "make": re.compile(r"^Make the file `([^`]+)`()"),
    "after": re.compile(r"^In `([^`]+)`, after the line `([^`]+)`, add"),
    "before": re.compile(r"^In `([^`]+)`, before the line `([^`]+)`, add"),
    "end": re.compile(r"^At the end of `([^`]+)`(), add"),
}
_REPLACE = re.compile(r"^In `([^`]+)`, replace `([^`]+)` by `([^`]+)`", re.MULTILINE)


def errands(guide: Path = GUIDE) -> dict[str, list[Step]]:
    """Return the steps of the errands by their titles.

    Raises:
        ErrandError: a block that nothing says what to do with.
    """
    found = {}
    for section in guide.read_text(encoding="utf-8").split("\n### ")[1:]:
        title, _, text = section.partition("\n")
        text = text.partition("\n## ")[0]
        if title.startswith("Add ") and "```sh" in text:
            found[title] = list(steps(title, text))
    return found


def steps(title: str, text: str) -> Iterator[Step]:
    """Yield what a text says is to be done, from its top.

    Raises:
        ErrandError: a block that nothing says what to do with.
    """
    last = 0
    for block in _BLOCK.finditer(text):
        between, last = text[last : block.start()], block.end()
        yield from _replaced(between)
        yield _of_block(title, between.rstrip().rpartition("\n\n")[2].strip(), block)
    yield from _replaced(text[last:])


def _replaced(text: str) -> Iterator[Step]:
    return (Step("replace", new, path, old) for path, old, new in _REPLACE.findall(text))


def _of_block(title: str, introduction: str, block: re.Match[str]) -> Step:
    language, word, content = block[1], block[2], block[3]
    if language == "sh":
        return Step("background" if word == "background" else "run", content)
    if introduction.endswith("prints:"):
        return Step("prints", content)
    for how, pattern in _FILES.items():
        if said := pattern.match(introduction):
            return Step(how, content, said[1], said[2])
    raise ErrandError(f"{title}: nothing says what to do with the block after {introduction!r}")


def copy_to(folder: Path) -> None:
    """Copy what git has, or would add, into a folder, with a `.venv` that uses the packages of ours."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode("utf-8").split("\0")):
        if (source := ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    _make_venv(folder)


def _make_venv(folder: Path) -> None:
    """Make an environment of the copy's own: what is installed goes there, what is there already is found in ours."""
    if sys.prefix == sys.base_prefix:
        raise ErrandError("Run it with the Python of .venv: make errands")
    made = folder / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
    ours = Path(sys.prefix)
    packages = next((ours / "lib").glob("python3*/site-packages"))
    place = next((made / "lib").glob("python3*/site-packages"))
    (place / "errand.pth").write_text(f"{folder / 'src'}\n{packages}\n", encoding="utf-8")
    for program in (ours / "bin").iterdir():
        if not program.name.startswith(_FOREIGN):
            _give(program, made / "bin" / program.name)
    (made / ".fleetlane-setup").touch()  # so that make sets nothing up


def _give(program: Path, target: Path) -> None:
    """Give the copy a program; one in Python runs with the copy's interpreter."""
    content = program.read_bytes()
    first, _, rest = content.partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        target.write_bytes(f"#!{target.parent / 'python'}\n".encode() + rest)
        target.chmod(0o755)
    else:
        target.symlink_to(program.resolve())


class Walk:
    """Follows the steps of one errand in a copy. Its ports are free ones, whichever the guide names."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._ports: dict[str, str] = {}
        self._printed = ""

    def follow(self, step: Step) -> None:
        """Do one step.

        Raises:
            ErrandError: it did not do what the guide says.
        """
        if step.how == "run":
            self._run(self._own(step.text))
        elif step.how == "background":
            self._stack.enter_context(self._background(self._own(step.text)))
        elif step.how == "prints":
            self._must_have_printed(self._own(step.text))
        else:
            self._write(step)

    def _own(self, text: str) -> str:
        return _PORT.sub(lambda found: self._ports.setdefault(found[0], str(_free_port())), text)

    def _run(self, command: str) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], check=False, cwd=self._folder, env=_environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", timeout=_COMMAND_S,
        )  # fmt: skip
        self._printed = done.stdout
        if done.returncode:
            raise ErrandError(f"{command}ended with {done.returncode}:\n{done.stdout[-5000:]}")

    @contextmanager
    def _background(self, command: str) -> Iterator[None]:
        log = self._folder / "background.log"
        with log.open("a", encoding="utf-8") as out:
            process = subprocess.Popen(
                ["bash", "-c", command], cwd=self._folder, env=_environment(), stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        try:
            for port in dict.fromkeys(_PORT_OPTION.findall(command)):
                _wait_for(int(port), process, log)
            yield
        finally:
            _end(process)

    def _must_have_printed(self, text: str) -> None:
        for line in filter(None, (line.strip() for line in text.splitlines())):
            if line not in self._printed:
                raise ErrandError(f"the guide says it prints {line!r}, and it printed:\n{self._printed[-5000:]}")

    def _write(self, step: Step) -> None:
        path = self._folder / step.path
        if step.how == "make":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
            return
        former = path.read_text(encoding="utf-8")
        if step.how == "end":
            path.write_text(former + step.text, encoding="utf-8")
            return
        found = re.escape(step.at) if step.how == "replace" else f"^{re.escape(step.at)}\n"
        places = re.findall(found, former, re.MULTILINE)
        if len(places) != 1:
            raise ErrandError(f"{step.path} has {step.at!r} {len(places)} times, not once")
        [old] = places
        new = {"replace": step.text, "after": old + step.text, "before": step.text + old}[step.how]
        path.write_text(re.sub(found, lambda _: new, former, flags=re.MULTILINE), encoding="utf-8")


_PORT_OPTION = re.compile(r"--(?:adb-)?port (\d+)")


def _environment() -> Mapping[str, str]:
    """Return ours without what would lead to another tree, and without a network for pip."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "FLEETLANE"))}
    return {**ours, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "COLUMNS": "200"}


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until_s = time.monotonic() + _START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is None and time.monotonic() < until_s:
                time.sleep(_POLL_S)
                continue
            raise ErrandError(f"nothing listens on {port}:\n{log.read_text(encoding='utf-8')[-5000:]}") from None
        return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what was started, as Ctrl+C in its terminal does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def do(errand: Iterable[Step], folder: Path) -> None:
    """Follow an errand in a new copy in a folder.

    Raises:
        ErrandError: a step did not do what the guide says.
    """
    copy_to(folder)
    with ExitStack() as stack:
        walk = Walk(folder, stack)
        for step in errand:
            walk.follow(step)


def main() -> int:
    """Do all errands, or those named."""
    known = errands()
    parser = argparse.ArgumentParser(description="Try the errands of CONTRIBUTING.md in copies of the repository.")
    parser.add_argument("titles", nargs="*", metavar="TITLE", help=f"of {', '.join(known)}; all when none is named")
    failed = 0
    for title in parser.parse_args().titles or known:
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="fleetlane-errand-") as folder:
            try:
                do(known[title], Path(folder) / "fleetlane")
            except ErrandError as error:
                failed += 1
                print(f"{title}: {error}")
                continue
        print(f"{title}: done in {time.monotonic() - began_s:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
