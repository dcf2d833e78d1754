# SPDX-License-Identifier: GPL-2.0-or-later
"""Migration of the hash page table in the host's kernel: streams, resizes, failures.

The guests are payloads of tests/guest, which check their translations continuously.
"""

import re
import struct
import tempfile
from contextlib import contextmanager
from pathlib import Path

from host import BUILD, CPUS, Guest, expect

PAYLOADS = 'tests/guest/tests.elf'
STATE = '/tmp/hpt.state'
MEM = '256M'
# capabilities that emulated hosts lack, for a guest that migrates from TCG
CAPS = ',cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off'
# virtual addresses of the payload: its own code; one without a page
CODE, NOTHING = 0x400000, 0x1ffff000


def bare(host, test, args=(), **options):
    """A guest of HOST that runs TEST."""
    return host.guest(mem=MEM, smp='4', linux=False, firmware='own',
                      args=('-kernel', host.place(PAYLOADS), '-append', test, *args), **options)


def by_tcg(test, args=()):
    """The same without KVM and without a host."""
    return Guest(cpu='power9_v2.2', mem=MEM, smp='4', machine=CAPS, linux=False, firmware='own',
                 args=('-kernel', str(BUILD / PAYLOADS), '-append', test, *args))


def goes_on(guest):
    for _ in range(2):
        guest.until(r'\d+ rounds')


def ends_well(guest):
    guest.send('q')
    guest.until('PASS')
    guest.wait(60)
    expect(guest.exitcode() == 0, f'exit code {guest.exitcode()}: {guest.get_log()}')


def monitor(guest, command):
    return guest.cmd('human-monitor-command', command_line=command)


def status(guest):
    return guest.cmd('query-migrate').get('status')


def parameters(guest, **values):
    guest.cmd('migrate-set-parameters', **{name.replace('_', '-'): value
                                           for name, value in values.items()})


class Moving:
    """A migration that does not end before finish()."""

    def __init__(self, guest, there):
        self.guest = guest
        # the payload changes 1 MiB of pages faster than this bandwidth
        parameters(guest, downtime_limit=1, max_bandwidth=1 << 20)
        guest.cmd('migrate', uri=f'unix:{there}')
        self.rounds(2)

    def rounds(self, count):
        """Wait until all of memory and the table was scanned COUNT more times.

        If the guest has changed none of its memory meanwhile, the migration completes.
        """
        end = self.dirty_syncs() + count
        self.guest.poll(lambda: status(self.guest) == 'completed' or self.dirty_syncs() >= end,
                        'iteration')

    def dirty_syncs(self):
        answer = self.guest.cmd('query-migrate')
        expect(answer['status'] in ('setup', 'active', 'device', 'completed'), answer)
        return answer.get('ram', {}).get('dirty-sync-count', 0)

    def finish(self):
        parameters(self.guest, downtime_limit=60000, max_bandwidth=1 << 30)
        self.guest.poll(lambda: status(self.guest) in ('completed', 'failed'), 'end')
        expect(status(self.guest) == 'completed', self.guest.cmd('query-migrate'))


@contextmanager
def move(host, payload):
    """A guest that runs PAYLOAD, its migration's destination, and the migration."""
    socket = '/tmp/hpt.socket'
    with bare(host, payload) as here:
        here.launch()
        goes_on(here)
        with bare(host, payload, args=('-incoming', f'unix:{socket}')) as there:
            there.launch()
            yield here, there, Moving(here, socket)


def live(host):
    """Live from process to process while four vCPUs change entries; then by a file."""
    with move(host, 'hash-churn-on') as (here, there, moving):
        moving.rounds(3)
        debugger(here)
        goes_on(here)
        moving.finish()
        goes_on(there)
        there.migrate(f'file:{STATE}')
    with bare(host, 'hash-churn-on', args=('-incoming', f'file:{STATE}')) as guest:
        guest.launch()
        goes_on(guest)
        ends_well(guest)
    host.run(f'rm {STATE}')


def debugger(guest):
    """The monitor walks the kernel's table."""
    guest.poll(lambda: stopped_translated(guest), 'stop outside of a handler')
    answer = monitor(guest, f'gva2gpa {CODE:#x}')
    expect(answer.split() == ['gpa:', f'{CODE:#x}'], answer)
    answer = monitor(guest, f'gva2gpa {NOTHING:#x}')
    expect('Unmapped' in answer, answer)
    guest.cmd('cont')


def stopped_translated(guest):
    """Stop the guest; returns whether vCPU 0 has translation on, and continues it if not."""
    guest.cmd('stop')
    if int(re.search(r'MSR (\w+)', monitor(guest, 'info registers')).group(1), 16) & 0x10:
        return True
    guest.cmd('cont')
    return False


def live_resizes(host):
    """The guest resizes its table before a migration, tries to during it, and does after it."""
    with move(host, 'hash-resize-on') as (_, there, moving):
        moving.rounds(3)
        moving.finish()
        goes_on(there)
        ends_well(there)


def reset_on_the_way(host):
    """Reset a guest during migration; returns whether it got its table before the end of it."""
    with move(host, 'hash-churn-on') as (here, there, moving):
        # some time for the 1 MiB that the payload has changed
        parameters(here, max_bandwidth=1 << 17)
        here.cmd('system_reset')
        # from then on it waits for the end of the migration: it requests another size
        here.console_socket.settimeout(0.1)
        here.poll(lambda: status(here) == 'completed' or here.more() and 'a table of' in here.text,
                  'table')
        in_time = 'a table of' in here.text
        moving.rounds(2)
        moving.finish()
        goes_on(there)
        ends_well(there)
    return in_time


def live_reset(host):
    """The guest is reset, and so gets another table, during its migration."""
    # it has changed little while it boots, so the migration may complete too early
    expect(any(reset_on_the_way(host) for _ in range(4)), 'no table was made on the way')


def crossed(host):
    """From TCG to KVM and back, by files."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'state'
        with by_tcg('hash-churn-on') as guest:
            guest.launch()
            goes_on(guest)
            guest.migrate(f'file:{file}')
        host.push(file.read_bytes(), STATE)
        with bare(host, 'hash-churn-on', cpu='power9_v2.2', machine=CAPS,
                  args=('-incoming', f'file:{STATE}')) as guest:
            guest.launch()
            goes_on(guest)
            guest.migrate(f'file:{STATE}.2')
        file.write_bytes(host.fetch(f'{STATE}.2'))
        host.run(f'rm {STATE} {STATE}.2')
        with by_tcg('hash-churn-on', args=('-incoming', f'file:{file}')) as guest:
            guest.launch()
            goes_on(guest)
            ends_well(guest)


def refuses(guest, why):
    """A migration fails, and the guest continues."""
    guest.cmd('migrate', uri=f'file:{STATE}')
    guest.poll(lambda: status(guest) in ('completed', 'failed'), 'end')
    answer = guest.cmd('query-migrate')
    expect(answer['status'] == 'failed', answer)
    told = answer.get('error-desc', '') + guest.stderr()
    expect(re.search(why, told), told)
    goes_on(guest)


def kept(host):
    """The kernel refuses a request of an outgoing migration; then the migration works."""
    faults = (('IOCTL_CAPS', 'KVM_CAP_PPC_HTAB_FD=0', 'can neither read nor write', False),
              ('IOCTL_FAIL', 'KVM_PPC_GET_HTAB_FD=EMFILE', 'no access .* to read it', True),
              ('IOCTL_FAIL', 'read[htab]=EIO', "table can't be read: Input/output", True))
    for name, value, why, passing in faults:
        with bare(host, 'hash-churn-on', env={name: value}) as guest:
            guest.launch()
            goes_on(guest)
            refuses(guest, why)
            # no migration is in progress: the table may change its size
            if passing:
                guest.migrate(f'file:{STATE}')


class Stream:
    """A file with a stream, and the offset of the table in it."""

    def __init__(self, content):
        self.content = content
        name = b'\x0aspapr/htab'
        head = content.index(name)
        self.section = content[head - 4:head]
        self.version = head + len(name) + 4
        self.size = self.version + 4
        # the first section with entries: its word is 0
        for kind in b'\x02', b'\x03':
            part = content.find(kind + self.section + bytes(4))
            if part >= 0:
                break
        self.chunk = part + 9
        # its first chunk with valid entries
        self.valid = self.chunk
        while not self.counts(self.valid)[0]:
            self.valid += 8

    def counts(self, at):
        return struct.unpack('>HH', self.content[at + 4:at + 8])

    def but(self, at, *words):
        """The stream with 32-bit WORDS at offset AT."""
        new = b''.join(struct.pack('>I', word) for word in words)
        return self.content[:at] + new + self.content[at + len(new):]


def rejected(host, why, env=()):
    """QEMU refuses the stream with a message, and exits."""
    code, output = host.qemu(
        '-nodefaults', '-display', 'none', '-cpu', CPUS[host.kind], '-smp', '4', '-m', MEM,
        '-M', 'pseries,x-vof=on', '-accel', 'kvm', '-kernel', host.place(PAYLOADS),
        '-append', 'hash-churn-on', '-incoming', f'file:{STATE}', env=env)
    expect(code == 1 and re.search(why, output), f'{code}: {why} is not in: {output}')


def foreign(host):
    """Invalid streams, and a kernel that refuses a valid one."""
    with bare(host, 'hash-churn-on') as guest:
        guest.launch()
        goes_on(guest)
        guest.migrate(f'file:{STATE}')
    for rule, why in (('write[htab]=EIO', 'KVM refuses .*: Input/output error'),
                      ('KVM_PPC_GET_HTAB_FD=EMFILE', 'no access .* to write it'),
                      ('KVM_PPC_ALLOCATE_HTAB:*=ENOMEM',
                       "can't allocate a hash page table of 4 MiB")):
        rejected(host, why, {'IOCTL_FAIL': rule})
    rejected(host, 'can neither read nor write', {'IOCTL_CAPS': 'KVM_CAP_PPC_HTAB_FD=0'})
    stream = Stream(host.fetch(STATE))
    for content, why in (
            (stream.but(stream.version, 0), 'version 0'),
            (stream.but(stream.size, 47), r'2\^47 bytes, which is not possible'),
            (stream.but(stream.size, 17), r'2\^17 bytes, which is not possible'),
            (stream.but(stream.size, 30), r'2\^30 bytes, which is not possible'),
            (stream.but(stream.size, 0), 'entries without a table'),
            (stream.but(stream.chunk, 0x7fffffff), 'entries from 0x7fffffff on'),
            (stream.but(stream.valid + 8, 0, 0), 'KVM refuses'),
            (stream.content[:stream.valid + 12], 'Input/output error|error while loading')):
        host.push(content, STATE)
        rejected(host, why)
    host.run(f'rm {STATE}')


def sizes(host):
    """The size of a table: for maxmem only if the guest can't resize it."""
    for resize, test, order in (('', 'hash-block', 21), ('enabled', 'hash-block', 21),
                                ('disabled', 'hash-block', 24), ('required', 'hash-block', 21),
                                ('', 'hash-fixed', 24)):
        option = f',resize-hpt={resize}' if resize else ''
        code, output = started(host, test, option)
        expect(code == 0 and f'PASS {test}' in output and f'a table of 2^{order} bytes' in output,
               f'resize-hpt={resize} {test}: {code}: {output}')
    code, output = started(host, 'hash-fixed', ',resize-hpt=required')
    expect('use resize-hpt=enabled' in output, output)
    # as large as the host's memory permits, or a message
    code, output = started(host, 'hash-fixed', '', {'IOCTL_FAIL': 'KVM_PPC_ALLOCATE_HTAB=ENOMEM'})
    expect('a table of 2^23 bytes' in output and 'has memory for' not in output, output)
    none = {'IOCTL_FAIL': 'KVM_PPC_ALLOCATE_HTAB:*=ENOMEM'}
    code, output = started(host, 'hash-fixed', ',resize-hpt=disabled', none)
    expect('use resize-hpt=enabled or a smaller maxmem=' in output, output)
    code, output = started(host, 'hash-block', '', none)
    expect('use a smaller -m' in output, output)
    code, output = started(host, 'hash-block', ',resize-hpt=enabled',
                           {'IOCTL_CAPS': 'KVM_CAP_SPAPR_RESIZE_HPT=0'})
    expect(code == 1 and 'use resize-hpt=disabled' in output, output)
    code, output = started(host, 'hash-block', '', {'IOCTL_CAPS': 'KVM_CAP_SPAPR_RESIZE_HPT=0'})
    expect(code == 0 and 'a table of 2^24 bytes' in output, output)


def started(host, test, option, env=()):
    """Run a guest of 256 MiB, with up to 2 GiB, to its end; returns (status, output)."""
    return host.qemu(
        '-nodefaults', '-display', 'none', '-serial', 'stdio', '-cpu', CPUS[host.kind],
        '-smp', '4', '-m', f'{MEM},slots=4,maxmem=2G', '-M', f'pseries,x-vof=on{option}',
        '-accel', 'kvm', '-action', 'reboot=shutdown', '-kernel', host.place(PAYLOADS),
        '-append', test, env=env)


def pages(host):
    """A kernel that does not report its page sizes."""
    for env in ({'IOCTL_FAIL': 'KVM_PPC_GET_SMMU_INFO=EIO'},
                {'IOCTL_CAPS': 'KVM_CAP_PPC_GET_SMMU_INFO=0'}):
        code, output = started(host, 'hash-fixed', '', env)
        expect(code == 1 and 'does not report which page sizes' in output, f'{code}: {output}')


def refused_resizes(host):
    """Errors of the kernel for a resize, and the guest's return codes."""
    for rule in ('KVM_PPC_RESIZE_HPT_PREPARE=ENOMEM', 'KVM_PPC_RESIZE_HPT_COMMIT=EBUSY'):
        code, output = started(host, 'hash-churn', '', {'IOCTL_FAIL': rule})
        expect(code == 0 and re.search('FAIL.*is', output), f'{code}: {output}')


SCENES = {function.__name__.replace('_', '-'): function for function in
          (live, live_resizes, live_reset, crossed, kept, foreign, sizes, pages, refused_resizes)}
