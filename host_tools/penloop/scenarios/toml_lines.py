"""Where a key of a TOML document stands, for messages: `tomllib` does not tell."""

import re

_HEADER = re.compile(r"\s*\[(\[?)\s*(.+?)\s*\]?\]\s*(#.*)?")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")
_PART = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*(?:\.|$)""")
_ITEM = re.compile(r"""\s*["'{\d]""")

Path = tuple[str | int, ...]


def line_of(text: str, path: Path) -> int:
    """The line, from 1, of a path such as ("fault", 0, "at"); of its nearest parent if need be."""
    lines = lines_of(text)
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def lines_of(text: str) -> dict[Path, int]:
    """The line, from 1, of every table, key and item of an array of several lines."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    key: Path = ()
    depth = item = 0
    for number, line in enumerate(text.splitlines(), 1):
        if depth > 0:  # within an array of several lines
            if _ITEM.match(line):
                found[(*key, item)] = number
                item += 1
            depth += _opened(line)
            continue
        if header := _HEADER.fullmatch(line):
            table = _table(header, counts)
            found[table] = number
        elif match := _KEY.match(line):
            key = table + _parts(match[1])
            found[key] = number
            depth, item = _opened(line[match.end() :]), 0
    return found


def _table(header: re.Match[str], counts: dict[Path, int]) -> Path:
    name = _parts(header[2])
    if not header[1]:
        return name
    counts[name] = counts.get(name, -1) + 1
    return (*name, counts[name])


def _parts(text: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(text))


def _opened(text: str) -> int:
    """How many more brackets a piece of text opens than it closes, outside of strings."""
    bare = re.sub(r'"[^"]*"|\'[^\']*\'|#.*', "", text)
    return bare.count("[") - bare.count("]")
