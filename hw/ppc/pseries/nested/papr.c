/*
 * Nested guests by PAPR's hypercalls (cap-nested-papr)
 *
 * L1 makes guests (L2) and their vCPUs, and the machine keeps their state: L1
 * reads and writes it as guest state buffers (gsb.h), and has a vCPU run until
 * an interrupt that L1 has to handle (run.c).  L1 itself keeps only each L2's
 * partition scoped tree.  Interface: Linux's Documentation/arch/powerpc/
 * kvm-nested.rst.
 *
 * Buffers are copied before anybody looks at them, up to a limit.  All elements
 * are checked before the first one is used.
 *
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/work.h"
#include "target/ppc/cpu.h"
#include "target/ppc/cpu-models.h"
#include "hw/ppc/pseries/trace.h"
#include "papr.h"

#define FLAG_GUEST_WIDE     PAPR_IBM_BIT(0)
#define FLAG_HOST_WIDE      PAPR_IBM_BIT(1)
#define FLAG_DELETE_ALL     PAPR_IBM_BIT(0)
#define FIRST_CALL          UINT64_MAX          /* as continue token */

#define CAP_POWER9          PAPR_IBM_BIT(1)
#define CAP_POWER10         PAPR_IBM_BIT(2)
#define CAP_POWER11         PAPR_IBM_BIT(3)

/* ---- capabilities: which compatibility modes an L2 may have ---- */

static uint64_t offered(const PaprNested *nested, PowerPCCPU *cpu)
{
    static const struct {
        uint64_t cap;
        uint32_t pvr;
    } levels[] = {
        { CAP_POWER9,  CPU_POWERPC_LOGICAL_3_00 },
        { CAP_POWER10, CPU_POWERPC_LOGICAL_3_10 },
        { CAP_POWER11, CPU_POWERPC_LOGICAL_3_10_P11 },
    };
    uint64_t caps = 0;

    for (int i = 0; i < ARRAY_SIZE(levels); i++) {
        if (ppc_check_compat(cpu, levels[i].pvr, 0, nested->max_compat_pvr)) {
            caps |= levels[i].cap;
        }
    }
    return caps;
}

static int64_t h_guest_get_capabilities(PowerPCCPU *cpu, uint64_t *args,
                                        void *opaque)
{
    PaprNested *nested = opaque;

    if (!papr_mmu_is_radix(nested->mmu)) {
        return H_FUNCTION;
    }
    if (args[0]) {
        return H_PARAMETER;
    }
    args[0] = offered(nested, cpu);
    return H_SUCCESS;
}

/*
 * A kernel that is started by kexec sets the capabilities again.  They can only
 * change while L1 has no guests, since guests were made with them.
 */
static int64_t h_guest_set_capabilities(PowerPCCPU *cpu, uint64_t *args,
                                        void *opaque)
{
    PaprNested *nested = opaque;
    PaprGuests *guests = nested->guests;
    uint64_t caps = args[1], can = offered(nested, cpu);

    if (!papr_mmu_is_radix(nested->mmu)) {
        return H_FUNCTION;
    }
    if (args[0]) {
        return H_PARAMETER;
    }
    if (!caps || (caps & ~can)) {
        /* r4: one bad bitmap; r5: its first bad bit, or the first good one */
        args[0] = 1;
        args[1] = clz64(caps ? caps & ~can : can);
        return H_P2;
    }
    if (papr_guests_count(guests) &&
        caps != papr_guests_capabilities(guests)) {
        return H_STATE;
    }
    papr_guests_set_capabilities(guests, caps);
    return H_SUCCESS;
}

/* ---- guests and vCPUs come and go ---- */

static int64_t unsupported(uint64_t flags)
{
    return H_UNSUPPORTED_FLAG - clz64(flags);
}

static int64_t h_guest_create(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprNested *nested = opaque;
    PaprGuest *guest;

    if (args[0]) {
        return unsupported(args[0]);
    }
    if (args[1] != FIRST_CALL) {
        return H_P2;                    /* one call always creates it all */
    }
    if (!papr_guests_capabilities(nested->guests)) {
        return H_STATE;
    }
    guest = papr_guests_add(nested->guests);
    if (!guest) {
        return H_NOT_ENOUGH_RESOURCES;
    }
    guest->word[PAPR_GS_GUEST_PVR] = cpu->compat_pvr ?: cpu->env.spr[SPR_PVR];
    args[0] = guest->id;
    trace_papr_nested_create(guest->id);
    return H_SUCCESS;
}

static int64_t h_guest_create_vcpu(PowerPCCPU *cpu, uint64_t *args,
                                   void *opaque)
{
    PaprNested *nested = opaque;
    PaprGuest *guest = papr_guests_find(nested->guests, args[1]);

    if (args[0]) {
        return unsupported(args[0]);
    }
    if (!guest) {
        return H_P2;
    }
    if (args[2] >= PAPR_GUESTS_VCPU_IDS) {
        return H_P3;
    }
    if (papr_guest_vcpu(guest, args[2])) {
        return H_IN_USE;
    }
    return papr_guest_add_vcpu(nested->guests, guest, args[2]) ?
           H_SUCCESS : H_NOT_ENOUGH_RESOURCES;
}

/* Which guests run on any of L1's vCPUs */
static void find_running(const PaprVcpuMap *map, unsigned long *running)
{
    PaprVcpu *vcpu = NULL;

    bitmap_zero(running, PAPR_GUESTS_MAX + 1);
    while ((vcpu = papr_vcpu_next(map, vcpu))) {
        papr_work_add(1);
        if (vcpu->l1.in_l2 && papr_run_guest(vcpu) <= PAPR_GUESTS_MAX) {
            set_bit(papr_run_guest(vcpu), running);
        }
    }
}

static void remove_guest(PaprNested *nested, PaprGuest *guest)
{
    papr_work_add(1 + g_hash_table_size(guest->vcpus));
    trace_papr_nested_delete(guest->id);
    papr_guests_remove(nested->guests, guest);
}

/*
 * Guests that run are not deleted: each run ends by itself, at the latest when
 * the time is over that L1 has given it.
 */
static int64_t delete_all(PaprNested *nested, const unsigned long *running)
{
    PaprGuest *guest = papr_guests_next(nested->guests, NULL);
    int64_t rc = H_SUCCESS;

    while (guest) {
        PaprGuest *next = papr_guests_next(nested->guests, guest);

        if (test_bit(guest->id, running)) {
            rc = H_IN_USE;
        } else {
            remove_guest(nested, guest);
        }
        guest = next;
    }
    return rc;
}

static int64_t h_guest_delete(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprNested *nested = opaque;
    PaprGuest *guest = papr_guests_find(nested->guests, args[1]);
    DECLARE_BITMAP(running, PAPR_GUESTS_MAX + 1);

    if (args[0] & ~FLAG_DELETE_ALL) {
        return unsupported(args[0] & ~FLAG_DELETE_ALL);
    }
    find_running(papr_vcpu(cpu)->vcpus, running);
    if (args[0] & FLAG_DELETE_ALL) {
        return delete_all(nested, running);
    }
    if (!guest) {
        return H_P2;
    }
    if (test_bit(guest->id, running)) {
        return H_IN_USE;
    }
    remove_guest(nested, guest);
    return H_SUCCESS;
}

/* ---- H_GUEST_GET_STATE, H_GUEST_SET_STATE ---- */

/** Request - H_GUEST_GET_STATE or H_GUEST_SET_STATE, and @words it accesses */
typedef struct Request {
    bool set;
    PaprGsScope scope;
    PaprGuest *guest;
    PaprGuestVcpu *vcpu;
    uint64_t host[PAPR_GS_HOST_WORDS];
    uint64_t *words;
} Request;

static int64_t find_scope(Request *req, uint64_t flags)
{
    uint64_t known = FLAG_GUEST_WIDE | (req->set ? 0 : FLAG_HOST_WIDE);

    if ((flags & ~known) || flags == (FLAG_GUEST_WIDE | FLAG_HOST_WIDE)) {
        return H_PARAMETER;
    }
    req->scope = flags == FLAG_GUEST_WIDE ? PAPR_GS_OF_GUEST :
                 flags == FLAG_HOST_WIDE ? PAPR_GS_OF_HOST : PAPR_GS_OF_VCPU;
    return H_SUCCESS;
}

static int64_t find_words(Request *req, const PaprNested *nested,
                          PowerPCCPU *cpu, uint64_t guest, uint64_t vcpu)
{
    if (req->scope == PAPR_GS_OF_HOST) {
        papr_guests_host_words(nested->guests, req->host);
        req->words = req->host;
        return H_SUCCESS;
    }
    req->guest = papr_guests_find(nested->guests, guest);
    if (!req->guest) {
        return H_P2;
    }
    if (req->scope == PAPR_GS_OF_GUEST) {
        req->words = req->guest->word;
        return H_SUCCESS;
    }
    req->vcpu = papr_guest_vcpu(req->guest, vcpu);
    if (!req->vcpu) {
        return H_P3;
    }
    if (papr_run_is_on(papr_vcpu(cpu)->vcpus, req->guest, req->vcpu)) {
        return H_IN_USE;                /* the CPU that runs it has the state */
    }
    req->words = req->vcpu->word;
    return H_SUCCESS;
}

/* A guest's tables may change while it runs: flush its translations */
static void set_words(PaprNested *nested, Request *req,
                      const PaprGsReader *reader)
{
    papr_gs_load_all(*reader, req->words);
    if (req->scope == PAPR_GS_OF_GUEST) {
        papr_guest_set_tables(req->guest, req->words);
        papr_mmu_flush_nested(nested->mmu);
    }
}

static void get_words(const Request *req, PaprGsReader *reader)
{
    PaprGsItem item;

    while (papr_gs_more(reader) && papr_gs_next(reader, &item)) {
        papr_gs_store(&item, req->words);
    }
}

static int64_t move_words(PaprNested *nested, PowerPCCPU *cpu, Request *req,
                          uint64_t addr, uint64_t size, uint64_t *index)
{
    size_t read = MIN(size, PAPR_GS_BUFFER_MAX);
    g_autofree uint8_t *buf = g_malloc(read);
    PaprGsReader reader;
    PaprGsItem bad;
    int64_t rc;

    if (!papr_mem_is_ram(addr, size) || !papr_mem_read(addr, buf, read)) {
        return H_P4;
    }
    if (!papr_gs_begin(&reader, buf, read)) {
        return H_P5;
    }
    papr_work_copied(read);
    rc = papr_gs_check_all(cpu, reader, req->scope, req->set, &bad);
    if (rc != H_SUCCESS) {
        *index = bad.index;
        return rc;
    }
    if (req->set) {
        set_words(nested, req, &reader);
        return H_SUCCESS;
    }
    get_words(req, &reader);
    return papr_mem_write(addr, buf, papr_gs_length(&reader)) ?
           H_SUCCESS : H_P4;
}

static int64_t get_or_set(PowerPCCPU *cpu, uint64_t *args, PaprNested *nested,
                          bool set)
{
    Request req = { .set = set };
    int64_t rc = find_scope(&req, args[0]);

    if (rc == H_SUCCESS) {
        rc = find_words(&req, nested, cpu, args[1], args[2]);
    }
    if (rc == H_SUCCESS) {
        rc = move_words(nested, cpu, &req, args[3], args[4], &args[0]);
    }
    return rc;
}

static int64_t h_guest_get_state(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    return get_or_set(cpu, args, opaque, false);
}

static int64_t h_guest_set_state(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    return get_or_set(cpu, args, opaque, true);
}

/* ---- the table ---- */

static const PaprHcall papr_calls[] = {
    { H_GUEST_GET_CAPABILITIES, PAPR_HCALL_NOT_KVM, 1, 1,
      h_guest_get_capabilities },
    { H_GUEST_SET_CAPABILITIES, PAPR_HCALL_NOT_KVM, 2, 0,
      h_guest_set_capabilities },
    { H_GUEST_CREATE, PAPR_HCALL_NOT_KVM, 2, 1, h_guest_create },
    { H_GUEST_CREATE_VCPU, PAPR_HCALL_NOT_KVM, 3, 0, h_guest_create_vcpu },
    { H_GUEST_GET_STATE, PAPR_HCALL_NOT_KVM, 5, 0, h_guest_get_state },
    { H_GUEST_SET_STATE, PAPR_HCALL_NOT_KVM, 5, 0, h_guest_set_state },
    { H_GUEST_RUN_VCPU, PAPR_HCALL_NOT_KVM, 3, 0, papr_h_guest_run_vcpu },
    { H_GUEST_DELETE, PAPR_HCALL_NOT_KVM, 2, 0, h_guest_delete },
};

void papr_guests_register(PaprHcallTable *hcalls, PaprNested *nested)
{
    papr_hcall_register(hcalls, papr_calls, ARRAY_SIZE(papr_calls), nested);
}
