/*
 * Random blocks: RTAS calls, option vectors, the client interface
 *
 * The seed is fixed.  What is checked: the machine answers and continues, and
 * no call does more than PAPR_WORK_MAX.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "elf.h"
#include "hw/pseries/work.h"
#include "libpapr.h"

#define RAM_END (256 * MiB)
#define BLOCK PAPR_TEST_RAM
#define OTHER (PAPR_TEST_RAM + 0x10000)
#define BLOCK_CELLS 20
#define XIVE_PAGES 0x6030000000000ULL

static uint32_t hostile_cell(GRand *rand)
{
    static const uint32_t cells[] = {
        0, 1, 2, 3, 4, 5, 9, 16, 17, 20, 42, 48, 0x1000, 0x1001, 0x1200, 0x2000,
        9000, 9003, 9005, BLOCK, BLOCK + 1, OTHER, RAM_END - 1, RAM_END - 4,
        RAM_END - 8, RAM_END - 4096, RAM_END, 0x7fffffff, 0x80000000,
        0xfffffff8, 0xffffffff,
    };

    return g_rand_boolean(rand) ? g_rand_int(rand)
                                : cells[g_rand_int(rand) % ARRAY_SIZE(cells)];
}

/* A block in the test's RAM, at the end of all RAM, beyond it, or elsewhere */
static uint64_t hostile_place(GRand *rand, unsigned size)
{
    switch (g_rand_int(rand) % 8) {
    case 0:
        return RAM_END - g_rand_int_range(rand, 0, size + 8);
    case 1:
        return RAM_END + g_rand_int(rand);
    case 2:
        return XIVE_PAGES + g_rand_int(rand);
    case 3:
        return UINT64_MAX - g_rand_int_range(rand, 0, size);
    case 4:
        return BLOCK + g_rand_int_range(rand, 1, 16);
    default:
        return BLOCK;
    }
}

static void write_cells(QTestState *qts, uint64_t addr, const uint32_t *cells,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (addr <= RAM_END - 4 && addr + i * 4 <= RAM_END - 4) {
            papr_st32(qts, addr + i * 4, cells[i]);
        }
    }
}

static void assert_alive(QTestState *qts)
{
    g_assert_cmpuint(papr_work(qts), <=, PAPR_WORK_MAX);
    g_assert_cmpint(papr_hcall(qts, 0, H_SET_SPRG0, 1), ==, H_SUCCESS);
}

/* Tokens of the list and around it; counts that are right, huge, or wrap */
static void test_rtas(void)
{
    QTestState *qts = papr_start("-smp 2 -no-shutdown -action panic=none");
    GRand *rand = g_rand_new_with_seed(7);

    for (int i = 0; i < 6000; i++) {
        uint64_t addr = hostile_place(rand, 4 * BLOCK_CELLS);
        uint32_t cells[BLOCK_CELLS];

        for (int c = 0; c < BLOCK_CELLS; c++) {
            cells[c] = hostile_cell(rand);
        }
        cells[0] = PAPR_RTAS_TOKEN_FIRST + g_rand_int_range(rand, -1, 0x34);
        if (cells[0] == RTAS_SYSTEM_REBOOT || cells[0] == RTAS_POWER_OFF) {
            continue;
        }
        if (g_rand_int(rand) % 8) {
            cells[1] = g_rand_int_range(rand, 0, 10);
            cells[2] = g_rand_int_range(rand, 0, 6);
        }
        write_cells(qts, addr, cells, BLOCK_CELLS);
        papr_hcall(qts, i & 1, H_RTAS, addr);
    }
    g_rand_free(rand);
    assert_alive(qts);
    qtest_quit(qts);
}

/* Option vectors with wrong lengths, up to and beyond the end of RAM */
static void test_cas(void)
{
    QTestState *qts = papr_start("-smp 1");
    GRand *rand = g_rand_new_with_seed(9);
    uint8_t bytes[512];

    for (int i = 0; i < 400; i++) {
        uint64_t addr = hostile_place(rand, sizeof(bytes));
        uint64_t reply = hostile_place(rand, 64);
        uint64_t size = g_rand_boolean(rand) ? 0x40000 : hostile_cell(rand);
        size_t pvrs = 8 * g_rand_int_range(rand, 0, 12);

        for (size_t b = 0; b < sizeof(bytes); b++) {
            bytes[b] = b < pvrs ? (b & 4 ? 0xff : 0) : g_rand_int(rand) >> 9;
        }
        if (i % 4) {
            /* any PVR, then the number of vectors less one */
            stl_be_p(bytes + pvrs, 0);
            stl_be_p(bytes + pvrs + 4, 0x0f000004 + (i & 3));
            bytes[pvrs + 8] = i & 0x1f;
        }
        if (addr < RAM_END) {
            qtest_memwrite(qts, addr, bytes,
                           MIN(sizeof(bytes), RAM_END - addr));
        }
        papr_hcall(qts, 0, H_CAS, addr, reply, size);
    }
    g_rand_free(rand);
    assert_alive(qts);
    qtest_quit(qts);
}

/* --- client interface ---------------------------------------------------- */

static char *any_kernel(void)
{
    struct {
        Elf64_Ehdr head;
        Elf64_Phdr load;
        Elf64_Phdr note;
        uint32_t notes[6];
        uint8_t text[64];
    } k = {
        .head = {
            .e_type = cpu_to_be16(ET_EXEC),
            .e_machine = cpu_to_be16(EM_PPC64),
            .e_version = cpu_to_be32(EV_CURRENT),
            .e_phoff = cpu_to_be64(sizeof(Elf64_Ehdr)),
            .e_ehsize = cpu_to_be16(sizeof(Elf64_Ehdr)),
            .e_phentsize = cpu_to_be16(sizeof(Elf64_Phdr)),
            .e_phnum = cpu_to_be16(2),
        },
    };
    GError *err = NULL;
    char *name = NULL;
    int fd = g_file_open_tmp("papr-kernel-XXXXXX", &name, &err);

    g_assert_no_error(err);
    memcpy(k.head.e_ident, ELFMAG, SELFMAG);
    k.head.e_ident[EI_CLASS] = ELFCLASS64;
    k.head.e_ident[EI_DATA] = ELFDATA2MSB;
    k.head.e_ident[EI_VERSION] = EV_CURRENT;
    k.load.p_type = cpu_to_be32(PT_LOAD);
    k.load.p_offset = cpu_to_be64((uint8_t *)k.text - (uint8_t *)&k);
    k.load.p_filesz = k.load.p_memsz = cpu_to_be64(sizeof(k.text));
    k.note.p_type = cpu_to_be32(PT_NOTE);
    k.note.p_offset = cpu_to_be64((uint8_t *)k.notes - (uint8_t *)&k);
    k.note.p_filesz = cpu_to_be64(sizeof(k.notes));
    k.notes[0] = cpu_to_be32(6);
    k.notes[1] = cpu_to_be32(4);
    k.notes[2] = cpu_to_be32(0x101);
    memcpy(&k.notes[3], "Linux", 6);
    g_assert_cmpint(write(fd, &k, sizeof(k)), ==, sizeof(k));
    close(fd);
    return name;
}

/* Real names with arguments that are anything: text, handles, addresses */
static void test_client(void)
{
    static const char *const names[] = {
        "finddevice", "getprop", "getproplen", "setprop", "nextprop", "peer",
        "child", "parent", "open", "close", "read", "write", "seek", "claim",
        "release", "package-to-path", "instance-to-package",
        "instance-to-path", "call-method", "interpret", "test", "canon",
        "milliseconds", "nosuch", "",
    };
    static const char *const words[] = {
        "/", "/chosen", "/memory@0", "/rtas", "bootargs", "reg", "stdout",
        "ibm,client-architecture-support", "instantiate-rtas", "/cpus/", "//",
        "/vdevice/vty@71000000", "name",
    };
    g_autofree char *kernel = any_kernel();
    QTestState *qts = papr_start("-M pseries,x-vof=on -kernel %s", kernel);
    GRand *rand = g_rand_new_with_seed(11);

    unlink(kernel);
    for (int i = 0; i < 6000; i++) {
        uint64_t addr = hostile_place(rand, 4 * BLOCK_CELLS);
        const char *name = names[g_rand_int(rand) % ARRAY_SIZE(names)];
        const char *word = words[g_rand_int(rand) % ARRAY_SIZE(words)];
        uint32_t cells[BLOCK_CELLS];

        qtest_memwrite(qts, OTHER, name, strlen(name) + 1);
        qtest_memwrite(qts, OTHER + 0x100, word, strlen(word) + 1);
        qtest_memwrite(qts, RAM_END - 4, "/abc", 4);
        for (int c = 0; c < BLOCK_CELLS; c++) {
            uint32_t pick = g_rand_int(rand) % 4;

            cells[c] = pick == 0 ? OTHER + 0x100
                     : pick == 1 ? g_rand_int(rand) & 0xff
                                 : hostile_cell(rand);
        }
        cells[0] = i % 16 ? OTHER : hostile_cell(rand);
        if (i % 8) {
            cells[1] = g_rand_int_range(rand, 0, 8);
            cells[2] = g_rand_int_range(rand, 0, 4);
        }
        write_cells(qts, addr, cells, BLOCK_CELLS);
        papr_hcall(qts, 0, H_VOF_CLIENT, addr);
    }
    g_rand_free(rand);
    assert_alive(qts);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/fuzz/rtas", test_rtas);
    qtest_add_func("pseries/fuzz/cas", test_cas);
    qtest_add_func("pseries/fuzz/client", test_client);
    return g_test_run();
}
