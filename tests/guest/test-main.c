/*
 * Bare-metal tests: -append names the one to run, and maybe a number for it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    { "abi", test_abi },
    { "endian", test_endian },
    { "start-modes", test_start_modes },
    { "wait", test_wait },
    { "confer", test_confer },
    { "join", test_join },
    { "start-stop", test_start_stop },
    { "reboot-storm", test_reboot_storm },
    { "call-storm", test_call_storm },
    { "view-change", test_view_change },
    { "view-flood", test_view_flood },
    { "decrementer", test_decrementer },
    { "xics-storm", test_xics_storm },
    { "xive-storm", test_xive_storm },
    { "xive-queue", test_xive_queue },
    { "hash-flush", test_hash_flush },
    { "hash-large", test_hash_large },
    { "hash-swap", test_hash_swap },
    { "hash-modes", test_hash_modes },
    { "hash-fixed", test_hash_fixed },
    { "hash-resize", test_hash_resize },
    { "hash-resize-on", test_hash_resize },
    { "hash-block", test_hash_block },
    { "hash-bloat", test_hash_bloat },
    { "hash-churn", test_hash_churn },
    { "hash-churn-on", test_hash_churn },
    { "radix-process", test_radix_process },
    { "radix-flush", test_radix_flush },
    { "radix-sleep", test_radix_sleep },
    { "nested", test_nested },
    { "nested-not", test_nested_not },
    { "nested-flush", test_nested_flush },
    { "nested-doorbell", test_nested_doorbell },
    { "nested-endian", test_nested_endian },
    { "nested-system-reset", test_nested_system_reset },
    { "nested-reboot", test_nested_reboot },
    { "nested-saved", test_nested_saved },
    { "nested-fuzz", test_nested_fuzz },
    { "nested-papr", test_nested_papr },
    { "nested-papr-shared", test_nested_papr_shared },
    { "nested-papr-flush", test_nested_papr_flush },
    { "nested-papr-reboot", test_nested_papr_reboot },
    { "nested-papr-saved", test_nested_papr_saved },
    { "nested-papr-fuzz", test_nested_papr_fuzz },
    { "radix-process-call", test_radix_process_call },
    { "radix-flush-call", test_radix_flush_call },
    { "radix-sleep-call", test_radix_sleep_call },
    { "fadump", test_fadump },
    { "code-changes", test_code_changes },
    { "module-code", test_module_code },
    { "long-blocks", test_long_blocks },
    { "vector-lengths", test_vector_lengths },
    { "negotiations", test_negotiations },
    { "negotiations-second", test_negotiations_second },
    { "returns", test_returns },
    { "returns-mapped", test_returns_mapped },
    { "compare", test_compare },
    { "addresses-real", test_addresses_real },
    { "addresses-hash", test_addresses_hash },
    { "suspend", test_suspend },
    { "tce-race", test_tce_race },
    { "tce-busy", test_tce_busy },
    { "fuzz", test_fuzz },
    { "mmio-fuzz", test_mmio_fuzz },
    { "pending-xics", test_pending_xics },
    { "pending-xive", test_pending_xive },
    { "carry-xics", test_carry_xics },
    { "carry-hash", test_carry_hash },
    { "carry-xive", test_carry_xive },
    { "carry-changes", test_carry_changes },
};

void expect_at(const char *file, uint64_t line, const char *what,
               uint64_t value, uint64_t wanted)
{
    if (value == wanted) {
        return;
    }
    print("FAIL %s:%d: %s is %x, not %x (vCPU %d)\n", file, line, what, value,
          wanted, (uint64_t)this_cpu()->id);
    power_off();
}

void run_everywhere(void (*fn)(struct cpu *))
{
    for (unsigned id = 1; id < CPUS; id++) {
        expect(start_cpu(id, fn, NULL), true);
    }
    fn(&cpus[0]);
    for (unsigned id = 1; id < CPUS; id++) {
        while (cpus[id].running) {
            relax();
        }
        wait_stopped(id);
    }
}

static uint64_t number;                 /* after the test's name */

/* `NAME` or `NAME NUMBER` */
static bool names(const char *word, const char *name)
{
    while (*name && *word == *name) {
        word++;
        name++;
    }
    if (*name || (*word && *word++ != ' ')) {
        return false;
    }
    for (number = 0; *word >= '0' && *word <= '9'; word++) {
        number = number * 10 + *word - '0';
    }
    return !*word;
}

uint64_t command_number(uint64_t otherwise)
{
    for (const char *p = command; *p; p++) {
        if (*p == ' ') {
            return number;
        }
    }
    return otherwise;
}

void payload_run(void)
{
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (names(command, tests[i].name)) {
            tests[i].run();
            print("PASS %s\n", command);
            return;
        }
    }
    print("FAIL -append %s: no such test\n", command);
}
