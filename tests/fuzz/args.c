/*
 * Fuzzing the pseries machine: values that a hostile guest would try
 *
 * Three bytes of an input make one of 64 bits: handles that exist and their
 * neighbours, addresses in and around RAM and the windows, ends of buffers,
 * flags, sizes, what the last call returned.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "fuzz.h"

#define XIVE_ESB    0x0006010000000000ULL
#define XIVE_TIMA   0x0006030203180000ULL
#define PCI_IO      0x200000000000ULL
#define PCI_MEM32   0x200080000000ULL
#define PCI_MEM64   0x210000000000ULL
#define BUID_HIGH   0x8000000ULL
#define BUID_LOW    0x20000000ULL
#define DDW_ADDRESS 0x800000000000000ULL
#define MSI_WINDOW  0x40000000000ULL

typedef uint64_t Maker(uint16_t v);

static uint64_t small(uint16_t v)       { return v & 0xf; }
static uint64_t byte(uint16_t v)        { return v & 0xff; }
static uint64_t word(uint16_t v)        { return v; }
static uint64_t negative(uint16_t v)    { return -(uint64_t)v; }
static uint64_t bit(uint16_t v)         { return 1ULL << (v & 63); }
static uint64_t low_bits(uint16_t v)    { return (1ULL << (v & 63)) - 1; }
static uint64_t two_bits(uint16_t v)    { return bit(v) | bit(v >> 8); }
static uint64_t shifted(uint16_t v)     { return (uint64_t)v << 48; }
static uint64_t any(uint16_t v)         { return v * 0x9e3779b97f4a7c15ULL; }
static uint64_t result(uint16_t v)
{
    return fuzz_results[v % ARRAY_SIZE(fuzz_results)] + (v >> 8) % 2;
}

/* Memory */
static uint64_t arena_page(uint16_t v)  { return FUZZ_ARENA + v % 16 * 4096; }
static uint64_t arena(uint16_t v)       { return FUZZ_ARENA + v; }
static uint64_t ram_page(uint16_t v)    { return (uint64_t)v << 12; }
static uint64_t ram_64k(uint16_t v)     { return (uint64_t)v % 4096 << 16; }
static uint64_t ram_end(uint16_t v)     { return FUZZ_RAM_SIZE - (v & 0xff); }
static uint64_t ram_last(uint16_t v)    { return FUZZ_RAM_SIZE - v * 16ULL; }
static uint64_t behind_ram(uint16_t v)  { return FUZZ_RAM_SIZE + v * 4096ULL; }
static uint64_t plugged(uint16_t v)     { return GiB + v * 65536ULL; }
static uint64_t esb(uint16_t v)
{
    return XIVE_ESB + (uint64_t)(v & 0xf) * 0x100 + (uint64_t)(v >> 4) * 0x20000
           + ((v & 8) ? 0x10000 : 0);
}
static uint64_t esb_device(uint16_t v)  { return esb(v) + (0x1000ULL << 17); }
static uint64_t end_page(uint16_t v)    { return esb(v) + (0x2000ULL << 17); }
static uint64_t tima(uint16_t v)
{
    static const uint16_t offsets[] = { 0x10, 0x11, 0x12, 0x810, 0x812, 0xc10 };

    return XIVE_TIMA + (v & 0x300) * 0x100 +
           (v & 0x8000 ? v & 0xfff : offsets[v % ARRAY_SIZE(offsets)]);
}
static uint64_t pci_io(uint16_t v)      { return PCI_IO + v; }
static uint64_t pci_mem32(uint16_t v)
{
    return PCI_MEM32 + ((uint64_t)(v >> 11) << 20) + (v & 0x7ff) * 4;
}
static uint64_t pci_mem64(uint16_t v)   { return PCI_MEM64 + v * 16ULL; }
/* Sizes */
static uint64_t page_sizes(uint16_t v)  { return 4096ULL << (v & 15); }
static uint64_t shift(uint16_t v)       { return 12 + v % 24; }
static uint64_t gigabytes(uint16_t v)   { return (uint64_t)v << 30; }

/* Handles */
static uint64_t liobn(uint16_t v)
{
    return v & 0x80 ? FUZZ_VIO_UNITS + v % 8
                    : 0x80000000 | (v >> 8) % 4 << 8 | v % 3;
}
static uint64_t unit(uint16_t v)        { return FUZZ_VIO_UNITS + v % 8; }
static uint64_t lisn(uint16_t v)
{
    static const uint16_t first[] = { 0, 0x1000, 0x1100, 0x1200, 0x1300 };

    return first[(v >> 8) % ARRAY_SIZE(first)] + (v & 0x1f);
}
static uint64_t server(uint16_t v)      { return v % 20; }
static uint64_t drc(uint16_t v)
{
    static const uint8_t types[] = { 1, 2, 3, 4, 8, 9 };

    return (uint64_t)types[(v >> 8) % ARRAY_SIZE(types)] << 28 | (v & 0x1ff);
}
static uint64_t drc_pci(uint16_t v)     { return 4ULL << 28 | (v & 0x1f) << 3; }
static uint64_t drc_lmb(uint16_t v)     { return 8ULL << 28 | v % 10; }
static uint64_t buid_high(uint16_t v)   { return BUID_HIGH; }
static uint64_t buid_low(uint16_t v)    { return BUID_LOW + v % 4; }
static uint64_t buid(uint16_t v)
{
    return BUID_HIGH << 32 | buid_low(v);
}
static uint64_t config_addr(uint16_t v)
{
    return (uint64_t)(v & 0x7ff) << 8 << (v & 0x800 ? 5 : 0) | (v >> 12) * 4;
}
static uint64_t slot(uint16_t v)        { return (v % 8) << 11; }
static uint64_t config_reg(uint16_t v)
{
    return (v % 8) << 11 | ((v >> 3) & 0xff) | (uint64_t)(v >> 11) % 2 << 16;
}

/* I/O addresses, and entries of tables */
static uint64_t ioba(uint16_t v)        { return (uint64_t)v << 12; }
static uint64_t ioba_low(uint16_t v)    { return v % 0x4000; }
static uint64_t ioba_wide(uint16_t v)
{
    return DDW_ADDRESS + ((uint64_t)v << 16);
}
static uint64_t msi_addr(uint16_t v)    { return MSI_WINDOW + (v & 7); }
static uint64_t tce(uint16_t v)         { return arena_page(v) | (v >> 8) % 4; }
static uint64_t tce_ram(uint16_t v)     { return ram_page(v) | 3; }
static uint64_t buffer(uint16_t v)
{
    return 1ULL << 63 | (uint64_t)(v >> 4) << 32 | (v & 0xf) << 12;
}
static uint64_t ptex(uint16_t v)        { return v; }
static uint64_t pte0(uint16_t v)
{
    return (uint64_t)(v >> 4) << 7 | (v & 8 ? 1ULL << 62 : 0) | (v & 4) | 1;
}
static uint64_t pte1(uint16_t v)
{
    return (uint64_t)(v & 0xff00) << 8 | 0x190 | (v & 0x83);
}
static uint64_t crq_head(uint16_t v)
{
    static const uint8_t heads[] = { 0x80, 0xc0, 0xff, 0 };

    return (uint64_t)heads[v % 4] << 56 | (uint64_t)(v >> 2 & 7) << 48 |
           (uint64_t)(v >> 5);
}
static uint64_t pid_table(uint16_t v)
{
    return (uint64_t)(v & 0x1f) << 1 | v >> 15;
}
static uint64_t flags_word(uint16_t v)  { return (uint64_t)v << 40; }

static Maker *const makers[] = {
    small, small, small, byte, word, negative, bit, low_bits, two_bits, shifted,
    any, result, result,
    arena_page, arena_page, arena_page, arena, arena, ram_page, ram_64k,
    ram_end, ram_last, behind_ram, plugged,
    esb, esb_device, end_page, tima, pci_io, pci_mem32, pci_mem64,
    page_sizes, shift, gigabytes,
    liobn, liobn, unit, unit, lisn, lisn, server, server, drc, drc_pci, drc_lmb,
    buid_high, buid_high, buid_low, buid_low, buid, config_addr, slot,
    config_reg,
    ioba, ioba_low, ioba_low, ioba_wide, msi_addr, tce, tce_ram, buffer, ptex,
    pte0, pte1, crq_head, pid_table, flags_word,
};

uint64_t fuzz_arg(const FuzzRecord *record, unsigned i)
{
    const uint8_t *arg = record->args[i];

    return makers[arg[0] % ARRAY_SIZE(makers)](arg[1] | arg[2] << 8);
}
