"""Appends records to the logs of record_tables.py. In memory while it does so only, see tables.py.

A power cut costs the record that was being written at most: the file that is begun anew is the
one that holds the older records, and what was cut short is filled up before the next one.
"""

import struct
from binascii import crc32

from penfw import tables

_COUNT_MASK = 0x7FFFFFFF


def append(files, log, pieces):
    """Writes one record, its pieces behind layout and sequence. Motor off only."""
    paths, size, most, layout, _fields = tables.read("record_tables", "LOGS")[log]
    which, sequence, fill = _place(files, paths, size, most, layout)
    pieces = [struct.pack("<II", layout, sequence)] + pieces
    check = length = 0
    for piece in pieces:
        check = crc32(piece, check)
        length += len(piece)
    rest = bytes(size - 4 - length)
    tail = struct.pack("<I", crc32(rest, check))
    files.append(paths[which], [bytes(max(fill, 0))] + pieces + [rest, tail], fill < 0)


def _place(files, paths, size, most, layout):
    """(file, sequence, bytes to fill up first; -1: the file begins anew)."""
    last, newest, count, fill = 0, 1, most, 0
    for number, path in enumerate(paths):
        length, first = _first(files, path, layout)
        if length < size or not first:  # not there, or cut short in its first record
            continue
        held = -(-length // size)
        if first + held - 1 > last:
            last, newest, count, fill = first + held - 1, number, held, held * size - length
    sequence = (last + 1) & _COUNT_MASK
    return (newest, sequence, fill) if count < most else (1 - newest, sequence, -1)


def _first(files, path, layout):
    """Bytes of a log's file, and the sequence number of its first record; 0: not of this layout."""
    length, head = files.part(path, 0, 8)
    if len(head) < 8:
        return length, 0
    found, sequence = struct.unpack("<II", head)
    return length, sequence if found == layout and sequence <= _COUNT_MASK else 0
