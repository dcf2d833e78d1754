/*
 * pSeries interrupts: a vCPU's external interrupt input
 *
 * Both presenters, XICS and XIVE, keep a vCPU's pending interrupt in one word
 * that any thread updates by compare-and-swap; the input that the vCPU looks
 * at (CPUPPCState.pending_interrupts) needs the big lock (BQL).  The input is
 * made to *follow* the word rather than be set to a level:
 *
 * - an update of the word that changes what the input should be is followed by
 *   papr_cpu_line_follow() in the same thread; other updates need no call and
 *   no lock;
 * - papr_cpu_line_follow() asks for the level only once it has the BQL.
 *
 * So nothing is lost, whichever thread gets the lock first: the thread that
 * made the last change calls after it, and both that call and any that gets
 * the lock later read the word as it is after that change.  A call with a level
 * worked out before the lock was taken could overwrite a newer one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_IRQ_CPU_LINE_H
#define HW_INTC_PSERIES_IRQ_CPU_LINE_H

#include "hw/irq.h"
#include "target/ppc/cpu-qom.h"

/** PaprCpuLine - embedded in a presenter; guarded by the BQL */
typedef struct PaprCpuLine {
    qemu_irq input;                     /* NULL: not connected, or vCPU gone */
} PaprCpuLine;

/** PaprCpuLineWanted: should the input be up?  Reads @state atomically */
typedef bool PaprCpuLineWanted(const void *state);

/**
 * papr_cpu_line_connect - find @cpu's external interrupt input
 *
 * Fails for CPU models whose bus has none that a partition can use.
 * Context: BQL, @cpu realized.
 */
bool papr_cpu_line_connect(PaprCpuLine *line, PowerPCCPU *cpu, Error **errp);

/** papr_cpu_line_disconnect: input down, later calls do nothing; BQL */
void papr_cpu_line_disconnect(PaprCpuLine *line);

/**
 * papr_cpu_line_follow - bring the input to what @wanted(@state) says now
 *
 * Context: any thread, with or without the BQL, no lock held that may be taken
 * inside it.  Call it only when the wanted level may have changed.
 */
void papr_cpu_line_follow(PaprCpuLine *line, PaprCpuLineWanted *wanted,
                          const void *state);

#endif
