/*
 * Nested guests: guests that L1 makes by PAPR's hypercalls (guests.h), in
 * memory and in streams
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "migration/vmstate.h"
#include "guests.h"

/* In a stream: two lists, without pointers */
typedef struct SentGuest {
    uint32_t id;
    uint64_t word[PAPR_GS_GUEST_WORDS];
} SentGuest;

typedef struct SentVcpu {
    uint32_t guest;
    uint32_t id;
    uint32_t runner;
    uint64_t word[PAPR_GS_VCPU_WORDS];
} SentVcpu;

struct PaprGuests {
    uint64_t capabilities;
    PaprGuest *guest[PAPR_GUESTS_MAX + 1];      /* by ID; a free one is NULL */
    int32_t n_guests;
    int32_t n_vcpus;
    /* while a stream is written or read */
    SentGuest *sent_guests;
    SentVcpu *sent_vcpus;
};

static const uint64_t no_tree[PAPR_GS_GUEST_WORDS] = {
    [PAPR_GS_GUEST_STATE_SIZE] = sizeof(uint64_t) * PAPR_GS_VCPU_WORDS,
    [PAPR_GS_GUEST_OUTPUT_MIN] = PAPR_GS_RUN_OUTPUT_MIN,
};

PaprGuests *papr_guests_new(void)
{
    return g_new0(PaprGuests, 1);
}

void papr_guests_reset(PaprGuests *guests)
{
    for (int id = 1; id <= PAPR_GUESTS_MAX; id++) {
        if (guests->guest[id]) {
            papr_guests_remove(guests, guests->guest[id]);
        }
    }
    /* a stream that was refused may have left other numbers */
    guests->n_guests = guests->n_vcpus = 0;
    guests->capabilities = 0;
}

uint64_t papr_guests_capabilities(const PaprGuests *guests)
{
    return guests->capabilities;
}

void papr_guests_set_capabilities(PaprGuests *guests, uint64_t capabilities)
{
    guests->capabilities = capabilities;
}

unsigned papr_guests_count(const PaprGuests *guests)
{
    return guests->n_guests;
}

static PaprGuest *add(PaprGuests *guests, uint32_t id)
{
    PaprGuest *guest = g_new0(PaprGuest, 1);

    guest->id = id;
    guest->vcpus = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    memcpy(guest->word, no_tree, sizeof(guest->word));
    guests->guest[id] = guest;
    guests->n_guests++;
    return guest;
}

PaprGuest *papr_guests_add(PaprGuests *guests)
{
    for (int id = 1; id <= PAPR_GUESTS_MAX; id++) {
        if (!guests->guest[id]) {
            return add(guests, id);
        }
    }
    return NULL;
}

void papr_guests_remove(PaprGuests *guests, PaprGuest *guest)
{
    guests->guest[guest->id] = NULL;
    guests->n_guests--;
    guests->n_vcpus -= g_hash_table_size(guest->vcpus);
    g_hash_table_destroy(guest->vcpus);
    g_free(guest);
}

PaprGuest *papr_guests_find(const PaprGuests *guests, uint64_t id)
{
    return id <= PAPR_GUESTS_MAX ? guests->guest[id] : NULL;
}

PaprGuest *papr_guests_next(const PaprGuests *guests, const PaprGuest *prev)
{
    for (int id = prev ? prev->id + 1 : 1; id <= PAPR_GUESTS_MAX; id++) {
        if (guests->guest[id]) {
            return guests->guest[id];
        }
    }
    return NULL;
}

PaprGuestVcpu *papr_guest_add_vcpu(PaprGuests *guests, PaprGuest *guest,
                                   uint32_t id)
{
    PaprGuestVcpu *vcpu;

    if (guests->n_vcpus >= PAPR_GUESTS_VCPUS_MAX) {
        return NULL;
    }
    vcpu = g_new0(PaprGuestVcpu, 1);
    vcpu->id = id;
    g_hash_table_insert(guest->vcpus, GUINT_TO_POINTER(id), vcpu);
    guests->n_vcpus++;
    return vcpu;
}

PaprGuestVcpu *papr_guest_vcpu(const PaprGuest *guest, uint64_t id)
{
    return id < PAPR_GUESTS_VCPU_IDS ?
           g_hash_table_lookup(guest->vcpus, GUINT_TO_POINTER(id)) : NULL;
}

/* PAPR_GS_TABLES_* are 0: the machine has no trees, which are in L1's memory */
void papr_guests_host_words(const PaprGuests *guests, uint64_t *words)
{
    uint64_t each = sizeof(PaprGuest), vcpu = sizeof(PaprGuestVcpu);

    memset(words, 0, PAPR_GS_HOST_WORDS * sizeof(*words));
    words[PAPR_GS_HEAP_IN_USE - PAPR_GS_HEAP_IN_USE] =
        guests->n_guests * each + guests->n_vcpus * vcpu;
    words[PAPR_GS_HEAP_MAX - PAPR_GS_HEAP_IN_USE] =
        PAPR_GUESTS_MAX * each + PAPR_GUESTS_VCPUS_MAX * vcpu;
}

/* A table of 0 bytes is no table; a new guest has none */
bool papr_guest_set_tables(PaprGuest *guest, const uint64_t *words)
{
    const uint64_t *tree = &words[PAPR_GS_GUEST_TREE];
    const uint64_t *processes = &words[PAPR_GS_GUEST_PROCESSES];
    uint64_t entry[2] = { 0 };

    if ((tree[2] && !papr_gs_tree(tree, &entry[0])) ||
        (processes[1] && !papr_gs_processes(processes, &entry[1]))) {
        return false;
    }
    qatomic_set(&guest->entry[0], entry[0]);
    qatomic_set(&guest->entry[1], entry[1]);
    return true;
}

/* ---- streams ---- */

static void forget_sent(PaprGuests *guests)
{
    g_clear_pointer(&guests->sent_guests, g_free);
    g_clear_pointer(&guests->sent_vcpus, g_free);
}

static int guests_pre_save(void *opaque)
{
    PaprGuests *guests = opaque;
    PaprGuest *guest = NULL;
    int n_guests = 0, n_vcpus = 0;

    guests->sent_guests = g_new(SentGuest, guests->n_guests);
    guests->sent_vcpus = g_new(SentVcpu, guests->n_vcpus);
    while ((guest = papr_guests_next(guests, guest))) {
        SentGuest *sent = &guests->sent_guests[n_guests++];
        GHashTableIter iter;
        gpointer value;

        sent->id = guest->id;
        memcpy(sent->word, guest->word, sizeof(sent->word));
        g_hash_table_iter_init(&iter, guest->vcpus);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
            const PaprGuestVcpu *vcpu = value;
            SentVcpu *sent_vcpu = &guests->sent_vcpus[n_vcpus++];

            sent_vcpu->guest = guest->id;
            sent_vcpu->id = vcpu->id;
            sent_vcpu->runner = vcpu->runner;
            memcpy(sent_vcpu->word, vcpu->word, sizeof(sent_vcpu->word));
        }
    }
    return 0;
}

static int guests_post_save(void *opaque)
{
    forget_sent(opaque);
    return 0;
}

static int guests_pre_load(void *opaque)
{
    PaprGuests *guests = opaque;

    papr_guests_reset(guests);
    forget_sent(guests);
    return 0;
}

static bool counts_ok(void *opaque, int version_id)
{
    PaprGuests *guests = opaque;
    bool ok = guests->n_guests >= 0 && guests->n_guests <= PAPR_GUESTS_MAX &&
              guests->n_vcpus >= 0 && guests->n_vcpus <= PAPR_GUESTS_VCPUS_MAX;

    if (!ok) {
        error_report("the stream has %d nested guests with %d vCPUs, more than "
                     "there can be", guests->n_guests, guests->n_vcpus);
        guests->n_guests = guests->n_vcpus = 0;
    }
    return ok;
}

static bool take_guest(PaprGuests *guests, const SentGuest *sent)
{
    PaprGuest *guest;

    if (!sent->id || sent->id > PAPR_GUESTS_MAX || guests->guest[sent->id]) {
        error_report("nested guest %" PRIu32 " of the stream is invalid or "
                     "occurs twice", sent->id);
        return false;
    }
    guest = add(guests, sent->id);
    memcpy(guest->word, sent->word, sizeof(guest->word));
    guest->word[PAPR_GS_GUEST_STATE_SIZE] = no_tree[PAPR_GS_GUEST_STATE_SIZE];
    guest->word[PAPR_GS_GUEST_OUTPUT_MIN] = no_tree[PAPR_GS_GUEST_OUTPUT_MIN];
    if (!papr_guest_set_tables(guest, guest->word)) {
        error_report("the tables of nested guest %" PRIu32 " of the stream "
                     "are invalid", sent->id);
        return false;
    }
    return true;
}

static bool take_vcpu(PaprGuests *guests, const SentVcpu *sent)
{
    PaprGuest *guest = papr_guests_find(guests, sent->guest);
    PaprGuestVcpu *vcpu = NULL;

    if (guest && sent->id < PAPR_GUESTS_VCPU_IDS &&
        !papr_guest_vcpu(guest, sent->id)) {
        vcpu = papr_guest_add_vcpu(guests, guest, sent->id);
    }
    if (!vcpu) {
        error_report("vCPU %" PRIu32 " of nested guest %" PRIu32 " of the "
                     "stream is invalid, occurs twice, or is one too many",
                     sent->id, sent->guest);
        return false;
    }
    vcpu->runner = sent->runner;
    memcpy(vcpu->word, sent->word, sizeof(vcpu->word));
    return true;
}

static int guests_post_load(void *opaque, int version_id)
{
    PaprGuests *guests = opaque;
    int n_guests = guests->n_guests, n_vcpus = guests->n_vcpus;
    bool ok = true;

    guests->n_guests = guests->n_vcpus = 0;
    for (int i = 0; ok && i < n_guests; i++) {
        ok = take_guest(guests, &guests->sent_guests[i]);
    }
    for (int i = 0; ok && i < n_vcpus; i++) {
        ok = take_vcpu(guests, &guests->sent_vcpus[i]);
    }
    forget_sent(guests);
    return ok ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_guest = {
    .name = "spapr_nested/guest",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(id, SentGuest),
        VMSTATE_UINT64_ARRAY(word, SentGuest, PAPR_GS_GUEST_WORDS),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_vcpu = {
    .name = "spapr_nested/vcpu",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(guest, SentVcpu),
        VMSTATE_UINT32(id, SentVcpu),
        VMSTATE_UINT32(runner, SentVcpu),
        VMSTATE_UINT64_ARRAY(word, SentVcpu, PAPR_GS_VCPU_WORDS),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_papr_guests = {
    .name = "spapr_nested/guests",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = guests_pre_save,
    .post_save = guests_post_save,
    .pre_load = guests_pre_load,
    .post_load = guests_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(capabilities, PaprGuests),
        VMSTATE_INT32(n_guests, PaprGuests),
        VMSTATE_INT32(n_vcpus, PaprGuests),
        VMSTATE_VALIDATE("counts of guests and vCPUs", counts_ok),
        VMSTATE_STRUCT_VARRAY_ALLOC(sent_guests, PaprGuests, n_guests, 0,
                                    vmstate_guest, SentGuest),
        VMSTATE_STRUCT_VARRAY_ALLOC(sent_vcpus, PaprGuests, n_vcpus, 0,
                                    vmstate_vcpu, SentVcpu),
        VMSTATE_END_OF_LIST()
    },
};
