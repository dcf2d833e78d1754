/*
 * The dispatch counter in a virtual processor area (VPA), with a vCPU that runs
 *
 * LoPAR section 14.11.3.2.  The guest is five instructions that count in
 * memory, so that a test sees that the vCPU has run; the tests register the
 * areas.  While the machine is stopped the vCPU is not dispatched: its counter
 * is odd.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "libpapr.h"

#define REGISTER(subfunction) ((uint64_t)(subfunction) << 45)
enum { VPA = 1, VPA_OFF = 5 };

#define VPA_SIZE 640
#define COUNTER  0x100                  /* in the area */

#define PROGRAM_AT 0x100
#define LOOPS_AT   0x2000

#define A PAPR_TEST_RAM
#define B (PAPR_TEST_RAM + 0x10000)

/* ivshmem in slot 4: BAR 2 is the memory of its backend */
#define SLOT        4
#define SHM_SIZE    (1 << 20)
#define SLOT_DRC    (0x40000000u | SLOT << 3)
#define CONFIG(reg) (SLOT << 11 | (reg))
#define COMMAND     0x04
#define BAR_2       0x18
#define WINDOW      0x210000000000ull
#define PLACE_1     (WINDOW + 0x1000000)
#define PLACE_2     (WINDOW + 0x2000000)

/** Vm - @dir has the guest's program, and a file for the device's memory */
typedef struct Vm {
    QTestState *qts;
    char *dir, *program, *shm;
} Vm;

static void write_program(const char *file)
{
    static const uint32_t code[] = {
        0x38600000 | LOOPS_AT,          /* li r3,LOOPS_AT */
        0x80830000,                     /* 1: lwz r4,0(r3) */
        0x38840001,                     /* addi r4,r4,1 */
        0x90830000,                     /* stw r4,0(r3) */
        0x4bfffff4,                     /* b 1b */
    };
    uint32_t image[0x1000 / 4] = { 0 };

    for (int i = 0; i < ARRAY_SIZE(code); i++) {
        image[PROGRAM_AT / 4 + i] = cpu_to_be32(code[i]);
    }
    g_assert_true(g_file_set_contents(file, (char *)image, sizeof(image),
                                      NULL));
}

static QTestState *start(const Vm *vm, const char *more)
{
    return papr_start("-accel tcg -S -bios %s %s", vm->program, more);
}

static Vm vm_new(void)
{
    g_autofree uint8_t *zero = g_malloc0(SHM_SIZE);
    Vm vm = { .dir = g_dir_make_tmp("papr-vpa-XXXXXX", NULL) };

    vm.program = g_build_filename(vm.dir, "program", NULL);
    vm.shm = g_build_filename(vm.dir, "shm", NULL);
    write_program(vm.program);
    g_assert_true(g_file_set_contents(vm.shm, (char *)zero, SHM_SIZE, NULL));
    return vm;
}

static void vm_free(Vm *vm)
{
    qtest_quit(vm->qts);
    unlink(vm->program);
    unlink(vm->shm);
    rmdir(vm->dir);
    g_free(vm->program);
    g_free(vm->shm);
    g_free(vm->dir);
}

/* Run the machine until the vCPU has executed the guest's loop */
static void run_a_while(QTestState *qts)
{
    uint32_t loops = papr_ld32(qts, LOOPS_AT);

    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    qtest_qmp_eventwait(qts, "RESUME");
    while (papr_ld32(qts, LOOPS_AT) == loops) {
        g_usleep(1000);
    }
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    qtest_qmp_eventwait(qts, "STOP");
}

static int64_t register_vpa(QTestState *qts, uint64_t addr)
{
    papr_st32(qts, addr + 4, VPA_SIZE << 16);
    return papr_hcall(qts, 0, H_REGISTER_VPA, REGISTER(VPA), 0, addr);
}

static void counts(QTestState *qts, uint64_t addr)
{
    uint32_t before = papr_ld32(qts, addr + COUNTER), after;

    run_a_while(qts);
    after = papr_ld32(qts, addr + COUNTER);
    g_assert_cmpuint(after, >, before);
    g_assert_cmpuint(after & 1, ==, 1);
}

static void stands_still(QTestState *qts, uint64_t addr)
{
    uint32_t before = papr_ld32(qts, addr + COUNTER);

    run_a_while(qts);
    g_assert_cmpuint(papr_ld32(qts, addr + COUNTER), ==, before);
}

static void test_counter(void)
{
    Vm vm = vm_new();

    vm.qts = start(&vm, "");
    stands_still(vm.qts, A);
    g_assert_cmpint(register_vpa(vm.qts, A), ==, H_SUCCESS);
    counts(vm.qts, A);
    counts(vm.qts, A);

    /* the guest may write to it */
    papr_st32(vm.qts, A + COUNTER, 0x1000);
    counts(vm.qts, A);
    g_assert_cmphex(papr_ld32(vm.qts, A + COUNTER), >, 0x1000);

    /* another VPA is registered instead, then none */
    g_assert_cmpint(register_vpa(vm.qts, B), ==, H_SUCCESS);
    counts(vm.qts, B);
    stands_still(vm.qts, A);
    g_assert_cmpint(papr_hcall(vm.qts, 0, H_REGISTER_VPA, REGISTER(VPA_OFF), 0,
                               0), ==, H_SUCCESS);
    stands_still(vm.qts, B);
    vm_free(&vm);
}

static void test_reset(void)
{
    Vm vm = vm_new();

    vm.qts = start(&vm, "");
    g_assert_cmpint(register_vpa(vm.qts, A), ==, H_SUCCESS);
    counts(vm.qts, A);
    qtest_qmp_assert_success(vm.qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(vm.qts, "RESET");
    stands_still(vm.qts, A);
    vm_free(&vm);
}

/* ---- a VPA in a BAR, which the guest moves, and which is unplugged ---- */

static void config_write(QTestState *qts, unsigned reg, uint32_t value)
{
    g_assert_cmpint(papr_rtas(qts, "ibm,write-pci-config", 1, NULL, CONFIG(reg),
                              0x8000000, 0x20000000, 4, value), ==,
                    RTAS_SUCCESS);
}

/* Decoding is off while the BAR's address is changed, as guests do it */
static void map_at(QTestState *qts, uint64_t addr)
{
    config_write(qts, COMMAND, 0);
    config_write(qts, BAR_2, (uint32_t)addr);
    config_write(qts, BAR_2 + 4, addr >> 32);
    config_write(qts, COMMAND, 2);
}

static uint32_t counter_in_file(const Vm *vm)
{
    g_autofree char *contents = NULL;

    g_assert_true(g_file_get_contents(vm->shm, &contents, NULL, NULL));
    return ldl_be_p(contents + COUNTER);
}

static bool has_mapped(const Vm *vm)
{
    g_autofree char *maps = g_strdup_printf("/proc/%d/maps",
                                            qtest_pid(vm->qts));
    g_autofree char *contents = NULL;

    g_assert_true(g_file_get_contents(maps, &contents, NULL, NULL));
    return strstr(contents, vm->shm);
}

static void test_memory_goes(void)
{
    Vm vm = vm_new();
    g_autofree char *device = g_strdup_printf(
        "-object memory-backend-file,id=shm,size=%d,share=on,mem-path=%s "
        "-device ivshmem-plain,id=dev,memdev=shm,addr=%d", SHM_SIZE, vm.shm,
        SLOT);
    uint32_t before;

    vm.qts = start(&vm, device);
    g_assert_cmpint(register_vpa(vm.qts, PLACE_1), ==, H_PARAMETER);
    map_at(vm.qts, PLACE_1);
    g_assert_cmpint(register_vpa(vm.qts, PLACE_1), ==, H_SUCCESS);
    counts(vm.qts, PLACE_1);
    before = counter_in_file(&vm);
    g_assert_cmpuint(before, ==, papr_ld32(vm.qts, PLACE_1 + COUNTER));

    /* BAR moved: what is registered is an address, so its memory is unused */
    map_at(vm.qts, PLACE_2);
    run_a_while(vm.qts);
    run_a_while(vm.qts);
    g_assert_cmpuint(counter_in_file(&vm), ==, before);

    map_at(vm.qts, PLACE_1);
    counts(vm.qts, PLACE_1);
    g_assert_cmpuint(counter_in_file(&vm), >, before);

    /* unplugged: no reference keeps the device's memory */
    before = counter_in_file(&vm);
    qtest_qmp_assert_success(vm.qts, "{ 'execute': 'device_del', 'arguments': "
                             "{ 'id': 'dev' } }");
    g_assert_cmpint(papr_rtas(vm.qts, "set-indicator", 1, NULL, 9001, SLOT_DRC,
                              0), ==, RTAS_SUCCESS);
    qtest_qmp_eventwait(vm.qts, "DEVICE_DELETED");
    qtest_qmp_assert_success(vm.qts, "{ 'execute': 'object-del', 'arguments': "
                             "{ 'id': 'shm' } }");
    while (has_mapped(&vm)) {
        g_usleep(1000);
    }
    run_a_while(vm.qts);
    g_assert_cmpuint(counter_in_file(&vm), ==, before);
    vm_free(&vm);
}

/* ---- migration ---- */

/*
 * The vCPU stores to the counter last when it is stopped, after the page was
 * sent: the page must be sent again.
 */
static void test_migrates(void)
{
    Vm vm = vm_new();
    g_autofree char *file = g_build_filename(vm.dir, "state", NULL);
    uint32_t counter;

    vm.qts = start(&vm, "");
    g_assert_cmpint(register_vpa(vm.qts, A), ==, H_SUCCESS);
    counts(vm.qts, A);
    qtest_qmp_assert_success(vm.qts, "{ 'execute': 'cont' }");
    qtest_qmp_eventwait(vm.qts, "RESUME");
    papr_save(vm.qts, file);
    counter = papr_ld32(vm.qts, A + COUNTER);
    g_assert_cmpuint(counter & 1, ==, 1);
    qtest_quit(vm.qts);

    vm.qts = start(&vm, "-incoming defer");
    g_assert_true(papr_load(vm.qts, file));
    unlink(file);
    g_assert_cmpuint(papr_ld32(vm.qts, A + COUNTER), ==, counter);
    counts(vm.qts, A);
    vm_free(&vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/vpa/counter", test_counter);
    qtest_add_func("pseries/vpa/reset", test_reset);
    qtest_add_func("pseries/vpa/memory-goes", test_memory_goes);
    qtest_add_func("pseries/vpa/migrates", test_migrates);
    return g_test_run();
}
