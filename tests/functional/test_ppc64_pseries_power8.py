#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux boots on pseries with POWER8

from pseries_linux import BootMatrix, PseriesBootTest, PseriesLinuxTest


class XicsHash(BootMatrix, PseriesBootTest):

    cpu = 'POWER8'
    ic = 'xics'
    mmu = 'hash'


class Others(PseriesBootTest):

    cpu = 'POWER8'

    def test_xics_only(self):
        self.check_boot('xics', 'hash', '4', '-machine', 'ic-mode=xics',
                        kernel='6.12')

    def test_one_host_thread(self):
        self.check_boot('xics', 'hash', '4', '-accel', 'tcg,thread=single')

    def test_icount(self):
        self.check_boot('xics', 'hash', '2', '-icount', 'shift=1,sleep=off')


class EndOfConsole(PseriesLinuxTest):

    def test_quit(self):
        """A test that waits for text of a QEMU that ends fails at once."""
        self.set_machine('pseries')
        self.vm.set_console()
        self.vm.add_args('-nodefaults', '-S')
        self.vm.launch()
        self.vm.cmd('quit')
        with self.assertRaisesRegex(AssertionError, 'EOF in console'):
            self.wait_for_console_pattern(self.BOOTED)


if __name__ == '__main__':
    PseriesBootTest.main()
