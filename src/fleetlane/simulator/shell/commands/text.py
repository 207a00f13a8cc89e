"""Commands that print, and those that read their input: echo, printf, cat, head, tail, wc, sort, uniq, cut, tr.

Each takes the options that scripts use; any other is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from fleetlane.simulator.android.files import S_IFDIR
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.interpreter import UnsupportedArgumentsError, command, filter_command, options
from fleetlane.simulator.shell.mksh.result import Result, encoded

_ESCAPE = re.compile(r"\\(?:([abefnrtvE\\])|0([0-7]{0,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|(c))")
_CONTROL = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@command("echo")
def _echo(_phone: SimPhone, args: Sequence[str]) -> Result:
    """Print words. mksh's echo reads escapes unless told not to (-E)."""
    words, newline, escapes = list(args), True, True
    while words and re.fullmatch("-[neE]+", words[0]):
        flags = words.pop(0)
        newline = newline and "n" not in flags
        escapes = flags.rfind("E") < flags.rfind("e") if {"e", "E"} & set(flags) else escapes
    text, stopped = _unescaped(" ".join(words)) if escapes else (" ".join(words), False)
    return Result(encoded(text + ("\n" if newline and not stopped else "")))


def _unescaped(text: str) -> tuple[str, bool]:
    """Return a text with its escapes read, and whether backslash-c ended it."""
    read, at = "", 0
    for found in _ESCAPE.finditer(text):
        read += text[at : found.start()]
        at = found.end()
        sign, octal, byte, code, stop = found.groups()
        if stop:
            return read, True
        if sign:
            read += _CONTROL.get(sign, "\\")
        elif code:
            read += chr(int(code, 16))
        else:
            value = int(byte, 16) if byte else int(octal or "0", 8) & 0xFF
            read += bytes([value]).decode("utf-8", "surrogateescape")
    return read + text[at:], False


@command("printf")
def _printf(_phone: SimPhone, args: Sequence[str]) -> Result:
    form, *values = args
    parts = re.split(r"(%[sd%])", form)
    if any("%" in part for part in parts[::2]) or "%b" in form:
        raise UnsupportedArgumentsError("only %s, %d and %%")
    takes = sum(part in ("%s", "%d") for part in parts)
    printed, first = "", True
    while first or (values and takes):
        first = False
        for part in parts:
            if part == "%s":
                printed += values.pop(0) if values else ""
            elif part == "%d":
                printed += str(int(values.pop(0) if values else "0"))
            else:
                printed += "%" if part == "%%" else _unescaped(part)[0]
    return Result(encoded(printed))


def _read(phone: SimPhone, name: str, paths: Sequence[str], stdin: bytes) -> tuple[list[tuple[str, bytes]], str]:
    """Return (path, content) of each file that can be read, or of the input, and the complaints about others."""
    found: list[tuple[str, bytes]] = []
    complaints = ""
    for path in paths or ["-"]:
        file = phone.files.get(path)
        if path == "-":
            found.append(("-", stdin))
        elif path == "/dev/null":
            found.append((path, b""))
        elif file is None:
            complaints += f"{name}: {path}: No such file or directory\n"
        elif file.mode & S_IFDIR:
            complaints += f"{name}: {path}: Is a directory\n"
        else:
            found.append((path, file.blob.data))
    return found, complaints


def _through(
    phone: SimPhone, name: str, paths: Sequence[str], stdin: bytes, change: Callable[[bytes], bytes]
) -> Result:
    """Put each file, or the input, through `change`."""
    inputs, complaints = _read(phone, name, paths, stdin)
    printed = b"".join(change(data) for _, data in inputs)
    return Result(printed, encoded(complaints), int(bool(complaints)))


@filter_command("cat")
def _cat(phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    _, paths = options(args, "", [])
    return _through(phone, "cat", paths, stdin, lambda data: data)


def _split_at_newlines(data: bytes) -> list[bytes]:
    return [line for line in re.split(rb"(?<=\n)", data) if line]


def _count(args: Sequence[str], default: int) -> tuple[int, list[str]]:
    """Read `-n NUMBER` or `-NUMBER`."""
    words = [f"-n{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in args]
    words = [part for word in words for part in (("-n", word[2:]) if re.fullmatch(r"-n\+?\d+", word) else (word,))]
    found, paths = options(words, "", ["-n"])
    [number] = found.get("-n", [str(default)])[-1:]
    if number.startswith("+"):
        raise UnsupportedArgumentsError(f"-n {number}")
    return int(number), paths


@filter_command("head")
def _head(phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    number, paths = _count(args, 10)
    return _through(phone, "head", _one_at_most(paths), stdin, lambda data: b"".join(_split_at_newlines(data)[:number]))


@filter_command("tail")
def _tail(phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    number, paths = _count(args, 10)

    def last(data: bytes) -> bytes:
        lines = _split_at_newlines(data)
        return b"".join(lines[max(len(lines) - number, 0) :])

    return _through(phone, "tail", _one_at_most(paths), stdin, last)


def _one_at_most(paths: list[str]) -> list[str]:
    if len(paths) > 1:
        raise UnsupportedArgumentsError("more than one file")
    return paths


@filter_command("wc")
def _wc(phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    found, paths = options(args, "-l -w -c", [])
    if len(found) != 1:
        raise UnsupportedArgumentsError("only `wc -l`, `wc -w` or `wc -c`")
    inputs, complaints = _read(phone, "wc", _one_at_most(paths), stdin)
    printed = ""
    for path, data in inputs:
        number = {"-l": data.count(b"\n"), "-w": len(data.split()), "-c": len(data)}[next(iter(found))]
        printed += f"{number}\n" if path == "-" else f"{number} {path}\n"
    return Result(printed.encode(), encoded(complaints), int(bool(complaints)))


@filter_command("sort")
def _sort(phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    found, paths = options(args, "-r -u", [])

    def ordered(data: bytes) -> bytes:
        lines = sorted(line.removesuffix(b"\n") for line in _split_at_newlines(data))
        lines = list(dict.fromkeys(lines)) if "-u" in found else lines
        return _joined(reversed(lines) if "-r" in found else lines)

    return _through(phone, "sort", _one_at_most(paths), stdin, ordered)


@filter_command("uniq")
def _uniq(phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    _, paths = options(args, "", [])

    def once(data: bytes) -> bytes:
        lines = [line.removesuffix(b"\n") for line in _split_at_newlines(data)]
        return _joined(line for index, line in enumerate(lines) if not index or line != lines[index - 1])

    return _through(phone, "uniq", _one_at_most(paths), stdin, once)


def _joined(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


@filter_command("cut")
def _cut(phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    words = [part for word in args for part in ((word[:2], word[2:]) if re.match("-[dfc].", word) else (word,))]
    found, paths = options(words, "-s", ["-d", "-f", "-c"])
    kind = "-f" if "-f" in found else "-c"
    sign = encoded(found.get("-d", ["\t"])[-1])
    wanted = _ranges(found[kind][-1])
    if len(sign) != 1 or ("-f" in found and "-c" in found):
        raise UnsupportedArgumentsError(" ".join(args))

    def cut(data: bytes) -> bytes:
        lines = [line.removesuffix(b"\n") for line in _split_at_newlines(data)]
        if kind == "-c":
            return _joined(bytes(byte for index, byte in enumerate(line, 1) if wanted(index)) for line in lines)
        lines = [line for line in lines if sign in line or "-s" not in found]
        return _joined(_fields(line, sign, wanted) for line in lines)

    return _through(phone, "cut", paths, stdin, cut)


def _fields(line: bytes, sign: bytes, wanted: Callable[[int], bool]) -> bytes:
    if sign not in line:
        return line
    return sign.join(part for index, part in enumerate(line.split(sign), 1) if wanted(index))


def _ranges(text: str) -> Callable[[int], bool]:
    spans: list[tuple[int, float]] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low = int(first or "1")
        spans.append((low, (int(last) if last else float("inf")) if dash else low))
    return lambda number: any(low <= number <= high for low, high in spans)


@filter_command("tr")
def _tr(_phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    found, sets = options(args, "-d -s", [])
    if len(found) > 1 or "-s" in found or len(sets) != 2 - len(found):
        raise UnsupportedArgumentsError("only `tr SET SET` and `tr -d SET`")
    first = _characters(sets[0])
    if found:
        return Result(bytes(byte for byte in stdin if byte not in first))
    second = _characters(sets[1])
    if not second:
        raise UnsupportedArgumentsError("an empty set")
    second += second[-1:] * (len(first) - len(second))
    return Result(stdin.translate(bytes.maketrans(first, second[: len(first)])))


def _characters(text: str) -> bytes:
    if "[:" in text:
        raise UnsupportedArgumentsError(text)
    data = encoded(_unescaped(text)[0])
    spans = re.findall(rb"(.)-(.)|(.)", data, re.DOTALL)
    return b"".join(bytes(range(low[0], high[0] + 1)) if low else one for low, high, one in spans)
