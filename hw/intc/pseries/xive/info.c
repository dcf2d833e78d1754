/*
 * pSeries XIVE: what the guest's device tree and the monitor say of it
 *
 * The node is LoPAR B.5.9.2; "info pic" shows each vCPU's registers and each
 * source with its route.  Called through PaprIntcOps with the BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/dt.h"
#include "hw/pseries/guest-mem.h"
#include "model.h"

static uint64_t tima_view(unsigned page)
{
    return XV_TIMA_BASE + ((uint64_t)page << XV_TIMA_PAGE_SHIFT);
}

void papr_xive_dt(PaprDt *dt, uint32_t phandle, uint32_t n_servers)
{
    uint64_t user = tima_view(XV_TIMA_USER_PAGE);
    uint64_t os = tima_view(XV_TIMA_OS_PAGE);
    uint32_t size = 1U << XV_TIMA_PAGE_SHIFT;

    papr_dt_begin(dt, "interrupt-controller@%" PRIx64, user);
    papr_dt_string(dt, "device_type", "power-ivpe");
    papr_dt_string(dt, "compatible", "ibm,power-ivpe");
    papr_dt_cell_list(dt, "reg", user >> 32, user, 0, size,
                      os >> 32, os, 0, size);
    papr_dt_u32(dt, "ibm,xive-eq-sizes", XV_EQ_OFFERED_SHIFT);
    papr_dt_cell_list(dt, "ibm,xive-lisn-ranges", PAPR_IRQ_IPI,
                      PAPR_IRQ_IPI + n_servers);
    papr_dt_empty(dt, "interrupt-controller");
    papr_dt_u32(dt, "#interrupt-cells", 2);
    papr_dt_phandle(dt, phandle);
    papr_dt_end(dt);
}

/* info pic */

static void print_ring(GString *buf, int cpu, const char *name,
                       const uint64_t regs, uint32_t word2)
{
    g_string_append_printf(buf, "CPU[%04x]: %4s    ", cpu, name);
    for (unsigned reg = XV_NSR; reg <= XV_PIPR; reg++) {
        /* the columns are as wide as the registers' names in the title */
        static const char gaps[][6] = {
            "   ", "  ", "    ", "   ", "  ", "  ", "   ", "  "
        };

        g_string_append_printf(buf, "%02x%s", papr_ring_get(regs, reg),
                               gaps[reg]);
    }
    g_string_append_printf(buf, "%08x\n", word2);
}

static void print_tctx(GString *buf, PaprTctx *tctx)
{
    int cpu = CPU(tctx->cpu)->cpu_index;

    g_string_append_printf(buf, "CPU[%04x]:   QW   NSR CPPR IPB LSMFB ACK# INC "
                           "AGE PIPR  W2\n", cpu);
    print_ring(buf, cpu, "USER", 0, 0);
    print_ring(buf, cpu, "OS", qatomic_read(&tctx->ring),
               XV_CAM_VALID | (XV_CAM_FIRST_VP + tctx->server));
    print_ring(buf, cpu, "POOL", 0, 0);
    print_ring(buf, cpu, "PHYS", papr_ring_put(0, XV_PIPR, XV_PRIORITY_NONE),
               0);
}

/* The last entries of a queue, the next to be written marked by ^ */
static void print_entries(GString *buf, const PaprEndState *end)
{
    const unsigned shown = 6;
    uint32_t mask = papr_eq_entries(end->shift) - 1;

    g_string_append(buf, " [ ");
    for (unsigned i = 1; i <= shown; i++) {
        uint32_t index = (end->pos.index + i - shown) & mask;
        uint32_t entry = 0;

        papr_mem_read_be32(end->addr + ((uint64_t)index << XV_EQ_ENTRY_SHIFT),
                           &entry);
        g_string_append_printf(buf, "%s%08x ", i == shown ? "^" : "", entry);
    }
    g_string_append_c(buf, ']');
}

static void print_route(GString *buf, PaprXive *xive, uint32_t index)
{
    PaprEndState end = papr_xive_end_state(xive, index);

    if (!end.valid) {
        return;
    }
    g_string_append_printf(buf, "%3u/%u %6u/%5u @%" PRIx64 " ^%u",
                           index / XV_PRIORITIES, index % XV_PRIORITIES,
                           end.pos.index, papr_eq_entries(end.shift), end.addr,
                           end.pos.generation);
    print_entries(buf, &end);
}

static void print_source(GString *buf, PaprXive *xive, uint32_t lisn)
{
    uint64_t eas = qatomic_read(&xive->eat[lisn]);
    uint8_t esb = qatomic_read(&xive->status[lisn]);
    bool masked = eas & XV_EAS_MASKED;

    g_string_append_printf(buf, "  %08x %s %c%c%c %c %08x ", lisn,
                           papr_xive_is_lsi(xive, lisn) ? "LSI" : "MSI",
                           esb & XV_PQ_P ? 'P' : '-',
                           esb & XV_PQ_Q ? 'Q' : '-',
                           esb & XV_ESB_ASSERTED ? 'A' : ' ',
                           masked ? 'M' : ' ',
                           (uint32_t)(eas & XV_EAS_EISN_MASK));
    if (!masked) {
        print_route(buf, xive, papr_eas_end(eas));
    }
    g_string_append_c(buf, '\n');
}

void papr_xive_print_info(PaprXive *xive, GString *buf)
{
    for (uint32_t i = 0; i < xive->nr_servers; i++) {
        if (xive->tctxs[i]) {
            print_tctx(buf, xive->tctxs[i]);
        }
    }
    g_string_append(buf, "  LISN         PQ    EISN     CPU/PRIO EQ\n");
    for (uint32_t lisn = 0; lisn < xive->nr_irqs; lisn++) {
        if (papr_xive_is_claimed(xive, lisn)) {
            print_source(buf, xive, lisn);
        }
    }
}
