/*
 * Nested guests: guests that L1 makes by PAPR's hypercalls
 *
 * The machine keeps all state of such a guest.  The number of guests and vCPUs
 * is limited, since each costs memory of the host: PAPR_GUESTS_MAX guests, of
 * some 100 bytes each, and PAPR_GUESTS_VCPUS_MAX vCPUs of all guests together,
 * of some 2 KiB each.
 *
 * Locking: BQL.  A vCPU that runs a guest reads PaprGuest.entry without it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_NESTED_GUESTS_H
#define PSERIES_NESTED_GUESTS_H

#include "gsb.h"

#define PAPR_GUESTS_MAX         4095    /* LPIDs have 12 bits, 0 is L1's */
#define PAPR_GUESTS_VCPU_IDS    2048    /* of each guest, PAPR's limit */
#define PAPR_GUESTS_VCPUS_MAX   8192

/**
 * PaprGuestVcpu - a vCPU of an L2
 * @runner: the ID of L1's vCPU that ran it last
 * @word: its state, enum PaprGsVcpuWord
 */
typedef struct PaprGuestVcpu {
    uint32_t id;
    uint32_t runner;
    uint64_t word[PAPR_GS_VCPU_WORDS];
} PaprGuestVcpu;

/**
 * PaprGuest - an L2
 * @id: also its LPID
 * @entry: what a partition table would have; atomic, 0: no tree
 * @word: enum PaprGsGuestWord
 */
typedef struct PaprGuest {
    uint32_t id;
    uint64_t entry[2];
    uint64_t word[PAPR_GS_GUEST_WORDS];
    GHashTable *vcpus;                  /* of PaprGuestVcpu, by ID */
} PaprGuest;

typedef struct PaprGuests PaprGuests;

PaprGuests *papr_guests_new(void);

/** papr_guests_reset: forget guests and capabilities; BQL, no guest runs */
void papr_guests_reset(PaprGuests *guests);

/** papr_guests_capabilities: what L1 has set; 0: nothing yet */
uint64_t papr_guests_capabilities(const PaprGuests *guests);
void papr_guests_set_capabilities(PaprGuests *guests, uint64_t capabilities);

unsigned papr_guests_count(const PaprGuests *guests);

/** papr_guests_add: a guest with the lowest free ID, or NULL */
PaprGuest *papr_guests_add(PaprGuests *guests);

/** papr_guests_remove: with its vCPUs, none of which runs */
void papr_guests_remove(PaprGuests *guests, PaprGuest *guest);

/** papr_guests_find: NULL if there is none; any @id may be asked for */
PaprGuest *papr_guests_find(const PaprGuests *guests, uint64_t id);

/** papr_guests_next: iterate; begin with NULL, ends with NULL */
PaprGuest *papr_guests_next(const PaprGuests *guests, const PaprGuest *prev);

/** papr_guest_add_vcpu: NULL if there are too many; @id is free */
PaprGuestVcpu *papr_guest_add_vcpu(PaprGuests *guests, PaprGuest *guest,
                                   uint32_t id);

PaprGuestVcpu *papr_guest_vcpu(const PaprGuest *guest, uint64_t id);

/** papr_guests_host_words: values of the elements of PAPR_GS_OF_HOST */
void papr_guests_host_words(const PaprGuests *guests, uint64_t *words);

/**
 * papr_guest_set_tables - set PaprGuest.entry to the tables of @words
 *
 * Returns false, and changes nothing, if a table's address or size is invalid.
 */
bool papr_guest_set_tables(PaprGuest *guest, const uint64_t *words);

extern const VMStateDescription vmstate_papr_guests;

#endif
