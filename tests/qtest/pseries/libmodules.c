/*
 * Memory modules for tests that plug and unplug them, acting as the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libmodules.h"

void block_event_is(QTestState *qts, uint8_t action, unsigned block,
                    uint32_t count)
{
    dr_event_is(qts, DR_MEMORY, action, DR_BY_COUNT_INDEX, count);
    g_assert_cmphex(dr_event_index(qts), ==, DRC(block));
}

void walk_block(QTestState *qts, unsigned block, uint32_t node)
{
    uint64_t addr = AREA_START + block * LMB;
    g_autofree char *reg = g_strdup_printf("memory@%" PRIx64 "/reg", addr);
    g_autofree char *associativity = g_strdup_printf(
        "memory@%" PRIx64 "/ibm,associativity", addr);
    g_autoptr(GHashTable) found = NULL;
    const uint32_t *cells;
    size_t n;

    dr_start_walk(qts, DRC(block));
    found = dr_walk(qts);
    cells = dr_cells(found, reg, &n);
    g_assert_cmpuint(n, ==, 4);
    g_assert_cmphex(ldq_be_p(cells), ==, addr);
    g_assert_cmphex(ldq_be_p(cells + 2), ==, LMB);
    cells = dr_cells(found, associativity, &n);
    g_assert_cmphex(be32_to_cpu(cells[n - 1]), ==, node);
}

void take_block(QTestState *qts, unsigned block)
{
    g_assert_cmpint(dr_allocate(qts, DRC(block), true), ==, RTAS_SUCCESS);
    dr_sense_is(qts, DRC(block), DR_PRESENT);
    g_assert_cmpint(dr_unisolate(qts, DRC(block)), ==, RTAS_SUCCESS);
    walk_block(qts, block, 0);
}

void take_blocks(QTestState *qts, unsigned block, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        take_block(qts, block + i);
    }
}

void release_block(QTestState *qts, unsigned block)
{
    g_assert_cmpint(dr_isolate(qts, DRC(block)), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, DRC(block), false), ==, RTAS_SUCCESS);
    dr_sense_is(qts, DRC(block), DR_UNUSABLE);
}

void no_request_for(QTestState *qts, unsigned block)
{
    release_block(qts, block);
    take_block(qts, block);
}

void add_backend(QTestState *qts, const char *id, uint64_t size)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'object-add', 'arguments': "
                             "{ 'qom-type': 'memory-backend-ram', 'id': %s, "
                             "'size': %" PRIu64 ", 'reserve': false } }",
                             id, size);
}

void modules_are(QTestState *qts, const char *expected)
{
    g_autoptr(QDict) answer = qtest_qmp(qts, "{ 'execute': "
                                        "'query-memory-devices' }");
    g_autoptr(GString) text = g_string_new("");
    const QListEntry *entry;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(answer, "return"), entry) {
        QDict *device = qobject_to(QDict, qlist_entry_obj(entry));
        QDict *data = qdict_get_qdict(device, "data");

        g_assert_cmpstr(qdict_get_str(device, "type"), ==, "dimm");
        g_string_append_printf(text, "%s %u %u %u %u\n",
                               qdict_get_str(data, "id"),
                               (unsigned)(qdict_get_int(data, "addr") / LMB),
                               (unsigned)(qdict_get_int(data, "size") / LMB),
                               (unsigned)qdict_get_int(data, "slot"),
                               (unsigned)qdict_get_int(data, "node"));
    }
    g_assert_cmpstr(text->str, ==, expected);
}
