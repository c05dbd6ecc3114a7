"""TOML documents that are checked against a JSON Schema, every mistake told with its line."""

import json
import tomllib
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from penloop.errors import UserError
from penloop.scenarios.toml_lines import line_of

Keys = tuple[str | int, ...]
Document = dict[str, Any]
Made = TypeVar("Made")


class Mistake(Exception):
    """Something wrong at a place of a document."""

    def __init__(self, keys: Keys, what: str, remedy: str) -> None:
        super().__init__(what)
        self.keys, self.what, self.remedy = keys, what, remedy


def text_of(path: Path, wanted: str) -> str:
    """What stands in a file. Raises UserError; `wanted` says what to give."""
    try:
        return path.read_text()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}", f"give {wanted}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text", f"give {wanted}") from None


def read(text: str, where: str, make: Callable[[Document], Made]) -> Made:
    """What `make` makes of a TOML text; a Mistake is told with its line. Raises UserError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where}: {error}", "write TOML; see docs/scenarios.md") from None
    try:
        return make(document)
    except Mistake as mistake:
        line = line_of(text, mistake.keys)
        raise UserError(f"{where}:{line}: {mistake.what}", mistake.remedy) from None


def made(document: Document, where: str, make: Callable[[Document], Made]) -> Made:
    """As `read`, of a document without lines: a Mistake is told with its keys. Raises UserError."""
    try:
        return make(document)
    except Mistake as mistake:
        place = _told(mistake.keys)
        raise UserError(f"{where}: {place}: {mistake.what}", mistake.remedy) from None


def _told(keys: Keys) -> str:
    """As people count: from 1."""
    return ".".join(str(key + 1 if isinstance(key, int) else key) for key in keys)


@lru_cache
def schema(name: str) -> Document:
    """A JSON Schema of this package, by its file's name."""
    found: Document = json.loads(files("penloop").joinpath("schemas", name).read_text())
    return found


@lru_cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def check(document: Document, schema_name: str) -> None:
    """Raises Mistake where the document does not follow the schema."""
    error = best_match(_validator(schema_name).iter_errors(document))
    if error is None:
        return
    keys: Keys = tuple(error.absolute_path)
    guide = schema(schema_name)["$comment"]
    name = _told(keys) or "the file"
    if error.validator == "oneOf":
        choices = " or ".join(item["required"][0] for item in error.validator_value)
        raise Mistake(keys, f"{name} needs exactly one of {choices}", f"give {choices}")
    if error.validator == "additionalProperties":
        known = ", ".join(error.schema["properties"])
        unknown = sorted(set(error.instance) - set(error.schema["properties"]))
        raise Mistake((*keys, unknown[0]), f"{unknown[0]!r} is not known here", f"use {known}")
    if error.validator == "required":
        raise Mistake(keys, error.message, f"add it; {guide}")
    if error.validator == "type" and "examples" in error.schema:
        example = json.dumps(error.schema["examples"][0])
        raise Mistake(keys, f"{name}: {error.message}", f"write such as {example}")
    if error.validator == "pattern":
        example = error.schema["examples"][0]
        what = f"{name} = {error.instance!r} has no unit that fits"
        raise Mistake(keys, what, f'write such as "{example}"')
    raise Mistake(keys, f"{name}: {error.message}", guide)
