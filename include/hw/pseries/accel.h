/*
 * pSeries platform: what TCG and KVM do in different ways
 *
 * One structure of operations and properties, with an instance for each
 * accelerator: accel/tcg.c and target/ppc/kvm/accel.c.  The machine chooses one
 * as the first thing of its init, and the rest of the platform asks it, not
 * kvm_enabled().  Other differences between TCG and KVM:
 *
 * - who handles a hypercall: the policy of its entry (hw/pseries/hcall.h);
 * - the interrupt controllers: PaprIntcOps (hw/pseries/irq.h);
 * - what a host's KVM can do: PaprKvmFacts (hw/pseries/kvm.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_ACCEL_H
#define HW_PSERIES_ACCEL_H

#include "target/ppc/cpu-qom.h"

/**
 * PaprAccel - an accelerator
 * @emulates_cpu: there is no hardware that speculates, no cache, and QEMU
 *                implements the break- and watchpoints of CIABR and DAWR
 * @msr_is_current: CPUPPCState.msr is up to date in a hypercall; else the
 *                  accelerator has refused hypercalls of problem state
 * @registers_need_vcpu_thread: only a vCPU's thread changes its registers; else
 *                              any thread does while no vCPU executes
 * @uses_host_clocks: timebase, PURR and VTB are registers of the host's clocks
 * @h_cede_in_kernel: a vCPU waits in H_CEDE in the host's kernel, not halted
 * @maps_host_pages: memory is mapped to the guest by whole pages of the host
 */
typedef struct PaprAccel {
    bool emulates_cpu;
    bool msr_is_current;
    bool registers_need_vcpu_thread;
    bool uses_host_clocks;
    bool h_cede_in_kernel;
    bool maps_host_pages;

    /** timebase_hz: frequency of the guest's timebase */
    uint32_t (*timebase_hz)(void);

    /**
     * sync_icache: make stores to @page, @len bytes of RAM, visible to
     * instruction fetches; @store_first: they are in the data cache only.
     * NULL: fetches see them.  Any thread
     */
    void (*sync_icache)(PowerPCCPU *cpu, void *page, size_t len,
                        bool store_first);

    /**
     * end_read_sections: make all vCPUs leave their RCU (read-copy-update) read
     * sections soon
     *
     * For callers that wait for a grace period: a vCPU is in one read section
     * until it leaves its execution loop, for which a guest without interrupts
     * gives it no reason.  NULL: the guest runs in none.  BQL
     */
    void (*end_read_sections)(void);

    /** set_fwnmi: report machine checks of the host; false: impossible.  BQL */
    bool (*set_fwnmi)(PowerPCCPU *cpu);

    /**
     * vcpu_registers_put: was a plugged vCPU given its registers?
     *
     * Called once the vCPU is realized: accel/kvm puts them in a place where a
     * failure can't be returned.  False, with @errp set: the caller unrealizes
     * the vCPU.  BQL
     */
    bool (*vcpu_registers_put)(PowerPCCPU *cpu, Error **errp);

    /**
     * registers_read: does QEMU have the registers of a stopped vCPU?
     *
     * Called before they are saved: accel/kvm assumes in any case that they
     * were read.  If the kernel did not return them, this reads them again.
     * False with @errp set: that failed, too.  BQL, the machine is stopped
     */
    bool (*registers_read)(PowerPCCPU *cpu, Error **errp);

    /**
     * enable_hcall: have the host's kernel handle hypercall @opcode, or not
     *
     * Before any vCPU runs.  Returns 0, or a negative errno: -ENOSYS if the
     * kernel does not know the call.  NULL: all calls come to QEMU
     */
    int (*enable_hcall)(uint32_t opcode, bool enable);

    /**
     * tce_create: a table of translation control entries (TCE) in the kernel
     * @liobn: its number, which no other table of the kernel may have
     * @page_shift: log2 of the bytes that an entry maps
     * @bus_addr: I/O address that the first entry maps, in bytes
     * @fd: gets the file that stands for the table, for VFIO
     *
     * Returns its entries, @pages words in host endian, or NULL with a negative
     * errno in *@fd.  BQL.  Member NULL: there are no such tables
     */
    uint64_t *(*tce_create)(uint32_t liobn, uint32_t page_shift,
                            uint64_t bus_addr, uint64_t pages, int *fd);
    /**
     * tce_retire: the kernel forgets the table, and @fd is closed
     * @keep: the entries keep their values (no thread stores any during the
     *        call), else all become zero
     *
     * Other threads may read and write its @entries until tce_unmap().  If
     * there is no memory for them, the kernel's pages stay mapped.  BQL
     */
    void (*tce_retire)(uint64_t *entries, uint64_t pages, int fd, bool keep);
    /** tce_unmap: no thread accesses @entries any more; any thread */
    void (*tce_unmap)(uint64_t *entries, uint64_t pages);
} PaprAccel;

/* The accelerator: TCG until papr_accel_choose(); constant then */
extern const PaprAccel *papr_accel;

/** papr_accel_choose: at machine init, before papr_accel is used; BQL */
void papr_accel_choose(void);

/** papr_accel_end_read_sections: see PaprAccel.end_read_sections; BQL */
static inline void papr_accel_end_read_sections(void)
{
    if (papr_accel->end_read_sections) {
        papr_accel->end_read_sections();
    }
}

#ifdef CONFIG_KVM
extern const PaprAccel papr_accel_kvm;
#endif

#endif
