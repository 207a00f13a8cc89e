"""Commands about files, and the smallest ones of a shell."""

from __future__ import annotations

from collections.abc import Sequence

from fleetlane.simulator.files import S_IFDIR
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import Result, UnsupportedArgumentsError, command, options


@command("echo")
def _echo(_phone: SimPhone, args: Sequence[str]) -> Result:
    return Result.text(" ".join(args))


@command("true", "sync")
def _true(_phone: SimPhone, _args: Sequence[str]) -> Result:
    return Result()


@command("false")
def _false(_phone: SimPhone, _args: Sequence[str]) -> Result:
    return Result(exit_code=1)


@command("md5sum", "md5")
def _md5sum(phone: SimPhone, args: Sequence[str]) -> Result:
    file = phone.files.get(args[0])
    if file is None:
        return Result.error(f"md5sum: {args[0]}: No such file or directory")
    return Result.text(f"{file.blob.md5}  {args[0]}")


@command("sha256sum")
def _sha256sum(phone: SimPhone, args: Sequence[str]) -> Result:
    file = phone.files.get(args[0])
    if file is None:
        return Result.error(f"sha256sum: {args[0]}: No such file or directory")
    return Result.text(f"{file.blob.sha256}  {args[0]}")


@command("rm")
def _rm(phone: SimPhone, args: Sequence[str]) -> Result:
    found, paths = options(args, "-f -r -rf -fr", [])
    force = bool({"-f", "-rf", "-fr"} & found.keys())
    recursive = bool({"-r", "-rf", "-fr"} & found.keys())
    for path in paths:
        if not phone.files.remove(path, recursive=recursive) and not force:
            return Result.error(f"rm: {path}: No such file or directory")
    return Result()


@command("mkdir")
def _mkdir(phone: SimPhone, args: Sequence[str]) -> Result:
    _, paths = options(args, "-p", [])
    for path in paths:
        phone.files.make_folder(path, int(phone.wall_s()))
    return Result()


@command("touch")
def _touch(phone: SimPhone, args: Sequence[str]) -> Result:
    for path in args:
        file = phone.files.get(path)
        if file is None:
            phone.files.write(path, b"", 0o660, int(phone.wall_s()))
        else:
            file.mtime_s = int(phone.wall_s())
    return Result()


@command("ls")
def _ls(phone: SimPhone, args: Sequence[str]) -> Result:
    _, paths = options(args, "-1 -a", [])
    path = paths[0] if paths else "/"
    file = phone.files.get(path)
    if file is None:
        return Result.error(f"ls: {path}: No such file or directory")
    if not file.mode & S_IFDIR:
        return Result.text(path)
    return Result.text("\n".join(name for name, _ in phone.files.listing(path)))


@command("cat")
def _cat(phone: SimPhone, args: Sequence[str]) -> Result:
    file = phone.files.get(args[0])
    if file is None:
        return Result.error(f"cat: {args[0]}: No such file or directory")
    return Result(file.blob.data)


@command("df")
def _df(phone: SimPhone, args: Sequence[str]) -> Result:
    found, paths = options(args, "-k", [])
    if "-k" not in found:
        raise UnsupportedArgumentsError("only `df -k PATH`")
    total, free = phone.files.capacity_bytes // 1024, phone.files.free_bytes // 1024
    mount = paths[0] if paths else "/data"
    return Result.text(
        "Filesystem     1K-blocks      Used Available Use% Mounted on\n"
        f"/dev/fuse      {total} {total - free} {free} {100 * (total - free) // total}% {mount}"
    )
