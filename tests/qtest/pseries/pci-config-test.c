/*
 * PCI host bridges: configuration space, windows, interrupts, device tree
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/pci/pci_regs.h"
#include "libdr.h"
#include <libfdt.h>

#define BUID(index) (0x800000020000000ULL + (index))
#define ALL_ONES UINT32_MAX

/* As the RTAS calls and "reg" have it */
#define ADDR(bus, slot, func) ((bus) << 16 | (slot) << 11 | (func) << 8)
#define WITH_REG(addr, reg) ((addr) | ((reg) & 0xff) | ((reg) & 0xf00u) << 20)

#define ID_RNG (0x1005 << 16 | 0x1af4)
#define ID_BRIDGE (0x0001 << 16 | 0x1b36)
#define ID_E1000E (0x10d3 << 16 | 0x8086)

#define RNG "-device virtio-rng-pci,"
#define E1000E "-device e1000e,romfile=,"

static int32_t read_status(QTestState *qts, uint64_t buid, uint32_t addr,
                           uint32_t size, uint32_t *value)
{
    uint32_t rets[2];
    int32_t status = papr_rtas(qts, "ibm,read-pci-config", 2, rets, addr,
                               buid >> 32, (uint32_t)buid, size);

    *value = rets[1];
    return status;
}

static uint32_t cfg_read(QTestState *qts, unsigned phb, uint32_t addr,
                         uint32_t size)
{
    uint32_t value;

    g_assert_cmpint(read_status(qts, BUID(phb), addr, size, &value), ==,
                    RTAS_SUCCESS);
    return value;
}

static int32_t write_status(QTestState *qts, uint64_t buid, uint32_t addr,
                            uint32_t size, uint32_t value)
{
    return papr_rtas(qts, "ibm,write-pci-config", 1, NULL, addr, buid >> 32,
                     buid, size, value);
}

static void cfg_write(QTestState *qts, unsigned phb, uint32_t addr,
                      uint32_t size, uint32_t value)
{
    g_assert_cmpint(write_status(qts, BUID(phb), addr, size, value), ==,
                    RTAS_SUCCESS);
}

/* --- configuration space -------------------------------------------------- */

static void test_sizes(void)
{
    QTestState *qts = papr_start(RNG "addr=1");
    uint32_t dev = ADDR(0, 1, 0);

    g_assert_cmphex(cfg_read(qts, 0, dev, 4), ==, ID_RNG);
    for (int reg = 0; reg < PCI_CFG_SPACE_SIZE; reg += 4) {
        uint32_t whole = cfg_read(qts, 0, dev + reg, 4);

        for (int i = 0; i < 4; i++) {
            g_assert_cmphex(cfg_read(qts, 0, dev + reg + i, 1), ==,
                            whole >> 8 * i & 0xff);
        }
        g_assert_cmphex(cfg_read(qts, 0, dev + reg, 2), ==, whole & 0xffff);
        g_assert_cmphex(cfg_read(qts, 0, dev + reg + 2, 2), ==, whole >> 16);
    }

    /* bytes and words of a register that keeps what is written */
    cfg_write(qts, 0, dev + PCI_INTERRUPT_LINE, 1, 0x5a);
    g_assert_cmphex(cfg_read(qts, 0, dev + PCI_INTERRUPT_LINE, 1), ==, 0x5a);
    cfg_write(qts, 0, dev + PCI_INTERRUPT_LINE, 2, 0xffffff21);
    g_assert_cmphex(cfg_read(qts, 0, dev + PCI_INTERRUPT_LINE, 1), ==, 0x21);
    g_assert_cmphex(cfg_read(qts, 0, dev + PCI_INTERRUPT_PIN, 1), ==, 1);
    cfg_write(qts, 0, dev + PCI_INTERRUPT_LINE, 4, 0x43);
    g_assert_cmphex(cfg_read(qts, 0, dev + PCI_INTERRUPT_LINE, 1), ==, 0x43);
    /* and of one that is read only */
    cfg_write(qts, 0, dev, 4, 0);
    g_assert_cmphex(cfg_read(qts, 0, dev, 4), ==, ID_RNG);
    qtest_quit(qts);
}

/* An absent function reads as all ones, and ignores writes */
static void test_absent(void)
{
    static const uint32_t absent[] = {
        ADDR(0, 2, 0), ADDR(0, 1, 1), ADDR(0, 31, 7), ADDR(1, 1, 0),
        ADDR(0xff, 1, 0),
    };
    QTestState *qts = papr_start(RNG "addr=1");

    for (int i = 0; i < ARRAY_SIZE(absent); i++) {
        g_assert_cmphex(cfg_read(qts, 0, absent[i], 4), ==, ALL_ONES);
        g_assert_cmphex(cfg_read(qts, 0, absent[i], 2), ==, 0xffff);
        g_assert_cmphex(cfg_read(qts, 0, absent[i], 1), ==, 0xff);
        g_assert_cmphex(cfg_read(qts, 0, WITH_REG(absent[i], 0xffc), 4), ==,
                        ALL_ONES);
        cfg_write(qts, 0, absent[i] + PCI_COMMAND, 2, 6);
    }
    qtest_quit(qts);
}

static void refused(QTestState *qts, uint64_t buid, uint32_t addr,
                    uint32_t size)
{
    uint32_t value = 0;

    g_assert_cmpint(read_status(qts, buid, addr, size, &value), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmphex(value, ==, ALL_ONES);
    g_assert_cmpint(write_status(qts, buid, addr, size, ALL_ONES), ==,
                    RTAS_PARAMETER_ERROR);
}

static void test_wild(void)
{
    static const uint32_t sizes[] = {
        0, 3, 5, 8, 0x100, 0x10000, 0x80000000, UINT32_MAX,
    };
    static const uint64_t buids[] = {
        0, 1, BUID(-1), BUID(1), BUID(30), BUID(31), BUID(32),
        BUID(0) & UINT32_MAX, BUID(0) | 1ULL << 63, UINT64_MAX,
    };
    QTestState *qts = papr_start(RNG "addr=1");
    uint32_t dev = ADDR(0, 1, 0), value, rets[2];

    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        refused(qts, BUID(0), dev, sizes[i]);
        refused(qts, BUID(0), ADDR(0, 2, 0), sizes[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(buids); i++) {
        refused(qts, buids[i], dev, 4);
    }
    for (int reg = 0; reg < PCI_CFG_SPACE_SIZE; reg++) {
        if (reg % 4) {
            refused(qts, BUID(0), dev + reg, 4);
        }
        if (reg % 2) {
            refused(qts, BUID(0), dev + reg, 2);
        }
    }
    /* a conventional device has no more than 256 bytes */
    refused(qts, BUID(0), WITH_REG(dev, 0x100), 4);
    refused(qts, BUID(0), WITH_REG(dev, 0xfff), 1);

    /* too few arguments, or no room for the value */
    g_assert_cmpint(papr_rtas(qts, "ibm,read-pci-config", 2, rets, dev, 0), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,read-pci-config", 1, rets, dev,
                              BUID(0) >> 32, (uint32_t)BUID(0), 4), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,write-pci-config", 1, rets, dev,
                              BUID(0) >> 32, (uint32_t)BUID(0), 4), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(read_status(qts, BUID(0), dev, 4, &value), ==, 0);
    g_assert_cmphex(value, ==, ID_RNG);
    qtest_quit(qts);
}

/* The calls without a bus unit id: for partitions with one host bridge only */
static void test_old_calls(void)
{
    QTestState *qts = papr_start(RNG "addr=1");
    uint32_t dev = ADDR(0, 1, 0), rets[2];

    g_assert_cmpint(papr_rtas(qts, "read-pci-config", 2, rets, dev, 4), ==,
                    RTAS_SUCCESS);
    g_assert_cmphex(rets[1], ==, ID_RNG);
    g_assert_cmpint(papr_rtas(qts, "write-pci-config", 1, NULL,
                              dev + PCI_INTERRUPT_LINE, 1, 9), ==,
                    RTAS_SUCCESS);
    g_assert_cmphex(cfg_read(qts, 0, dev + PCI_INTERRUPT_LINE, 1), ==, 9);
    qtest_quit(qts);

    qts = papr_start("-device spapr-pci-host-bridge,index=1 " RNG "addr=1");
    g_assert_cmpint(papr_rtas(qts, "read-pci-config", 2, rets, dev, 4), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmphex(rets[1], ==, ALL_ONES);
    g_assert_cmpint(papr_rtas(qts, "write-pci-config", 1, NULL,
                              dev + PCI_INTERRUPT_LINE, 1, 9), ==,
                    RTAS_PARAMETER_ERROR);
    qtest_quit(qts);
}

static void test_extended(void)
{
    QTestState *qts = papr_start(E1000E "addr=1");
    uint32_t dev = ADDR(0, 1, 0);

    g_assert_cmphex(cfg_read(qts, 0, dev, 4), ==, ID_E1000E);
    /* its first extended capability: advanced error reporting */
    g_assert_cmphex(cfg_read(qts, 0, WITH_REG(dev, 0x100), 2), ==,
                    PCI_EXT_CAP_ID_ERR);
    g_assert_cmphex(cfg_read(qts, 0, WITH_REG(dev, 0xffc), 4), ==, 0);
    /* bits 27 to 24 of an address are reserved, and ignored */
    g_assert_cmphex(cfg_read(qts, 0, dev | 0x0f000000, 4), ==, ID_E1000E);
    qtest_quit(qts);

    qts = papr_start("-global spapr-pci-host-bridge."
                     "pcie-extended-configuration-space=off "
                     E1000E "addr=1");
    g_assert_cmphex(cfg_read(qts, 0, dev, 4), ==, ID_E1000E);
    refused(qts, BUID(0), WITH_REG(dev, 0x100), 2);
    qtest_quit(qts);
}

/* --- bridges and functions ------------------------------------------------ */

#define BRIDGES                                                             \
    "-device pci-bridge,id=a,chassis_nr=1,addr=2,multifunction=on "         \
    "-device pci-bridge,id=b,chassis_nr=2,addr=2.1 "                        \
    "-device pci-bridge,id=c,chassis_nr=3,bus=a,addr=1 "                    \
    "-device pci-bridge,id=d,chassis_nr=4,bus=c,addr=4 "                    \
    "-device pci-bridge,id=e,chassis_nr=5,addr=9 "                          \
    RNG "bus=d,addr=3 " RNG "bus=e,addr=1f.7 "                              \
    "-device virtio-rng-pci,bus=e,addr=1f.0,multifunction=on "

static const struct {
    uint32_t addr;
    uint8_t primary, secondary, subordinate;
} bridges[] = {
    { ADDR(0, 2, 0), 0, 1, 3 },
    { ADDR(1, 1, 0), 1, 2, 3 },
    { ADDR(2, 4, 0), 2, 3, 3 },
    { ADDR(0, 2, 1), 0, 4, 4 },
    { ADDR(0, 9, 0), 0, 5, 5 },
};

static void check_bridges(QTestState *qts)
{
    for (int i = 0; i < ARRAY_SIZE(bridges); i++) {
        uint32_t addr = bridges[i].addr;

        g_assert_cmphex(cfg_read(qts, 0, addr, 4), ==, ID_BRIDGE);
        g_assert_cmphex(cfg_read(qts, 0, addr + PCI_PRIMARY_BUS, 1), ==,
                        bridges[i].primary);
        g_assert_cmphex(cfg_read(qts, 0, addr + PCI_SECONDARY_BUS, 1), ==,
                        bridges[i].secondary);
        g_assert_cmphex(cfg_read(qts, 0, addr + PCI_SUBORDINATE_BUS, 1), ==,
                        bridges[i].subordinate);
    }
    g_assert_cmphex(cfg_read(qts, 0, ADDR(3, 3, 0), 4), ==, ID_RNG);
    g_assert_cmphex(cfg_read(qts, 0, ADDR(5, 31, 7), 4), ==, ID_RNG);
    g_assert_cmphex(cfg_read(qts, 0, ADDR(5, 31, 0), 4), ==, ID_RNG);
    g_assert_cmphex(cfg_read(qts, 0, ADDR(5, 31, 0) + PCI_HEADER_TYPE, 1), ==,
                    0x80);
    g_assert_cmphex(cfg_read(qts, 0, ADDR(4, 3, 0), 4), ==, ALL_ONES);
}

static void test_bridges(void)
{
    QTestState *qts = papr_start(BRIDGES);

    check_bridges(qts);
    /* bus numbers that a guest sets are kept until the next reset */
    cfg_write(qts, 0, ADDR(0, 9, 0) + PCI_SUBORDINATE_BUS, 1, 0x80);
    cfg_write(qts, 0, ADDR(0, 9, 0) + PCI_SECONDARY_BUS, 1, 0x80);
    g_assert_cmphex(cfg_read(qts, 0, ADDR(0x80, 31, 7), 4), ==, ID_RNG);
    g_assert_cmphex(cfg_read(qts, 0, ADDR(5, 31, 7), 4), ==, ALL_ONES);
    qtest_system_reset(qts);
    check_bridges(qts);
    qtest_quit(qts);
}

/* As in SLOF, bus numbers continue from one host bridge's index to the next */
static void test_bus_numbers(void)
{
    QTestState *qts = papr_start("-device spapr-pci-host-bridge,index=9,id=x "
                                 "-device spapr-pci-host-bridge,index=4,id=y "
                                 "-device pci-bridge,chassis_nr=6,bus=x.0,"
                                 "addr=1,id=f "
                                 "-device pci-bridge,chassis_nr=7,bus=y.0,"
                                 "addr=1,id=g "
                                 "-device pci-bridge,chassis_nr=8,bus=g,"
                                 "addr=1 "
                                 "-device pci-bridge,chassis_nr=9,bus=pci.0,"
                                 "addr=1 " RNG "bus=f,addr=2");
    uint32_t bridge = ADDR(0, 1, 0);

    g_assert_cmphex(cfg_read(qts, 0, bridge + PCI_SECONDARY_BUS, 1), ==, 1);
    g_assert_cmphex(cfg_read(qts, 4, bridge + PCI_SECONDARY_BUS, 1), ==, 2);
    g_assert_cmphex(cfg_read(qts, 4, bridge + PCI_SUBORDINATE_BUS, 1), ==, 3);
    g_assert_cmphex(cfg_read(qts, 9, bridge + PCI_SECONDARY_BUS, 1), ==, 4);
    g_assert_cmphex(cfg_read(qts, 9, ADDR(4, 2, 0), 4), ==, ID_RNG);
    g_assert_cmphex(cfg_read(qts, 4, ADDR(4, 2, 0), 4), ==, ALL_ONES);
    qtest_quit(qts);
}

/* Random accesses: calls return a status, and a reset restores the bridges */
static void test_random(void)
{
    QTestState *qts = papr_start("-machine ic-mode=xics " BRIDGES
                                 E1000E "addr=1 "
                                 "-device qemu-xhci,bus=b,addr=5 "
                                 "-device nvme,serial=a,bus=c,addr=6");
    static const uint32_t sizes[] = { 1, 2, 4, 3 };

    for (int i = 0; i < 2000; i++) {
        uint32_t r = g_test_rand_int();
        /* buses, slots and functions that often exist */
        uint32_t addr = ADDR(r & 7, r >> 3 & 15, r >> 7 & 1);
        uint32_t reg = r >> 8 & (i & 1 ? 0x3f : 0xfff);
        uint32_t size = sizes[r >> 20 & 3];
        uint32_t value, rets[2];
        int32_t status;

        addr = WITH_REG(addr, r >> 22 & 1 ? reg : reg & ~3);
        status = write_status(qts, BUID(0), addr, size, g_test_rand_int());
        g_assert_true(status == RTAS_SUCCESS || status == RTAS_PARAMETER_ERROR);
        status = read_status(qts, BUID(r >> 23 & 1), addr, size, &value);
        g_assert_true(status == RTAS_SUCCESS || status == RTAS_PARAMETER_ERROR);
        papr_rtas(qts, "write-pci-config", 1, NULL, r, r >> 29,
                  g_test_rand_int());
        papr_rtas(qts, "read-pci-config", 2, rets, r, r >> 29);
    }
    qtest_system_reset(qts);
    check_bridges(qts);
    qtest_quit(qts);
}

/* --- several host bridges ------------------------------------------------- */

static void test_all_phbs(void)
{
    g_autoptr(GString) options = g_string_new(RNG "bus=pci.0,addr=1 ");
    QTestState *qts;

    for (int i = 1; i < 31; i++) {
        g_string_append_printf(options, "-device spapr-pci-host-bridge,"
                               "index=%d,id=phb%d " RNG "bus=phb%d.0,addr=%x ",
                               i, i, i, i);
    }
    qts = papr_start("%s", options->str);
    for (int i = 0; i < 31; i++) {
        int slot = MAX(i, 1);

        g_assert_cmphex(cfg_read(qts, i, ADDR(0, slot, 0), 4), ==, ID_RNG);
        g_assert_cmphex(cfg_read(qts, i, ADDR(0, 31, 0), 4), ==, ALL_ONES);
    }
    qtest_quit(qts);
}

/* --- windows and interrupts ----------------------------------------------- */

#define MEM32_BUS 0x80000000u
#define MEM32_ADDR(phb) (32 * TiB + ((phb) + 1) * 2 * GiB)
#define MEM64_ADDR(phb) ((33 + (phb)) * TiB)
#define IO_ADDR(phb) (32 * TiB + (phb) * 64 * KiB)

#define NVME_VERSION 8

static void test_windows(void)
{
    QTestState *qts = papr_start("-device spapr-pci-host-bridge,index=3,id=x "
                                 E1000E "addr=1,bus=x.0 "
                                 "-device nvme,serial=a,bus=x.0,addr=2");
    uint32_t nic = ADDR(0, 1, 0), nvme = ADDR(0, 2, 0);

    /* sizes: 128 KiB of memory, 32 ports */
    cfg_write(qts, 3, nic + PCI_BASE_ADDRESS_0, 4, ALL_ONES);
    g_assert_cmphex(cfg_read(qts, 3, nic + PCI_BASE_ADDRESS_0, 4), ==,
                    0xfffe0000);
    cfg_write(qts, 3, nic + PCI_BASE_ADDRESS_2, 4, ALL_ONES);
    g_assert_cmphex(cfg_read(qts, 3, nic + PCI_BASE_ADDRESS_2, 4), ==,
                    0xffffffe1);

    cfg_write(qts, 3, nic + PCI_BASE_ADDRESS_0, 4, MEM32_BUS + 0x40000);
    cfg_write(qts, 3, nic + PCI_BASE_ADDRESS_2, 4, 0x1000);
    cfg_write(qts, 3, nvme + PCI_BASE_ADDRESS_0, 4, 0x10000);
    cfg_write(qts, 3, nvme + PCI_BASE_ADDRESS_1, 4, MEM64_ADDR(3) >> 32);
    cfg_write(qts, 3, nic + PCI_COMMAND, 2,
              PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    cfg_write(qts, 3, nvme + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);

    /* the NIC's interrupt mask, as memory and by its address and data ports */
    qtest_writel(qts, MEM32_ADDR(3) + 0x40000 + 0xd0, bswap32(0x4));
    g_assert_cmphex(bswap32(qtest_readl(qts, MEM32_ADDR(3) + 0x40000 + 0xd0)),
                    ==, 0x4);
    qtest_writel(qts, IO_ADDR(3) + 0x1000, bswap32(0xd0));
    g_assert_cmphex(bswap32(qtest_readl(qts, IO_ADDR(3) + 0x1004)), ==, 0x4);
    g_assert_cmphex(bswap32(qtest_readl(qts, MEM64_ADDR(3) + 0x10000 +
                                        NVME_VERSION)), ==, 0x10400);
    /* the default bridge's windows don't have the device */
    g_assert_cmphex(qtest_readl(qts, MEM32_ADDR(0) + 0x40000 + 0xd0), !=,
                    bswap32(0x4));
    qtest_quit(qts);
}

static uint32_t accept_irq(QTestState *qts)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0 };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_XIRR, regs), ==, H_SUCCESS);
    return regs[0];
}

#define ICS 0xc8                        /* interrupt cause set */
#define ICR 0xc0                        /* read and clear */

/* INTA of a device in slot 6 of bridge 2: the slot decides which LSI it is */
static void test_lsi(void)
{
    QTestState *qts = papr_start("-machine ic-mode=xics -device "
                                 "spapr-pci-host-bridge,index=2,id=x "
                                 E1000E "addr=6,bus=x.0");
    uint64_t regs = MEM32_ADDR(2);
    uint32_t irq = 0x1200 + 2 * 4 + 6 % 4;
    uint32_t dev = ADDR(0, 6, 0);

    cfg_write(qts, 2, dev + PCI_BASE_ADDRESS_0, 4, MEM32_BUS);
    cfg_write(qts, 2, dev + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    papr_hcall(qts, 0, H_CPPR, 0xff);
    g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, irq, 0, 5), ==,
                    RTAS_SUCCESS);
    g_assert_cmphex(accept_irq(qts), ==, 0xff000000);

    qtest_writel(qts, regs + 0xd0, bswap32(4));
    qtest_writel(qts, regs + ICS, bswap32(4));
    g_assert_cmphex(accept_irq(qts), ==, 0xff000000 | irq);
    /* the line is still high: it comes again */
    papr_hcall(qts, 0, H_EOI, 0xff000000 | irq);
    g_assert_cmphex(accept_irq(qts), ==, 0xff000000 | irq);
    qtest_writel(qts, regs + 0xd8, bswap32(ALL_ONES));
    qtest_readl(qts, regs + ICR);
    papr_hcall(qts, 0, H_EOI, 0xff000000 | irq);
    g_assert_cmphex(accept_irq(qts), ==, 0xff000000);
    qtest_quit(qts);
}

/* --- device tree ---------------------------------------------------------- */

static void cells_are(const void *fdt, const char *path, const char *name,
                      const uint32_t *cells, int n)
{
    int size;
    const uint8_t *prop = fdt_getprop(fdt, papr_tree_node(fdt, path), name,
                                      &size);

    if (!prop || size != n * 4) {
        g_test_message("%s of %s: %d bytes", name, path, size);
    }
    g_assert_nonnull(prop);
    g_assert_cmpint(size, ==, n * 4);
    for (int i = 0; i < n; i++) {
        if ((uint32_t)ldl_be_p(prop + i * 4) != cells[i]) {
            g_test_message("%s of %s: cell %d", name, path, i);
        }
        g_assert_cmphex((uint32_t)ldl_be_p(prop + i * 4), ==, cells[i]);
    }
}

#define CELLS_ARE(fdt, path, name, ...)                                      \
    cells_are(fdt, path, name, (const uint32_t[]){ __VA_ARGS__ },            \
              ARRAY_SIZE(((const uint32_t[]){ __VA_ARGS__ })))

static void has_none(const void *fdt, const char *path, const char *name)
{
    g_assert_null(fdt_getprop(fdt, papr_tree_node(fdt, path), name, NULL));
}

static void string_is(const void *fdt, const char *path, const char *name,
                      const char *value)
{
    g_assert_cmpstr(fdt_getprop(fdt, papr_tree_node(fdt, path), name, NULL), ==,
                    value);
}

#define PHB0 "/pci@800000020000000"
#define PHB5 "/pci@800000020000005"

static void check_interrupt_map(const void *fdt, const char *path, unsigned phb)
{
    int size;
    const uint8_t *map = fdt_getprop(fdt, papr_tree_node(fdt, path),
                                     "interrupt-map", &size);
    uint32_t controller;

    g_assert_cmpint(size, ==, 32 * 4 * 7 * 4);
    controller = ldl_be_p(map + 16);
    g_assert_cmpint(fdt_node_offset_by_phandle(fdt, controller), >=, 0);
    for (int slot = 0; slot < 32; slot++) {
        for (int pin = 0; pin < 4; pin++, map += 28) {
            g_assert_cmphex(ldl_be_p(map), ==, slot << 11);
            g_assert_cmphex(ldq_be_p(map + 4), ==, 0);
            g_assert_cmphex(ldl_be_p(map + 12), ==, pin + 1);
            g_assert_cmphex(ldl_be_p(map + 16), ==, controller);
            g_assert_cmphex(ldl_be_p(map + 20), ==,
                            0x1200 + phb * 4 + (slot + pin) % 4);
            g_assert_cmphex(ldl_be_p(map + 24), ==, 1);
        }
    }
    CELLS_ARE(fdt, path, "interrupt-map-mask", 0xf800, 0, 0, ALL_ONES);
    CELLS_ARE(fdt, path, "#interrupt-cells", 1);
}

static void test_dt_phb(void)
{
    QTestState *qts = papr_start("-smp 2,maxcpus=2 "
                                 "-object memory-backend-ram,id=m,size=256M "
                                 "-numa node,memdev=m -numa node,cpus=0-1 "
                                 "-device spapr-pci-host-bridge,index=5,"
                                 "mem_win_size=512M,mem64_win_size=0,"
                                 "io_win_size=32K,numa_node=1");
    g_autofree void *fdt = papr_tree(qts);

    string_is(fdt, PHB0, "device_type", "pci");
    string_is(fdt, PHB0, "compatible", "IBM,Logical_PHB");
    CELLS_ARE(fdt, PHB0, "reg", 0x8000000, 0x20000000, 0, 0);
    CELLS_ARE(fdt, PHB0, "#address-cells", 3);
    CELLS_ARE(fdt, PHB0, "#size-cells", 2);
    CELLS_ARE(fdt, PHB0, "bus-range", 0, 0xff);
    CELLS_ARE(fdt, PHB0, "ibm,pci-config-space-type", 1);
    CELLS_ARE(fdt, PHB0, "ibm,pe-total-#msi", 0xd00);
    CELLS_ARE(fdt, PHB0, "qemu,phb-enumerated", 1);
    CELLS_ARE(fdt, PHB0, "ranges",
              0x1000000, 0, 0, 0x2000, 0, 0, 0x10000,
              0x2000000, 0, MEM32_BUS, 0x2000, 0x80000000, 0, 0x80000000,
              0x3000000, 0x2100, 0, 0x2100, 0, 0x100, 0);
    CELLS_ARE(fdt, PHB0, "ibm,dma-window", 0x80000000, 0, 0, 0, 0x40000000);
    has_none(fdt, PHB0, "ibm,associativity");
    g_assert_nonnull(fdt_getprop(fdt, papr_tree_node(fdt, PHB0), "used-by-rtas",
                                 NULL));
    check_interrupt_map(fdt, PHB0, 0);

    CELLS_ARE(fdt, PHB5, "reg", 0x8000000, 0x20000005, 0, 0);
    CELLS_ARE(fdt, PHB5, "ranges",
              0x1000000, 0, 0, 0x2000, 0x50000, 0, 0x8000,
              0x2000000, 0, MEM32_BUS, 0x2003, 0, 0, 512 * MiB);
    /* a qtest's machine starts as if form 2 had been negotiated */
    CELLS_ARE(fdt, PHB5, "ibm,associativity", 1, 1);
    CELLS_ARE(fdt, PHB5, "ibm,dma-window", 0x80000500, 0, 0, 0, 0x40000000);
    check_interrupt_map(fdt, PHB5, 5);
    qtest_quit(qts);
}

static void test_dt_devices(void)
{
    QTestState *qts = papr_start(E1000E "addr=1 " BRIDGES
                                 "-device qemu-xhci,addr=3.1 "
                                 "-device virtio-scsi-pci,addr=3,"
                                 "multifunction=on "
                                 "-device virtio-balloon-pci,addr=1e");
    g_autofree void *fdt = papr_tree(qts);
    const char *nic = PHB0 "/ethernet@1";
    const char *far = PHB0 "/pci@2/pci@1/pci@4/legacy-device@3";

    CELLS_ARE(fdt, nic, "vendor-id", 0x8086);
    CELLS_ARE(fdt, nic, "device-id", 0x10d3);
    CELLS_ARE(fdt, nic, "subsystem-vendor-id", 0x8086);
    CELLS_ARE(fdt, nic, "revision-id", 0);
    CELLS_ARE(fdt, nic, "class-code", 0x20000);
    CELLS_ARE(fdt, nic, "interrupts", 1);
    CELLS_ARE(fdt, nic, "cache-line-size", 0);
    CELLS_ARE(fdt, nic, "min-grant", 0);
    CELLS_ARE(fdt, nic, "max-latency", 0);
    CELLS_ARE(fdt, nic, "devsel-speed", 0);
    CELLS_ARE(fdt, nic, "ibm,pci-config-space-type", 1);
    CELLS_ARE(fdt, nic, "ibm,my-drc-index", 0x40000008);
    string_is(fdt, nic, "ibm,loc-code", "qemu_e1000e:0000:00:01.0");
    CELLS_ARE(fdt, nic, "reg",
              0x00000800, 0, 0, 0, 0,
              0x02000810, 0, 0, 0, 0x20000,
              0x02000814, 0, 0, 0, 0x20000,
              0x01000818, 0, 0, 0, 0x20,
              0x0200081c, 0, 0, 0, 0x4000);

    papr_tree_node(fdt, PHB0 "/scsi@3");
    papr_tree_node(fdt, PHB0 "/usb-xhci@3,1");
    papr_tree_node(fdt, PHB0 "/legacy-device@1e");
    CELLS_ARE(fdt, PHB0 "/pci@2", "bus-range", 1, 3);
    CELLS_ARE(fdt, PHB0 "/pci@2,1", "bus-range", 4, 4);
    CELLS_ARE(fdt, PHB0 "/pci@9", "bus-range", 5, 5);
    string_is(fdt, PHB0 "/pci@9", "device_type", "pci");
    /* no window is open yet: ports, without which Linux assigns none */
    CELLS_ARE(fdt, PHB0 "/pci@2", "ranges", 0x1000000, 0, 0x1000, 0x1000000, 0,
              0x1000, 0, 0x3000);
    CELLS_ARE(fdt, PHB0 "/pci@2/pci@1/pci@4", "ranges", 0x1000000, 0, 0x3000,
              0x1000000, 0, 0x3000, 0, 0x1000);
    CELLS_ARE(fdt, PHB0 "/pci@9", "ranges", 0x1000000, 0, 0x5000, 0x1000000, 0,
              0x5000, 0, 0x1000);
    CELLS_ARE(fdt, PHB0 "/pci@2", "#address-cells", 3);
    CELLS_ARE(fdt, PHB0 "/pci@2", "#size-cells", 2);
    has_none(fdt, PHB0 "/pci@2", "min-grant");
    has_none(fdt, PHB0 "/pci@2", "ibm,pci-config-space-type");
    string_is(fdt, far, "ibm,loc-code", "qemu_virtio-rng-pci:0000:03:03.0");
    papr_tree_node(fdt, PHB0 "/pci@9/legacy-device@1f,7");
    qtest_quit(qts);
}

/* The tree is in order of addresses, whatever the order of options */
static void test_dt_order(void)
{
    QTestState *qts = papr_start(RNG "addr=5 " RNG "addr=3 " RNG "addr=4 "
                                 "-device spapr-pci-host-bridge,index=7 "
                                 "-device spapr-pci-host-bridge,index=2");
    g_autofree void *fdt = papr_tree(qts);
    static const char *const expected[] = {
        "legacy-device@3", "legacy-device@4", "legacy-device@5",
    };
    int n = 0, node;
    uint32_t last = 0;

    fdt_for_each_subnode(node, fdt, papr_tree_node(fdt, PHB0)) {
        g_assert_cmpint(n, <, ARRAY_SIZE(expected));
        g_assert_cmpstr(fdt_get_name(fdt, node, NULL), ==, expected[n++]);
    }
    g_assert_cmpint(n, ==, ARRAY_SIZE(expected));
    n = 0;
    fdt_for_each_subnode(node, fdt, 0) {
        const char *name = fdt_get_name(fdt, node, NULL);

        if (g_str_has_prefix(name, "pci@")) {
            uint32_t buid_low = g_ascii_strtoull(name + 4, NULL, 16);

            g_assert_cmpuint(buid_low, >, last);
            last = buid_low;
            n++;
        }
    }
    g_assert_cmpint(n, ==, 3);
    qtest_quit(qts);
}

#define DRC(slot) (0x40000000 | (slot) << 3)

/* Walk the node of @slot's device; returns the first bus it has, 0 if none */
static uint32_t configured_bus(QTestState *qts, unsigned slot)
{
    g_autofree char *range = g_strdup_printf("pci@%x/bus-range", slot);
    g_autoptr(GHashTable) found = NULL;

    g_assert_cmpint(dr_unisolate(qts, DRC(slot)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, DRC(slot));
    found = dr_walk(qts);
    return g_hash_table_contains(found, range) ? dr_cell(found, range, 0) : 0;
}

/* A bridge that is plugged gets the bus number after those in use */
static void test_plugged_bridge(void)
{
    QTestState *qts = papr_start(BRIDGES);

    qtest_qmp_device_add(qts, "pci-bridge", "hot", "{ 'chassis_nr': 9,"
                         " 'addr': '0xa' }");
    g_assert_cmphex(cfg_read(qts, 0, ADDR(0, 10, 0) + PCI_SECONDARY_BUS, 1),
                    ==, 0);
    g_assert_cmpuint(configured_bus(qts, 10), ==, 6);
    check_bridges(qts);
    qtest_qmp_device_add(qts, "virtio-rng-pci", "rng", "{ 'bus': 'hot',"
                         " 'addr': '3' }");
    g_assert_cmphex(cfg_read(qts, 0, ADDR(6, 3, 0), 4), ==, ID_RNG);

    /* no bus number is left */
    cfg_write(qts, 0, ADDR(0, 9, 0) + PCI_SUBORDINATE_BUS, 1, 0xff);
    qtest_qmp_device_add(qts, "pci-bridge", "more", "{ 'chassis_nr': 10,"
                         " 'addr': '0xb' }");
    g_assert_cmpuint(configured_bus(qts, 11), ==, 0);
    qtest_quit(qts);
}

/* --- migration ------------------------------------------------------------ */

#define MIGRATED BRIDGES E1000E "addr=1 "

static void test_migrate(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-pci-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    QTestState *qts = papr_start(MIGRATED
                                 "-device spapr-pci-host-bridge,index=4");
    uint32_t dev = ADDR(0, 1, 0);

    cfg_write(qts, 0, dev + PCI_BASE_ADDRESS_0, 4, MEM32_BUS);
    cfg_write(qts, 0, dev + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    qtest_writel(qts, MEM32_ADDR(0) + 0xd0, bswap32(4));
    cfg_write(qts, 0, ADDR(0, 9, 0) + PCI_SUBORDINATE_BUS, 1, 0x81);
    cfg_write(qts, 0, ADDR(0, 9, 0) + PCI_SECONDARY_BUS, 1, 0x80);
    papr_save(qts, file);
    qtest_quit(qts);

    qts = papr_start(MIGRATED "-device spapr-pci-host-bridge,index=4 "
                     "-incoming defer");
    g_assert_true(papr_load(qts, file));
    g_assert_cmphex(cfg_read(qts, 0, dev + PCI_BASE_ADDRESS_0, 4), ==,
                    MEM32_BUS);
    g_assert_cmphex(bswap32(qtest_readl(qts, MEM32_ADDR(0) + 0xd0)), ==, 4);
    g_assert_cmphex(cfg_read(qts, 0, ADDR(0x80, 31, 7), 4), ==, ID_RNG);
    g_assert_cmphex(cfg_read(qts, 0, ADDR(3, 3, 0), 4), ==, ID_RNG);
    qtest_quit(qts);

    /* a bridge with another index is another one: the stream is refused */
    qts = papr_start(MIGRATED "-device spapr-pci-host-bridge,index=6 "
                     "-incoming defer");
    g_assert_false(papr_load(qts, file));
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/pseries/pci-config/sizes", test_sizes);
    qtest_add_func("/pseries/pci-config/absent", test_absent);
    qtest_add_func("/pseries/pci-config/wild", test_wild);
    qtest_add_func("/pseries/pci-config/old-calls", test_old_calls);
    qtest_add_func("/pseries/pci-config/extended", test_extended);
    qtest_add_func("/pseries/pci-config/bridges", test_bridges);
    qtest_add_func("/pseries/pci-config/random", test_random);
    qtest_add_func("/pseries/pci-config/bus-numbers", test_bus_numbers);
    qtest_add_func("/pseries/pci-config/all-phbs", test_all_phbs);
    qtest_add_func("/pseries/pci-config/windows", test_windows);
    qtest_add_func("/pseries/pci-config/lsi", test_lsi);
    qtest_add_func("/pseries/pci-config/dt/phb", test_dt_phb);
    qtest_add_func("/pseries/pci-config/dt/devices", test_dt_devices);
    qtest_add_func("/pseries/pci-config/dt/order", test_dt_order);
    qtest_add_func("/pseries/pci-config/plugged-bridge", test_plugged_bridge);
    qtest_add_func("/pseries/pci-config/migrate", test_migrate);
    return g_test_run();
}
