/*
 * pSeries platform: negotiation of client-architecture-support (CAS)
 *
 * The guest's structure is a list of processors it knows (mask and value of the
 * processor version register, PVR), ended by a pair that can't match, then a
 * count and the option vectors: LoPAR section B.5.2.3.  This file determines,
 * from it and from the platform's offer, what both support, or why the call is
 * refused.  Pure: commit.c reads the guest's memory before and acts on the
 * result after.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qapi/error.h"
#include "hw/pseries/abi.h"
#include "negotiate.h"

#define LOGICAL_PVR_3_00 0x0f000005

/* What is left of the guest's structure */
typedef struct Input {
    const uint8_t *p;
    size_t left;
} Input;

static int64_t G_GNUC_PRINTF(3, 4) refuse(PaprCasResult *result, int64_t code,
                                          const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(result->why, sizeof(result->why), fmt, ap);
    va_end(ap);
    return code;
}

void papr_cas_offer_ov5(const PaprCasOffer *offer, PaprOvec *ov5)
{
    const struct {
        int bit;
        bool offered;
    } bits[] = {
        { OV5_DRCONF_MEMORY, true },
        { OV5_DRMEM_V2, true },
        { OV5_FORM1_AFFINITY, true },
        { OV5_FORM2_AFFINITY, offer->form2 },
        { OV5_HOTPLUG_EVENTS, offer->hotplug_events },
        { OV5_HPT_RESIZE, offer->hpt_resize },
        { OV5_XIVE_EXPLOIT, offer->xive },
        { OV5_MMU_RADIX_300, offer->radix },
        { OV5_MMU_RADIX_GTSE, offer->radix },
    };

    memset(ov5, 0, sizeof(*ov5));
    for (int i = 0; i < ARRAY_SIZE(bits); i++) {
        if (bits[i].offered) {
            papr_ovec_set(ov5, bits[i].bit);
        }
    }
}

void papr_cas_platform_support(const PaprCasOffer *offer,
                               uint8_t pairs[PAPR_CAS_SUPPORT_BYTES])
{
    enum { FIRST = 0x00, SECOND = 0x40, EITHER = 0x80, SWITCH = 0xc0 };
    uint8_t intc = FIRST, mmu = FIRST;

    /* before ISA 3.00 guests have hash and XICS: they can't choose */
    if (offer->isa3) {
        if (offer->xive) {
            intc = offer->xics ? EITHER : SECOND;
        }
        if (offer->radix) {
            mmu = !offer->hash ? SECOND : offer->mmu_switch ? SWITCH : EITHER;
        }
    }
    memcpy(pairs, ((const uint8_t[PAPR_CAS_SUPPORT_BYTES]) {
        23, intc,
        24, mmu,
        25, 0x00,               /* hash: no segment tables, no GTSE */
        26, 0x40,               /* radix: guest translation shootdown (GTSE) */
    }), PAPR_CAS_SUPPORT_BYTES);
}

/*
 * The list of processor versions: the newest compatibility mode that both have,
 * and whether the guest knows the processor.
 */
static int64_t negotiate_cpu(const PaprCasOffer *offer, const PaprCasCpu *cpu,
                             Input *in, PaprCasResult *result)
{
    for (int i = 0; i < PAPR_CAS_PVRS_MAX; i++) {
        uint32_t mask, pvr;

        if (in->left < 8) {
            break;
        }
        mask = ldl_be_p(in->p);
        pvr = ldl_be_p(in->p + 4);
        in->p += 8;
        in->left -= 8;

        if (pvr & ~mask) {              /* terminator */
            if (result->compat_pvr ||
                (result->raw_ok && !offer->max_compat)) {
                return H_SUCCESS;
            }
            return refuse(result, H_HARDWARE, "the guest's kernel knows "
                          "neither the CPU (PVR 0x%08x) nor a compatibility "
                          "mode of it%s: use another -cpu or max-cpu-compat",
                          cpu->pvr,
                          offer->max_compat ? " up to max-cpu-compat" : "");
        }
        if ((cpu->pvr & mask) == pvr) {
            result->raw_ok = true;
        } else if (cpu->compat_ok(pvr, result->compat_pvr, cpu->opaque)) {
            result->compat_pvr = pvr;
        }
    }
    return refuse(result, H_PARAMETER,
                  "the guest's list of CPUs has no end");
}

/* Get vectors 1 and 5; the first byte is the number of vectors, less one */
static int64_t find_vectors(Input *in, PaprOvec *ov1, PaprOvec *ov5,
                            PaprCasResult *result)
{
    unsigned n_vectors;

    if (!in->left) {
        return refuse(result, H_PARAMETER,
                      "the guest gave no option vectors");
    }
    n_vectors = in->p[0] + 1;
    in->p++;
    in->left--;
    for (unsigned n = 1; n <= MIN(n_vectors, 5); n++) {
        PaprOvec v;

        if (!papr_ovec_parse(&v, in->p, in->left)) {
            return refuse(result, H_PARAMETER,
                          "the guest's option vector %u is cut short", n);
        }
        if (n == 1) {
            *ov1 = v;
        } else if (n == 5) {
            *ov5 = v;
            return H_SUCCESS;
        }
        in->left -= papr_ovec_size(in->p[0]);
        in->p += papr_ovec_size(in->p[0]);
    }
    return refuse(result, H_PARAMETER,
                  "the guest gave no option vector 5");
}

static int64_t negotiate_intc(const PaprCasOffer *offer, const PaprOvec *guest,
                              PaprCasResult *result)
{
    if (papr_ovec_test(guest, OV5_XIVE_BOTH)) {
        return refuse(result, H_PARAMETER,
                      "the guest chose two interrupt modes at once");
    }
    result->xive = papr_ovec_test(guest, OV5_XIVE_EXPLOIT);
    if (result->xive && !offer->xive) {
        return refuse(result, H_PARAMETER, "the guest's kernel wants "
                      "interrupts by XIVE, which the machine lacks: use "
                      "ic-mode=dual or ic-mode=xive");
    }
    if (!result->xive && !offer->xics) {
        return refuse(result, H_PARAMETER, "the guest's kernel wants "
                      "interrupts by XICS, which the machine lacks: use "
                      "ic-mode=dual or ic-mode=xics");
    }
    return H_SUCCESS;
}

static int64_t negotiate_mmu(const PaprCasOffer *offer, const PaprCasCpu *cpu,
                             const PaprOvec *guest, PaprCasResult *result)
{
    if (papr_ovec_test(guest, OV5_MMU_BOTH)) {
        return refuse(result, H_PARAMETER, "the guest chose hash and "
                      "radix MMU at once");
    }
    result->radix = papr_ovec_test(guest, OV5_MMU_RADIX_300);
    if (result->radix) {
        bool level_ok = !result->compat_pvr ||
            cpu->compat_ok(result->compat_pvr, LOGICAL_PVR_3_00, cpu->opaque);

        if (!offer->radix || !level_ok) {
            return refuse(result, H_PARAMETER, "the guest's kernel wants a "
                          "radix MMU, which the machine lacks: use -cpu "
                          "POWER9 or later, or a later max-cpu-compat");
        }
        return H_SUCCESS;
    }
    if (!offer->hash) {
        return refuse(result, H_PARAMETER,
                      "the guest's kernel wants a hash MMU, which the host "
                      "lacks");
    }
    result->fixed_hpt = !papr_ovec_test(guest, OV5_HPT_RESIZE);
    if (result->fixed_hpt && offer->hpt_resize_required) {
        return refuse(result, H_PARAMETER, "the guest can't resize its hash "
                      "page table, but resize-hpt=required: use "
                      "resize-hpt=enabled");
    }
    return H_SUCCESS;
}

static int64_t negotiate_numa(const PaprNuma *numa, PaprCasResult *result)
{
    Error *err = NULL;
    int64_t rc;

    if (papr_ovec_test(&result->ov5, OV5_FORM2_AFFINITY) ||
        papr_numa_check_form1(numa, &err)) {
        return H_SUCCESS;
    }
    rc = refuse(result, H_HARDWARE, "%s", error_get_pretty(err));
    error_free(err);
    return rc;
}

int64_t papr_cas_negotiate(const PaprCasOffer *offer, const PaprNuma *numa,
                           const PaprCasCpu *cpu, const uint8_t *buf,
                           size_t size, PaprCasResult *result)
{
    Input in = { .p = buf, .left = size };
    PaprOvec ov1, guest, ours;
    int64_t rc;

    memset(result, 0, sizeof(*result));
    rc = negotiate_cpu(offer, cpu, &in, result);
    if (rc == H_SUCCESS) {
        rc = find_vectors(&in, &ov1, &guest, result);
    }
    if (rc == H_SUCCESS) {
        rc = negotiate_intc(offer, &guest, result);
    }
    if (rc == H_SUCCESS) {
        rc = negotiate_mmu(offer, cpu, &guest, result);
    }
    if (rc != H_SUCCESS) {
        return rc;
    }
    /* a guest that asks for radix supports it, whatever vector 1 says */
    result->before_isa3 = !papr_ovec_test(&ov1, OV1_ISA_3_00) && !result->radix;
    papr_cas_offer_ov5(offer, &ours);
    papr_ovec_and(&result->ov5, &ours, &guest);
    return negotiate_numa(numa, result);
}
