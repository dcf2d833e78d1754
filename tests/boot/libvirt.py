#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that libvirt runs: libvirt.py STEP...

Debian's libvirtd, started by hand in session mode (packages libvirt-daemon and
libvirt-clients), with this tree's binary as the emulator and Debian with the daemon
rtas_errd as the guest (tools/debian-image tools).  The domain is defined and started; then
virsh does each STEP, one of STEPS, and the guest must answer afterwards.  A daemon runs in
namespaces of its own, with another host name and a user that is not root; files
belong to the user who runs the test.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

from debian_guest import Debian, made
from devguest import MIB, pattern, poll
from guest import BUILD, PATIENT, Guest, Machine, expect, main, skip
from patience import PATIENCE

BINARY = os.environ.get('PAPR_QEMU', str(BUILD / 'qemu-system-ppc64'))
MAC = '52:54:00:12:34:0{}'

DOMAIN = '''<domain type='qemu'>
  <name>guest</name>
  <maxMemory slots='4' unit='MiB'>4096</maxMemory>
  <memory unit='MiB'>1024</memory>
  <vcpu current='2'>4</vcpu>
  <os>
    <type arch='ppc64' machine='pseries'>hvm</type>
    <kernel>{system}/vmlinux</kernel>
    <initrd>{system}/initrd.img</initrd>
    <cmdline>root=LABEL=debian ro console=hvc0 quiet {append}</cmdline>
  </os>
  <cpu mode='custom' match='exact'>
    <model>POWER9</model>
    <numa><cell id='0' cpus='0-3' memory='1024' unit='MiB'/></numa>
  </cpu>
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>{binary}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='unsafe'/>
      <source file='{directory}/system.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <serial type='unix'>
      <source mode='bind' path='{directory}/console'/>
      <target type='spapr-vio-serial'/>
    </serial>
    <console type='unix'>
      <source mode='bind' path='{directory}/console'/>
      <target type='serial'/>
    </console>
    <memballoon model='virtio'/>
  </devices>
</domain>
'''
DISK = '''<disk type='file' device='disk'>
  <driver name='qemu' type='raw'/>
  <source file='{directory}/data'/>
  <target dev='vdb' bus='virtio'/>
  <serial>data</serial>
</disk>
'''
NIC = f'''<interface type='user'>
  <mac address='{MAC.format(1)}'/>
  <model type='virtio'/>
</interface>
'''
MODULE = '''<memory model='dimm'>
  <target><size unit='MiB'>512</size><node>0</node></target>
</memory>
'''


class Daemon:
    """A libvirtd of the test, with its files in DIRECTORY, and host name NAME."""

    def __init__(self, directory, name):
        self.directory = directory
        config = directory / 'config/libvirt'
        for path in ('run', 'cache', 'home', 'config/libvirt'):
            (directory / path).mkdir(parents=True)
        (config / 'libvirtd.conf').write_text(
            f'host_uuid = "{uuid.uuid4()}"\nlog_outputs = "3:file:{directory}/log"\n')
        (config / 'qemu.conf').write_text('stdio_handler = "file"\n')
        self.environment = {
            **os.environ, 'HOME': f'{directory}/home', 'XDG_RUNTIME_DIR': f'{directory}/run',
            'XDG_CONFIG_HOME': f'{directory}/config', 'XDG_CACHE_HOME': f'{directory}/cache'}
        self.socket = directory / 'run/libvirt/libvirt-sock'
        self.uri = f'qemu+unix:///session?socket={self.socket}'
        inner = 'unshare --user --map-user=1000 --map-group=1000 setpriv --pdeathsig KILL libvirtd'
        with open(directory / 'out', 'w', encoding='utf-8') as out:
            self.process = subprocess.Popen(
                ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--user', '--map-root-user', '--uts',
                 'sh', '-c', f'hostname {name} && exec {inner}'],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.environment)

    def ready(self):
        poll(lambda: self.socket.exists() or self.process.poll() is not None, 'libvirtd')
        if self.process.poll() is not None:
            skip(f'libvirtd does not run here: {(self.directory / "out").read_text()[-300:]}')

    def virsh(self, *words, fails=False):
        """The output of virsh."""
        done = subprocess.run(['virsh', '-q', '-c', self.uri, *map(str, words)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False,
                              timeout=300 * PATIENCE, env=self.environment)
        expect(bool(done.returncode) == fails,
               f'virsh {" ".join(map(str, words))}: {done.stdout}{self.log()}')
        return done.stdout.strip()

    def log(self):
        parts = [path.read_text(errors='replace')[-1500:] for path in
                 (self.directory / 'log', *self.directory.glob('cache/libvirt/qemu/log/*.log'))
                 if path.exists()]
        return '\n'.join(['', *parts])

    def end(self):
        if self.socket.exists():
            subprocess.run(['virsh', '-q', '-c', self.uri, 'destroy', 'guest'], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env=self.environment)
        self.process.kill()
        self.process.wait()


class Console:
    """The guest's console, with methods like those of Debian and Machine."""

    more, until, send, prompt, poll = (Machine.more, Machine.until, Machine.send,
                                       Machine.prompt, staticmethod(Guest.poll))
    login, run, status, interface, address = (Debian.login, Debian.run, Debian.status,
                                              Debian.interface, Debian.address)

    def __init__(self, path):
        self.path = path
        self.text = ''
        self.console_socket = None

    def get_log(self):
        return ''

    def connect(self):
        """Connect to the console of the guest's current QEMU."""
        self.close()
        self.console_socket = socket.socket(socket.AF_UNIX)
        self.console_socket.connect(str(self.path))
        self.text = ''

    def close(self):
        if self.console_socket:
            self.console_socket.close()

    def lives(self):
        """The shell still answers, though the guest may be in another QEMU."""
        self.connect()
        self.send('\n')
        self.prompt()
        self.text = ''
        expect(self.run('cat /run/token').strip() == 'token', 'the guest is another one')
        self.run('busybox dd if=/dev/vda of=/dev/null bs=1M count=20 iflag=direct')


class Scene:
    """The domain, the daemons and the guest's console."""

    def __init__(self, directory):
        self.directory = directory
        self.daemons = []
        self.console = Console(directory / 'console')
        self.daemon = self.add('here')

    def add(self, name):
        daemon = Daemon(self.directory / name, name)
        self.daemons.append(daemon)
        daemon.ready()
        return daemon

    def virsh(self, *words, **options):
        return self.daemon.virsh(*words, **options)

    def file(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def state(self, state):
        expect(self.virsh('domstate', 'guest') == state,
               f'{self.virsh("domstate", "guest")}, not {state}')

    def start(self):
        system = made('tools')
        subprocess.run([BUILD / 'qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b',
                        f'{system}/disk.img', self.directory / 'system.qcow2'], check=True)
        xml = DOMAIN.format(system=system, binary=BINARY, directory=self.directory,
                            append=f'{PATIENT} memhp_default_state=online_movable')
        self.virsh('define', self.file('guest.xml', xml))
        self.state('shut off')
        self.virsh('start', 'guest')
        self.console.connect()
        self.console.login()
        self.console.run('echo token > /run/token')

    def end(self):
        self.console.close()
        for daemon in self.daemons:
            daemon.end()


def detach(scene, path, place):
    """Detach the device of PATH; libvirt removes it when the guest has released it."""
    before = scene.virsh('dumpxml', 'guest')
    expect(place in before, before)
    scene.virsh('detach-device', 'guest', path, '--live')
    scene.console.poll(lambda: place not in scene.virsh('dumpxml', 'guest'), f'end of {place}')


def disk(scene):
    """A disk is attached to the running guest, used, and detached."""
    data = pattern(1, 16 * MIB)
    scene.file('data', '')
    (scene.directory / 'data').write_bytes(data)
    path = scene.file('disk.xml', DISK.format(directory=scene.directory))
    guest = scene.console
    for turn in range(2):
        scene.virsh('attach-device', 'guest', path, '--live')
        guest.poll(lambda: guest.status('grep -qx data /sys/block/vd*/serial')[0] == 0, 'the disk')
        name = guest.run('grep -lx data /sys/block/vd*/serial').split('/')[3]
        guest.run(f'echo turn {turn} > /dev/{name} && sync')
        detach(scene, path, f'{scene.directory}/data')
        expect(guest.status('grep -qx data /sys/block/vd*/serial')[0] != 0, 'it is still there')
        expect((scene.directory / 'data').read_bytes().startswith(b'turn %d\n' % turn),
               'not written')


def nic(scene):
    """A network card is attached to the running guest, used, and detached."""
    path = scene.file('nic.xml', NIC)
    guest = scene.console
    scene.virsh('attach-device', 'guest', path, '--live')
    guest.poll(lambda: guest.status(f'grep -q {MAC.format(1)} /sys/class/net/*/address')[0] == 0,
               'the card')
    guest.run('udevadm settle')
    guest.address(MAC.format(1))
    out = guest.run('busybox ping -c 3 10.0.2.2')
    expect(' 0% packet loss' in out, out)
    detach(scene, path, MAC.format(1))


def cpus(scene):
    """Two CPUs are added, by number and by name, and removed again."""
    guest = scene.console

    def are(count):
        guest.poll(lambda: guest.run('nproc').strip() == str(count), f'{count} CPUs')
        expect(scene.virsh('vcpucount', 'guest', '--live', '--current') == str(count), 'vcpucount')

    for turn in range(2):
        scene.virsh('setvcpus', 'guest', 4, '--live')
        are(4)
        guest.run('for cpu in 0 1 2 3; do taskset -c $cpu sha256sum /bin/bash; done')
        scene.virsh('setvcpus', 'guest', 2, '--live')
        are(2)
    scene.virsh('setvcpu', 'guest', 3, '--enable', '--live')
    are(3)
    scene.virsh('setvcpu', 'guest', 3, '--disable', '--live')
    are(2)


def memory(scene):
    """A module is attached to the running guest, used, and detached."""
    guest = scene.console
    path = scene.file('memory.xml', MODULE)

    def total():
        return int(guest.run("sed -n 's/^MemTotal: *//p' /proc/meminfo").split()[0]) // 1024

    before = total()
    for turn in range(2):
        scene.virsh('attach-device', 'guest', path, '--live')
        guest.poll(lambda: total() >= before + 500, 'the memory')
        guest.run('head -c 300M /dev/zero > /dev/shm/used && rm /dev/shm/used')
        detach(scene, path, "<memory model='dimm'>")
        guest.poll(lambda: total() == before, 'its end')


def save(scene):
    """Saved to a file and restored."""
    scene.virsh('save', 'guest', scene.directory / 'saved')
    scene.state('shut off')
    scene.virsh('restore', scene.directory / 'saved')
    scene.console.lives()


def managed_save(scene):
    """Saved by the daemon, and started again."""
    scene.virsh('managedsave', 'guest')
    scene.state('shut off')
    scene.virsh('start', 'guest')
    scene.console.lives()


def suspend(scene):
    """Suspended and resumed."""
    scene.virsh('suspend', 'guest')
    scene.state('paused')
    scene.virsh('resume', 'guest')
    scene.console.lives()


def snapshot(scene):
    """A snapshot is taken of the guest, which continues, and is then reverted to."""
    scene.virsh('snapshot-create-as', 'guest', 'ready')
    scene.console.lives()
    scene.console.run('echo later > /run/later')
    scene.virsh('snapshot-revert', 'guest', 'ready')
    scene.console.lives()
    expect(scene.console.status('test -e /run/later')[0] != 0, 'it went back to now')
    scene.virsh('snapshot-delete', 'guest', 'ready')


def migrate(scene):
    """To another daemon, and back."""
    here = scene.daemon
    there = scene.add('there')
    for source, target, port in ((here, there, 0), (there, here, 1)):
        scene.daemon = source
        # both are on one host, so each needs its own socket; the disk is the same file
        console = scene.directory / f'console-{port}'
        xml = scene.virsh('dumpxml', 'guest', '--migratable')
        xml = scene.file('moved.xml', xml.replace(str(scene.console.path), str(console)))
        # a port that the host gives to no connection
        scene.virsh('migrate', 'guest', target.uri, '--live', '--persistent', '--undefinesource',
                    '--unsafe', '--xml', xml, '--persistent-xml', xml,
                    '--migrateuri', f'tcp://127.0.0.1:{29400 + os.getpid() % 500 * 2 + port}')
        scene.daemon = target
        scene.console.path = console
        scene.state('running')
        scene.console.lives()


def reset(scene):
    """Reset, and up again."""
    scene.virsh('reset', 'guest')
    scene.console.login()
    scene.console.run('echo token > /run/token')


def stats(scene):
    """libvirt's view of the domain: CPUs, memory, block devices."""
    expect(scene.virsh('vcpucount', 'guest', '--live', '--current') == '2', 'vcpucount')
    expect(re.search(r'^actual +1048576', scene.virsh('dommemstat', 'guest'), re.M),
           scene.virsh('dommemstat', 'guest'))
    expect('vda' in scene.virsh('domblklist', 'guest'), scene.virsh('domblklist', 'guest'))


# The steps that can be named on the command line
STEPS = {step.__name__.replace('_', '-'): step for step in (
    stats, disk, nic, cpus, memory, suspend, save, managed_save, snapshot, migrate, reset)}


def run(*steps):
    for name in 'libvirtd', 'virsh', 'unshare', 'setpriv':
        if not shutil.which(name, path=os.environ['PATH'] + ':/usr/sbin'):
            skip(f'the host has no {name} (libvirt-daemon, libvirt-clients, util-linux)')
    unknown = [step for step in steps if step not in STEPS]
    expect(not unknown, f'{unknown}: not of {" ".join(STEPS)}')
    with tempfile.TemporaryDirectory(prefix='papr-libvirt-') as directory:
        scene = Scene(Path(directory))
        try:
            scene.start()
            for step in steps:
                print(f'{step}', flush=True)
                STEPS[step](scene)
            scene.virsh('destroy', 'guest')
            scene.virsh('undefine', 'guest')
        finally:
            scene.end()


if __name__ == '__main__':
    main(run)
