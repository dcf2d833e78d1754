# SPDX-License-Identifier: GPL-2.0-or-later
"""If KVM fails to return a part of a guest's state, the migration fails, and the guest
continues at the source.

The guest is the payload of migration.py.  One call of the kernel fails during a
migration (ioctl-watch.c, IOCTL_WHEN): the migration fails, with an error that
names the state that could not be read, and the guest has lost nothing.  Then the call works,
and the migration, too.
"""

import re

from host import expect
from migration import STATE, Carried

WHEN = '/tmp/saves.fail'
TRACE = '/tmp/saves.trace'
VP_STATE, ICP_STATE, TB_OFFSET = (f'id=0x{reg}' for reg in (
    '104000000000008d', '103000000000008c', '103000000000009c'))

# payload: pairs of a call that fails, and the migration's error
FAULTS = {
    'carry-xive': (
        ('KVM_SET_DEVICE_ATTR[XIVE group=1 attr=0x2]:*=EIO',
         "KVM can't complete XIVE's event queues: "),
        ('KVM_GET_DEVICE_ATTR[XIVE group=4]:*=EIO', "XIVE queue 6 of server 0 can't be read: "),
        (f'KVM_GET_ONE_REG[{VP_STATE}]:*=EIO', "XIVE: the registers of server 0 can't be read: "),
        ('KVM_GET_REGS:*=EIO', "The registers of vCPU id 0 can't be read: KVM_GET_REGS"),
        (f'KVM_GET_ONE_REG[{TB_OFFSET}]:*=EIO',
         "The registers of vCPU id 0 can't be read: .*TB_OFFSET"),
    ),
    'carry-hash': (
        ('KVM_GET_DEVICE_ATTR[XICS group=1]:*=EIO', "Can't read the interrupt sources from KVM: "),
        (f'KVM_GET_ONE_REG[{ICP_STATE}]:*=EIO',
         "Can't read the interrupt presentation state of vCPU id 0"),
        ('read[htab]:*=EIO', "The guest's hash page table can't be read: "),
        ('KVM_PPC_GET_HTAB_FD:*=EMFILE',
         "KVM: no access to the guest's hash page table to read it"),
    ),
}


def fails(guest):
    """Migrate, which must fail; returns the migration's error."""
    guest.cmd('migrate', uri='exec:cat > /dev/null')
    guest.poll(lambda: guest.cmd('query-migrate')['status'] in ('failed', 'completed'),
               'end of the migration')
    answer = guest.cmd('query-migrate')
    expect(answer['status'] == 'failed', 'it went well')
    guest.poll(lambda: guest.cmd('query-status')['status'] == 'running', 'guest that goes on')
    return answer.get('error-desc', '')


def stays(host, payload, fault, says):
    """A migration that fails by FAULT, and one without it."""
    env = {'IOCTL_FAIL': fault, 'IOCTL_WHEN': WHEN, 'IOCTL_TRACE': TRACE,
           'IOCTL_COUNT': 'KVM_SET_ONE_REG'}
    host.run(f'rm -f {WHEN} {TRACE}')
    with Carried(host, payload, '2', ',ic-mode=dual') as carried:
        carried.begin('on', env=env)
        guest = carried.guest
        guest.cmd('migrate-set-parameters', **{'downtime-limit': 30000})
        for _ in range(2):
            host.run(f'touch {WHEN}')
            error = fails(guest)
            host.run(f'rm {WHEN}')
            expect(re.match(says, error), f'{fault}: {error!r}: {guest.stderr()}')
            carried.goes_on()
        expect(' injected' in guest.trace(), f'{fault}: no such call was made')
        carried.by_file('on')
        carried.passes()
    host.run(f'rm -f {STATE} {TRACE}')


def scene_of(payload):
    def scene(host):
        for fault, says in FAULTS[payload]:
            stays(host, payload, fault, says)
    return scene


SCENES = {'xive': scene_of('carry-xive'), 'xics-hash': scene_of('carry-hash')}
