#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux boots on pseries with POWER10: the modes that differ most, see power9 for all

from pseries_linux import BootMatrix, PseriesBootTest


class XicsHash(BootMatrix, PseriesBootTest):

    cpu = 'POWER10'
    ic = 'xics'
    mmu = 'hash'


class XiveRadix(BootMatrix, PseriesBootTest):

    cpu = 'POWER10'
    ic = 'xive'
    mmu = 'radix'


class Others(PseriesBootTest):

    cpu = 'POWER10'

    def test_small_pages(self):
        self.check_boot('xive', 'radix', '1', firmware='slof', kernel='6.12')

    def test_one_host_thread(self):
        self.check_boot('xive', 'hash', '4', '-accel', 'tcg,thread=single')

    def test_icount(self):
        self.check_boot('xics', 'radix', '2', '-icount', 'shift=1,sleep=off')


if __name__ == '__main__':
    PseriesBootTest.main()
