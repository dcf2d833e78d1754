/*
 * pSeries platform: what kind of program is in an ELF file
 *
 * Distinguishes Linux kernels, which the Open Firmware client interface can
 * start, from boot loaders and other systems, which need firmware that can open
 * disks.  The CHRP (Common Hardware Reference Platform) note is no criterion,
 * since GRUB images have it as well.  A Linux kernel has a note owned by
 * "Linux" (kernels since 5.x), or the version banner that every kernel prints,
 * or the message of the kernel's own zImage wrapper.
 *
 * Called by loader.c; pure, see tests/unit/pseries/test-elf.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "elf.h"
#include "papr-elf.h"

/* Reads fields of either width and byte order out of a bounded file */
typedef struct Reader {
    const uint8_t *data;
    size_t size;
    bool is_64;
    bool is_le;
} Reader;

static bool in_file(const Reader *r, uint64_t offset, uint64_t len)
{
    return offset <= r->size && len <= r->size - offset;
}

static uint32_t rd16(const Reader *r, uint64_t offset)
{
    const uint8_t *p = r->data + offset;

    return r->is_le ? lduw_le_p(p) : lduw_be_p(p);
}

static uint32_t rd32(const Reader *r, uint64_t offset)
{
    const uint8_t *p = r->data + offset;

    return r->is_le ? ldl_le_p(p) : ldl_be_p(p);
}

/* An address or offset: eight bytes in a 64-bit file, else four */
static uint64_t rd_word(const Reader *r, uint64_t offset)
{
    const uint8_t *p = r->data + offset;

    if (!r->is_64) {
        return rd32(r, offset);
    }
    return r->is_le ? ldq_le_p(p) : ldq_be_p(p);
}

/* The fields of a program header that are needed */
typedef struct Segment {
    uint32_t type;
    uint64_t offset, paddr, filesz, memsz;
} Segment;

static void read_segment(const Reader *r, uint64_t at, Segment *seg)
{
    seg->type = rd32(r, at);
    if (r->is_64) {
        seg->offset = rd_word(r, at + offsetof(Elf64_Phdr, p_offset));
        seg->paddr = rd_word(r, at + offsetof(Elf64_Phdr, p_paddr));
        seg->filesz = rd_word(r, at + offsetof(Elf64_Phdr, p_filesz));
        seg->memsz = rd_word(r, at + offsetof(Elf64_Phdr, p_memsz));
    } else {
        seg->offset = rd_word(r, at + offsetof(Elf32_Phdr, p_offset));
        seg->paddr = rd_word(r, at + offsetof(Elf32_Phdr, p_paddr));
        seg->filesz = rd_word(r, at + offsetof(Elf32_Phdr, p_filesz));
        seg->memsz = rd_word(r, at + offsetof(Elf32_Phdr, p_memsz));
    }
}

/* Notes: name size, descriptor size, type, then both padded to four bytes */
static bool has_linux_note(const Reader *r, const Segment *seg)
{
    static const char owner[] = "Linux";
    uint64_t at = seg->offset, end = seg->offset + seg->filesz;

    while (end - at >= 12) {
        uint64_t name_size = ROUND_UP((uint64_t)rd32(r, at), 4);
        uint64_t desc_size = ROUND_UP((uint64_t)rd32(r, at + 4), 4);

        if (name_size + desc_size > end - at - 12) {
            return false;
        }
        if (rd32(r, at) == sizeof(owner) &&
            !memcmp(r->data + at + 12, owner, sizeof(owner))) {
            return true;
        }
        at += 12 + name_size + desc_size;
    }
    return false;
}

static bool has_linux_text(const Reader *r, const Segment *seg)
{
    static const char banner[] = "Linux version ";
    static const char wrapper[] = "Linux/PowerPC load:";
    const uint8_t *start = r->data + seg->offset;
    const uint8_t *end = start + seg->filesz;
    const uint8_t *hit = start;

    for (;;) {
        const size_t len = sizeof(banner) - 1;

        hit = memmem(hit, end - hit, banner, len);
        if (!hit) {
            break;
        }
        hit += len;
        if (hit < end && g_ascii_isdigit(*hit)) {
            return true;
        }
    }
    return memmem(start, seg->filesz, wrapper, sizeof(wrapper) - 1);
}

/* File header: class, byte order, machine, type */
static bool read_elf_header(Reader *r, PaprElf *elf)
{
    const uint8_t *ident = r->data;
    uint32_t type, machine;

    if (r->size < sizeof(Elf64_Ehdr) || memcmp(ident, ELFMAG, SELFMAG) ||
        ident[EI_CLASS] < ELFCLASS32 || ident[EI_CLASS] > ELFCLASS64 ||
        ident[EI_DATA] < ELFDATA2LSB || ident[EI_DATA] > ELFDATA2MSB) {
        return false;
    }
    elf->is_64 = r->is_64 = ident[EI_CLASS] == ELFCLASS64;
    elf->is_le = r->is_le = ident[EI_DATA] == ELFDATA2LSB;

    /* the same offsets in both classes */
    type = rd16(r, offsetof(Elf64_Ehdr, e_type));
    machine = rd16(r, offsetof(Elf64_Ehdr, e_machine));
    elf->entry = rd_word(r, offsetof(Elf64_Ehdr, e_entry));
    elf->is_exec = type == ET_EXEC;
    return (machine == EM_PPC64 || machine == EM_PPC) &&
           (type == ET_EXEC || type == ET_DYN);
}

bool papr_elf_probe(const uint8_t *data, size_t size, PaprElf *elf)
{
    Reader r = { .data = data, .size = size };
    bool linux_note = false, linux_text = false;
    uint64_t table, entry_size;
    uint32_t n;

    *elf = (PaprElf) { .low = UINT64_MAX };
    if (!read_elf_header(&r, elf)) {
        return false;
    }
    if (r.is_64) {
        table = rd_word(&r, offsetof(Elf64_Ehdr, e_phoff));
        entry_size = sizeof(Elf64_Phdr);
        n = rd16(&r, offsetof(Elf64_Ehdr, e_phnum));
    } else {
        table = rd_word(&r, offsetof(Elf32_Ehdr, e_phoff));
        entry_size = sizeof(Elf32_Phdr);
        n = rd16(&r, offsetof(Elf32_Ehdr, e_phnum));
    }
    if (!in_file(&r, table, n * entry_size)) {
        return false;
    }

    for (uint32_t i = 0; i < n; i++) {
        Segment seg;

        read_segment(&r, table + i * entry_size, &seg);
        if (!in_file(&r, seg.offset, seg.filesz)) {
            return false;
        }
        if (seg.type == PT_NOTE) {
            linux_note |= has_linux_note(&r, &seg);
        } else if (seg.type == PT_LOAD && seg.memsz) {
            if (seg.memsz < seg.filesz || seg.paddr + seg.memsz < seg.paddr) {
                return false;
            }
            elf->low = MIN(elf->low, seg.paddr);
            elf->high = MAX(elf->high, seg.paddr + seg.memsz);
        }
    }
    if (elf->low >= elf->high) {
        return false;
    }
    /* search the contents of segments only if there is no note */
    for (uint32_t i = 0; i < n && !linux_note && !linux_text; i++) {
        Segment seg;

        read_segment(&r, table + i * entry_size, &seg);
        linux_text = seg.type == PT_LOAD && has_linux_text(&r, &seg);
    }
    elf->is_linux = linux_note || linux_text;
    return true;
}
