/*
 * CPU cores for tests that plug and unplug them; the test acts as the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libcores.h"

QTestState *start_cores(const char *more)
{
    return papr_start("-cpu POWER9 -smp 4,maxcpus=8,cores=4,threads=2 %s",
                      more);
}

void core_event_is(QTestState *qts, uint8_t action, uint32_t id)
{
    dr_event_is(qts, DR_CPU, action, DR_BY_INDEX, CPU_DRC(id));
}

uint32_t core_cell(GHashTable *found, uint32_t id, const char *name,
                   unsigned at)
{
    g_autofree char *path = g_strdup_printf("PowerPC,POWER9@%x/%s", id, name);

    return dr_cell(found, path, at);
}

GHashTable *take_core(QTestState *qts, uint32_t id)
{
    GHashTable *found;

    g_assert_cmpint(dr_allocate(qts, CPU_DRC(id), true), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(id)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, CPU_DRC(id));
    found = dr_walk(qts);
    g_assert_cmphex(core_cell(found, id, "reg", 0), ==, id);
    g_assert_cmphex(core_cell(found, id, "ibm,my-drc-index", 0), ==,
                    CPU_DRC(id));
    dr_sense_is(qts, CPU_DRC(id), DR_PRESENT);
    return found;
}

void release_core(QTestState *qts, uint32_t id)
{
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(id)), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(id), false), ==, RTAS_SUCCESS);
    dr_sense_is(qts, CPU_DRC(id), DR_UNUSABLE);
}

int32_t start_cpu(QTestState *qts, uint32_t id)
{
    return papr_rtas(qts, "start-cpu", 1, NULL, id, 0x100, 0x1230 + id);
}

int stopped_state(QTestState *qts, uint32_t id)
{
    uint32_t rets[2];

    if (papr_rtas(qts, "query-cpu-stopped-state", 2, rets, id) !=
        RTAS_SUCCESS) {
        return -1;
    }
    return rets[1];
}

uint32_t stop_token(QTestState *qts)
{
    g_autofree void *fdt = papr_tree(qts);
    const uint32_t *token = fdt_getprop(fdt, papr_tree_node(fdt, "/rtas"),
                                        "stop-self", NULL);

    g_assert_nonnull(token);
    return be32_to_cpu(*token);
}

void call_by(QTestState *qts, unsigned cpu, uint32_t token)
{
    papr_st32(qts, CALL_BLOCK, token);
    papr_st32(qts, CALL_BLOCK + 4, 0);
    papr_st32(qts, CALL_BLOCK + 8, 1);
    g_assert_cmpint(papr_hcall(qts, cpu, H_RTAS, CALL_BLOCK), ==, H_SUCCESS);
}

void stop_self(QTestState *qts, unsigned cpu)
{
    call_by(qts, cpu, stop_token(qts));
}

void add_core(QTestState *qts, const char *id, int core_id)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', 'arguments': "
                             "{ 'driver': '" CORE "', 'id': %s, "
                             "'core-id': %d } }", id, core_id);
}

char *core_path(QTestState *qts, int core_id)
{
    g_autoptr(QDict) slots = qtest_qmp(qts, "{ 'execute':"
                                            " 'query-hotpluggable-cpus' }");
    const QListEntry *entry;
    char *path = NULL;
    unsigned n = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(slots, "return"), entry) {
        const QDict *slot = qobject_to(QDict, qlist_entry_obj(entry));

        if (qdict_get_int(qdict_get_qdict(slot, "props"), "core-id") ==
            core_id) {
            g_assert_cmpstr(qdict_get_str(slot, "type"), ==, CORE);
            g_assert_cmpint(qdict_get_int(slot, "vcpus-count"), ==, 2);
            path = g_strdup(qdict_get_try_str(slot, "qom-path"));
            n++;
        }
    }
    g_assert_cmpuint(n, ==, 1);
    return path;
}

void slot_is(QTestState *qts, int core_id, const char *expected)
{
    g_autofree char *path = core_path(qts, core_id);

    g_assert_cmpstr(path, ==, expected);
}

size_t count_vcpus(QTestState *qts)
{
    g_autoptr(QDict) answer = qtest_qmp(qts, "{ 'execute':"
                                             " 'query-cpus-fast' }");

    return qlist_size(qdict_get_qlist(answer, "return"));
}
