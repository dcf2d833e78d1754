/*
 * pSeries PCI host bridge: arithmetic of DMA windows
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "../../../hw/pci-host/pseries/window.h"

#define LOW  0ULL
#define HIGH 0x800000000000000ULL
#define MSI  0x40000000000ULL

static const PaprDmaRange boot = { LOW, 1 * GiB };
static const PaprDmaRange msi = { MSI, 64 * KiB };

static PaprDmaLimits limits(void)
{
    return (PaprDmaLimits) {
        .page_sizes = 4 * KiB | 64 * KiB | 2 * MiB | 16 * MiB,
        .max_tces = 1ULL << 20,
        .low = LOW,
        .high = HIGH,
    };
}

/* A second window, beside the default window: a guest's first request */
static uint64_t beside_boot(uint32_t page_shift, uint32_t window_shift)
{
    const PaprDmaRange taken[] = { boot, msi };
    PaprDmaLimits l = limits();
    uint64_t start = 0;

    return papr_dma_place(&l, page_shift, window_shift, taken, 2, 1, &start)
           ? start : UINT64_MAX;
}

static uint64_t alone(PaprDmaLimits l, uint32_t page_shift,
                      uint32_t window_shift)
{
    uint64_t start = 0;

    return papr_dma_place(&l, page_shift, window_shift, &msi, 1, 0, &start)
           ? start : UINT64_MAX;
}

static void page_sizes(void)
{
    g_assert_cmphex(papr_dma_page_size_mask(4 * KiB), ==, 1);
    g_assert_cmphex(papr_dma_page_size_mask(64 * KiB), ==, 2);
    g_assert_cmphex(papr_dma_page_size_mask(16 * MiB), ==, 4);
    g_assert_cmphex(papr_dma_page_size_mask(32 * MiB), ==, 8);
    g_assert_cmphex(papr_dma_page_size_mask(64 * MiB), ==, 0x10);
    g_assert_cmphex(papr_dma_page_size_mask(128 * MiB), ==, 0x20);
    g_assert_cmphex(papr_dma_page_size_mask(256 * MiB), ==, 0x40);
    g_assert_cmphex(papr_dma_page_size_mask(16 * GiB), ==, 0x80);
    g_assert_cmphex(papr_dma_page_size_mask(2 * MiB), ==, 0x100);
    g_assert_cmphex(papr_dma_page_size_mask(limits().page_sizes), ==, 0x107);
    g_assert_cmphex(papr_dma_page_size_mask(UINT64_MAX), ==, 0x1ff);
    g_assert_cmphex(papr_dma_page_size_mask(8 * KiB | 1 * GiB), ==, 0);
    g_assert_cmphex(papr_dma_page_sizes(), ==, 0x41f211000ULL);
}

static void entries(void)
{
    /* as many as the default window has, at least */
    g_assert_cmphex(papr_dma_max_tces(0), ==, 1 << 18);
    g_assert_cmphex(papr_dma_max_tces(512 * MiB), ==, 1 << 18);
    g_assert_cmphex(papr_dma_max_tces(1 * GiB), ==, 1 << 18);
    g_assert_cmphex(papr_dma_max_tces(1 * GiB + 256 * MiB), ==, 1 << 19);
    g_assert_cmphex(papr_dma_max_tces(1 * TiB), ==, 1 << 28);
    /* a stream counts them in 32 bits */
    g_assert_cmphex(papr_dma_max_tces(8 * TiB), ==, 1ULL << 31);
    g_assert_cmphex(papr_dma_max_tces(16 * TiB), ==, 1ULL << 31);
    g_assert_cmphex(papr_dma_max_tces(UINT64_MAX), ==, 1ULL << 31);
}

static void overlap(void)
{
    PaprDmaRange top = { 0xfffffffffffff000ULL, 0x1000 };

    g_assert_true(papr_dma_overlap(boot, boot));
    g_assert_true(papr_dma_overlap(boot, (PaprDmaRange) { GiB - 1, 1 }));
    g_assert_false(papr_dma_overlap(boot, (PaprDmaRange) { GiB, 1 }));
    g_assert_false(papr_dma_overlap((PaprDmaRange) { GiB, 1 }, boot));
    g_assert_true(papr_dma_overlap((PaprDmaRange) { GiB - 1, 2 }, boot));
    g_assert_false(papr_dma_overlap(boot, (PaprDmaRange) { 0, 0 }));
    g_assert_false(papr_dma_overlap((PaprDmaRange) { 5, 0 }, boot));
    /* a range that ends at 2^64 does not wrap */
    g_assert_false(papr_dma_overlap(boot, top));
    g_assert_true(papr_dma_overlap(top, (PaprDmaRange) { UINT64_MAX, 1 }));
    g_assert_true(papr_dma_overlap((PaprDmaRange) { 1, UINT64_MAX }, top));
}

static void sizes(void)
{
    g_assert_cmphex(beside_boot(16, 30), ==, HIGH);
    /* one entry, and as many as there may be */
    g_assert_cmphex(beside_boot(12, 12), ==, HIGH);
    g_assert_cmphex(beside_boot(12, 32), ==, HIGH);
    g_assert_cmphex(beside_boot(12, 33), ==, UINT64_MAX);
    g_assert_cmphex(beside_boot(24, 44), ==, HIGH);
    g_assert_cmphex(beside_boot(24, 45), ==, UINT64_MAX);
    /* less than a page; page sizes that the bridge lacks; sizes of 0 bits */
    g_assert_cmphex(beside_boot(16, 15), ==, UINT64_MAX);
    g_assert_cmphex(beside_boot(13, 30), ==, UINT64_MAX);
    g_assert_cmphex(beside_boot(34, 40), ==, UINT64_MAX);
    g_assert_cmphex(beside_boot(0, 0), ==, UINT64_MAX);
    g_assert_cmphex(beside_boot(12, 0), ==, UINT64_MAX);
}

static void wild(void)
{
    static const uint32_t shifts[] = {
        63, 64, 65, 76, 127, 128, 140, 0x80000000, 0xfffffff4, UINT32_MAX,
    };

    for (size_t i = 0; i < ARRAY_SIZE(shifts); i++) {
        g_assert_cmphex(beside_boot(12, shifts[i]), ==, UINT64_MAX);
        g_assert_cmphex(beside_boot(shifts[i], 30), ==, UINT64_MAX);
        g_assert_cmphex(beside_boot(shifts[i], shifts[i]), ==, UINT64_MAX);
    }
}

static void places(void)
{
    const PaprDmaRange high = { HIGH, 1 * GiB };
    const PaprDmaRange high_and_msi[] = { high, msi };
    PaprDmaLimits l = limits();
    uint64_t start;

    /* the only window begins at @low, unless it would reach the MSIs */
    g_assert_cmphex(alone(l, 12, 30), ==, LOW);
    g_assert_cmphex(alone(l, 24, 42), ==, LOW);
    g_assert_cmphex(alone(l, 24, 43), ==, HIGH);

    /* beside a window at @high, @low is left */
    g_assert_true(papr_dma_place(&l, 12, 30, high_and_msi, 2, 1, &start));
    g_assert_cmphex(start, ==, LOW);
    /* with neither @low nor @high free, no window is created */
    l.low = HIGH;
    g_assert_false(papr_dma_place(&l, 12, 30, high_and_msi, 2, 1, &start));

    /* the end is below 2^64, as papr_tce_is_window() requires */
    l = limits();
    l.low = MSI;
    l.high = 0xffffffffc0000000ULL;
    g_assert_cmphex(alone(l, 12, 29), ==, l.high);
    g_assert_cmphex(alone(l, 12, 30), ==, UINT64_MAX);
}

/* A window begins at a multiple of its page size */
static void alignment(void)
{
    PaprDmaLimits l = limits();

    l.low = 0x1000;
    l.high = HIGH + 64 * KiB;
    g_assert_cmphex(alone(l, 12, 30), ==, 0x1000);
    g_assert_cmphex(alone(l, 16, 30), ==, HIGH + 64 * KiB);
    g_assert_cmphex(alone(l, 21, 30), ==, UINT64_MAX);
    l.high = HIGH;
    g_assert_cmphex(alone(l, 21, 30), ==, HIGH);
}

static bool usable(uint64_t high, uint64_t page_sizes)
{
    PaprDmaLimits l = limits();

    l.high = high;
    l.page_sizes = page_sizes;
    return papr_dma_usable(&l, &msi, 1);
}

static void places_of_use(void)
{
    const uint64_t usual = limits().page_sizes;

    g_assert_true(usable(HIGH, usual));
    g_assert_true(usable(4 * GiB, usual));
    g_assert_true(usable(MSI + 64 * KiB, usual));
    g_assert_true(usable(MSI - 1 * GiB, usual));
    g_assert_true(usable(0xffffffff80000000ULL, usual));
    /* over the MSIs; past the last address */
    g_assert_false(usable(MSI, usual));
    g_assert_false(usable(MSI + 4 * KiB, usual));
    g_assert_false(usable(MSI - 1 * GiB + 4 * KiB, usual));
    g_assert_false(usable(0xffffffffc0000000ULL, usual));
    g_assert_false(usable(0xfffffffffffff000ULL, usual));
    /* pages above 1 GiB; an address that is no multiple of the page size */
    g_assert_true(usable(16 * GiB, 16 * GiB));
    g_assert_false(usable(MSI - 8 * GiB, 16 * GiB));
    g_assert_false(usable(HIGH + 4 * KiB, 64 * KiB));
    g_assert_true(usable(HIGH + 4 * KiB, usual));
    g_assert_false(usable(HIGH, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/ddw-window/page-sizes", page_sizes);
    g_test_add_func("/pseries/ddw-window/entries", entries);
    g_test_add_func("/pseries/ddw-window/overlap", overlap);
    g_test_add_func("/pseries/ddw-window/sizes", sizes);
    g_test_add_func("/pseries/ddw-window/wild", wild);
    g_test_add_func("/pseries/ddw-window/places", places);
    g_test_add_func("/pseries/ddw-window/alignment", alignment);
    g_test_add_func("/pseries/ddw-window/places-of-use", places_of_use);
    return g_test_run();
}
