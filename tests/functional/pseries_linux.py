# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux on the pseries machine: what the tests test_ppc64_pseries_*.py share.

Kernel, initramfs and firmware are files of this computer, see LocalAsset.  The
initramfs prints PSERIES-BOOT-OK and starts a shell of busybox, whose prompt is
`pseries # `.
"""

import os
import unittest
from pathlib import Path

from qemu_test import Asset, BUILD_DIR, LinuxKernelTest
from qemu_test import exec_command_and_wait_for_pattern


class LocalAsset(Asset):
    """A file that is never downloaded: a test without it is skipped.

    Distributions replace their kernels, so there is no address with a fixed hash.
    NAME is that in the directory QEMU_TEST_PSERIES_ASSETS of the environment, which
    is the build directory if it is not set.
    """

    def __init__(self, name):
        super().__init__(name, '')
        self.hash = None
        self.directory = Path(os.getenv('QEMU_TEST_PSERIES_ASSETS', BUILD_DIR))
        self.cache_file = self.directory / name

    def fetchable(self):
        return False

    def fetch(self):
        if not self.available():
            raise unittest.SkipTest(self.why_missing())
        return str(self.cache_file)

    def why_missing(self):
        """Why ./configure could not fetch the file, as it says, or how to get it."""
        reason = self.directory / 'guest' / 'missing' / self.cache_file.name
        if reason.is_file():
            return f'{self.cache_file.name}: {reason.read_text().strip()}'
        return (f'{self.cache_file} is missing: `./configure --for=check` makes it, '
                'QEMU_TEST_PSERIES_ASSETS names another directory')


class PseriesLinuxTest(LinuxKernelTest):
    """Drives the shell of a Linux guest, self.vm."""

    ASSET_KERNEL_6_1 = LocalAsset('guest/vmlinux-6.1')          # pages of 64 KiB
    ASSET_KERNEL_6_12 = LocalAsset('guest/vmlinux-6.12')        # pages of 4 KiB
    ASSET_INITRAMFS = LocalAsset('initramfs.cpio')
    ASSET_MODULES_6_1 = LocalAsset('initramfs-6.1.cpio')        # the same, with modules
    ASSET_SLOF = LocalAsset('guest/slof.bin')

    # Linux reports a stall after 120 seconds only: the host may stand still for some
    PATIENT = 'watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120'
    BOOTED = 'PSERIES-BOOT-OK'
    PROMPT = 'pseries # '

    # `check_load N` reports how many of the workers 0 to N of start_load() make no
    # progress in 120 s, and adds one if a worker has had a wrong result.
    CHECK_LOAD = (
        'check_load() { bad=0; for i in $(seq 0 $1); do a=$(cat /done.$i); t=0;'
        ' while [ "$(cat /done.$i)" = "$a" ] && [ $t -lt 120 ]; do'
        ' sleep 1; t=$((t + 1)); done;'
        ' [ "$(cat /done.$i)" != "$a" ] || bad=$((bad + 1)); done;'
        ' [ ! -e /wrong ] || bad=$((bad + 1)); echo bad workers: $bad; }')

    cpu = 'POWER9'
    vm_name = 'default'

    @property
    def vm(self):
        """The guest on whose console the test is; vm_name selects it."""
        return self.get_vm(name=self.vm_name)

    def prepare(self, *args, ic='', mmu='', firmware='vof', kernel='6.1',
                modules=False, append=''):
        """Give self.vm its arguments: ARGS, and those for Linux.

        Options of Linux make it use IC and MMU; it chooses XIVE and radix
        without these, if the CPU has them.  FIRMWARE is vof or slof; with MODULES
        the initramfs has all modules of kernel 6.1, for modprobe.
        """
        self.require_accelerator('tcg')
        self.set_machine('pseries')
        if self.cpu != 'POWER8':
            append += ' xive=off' if ic == 'xics' else ''
            append += ' disable_radix' if mmu == 'hash' else ''
        name = kernel.replace('.', '_')
        initrd = self.ASSET_MODULES_6_1 if modules else self.ASSET_INITRAMFS
        self.vm.set_console()
        self.vm.add_args('-nodefaults', '-m', '1G',
                         '-kernel', getattr(self, f'ASSET_KERNEL_{name}').fetch(),
                         '-initrd', initrd.fetch(),
                         '-append', self.KERNEL_COMMON_COMMAND_LINE +
                         f'{self.PATIENT} console=hvc0 {append}',
                         '-machine', f'x-vof={"on" if firmware == "vof" else "off"}')
        if firmware == 'slof':
            self.vm.add_args('-bios', self.ASSET_SLOF.fetch())
        self.vm.add_args(*args)

    def start(self, *args, **options):
        """Boot Linux to its shell; the arguments are those of prepare()."""
        self.prepare(*args, **options)
        self.vm.launch()
        self.shell()

    def shell(self):
        """Wait for a new shell; its lines must not wrap."""
        self.wait_for_console_pattern(self.BOOTED)
        self.wait_for_console_pattern(self.PROMPT)
        self.run_command('stty cols 4000')

    def run_command(self, command, text=''):
        """Run COMMAND, and fail if it ends without TEXT in its output."""
        if text:
            exec_command_and_wait_for_pattern(self, command, text, self.PROMPT)
            self.wait_for_console_pattern(self.PROMPT)
        else:
            exec_command_and_wait_for_pattern(self, command, self.PROMPT)

    def run_until(self, command, text):
        """Run COMMAND until its output is TEXT; fail after 120 times."""
        self.run_command(f'for i in $(seq 120); do [ "$({command})" = "{text}" ]'
                         f' && break; sleep 1; done; echo found: $({command})',
                         f'found: {text}\r')

    def run_ok(self, command):
        """Run COMMAND, and fail if its status is not 0."""
        self.run_command(f'{command}; echo status: $?', 'status: 0\r')

    def start_load(self, workers):
        """Start WORKERS that compare memory, and count in /done.N how often."""
        self.run_ok('cp /bin/busybox /copy')
        self.run_ok(f'for i in $(seq 0 {workers - 1}); do (n=0;'
                    ' while cmp -s /bin/busybox /copy; do n=$((n + 1));'
                    ' echo $n > /new.$i; mv /new.$i /done.$i; done;'
                    ' echo $i >> /wrong) & done 2> /dev/null')
        self.run_ok(self.CHECK_LOAD)

    def check_load(self, workers):
        """Each of the WORKERS goes on, and none has had a wrong result."""
        self.run_command(f'check_load {workers - 1}', 'bad workers: 0\r')

    def check_log(self):
        """The kernel has reported no error of its own."""
        self.run_command('echo errors: $(dmesg | grep -cE'
                         ' "WARNING|Call Trace|Oops|BUG:|rtas error")',
                         'errors: 0\r')

    def hmp(self, command):
        return self.vm.cmd('human-monitor-command', command_line=command)

    def wait_for_event(self, name, **data):
        """Wait for an event: 60 waits of 2 s, so that a stop of the host ends only one."""
        for _ in range(60):
            try:
                return self.vm.event_wait(name, timeout=2, match={'data': data})
            except TimeoutError:
                pass
        self.fail(f'no event {name} with {data}')

    def unplug(self, device):
        self.vm.cmd('device_del', id=device)

    def wait_for_unplug(self, device):
        self.wait_for_event('DEVICE_DELETED', device=device)

    def power_off(self):
        """Let the guest end QEMU, which must have no error and no warning."""
        vm = self.vm
        exec_command_and_wait_for_pattern(self, 'poweroff -f',
                                          'reboot: Power down', self.PROMPT)
        vm.wait(timeout=None)
        self.assertEqual(vm.exitcode(), 0, vm.get_log())
        self.assertNotIn('warning', vm.get_log())


class PseriesBootTest(PseriesLinuxTest):
    """Boots Linux and checks that it runs in the requested mode."""

    def check_boot(self, ic, mmu, smp, *args, **options):
        """SMP is a number of cores of one thread, or -smp's argument."""
        self.start('-smp', smp, *args, ic=ic, mmu=mmu, **options)
        self.run_command('echo cpus: $(grep -c ^processor /proc/cpuinfo)',
                         f'cpus: {smp.split(",")[0]}\r')
        self.run_command('grep ^cpu /proc/cpuinfo', self.cpu)
        self.run_command('grep ^MMU /proc/cpuinfo', mmu.capitalize())
        self.run_command('cat /proc/interrupts', ic.upper())
        self.assertEqual('LISN' in self.hmp('info pic'), ic == 'xive')
        self.power_off()


class BootMatrix:
    """Four boots of a mode (IC and MMU): either firmware, one and four vCPUs."""

    ic = None
    mmu = None

    def test_vof(self):
        self.check_boot(self.ic, self.mmu, '1')

    def test_vof_smp(self):
        self.check_boot(self.ic, self.mmu, '4')

    def test_slof(self):
        self.check_boot(self.ic, self.mmu, '1', firmware='slof')

    def test_slof_smp(self):
        self.check_boot(self.ic, self.mmu, '4', firmware='slof')
