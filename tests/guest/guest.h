/*
 * Runtime of the bare-metal payloads
 *
 * A payload is one ELF, started by the machine's own firmware (x-vof=on) like
 * a kernel; -append chooses what it does.  It runs big-endian in real mode on
 * vCPU 0; start_cpu() starts others.  Output goes to the console line by line,
 * and it ends by powering the machine off.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "layout.h"
#include "hw/pseries/abi.h"

#define MAX_CPUS    8
#define ENTRY_REGS  7
#define TB_HZ       512000000ull
#define MSR_EE      0x8000ull
#define MSR_ME      0x1000ull
#define MSR_IR      0x20ull
#define MSR_DR      0x10ull
#define MSR_LE      0x1ull
#define MSR_PR      0x4000ull

#define VEC_MCHECK  0x200
#define VEC_DSI     0x300
#define VEC_DSEG    0x380
#define VEC_ISI     0x400
#define VEC_EXT     0x500
#define VEC_TRAP    0x700
#define VEC_DEC     0x900
#define VEC_SYSCALL 0xc00

#define FAULT_VALUE 0xfa17fa17fa17fa17ull

struct frame {
    uint64_t head[8];
    uint64_t gpr[32];
    uint64_t vector, lr, ctr, xer, cr, nip, msr, dar, dsisr;
};

struct cpu {
    uint64_t stack;
    unsigned id;
    void (*fn)(struct cpu *cpu);
    void *arg;
    volatile unsigned running;
    volatile uint64_t faults;       /* of guarded accesses */
    bool skip_machine_checks;       /* of accesses to nowhere */
    void (*external)(struct cpu *cpu);
    void (*decrementer)(struct cpu *cpu);
    volatile uint64_t count;        /* for the handlers */
    uint64_t entered_with[ENTRY_REGS];  /* r4 to r10 at its start */
};

extern struct cpu cpus[MAX_CPUS];
extern const char *command;         /* -append */
extern uint64_t boot_r3;            /* that firmware entered the payload with */

/* start.S */
long hypercall(uint64_t regs[10]);
uint64_t kept_registers(uint64_t regs[10]);
/* SYSTEM_CALL: it was a system call */
#define SYSTEM_CALL 0x73797363616c6cll
long user_hypercall(uint64_t opcode);
uint64_t load_guarded(const volatile uint64_t *where);
bool store_guarded(volatile uint64_t *where, uint64_t value);
uint64_t trap_msr(void);

/* runtime.c */
void payload_run(void);             /* each payload's own */
struct cpu *this_cpu(void);
void print(const char *format, ...);    /* %s %d %x %c, 64 bits each */
long hcall_out(uint64_t *out, unsigned n, uint64_t op, uint64_t a, uint64_t b,
               uint64_t c, uint64_t d);
long rtas(uint32_t token, unsigned nargs, const uint32_t *args, unsigned nrets,
          uint32_t *rets);
bool start_cpu(unsigned id, void (*fn)(struct cpu *), void *arg);
void stop_self(void) __attribute__((noreturn));
void wait_stopped(unsigned id);
extern bool fixed_hpt;              /* can't resize its hash page table */
extern bool isa207_alone;           /* knows no later compatibility mode */
extern unsigned numa_form;          /* 1 or 2; 0: knows neither, nor hotplug */
extern bool hotplug_events;         /* claims to handle hotplug interrupts */
/* client-architecture-support; resets the machine if the choice needs that */
bool negotiate(bool xive, bool radix);
/* A property of the device tree; returns its length, or -1 if it is missing */
unsigned firmware_property(const char *path, const char *name, void *value,
                           unsigned size);
void quiesce(void);                 /* no client calls after this */
void power_off(void) __attribute__((noreturn));
void barrier_wait(unsigned n);      /* of n vCPUs, spinning */
bool same(const char *a, const char *b);

/* Up to four arguments; returns r3, and loses the other volatile registers */
static inline long hcall(uint64_t op, uint64_t a, uint64_t b, uint64_t c,
                         uint64_t d)
{
    register uint64_t r3 asm("r3") = op;
    register uint64_t r4 asm("r4") = a;
    register uint64_t r5 asm("r5") = b;
    register uint64_t r6 asm("r6") = c;
    register uint64_t r7 asm("r7") = d;

    asm volatile("sc 1" : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)
                 : : "r0", "r8", "r9", "r10", "r11", "r12", "ctr", "lr", "xer",
                     "cr0", "cr1", "cr5", "cr6", "cr7", "memory");
    return r3;
}

/* The same; r4 as returned goes to *@a */
static inline long hcall1(uint64_t op, uint64_t *a, uint64_t b, uint64_t c,
                          uint64_t d)
{
    register uint64_t r3 asm("r3") = op;
    register uint64_t r4 asm("r4") = *a;
    register uint64_t r5 asm("r5") = b;
    register uint64_t r6 asm("r6") = c;
    register uint64_t r7 asm("r7") = d;

    asm volatile("sc 1" : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)
                 : : "r0", "r8", "r9", "r10", "r11", "r12", "ctr", "lr", "xer",
                     "cr0", "cr1", "cr5", "cr6", "cr7", "memory");
    *a = r4;
    return r3;
}

static inline uint64_t timebase(void)
{
    uint64_t tb;

    asm volatile("mftb %0" : "=r"(tb));
    return tb;
}

static inline uint64_t get_msr(void)
{
    uint64_t msr;

    asm volatile("mfmsr %0" : "=r"(msr));
    return msr;
}

static inline void set_msr(uint64_t msr)
{
    asm volatile("mtmsrd %0; isync" : : "r"(msr) : "memory");
}

static inline void interrupts(bool on)
{
    uint64_t msr = get_msr();

    set_msr(on ? msr | MSR_EE : msr & ~MSR_EE);
}

static inline void set_decrementer(uint64_t ticks)
{
    asm volatile("mtdec %0" : : "r"(ticks));
}

static inline uint64_t get_decrementer(void)
{
    uint64_t ticks;

    asm volatile("mfdec %0" : "=r"(ticks));
    return ticks;
}

static inline void relax(void)
{
    asm volatile("or 1,1,1; or 2,2,2" : : : "memory");
}

static inline void full_barrier(void)
{
    asm volatile("sync" : : : "memory");
}

static inline uint64_t atomic_add(volatile uint64_t *p, uint64_t n)
{
    return __atomic_add_fetch(p, n, __ATOMIC_SEQ_CST);
}

/* Device registers; real mode reaches them at their physical addresses */
static inline uint64_t mmio_load8(uint64_t at)
{
    return *(volatile uint64_t *)at;
}

static inline void mmio_store8(uint64_t at, uint64_t value)
{
    *(volatile uint64_t *)at = value;
}

/* xive.c */
#define XIVE_TIMA       0x60302031a0000ull
#define XIVE_EQ_SHIFT   16

struct xive_queue {
    volatile uint32_t *at;
    uint32_t index, generation;
};

bool xive_queue_setup(struct xive_queue *queue, unsigned server, void *memory);
bool xive_source_setup(unsigned lisn, unsigned server, uint32_t eisn,
                       uint64_t *trigger, uint64_t *manage);
/* the next event of the queue, or 0 */
static inline uint32_t xive_next(struct xive_queue *queue)
{
    uint32_t entry = queue->at[queue->index];

    if (entry >> 31 != queue->generation) {
        return 0;
    }
    if (++queue->index == 1u << (XIVE_EQ_SHIFT - 2)) {
        queue->index = 0;
        queue->generation ^= 1;
    }
    return entry & 0x7fffffff;
}

static inline uint16_t xive_accept(void)
{
    return *(volatile uint16_t *)(XIVE_TIMA + 0x810);
}

static inline void xive_cppr(uint8_t priority)
{
    *(volatile uint8_t *)(XIVE_TIMA + 0x11) = priority;
}

#endif
