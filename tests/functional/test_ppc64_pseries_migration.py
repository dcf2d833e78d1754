#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux on pseries migrates, and is saved and restored

import os
import subprocess
import time

from pseries_linux import PseriesLinuxTest
from qemu_test import get_qemu_img


class Migration(PseriesLinuxTest):
    """A guest with four busy vCPUs goes on where it arrives."""

    WORKERS = 5
    SMP = ('-smp', '4')

    def start_guest(self, *args, **options):
        self.start(*self.SMP, *args, append='quiet', **options)
        self.start_load(self.WORKERS)
        self.check_load(self.WORKERS)

    def check_guest(self, ic):
        """The guest that has arrived answers, works, and can reboot."""
        self.run_command('echo')
        self.check_load(self.WORKERS)
        self.run_command('cat /proc/interrupts', ic.upper())
        self.check_log()

    def wait_for_migration(self, vm):
        while vm.cmd('query-migrate').get('status') not in ('completed',
                                                            'failed'):
            time.sleep(0.1)
        answer = vm.cmd('query-migrate')
        self.assertEqual(answer['status'], 'completed', answer)

    def prepare_destination(self, uri, *args, **options):
        """self.vm becomes another QEMU, which waits for the stream."""
        self.vm_name = 'destination'
        self.prepare(*self.SMP, *args, '-incoming', uri, append='quiet',
                     **options)

    def check_live(self, ic, mmu):
        options = {'ic': ic, 'mmu': mmu}
        uri = f'unix:{os.path.join(self.socket_dir().name, "migration")}'
        self.start_guest(**options)
        source = self.vm
        self.prepare_destination(uri, **options)
        self.vm.launch()
        source.cmd('migrate', uri=uri)
        self.wait_for_migration(source)
        self.wait_for_migration(self.vm)
        self.assertEqual(self.vm.cmd('query-status')['status'], 'running')
        self.assertEqual(source.cmd('query-status')['status'], 'postmigrate')
        self.check_guest(ic)

    def check_file(self, ic, mmu):
        options = {'ic': ic, 'mmu': mmu}
        uri = f'file:{self.scratch_file("stream")}'
        self.start_guest(**options)
        self.vm.cmd('migrate', uri=uri)
        self.wait_for_migration(self.vm)
        self.vm.shutdown()
        self.prepare_destination(uri, **options)
        self.vm.launch()
        self.wait_for_migration(self.vm)
        self.check_guest(ic)
        self.run_command('reboot -f', self.BOOTED)

    def check_snapshot(self, ic, mmu):
        image = self.scratch_file('disk.qcow2')
        subprocess.run([get_qemu_img(self), 'create', '-q', '-f', 'qcow2',
                        image, '16M'], check=True)
        self.start_guest('-drive', f'if=none,id=disk,file={image}',
                         ic=ic, mmu=mmu)
        self.run_ok('echo before > /when')
        self.assertEqual(self.hmp('savevm point'), '')
        self.run_ok('echo after > /when')
        self.assertEqual(self.hmp('loadvm point'), '')
        self.check_guest(ic)
        self.run_command('cat /when', 'before')

    def test_live_xive_radix(self):
        self.check_live('xive', 'radix')

    def test_live_xics_hash(self):
        self.check_live('xics', 'hash')

    def test_file_xive_radix(self):
        self.check_file('xive', 'radix')

    def test_file_xive_hash(self):
        self.check_file('xive', 'hash')

    def test_file_xics_radix(self):
        self.check_file('xics', 'radix')

    def test_file_xics_hash(self):
        self.check_file('xics', 'hash')

    def test_snapshot_xive_hash(self):
        self.check_snapshot('xive', 'hash')

    def test_snapshot_xics_radix(self):
        self.check_snapshot('xics', 'radix')


if __name__ == '__main__':
    PseriesLinuxTest.main()
