/*
 * Enhanced I/O error handling (EEH): errors of emulated devices, behind a host
 * bridge with eeh=on, which are one partitionable endpoint (PE)
 *
 * pci-ddw-test.c has a host bridge with eeh=off.
 * tests/unit/pseries/test-pe.c has the transitions between states.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "hw/pci/pci_regs.h"
#include "libpapr.h"

#define BUID_HIGH 0x08000000u
#define BUID_LOW 0x20000001u            /* of the second bridge */
#define SLOT(slot) ((uint32_t)(slot) << 11)
#define PE_ADDRESS 1                    /* primary bus 0, a register of 1 */

#define BRIDGE "-device spapr-pci-host-bridge,index=1,id=b1,"
#define EDU(slot) \
    "-device edu,dma_mask=0xffffffffffffffff,bus=b1.0,addr=" #slot " "
#define LIOBN 0x80000100u

/* ibm,set-eeh-option */
enum { EEH_DISABLE, EEH_ENABLE, EEH_RELEASE_IO, EEH_RELEASE_DMA };
/* ibm,set-slot-reset */
enum { RESET_OFF = 0, RESET_HOT = 1, RESET_FUNDAMENTAL = 3 };
/* ibm,get-config-addr-info2 */
enum { INFO_ADDRESS, INFO_SHARED };
/* ibm,slot-error-detail */
enum { ERROR_TEMPORARY = 1, ERROR_PERMANENT = 2 };
#define NO_LOG_RETURNED 1
/* PE states */
enum { NORMAL = 0, RESET = 1, STOPPED = 2, DMA_STOPPED = 4, UNAVAILABLE = 5 };

/* edu's registers, which are of the CPU's endianness */
#define MEM32_BUS 0x80000000u
#define BAR (32 * TiB + 4 * GiB)
#define EDU_ID 0x010000edu
#define EDU_INVERTER (BAR + 0x04)
#define EDU_FACTORIAL (BAR + 0x08)
#define EDU_SRC (BAR + 0x80)
#define EDU_DST (BAR + 0x88)
#define EDU_COUNT (BAR + 0x90)
#define EDU_COMMAND (BAR + 0x98)
#define EDU_BUFFER 0x40000
enum { EDU_RUN = 1, EDU_FROM_BUFFER = 2 };

/* --- the calls ------------------------------------------------------------ */

static uint32_t cfg_read(QTestState *qts, uint32_t addr, uint32_t size)
{
    uint32_t rets[2];

    g_assert_cmpint(papr_rtas(qts, "ibm,read-pci-config", 2, rets, addr,
                              BUID_HIGH, BUID_LOW, size), ==, RTAS_SUCCESS);
    return rets[1];
}

static void cfg_write(QTestState *qts, uint32_t addr, uint32_t size,
                      uint32_t value)
{
    g_assert_cmpint(papr_rtas(qts, "ibm,write-pci-config", 1, NULL, addr,
                              BUID_HIGH, BUID_LOW, size, value), ==,
                    RTAS_SUCCESS);
}

static int32_t info(QTestState *qts, uint32_t addr, uint32_t function,
                    uint32_t *value)
{
    uint32_t rets[2];
    int32_t status = papr_rtas(qts, "ibm,get-config-addr-info2", 2, rets, addr,
                               BUID_HIGH, BUID_LOW, function);

    *value = rets[1];
    return status;
}

static int32_t set_option(QTestState *qts, uint32_t addr, uint32_t function)
{
    return papr_rtas(qts, "ibm,set-eeh-option", 1, NULL, addr, BUID_HIGH,
                     BUID_LOW, function);
}

static int32_t set_reset(QTestState *qts, uint32_t function)
{
    return papr_rtas(qts, "ibm,set-slot-reset", 1, NULL, PE_ADDRESS, BUID_HIGH,
                     BUID_LOW, function);
}

static int32_t error_detail(QTestState *qts, uint32_t kind)
{
    return papr_rtas(qts, "ibm,slot-error-detail", 1, NULL, PE_ADDRESS,
                     BUID_HIGH, BUID_LOW, 0, 0, 0, 0, kind);
}

static uint32_t state(QTestState *qts)
{
    uint32_t rets[4];

    g_assert_cmpint(papr_rtas(qts, "ibm,read-slot-reset-state2", 4, rets,
                              PE_ADDRESS, BUID_HIGH, BUID_LOW), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(rets[2], ==, 1);
    /* the PE is never unavailable temporarily */
    g_assert_cmpuint(rets[3], ==, 0);
    return rets[1];
}

/* --- the bridge's property ------------------------------------------------ */

static bool cause(QTestState *qts, const char *error)
{
    QDict *answer = qtest_qmp(qts, "{'execute': 'qom-set', 'arguments': "
                              "{'path': 'b1', 'property': 'eeh-error', "
                              "'value': %s}}", error);
    bool works = qdict_haskey(answer, "return");

    qobject_unref(answer);
    return works;
}

static void check_property(QTestState *qts, const char *value)
{
    QDict *answer = qtest_qmp(qts, "{'execute': 'qom-get', 'arguments': "
                              "{'path': 'b1', 'property': 'eeh-error'}}");

    g_assert_cmpstr(qdict_get_str(answer, "return"), ==, value);
    qobject_unref(answer);
}

/* --- a device ------------------------------------------------------------- */

static void map_edu(QTestState *qts)
{
    cfg_write(qts, SLOT(1) + PCI_BASE_ADDRESS_0, 4, MEM32_BUS);
    cfg_write(qts, SLOT(1) + PCI_COMMAND, 2,
              PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Page 1 of the default window is mapped to the page of PAPR_TEST_RAM */
static QTestState *start_edu(const char *more)
{
    QTestState *qts = papr_start(BRIDGE "eeh=on " EDU(1) "%s", more);

    map_edu(qts);
    g_assert_cmphex(qtest_readl(qts, BAR), ==, EDU_ID);
    g_assert_cmpint(papr_hcall(qts, 0, H_PUT_TCE, LIOBN, 0x1000,
                               (PAPR_TEST_RAM & ~0xfffULL) | 3), ==, H_SUCCESS);
    return qts;
}

/* Does the device answer to loads and stores? */
static bool answers(QTestState *qts)
{
    qtest_writel(qts, EDU_INVERTER, 0x12345678);
    return qtest_readl(qts, EDU_INVERTER) == (uint32_t)~0x12345678;
}

static void run_dma(QTestState *qts, uint64_t from, uint64_t to, unsigned flags)
{
    qtest_writeq(qts, EDU_SRC, from);
    qtest_writeq(qts, EDU_DST, to);
    qtest_writeq(qts, EDU_COUNT, 8);
    qtest_writeq(qts, EDU_COMMAND, EDU_RUN | flags);
    qtest_clock_step(qts, 1000000000);
}

/* Does the device's DMA reach memory? */
static bool dma_works(QTestState *qts)
{
    const uint64_t bus = 0x1000 + (PAPR_TEST_RAM & 0xfff);

    papr_st64(qts, PAPR_TEST_RAM, 0x1122334455667788);
    run_dma(qts, bus, EDU_BUFFER, 0);
    papr_st64(qts, PAPR_TEST_RAM, 0);
    run_dma(qts, EDU_BUFFER, bus, EDU_FROM_BUFFER);
    return papr_ld64(qts, PAPR_TEST_RAM) == 0x1122334455667788;
}

/* --- tests ---------------------------------------------------------------- */

/* What Linux asks when it looks for devices whose errors it can handle */
static void test_probe(void)
{
    QTestState *qts = start_edu("");
    uint32_t value;

    g_assert_cmpint(info(qts, SLOT(1), INFO_SHARED, &value), ==, RTAS_SUCCESS);
    g_assert_cmpuint(value, ==, 1);
    g_assert_cmpint(info(qts, SLOT(1), INFO_ADDRESS, &value), ==, RTAS_SUCCESS);
    g_assert_cmpuint(value, ==, PE_ADDRESS);
    g_assert_cmpint(info(qts, SLOT(2), INFO_ADDRESS, &value), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(info(qts, SLOT(1), 2, &value), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_ENABLE), ==, RTAS_SUCCESS);
    g_assert_cmpint(set_option(qts, SLOT(1), EEH_ENABLE), ==, RTAS_SUCCESS);
    g_assert_cmpint(set_option(qts, 0x10000, EEH_ENABLE), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_DISABLE), ==, RTAS_SUCCESS);
    g_assert_cmpint(set_option(qts, PE_ADDRESS, 4), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(set_reset(qts, 2), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(error_detail(qts, 0), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(error_detail(qts, ERROR_TEMPORARY), ==, NO_LOG_RETURNED);
    g_assert_cmpuint(state(qts), ==, NORMAL);
    qtest_quit(qts);

    qts = papr_start(BRIDGE "eeh=on " EDU(1) EDU(2));
    g_assert_cmpint(info(qts, SLOT(2), INFO_SHARED, &value), ==, RTAS_SUCCESS);
    g_assert_cmpuint(value, ==, 2);
    qtest_quit(qts);
}

/* A device behind a PCI bridge is in the PE: its address is the primary bus */
static void test_behind_bridge(void)
{
    QTestState *qts = papr_start(BRIDGE "eeh=on -device pci-bridge,bus=b1.0,"
                                 "addr=3,chassis_nr=1,id=p "
                                 "-device edu,bus=p,addr=1");
    const uint32_t behind = 1 << 16 | SLOT(1);
    uint32_t value;

    /* primary bus 0, secondary and subordinate bus 1 */
    cfg_write(qts, SLOT(3) | PCI_PRIMARY_BUS, 4, 0x010100);
    g_assert_cmphex(cfg_read(qts, behind, 4), ==, 0x11e81234);
    g_assert_cmpint(info(qts, behind, INFO_ADDRESS, &value), ==, RTAS_SUCCESS);
    g_assert_cmphex(value, ==, PE_ADDRESS);
    g_assert_cmpint(set_option(qts, behind, EEH_ENABLE), ==, RTAS_SUCCESS);
    g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_ENABLE), ==, RTAS_SUCCESS);
    g_assert_cmpint(set_option(qts, 2 << 16, EEH_ENABLE), ==,
                    RTAS_PARAMETER_ERROR);
    qtest_quit(qts);
}

/* A stopped device does no DMA and reads as all ones; then it continues */
static void test_release(void)
{
    QTestState *qts = start_edu("");

    g_assert_true(answers(qts) && dma_works(qts));
    g_assert_true(cause(qts, "temporary"));
    g_assert_cmpuint(state(qts), ==, STOPPED);
    check_property(qts, "temporary");
    g_assert_cmphex(qtest_readl(qts, BAR), ==, UINT32_MAX);
    g_assert_cmphex(qtest_readq(qts, EDU_SRC), ==, UINT64_MAX);
    g_assert_cmphex(qtest_readb(qts, BAR + 1), ==, 0xff);
    g_assert_cmphex(cfg_read(qts, SLOT(1), 4), ==, UINT32_MAX);
    g_assert_cmphex(cfg_read(qts, SLOT(1) + 2, 2), ==, 0xffff);
    cfg_write(qts, SLOT(1) + PCI_COMMAND, 2, 0);
    qtest_writel(qts, EDU_FACTORIAL, 5);

    g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_RELEASE_DMA), ==,
                    RTAS_UNEXPECTED_STATE);
    g_assert_cmpint(set_reset(qts, RESET_OFF), ==, RTAS_UNEXPECTED_STATE);
    g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_RELEASE_IO), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(state(qts), ==, DMA_STOPPED);
    check_property(qts, "dma-stopped");
    /* no store has reached the device while it was stopped */
    g_assert_cmphex(cfg_read(qts, SLOT(1) + PCI_COMMAND, 2), ==,
                    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_cmphex(qtest_readl(qts, EDU_FACTORIAL), ==, 0);
    g_assert_true(answers(qts));
    g_assert_false(dma_works(qts));

    g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_RELEASE_DMA), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(state(qts), ==, NORMAL);
    check_property(qts, "none");
    g_assert_true(answers(qts) && dma_works(qts));
    qtest_quit(qts);
}

/* A reset of the PE resets all devices; bridges keep their bus numbers */
static void test_reset(uint32_t function)
{
    QTestState *qts = start_edu("-device pci-bridge,bus=b1.0,addr=2,"
                                "chassis_nr=7");

    cfg_write(qts, SLOT(2) + PCI_PRIMARY_BUS, 4, 0x00020100);
    g_assert_true(cause(qts, "temporary"));
    g_assert_cmpint(set_reset(qts, function), ==, RTAS_SUCCESS);
    g_assert_cmpuint(state(qts), ==, RESET);
    check_property(qts, "reset");
    g_assert_cmphex(qtest_readl(qts, BAR), ==, UINT32_MAX);
    g_assert_cmphex(cfg_read(qts, SLOT(1), 4), ==, UINT32_MAX);
    g_assert_cmpint(set_reset(qts, function), ==, RTAS_SUCCESS);
    /* an error of a PE in reset is ignored */
    g_assert_true(cause(qts, "temporary"));
    g_assert_cmpuint(state(qts), ==, RESET);

    g_assert_cmpint(set_reset(qts, RESET_OFF), ==, RTAS_SUCCESS);
    g_assert_cmpuint(state(qts), ==, NORMAL);
    g_assert_cmpint(papr_rtas(qts, "ibm,configure-pe", 1, NULL, PE_ADDRESS,
                              BUID_HIGH, BUID_LOW), ==, RTAS_SUCCESS);
    g_assert_cmphex(cfg_read(qts, SLOT(1) + PCI_COMMAND, 2), ==, 0);
    g_assert_cmphex(cfg_read(qts, SLOT(1) + PCI_BASE_ADDRESS_0, 4), ==, 0);
    g_assert_cmphex(cfg_read(qts, SLOT(2) + PCI_PRIMARY_BUS, 4) & 0xffffff, ==,
                    0x00020100);
    map_edu(qts);
    g_assert_true(answers(qts) && dma_works(qts));
    qtest_quit(qts);
}

static void test_reset_hot(void)
{
    test_reset(RESET_HOT);
}

static void test_reset_fundamental(void)
{
    test_reset(RESET_FUNDAMENTAL);
}

/* A PE that an error or the guest makes unavailable stays so until a reset */
static void test_permanent(void)
{
    QTestState *qts = start_edu("");

    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            g_assert_true(cause(qts, "permanent"));
        } else {
            g_assert_cmpint(error_detail(qts, ERROR_PERMANENT), ==,
                            NO_LOG_RETURNED);
        }
        g_assert_cmpuint(state(qts), ==, UNAVAILABLE);
        check_property(qts, "permanent");
        g_assert_cmphex(qtest_readl(qts, BAR), ==, UINT32_MAX);
        g_assert_cmpint(set_reset(qts, RESET_HOT), ==, RTAS_UNEXPECTED_STATE);
        g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_RELEASE_IO), ==,
                        RTAS_UNEXPECTED_STATE);
        g_assert_true(cause(qts, "temporary"));
        g_assert_cmpuint(state(qts), ==, UNAVAILABLE);

        qtest_system_reset(qts);
        g_assert_cmpuint(state(qts), ==, NORMAL);
        map_edu(qts);
        g_assert_true(answers(qts));
    }
    qtest_quit(qts);
}

/* A device that is plugged while the PE is stopped is stopped, too */
static void test_plug(void)
{
    QTestState *qts = start_edu("-object memory-backend-ram,id=m,size=1M,"
                                "share=on");

    g_assert_true(cause(qts, "temporary"));
    qtest_qmp_device_add(qts, "ivshmem-plain", "shm", "{'memdev': 'm', 'bus': "
                         "'b1.0', 'addr': '3'}");
    g_assert_cmphex(cfg_read(qts, SLOT(3), 4), ==, UINT32_MAX);
    g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_RELEASE_IO), ==,
                    RTAS_SUCCESS);
    g_assert_cmphex(cfg_read(qts, SLOT(3), 4), !=, UINT32_MAX);
    qtest_quit(qts);
}

static void test_migrate(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-eeh-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    QTestState *qts = start_edu("");

    g_assert_true(cause(qts, "temporary"));
    g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_RELEASE_IO), ==,
                    RTAS_SUCCESS);
    papr_save(qts, file);
    qtest_quit(qts);

    qts = papr_start(BRIDGE "eeh=on " EDU(1) "-incoming defer");
    g_assert_true(papr_load(qts, file));
    g_assert_cmpuint(state(qts), ==, DMA_STOPPED);
    /* edu's registers are not migrated */
    map_edu(qts);
    g_assert_true(answers(qts));
    g_assert_false(dma_works(qts));
    g_assert_cmpint(set_option(qts, PE_ADDRESS, EEH_RELEASE_DMA), ==,
                    RTAS_SUCCESS);
    g_assert_true(dma_works(qts));
    qtest_quit(qts);

    /* a machine that could never release the PE refuses the stream */
    qts = papr_start(BRIDGE "eeh=off " EDU(1) "-incoming defer");
    g_assert_false(papr_load(qts, file));
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

static void test_bad_options(void)
{
    QTestState *qts = start_edu("");
    g_autofree char *said = NULL;

    g_assert_false(cause(qts, "none"));
    g_assert_false(cause(qts, "dma-stopped"));
    g_assert_false(cause(qts, ""));
    g_assert_cmpuint(state(qts), ==, NORMAL);
    qtest_quit(qts);

    qts = papr_start(BRIDGE "eeh=off " EDU(1));
    g_assert_false(cause(qts, "temporary"));
    qtest_quit(qts);

    said = papr_refused(BRIDGE "eeh=on,eeh-error=temporary");
    g_assert_nonnull(strstr(said, "qom-set"));
}

/* A bridge that is unplugged frees the memory regions of its stopped PE */
static void test_unplug(void)
{
    QTestState *qts = start_edu("");

    g_assert_true(cause(qts, "temporary"));
    qtest_qmp_send(qts, "{'execute': 'device_del', 'arguments': "
                   "{'id': 'b1'}}");
    qtest_system_reset_nowait(qts);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    qtest_qmp_device_add(qts, "spapr-pci-host-bridge", "b1",
                         "{'index': 1, 'eeh': true}");
    g_assert_cmpuint(state(qts), ==, NORMAL);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/pci-eeh/probe", test_probe);
    qtest_add_func("pseries/pci-eeh/behind-bridge", test_behind_bridge);
    qtest_add_func("pseries/pci-eeh/release", test_release);
    qtest_add_func("pseries/pci-eeh/reset-hot", test_reset_hot);
    qtest_add_func("pseries/pci-eeh/reset-fundamental", test_reset_fundamental);
    qtest_add_func("pseries/pci-eeh/permanent", test_permanent);
    qtest_add_func("pseries/pci-eeh/plug", test_plug);
    qtest_add_func("pseries/pci-eeh/unplug", test_unplug);
    qtest_add_func("pseries/pci-eeh/migrate", test_migrate);
    qtest_add_func("pseries/pci-eeh/bad-options", test_bad_options);
    return g_test_run();
}
