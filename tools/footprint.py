"""Measures what the firmware takes of a board's flash and heap, and writes the table.

    python tools/footprint.py  # writes docs/footprint.md, to which a test holds it

The heap is that of the 32-bit engine. Its collector does not see what running functions hold
whose frames lie on the heap, so a collection is taken between two passes of the main loop
(footprint_guest.py). "Alive" is what such a collection leaves. Within a pass nothing is freed, so
the least that is free can only be more than what is told here.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pensim.board.board as board_module
from penhost import Pen
from penloop.mpy import BYTECODE, NATIVE_MODULES, compile_firmware, compiled
from penloop.mpy_code import function_sizes
from pensim import Bench, Firmware
from pensim.engines import BoardLink
from pensim.engines.micropython import MicroPythonEngine

TABLE = Path(__file__).parents[1] / "docs" / "footprint.md"
GUEST = Path(__file__).with_name("footprint_guest.py")
CHIPS = ("armv6m", "armv7emsp", "xtensawin")

KIB = 1024
HEAP_KIB = 192  # the board's
KEPT_LIMIT_KIB = 80
FREE_LIMIT_KIB = 96
NEAR_KIB = 150  # what the simulator's side of the virtual board takes of the same heap
BLOCK_BYTES = 16  # the heap is given out in blocks


class MeasuredEngine(MicroPythonEngine):
    """The 32-bit engine with a heap of the board's size, the firmware as .mpy or as source."""

    def __init__(self, link: BoardLink, as_source: bool) -> None:
        self._as_source = as_source
        super().__init__(link, "micropython32")

    def _write_near_side(self, link: BoardLink) -> None:
        super()._write_near_side(link)
        near = Path(self._directory.name) / "near"
        (near / GUEST.name).write_bytes(GUEST.read_bytes())
        (near / "modules").write_text(" ".join(import_order(link.files)))

    def _write_flash(self) -> None:
        super()._write_flash()
        for path in (Path(self._directory.name) / "flash" / "penfw").glob("*.py"):
            if not self._as_source:
                source = path.read_bytes()
                mpy = compiled(f"/penfw/{path.name}", source, BYTECODE)
                path.with_suffix(".mpy").write_bytes(mpy)
                path.unlink()

    def _command(self, root: Path, to_guest: int, from_guest: int) -> list[str]:
        command = super()._command(root, to_guest, from_guest)
        heap_kib = 1024 if self._as_source else HEAP_KIB + NEAR_KIB
        return [*command, GUEST.stem, str(heap_kib)]

    def told(self) -> list[list[str]]:
        """The guest's lines, in words."""
        self._stderr.seek(0)
        return [line.split() for line in self._stderr.read().decode().splitlines()]


def import_order(files: dict[str, bytes]) -> list[str]:
    """The modules that a Pico keeps, each behind those that it imports."""
    order: list[str] = []

    def visit(name: str) -> None:
        path = f"/penfw/{name}.py"
        if name in order or path not in files:
            return
        for node in ast.parse(files[path]).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("penfw"):
                names = [alias.name for alias in node.names]
                for part in names if node.module == "penfw" else [str(node.module)[6:]]:
                    visit(part)
        order.append(name)

    visit("pins_pico")
    visit("startup")
    return ["penfw", *(f"penfw.{name}" for name in order if name != "pins_esp32")]


# The treatment


def connect(engine: str, options: str = "") -> tuple[Pen, Bench]:
    """A host tool's client, and the bench with its pen; `options` as in a sim:// URL."""
    pen = Pen(f"sim://?engine={engine}&seed=5&cartridge=none{options}")
    return pen, pen._transport._port.bench


def treatment(pen: Pen, bench: Bench) -> None:
    """The run in which the heap is watched."""
    for table in (pen.settings, pen.signals, pen.commands, pen.fault_table, pen.states):
        assert table
    pen.get_all()
    bench.operator.insert_cartridge()
    pen.set({"stroke_rate": 110000, "depth": 750})
    pen.wait(1.0)
    pen.subscribe(list(pen.signals)[:8], 2)
    bench.operator.click()
    pen.wait(1.0)
    bench.operator.touch("cheek")
    pen.wait(0.5)
    pen.set({"depth": 500})
    pen.wait(0.5)
    bench.operator.hazard("motor_jammed")
    pen.wait(1.0)
    assert [record.name for record in pen.faults() if record.latched]
    pen.status()
    pen.unsubscribe()
    pen.wait(0.2)


@dataclass(frozen=True)
class Heap:
    """Bytes of the heap: alive after each import and after making, and at the worst moments."""

    imports: dict[str, int]  # by module, in their order
    made: int
    kept: int
    used: int
    digest: str
    near: int


def measure(as_source: bool = False, options: str = "") -> Heap:
    """One treatment. Raises what the simulator raises when the heap does not suffice."""
    real_start = board_module.start_engine
    board_module.start_engine = lambda _name, link: MeasuredEngine(link, as_source)
    try:
        pen, bench = connect("micropython32", options)
    finally:
        board_module.start_engine = real_start
    with pen:
        treatment(pen, bench)
        engine: Any = bench.board.processor.engine
        lines = engine.told()
        digest = bench.trace().digest()
    imports = {words[1]: int(words[2]) for words in lines if words[0] == "import"}
    near = int(next(words[1] for words in lines if words[0] == "near"))
    made = {words[1]: int(words[2]) for words in lines if words[0] == "made"}
    worst = {words[0]: int(words[-1]) for words in lines}
    return Heap(imports, made["pen"], worst["kept"], worst["used"], digest, near)


# The .mpy files


def in_heap(sizes: list[int]) -> int:
    """Bytes that pieces of these sizes take of the heap."""
    return sum(-(-size // BLOCK_BYTES) * BLOCK_BYTES for size in sizes)


@dataclass(frozen=True)
class Files:
    """The .mpy files by architecture, of which "bytecode" is one."""

    by_architecture: dict[str, dict[str, bytes]]

    @classmethod
    def compiled(cls) -> "Files":
        """Of the firmware as it is."""
        sources = dict(Firmware.installed().files)
        del sources["/main.py"]  # stays source
        architectures = (BYTECODE, *CHIPS)
        return cls({name: compile_firmware(sources, name) for name in architectures})

    def size(self, architecture: str, stem: str) -> int:
        """Bytes of one file."""
        return len(self.by_architecture[architecture][f"/penfw/{stem}.mpy"])

    def total(self, architecture: str) -> int:
        """Bytes of all files."""
        return sum(len(mpy) for mpy in self.by_architecture[architecture].values())

    def native_extra(self, architecture: str) -> int:
        """Bytes of heap by which native code is larger than its bytecode."""
        code = {
            name: sum(in_heap(function_sizes(mpy)) for mpy in self.by_architecture[name].values())
            for name in (architecture, BYTECODE)
        }
        return code[architecture] - code[BYTECODE]


# The document


HEAD = f"""# What the firmware takes of flash and heap

Written by `python tools/footprint.py`; a test holds this file to the code. 1 kB is 1,024 bytes.
The heap is that of the 32-bit engine, {HEAP_KIB} kB beside what the simulator's side of the
virtual board takes of it. The treatment has a host tool that reads all tables, subscribes eight
signals at 2 ms and changes settings, which are written to flash; it ends with a jammed motor.
Its trace equals that of the in-process engine.

"""
METHOD = """
- *Kept* is what a collection leaves. It is taken between two passes of the main loop: inside of
  running functions this build's collector is not safe.
- *Lowest free* counts all that a pass allocates as if none of it could be freed before the pass
  ends, so more is free than that.
- What the virtual board's own objects take beyond those of the port's C code (pins, ADCs) is
  counted as the firmware's.
- The engine runs bytecode only. On a board the control interrupt's modules are native code, which
  lies in the heap too; *with native code* adds by how much each of its functions is larger there.
- Names take room in tables that double: with 620 to 1,260 names of its own the firmware has the
  same table on a board as here.
- A version on trial keeps about 1.3 kB more, in its first seconds.
"""
FILES_HEAD = """
## Files

Bytes of each `.mpy`, and kB that its import keeps of the heap as bytecode, in the order of import.
**Native** modules are those of the control interrupt. The tables stay on the flash and are read
when a host asks for them; the `main.py` that chooses the version is source.
"""


def document(heap: Heap, from_source: Heap, files: Files) -> str:
    """docs/footprint.md."""
    return HEAD + _summary(heap, from_source, files) + METHOD + FILES_HEAD + _files(heap, files)


def lowest_free(heap: Heap) -> int:
    """Bytes at the worst moment of the treatment."""
    return HEAP_KIB * KIB - heap.used


def _summary(heap: Heap, from_source: Heap, files: Files) -> str:
    imported = heap.imports["main"]
    extra = max(files.native_extra(chip) for chip in CHIPS)
    rows = [
        ("kept after import", imported, imported + extra, from_source.imports["main"], ""),
        ("kept when all is made", heap.made, heap.made + extra, from_source.made,
         f"{KEPT_LIMIT_KIB} at most"),
        ("kept at most, a table being read", heap.kept, heap.kept + extra, from_source.kept, ""),
        ("lowest free", lowest_free(heap), lowest_free(heap) - extra, lowest_free(from_source),
         f"{FREE_LIMIT_KIB} at least"),
    ]  # fmt: skip
    head = ["kB of heap", "as .mpy, measured", "with native code", "compiled on the board", "limit"]
    cells = [[row[0], *map(_kb, row[1:4]), row[4]] for row in rows]
    return _table(head, cells)


def _files(heap: Heap, files: Files) -> str:
    kept, before = {}, 0
    for name, alive in heap.imports.items():
        kept[name.removeprefix("penfw.").replace("penfw", "__init__")] = alive - before
        before = alive
    stems = [Path(path).stem for path in files.by_architecture[BYTECODE]]
    order = [name for name in kept if name in stems] + [s for s in stems if s not in kept]
    rows = [
        [f"**{stem}**" if stem in NATIVE_MODULES else stem,
         *(str(files.size(name, stem)) for name in (BYTECODE, *CHIPS)),
         _kb(kept[stem]) if stem in kept else "-"]
        for stem in order
    ]  # fmt: skip
    totals = [str(files.total(name)) for name in (BYTECODE, *CHIPS)]
    rows.append(["all", *totals, _kb(heap.imports["main"])])
    return "\n" + _table(["file", "bytecode", *CHIPS, "heap"], rows)


def _kb(size: int) -> str:
    return f"{size / KIB:.1f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def main() -> None:
    """Writes the table."""
    text = document(measure(), measure(as_source=True), Files.compiled())
    TABLE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
