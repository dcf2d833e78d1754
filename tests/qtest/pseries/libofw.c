/*
 * Small kernel images, and calls of the Open Firmware client interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libofw.h"

char *write_file(const void *data, size_t size)
{
    char *name;
    int fd = g_file_open_tmp("qtest-ofw-XXXXXX", &name, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, data, size), ==, size);
    close(fd);
    return name;
}

char *tiny_kernel(bool is_linux, uint64_t memsz)
{
    TinyKernel k = {
        .head = {
            .e_type = cpu_to_be16(ET_EXEC),
            .e_machine = cpu_to_be16(EM_PPC64),
            .e_version = cpu_to_be32(EV_CURRENT),
            .e_entry = cpu_to_be64(0xc000000000000010),
            .e_phoff = cpu_to_be64(offsetof(TinyKernel, load)),
            .e_ehsize = cpu_to_be16(sizeof(Elf64_Ehdr)),
            .e_phentsize = cpu_to_be16(sizeof(Elf64_Phdr)),
            .e_phnum = cpu_to_be16(2),
        },
        .load = {
            .p_type = cpu_to_be32(PT_LOAD),
            .p_flags = cpu_to_be32(PF_R | PF_X),
            .p_offset = cpu_to_be64(offsetof(TinyKernel, text)),
            .p_vaddr = cpu_to_be64(0xc000000000000000),
            .p_filesz = cpu_to_be64(sizeof(k.text)),
            .p_memsz = cpu_to_be64(memsz),
        },
        .note = {
            .p_type = cpu_to_be32(PT_NOTE),
            .p_offset = cpu_to_be64(offsetof(TinyKernel, notes)),
            .p_filesz = cpu_to_be64(sizeof(k.notes)),
        },
        .notes = { cpu_to_be32(6), cpu_to_be32(4), cpu_to_be32(0x101) },
    };

    memcpy(k.head.e_ident, ELFMAG, SELFMAG);
    k.head.e_ident[EI_CLASS] = ELFCLASS64;
    k.head.e_ident[EI_DATA] = ELFDATA2MSB;
    k.head.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(&k.notes[3], is_linux ? "Linux" : "Other", 6);
    memset(k.text, 0x60, sizeof(k.text));
    return write_file(&k, sizeof(k));
}

QTestState *start_client(const char *more)
{
    g_autofree char *kernel = tiny_kernel(true, 0x1000);
    QTestState *qts = papr_start("-kernel %s %s", kernel, more);

    g_unlink(kernel);
    return qts;
}

uint32_t str(QTestState *qts, const char *s)
{
    static uint32_t next;
    uint32_t addr = STRINGS + next;

    next = (next + 512) % 0x2000;
    g_assert_cmpuint(strlen(s), <, 512);
    qtest_memwrite(qts, addr, s, strlen(s) + 1);
    return addr;
}

int64_t ci_raw(QTestState *qts, const char *service, uint32_t nargs,
               const uint32_t *args, uint32_t nrets, uint32_t *rets)
{
    int64_t rc;

    papr_st32(qts, ARRAY, str(qts, service));
    papr_st32(qts, ARRAY + 4, nargs);
    papr_st32(qts, ARRAY + 8, nrets);
    for (uint32_t i = 0; i < nargs; i++) {
        papr_st32(qts, ARRAY + 12 + 4 * i, args[i]);
    }
    /* the upper half of r4 is no part of the address */
    rc = papr_hcall(qts, 0, H_VOF_CLIENT, ARRAY | 0xabcd00000000);
    for (uint32_t i = 0; i < nrets; i++) {
        rets[i] = papr_ld32(qts, ARRAY + 12 + 4 * (nargs + i));
    }
    return rc;
}

uint32_t ci_array(QTestState *qts, const char *service, uint32_t nargs,
                  const uint32_t *args)
{
    uint32_t ret;

    g_assert_cmpint(ci_raw(qts, service, nargs, args, 1, &ret), ==, 0);
    return ret;
}

uint32_t find(QTestState *qts, const char *path)
{
    return ci(qts, "finddevice", str(qts, path));
}

uint32_t get_cell(QTestState *qts, uint32_t node, const char *name)
{
    g_assert_cmpuint(ci(qts, "getprop", node, str(qts, name), BUF, 4), ==, 4);
    return papr_ld32(qts, BUF);
}
