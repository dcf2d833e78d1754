# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of QEMU's gdb stub: the part of gdb's remote protocol that tests need.

    with Guest(args=('-chardev', ..., '-gdb', 'chardev:gdb', '-S')) as guest:
        guest.launch()
        gdb = Gdb(connection)           # a socket; or Gdb.at(PATH), of a Unix socket
        gdb.insert(address)             # a breakpoint
        gdb.go()                        # until it is hit
        gdb.step()
        gdb.set('r3', gdb.get('r3') + 1)
        gdb.send('c')                   # continue; gdb.interrupt(guest) stops it again

Registers have gdb's names (target.xml): r0, pc, lr, msr, f1, vs0h, vr0, dar...
Threads are those of the stub, 1 for vCPU 0; see thread().  A stop is one of all vCPUs.
The packet '?', the first one, stops the guest, too.
"""

import re
import socket
import time

from guest import expect
from patience import PATIENCE

SC_1 = 0x44000022
# kinds of the Z packets
SOFTWARE, HARDWARE, WRITE, READ, ACCESS = range(5)


class Gdb:
    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(60 * PATIENCE)
        self.data = b''
        self.numbers = {}

    @classmethod
    def at(cls, path):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(path))
        return cls(connection)

    # --- packets ---

    def send(self, packet):
        self.socket.sendall(f'${packet}#{sum(packet.encode()) % 256:02x}'.encode())

    def answer(self):
        """The next packet of the stub: a reply, or a stop."""
        while True:
            found = re.search(rb'\$([^#]*)#..', self.data)
            if found:
                self.data = self.data[found.end():]
                self.socket.sendall(b'+')
                return found.group(1).decode()
            more = self.socket.recv(65536)
            expect(more, 'QEMU has closed the connection')
            self.data += more

    def ask(self, packet):
        self.send(packet)
        return self.answer()

    def order(self, packet, what):
        answer = self.ask(packet)
        expect(answer == 'OK', f'{what}: {answer or "not supported"}')

    # --- running ---

    def go(self, packet='c'):
        """Run until the machine stops: returns the packet of the stop."""
        answer = self.ask(packet)
        expect(answer.startswith('T'), f'{packet} ends with {answer}')
        return answer

    def step(self):
        return self.go('s')

    def step_over_call(self, limit=10):
        """Step to the next hypercall, within LIMIT instructions, and over it."""
        for _ in range(limit):
            nip = self.get('pc')
            if self.word(nip) == SC_1:
                break
            self.step()
        self.step()
        expect(self.get('pc') == nip + 4,
               f'the step over sc 1 at {nip:#x} ended at {self.get("pc"):#x}')

    def interrupt(self, guest):
        """Stop GUEST, which runs; the stub may or may not send a reply."""
        self.socket.sendall(b'\x03')
        while guest.cmd('query-status')['running']:
            time.sleep(0.01)
        self.send('qC')
        while not self.answer().startswith('QC'):
            pass

    def detach(self):
        """The guest continues, without breakpoints."""
        self.order('D', 'detaching')
        self.socket.close()

    # --- breakpoints ---

    def insert(self, address, kind=SOFTWARE, size=4):
        self.order(f'Z{kind},{address:x},{size:x}', f'breakpoint at {address:#x}')

    def remove(self, address, kind=SOFTWARE, size=4):
        self.order(f'z{kind},{address:x},{size:x}', f'no breakpoint at {address:#x}')

    # --- registers, memory ---

    def thread(self, number):
        """Select the thread whose registers are accessed, and which steps."""
        self.order(f'Hg{number:x}', f'thread {number}')
        self.order(f'Hc{number:x}', f'thread {number}')

    def file(self, name):
        text = ''
        while True:
            part = self.ask(f'qXfer:features:read:{name}:{len(text):x},ffb')
            text += part[1:]
            if part[0] == 'l':
                return text

    def names(self):
        """The number of each register, by target.xml."""
        number = 0
        if not self.numbers:
            for name in ['target.xml', *re.findall(r'href="([^"]+)"', self.file('target.xml'))]:
                for reg in re.findall(r'<reg [^>]*>', self.file(name)):
                    words = dict(re.findall(r'(\w+)="([^"]*)"', reg))
                    number = int(words.get('regnum', number))
                    self.numbers.setdefault(words['name'], number)
                    number += 1
        return self.numbers

    def get(self, name, order='big'):
        """A register; ORDER is the byte order of the vCPU, which the stub uses."""
        return int.from_bytes(bytes.fromhex(self.ask(f'p{self.names()[name]:x}')), order)

    def set(self, name, value, digits=16):
        self.order(f'P{self.names()[name]:x}={value:0{digits}x}', name)

    def all(self):
        return {name: self.get(name) for name in self.names()}

    def read(self, address, size=4):
        answer = self.ask(f'm{address:x},{size:x}')
        expect(not answer.startswith('E'), f'nothing at {address:#x}: {answer}')
        return bytes.fromhex(answer)

    def word(self, address, order='big'):
        return int.from_bytes(self.read(address), order)

    def write(self, address, data):
        self.order(f'M{address:x},{len(data):x}:{data.hex()}', f'memory at {address:#x}')
