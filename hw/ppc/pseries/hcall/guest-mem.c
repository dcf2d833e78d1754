/*
 * Guest memory for hypercall and RTAS buffers
 *
 * Ranges are checked as a whole before the first byte is touched.  A range may
 * lie in several memory regions (boot RAM and plugged modules).
 *
 * Locking: the RCU read lock is held over check and access, so that memory seen
 * as RAM stays mapped; neither needs the BQL.  The host address that a
 * PaprMemSpot caches is valid as long as the generation of memory is the same
 * (mem-generation.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/work.h"
#include "mem-generation.h"

static uint64_t generation = PAPR_GENERATION_FIRST;

/*
 * The memory region at @addr, the offset in it and, in *@len, how many of the
 * *@len bytes lie in it; NULL if it is neither RAM nor read-only memory.
 * Context: RCU read lock.
 */
static MemoryRegion *memory_at(uint64_t addr, hwaddr *offset, hwaddr *len)
{
    MemoryRegion *mr;

    mr = address_space_translate(&address_space_memory, addr, offset, len,
                                 true, MEMTXATTRS_UNSPECIFIED);
    return memory_region_is_ram(mr) && !memory_region_is_ram_device(mr)
        ? mr : NULL;
}

/* The same, but only for RAM that can be written */
static MemoryRegion *region_at(uint64_t addr, hwaddr *offset, hwaddr *len)
{
    MemoryRegion *mr = memory_at(addr, offset, len);

    return mr && !mr->readonly ? mr : NULL;
}

/* Host address of the RAM at @addr, or NULL; @len as above */
static void *ram_at(uint64_t addr, hwaddr *len)
{
    hwaddr offset;
    MemoryRegion *mr = region_at(addr, &offset, len);

    return mr ? memory_region_get_ram_ptr(mr) + offset : NULL;
}

/*
 * All of [@addr, @addr + @len) as one piece of RAM, in @ram, to be read and
 * written in this RCU read section: no reference is taken.
 */
static bool piece_at(uint64_t addr, size_t len, MemoryRegionCache *ram)
{
    hwaddr offset, part = len;
    MemoryRegion *mr = region_at(addr, &offset, &part);

    *ram = (MemoryRegionCache) { .is_write = true };
    if (!mr || !len || part < len) {
        return false;
    }
    ram->ptr = memory_region_get_ram_ptr(mr) + offset;
    ram->xlat = offset;
    ram->len = len;
    ram->mrs.mr = mr;
    return true;
}

typedef MemoryRegion *Finder(uint64_t addr, hwaddr *offset, hwaddr *len);

/* Does @find find a region for each byte?  Context: RCU read lock */
static bool all_found(uint64_t addr, uint64_t len, Finder *find)
{
    if (len > UINT64_MAX - addr) {
        return false;
    }
    while (len) {
        hwaddr offset, part = len;

        if (!find(addr, &offset, &part) || !part) {
            return false;
        }
        addr += part;
        len -= part;
    }
    return true;
}

/* Context: RCU read lock */
static bool all_ram(uint64_t addr, uint64_t len)
{
    return all_found(addr, len, region_at);
}

bool papr_mem_is_ram(uint64_t addr, uint64_t len)
{
    RCU_READ_LOCK_GUARD();

    return all_ram(addr, len);
}

bool papr_mem_is_memory(uint64_t addr, uint64_t len)
{
    RCU_READ_LOCK_GUARD();

    return all_found(addr, len, memory_at);
}

bool papr_mem_read(uint64_t addr, void *buf, size_t len)
{
    hwaddr part = len;
    const void *ram;

    papr_work_copied(len);
    RCU_READ_LOCK_GUARD();

    ram = ram_at(addr, &part);
    if (ram && part == len) {
        memcpy(buf, ram, len);
        return true;
    }
    return all_ram(addr, len) &&
           address_space_read(&address_space_memory, addr,
                              MEMTXATTRS_UNSPECIFIED, buf, len) == MEMTX_OK;
}

/* Both ways mark the pages as written, for migration and for TCG */
bool papr_mem_write(uint64_t addr, const void *buf, size_t len)
{
    MemoryRegionCache ram;

    papr_work_copied(len);
    RCU_READ_LOCK_GUARD();

    if (piece_at(addr, len, &ram)) {
        memcpy(ram.ptr, buf, len);
        address_space_cache_invalidate(&ram, 0, len);
        return true;
    }
    return all_ram(addr, len) &&
           address_space_write(&address_space_memory, addr,
                               MEMTXATTRS_UNSPECIFIED, buf, len) == MEMTX_OK;
}

bool papr_mem_set(uint64_t addr, uint8_t byte, size_t len)
{
    MemoryRegionCache ram;

    papr_work_copied(len);
    RCU_READ_LOCK_GUARD();

    if (piece_at(addr, len, &ram)) {
        memset(ram.ptr, byte, len);
        address_space_cache_invalidate(&ram, 0, len);
        return true;
    }
    return all_ram(addr, len) &&
           address_space_set(&address_space_memory, addr, byte, len,
                             MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
}

bool papr_mem_read_be32(uint64_t addr, uint32_t *value)
{
    uint32_t be;

    if (!papr_mem_read(addr, &be, sizeof(be))) {
        return false;
    }
    *value = be32_to_cpu(be);
    return true;
}

bool papr_mem_read_be64(uint64_t addr, uint64_t *value)
{
    uint64_t be;

    if (!papr_mem_read(addr, &be, sizeof(be))) {
        return false;
    }
    *value = be64_to_cpu(be);
    return true;
}

bool papr_mem_write_be32(uint64_t addr, uint32_t value)
{
    uint32_t be = cpu_to_be32(value);

    return papr_mem_write(addr, &be, sizeof(be));
}

bool papr_mem_write_be64(uint64_t addr, uint64_t value)
{
    uint64_t be = cpu_to_be64(value);

    return papr_mem_write(addr, &be, sizeof(be));
}

static void memory_changes(MemoryListener *listener)
{
    papr_generation_begin(&generation);
}

static void memory_changed(MemoryListener *listener)
{
    papr_generation_end(&generation);
}

void papr_mem_init(void)
{
    static MemoryListener listener = {
        .name = "papr-guest-mem",
        .begin = memory_changes,
        .commit = memory_changed,
    };

    memory_listener_register(&listener, &address_space_memory);
}

void *papr_mem_at(PaprMemSpot *spot, uint64_t addr, size_t len)
{
    uint64_t now = papr_generation_read(&generation);

    if (unlikely(spot->generation != now || spot->addr != addr ||
                 spot->ram.len != len)) {
        bool found = piece_at(addr, len, &spot->ram);

        spot->addr = addr;
        spot->generation = found ? papr_generation_kept(now)
                                 : PAPR_GENERATION_NONE;
    }
    return spot->ram.ptr;
}

void papr_mem_written(PaprMemSpot *spot, size_t offset, size_t len)
{
    address_space_cache_invalidate(&spot->ram, offset, len);
}
