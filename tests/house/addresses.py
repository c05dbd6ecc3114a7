"""What a shared file must not name: registries' addresses and folders of one machine."""

import re

from tests.house.sources import Finding

# Written so that this file does not match itself.
REGISTRY = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|crates|debian|ubuntu)\.(?:org|io|com)\b(?!/project/)"
    r"|--(?:extra-)?index-url|--find-(?:links)|^(?:extra-)?index-url\b",
    re.IGNORECASE | re.MULTILINE,
)
MACHINE_PATH = re.compile(r"(?<![\w./~$}])/(?:home|root|work|Users|opt|mnt)/\w|\b[A-Z]:\\\\?Users")


def machine_addresses(text: str, places: tuple[str, ...] = ()) -> list[Finding]:
    """Lines that name a registry, a folder of some machine, or one of the given places."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for pattern in (REGISTRY, MACHINE_PATH):
            if match := pattern.search(line):
                found.append(Finding(number, f"names {match.group()}"))
        found += [Finding(number, f"names {place}") for place in places if place in line]
    return found
