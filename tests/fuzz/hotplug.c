/*
 * Fuzzing the pseries machine: plug and unplug of devices
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-qdev.h"
#include "hw/qdev-core.h"
#include "monitor/qdev.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qstring.h"
#include "fuzz.h"

typedef struct Device {
    const char *id;
    const char *options;                /* of device_add; a core if no driver */
} Device;

static const Device devices[] = {
    { "dimm0", "{ 'driver': 'pc-dimm', 'memdev': 'mem0' }" },
    { "dimm1", "{ 'driver': 'pc-dimm', 'memdev': 'mem1' }" },
    { "phb1", "{ 'driver': 'spapr-pci-host-bridge', 'index': 1 }" },
    { "rng3", "{ 'driver': 'virtio-rng-pci', 'bus': 'pci.0', 'addr': '3' }" },
    { "rng4", "{ 'driver': 'virtio-rng-pci', 'bus': 'pci.0', 'addr': '4' }" },
    { "edu5", "{ 'driver': 'edu', 'bus': 'pci.0', 'addr': '5' }" },
    { "br6", "{ 'driver': 'pci-bridge', 'chassis_nr': 6, 'bus': 'pci.0',"
             "  'addr': '6' }" },
    { "below", "{ 'driver': 'virtio-rng-pci', 'bus': 'br6', 'addr': '1' }" },
    { "beyond", "{ 'driver': 'virtio-rng-pci', 'bus': 'phb1.0',"
                "  'addr': '2' }" },
    { "disk1", "{ 'driver': 'scsi-hd', 'drive': 'd1', 'bus': 'vscsi.0',"
               "  'lun': 1 }" },
    { "fun7", "{ 'driver': 'virtio-rng-pci', 'bus': 'pci.0', 'addr': '7.1' }" },
    { "tpm", "{ 'driver': 'spapr-tpm-proxy', 'host-path': '/dev/null' }" },
    { "core4", "{ 'core-id': 4 }" },
    { "fun70", "{ 'driver': 'virtio-rng-pci', 'bus': 'pci.0', 'addr': '7.0',"
               "  'multifunction': 'on' }" },
};

static bool asked_back[ARRAY_SIZE(devices)];

/* "power9_v2.2-powerpc64-cpu" is the thread of "power9_v2.2-spapr-cpu-core" */
static QString *core_type(void)
{
    const char *type = current_machine->cpu_type;
    g_autofree char *core =
        g_strdup_printf("%.*s-spapr-cpu-core",
                        (int)(strchr(type, '-') - type), type);

    return qstring_from_str(core);
}

void fuzz_device_add(unsigned which)
{
    unsigned i = which % ARRAY_SIZE(devices);
    const Device *device = &devices[i];
    DeviceState *added;
    QDict *options = qobject_to(QDict, qobject_from_json(device->options,
                                                         &error_abort));

    qdict_put_str(options, "id", device->id);
    if (!qdict_haskey(options, "driver")) {
        qdict_put(options, "driver", core_type());
    }
    /* if this is refused, QMP's device_add would wait for RCU, each time */
    added = qdev_device_add_from_qdict(options, true, NULL);
    if (added) {
        asked_back[i] = false;
        object_unref(added);
    }
    qobject_unref(options);
    fuzz_adopt_vcpus();
}

void fuzz_device_del(unsigned which)
{
    unsigned i = which % ARRAY_SIZE(devices);

    asked_back[i] = true;
    qmp_device_del(devices[i].id, NULL);
}

void fuzz_device_of(const char *id, bool add)
{
    for (int i = 0; i < ARRAY_SIZE(devices); i++) {
        if (!strcmp(devices[i].id, id)) {
            (add ? fuzz_device_add : fuzz_device_del)(i);
        }
    }
}

/* Is there a device whose unplug was requested, and may still happen? */
bool fuzz_device_is_going(void)
{
    Object *peripheral = machine_get_container("peripheral");

    for (int i = 0; i < ARRAY_SIZE(devices); i++) {
        if (asked_back[i] &&
            object_resolve_path_component(peripheral, devices[i].id)) {
            return true;
        }
    }
    return false;
}

/* From the last: devices behind a bridge are removed before the bridge */
void fuzz_device_del_all(void)
{
    for (int i = ARRAY_SIZE(devices) - 1; i >= 0; i--) {
        fuzz_device_del(i);
    }
}
