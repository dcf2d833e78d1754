/*
 * pSeries platform: which ELF files are Linux kernels
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "elf.h"
#include "../../../hw/ppc/pseries/firmware/papr-elf.h"

#define FILE_SIZE 4096
#define TEXT_AT   1024
#define NOTE_AT   512

typedef struct Builder {
    uint8_t data[FILE_SIZE];
    bool is_64, is_le;
    unsigned n_segments;
} Builder;

static void put(Builder *b, size_t at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        b->data[at + (b->is_le ? i : size - 1 - i)] = value >> (8 * i);
    }
}

static void start(Builder *b, bool is_64, bool is_le, unsigned machine)
{
    memset(b, 0, sizeof(*b));
    b->is_64 = is_64;
    b->is_le = is_le;
    memcpy(b->data, ELFMAG, SELFMAG);
    b->data[EI_CLASS] = is_64 ? ELFCLASS64 : ELFCLASS32;
    b->data[EI_DATA] = is_le ? ELFDATA2LSB : ELFDATA2MSB;
    b->data[EI_VERSION] = EV_CURRENT;
    put(b, 16, ET_EXEC, 2);
    put(b, 18, machine, 2);
    if (is_64) {
        put(b, offsetof(Elf64_Ehdr, e_entry), 0xc000000000000000, 8);
        put(b, offsetof(Elf64_Ehdr, e_phoff), sizeof(Elf64_Ehdr), 8);
    } else {
        put(b, offsetof(Elf32_Ehdr, e_entry), 0x4000000, 4);
        put(b, offsetof(Elf32_Ehdr, e_phoff), sizeof(Elf64_Ehdr), 4);
    }
}

static void segment(Builder *b, unsigned type, uint64_t offset, uint64_t paddr,
                    uint64_t filesz, uint64_t memsz)
{
    if (b->is_64) {
        size_t at = sizeof(Elf64_Ehdr) + b->n_segments * sizeof(Elf64_Phdr);

        put(b, at, type, 4);
        put(b, at + offsetof(Elf64_Phdr, p_offset), offset, 8);
        put(b, at + offsetof(Elf64_Phdr, p_paddr), paddr, 8);
        put(b, at + offsetof(Elf64_Phdr, p_filesz), filesz, 8);
        put(b, at + offsetof(Elf64_Phdr, p_memsz), memsz, 8);
    } else {
        size_t at = sizeof(Elf64_Ehdr) + b->n_segments * sizeof(Elf32_Phdr);

        put(b, at, type, 4);
        put(b, at + offsetof(Elf32_Phdr, p_offset), offset, 4);
        put(b, at + offsetof(Elf32_Phdr, p_paddr), paddr, 4);
        put(b, at + offsetof(Elf32_Phdr, p_filesz), filesz, 4);
        put(b, at + offsetof(Elf32_Phdr, p_memsz), memsz, 4);
    }
    b->n_segments++;
    put(b, b->is_64 ? offsetof(Elf64_Ehdr, e_phnum)
                    : offsetof(Elf32_Ehdr, e_phnum), b->n_segments, 2);
}

static size_t note(Builder *b, size_t at, const char *owner, uint32_t type,
                   uint32_t desc_size)
{
    size_t name_size = strlen(owner) + 1;

    put(b, at, name_size, 4);
    put(b, at + 4, desc_size, 4);
    put(b, at + 8, type, 4);
    memcpy(b->data + at + 12, owner, name_size);
    return at + 12 + ROUND_UP(name_size, 4) + ROUND_UP(desc_size, 4);
}

static bool probe(const Builder *b, PaprElf *elf)
{
    return papr_elf_probe(b->data, sizeof(b->data), elf);
}

/* As Debian's vmlinux is, of either endianness: recognised by its note */
static void vmlinux_note(void)
{
    for (int is_le = 0; is_le < 2; is_le++) {
        Builder b;
        PaprElf elf;
        size_t end;

        start(&b, true, is_le, EM_PPC64);
        segment(&b, PT_LOAD, TEXT_AT, 0, 0x100, 0x20000);
        end = note(&b, NOTE_AT, "GNU", 3, 0x14);
        end = note(&b, end, "Linux", 0x101, 21);
        end = note(&b, end, "PowerPC", 1, 4);
        segment(&b, PT_NOTE, NOTE_AT, 0x1000, end - NOTE_AT, end - NOTE_AT);
        g_assert_true(probe(&b, &elf));
        g_assert_true(elf.is_linux && elf.is_64 && elf.is_exec);
        g_assert_cmpint(elf.is_le, ==, is_le);
        g_assert_cmphex(elf.entry, ==, 0xc000000000000000);
        g_assert_cmphex(elf.low, ==, 0);
        g_assert_cmphex(elf.high, ==, 0x20000);
    }
}

static void vmlinux_banner(void)
{
    Builder b;
    PaprElf elf;

    start(&b, true, false, EM_PPC64);
    segment(&b, PT_LOAD, TEXT_AT, 0, 0x1000, 0x1000);
    g_assert_false(probe(&b, &elf));        /* runs off the file */

    start(&b, true, false, EM_PPC64);
    segment(&b, PT_LOAD, TEXT_AT, 0, 0x100, 0x1000);
    strcpy((char *)b.data + TEXT_AT + 9, "Linux version of something");
    g_assert_true(probe(&b, &elf));
    g_assert_false(elf.is_linux);
    strcpy((char *)b.data + TEXT_AT + 77, "Linux version 4.19.0 (gcc)");
    g_assert_true(probe(&b, &elf));
    g_assert_true(elf.is_linux);

    /* the banner counts only in a segment that is loaded */
    start(&b, true, false, EM_PPC64);
    segment(&b, PT_LOAD, TEXT_AT, 0, 0x100, 0x1000);
    strcpy((char *)b.data + TEXT_AT + 0x200, "Linux version 4.19.0 (gcc)");
    g_assert_true(probe(&b, &elf));
    g_assert_false(elf.is_linux);
}

static void zimage(void)
{
    Builder b;
    PaprElf elf;
    size_t end;

    start(&b, false, false, EM_PPC);
    segment(&b, PT_LOAD, TEXT_AT, 0x4000000, 0x100, 0x1000);
    end = note(&b, NOTE_AT, "PowerPC", 0x1275, 24);
    segment(&b, PT_NOTE, NOTE_AT, 0, end - NOTE_AT, 0);
    strcpy((char *)b.data + TEXT_AT + 77, "\n\rLinux/PowerPC load: %s");
    g_assert_true(probe(&b, &elf));
    g_assert_true(elf.is_linux);
    g_assert_false(elf.is_64);
    g_assert_cmphex(elf.low, ==, 0x4000000);
}

/* GRUB's notes are those of a zImage, but it needs firmware to open disks */
static void grub(void)
{
    Builder b;
    PaprElf elf;
    size_t end;

    start(&b, false, false, EM_PPC);
    segment(&b, PT_LOAD, TEXT_AT, 0x200000, 0x100, 0x1000);
    end = note(&b, NOTE_AT, "PowerPC", 0x1275, 24);
    end = note(&b, end, "IBM,RPA-Client-Config", 0x12759999, 32);
    segment(&b, PT_NOTE, NOTE_AT, 0, end - NOTE_AT, 0);
    strcpy((char *)b.data + TEXT_AT + 77, "Loading Linux %s ...");
    g_assert_true(probe(&b, &elf));
    g_assert_false(elf.is_linux);
}

static void not_ours(void)
{
    Builder b;
    PaprElf elf;

    start(&b, true, true, EM_X86_64);
    segment(&b, PT_LOAD, TEXT_AT, 0, 0x100, 0x1000);
    g_assert_false(probe(&b, &elf));

    start(&b, true, true, EM_PPC64);        /* nothing to load */
    g_assert_false(probe(&b, &elf));
    segment(&b, PT_LOAD, TEXT_AT, 0, 0, 0);
    g_assert_false(probe(&b, &elf));

    start(&b, true, true, EM_PPC64);
    segment(&b, PT_LOAD, TEXT_AT, 0, 0x100, 0x1000);
    put(&b, 16, ET_REL, 2);
    g_assert_false(probe(&b, &elf));
    put(&b, 16, ET_DYN, 2);
    g_assert_true(probe(&b, &elf));
    g_assert_false(elf.is_exec);
    b.data[1] = 'e';
    g_assert_false(probe(&b, &elf));
}

/* Cut anywhere, and with any header byte overwritten: no read outside */
static void hostile(void)
{
    Builder b;
    PaprElf elf;
    size_t end;

    start(&b, true, true, EM_PPC64);
    segment(&b, PT_LOAD, TEXT_AT, 0, 0x100, 0x1000);
    end = note(&b, NOTE_AT, "Linux", 0x101, 21);
    segment(&b, PT_NOTE, NOTE_AT, 0, end - NOTE_AT, 0);
    for (size_t cut = 0; cut < FILE_SIZE; cut++) {
        g_autofree uint8_t *copy = g_memdup2(b.data, cut);

        papr_elf_probe(copy, cut, &elf);
    }
    for (size_t at = SELFMAG; at < end; at++) {
        uint8_t was = b.data[at];

        b.data[at] = 0xff;
        probe(&b, &elf);
        b.data[at] = was;
    }

    segment(&b, PT_LOAD, TEXT_AT, UINT64_MAX - 0x10, 0x10, 0x1000);
    g_assert_false(probe(&b, &elf));        /* wraps */

    start(&b, true, true, EM_PPC64);
    segment(&b, PT_LOAD, TEXT_AT, 0, 0x100, 0x10);
    g_assert_false(probe(&b, &elf));        /* more in file than in memory */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/elf/vmlinux-note", vmlinux_note);
    g_test_add_func("/pseries/elf/vmlinux-banner", vmlinux_banner);
    g_test_add_func("/pseries/elf/zimage", zimage);
    g_test_add_func("/pseries/elf/grub", grub);
    g_test_add_func("/pseries/elf/not-ours", not_ours);
    g_test_add_func("/pseries/elf/hostile", hostile);
    return g_test_run();
}
