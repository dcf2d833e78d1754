/*
 * pSeries platform: guest memory for hypercall and RTAS buffers
 *
 * The one way in which platform code touches buffers that a guest names by
 * logical real address.  A range is checked once, as a whole: it must lie in
 * RAM (boot RAM or a plugged memory device).  MMIO, holes and wrap-around are
 * refused, so that no hypercall can be made to access a device.
 *
 * Context: any thread, with or without the BQL (the accesses hold the RCU read
 * lock themselves); migration sees the writes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_GUEST_MEM_H
#define HW_PSERIES_GUEST_MEM_H

#include "exec/memory.h"

/** papr_mem_init: machine init, once; BQL */
void papr_mem_init(void);

/** papr_mem_is_ram: is [@addr, @addr + @len) all guest RAM? @len may be 0 */
bool papr_mem_is_ram(uint64_t addr, uint64_t len);

/**
 * papr_mem_is_memory: is the range RAM, or memory that can only be read, as a
 * module of persistent memory may be?  Buffers must be in RAM.
 */
bool papr_mem_is_memory(uint64_t addr, uint64_t len);

/** papr_mem_read: copy from guest RAM; false, and @buf untouched, if not RAM */
bool papr_mem_read(uint64_t addr, void *buf, size_t len);

/** papr_mem_write: copy to guest RAM; false, and nothing written, if not RAM */
bool papr_mem_write(uint64_t addr, const void *buf, size_t len);

/** papr_mem_set: fill RAM with @byte; false, nothing written, if not RAM */
bool papr_mem_set(uint64_t addr, uint8_t byte, size_t len);

/**
 * PaprMemSpot - a piece of guest RAM that is accessed again and again
 *
 * Caches the address in the host, for as long as the guest's memory map has not
 * changed.  It has no reference: initialize it to zeroes; there is nothing to
 * free.  Used by one thread at a time.
 */
typedef struct PaprMemSpot {
    MemoryRegionCache ram;
    uint64_t addr;
    uint64_t generation;
} PaprMemSpot;

/**
 * papr_mem_at - host address of [@addr, @addr + @len); NULL if that is not RAM
 * @spot: zeroes, or as the last call for a similar @addr left it
 * @len: not 0
 *
 * NULL as well if the range is in two regions of RAM.  Context: RCU read
 * section, at whose end the address is invalid; with or without the BQL.
 */
void *papr_mem_at(PaprMemSpot *spot, uint64_t addr, size_t len);

/**
 * papr_mem_written - @len bytes, at least one, were written at @offset in the
 * range of the last papr_mem_at()
 *
 * Marks them dirty for migration, and invalidates TCG's translations of them.
 * Context: the same read section.
 */
void papr_mem_written(PaprMemSpot *spot, size_t offset, size_t len);

/* Single big-endian words, the form of all PAPR structures */
bool papr_mem_read_be32(uint64_t addr, uint32_t *value);
bool papr_mem_read_be64(uint64_t addr, uint64_t *value);
bool papr_mem_write_be32(uint64_t addr, uint32_t value);
bool papr_mem_write_be64(uint64_t addr, uint64_t value);

#endif
