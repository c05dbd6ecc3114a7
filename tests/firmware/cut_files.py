"""The firmware's files in memory, with what a power cut would leave of them at every moment.

As on the virtual flash: a file's creation and its renaming happen or do not, of what is being
written any number of bytes may be there.
"""

from collections.abc import Callable, Iterator

State = dict[str, bytes]


class CutFiles:
    """`penfw.board.Files`; `states`, where they are kept, are all that a cut can leave."""

    def __init__(self, content: State | None = None, keeps_states: bool = False) -> None:
        self.content: State = dict(content or {})
        self.states: list[State] = [dict(self.content)]
        self._keeps = keeps_states

    def read(self, path: str) -> bytes | None:
        return self.content.get(path)

    def part(self, path: str, at: int, size: int) -> tuple[int, bytes]:
        data = self.content.get(path, b"")
        return len(data), data[at : at + size]

    def write(self, path: str, data: bytes) -> None:
        self.append(path, [data], True)

    def append(self, path: str, pieces: list[bytes], anew: bool) -> None:
        if anew or path not in self.content:
            self._put(path, b"")
        old = self.content[path]
        data = b"".join(bytes(piece) for piece in pieces)
        for kept in range(1 if self._keeps else len(data), len(data) + 1):
            self._put(path, old + data[:kept])

    def replace(self, path: str, data: bytes) -> None:
        self.write(path + ".new", data)
        self._put(path, self.content.pop(path + ".new"))

    def _put(self, path: str, data: bytes) -> None:
        self.content[path] = data
        if self._keeps:
            self.states.append(dict(self.content))


def cuts(content: State, write: Callable[[CutFiles], object]) -> Iterator[CutFiles]:
    """The files as a cut at each moment of `write` leaves them, before and behind it too."""
    files = CutFiles(content, keeps_states=True)
    write(files)
    for state in files.states:
        yield CutFiles(state)
