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

#include "exec/hwaddr.h"

/** papr_mem_is_ram: is [@addr, @addr + @len) all guest RAM? @len may be 0 */
bool papr_mem_is_ram(uint64_t addr, uint64_t len);

/** papr_mem_read: copy from guest RAM; false, and @buf untouched, if not RAM */
bool papr_mem_read(uint64_t addr, void *buf, size_t len);

/** papr_mem_write: copy to guest RAM; false, and nothing written, if not RAM */
bool papr_mem_write(uint64_t addr, const void *buf, size_t len);

/** papr_mem_set: fill RAM with @byte; false, nothing written, if not RAM */
bool papr_mem_set(uint64_t addr, uint8_t byte, size_t len);

/* Single big-endian words, the form of all PAPR structures */
bool papr_mem_read_be32(uint64_t addr, uint32_t *value);
bool papr_mem_read_be64(uint64_t addr, uint64_t *value);
bool papr_mem_write_be32(uint64_t addr, uint32_t value);
bool papr_mem_write_be64(uint64_t addr, uint64_t value);

#endif
