/*
 * A guest's part in dynamic reconfiguration, for qtests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "libdr.h"

#include <libfdt.h>

#define LOG_HOTPLUG 229
/* The hotplug section's body: behind fixed part, header, Main-A and Main-B */
#define LOG_SECTION (DR_LOG + 8 + 16 + 48 + 24 + 8)

void *dr_cas(QTestState *qts)
{
    /* two PVRs: any POWER9, POWER9 compatibility mode; five option vectors */
    static const uint8_t vectors[] = {
        0xff, 0xff, 0x00, 0x00, 0x00, 0x4e, 0x00, 0x00,
        0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00, 0x05,
        0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
        4,
        2, 0, 0xff, 0xc0,
        0, 0,
        0, 0,
        0, 0,
        25, 0, 0x20, 0, 0, 0xa0, 0x05, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0x80, 0x40, 0x40, 0, 0x40,
    };
    uint32_t size;
    void *fdt;

    qtest_memwrite(qts, DR_AREA, vectors, sizeof(vectors));
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, DR_AREA, DR_CAS_REPLY,
                               DR_CAS_REPLY_BYTES), ==, H_SUCCESS);
    size = papr_ld32(qts, DR_CAS_REPLY + 8);
    g_assert_cmpuint(size, <, DR_CAS_REPLY_BYTES);
    fdt = g_malloc(size);
    qtest_memread(qts, DR_CAS_REPLY + 4, fdt, size);
    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    return fdt;
}

static int32_t set_indicator(QTestState *qts, uint32_t type, uint32_t drc,
                             uint32_t value)
{
    return papr_rtas(qts, "set-indicator", 1, NULL, type, drc, value);
}

int32_t dr_isolate(QTestState *qts, uint32_t drc)
{
    return set_indicator(qts, DR_ISOLATION, drc, 0);
}

int32_t dr_unisolate(QTestState *qts, uint32_t drc)
{
    return set_indicator(qts, DR_ISOLATION, drc, 1);
}

int32_t dr_allocate(QTestState *qts, uint32_t drc, bool usable)
{
    return set_indicator(qts, DR_ALLOCATION, drc, usable);
}

void dr_sense_is(QTestState *qts, uint32_t drc, uint32_t expected)
{
    uint32_t rets[2];

    g_assert_cmpint(papr_rtas(qts, "get-sensor-state", 2, rets,
                              DR_ENTITY_SENSE, drc), ==, RTAS_SUCCESS);
    g_assert_cmpuint(rets[1], ==, expected);
}

int32_t dr_fetch_event(QTestState *qts)
{
    return papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0, UINT32_MAX, 0,
                     DR_LOG, DR_LOG_BYTES);
}

void dr_no_event(QTestState *qts)
{
    g_assert_cmpint(dr_fetch_event(qts), ==, RTAS_NO_ERRORS_FOUND);
}

void dr_event_is(QTestState *qts, uint8_t resource, uint8_t action, uint8_t by,
                 uint32_t first)
{
    g_assert_cmpint(dr_fetch_event(qts), ==, RTAS_SUCCESS);
    g_assert_cmphex(papr_ld32(qts, DR_LOG) & 0xff, ==, LOG_HOTPLUG);
    g_assert_cmphex(papr_ld32(qts, LOG_SECTION), ==,
                    resource << 24 | action << 16 | by << 8);
    g_assert_cmphex(papr_ld32(qts, LOG_SECTION + 4), ==, first);
}

uint32_t dr_event_index(QTestState *qts)
{
    return papr_ld32(qts, LOG_SECTION + 8);
}

void dr_start_walk(QTestState *qts, uint32_t drc)
{
    papr_st32(qts, DR_AREA, drc);
    papr_st32(qts, DR_AREA + 4, 0);
}

int32_t dr_configure(QTestState *qts)
{
    return papr_rtas(qts, "ibm,configure-connector", 1, NULL, DR_AREA, 0);
}

char *dr_area_string(QTestState *qts, unsigned cell)
{
    uint32_t at = papr_ld32(qts, DR_AREA + cell * 4);
    char text[64] = "";

    g_assert_cmpuint(at, <, DR_AREA_BYTES - sizeof(text));
    qtest_memread(qts, DR_AREA + at, text, sizeof(text) - 1);
    return g_strdup(text);
}

char *dr_area_name(QTestState *qts)
{
    return dr_area_string(qts, 2);
}

GBytes *dr_area_value(QTestState *qts)
{
    uint32_t len = papr_ld32(qts, DR_AREA + 12);
    uint32_t at = papr_ld32(qts, DR_AREA + 16);
    uint8_t *value;

    g_assert_cmpuint(at, <=, DR_AREA_BYTES);
    g_assert_cmpuint(len, <=, DR_AREA_BYTES - at);
    value = g_malloc(len);
    qtest_memread(qts, DR_AREA + at, value, len);
    return g_bytes_new_take(value, len);
}

GHashTable *dr_walk(QTestState *qts)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)g_bytes_unref);
    g_autofree char *path = g_strdup("");
    int32_t status;

    while ((status = dr_configure(qts)) > DR_COMPLETE) {
        g_autofree char *name = NULL;
        char *full, *end;

        switch (status) {
        case DR_CHILD:
            name = dr_area_name(qts);
            full = g_strconcat(path, *path ? "/" : "", name, NULL);
            g_free(path);
            path = full;
            g_hash_table_insert(found, g_strdup(path), g_bytes_new(NULL, 0));
            break;
        case DR_PROPERTY:
            name = dr_area_name(qts);
            g_hash_table_insert(found, g_strdup_printf("%s/%s", path, name),
                                dr_area_value(qts));
            break;
        case DR_PARENT:
            end = strrchr(path, '/');
            g_assert_nonnull(end);
            *end = '\0';
            break;
        default:
            g_assert_not_reached();
        }
    }
    g_assert_cmpint(status, ==, DR_COMPLETE);
    return found;
}

const uint32_t *dr_cells(GHashTable *found, const char *path, size_t *n)
{
    GBytes *value = g_hash_table_lookup(found, path);
    const uint32_t *data;

    if (!value) {
        g_test_message("%s is missing", path);
        g_assert_nonnull(value);
    }
    data = g_bytes_get_data(value, n);
    *n /= sizeof(*data);
    return data;
}

uint32_t dr_cell(GHashTable *found, const char *path, unsigned at)
{
    size_t n;
    const uint32_t *data = dr_cells(found, path, &n);

    g_assert_cmpuint(n, >, at);
    return be32_to_cpu(data[at]);
}

void qmp_fails(QDict *answer, const char *text)
{
    const char *desc;

    if (!qdict_haskey(answer, "error")) {
        g_test_message("no error about \"%s\"", text);
        g_assert_not_reached();
    }
    desc = qdict_get_str(qdict_get_qdict(answer, "error"), "desc");
    if (!strstr(desc, text)) {
        g_test_message("\"%s\" is not about \"%s\"", desc, text);
        g_assert_not_reached();
    }
    qobject_unref(answer);
}

/* The id of the device that the next event @name is about; NULL without one */
static char *next_event(QTestState *qts, const char *name)
{
    QDict *event = qtest_qmp_eventwait_ref(qts, name);
    char *id = g_strdup(qdict_get_try_str(qdict_get_qdict(event, "data"),
                                          "device"));

    qobject_unref(event);
    return id;
}

void qmp_event_of(QTestState *qts, const char *name, const char *id)
{
    g_autofree char *device = NULL;

    /* events without an id are about child objects of a device */
    while (!device) {
        device = next_event(qts, name);
    }
    g_assert_cmpstr(device, ==, id);
}

void device_del(QTestState *qts, const char *id)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_del', 'arguments': "
                             "{ 'id': %s } }", id);
}

void device_del_fails(QTestState *qts, const char *id, const char *text)
{
    qmp_fails(qtest_qmp(qts, "{ 'execute': 'device_del', 'arguments': "
                        "{ 'id': %s } }", id), text);
}

void device_deleted(QTestState *qts, const char *id)
{
    bool found = false;

    while (!found) {
        g_autofree char *device = next_event(qts, "DEVICE_DELETED");

        found = !g_strcmp0(device, id);
    }
}
