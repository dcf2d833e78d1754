/*
 * Firmware-assisted dump: the memory structure of a registration
 *
 * Pure: works on a copy of the bytes, which the guest can't change.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/range.h"
#include "structure.h"

#define FORMAT_VERSION  1

/* Offsets in the header */
enum {
    HEAD_VERSION = 0x0,
    HEAD_SECTIONS = 0x4,
    HEAD_STATUS = 0x6,
    HEAD_FIRST = 0x8,
    HEAD_DISK_BLOCK = 0xc,
    HEAD_DISK_START = 0x10,
    HEAD_DISK_BLOCKS = 0x18,
    HEAD_DISK_PATH = 0x20,
    HEAD_AUTOMATIC = 0x24,
    HEAD_SIZE = 0x28,
};

/* Offsets in a section */
enum {
    SECTION_FLAGS = 0,
    SECTION_TYPE = 4,
    SECTION_ERRORS = 6,
    SECTION_SOURCE = 8,
    SECTION_LENGTH = 16,
    SECTION_COPIED = 24,
    SECTION_DESTINATION = 32,
    SECTION_SIZE = 40,
};

#define FLAG_COPY 1

static const char *read_dump_header(PaprFadumpPlan *plan, const uint8_t *head,
                                    size_t size)
{
    if (size < HEAD_SIZE || size > PAPR_FADUMP_BYTES_MAX) {
        return "its length is not one of version 1";
    }
    if (ldl_be_p(head + HEAD_VERSION) != FORMAT_VERSION) {
        return "its version is not 1";
    }
    if (ldl_be_p(head + HEAD_DISK_BLOCK) || ldq_be_p(head + HEAD_DISK_START) ||
        ldq_be_p(head + HEAD_DISK_BLOCKS) || ldl_be_p(head + HEAD_DISK_PATH)) {
        return "it requests a dump to a disk";
    }
    if (ldl_be_p(head + HEAD_AUTOMATIC)) {
        return "it requests an automatic dump";
    }
    plan->n_sections = lduw_be_p(head + HEAD_SECTIONS);
    plan->first = ldl_be_p(head + HEAD_FIRST);
    if (!plan->n_sections || plan->n_sections > PAPR_FADUMP_SECTIONS_MAX) {
        return "it does not have 1 to 10 sections";
    }
    if (plan->first < HEAD_SIZE || plan->first > size ||
        size - plan->first < plan->n_sections * SECTION_SIZE) {
        return "its sections are not within its length";
    }
    return NULL;
}

/* Data of the platform must fit as a whole */
static const char *check_platform_data(const PaprFadumpSection *section,
                                       uint64_t needed)
{
    if (section->source) {
        return "the source address of the platform's data is not 0";
    }
    if (section->length < needed) {
        return "a section is too small for the data of the platform";
    }
    return NULL;
}

static const char *check_type(const PaprFadumpSection *section,
                              const PaprFadumpLimits *limits)
{
    switch (section->type) {
    case PAPR_FADUMP_CPU_STATE:
        return check_platform_data(section, limits->cpu_state);
    case PAPR_FADUMP_HPT:
        return check_platform_data(section, limits->hpt);
    case PAPR_FADUMP_REAL_MODE:
    case PAPR_FADUMP_OS_STRING:
        return NULL;
    default:
        return section->type >= PAPR_FADUMP_OS_FIRST
            ? NULL : "a section has an unknown type";
    }
}

static bool is_memory(uint64_t addr, uint64_t len,
                      const PaprFadumpLimits *limits)
{
    return len <= UINT64_MAX - addr &&
           (!limits->is_ram || limits->is_ram(addr, len));
}

static const char *read_section(PaprFadumpSection *section, const uint8_t *from,
                                const PaprFadumpLimits *limits)
{
    const char *wrong;

    *section = (PaprFadumpSection) {
        .type = lduw_be_p(from + SECTION_TYPE),
        .errors = lduw_be_p(from + SECTION_ERRORS),
        .source = ldq_be_p(from + SECTION_SOURCE),
        .length = ldq_be_p(from + SECTION_LENGTH),
        .copied = ldq_be_p(from + SECTION_COPIED),
        .destination = ldq_be_p(from + SECTION_DESTINATION),
    };
    if (ldl_be_p(from + SECTION_FLAGS) != FLAG_COPY) {
        return "a section has other flags than to copy to memory";
    }
    wrong = check_type(section, limits);
    if (wrong) {
        return wrong;
    }
    if (!is_memory(section->destination, section->length, limits)) {
        return "a destination is not in RAM";
    }
    if (papr_fadump_is_memory(section->type) &&
        !is_memory(section->source, section->length, limits)) {
        return "a source is not in RAM";
    }
    return NULL;
}

/* Neither exceeds the address space */
static bool areas_overlap(uint64_t a, uint64_t a_len, uint64_t b,
                          uint64_t b_len)
{
    return a_len && b_len && ranges_overlap(a, a_len, b, b_len);
}

static const char *check_pair(const PaprFadumpSection *one,
                              const PaprFadumpSection *other)
{
    if (papr_fadump_is_memory(other->type) &&
        areas_overlap(one->destination, one->length, other->source,
                      other->length)) {
        return "a destination overlaps a source";
    }
    if (one == other) {
        return NULL;
    }
    if (!papr_fadump_is_memory(one->type) && one->type == other->type) {
        return "there are two sections for the same data of the platform";
    }
    if (areas_overlap(one->destination, one->length, other->destination,
                      other->length)) {
        return "two destinations overlap";
    }
    return NULL;
}

const char *papr_fadump_parse(PaprFadumpPlan *plan, const uint8_t *bytes,
                              size_t size, const PaprFadumpLimits *limits)
{
    const char *wrong = read_dump_header(plan, bytes, size);
    unsigned i, j;

    for (i = 0; !wrong && i < plan->n_sections; i++) {
        wrong = read_section(&plan->section[i],
                             bytes + plan->first + i * SECTION_SIZE, limits);
    }
    for (i = 0; !wrong && i < plan->n_sections; i++) {
        for (j = 0; !wrong && j < plan->n_sections; j++) {
            wrong = check_pair(&plan->section[i], &plan->section[j]);
        }
    }
    return wrong;
}

void papr_fadump_store(const PaprFadumpPlan *plan, uint16_t status,
                       uint8_t *bytes)
{
    stw_be_p(bytes + HEAD_STATUS, status);
    for (unsigned i = 0; i < plan->n_sections; i++) {
        uint8_t *to = bytes + plan->first + i * SECTION_SIZE;

        stw_be_p(to + SECTION_ERRORS, plan->section[i].errors);
        stq_be_p(to + SECTION_COPIED, plan->section[i].copied);
    }
}
