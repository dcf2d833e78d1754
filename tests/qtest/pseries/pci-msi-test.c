/*
 * Message signalled interrupts (MSI) of PCI devices: numbers, messages, the
 * window that they are written to, streams
 *
 * The devices: virtio-rng has as many MSI-X vectors as it is told, nec-usb-xhci
 * can have 16 plain MSIs, edu one, which it sends when it is told to; it also
 * copies from memory to any address of its bus.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/pci/pci_regs.h"
#include "libpapr.h"

#define BUID_HIGH 0x08000000u
#define BUID_LOW(phb) (0x20000000u + (phb))
#define ADDR(slot) ((slot) << 11)
#define PHB1_ADDR(slot) (1u << 31 | ADDR(slot))     /* see phb_of() */

/* The range of numbers of MSIs, and the first number of a level interrupt */
#define FIRST 0x1300u
#define END 0x2000u
#define ALL (END - FIRST)
#define FIRST_LSI 0x1200u

#define WINDOW 0x40000000000ULL

/* ibm,change-msi */
enum { QUERY, CHANGE, SET_DEFAULT, SET_MSI, SET_MSIX, SET_MSI_32BIT };
enum { TYPE_MSI = 1, TYPE_MSIX = 2 };
#define NO_INTERRUPT 1
enum { LEVEL, EDGE };

#define RNG(slot, vectors)                                                  \
    "-device virtio-rng-pci,addr=" #slot ",vectors=" #vectors " "
#define XHCI(slot) "-device nec-usb-xhci,msix=off,msi=on,addr=" #slot " "
#define EDU(slot) "-device edu,dma_mask=0xffffffffffffffff,addr=" #slot " "

#define MEM32_BUS 0x80000000u
#define MEM32_CPU (32 * TiB + 2 * GiB)

/* --- the calls ------------------------------------------------------------ */

static unsigned phb_of(uint32_t dev)
{
    return dev >> 31;
}

static uint32_t cfg_read(QTestState *qts, uint32_t dev, unsigned reg,
                         uint32_t size)
{
    uint32_t rets[2];

    g_assert_cmpint(papr_rtas(qts, "ibm,read-pci-config", 2, rets,
                              (dev & ~(1u << 31)) + reg, BUID_HIGH,
                              BUID_LOW(phb_of(dev)), size), ==, RTAS_SUCCESS);
    return rets[1];
}

static void cfg_write(QTestState *qts, uint32_t dev, unsigned reg,
                      uint32_t size, uint32_t value)
{
    g_assert_cmpint(papr_rtas(qts, "ibm,write-pci-config", 1, NULL,
                              (dev & ~(1u << 31)) + reg, BUID_HIGH,
                              BUID_LOW(phb_of(dev)), size, value), ==,
                    RTAS_SUCCESS);
}

static int32_t change_status(QTestState *qts, uint32_t dev, uint32_t function,
                             uint32_t count, uint32_t rets[4])
{
    return papr_rtas(qts, "ibm,change-msi", 4, rets, dev & ~(1u << 31),
                     BUID_HIGH, BUID_LOW(phb_of(dev)), function, count, 1);
}

/* ibm,change-msi succeeds; returns how many interrupts the device has then */
static uint32_t change(QTestState *qts, uint32_t dev, uint32_t function,
                       uint32_t count, uint32_t type)
{
    uint32_t rets[4];

    g_assert_cmpint(change_status(qts, dev, function, count, rets), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(rets[3], ==, rets[1] ? type : 0);
    return rets[1];
}

static void refused(QTestState *qts, uint32_t dev, uint32_t function,
                    uint32_t count, int32_t status)
{
    uint32_t rets[4];

    g_assert_cmpint(change_status(qts, dev, function, count, rets), ==, status);
}

static uint32_t held(QTestState *qts, uint32_t dev)
{
    uint32_t rets[4];

    g_assert_cmpint(change_status(qts, dev, QUERY, 99, rets), ==, RTAS_SUCCESS);
    return rets[1];
}

static int32_t query(QTestState *qts, uint32_t dev, uint32_t index,
                     uint32_t *number, uint32_t *trigger)
{
    uint32_t rets[3];
    int32_t status = papr_rtas(qts, "ibm,query-interrupt-source-number", 3,
                               rets, dev & ~(1u << 31), BUID_HIGH,
                               BUID_LOW(phb_of(dev)), index);

    *number = rets[1];
    *trigger = rets[2];
    return status;
}

/* Returns the first of a device's @count numbers, which must be consecutive */
static uint32_t numbers(QTestState *qts, uint32_t dev, uint32_t count)
{
    uint32_t first = 0, number, trigger;

    for (uint32_t i = 0; i < count; i++) {
        g_assert_cmpint(query(qts, dev, i, &number, &trigger), ==, 0);
        g_assert_cmpuint(trigger, ==, EDGE);
        if (i == 0) {
            first = number;
        }
        g_assert_cmphex(number, ==, first + i);
    }
    g_assert_cmpint(query(qts, dev, count, &number, &trigger), ==,
                    NO_INTERRUPT);
    g_assert_cmpint(query(qts, dev, UINT32_MAX, &number, &trigger), ==,
                    NO_INTERRUPT);
    return first;
}

/* --- messages ------------------------------------------------------------- */

static unsigned capability(QTestState *qts, uint32_t dev, uint8_t id)
{
    unsigned reg = cfg_read(qts, dev, PCI_CAPABILITY_LIST, 1);

    while (reg && cfg_read(qts, dev, reg, 1) != id) {
        reg = cfg_read(qts, dev, reg + PCI_CAP_LIST_NEXT, 1);
    }
    g_assert_cmpuint(reg, !=, 0);
    return reg;
}

static void msi_message_is(QTestState *qts, uint32_t dev, uint32_t data,
                           unsigned log2_count)
{
    unsigned msi = capability(qts, dev, PCI_CAP_ID_MSI);
    uint16_t flags = cfg_read(qts, dev, msi + PCI_MSI_FLAGS, 2);

    g_assert_cmphex(cfg_read(qts, dev, msi + PCI_MSI_ADDRESS_HI, 4), ==,
                    WINDOW >> 32);
    g_assert_cmphex(cfg_read(qts, dev, msi + PCI_MSI_ADDRESS_LO, 4), ==,
                    (uint32_t)WINDOW);
    g_assert_cmphex(cfg_read(qts, dev, msi + PCI_MSI_DATA_64, 2), ==, data);
    g_assert_cmpuint((flags & PCI_MSI_FLAGS_QSIZE) >> 4, ==, log2_count);
}

/* The table of virtio-rng is at the start of its second memory window */
static uint64_t map_msix(QTestState *qts, uint32_t dev)
{
    cfg_write(qts, dev, PCI_BASE_ADDRESS_1, 4, MEM32_BUS);
    cfg_write(qts, dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    return MEM32_CPU;
}

/* The bus is little-endian; qtest's accesses have the CPU's endianness */
static uint32_t bus_readl(QTestState *qts, uint64_t addr)
{
    return bswap32(qtest_readl(qts, addr));
}

static void bus_writel(QTestState *qts, uint64_t addr, uint32_t value)
{
    qtest_writel(qts, addr, bswap32(value));
}

static void msix_entry_is(QTestState *qts, uint64_t table, unsigned i,
                          uint32_t data)
{
    uint64_t entry = table + i * PCI_MSIX_ENTRY_SIZE;

    g_assert_cmphex(bus_readl(qts, entry + PCI_MSIX_ENTRY_LOWER_ADDR), ==,
                    (uint32_t)WINDOW);
    g_assert_cmphex(bus_readl(qts, entry + PCI_MSIX_ENTRY_UPPER_ADDR), ==,
                    WINDOW >> 32);
    g_assert_cmphex(bus_readl(qts, entry + PCI_MSIX_ENTRY_DATA), ==, data);
}

/* --- tests ---------------------------------------------------------------- */

static void test_msi(void)
{
    QTestState *qts = papr_start(RNG(1, 1) XHCI(2));
    uint32_t rng = ADDR(1), xhci = ADDR(2);

    /* a run of plain MSIs begins at a multiple of its length */
    g_assert_cmpuint(change(qts, rng, SET_MSIX, 1, TYPE_MSIX), ==, 1);
    g_assert_cmphex(numbers(qts, rng, 1), ==, FIRST);
    g_assert_cmpuint(change(qts, xhci, SET_MSI, 16, TYPE_MSI), ==, 16);
    g_assert_cmphex(numbers(qts, xhci, 16), ==, FIRST + 16);
    msi_message_is(qts, xhci, FIRST + 16, 4);
    g_assert_cmpuint(held(qts, xhci), ==, 16);

    /* fewer: some of those that the device has; a power of two */
    g_assert_cmpuint(change(qts, xhci, SET_MSI, 7, TYPE_MSI), ==, 4);
    g_assert_cmphex(numbers(qts, xhci, 4), ==, FIRST + 16);
    msi_message_is(qts, xhci, FIRST + 16, 2);
    /* the others are free now */
    g_assert_cmpuint(change(qts, rng, SET_MSIX, 0, 0), ==, 0);
    g_assert_cmpuint(change(qts, xhci, SET_MSI, 8, TYPE_MSI), ==, 8);
    g_assert_cmphex(numbers(qts, xhci, 8), ==, FIRST);
    g_assert_cmpuint(change(qts, xhci, SET_MSI, UINT32_MAX, TYPE_MSI), ==, 16);
    g_assert_cmphex(numbers(qts, xhci, 16), ==, FIRST + 16);

    /* CHANGE leaves the type to the platform: this device has one only */
    g_assert_cmpuint(change(qts, xhci, CHANGE, 2, TYPE_MSI), ==, 2);
    g_assert_cmpuint(change(qts, xhci, SET_DEFAULT, 5, 0), ==, 0);
    g_assert_cmpuint(held(qts, xhci), ==, 0);
    qtest_quit(qts);
}

static void test_msix(void)
{
    QTestState *qts = papr_start(RNG(1, 3) RNG(2, 2) RNG(3, 5));
    uint64_t table;

    /* no gaps between the runs */
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 4, TYPE_MSIX), ==, 3);
    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 2, TYPE_MSIX), ==, 2);
    g_assert_cmpuint(change(qts, ADDR(3), CHANGE, 1, TYPE_MSIX), ==, 1);
    g_assert_cmphex(numbers(qts, ADDR(1), 3), ==, FIRST);
    g_assert_cmphex(numbers(qts, ADDR(2), 2), ==, FIRST + 3);
    g_assert_cmphex(numbers(qts, ADDR(3), 1), ==, FIRST + 5);

    table = map_msix(qts, ADDR(1));
    for (int i = 0; i < 3; i++) {
        msix_entry_is(qts, table, i, FIRST + i);
    }
    /* requested again: the same numbers, and the messages are rewritten */
    bus_writel(qts, table + PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_DATA, 0xbad);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 3, TYPE_MSIX), ==, 3);
    g_assert_cmphex(numbers(qts, ADDR(1), 3), ==, FIRST);
    msix_entry_is(qts, table, 1, FIRST + 1);

    /* vectors whose numbers are freed are masked */
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 1, TYPE_MSIX), ==, 1);
    for (int i = 0; i < 3; i++) {
        g_assert_cmphex(bus_readl(qts, table + i * PCI_MSIX_ENTRY_SIZE +
                                  PCI_MSIX_ENTRY_VECTOR_CTRL), ==, i > 0);
    }
    /* and when all are freed, MSI-X is disabled */
    cfg_write(qts, ADDR(1), capability(qts, ADDR(1), PCI_CAP_ID_MSIX) +
              PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 0, 0), ==, 0);
    g_assert_cmphex(cfg_read(qts, ADDR(1),
                             capability(qts, ADDR(1), PCI_CAP_ID_MSIX) +
                             PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_ENABLE, ==, 0);
    qtest_quit(qts);
}

/* A large device that requests its vectors twice: upstream's pseries exits */
static void test_exhaustion(void)
{
    QTestState *qts = papr_start(RNG(1, 2048) RNG(2, 2048) RNG(3, 2) XHCI(4));
    uint32_t first;

    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 2048, TYPE_MSIX), ==, 2048);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 2048, TYPE_MSIX), ==, 2048);
    g_assert_cmphex(numbers(qts, ADDR(1), 2048), ==, FIRST);

    /* fewer are left, then none */
    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 2048, TYPE_MSIX), ==,
                     ALL - 2048);
    g_assert_cmphex(numbers(qts, ADDR(2), ALL - 2048), ==, FIRST + 2048);
    refused(qts, ADDR(3), SET_MSIX, 2, RTAS_HARDWARE_ERROR);
    refused(qts, ADDR(4), SET_MSI, 16, RTAS_HARDWARE_ERROR);
    g_assert_cmpuint(held(qts, ADDR(3)), ==, 0);

    /* a device keeps its numbers if it requests more than there are */
    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 2048, TYPE_MSIX), ==,
                     ALL - 2048);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 2045, TYPE_MSIX), ==, 2045);
    g_assert_cmpuint(change(qts, ADDR(4), SET_MSI, 16, TYPE_MSI), ==, 2);
    first = numbers(qts, ADDR(4), 2);
    g_assert_cmphex(first, ==, FIRST + 2046);
    msi_message_is(qts, ADDR(4), first, 1);
    g_assert_cmpuint(change(qts, ADDR(3), SET_MSIX, 2, TYPE_MSIX), ==, 1);
    g_assert_cmphex(numbers(qts, ADDR(3), 1), ==, FIRST + 2045);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 2048, TYPE_MSIX), ==, 2045);

    /* and after they are freed others can get them */
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 0, 0), ==, 0);
    g_assert_cmpuint(change(qts, ADDR(3), SET_MSIX, 2, TYPE_MSIX), ==, 2);
    g_assert_cmphex(numbers(qts, ADDR(3), 2), ==, FIRST);
    g_assert_cmpuint(change(qts, ADDR(4), SET_MSI, 16, TYPE_MSI), ==, 16);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = papr_start(RNG(1, 2048) RNG(2, 2048));
    uint32_t number, trigger;

    for (int i = 0; i < 3; i++) {
        uint32_t dev = ADDR(1 + i % 2);

        g_assert_cmpuint(held(qts, dev), ==, 0);
        g_assert_cmpuint(change(qts, dev, SET_MSIX, 2048, TYPE_MSIX), ==, 2048);
        g_assert_cmphex(numbers(qts, dev, 2048), ==, FIRST);
        qtest_system_reset(qts);
    }
    /* without MSIs a device has its level interrupt */
    g_assert_cmpint(query(qts, ADDR(1), 0, &number, &trigger), ==, 0);
    g_assert_cmphex(number, ==, FIRST_LSI + 1);
    g_assert_cmpuint(trigger, ==, LEVEL);
    g_assert_cmpint(query(qts, ADDR(1), 1, &number, &trigger), ==,
                    NO_INTERRUPT);
    qtest_quit(qts);
}

/* Unplug, at once as the device is not configured, frees its numbers */
static void test_unplug(void)
{
    QTestState *qts = papr_start(RNG(1, 4));

    for (int i = 0; i < 2; i++) {
        qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', 'arguments': "
                                 "{ 'driver': 'virtio-rng-pci', 'id': 'hot', "
                                 "'addr': '2', 'vectors': 2048 } }");
        g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 2048, TYPE_MSIX), ==,
                         2048);
        g_assert_cmphex(numbers(qts, ADDR(2), 2048), ==, FIRST);
        qtest_qmp_assert_success(qts, "{ 'execute': 'device_del', 'arguments': "
                                 "{ 'id': 'hot' } }");
        qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    }
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 4, TYPE_MSIX), ==, 4);
    g_assert_cmphex(numbers(qts, ADDR(1), 4), ==, FIRST);
    qtest_quit(qts);
}

/* All host bridges allocate from the same numbers */
static void test_bridges(void)
{
    QTestState *qts = papr_start(
        RNG(1, 3) "-device pci-bridge,chassis_nr=1,id=p,addr=2 "
        "-device virtio-rng-pci,bus=p,addr=3,vectors=2 "
        "-device spapr-pci-host-bridge,index=1,id=b "
        "-device virtio-rng-pci,bus=b.0,addr=1,vectors=3");
    uint32_t behind = 1 << 16 | ADDR(3);
    uint32_t number, trigger;

    g_assert_cmpint(query(qts, behind, 0, &number, &trigger), ==, 0);
    /* each bridge rotates pins by the device's slot: 3 + 2 */
    g_assert_cmphex(number, ==, FIRST_LSI + (3 + 2) % 4);
    g_assert_cmpint(query(qts, PHB1_ADDR(1), 0, &number, &trigger), ==, 0);
    g_assert_cmphex(number, ==, FIRST_LSI + 4 + 1);

    g_assert_cmpuint(change(qts, PHB1_ADDR(1), SET_MSIX, 3, TYPE_MSIX), ==, 3);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSIX, 3, TYPE_MSIX), ==, 3);
    g_assert_cmpuint(change(qts, behind, SET_MSIX, 2, TYPE_MSIX), ==, 2);
    g_assert_cmphex(numbers(qts, PHB1_ADDR(1), 3), ==, FIRST);
    g_assert_cmphex(numbers(qts, ADDR(1), 3), ==, FIRST + 3);
    g_assert_cmphex(numbers(qts, behind, 2), ==, FIRST + 6);
    qtest_quit(qts);
}

static void test_wild(void)
{
    static const uint32_t functions[] = {
        6, 7, 100, 0x80000000, UINT32_MAX,
    };
    QTestState *qts = papr_start(RNG(1, 4) XHCI(2) RNG(3, 0));
    uint32_t rets[4], number, trigger;

    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        refused(qts, ADDR(1), functions[i], 1, RTAS_PARAMETER_ERROR);
        refused(qts, ADDR(2), functions[i], UINT32_MAX, RTAS_PARAMETER_ERROR);
    }
    /* the other kind, messages below 4 GiB, a device that has neither */
    refused(qts, ADDR(1), SET_MSI, 1, RTAS_PARAMETER_ERROR);
    refused(qts, ADDR(1), SET_MSI_32BIT, 1, RTAS_PARAMETER_ERROR);
    refused(qts, ADDR(2), SET_MSIX, 1, RTAS_PARAMETER_ERROR);
    refused(qts, ADDR(2), SET_MSI_32BIT, 1, RTAS_PARAMETER_ERROR);
    refused(qts, ADDR(3), CHANGE, 1, RTAS_PARAMETER_ERROR);
    g_assert_cmpuint(held(qts, ADDR(3)), ==, 0);

    /* no such device, no such bridge */
    refused(qts, ADDR(9), SET_MSIX, 1, RTAS_PARAMETER_ERROR);
    refused(qts, PHB1_ADDR(1), SET_MSIX, 1, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(query(qts, ADDR(9), 0, &number, &trigger), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(query(qts, PHB1_ADDR(1), 0, &number, &trigger), ==,
                    RTAS_PARAMETER_ERROR);
    /* too few arguments */
    g_assert_cmpint(papr_rtas(qts, "ibm,change-msi", 4, rets, ADDR(1),
                              BUID_HIGH, BUID_LOW(0), SET_MSIX, 1), ==,
                    RTAS_PARAMETER_ERROR);

    /* refused calls changed nothing; with three results no type is returned */
    g_assert_cmpuint(held(qts, ADDR(1)), ==, 0);
    g_assert_cmpint(papr_rtas(qts, "ibm,change-msi", 3, rets, ADDR(2),
                              BUID_HIGH, BUID_LOW(0), CHANGE, 1, 1), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(rets[1], ==, 1);
    g_assert_cmphex(numbers(qts, ADDR(2), 1), ==, FIRST);
    qtest_quit(qts);
}

/* --- a message's way to the interrupt controller -------------------------- */

/* edu's registers, which are of the CPU's endianness */
#define EDU_RAISE (MEM32_CPU + 0x60)
#define EDU_ACK (MEM32_CPU + 0x64)
#define EDU_SRC (MEM32_CPU + 0x80)
#define EDU_DST (MEM32_CPU + 0x88)
#define EDU_COUNT (MEM32_CPU + 0x90)
#define EDU_COMMAND (MEM32_CPU + 0x98)
#define EDU_BUFFER 0x40000
enum { EDU_RUN = 1, EDU_FROM_BUFFER = 2 };

static void map_edu(QTestState *qts)
{
    cfg_write(qts, ADDR(1), PCI_BASE_ADDRESS_0, 4, MEM32_BUS);
    cfg_write(qts, ADDR(1), PCI_COMMAND, 2,
              PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static QTestState *start_edu(const char *more)
{
    QTestState *qts = papr_start("-machine ic-mode=xics " EDU(1) "%s", more);

    map_edu(qts);
    return qts;
}

/* Numbers of the platform's own events, which belong to no device */
#define EPOW 0x1000u
#define HOTPLUG 0x1001u

/* Route the source @number to vCPU 0, and let vCPU 0 accept interrupts */
static void open_source(QTestState *qts, uint32_t number)
{
    g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, number, 0, 5), ==,
                    RTAS_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_CPPR, 0xff), ==, H_SUCCESS);
}

/* Accept and end the pending interrupt; returns its number, 0 for none */
static uint32_t take(QTestState *qts)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0 };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_XIRR, regs), ==, H_SUCCESS);
    if (!(regs[0] & 0xffffff)) {
        return 0;
    }
    g_assert_cmpint(papr_hcall(qts, 0, H_EOI, regs[0]), ==, H_SUCCESS);
    return regs[0] & 0xffffff;
}

static void enable_msi(QTestState *qts)
{
    unsigned flags = capability(qts, ADDR(1), PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;

    cfg_write(qts, ADDR(1), flags, 2,
              cfg_read(qts, ADDR(1), flags, 2) | PCI_MSI_FLAGS_ENABLE);
}

static void send_msi(QTestState *qts)
{
    qtest_writel(qts, EDU_RAISE, 1);
    qtest_writel(qts, EDU_ACK, 1);
}

static void test_delivery(void)
{
    /* numbers that no MSI can have, or that are not allocated */
    static const uint16_t bad[] = {
        0, 1, 2, 0xfff, EPOW, HOTPLUG, 0x1100, 0x1200, 0x1201, 0x12ff,
        FIRST + 1, END - 1, END, 0x8000, 0xffff,
    };
    QTestState *qts = start_edu("");
    unsigned data = capability(qts, ADDR(1), PCI_CAP_ID_MSI) + PCI_MSI_DATA_64;

    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 1, TYPE_MSI), ==, 1);
    enable_msi(qts);
    open_source(qts, FIRST);
    open_source(qts, EPOW);
    open_source(qts, HOTPLUG);
    g_assert_cmphex(take(qts), ==, 0);
    send_msi(qts);
    g_assert_cmphex(take(qts), ==, FIRST);
    g_assert_cmphex(take(qts), ==, 0);

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        cfg_write(qts, ADDR(1), data, 2, bad[i]);
        send_msi(qts);
        g_assert_cmphex(take(qts), ==, 0);
    }
    cfg_write(qts, ADDR(1), data, 2, FIRST);
    send_msi(qts);
    g_assert_cmphex(take(qts), ==, FIRST);

    /* freed: the device's MSI is disabled, and its message is ignored */
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 0, 0), ==, 0);
    send_msi(qts);
    cfg_write(qts, ADDR(1), data, 2, FIRST);
    enable_msi(qts);
    send_msi(qts);
    g_assert_cmphex(take(qts), ==, 0);
    qtest_quit(qts);
}

/* Let the device write @len bytes of @value to @addr of its bus */
static void bus_write(QTestState *qts, uint64_t addr, uint64_t value,
                      unsigned len)
{
    uint64_t le = cpu_to_le64(value);

    /* the buffer is filled by DMA through the default window, page 1 */
    qtest_memwrite(qts, PAPR_TEST_RAM, &le, sizeof(le));
    qtest_writeq(qts, EDU_SRC, 0x1000 + (PAPR_TEST_RAM & 0xfff));
    qtest_writeq(qts, EDU_DST, EDU_BUFFER);
    qtest_writeq(qts, EDU_COUNT, len);
    qtest_writeq(qts, EDU_COMMAND, EDU_RUN);
    qtest_clock_step(qts, 1000000000);

    qtest_writeq(qts, EDU_SRC, EDU_BUFFER);
    qtest_writeq(qts, EDU_DST, addr);
    qtest_writeq(qts, EDU_COUNT, len);
    qtest_writeq(qts, EDU_COMMAND, EDU_RUN | EDU_FROM_BUFFER);
    qtest_clock_step(qts, 1000000000);
}

/* A device can write any data, of any size, to any address in the window */
static void test_window(void)
{
    static const uint32_t bad[] = {
        0, 0xfff, EPOW, 0x1100, 0x1200, END, 0x10000 | FIRST, 0x80000000,
        UINT32_MAX,
    };
    QTestState *qts = start_edu("");

    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 1, TYPE_MSI), ==, 1);
    open_source(qts, FIRST);
    open_source(qts, EPOW);
    g_assert_cmpint(papr_hcall(qts, 0, H_PUT_TCE, 0x80000000, 0x1000,
                               (PAPR_TEST_RAM & ~0xfffULL) | 3), ==, H_SUCCESS);

    bus_write(qts, WINDOW, FIRST, 4);
    g_assert_cmphex(take(qts), ==, FIRST);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        bus_write(qts, WINDOW, bad[i], 4);
        g_assert_cmphex(take(qts), ==, 0);
    }
    bus_write(qts, WINDOW, FIRST, 1);
    bus_write(qts, WINDOW, FIRST, 2);
    g_assert_cmphex(take(qts), ==, 0);
    bus_write(qts, WINDOW + 1, (uint64_t)FIRST << 32 | FIRST, 8);
    bus_write(qts, WINDOW + 0xffc, UINT64_MAX, 8);
    take(qts);
    bus_write(qts, WINDOW, FIRST, 4);
    g_assert_cmphex(take(qts), ==, FIRST);
    qtest_quit(qts);
}

/* Devices that bypass translation can send MSIs, too */
static void test_bypass(void)
{
    QTestState *qts = start_edu("-global spapr-pci-host-bridge."
                                "bypass-iommu=on");

    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 1, TYPE_MSI), ==, 1);
    enable_msi(qts);
    open_source(qts, FIRST);
    send_msi(qts);
    g_assert_cmphex(take(qts), ==, FIRST);
    qtest_quit(qts);
}

/* --- streams -------------------------------------------------------------- */

#define STREAM_DEVICES RNG(2, 8) RNG(3, 2048) RNG(4, 2)

static void save(QTestState *qts, const char *file)
{
    papr_save(qts, file);
    qtest_quit(qts);
}

static QTestState *load(const char *file, bool works)
{
    QTestState *qts = papr_start("-machine ic-mode=xics " EDU(1) STREAM_DEVICES
                                 "-incoming defer");

    g_assert_true(papr_load(qts, file) == works);
    return qts;
}

static void test_migrate(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-msi-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    QTestState *qts = start_edu(STREAM_DEVICES);

    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 1, TYPE_MSI), ==, 1);
    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 5, TYPE_MSIX), ==, 5);
    g_assert_cmpuint(change(qts, ADDR(4), SET_MSIX, 2, TYPE_MSIX), ==, 2);
    open_source(qts, FIRST);
    save(qts, file);

    qts = load(file, true);
    g_assert_cmpuint(held(qts, ADDR(2)), ==, 5);
    g_assert_cmphex(numbers(qts, ADDR(1), 1), ==, FIRST);
    g_assert_cmphex(numbers(qts, ADDR(2), 5), ==, FIRST + 1);
    g_assert_cmphex(numbers(qts, ADDR(4), 2), ==, FIRST + 6);
    /* edu is as at start, since its registers are not migrated */
    map_edu(qts);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 1, TYPE_MSI), ==, 1);
    enable_msi(qts);
    send_msi(qts);
    g_assert_cmphex(take(qts), ==, FIRST);

    /* the migrated numbers are in use, have their type, and can be freed */
    g_assert_cmpuint(change(qts, ADDR(3), SET_MSIX, 2048, TYPE_MSIX), ==, 2048);
    g_assert_cmphex(numbers(qts, ADDR(3), 2048), ==, FIRST + 8);
    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 4, TYPE_MSIX), ==, 4);
    g_assert_cmphex(numbers(qts, ADDR(2), 4), ==, FIRST + 1);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 0, 0), ==, 0);
    qtest_system_reset(qts);
    g_assert_cmpuint(change(qts, ADDR(3), SET_MSIX, 2048, TYPE_MSIX), ==, 2048);
    g_assert_cmphex(numbers(qts, ADDR(3), 2048), ==, FIRST);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

/* --- numbers of pseries-3.0, which all kinds of devices share ------------- */

/*
 * 0x1000 and 0x1001 are the events', then come terminal, nvram and the bridge's
 * four level interrupts.
 */
#define PACKED_FIRST 0x1008u
#define PACKED_END 0x1400u
#define PACKED_ALL (PACKED_END - PACKED_FIRST)

static QTestState *start_packed(const char *more)
{
    QTestState *qts = papr_start("-machine pseries-3.0 -chardev null,id=c "
                                 "-serial chardev:c " EDU(1) STREAM_DEVICES
                                 "%s", more);

    map_edu(qts);
    return qts;
}

static void test_packed(void)
{
    static const uint16_t not_msis[] = {
        0, 1, 0xfff, EPOW, HOTPLUG, 0x1002, 0x1004, PACKED_FIRST + 1,
        PACKED_END - 1, PACKED_END, FIRST, END - 1, 0xffff,
    };
    QTestState *qts = start_packed(XHCI(5));
    unsigned data = capability(qts, ADDR(1), PCI_CAP_ID_MSI) + PCI_MSI_DATA_64;
    uint32_t number, trigger;

    g_assert_cmpint(query(qts, ADDR(5), 0, &number, &trigger), ==, 0);
    g_assert_cmpuint(trigger, ==, LEVEL);
    /* slot 5: the second of four */
    g_assert_cmphex(number, ==, PACKED_FIRST - 3);

    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 1, TYPE_MSI), ==, 1);
    g_assert_cmphex(numbers(qts, ADDR(1), 1), ==, PACKED_FIRST);
    /* plain MSIs: a multiple of their count; MSI-X: what is free below */
    g_assert_cmpuint(change(qts, ADDR(5), SET_MSI, 16, TYPE_MSI), ==, 16);
    g_assert_cmphex(numbers(qts, ADDR(5), 16), ==, 0x1010);
    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 5, TYPE_MSIX), ==, 5);
    g_assert_cmphex(numbers(qts, ADDR(2), 5), ==, PACKED_FIRST + 1);

    enable_msi(qts);
    open_source(qts, PACKED_FIRST);
    open_source(qts, EPOW);
    open_source(qts, HOTPLUG);
    send_msi(qts);
    g_assert_cmphex(take(qts), ==, PACKED_FIRST);
    for (size_t i = 0; i < ARRAY_SIZE(not_msis); i++) {
        cfg_write(qts, ADDR(1), data, 2, not_msis[i]);
        send_msi(qts);
        g_assert_cmphex(take(qts), ==, 0);
    }

    /* the rest of them, and no more */
    g_assert_cmpuint(change(qts, ADDR(3), SET_MSIX, 2048, TYPE_MSIX), ==,
                     PACKED_END - 0x1020);
    g_assert_cmphex(numbers(qts, ADDR(3), PACKED_END - 0x1020), ==, 0x1020);
    qtest_system_reset(qts);
    g_assert_cmpuint(change(qts, ADDR(3), SET_MSIX, 2048, TYPE_MSIX), ==,
                     PACKED_ALL);
    g_assert_cmphex(numbers(qts, ADDR(3), PACKED_ALL), ==, PACKED_FIRST);
    refused(qts, ADDR(4), SET_MSIX, 2, RTAS_HARDWARE_ERROR);
    qtest_quit(qts);
}

/* Streams have no map of allocated numbers: it is made from the sources */
static void test_packed_migrate(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-msi-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    QTestState *qts = start_packed("");

    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 5, TYPE_MSIX), ==, 5);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 1, TYPE_MSI), ==, 1);
    g_assert_cmpuint(change(qts, ADDR(4), SET_MSIX, 2, TYPE_MSIX), ==, 2);
    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 0, 0), ==, 0);
    open_source(qts, PACKED_FIRST + 5);
    save(qts, file);

    qts = start_packed("-incoming defer");
    g_assert_true(papr_load(qts, file));
    g_assert_cmphex(numbers(qts, ADDR(1), 1), ==, PACKED_FIRST + 5);
    g_assert_cmphex(numbers(qts, ADDR(4), 2), ==, PACKED_FIRST + 6);
    map_edu(qts);
    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 1, TYPE_MSI), ==, 1);
    enable_msi(qts);
    send_msi(qts);
    g_assert_cmphex(take(qts), ==, PACKED_FIRST + 5);
    /* the five numbers below these are free, and all above */
    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 5, TYPE_MSIX), ==, 5);
    g_assert_cmphex(numbers(qts, ADDR(2), 5), ==, PACKED_FIRST);
    g_assert_cmpuint(change(qts, ADDR(3), SET_MSIX, 2048, TYPE_MSIX), ==,
                     PACKED_ALL - 8);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

static void test_bad_streams(void)
{
    /* first and number: not MSIs, too many, none, another device's */
    static const uint32_t bad[][2] = {
        { 0, 5 }, { FIRST - 1, 5 }, { END, 1 }, { FIRST + 1, ALL },
        { FIRST + 1, UINT32_MAX }, { UINT32_MAX, 2 }, { FIRST + 1, 0 },
        { FIRST, 5 }, { END - 4, 5 },
    };
    g_autofree char *dir = g_dir_make_tmp("papr-msi-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    g_autofree char *stream = NULL;
    QTestState *qts = start_edu(STREAM_DEVICES);
    uint32_t entry[3] = {
        cpu_to_be32(ADDR(2)), cpu_to_be32(FIRST + 1), cpu_to_be32(5)
    };
    gsize length;
    char *where;

    g_assert_cmpuint(change(qts, ADDR(1), SET_MSI, 1, TYPE_MSI), ==, 1);
    g_assert_cmpuint(change(qts, ADDR(2), SET_MSIX, 5, TYPE_MSIX), ==, 5);
    save(qts, file);
    g_assert_true(g_file_get_contents(file, &stream, &length, NULL));
    where = memmem(stream, length, entry, sizeof(entry));
    g_assert_nonnull(where);

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        stl_be_p(where + 4, bad[i][0]);
        stl_be_p(where + 8, bad[i][1]);
        g_assert_true(g_file_set_contents(file, stream, length, NULL));
        qtest_quit(load(file, false));
    }
    unlink(file);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/pci-msi/msi", test_msi);
    qtest_add_func("pseries/pci-msi/msix", test_msix);
    qtest_add_func("pseries/pci-msi/exhaustion", test_exhaustion);
    qtest_add_func("pseries/pci-msi/reset", test_reset);
    qtest_add_func("pseries/pci-msi/unplug", test_unplug);
    qtest_add_func("pseries/pci-msi/bridges", test_bridges);
    qtest_add_func("pseries/pci-msi/wild", test_wild);
    qtest_add_func("pseries/pci-msi/delivery", test_delivery);
    qtest_add_func("pseries/pci-msi/window", test_window);
    qtest_add_func("pseries/pci-msi/bypass", test_bypass);
    qtest_add_func("pseries/pci-msi/migrate", test_migrate);
    qtest_add_func("pseries/pci-msi/packed", test_packed);
    qtest_add_func("pseries/pci-msi/packed-migrate", test_packed_migrate);
    qtest_add_func("pseries/pci-msi/bad-streams", test_bad_streams);
    return g_test_run();
}
