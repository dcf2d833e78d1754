# SPDX-License-Identifier: GPL-2.0-or-later
"""A vCPU's registers between QEMU and KVM: the vCPU runs with those that were set.

The guest is an endless loop in real mode; a debugger sets its registers.
They must be the same after the vCPU has run, after the machine was saved and
restored, by KVM or by TCG, in either direction.
"""

import re
import tempfile
import time
from pathlib import Path

from host import CPUS, Guest, expect
from patience import Wait
from gdb import Gdb

LOOP = 0x8000000
# addi r31,r31,1; fdiv f1,f2,f3; b: it runs, and rounds by FPSCR
CODE = '3bff0001 fc221824 4bfffff8'
MASK = (1 << 64) - 1
HZ = 512000000
ONE, TEN, TENTH = 0x3ff0000000000000, 0x4024000000000000, 0x3fb9999999999999

# Special purpose registers (SPRs), and values that a guest on POWER9 can have there
PATTERN = 0xa5c3f00f96693cc3
SPRS = {
    'srr0': 0x1122334455667788, 'sprg0': PATTERN, 'sprg1': PATTERN + 1,
    'sprg2': PATTERN + 2, 'sprg3': PATTERN + 3,
    'dar': PATTERN, 'dsisr': PATTERN & 0xffffffff, 'dscr': 0x155,
    'amr': PATTERN, 'iamr': 0x5555555555555555, 'uamor': PATTERN, 'fscr': 0x104,
    'dawr0': 0x123456789abcdef0,
    'tar': PATTERN, 'pidr': 0x5a5a5, 'tidr': 0x1234, 'ebbhr': 0x123456789abcdef0,
    'ebbrr': 0x0fedcba987654320, 'siar': PATTERN, 'sdar': PATTERN, 'pspb': 0x12345678,
    # counters are frozen: FC is set, nothing counts, nothing interrupts
    'mmcr0': 0x80000000, 'pmc1': 0x01020304, 'pmc2': 0x11121314, 'pmc3': 0x21222324,
    'pmc4': 0x31323334, 'pmc5': 0x41424344, 'pmc6': 0x51525354,
}
# Registers that change by themselves, and VSCR: Linux on a little-endian host has it in
# another word than that of KVM_REG_PPC_VSCR
LIVE = re.compile(r'^(tb|tbl|tbu|decr?|purr|spurr|vtb|hdecr?|cfar|ctrl|uctrl|ic|psscr|vscr|r31)$')


def run(gdb):
    """Let the vCPU run some rounds."""
    before = gdb.get('r31')
    wait = Wait(60)
    while gdb.get('r31') == before:
        expect(not wait.is_over(), 'the vCPU does not run')
        gdb.send('c')
        time.sleep(0.3)
        gdb.socket.sendall(b'\x03')
        stop = gdb.answer()
        expect(stop.startswith('T02'), f'stopped with {stop}')
    expect(LOOP <= gdb.get('pc') < LOOP + 12, f'it is at {gdb.get("pc"):#x}')
    gdb.set('pc', LOOP)


def fill(gdb):
    """Set every register that can have any value to a value of its own."""
    gdb.write(LOOP, bytes.fromhex(CODE))
    pattern = 0x0123456789abcdef
    for i in range(32):
        pattern = (pattern * 0x9e3779b97f4a7c15 + i) & MASK
        gdb.set(f'r{i}', pattern)
        gdb.set(f'f{i}', pattern ^ MASK)
        gdb.set(f'vs{i}h', (pattern * 3) & MASK)
        gdb.set(f'vr{i}', pattern << 64 | ((pattern * 5) & MASK), 32)
    gdb.set('cr', 0x12345678, 8)
    gdb.set('lr', 0xfedcba9876543210)
    gdb.set('ctr', 0x1357924680aceace)
    gdb.set('xer', 0xe0000000, 8)
    gdb.set('fpscr', 3, 8)      # round towards minus infinity
    gdb.set('f2', ONE)
    gdb.set('f3', TEN)
    gdb.set('vrsave', 0x96693cc3, 8)
    for name, value in SPRS.items():
        gdb.set(name, value)
    gdb.set('msr', gdb.get('msr') | 1 << 13)    # floating point
    gdb.set('pc', LOOP)


def differences(one, other):
    return ', '.join(f'{name} {one[name]:#x} -> {other.get(name, 0):#x}'
                     for name in one if one[name] != other.get(name) and not LIVE.match(name))


def same(before, after, what):
    difference = differences(before, after)
    expect(not difference, f'{what}: {difference}')


def rounded(gdb):
    expect(gdb.get('f1') == TENTH, f'1/10 is {gdb.get("f1"):#x}')


def kvm_guest(host, *args, **options):
    guest = host.guest(linux=False, mem='256M', firmware='slof',
                       args=('-S', '-gdb', 'chardev:gdb', *args), **options)
    guest.channel('gdb')
    return guest


def tcg_guest(folder, *args):
    path = Path(folder) / 'gdb'
    path.unlink(missing_ok=True)
    guest = Guest(linux=False, mem='256M', firmware='slof', machine=MIGRATABLE,
                  args=('-S', '-chardev', f'socket,id=gdb,path={path},server=on,wait=off',
                        '-gdb', 'chardev:gdb', *args))
    guest.gdb_path = path
    return guest


def debugger(guest):
    gdb = Gdb.at(guest.gdb_path) if hasattr(guest, 'gdb_path') else Gdb(guest.sockets['gdb'])
    gdb.ask('?')
    return gdb


# capabilities of POWER9 both by TCG and in the emulated host
MIGRATABLE = ',cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off'


def runs(host):
    """Set by a debugger, run, read again."""
    with kvm_guest(host) as guest:
        guest.launch()
        gdb = debugger(guest)
        fill(gdb)
        run(gdb)
        before = gdb.all()
        for spr, value in SPRS.items():
            expect(before[spr] == value, f'{spr} reads {before[spr]:#x}')
        rounded(gdb)
        for _ in range(3):
            run(gdb)
            same(before, gdb.all(), 'after running')


def reset(host):
    """A reset overwrites all of them."""
    with kvm_guest(host) as guest:
        guest.launch()
        gdb = debugger(guest)
        fresh = gdb.all()
        fill(gdb)
        run(gdb)
        guest.cmd('system_reset')
        guest.event_wait('RESET', 60)
        # a reset of a processor does not change these
        left = re.compile(r'(f|vr|vs)\d+h?|fpscr')
        after = gdb.all()
        for name in [name for name in after if left.fullmatch(name)]:
            after[name] = fresh[name]
        same(fresh, after, 'after a reset')


def saved(host):
    """KVM to KVM."""
    image = '/tmp/registers'
    with kvm_guest(host) as guest:
        guest.launch()
        gdb = debugger(guest)
        fill(gdb)
        run(gdb)
        before = gdb.all()
        guest.migrate(f'file:{image}')
    with kvm_guest(host, '-incoming', f'file:{image}') as guest:
        guest.launch()
        guest.arrive()
        gdb = debugger(guest)
        same(before, gdb.all(), 'restored')
        run(gdb)
        same(before, gdb.all(), 'restored and run')
        expect('warning' not in guest.stderr(), guest.stderr())


def clocks(gdb):
    """The timebase, now and when the decrementer will be zero, from its low 32 bits."""
    tb = gdb.get('tb')
    return tb, (tb + gdb.get('dec')) % (1 << 32)


def apart(one, other):
    return min((one - other) % (1 << 32), (other - one) % (1 << 32))


def clock_holds(host):
    """Time does not pass while the machine is stopped, also for the decrementer."""
    image = '/tmp/registers'
    with kvm_guest(host) as guest:
        guest.launch()
        gdb = debugger(guest)
        fill(gdb)
        run(gdb)
        tb, expiry = clocks(gdb)
        time.sleep(20)
        guest.cmd('human-monitor-command', command_line='info registers')
        expect(clocks(gdb) == (tb, expiry), 'the clock goes on in a machine that is stopped')
        begin = time.monotonic()
        run(gdb)
        # in seconds, with the 32 ms by which the kernel rounds up
        ran = time.monotonic() - begin + 0.1
        later, same_expiry = clocks(gdb)
        expect(tb < later < tb + ran * HZ, f'{tb:#x} -> {later:#x} in {ran} s')
        # Linux computes it again at each exit, from two registers read one after the other
        expect(apart(expiry, same_expiry) < HZ // 5,
               f'the decrementer is off by {apart(expiry, same_expiry)}')
        guest.migrate(f'file:{image}')
    time.sleep(20)
    with kvm_guest(host, '-incoming', f'file:{image}') as guest:
        guest.launch()
        guest.arrive()
        gdb = debugger(guest)
        begin = time.monotonic()
        run(gdb)
        ran = time.monotonic() - begin + 0.1
        now, new_expiry = clocks(gdb)
        expect(later < now < later + ran * HZ, f'{later:#x} -> {now:#x} in {ran} s')
        expect(apart(expiry, new_expiry) < HZ // 5,
               f'the decrementer is off by {apart(expiry, new_expiry)}')


def to_tcg_and_back(host):
    """KVM to TCG to KVM."""
    image = '/tmp/registers'
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / 'image'
        with kvm_guest(host, machine=MIGRATABLE) as guest:
            guest.launch()
            gdb = debugger(guest)
            fill(gdb)
            run(gdb)
            before = gdb.all()
            guest.migrate(f'file:{image}')
        local.write_bytes(host.fetch(image))
        with tcg_guest(folder, '-incoming', f'file:{local}') as guest:
            guest.launch()
            guest.arrive()
            gdb = debugger(guest)
            same(before, gdb.all(), 'by TCG')
            gdb.set('f1', 0)
            run(gdb)
            rounded(gdb)
            same(before, gdb.all(), 'run by TCG')
            before = gdb.all()
            guest.migrate(f'file:{local}')
        host.push(local.read_bytes(), image)
        with kvm_guest(host, '-incoming', f'file:{image}', machine=MIGRATABLE) as guest:
            guest.launch()
            guest.arrive()
            gdb = debugger(guest)
            same(before, gdb.all(), 'by KVM')
            run(gdb)
            same(before, gdb.all(), 'run by KVM')


def rtas_calls(host):
    """For an RTAS call that uses no registers none are read from the kernel."""
    trace = '/tmp/rtas.trace'
    host.run(f'rm -f {trace}')
    status, output = host.qemu(
        '-nodefaults', '-display', 'none', '-serial', 'stdio', '-cpu', CPUS[host.kind],
        '-smp', '1', '-m', '512M', '-M', 'pseries,x-vof=on', '-accel', 'kvm',
        '-kernel', host.place('tests/guest/bench.elf'), '-append', 'rtas',
        env={'IOCTL_TRACE': trace, 'IOCTL_COUNT': 'KVM_GET_REGS'})
    expect(status == 0 and 'BENCH rtas' in output, (status, output))
    total = dict(re.findall(r'^total (\w+) (\d+)$', host.fetch(trace).decode(), re.M))
    # two chunks of 256 calls at least, each of them an exit
    runs, reads = (int(total.get(name, 0)) for name in ('KVM_RUN', 'KVM_GET_REGS'))
    expect(runs >= 512 and reads < 64, f'{runs} exits, registers read {reads} times')


SCENES = {function.__name__.replace('_', '-'): function
          for function in (runs, reset, saved, clock_holds, to_tcg_and_back, rtas_calls)}
