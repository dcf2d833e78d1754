/*
 * pSeries platform: option vectors in migration streams
 *
 * The stream has the vector as 2048 bits in doublewords, the first bit of all
 * being the least significant of the first doubleword.  Apart from ovec.c so
 * that the latter stays free of migration code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/pseries/ovec.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"

#define OVEC_DOUBLEWORDS ((PAPR_OVEC_BYTES - 1) / 8)

static int ovec_put(QEMUFile *f, void *pv, size_t size,
                    const VMStateField *field, JSONWriter *vmdesc)
{
    const PaprOvec *v = pv;

    for (int i = 0; i < OVEC_DOUBLEWORDS; i++) {
        qemu_put_be64(f, revbit64(ldq_be_p(&v->data[1 + 8 * i])));
    }
    return 0;
}

static int ovec_get(QEMUFile *f, void *pv, size_t size,
                    const VMStateField *field)
{
    PaprOvec *v = pv;

    v->data[0] = 0;
    for (int i = 0; i < OVEC_DOUBLEWORDS; i++) {
        stq_be_p(&v->data[1 + 8 * i], revbit64(qemu_get_be64(f)));
    }
    return 0;
}

const VMStateInfo papr_vmstate_info_ovec = {
    .name = "bitmap",
    .get = ovec_get,
    .put = ovec_put,
};
