"""Commands that look for regular expressions: grep, sed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fleetlane.simulator.android.files import S_IFDIR
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.interpreter import UnsupportedArgumentsError, filter_command, options
from fleetlane.simulator.shell.mksh.result import Result, encoded

_CLASSES = {
    "[:space:]": r"\s", "[:digit:]": r"\d", "[:alpha:]": "A-Za-z", "[:alnum:]": "A-Za-z0-9",
    "[:upper:]": "A-Z", "[:lower:]": "a-z",
}  # fmt: skip
_SWAPPED = "(){}|+?"
"""Signs that mean something with a backslash in a basic expression, and without one in an extended one."""


def expression(pattern: str, *, extended: bool) -> str:
    """Return a POSIX expression as Python writes it."""
    for name, inside in _CLASSES.items():
        pattern = pattern.replace(name, inside)
    if "[:" in pattern or "[." in pattern or "[=" in pattern:
        raise UnsupportedArgumentsError(f"the pattern {pattern}")
    written, at = "", 0
    while at < len(pattern):
        sign, following = pattern[at], pattern[at + 1 : at + 2]
        if sign == "[":
            end = _end_of_set(pattern, at)
            inside = pattern[at + 1 : end].replace("\\", "\\\\") if "\\s" not in pattern else pattern[at + 1 : end]
            written += f"[{inside}]"
            at = end + 1
        elif sign == "\\" and following:
            written += _escaped(following, extended=extended)
            at += 2
        else:
            literal = (sign in _SWAPPED and not extended) or (sign == "*" and written in ("", "^"))
            written += re.escape(sign) if literal else sign
            at += 1
    return written


def _escaped(sign: str, *, extended: bool) -> str:
    if sign in _SWAPPED:
        return re.escape(sign) if extended else sign
    if sign.isalnum() and sign not in "wWbBsS123456789":
        raise UnsupportedArgumentsError(f"the pattern \\{sign}")
    return f"\\{sign}"


def _end_of_set(pattern: str, start: int) -> int:
    at = start + 1
    at += pattern[at : at + 1] == "^"
    end = pattern.find("]", at + 1)
    if end < 0:
        raise UnsupportedArgumentsError(f"the pattern {pattern}")
    return end


def _compiled(patterns: Sequence[str], flags: set[str]) -> re.Pattern[str]:
    lines = [line for pattern in patterns for line in pattern.split("\n")]
    if "F" in flags:
        parts = [re.escape(line) for line in lines]
    else:
        parts = [expression(line, extended="E" in flags) for line in lines]
    whole = "|".join(f"(?:{part})" for part in parts)
    whole = rf"(?<!\w)(?:{whole})(?!\w)" if "w" in flags else whole
    whole = rf"(?:{whole})\Z" if "x" in flags else whole
    try:
        return re.compile(whole, re.IGNORECASE if "i" in flags else 0)
    except re.error as error:
        raise UnsupportedArgumentsError(f"the pattern {patterns[0]}: {error}") from error


@filter_command("grep")
def _grep(phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    flags, patterns, paths = _grep_options(args)
    wanted = _compiled(patterns, flags)
    find = wanted.match if "x" in flags else wanted.search
    printed, complaints, found_any = "", "", False
    for path in paths or ["-"]:
        file = phone.files.get(path) if path != "-" else None
        if path != "-" and (file is None or file.mode & S_IFDIR):
            complaints += f"grep: {path}: {'No such file' if file is None else 'Is a'} {'or ' * (not file)}directory\n"
            continue
        text = (file.blob.data if file else stdin).decode("utf-8", "surrogateescape")
        lines = text.removesuffix("\n").split("\n") if text else []
        hits = [(number, line) for number, line in enumerate(lines, 1) if bool(find(line)) is not ("v" in flags)]
        found_any = found_any or bool(hits)
        before = f"{path}:" if len(paths) > 1 and "h" not in flags else ""
        printed += _grep_output(hits, before, flags, wanted)
    status = 2 if complaints else int(not found_any)
    shown = b"" if "q" in flags else encoded(printed)
    return Result(shown, b"" if "s" in flags else encoded(complaints), 0 if "q" in flags and found_any else status)


def _grep_output(hits: list[tuple[int, str]], before: str, flags: set[str], wanted: re.Pattern[str]) -> str:
    if "c" in flags:
        return f"{before}{len(hits)}\n"
    lines: list[str] = []
    for number, line in hits:
        start = before + (f"{number}:" if "n" in flags else "")
        shown = [found[0] for found in wanted.finditer(line) if found[0]] if "o" in flags else [line]
        lines.extend(f"{start}{part}\n" for part in shown)
    return "".join(lines)


def _grep_options(args: Sequence[str]) -> tuple[set[str], list[str], list[str]]:
    flags, patterns, rest = set[str](), list[str](), list[str]()
    words = iter(args)
    for word in words:
        if word == "--":
            rest.extend(words)
        elif word == "-e":
            patterns.append(next(words))
        elif len(word) > 1 and word.startswith("-"):
            if not set(word[1:]) <= set("ivqcnoEFwxhs"):
                raise UnsupportedArgumentsError(word)
            flags.update(word[1:])
        else:
            rest.append(word)
    if not patterns:
        patterns.append(rest.pop(0))
    return flags, patterns, rest


_SUBSTITUTION = re.compile(r"s([/|#,])((?:(?!\1)[^\\]|\\.)*)\1((?:(?!\1)[^\\]|\\.)*)\1(g?)", re.DOTALL)
_PRINT = re.compile(r"(?:(\d+)(?:,(\d+|\$))?|/((?:[^/\\]|\\.)+)/)?p")


@filter_command("sed")
def _sed(phone: SimPhone, args: Sequence[str], stdin: bytes) -> Result:
    """`sed 's/…/…/[g]'` and `sed -n '…p'`, of the input or one file."""
    found, rest = options(args, "-n -E -r", ["-e"])
    script, *paths = [*found.get("-e", []), *rest]
    extended = "-E" in found or "-r" in found
    if paths:
        file = phone.files.get(paths[0])
        if file is None or len(paths) > 1:
            return Result.error(f"sed: {paths[0]}: No such file or directory")
        stdin = file.blob.data
    text = stdin.decode("utf-8", "surrogateescape")
    lines = text.removesuffix("\n").split("\n") if text else []
    if substitution := _SUBSTITUTION.fullmatch(script):
        if "-n" in found:
            raise UnsupportedArgumentsError(script)
        lines = _substituted(lines, substitution, extended=extended)
    elif (printing := _PRINT.fullmatch(script)) and "-n" in found:
        lines = _printed(lines, printing, extended=extended)
    else:
        raise UnsupportedArgumentsError(script)
    return Result(encoded("".join(f"{line}\n" for line in lines)))


def _substituted(lines: list[str], script: re.Match[str], *, extended: bool) -> list[str]:
    sign, pattern, replacement, everywhere = script.groups()
    wanted = re.compile(expression(pattern.replace(f"\\{sign}", sign) if sign != "|" else pattern, extended=extended))
    parts = re.findall(r"\\(\d)|(&)|\\(.)|([^\\&]+)", replacement, re.DOTALL)

    def filled(found: re.Match[str]) -> str:
        return "".join(
            found[int(group)] or "" if group else found[0] if whole else escaped or plain
            for group, whole, escaped, plain in parts
        )

    return [wanted.sub(filled, line, count=0 if everywhere else 1) for line in lines]


def _printed(lines: list[str], script: re.Match[str], *, extended: bool) -> list[str]:
    first, last, pattern = script.groups()
    if pattern:
        wanted = re.compile(expression(pattern.replace("\\/", "/"), extended=extended))
        return [line for line in lines if wanted.search(line)]
    if first is None:
        return lines
    end = len(lines) if last == "$" else int(last or first)
    return lines[int(first) - 1 : max(end, int(first))]
