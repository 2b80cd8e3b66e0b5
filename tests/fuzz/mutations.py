"""Good files and numbers -> odd files, each a function of its number alone."""

import contextlib
import io
import re
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np

from fuzz.seeds import Columns, Reader

TYPES = [
    "i1",
    "u1",
    "i2",
    "u2",
    "i4",
    "u4",
    "i8",
    "u8",
    "f2",
    "f4",
    "f8",
    "g",
    "c8",
    "c16",
    "?",
    "S4",
    "S0",
    "U4",
    "U0",
    "M8[s]",
    "m8",
    "O",
    "V4",
    "V0",
    ">f4",
    ">i8",
]
NAMES = (
    *(
        "",
        "\0",
        "a\nb",
        "\x1b[31mred",
        "[red]x[/red]",
        "posX",
        "PosX",
        "EVENTID",
        "\udcff",
        "ö\u202e",
    ),
    *(
        "'); import os #",
        "../x",
        "a" * 5000,
        "x" * 300,
        "layer",
        "volumeID[2]",
        "volumeID",
        "spotX",
    ),
)
NUMBERS = (0, 1, -1, 2, 127, 128, 255, 256, 2**15, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63)
WORDS = (
    *("...", "---", "&a", "*a", "<<: *a", "? ", ": ", "- ", "[", "]", "{", "}", "|", ">", "#", "%"),
    *(
        "!!python/object:os.system x",
        "!!binary aGk=",
        "!!set {a, b}",
        "!!timestamp 2001-99-99",
        "!!int x",
    ),
    *(
        "1e400",
        "-1e400",
        ".nan",
        ".inf",
        "0x",
        "1:2:3",
        "9" * 5000,
        "1_0",
        "null",
        "~",
        "yes",
        "2001-01-01",
    ),
    *(
        "-1",
        "0",
        "1e-300",
        "1e300",
        "0.1",
        "[]",
        "{}",
        "''",
        '"',
        "\t",
        "\0",
        "\ufeff",
        "é",
        "a" * 10_000,
    ),
    *(
        "[" * 200,
        "{a: " * 200,
        "? " * 200,
        "<<: {a: 1}",
        "<<: [{a: 1}, {b: 2}]",
        "1,2",
        ";",
        ",",
        "nan",
    ),
)


def make_input(reader: Reader, seeds: list[bytes], rng: np.random.Generator, path: Path) -> None:
    """Writes one odd file."""
    if reader.columns is not None and reader.write is not None and rng.random() < 0.4:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reader.write(odd_columns(reader.columns(), rng), rng, path)
            if rng.random() < 0.7:
                return
            seeds = [path.read_bytes()]
        except Exception:  # not every oddity can be written
            path.unlink(missing_ok=True)
    content = bytearray(seeds[rng.integers(len(seeds))])
    for _ in range(1 + rng.geometric(0.4)):
        with contextlib.suppress(Exception):  # not every change can be made
            content = _mutate(content, seeds, reader.suffix, rng)
    path.write_bytes(content)


def odd_columns(columns: Columns, rng: np.random.Generator) -> Columns:
    """Returns columns of which some have other types, shapes, names, lengths or values."""
    for _ in range(rng.geometric(0.5)):
        name = str(rng.choice(list(columns)))
        values = columns[name]
        choice = rng.integers(8)
        if choice == 0:
            columns[name] = _recast(values, np.dtype(TYPES[rng.integers(len(TYPES))]))
        elif choice == 1:
            shapes = [(len(values), 1), (len(values), 3), (len(values), 10), (0,), ()]
            columns[name] = np.resize(values, shapes[rng.integers(len(shapes))])
        elif choice == 2:
            columns = {(_name(rng) if key == name else key): v for key, v in columns.items()}
        elif choice == 3:
            columns = {key: v for key, v in columns.items() if key != name}
        elif choice == 4:
            columns[_name(rng)] = values
        elif choice == 5 and values.dtype.kind in "iuf" and values.size:
            odd = (np.nan, np.inf, -1, 1e38, 1e300, 2.0**24, 2.0**53, 2.0**62, -(2.0**63), 0.5)
            values = values.astype([values.dtype, np.dtype("f8"), np.dtype("f4")][rng.integers(3)])
            with np.errstate(all="ignore"):
                values.flat[rng.integers(values.size)] = np.array(
                    odd[rng.integers(len(odd))]
                ).astype(values.dtype)
            columns[name] = values
        elif choice == 6 and all(v.ndim for v in columns.values()):
            length = min(map(len, columns.values()))
            order = (
                rng.permutation(length)
                if rng.random() < 0.5
                else rng.integers(0, max(length, 1), 60)
            )
            columns = {key: v[order] if length else v for key, v in columns.items()}
        elif choice == 7:
            columns[name] = np.repeat(values, 2, axis=0) if values.ndim else values
        if not columns:
            return {"posX": np.zeros(1)}
    return columns


def _recast(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    with np.errstate(all="ignore"):
        try:
            return values.astype(dtype)
        except (TypeError, ValueError):
            return np.zeros(values.shape, dtype)


def _name(rng: np.random.Generator) -> str:
    return NAMES[rng.integers(len(NAMES))]


def _mutate(
    content: bytearray, seeds: list[bytes], suffix: str, rng: np.random.Generator
) -> bytearray:
    if suffix in (".yaml", ".csv", ".xml", ".mhd") and rng.random() < 0.8:
        return _mutate_text(content, rng)
    if suffix == ".npz" and rng.random() < 0.7 and content[:2] == b"PK":
        return _mutate_members(content, seeds, rng)
    if suffix == ".safetensors" and rng.random() < 0.6:
        return _mutate_header(content, rng)
    return _mutate_bytes(content, seeds, rng)


def _mutate_bytes(content: bytearray, seeds: list[bytes], rng: np.random.Generator) -> bytearray:
    if not content:
        return content
    at, choice = int(rng.integers(len(content))), rng.integers(7)
    if choice == 0:
        content[at] ^= 1 << rng.integers(8)
    elif choice == 1:
        content[at] = rng.integers(256)
    elif choice == 2:
        return content[:at]
    elif choice == 3:
        other = seeds[rng.integers(len(seeds))]
        start = int(rng.integers(len(other)))
        return content[:at] + other[start : start + int(rng.integers(1, 200))] + content[at:]
    elif choice == 4:
        return content[:at] + content[at + int(rng.integers(1, 50)) :]
    elif choice == 5:
        number = int(NUMBERS[rng.integers(len(NUMBERS))])
        width = int(rng.choice([1, 2, 4, 8]))
        order = "little" if rng.random() < 0.5 else "big"
        content[at : at + width] = (number % 256**width).to_bytes(width, order)
    else:
        found = list(re.finditer(rb"[0-9]+", content))
        if found:
            match = found[rng.integers(len(found))]
            content[match.start() : match.end()] = str(NUMBERS[rng.integers(len(NUMBERS))]).encode()
    return content


def _mutate_text(content: bytearray, rng: np.random.Generator) -> bytearray:
    text = content.decode("utf-8", "replace")
    word = WORDS[rng.integers(len(WORDS))]
    lines, choice = text.split("\n"), rng.integers(6)
    line = int(rng.integers(len(lines)))
    places = list(re.finditer(r"[\w.+-]+", text))
    if choice == 0 and places:
        match = places[rng.integers(len(places))]
        text = text[: match.start()] + word + text[match.end() :]
    elif choice == 1:
        lines.insert(line, " " * int(rng.integers(6)) + word)
        text = "\n".join(lines)
    elif choice == 2:
        lines[line] = " " * int(rng.integers(4)) + lines[line]
        text = "\n".join(lines)
    elif choice == 3:
        text = "\n".join(lines[:line] + lines[line + 1 :])
    elif choice == 4:
        text = "\n".join(lines[: line + 1] + lines[line:])
    else:
        at = int(rng.integers(len(text) + 1))
        text = text[:at] + word + text[at:]
    return bytearray(text.encode("utf-8", "replace"))


def _mutate_members(content: bytearray, seeds: list[bytes], rng: np.random.Generator) -> bytearray:
    """Changes what is in an archive, so that its checksums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(member.filename, archive.read(member)) for member in archive.infolist()]
    except Exception:
        return _mutate_bytes(content, seeds, rng)
    if not members:
        return content
    at, choice = int(rng.integers(len(members))), rng.integers(6)
    name, inner = members[at]
    if choice <= 2:
        head = bytearray(inner)
        part = head[:200] if choice else head
        members[at] = (
            name,
            bytes(_mutate_bytes(part, [inner], rng) + (head[200:] if choice else b"")),
        )
    elif choice == 3:
        members[at] = _name(rng).encode("utf-8", "replace").decode() + ".npy", inner
    elif choice == 4:
        members.append((name, members[rng.integers(len(members))][1]))
    else:
        del members[at]
    target = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if rng.random() < 0.5 else zipfile.ZIP_STORED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(target, "w", kind) as archive:
            for name, inner in members:
                archive.writestr(name, inner)
    return bytearray(target.getvalue())


def _mutate_header(content: bytearray, rng: np.random.Generator) -> bytearray:
    if len(content) < 8:
        return content
    length = struct.unpack("<Q", content[:8])[0]
    header = _mutate_text(content[8 : 8 + length % 2**20], rng)
    return bytearray(struct.pack("<Q", len(header))) + header + content[8 + length % 2**20 :]


def number_of(reader: str, number: int) -> np.random.Generator:
    """Returns the randomness of one input."""
    return np.random.default_rng([zlib.crc32(reader.encode()), number])
