/*
 * KVM on PowerPC: what the host's memory management unit (MMU) can do
 *
 * The kernel tells of segments and pages in hash translation
 * (KVM_PPC_GET_SMMU_INFO) and of pages in radix translation
 * (KVM_PPC_GET_RMMU_INFO).  Here they are compared with the guest's CPU model.
 *
 * Locking: BQL, machine init and creation of vCPUs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <linux/kvm.h>
#include "qapi/error.h"
#include "qemu/units.h"
#include "system/hostmem.h"
#include "system/kvm.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-hash64.h"
#include "target/ppc/kvm_ppc.h"
#include "internal.h"

/* A guest's 64 KiB pages for devices need a host with pages of that size */
#define CI_PAGE_SHIFT 16

static bool hash_facts(struct kvm_ppc_smmu_info *info, Error **errp)
{
    int rc = -EOPNOTSUPP;

    memset(info, 0, sizeof(*info));
    if (kvm_check_extension(kvm_state, KVM_CAP_PPC_GET_SMMU_INFO)) {
        rc = kvm_vm_ioctl(kvm_state, KVM_PPC_GET_SMMU_INFO, info);
    }
    if (rc < 0) {
        error_setg_errno(errp, -rc, "KVM does not report which page sizes this "
                         "host has (KVM_PPC_GET_SMMU_INFO): a newer kernel is "
                         "needed, or accel=tcg");
        return false;
    }
    return true;
}

bool papr_kvm_hpt_needs_contiguous(void)
{
    struct kvm_ppc_smmu_info info;

    return kvm_enabled() && hash_facts(&info, &error_fatal) &&
           (info.flags & KVM_PPC_PAGE_SIZES_REAL);
}

static const struct kvm_ppc_one_seg_page_size *
find_segment(const struct kvm_ppc_smmu_info *info, uint32_t page_shift)
{
    for (int i = 0; i < KVM_PPC_PAGE_SIZES_MAX_SZ; i++) {
        if (info->sps[i].page_shift == page_shift) {
            return &info->sps[i];
        }
    }
    return NULL;
}

static bool has_page(const struct kvm_ppc_one_seg_page_size *segment,
                     const PPCHash64PageSize *page)
{
    for (int i = 0; i < KVM_PPC_PAGE_SIZES_MAX_SZ; i++) {
        if (segment->enc[i].page_shift == page->page_shift) {
            return segment->enc[i].pte_enc == page->pte_enc;
        }
    }
    return false;
}

/* Pages of all sizes that the guest may use in one kind of segment */
static bool check_segment(const struct kvm_ppc_smmu_info *info,
                          const PPCHash64SegmentPageSizes *wanted, Error **errp)
{
    const struct kvm_ppc_one_seg_page_size *segment =
        find_segment(info, wanted->page_shift);

    if (!segment || segment->slb_enc != wanted->slb_enc) {
        error_setg(errp, "KVM on this host has no segments of pages of 2^%"
                   PRIu32 " bytes as the CPU model has them: use -cpu host",
                   wanted->page_shift);
        return false;
    }
    for (int i = 0; i < ARRAY_SIZE(wanted->enc); i++) {
        const PPCHash64PageSize *page = &wanted->enc[i];

        if (page->page_shift && !has_page(segment, page)) {
            error_setg(errp, "KVM on this host has no pages of 2^%" PRIu32
                       " bytes in segments of 2^%" PRIu32 ": use -cpu host, or "
                       "a smaller cap-hpt-max-page-size", page->page_shift,
                       wanted->page_shift);
            return false;
        }
    }
    return true;
}

void papr_kvm_check_mmu(PowerPCCPU *cpu, Error **errp)
{
    const PPCHash64Options *opts = cpu->hash64_opts;
    struct kvm_ppc_smmu_info info;

    if (!opts || !kvm_enabled() || !hash_facts(&info, errp)) {
        return;
    }
    if (info.flags & KVM_PPC_NO_HASH) {
        return;                         /* hash is not offered to the guest */
    }
    if (ppc_hash64_has(cpu, PPC_HASH64_1TSEG) &&
        !(info.flags & KVM_PPC_1T_SEGMENTS)) {
        error_setg(errp, "KVM on this host has no segments of 1 TiB, which "
                   "the CPU model has: use -cpu host");
        return;
    }
    if (info.slb_size < opts->slb_size) {
        error_setg(errp, "KVM on this host has %" PRIu32 " segment lookaside "
                   "buffer (SLB) entries, the CPU model %u: use -cpu host",
                   info.slb_size, opts->slb_size);
        return;
    }
    for (int i = 0; i < ARRAY_SIZE(opts->sps); i++) {
        if (opts->sps[i].page_shift &&
            !check_segment(&info, &opts->sps[i], errp)) {
            return;
        }
    }
    if (ppc_hash64_has(cpu, PPC_HASH64_CI_LARGEPAGE) &&
        qemu_real_host_page_size() < 1 << CI_PAGE_SHIFT) {
        error_setg(errp, "KVM on a host with pages of %zu KiB has no 64 KiB "
                   "pages for devices' registers: use "
                   "cap-hpt-max-page-size=4k",
                   (size_t)qemu_real_host_page_size() / KiB);
    }
}

/*
 * With hash translation, accesses in real mode are translated by entries that
 * the kernel puts into the guest's table, one entry in each group (of 2^7
 * bytes).  Each maps a page of the largest size that the RAM's backing has.
 */
uint64_t papr_kvm_vrma_limit(unsigned int hash_shift)
{
    size_t backing = qemu_minrampagesize();
    struct kvm_ppc_smmu_info info;
    unsigned shift = TARGET_PAGE_BITS;

    hash_facts(&info, &error_fatal);
    for (int i = 0; i < KVM_PPC_PAGE_SIZES_MAX_SZ; i++) {
        if (backing >> info.sps[i].page_shift) {
            shift = MAX(shift, info.sps[i].page_shift);
        }
    }
    return 1ull << (shift + hash_shift - 7);
}

struct ppc_radix_page_info *papr_kvm_radix_page_info(void)
{
    struct kvm_ppc_rmmu_info info = { 0 };
    struct ppc_radix_page_info *pages;

    if (!kvm_check_extension(kvm_state, KVM_CAP_PPC_MMU_RADIX) ||
        kvm_vm_ioctl(kvm_state, KVM_PPC_GET_RMMU_INFO, &info) < 0) {
        return NULL;
    }
    QEMU_BUILD_BUG_ON(ARRAY_SIZE(info.ap_encodings) >
                      ARRAY_SIZE(pages->entries));
    pages = g_new0(struct ppc_radix_page_info, 1);
    for (int i = 0; i < ARRAY_SIZE(info.ap_encodings); i++) {
        if (info.ap_encodings[i]) {
            pages->entries[pages->count++] = info.ap_encodings[i];
        }
    }
    return pages;
}
