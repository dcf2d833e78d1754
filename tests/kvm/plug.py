# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU cores and memory modules are plugged into a guest of KVM, and unplugged.

KVM cannot destroy a vCPU: QEMU keeps the file of one that is unplugged, and uses it for
the next one with that id.  Memory uses slots of KVM, and a hash guest needs a larger table.

Scenes are cores, cores-reset, cores-saved, modules and modules-saved, with words for the
guest: xics, hash, off (controllers emulated), smt (two threads for each core), and for where
a saved one is restored: to-on, to-off, to-tcg; faults of cores and of modules; and
core-negotiations.
"""

import re

from host import Failure, expect
from migration import BOTH, CarriedLinux
from mmu import calls, hpt_order, mmu
from payloads import PAYLOADS
from qemu.qmp import ExecuteError

TRACE = {'IOCTL_TRACE': '/tmp/plug.trace'}
# calls fail while this file exists
WHEN = '/tmp/plug.when'
MIB = 1 << 20
NOISE = 16 * MIB                # changes of MemTotal for other reasons are smaller
LOAD = ('want=$(md5sum < /bin/busybox); n=0; while :; do '
        'if [ "$(md5sum < /bin/busybox)" = "$want" ]; then n=$((n + 1)); '
        'echo $n > /new.$id; mv /new.$id /done.$id; else echo $id >> /wrong; fi; done')


# --- cores ---

def options_of(words):
    """A guest's options, from the words of a scene's name."""
    append = [option for word, option in (('xics', 'xive=off'), ('hash', 'disable_radix'))
              if word in words]
    threads = 2 if 'smt' in words else 1
    return {
        'smp': f'{threads},maxcpus={3 * threads},threads={threads}',
        'machine': ',vsmt=4' if 'smt' in words else '',
        'irqchip': 'off' if 'off' in words else 'on',
        'append': ' '.join(append),
    }


def slots(guest):
    """{core-id: slot} of query-hotpluggable-cpus."""
    return {slot['props']['core-id']: slot for slot in guest.cmd('query-hotpluggable-cpus')}


def plug(guest, core):
    guest.cmd('device_add', {'driver': slots(guest)[core]['type'], 'id': f'core{core}',
                             'core-id': core})


def unplug(guest, core):
    guest.cmd('device_del', id=f'core{core}')


def gone(guest, name):
    """Wait for DEVICE_DELETED of NAME."""
    try:
        guest.event_wait('DEVICE_DELETED', 120, match={'data': {'device': name}})
    except Failure as failure:
        said = guest.run('dmesg | tail -n 30; cat /sys/devices/system/cpu/online')
        raise Failure(f'{failure}: {said}') from failure


def online(guest):
    cpus = set()
    for part in guest.run('cat /sys/devices/system/cpu/online').strip().split(','):
        first, _, last = part.partition('-')
        cpus |= set(range(int(first), int(last or first) + 1))
    return cpus


def runs_on(guest, *cores):
    """Wait until Linux has this number of cores online; each of their CPUs works.

    It numbers CPUs in the order of plugging, so that the number does not identify the core.
    """
    n = len(cores) * guest.per_core
    guest.poll(lambda: len(online(guest)) == n, f'guest on {n} CPUs')
    expect(len(guest.cmd('query-cpus-fast')) == n, 'other vCPUs than CPUs')
    for cpu in online(guest):
        guest.run(f'taskset {1 << cpu:x} md5sum /bin/busybox')


def load(guest, n):
    for number in range(n):
        guest.run(f"(id={number} sh -c '{LOAD}' &)")


def works(guest, n):
    """N workers make progress, and had no wrong sum."""
    def done():
        return [int(guest.run(f'cat /done.{i} 2> /dev/null || echo 0')) for i in range(n)]
    before = done()
    guest.poll(lambda: all(now > then for now, then in zip(done(), before)), 'work done by each')
    guest.run('[ ! -e /wrong ]')


def well(guest):
    log = guest.run('dmesg')
    found = re.search(r'Call Trace|WARNING|Oops|BUG|rtas error', log)
    expect(not found, log[max(0, found.start() - 300):][:1500] if found else '')


def ends(guest):
    guest.send('poweroff -f\n')
    guest.wait(60)
    expect(guest.exitcode() == 0, f'exit code {guest.exitcode()}: {guest.get_log()}')
    log = guest.get_log().replace('warning: Number of hotpluggable cpus', '')
    expect('warning' not in log, log)


def of_threads(guest, words):
    guest.per_core = 2 if 'smt' in words else 1
    return guest


def booted(host, words, **options):
    return of_threads(host.guest(**{**options_of(words), **options}), words)


def up(guest):
    guest.launch()
    guest.shell()
    guest.run('dmesg -n 1')


def files(guest):
    """The number of KVM's files that QEMU has open."""
    pid = guest._popen.pid  # pylint: disable=protected-access
    return int(guest.host.run(f'ls -l /proc/{pid}/fd | grep -c kvm'))


def cores(host, *words):
    """Both free cores are plugged and unplugged under load; the kernel's vCPUs are reused."""
    host.run(f'rm -f {TRACE["IOCTL_TRACE"]}')
    with booted(host, words, env=TRACE) as guest:
        up(guest)
        one, two = guest.per_core, 2 * guest.per_core
        load(guest, 3)
        opened = []
        for first, second in ((one, two), (two, one), (two, one)):
            plug(guest, first)
            runs_on(guest, 0, first)
            plug(guest, second)
            runs_on(guest, 0, first, second)
            works(guest, 3)
            for core in (one, two):
                unplug(guest, core)
                gone(guest, f'core{core}')
            runs_on(guest, 0)
            opened.append(files(guest))
        works(guest, 3)
        well(guest)
        ends(guest)
        trace = guest.trace()
    expect(opened[0] == opened[-1], f'files of KVM: {opened}')
    made = calls(trace, 'KVM_CREATE_VCPU')
    expect(len(made) == 3 * guest.per_core and all('injected' not in line for line in made), made)


def cores_reset(host, *words):
    """Resets with plugged cores, and with a pending plug and a pending unplug."""
    with booted(host, words) as guest:
        up(guest)
        one, two = guest.per_core, 2 * guest.per_core
        plug(guest, one)
        runs_on(guest, 0, one)
        for way in ('system_reset', 'reboot'):
            load(guest, 3)
            plug(guest, two)
            if way == 'reboot':
                guest.send('reboot -f\n')
                guest.shell()
            else:
                unplug(guest, one)
                guest.cmd('system_reset')
                gone(guest, f'core{one}')
                guest.shell()
                # Linux numbers the CPUs that it finds
                runs_on(guest, 0, one)
                unplug(guest, two)
                gone(guest, f'core{two}')
                plug(guest, one)
            if way == 'system_reset':
                runs_on(guest, 0, one)
        runs_on(guest, 0, one, two)
        unplug(guest, one)
        gone(guest, f'core{one}')
        # its vCPU stays in the kernel during a reset
        guest.cmd('system_reset')
        guest.shell()
        plug(guest, one)
        runs_on(guest, 0, one, two)
        well(guest)
        ends(guest)


class Moved(CarriedLinux):
    """Linux with running work, with the last core plugged and the one before it not."""

    def __init__(self, host, words):
        tcg = 'to-tcg' in words
        super().__init__(host, '', caps=BOTH if tcg else '')
        options = options_of(words)
        options['machine'] += BOTH if tcg else ''
        options.pop('irqchip')
        self.options.update(options)
        self.words = words
        self.extra = ()

    def args(self, where):
        return (*super().args(where), *self.extra)

    def take(self, guest, where):
        super().take(of_threads(guest, self.words), where)


def cores_saved(host, *words):
    """Saved with one core plugged and one unplugged; after it these are unplugged and plugged."""
    first = 'off' if 'off' in words else 'on'
    then = next((word[3:] for word in words if word.startswith('to-')), first)
    with Moved(host, words) as moved:
        moved.begin(first)
        guest = moved.guest
        one, two = guest.per_core, 2 * guest.per_core
        for core in (one, two):
            plug(guest, core)
        runs_on(guest, 0, one, two)
        unplug(guest, one)
        gone(guest, f'core{one}')
        moved.extra = ('-device', f'{slots(guest)[two]["type"]},id=core{two},core-id={two}')
        moved.by_file(then)
        guest = moved.guest
        runs_on(guest, 0, two)
        unplug(guest, two)
        gone(guest, f'core{two}')
        plug(guest, one)
        runs_on(guest, 0, one)
        well(guest)
        moved.passes()


# --- modules ---

def with_memory(words):
    options = options_of(words)
    # movable pages, so that Linux can release a module
    movable = 'memhp_default_state=online_movable movable_node'
    return {**options, 'smp': '2', 'mem': '512M,slots=3,maxmem=2G',
            'append': f'{options["append"]} {movable}'}


def plug_module(guest, name, size):
    guest.cmd('object-add', {'qom-type': 'memory-backend-ram', 'id': f'{name}-mem', 'size': size})
    guest.cmd('device_add', {'driver': 'pc-dimm', 'id': name, 'memdev': f'{name}-mem'})


def module_gone(guest, name):
    gone(guest, name)
    guest.cmd('object-del', id=f'{name}-mem')


def memory(guest):
    return int(guest.run('grep MemTotal /proc/meminfo').split()[1]) * 1024


def has(guest, size):
    guest.poll(lambda: abs(memory(guest) - size) < NOISE, f'guest with {size} bytes')


def fill(guest, name, copies):
    """A file in memory, of COPIES of 1.3 MB, and its checksum."""
    guest.run('mkdir -p /use; grep -q " /use " /proc/mounts || '
              'mount -t tmpfs -o size=1G none /use')
    guest.run(f'(echo {name}; seq 1 200000) > /use/part; '
              f'for i in $(seq {copies}); do cat /use/part; done > /use/{name}')
    return guest.run(f'md5sum /use/{name}').split()[0]


def modules(host, *words):
    """Modules are plugged, filled and unplugged; a hash guest's table grows."""
    host.run(f'rm -f {TRACE["IOCTL_TRACE"]}')
    with host.guest(env=TRACE, **with_memory(words)) as guest:
        up(guest)
        expect(mmu(guest) == ('Hash' if 'hash' in words or host.kind == 'powernv8' else 'Radix'),
               mmu(guest))
        before = memory(guest)
        order = hpt_order(guest) if mmu(guest) == 'Hash' else 0
        for turn in range(2):
            plug_module(guest, 'large', 512 * MIB)
            has(guest, before + 512 * MIB)
            digest = fill(guest, 'kept', 24)
            plug_module(guest, 'small', 256 * MIB)
            has(guest, before + 768 * MIB)
            other = fill(guest, 'other', 8)
            if order:
                expect(hpt_order(guest) > order, f'table of 2^{hpt_order(guest)} bytes')
            # the content of a module moves
            guest.run('rm /use/other')
            unplug_module(guest, 'large' if turn else 'small')
            expect(guest.run('md5sum /use/kept').split()[0] == digest, 'other content')
            unplug_module(guest, 'small' if turn else 'large')
            expect(guest.run('md5sum /use/kept').split()[0] == digest, 'other content')
            expect(other != digest, 'the same')
            has(guest, before)
            guest.run('rm /use/kept')
        well(guest)
        ends(guest)
        trace = guest.trace()
    regions = calls(trace, 'KVM_SET_USER_MEMORY_REGION')
    expect(len(regions) > 8, regions)
    expect(bool(order) == bool(calls(trace, 'KVM_PPC_RESIZE_HPT_COMMIT')), trace)


def unplug_module(guest, name):
    guest.cmd('device_del', id=name)
    module_gone(guest, name)


class MovedMemory(CarriedLinux):
    """Linux with modules, saved and restored."""

    def __init__(self, host, words):
        tcg = 'to-tcg' in words
        super().__init__(host, '', caps=BOTH if tcg else '')
        options = with_memory(words)
        options['machine'] += BOTH if tcg else ''
        options.pop('irqchip')
        self.options.update(options)
        self.extra = ()

    def args(self, where):
        return (*super().args(where), *self.extra)

    def goes_on(self):
        if self.guest.cmd('query-status')['status'] == 'paused':
            self.guest.cmd('cont')
        super().goes_on()


def modules_saved(host, *words):
    """Saved with a module in use and a pending unplug of another; and a reset with both."""
    first = 'off' if 'off' in words else 'on'
    then = next((word[3:] for word in words if word.startswith('to-')), first)
    with MovedMemory(host, words) as moved:
        moved.begin(first)
        guest = moved.guest
        before = memory(guest)
        plug_module(guest, 'used', 512 * MIB)
        has(guest, before + 512 * MIB)
        digest = fill(guest, 'kept', 24)
        moved.extra = ('-object', 'memory-backend-ram,id=used-mem,size=512M',
                       '-device', 'pc-dimm,id=used,memdev=used-mem')
        out = ('-object', 'memory-backend-ram,id=out-mem,size=256M',
               '-device', 'pc-dimm,id=out,memdev=out-mem')
        for where in (then, first):
            plug_module(guest, 'out', 256 * MIB)
            has(guest, before + 768 * MIB)
            guest.cmd('stop')
            guest.cmd('device_del', id='out')
            moved.extra += out
            moved.by_file(where)
            guest = moved.guest
            module_gone(guest, 'out')
            moved.extra = moved.extra[:-len(out)]
            expect(guest.run('md5sum /use/kept').split()[0] == digest, 'other content')
            has(guest, before + 512 * MIB)
        plug_module(guest, 'late', 256 * MIB)
        guest.cmd('device_del', id='used')
        guest.cmd('system_reset')
        module_gone(guest, 'used')
        guest.shell()
        has(guest, before + 256 * MIB)
        unplug_module(guest, 'late')
        has(guest, before)
        well(guest)
        moved.passes()


# --- faults ---

def state(guest):
    """State that a refused device must leave unchanged."""
    # views are printed in any order
    maps = guest.cmd('human-monitor-command', command_line='info mtree -f').splitlines()
    return (sorted(slot['props']['core-id'] for slot in slots(guest).values()
                   if 'qom-path' in slot),
            sorted(cpu['cpu-index'] for cpu in guest.cmd('query-cpus-fast')),
            guest.cmd('query-memory-devices'), sorted(line for line in maps if '(prio' in line))


def refused(guest, fault, plugs):
    """PLUGS fails, with an error of one line, and leaves nothing behind."""
    before = state(guest)
    try:
        plugs()
    except ExecuteError as error:
        said = str(error)
    else:
        raise Failure(f'{fault}: plugged all the same')
    expect(said and '\n' not in said.strip(), f'{fault}: {said}')
    expect(state(guest) == before, f'{fault}: {said}: {before} has become {state(guest)}')


def faulty(host, faults, ic, fails, well_done):
    """For each of FAULTS, the action of FAILS is refused during the fault, and works after it."""
    for fault in faults:
        host.run(f'rm -f {WHEN}')
        # cores of two threads, with vCPU ids 0 and 1, 4 and 5, 8 and 9
        with host.guest(smp='2,maxcpus=6,threads=2', machine=f',ic-mode={ic},vsmt=4', linux=False,
                        mem='256M,slots=2,maxmem=2G', args=('-S',), irqchip='on',
                        env={'IOCTL_FAIL': fault, 'IOCTL_WHEN': WHEN}) as guest:
            guest.launch()
            try:
                host.run(f': > {WHEN}')
                for _ in range(2):
                    refused(guest, fault, lambda: fails(guest))
                host.run(f'rm {WHEN}')
                fails(guest)
                well_done(guest)
            except Exception as failure:
                raise Failure(f'{fault}: {failure!r}: {guest.stderr()}') from failure


def core_negotiations(host):
    """Cores come and go while the guest calls client-architecture-support again and again.

    It never takes a core, so that an unplugged one is removed at once.
    """
    with host.guest(smp='1,maxcpus=3', linux=False, firmware='own', irqchip='on',
                    args=('-kernel', host.place(PAYLOADS), '-append', 'negotiations')) as guest:
        guest.launch()
        guest.until('READY')
        for _ in range(16):
            for core in (1, 2):
                plug(guest, core)
            for core in (1, 2):
                unplug(guest, core)
            for core in (1, 2):
                guest.event_wait('DEVICE_DELETED', 120,
                                 match={'data': {'device': f'core{core}'}})
        guest.send('q')
        guest.until('PASS negotiations')


CORE_FAULTS = (
    'KVM_CREATE_VCPU:*=ENOMEM',
    'KVM_CREATE_VCPU[id=5]:*=ENOMEM',
    'KVM_GET_VCPU_MMAP_SIZE:*=EIO',
    'KVM_GET_SREGS:*=EIO',
    'KVM_SET_SREGS:*=EIO',
    'KVM_ENABLE_CAP[KVM_CAP_PPC_PAPR]:*=EINVAL',
    'mmap[vcpu]:*=ENOMEM',
    'KVM_SET_REGS:*=EIO',
    'KVM_SET_ONE_REG:*=EIO',
)


def core_faults(host):
    """A vCPU that the kernel doesn't create, or does not connect, is refused."""
    def fails(guest):
        plug(guest, 2)

    def well_done(guest):
        unplug(guest, 2)
        gone(guest, 'core2')
        plug(guest, 2)
        guest.cmd('cont')
        plug(guest, 4)
        guest.cmd('system_reset')
        expect(len(guest.cmd('query-cpus-fast')) == 6, 'vCPUs')

    for ic, cap in (('xics', 'KVM_CAP_IRQ_XICS'), ('xive', 'KVM_CAP_PPC_IRQ_XIVE')):
        faulty(host, (f'KVM_ENABLE_CAP[{cap}]:*=ENOSPC',), ic, fails, well_done)
    faulty(host, CORE_FAULTS, 'xive', fails, well_done)


def module_faults(host):
    """If the kernel does not create a memory slot, the module is refused."""
    def fails(guest):
        try:
            guest.cmd('object-add', {'qom-type': 'memory-backend-ram', 'id': 'dimm-mem',
                                     'size': 256 * MIB})
        except ExecuteError:
            pass                        # it exists
        guest.cmd('device_add', {'driver': 'pc-dimm', 'id': 'dimm', 'memdev': 'dimm-mem'})

    def well_done(guest):
        guest.cmd('cont')
        guest.cmd('device_del', id='dimm')
        guest.cmd('system_reset')
        module_gone(guest, 'dimm')

    faulty(host, ('KVM_SET_USER_MEMORY_REGION:*=ENOMEM',), 'xive', fails, well_done)


BY_NAME = (core_negotiations, cores_reset, cores_saved, cores, modules_saved, modules)


def scene(name):
    if name.endswith('faults'):
        return {'core-faults': core_faults, 'module-faults': module_faults}[name]
    for function in BY_NAME:
        prefix = function.__name__.replace('_', '-')
        if name == prefix or name.startswith(f'{prefix}-'):
            rest = name[len(prefix):].replace('-to-', '-to_')
            words = [word.replace('to_', 'to-') for word in rest.split('-') if word]
            return lambda host: function(host, *words)
    raise KeyError(name)
