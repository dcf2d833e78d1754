/*
 * pSeries platform: the format of the hash page table (HPT) in streams
 *
 * Live section "spapr/htab", version 1.  Each part begins with a big-endian
 * word: -1 if the guest has no table; 18 to 46 for an empty table of 2^word
 * bytes; 0 if chunks of entries follow.  A chunk is the index of its first
 * entry (32 bits), the number of valid entries and the number of invalid
 * entries after them (16 bits each), then the valid entries as they are in
 * memory.  A chunk of zeros ends the part.
 *
 * Called by migrate.c and kvm-stream.c, in the migration thread or while a
 * stream is loaded; mmu->save is the caller's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "migration/qemu-file-types.h"
#include "target/ppc/cpu.h"
#include "internal.h"

bool papr_hpt_begin_entries(PaprMmu *mmu, QEMUFile *f, int shift, bool last,
                            int *rc)
{
    *rc = 0;
    if (!shift) {
        mmu->save.shift = 0;
        qemu_put_be32(f, PAPR_HPT_NO_TABLE);
        *rc = 1;
        return false;
    }
    if (shift == mmu->save.shift) {
        qemu_put_be32(f, 0);
        return true;
    }
    if (last) {
        error_report("The size of the guest's hash page table changed during "
                     "the migration; migrate again");
        *rc = -EBUSY;
        return false;
    }
    mmu->save.shift = shift;
    qemu_put_be32(f, shift);
    return false;
}

void papr_hpt_put_end(QEMUFile *f)
{
    qemu_put_be32(f, 0);
    qemu_put_be16(f, 0);
    qemu_put_be16(f, 0);
}

int papr_hpt_check_chunk(uint64_t index, unsigned valid, unsigned invalid,
                         uint64_t n)
{
    if (index + valid + invalid > n) {
        error_report("The stream has %u hash page table entries from 0x%"
                     PRIx64 " on, of 0x%" PRIx64, valid + invalid, index, n);
        return -EINVAL;
    }
    return 0;
}
