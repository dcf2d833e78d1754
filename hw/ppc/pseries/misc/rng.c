/*
 * Random numbers for the guest: the "spapr-rng" device and H_RANDOM
 *
 * LoPAR section 14.15.1.  The user adds the device with a backend (rng=), or
 * has the host kernel answer (use-kvm=on).  A backend delivers in the main
 * loop, at some time after a request, so some bytes are buffered, and more are
 * requested when they run low.  Only a guest that is faster has to wait.
 *
 * Locking: BQL (big QEMU lock), which a vCPU that waits for the backend
 * releases.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/thread.h"
#include "hw/core/cpu.h"
#include "hw/pseries/kvm.h"
#include "hw/pseries/misc.h"
#include "hw/qdev-properties.h"
#include "system/cpus.h"
#include "system/rng.h"
#include "target/ppc/cpu.h"
#include "hw/ppc/pseries/trace.h"

/* Size of the buffer; more bytes are requested if it has less than ..._LOW */
#define BUFFER_MAX 64
#define BUFFER_LOW 32

/* How often a vCPU that waits checks whether it has to stop */
#define WAIT_MS 20

OBJECT_DECLARE_SIMPLE_TYPE(PaprRng, PAPR_RNG)

struct PaprRng {
    DeviceState parent_obj;

    RngBackend *backend;
    bool use_kvm;
    bool in_kernel;                     /* the host kernel answers H_RANDOM */

    uint8_t buffer[BUFFER_MAX];
    size_t have;                        /* bytes in @buffer */
    bool requested;                     /* the backend has yet to deliver */
    QemuCond arrived;
};

static void rng_receive(void *opaque, const void *data, size_t size)
{
    PaprRng *rng = opaque;

    size = MIN(size, BUFFER_MAX - rng->have);
    memcpy(rng->buffer + rng->have, data, size);
    rng->have += size;
    rng->requested = false;
    qemu_cond_broadcast(&rng->arrived);
}

static void rng_request(PaprRng *rng)
{
    if (!rng->requested && rng->have < BUFFER_LOW) {
        rng->requested = true;
        rng_backend_request_entropy(rng->backend, BUFFER_MAX - rng->have,
                                    rng_receive, rng);
    }
}

/*
 * When the main loop waits for vCPUs to stop it does not run the backend, so a
 * vCPU that has to stop must not wait for the backend.  Nor may a call by
 * qtest, which runs in the main loop.
 */
static bool must_not_wait(CPUState *cs)
{
    return cs->stop || !cpu_work_list_empty(cs) || !qemu_cpu_is_self(cs);
}

static int64_t h_random(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprRng *rng = opaque;
    uint64_t value;
    int64_t rc = H_SUCCESS;

    rng_request(rng);
    while (rng->have < sizeof(value) && rc == H_SUCCESS) {
        qemu_cond_timedwait_bql(&rng->arrived, WAIT_MS);
        rng_request(rng);
        if (rng->have < sizeof(value) && must_not_wait(CPU(cpu))) {
            rc = H_BUSY;
        }
    }
    trace_papr_random(rng->have, rc);
    if (rc == H_SUCCESS) {
        rng->have -= sizeof(value);
        memcpy(&value, rng->buffer + rng->have, sizeof(value));
        memset(rng->buffer + rng->have, 0, sizeof(value));
        args[0] = value;
    }
    return rc;
}

static const PaprHcall rng_hcalls[] = {
    { H_RANDOM, 0, 0, 1, h_random },
};

void papr_rng_attach(DeviceState *dev, PaprHcallTable *hcalls)
{
    PaprRng *rng = PAPR_RNG(dev);

    if (!rng->in_kernel) {
        papr_hcall_register(hcalls, rng_hcalls, ARRAY_SIZE(rng_hcalls), rng);
        rng_request(rng);
    }
}

/* LoPAR section B.5.18 */
void papr_rng_dt(DeviceState *dev, PaprDt *dt)
{
    if (!dev) {
        return;
    }
    papr_dt_begin(dt, "ibm,platform-facilities");
    papr_dt_string(dt, "device_type", "ibm,platform-facilities");
    papr_dt_u32(dt, "#address-cells", 1);
    papr_dt_u32(dt, "#size-cells", 0);
    papr_dt_begin(dt, "ibm,random-v1");
    papr_dt_string(dt, "compatible", "ibm,random");
    papr_dt_end(dt);
    papr_dt_end(dt);
}

static void rng_realize(DeviceState *dev, Error **errp)
{
    PaprRng *rng = PAPR_RNG(dev);
    bool ambiguous = false;

    object_resolve_path_type("", TYPE_PAPR_RNG, &ambiguous);
    if (ambiguous) {
        error_setg(errp, "spapr-rng can not be instantiated twice!");
        return;
    }
    rng->in_kernel = rng->use_kvm && papr_kvm_enable_hwrng() == 0;
    if (rng->in_kernel || rng->backend) {
        return;
    }
    if (rng->use_kvm) {
        error_setg(errp, "Could not initialize in-kernel H_RANDOM call!");
        error_append_hint(errp, "Add rng=ID of a -object rng-random or "
                          "rng-builtin to fall back on.\n");
    } else {
        error_setg(errp, "spapr-rng needs an RNG backend!");
        error_append_hint(errp, "Add -object rng-builtin,id=rng0 and rng=rng0, "
                          "or use-kvm=on.\n");
    }
}

static void rng_instance_init(Object *obj)
{
    qemu_cond_init(&PAPR_RNG(obj)->arrived);
}

static void rng_instance_finalize(Object *obj)
{
    qemu_cond_destroy(&PAPR_RNG(obj)->arrived);
}

static const Property rng_properties[] = {
    DEFINE_PROP_BOOL("use-kvm", PaprRng, use_kvm, false),
    DEFINE_PROP_LINK("rng", PaprRng, backend, TYPE_RNG_BACKEND, RngBackend *),
};

static void rng_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "random numbers for H_RANDOM";
    dc->realize = rng_realize;
    dc->hotpluggable = false;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, rng_properties);
    object_class_property_set_description(oc, "rng",
        "where the numbers come from: an object like rng-builtin");
}

static const TypeInfo rng_types[] = {
    {
        .name = TYPE_PAPR_RNG,
        .parent = TYPE_DEVICE,
        .class_init = rng_class_init,
        .instance_size = sizeof(PaprRng),
        .instance_init = rng_instance_init,
        .instance_finalize = rng_instance_finalize,
    },
};

DEFINE_TYPES(rng_types)
