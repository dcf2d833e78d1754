/*
 * pSeries interrupts: a vCPU's external interrupt input
 *
 * Called by the XICS and XIVE presenters.  Locking: see cpu-line.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "hw/qdev-core.h"
#include "target/ppc/cpu.h"
#include "cpu-line.h"

bool papr_cpu_line_connect(PaprCpuLine *line, PowerPCCPU *cpu, Error **errp)
{
    static const int pins[] = {
        [PPC_FLAGS_INPUT_970] = PPC970_INPUT_INT + 1,
        [PPC_FLAGS_INPUT_POWER7] = POWER7_INPUT_INT + 1,
        [PPC_FLAGS_INPUT_POWER9] = POWER9_INPUT_INT + 1,
    };
    unsigned int bus = PPC_INPUT(&cpu->env);

    if (bus >= ARRAY_SIZE(pins) || !pins[bus]) {
        error_setg(errp, "CPU type %s has no interrupt input that a pseries "
                   "machine can drive; use a POWER7 or later CPU",
                   object_get_typename(OBJECT(cpu)));
        return false;
    }
    line->input = qdev_get_gpio_in(DEVICE(cpu), pins[bus] - 1);
    return true;
}

void papr_cpu_line_disconnect(PaprCpuLine *line)
{
    qemu_irq_lower(line->input);
    line->input = NULL;
}

void papr_cpu_line_follow(PaprCpuLine *line, PaprCpuLineWanted *wanted,
                          const void *state)
{
    BQL_LOCK_GUARD();

    qemu_set_irq(line->input, wanted(state));
}
