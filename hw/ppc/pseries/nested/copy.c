/*
 * Nested guests by KVM's own hypercalls: H_COPY_TOFROM_GUEST
 *
 * L1 reads or writes memory of an L2 that does not run on the caller.  Linux
 * reads the instruction that it has to emulate after an L2 has ended.  The
 * memory is found by the L2's trees (walk.h).  LoPAR does not have this call;
 * codes and arguments are those of KVM as a host.
 *
 * All or nothing: the L2's pages are found first, L1's buffer is checked, and
 * only then anything is written.  A call copies COPY_MAX bytes at most.
 *
 * Locking: BQL, so that no memory is plugged or unplugged.  Other vCPUs may
 * change trees and bytes meanwhile, as during any access.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/work.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-book3s-v3.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"
#include "walk.h"

#define COPY_MAX        (64 * 1024)
#define PIECES_MAX      (COPY_MAX / PAPR_WALK_PAGE + 1)
#define EADDR_NONE      (0xfffull << 52)        /* no address has these bits */

/** Piece - bytes of the L2's that are together in L1's memory */
typedef struct Piece {
    uint64_t addr;
    uint64_t len;
} Piece;

static bool read_tree(void *opaque, uint64_t addr, uint64_t *value)
{
    return papr_mem_read_be64(addr, value);
}

/* Split [@eaddr, @eaddr + @len) into pieces; 0: not all of it is accessible */
static unsigned find_pieces(const PaprWalk *walk, uint64_t eaddr, uint64_t len,
                            Piece *pieces)
{
    unsigned n = 0;

    while (len) {
        Piece *piece = &pieces[n++];

        papr_work_add(PAPR_WALK_READS);
        if (!papr_walk(walk, eaddr, &piece->addr, &piece->len)) {
            return 0;
        }
        piece->len = MIN(piece->len, len);
        if (!papr_mem_is_ram(piece->addr, piece->len)) {
            return 0;
        }
        eaddr += piece->len;
        len -= piece->len;
    }
    return n;
}

static bool copy_pieces(const Piece *pieces, unsigned n, uint8_t *buf,
                        bool store)
{
    for (unsigned i = 0; i < n; i++) {
        const Piece *piece = &pieces[i];

        if (!(store ? papr_mem_write(piece->addr, buf, piece->len)
                    : papr_mem_read(piece->addr, buf, piece->len))) {
            return false;
        }
        buf += piece->len;
    }
    return true;
}

static int64_t copy(const PaprWalk *walk, uint64_t eaddr, uint64_t own,
                    uint64_t len)
{
    g_autofree uint8_t *buf = g_malloc(len);
    Piece pieces[PIECES_MAX];
    unsigned n = find_pieces(walk, eaddr, len, pieces);

    if (!n || !papr_mem_is_ram(own, len)) {
        return H_NOT_FOUND;
    }
    if (walk->store) {
        return papr_mem_read(own, buf, len) &&
               copy_pieces(pieces, n, buf, true) ? H_SUCCESS : H_NOT_FOUND;
    }
    return copy_pieces(pieces, n, buf, false) &&
           papr_mem_write(own, buf, len) ? H_SUCCESS : H_NOT_FOUND;
}

/* A load has L1's buffer in "to" and 0 in "from", a store the reverse */
static int64_t checked_copy(const PaprNested *nested, const uint64_t *args)
{
    uint64_t lpid = args[0], eaddr = args[2], to = args[3], from = args[4];
    uint64_t len = args[5];
    PaprWalk walk = {
        .pid = args[1],
        .store = !to,
        .read = read_tree,
    };
    ppc_v3_pate_t entry;

    if ((to && from) || (eaddr & EADDR_NONE)) {
        return H_PARAMETER;
    }
    if (!lpid || !papr_hv_entry(nested, lpid, &entry)) {
        return H_PARAMETER;
    }
    if (len > COPY_MAX) {
        return H_NO_MEM;
    }
    walk.entry[0] = entry.dw0;
    walk.entry[1] = entry.dw1;
    return len ? copy(&walk, eaddr, to ? to : from, len) : H_SUCCESS;
}

static int64_t h_copy_tofrom_guest(PowerPCCPU *cpu, uint64_t *args,
                                   void *opaque)
{
    const PaprNested *nested = opaque;
    int64_t rc;

    if (!papr_mmu_is_radix(nested->mmu)) {
        return H_FUNCTION;
    }
    rc = checked_copy(nested, args);
    if (rc == H_PARAMETER || rc == H_NO_MEM) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_COPY_TOFROM_GUEST: LPID %" PRIu64
                      " at 0x%" PRIx64 ", to 0x%" PRIx64 " or from 0x%" PRIx64
                      ", %" PRIu64 " bytes\n", args[0], args[2], args[3],
                      args[4], args[5]);
    }
    trace_papr_nested_copy(args[0], args[1], args[2], args[3], args[4], args[5],
                           rc);
    return rc;
}

static const PaprHcall copy_calls[] = {
    { H_COPY_TOFROM_GUEST, PAPR_HCALL_NOT_KVM, 6, 0, h_copy_tofrom_guest },
};

void papr_copy_register(PaprHcallTable *hcalls, PaprNested *nested)
{
    papr_hcall_register(hcalls, copy_calls, ARRAY_SIZE(copy_calls), nested);
}
