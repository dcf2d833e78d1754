/*
 * pSeries platform: virtual terminals (vty), the guest's hvc consoles
 *
 * LoPAR section 17.5.2: H_PUT_TERM_CHAR and H_GET_TERM_CHAR move up to 16
 * characters at a time.  Output that the character device cannot take yet
 * waits in a queue.  If a call's characters don't fit, it takes none, returns
 * H_BUSY, and the guest repeats it: no character is lost or doubled, and no
 * vCPU waits for a slow reader.  Queued output is part of the stream, so
 * neither side prints it during a migration.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "chardev/char-fe.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/fifo8.h"
#include "qemu/log.h"
#include "system/runstate.h"
#include "hw/ppc/pseries/trace.h"
#include "device.h"

#define TYPE_PAPR_VTY "spapr-vty"
OBJECT_DECLARE_SIMPLE_TYPE(PaprVty, PAPR_VTY)

/* Characters of one call, and of the input ring: part of the stream */
#define VTY_CHARS 16
#define VTY_OUTPUT_BYTES (64 * 1024)

struct PaprVty {
    PaprVioDevice vio;

    CharBackend chardev;
    uint32_t in, out;                   /* free running; ring index modulo 16 */
    uint8_t buf[VTY_CHARS];
    Fifo8 output;
    guint output_watch;                 /* waits for the device to take more */
    VMChangeStateEntry *vm_change;
};

/* 0 during incoming migration: the stream's ring will replace this one */
static int can_receive(void *opaque)
{
    PaprVty *vty = opaque;

    if (runstate_check(RUN_STATE_INMIGRATE)) {
        return 0;
    }
    return VTY_CHARS - (vty->in - vty->out);
}

static void vty_receive(void *opaque, const uint8_t *buf, int size)
{
    PaprVty *vty = opaque;
    bool was_empty = vty->in == vty->out;

    for (int i = 0; i < size && can_receive(vty); i++) {
        vty->buf[vty->in++ % VTY_CHARS] = buf[i];
    }
    if (was_empty && size) {
        papr_vio_signal(&vty->vio);
    }
}

static bool is_full(const PaprVty *vty)
{
    return vty->in - vty->out == VTY_CHARS;
}

/*
 * Guests drop a NUL that follows a carriage return, because an old hypervisor
 * inserted one; so a batch never ends up with that pair inside.
 */
static unsigned take_some(PaprVty *vty, uint8_t *chars)
{
    unsigned n = 0;

    while (n < VTY_CHARS && vty->in != vty->out) {
        uint8_t next = vty->buf[vty->out % VTY_CHARS];

        if (n && chars[n - 1] == '\r' && next == '\0') {
            break;
        }
        chars[n++] = next;
        vty->out++;
    }
    return n;
}

/*
 * qemu_chr_fe_accept_input() wakes up the main loop, and guests poll: so it is
 * called only if the ring was full, when the device may have held back input.
 */
static unsigned take_input(PaprVty *vty, uint8_t *chars)
{
    bool was_full = is_full(vty);
    unsigned n = take_some(vty, chars);

    if (was_full) {
        qemu_chr_fe_accept_input(&vty->chardev);
    }
    return n;
}

static void flush_output(PaprVty *vty);

static gboolean output_possible(void *do_not_use, GIOCondition cond,
                                void *opaque)
{
    PaprVty *vty = opaque;

    vty->output_watch = 0;
    flush_output(vty);
    return G_SOURCE_REMOVE;
}

/* Output is in an outgoing stream, or from an incoming one that may fail */
static bool changes_hands(void)
{
    return runstate_check(RUN_STATE_FINISH_MIGRATE) ||
           runstate_check(RUN_STATE_POSTMIGRATE) ||
           runstate_check(RUN_STATE_INMIGRATE);
}

/* Write what the device takes; add a watch for the rest */
static void flush_output(PaprVty *vty)
{
    while (!fifo8_is_empty(&vty->output) && !vty->output_watch &&
           !changes_hands()) {
        uint32_t len;
        const uint8_t *data = fifo8_peek_bufptr(&vty->output,
                                                fifo8_num_used(&vty->output),
                                                &len);
        int done = qemu_chr_fe_write(&vty->chardev, data, len);
        bool full = done == 0 || errno == EAGAIN;

        if (done > 0) {
            fifo8_drop(&vty->output, done);
            continue;
        }
        if (full) {
            vty->output_watch = qemu_chr_fe_add_watch(&vty->chardev,
                                                      G_IO_OUT | G_IO_HUP,
                                                      output_possible, vty);
        }
        if (!vty->output_watch) {
            /* not connected, broken, or without a watch: output is dropped */
            fifo8_reset(&vty->output);
        }
    }
}

/*
 * After the reader has disconnected, a watch of its connection would wait for
 * ever.  May be called from inside a write, so nothing is written here.
 */
static void chardev_event(void *opaque, QEMUChrEvent event)
{
    PaprVty *vty = opaque;

    if (event == CHR_EVENT_CLOSED) {
        g_clear_handle_id(&vty->output_watch, g_source_remove);
        fifo8_reset(&vty->output);
    }
    if (event == CHR_EVENT_MUX_IN) {
        /* the device may have held back input while the ring was full */
        qemu_chr_fe_accept_input(&vty->chardev);
    }
}

/* The device holds back input while can_receive() is 0 (incoming migration) */
static void vm_changed(void *opaque, bool running, RunState state)
{
    PaprVty *vty = opaque;

    if (running) {
        flush_output(vty);
        qemu_chr_fe_accept_input(&vty->chardev);
    }
}

/* All of @chars or, if they don't fit, none */
static bool put_output(PaprVty *vty, const uint8_t *chars, uint32_t n)
{
    if (fifo8_num_free(&vty->output) < n) {
        flush_output(vty);
        if (fifo8_num_free(&vty->output) < n) {
            return false;
        }
    }
    fifo8_push_all(&vty->output, chars, n);
    flush_output(vty);
    return true;
}

static void vty_realize(PaprVioDevice *vio, Error **errp);

/* @dev if a terminal, else NULL.  QOM's cast would slow down each call */
static PaprVty *vty_of(PaprVioDevice *dev)
{
    return dev && papr_vio_class(dev)->realize == vty_realize
        ? container_of(dev, PaprVty, vio) : NULL;
}

/* The terminal with the lowest unit address is the console */
static PaprVty *console_of(PaprVioBus *bus)
{
    PaprVty *console = NULL;
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(bus)->children, sibling) {
        PaprVty *vty = vty_of((PaprVioDevice *)kid->child);

        if (vty && (!console || vty->vio.reg < console->vio.reg)) {
            console = vty;
        }
    }
    return console;
}

/* Unit address 0, which kernels use for early output, is the console */
static PaprVty *find_vty(PaprVioBus *bus, uint64_t reg)
{
    PaprVioDevice *dev = papr_vio_find(bus, reg);

    if (!dev && reg == 0) {
        return console_of(bus);
    }
    return vty_of(dev);
}

/* H_PUT_TERM_CHAR: r4 unit address, r5 count, r6 and r7 characters */
static int64_t h_put_term_char(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVty *vty = find_vty(opaque, args[0]);
    uint64_t len = args[1];
    uint8_t chars[VTY_CHARS];

    if (!vty || len > VTY_CHARS) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_PUT_TERM_CHAR: unit 0x%" PRIx64
                      ", %" PRIu64 " characters\n", args[0], len);
        return H_PARAMETER;
    }
    stq_be_p(chars, args[2]);
    stq_be_p(chars + 8, args[3]);
    return put_output(vty, chars, len) ? H_SUCCESS : H_BUSY;
}

/* H_GET_TERM_CHAR: r4 unit address; out: r4 count, r5 and r6 characters */
static int64_t h_get_term_char(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVty *vty = find_vty(opaque, args[0]);
    uint8_t chars[VTY_CHARS] = {};

    if (!vty) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_GET_TERM_CHAR: unit 0x%" PRIx64 "\n",
                      args[0]);
        return H_PARAMETER;
    }
    args[0] = take_input(vty, chars);
    args[1] = ldq_be_p(chars);
    args[2] = ldq_be_p(chars + 8);
    return H_SUCCESS;
}

static const PaprHcall vty_hcalls[] = {
    { H_GET_TERM_CHAR, 0, 1, 3, h_get_term_char },
    { H_PUT_TERM_CHAR, 0, 4, 0, h_put_term_char },
};

void papr_vty_init(PaprVioBus *bus)
{
    papr_hcall_register(bus->hcalls, vty_hcalls, ARRAY_SIZE(vty_hcalls), bus);
}

void papr_vio_add_vty(PaprVioBus *bus, Chardev *chardev)
{
    DeviceState *dev = qdev_new(TYPE_PAPR_VTY);

    qdev_prop_set_chr(dev, "chardev", chardev);
    qdev_realize_and_unref(dev, BUS(bus), &error_fatal);
}

char *papr_vio_stdout_path(PaprVioBus *bus)
{
    PaprVty *console = console_of(bus);

    return console ? g_strdup_printf("/vdevice/vty@%x", console->vio.reg)
                   : NULL;
}

size_t papr_vio_console_write(PaprVioBus *bus, const uint8_t *chars, size_t n)
{
    PaprVty *console = console_of(bus);

    n = MIN(n, VTY_OUTPUT_BYTES);
    return console && put_output(console, chars, n) ? n : 0;
}

size_t papr_vio_console_read(PaprVioBus *bus, uint8_t *chars, size_t n)
{
    PaprVty *console = console_of(bus);
    uint8_t batch[VTY_CHARS];
    size_t got;

    if (!console || n < VTY_CHARS) {
        return 0;
    }
    got = take_input(console, batch);
    memcpy(chars, batch, got);
    return got;
}

static void vty_realize(PaprVioDevice *vio, Error **errp)
{
    PaprVty *vty = PAPR_VTY(vio);

    if (!qemu_chr_fe_backend_connected(&vty->chardev)) {
        error_setg(errp, "chardev property not set: use -device spapr-vty,"
                   "chardev=ID with -chardev ...,id=ID");
        return;
    }
    fifo8_create(&vty->output, VTY_OUTPUT_BYTES);
    qemu_chr_fe_set_handlers(&vty->chardev, can_receive, vty_receive,
                             chardev_event, NULL, vty, NULL, true);
    vty->vm_change = qemu_add_vm_change_state_handler(vm_changed, vty);
}

static void vty_unrealize(PaprVioDevice *vio)
{
    PaprVty *vty = PAPR_VTY(vio);

    qemu_del_vm_change_state_handler(vty->vm_change);
    g_clear_handle_id(&vty->output_watch, g_source_remove);
    qemu_chr_fe_deinit(&vty->chardev, false);
    fifo8_destroy(&vty->output);
}

static bool output_waits(void *opaque)
{
    return !fifo8_is_empty(&((PaprVty *)opaque)->output);
}

static int output_post_load(void *opaque, int version_id)
{
    PaprVty *vty = opaque;

    if (vty->output.head >= vty->output.capacity ||
        vty->output.num > vty->output.capacity) {
        return -EINVAL;
    }
    return 0;                           /* printed once the machine runs */
}

static const VMStateDescription vmstate_output = {
    .name = "spapr_vty/output",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = output_waits,
    .post_load = output_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_FIFO8(output, PaprVty),
        VMSTATE_END_OF_LIST()
    },
};

/* A stream has no subsection if no output waited */
static int vty_pre_load(void *opaque)
{
    fifo8_reset(&((PaprVty *)opaque)->output);
    return 0;
}

static int vty_post_load(void *opaque, int version_id)
{
    PaprVty *vty = opaque;

    return vty->in - vty->out > VTY_CHARS ? -EINVAL : 0;
}

static const VMStateDescription vmstate_vty = {
    .name = "spapr_vty",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = vty_pre_load,
    .post_load = vty_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PAPR_VIO(vio, PaprVty),
        VMSTATE_UINT32(in, PaprVty),
        VMSTATE_UINT32(out, PaprVty),
        VMSTATE_BUFFER(buf, PaprVty),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_output,
        NULL
    },
};

static const Property vty_properties[] = {
    PAPR_VIO_PROPERTIES(PaprVty, vio),
    DEFINE_PROP_CHR("chardev", PaprVty, chardev),
};

static void vty_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PaprVioDeviceClass *vdc = PAPR_VIO_DEVICE_CLASS(oc);

    vdc->realize = vty_realize;
    vdc->unrealize = vty_unrealize;
    vdc->dt_name = "vty";
    vdc->dt_type = "serial";
    vdc->dt_compatible = "hvterm1";
    vdc->signal_mask = 1;
    dc->vmsd = &vmstate_vty;
    set_bit(DEVICE_CATEGORY_INPUT, dc->categories);
    device_class_set_props(dc, vty_properties);
}

static const TypeInfo vty_type = {
    .name = TYPE_PAPR_VTY,
    .parent = TYPE_PAPR_VIO_DEVICE,
    .instance_size = sizeof(PaprVty),
    .class_init = vty_class_init,
};

static void register_types(void)
{
    type_register_static(&vty_type);
}

type_init(register_types)
