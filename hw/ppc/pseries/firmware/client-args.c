/*
 * pSeries platform: Open Firmware client interface, arguments of calls
 *
 * Strings and instances, and the code by which a client makes a hypercall.
 * Called by client.c and client-calls.c.  IEEE 1275-1994 section
 * 6.3; LoPAR appendix B.
 *
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/pseries/guest-mem.h"
#include "internal.h"

bool papr_of_read_string(uint32_t addr, char *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        uint64_t at = (uint64_t)addr + done;
        /* within a page, which is RAM as a whole or not at all */
        size_t chunk = MIN(MIN(size - done, 64), 4 * KiB - at % (4 * KiB));

        if (!papr_mem_read(at, buf + done, chunk)) {
            return false;
        }
        if (memchr(buf + done, '\0', chunk)) {
            return true;
        }
        done += chunk;
    }
    return false;
}

void papr_of_hcall_stub(uint32_t opcode, uint8_t stub[PAPR_RTAS_STUB_SIZE])
{
    const uint32_t code[] = {
        0x7c641b78,             /* mr  r4, r3 */
        0x38600000,             /* li  r3, 0 */
        0x60630000 | opcode,    /* ori r3, r3, opcode */
        0x44000022,             /* sc  1 */
        0x4e800020,             /* blr */
    };

    QEMU_BUILD_BUG_ON(sizeof(code) != PAPR_RTAS_STUB_SIZE);
    for (size_t i = 0; i < ARRAY_SIZE(code); i++) {
        stl_be_p(stub + i * 4, code[i]);
    }
}

/* Instances that are not open have handle 0 */
static PaprOfInstance *find_instance(PaprOfClient *client, uint32_t handle)
{
    for (size_t i = 0; i < PAPR_OF_INSTANCES; i++) {
        if (client->instances[i].handle == handle) {
            return &client->instances[i];
        }
    }
    return NULL;
}

PaprOfInstance *papr_of_instance(PaprOfClient *client, uint32_t handle)
{
    return handle ? find_instance(client, handle) : NULL;
}

uint32_t papr_of_open(PaprOfClient *client, uint32_t phandle)
{
    PaprOfInstance *free = find_instance(client, 0);

    if (!free) {
        return 0;
    }
    /* positive; the handle of a closed instance is not soon used again */
    do {
        client->opened = client->opened % INT32_MAX + 1;
    } while (find_instance(client, client->opened));
    free->handle = client->opened;
    free->phandle = phandle;
    return free->handle;
}
