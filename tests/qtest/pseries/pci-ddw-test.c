/*
 * DMA windows of PCI host bridges: the calls by which a guest creates and
 * removes them, and their options; calls of enhanced I/O error handling (EEH)
 *
 * tce-test.c has DMA through windows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "libpapr.h"
#include <libfdt.h>
#include <sys/resource.h>

#define BUID_HIGH 0x08000000u
#define BUID_LOW(phb) (0x20000000u + (phb))
#define LIOBN(phb, window) (0x80000000u | (phb) << 8 | (window))
#define DEV (1u << 11)

#define LOW 0ull
#define HIGH 0x800000000000000ull
#define PAGE_SIZES 0x107u               /* 4 KiB, 64 KiB, 2 MiB, 16 MiB */
#define TCES (1u << 18)                 /* with less than 1 GiB of RAM */

/* --- the calls ------------------------------------------------------------ */

static int32_t query_status(QTestState *qts, unsigned phb, size_t nrets,
                            uint32_t *rets)
{
    return papr_rtas(qts, "ibm,query-pe-dma-window", nrets, rets, DEV,
                     BUID_HIGH, BUID_LOW(phb));
}

static uint32_t available(QTestState *qts, unsigned phb)
{
    uint32_t rets[5];

    g_assert_cmpint(query_status(qts, phb, 5, rets), ==, RTAS_SUCCESS);
    return rets[1];
}

static int32_t create_status(QTestState *qts, unsigned phb, uint32_t page_shift,
                             uint32_t window_shift, uint32_t rets[4])
{
    return papr_rtas(qts, "ibm,create-pe-dma-window", 4, rets, DEV, BUID_HIGH,
                     BUID_LOW(phb), page_shift, window_shift);
}

static int64_t get_tce(QTestState *qts, uint32_t liobn, uint64_t ioba)
{
    return papr_hcall(qts, 0, H_GET_TCE, liobn, ioba);
}

/* The window of @liobn is @size bytes from @start on; its first TCE is empty */
static void window_is(QTestState *qts, uint32_t liobn, uint64_t start,
                      uint64_t size)
{
    uint64_t regs[PAPR_HCALL_REGS] = { liobn, start };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_GET_TCE, regs), ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 0);
    g_assert_cmpint(get_tce(qts, liobn, start + size - 1), ==, H_SUCCESS);
    g_assert_cmpint(get_tce(qts, liobn, start + size), ==, H_PARAMETER);
    if (start) {
        g_assert_cmpint(get_tce(qts, liobn, start - 1), ==, H_PARAMETER);
    }
}

static void no_window(QTestState *qts, uint32_t liobn)
{
    g_assert_cmpint(get_tce(qts, liobn, LOW), ==, H_PARAMETER);
    g_assert_cmpint(get_tce(qts, liobn, HIGH), ==, H_PARAMETER);
}

static void create(QTestState *qts, unsigned phb, uint32_t page_shift,
                   uint32_t window_shift, uint32_t liobn, uint64_t start)
{
    uint32_t rets[4];

    g_assert_cmpint(create_status(qts, phb, page_shift, window_shift, rets), ==,
                    RTAS_SUCCESS);
    g_assert_cmphex(rets[1], ==, liobn);
    g_assert_cmphex((uint64_t)rets[2] << 32 | rets[3], ==, start);
    window_is(qts, liobn, start, 1ull << window_shift);
}

static void create_fails(QTestState *qts, unsigned phb, uint32_t page_shift,
                         uint32_t window_shift)
{
    uint32_t rets[4];
    uint32_t before = available(qts, phb);

    g_assert_cmpint(create_status(qts, phb, page_shift, window_shift, rets), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpuint(available(qts, phb), ==, before);
}

static int32_t remove_window(QTestState *qts, uint32_t liobn)
{
    return papr_rtas(qts, "ibm,remove-pe-dma-window", 1, NULL, liobn);
}

static int32_t reset_windows(QTestState *qts, unsigned phb)
{
    return papr_rtas(qts, "ibm,reset-pe-dma-window", 1, NULL, DEV, BUID_HIGH,
                     BUID_LOW(phb));
}

static void as_at_boot(QTestState *qts, unsigned phb)
{
    window_is(qts, LIOBN(phb, 0), LOW, 1 * GiB);
    no_window(qts, LIOBN(phb, 1));
    g_assert_cmpuint(available(qts, phb), ==, 1);
}

/* --- windows -------------------------------------------------------------- */

static void check_size(QTestState *qts, uint64_t before, uint64_t window)
{
    /* 64 tables that wait to be freed, one in use, and other mappings */
    g_assert_cmpuint(papr_host_status(qts, "VmSize:"), <,
                     before + 66 * window / KiB + GiB / KiB);
}

/*
 * Windows are created and removed in a loop: QEMU's memory for removed windows
 * does not grow, since the calls return RTAS_BUSY
 */
static void test_churn(void)
{
    QTestState *qts = qtest_init("-machine pseries -nodefaults -smp 1 "
                                 "-m 256M,slots=2,maxmem=8T "
                                 "-global spapr-pci-host-bridge."
                                 "dma_win_size=0xfffff000");
    const uint64_t large = (1ull << (43 - 12)) * 8;
    uint64_t before = papr_host_status(qts, "VmSize:");

    for (int i = 0; i < 1000; i++) {
        uint32_t rets[4];
        int32_t rc = create_status(qts, 0, 12, 43, rets);

        if (rc == RTAS_SUCCESS) {
            g_assert_cmpint(remove_window(qts, rets[1]), ==, RTAS_SUCCESS);
        } else {
            g_assert_cmpint(rc, ==, RTAS_BUSY);
            g_usleep(1000);
        }
        if (i % 8 == 0) {
            check_size(qts, before, large);
        }
    }
    for (int i = 0; i < 1000; i++) {
        int32_t rc = reset_windows(qts, 0);

        if (rc == RTAS_SUCCESS) {
            remove_window(qts, LIOBN(0, 0));
        } else {
            g_assert_cmpint(rc, ==, RTAS_BUSY);
            g_usleep(1000);
        }
    }
    check_size(qts, before, large);
    while (reset_windows(qts, 0) == RTAS_BUSY) {
        g_usleep(1000);
    }
    no_window(qts, LIOBN(0, 1));
    g_assert_cmpuint(available(qts, 0), ==, 1);
    qtest_quit(qts);
}

/*
 * A window as large as maxmem: the memory of its TCEs is limited to what twice
 * the present RAM needs, and 8 MiB.  Memory of cleared TCEs is freed.
 */
static void test_bound(void)
{
    enum { AT_ONCE = 65536 };
    QTestState *qts = qtest_init("-machine pseries -nodefaults -smp 1 "
                                 "-m 256M,slots=2,maxmem=8T");
    uint64_t page = PAPR_TEST_RAM & ~4095ull, step = AT_ONCE * 4096ull;
    uint64_t regs[PAPR_HCALL_REGS];
    unsigned refused = 0;
    uint64_t before;
    const uint32_t liobn = LIOBN(0, 1);
    const uint64_t bound = 8 * MiB + 2 * 8 * (256 * MiB / 4096);

    create(qts, 0, 12, 43, liobn, HIGH);
    before = papr_host_status(qts, "VmRSS:");
    for (int i = 0; i < 200; i++) {
        int64_t rc = papr_hcall(qts, 0, H_STUFF_TCE, liobn, HIGH + i * step,
                                page | 3, AT_ONCE);

        if (rc == H_NOT_ENOUGH_RESOURCES) {
            refused++;
        } else {
            g_assert_cmpint(rc, ==, H_SUCCESS);
            g_assert_cmpuint(refused, ==, 0);
        }
    }
    g_assert_cmpuint(200 - refused, ==, bound / (AT_ONCE * 8));
    papr_resident_is_below(qts, before + bound / KiB + 2048);

    /* a refused call has stored nothing; what was stored is there */
    for (int i = 199; i >= 0; i -= 199) {
        regs[0] = liobn;
        regs[1] = HIGH + i * step;
        g_assert_cmpint(papr_hcall_regs(qts, 0, H_GET_TCE, regs), ==,
                        H_SUCCESS);
        g_assert_cmphex(regs[0], ==, i ? 0 : page | 3);
    }
    /* a single entry needs memory for all entries of its leaf */
    g_assert_cmpint(papr_hcall(qts, 0, H_PUT_TCE, liobn, HIGH + 150 * step,
                               page | 3), ==, H_NOT_ENOUGH_RESOURCES);
    g_assert_cmpint(papr_hcall(qts, 0, H_PUT_TCE, liobn, HIGH + 5 * 4096,
                               page | 3), ==, H_SUCCESS);

    /* memory of cleared entries is freed and used for others, many times */
    for (int i = 0; i < 1000; i++) {
        uint64_t from = HIGH + (i % 200) * step;
        uint64_t next = HIGH + ((i + 200 - refused) % 200) * step;

        g_assert_cmpint(papr_hcall(qts, 0, H_STUFF_TCE, liobn, from, 0,
                                   AT_ONCE), ==, H_SUCCESS);
        g_assert_cmpint(papr_hcall(qts, 0, H_STUFF_TCE, liobn, next, page | 3,
                                   AT_ONCE), ==, H_SUCCESS);
    }
    for (int i = 0; i < 200; i++) {
        g_assert_cmpint(papr_hcall(qts, 0, H_STUFF_TCE, liobn, HIGH + i * step,
                                   0, AT_ONCE), ==, H_SUCCESS);
    }
    papr_resident_is_below(qts, before + 6 * 1024 + 2048);
    qtest_quit(qts);
}

static void test_query(void)
{
    QTestState *qts = papr_start("-m 256M");
    uint32_t rets[6];

    g_assert_cmpint(query_status(qts, 0, 5, rets), ==, RTAS_SUCCESS);
    g_assert_cmpuint(rets[1], ==, 1);
    g_assert_cmphex(rets[2], ==, TCES);
    g_assert_cmphex(rets[3], ==, PAGE_SIZES);
    g_assert_cmphex(rets[4], ==, 0);

    g_assert_cmpint(query_status(qts, 0, 6, rets), ==, RTAS_SUCCESS);
    g_assert_cmpuint(rets[1], ==, 1);
    g_assert_cmphex(rets[2], ==, 0);
    g_assert_cmphex(rets[3], ==, TCES);
    g_assert_cmphex(rets[4], ==, PAGE_SIZES);
    g_assert_cmphex(rets[5], ==, 0);
    qtest_quit(qts);

    /* a window of the smallest pages can be large enough for maxmem */
    qts = papr_start("-m 256M,slots=4,maxmem=16G");
    g_assert_cmpint(query_status(qts, 0, 6, rets), ==, RTAS_SUCCESS);
    g_assert_cmphex(rets[3], >=, 16 * GiB / (4 * KiB));
    g_assert_cmphex(rets[3] & (rets[3] - 1), ==, 0);
    create(qts, 0, 12, 34, LIOBN(0, 1), HIGH);
    qtest_quit(qts);
}

static void test_sizes(void)
{
    static const uint32_t page_shifts[] = { 12, 16, 21, 24 };
    QTestState *qts = papr_start("-m 256M");

    for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
        uint32_t page = page_shifts[i];

        for (uint32_t shift = page; shift <= page + 18; shift += 3) {
            create(qts, 0, page, shift, LIOBN(0, 1), HIGH);
            g_assert_cmpuint(available(qts, 0), ==, 0);
            g_assert_cmpint(remove_window(qts, LIOBN(0, 1)), ==, RTAS_SUCCESS);
            as_at_boot(qts, 0);
        }
        create_fails(qts, 0, page, page - 1);
        create_fails(qts, 0, page, page + 19);
    }
    qtest_quit(qts);
}

/* The guest replaces the default window by one of its own */
static void test_replace(void)
{
    QTestState *qts = papr_start("-m 256M");

    create(qts, 0, 16, 28, LIOBN(0, 1), HIGH);
    create_fails(qts, 0, 16, 28);
    g_assert_cmpint(remove_window(qts, LIOBN(0, 0)), ==, RTAS_SUCCESS);
    no_window(qts, LIOBN(0, 0));
    g_assert_cmpuint(available(qts, 0), ==, 1);
    /* at the address that the other window does not have */
    create(qts, 0, 24, 30, LIOBN(0, 0), LOW);
    create_fails(qts, 0, 12, 12);
    g_assert_cmpint(remove_window(qts, LIOBN(0, 1)), ==, RTAS_SUCCESS);
    window_is(qts, LIOBN(0, 0), LOW, 1 * GiB);
    create(qts, 0, 12, 20, LIOBN(0, 1), HIGH);

    /* the last window is removed: the default one is created again */
    g_assert_cmpint(remove_window(qts, LIOBN(0, 0)), ==, RTAS_SUCCESS);
    no_window(qts, LIOBN(0, 0));
    g_assert_cmpint(remove_window(qts, LIOBN(0, 1)), ==, RTAS_SUCCESS);
    as_at_boot(qts, 0);

    /* but if the default window is removed last, there is none */
    g_assert_cmpint(remove_window(qts, LIOBN(0, 0)), ==, RTAS_SUCCESS);
    no_window(qts, LIOBN(0, 0));
    g_assert_cmpuint(available(qts, 0), ==, 2);
    /* the only window begins at 0, if it ends below the window of MSIs */
    create(qts, 0, 24, 42, LIOBN(0, 0), LOW);
    g_assert_cmpint(remove_window(qts, LIOBN(0, 0)), ==, RTAS_SUCCESS);
    as_at_boot(qts, 0);
    qtest_quit(qts);
}

static void fill_first(QTestState *qts, uint32_t liobn, uint64_t start)
{
    g_assert_cmpint(papr_hcall(qts, 0, H_PUT_TCE, liobn, start,
                               (PAPR_TEST_RAM & ~0xffffull) | 3), ==,
                    H_SUCCESS);
}

static void test_resets(void)
{
    QTestState *qts = papr_start("-m 256M");

    for (int i = 0; i < 4; i++) {
        fill_first(qts, LIOBN(0, 0), LOW);
        create(qts, 0, 16, 30, LIOBN(0, 1), HIGH);
        fill_first(qts, LIOBN(0, 1), HIGH);
        if (i & 1) {
            g_assert_cmpint(remove_window(qts, LIOBN(0, 0)), ==, RTAS_SUCCESS);
            create(qts, 0, 16, 20, LIOBN(0, 0), LOW);
            fill_first(qts, LIOBN(0, 0), LOW);
        }
        if (i & 2) {
            qtest_system_reset(qts);
        } else {
            g_assert_cmpint(reset_windows(qts, 0), ==, RTAS_SUCCESS);
        }
        as_at_boot(qts, 0);
    }
    /* a reset with the default window only, and with no window at all */
    g_assert_cmpint(reset_windows(qts, 0), ==, RTAS_SUCCESS);
    as_at_boot(qts, 0);
    g_assert_cmpint(remove_window(qts, LIOBN(0, 0)), ==, RTAS_SUCCESS);
    g_assert_cmpint(reset_windows(qts, 0), ==, RTAS_SUCCESS);
    as_at_boot(qts, 0);
    qtest_quit(qts);
}

static void test_bridges(void)
{
    QTestState *qts = papr_start("-m 256M "
                                 "-device spapr-pci-host-bridge,index=30");

    create(qts, 30, 16, 28, LIOBN(30, 1), HIGH);
    as_at_boot(qts, 0);
    g_assert_cmpint(remove_window(qts, LIOBN(30, 0)), ==, RTAS_SUCCESS);
    create(qts, 0, 12, 28, LIOBN(0, 1), HIGH);
    g_assert_cmpint(reset_windows(qts, 30), ==, RTAS_SUCCESS);
    as_at_boot(qts, 30);
    window_is(qts, LIOBN(0, 1), HIGH, 256 * MiB);
    qtest_quit(qts);
}

static void test_wild(void)
{
    static const uint32_t shifts[] = {
        0, 1, 11, 13, 34, 62, 63, 64, 76, 128, 140, 0x80000000, 0x8000000c,
        0xfffffff4, UINT32_MAX,
    };
    static const uint32_t liobns[] = {
        0, 1, LIOBN(0, 1), LIOBN(0, 2), LIOBN(1, 0), LIOBN(30, 0),
        LIOBN(0, 0) & INT32_MAX, 0x2000, UINT32_MAX,
    };
    static const uint32_t buids[] = {
        0, BUID_LOW(-1), BUID_LOW(1), BUID_LOW(31), UINT32_MAX,
    };
    QTestState *qts = papr_start("-m 256M -device spapr-vlan,reg=0x2000,"
                                 "netdev=n -netdev user,id=n");
    uint32_t rets[6];

    for (size_t i = 0; i < ARRAY_SIZE(shifts); i++) {
        create_fails(qts, 0, shifts[i], 30);
        create_fails(qts, 0, shifts[i], shifts[i]);
        if (shifts[i] < 12 || shifts[i] > 30) {
            create_fails(qts, 0, 12, shifts[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(liobns); i++) {
        g_assert_cmpint(remove_window(qts, liobns[i]), ==,
                        RTAS_PARAMETER_ERROR);
    }
    for (size_t i = 0; i < ARRAY_SIZE(buids); i++) {
        unsigned phb = buids[i] - BUID_LOW(0);

        g_assert_cmpint(query_status(qts, phb, 6, rets), ==,
                        RTAS_PARAMETER_ERROR);
        g_assert_cmpint(create_status(qts, phb, 12, 30, rets), ==,
                        RTAS_PARAMETER_ERROR);
        g_assert_cmpint(reset_windows(qts, phb), ==, RTAS_PARAMETER_ERROR);
    }
    /* no room for the results, too few arguments */
    g_assert_cmpint(query_status(qts, 0, 4, rets), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,create-pe-dma-window", 4, rets, DEV,
                              BUID_HIGH, BUID_LOW(0), 12), ==,
                    RTAS_PARAMETER_ERROR);
    as_at_boot(qts, 0);
    qtest_quit(qts);
}

/* --- options, limits ------------------------------------------------------ */

static void cells_are(const void *fdt, const char *property,
                      const uint32_t *cells, size_t n)
{
    int node = fdt_path_offset(fdt, "/pci@800000020000000");
    int len;
    const fdt32_t *value = fdt_getprop(fdt, node, property, &len);

    if (!n) {
        g_assert_null(value);
        return;
    }
    g_assert_cmpint(len, ==, n * sizeof(*value));
    for (size_t i = 0; i < n; i++) {
        g_assert_cmphex(fdt32_to_cpu(value[i]), ==, cells[i]);
    }
}

#define CELLS_ARE(fdt, property, ...)                                       \
    cells_are(fdt, property, (const uint32_t[]){ __VA_ARGS__ },             \
              ARRAY_SIZE(((const uint32_t[]){ __VA_ARGS__ })))

static rlim_t address_space(QTestState *qts)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", qtest_pid(qts));
    g_autofree char *statm = NULL;

    g_assert_true(g_file_get_contents(path, &statm, NULL, NULL));
    return g_ascii_strtoull(statm, NULL, 10) * qemu_real_host_page_size();
}

static void limit_memory(QTestState *qts, rlim_t bytes)
{
    struct rlimit limit = { bytes, RLIM_INFINITY };

    g_assert_cmpint(prlimit(qtest_pid(qts), RLIMIT_AS, &limit, NULL), ==, 0);
}

/*
 * Without memory for a table the guest can create no window, and a reset leaves
 * it without the default window, until there is memory at another reset.
 */
static void test_no_memory(void)
{
    /* the table of the default window: 8 MiB */
    QTestState *qts = papr_start("-m 512M,slots=1,maxmem=1T "
                                 "-global spapr-pci-host-bridge."
                                 "dma_win_size=4G");
    uint32_t rets[4];
    rlim_t before = address_space(qts);

    if (before > TiB) {
        g_test_skip("a sanitizer's address space can't be limited");
        qtest_quit(qts);
        return;
    }
    limit_memory(qts, before + 6 * MiB);
    g_assert_cmpint(create_status(qts, 0, 12, 40, rets), ==,
                    RTAS_HARDWARE_ERROR);
    g_assert_cmpuint(available(qts, 0), ==, 1);
    no_window(qts, LIOBN(0, 1));

    limit_memory(qts, before);
    g_assert_cmpint(remove_window(qts, LIOBN(0, 0)), ==, RTAS_SUCCESS);
    while (address_space(qts) > before - 7 * MiB) {
        g_usleep(1000);                 /* freed when no thread can use it */
    }
    limit_memory(qts, before - 2 * MiB);
    g_assert_cmpint(reset_windows(qts, 0), ==, RTAS_HARDWARE_ERROR);
    qtest_system_reset(qts);
    no_window(qts, LIOBN(0, 0));
    g_assert_cmpuint(available(qts, 0), ==, 2);

    limit_memory(qts, RLIM_INFINITY);
    qtest_system_reset(qts);
    window_is(qts, LIOBN(0, 0), LOW, 4 * GiB);
    create(qts, 0, 12, 40, LIOBN(0, 1), HIGH);
    qtest_quit(qts);
}

static void test_tree(void)
{
    QTestState *qts = papr_start("-m 256M");
    g_autofree void *fdt = papr_tree(qts);
    g_autofree void *other = NULL;

    CELLS_ARE(fdt, "ibm,dma-window", LIOBN(0, 0), 0, 0, 0, 1 * GiB);
    CELLS_ARE(fdt, "ibm,#dma-address-cells", 2);
    CELLS_ARE(fdt, "ibm,#dma-size-cells", 2);
    CELLS_ARE(fdt, "ibm,ddw-applicable", RTAS_IBM_QUERY_PE_DMA_WINDOW,
              RTAS_IBM_CREATE_PE_DMA_WINDOW, RTAS_IBM_REMOVE_PE_DMA_WINDOW);
    CELLS_ARE(fdt, "ibm,ddw-extensions", 2, RTAS_IBM_RESET_PE_DMA_WINDOW, 1);
    qtest_quit(qts);

    /* the largest window there can be, up to 4 GiB */
    qts = papr_start("-global spapr-pci-host-bridge.ddw=off "
                     "-global spapr-pci-host-bridge.dma_win_addr=0x10000000 "
                     "-global spapr-pci-host-bridge.dma_win_size=0xf0000000");
    other = papr_tree(qts);
    CELLS_ARE(other, "ibm,dma-window", LIOBN(0, 0), 0, 0x10000000, 0,
              0xf0000000);
    cells_are(other, "ibm,ddw-applicable", NULL, 0);
    cells_are(other, "ibm,ddw-extensions", NULL, 0);
    window_is(qts, LIOBN(0, 0), 0x10000000, 0xf0000000);
    qtest_quit(qts);
}

static void test_options(void)
{
    QTestState *qts = papr_start("-m 256M "
                                 "-global spapr-pci-host-bridge.ddw=off");
    uint32_t rets[6];

    g_assert_cmpint(query_status(qts, 0, 5, rets), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(create_status(qts, 0, 12, 30, rets), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(remove_window(qts, LIOBN(0, 0)), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(reset_windows(qts, 0), ==, RTAS_PARAMETER_ERROR);
    window_is(qts, LIOBN(0, 0), LOW, 1 * GiB);
    qtest_system_reset(qts);
    window_is(qts, LIOBN(0, 0), LOW, 1 * GiB);
    qtest_quit(qts);

    qts = papr_start("-m 256M -global spapr-pci-host-bridge.pgsz=0x10001000 "
                     "-global spapr-pci-host-bridge.dma64_win_addr=0x80000000");
    g_assert_cmpint(query_status(qts, 0, 5, rets), ==, RTAS_SUCCESS);
    g_assert_cmphex(rets[3], ==, 0x41);
    create_fails(qts, 0, 16, 30);
    create(qts, 0, 28, 40, LIOBN(0, 1), 0x80000000);
    /* a window that would overlap the other one is refused */
    g_assert_cmpint(remove_window(qts, LIOBN(0, 0)), ==, RTAS_SUCCESS);
    create_fails(qts, 0, 28, 32);
    create(qts, 0, 28, 31, LIOBN(0, 0), LOW);
    qtest_quit(qts);
}

/* QEMU ends with one error line that has @words in it */
static void fails_with(const char *options, const char *words)
{
    g_autofree char *all =
        g_strdup_printf("-device spapr-pci-host-bridge,index=1,%s", options);
    g_autofree char *errors = papr_refused(all);

    g_assert_nonnull(strstr(errors, words));
    g_assert_true(strchr(errors, '\n') == errors + strlen(errors) - 1);
}

static void test_bad_options(void)
{
    fails_with("dma_win_addr=0x800", "dma_win_addr=0x800 is not a multiple");
    fails_with("dma_win_size=0x40000800", "dma_win_size=0x40000800 is not");
    fails_with("dma_win_size=0", "dma_win_size=0x0");
    fails_with("dma_win_size=0x100001000", "beyond 4 GiB");
    fails_with("dma_win_addr=0x100000000", "beyond 4 GiB");
    fails_with("dma_win_addr=0xfffffffffffff000", "beyond 4 GiB");
    fails_with("dma_win_addr=0xfffff000,dma_win_size=0x2000", "beyond 4 GiB");
    fails_with("pgsz=0", "pgsz=0x0 ");
    fails_with("pgsz=0x3000", "pgsz=0x3000 has a bit");
    fails_with("dma64_win_addr=0x800000800", "dma64_win_addr=0x800000800 is");
    fails_with("dma64_win_addr=0x3ffff000", "dma64_win_addr=0x3ffff000 is in");
}

/* --- error handling ------------------------------------------------------- */

/* By default emulated devices have no EEH, as Linux's first calls must show */
static void test_eeh(void)
{
    QTestState *qts = papr_start("-device virtio-rng-pci,addr=1");
    uint32_t rets[5];

    g_assert_cmpint(papr_rtas(qts, "ibm,get-config-addr-info2", 2, rets, DEV,
                              BUID_HIGH, BUID_LOW(0), 1), ==, RTAS_SUCCESS);
    g_assert_cmpuint(rets[1], ==, 0);
    for (uint32_t function = 0; function < 6; function++) {
        if (function != 1) {
            g_assert_cmpint(papr_rtas(qts, "ibm,get-config-addr-info2", 2,
                                      rets, DEV, BUID_HIGH, BUID_LOW(0),
                                      function), ==, RTAS_PARAMETER_ERROR);
        }
        g_assert_cmpint(papr_rtas(qts, "ibm,set-eeh-option", 1, NULL, DEV,
                                  BUID_HIGH, BUID_LOW(0), function), ==,
                        RTAS_PARAMETER_ERROR);
        g_assert_cmpint(papr_rtas(qts, "ibm,set-slot-reset", 1, NULL, DEV,
                                  BUID_HIGH, BUID_LOW(0), function), ==,
                        RTAS_PARAMETER_ERROR);
        g_assert_cmpint(papr_rtas(qts, "ibm,slot-error-detail", 1, NULL, DEV,
                                  BUID_HIGH, BUID_LOW(0), 0, 0, 0, 0,
                                  function), ==, RTAS_PARAMETER_ERROR);
    }
    for (size_t nrets = 4; nrets <= 5; nrets++) {
        g_assert_cmpint(papr_rtas(qts, "ibm,read-slot-reset-state2", nrets,
                                  rets, DEV, BUID_HIGH, BUID_LOW(0)), ==,
                        RTAS_SUCCESS);
        g_assert_cmpuint(rets[1], ==, 0);
        g_assert_cmpuint(rets[2], ==, 0);
    }
    g_assert_cmpint(papr_rtas(qts, "ibm,configure-pe", 1, NULL, DEV, BUID_HIGH,
                              BUID_LOW(0)), ==, RTAS_PARAMETER_ERROR);

    /* no such device, no such bridge */
    g_assert_cmpint(papr_rtas(qts, "ibm,get-config-addr-info2", 2, rets,
                              2 * DEV, BUID_HIGH, BUID_LOW(0), 1), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,get-config-addr-info2", 2, rets, DEV,
                              BUID_HIGH, BUID_LOW(1), 1), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,read-slot-reset-state2", 4, rets,
                              2 * DEV, BUID_HIGH, BUID_LOW(0)), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,read-slot-reset-state2", 4, rets, DEV,
                              BUID_HIGH, BUID_LOW(1)), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,set-slot-reset", 1, NULL, DEV, 0, 0,
                              1), ==, RTAS_PARAMETER_ERROR);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/pci-ddw/query", test_query);
    qtest_add_func("pseries/pci-ddw/churn", test_churn);
    qtest_add_func("pseries/pci-ddw/bound", test_bound);
    qtest_add_func("pseries/pci-ddw/sizes", test_sizes);
    qtest_add_func("pseries/pci-ddw/replace", test_replace);
    qtest_add_func("pseries/pci-ddw/resets", test_resets);
    qtest_add_func("pseries/pci-ddw/bridges", test_bridges);
    qtest_add_func("pseries/pci-ddw/wild", test_wild);
    qtest_add_func("pseries/pci-ddw/no-memory", test_no_memory);
    qtest_add_func("pseries/pci-ddw/tree", test_tree);
    qtest_add_func("pseries/pci-ddw/options", test_options);
    qtest_add_func("pseries/pci-ddw/bad-options", test_bad_options);
    qtest_add_func("pseries/pci-ddw/eeh", test_eeh);
    return g_test_run();
}
