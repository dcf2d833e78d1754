/*
 * A kernel that has itself dumped by the platform (LoPAR section 7.3.26)
 *
 * Five boots.  1: registers a dump and crashes.  2: looks at memory and
 * registers of the first, and reboots with the dump still active.  3: it is
 * there, and then invalidated.  4: registers, and reboots without a crash.
 * 5: no dump is active or registered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

/* Firmware loads the payload anew, but leaves other memory as it is */
struct log {
    uint64_t magic;
    uint64_t boots;
    uint64_t spinning[CPUS];            /* address of spin()'s loop */
};
static volatile struct log *const log = (struct log *)0x4000000;
#define MAGIC       0x6661646d70212121ull

#define REGION      0x10000000ull       /* from 0 on */
#define DUMP        0x20000000ull
#define PATTERN     0x5a17000000000000ull
#define STRIDE      0x10000
/* what the payload does not fill */
#define FILLED_FROM 0x5000000ull

enum { REGISTER = 1, UNREGISTER, INVALIDATE };
enum { REGISTERED = -9, ACTIVE = -10, PARAMETER = -3 };

struct section {
    uint32_t flags;
    uint16_t type, errors;
    uint64_t source, length, copied, destination;
};

struct dump {
    uint32_t version;
    uint16_t n_sections, status;
    uint32_t first, disk_block;
    uint64_t disk_start, disk_blocks;
    uint32_t disk_path, automatic;
    struct section cpus, hpt, region;
} __attribute__((packed));

struct entry {
    char name[8];
    uint64_t value;
};

static struct dump dump;
static uint32_t sizes[6];               /* type, size: two times */
static volatile uint64_t changed = 1;   /* by the first boot */

static long configure(uint32_t what)
{
    uint32_t args[] = { what, (uint32_t)(uint64_t)&dump, sizeof(dump) };
    uint32_t status;

    return rtas(RTAS_IBM_CONFIGURE_KERNEL_DUMP, 3, args, 1, &status);
}

static void fill(void)
{
    uint64_t cpus = (uint64_t)sizes[1] << 32 | sizes[2];
    uint64_t hpt = (uint64_t)sizes[4] << 32 | sizes[5];

    dump = (struct dump) {
        .version = 1,
        .n_sections = 3,
        .first = 40,
        .cpus = { 1, 1, 0, 0, cpus, 0, DUMP },
        .hpt = { 1, 2, 0, 0, hpt, 0, DUMP + cpus },
        .region = { 1, 0x11, 0, 0, REGION, 0, DUMP + cpus + hpt },
    };
}

/* Registers with known values, and a loop at a known address */
static void spin(struct cpu *cpu)
{
    register uint64_t a asm("r20") = PATTERN + cpu->id;
    register uint64_t b asm("r21") = ~a;

    /* r22: where the loop is, but for a few instructions */
    asm volatile("bl 1f; 1: mflr 22; std 22, 0(%0); 2: b 2b"
                 : : "b"(&log->spinning[cpu->id]), "r"(a), "r"(b)
                 : "r22", "lr", "memory");
    __builtin_unreachable();
}

static void crash(void)
{
    static const char message[] = "a test of the dump";
    uint32_t args[] = { (uint32_t)(uint64_t)message };
    uint32_t status;

    for (uint64_t at = FILLED_FROM; at < REGION; at += STRIDE) {
        *(volatile uint64_t *)at = PATTERN ^ at;
    }
    changed = 2;
    log->spinning[1] = log->spinning[2] = 0;
    expect(start_cpu(1, spin, NULL), true);
    expect(start_cpu(2, spin, NULL), true);
    while (!log->spinning[1] || !log->spinning[2]) {
        relax();
    }
    fill();
    dump.region.destination = dump.cpus.destination;
    expect(configure(REGISTER), PARAMETER);
    fill();
    expect(configure(REGISTER), 0);
    expect(configure(REGISTER), REGISTERED);
    expect(configure(UNREGISTER), 0);
    expect(configure(INVALIDATE), PARAMETER);
    expect(configure(REGISTER), 0);
    /* the platform has its own copy */
    dump.version = 0;
    rtas(RTAS_IBM_OS_TERM, 1, args, 1, &status);
    print("FAIL ibm,os-term has returned\n");
    power_off();
}

static bool is_named(const struct entry *e, const char *name)
{
    for (unsigned i = 0; i < 8; i++) {
        if (e->name[i] != *name) {
            return false;
        }
        if (*name) {
            name++;
        }
    }
    return true;
}

static const struct entry *find(const struct entry *from, const char *name)
{
    for (unsigned i = 0; i < 256; i++) {
        if (is_named(&from[i], name)) {
            return &from[i];
        }
        expect(i && is_named(&from[i], "CPUEND"), false);
    }
    return NULL;
}

static void check_registers(void)
{
    const uint8_t *area = (const uint8_t *)dump.cpus.destination;
    const struct entry *e = (const struct entry *)(area + 0x20);
    unsigned ids = 0;

    expect(is_named((const struct entry *)area, "REGSAVE"), true);
    expect(*(const uint32_t *)(area + 8), 0);
    expect(*(const uint32_t *)(area + 12), 0x1c);
    expect(*(const uint32_t *)(area + 0x1c), 3);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t id = e->value;

        expect(is_named(e, "CPUSTRT"), true);
        ids |= 1 << id;
        expect(find(e, "PIR")->value, id);
        if (id) {
            expect(find(e, "GPR20")->value, PATTERN + id);
            expect(find(e, "GPR21")->value, ~(PATTERN + id));
            expect(find(e, "NIA")->value >= log->spinning[id], true);
            expect(find(e, "NIA")->value < log->spinning[id] + 32, true);
        } else {
            expect(find(e, "GPR03")->value, H_RTAS);
        }
        expect(find(e, "MSR")->value >> 63, 1);
        e = find(e, "CPUEND");
        expect(e->value, id);
        e++;
    }
    expect(ids, 7);
    expect((uint64_t)e - (uint64_t)area, dump.cpus.copied);
}

static void check_memory(void)
{
    const uint8_t *hpt = (const uint8_t *)dump.hpt.destination;
    uint64_t copy = dump.region.destination;

    expect(is_named((const struct entry *)hpt, "HPTESAVE"), true);
    expect(*(const uint64_t *)(hpt + 0x18), 0);
    expect(dump.hpt.copied, 0x20);
    expect(dump.region.copied, REGION);
    for (uint64_t at = FILLED_FROM; at < REGION; at += STRIDE) {
        expect(*(volatile uint64_t *)(copy + at), PATTERN ^ at);
    }
    /* firmware has loaded the payload again; the copy has the value before */
    expect(changed, 1);
    expect(*(volatile uint64_t *)(copy + (uint64_t)&changed), 2);
}

static void reboot(void)
{
    uint32_t status;

    rtas(RTAS_SYSTEM_REBOOT, 0, NULL, 1, &status);
    for (;;) {
        relax();
    }
}

static void check_active(void)
{
    expect(dump.version, 1);
    expect(dump.status, 0xc000);
    expect(dump.cpus.errors | dump.hpt.errors | dump.region.errors, 0);
    check_registers();
    check_memory();
    expect(configure(REGISTER), ACTIVE);
    expect(configure(UNREGISTER), ACTIVE);
}

void test_fadump(void)
{
    unsigned length;
    uint64_t reg[2];

    if (log->magic != MAGIC) {
        log->magic = MAGIC;
        log->boots = 0;
    }
    log->boots++;
    length = firmware_property("/rtas", "ibm,configure-kernel-dump-sizes",
                               sizes, sizeof(sizes));
    expect(length, sizeof(sizes));
    expect(sizes[0], 1);
    expect(sizes[3], 2);
    length = firmware_property("/rtas", "ibm,kernel-dump", &dump, sizeof(dump));
    expect(length, log->boots == 2 || log->boots == 3 ? sizeof(dump) : -1u);

    /* with a dump, only memory that was copied is used for the boot */
    length = firmware_property("/memory@0", "reg", reg, sizeof(reg));
    expect(length, sizeof(reg));
    expect(reg[1] == REGION, dump.version == 1);

    switch (log->boots) {
    case 1:
        crash();
        break;
    case 2:
        check_active();
        reboot();
        break;
    case 3:
        check_active();
        expect(configure(INVALIDATE), 0);
        expect(configure(INVALIDATE), PARAMETER);
        reboot();
        break;
    case 4:
        fill();
        expect(configure(REGISTER), 0);
        reboot();
        break;
    default:
        fill();
        expect(configure(INVALIDATE), PARAMETER);
        expect(configure(REGISTER), 0);
        break;
    }
}
