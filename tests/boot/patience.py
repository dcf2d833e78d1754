# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a test waits for what a guest does, before it takes it for a hang.

The host may be a virtual machine that is stopped for minutes, and go on after that
as if nothing had been: such a time is no sign of a hang.
"""

import os
import time

# a slow host, or a build with sanitizers, takes its time
PATIENCE = float(os.environ.get('TIMEOUT_MULTIPLIER', '1'))


class Wait:
    """SECONDS, times PATIENCE, of waiting in a loop that asks is_over() each time.

    A step of the loop counts for MOST seconds at most, however late it is.
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
