# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's behaviour if KVM fails, or lacks something.

The guest is the bare-metal payload tests/guest/steps.c, with VOF; the
watcher (ioctl-watch.c) makes KVM's calls fail.  Either QEMU continues, and the guest completes
all its steps; or QEMU exits with status 1 and an error message of one line; or,
where QEMU's common code does so (accel/kvm), the machine stops with such a message.

With PAPR_TELL set, the result of each fault is printed.
"""

import collections
import os
import re
import shlex
import time

from host import CPUS, LAB, expect, words_of
from patience import PATIENCE, Wait

TELL = os.environ.get('PAPR_TELL')
PAYLOAD = 'tests/guest/steps.elf'
QEMU = f'{LAB}/qemu-system-ppc64'
# the errno with which each fails; EINVAL if it is not here
ERRORS = {
    'KVM_CREATE_VM': 'ENOMEM', 'KVM_CREATE_VCPU': 'ENOMEM', 'KVM_CREATE_DEVICE': 'ENOSPC',
    'KVM_CREATE_SPAPR_TCE_64': 'ENOMEM', 'KVM_GET_STATS_FD': 'EMFILE', 'mmap': 'ENOMEM',
    'KVM_PPC_CONFIGURE_V3_MMU': 'EBUSY', 'KVM_SET_DEVICE_ATTR': 'EIO',
    'KVM_HAS_DEVICE_ATTR': 'ENXIO', 'KVM_SET_USER_MEMORY_REGION': 'ENOMEM',
    'KVM_PPC_ALLOCATE_HTAB': 'ENOMEM',
}
# messages of accel/kvm besides the one that is checked
BESIDES = re.compile(r'KVM_CREATE_VCPU IOCTL failed|Please (add|upgrade)|'
                     r'failed to initialize kvm:|PPC KVM module is not loaded|'
                     r'terminating on signal|error while loading state|'
                     r'load of migration failed|^$')


def machine(host, ic, steps, irqchip='', options='', mem='512M'):
    """QEMU's arguments for a guest of those STEPS, without a console."""
    return ['-L', f'{LAB}/guest', '-nodefaults', '-display', 'none', '-cpu', CPUS[host.kind],
            '-m', mem, '-M', f'pseries,x-vof=on,ic-mode={ic}{options}',
            '-accel', f'kvm,kernel-irqchip={irqchip}' if irqchip else 'kvm',
            '-kernel', host.place(PAYLOAD), '-append', steps]


class Outcome:
    """The result of a run of QEMU."""

    def __init__(self, env, status, output):
        self.env = env
        self.status = status
        self.output = output
        self.stopped = '(internal-error)' in output
        lines = [line for line in output.splitlines() if not line.startswith('runstate_set')]
        self.said = [line for line in lines
                     if re.match('qemu|error: ', line) and ': info: ' not in line]
        self.warned = [line for line in self.said if ': warning: ' in line]
        self.errors = [line for line in self.said
                       if ': warning: ' not in line and not BESIDES.search(line)]
        self.injected = ' injected' in output

    @property
    def passed(self):
        return self.status == 0 and 'PASS ' in self.output and not self.stopped

    @property
    def refused(self):
        return self.status == 1 and len(self.errors) == 1

    @property
    def halted(self):
        """Whether it stopped with one line of error."""
        return self.stopped and len(self.errors) == 1

    def __str__(self):
        what = 'goes on' if self.passed else 'ends' if self.refused else \
               'stops' if self.halted else f'BAD status {self.status}'
        env = ' '.join(f'{k}={v}' for k, v in self.env.items())
        text = self.said if self.passed or self.refused or self.halted else [self.output[-1500:]]
        return f'{env}: {what}: {" | ".join(text)}'


# Runs QEMU with the arguments.  A machine that stops for an internal error would
# stay stopped: then QEMU is ended by quit.
SCRIPT = '''
rm -f /tmp/fault.*
one() {{
    echo "<run>"
    timeout -s KILL {seconds} env IOCTL_TRACE=/tmp/fault.trace "$@" \
        > /tmp/fault.out 2>&1 < /dev/null &
    pid=$!
    while kill -0 $pid 2> /dev/null; do
        if grep -q internal-error /tmp/fault.out; then
            sleep 0.3; kill $pid; break
        fi
        usleep 50000
    done
    wait $pid
    echo "<status:$?>"
    cat /tmp/fault.out
    grep ' injected$' /tmp/fault.trace | head -n 1
    rm -f /tmp/fault.*
}}
'''


def run_some(host, runs, seconds):
    script = SCRIPT.format(seconds=int(seconds * PATIENCE))
    for env, args in runs:
        words = [*words_of(env), QEMU, *args, '-serial', 'stdio', '-trace', 'runstate_set']
        script += f'one {shlex.join(words)}\n'
    path = host.push(script.encode(), '/tmp/faults.sh')
    output = host.run(f'sh {path}', seconds=(seconds + 5) * len(runs))
    host.check()
    pieces = output.split('<run>\n')[1:]
    expect(len(pieces) == len(runs), f'{len(pieces)} of {len(runs)} runs')
    for (env, _), piece in zip(runs, pieces):
        found = re.match(r'(?s)(.*?)<status:(\d+)>\n', piece)
        outcome = Outcome(env, int(found.group(2)),
                          found.group(1) + piece[found.end():].replace('\r', ''))
        if TELL:
            print(f'# {outcome}', flush=True)
        yield outcome


def run_all(host, runs, seconds=30):
    """Outcomes of RUNS, pairs of an environment and QEMU's arguments."""
    # some at a time, so that a host answers within the time-out
    return [outcome for n in range(0, len(runs), 8)
            for outcome in run_some(host, runs[n:n + 8], seconds)]


def judge(outcomes, wants_fault=True):
    """Each outcome must be one of the allowed ones."""
    bad = [str(outcome) for outcome in outcomes
           if not (outcome.passed or outcome.refused or outcome.halted) or
           (wants_fault and not outcome.injected and 'KVM_RUN' not in str(outcome.env))]
    expect(not bad, f'{len(bad)} of {len(outcomes)}:\n' + '\n'.join(bad))
    if not TELL:
        kinds = collections.Counter('goes on' if o.passed else 'ends' if o.refused else 'stops'
                                    for o in outcomes)
        print(f'# {len(outcomes)} faults: {dict(kinds)}', flush=True)


def plain_trace(host, args):
    """(name, text in its parentheses) of each call of a run without faults."""
    words = shlex.join(['env', 'IOCTL_TRACE=/tmp/plain.trace', QEMU, *args, '-serial', 'stdio'])
    output = host.run(f'rm -f /tmp/plain.trace; {words}')
    expect('PASS' in output, output)
    trace = host.fetch('/tmp/plain.trace').decode()
    return re.findall(r'^\d+ (\w+)\((.*)\) = ', trace, flags=re.M)


# --- start ---

def detail_of(name, detail):
    """The argument that distinguishes a call from others of its name."""
    words = detail.split()
    if name in ('KVM_ENABLE_CAP', 'mmap'):
        return ' '.join(words[:2]) if words[0] == 'XIVE' else words[0]
    if name in ('KVM_SET_DEVICE_ATTR', 'KVM_HAS_DEVICE_ATTR'):
        return ' '.join(words[:2])
    if name == 'KVM_PPC_RTAS_DEFINE_TOKEN':
        return re.search(r'[-\w]+$', words[0]).group()
    return ''


# for other scenes; and accel/kvm aborts if it has no memory slot
ELSEWHERE = ('KVM_CHECK_EXTENSION', 'KVM_GET_ONE_REG', 'KVM_SET_ONE_REG',
             'KVM_SET_USER_MEMORY_REGION')


def set_up_rules(calls):
    """A fault for each call of the start."""
    counts = collections.Counter()
    for name, detail in calls:
        if name not in ELSEWHERE:
            counts[name, detail_of(name, detail)] += 1
    rules = []
    for (name, detail), count in counts.items():
        which = f'{name}[{detail}]' if detail else name
        # the first, the last, and one between; all if there are few
        nth = sorted({1, 2, (count + 1) // 2, count} & set(range(1, count + 1)))
        rules += [f'{which}:{n}={ERRORS.get(name, "EINVAL")}' for n in nth]
    return rules


def set_up(host, ic, irqchip=''):
    """Every call of the start fails once, in turn."""
    args = machine(host, ic, 'c', irqchip)
    rules = set_up_rules(plain_trace(host, args))
    outcomes = run_all(host, [({'IOCTL_FAIL': rule}, args) for rule in rules])
    judge(outcomes)
    return {outcome.env['IOCTL_FAIL']: outcome for outcome in outcomes}


def setup_xics(host):
    set_up(host, 'xics')


def setup_xive(host):
    set_up(host, 'xive')


def required(host):
    """With kernel-irqchip=on the controller is in the kernel, or QEMU exits."""
    for ic in 'xics', 'xive':
        for rule, outcome in set_up(host, ic, 'on').items():
            expect(not any('emulated' in line for line in outcome.said), str(outcome))
            if outcome.refused and re.search('XICS|XIVE|DEVICE|RTAS', rule):
                expect('kernel-irqchip=on: ' in outcome.errors[0], str(outcome))


def one_regs(host, step):
    """Every register is missing in turn, several at a time, and refused in turn."""
    args = machine(host, 'dual', 'c')
    calls = plain_trace(host, args)
    ids = {'GET': collections.Counter(), 'SET': collections.Counter()}
    for name, detail in calls:
        if name.endswith('_ONE_REG'):
            ids[name[4:7]][re.match(r'id=0x\w+', detail).group()] += 1
    # every kernel on which QEMU runs has the areas that a guest registers
    missing = [f'KVM_GET_ONE_REG[{reg}]:*=EINVAL' for reg in ids['GET']
               if not re.search('0000008[234]$', reg)]
    runs = [({'IOCTL_FAIL': ','.join(missing[n:n + 15])}, args) for n in range(0, len(missing), 15)]
    outcomes = run_all(host, runs)
    judge(outcomes)
    for outcome in outcomes:
        expect(outcome.passed and not outcome.said, str(outcome))
    runs = [({'IOCTL_FAIL': f'KVM_{what}_ONE_REG[{reg}]:{nth}=EIO'}, args)
            for what, nth in (('SET', 1), ('GET', 2))
            for reg in [reg for reg, count in ids[what].items() if count >= nth][::step]]
    judge(run_all(host, runs))


def registers(host):
    one_regs(host, 12)


def each_register(host):
    one_regs(host, 1)


# --- capabilities ---

def without(host, ic, steps, wanted=lambda cap: True):
    args = machine(host, ic, steps)
    asked = sorted({detail for name, detail in plain_trace(host, args)
                    if name == 'KVM_CHECK_EXTENSION' and detail.startswith('KVM_')})
    runs = [({'IOCTL_CAPS': f'{cap}=0'}, args) for cap in asked if wanted(cap)]
    outcomes = run_all(host, runs)
    judge(outcomes, wants_fault=False)
    return {outcome.env['IOCTL_CAPS'][:-2]: outcome for outcome in outcomes}


def capabilities(host):
    """Each capability that QEMU checks is missing, in turn."""
    without(host, 'dual', 'ctwvIcb')
    matter = ('IRQ_XICS', 'DEVICE_CTRL', 'IMMEDIATE_EXIT', 'ENABLE_HCALL', 'TCE_64', 'HASH_V3')
    without(host, 'xive', 'xc', lambda cap: cap.endswith(matter))


# --- failures after the start ---

def later(host, faults):
    """FAULTS: environment, controllers, steps, QEMU's message (None: nothing), options."""
    runs, says = [], []
    for fault, ic, steps, said, *options in faults:
        runs.append(({'IOCTL_FAIL': fault}, machine(host, ic, steps, *options)))
        says.append(said)
    outcomes = run_all(host, runs)
    judge(outcomes)
    for outcome, said in zip(outcomes, says):
        text = '\n'.join(outcome.said)
        expect(re.search(said, text) if said else not text, str(outcome))
        expect(outcome.passed == (said is None or not said.startswith('(?#')), str(outcome))


NO_TCE = 'warning: KVM has no memory for a TCE table'
EMULATED = 'warning: {}-kvm: emulated instead: '


def windows(host):
    """TCE tables: at start, of a dynamic window, at reboots."""
    name = 'KVM_CREATE_SPAPR_TCE_64'
    later(host, [
        (f'{name}:*=ENOMEM', 'dual', 'twvtbtwbwv', NO_TCE),
        (f'{name}[liobn=0x80000001]:*=ENOMEM', 'dual', 'twvtbtwbwv', NO_TCE),
        (f'{name}[liobn=0x80000001]:2=ENOMEM', 'dual', 'twvwvtbwv', NO_TCE),
        (f'{name}[liobn=0x80000001]=EINVAL', 'dual', 'twvtbwbwv', None),
        (f'{name}:2=EBUSY', 'dual', 'twvtbwbwv', None),
        ('mmap[tce]:1=ENOMEM', 'dual', 'twvtbwbwv', NO_TCE),
        ('mmap[tce]:2=ENOMEM', 'dual', 'twvtbwbwv', NO_TCE),
        ('mmap[tce]:3=EAGAIN', 'dual', 'twvtbwbwv', None),
    ])


def controllers(host):
    """The device of a controller, at client-architecture-support and at reset."""
    xics, xive = (EMULATED.format(name) for name in ('xics', 'xive'))
    steps = 'cxcicxcbcxcbc'
    later(host, [
        ('KVM_CREATE_DEVICE[XIVE]=ENOSPC', 'dual', steps, xive),
        ('KVM_SET_DEVICE_ATTR[XIVE group=1]=EINVAL', 'dual', steps, xive),
        ('KVM_SET_DEVICE_ATTR[XIVE group=2]:7=EIO', 'dual', steps, xive),
        ('KVM_ENABLE_CAP[KVM_CAP_PPC_IRQ_XIVE]=ENOSPC', 'dual', steps, xive),
        ('mmap[XIVE]=ENOMEM', 'dual', steps, xive),
        ('mmap[XIVE]:2=ENOMEM', 'dual', steps, xive),
        ('KVM_CREATE_DEVICE[XIVE]:*=ENOSPC', 'dual', steps, xive),
        ('KVM_CREATE_DEVICE[XICS]:2=ENOMEM', 'dual', steps, xics),
        ('KVM_CREATE_DEVICE[XICS]:3=ENOMEM', 'dual', steps, xics),
        ('KVM_CREATE_DEVICE:*=ENOMEM', 'dual', steps, xics),
        ('KVM_SET_DEVICE_ATTR[XICS group=1]:20=EIO', 'dual', steps, xics),
        ('KVM_PPC_RTAS_DEFINE_TOKEN:10=EINVAL', 'dual', steps, xics),
        # requests of the guest later
        ('KVM_SET_DEVICE_ATTR[XIVE group=4]=EINVAL', 'xive', 'c', 'XIVE queue 6 of server 0'),
        # another failure has another message
        ('KVM_SET_DEVICE_ATTR[XIVE group=4]=EINVAL,KVM_SET_DEVICE_ATTR[XIVE group=3 attr=0x0]=EIO',
         'xive', 'ccc', '(?s)XIVE queue 6 of server 0.*XIVE source 0x0: '),
    ])


def kept(host):
    """With kernel-irqchip=on the guest keeps the controller that it has, in the kernel."""
    steps = 'cxcicbc'
    later(host, [
        ('KVM_CREATE_DEVICE[XIVE]:*=ENOSPC', 'dual', steps, 'kernel-irqchip=on: xive-kvm', 'on'),
        ('mmap[XIVE]:*=ENOMEM', 'dual', steps, 'kernel-irqchip=on: xive-kvm', 'on'),
        # at a reset there is no alternative
        *((f'KVM_CREATE_DEVICE[XICS]:{nth}=ENOSPC', 'dual', to_reset,
           'emulated until the next reset: kernel-irqchip=on: xics-kvm', 'on')
          for nth, to_reset in ((2, 'cxcbcbc'), (3, steps))),
    ])


def tables(host):
    """Hash page tables: none, a small one, none larger."""
    old = ',max-cpu-compat=power8'
    later(host, [
        ('KVM_PPC_ALLOCATE_HTAB=ENOMEM', 'dual', 'Ichcbc', 'memory for a hash page table'),
        ('KVM_PPC_ALLOCATE_HTAB:*=ENOMEM', 'dual', 'Icbc', "KVM can't allocate a hash page table"),
        ('KVM_PPC_ALLOCATE_HTAB:*=EBUSY', 'dual', 'Icbc', "KVM can't allocate a hash page table"),
        ('KVM_PPC_ALLOCATE_HTAB=ENOMEM', 'dual', 'cbc', 'memory for a hash page table', '', old),
        ('KVM_PPC_ALLOCATE_HTAB:2=ENOMEM', 'dual', 'cbc', 'memory for a hash page table', '', old),
        ('KVM_PPC_RESIZE_HPT_PREPARE=ENOMEM', 'dual', 'Ihchc', None),
        ('KVM_PPC_RESIZE_HPT_PREPARE=EINVAL', 'dual', 'Ihchc', None),
        ('KVM_PPC_RESIZE_HPT_COMMIT=ENOSPC', 'dual', 'Ihchc', None),
        ('KVM_PPC_RESIZE_HPT_COMMIT=ENXIO', 'dual', 'Ihchc', None),
        ('KVM_PPC_CONFIGURE_V3_MMU:2=EINVAL', 'dual', 'Icbc', '(?#ends)use max-cpu-compat=power8'),
    ])


def entries(host):
    """KVM_RUN itself."""
    later(host, [
        ('KVM_RUN:9=EINTR', 'dual', 'cxcbc', None),
        ('KVM_RUN:9=EAGAIN', 'dual', 'cxcbc', None),
        ('KVM_RUN:9=EINVAL', 'dual', 'cxcbc', '(?#stops)Invalid argument'),
        ('KVM_RUN:1=ENOMEM', 'dual', 'cxcbc', '(?#stops)Cannot allocate memory'),
    ])


# --- leaks ---

def possessions(host, guest):
    """QEMU's file descriptors, by their kind, and mappings, by theirs.

    Mappings without access rights do not count: they have no memory.
    """
    proc = f'/proc/{guest.get_pid()}'
    links = host.run(f'cd {proc}/fd && for f in *; do readlink $f; done; true')
    maps = [line.split(None, 5) for line in host.run(f'cat {proc}/maps').splitlines()]
    return (collections.Counter(re.sub(r'\d+', '', links).split('\n')),
            collections.Counter(f'{entry[1]} {entry[5] if len(entry) > 5 else "memory"}'
                                for entry in maps if entry[1] != '---p'))


def no_more(host, guest, before, slack):
    """Wait until QEMU has no more than BEFORE; mappings may wait for a grace period."""
    wait = Wait(60)
    while True:
        files, maps = (now - then for now, then in zip(possessions(host, guest), before))
        if not files and maps.total() <= slack:
            return
        expect(not wait.is_over(), f'more files: {dict(files)}, mappings: {dict(maps)}')
        time.sleep(0.5)


def leaves_nothing(host, prelude, step, times, fault='', irqchip='', says=''):
    """After STEP is repeated there are as many descriptors and mappings as before."""
    env = {'IOCTL_TRACE': '/tmp/leaks.trace', **({'IOCTL_FAIL': fault} if fault else {})}
    args = ('-kernel', host.place(PAYLOAD), '-append', f'{prelude * 2}s{step * times}s')
    with host.guest(linux=False, firmware='own', irqchip=irqchip, args=args, env=env) as guest:
        guest.launch()
        guest.until(r'AT \d+')
        before = possessions(host, guest)
        guest.send(' ')
        found = guest.until(r'AT \d+|FAIL.*')
        expect(found.group().startswith('AT'), found.group())
        no_more(host, guest, before, times // 2)
        if fault:
            expect(' injected' in guest.trace(), f'{fault}: no such call was made')
        expect(re.search(says, guest.stderr()), f'{fault}: {guest.stderr()}')
        guest.send(' ')
        guest.until('PASS')
        guest.wait(60)
        host.run('rm -f /tmp/leaks.trace')


def leaks(host):
    """Controllers, page tables and DMA windows are created and freed, without leaks."""
    for prelude, step, times in (('xcic', 'xcic', 20), ('xcb', 'xcb', 20), ('wv', 'wv', 20),
                                 ('wb', 'wb', 20), ('Ihb', 'Ihb', 8)):
        leaves_nothing(host, prelude, step, times)


# a fault each time that the guest chooses XIVE
NO_XIVE = ('KVM_CREATE_DEVICE[XIVE]:*=ENOSPC',
           'KVM_SET_DEVICE_ATTR[XIVE group=1 attr=0x3]:*=EINVAL',
           'KVM_SET_DEVICE_ATTR[XIVE group=2 attr=0x1202]:*=EIO',
           'KVM_ENABLE_CAP[KVM_CAP_PPC_IRQ_XIVE]:*=ENOSPC', 'mmap[XIVE 0x4]:*=ENOMEM')


def leaks_of_faults(host):
    """The same for requests that fail."""
    for fault in NO_XIVE:
        leaves_nothing(host, 'xcic', 'xcic', 20, fault, says='xive-kvm: emulated instead')
    leaves_nothing(host, 'xcic', 'xcic', 20, NO_XIVE[-1], 'on', says='kernel-irqchip=on: xive-kvm')
    leaves_nothing(host, 'wv', 'wv', 20, 'mmap[tce]:*=ENOMEM')
    leaves_nothing(host, 'Ib', 'Ib', 10, 'KVM_PPC_ALLOCATE_HTAB:*=ENOMEM')


# --- migration ---

STATE = '/tmp/faults.state'
# a guest that can't be loaded, and QEMU's message
NOT_COME = (
    ('KVM_SET_DEVICE_ATTR[XIVE group=1 attr=0x1]=EIO', 'KVM_SET_DEVICE_ATTR failed'),
    ('KVM_SET_DEVICE_ATTR[XIVE group=2]:12=EIO', 'XIVE source 0x'),
    ('KVM_SET_DEVICE_ATTR[XIVE group=4]=EINVAL', 'XIVE queue 6 of server 0'),
    ('KVM_SET_ONE_REG[id=0x1030000000000080]:*=EINVAL', 'register FPSCR'),
    ('KVM_SET_ONE_REG[id=0x1030000000000010]:*=EIO', 'register MMCR0'),
    ('KVM_SET_ONE_REG[id=0x10300000000000be]:*=EIO', 'register DEC_EXPIRY'),
    ('KVM_SET_REGS:3=EINVAL', 'KVM_SET_REGS'),
    ('KVM_PPC_CONFIGURE_V3_MMU:2=EINVAL', ''),
)
# a guest that is loaded nevertheless
COME = (
    ('KVM_CREATE_DEVICE[XIVE]=ENOSPC', 'emulated'),
    ('KVM_SET_REGS:2=EINVAL', 'after reset'),
    ('KVM_CREATE_SPAPR_TCE_64:*=ENOMEM', 'TCE'),
    ('KVM_CREATE_SPAPR_TCE_64:2=ENOMEM', 'TCE'),
    ('mmap[tce]:2=ENOMEM', 'TCE'),
)


def visitor(host, env, *args):
    """A guest that waits at a step, or that is restored from there."""
    return host.guest(linux=False, firmware='own', env=env,
                      args=('-kernel', host.place(PAYLOAD), '-append', 'xcwsc', *args))


def incoming(host):
    """Faults during an incoming migration."""
    with visitor(host, {}) as guest:
        guest.launch()
        guest.until(r'AT \d+')
        guest.migrate(f'file:{STATE}')
    args = [*machine(host, 'dual', 'xcwsc'), '-incoming', f'file:{STATE}']
    outcomes = run_all(host, [({'IOCTL_FAIL': fault}, args) for fault, _ in NOT_COME])
    judge(outcomes)
    for outcome, (_, says) in zip(outcomes, NOT_COME):
        expect(outcome.refused and says in outcome.errors[0], str(outcome))
    for fault, says in COME:
        env = {'IOCTL_TRACE': '/tmp/come.trace', 'IOCTL_FAIL': fault}
        host.run('rm -f /tmp/come.trace')
        with visitor(host, env, '-incoming', f'file:{STATE}') as guest:
            guest.launch()
            guest.arrive()
            guest.send(' ')
            guest.until('PASS')
            guest.wait(60)
            expect(' injected' in guest.trace() and says in guest.get_log(),
                   f'{fault}: {guest.get_log()}')


# --- other hosts, other machines ---

def ended(host, *args, says, script='', **env):
    """QEMU exits with a line that matches SAYS; SCRIPT runs it."""
    command = shlex.join(['env', *words_of(env), QEMU, '-L', f'{LAB}/guest', '-nodefaults',
                          '-display', 'none', '-S', *args])
    status, output = host.call(f'{script}\n{command}')
    errors = Outcome(env, status, output).errors
    expect(status == 1 and len(errors) == 1 and re.search(says, errors[0]), (status, output))
    if TELL:
        print(f'# {args} {env}: {errors[0]}', flush=True)


def starts(host, *args, script='', **env):
    """QEMU creates the machine, and only prints what the host lacks."""
    command = shlex.join(['env', *words_of(env), QEMU, '-L', f'{LAB}/guest', '-nodefaults',
                          '-display', 'none', '-S', '-monitor', 'stdio', *args])
    status, output = host.call(f'{script}\necho quit | {command}')
    outcome = Outcome(env, status, output)
    expect(status == 0 and not outcome.said, (status, output))
    if TELL:
        print(f'# {args} {env}: starts', flush=True)
    return output


# no device tree in /proc: the CPU's properties come from the kernel's other interfaces
NO_TREE = """
mkdir -p /tmp/empty
mount --bind /tmp/empty /sys/firmware/devicetree/base || exit 9
trap 'umount /sys/firmware/devicetree/base' EXIT
"""


def questions(host):
    """Queries of the host before there is a guest, and QEMU's messages about the results."""
    kvm = ('-accel', 'kvm')
    pseries = ('-M', 'pseries', *kvm)
    if host.kind == 'powernv8':
        starts(host, *pseries, IOCTL_CAPS='KVM_CAP_PPC_HTM=0')
        return
    if host.kind == 'powernv10':
        starts(host, '-M', 'pseries,cap-dawr1=on', *kvm)
        ended(host, '-M', 'pseries,cap-dawr1=on', *kvm, says='use cap-dawr1=off',
              IOCTL_FAIL='KVM_ENABLE_CAP[KVM_CAP_PPC_DAWR1]=EINVAL')
        return
    ended(host, '-M', 'pseries', '-accel', 'kvm,kernel-irqchip=split', says='use on or off')
    starts(host, '-M', 'none', *kvm)
    for possible, says in ('15', '1, 2, 4, 8'), ('0', '1 only'):
        status, output = host.qemu('-M', 'pseries,vsmt=8', '-smp', '8,threads=8', '-S',
                                   '-nodefaults', '-display', 'none', *kvm,
                                   env={'IOCTL_CAPS': f'KVM_CAP_PPC_SMT_POSSIBLE={possible}',
                                        'IOCTL_FAIL': 'KVM_ENABLE_CAP[KVM_CAP_PPC_SMT]=EINVAL'})
        expect(status == 1 and f'This host supports vsmt={says}.' in output, (status, output))
    # requests that the kernel offers, and then refuses
    ended(host, '-M', 'pseries,cap-nested-hv=on', *kvm, says='use cap-nested-hv=off',
          IOCTL_FAIL='KVM_ENABLE_CAP[KVM_CAP_PPC_NESTED_HV]=EINVAL')
    ended(host, '-M', 'pseries,cap-rpt-invalidate=on', *kvm, says='use cap-rpt-invalidate=off',
          IOCTL_FAIL='KVM_ENABLE_CAP[KVM_CAP_PPC_ENABLE_HCALL vm 1096]=EINVAL')
    # random numbers by the kernel
    rng = ('-device', 'spapr-rng,use-kvm=true')
    starts(host, *pseries, *rng)
    ended(host, *pseries, *rng, says='H_RANDOM', IOCTL_CAPS='KVM_CAP_PPC_HWRNG=0')
    # hypercalls of KVM itself, which kvm-pr has
    starts(host, *pseries, IOCTL_CAPS='KVM_CAP_PPC_GET_PVINFO=1')
    starts(host, *pseries, script=NO_TREE)


SCENES = {scene.__name__.replace('_', '-'): scene for scene in (
    questions, capabilities, setup_xics, setup_xive, required, registers, each_register, windows,
    controllers, kept, tables, entries, leaks, leaks_of_faults, incoming)}
