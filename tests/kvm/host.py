# SPDX-License-Identifier: GPL-2.0-or-later
"""Emulated Power hosts with kvm-hv (Linux's), in which the binary under test runs guests.

This script runs on any computer.  It starts a `Host`, emulated by TCG: a
Linux with kvm-hv loaded and the files of a guest in its initramfs under /lab,
among them QEMU cross-built for ppc64le by tools/kvm-build.  That QEMU runs in the
host; its guest is an `Inner`.  Hosts are

    powernv9, powernv10, powernv8   bare metal, on skiboot, by the QEMU of the build
    lpar                            a partition of the build's QEMU, which has KVM's
                                    nested API: KVM has in-kernel XICS, no XIVE
    lpar10, lpar11                  the same with PAPR's nested API (kernel 6.12)
    peer                            the same with the peer (tools/peer)

(Debian's kernels have no kvm-pr, so that there is no host of that kind.)  A test:

    with Host('powernv9') as host:
        host.launch()
        with host.guest(smp='2', irqchip='on', append='xive=off') as guest:
            guest.launch()              # or VMLaunchFailure, with what QEMU printed
            guest.shell()
            print(guest.run('cat /proc/interrupts'))
            print(guest.cmd('human-monitor-command', command_line='info pic'))
            guest.send('poweroff -f\\n')
            guest.wait(60)
            print(guest.exitcode(), guest.get_log())

An Inner is a Guest (tests/boot/guest.py, on qemu.machine) and has its methods;
its console, QMP and further channels are connections from the QEMU in the host to
this script, over a network between the host and the computer this runs on.  A host
can have any number of guests, one after another or at the same time.  `scenes()` makes a
test of functions that share one host.

From the environment: PAPR_KVM_QEMU, another QEMU for ppc64le hosts than
build/kvm/guest/qemu-system-ppc64; PAPR_HOST_QEMU, another to emulate hosts;
PAPR_KVM_HOSTS, how many may run at a time (3).
"""

import contextlib
import fcntl
import importlib.machinery
import importlib.util
import io
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import traceback
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(TREE / 'tests' / 'boot'))

from guest import (BUILD, TROUBLE, Failure, Guest, Machine, expect,  # noqa: E402
                   guest_file, made_of, skip, why_missing)
from patience import PATIENCE, Wait  # noqa: E402
from qemu.machine.machine import VMLaunchFailure  # noqa: E402
from qemu.qmp.legacy import QEMUMonitorProtocol  # noqa: E402

# in QEMU's network: the address of the computer this runs on; that of the host
GATEWAY = '10.0.2.2'
HOST_ADDRESS = '10.0.2.15'
LAB = '/lab'
# in a host: the counts of coverage builds
GCOV = '/tmp/gcov'
COVERAGE = os.environ.get('PAPR_KVM_COVERAGE')
# seconds that a scene may take; the slowest one, plug:cores-off, takes more than 300 on a busy
# computer
SCENE = 900
# number of commands that a host runs at a time
AGENTS = 3
# number of hosts that may run at a time: each uses two cores
HOSTS = int(os.environ.get('PAPR_KVM_HOSTS', '3'))
ROMS = ('efi-virtio.rom', 'efi-e1000e.rom', 'vgabios-stdvga.bin')

POWERNV = ('-nic', 'none', '-monitor', 'none', '-L', '{build}/pristine/pc-bios',
           '-bios', '{build}/guest/skiboot.lid')
KINDS = {
    'powernv8': ('-M', 'powernv8', '-cpu', 'POWER8', *POWERNV),
    'powernv9': ('-M', 'powernv9', '-cpu', 'POWER9', *POWERNV),
    'powernv10': ('-M', 'powernv10', '-cpu', 'POWER10', *POWERNV),
    'lpar': ('-M', 'pseries,cap-nested-hv=on', '-cpu', 'POWER9', '-nodefaults'),
    'lpar10': ('-M', 'pseries,cap-nested-papr=on', '-cpu', 'POWER10', '-nodefaults'),
    'lpar11': ('-M', 'pseries,cap-nested-papr=on', '-cpu', 'Power11', '-nodefaults'),
    'peer': ('-M', 'pseries,cap-nested-hv=on', '-cpu', 'POWER9', '-nodefaults'),
}
PARTITIONS = ('lpar', 'lpar10', 'lpar11', 'peer')
# a host's command line; no watchdogs, since the host may be very slow
WORDS = ('console=hvc0 quiet nowatchdog rcupdate.rcu_cpu_stall_suppress=1 '
         'pseries.test=kvm-host')
# the default CPU of a guest: that of its host
CPUS = {'powernv8': 'POWER8', 'powernv9': 'POWER9', 'powernv10': 'POWER10',
        'lpar': 'POWER9', 'lpar10': 'POWER10', 'lpar11': 'Power11', 'peer': 'POWER9'}

# Run by the initramfs's init: KVM, the network, and shells for this script.
SETUP = f'''#!/bin/sh
busybox --install -s /bin
for word in $(cat /proc/cmdline); do
    case $word in lab.port=*) port=${{word#*=}} ;; esac
done
mkdir -p /tmp /dev/shm /dev/net
mount -t tmpfs -o size=90% tmpfs /tmp
modprobe kvm-hv
modprobe virtio_pci
modprobe virtio_net
[ -c /dev/kvm ] || exit 1
ip link set lo up
n=0
until [ -d /sys/class/net/eth0 ]; do
    n=$((n + 1)); [ $n -lt 100 ] || exit 2
    usleep 50000
done
ip addr add {HOST_ADDRESS}/24 dev eth0
ip link set eth0 up
ip route add default via {GATEWAY}
[ -z "$port" ] || for n in {' '.join(str(n) for n in range(AGENTS))}; do
    while :; do nc {GATEWAY} $port -e /bin/sh || usleep 200000; done < /dev/null > /dev/null 2>&1 &
done
[ ! -f {LAB}/run ] || sh {LAB}/run
'''


def tool(name):
    """A script of tools/, as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(TREE / 'tools' / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


# QEMU for ppc64le hosts
QEMU = Path(os.environ.get('PAPR_KVM_QEMU', BUILD / 'kvm' / 'guest' / 'qemu-system-ppc64'))


def why_no_qemu():
    """Why tools/kvm-build made no QEMU (tests/kvm/meson.build), or how to get it."""
    log = BUILD / 'tests' / 'kvm' / 'kvm-qemu.log'
    if 'PAPR_KVM_QEMU' in os.environ and log.is_file():
        return log.read_text(errors='replace').strip().split('\n')[-1]
    return f'{QEMU} is missing: run tools/kvm-build'


def missing(kernel='6.1'):
    """What is missing for a host of KERNEL, and why or how to get it; empty if nothing is."""
    reasons = [] if QEMU.is_file() else [why_no_qemu()]
    for name in ('initramfs.cpio', 'initramfs-6.1.cpio', f'initramfs-{kernel}.cpio'):
        if not (BUILD / name).is_file():
            reasons.append(why_missing(made_of(name)))
    for name in ('skiboot.lid', 'slof.bin', 'vmlinux-6.1', f'vmlinux-{kernel}',
                 *(f'roms/{rom}' for rom in ROMS)):
        if not (BUILD / 'guest' / name).is_file():
            reasons.append(why_missing(name))
    return '; '.join(dict.fromkeys(reasons))


def initramfs(kernel, out, extra=()):
    """Write a host's initramfs to OUT: that of a guest, followed by an archive with /lab.

    EXTRA are pairs of a name in /lab and the file's content.
    """
    if missing(kernel):
        skip(missing(kernel))
    archive = tool('initramfs').Archive()
    archive.add('tests/kvm-host', 0o100755, SETUP.encode())
    archive.directory(LAB[1:])
    archive.directory(f'{LAB[1:]}/guest')
    archive.directory(f'{LAB[1:]}/guest/roms')
    archive.file(f'{LAB[1:]}/qemu-system-ppc64', QEMU)
    archive.file(f'{LAB[1:]}/guest/slof.bin', guest_file('slof.bin'), 0o644)
    archive.file(f'{LAB[1:]}/guest/vmlinux-6.1', guest_file('vmlinux-6.1'), 0o644)
    archive.file(f'{LAB[1:]}/initramfs.cpio', BUILD / 'initramfs.cpio', 0o644)
    for rom in ROMS:
        archive.file(f'{LAB[1:]}/guest/roms/{rom}', guest_file(f'roms/{rom}'), 0o644)
    for name, content in extra:
        archive.add(f'{LAB[1:]}/{name}', 0o100755, content)
    out.write_bytes((BUILD / f'initramfs-{kernel}.cpio').read_bytes() + archive.finish())


def emulator(kind):
    """The QEMU that emulates hosts of KIND."""
    if kind != 'peer':
        return os.environ.get('PAPR_HOST_QEMU', str(BUILD / 'qemu-system-ppc64'))
    done = subprocess.run([TREE / 'tools' / 'peer'], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, 'BUILD': str(BUILD)}, check=False)
    expect(done.returncode == 0, 'tools/peer does not build the host')
    return done.stdout.split()[-1]


def host_options(kind, smp, mem):
    """Options of the QEMU that emulates a host of KIND, without kernel and console."""
    options = [option.format(build=BUILD) for option in KINDS[kind]]
    bus = 'pci.0' if kind in PARTITIONS else 'pcie.0'
    return [*options, '-accel', 'tcg,thread=multi', '-smp', smp, '-m', mem, '-display', 'none',
            '-L', f'{BUILD}/guest', '-L', f'{BUILD}/guest/roms',
            '-netdev', 'user,id=net0', '-device', f'virtio-net-pci,netdev=net0,bus={bus}']


def words_of(env):
    """ENV as words for env(1), with those for a coverage build."""
    return [f'{name}={value}' for name, value in
            {**({'GCOV_PREFIX': GCOV} if COVERAGE else {}), **dict(env)}.items()]


def end_well():
    """Leave `with` statements when a time-out ends this script."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


class Slot:
    """One of the locks for hosts on this computer; others wait for it."""

    def __init__(self):
        self.files = [open(BUILD / f'.lab.lock.{n}', 'a', encoding='ascii') for n in range(HOSTS)]
        while not any(self.take(file) for file in self.files):
            time.sleep(0.5)

    @staticmethod
    def take(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self):
        for file in self.files:
            file.close()


def listener():
    return socket.create_server(('127.0.0.1', 0))


def port_of(server):
    return server.getsockname()[1]


class Host(Machine):
    """An emulated host of one of KINDS.

    After `launch()` it can run commands and guests.  Leaving its `with` ends it and
    all guests in it.
    """

    def __init__(self, kind='powernv9', kernel='6.1', smp='2', mem='4G', append=''):
        self.slot = None
        self.kind = kind
        self.pushed = set()
        self.guests = 0
        self.seen = ''
        self.agents = listener()
        super().__init__(emulator(kind))
        self.add_args(*host_options(kind, smp, mem))
        self.kernel = kernel
        self.append = append

    def _pre_launch(self):
        self.slot = Slot()
        super()._pre_launch()
        archive = Path(self.temp_dir) / 'host.cpio'
        initramfs(self.kernel, archive)
        self._qemu_full_args += (
            '-kernel', str(guest_file(f'vmlinux-{self.kernel}')), '-initrd', str(archive),
            '-append', f'{WORDS} pseries.noexit lab.port={port_of(self.agents)} {self.append}')

    def launch(self):
        """Boot the host, until it accepts commands."""
        super().launch()
        status = self.until(r'PSERIES-TEST-EXIT (\d+)').group(1)
        lacks = 'KVM' if status == '1' else 'network'
        expect(status == '0', f'the host {self.kind} has no {lacks}')
        self.run('true')

    def __exit__(self, *args):
        try:
            if COVERAGE and self.is_running():
                self.bring_coverage()
            super().__exit__(*args)
        finally:
            self.agents.close()
            if self.slot:
                self.slot.leave()

    def bring_coverage(self):
        folder = Path(COVERAGE) / f'{Path(sys.argv[0]).stem}-{os.getpid()}-{id(self):x}'
        try:
            if self.call(f'test -d {GCOV}')[0] == 0:
                folder.mkdir(parents=True)
                self.fetch_tree(GCOV, folder)
        except Failure as failure:
            print(f'# no coverage of this host: {failure}', flush=True)

    # --- commands ---

    def begin(self, command, seconds):
        """Start COMMAND by an agent; returns its connection."""
        wait = Wait(seconds)
        self.agents.settimeout(1)
        while True:
            expect(self.is_running(), f'the host {self.kind} has ended')
            try:
                agent, _ = self.agents.accept()
                break
            except TimeoutError:
                expect(not wait.is_over(),
                       f'the host {self.kind} takes no command:\n{self.console()}')
        agent.sendall(f'(\n{command}\n) < /dev/null 2>&1; echo "<status:$?>"; exit\n'.encode())
        return agent

    def end(self, agent, command, seconds):
        """Wait for COMMAND's end; returns its status, and its output as bytes.

        The console is read meanwhile: if a host prints more than fits into the socket,
        one of its processors waits in firmware until it is read.
        """
        wait = Wait(seconds)
        output = bytearray()
        sources = [agent, *([self.console_socket] if self._console_socket else [])]
        with agent:
            while True:
                ready = select.select(sources, [], [], 1)[0]
                if agent in ready:
                    data = agent.recv(1 << 20)
                    if not data:
                        break
                    output += data
                elif wait.is_over():
                    raise Failure(f'the host does not end: {command}\n{output[-2000:]!r}\n'
                                  f'its console: {self.console()}')
                elif ready and not self.more():
                    sources.remove(self.console_socket)
        found = re.search(rb'<status:(\d+)>\n$', output[-40:])
        expect(found, f'the host ended its shell in: {command}\n{output[-2000:]!r}')
        return int(found.group(1)), bytes(output[:-len(found.group())])

    def raw(self, command, seconds=60):
        """Run COMMAND, text for the host's shell; returns status, and output as bytes."""
        return self.end(self.begin(command, seconds), command, seconds)

    def call(self, command, seconds=60):
        """Run COMMAND; returns (status, output)."""
        status, output = self.raw(command, seconds)
        return status, output.decode('utf-8', 'replace')

    def run(self, command, seconds=60):
        """Run COMMAND; returns its output, or raises Failure if it fails."""
        status, output = self.call(command, seconds)
        expect(status == 0, f'host: {command}: status {status}: {output[-2000:]}')
        return output

    # --- files ---

    def fetch(self, path, seconds=120):
        """The content of the host's file PATH."""
        status, content = self.raw(f'cat {shlex.quote(path)}', seconds)
        expect(status == 0, f'host: {content.decode("utf-8", "replace")}')
        return content

    def fetch_tree(self, path, folder, seconds=300):
        """Unpack the host's directory PATH into FOLDER."""
        status, content = self.raw(f'tar c -C {shlex.quote(path)} .', seconds)
        expect(status == 0, f'host: no directory {path}')
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(folder)

    def push(self, content, path, seconds=120):
        """Write CONTENT, bytes, to the host's file PATH."""
        with listener() as server:
            server.settimeout(seconds * PATIENCE)
            command = f'nc {GATEWAY} {port_of(server)} > {shlex.quote(path)}'
            agent = self.begin(command, seconds)
            try:
                connection, _ = server.accept()
            except TimeoutError:
                raise Failure(f'host: no connection to fill {path}') from None
            with connection:
                connection.settimeout(seconds * PATIENCE)
                connection.sendall(content)
        status, output = self.end(agent, command, seconds)
        expect(status == 0, f'host: {path}: {output!r}')
        return path

    def place(self, name):
        """The host's path of file NAME of the build directory; copies it there if needed."""
        path = f'{LAB}/{name}'
        if name not in self.pushed:
            self.pushed.add(name)
            status, _ = self.call(f'[ -e {path} ]')
            if status:
                self.run(f'mkdir -p {Path(path).parent}')
                self.push((BUILD / name).read_bytes(), path)
        return path

    # --- the network ---

    def forward(self, port):
        """A port of 127.0.0.1 that is forwarded to the host's PORT."""
        monitor = 'human-monitor-command'
        rule = f'tcp:127.0.0.1:0-{HOST_ADDRESS}:{port}'
        answer = self.cmd(monitor, command_line=f'hostfwd_add net0 {rule}')
        expect(not answer, f'hostfwd_add: {answer}')
        for line in self.cmd(monitor, command_line='info usernet').splitlines():
            words = line.split()
            if words[:1] == ['TCP[HOST_FORWARD]'] and words[-3] == str(port):
                return int(words[3])
        raise Failure(f'info usernet has no port {port}')

    # --- guests ---

    def guest(self, cpu='', irqchip='', accel='', env=(), **options):
        """An Inner on this host, to be launched.

        Of a Guest's options, `cpu` is by default the host's, `mem` 512M.  IRQCHIP is
        that of -accel kvm,kernel-irqchip=; ACCEL are more options of the accelerator.
        ENV is a dictionary of QEMU's environment there: IOCTL_TRACE, GCOV_PREFIX...
        """
        return Inner(self, cpu or CPUS[self.kind], irqchip, accel, dict(env), **options)

    def qemu(self, *args, env=(), seconds=60):
        """Run QEMU with ARGS until it exits, such as with an error; returns (status, output).

        A status from 128 on is that of a signal; 137 also means that it did not exit.
        """
        command = shlex.join(['env', *words_of(env),
                              'timeout', '-s', 'KILL', str(int(seconds * PATIENCE)),
                              self.place('qemu-system-ppc64'), '-L', f'{LAB}/guest',
                              '-L', f'{LAB}/guest/roms', *args])
        return self.call(command, seconds + 30)

    def console(self):
        """All output of the host's console that no check has read."""
        if self._console_socket:
            self.console_socket.settimeout(0.01)
            while True:
                before = len(self.text)
                if not self.more() or len(self.text) == before:
                    break
        return self.text[-3000:]

    def check(self):
        """Raise Failure if the host's kernel has reported an error."""
        self.console()
        text, self.text = self.text, ''
        self.seen = (self.seen + text)[-20000:]
        trouble = TROUBLE.search(text)
        if trouble:
            raise Failure(f'the host is in trouble: {text[trouble.start():][:3000]}')

    def alive(self):
        """Whether the host accepts commands."""
        try:
            return self.is_running() and self.call('true', 20)[0] == 0
        except Failure:
            return False


class Process:
    """A process in a host, with the interface of subprocess.Popen."""

    def __init__(self, host, folder, command, env):
        self.host = host
        self.folder = folder
        self.returncode = None
        start = shlex.join(['env', *words_of(env),
                            'sh', '-c', f'echo $$ > {folder}/pid; exec "$@"', 'sh', *command])
        host.run(f'mkdir -p {folder}\n'
                 f'( {start} > {folder}/log 2>&1; echo $? > {folder}/status.new\n'
                 f'  mv {folder}/status.new {folder}/status ) < /dev/null > /dev/null 2>&1 &\n'
                 f'until [ -s {folder}/pid ]; do usleep 10000; done')
        self.pid = int(host.run(f'cat {folder}/pid'))

    def poll(self):
        if self.returncode is None:
            status, output = self.host.call(f'cat {self.folder}/status')
            if status == 0:
                code = int(output)
                self.returncode = code if code < 128 else 128 - code
        return self.returncode

    def wait(self, timeout=None):
        limit = 600 if timeout is None else timeout
        wait = Wait(limit)
        while self.poll() is None:
            if wait.is_over():
                raise subprocess.TimeoutExpired('qemu-system-ppc64', limit)
            time.sleep(0.1)
        return self.returncode

    def signal(self, number):
        if self.poll() is None:
            self.host.call(f'kill -{int(number)} {self.pid}')

    def kill(self):
        self.signal(signal.SIGKILL)

    def terminate(self):
        self.signal(signal.SIGTERM)


class Inner(Guest):
    """A guest of the machine under test, by KVM, in a Host.

    Made by Host.guest().  `channel(NAME)` before launch() adds a character device NAME,
    for example for args=('-gdb', 'chardev:gdb'); after launch() `sockets[NAME]` is the
    connection to it.  `folder` is the guest's own directory in the host.
    """

    WRAPPER = ()                # Process.kill() ends it, or the end of its host

    def __init__(self, host, cpu, irqchip, accel, env, mem='512M', append='', **options):
        self.host = host
        self.env = env
        self.servers = {}
        self.sockets = {}
        host.guests += 1
        self.folder = f'/tmp/guest{host.guests}'
        # each line on the console causes exits
        super().__init__(cpu=cpu, mem=mem, append=f'quiet {append}'.strip(), **options)
        kvm = ['kvm', accel, f'kernel-irqchip={irqchip}' if irqchip else '']
        self._args[:0] = ['-accel', ','.join(filter(None, kvm))]

    def place(self, name):
        return self.host.place(name)

    def threads(self):
        """None: they are in the host, whose process numbers mean nothing here."""
        return []

    def channel(self, name):
        """Add a character device NAME; call this before launch()."""
        self.servers[name] = listener()

    @property
    def _base_args(self):
        args = ['-display', 'none', '-vga', 'none']
        for name in self.servers:
            if name not in ('mon', 'console'):
                args += ['-chardev', self.channel_option(name)]
        return [*args, '-chardev', self.channel_option('mon'), '-mon', 'chardev=mon,mode=control',
                '-machine', self._machine,
                '-chardev', self.channel_option('console'), '-serial', 'chardev:console']

    def channel_option(self, name):
        return f'socket,id={name},host={GATEWAY},port={port_of(self.servers[name])}'

    def _pre_launch(self):
        self.channel('mon')
        self.channel('console')
        self._iolog = None
        self._qemu_full_args = (self._binary, *self._base_args, *self._args)

    def _launch(self):
        self._pre_launch()
        self._popen = Process(self.host, self.folder, self._qemu_full_args, self.env)
        self._launched = True
        for name, server in self.servers.items():
            self.sockets[name] = self.accepted(name, server)
        self._console_socket = self.sockets.pop('console')
        monitor = self.sockets.pop('mon')
        self.readable(monitor)
        self._qmp_connection = QEMUMonitorProtocol(monitor, nickname=self._name)
        self._qmp.connect()

    def accepted(self, name, server):
        """QEMU's connection for channel NAME."""
        wait = Wait(120)
        server.settimeout(1)
        while True:
            try:
                connection, _ = server.accept()
                return connection
            except TimeoutError:
                expect(self._popen.poll() is None, f'QEMU ended without channel {name}')
                expect(not wait.is_over(),
                       f'QEMU does not connect channel {name}: {self.stderr()}')

    def readable(self, monitor):
        """Wait for the greeting, which is sent once QEMU's main loop runs."""
        wait = Wait(120)
        monitor.settimeout(1)
        while True:
            try:
                data = monitor.recv(1, socket.MSG_PEEK)
                break
            except TimeoutError:
                expect(not wait.is_over(), f'QEMU is silent: {self.stderr()}')
        expect(data, 'QEMU ended')
        monitor.settimeout(None)

    def _load_io_log(self):
        self._iolog = self.stderr()

    def _post_shutdown(self):
        for connection in (*self.servers.values(), *self.sockets.values()):
            connection.close()
        self.servers, self.sockets = {}, {}
        super()._post_shutdown()

    def stderr(self):
        """All that QEMU has printed."""
        return self.host.call(f'cat {self.folder}/log')[1]

    def trace(self):
        """The lines that the ioctl watcher wrote to env['IOCTL_TRACE']."""
        return self.host.fetch(self.env['IOCTL_TRACE']).decode()

    def __exit__(self, *args):
        if COVERAGE and self.is_running():
            self.end_by_itself()
        super().__exit__(*args)
        self.host.check()

    def end_by_itself(self):
        """Quit: QEMU writes coverage counts when it exits, not when it is killed."""
        try:
            self.cmd('quit')
            self.wait(30)
        except Exception:  # pylint: disable=broad-except
            pass                        # the scene has failed, or QEMU is about to exit


class Lab:
    """A host for one scene after another; another one is booted if a scene has broken it."""

    def __init__(self, kind, **options):
        self.kind = kind
        self.options = options
        self.running = None

    def host(self):
        if self.running and not self.running.alive():
            self.leave()
        if not self.running:
            host = Host(self.kind, **self.options)
            try:
                host.launch()
            except BaseException:
                host.__exit__()
                raise
            self.running = host
        return self.running

    @contextlib.contextmanager
    def limit(self, seconds):
        """End the host after SECONDS, so that a scene that waits for it fails."""
        ended = threading.Event()

        def watch():
            wait = Wait(seconds)
            while not ended.wait(1):
                if wait.is_over():
                    self.running._popen.kill()  # pylint: disable=protected-access
                    break
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()

    def leave(self):
        host, self.running = self.running, None
        try:
            if host:
                host.__exit__()
        except Failure as failure:
            print(f'# {failure}', flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()


def reason(error):
    """Why a scene has failed with ERROR: its text, then where it was raised."""
    where = ''.join(traceback.format_tb(error.__traceback__))
    return f'{type(error).__name__}: {error}\n{where}'


def scenes(kind, points, **options):
    """A test in TAP: POINTS are (name, function of a host) that share hosts of KIND.

    KIND may have the host's kernel after a dash: powernv9-6.12.
    """
    kind, _, kernel = kind.partition('-')
    if kernel:
        options['kernel'] = kernel
    reasons = missing(options.get('kernel', '6.1'))
    if reasons:
        print(f'1..0 # SKIP {reasons}')
        return
    end_well()
    print(f'1..{len(points)}', flush=True)
    with Lab(kind, **options) as lab:
        for number, (name, function) in enumerate(points, 1):
            begin = time.monotonic()
            try:
                host = lab.host()       # may have to wait for a slot
                begin = time.monotonic()
                with lab.limit(SCENE):
                    function(host)
                print(f'ok {number} {name}', flush=True)
            except Exception as error:  # pylint: disable=broad-except
                print(f'not ok {number} {name}')
                # all of it as comments, also what a console's carriage returns divide
                print('\n'.join(f'# {line}' for line in reason(error).splitlines()), flush=True)
            print(f'# {time.monotonic() - begin:.1f} s', flush=True)


__all__ = ['BUILD', 'Failure', 'GATEWAY', 'Guest', 'Host', 'Inner', 'KINDS', 'Lab', 'PARTITIONS',
           'VMLaunchFailure', 'expect', 'scenes', 'skip']
