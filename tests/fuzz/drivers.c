/*
 * Fuzzing the pseries machine: calls as drivers make them
 *
 * Arguments that are chosen one by one hardly ever make a sequence of calls
 * that succeeds.  Here the arguments of a sequence fit, but for one at most.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "fuzz.h"

#define BUID_HIGH 0x8000000
#define BUID_LOW  0x20000000
#define WORK_AREA (FUZZ_ARENA + 0x30000)
#define AREAS     (FUZZ_ARENA + 0x40000)
#define QUEUES    (FUZZ_ARENA + 0x100000)
#define DUMP      (FUZZ_ARENA + 0x50000)
#define DUMP_SIZE 160
#define L1_TABLE  (FUZZ_ARENA + 0x60000)
#define L1_STATE  (FUZZ_ARENA + 0x64000)
#define L1_REGS   (FUZZ_ARENA + 0x65000)
#define L1_RADIX  (FUZZ_ARENA + 0x200000)
#define L1_LPIDS  4

/* With flag 0x80 one of @n arguments is something else */
static void change_one(const FuzzRecord *record, uint64_t *args, unsigned n)
{
    if (record->flags & 0x80) {
        args[record->args[8][2] % n] = fuzz_arg(record, 8);
    }
}

static void rtas(const FuzzRecord *record, uint32_t token, unsigned nargs,
                 unsigned nrets, uint64_t *args)
{
    uint32_t cells[FUZZ_ARGS];

    if (nargs) {
        change_one(record, args, nargs);
    }
    for (unsigned i = 0; i < nargs; i++) {
        cells[i] = args[i];
    }
    fuzz_rtas(record, FUZZ_RTAS_BLOCK, token, nargs, nrets, cells);
}

static void hcall(const FuzzRecord *record, uint64_t opcode, uint64_t *args)
{
    change_one(record, args, FUZZ_ARGS);
    fuzz_hcall(fuzz_cpu(record->cpu), opcode, args);
}

/* A connector that has something behind it, or may have */
static uint32_t connector(const FuzzRecord *record)
{
    unsigned n = record->args[0][1];

    switch (record->args[0][0] % 8) {
    case 7:
        return 9u << 28 | n % 4;                        /* a module */
    case 3:
        return 8u << 28 | (4 + n % 6);                  /* a block of memory */
    case 0:
    case 4:
        return 1u << 28 | n % 8;                        /* a core */
    case 1:
    case 5:
        return 2u << 28 | n % 4;                        /* a host bridge */
    default:
        /* a slot's first function, of either host bridge */
        return 4u << 28 | (n >> 7) << 16 | (n % 10) << 3;
    }
}

/* set-indicator: isolation state, allocation state, light */
static void set_indicator(const FuzzRecord *record)
{
    static const uint32_t types[] = { 9001, 9003, 9002 };
    uint64_t args[] = { types[record->args[1][0] % ARRAY_SIZE(types)],
                        connector(record), record->args[1][1] & 1 };

    rtas(record, RTAS_SET_INDICATOR, 3, 1, args);
}

/* Some steps of a configuration; the work area has its progress */
static void configure_connector(const FuzzRecord *record)
{
    uint64_t args[] = { WORK_AREA, 0 };

    if (record->args[2][0] & 1) {
        fuzz_write_be32(WORK_AREA, connector(record));
        fuzz_write_be32(WORK_AREA + 4, 0);
    }
    for (int i = record->args[2][1] % 32; i >= 0; i--) {
        rtas(record, RTAS_IBM_CONFIGURE_CONNECTOR, 2, 1, args);
    }
}

static void change_msi(const FuzzRecord *record)
{
    uint64_t args[] = { (record->args[0][0] % 10) << 11, BUID_HIGH,
                        BUID_LOW + record->args[0][1] % 2,
                        1 + record->args[1][0] % 4, record->args[1][1] % 8,
                        1 };

    rtas(record, RTAS_IBM_CHANGE_MSI, 6, 4, args);
}

/* A second window: created, removed, or all windows reset */
static void dma_window(const FuzzRecord *record)
{
    uint64_t phb = record->args[0][1] % 2;
    uint64_t args[] = { 0, BUID_HIGH, BUID_LOW + phb,
                        record->args[1][0] & 1 ? 16 : 12,
                        28 + record->args[1][1] % 16 };
    uint64_t liobn[] = { 0x80000001 | phb << 8 };

    switch (record->args[2][0] % 8) {
    case 0:
        rtas(record, RTAS_IBM_REMOVE_PE_DMA_WINDOW, 1, 1, liobn);
        break;
    case 1:
        rtas(record, RTAS_IBM_RESET_PE_DMA_WINDOW, 3, 1, args);
        break;
    default:
        rtas(record, RTAS_IBM_CREATE_PE_DMA_WINDOW, 5, 4, args);
    }
}

/* Entries of that window, far apart */
static void fill_window(const FuzzRecord *record)
{
    uint64_t liobn = 0x80000001 | (uint64_t)record->args[0][1] % 2 << 8;
    uint64_t at = 0x800000000000000ULL + ((uint64_t)record->args[1][1] << 16 <<
                                          record->args[1][2] % 20);
    uint64_t args[FUZZ_ARGS] = { liobn, at, FUZZ_ARENA | record->args[1][0] % 4,
                                 1 + record->args[2][1] };

    hcall(record, record->args[2][0] & 1 ? H_STUFF_TCE : H_PUT_TCE, args);
}

/* Enter an entry of the hash page table, then make a call about it */
static void hash_entry(const FuzzRecord *record)
{
    uint64_t group = record->args[0][1] | record->args[0][2] << 8;
    uint64_t page = record->args[1][1];
    uint64_t avpn = (uint64_t)record->args[2][1] << 12 | group >> 3 << 7;
    uint64_t args[FUZZ_ARGS] = { 0, group << 3,
                                 avpn | (record->args[1][0] & 4) | 1,
                                 page << 16 | 0x190 |
                                 (record->args[1][2] & 3) };

    fuzz_hcall(fuzz_cpu(record->cpu), H_ENTER, args);
    args[1] = args[0];                  /* where it is now */
    args[0] = 0;
    args[2] = avpn;
    switch (record->args[3][0] % 6) {
    case 0:
        hcall(record, H_REMOVE, args);
        break;
    case 1:
        hcall(record, H_PROTECT, args);
        break;
    case 2:
        args[0] = 1ULL << (63 - 32);    /* if the page is this one (AVPN) */
        hcall(record, H_REMOVE, args);
        break;
    case 3:
        hcall(record, H_CLEAR_REF, args);
        break;
    case 4:
        hcall(record, H_READ, args);
    }
}

/* VPA, dispatch trace log, SLB shadow: registered, or deregistered */
static void vcpu_area(const FuzzRecord *record)
{
    uint64_t function = record->args[0][0] % 8;
    uint64_t area = AREAS + record->args[0][1] % 8 * 4096;
    uint64_t args[FUZZ_ARGS] = { function << 45, record->args[1][0] % 4, area };

    /* the size of the area: two bytes in the VPA, four in the others */
    fuzz_write_be32(area + 4, function == 1 ? 4096 << 16 : 4096);
    hcall(record, H_REGISTER_VPA, args);
}

/* A queue of a vCPU, a source that goes there, the source's trigger */
static void xive_queue(const FuzzRecord *record)
{
    static const uint16_t lisns[] = { 0, 1, 2, 3, 0x1000, 0x1100, 0x1101,
                                      0x1200, 0x1201, 0x1300 };
    uint64_t lisn = lisns[record->args[0][0] % ARRAY_SIZE(lisns)];
    uint64_t server = record->args[0][1] % 4, priority = record->args[0][2] % 8;
    uint64_t queue[FUZZ_ARGS] = { record->args[1][0] & 1, server, priority,
                                  QUEUES + server * 64 * KiB, 12 };
    uint64_t source[FUZZ_ARGS] = { record->args[1][1] & 3, lisn, server,
                                   priority, lisn };
    uint64_t esb[FUZZ_ARGS] = { 0, lisn, record->args[2][0] << 8, 0 };

    switch (record->args[2][1] % 4) {
    case 0:
        queue[4] = record->args[2][2] & 1 ? 16 : 12;
        hcall(record, H_INT_SET_QUEUE_CONFIG, queue);
        break;
    case 1:
        hcall(record, H_INT_SET_SOURCE_CONFIG, source);
        break;
    case 2:
        hcall(record, H_INT_ESB, esb);
        break;
    default:
        fuzz_call(record, H_INT_GET_QUEUE_INFO, 0, server, priority, 0);
        fuzz_call(record, H_INT_GET_SOURCE_CONFIG, 0, lisn, 0, 0);
        fuzz_call(record, H_INT_SYNC, 0, lisn, 0, 0);
    }
}

/* Labels, place and flushes of the module in slot 3 */
static void persistent_memory(const FuzzRecord *record)
{
    static const uint8_t lengths[] = { 1, 2, 4, 8 };
    uint64_t index = 9u << 28 | 3, len = lengths[record->args[0][1] & 3];
    uint64_t offset = record->args[1][0] | record->args[1][1] << 8;
    uint64_t read[FUZZ_ARGS] = { index, offset, len };
    uint64_t write[FUZZ_ARGS] = { index, offset, record->args[2][0], len };
    uint64_t bind[FUZZ_ARGS] = { index, 0, 1, UINT64_MAX, 0 };
    uint64_t flush[FUZZ_ARGS] = { index, record->args[3][0] };

    switch (record->args[0][0] % 5) {
    case 0:
        hcall(record, H_SCM_READ_METADATA, read);
        break;
    case 1:
        hcall(record, H_SCM_WRITE_METADATA, write);
        break;
    case 2:
        hcall(record, H_SCM_BIND_MEM, bind);
        /* with the address that bind has returned, which unbind takes */
        bind[0] = index;
        bind[3] = 0;
        hcall(record, H_SCM_UNBIND_MEM, bind);
        break;
    case 3:
        hcall(record, H_SCM_FLUSH, flush);
        break;
    default:
        fuzz_call(record, H_SCM_HEALTH, index, 0, 0, 0);
        fuzz_call(record, H_SCM_QUERY_BLOCK_MEM_BINDING, index, 0, 0, 0);
        fuzz_call(record, H_SCM_QUERY_LOGICAL_MEM_BINDING, 1 * GiB, 0, 0, 0);
        fuzz_call(record, H_SCM_UNBIND_ALL, 1 + (len & 1), index, 0, 0);
    }
}

static void put64(uint64_t addr, uint64_t value)
{
    value = cpu_to_be64(value);
    address_space_write(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                        &value, sizeof(value));
}

static void put_dump_section(unsigned i, uint64_t type, uint64_t source,
                             uint64_t length, uint64_t destination)
{
    uint64_t at = DUMP + 40 + 40 * i;

    put64(at, 1ull << 32 | type << 16);
    put64(at + 8, source);
    put64(at + 16, length);
    put64(at + 24, 0);
    put64(at + 32, destination);
}

/* A structure that is fine, or has one doubleword of something else */
static void put_dump(const FuzzRecord *record)
{
    put64(DUMP, 1ull << 32 | 3 << 16);
    put64(DUMP + 8, 40ull << 32);
    for (unsigned at = 16; at < 40; at += 8) {
        put64(DUMP + at, 0);
    }
    put_dump_section(0, 1, 0, 0x40000, 0x8000000);
    put_dump_section(1, 2, 0, 0x10000, 0x8040000);
    put_dump_section(2, 0x11, 0, MiB << record->args[1][0] % 7, 0x9000000);
    if (record->flags & 0x40) {
        put64(DUMP + record->args[1][1] % (DUMP_SIZE / 8) * 8,
              fuzz_arg(record, 7));
    }
}

/* Firmware-assisted dump: registered, unregistered, invalidated; crashes */
static void kernel_dump(const FuzzRecord *record)
{
    uint64_t args[] = { 1 + record->args[0][0] % 4, DUMP, DUMP_SIZE };
    uint64_t message[] = { DUMP };

    if (record->args[0][0] % 8 == 7) {
        rtas(record, RTAS_IBM_OS_TERM, 1, 1, message);
        return;
    }
    if (record->args[0][0] & 8) {
        args[0] = 1;
    }
    put_dump(record);
    rtas(record, RTAS_IBM_CONFIGURE_KERNEL_DUMP, 3, 1, args);
}

void fuzz_forget_dump(void)
{
    const FuzzRecord record = {};
    const uint32_t args[] = { 3, 0, 0 };

    fuzz_rtas(&record, FUZZ_RTAS_BLOCK, RTAS_IBM_CONFIGURE_KERNEL_DUMP, 3, 1,
              args);
}

/* 0 is the partition itself, which is no guest */
static uint64_t l1_lpid(const FuzzRecord *record)
{
    return record->args[0][1] % L1_LPIDS;
}

/*
 * An L1's tables for its guest, of any content: an entry of the partition
 * table, a process table's, and a radix tree whose levels may refer to each
 * other
 */
static void put_l1_tables(const FuzzRecord *record)
{
    uint64_t lpid = l1_lpid(record);
    uint64_t size = record->args[1][0] % 32;
    uint64_t root = L1_RADIX + record->args[1][1] % 8 * 64 * KiB;
    uint64_t rts = record->args[1][2] & 1 ? 2ull << 61 | 5 << 5
                                          : fuzz_arg(record, 2);

    put64(L1_TABLE + 16 * lpid, 1ull << 63 | rts | root | size);
    put64(L1_TABLE + 16 * lpid + 8,
          record->args[1][2] & 2 ? L1_RADIX | 4 : fuzz_arg(record, 3));
    for (int i = 0; i < 16; i++) {
        uint64_t entry = record->args[3][0] & 1
            ? 1ull << 63 | (L1_RADIX + (record->args[3][1] + i) % 8 * 64 * KiB)
              | ((record->args[3][2] + i) % 32)
            : fuzz_arg(record, 4 + i % 4);

        put64(root + 8 * i, entry);
    }
}

/* Blocks of H_ENTER_NESTED: the version and the LPID are valid, mostly */
static void put_l1_blocks(const FuzzRecord *record)
{
    for (unsigned at = 0; at < 0xf8; at += 8) {
        put64(L1_STATE + at, fuzz_arg(record, 2 + at / 8 % 6));
    }
    for (unsigned at = 0; at < 0x160; at += 8) {
        put64(L1_REGS + at, fuzz_arg(record, 2 + at / 8 % 5));
    }
    put64(L1_STATE, 1 + (record->args[1][0] & 1));
    put64(L1_STATE + 8, (uint64_t)(l1_lpid(record)) << 32);
    /* when it has to end: mostly far away */
    put64(L1_STATE + 0x58, record->args[1][1] & 3 ? INT64_MAX
                                                  : fuzz_arg(record, 3));
}

/* What an L1 does before it has guests; waits until hash tables are freed */
static void become_l1(const FuzzRecord *record)
{
    for (int i = 0; i < 4; i++) {
        if (fuzz_call(record, H_REGISTER_PROCESS_TABLE, 0x1d,
                      FUZZ_ARENA + 0x70000, 0, 0) != H_LONG_BUSY_10_MS) {
            break;
        }
        drain_call_rcu();
    }
    fuzz_call(record, H_SET_PARTITION_TABLE, L1_TABLE | 2, 0, 0, 0);
}

/* No code runs: a guest's guest ends as soon as it has begun */
static void nested(const FuzzRecord *record)
{
    uint64_t table[FUZZ_ARGS] = { L1_TABLE | record->args[1][0] % 3 };
    uint64_t flush[FUZZ_ARGS] = {
        (uint64_t)(record->args[1][0] & 0xf) << 16,
        l1_lpid(record), record->args[1][1] << 8 & 0xc00,
    };
    uint64_t enter[FUZZ_ARGS] = { L1_STATE, L1_REGS };
    uint64_t copy[FUZZ_ARGS] = {
        l1_lpid(record), record->args[1][1] & 7, fuzz_arg(record, 3),
        record->flags & 0x10 ? 0 : fuzz_arg(record, 4),
        record->flags & 0x10 ? fuzz_arg(record, 4) : 0, fuzz_arg(record, 5),
    };

    switch (record->args[0][0] % 8) {
    case 0:
        hcall(record, H_SET_PARTITION_TABLE, table);
        break;
    case 1:
        hcall(record, H_TLB_INVALIDATE, flush);
        break;
    case 2:
    case 3:
        put_l1_tables(record);
        break;
    case 4:
        hcall(record, H_COPY_TOFROM_GUEST, copy);
        break;
    default:
        if (record->flags & 0x20) {
            become_l1(record);
            put_l1_tables(record);
        }
        put_l1_blocks(record);
        hcall(record, H_ENTER_NESTED, enter);
    }
}

/* Elements of any ID, mostly of the right size and in a buffer that has them */
static void put_elements(const FuzzRecord *record, uint64_t buf, unsigned n)
{
    static const struct {
        uint16_t id, n, size;
    } rows[] = {
        /* without flag 0x80 the first four only: a vCPU can run with these */
        { 0x1000, 0x54, 8 }, { 0x2000, 15, 4 }, { 0x3000, 64, 16 },
        { 0x0000, 1, 8 }, { 0x0003, 1, 4 }, { 0x0004, 1, 8 }, { 0x0005, 1, 24 },
        { 0x0006, 1, 16 }, { 0x0800, 5, 8 }, { 0x0c00, 2, 16 },
        { 0x0c02, 1, 8 }, { 0xf000, 4, 8 }, { 0xff00, 255, 8 },
    };
    unsigned n_rows = record->flags & 0x80 ? ARRAY_SIZE(rows) : 4;
    uint64_t at = buf + 4;

    fuzz_write_be32(buf, record->args[7][0] == 255 ? fuzz_arg(record, 7) : n);
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *arg = record->args[1 + i % 6];
        unsigned row = (arg[0] + i) % n_rows;
        unsigned size = arg[2] == 255 ? arg[1] : rows[row].size;

        fuzz_write_be32(at, (rows[row].id + (arg[1] + i) % rows[row].n) << 16 |
                            size);
        for (unsigned word = 0; word < size; word += 8) {
            put64(at + 4 + word, fuzz_arg(record, 2 + (i + word) % 6));
        }
        at += 4 + size;
    }
}

static void put_element(uint64_t id, uint64_t size, const uint64_t *value)
{
    fuzz_write_be32(L1_STATE, 1);
    fuzz_write_be32(L1_STATE + 4, id << 16 | size);
    for (unsigned i = 0; i < size / 8; i++) {
        put64(L1_STATE + 8 + 8 * i, value[i]);
    }
}

static void call_of_guest(const FuzzRecord *record, uint64_t nr,
                          uint64_t flags, uint64_t vcpu)
{
    uint64_t args[FUZZ_ARGS] = { flags, l1_lpid(record), vcpu, L1_STATE, 4096 };

    hcall(record, nr, args);
}

/* A guest that can run: its tree and what its vCPU needs */
static void make_guest(const FuzzRecord *record, uint64_t vcpu)
{
    const uint64_t tree[] = {
        L1_RADIX + record->args[1][1] % 8 * 64 * KiB, 52, 64 * KiB,
    };
    const uint64_t input[] = { L1_STATE, 2048 };
    const uint64_t output[] = { L1_REGS, 128 };

    become_l1(record);
    fuzz_call(record, H_GUEST_SET_CAPABILITIES, 0, 3ull << 61, 0, 0);
    fuzz_call(record, H_GUEST_CREATE, 0, -1, 0, 0);
    fuzz_call(record, H_GUEST_CREATE_VCPU, 0, l1_lpid(record), vcpu, 0);
    put_element(5, 24, tree);
    call_of_guest(record, H_GUEST_SET_STATE, 1ull << 63, 0);
    put_element(0xc00, 16, input);
    call_of_guest(record, H_GUEST_SET_STATE, 0, vcpu);
    put_element(0xc01, 16, output);
    call_of_guest(record, H_GUEST_SET_STATE, 0, vcpu);
}

/* The same by PAPR's hypercalls */
static void nested_papr(const FuzzRecord *record)
{
    uint64_t vcpu = record->args[0][2] % 4;
    uint64_t flags = record->flags & 0x40 ? (uint64_t)record->args[7][1] << 56
                                          : 0;

    if (record->flags & 0x20) {
        make_guest(record, vcpu);
    }
    switch (record->args[0][0] % 8) {
    case 0:
        fuzz_call(record, H_GUEST_DELETE, flags, l1_lpid(record), 0, 0);
        break;
    case 1:
        fuzz_call(record, H_GUEST_CREATE_VCPU, flags, l1_lpid(record),
                  fuzz_arg(record, 1), 0);
        break;
    case 2:
    case 3:
        put_elements(record, L1_STATE, record->args[7][2] % 32);
        call_of_guest(record, record->args[0][0] & 1 ? H_GUEST_SET_STATE
                                                     : H_GUEST_GET_STATE,
                      flags, vcpu);
        break;
    default:
        put_elements(record, L1_STATE, record->args[7][2] % 32);
        fuzz_call(record, H_GUEST_RUN_VCPU, flags, l1_lpid(record), vcpu, 0);
    }
}

/* What makes nested guests possible: this partition's own radix tables */
static void use_radix(const FuzzRecord *record)
{
    uint64_t args[FUZZ_ARGS] = { 0x1d, FUZZ_ARENA + 0x70000, 0,
                                 record->args[0][0] % 8 };

    hcall(record, H_REGISTER_PROCESS_TABLE, args);
}

/* A device that is plugged: its connectors, and threads if it is a core */
typedef struct Journey {
    const char *id;
    uint32_t index, count;
    unsigned threads;
} Journey;

static const Journey journeys[] = {
    { "core4", 1u << 28 | 4, 1, 2 },
    { "dimm0", 8u << 28 | 4, 1 },
    { "dimm1", 8u << 28 | 5, 2 },
    { "phb1", 2u << 28 | 1, 1 },
};

static void indicator(const FuzzRecord *record, uint32_t type, uint32_t index,
                      uint32_t value)
{
    uint64_t args[] = { type, index, value };

    rtas(record, RTAS_SET_INDICATOR, 3, 1, args);
}

/* The guest acquires what is behind one connector */
static void take(const FuzzRecord *record, uint32_t index)
{
    uint64_t args[] = { WORK_AREA, 0 };

    indicator(record, 9003, index, 1);
    indicator(record, 9001, index, 1);
    fuzz_write_be32(WORK_AREA, index);
    fuzz_write_be32(WORK_AREA + 4, 0);
    for (int i = 0; i < 64; i++) {
        rtas(record, RTAS_IBM_CONFIGURE_CONNECTOR, 2, 1, args);
    }
}

static void run_threads(const FuzzRecord *record, const Journey *journey,
                        bool start)
{
    for (unsigned i = 0; i < journey->threads; i++) {
        uint64_t args[] = { (journey->index & 0xff) + i, 0x100, 0 };
        FuzzRecord hot = *record;

        if (start) {
            rtas(record, RTAS_START_CPU, 3, 1, args);
        } else {
            hot.cpu = 0x80 | i;
            rtas(&hot, RTAS_STOP_SELF, 0, 1, args);
        }
    }
}

/*
 * Plug or unplug a device, with the steps of user and guest.  Each step may be
 * left out, and one argument of each call may be something else.
 */
void fuzz_plug_journey(const FuzzRecord *record)
{
    const Journey *journey =
        &journeys[record->args[0][0] % ARRAY_SIZE(journeys)];
    bool out = record->args[0][1] & 1;
    unsigned left_out = record->args[1][0] & record->args[1][1];

    if (!(left_out & 1)) {
        fuzz_device_of(journey->id, !out);
    }
    if (out && !(left_out & 2)) {
        run_threads(record, journey, false);
    }
    for (uint32_t i = 0; i < journey->count; i++) {
        if (left_out & (4 << i)) {
            continue;
        }
        if (out) {
            indicator(record, 9001, journey->index + i, 0);
            indicator(record, 9003, journey->index + i, 0);
        } else {
            take(record, journey->index + i);
        }
    }
    if (!out && !(left_out & 2)) {
        run_threads(record, journey, true);
    }
    if (!(left_out & 16)) {
        fuzz_main_loop();
    }
}

static void (*const ops[])(const FuzzRecord *record) = {
    set_indicator, set_indicator, configure_connector, change_msi, dma_window,
    fill_window, fill_window, hash_entry, hash_entry, vcpu_area, xive_queue,
    xive_queue, persistent_memory,
};

/* Added later, with the last numbers, so that stored inputs mean the same */
#define FIRST_LATER_OP 208
#define FIRST_PAPR_OP 248
static void (*const later_ops[])(const FuzzRecord *record) = {
    kernel_dump, use_radix, nested, nested, nested,
};

void fuzz_driver_op(const FuzzRecord *record)
{
    if (record->which >= FIRST_PAPR_OP) {
        nested_papr(record);
    } else if (record->which < FIRST_LATER_OP) {
        ops[record->which % ARRAY_SIZE(ops)](record);
    } else {
        later_ops[record->which % ARRAY_SIZE(later_ops)](record);
    }
}
