/*
 * RTAS calls: argument blocks, and calls about CPUs, system parameters, the end
 * of the guest, and firmware-assisted non-maskable interrupts (FWNMI)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <libfdt.h>
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "libpapr.h"

#define BUFFER PAPR_TEST_RAM
#define RAM_END 0x10000000ULL           /* papr_start(): 256 MiB */
#define GUARD 0xa5

/* An argument block at @addr; the arguments are zero */
static void put_block(QTestState *qts, uint64_t addr, uint32_t token,
                      uint32_t nargs, uint32_t nrets)
{
    papr_st32(qts, addr, token);
    papr_st32(qts, addr + 4, nargs);
    papr_st32(qts, addr + 8, nrets);
}

static void test_block(void)
{
    QTestState *qts = papr_start("-smp 1");
    uint64_t at;

    put_block(qts, BUFFER, RTAS_GET_POWER_LEVEL, 1, 2);
    papr_st32(qts, BUFFER + 12, UINT32_MAX);
    papr_st32(qts, BUFFER + 24, 0x55555555);
    g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, BUFFER), ==, H_SUCCESS);
    g_assert_cmpint(papr_ld32(qts, BUFFER + 16), ==, RTAS_SUCCESS);
    g_assert_cmpint(papr_ld32(qts, BUFFER + 20), ==, 100);
    g_assert_cmphex(papr_ld32(qts, BUFFER + 24), ==, 0x55555555);

    /* the block may end at the end of RAM, but not cross it */
    at = RAM_END - 6 * 4;
    put_block(qts, at, RTAS_GET_POWER_LEVEL, 1, 2);
    papr_st32(qts, at + 12, UINT32_MAX);
    g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, at), ==, H_SUCCESS);
    g_assert_cmpint(papr_ld32(qts, at + 20), ==, 100);
    for (at += 4; at < RAM_END; at += 4) {
        if (at + 12 <= RAM_END) {
            put_block(qts, at, RTAS_GET_POWER_LEVEL, 1, 2);
        }
        g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, at), ==, H_PARAMETER);
    }
    qtest_quit(qts);
}

/* A block in a device's memory, which the call itself unmaps */
static void test_block_goes(void)
{
    const uint64_t block = PAPR_SHM + 0x800, status = block + 8 * 4;
    const uint32_t cells[] = {
        RTAS_IBM_WRITE_PCI_CONFIG, 5, 1,
        PAPR_SHM_COMMAND, 0x8000000, 0x20000000, 4, 0,
        0x5555,
    };
    QTestState *qts = papr_start("-smp 1 " PAPR_SHM_OPTIONS);

    papr_shm_map(qts, true);
    for (int i = 0; i < ARRAY_SIZE(cells); i++) {
        papr_st32(qts, block + i * 4, cells[i]);
    }

    /* a bad width: nothing is changed, but the block's RAM is remembered */
    papr_st32(qts, block + 6 * 4, 3);
    g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, block), ==, H_SUCCESS);
    g_assert_cmpint((int32_t)papr_ld32(qts, status), ==,
                    RTAS_PARAMETER_ERROR);

    papr_st32(qts, block + 6 * 4, 4);
    papr_st32(qts, status, 0x5555);
    g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, block), ==, H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, block), ==, H_PARAMETER);
    papr_shm_map(qts, true);
    g_assert_cmphex(papr_ld32(qts, status), ==, 0x5555);
    qtest_quit(qts);
}

static void test_hostile_block(void)
{
    static const uint32_t counts[] = {
        17, 0x40000000, 0x7fffffff, 0x80000000,
        UINT32_MAX
    };
    static const uint64_t nowhere[] = {
        RAM_END, 1ULL << 40, 0x6010000000000ULL, UINT64_MAX, UINT64_MAX - 11
    };
    QTestState *qts = papr_start("-smp 1");

    for (int i = 0; i < ARRAY_SIZE(nowhere); i++) {
        g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, nowhere[i]), ==,
                        H_PARAMETER);
    }
    for (int i = 0; i < ARRAY_SIZE(counts); i++) {
        put_block(qts, BUFFER, RTAS_GET_POWER_LEVEL, counts[i], 2);
        g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, BUFFER), ==, H_PARAMETER);
        put_block(qts, BUFFER, RTAS_GET_POWER_LEVEL, 1, counts[i]);
        g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, BUFFER), ==, H_PARAMETER);
    }
    qtest_quit(qts);
}

static void test_tokens(void)
{
    static const uint32_t unknown[] = {
        0, 0x9, 0xb, 0x1fff, PAPR_RTAS_TOKEN_END, UINT32_MAX
    };
    QTestState *qts = papr_start("-smp 1");

    for (int i = 0; i < ARRAY_SIZE(unknown); i++) {
        put_block(qts, BUFFER, unknown[i], 0, 1);
        papr_st32(qts, BUFFER + 12, 0);
        g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, BUFFER), ==, H_PARAMETER);
        g_assert_cmpint((int32_t)papr_ld32(qts, BUFFER + 12), ==,
                        RTAS_PARAMETER_ERROR);
    }

    /* no console: a known call that fails, under either of its tokens */
    for (int i = 0; i < 2; i++) {
        put_block(qts, BUFFER, i ? 0xa : RTAS_DISPLAY_CHARACTER, 1, 1);
        g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, BUFFER), ==, H_SUCCESS);
        g_assert_cmpint((int32_t)papr_ld32(qts, BUFFER + 16), ==,
                        RTAS_HARDWARE_ERROR);
    }
    qtest_quit(qts);
}

static void test_counts(void)
{
    QTestState *qts = papr_start("-smp 1");
    uint32_t rets[4];

    g_assert_cmpint(papr_rtas(qts, "get-power-level", 2, rets), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "get-power-level", 1, rets, -1), ==,
                    RTAS_PARAMETER_ERROR);
    /* more than needed: what is not a result reads as zero */
    rets[3] = 7;
    g_assert_cmpint(papr_rtas(qts, "get-power-level", 4, rets, -1, 1), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(rets[1], ==, 100);
    g_assert_cmpuint(rets[3], ==, 0);
    g_assert_cmpint(papr_rtas(qts, "get-power-level", 2, rets, 0), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "set-power-level", 2, rets, -1, 0), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(rets[1], ==, 100);
    /* a call without other results needs no room for a status */
    put_block(qts, BUFFER, RTAS_SYSTEM_REBOOT, 0, 0);
    papr_st32(qts, BUFFER + 12, 0x55555555);
    g_assert_cmpint(papr_hcall(qts, 0, H_RTAS, BUFFER), ==, H_SUCCESS);
    g_assert_cmphex(papr_ld32(qts, BUFFER + 12), ==, 0x55555555);
    qtest_qmp_eventwait(qts, "RESET");
    g_assert_cmpint(papr_rtas(qts, "no-such-call", 1, rets), ==,
                    RTAS_UNKNOWN_TOKEN);
    qtest_quit(qts);
}

static int32_t stopped_state(QTestState *qts, uint32_t id)
{
    uint32_t rets[2];
    int32_t status = papr_rtas(qts, "query-cpu-stopped-state", 2, rets, id);

    return status == RTAS_SUCCESS ? rets[1] : status;
}

static void test_smp(void)
{
    QTestState *qts = papr_start("-smp 2");

    g_assert_cmpint(stopped_state(qts, 0), ==, 2);
    g_assert_cmpint(stopped_state(qts, 1), ==, 0);
    g_assert_cmpint(stopped_state(qts, 2), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(stopped_state(qts, UINT32_MAX), ==, RTAS_PARAMETER_ERROR);

    /* a running vCPU, one that does not exist, the stopped one, again */
    g_assert_cmpint(papr_rtas(qts, "start-cpu", 1, NULL, 0, 0x100, 0), ==,
                    RTAS_HARDWARE_ERROR);
    g_assert_cmpint(papr_rtas(qts, "start-cpu", 1, NULL, 9, 0x100, 0), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "start-cpu", 1, NULL, 1, 0x100, 0), ==,
                    RTAS_SUCCESS);
    g_assert_cmpint(stopped_state(qts, 1), ==, 2);
    g_assert_cmpint(papr_rtas(qts, "start-cpu", 1, NULL, 1, 0x100, 0), ==,
                    RTAS_HARDWARE_ERROR);

    /* papr_rtas() makes the call as vCPU 0 */
    g_assert_cmpint(papr_rtas(qts, "ibm,suspend-me", 1, NULL), ==,
                    H_MULTI_THREADS_ACTIVE);
    papr_rtas(qts, "stop-self", 1, NULL);
    g_assert_cmpint(stopped_state(qts, 0), ==, 0);
    qtest_quit(qts);
}

static int32_t sysparm(QTestState *qts, uint32_t id, uint32_t room)
{
    uint32_t rets[1];

    qtest_memset(qts, BUFFER, GUARD, 256);
    return papr_rtas(qts, "ibm,get-system-parameter", 1, rets, id, BUFFER,
                     room);
}

static void assert_sysparm(QTestState *qts, const void *value, uint16_t size)
{
    g_autofree uint8_t *got = g_malloc0(2 + size + 1);

    qtest_memread(qts, BUFFER, got, 2 + size + 1);
    g_assert_cmpuint(lduw_be_p(got), ==, size);
    g_assert_cmpmem(got + 2, size, value, size);
    g_assert_cmphex(got[2 + size], ==, GUARD);
}

static void test_sysparm(void)
{
    static const char splpar[] =
        "MaxEntCap=2,DesMem=256,DesProcs=1,MaxPlatProcs=2";
    static const uint8_t uuid[16] = {
        0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef
    };
    QTestState *qts = papr_start(
        "-smp 1,maxcpus=2 -name guest=lpar7 "
        "-uuid 12345678-9abc-def0-0123-456789abcdef");
    uint8_t got[8];
    uint8_t zero = 0;

    g_assert_cmpint(sysparm(qts, 20, 256), ==, RTAS_SUCCESS);
    assert_sysparm(qts, splpar, sizeof(splpar));
    g_assert_cmpint(sysparm(qts, 42, 256), ==, RTAS_SUCCESS);
    assert_sysparm(qts, &zero, 1);
    g_assert_cmpint(sysparm(qts, 48, 256), ==, RTAS_SUCCESS);
    assert_sysparm(qts, uuid, sizeof(uuid));
    g_assert_cmpint(sysparm(qts, 55, 256), ==, RTAS_SUCCESS);
    assert_sysparm(qts, "lpar7", 6);
    g_assert_cmpint(sysparm(qts, 43, 256), ==, RTAS_NOT_SUPPORTED);
    g_assert_cmpint(sysparm(qts, 50, 256), ==, RTAS_NOT_SUPPORTED);
    g_assert_cmpint(sysparm(qts, UINT32_MAX, 0), ==, RTAS_NOT_SUPPORTED);

    /* R1-7.3.16-10: length 0 asks only; then too short, half of the value */
    g_assert_cmpint(sysparm(qts, 55, 0), ==, RTAS_SUCCESS);
    qtest_memread(qts, BUFFER, got, sizeof(got));
    g_assert_cmphex(got[0], ==, GUARD);
    g_assert_cmpint(sysparm(qts, 55, 1), ==, RTAS_SYSPARM_ERROR);
    g_assert_cmpint(sysparm(qts, 55, 5), ==, RTAS_SUCCESS);
    qtest_memread(qts, BUFFER, got, sizeof(got));
    g_assert_cmpmem(got, 6, "\0\6lpa\xa5", 6);

    /* the buffer ends beyond RAM: only the value must fit into RAM */
    g_assert_cmpint(papr_rtas(qts, "ibm,get-system-parameter", 1, NULL, 55,
                              RAM_END - 8, UINT32_MAX), ==, RTAS_SUCCESS);
    g_assert_cmpint(papr_rtas(qts, "ibm,get-system-parameter", 1, NULL, 55,
                              RAM_END - 7, 8), ==, RTAS_SYSPARM_ERROR);

    g_assert_cmpint(papr_rtas(qts, "ibm,set-system-parameter", 1, NULL, 20,
                              BUFFER), ==, RTAS_NOT_AUTHORIZED);
    g_assert_cmpint(papr_rtas(qts, "ibm,set-system-parameter", 1, NULL, 43,
                              BUFFER), ==, RTAS_NOT_SUPPORTED);
    qtest_quit(qts);
}

static void test_nameless(void)
{
    QTestState *qts = papr_start("-smp 1 -M block-remove=on");

    g_assert_cmpint(sysparm(qts, 50, 256), ==, RTAS_SUCCESS);
    g_assert_cmpint(sysparm(qts, 55, 256), ==, RTAS_NOT_SUPPORTED);
    g_assert_cmpint(sysparm(qts, 48, 256), ==, RTAS_SUCCESS);
    assert_sysparm(qts, "", 0);
    qtest_quit(qts);
}

static void test_stop(void)
{
    QTestState *qts = papr_start("-smp 1 -no-shutdown -action panic=pause");
    QDict *event;

    g_assert_cmpint(papr_rtas(qts, "system-reboot", 1, NULL), ==, RTAS_SUCCESS);
    qtest_qmp_eventwait(qts, "RESET");

    g_assert_cmpint(papr_rtas(qts, "ibm,suspend-me", 1, NULL), ==,
                    RTAS_SUCCESS);
    qtest_qmp_eventwait(qts, "SUSPEND");
    qtest_quit(qts);

    qts = papr_start("-smp 1 -no-shutdown -action panic=pause");
    /* a message without an end, and one that is not in RAM */
    qtest_memset(qts, BUFFER, 'x', 4096);
    g_assert_cmpint(papr_rtas(qts, "ibm,os-term", 1, NULL, BUFFER), ==,
                    RTAS_SUCCESS);
    event = qtest_qmp_eventwait_ref(qts, "GUEST_PANICKED");
    g_assert_cmpstr(qdict_get_str(qdict_get_qdict(event, "data"), "action"),
                    ==, "pause");
    qobject_unref(event);
    g_assert_cmpint(papr_rtas(qts, "ibm,os-term", 1, NULL, UINT32_MAX), ==,
                    RTAS_SUCCESS);
    qtest_quit(qts);

    qts = papr_start("-smp 1 -no-shutdown");
    g_assert_cmpint(papr_rtas(qts, "power-off", 1, NULL, -1, -1), ==,
                    RTAS_SUCCESS);
    qtest_qmp_eventwait(qts, "SHUTDOWN");
    qtest_quit(qts);
}

/* A guest that repeats its message does not fill the host's log */
static void test_many_messages(void)
{
    g_autofree char *log = NULL, *text = NULL;
    int fd = g_file_open_tmp("rtas-test-XXXXXX", &log, NULL);
    QTestState *qts = papr_start("-smp 1 -action panic=none 2>%s", log);
    unsigned lines = 0;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    qtest_memwrite(qts, BUFFER, "ouch", 5);
    for (int i = 0; i < 1000; i++) {
        papr_rtas(qts, "ibm,os-term", 1, NULL, BUFFER);
    }
    qtest_quit(qts);
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    for (char *at = text; (at = strstr(at, "OS terminated: ouch")); at++) {
        lines++;
    }
    /* ten lines per minute, and the calls may fall into two minutes */
    g_assert_cmpuint(lines, >=, 10);
    g_assert_cmpuint(lines, <=, 20);
    g_unlink(log);
}

/* Without an RTAS area, or without registration, the calls fail */
static void test_fwnmi(void)
{
    QTestState *qts = papr_start("-smp 1");

    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-interlock", 1, NULL), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 32 << 20,
                              0x200), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 0x100,
                              UINT32_MAX), ==, RTAS_PARAMETER_ERROR);
    qtest_quit(qts);
}

/* Address of RTAS in the guest, which the machine reads in firmware's tree */
#define RTAS_BASE 0x2000000u
#define RESET_AREA (RTAS_BASE + 2048)

static void place_rtas(QTestState *qts, uint32_t base)
{
    char tree[512];

    fdt_create(tree, sizeof(tree));
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_begin_node(tree, "rtas");
    fdt_property_u32(tree, "linux,rtas-base", base);
    fdt_end_node(tree);
    fdt_end_node(tree);
    fdt_finish(tree);
    qtest_memwrite(qts, BUFFER, tree, fdt_totalsize(tree));
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, BUFFER), ==, H_SUCCESS);
}

static void test_fwnmi_handlers(void)
{
    QTestState *qts = papr_start("-smp 2");

    place_rtas(qts, RTAS_BASE);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 32 << 20,
                              0x200), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 0x100,
                              UINT32_MAX), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-interlock", 1, NULL), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL,
                              (32 << 20) - 4, 0x200), ==, RTAS_SUCCESS);
    /* Linux calls nmi-interlock even when no machine check is handled */
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-interlock", 1, NULL), ==,
                    RTAS_SUCCESS);
    qtest_system_reset(qts);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-interlock", 1, NULL), ==,
                    RTAS_PARAMETER_ERROR);
    qtest_quit(qts);

    qts = papr_start("-smp 1 -machine cap-fwnmi=off");
    place_rtas(qts, RTAS_BASE);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 0x100, 0x200),
                    ==, RTAS_NOT_SUPPORTED);
    qtest_quit(qts);
}

static char *registers(QTestState *qts, int cpu)
{
    return qtest_hmp(qts, "info registers %d", cpu);
}

/* Each vCPU's r3 is saved in an area of its own; stopped vCPUs stay stopped */
static void test_system_reset(void)
{
    QTestState *qts = papr_start("-smp 3");
    g_autofree char *regs = NULL, *stopped = NULL;
    uint64_t r3;

    g_assert_cmpint(papr_rtas(qts, "start-cpu", 1, NULL, 1, 0x100, 0x1234), ==,
                    RTAS_SUCCESS);
    place_rtas(qts, RTAS_BASE);
    qtest_memset(qts, RESET_AREA, GUARD, 64);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 0x3000, 0x200),
                    ==, RTAS_SUCCESS);
    qtest_qmp_assert_success(qts, "{ 'execute': 'inject-nmi' }");

    while ((r3 = papr_ld64(qts, RESET_AREA + 16)) != 0x1234) {
        g_assert_cmphex(r3, ==, 0xa5a5a5a5a5a5a5a5ULL);
        g_usleep(1000);
    }
    g_assert_cmphex(papr_ld64(qts, RESET_AREA + 24), ==, 0);
    g_assert_cmphex(papr_ld64(qts, RESET_AREA + 32), ==, 0xa5a5a5a5a5a5a5a5ULL);
    regs = registers(qts, 1);
    g_assert_nonnull(strstr(regs, "NIP 0000000000003000"));
    stopped = registers(qts, 2);
    g_assert_null(strstr(stopped, "NIP 0000000000003000"));
    qtest_quit(qts);
}

/* The area isn't RAM: the guest panics, QEMU continues */
static void test_system_reset_nowhere(void)
{
    QTestState *qts = papr_start("-smp 1 -action panic=pause");

    place_rtas(qts, 0xfffff000);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 0x3000, 0x200),
                    ==, RTAS_SUCCESS);
    qtest_qmp_assert_success(qts, "{ 'execute': 'inject-nmi' }");
    qtest_qmp_eventwait(qts, "GUEST_PANICKED");
    qtest_quit(qts);
}

#define CHECK_HANDLER "NIP 0000000000003100"
/* Where r3 of a machine check is reported */
#define CHECK_AREA (RTAS_BASE + 48)

/* Wait until vCPU @cpu is in its machine check handler */
static void await_handler(QTestState *qts, int cpu)
{
    for (;;) {
        g_autofree char *regs = registers(qts, cpu);

        if (strstr(regs, CHECK_HANDLER)) {
            return;
        }
        g_usleep(1000);
    }
}

static void assert_not_told(QTestState *qts, int cpu)
{
    g_autofree char *regs = registers(qts, cpu);

    g_assert_null(strstr(regs, CHECK_HANDLER));
}

/* vCPUs 0 to 2 run; 0 handles a machine check, 1 and 2 wait with one each */
static QTestState *start_checked(const char *options)
{
    QTestState *qts = papr_start("-smp 3 %s", options);

    for (int cpu = 1; cpu < 3; cpu++) {
        g_assert_cmpint(papr_rtas(qts, "start-cpu", 1, NULL, cpu, 0x100,
                                  0x1230 + cpu), ==, RTAS_SUCCESS);
    }
    place_rtas(qts, RTAS_BASE);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 0x3000, 0x3100),
                    ==, RTAS_SUCCESS);
    papr_machine_check(qts, 0, true);
    await_handler(qts, 0);
    papr_machine_check(qts, 1, true);
    papr_machine_check(qts, 2, true);
    return qts;
}

static void interlock(QTestState *qts)
{
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-interlock", 1, NULL), ==,
                    RTAS_SUCCESS);
}

/* Others wait until vCPU 0 frees the area (nmi-interlock); then 1 has it */
static void test_machine_checks(void)
{
    QTestState *qts = start_checked("");
    uint32_t rets[2];

    assert_not_told(qts, 1);
    assert_not_told(qts, 2);
    /* for RTAS and H_JOIN, vCPUs that wait for the area count as running */
    papr_rtas(qts, "query-cpu-stopped-state", 2, rets, 1);
    g_assert_cmpuint(rets[1], ==, 2);
    g_assert_cmpint(papr_rtas(qts, "start-cpu", 1, NULL, 1, 0x100, 0), ==,
                    RTAS_HARDWARE_ERROR);
    g_assert_cmpint(papr_hcall(qts, 0, H_JOIN), ==, H_SUCCESS);

    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    assert_not_told(qts, 1);

    interlock(qts);
    await_handler(qts, 1);
    g_assert_cmphex(papr_ld64(qts, CHECK_AREA), ==, 0x1231);
    assert_not_told(qts, 2);
    qtest_quit(qts);
}

/*
 * The threads of vCPUs that wait for the area still do queued work: a system
 * reset, which ends the wait, and the reset of the vCPU by a reset of the
 * machine, after which no machine check is pending.
 */
static void test_machine_check_resets(void)
{
    QTestState *qts = start_checked("");
    g_autofree char *regs = NULL;

    qtest_qmp_assert_success(qts, "{ 'execute': 'inject-nmi' }");
    while (papr_ld64(qts, RESET_AREA + 32) != 0x1232) {
        g_usleep(1000);
    }
    interlock(qts);
    assert_not_told(qts, 1);
    qtest_quit(qts);

    qts = start_checked("");
    qtest_system_reset(qts);
    for (int cpu = 1; cpu < 3; cpu++) {
        uint32_t rets[2];

        papr_rtas(qts, "query-cpu-stopped-state", 2, rets, cpu);
        g_assert_cmpuint(rets[1], ==, 0);
        g_assert_cmpint(papr_rtas(qts, "start-cpu", 1, NULL, cpu, 0x100, 0), ==,
                        RTAS_SUCCESS);
        assert_not_told(qts, cpu);
    }
    qtest_quit(qts);
}

/* No migration while a vCPU handles a machine check, nor while another waits */
static void test_machine_check_blocks(void)
{
    QTestState *qts = start_checked("");
    QDict *reply;

    for (int cpu = 0; cpu < 2; cpu++) {
        reply = qtest_qmp(qts, "{ 'execute': 'migrate', 'arguments':"
                               " { 'uri': 'exec:cat >/dev/null' } }");
        qmp_expect_error_and_unref(reply, "GenericError");
        interlock(qts);
    }
    qtest_quit(qts);
}

/* Clock, watchdogs, pending events and FWNMI handlers are migrated */
static void test_migration(void)
{
    QTestState *qts = papr_start("-smp 1 -rtc clock=vm");
    g_autofree char *path = NULL;
    uint32_t rets[8];
    int fd = g_file_open_tmp("rtas-test-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);

    place_rtas(qts, RTAS_BASE);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 0x100, 0x200),
                    ==, RTAS_SUCCESS);
    g_assert_cmpint(papr_rtas(qts, "set-time-of-day", 1, NULL, 2100, 12, 31,
                              23, 59, 59, 0), ==, RTAS_SUCCESS);
    /* operation 1, start; action 2, restart */
    g_assert_cmpint(papr_hcall(qts, 0, H_WATCHDOG, 0x102, 2, 100000), ==,
                    H_SUCCESS);
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_powerdown' }");
    qtest_qmp_eventwait(qts, "POWERDOWN");
    papr_save(qts, path);
    qtest_quit(qts);

    qts = papr_start("-smp 1 -rtc clock=vm -incoming defer");
    g_assert_true(papr_load(qts, path));
    g_unlink(path);

    g_assert_cmpint(papr_rtas(qts, "get-time-of-day", 8, rets), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(rets[1], ==, 2100);
    g_assert_cmpint(papr_hcall(qts, 0, H_WATCHDOG, 0x200, 1, 0), ==, H_NOOP);
    g_assert_cmpint(papr_hcall(qts, 0, H_WATCHDOG, 0x200, 2, 0), ==, H_SUCCESS);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-interlock", 1, NULL), ==,
                    RTAS_SUCCESS);
    g_assert_cmpint(papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0x1000,
                              0x40000000, 0, BUFFER, 2048), ==, RTAS_SUCCESS);
    g_assert_cmphex(papr_ld32(qts, BUFFER), ==, 0x06240040);
    g_assert_cmphex(papr_ld32(qts, BUFFER + 8 + 16 + 48 + 24 + 8), ==,
                    0x03010100);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/rtas/block", test_block);
    qtest_add_func("pseries/rtas/hostile-block", test_hostile_block);
    qtest_add_func("pseries/rtas/block-goes", test_block_goes);
    qtest_add_func("pseries/rtas/tokens", test_tokens);
    qtest_add_func("pseries/rtas/counts", test_counts);
    qtest_add_func("pseries/rtas/smp", test_smp);
    qtest_add_func("pseries/rtas/sysparm", test_sysparm);
    qtest_add_func("pseries/rtas/nameless", test_nameless);
    qtest_add_func("pseries/rtas/stop", test_stop);
    qtest_add_func("pseries/rtas/many-messages", test_many_messages);
    qtest_add_func("pseries/rtas/fwnmi", test_fwnmi);
    qtest_add_func("pseries/rtas/fwnmi-handlers", test_fwnmi_handlers);
    qtest_add_func("pseries/rtas/system-reset", test_system_reset);
    qtest_add_func("pseries/rtas/system-reset-nowhere",
                   test_system_reset_nowhere);
    qtest_add_func("pseries/rtas/machine-checks", test_machine_checks);
    qtest_add_func("pseries/rtas/machine-check-resets",
                   test_machine_check_resets);
    qtest_add_func("pseries/rtas/machine-check-blocks",
                   test_machine_check_blocks);
    qtest_add_func("pseries/rtas/migration", test_migration);
    return g_test_run();
}
