/*
 * qtests of TCE (translation control entry) tables: the guest's calls, DMA
 * through them, dynamic windows, streams
 *
 * The default host bridge has the window 0 to 1 GiB of 4 KiB pages.  DMA is
 * that of QEMU's teaching device "edu", which copies 4 KiB at most between
 * memory and a buffer of its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/pci/pci_regs.h"
#include "libpapr.h"

#define LIOBN       0x80000000u
#define LIOBN_DDW   0x80000001u
#define BUID_HIGH   0x08000000u
#define BUID_LOW    0x20000000u
#define DEVFN       0x08                /* 01.0 */
#define PAGE        4096ull
#define WINDOW      (1 * GiB)

#define BAR_BUS     0x80000000u         /* in the 32-bit window of PHB 0 */
#define BAR_CPU     0x200080000000ull
#define EDU_SRC     (BAR_CPU + 0x80)
#define EDU_DST     (BAR_CPU + 0x88)
#define EDU_COUNT   (BAR_CPU + 0x90)
#define EDU_COMMAND (BAR_CPU + 0x98)
#define EDU_BUFFER  0x40000ull
#define EDU_RUN     1
#define EDU_TO_RAM  2

/* Where tests have their pages, and a list */
#define RAM(page)   (PAPR_TEST_RAM + (page) * PAGE)
#define LIST        RAM(0x100)
#define NO_RAM      (16 * GiB)

#define TCE_R       1
#define TCE_W       2
#define TCE_RW      3

static QTestState *start(const char *options)
{
    return papr_start("-device edu,addr=1,dma_mask=0xffffffffffffffff %s",
                      options);
}

/* ---- the calls ---- */

static int64_t put(QTestState *qts, uint64_t liobn, uint64_t ioba, uint64_t tce)
{
    return papr_hcall(qts, 0, H_PUT_TCE, liobn, ioba, tce);
}

static int64_t stuff(QTestState *qts, uint64_t liobn, uint64_t ioba,
                     uint64_t tce, uint64_t count)
{
    return papr_hcall(qts, 0, H_STUFF_TCE, liobn, ioba, tce, count);
}

static int64_t indirect(QTestState *qts, uint64_t liobn, uint64_t ioba,
                        uint64_t list, uint64_t count)
{
    return papr_hcall(qts, 0, H_PUT_TCE_INDIRECT, liobn, ioba, list, count);
}

static int64_t get(QTestState *qts, uint64_t liobn, uint64_t ioba,
                   uint64_t *tce)
{
    uint64_t regs[PAPR_HCALL_REGS] = { liobn, ioba };
    int64_t rc = papr_hcall_regs(qts, 0, H_GET_TCE, regs);

    *tce = regs[0];
    return rc;
}

static uint64_t got(QTestState *qts, uint64_t liobn, uint64_t ioba)
{
    uint64_t tce;

    g_assert_cmpint(get(qts, liobn, ioba, &tce), ==, H_SUCCESS);
    return tce;
}

static void test_put_get(void)
{
    QTestState *qts = start("");

    g_assert_cmphex(got(qts, LIOBN, 0), ==, 0);
    g_assert_cmpint(put(qts, LIOBN, 5 * PAGE, RAM(1) | TCE_RW), ==, H_SUCCESS);
    g_assert_cmphex(got(qts, LIOBN, 5 * PAGE), ==, RAM(1) | TCE_RW);
    /* an I/O address names the page it lies in */
    g_assert_cmphex(got(qts, LIOBN, 6 * PAGE - 1), ==, RAM(1) | TCE_RW);
    g_assert_cmphex(got(qts, LIOBN, 4 * PAGE), ==, 0);
    g_assert_cmphex(got(qts, LIOBN, 6 * PAGE), ==, 0);
    g_assert_cmpint(put(qts, LIOBN, WINDOW - 1, RAM(2) | TCE_R), ==, H_SUCCESS);
    g_assert_cmphex(got(qts, LIOBN, WINDOW - PAGE), ==, RAM(2) | TCE_R);

    /* an entry without access rights may have any address */
    g_assert_cmpint(put(qts, LIOBN, 5 * PAGE, NO_RAM | 0xff0), ==, H_SUCCESS);
    g_assert_cmphex(got(qts, LIOBN, 5 * PAGE), ==, NO_RAM | 0xff0);
    qtest_quit(qts);
}

static void test_wild(void)
{
    static const uint64_t bad_liobns[] = {
        0, 0x71000000, LIOBN_DDW, LIOBN | 2, LIOBN | 0xff, LIOBN | 0x100,
        LIOBN | 0xff00, LIOBN | 0x10000, UINT32_MAX, 1ull << 32 | LIOBN,
    };
    static const uint64_t bad_iobas[] = {
        WINDOW, WINDOW + PAGE, UINT64_MAX, 1ull << 63,
    };
    static const uint64_t bad_tces[] = {
        /* no RAM: beyond it, a device's registers, the end of all addresses */
        NO_RAM | TCE_RW, 256 * MiB | TCE_R, BAR_CPU | TCE_W,
        0xfffffffffffff000 | TCE_RW,
        /* bits that are reserved */
        RAM(1) | 0x10 | TCE_RW, RAM(1) | 0x800 | TCE_R,
    };
    QTestState *qts = start("");
    uint64_t tce;

    papr_st64(qts, LIST, RAM(1) | TCE_RW);
    for (size_t i = 0; i < ARRAY_SIZE(bad_liobns); i++) {
        uint64_t liobn = bad_liobns[i];

        g_assert_cmpint(put(qts, liobn, 0, 0), ==, H_PARAMETER);
        g_assert_cmpint(get(qts, liobn, 0, &tce), ==, H_PARAMETER);
        g_assert_cmpint(stuff(qts, liobn, 0, 0, 1), ==, H_PARAMETER);
        g_assert_cmpint(indirect(qts, liobn, 0, LIST, 1), ==, H_PARAMETER);
    }
    /* a negative LIOBN is a number of tables, an option that is not offered */
    g_assert_cmpint(indirect(qts, -1, 0, LIST, 1), ==, H_FUNCTION);
    g_assert_cmpint(indirect(qts, -129, 0, LIST, 1), ==, H_FUNCTION);
    g_assert_cmpint(put(qts, -1, 0, 0), ==, H_PARAMETER);

    for (size_t i = 0; i < ARRAY_SIZE(bad_iobas); i++) {
        uint64_t ioba = bad_iobas[i];

        g_assert_cmpint(put(qts, LIOBN, ioba, 0), ==, H_PARAMETER);
        g_assert_cmpint(get(qts, LIOBN, ioba, &tce), ==, H_PARAMETER);
        g_assert_cmpint(stuff(qts, LIOBN, ioba, 0, 0), ==, H_PARAMETER);
        g_assert_cmpint(indirect(qts, LIOBN, ioba, LIST, 0), ==, H_PARAMETER);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad_tces); i++) {
        papr_st64(qts, LIST + 8, bad_tces[i]);
        g_assert_cmpint(put(qts, LIOBN, 0, bad_tces[i]), ==, H_PARAMETER);
        g_assert_cmpint(stuff(qts, LIOBN, 0, bad_tces[i], 1), ==, H_PARAMETER);
        g_assert_cmpint(indirect(qts, LIOBN, 0, LIST, 2), ==, H_PARAMETER);
    }
    /* the bad calls have changed no entry */
    g_assert_cmphex(got(qts, LIOBN, 0), ==, 0);
    g_assert_cmphex(got(qts, LIOBN, PAGE), ==, 0);
    qtest_quit(qts);
}

static void test_stuff(void)
{
    const uint64_t base = WINDOW - 600 * PAGE, tce = RAM(3) | TCE_RW;
    QTestState *qts = start("");

    g_assert_cmpint(stuff(qts, LIOBN, base, tce, 0), ==, H_SUCCESS);
    g_assert_cmphex(got(qts, LIOBN, base), ==, 0);
    g_assert_cmpint(stuff(qts, LIOBN, base, tce, 512), ==, H_SUCCESS);
    g_assert_cmphex(got(qts, LIOBN, base - PAGE), ==, 0);
    g_assert_cmphex(got(qts, LIOBN, base), ==, tce);
    g_assert_cmphex(got(qts, LIOBN, base + 511 * PAGE), ==, tce);
    g_assert_cmphex(got(qts, LIOBN, base + 512 * PAGE), ==, 0);

    /* more than LoPAR allows, as Linux before 6.4 asks for */
    g_assert_cmpint(stuff(qts, LIOBN, base, 0, 600), ==, H_SUCCESS);
    g_assert_cmphex(got(qts, LIOBN, base + 511 * PAGE), ==, 0);
    g_assert_cmpint(stuff(qts, LIOBN, 0, tce, 65536), ==, H_SUCCESS);
    g_assert_cmphex(got(qts, LIOBN, 65535 * PAGE), ==, tce);
    g_assert_cmphex(got(qts, LIOBN, 65536 * PAGE), ==, 0);
    g_assert_cmpint(stuff(qts, LIOBN, 0, 0, 65537), ==, H_P4);
    g_assert_cmpint(stuff(qts, LIOBN, 0, 0, UINT64_MAX), ==, H_P4);
    g_assert_cmphex(got(qts, LIOBN, 0), ==, tce);

    /* the range ends beyond the window: no entry is changed */
    g_assert_cmpint(stuff(qts, LIOBN, base, tce, 601), ==, H_PARAMETER);
    g_assert_cmphex(got(qts, LIOBN, base), ==, 0);
    qtest_quit(qts);
}

static void test_indirect(void)
{
    QTestState *qts = start("");

    for (int i = 0; i < 512; i++) {
        papr_st64(qts, LIST + i * 8, RAM(511 - i) | (1 + i % 3));
    }
    g_assert_cmpint(indirect(qts, LIOBN, 0x123000, LIST, 512), ==, H_SUCCESS);
    for (int i = 0; i < 512; i += 73) {
        g_assert_cmphex(got(qts, LIOBN, 0x123000 + i * PAGE), ==,
                        RAM(511 - i) | (1 + i % 3));
    }
    g_assert_cmphex(got(qts, LIOBN, 0x122000), ==, 0);
    g_assert_cmphex(got(qts, LIOBN, 0x123000 + 512 * PAGE), ==, 0);
    g_assert_cmpint(indirect(qts, LIOBN, 0, LIST, 0), ==, H_SUCCESS);

    g_assert_cmpint(indirect(qts, LIOBN, 0, LIST, 513), ==, H_PARAMETER);
    g_assert_cmpint(indirect(qts, LIOBN, 0, LIST, UINT64_MAX), ==, H_PARAMETER);
    g_assert_cmpint(indirect(qts, LIOBN, 0, LIST + 8, 1), ==, H_PARAMETER);
    g_assert_cmpint(indirect(qts, LIOBN, 0, NO_RAM, 1), ==, H_PARAMETER);
    g_assert_cmpint(indirect(qts, LIOBN, 0, BAR_CPU, 1), ==, H_PARAMETER);
    g_assert_cmpint(indirect(qts, LIOBN, 0, -4096, 512), ==, H_PARAMETER);
    g_assert_cmpint(indirect(qts, LIOBN, WINDOW - PAGE, LIST, 2), ==,
                    H_PARAMETER);

    /* the whole list is checked before its first entry is stored */
    papr_st64(qts, LIST + 511 * 8, NO_RAM | TCE_R);
    g_assert_cmpint(indirect(qts, LIOBN, 0, LIST, 512), ==, H_PARAMETER);
    g_assert_cmphex(got(qts, LIOBN, 0), ==, 0);
    /* a list from the lowest page to the highest one */
    papr_st64(qts, LIST, TCE_R);
    papr_st64(qts, LIST + 8, 0xfffffffffffff000 | TCE_R);
    g_assert_cmpint(indirect(qts, LIOBN, 0, LIST, 2), ==, H_PARAMETER);
    qtest_quit(qts);
}

/* ---- DMA ---- */

static void write_config(QTestState *qts, uint32_t where, uint32_t size,
                         uint32_t value)
{
    uint32_t rc;

    g_assert_cmpint(papr_rtas(qts, "ibm,write-pci-config", 1, &rc,
                              DEVFN << 8 | where, BUID_HIGH, BUID_LOW, size,
                              value), ==, RTAS_SUCCESS);
}

static void start_device(QTestState *qts)
{
    write_config(qts, PCI_BASE_ADDRESS_0, 4, BAR_BUS);
    write_config(qts, PCI_COMMAND, 2,
                 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void copy(QTestState *qts, uint64_t from, uint64_t to, uint64_t count,
                 uint64_t command)
{
    qtest_writeq(qts, EDU_SRC, from);
    qtest_writeq(qts, EDU_DST, to);
    qtest_writeq(qts, EDU_COUNT, count);
    qtest_writeq(qts, EDU_COMMAND, command | EDU_RUN);
    /* edu takes 100 ms for any length */
    qtest_clock_step(qts, 200 * 1000 * 1000);
    g_assert_cmphex(qtest_readq(qts, EDU_COMMAND) & EDU_RUN, ==, 0);
}

static void dma_read(QTestState *qts, uint64_t ioba, uint64_t count)
{
    copy(qts, ioba, EDU_BUFFER, count, 0);
}

static void dma_write(QTestState *qts, uint64_t ioba, uint64_t count)
{
    copy(qts, EDU_BUFFER, ioba, count, EDU_TO_RAM);
}

/* Fill a page with 64-bit words that count up from @first */
static void fill(QTestState *qts, uint64_t addr, uint64_t first)
{
    uint64_t words[PAGE / 8];

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        words[i] = cpu_to_be64(first + i);
    }
    qtest_memwrite(qts, addr, words, PAGE);
}

static void test_dma(void)
{
    QTestState *qts = start("");

    start_device(qts);
    fill(qts, RAM(1), 0x1000);
    fill(qts, RAM(8), 0x8000);
    g_assert_cmpint(put(qts, LIOBN, 0x10000, RAM(1) | TCE_RW), ==, H_SUCCESS);
    g_assert_cmpint(put(qts, LIOBN, 0x11000, RAM(8) | TCE_RW), ==, H_SUCCESS);
    g_assert_cmpint(put(qts, LIOBN, 0x20000, RAM(20) | TCE_W), ==, H_SUCCESS);

    dma_read(qts, 0x10000, PAGE);
    dma_write(qts, 0x20000, PAGE);
    g_assert_cmphex(papr_ld64(qts, RAM(20)), ==, 0x1000);
    g_assert_cmphex(papr_ld64(qts, RAM(21) - 8), ==, 0x11ff);

    /* across two pages that are not contiguous in RAM */
    dma_read(qts, 0x10800, PAGE);
    dma_write(qts, 0x20000, PAGE);
    g_assert_cmphex(papr_ld64(qts, RAM(20)), ==, 0x1100);
    g_assert_cmphex(papr_ld64(qts, RAM(20) + 0x7f8), ==, 0x11ff);
    g_assert_cmphex(papr_ld64(qts, RAM(20) + 0x800), ==, 0x8000);
    g_assert_cmphex(papr_ld64(qts, RAM(20) + 0xff8), ==, 0x80ff);

    /* and across two that are contiguous, but not aligned as a block */
    g_assert_cmpint(put(qts, LIOBN, 0x12000, RAM(9) | TCE_RW), ==, H_SUCCESS);
    fill(qts, RAM(9), 0x9000);
    dma_read(qts, 0x11ff8, 16);
    dma_write(qts, 0x20008, 16);
    g_assert_cmphex(papr_ld64(qts, RAM(20)), ==, 0x1100);
    g_assert_cmphex(papr_ld64(qts, RAM(20) + 8), ==, 0x81ff);
    g_assert_cmphex(papr_ld64(qts, RAM(20) + 16), ==, 0x9000);
    g_assert_cmphex(papr_ld64(qts, RAM(20) + 24), ==, 0x1103);
    qtest_quit(qts);
}

/* A contiguous block of 16 pages, one of which is then mapped elsewhere */
static void test_block(void)
{
    /* both I/O and memory address of the block are multiples of its size */
    const uint64_t block = QEMU_ALIGN_UP(PAPR_TEST_RAM, 64 * KiB);
    QTestState *qts = start("");

    start_device(qts);
    for (int i = 0; i < 16; i++) {
        fill(qts, block + i * PAGE, i * 0x1000);
        papr_st64(qts, LIST + i * 8, (block + i * PAGE) | TCE_RW);
    }
    g_assert_cmpint(indirect(qts, LIOBN, 0x40000, LIST, 16), ==, H_SUCCESS);
    g_assert_cmpint(put(qts, LIOBN, 0, RAM(0x200) | TCE_W), ==, H_SUCCESS);
    for (int i = 0; i < 15; i++) {
        dma_read(qts, 0x40000 + i * PAGE + 0xff8, 16);
        dma_write(qts, 0, 16);
        g_assert_cmphex(papr_ld64(qts, RAM(0x200)), ==, i * 0x1000 + 0x1ff);
        g_assert_cmphex(papr_ld64(qts, RAM(0x200) + 8), ==, (i + 1) * 0x1000);
    }

    g_assert_cmpint(put(qts, LIOBN, 0x47000, RAM(0x201) | TCE_R), ==,
                    H_SUCCESS);
    fill(qts, RAM(0x201), 0xabcd);
    dma_read(qts, 0x46ff8, 16);
    dma_write(qts, 0, 16);
    g_assert_cmphex(papr_ld64(qts, RAM(0x200)), ==, 0x61ff);
    g_assert_cmphex(papr_ld64(qts, RAM(0x200) + 8), ==, 0xabcd);
    /* from that page across its end into the block */
    dma_read(qts, 0x47ff8, 16);
    dma_write(qts, 0, 16);
    g_assert_cmphex(papr_ld64(qts, RAM(0x200)), ==, 0xabcd + 0x1ff);
    g_assert_cmphex(papr_ld64(qts, RAM(0x200) + 8), ==, 0x8000);
    qtest_quit(qts);
}

/* RAM of two adjacent backends: one list and one access across both */
static void test_two_pieces(void)
{
    const uint64_t second = 256 * MiB;
    QTestState *qts = start("-m 512M"
                            " -object memory-backend-ram,id=a,size=256M"
                            " -object memory-backend-ram,id=b,size=256M"
                            " -numa node,memdev=a -numa node,memdev=b");

    start_device(qts);
    fill(qts, second - PAGE, 0x1000);
    fill(qts, second, 0x2000);
    papr_st64(qts, LIST, (second - PAGE) | TCE_R);
    papr_st64(qts, LIST + 8, second | TCE_R);
    papr_st64(qts, LIST + 16, (2 * second - PAGE) | TCE_W);
    g_assert_cmpint(indirect(qts, LIOBN, 0xf000, LIST, 3), ==, H_SUCCESS);
    g_assert_cmphex(got(qts, LIOBN, 0x11000), ==, (2 * second - PAGE) | TCE_W);
    dma_read(qts, 0xf800, PAGE);
    dma_write(qts, 0x11000, PAGE);
    g_assert_cmphex(papr_ld64(qts, 2 * second - PAGE), ==, 0x1100);
    g_assert_cmphex(papr_ld64(qts, 2 * second - 8), ==, 0x20ff);

    /* an entry that is one page beyond RAM */
    papr_st64(qts, LIST + 8, 2 * second | TCE_R);
    g_assert_cmpint(indirect(qts, LIOBN, 0, LIST, 3), ==, H_PARAMETER);
    g_assert_cmphex(got(qts, LIOBN, 0), ==, 0);
    qtest_quit(qts);
}

static void test_dma_refused(void)
{
    QTestState *qts = start("");

    start_device(qts);
    fill(qts, RAM(1), 0x1000);
    fill(qts, RAM(2), 0x2000);
    fill(qts, RAM(3), 0x3000);
    g_assert_cmpint(put(qts, LIOBN, 0x1000, RAM(1) | TCE_R), ==, H_SUCCESS);
    g_assert_cmpint(put(qts, LIOBN, 0x2000, RAM(2) | TCE_W), ==, H_SUCCESS);
    dma_read(qts, 0x1000, PAGE);

    /* read only: a write changes nothing */
    qtest_memset(qts, RAM(1), 0, PAGE);
    dma_write(qts, 0x1000, PAGE);
    g_assert_cmphex(papr_ld64(qts, RAM(1)), ==, 0);
    /* write only: a read does not get the page's contents */
    dma_read(qts, 0x2000, PAGE);
    qtest_memset(qts, RAM(2), 0, PAGE);
    dma_write(qts, 0x2000, PAGE);
    g_assert_cmphex(papr_ld64(qts, RAM(2)), !=, 0x2000);

    /* never mapped, or no longer mapped */
    qtest_memset(qts, RAM(2), 0x55, PAGE);
    dma_write(qts, 0x3000, PAGE);
    dma_write(qts, WINDOW, PAGE);
    dma_write(qts, WINDOW - 8, 16);
    g_assert_cmpint(put(qts, LIOBN, 0x2000, 0), ==, H_SUCCESS);
    dma_write(qts, 0x2000, PAGE);
    g_assert_cmphex(papr_ld64(qts, RAM(2)), ==, 0x5555555555555555);
    g_assert_cmphex(papr_ld64(qts, RAM(3)), ==, 0x3000);
    /* an unmapped I/O address does not access RAM at the same address */
    dma_write(qts, RAM(3), PAGE);
    g_assert_cmphex(papr_ld64(qts, RAM(3)), ==, 0x3000);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start("");

    g_assert_cmpint(put(qts, LIOBN, 0x1000, RAM(1) | TCE_RW), ==, H_SUCCESS);
    qtest_system_reset(qts);
    g_assert_cmphex(got(qts, LIOBN, 0x1000), ==, 0);
    qtest_quit(qts);
}

/* The work of a reset is small for windows in which nothing was ever mapped */
static void test_reset_unused(void)
{
    QTestState *qts = start("");
    uint64_t entries = WINDOW / PAGE;

    papr_work(qts);
    qtest_system_reset(qts);
    g_assert_cmpuint(papr_work(qts), <, entries);

    /* to store 0 in entries that are 0 does not count as a mapping */
    g_assert_cmpint(stuff(qts, LIOBN, 0, 0, 512), ==, H_SUCCESS);
    papr_work(qts);
    qtest_system_reset(qts);
    g_assert_cmpuint(papr_work(qts), <, entries);

    g_assert_cmpint(put(qts, LIOBN, WINDOW - PAGE, RAM(1) | TCE_RW), ==,
                    H_SUCCESS);
    qtest_system_reset(qts);
    g_assert_cmphex(got(qts, LIOBN, WINDOW - PAGE), ==, 0);
    qtest_quit(qts);
}

/* ---- a dynamic window: 64 KiB pages ---- */

static uint64_t create_window(QTestState *qts, uint32_t page_shift,
                              uint32_t shift)
{
    uint32_t rets[4];

    g_assert_cmpint(papr_rtas(qts, "ibm,create-pe-dma-window", 4, rets, 0,
                              BUID_HIGH, BUID_LOW, page_shift, shift),
                    ==, RTAS_SUCCESS);
    g_assert_cmphex(rets[1], ==, LIOBN_DDW);
    return (uint64_t)rets[2] << 32 | rets[3];
}

static void check_dynamic(QTestState *qts, uint64_t base)
{
    uint64_t tce;

    start_device(qts);
    fill(qts, 2 * MiB + 0x5000, 0x7700);
    qtest_memset(qts, 4 * MiB, 0, 64 * KiB);
    g_assert_cmphex(got(qts, LIOBN_DDW, base + 64 * KiB), ==,
                    2 * MiB | TCE_RW);
    dma_read(qts, base + 64 * KiB + 0x5000, PAGE);
    dma_write(qts, base + 3 * 64 * KiB + 0x1000, PAGE);
    g_assert_cmphex(papr_ld64(qts, 4 * MiB + 0x1000), ==, 0x7700);
    g_assert_cmpint(get(qts, LIOBN_DDW, base - 1, &tce), ==, H_PARAMETER);
    g_assert_cmpint(get(qts, LIOBN_DDW, base + 256 * MiB, &tce), ==,
                    H_PARAMETER);
    g_assert_cmpint(get(qts, LIOBN_DDW, 0, &tce), ==, H_PARAMETER);
    g_assert_cmphex(got(qts, LIOBN, 0x1000), ==, RAM(1) | TCE_RW);
}

static uint64_t make_dynamic(QTestState *qts)
{
    uint64_t base = create_window(qts, 16, 28);

    g_assert_cmpint(put(qts, LIOBN, 0x1000, RAM(1) | TCE_RW), ==, H_SUCCESS);
    /* not aligned to the window's page size */
    g_assert_cmpint(put(qts, LIOBN_DDW, base, RAM(1) | TCE_RW), ==,
                    H_PARAMETER);
    g_assert_cmpint(put(qts, LIOBN_DDW, base + 64 * KiB, 2 * MiB | TCE_RW), ==,
                    H_SUCCESS);
    g_assert_cmpint(put(qts, LIOBN_DDW, base + 3 * 64 * KiB, 4 * MiB | TCE_RW),
                    ==, H_SUCCESS);
    return base;
}

static void test_dynamic(void)
{
    QTestState *qts = start("");
    uint64_t base = make_dynamic(qts), tce;
    uint32_t rc;

    check_dynamic(qts, base);
    g_assert_cmpint(papr_rtas(qts, "ibm,remove-pe-dma-window", 1, &rc,
                              LIOBN_DDW), ==, RTAS_SUCCESS);
    g_assert_cmpint(get(qts, LIOBN_DDW, base + 64 * KiB, &tce), ==,
                    H_PARAMETER);
    fill(qts, 4 * MiB, 0x4000);
    dma_write(qts, base + 3 * 64 * KiB, PAGE);
    g_assert_cmphex(papr_ld64(qts, 4 * MiB), ==, 0x4000);

    /* a window created after that is empty */
    g_assert_cmphex(create_window(qts, 16, 28), ==, base);
    g_assert_cmphex(got(qts, LIOBN_DDW, base + 64 * KiB), ==, 0);
    qtest_quit(qts);
}

/* 4 TiB of 64 KiB pages: a table of 512 MiB, of which little is used */
static void test_large(void)
{
    const uint64_t size = 4 * TiB;
    QTestState *qts = start("-m 256M,slots=1,maxmem=4T");
    uint64_t before = papr_host_status(qts, "VmRSS:");
    uint64_t base = create_window(qts, 16, 42), tce;

    g_assert_cmpint(put(qts, LIOBN_DDW, base + size - 1, 2 * MiB | TCE_RW), ==,
                    H_SUCCESS);
    /* to unmap and to read unused entries allocates no memory */
    for (uint64_t at = 0; at < size; at += 65536ull << 16) {
        g_assert_cmpint(stuff(qts, LIOBN_DDW, base + at, 0, 65535), ==,
                        H_SUCCESS);
    }
    g_assert_cmphex(got(qts, LIOBN_DDW, base + size - 1), ==,
                    2 * MiB | TCE_RW);
    g_assert_cmpint(get(qts, LIOBN_DDW, base + size, &tce), ==, H_PARAMETER);
    papr_resident_is_below(qts, before + 64 * 1024);
    qtest_quit(qts);
}

/* ---- streams ---- */

typedef struct Stream {
    char *dir, *file;
} Stream;

static Stream save(QTestState *qts)
{
    Stream s = { .dir = g_dir_make_tmp("papr-tce-XXXXXX", NULL) };

    g_assert_nonnull(s.dir);
    s.file = g_build_filename(s.dir, "state", NULL);
    papr_save(qts, s.file);
    return s;
}

static void forget(Stream *s)
{
    unlink(s->file);
    rmdir(s->dir);
    g_free(s->dir);
    g_free(s->file);
}

static void test_migrate(void)
{
    QTestState *qts = start("");
    uint64_t base = make_dynamic(qts);
    Stream s = save(qts);

    qtest_quit(qts);
    qts = start("-incoming defer");
    g_assert_true(papr_load(qts, s.file));
    check_dynamic(qts, base);
    qtest_quit(qts);
    forget(&s);
}

/* The guest removes its default window, migrates, and creates a smaller one */
static void test_migrate_other_window(void)
{
    QTestState *qts = start("");
    uint64_t tce;
    uint32_t rets[4], rc;
    Stream s;

    g_assert_cmpint(papr_rtas(qts, "ibm,remove-pe-dma-window", 1, &rc, LIOBN),
                    ==, RTAS_SUCCESS);
    s = save(qts);
    qtest_quit(qts);
    qts = start("-incoming defer");
    g_assert_true(papr_load(qts, s.file));
    g_assert_cmpint(get(qts, LIOBN, 0, &tce), ==, H_PARAMETER);
    /* the window's table is free for another window */
    g_assert_cmpint(papr_rtas(qts, "ibm,create-pe-dma-window", 4, rets, 0,
                              BUID_HIGH, BUID_LOW, 24, 28), ==, RTAS_SUCCESS);
    g_assert_cmphex(rets[1], ==, LIOBN);
    qtest_quit(qts);
    forget(&s);
}

/*
 * Where the section of table @liobn has the number of its entries: after the
 * name come instance, version, LIOBN.
 */
static char *find_section(char *stream, size_t size, uint32_t liobn)
{
    static const char name[] = "spapr_iommu";
    const size_t len = sizeof(name) - 1;

    for (size_t i = 1; i + len + 16 < size; i++) {
        if (stream[i - 1] == len && !memcmp(stream + i, name, len) &&
            ldl_be_p(stream + i + len) == liobn &&
            ldl_be_p(stream + i + len + 8) == liobn) {
            return stream + i + len + 12;
        }
    }
    g_assert_not_reached();
}

static void test_bad_streams(void)
{
    static const char place[] = "\x0espapr_iommu_ex";
    static const struct {
        uint32_t pages;
        uint64_t bus_addr;
        uint32_t page_shift;
    } bad[] = {
        { UINT32_MAX, 0x800000000000000, 16 },
        { 4096, 0x800000000000000, 64 },
        { 4096, 0x800000000000000, 0 },
        { 4096, 0x800000000000000, UINT32_MAX },
        { 4096, UINT64_MAX & -65536, 16 },
    };
    QTestState *qts = start("");
    g_autofree char *stream = NULL;
    char *section, *window;
    gsize size;
    Stream s;

    make_dynamic(qts);
    s = save(qts);
    qtest_quit(qts);
    g_assert_true(g_file_get_contents(s.file, &stream, &size, NULL));
    section = find_section(stream, size, LIOBN_DDW);
    g_assert_cmpuint(ldl_be_p(section), ==, 4096);
    /* pages, bypass, entries, def_win, then the subsection's mark and name */
    window = section + 4 + 1 + 4096 * 8 + 1 + 1;
    g_assert_cmpint(memcmp(window, place, sizeof(place) - 1), ==, 0);
    window += sizeof(place) - 1 + 4;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        stl_be_p(section, bad[i].pages);
        stq_be_p(window, bad[i].bus_addr);
        stl_be_p(window + 8, bad[i].page_shift);
        g_assert_true(g_file_set_contents(s.file, stream, size, NULL));
        qts = start("-incoming defer");
        g_assert_false(papr_load(qts, s.file));
        qtest_quit(qts);
    }
    forget(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("pseries/tce/put-get", test_put_get);
    qtest_add_func("pseries/tce/wild", test_wild);
    qtest_add_func("pseries/tce/stuff", test_stuff);
    qtest_add_func("pseries/tce/indirect", test_indirect);
    qtest_add_func("pseries/tce/dma", test_dma);
    qtest_add_func("pseries/tce/block", test_block);
    qtest_add_func("pseries/tce/two-pieces", test_two_pieces);
    qtest_add_func("pseries/tce/dma-refused", test_dma_refused);
    qtest_add_func("pseries/tce/reset", test_reset);
    qtest_add_func("pseries/tce/reset-unused", test_reset_unused);
    qtest_add_func("pseries/tce/dynamic", test_dynamic);
    qtest_add_func("pseries/tce/large", test_large);
    qtest_add_func("pseries/tce/migrate", test_migrate);
    qtest_add_func("pseries/tce/migrate-other-window",
                   test_migrate_other_window);
    qtest_add_func("pseries/tce/bad-streams", test_bad_streams);

    return g_test_run();
}
