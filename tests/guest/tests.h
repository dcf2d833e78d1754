/*
 * What the files of tests.elf share
 *
 * A test says `PASS NAME`, or `FAIL` and why; anything else, silence too, is a
 * failure to run.py.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GUEST_TESTS_H
#define GUEST_TESTS_H

#include "guest.h"

#define CPUS 4                          /* that run.py gives to most tests */

/* Ends the machine if @value is not @wanted */
#define expect(value, wanted) \
    expect_at(__FILE__, __LINE__, #value, (uint64_t)(value), (uint64_t)(wanted))
void expect_at(const char *file, uint64_t line, const char *what,
               uint64_t value, uint64_t wanted);

static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* The number after the test's name in -append */
uint64_t command_number(uint64_t otherwise);

/* Start vCPUs 1 to CPUS - 1 with @fn, run it here, wait for all */
void run_everywhere(void (*fn)(struct cpu *));

/*
 * Messages between vCPUs (test-irq.c): each vCPU that is to get any calls
 * messages_setup(), with XIVE (negotiated) or XICS.  They arrive while its
 * interrupts are on.
 */
void messages_setup(struct cpu *cpu, bool xive);
void message_send(unsigned to);
bool messages_seen(unsigned id);

/*
 * Run code at @address with MSR @msr, r5 @result, r6 and CTR @target, and r8
 * @code, until an interrupt: put_leave_handlers() has put handlers that return
 * here.  Returns the interrupt's SRR0 (address.S).
 */
uint64_t enter_at(uint64_t address, uint64_t msr, uint64_t *result,
                  uint64_t target, uint64_t code);
void put_leave_handlers(void);

/* Put a handler at real address @at: trap_msr() returns the handler's MSR */
void put_msr_handler(uint64_t at, bool little);

/* Configuration space of the first host bridge's devices (pci.c) */
#define PCI_COMMAND     0x04
#define PCI_MEMORY      2u
#define PCI_BAR0        0x10
#define PCI_NONE        256u
#define E1000E          0x10d38086u
uint32_t pci_read(unsigned devfn, uint32_t at, uint32_t size);  /* or ~0 */
void pci_write(unsigned devfn, uint32_t at, uint32_t size, uint32_t value);
unsigned pci_find(uint32_t id);         /* its devfn, or PCI_NONE */

/*
 * Hash translation, test-mmu.c: segment 0 is VSID and has the payload, one to
 * one; segment 1, at SEGMENT, is VSID + 1
 */
#define PAGE        4096ull
#define SEGMENT     (1ull << 28)
#define VSID        0x100ull
#define PTE_V       1ull                /* first doubleword of an entry */
#define PTE_BOLTED  0x10ull
#define PTE_R       0x100ull            /* second one */
#define PTE_C       0x80ull
#define PTE_M       0x10ull
#define PP_RW       2ull
#define PP_RO       3ull

extern uint64_t hash_groups;            /* of the table */
void hash_find_groups(void);
/* The first entry of the primary group */
uint64_t hash_slot(uint64_t vsid, uint64_t offset);
uint64_t hash_pte0(uint64_t vsid, uint64_t offset);
/* Map a page at @offset of a segment, return its entry; @kind: PTE_BOLTED, 0 */
uint64_t hash_enter(uint64_t kind, uint64_t vsid, uint64_t offset,
                    uint64_t real, uint64_t pp);
void hash_map_payload(uint64_t kind);
/* Set SLB entry @index */
void hash_segment(unsigned index, uint64_t esid, uint64_t vsid);
/* Set the segments of this vCPU, and @how in its MSR: MSR_DR, MSR_IR */
void translation_on(uint64_t how);

void test_abi(void);
void test_endian(void);
void test_start_modes(void);
void test_wait(void);
void test_confer(void);
void test_join(void);
void test_suspend(void);
void test_start_stop(void);
void test_reboot_storm(void);
void test_call_storm(void);
void test_view_change(void);
void test_view_flood(void);
void test_decrementer(void);
void test_xics_storm(void);
void test_xive_storm(void);
void test_xive_queue(void);
void test_hash_flush(void);
void test_hash_large(void);
void test_hash_swap(void);
void test_hash_modes(void);
void test_hash_fixed(void);
void test_hash_resize(void);
void test_hash_block(void);
void test_hash_bloat(void);
void test_hash_churn(void);
void test_radix_process(void);
void test_radix_flush(void);
void test_radix_sleep(void);
void test_radix_process_call(void);
void test_radix_flush_call(void);
void test_radix_sleep_call(void);
void test_nested(void);
void test_nested_not(void);
void test_nested_flush(void);
void test_nested_doorbell(void);
void test_nested_endian(void);
void test_nested_system_reset(void);
void test_nested_reboot(void);
void test_nested_saved(void);
void test_nested_fuzz(void);
void test_nested_papr(void);
void test_nested_papr_shared(void);
void test_nested_papr_flush(void);
void test_nested_papr_reboot(void);
void test_nested_papr_saved(void);
void test_nested_papr_fuzz(void);
void test_fadump(void);
void test_code_changes(void);
void test_module_code(void);
void test_long_blocks(void);
void test_vector_lengths(void);
void test_negotiations(void);
void test_negotiations_second(void);
void test_returns(void);
void test_returns_mapped(void);
void test_compare(void);
void test_addresses_real(void);
void test_addresses_hash(void);
void test_tce_race(void);
void test_tce_busy(void);
void test_fuzz(void);
void test_mmio_fuzz(void);
void test_pending_xics(void);
void test_pending_xive(void);
void test_carry_xics(void);
void test_carry_hash(void);
void test_carry_xive(void);
void test_carry_changes(void);

#endif
