/*
 * Reboots while every vCPU is in some call or device access
 *
 * A reset may find a vCPU anywhere: in a hypercall whose results are not yet in
 * its registers, in an RTAS call, in a load from a device.  Nothing of that may
 * show in the machine that comes up: what a vCPU is entered with is checked
 * each time.  All results of the calls here are recognizable.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define REBOOTS     200
#define CALLS       12                  /* of each vCPU in a boot, at least */
#define PATTERN     0xbad0bad000000000ull
/* no device is there: not in RAM, within the host bridge's window */
#define PCI_MEM     0x200080000000ull
#define DECREMENTER_SOON 2000

/* Firmware loads the payload anew, but leaves other memory as it is */
struct log {
    uint64_t magic;
    uint64_t boots;
};
static volatile struct log *const log = (struct log *)0x4000000;
#define MAGIC       0x7265626f6f747321ull

static volatile uint64_t calls[CPUS];

static void pattern_hypercall(uint64_t op)
{
    uint64_t regs[10] = { op };

    for (int i = 1; i < 10; i++) {
        regs[i] = PATTERN + i;
    }
    hypercall(regs);
}

static void one_call(struct cpu *cpu, uint64_t choice)
{
    uint32_t rets[8];

    switch (choice % 8) {
    case 0:
        /* no such terminal: nine results to write back all the same */
        pattern_hypercall(H_GET_TERM_CHAR);
        break;
    case 1:
        pattern_hypercall(H_READ);
        break;
    case 2:
        pattern_hypercall(H_INT_GET_SOURCE_INFO);
        break;
    case 3:
        rtas(RTAS_GET_TIME_OF_DAY, 0, NULL, 8, rets);
        break;
    case 4:
        rtas(RTAS_QUERY_CPU_STOPPED_STATE, 1, (uint32_t[]){ cpu->id }, 2, rets);
        break;
    case 5:
        (void)*(volatile uint32_t *)(PCI_MEM + 8 * (choice % 64));
        break;
    case 6:
        hypercall((uint64_t[10]){ H_LOGICAL_CI_LOAD, 4, PCI_MEM });
        break;
    case 7:
        set_decrementer(DECREMENTER_SOON);
        hcall(H_CEDE, 0, 0, 0, 0);
        interrupts(false);
        break;
    }
}

static void check_entry(struct cpu *cpu)
{
    /* r4 is the initrd's size or 0, r5 firmware's entry for the boot vCPU */
    for (int i = 0; i < ENTRY_REGS; i++) {
        if (i != 1 || cpu->id) {
            expect(cpu->entered_with[i], 0);
        }
    }
}

static bool all_are_busy(void)
{
    for (unsigned id = 0; id < CPUS; id++) {
        if (calls[id] < CALLS) {
            return false;
        }
    }
    return true;
}

static void storm(struct cpu *cpu)
{
    uint64_t seed = 0x1357 + log->boots * 0x2468ace + cpu->id;
    uint32_t status;

    cpu->skip_machine_checks = true;
    check_entry(cpu);
    for (;;) {
        one_call(cpu, random_next(&seed));
        calls[cpu->id]++;
        if (log->boots % CPUS == cpu->id && all_are_busy()) {
            rtas(RTAS_SYSTEM_REBOOT, 0, NULL, 1, &status);
        }
    }
}

void test_reboot_storm(void)
{
    if (log->magic != MAGIC) {
        log->magic = MAGIC;
        log->boots = 0;
    }
    expect(boot_r3, 0);
    check_entry(&cpus[0]);
    if (++log->boots > command_number(REBOOTS)) {
        return;
    }
    for (unsigned id = 0; id < CPUS; id++) {
        calls[id] = 0;
    }
    for (unsigned id = 1; id < CPUS; id++) {
        expect(start_cpu(id, storm, NULL), true);
    }
    storm(&cpus[0]);
}
