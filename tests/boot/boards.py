#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's other boards that share code with pseries: boards.py QEMU FIRMWARE

pegasos2 is the only other board whose firmware (VOF) is called by hypercalls: a program of
a few instructions reads the time of day and powers the board off by `sc 1`.  FIRMWARE is
the directory with vof.bin.
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

LOADED = 0x01000000
ARGUMENTS = LOADED + 0x100      # of the calls, one after the other
SC_1, HERE = 0x44000022, 0x48000000
RTAS, TIME_OF_DAY, POWER_OFF = 0xf000, 3, 17


def load(register, value):
    """lis and ori"""
    return [0x3c000000 | register << 21 | value >> 16,
            0x60000000 | register << 21 | register << 16 | value & 0xffff]


def program():
    """Two RTAS calls, by the board's hypercall, and an endless loop."""
    calls = [[TIME_OF_DAY, 0, 8] + 8 * [0], [POWER_OFF, 2, 1, 0, 0, 0]]
    code, data = [], []
    for call in calls:
        code += load(3, RTAS) + load(4, ARGUMENTS + 4 * len(data)) + [SC_1]
        data += call
    code.append(HERE)
    text = struct.pack(f'>{len(code)}I', *code).ljust(ARGUMENTS - LOADED, b'\0')
    return text + struct.pack(f'>{len(data)}I', *data)


def elf(content):
    """A 32-bit big-endian PowerPC program of one segment, whose entry is its begin."""
    head, segment = 52, 32
    offset = head + segment
    return struct.pack('>4s5B7x2H5I6H', b'\x7fELF', 1, 2, 1, 0, 0, 2, 20, 1, LOADED, head,
                       0, 0, head, segment, 1, 0, 0, 0) + \
        struct.pack('>8I', 1, offset, LOADED, LOADED, len(content), len(content), 7, 4) + content


def main():
    qemu, firmware = sys.argv[1:]
    if not Path(firmware, 'vof.bin').is_file():
        print('no vof.bin')
        sys.exit(77)
    with tempfile.NamedTemporaryFile(suffix='.elf') as kernel:
        kernel.write(elf(program()))
        kernel.flush()
        try:
            done = subprocess.run(
                [qemu, '-M', 'pegasos2,audiodev=none', '-audiodev', 'none,id=none',
                 '-L', firmware, '-display', 'none', '-nodefaults',
                 '-serial', 'none', '-kernel', kernel.name],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                check=False)
        except subprocess.TimeoutExpired:
            sys.exit('pegasos2 was not switched off')
    if done.returncode:
        sys.exit(f'pegasos2 ended with {done.returncode}:\n{done.stdout}')
    print('pegasos2 switched itself off')


if __name__ == '__main__':
    main()
