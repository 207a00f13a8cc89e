"""Commands about files."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from fleetlane.simulator.android.files import S_IFDIR, Blob, File, NoSpaceError
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.interpreter import Result, UnsupportedArgumentsError, command, options
from fleetlane.simulator.shell.mksh.result import encoded


def _one_file(phone: SimPhone, name: str, args: Sequence[str]) -> File | Result:
    """Return the one file that a command is given, or how it complains."""
    [path] = args
    file = phone.files.get(path)
    if file is None:
        return Result.error(f"{name}: {path}: No such file or directory")
    return Result.error(f"{name}: {path}: Is a directory") if _is_folder(file) else file


def _is_folder(file: File | None) -> bool:
    return file is not None and bool(file.mode & S_IFDIR)


def _digest(phone: SimPhone, name: str, args: Sequence[str], digest: Callable[[Blob], str]) -> Result:
    file = _one_file(phone, name, args)
    return file if isinstance(file, Result) else Result.text(f"{digest(file.blob)}  {args[0]}")


@command("md5sum", "md5")
def _md5sum(phone: SimPhone, args: Sequence[str]) -> Result:
    return _digest(phone, "md5sum", args, lambda blob: blob.md5)


@command("sha256sum")
def _sha256sum(phone: SimPhone, args: Sequence[str]) -> Result:
    return _digest(phone, "sha256sum", args, lambda blob: blob.sha256)


@command("rm")
def _rm(phone: SimPhone, args: Sequence[str]) -> Result:
    found, paths = options(args, "-f -r -rf -fr", [])
    force = bool({"-f", "-rf", "-fr"} & found.keys())
    recursive = bool({"-r", "-rf", "-fr"} & found.keys())
    for path in paths:
        if _is_folder(phone.files.get(path)) and not recursive:
            return Result.error(f"rm: {path}: is a directory")
        if not phone.files.remove(path, recursive=recursive) and not force:
            return Result.error(f"rm: {path}: No such file or directory")
    return Result()


@command("mkdir")
def _mkdir(phone: SimPhone, args: Sequence[str]) -> Result:
    found, paths = options([word for word in args if word != "--"], "-p", [])
    for path in paths:
        there = phone.files.get(path)
        if there is not None and not ("-p" in found and _is_folder(there)):
            return Result.error(f"mkdir: '{path}': File exists")
        if "-p" not in found and phone.files.get(posixpath.dirname(path)) is None:
            return Result.error(f"mkdir: '{path}': No such file or directory")
        phone.files.make_folder(path, int(phone.wall_s()))
    return Result()


@command("touch")
def _touch(phone: SimPhone, args: Sequence[str]) -> Result:
    _, paths = options(args, "-a -m -am", [])
    for path in paths:
        file = phone.files.get(path)
        if file is not None:
            file.mtime_s = int(phone.wall_s())
        elif phone.files.get(posixpath.dirname(path)) is None:
            return Result.error(f"touch: '{path}': No such file or directory")
        else:
            try:
                phone.files.write(path, b"", 0o660, int(phone.wall_s()))
            except NoSpaceError:
                return Result.error(f"touch: '{path}': No space left on device")
    return Result()


@command("stat")
def _stat(phone: SimPhone, args: Sequence[str]) -> Result:
    """Tell of a file by `-c FORMAT`, of which %s (its size in bytes) and %Y (its date) are known."""
    found, [path] = options(args, "", ["-c"])
    file = phone.files.get(path)
    if file is None:
        return Result.error(f"stat: '{path}': No such file or directory")
    shown = found["-c"][0].replace("%s", str(file.size_bytes)).replace("%Y", str(file.mtime_s))
    if "%" in shown:
        raise UnsupportedArgumentsError(found["-c"][0])
    return Result.text(shown)


@command("ls")
def _ls(phone: SimPhone, args: Sequence[str]) -> Result:
    """List a folder, or several, each behind its name."""
    letters = [f"-{letter}" for word in args for letter in word[1:] if word.startswith("-")]
    found, _ = options(letters, "-1 -a -l -t -d", [])
    paths = [word for word in args if not word.startswith("-")] or ["/"]
    out, errors = list[str](), list[str]()
    for path in paths:
        file = phone.files.get(path)
        if file is None:
            errors.append(f"ls: {path}: No such file or directory\n")
        elif not _is_folder(file) or "-d" in found:
            out.append(f"{_long(path, file) if '-l' in found else path}\n")
        else:
            head = f"\n{path}:\n" if len(paths) > 1 else ""
            out.append(head + "".join(f"{line}\n" for line in _listed(phone, path, file, found)))
    return Result(encoded("".join(out)), encoded("".join(errors)), 1 if errors else 0)


def _listed(phone: SimPhone, path: str, folder: File, found: Collection[str]) -> list[str]:
    """Return the lines of `ls` about a folder."""
    entries = phone.files.listing(path)
    if "-t" in found:
        entries.sort(key=lambda entry: -entry[1].mtime_s)
    if "-a" in found:
        entries = [(".", folder), ("..", folder), *entries]
    else:
        entries = [entry for entry in entries if not entry[0].startswith(".")]
    if "-l" not in found:
        return [name for name, _ in entries]
    blocks = sum(-(-entry.size_bytes // 512) for _, entry in entries)
    return [f"total {blocks}", *(_long(name, entry) for name, entry in entries)]


def _long(name: str, file: File) -> str:
    """Return a file's line of `ls -l`."""
    letters = "".join(
        sign if file.mode >> shift & 1 else "-" for shift, sign in zip(range(8, -1, -1), "rwx" * 3, strict=True)
    )
    kind = "d" if _is_folder(file) else "-"
    changed = datetime.fromtimestamp(file.mtime_s, UTC)
    return f"{kind}{letters} 1 root sdcard_rw {file.size_bytes:>8} {changed:%Y-%m-%d %H:%M} {name}"


@command("df")
def _df(phone: SimPhone, args: Sequence[str]) -> Result:
    found, [path] = options(args, "-k", [])
    if "-k" not in found:
        raise UnsupportedArgumentsError("only `df -k PATH`")
    if path != "/data" and phone.files.get(path) is None:
        return Result.error(f"df: {path}: No such file or directory")
    total, free = phone.files.capacity_bytes // 1024, phone.files.free_bytes // 1024
    return Result.text(
        "Filesystem     1K-blocks      Used Available Use% Mounted on\n"
        f"/dev/fuse      {total} {total - free} {free} {100 * (total - free) // max(total, 1)}% {path}"
    )
