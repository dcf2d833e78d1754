/*
 * pSeries platform: /chosen
 *
 * Options of the user for firmware and kernel, what the platform supports at
 * client-architecture-support (CAS), and what was negotiated there: LoPAR
 * section B.5.14.
 *
 * Called by build.c.  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "fillers.h"
#include "system/system.h"

/* "qemu,boot-*": read by SLOF */
static void chosen_boot(const PaprDtInput *in, PaprDt *dt)
{
    const BootConfiguration *boot = &in->machine->boot_config;
    size_t size = 0;
    g_autofree char *list = get_boot_devices_list(&size);

    if (boot->has_menu && boot->menu) {
        papr_dt_u32(dt, "qemu,boot-menu", 1);
    }
    if (list && size) {
        /* QEMU separates paths by newlines, firmware expects spaces */
        g_strdelimit(list, "\n", ' ');
        papr_dt_string(dt, "qemu,boot-list", list);
    }
    if (in->boot_device && *in->boot_device) {
        papr_dt_string(dt, "qemu,boot-device", in->boot_device);
    }
}

static void chosen_console(const PaprDtInput *in, PaprDt *dt)
{
    g_autofree char *path = NULL;

    papr_dt_u32(dt, "qemu,graphic-width", graphic_width);
    papr_dt_u32(dt, "qemu,graphic-height", graphic_height);
    papr_dt_u32(dt, "qemu,graphic-depth", graphic_depth);
    if (!in->stdout_path || !in->vio) {
        return;
    }
    path = papr_vio_stdout_path(in->vio);
    if (path) {
        papr_dt_string(dt, "linux,stdout-path", path);
        papr_dt_string(dt, "stdout-path", path);
    }
}

static void chosen_at_boot(const PaprDtInput *in, PaprDt *dt)
{
    const char *args = in->machine->kernel_cmdline;
    uint8_t support[PAPR_CAS_SUPPORT_BYTES];

    if (args && *args) {
        papr_dt_string(dt, "bootargs", args);
    }
    chosen_boot(in, dt);
    chosen_console(in, dt);
    if (in->firmware) {
        papr_firmware_chosen(in->firmware, dt);
    }
    if (in->probe_only) {
        /* 0: Linux may change BARs */
        papr_dt_u32(dt, "linux,pci-probe-only", 0);
    }
    papr_cas_platform_support(&in->cas->config.offer, support);
    papr_dt_bytes(dt, "ibm,arch-vec-5-platform-support", support,
                  sizeof(support));
}

void papr_dt_chosen(const PaprDtInput *in, PaprDt *dt)
{
    uint8_t ov5[PAPR_OVEC_BYTES];
    size_t size = papr_ovec_encode(&in->cas->ov5, ov5);

    papr_dt_begin(dt, "chosen");
    if (in->whole) {
        chosen_at_boot(in, dt);
    }
    if (in->rng_seed) {
        papr_dt_bytes(dt, "rng-seed", in->rng_seed, PAPR_DT_RNG_SEED_BYTES);
    }
    papr_dt_bytes(dt, "ibm,architecture-vec-5", ov5, size);
    papr_dt_end(dt);
}
