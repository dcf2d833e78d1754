/*
 * pSeries platform: H_BLOCK_REMOVE on a hash page table that kvm-hv has
 *
 * Linux's kvm-hv does not know this call, so it is not offered with kvm-hv.
 * But a guest that was started without KVM, where the call is offered, uses it
 * after a migration, too, and Linux panics if it fails.  Entries are read and
 * removed by the kernel's streams, with all vCPUs paused, as a write requires.
 * The call is slow; the guest uses it until it reboots.  LoPAR section
 * 14.5.4.1.8.
 *
 * Locking: BQL.  No vCPU runs, so entries stay as they were read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "hw/pseries/kvm.h"
#include "system/accel-blocker.h"
#include "target/ppc/cpu.h"
#include "../trace.h"
#include "kvm.h"
#include "specifier.h"

/* Is the entry to be removed?  A BLOCK_* code; @pte is in host endian */
static unsigned check_block_entry(PowerPCCPU *cpu, const uint64_t *pte,
                                  uint64_t ts, uint64_t ava)
{
    unsigned actual, base;

    if (!(pte[0] & HPTE0_VALID) || (pte[0] & HPTE0_BOLTED)) {
        return BLOCK_NOT_FOUND;
    }
    base = papr_hpte_base_shift(cpu, pte[0], pte[1], &actual);
    if (!base) {
        return BLOCK_PARM;
    }
    if ((ts & BLOCK_AVPN) && ((pte[0] ^ ava) & papr_block_avpn_bits(base))) {
        return BLOCK_NOT_FOUND;
    }
    return BLOCK_SUCCESS;
}

static bool remove_entry(int fd, uint64_t ptex)
{
    const struct kvm_get_htab_header record = {
        .index = ptex,
        .n_invalid = 1,
    };

    return RETRY_ON_EINTR(write(fd, &record, sizeof(record))) == sizeof(record);
}

/* One specifier; returns the response to it */
static uint64_t remove_one(PaprMmu *mmu, PowerPCCPU *cpu, int fd, uint64_t ts,
                           uint64_t ava)
{
    uint64_t ptex = ts & BLOCK_PTEX;
    g_autofree uint64_t *entry = papr_kernel_map_hptes(mmu, ptex, 1);
    unsigned code = BLOCK_PARM;
    uint64_t pte[2] = { 0 };

    if (entry) {
        pte[0] = be64_to_cpu(entry[0]);
        pte[1] = be64_to_cpu(entry[1]);
        code = check_block_entry(cpu, pte, ts, ava);
    }
    if (code == BLOCK_SUCCESS && !remove_entry(fd, ptex)) {
        code = BLOCK_BUSY;
    }
    if (code != BLOCK_SUCCESS) {
        return ptex | BLOCK_STATUS(code);
    }
    trace_papr_mmu_remove(ptex, pte[0], pte[1]);
    return ptex | BLOCK_STATUS(code) | (pte[1] & HPTE1_R ? BLOCK_R : 0) |
           (pte[1] & HPTE1_C ? BLOCK_C : 0);
}

static int64_t remove_all(PaprMmu *mmu, PowerPCCPU *cpu, int fd, uint64_t *ts,
                          uint64_t ava)
{
    int64_t result = H_SUCCESS;

    for (int i = 0; i < BLOCK_MAX && ts[i] >> TS_TYPE_SHIFT != TS_END; i++) {
        if (ts[i] >> TS_TYPE_SHIFT != TS_REQUEST) {
            return H_PARAMETER;
        }
        ts[i] = remove_one(mmu, cpu, fd, ts[i], ava);
        if ((ts[i] & BLOCK_CODE) != BLOCK_STATUS(BLOCK_SUCCESS)) {
            result = H_PARTIAL;
        }
    }
    return result;
}

int64_t papr_kernel_block_remove(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprMmu *mmu = opaque;
    uint64_t ava = args[0] & HPTE0_AVPN_B;
    Error *err = NULL;
    int64_t result;
    int fd;

    if (!mmu->kernel_shift) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_BLOCK_REMOVE without a hash page "
                      "table\n");
        return H_PARAMETER;
    }
    fd = papr_kvm_hpt_open(true, 0, &err);
    if (fd < 0) {
        error_report_err(err);
        return H_HARDWARE;
    }
    memmove(args, &args[1], BLOCK_MAX * sizeof(*args));
    accel_ioctl_inhibit_begin();
    result = remove_all(mmu, cpu, fd, args, ava);
    accel_ioctl_inhibit_end();
    close(fd);
    return result;
}
