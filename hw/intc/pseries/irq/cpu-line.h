/*
 * pSeries interrupts: a vCPU's external interrupt input
 *
 * Both presenters, XICS and XIVE, keep a vCPU's pending interrupt in one word
 * that any thread updates by compare-and-swap.  The vCPU's input
 * (CPUPPCState.pending_interrupts) needs the big lock (BQL).  It *follows* the
 * word:
 *
 * 1. A thread whose update of the word changes the wanted level of the input
 *    calls papr_cpu_line_follow() afterwards; other updates need no call and no
 *    lock.
 * 2. papr_cpu_line_follow() reads the word when it has the BQL, and sets the
 *    input to the level that the word wants.
 *
 * Claim: after the calls of all threads the input agrees with the word.  The
 * thread that made the last change calls after it, by 1.  By 2, this call and
 * every call that gets the BQL later read the word after that change.  A level
 * that was computed before the BQL was taken could overwrite a newer level.
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
 * Fails for CPU models whose bus has no such input that a partition can use.
 * Context: BQL, @cpu realized.
 */
bool papr_cpu_line_connect(PaprCpuLine *line, PowerPCCPU *cpu, Error **errp);

/** papr_cpu_line_disconnect: input down, later calls do nothing; BQL */
void papr_cpu_line_disconnect(PaprCpuLine *line);

/**
 * papr_cpu_line_follow - bring the input to what @wanted(@state) says now
 *
 * Context: any thread, with or without the BQL; no lock held that comes after
 * the BQL in the lock order.  Call it only when the wanted level may have
 * changed.
 */
void papr_cpu_line_follow(PaprCpuLine *line, PaprCpuLineWanted *wanted,
                          const void *state);

#endif
