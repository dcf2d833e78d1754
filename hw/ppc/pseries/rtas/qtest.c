/*
 * Commands of qtests: hypercalls, RTAS calls, machine checks, without a guest
 *
 *   hcall CPU NUMBER R4 ... R12        answer: OK R3 R4 ... R12, hexadecimal
 *   rtas NAME NARGS ARGS NRETS RETS    answer: OK CODE, decimal; ARGS and RETS
 *                                      are addresses of big-endian cells
 *   machine-check CPU RECOVERED        handles a machine check as KVM's exit
 *                                      does, in the vCPU's thread; RECOVERED
 *                                      is 0 or 1; answer, after that: OK
 *   work                               answer: OK UNITS, decimal: the work of
 *                                      the largest stretch since the last
 *                                      "work" (hw/pseries/work.h)
 *
 * CPU is the index of a vCPU.  tests/qtest/pseries/libpapr.c sends all of them,
 * libqtest's qtest_rtas_call() sends "rtas".  Context: main loop, BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "hw/core/cpu.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/work.h"
#include "system/qtest.h"
#include "target/ppc/cpu.h"
#include "families.h"

#define HCALL_REGS 9                    /* r4 to r12 */
#define CELL sizeof(uint32_t)

/* The protocol's hook has no opaque pointer, and a process has one machine */
static PaprRtas *target;
static PaprFwnmi *target_fwnmi;

static bool do_hcall(CharBackend *chr, char **words)
{
    uint64_t regs[HCALL_REGS];
    uint64_t nr, index, r3;
    CPUState *cs;
    int i;

    if (g_strv_length(words) < 3 + HCALL_REGS ||
        qemu_strtou64(words[1], NULL, 0, &index) ||
        qemu_strtou64(words[2], NULL, 0, &nr)) {
        return false;
    }
    for (i = 0; i < HCALL_REGS; i++) {
        if (qemu_strtou64(words[3 + i], NULL, 0, &regs[i])) {
            return false;
        }
    }
    cs = qemu_get_cpu(index);
    if (!cs) {
        return false;
    }

    papr_work_begin();
    r3 = papr_hcall_dispatch(POWERPC_CPU(cs), nr, regs);
    papr_work_begin();
    qtest_sendf(chr, "OK 0x%" PRIx64, r3);
    for (i = 0; i < HCALL_REGS; i++) {
        qtest_sendf(chr, " 0x%" PRIx64, regs[i]);
    }
    qtest_sendf(chr, "\n");
    return true;
}

static void machine_check(CPUState *cs, run_on_cpu_data data)
{
    papr_fwnmi_machine_check(target_fwnmi, POWERPC_CPU(cs), data.host_int);
}

static bool do_machine_check(CharBackend *chr, char **words)
{
    uint64_t index;
    unsigned recovered;
    CPUState *cs;

    if (g_strv_length(words) < 3 ||
        qemu_strtou64(words[1], NULL, 0, &index) ||
        qemu_strtoui(words[2], NULL, 0, &recovered)) {
        return false;
    }
    cs = qemu_get_cpu(index);
    if (!cs) {
        return false;
    }
    run_on_cpu(cs, machine_check, RUN_ON_CPU_HOST_INT(recovered));
    qtest_sendf(chr, "OK\n");
    return true;
}

static int64_t rtas_code(char **words)
{
    PaprRtasCall call = {};
    uint64_t args, rets;
    unsigned i;

    if (g_strv_length(words) < 6 ||
        qemu_strtoui(words[2], NULL, 0, &call.nargs) ||
        qemu_strtou64(words[3], NULL, 0, &args) ||
        qemu_strtoui(words[4], NULL, 0, &call.nrets) ||
        qemu_strtou64(words[5], NULL, 0, &rets) ||
        call.nargs > PAPR_RTAS_MAX_ARGS || call.nrets > PAPR_RTAS_MAX_ARGS ||
        !papr_rtas_find_token(target, words[1], &call.token)) {
        return H_PARAMETER;
    }
    for (i = 0; i < call.nargs; i++) {
        if (!papr_mem_read_be32(args + i * CELL, &call.args[i])) {
            return H_PARAMETER;
        }
    }
    papr_work_begin();
    papr_rtas_call(target, POWERPC_CPU(first_cpu), &call);
    papr_work_begin();
    for (i = 0; i < call.nrets; i++) {
        if (!papr_mem_write_be32(rets + i * CELL, call.rets[i])) {
            return H_PARAMETER;
        }
    }
    return H_SUCCESS;
}

static bool qtest_command(CharBackend *chr, char **words)
{
    if (!strcmp(words[0], "hcall")) {
        return do_hcall(chr, words);
    }
    if (!strcmp(words[0], "rtas")) {
        qtest_sendf(chr, "OK %" PRIu64 "\n", (uint64_t)rtas_code(words));
        return true;
    }
    if (!strcmp(words[0], "machine-check")) {
        return do_machine_check(chr, words);
    }
    if (!strcmp(words[0], "work")) {
        qtest_sendf(chr, "OK %" PRIu64 "\n", papr_work_take_largest());
        return true;
    }
    return false;
}

void papr_qtest_init(PaprRtas *rtas, PaprFwnmi *fwnmi)
{
    target = rtas;
    target_fwnmi = fwnmi;
    qtest_set_command_cb(qtest_command);
}
