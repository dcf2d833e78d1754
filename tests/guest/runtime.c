/*
 * Runtime of the bare-metal payloads: console, RTAS, vCPUs, exceptions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdarg.h>
#include "guest.h"

_Static_assert(offsetof(struct cpu, stack) == CPU_STACK, "layout.h");
_Static_assert(offsetof(struct frame, gpr) == FRAME_GPR, "layout.h");
_Static_assert(offsetof(struct frame, vector) == FRAME_VECTOR, "layout.h");
_Static_assert(offsetof(struct frame, nip) == FRAME_NIP, "layout.h");
_Static_assert(offsetof(struct frame, dsisr) == FRAME_DSISR, "layout.h");
_Static_assert(sizeof(struct frame) <= FRAME_SIZE, "layout.h");

struct cpu cpus[MAX_CPUS];
const char *command;
uint64_t boot_r3;
bool fixed_hpt;
bool isa207_alone;
unsigned numa_form;
bool hotplug_events;

extern char secondary_start[], exception_entry[], user_return[];
extern char load_guarded_insn[], store_guarded_insn[];

static char stacks[MAX_CPUS][STACK_SIZE] __attribute__((aligned(4096)));
static char command_line[256];

void *memset(void *to, int c, size_t n)
{
    for (char *p = to; n--; p++) {
        *p = c;
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}

static size_t length(const char *s)
{
    size_t n = 0;

    while (s[n]) {
        n++;
    }
    return n;
}

bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

struct cpu *this_cpu(void)
{
    struct cpu *cpu;

    asm volatile("mfsprg %0, 2" : "=r"(cpu));
    return cpu;
}

/* ---- console ---- */

static void put(const char *s, size_t n)
{
    while (n) {
        union {
            uint64_t word[2];
            char byte[16];
        } chars = { { 0, 0 } };
        size_t part = n < 16 ? n : 16;

        memcpy(chars.byte, s, part);
        if (hcall(H_PUT_TERM_CHAR, 0, part, chars.word[0], chars.word[1]) != H_BUSY) {
            s += part;
            n -= part;
        }
    }
}

static size_t number(char *to, uint64_t value, unsigned base)
{
    char digits[20];
    size_t n = 0, i = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (n) {
        to[i++] = digits[--n];
    }
    return i;
}

void print(const char *format, ...)
{
    char line[256];
    size_t n = 0;
    va_list args;

    va_start(args, format);
    for (; *format && n < sizeof(line) - 32; format++) {
        if (*format != '%') {
            if (*format == '\n') {
                line[n++] = '\r';
            }
            line[n++] = *format;
            continue;
        }
        switch (*++format) {
        case 's': {
            const char *s = va_arg(args, const char *);
            size_t len = length(s);

            if (len > sizeof(line) - 32 - n) {
                len = sizeof(line) - 32 - n;
            }
            memcpy(line + n, s, len);
            n += len;
            break;
        }
        case 'd': {
            int64_t value = va_arg(args, int64_t);

            if (value < 0) {
                line[n++] = '-';
                value = -value;
            }
            n += number(line + n, value, 10);
            break;
        }
        case 'x':
            n += number(line + n, va_arg(args, uint64_t), 16);
            break;
        case 'c':
            line[n++] = va_arg(args, int);
            break;
        }
    }
    va_end(args);
    put(line, n);
}

/* ---- hypercalls, RTAS, the client interface ---- */

long hcall_out(uint64_t *out, unsigned n, uint64_t op, uint64_t a, uint64_t b,
               uint64_t c, uint64_t d)
{
    uint64_t regs[10] = { op, a, b, c, d };
    long rc = hypercall(regs);

    for (unsigned i = 0; i < n; i++) {
        out[i] = regs[1 + i];
    }
    return rc;
}

long rtas(uint32_t token, unsigned nargs, const uint32_t *args, unsigned nrets,
          uint32_t *rets)
{
    uint32_t block[16] = { token, nargs, nrets };
    long rc;

    for (unsigned i = 0; i < nargs; i++) {
        block[3 + i] = args[i];
    }
    rc = hcall(H_RTAS, (uint64_t)block, 0, 0, 0);
    for (unsigned i = 0; i < nrets; i++) {
        rets[i] = block[3 + nargs + i];
    }
    return rc ? rc : (int32_t)(nrets ? block[3 + nargs] : 0);
}

void power_off(void)
{
    const uint32_t args[] = { 0xffffffff, 0xffffffff };
    uint32_t status;

    rtas(RTAS_POWER_OFF, 2, args, 1, &status);
    for (;;) {
        relax();
    }
}

/* Cells are 32 bits, pointers too: all of the payload is below 4 GiB */
static uint32_t client_call(const char *service, uint32_t *results,
                            unsigned nrets, const uint32_t *args,
                            unsigned nargs)
{
    uint32_t block[16] = { (uint32_t)(uint64_t)service, nargs, nrets };

    for (unsigned i = 0; i < nargs; i++) {
        block[3 + i] = args[i];
    }
    hcall(H_VOF_CLIENT, (uint64_t)block, 0, 0, 0);
    for (unsigned i = 0; i < nrets; i++) {
        results[i] = block[3 + nargs + i];
    }
    return results[0];
}

static uint32_t pointer(const void *p)
{
    return (uint32_t)(uint64_t)p;
}

static void read_command(void)
{
    uint32_t ret;
    uint32_t find[] = { pointer("/chosen") };
    uint32_t get[] = {
        client_call("finddevice", &ret, 1, find, 1), pointer("bootargs"),
        pointer(command_line), sizeof(command_line) - 1,
    };

    client_call("getprop", &ret, 1, get, 4);
    command = command_line;
}

unsigned firmware_property(const char *path, const char *name, void *value,
                           unsigned size)
{
    uint32_t ret;
    uint32_t find[] = { pointer(path) };
    uint32_t get[] = {
        client_call("finddevice", &ret, 1, find, 1), pointer(name),
        pointer(value), size,
    };

    return client_call("getprop", &ret, 1, get, 4);
}

/*
 * LoPAR B.6.2.3: processors, then vectors of options, each with its length less
 * one.  Vector 1: architectures 2.00 to 3.00.  Vector 5: a hash page table of
 * any size (byte 6), interrupts (byte 23) and MMU (byte 24, then its
 * extensions); with numa_form also memory that can be plugged (bytes 2 and 22)
 * and that form (byte 5); with hotplug_events also their interrupt (byte 6).
 */
bool negotiate(bool xive, bool radix)
{
    static uint8_t vectors[] = {
        0xff, 0xff, 0, 0, 0, 0x4d, 0, 0,            /* POWER8 */
        0xff, 0xff, 0, 0, 0, 0x4e, 0, 0,            /* POWER9 */
        0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 5,      /* as ISA 3.00 */
        0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 4,      /* as ISA 2.07 */
        0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
        5 - 1,
        3 - 1, 0, 0xff, 0x80,
        1 - 1, 0,
        1 - 1, 0,
        1 - 1, 0,
        26 - 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0,
    };
    uint8_t *end = vectors + sizeof(vectors);
    uint32_t ret[2] = { 1, 1 }, closed = 0;
    uint32_t root[] = { pointer("/") };
    uint32_t call[] = {
        pointer("ibm,client-architecture-support"),
        client_call("open", ret, 1, root, 1), pointer(vectors),
    };

    vectors[23] = isa207_alone ? 4 : 5;
    end[-25] = numa_form ? 0x20 : 0;
    end[-22] = numa_form == 2 ? 0xa0 : numa_form == 1 ? 0x80 : 0;
    end[-21] = (fixed_hpt ? 0 : 0x01) | (hotplug_events ? 0x04 : 0);
    end[-5] = numa_form ? 0x80 : 0;
    end[-4] = xive ? 0x40 : 0;
    end[-3] = radix ? 0x40 : 0;
    end[-1] = radix ? 0x40 : 0;
    client_call("call-method", ret, 2, call, 3);
    client_call("close", &closed, 0, &call[1], 1);
    return !ret[0] && !ret[1];
}

void quiesce(void)
{
    uint32_t ret;

    client_call("quiesce", &ret, 0, NULL, 0);
}

/* ---- vCPUs ---- */

static void setup_cpu(struct cpu *cpu, unsigned id)
{
    cpu->stack = (uint64_t)stacks[id] + STACK_SIZE - 256;
    cpu->id = id;
}

static void keep_entry(struct cpu *cpu, uint64_t r4, uint64_t r5, uint64_t r6,
                       uint64_t r7, uint64_t r8, uint64_t r9, uint64_t r10)
{
    const uint64_t regs[ENTRY_REGS] = { r4, r5, r6, r7, r8, r9, r10 };

    memcpy(cpu->entered_with, regs, sizeof(regs));
    asm volatile("mtsprg 2, %0" : : "r"(cpu));
}

void secondary_main(struct cpu *cpu, uint64_t r4, uint64_t r5, uint64_t r6,
                    uint64_t r7, uint64_t r8, uint64_t r9, uint64_t r10)
{
    keep_entry(cpu, r4, r5, r6, r7, r8, r9, r10);
    cpu->fn(cpu);
    interrupts(false);
    full_barrier();
    cpu->running = 0;
    stop_self();
}

bool start_cpu(unsigned id, void (*fn)(struct cpu *), void *arg)
{
    struct cpu *cpu = &cpus[id];
    uint32_t args[] = { id, pointer(secondary_start), pointer(cpu) };
    uint32_t status;

    setup_cpu(cpu, id);
    cpu->fn = fn;
    cpu->arg = arg;
    cpu->running = 1;
    full_barrier();
    if (rtas(RTAS_START_CPU, 3, args, 1, &status)) {
        cpu->running = 0;
        return false;
    }
    return true;
}

void stop_self(void)
{
    rtas(RTAS_STOP_SELF, 0, NULL, 0, NULL);
    for (;;) {
        relax();
    }
}

void wait_stopped(unsigned id)
{
    uint32_t args[] = { id }, rets[2] = { 0, 2 };

    do {
        relax();
        rtas(RTAS_QUERY_CPU_STOPPED_STATE, 1, args, 2, rets);
    } while (rets[0] == 0 && rets[1] != 0);
}

void barrier_wait(unsigned n)
{
    static volatile uint64_t arrived;
    uint64_t round = (atomic_add(&arrived, 1) - 1) / n;

    while (*(volatile uint64_t *)&arrived < (round + 1) * n) {
        relax();
    }
}

/* ---- exceptions ---- */

static void unexpected(const struct frame *f)
{
    print("FAIL exception %x at %x, msr %x, dar %x, dsisr %x, vCPU %d\n",
          f->vector, f->nip, f->msr, f->dar, f->dsisr,
          (uint64_t)this_cpu()->id);
    power_off();
}

/* After a fault of a guarded access, continue behind the instruction */
static bool guarded(struct cpu *cpu, struct frame *f)
{
    if (f->nip == (uint64_t)load_guarded_insn) {
        f->gpr[3] = FAULT_VALUE;
    } else if (f->nip == (uint64_t)store_guarded_insn) {
        f->gpr[5] = 0;
    } else {
        return false;
    }
    f->nip += 4;
    cpu->faults++;
    return true;
}

void exception(struct frame *f)
{
    struct cpu *cpu = this_cpu();

    switch (f->vector) {
    case VEC_DSI:
    case VEC_DSEG:
        if (guarded(cpu, f)) {
            return;
        }
        break;
    case VEC_MCHECK:
        if (cpu->skip_machine_checks) {
            f->nip += 4;
            return;
        }
        break;
    case VEC_EXT:
        if (cpu->external) {
            cpu->external(cpu);
            return;
        }
        break;
    case VEC_DEC:
        if (cpu->decrementer) {
            cpu->decrementer(cpu);
            return;
        }
        set_decrementer(0x7fffffff);
        return;
    case VEC_SYSCALL:
        if (f->nip != (uint64_t)user_return) {
            break;
        }
        f->gpr[3] = SYSTEM_CALL;
        /* fall through */
    case VEC_TRAP:
        if (f->nip == (uint64_t)user_return) {
            f->nip += 4;
            f->msr &= ~(MSR_PR | MSR_EE | MSR_IR);
            return;
        }
        break;
    }
    unexpected(f);
}

/* Each saves r0 and r3 and has its number in r3; then exception_entry */
static void set_vectors(void)
{
    uint32_t *vector;

    for (uint64_t at = 0x100; at < 0x1000; at += 0x20) {
        if (at % 0x100 && at != VEC_DSEG && at != 0x480 && at != 0x980) {
            continue;
        }
        vector = (uint32_t *)at;
        /* stdu r1,-n(r1); std r3,n(r1); std r0,n(r1); li r3,vector; ba */
        vector[0] = 0xf8210001 | (-(FRAME_SIZE + RED_ZONE) & 0xfffc);
        vector[1] = 0xf8610000 | (FRAME_GPR + 8 * 3);
        vector[2] = 0xf8010000 | (FRAME_GPR + 8 * 0);
        vector[3] = 0x38600000 | at;
        vector[4] = 0x48000002 | pointer(exception_entry);
        for (int i = 0; i < 5; i++) {
            asm volatile("dcbst 0,%0; sync; icbi 0,%0; isync"
                         : : "r"(&vector[i]) : "memory");
        }
    }
}

void payload_main(uint64_t r3, uint64_t r4, uint64_t r5, uint64_t r6,
                  uint64_t r7, uint64_t r8, uint64_t r9, uint64_t r10)
{
    boot_r3 = r3;
    setup_cpu(&cpus[0], 0);
    keep_entry(&cpus[0], r4, r5, r6, r7, r8, r9, r10);
    set_vectors();
    set_decrementer(0x7fffffff);
    read_command();
    payload_run();
    power_off();
}
