/*
 * pSeries platform: load firmware image, kernel and initial ramdisk
 *
 * Chooses the firmware: VOF (the machine's Open Firmware client interface),
 * which needs no image, or SLOF (Slimline Open Firmware), or the image of
 * -bios.  Images are registered as ROMs, which QEMU loads again at every reset.
 *
 * Called once by papr_firmware_new() at machine init.  Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/datadir.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "elf.h"
#include "hw/loader.h"
#include "system/qtest.h"
#include "internal.h"
#include "papr-elf.h"
#include "../trace.h"

#define SLOF_FILE       "slof.bin"
#define IMAGE_MAX       (4 * MiB)       /* below kernel-addr's default */
/* What SLOF and the device tree need at the top of the memory it uses */
#define SLOF_OVERHEAD   (40 * MiB)

/* Maps a kernel's linked addresses to guest addresses */
typedef struct Placement {
    uint64_t mask;
    uint64_t base;
} Placement;

static uint64_t guest_address(void *opaque, uint64_t addr)
{
    const Placement *p = opaque;

    return (addr & p->mask) + p->base;
}

/*
 * A kernel is linked at the start of a large region and runs at any address.
 * The 32-bit zImage wrapper runs only where it is linked.
 */
static Placement placement_of(const PaprElf *elf, uint64_t kernel_addr)
{
    if (!elf->is_64 && elf->is_exec && elf->is_linux) {
        return (Placement) { .mask = UINT64_MAX, .base = 0 };
    }
    return (Placement) { .mask = 0x0fffffff, .base = kernel_addr };
}

static bool probe_kernel(const char *file, PaprElf *elf, Error **errp)
{
    ERRP_GUARD();
    g_autoptr(GMappedFile) map = g_mapped_file_new(file, false, NULL);

    if (!map) {
        error_setg(errp, "error loading %s: %s", file,
                   access(file, R_OK) ? strerror(errno) : "not a plain file");
        error_append_hint(errp, "-kernel takes the file name of a PowerPC ELF "
                          "kernel (vmlinux or zImage).\n");
        return false;
    }
    if (!papr_elf_probe((const uint8_t *)g_mapped_file_get_contents(map),
                        g_mapped_file_get_length(map), elf)) {
        error_setg(errp, "error loading %s: Failed to load ELF", file);
        error_append_hint(errp, "-kernel takes a PowerPC ELF kernel (vmlinux "
                          "or zImage, of either endianness).\n");
        return false;
    }
    return true;
}

static bool load_kernel(PaprImages *images, const char *file,
                        const PaprElf *elf, uint64_t kernel_addr,
                        uint64_t limit, Error **errp)
{
    ERRP_GUARD();
    Placement where = placement_of(elf, kernel_addr);
    uint64_t low = guest_address(&where, elf->low);
    uint64_t size = elf->high - elf->low;
    uint64_t loaded_at;
    ssize_t rc;

    if (low > limit || size > limit - low) {
        error_setg(errp, "error loading %s: the kernel needs %" PRIu64 " MiB "
                   "at 0x%" PRIx64 " but memory that it can use ends at 0x%"
                   PRIx64, file, DIV_ROUND_UP(size, MiB), low, limit);
        error_append_hint(errp, "Use a larger -m, or a lower "
                          "-machine kernel-addr=.\n");
        return false;
    }

    rc = load_elf(file, NULL, guest_address, &where, NULL, &loaded_at, NULL,
                  NULL, elf->is_le ? ELFDATA2LSB : ELFDATA2MSB, EM_PPC64, 0, 0);
    if (rc < 0) {
        error_setg(errp, "error loading %s: %s", file, load_elf_strerror(rc));
        return false;
    }
    images->kernel_addr = loaded_at;
    images->kernel_size = rc;
    images->kernel_is_le = elf->is_le;
    images->kernel_is_64 = elf->is_64;
    images->kernel_entry = guest_address(&where, elf->entry);
    if (images->kernel_entry < loaded_at ||
        images->kernel_entry - loaded_at >= images->kernel_size) {
        images->kernel_entry = loaded_at;
    }
    return true;
}

static bool load_initrd(PaprImages *images, const char *file, uint64_t limit,
                        Error **errp)
{
    ERRP_GUARD();
    /* a gap of at least 64 KiB: kernels first use memory after their end */
    uint64_t addr = ROUND_UP(images->kernel_addr + images->kernel_size +
                             64 * KiB, 64 * KiB);
    int64_t size = get_image_size(file);

    if (size < 0 || g_file_test(file, G_FILE_TEST_IS_DIR)) {
        error_setg(errp, "could not load initial ram disk '%s': %s", file,
                   size < 0 ? strerror(errno) : "it is a directory");
        return false;
    }
    if (addr > limit || size > limit - addr) {
        error_setg(errp, "could not load initial ram disk '%s': %" PRId64
                   " MiB at 0x%" PRIx64 " do not fit below 0x%" PRIx64, file,
                   (int64_t)DIV_ROUND_UP(size, MiB), addr, limit);
        error_append_hint(errp, "Use a larger -m or a smaller -initrd.\n");
        return false;
    }
    if (load_image_targphys(file, addr, limit - addr) < 0) {
        error_setg(errp, "could not load initial ram disk '%s'", file);
        return false;
    }
    images->initrd_addr = addr;
    images->initrd_size = size;
    return true;
}

static bool load_image(PaprImages *images, const char *bios, Error **errp)
{
    ERRP_GUARD();
    const char *name = bios ?: SLOF_FILE;
    g_autofree char *file = qemu_find_file(QEMU_FILE_TYPE_BIOS, name);
    ssize_t size;

    if (!file) {
        if (!bios && qtest_enabled()) {
            return true;        /* no vCPU runs */
        }
        error_setg(errp, "Could not find LPAR firmware '%s'", name);
        error_append_hint(errp, bios
            ? "-bios or firmware= takes a file name, in the directory of -L "
              "or with its path.\n"
            : "Install it (package qemu-system-data), or name the directory "
              "that has it with -L, or a firmware image with -bios.\n");
        return false;
    }
    size = load_image_targphys(file, 0, IMAGE_MAX);
    if (size <= 0) {
        error_setg(errp, "Could not load LPAR firmware '%s'", file);
        error_append_hint(errp, "-bios or firmware= takes a raw image of 1 "
                          "byte to 4 MiB that can be read.\n");
        return false;
    }
    images->have_image = true;
    return true;
}

/* Check options that exclude each other; then choose the firmware */
static bool choose_firmware(const PaprFirmwareConfig *config,
                            const PaprElf *elf, bool *vof, Error **errp)
{
    ERRP_GUARD();
    if (config->vof == ON_OFF_AUTO_ON && !config->kernel &&
        !qtest_enabled()) {     /* a qtest runs no vCPU */
        error_setg(errp, "x-vof=on needs -kernel");
        error_append_hint(errp, "Without -kernel, x-vof=auto or off boots "
                          "from disk or network through SLOF.\n");
        return false;
    }
    if (config->vof == ON_OFF_AUTO_ON && config->bios) {
        error_setg(errp, "x-vof=on and -bios (or firmware=) exclude each "
                   "other");
        error_append_hint(errp, "Leave one of them out; with an image, "
                          "x-vof is off.\n");
        return false;
    }
    if (config->initrd && !config->kernel) {
        error_setg(errp, "-initrd needs -kernel");
        return false;
    }
    *vof = config->vof == ON_OFF_AUTO_ON ||
           (config->vof == ON_OFF_AUTO_AUTO && config->kernel &&
            !config->bios && elf->is_linux);
    return true;
}

bool papr_firmware_load(PaprFirmware *fw, const PaprFirmwareConfig *config,
                        Error **errp)
{
    PaprElf elf = { 0 };
    uint64_t limit;

    if (config->kernel && !probe_kernel(config->kernel, &elf, errp)) {
        return false;
    }
    if (!choose_firmware(config, &elf, &fw->vof, errp)) {
        return false;
    }
    if (fw->vof) {
        limit = MIN(config->rma_size, PAPR_CLAIM_TOP);
    } else {
        limit = MIN(config->rma_size, 2 * GiB);
        limit -= MIN(limit, SLOF_OVERHEAD);
        if (!load_image(&fw->images, config->bios, errp)) {
            return false;
        }
    }
    if (config->kernel &&
        !load_kernel(&fw->images, config->kernel, &elf, config->kernel_addr,
                     limit, errp)) {
        return false;
    }
    if (config->initrd &&
        !load_initrd(&fw->images, config->initrd, limit, errp)) {
        return false;
    }
    trace_papr_firmware_load(fw->vof, fw->images.kernel_addr,
                             fw->images.kernel_size, fw->images.initrd_addr,
                             fw->images.initrd_size);
    return true;
}
