/*
 * Every PCI device that QEMU has, on the pseries machine
 *
 * One test for each device: one is present at start; after a reset a second one
 * is plugged behind a bridge, and the unplug of both is requested; after the
 * next reset both are removed.  QEMU must survive this, and make a device tree
 * with the devices at each reset.  Other tests show that guests can use them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "libpapr.h"

/*
 * The number of the device takes the place of each #.  Option ROMs, which may
 * not be installed, are left out.
 */
typedef struct Needs {
    const char *type;                   /* shell pattern */
    const char *options;                /* of the command line */
    const char *properties;
} Needs;

static const Needs needs[] = {
    { "AC97", "-audiodev none,id=a#", ",audiodev=a#" },
    { "ES1370", "-audiodev none,id=a#", ",audiodev=a#" },
    { "acpi-erst", "-object memory-backend-ram,id=m#,size=1M,share=on",
      ",memdev=m#" },
    { "ctucan_pci", "-object can-bus,id=c#", ",canbus0=c#,canbus1=c#" },
    { "ivshmem-plain", "-object memory-backend-ram,id=m#,size=1M,share=on",
      ",memdev=m#" },
    { "kvaser_pci", "-object can-bus,id=c#", ",canbus=c#" },
    { "mioe3680_pci", "-object can-bus,id=c#", ",canbus0=c#,canbus1=c#" },
    { "nvme", "", ",serial=#" },
    { "pci-bridge*", "", ",chassis_nr=#" },
    { "pcm3680_pci", "-object can-bus,id=c#", ",canbus0=c#,canbus1=c#" },
    { "virtio-9p-pci*", "-fsdev local,id=f#,path=.,security_model=none",
      ",fsdev=f#,mount_tag=t#" },
    { "virtio-blk-pci*", "-blockdev null-co,node-name=n#", ",drive=n#" },
    { "virtio-crypto-pci", "-object cryptodev-backend-builtin,id=c#",
      ",cryptodev=c#" },
    { "virtio-sound-pci", "-audiodev none,id=a#", ",audiodev=a#" },
};

typedef struct Omitted {
    const char *type;                   /* shell pattern */
    const char *reason;
} Omitted;

static const Omitted omitted[] = {
    { "i8255*", "leaves its reset handler behind when it is unplugged" },
    { "i82562", "leaves its reset handler behind when it is unplugged" },
    { "i82801", "leaves its reset handler behind when it is unplugged" },
    { "i82801b11-bridge", "has no chassis_nr" },
    { "ioh3420", "has no chassis_nr" },
    { "ivshmem-doorbell", "needs a server" },
    { "pcie-pci-bridge", "has no chassis_nr" },
    { "pcie-root-port", "has no chassis_nr" },
    { "pnv-phb-root-port", "has no chassis_nr" },
    { "rocker", "fails an assertion of its own when it is unplugged" },
    { "vfio-pci*", "needs a device of the host" },
    { "vhost-scsi-pci*", "needs a target of the host" },
    { "vhost-user-*", "needs a process that is the device" },
    { "vhost-vdpa-device-pci*", "needs a device of the host" },
    { "vhost-vsock-pci*", "needs vhost of the host" },
    { "virtio-input-host-pci", "needs an input device of the host" },
    { "virtio-mem-pci", "needs room for memory: see virtio-mem-test" },
    { "x3130-upstream", "has no chassis_nr" },
    { "xio3130-downstream", "has no chassis_nr" },
};

static const Omitted *find_omitted(const char *type)
{
    for (int i = 0; i < ARRAY_SIZE(omitted); i++) {
        if (g_pattern_match_simple(omitted[i].type, type)) {
            return &omitted[i];
        }
    }
    return NULL;
}

static const Needs *find_needs(const char *type)
{
    static const Needs nothing = { "", "", "" };

    for (int i = 0; i < ARRAY_SIZE(needs); i++) {
        if (g_pattern_match_simple(needs[i].type, type)) {
            return &needs[i];
        }
    }
    return &nothing;
}

static char *numbered(const char *text, const char *number)
{
    g_auto(GStrv) parts = g_strsplit(text, "#", -1);

    return g_strjoinv(number, parts);
}

static void reset(QTestState *qts)
{
    qobject_unref(qtest_qmp(qts, "{'execute': 'system_reset'}"));
    qtest_qmp_eventwait(qts, "RESET");
}

static bool is_there(QTestState *qts, const char *id)
{
    QDict *reply = qtest_qmp(qts, "{'execute': 'qom-list', 'arguments': "
                                  "{'path': '/machine/peripheral'}}");
    QListEntry *entry;
    bool found = false;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(reply, "return"), entry) {
        QDict *child = qobject_to(QDict, qlist_entry_obj(entry));

        found |= !strcmp(qdict_get_str(child, "name"), id);
    }
    qobject_unref(reply);
    return found;
}

/* Did HMP accept the command?  If not, it must print an error */
static bool accepted(QTestState *qts, const char *format, const char *argument)
{
    g_autofree char *command = g_strdup_printf(format, argument);
    g_autofree char *answer = qtest_hmp(qts, "%s", command);

    if (!*answer) {
        return true;
    }
    g_assert_true(g_str_has_prefix(answer, "Error: "));
    return false;
}

static void test_device(const void *data)
{
    const char *type = data;
    const Omitted *why_not = find_omitted(type);
    const Needs *need = find_needs(type);
    g_autofree char *options0 = numbered(need->options, "1");
    g_autofree char *options1 = numbered(need->options, "2");
    g_autofree char *properties0 = numbered(need->properties, "1");
    g_autofree char *properties1 = numbered(need->properties, "2");
    g_autofree char *second = g_strdup_printf("%s,id=second,bus=br,romfile=%s",
                                              type, properties1);
    const char *const ids[] = { "first", "second" };
    bool goes[2], there;
    QTestState *qts;

    if (why_not) {
        g_test_skip(why_not->reason);
        return;
    }
    qts = papr_start("%s %s -device pci-bridge,id=br,chassis_nr=9 "
                     "-device %s,id=first,romfile=%s", options0, options1, type,
                     properties0);
    reset(qts);
    there = accepted(qts, "device_add %s", second);
    g_assert_cmpint(is_there(qts, "second"), ==, there);
    for (int i = 0; i < 2; i++) {
        goes[i] = is_there(qts, ids[i]) && accepted(qts, "device_del %s",
                                                    ids[i]);
    }
    reset(qts);
    for (int i = 0; i < 2; i++) {
        if (goes[i]) {
            g_assert_false(is_there(qts, ids[i]));
        }
    }
    reset(qts);
    qtest_quit(qts);
}

/* The devices that "device_add help" lists with a PCI bus */
static void add_tests(void)
{
    QTestState *qts = papr_start("%s", "");
    g_autofree char *help = qtest_hmp(qts, "device_add help");
    g_auto(GStrv) lines = g_strsplit(help, "\n", -1);

    qtest_quit(qts);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, "\"", 3);

        if (g_strv_length(words) == 3 && strstr(words[2], "bus PCI")) {
            g_autofree char *path = g_strdup_printf("/pseries/pci-sweep/%s",
                                                    words[1]);

            qtest_add_data_func_full(path, g_strdup(words[1]), test_device,
                                     g_free);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_tests();
    return g_test_run();
}
