/*
 * pSeries platform: Open Firmware client interface in migration streams
 *
 * A section of its own, sent only between the client's first call and
 * "quiesce", a second or less after the start of a guest.  At other times the
 * tree in the machine's section is all that is needed.  That tree has the
 * values that the client has set; this section says which properties these are.
 *
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "migration/vmstate.h"
#include "internal.h"

/* For each property: phandle, then the property's name with its NUL */
static void add_change(const PaprOfNode *node, const PaprOfProp *prop,
                       void *opaque)
{
    GByteArray *out = opaque;
    uint32_t be;

    stl_be_p(&be, papr_of_phandle(node));
    g_byte_array_append(out, (uint8_t *)&be, sizeof(be));
    g_byte_array_append(out, (const uint8_t *)prop->name,
                        strlen(prop->name) + 1);
}

static int client_pre_save(void *opaque)
{
    PaprOfClient *client = opaque;
    GByteArray *out = g_byte_array_new();

    papr_of_each_changed(client->tree, add_change, out);
    client->changes_size = out->len;
    client->changes = g_byte_array_free(out, false);
    return 0;
}

static int client_post_save(void *opaque)
{
    PaprOfClient *client = opaque;

    g_clear_pointer(&client->changes, g_free);
    client->changes_size = 0;
    return 0;
}

static int client_pre_load(void *opaque)
{
    return client_post_save(opaque);
}

/*
 * The machine's section, which has the tree, may be loaded before this section
 * or after it: so this function is called after each of the two.
 */
void papr_of_client_mark_changes(PaprOfClient *client)
{
    const uint8_t *at = client->changes;
    const uint8_t *end = at + client->changes_size;

    while (at && end - at > sizeof(uint32_t)) {
        PaprOfNode *node = papr_of_by_phandle(client->tree, ldl_be_p(at));
        const char *name = (const char *)at + sizeof(uint32_t);
        const uint8_t *nul = memchr(name, '\0', end - (const uint8_t *)name);

        if (!nul) {
            return;
        }
        if (node) {
            papr_of_mark_changed(client->tree, node, name);
        }
        at = nul + 1;
    }
}

static int client_post_load(void *opaque, int version_id)
{
    PaprOfClient *client = opaque;

    if (!papr_claims_valid(&client->claims) || !client->tree) {
        error_report("the stream's Open Firmware client state is invalid");
        return -EINVAL;
    }
    papr_of_client_mark_changes(client);
    return 0;
}

static bool client_needed(void *opaque)
{
    const PaprOfClient *client = opaque;

    return client->active && client->tree;
}

static const VMStateDescription vmstate_claim_range = {
    .name = "papr_of_client/range",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(start, PaprClaimRange),
        VMSTATE_UINT64(end, PaprClaimRange),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_instance = {
    .name = "papr_of_client/instance",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(handle, PaprOfInstance),
        VMSTATE_UINT32(phandle, PaprOfInstance),
        VMSTATE_END_OF_LIST()
    },
};

static bool claims_n_is_valid(void *opaque, int version_id)
{
    const PaprOfClient *client = opaque;

    return client->claims.n <= PAPR_CLAIM_RANGES;
}

static bool changes_size_is_valid(void *opaque, int version_id)
{
    return ((PaprOfClient *)opaque)->changes_size <= PAPR_FDT_STREAM_MAX;
}

const VMStateDescription vmstate_papr_of_client = {
    .name = "papr_of_client",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = client_needed,
    .pre_save = client_pre_save,
    .post_save = client_post_save,
    .pre_load = client_pre_load,
    .post_load = client_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(active, PaprOfClient),
        VMSTATE_UINT64(entry, PaprOfClient),
        VMSTATE_UINT64(claims.top, PaprOfClient),
        VMSTATE_UINT32(claims.n, PaprOfClient),
        VMSTATE_VALIDATE("not too many claimed ranges", claims_n_is_valid),
        VMSTATE_STRUCT_VARRAY_UINT32(claims.range, PaprOfClient, claims.n, 1,
                                     vmstate_claim_range, PaprClaimRange),
        VMSTATE_UINT32(opened, PaprOfClient),
        VMSTATE_STRUCT_ARRAY(instances, PaprOfClient, PAPR_OF_INSTANCES, 1,
                             vmstate_instance, PaprOfInstance),
        VMSTATE_UINT32(changes_size, PaprOfClient),
        VMSTATE_VALIDATE("size of the client's changes", changes_size_is_valid),
        VMSTATE_VBUFFER_ALLOC_UINT32(changes, PaprOfClient, 1, NULL,
                                     changes_size),
        VMSTATE_END_OF_LIST()
    },
};
