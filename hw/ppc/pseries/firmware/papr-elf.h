/*
 * pSeries platform: what kind of program is in an ELF file
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_FIRMWARE_ELF_H
#define HW_PPC_PSERIES_FIRMWARE_ELF_H

typedef struct PaprElf {
    bool is_64;
    bool is_le;
    bool is_exec;               /* linked at a fixed address (ET_EXEC) */
    bool is_linux;              /* a Linux kernel, or its zImage wrapper */
    uint64_t entry;             /* as the header has it */
    uint64_t low;               /* physical addresses of what is loaded: from */
    uint64_t high;              /* ... up to, with .bss */
} PaprElf;

/**
 * papr_elf_probe - look at an ELF file
 * @data: the whole file, @size bytes
 *
 * Returns false when it isn't a PowerPC program that can be loaded; reads
 * nothing outside of @data whatever the headers say.
 */
bool papr_elf_probe(const uint8_t *data, size_t size, PaprElf *elf);

#endif
