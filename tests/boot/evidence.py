# SPDX-License-Identifier: GPL-2.0-or-later
"""What a QEMU is doing whose guest has become silent, in few lines: a report of a test
shows the first ones only."""

import contextlib
import re
import shutil
import subprocess
from pathlib import Path


def cpu_ticks(pid):
    """Of each thread of process PID: its state, and the CPU time that it has used."""
    found = {}
    for task in Path(f'/proc/{pid}/task').iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):    # it has just ended
            fields = (task / 'stat').read_text().rsplit(') ', 1)[1].split()
            found[int(task.name)] = fields[0], int(fields[11]) + int(fields[12])
    return found


def stacks(pid):
    """Of each thread, by its number: the functions that it is in, innermost first; by gdb."""
    gdb = shutil.which('gdb') or shutil.which('gdb-multiarch')
    if not gdb:
        return {}
    said = subprocess.run([gdb, '-p', str(pid), '-batch', '-ex', 'thread apply all bt 14'],
                          capture_output=True, text=True, timeout=120, check=False).stdout
    # without the C library's
    calls_of = re.compile(r'^#\d+ +(?:0x\w+ in )?([a-zA-Z]\w+)', re.M)
    return {int(number): ' < '.join(calls_of.findall(calls)[:5])
            for number, calls in re.findall(r'LWP (\d+)(.*?)(?=\nThread|\Z)', said, re.S)}


def threads(pid, pause):
    """A line for each thread: state, CPU time in PAUSE (a function that waits), functions."""
    before = cpu_ticks(pid)
    pause()
    after = cpu_ticks(pid)
    calls = stacks(pid)
    return [f'thread {number}: {state}, {ticks - before.get(number, (0, 0))[1]} ticks; '
            f'{calls.get(number, "")}' for number, (state, ticks) in sorted(after.items())]


def registers(said):
    """Of "info registers -a": the addresses and states of the vCPUs, a line for each."""
    return [' '.join(pair) for pair in re.findall(r'^(NIP \w+ +LR \w+).*?(MSR \w+)', said,
                                                  re.M | re.S)]


def interrupts(said):
    """Of "info pic": all of XICS, and of XIVE the vCPUs and the sources that are not idle."""
    idle = r'CPU.*(QW|USER|POOL|PHYS)|.* -Q  M |.*MSI --|.*LSI --|.*not available'
    return [line.rstrip() for line in said.splitlines() if not re.match(idle, line)]
