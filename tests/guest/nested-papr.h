/*
 * Guests of the guest (nested guests), by PAPR's hypercalls: buffers and calls
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GUEST_NESTED_PAPR_H
#define GUEST_NESTED_PAPR_H

#include "nested.h"

#define GUEST_WIDE      (1ull << 63)            /* flag of a call */
#define DELETE_ALL      (1ull << 63)

/* IDs of elements; size_of() has their sizes */
#define LOGICAL_PVR     0x0003
#define TB_OFFSET       0x0004
#define PARTITION_TABLE 0x0005
#define PROCESS_TABLE_ID 0x0006
#define RUN_INPUT       0x0c00
#define RUN_OUTPUT      0x0c01
#define GPR             0x1000
#define HDEC_EXPIRY     0x1020
#define NIA             0x1021
#define L2_MSR          0x1022
#define LR              0x1023
#define XER             0x1024
#define CTR             0x1025
#define DAR             0x1029
#define DEC_EXPIRY      0x102a
#define VTB             0x102b
#define LPCR            0x102c
#define HFSCR           0x102d
#define DAWR0           0x1030
#define PURR            0x1033
#define SPRG0           0x1036
#define MMCR0           0x103b
#define EBBHR           0x1044
#define DSCR            0x104c
#define TAR             0x104d
#define DPDES           0x1053
#define CR              0x2000
#define PIDR            0x2001
#define DSISR           0x2002
#define VRSAVE          0x2004
#define DAWRX0          0x2005
#define VSR             0x3000
#define HDAR            0xf000
#define HDSISR          0xf001
#define HEIR            0xf002
#define ASDR            0xf003

#define LPCR_LD         (1ull << 17)
#define INPUT_SIZE      4096
#define OUTPUT_SIZE     128
#define MSR_FP          (1ull << 13)
#define MSR_VEC         (1ull << 25)
#define MSR_VSX         (1ull << 23)

/* of each vCPU, whose L2 vCPU has the same number */
extern uint8_t inputs[CPUS][INPUT_SIZE], outputs[CPUS][OUTPUT_SIZE],
               buffers[CPUS][256];
extern uint64_t guest;

/* Buffers of elements, big-endian as this payload is */
unsigned size_of(unsigned id);
unsigned count_of(const uint8_t *buf);
uint8_t *element(uint8_t *buf, unsigned n);
uint64_t get_word(const uint8_t *at);
void add3(uint8_t *buf, unsigned id, uint64_t a, uint64_t b, uint64_t c);
void add(uint8_t *buf, unsigned id, uint64_t value);
void empty(uint8_t *buf);

/* One element alone, of @guest or of its vCPU; a @half of a vector */
long state_call(uint64_t op, uint64_t flags, uint64_t vcpu, void *buf,
                uint64_t size);
void set_one(uint64_t flags, unsigned vcpu, unsigned id, uint64_t a,
             uint64_t b, uint64_t c);
uint64_t get_half(unsigned vcpu, unsigned id, unsigned half);
uint64_t get_one(unsigned vcpu, unsigned id);

/* Become a partition that has @guest, with an L2 vCPU for each own vCPU */
void papr_begin(void);

/* What an L2's vCPU is to begin with, in its input buffer */
uint8_t *papr_set_l2(unsigned id, const uint32_t *code, uint64_t r4,
                     uint64_t r5);
uint64_t papr_run_call(unsigned id);

/* Run L2 vCPU @id, for @ticks at most; returns why it has exited */
uint64_t papr_run_for(unsigned id, uint64_t ticks);

/* Run it until it exits for another reason than the end of its time */
uint64_t papr_run_l2(unsigned id);

/* get_spr_N() and set_spr_N() of register N, such as TAR */
#define SPR_CALLS(n) \
    static inline uint64_t get_spr_ ## n(void) \
    { \
        uint64_t value; \
        asm volatile("mfspr %0, " #n : "=r"(value)); \
        return value; \
    } \
    static inline void set_spr_ ## n(uint64_t value) \
    { \
        asm volatile("mtspr " #n ", %0" : : "r"(value)); \
    }

SPR_CALLS(815)

/* Registers 3 and 40 of VSX, of the payload itself */
void set_vectors(uint64_t high, uint64_t low);
void get_vectors(uint64_t *value);

#endif
