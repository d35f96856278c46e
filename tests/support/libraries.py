"""Libraries made on the spot: of ELF by the compiler, of PE by LIEF, of Mach-O by hand."""

from __future__ import annotations

import os
import shlex
import struct
import subprocess
import sysconfig
from pathlib import Path

import lief
import pytest

lief.logging.disable()

ARM64, X86_64 = 0x0100000C, 0x01000007
DYLIB, OBJECT = 6, 1
PAGE = 0x4000
# Numbers of a Mach-O symbol: where it is, and "in whatever is loaded" for where it is from.
TEXT, DATA, UNDEFINED, ANYWHERE = 1, 2, 0, 254


def compiled(source: str, target: Path, *flags: str, language: str = "c") -> Path:
    """Compiles source text into a shared library."""
    variable, default = ("CXX", "c++") if language == "c++" else ("CC", "cc")
    compiler = shlex.split(os.environ.get(variable) or default)
    if language == "c" and variable not in os.environ:
        compiler = shlex.split(sysconfig.get_config_var("CC") or default)
    command = [*compiler, "-shared", "-fPIC", "-x", language, "-", "-o", str(target), *flags]
    try:
        subprocess.run(command, input=source, text=True, check=True, timeout=600)
    except FileNotFoundError:
        pytest.skip(f"the compiler {compiler[0]} is not installed")
    return target


def windows_extension(target: Path, expected: str = "PyModuleDef_Init") -> Path:
    """Writes a .pyd that exports an entry point, a function of C++ and a piece of data."""
    factory = lief.PE.Factory.create(lief.PE.PE_TYPE.PE32_PLUS)
    assert factory is not None
    kinds = lief.PE.Section.CHARACTERISTICS
    for name, address, kind in ((".text", 0x1000, kinds.MEM_EXECUTE), (".data", 0x2000, None)):
        section = lief.PE.Section(name)
        section.content = [0xC3] * 512
        section.size, section.virtual_address = 512, address
        section.characteristics = int(kinds.MEM_READ) | (int(kind) if kind is not None else 0)
        factory.add_section(section)
    binary = factory.get()
    assert binary is not None
    binary.header.add_characteristic(lief.PE.Header.CHARACTERISTICS.DLL)
    exports = {"PyInit_sample": 0x1000, "?twice@@YAHH@Z": 0x1010, "answer": 0x2000}
    entries = [lief.PE.ExportEntry(name, address) for name, address in exports.items()]
    binary.set_export(lief.PE.Export("sample.dll", entries))
    binary.add_import("python311.dll").add_entry(expected)
    config = lief.PE.Builder.config_t()
    config.exports = config.imports = True
    target.write_bytes(binary.write_to_bytes(config))
    return target


def mach_o(cpu: int = ARM64, file_type: int = DYLIB, expected: str = "PyModule_Create2") -> bytes:
    """Lays out a .dylib that exports an entry point, a function of C++ and a piece of data."""
    symbols = [
        ("_PyInit_sample", TEXT, 0, PAGE),
        ("__Z5twicei", TEXT, 0, PAGE + 4),
        ("_answer", DATA, 0, PAGE + 64),
        (f"_{expected}", UNDEFINED, ANYWHERE, 0),
        ("_puts", UNDEFINED, 1, 0),
    ]
    strings, entries = b"\0", b""
    for name, section, library, address in symbols:
        kind = 0x0F if section else 0x01  # in a section and external, or undefined and external
        entries += struct.pack("<IBBHQ", len(strings), kind, section, library << 8, address)
        strings += name.encode() + b"\0"
    tables = 2 * PAGE
    commands = [
        _segment(b"__TEXT", 0, PAGE + 128, _section(b"__text", PAGE, 0x80000400, b"__TEXT")
                 + _section(b"__data", PAGE + 64, 0, b"__TEXT")),
        _segment(b"__LINKEDIT", tables, len(entries) + len(strings), b""),
        _named(0x0D, b"@rpath/libsample.dylib"),
        _named(0x0C, b"/usr/lib/libSystem.B.dylib"),
        _path(0x8000001C, b"@loader_path/../lib"),
        struct.pack("<6I", 2, 24, tables, len(symbols), tables + len(entries), len(strings)),
        struct.pack("<20I", 0x0B, 80, 0, 0, 0, 3, 3, 2, *[0] * 12),
    ]  # fmt: skip
    body = b"".join(commands)
    # Made for two-level look-ups, so that each undefined symbol has the number of its library.
    header = struct.pack("<8I", 0xFEEDFACF, cpu, 0, file_type, len(commands), len(body), 0x84, 0)
    return (header + body).ljust(tables, b"\0") + entries + strings


def _segment(name: bytes, at: int, size: int, sections: bytes) -> bytes:
    numbers = (at, size, at, size, 5, 5, len(sections) // 80, 0)
    return struct.pack("<2I16s4Q4I", 0x19, 72 + len(sections), name, *numbers) + sections


def _section(name: bytes, at: int, flags: int, segment: bytes) -> bytes:
    return struct.pack("<16s16s2Q8I", name, segment, at, 64, at, 2, 0, 0, flags, 0, 0, 0)


def _named(command: int, name: bytes) -> bytes:
    padded = name.ljust(len(name) // 8 * 8 + 8, b"\0")
    return struct.pack("<6I", command, 24 + len(padded), 24, 2, 0x10000, 0x10000) + padded


def _path(command: int, path: bytes) -> bytes:
    padded = path.ljust((len(path) + 4) // 8 * 8 + 4, b"\0")
    return struct.pack("<3I", command, 12 + len(padded), 12) + padded


def universal(*binaries: tuple[int, bytes]) -> bytes:
    """Puts binaries for several processors into one file."""
    file = struct.pack(">2I", 0xCAFEBABE, len(binaries))
    at = PAGE
    for cpu, binary in binaries:
        file += struct.pack(">5I", cpu, 0, at, len(binary), 14)
        at += -(-len(binary) // PAGE) * PAGE
    for _, binary in binaries:
        file = file.ljust(-(-len(file) // PAGE) * PAGE, b"\0") + binary
    return file
