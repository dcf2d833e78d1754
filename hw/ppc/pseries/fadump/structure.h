/*
 * Firmware-assisted dump: the memory structure of a registration
 *
 * LoPAR Table 7.114: a header and up to ten sections, big-endian in the guest's
 * memory and in "ibm,kernel-dump".  Pure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_FADUMP_STRUCTURE_H
#define PSERIES_FADUMP_STRUCTURE_H

/* Of version 1: the longest structure, and the most sections */
#define PAPR_FADUMP_BYTES_MAX       512
#define PAPR_FADUMP_SECTIONS_MAX    10

/* Types of sections */
#define PAPR_FADUMP_CPU_STATE       0x0001
#define PAPR_FADUMP_HPT             0x0002
#define PAPR_FADUMP_REAL_MODE       0x0011
#define PAPR_FADUMP_OS_STRING       0x0012
#define PAPR_FADUMP_OS_FIRST        0x0100

/* Status of the whole, in the header */
#define PAPR_FADUMP_PERFORMED       0x8000
#define PAPR_FADUMP_PREVIOUS_BOOT   0x4000
#define PAPR_FADUMP_FAILED          0x2000

/* Errors of a section */
#define PAPR_FADUMP_BAD_SOURCE      0x4000
#define PAPR_FADUMP_BAD_DESTINATION 0x1000
#define PAPR_FADUMP_TOO_SMALL       0x0800

/**
 * PaprFadumpSection - host endian
 * @source, @destination: logical real addresses; @source is 0 where the
 *                        platform has the data
 * @length: bytes to copy, or space for the platform's data
 * @copied: bytes so far
 */
typedef struct PaprFadumpSection {
    uint16_t type;
    uint16_t errors;
    uint64_t source;
    uint64_t length;
    uint64_t copied;
    uint64_t destination;
} PaprFadumpSection;

typedef struct PaprFadumpPlan {
    unsigned n_sections;
    unsigned first;                     /* offset of the first section */
    PaprFadumpSection section[PAPR_FADUMP_SECTIONS_MAX];
} PaprFadumpPlan;

/**
 * PaprFadumpLimits - requirements of a registration
 * @cpu_state, @hpt: the least space for data of the platform, in bytes
 * @is_ram: is [@addr, @addr + @len) all guest RAM?  NULL: not checked
 */
typedef struct PaprFadumpLimits {
    uint64_t cpu_state;
    uint64_t hpt;
    bool (*is_ram)(uint64_t addr, uint64_t len);
} PaprFadumpLimits;

/**
 * papr_fadump_parse - read a structure from a guest or a stream
 * @bytes: @size of them
 *
 * No destination may overlap with another, or with a source: so no more bytes
 * are copied than there is memory, and copies have the content of the time of
 * the crash.  Status fields are read, but not checked.
 *
 * Returns NULL, or what is wrong.
 */
const char *papr_fadump_parse(PaprFadumpPlan *plan, const uint8_t *bytes,
                              size_t size, const PaprFadumpLimits *limits);

/** papr_fadump_store: write @status and @plan to the status fields of @bytes */
void papr_fadump_store(const PaprFadumpPlan *plan, uint16_t status,
                       uint8_t *bytes);

/** papr_fadump_is_memory: is the data of a section of @type guest memory? */
static inline bool papr_fadump_is_memory(uint16_t type)
{
    return type != PAPR_FADUMP_CPU_STATE && type != PAPR_FADUMP_HPT;
}

#endif
