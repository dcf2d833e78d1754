/*
 * PCI devices for tests that plug and unplug them; the test acts as the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libfunctions.h"

void slot_event_is(QTestState *qts, uint8_t action, uint32_t index)
{
    dr_event_is(qts, index >> 28 == 2 ? DR_PHB : DR_PCI, action, DR_BY_INDEX,
                index);
}

void cell_is(GHashTable *found, const char *path, uint32_t expected)
{
    size_t n;
    const uint32_t *data = dr_cells(found, path, &n);

    g_assert_cmpuint(n, ==, 1);
    g_assert_cmphex(be32_to_cpu(*data), ==, expected);
}

void take_device(QTestState *qts, uint32_t index, const char *node)
{
    g_autofree char *drc = g_strdup_printf("%s/ibm,my-drc-index", node);
    g_autofree char *reg = g_strdup_printf("%s/reg", node);
    g_autoptr(GHashTable) found = NULL;
    size_t n;

    dr_sense_is(qts, index, DR_PRESENT);
    g_assert_cmpint(dr_unisolate(qts, index), ==, RTAS_SUCCESS);
    dr_start_walk(qts, index);
    found = dr_walk(qts);
    cell_is(found, drc, index);
    /* the connector's index has the slot and function of "reg" */
    g_assert_cmphex(be32_to_cpu(*dr_cells(found, reg, &n)) >> 8 & 0xff, ==,
                    index & 0xff);
}

uint32_t vendor_id(QTestState *qts, unsigned phb, unsigned slot,
                   unsigned func)
{
    uint32_t rets[2] = { 0, UINT32_MAX };

    papr_rtas(qts, "ibm,read-pci-config", 2, rets, slot << 11 | func << 8,
              BUID_HIGH, BUID_LOW(phb), 2);
    return rets[1] & 0xffff;
}

void both_deleted(QTestState *qts, const char *id, const char *other)
{
    while (id || other) {
        QDict *event = qtest_qmp_eventwait_ref(qts, "DEVICE_DELETED");
        const char *device = qdict_get_try_str(qdict_get_qdict(event, "data"),
                                               "device");

        if (id && !g_strcmp0(device, id)) {
            id = NULL;
        } else if (other && !g_strcmp0(device, other)) {
            other = NULL;
        }
        qobject_unref(event);
    }
}

bool exists(QTestState *qts, const char *id)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);
    QDict *answer = qtest_qmp(qts, "{ 'execute': 'qom-list', 'arguments': "
                              "{ 'path': %s } }", path);
    bool there = qdict_haskey(answer, "return");

    qobject_unref(answer);
    return there;
}
