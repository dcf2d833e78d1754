# SPDX-License-Identifier: GPL-2.0-or-later
"""Time-outs of tests: how long they wait for a guest.

The host may be a virtual machine that is stopped for minutes and then continues:
that time must not count.
"""

import os
import time

# a slow host, or a build with sanitizers, needs more time
PATIENCE = float(os.environ.get('TIMEOUT_MULTIPLIER', '1'))


class Wait:
    """A wait of SECONDS, times PATIENCE, in a loop that calls is_over() each time.

    A step of the loop counts as MOST seconds at most, however long it took.
    """

    MOST = 5

    def __init__(self, seconds):
        self.left = seconds * PATIENCE
        self.asked = time.monotonic()

    def is_over(self):
        now = time.monotonic()
        self.left -= min(now - self.asked, self.MOST)
        self.asked = now
        return self.left < 0
