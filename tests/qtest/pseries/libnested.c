/*
 * Nested guests: what the qtests of KVM's own hypercalls and of PAPR's share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libnested.h"

#define NEW_RADIX_TABLE 0x1d

void nested_use_radix(QTestState *qts)
{
    int64_t rc;

    qtest_memset(qts, PROCESSES, 0, 4096);
    do {
        rc = papr_hcall(qts, 0, H_REGISTER_PROCESS_TABLE, NEW_RADIX_TABLE,
                        PROCESSES, 0, 0);
    } while (rc == H_LONG_BUSY_10_MS);  /* an older hash table is freed first */
    assert_rc(rc, H_SUCCESS);
}

QTestState *nested_start(const char *options)
{
    QTestState *qts = papr_start("%s", options);

    nested_use_radix(qts);
    return qts;
}

QTestState *nested_hv_start(const char *more)
{
    g_autofree char *options =
        g_strdup_printf("-cpu power9 -M cap-nested-hv=on%s", more);
    QTestState *qts = nested_start(options);

    qtest_memset(qts, TABLE, 0, 0x4000);
    papr_st64(qts, TABLE + 16 * LPID, 1ull << 63 | ROOT | 13);
    qtest_memset(qts, STATE, 0, 0x100);
    papr_st64(qts, STATE, 2);
    papr_st32(qts, STATE + 8, LPID);
    qtest_memset(qts, REGS, 0, 0x160);
    return qts;
}

int64_t nested_set_table(QTestState *qts, uint64_t ptcr)
{
    return papr_hcall(qts, 0, H_SET_PARTITION_TABLE, ptcr);
}
