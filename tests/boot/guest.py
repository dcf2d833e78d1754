# SPDX-License-Identifier: GPL-2.0-or-later
"""A Linux guest on the machine under test, driven by its console and by QMP.

Built on QEMU's own python package (qemu.machine).  The binary, the kernels and
the initramfs come from the build directory, which the environment names:
PAPR_BUILD (set by meson) and, to test another binary, PAPR_QEMU.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(os.environ.get('PAPR_BUILD', 'build')).resolve()
sys.path.insert(0, str(BUILD / 'source' / 'python'))

import evidence  # noqa: E402  pylint: disable=wrong-import-position
from patience import PATIENCE, Wait  # noqa: E402  pylint: disable=wrong-import-position
from qemu.machine import QEMUMachine  # noqa: E402  pylint: disable=wrong-import-position
from qemu.machine.machine import QEMUMachineError  # noqa: E402
from qemu.qmp import QMPError  # noqa: E402  pylint: disable=wrong-import-position

SKIPPED = 77
# seconds that a wait takes at most, if it has no limit of its own: enough for a boot on a
# busy host, and less than what tools/check gives to a test (meson's time-outs, three times)
LONG = 300
BOOTED = 'PSERIES-BOOT-OK'
SHELL = 'pseries # '
# so that Linux reports a lockup, or a stall of RCU (read-copy-update), after 120 seconds
# only: the host may stand still for some
PATIENT = 'watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120'
# what a guest without errors never prints
TROUBLE = re.compile(r'Kernel panic|Oops:|BUG:|rcu: INFO: .*stall|soft lockup|'
                     r'Unable to handle kernel|Machine check')


class Failure(Exception):
    """A test's expectation that was not met."""


def skip(why):
    print(f'skipped: {why}')
    sys.exit(SKIPPED)


def why_missing(name):
    """Why base/fetch did not fetch NAME into build/guest, or how to get it."""
    reason = BUILD / 'guest' / 'missing' / Path(name).parts[0]
    if reason.is_file():
        return f'{name}: {reason.read_text().strip()}'
    return f'{BUILD}/guest/{name} is missing: run ./configure --again --for=check'


def guest_file(name):
    path = BUILD / 'guest' / name
    if not path.exists():
        skip(why_missing(name))
    return path


def made_of(initramfs):
    """The files of build/guest from which the INITRAMFS of that name is made."""
    found = re.fullmatch(r'initramfs-(.*)\.cpio', initramfs)
    return f'vmlinux-{found.group(1)}' if found else 'busybox'


def expect(condition, what):
    if not condition:
        raise Failure(what)


class Machine(QEMUMachine):
    """A QEMU with a shell on its console, whose output is kept in `self.text`."""

    # it ends when the test is killed
    WRAPPER = ('setpriv', '--pdeathsig', 'KILL')

    def __init__(self, binary):
        # the harness gives a time-out to each test: this one only ends hangs
        super().__init__(binary, drain_console=False, qmp_timer=120 * PATIENCE,
                         wrapper=self.WRAPPER)
        self.set_console()
        self.text = ''

    def __exit__(self, *_):
        """Kill QEMU: the guest may be about to end by itself."""
        code = None if self.is_running() else self.exitcode()
        self.kill()
        if code is not None and code < 0:
            raise Failure(f'QEMU ended by signal {-code}: {self.get_log()}')

    def more(self):
        """Read the console's output; False once it is closed."""
        try:
            data = self.console_socket.recv(65536)
        except TimeoutError:
            return True
        self.text += data.decode('utf-8', 'replace')
        return bool(data)

    def until(self, pattern, seconds=LONG, command=''):
        """Read until PATTERN; return the match, and drop the text up to it.

        COMMAND is the one that should print it: a Failure names it.
        """
        wait = Wait(seconds)
        self.console_socket.settimeout(1)
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                return found
            trouble = TROUBLE.search(self.text)
            if trouble:
                self.drain(3)
                raise Failure(f'the guest is in trouble: {self.text[trouble.start():][:3000]}')
            if wait.is_over() or not self.more():
                raise self.silence(f'{command}: no {pattern!r}')

    def event_wait(self, name, timeout=60.0, match=None):
        """Wait for an event.  A stop of the host ends one of many waits only."""
        wait = Wait(timeout)
        while not wait.is_over():
            try:
                return super().event_wait(name, 2, match)
            except TimeoutError:
                pass
        raise self.silence(f'no event {name} with {match}')

    def silence(self, what):
        """The Failure of a guest that prints no more; with what QEMU and the host tell of it."""
        lines = [what]
        try:
            lines += [f'status: {self.cmd("query-status")["status"]}']
            lines += self.threads()
            for _ in range(2):
                lines += evidence.registers(self.hmp('info registers -a'))
            lines += evidence.interrupts(self.hmp('info pic'))
        except (OSError, EOFError, QMPError, QEMUMachineError, AssertionError,
                subprocess.SubprocessError) as error:
            lines += [f'no more: {error!r}']
        last = self.text[-800:].replace('\r', '')
        return Failure('\n'.join([*lines, self.get_log() or '', 'its last output:', last]))

    def threads(self):
        """What QEMU's threads do, a line for each."""
        return evidence.threads(self.get_pid(), lambda: time.sleep(1))

    def hmp(self, command):
        return self.cmd('human-monitor-command', command_line=command)

    def drain(self, seconds):
        """Read the console's output for SECONDS, such as the rest of a register dump."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.more():
            pass

    def send(self, text):
        self.console_socket.sendall(text.encode())

    def shell(self):
        """Wait for the shell's prompt; of a new shell, whose lines must not wrap."""
        self.prompt()
        self.send('stty cols 4000\n')
        self.prompt()

    def prompt(self):
        self.until(re.escape(SHELL))

    def run(self, command, seconds=600):
        """Run COMMAND in the guest's shell; returns its output, or raises Failure if it fails."""
        self.send(f'{command}; echo "<status:$?>"\n')
        self.until(r'echo "<status:\$\?>"\r*\n', command=command)
        wait = Wait(seconds)
        before = self.text
        found = None
        while not found:
            found = re.search(r'<status:(\d+)>', self.text)
            if not found:
                before = self.text
                self.console_socket.settimeout(1)
                expect(self.more(), f'{command}: the console closed after {before[-500:]}')
                if wait.is_over():
                    raise self.silence(f'{command}: no end')
        output = self.text[:found.start()].replace('\r', '')
        self.text = self.text[found.end():]
        self.prompt()
        expect(found.group(1) == '0', f'{command}: status {found.group(1)}: {output[-800:]}')
        return output


class Guest(Machine):
    """One QEMU with the machine under test."""

    def __init__(self, cpu='POWER9', smp='1', mem='1G', machine='', kernel='6.1',
                 append='', firmware='', args=(), linux=True, initrd='initramfs.cpio'):
        super().__init__(self.place('qemu-system-ppc64'))
        own = {'': '', 'slof': ',x-vof=off', 'own': ',x-vof=on'}[firmware]
        self.set_machine(f'pseries{own}{machine}')
        self.add_args('-nodefaults', '-L', self.place('guest'), '-L', self.place('guest/roms'),
                      '-cpu', cpu, '-smp', smp, '-m', mem)
        if linux:
            self.add_args('-kernel', self.place(f'guest/vmlinux-{kernel}'),
                          '-initrd', self.place(initrd),
                          '-append', f'console=hvc0 {PATIENT} {append}'.strip())
        self.add_args(*args)

    def place(self, name):
        """The path of file NAME of the build directory, for QEMU."""
        if name == 'qemu-system-ppc64':
            return os.environ.get('PAPR_QEMU', str(BUILD / name))
        if name.startswith('guest/'):
            guest_file(name[6:])
        elif name.startswith('initramfs') and not (BUILD / name).exists():
            skip(why_missing(made_of(name)))
        return str(BUILD / name)

    def migrate(self, uri, seconds=LONG):
        """Migrate to URI, and wait for the end; raises Failure if that fails."""
        self.cmd('migrate', uri=uri)
        self.poll(lambda: self.cmd('query-migrate').get('status') in ('completed', 'failed'),
                  'end of the migration', seconds)
        answer = self.cmd('query-migrate')
        expect(answer['status'] == 'completed', f'migration: {answer}')

    def arrive(self, seconds=LONG):
        """Wait until the guest of -incoming is loaded, running or stopped as it was."""
        self.poll(lambda: self.cmd('query-status')['status'] != 'inmigrate', 'arrival', seconds)

    @staticmethod
    def poll(condition, what, seconds=LONG):
        wait = Wait(seconds)
        while not condition():
            expect(not wait.is_over(), f'no {what} in {seconds} s')
            time.sleep(0.1)


def main(test):
    """Run TEST(arguments); if it fails, print why."""
    try:
        test(*sys.argv[1:])
    except Failure as failure:
        print(f'FAILED: {failure}', file=sys.stderr)
        sys.exit(1)


def main_of(*tests):
    """Run the one of TESTS that the first argument names."""
    by_name = {test.__name__.replace('_', '-'): test for test in tests}

    def run(name, *words):
        expect(name in by_name, f'{name}: not one of {" ".join(by_name)}')
        by_name[name](*words)

    main(run)
