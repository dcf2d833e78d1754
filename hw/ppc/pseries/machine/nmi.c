/*
 * pSeries platform: system reset interrupts, by the user or by the guest
 *
 * For inject-nmi and H_SIGNAL_SYS_RESET.  The interrupt goes to the handler
 * that the guest registered by ibm,nmi-register (FWNMI, firmware assisted
 * non-maskable interrupts, LoPAR 7.3.14), else to vector 0x100.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/nmi.h"
#include "system/cpus.h"
#include "machine.h"

/*
 * In @cpu's own thread, with the BQL.  If @cpu runs a nested guest, that exits
 * first: the interrupt is the partition's.
 */
void papr_machine_system_reset_irq(void *machine, PowerPCCPU *cpu)
{
    papr_nested_interrupt(((PaprMachine *)machine)->nested, cpu);
    papr_fwnmi_system_reset(((PaprMachine *)machine)->fwnmi, CPU(cpu));
}

static void system_reset_on_cpu(CPUState *cs, run_on_cpu_data data)
{
    papr_machine_system_reset_irq(data.host_ptr, POWERPC_CPU(cs));
}

/* inject-nmi: to all CPUs, as a hardware console's reset button does */
static void inject_nmi_to_all(NMIState *n, int cpu_index, Error **errp)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        async_run_on_cpu(cs, system_reset_on_cpu,
                         RUN_ON_CPU_HOST_PTR(PAPR_MACHINE(n)));
    }
}

void papr_machine_nmi_class_init(ObjectClass *oc)
{
    NMI_CLASS(oc)->nmi_monitor_handler = inject_nmi_to_all;
}
