#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux boots on pseries with Power11

from pseries_linux import PseriesBootTest


class Power11(PseriesBootTest):

    cpu = 'Power11'

    def test_xive_radix(self):
        self.check_boot('xive', 'radix', '2', kernel='6.12')

    def test_xics_hash(self):
        self.check_boot('xics', 'hash', '2', kernel='6.12')

    def test_one_host_thread(self):
        self.check_boot('xive', 'radix', '4,threads=4',
                        '-accel', 'tcg,thread=single', kernel='6.12')

    def test_icount(self):
        self.check_boot('xive', 'hash', '2', '-icount', 'shift=1,sleep=off',
                        kernel='6.12')


if __name__ == '__main__':
    PseriesBootTest.main()
