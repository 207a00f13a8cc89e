"""Commands about files, and the smallest ones of a shell."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence

from fleetlane.simulator.files import S_IFDIR, Blob, File, NoSpaceError
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import Result, UnsupportedArgumentsError, command, options


@command("echo")
def _echo(_phone: SimPhone, args: Sequence[str]) -> Result:
    if args and args[0] in ("-n", "-e", "-E"):
        raise UnsupportedArgumentsError(args[0])
    return Result.text(" ".join(args) + "\n")


@command("true", "sync")
def _true(_phone: SimPhone, _args: Sequence[str]) -> Result:
    return Result()


@command("false")
def _false(_phone: SimPhone, _args: Sequence[str]) -> Result:
    return Result(exit_code=1)


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


@command("cat")
def _cat(phone: SimPhone, args: Sequence[str]) -> Result:
    file = _one_file(phone, "cat", args)
    return file if isinstance(file, Result) else Result(file.blob.data)


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
    found, paths = options(args, "-p", [])
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
    _, paths = options(args, "", [])
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
    _, paths = options(args, "-1", [])
    out, errors = list[str](), list[str]()
    for path in paths:
        file = phone.files.get(path)
        if file is None:
            errors.append(f"ls: {path}: No such file or directory\n")
        elif not _is_folder(file):
            out.append(f"{path}\n")
        else:
            head = f"\n{path}:\n" if len(paths) > 1 else ""
            out.append(head + "".join(f"{name}\n" for name, _ in phone.files.listing(path)))
    return Result("".join(out).encode(), "".join(errors).encode(), 1 if errors else 0)


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
