/*
 * pSeries platform: what capabilities ask of the CPU model, and change in a CPU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-hash64.h"
#include "hw/pseries/accel.h"
#include "table.h"

const PowerPCCPUClass *papr_caps_cpu_class(const PaprCapsHost *host)
{
    return POWERPC_CPU_CLASS(object_class_by_name(host->cpu_type));
}

bool papr_caps_cpu_reaches(const PaprCapsHost *host, uint32_t logical_pvr)
{
    return ppc_type_check_compat(host->cpu_type, logical_pvr, 0,
                                 host->max_compat_pvr);
}

/*
 * Mixed page sizes within a segment are kept only for 16 MiB pages: KVM allows
 * no other mix, and a guest must see the same under TCG.
 */
static bool encoding_allowed(unsigned segment_shift, unsigned page_shift,
                             unsigned max_shift)
{
    return page_shift <= max_shift &&
           (page_shift == segment_shift || page_shift == 24);
}

/* Drop the encodings not allowed from one segment size; how many stay? */
static unsigned filter_segment(PPCHash64SegmentPageSizes *seg,
                               unsigned max_shift)
{
    PPCHash64SegmentPageSizes kept = *seg;
    unsigned n = 0;

    memset(kept.enc, 0, sizeof(kept.enc));
    for (unsigned i = 0; i < ARRAY_SIZE(seg->enc) && seg->enc[i].page_shift;
         i++) {
        if (encoding_allowed(seg->page_shift, seg->enc[i].page_shift,
                             max_shift)) {
            kept.enc[n++] = seg->enc[i];
        }
    }
    *seg = kept;
    return n;
}

void papr_caps_cpu_init(const PaprCaps *caps, PowerPCCPU *cpu)
{
    unsigned max_shift = papr_cap(caps, PAPR_CAP_HPT_MAXPAGESIZE);
    PPCHash64Options *opts = cpu->hash64_opts;
    PPCHash64SegmentPageSizes none = {};
    unsigned n = 0;

    if (!opts) {
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(opts->sps); i++) {
        PPCHash64SegmentPageSizes seg = opts->sps[i];

        opts->sps[i] = none;
        if (seg.page_shift && filter_segment(&seg, max_shift)) {
            opts->sps[n++] = seg;
        }
    }
    if (max_shift < 16 ||
        (papr_accel->maps_host_pages &&
         qemu_real_host_page_size() < 64 * KiB)) {
        /* 64 KiB pages of devices' registers: KVM needs host pages as large */
        opts->flags &= ~PPC_HASH64_CI_LARGEPAGE;
    }
}

void papr_caps_cpu_reset(const PaprCaps *caps, PowerPCCPU *cpu)
{
    target_ulong lpcr = cpu->env.spr[SPR_LPCR] & ~LPCR_LD;

    if (papr_cap(caps, PAPR_CAP_LARGE_DECREMENTER)) {
        lpcr |= LPCR_LD;
    }
    ppc_store_lpcr(cpu, lpcr);
}
