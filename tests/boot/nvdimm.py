#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Persistent memory in a machine that runs Linux.

    nvdimm.py nvdimm-plug WORDS     a module is plugged while Linux runs, and stays
    nvdimm.py nvdimm-saved WORDS    the guest is saved and restored with a module

Debian's kernels have no driver for it, but they add a plugged module to their device
tree.  WORDS are those of a mode (devguest.py).
"""

from devguest import MIB, DeviceGuest, Mode, blank, poll, workspace
from guest import Failure, expect, main_of

LABELS = 128 << 10
SIZE = 256 * MIB + LABELS
PLACE = '/proc/device-tree/ibm,persistent-memory'


def backend(path):
    return ['-object', f'memory-backend-file,id=mem1,share=on,mem-path={path},size={SIZE}']


def module(number, slot):
    """Options of a module for device_add."""
    return {'driver': 'spapr-nvdimm', 'id': f'nv{number}', 'memdev': f'mem{number}',
            'label-size': LABELS, 'slot': slot,
            'uuid': f'75a3cdd7-6a2f-4791-8d15-fe0a920e8e9{number}'}


def on_the_command_line(options):
    return ['-device', ','.join(f'{name}={value}' for name, value in options.items()
                                if name != 'driver').join(('spapr-nvdimm,', ''))]


def check_node(guest, slot):
    """Linux has the machine's device tree node of the module in SLOT."""
    node = f'{PLACE}/ibm,pmemory@9000000{slot}'
    guest.settle(f'[ -d {node} ]')
    expect(guest.run(f"tr -d '\\0' < {node}/compatible").strip() == 'ibm,pmemory', 'compatible')
    blocks = guest.run(f"hexdump -v -e '1/1 \"%02x\"' {node}/ibm,number-of-blocks; echo").strip()
    expect(int(blocks, 16) == 1, f'{blocks} blocks')
    guest.run(f'[ -e {node}/ibm,hcall-flush-required ]')


def nvdimm_plug(*words):
    """The guest handles the event and adds the connector's node; it is there after a reboot."""
    mode = Mode(*words)
    with workspace() as directory:
        args = backend(blank(directory / 'module', SIZE))
        with DeviceGuest(mode, mem='1G,slots=4,maxmem=4G', args=args) as guest:
            guest.start()
            expect(guest.run(f'ls {PLACE} | grep -c pmemory || true').strip() == '0', 'a module')
            guest.cmd('device_add', **module(1, 2))
            check_node(guest, 2)
            sense = guest.cmd('query-memory-devices')
            expect([device['type'] for device in sense] == ['nvdimm'], f'{sense}')
            try:
                guest.cmd('device_del', id='nv1')
            except Exception as error:  # QEMU's library has a class of its own for it
                expect('not supported yet' in str(error), f'{error}')
            else:
                raise Failure('a module was unplugged')
            guest.send('reboot -f\n')
            guest.shell()
            check_node(guest, 2)
            guest.is_well()


def sent_again(report):
    """Whether a stream has begun to send pages that changed since its first pass."""
    return (report.get('status') in ('completed', 'failed')
            or report.get('ram', {}).get('dirty-sync-count', 0) > 1)


def nvdimm_saved(*words):
    """Saved while all of RAM changes: the stream has the last content of each page."""
    mode = Mode(*words)
    with workspace() as directory:
        state = directory / 'state'
        args = (backend(blank(directory / 'module', SIZE)) + on_the_command_line(module(1, 2)))
        with DeviceGuest(mode, mem='1G,slots=4,maxmem=4G', args=args) as guest:
            guest.start()
            check_node(guest, 2)
            # a file that changes all the time, and its checksum
            guest.run('head -c 24000000 /dev/urandom > /tmp/seed; while true; do'
                      ' for n in 1 2 3 4; do'
                      ' cat /tmp/seed /proc/uptime > /tmp/new$n; md5sum < /tmp/new$n > /tmp/sum$n;'
                      ' mv /tmp/new$n /tmp/data$n;'
                      ' [ "$(md5sum < /tmp/data$n)" = "$(cat /tmp/sum$n)" ] || touch /failed;'
                      ' done; echo >> /tmp/rounds; done & true')
            guest.settle('[ -s /tmp/rounds ]')
            # slow until pages are sent a second time, then fast enough to complete:
            # the test does not depend on how fast the guest changes its memory
            guest.cmd('migrate-set-parameters', max_bandwidth=64 * MIB, downtime_limit=1)
            guest.cmd('migrate', uri=f'file:{state}')
            poll(lambda: sent_again(guest.cmd('query-migrate')), 'a second pass')
            guest.cmd('migrate-set-parameters', max_bandwidth=1 << 40, downtime_limit=60000)
            poll(lambda: guest.cmd('query-migrate').get('status') in ('completed', 'failed'),
                 'saved')
            report = guest.cmd('query-migrate')
            expect(report['status'] == 'completed', 'saving failed')
            expect(report['ram']['dirty-sync-count'] > 1, 'nothing was sent twice')
        with DeviceGuest(mode, mem='1G,slots=4,maxmem=4G',
                         args=[*args, '-incoming', f'file:{state}']) as guest:
            guest.launch()
            poll(lambda: guest.cmd('query-status')['status'] == 'running', 'restored')
            guest.send('\n')
            guest.prompt()
            rounds = int(guest.run('wc -l < /tmp/rounds'))
            guest.settle(f'[ $(wc -l < /tmp/rounds) -gt {rounds + 1} ]')
            guest.run('[ ! -e /failed ]')
            check_node(guest, 2)
            guest.is_well()


if __name__ == '__main__':
    main_of(nvdimm_plug, nvdimm_saved)
