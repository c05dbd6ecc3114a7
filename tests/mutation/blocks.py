"""Which blocks of the firmware's modules a test reaches, so that a mutant meets those tests only.

A block is a list of statements that is entered at its first one: a function's body, a branch, a
loop's body. Its marked form tells of itself when it is entered, by a name among the builtins.
"""

import ast
from functools import lru_cache
from typing import NamedTuple

from penloop.evidence.mutants import source

TELLS = "block_is_reached"


class Block(NamedTuple):
    """Of a module: its lines, and the indentation of its first statement."""

    module: str
    first: int
    last: int
    indent: int


@lru_cache
def blocks_of(module):
    """All of a module, outer ones before inner ones."""
    text = source(module)
    lines = text.splitlines()
    found = []
    for node in ast.walk(ast.parse(text)):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(node, (ast.Module, ast.ClassDef)) or not isinstance(body, list):
                continue
            if not body or lines[body[0].lineno - 1].lstrip().startswith("elif"):
                continue
            first = body[0]
            found.append(Block(module, first.lineno, body[-1].end_lineno, first.col_offset))
    return tuple(found)


def marked(module):
    """Its text with every block told of."""
    lines = source(module).splitlines()
    for block in sorted(blocks_of(module), key=lambda one: -one.first):
        call = f"{TELLS}({module!r}, {block.first})"
        lines.insert(block.first - 1, " " * block.indent + call)
    return "\n".join(lines) + "\n"


def blocks_at(module, line):
    """First lines of the blocks one of which is reached if this line has an effect; None: any.

    A private constant has one in the blocks that read it.
    """
    if around := _around(module, line):
        return around
    tree = ast.parse(source(module))
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.lineno <= line <= node.end_lineno:
            names = {one.id for one in node.targets if isinstance(one, ast.Name)}
            if all(name.startswith("_") for name in names):
                return _readers(module, tree, names)
    return None


def _around(module, line):
    """The innermost block, by its first line; empty: none."""
    around = [block.first for block in blocks_of(module) if block.first <= line <= block.last]
    return {max(around)} if around else set()


def _readers(module, tree, names):
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load):
            around = [
                one.first for one in blocks_of(module) if one.first <= node.lineno <= one.last
            ]
            if not around:
                return None  # another constant, a default
            found.add(max(around))
    return found
