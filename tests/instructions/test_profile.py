"""callgrind's dumps: functions by file and callers, and the callees of libffi."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcost.instructions import profile
from callcost.instructions.profile import per_call, read_dump
from callcost.model.instructions import CALLED_ASIDE, Frame, Stack

DUMP = """# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 1
cmd:  python
part: 3

desc: Trigger: --dump-before=getppid

positions: instr
events: Ir
summary: {total}


ob=(1) /usr/lib/libpython3.11.so.1.0
fl=(1) ceval.c
fn=(1) eval
0x10 100
+4 20
cfn=(2) call'eval
calls=10 0x40
* 70

fn=(2)
0x40 30
cob=(2) /usr/lib/_own.so
cfn=(3) own'call'eval
calls=10 0x20
* 40

ob=(2)
fl=(2) own.c
fn=(3)
0x20 15
fi=(3) long.h
0x24 5
cob=(1)
cfn=(4) call'2'own'call'eval
calls=10 0x40
* 20

ob=(1)
fn=(4)
0x40 20

ob=(3) ???
fn=(5) 0x0000000000004711'call'eval
0x4711 3
{more}
totals: {total}
"""
PYTHON = "/usr/lib/libpython3.11.so.1.0"
EVAL, CALL, OWN = Frame(PYTHON, "eval"), Frame(PYTHON, "call"), Frame("/usr/lib/_own.so", "own")
LIBFFI = """
ob=(4) /usr/lib/libffi.so.8
fl=(9) ???
fn=(6) 0x0000000000006250'ffi_call'call'eval
0x6250 40
0x1130 20

fn=(7) ffi_prep_cif'call'eval
0x2510 9
0x1130 1
"""


def stack(*names: str) -> Stack:
    return tuple(Frame("a", name) for name in names)


def write(folder: Path, *, more: str = "", total: int = 193) -> Path:
    path = folder / "dump"
    path.write_text(DUMP.format(more=more, total=total))
    return path


def test_each_function_has_its_instructions_file_and_callers(tmp_path: Path) -> None:
    assert read_dump(write(tmp_path)) == {
        (EVAL,): 120,
        (CALL, EVAL): 30,
        (OWN, CALL, EVAL): 20,
        (CALL, OWN, CALL, EVAL): 20,
        (Frame("???", "0x0000000000004711"), CALL, EVAL): 3,
    }


def test_addresses_separate_libffi_from_its_callee(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile, "own_addresses", lambda frame: (range(0x6250, 0x6600),))
    spent = read_dump(write(tmp_path, more=LIBFFI, total=263))
    inner = Frame("/usr/lib/libffi.so.8", "0x0000000000006250")
    prepare = Frame("/usr/lib/libffi.so.8", "ffi_prep_cif")
    (call_stack,) = (stack for stack in spent if stack[0] == inner)
    assert spent[call_stack] == 40
    assert spent[CALLED_ASIDE, *call_stack] == 20
    assert call_stack[1].function == "ffi_call"
    assert spent[prepare, CALL, EVAL] == 10
    assert sum(spent.values()) == 263


def test_a_file_without_tables_owns_every_address() -> None:
    (addresses,) = profile.own_addresses(Frame("/no/such/file", "ffi_call_int"))
    assert 0 in addresses and 1 << 60 in addresses


def test_a_malformed_dump_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_text("version: 1\ncreator: somebody\nevents: Ir\n\nfn=(1) f\n0 1\nnonsense here\n")
    with pytest.raises(ValueError, match="cannot be read"):
        read_dump(path)


def test_start_up_and_loop_cancel_out() -> None:
    start, loop, call = (stack("start"), stack("loop"), stack("call"))
    short, long = {start: 900, loop: 10, call: 70}, {start: 900, loop: 20, call: 140}
    empty_short, empty_long = {start: 500, loop: 8}, {start: 500, loop: 16}
    found = per_call((short, long), (empty_short, empty_long), 10)
    assert found == {loop: 0.2, call: 7.0}
