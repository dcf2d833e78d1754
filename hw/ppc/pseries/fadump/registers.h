/*
 * Firmware-assisted dump: registers of a vCPU, and the areas' heads
 *
 * LoPAR appendix G.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_FADUMP_REGISTERS_H
#define PSERIES_FADUMP_REGISTERS_H

#include "hw/pseries/vcpu.h"

/* Head of the register save area, and of that for entries of the hash table */
#define PAPR_FADUMP_HEAD_SIZE   0x20
/* The most bytes that the registers of a vCPU take */
#define PAPR_FADUMP_VCPU_MAX    (256 * 16)

/** papr_fadump_put_regs_head: of an area with the registers of @n_cpus */
void papr_fadump_put_regs_head(uint8_t *head, uint32_t n_cpus);

/**
 * papr_fadump_put_hpt_head - of an area without entries
 *
 * The area has entries that firmware replaced.  This firmware replaces none.
 */
void papr_fadump_put_hpt_head(uint8_t *head);

/**
 * papr_fadump_put_regs - CPUSTRT, registers, CPUEND
 * @to: has room for PAPR_FADUMP_VCPU_MAX
 *
 * Writes the registers that the CPU model has.  Returns the number of bytes.
 * Context: BQL; the vCPU does not execute its guest.
 */
size_t papr_fadump_put_regs(uint8_t *to, const PaprVcpu *vcpu);

#endif
