/*
 * Calls that access memory and devices by logical real address
 *
 * For firmware and debuggers that run with translation off: cache-inhibited
 * accesses reach devices, all others RAM only.  LoPAR sections 14.5.4.3.3 and
 * 14.5.4.4; H_LOGICAL_MEMOP is private to this family of hypervisors.
 *
 * Locking: RAM needs none (guest-mem.c); device accesses take the BQL in the
 * memory core, where the device wants it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/core/cpu.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/guest-mem.h"
#include "target/ppc/cpu.h"
#include "families.h"

#define PAGE_INIT_SIZE        4096
#define PAGE_INIT_ZERO        PPC_BIT(48)
#define PAGE_INIT_COPY        PPC_BIT(49)
#define PAGE_INIT_ICACHE_INV  PPC_BIT(40)
#define PAGE_INIT_ICACHE_SYNC PPC_BIT(41)
#define PAGE_INIT_ICACHE      (PAGE_INIT_ICACHE_INV | PAGE_INIT_ICACHE_SYNC)
#define PAGE_INIT_FLAGS \
    (PAGE_INIT_ZERO | PAGE_INIT_COPY | PAGE_INIT_ICACHE)

static bool is_ram_page(uint64_t addr)
{
    return addr % PAGE_INIT_SIZE == 0 && papr_mem_is_ram(addr, PAGE_INIT_SIZE);
}

/*
 * Let instruction fetches see what was stored.  The translator watches stores
 * to pages that it has translated code from, and needs nothing more.
 */
static void sync_icache(PowerPCCPU *cpu, uint64_t addr, bool store_first)
{
    hwaddr len = PAGE_INIT_SIZE;
    void *page;

    if (!papr_accel->sync_icache) {
        return;
    }
    page = address_space_map(&address_space_memory, addr, &len, true,
                             MEMTXATTRS_UNSPECIFIED);
    if (!page) {
        return;
    }
    papr_accel->sync_icache(cpu, page, len, store_first);
    address_space_unmap(&address_space_memory, page, len, true, 0);
}

static int64_t h_page_init(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t flags = args[0], to = args[1], from = args[2];
    uint8_t page[PAGE_INIT_SIZE];

    if (flags & ~PAGE_INIT_FLAGS) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_PAGE_INIT: flags 0x%" PRIx64 "\n",
                      flags);
        return H_PARAMETER;
    }
    if (!is_ram_page(to) || ((flags & PAGE_INIT_COPY) && !is_ram_page(from))) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_PAGE_INIT: to 0x%" PRIx64 ", from 0x%"
                      PRIx64 ": not a page of RAM\n", to, from);
        return H_PARAMETER;
    }
    if (flags & PAGE_INIT_COPY) {
        if (!papr_mem_read(from, page, sizeof(page)) ||
            !papr_mem_write(to, page, sizeof(page))) {
            return H_PARAMETER;
        }
    } else if (flags & PAGE_INIT_ZERO) {
        if (!papr_mem_set(to, 0, PAGE_INIT_SIZE)) {
            return H_PARAMETER;
        }
    }
    if (flags & PAGE_INIT_ICACHE) {
        sync_icache(cpu, to, flags & PAGE_INIT_ICACHE_SYNC);
    }
    return H_SUCCESS;
}

static bool is_access(uint64_t size, uint64_t addr)
{
    return size <= 8 && is_power_of_2(size) && addr % size == 0;
}

static int64_t h_logical_ci_load(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t size = args[0], addr = args[1];
    uint8_t buf[8];

    if (!is_access(size, addr) ||
        address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                           buf, size) != MEMTX_OK) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_LOGICAL_CI_LOAD: %" PRIu64
                      " bytes at 0x%" PRIx64 "\n", size, addr);
        return H_PARAMETER;
    }
    args[0] = ldn_be_p(buf, size);
    return H_SUCCESS;
}

static int64_t h_logical_ci_store(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t size = args[0], addr = args[1];
    uint8_t buf[8];

    if (!is_access(size, addr)) {
        return H_PARAMETER;
    }
    stn_be_p(buf, size, args[2]);
    if (address_space_write(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                            buf, size) != MEMTX_OK) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_LOGICAL_CI_STORE: %" PRIu64
                      " bytes at 0x%" PRIx64 "\n", size, addr);
        return H_PARAMETER;
    }
    return H_SUCCESS;
}

static int64_t h_logical_cache_load(PowerPCCPU *cpu, uint64_t *args,
                                    void *opaque)
{
    uint64_t size = args[0], addr = args[1];
    uint8_t buf[8];

    if (!is_access(size, addr) || !papr_mem_read(addr, buf, size)) {
        return H_PARAMETER;
    }
    args[0] = ldn_be_p(buf, size);
    return H_SUCCESS;
}

static int64_t h_logical_cache_store(PowerPCCPU *cpu, uint64_t *args,
                                     void *opaque)
{
    uint64_t size = args[0], addr = args[1];
    uint8_t buf[8];

    if (!is_access(size, addr)) {
        return H_PARAMETER;
    }
    stn_be_p(buf, size, args[2]);
    return papr_mem_write(addr, buf, size) ? H_SUCCESS : H_PARAMETER;
}

/*
 * H_LOGICAL_ICBI and H_LOGICAL_DCBF: the translator's view of memory is always
 * coherent.  KVM does not handle these calls in the kernel: nothing is done.
 */
static int64_t h_logical_cache_op(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    return H_SUCCESS;
}

enum { MEMOP_COPY, MEMOP_INVERT };

#define MEMOP_CHUNK     4096
/*
 * Firmware moves a screen's contents with this call; 3840 x 2160 pixels of 32
 * bits are less than the limit.  A stop of the machine, and RCU, wait for the
 * end of the call, which cannot be continued.
 */
#define MEMOP_BYTES_MAX (32 * MiB)

static bool memop_step(uint64_t to, uint64_t from, size_t len, bool invert)
{
    uint8_t buf[MEMOP_CHUNK];

    if (!papr_mem_read(from, buf, len)) {
        return false;
    }
    for (size_t i = 0; invert && i < len; i++) {
        buf[i] = ~buf[i];
    }
    return papr_mem_write(to, buf, len);
}

/*
 * Both operations treat all bytes alike, so the element size only scales the
 * count and sets the alignment.  Chunks go from the end when the destination
 * overlaps the source from above.
 */
static int64_t h_logical_memop(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t to = args[0], from = args[1], shift = args[2], count = args[3];
    uint64_t op = args[4], left, mask;
    bool backwards;

    if (shift > 3 || op > MEMOP_INVERT || count > MEMOP_BYTES_MAX >> shift) {
        return H_PARAMETER;
    }
    mask = (1 << shift) - 1;
    left = count << shift;
    if (((to | from) & mask) || !papr_mem_is_ram(to, left) ||
        !papr_mem_is_ram(from, left)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_LOGICAL_MEMOP: not RAM: 0x%" PRIx64
                      " from 0x%" PRIx64 "\n", to, from);
        return H_PARAMETER;
    }

    backwards = to > from && to - from < left;
    while (left) {
        uint64_t len = MIN(left, MEMOP_CHUNK);
        uint64_t at = backwards ? left - len : 0;

        if (!memop_step(to + at, from + at, len, op == MEMOP_INVERT)) {
            return H_PARAMETER;
        }
        left -= len;
        if (!backwards) {
            to += len;
            from += len;
        }
    }
    return H_SUCCESS;
}

static const PaprHcall logical_calls[] = {
    { H_PAGE_INIT, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 3, 0, h_page_init },
    { H_LOGICAL_CI_LOAD, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 2, 1,
      h_logical_ci_load },
    { H_LOGICAL_CI_STORE, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 3, 0,
      h_logical_ci_store },
    { H_LOGICAL_CACHE_LOAD, PAPR_HCALL_LOCKLESS, 2, 1, h_logical_cache_load },
    { H_LOGICAL_CACHE_STORE, PAPR_HCALL_LOCKLESS, 3, 0, h_logical_cache_store },
    { H_LOGICAL_ICBI, PAPR_HCALL_LOCKLESS, 2, 0, h_logical_cache_op },
    { H_LOGICAL_DCBF, PAPR_HCALL_LOCKLESS, 2, 0, h_logical_cache_op },
    { H_LOGICAL_MEMOP, PAPR_HCALL_LOCKLESS, 5, 0, h_logical_memop },
};

void papr_hcall_logical_init(PaprHcallTable *table)
{
    papr_hcall_register(table, logical_calls, ARRAY_SIZE(logical_calls), NULL);
}
