#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux boots on pseries with POWER9

from pseries_linux import BootMatrix, PseriesBootTest


class XicsHash(BootMatrix, PseriesBootTest):

    cpu = 'POWER9'
    ic = 'xics'
    mmu = 'hash'


class XicsRadix(BootMatrix, PseriesBootTest):

    cpu = 'POWER9'
    ic = 'xics'
    mmu = 'radix'


class XiveHash(BootMatrix, PseriesBootTest):

    cpu = 'POWER9'
    ic = 'xive'
    mmu = 'hash'


class XiveRadix(BootMatrix, PseriesBootTest):

    cpu = 'POWER9'
    ic = 'xive'
    mmu = 'radix'


class Others(PseriesBootTest):

    cpu = 'POWER9'

    def test_xive_only(self):
        self.check_boot('xive', 'radix', '4', '-machine', 'ic-mode=xive',
                        kernel='6.12')

    def test_xics_only(self):
        self.check_boot('xics', 'hash', '2', '-machine', 'ic-mode=xics',
                        kernel='6.12')

    def test_one_host_thread(self):
        self.check_boot('xive', 'radix', '4,threads=4',
                        '-accel', 'tcg,thread=single')

    def test_icount(self):
        self.check_boot('xive', 'radix', '2', '-icount', 'shift=1,sleep=off')


if __name__ == '__main__':
    PseriesBootTest.main()
