/*
 * A payload that does what -append spells, a letter a step
 *
 *   i, I   client-architecture-support: XICS, with radix or hash translation
 *   x, X   the same with XIVE
 *   1, 2   XIVE, radix, NUMA information of that form, pluggable memory
 *   q      leave the firmware (quiesce)
 *   a      print the associativity (H_HOME_NODE_ASSOCIATIVITY) of vCPUs 0 to 63
 *   c      send this vCPU an interrupt by the active controller
 *   w, v   make, fill and read the dynamic DMA window, or remove it
 *   t      fill and read the DMA window that there is at boot
 *   h      the hash page table becomes twice as large
 *   b      reboot
 *   s      print `AT n`, and wait until the console has a character
 *
 * Where the platform may refuse (i, x, 1, 2, c, w, h) a line says so, and the
 * next step follows; anything else that goes wrong is FAIL.  Which step is next
 * is kept over reboots.  After the last step: PASS, and power off.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

#define LIOBN       0x80000000ull
#define LIOBN_DDW   0x80000001ull
#define BUID_HIGH   0x08000000
#define BUID_LOW    0x20000000
#define SHIFT       16
#define TCE         ((1ull << 20) | 3)

#define IPI_PRIO    4
#define XICS_IPI    2
#define EISN        0x17
#define PATIENCE    (60 * TB_HZ)

/* Firmware loads the payload anew, but leaves other memory as it is */
struct log {
    uint64_t magic;
    uint64_t at;
};
static volatile struct log *const log = (struct log *)0x4000000;
#define MAGIC       0x73746570732e2e2eull

static uint32_t queue_pages[1 << (XIVE_EQ_SHIFT - 2)]
    __attribute__((aligned(1 << XIVE_EQ_SHIFT)));
static uint64_t window;                 /* where the dynamic one is */

static void fail(const char *what, uint64_t value)
{
    print("FAIL step %d, %c: %s: %x\n", log->at, (uint64_t)command[log->at],
          what, value);
    power_off();
}

static void expect(bool good, const char *what, uint64_t value)
{
    if (!good) {
        fail(what, value);
    }
}

static void refused(const char *what, int64_t rc)
{
    print("step %d, %c: %s is refused: %d\n", log->at,
          (uint64_t)command[log->at], what, rc);
}

/* ---- interrupts ---- */

static void xics_interrupt(void)
{
    uint64_t end = timebase() + PATIENCE;
    uint64_t xirr = 0;

    expect(!hcall(H_CPPR, 0xff, 0, 0, 0), "H_CPPR", 0);
    expect(!hcall(H_IPI, 0, IPI_PRIO, 0, 0), "H_IPI", 0);
    do {
        expect(!hcall1(H_XIRR, &xirr, 0, 0, 0), "H_XIRR", 0);
        expect(timebase() < end, "no interrupt by XICS", xirr);
    } while (!(xirr & 0xffffff));
    expect((xirr & 0xffffff) == XICS_IPI, "H_XIRR", xirr);
    expect(!hcall(H_IPI, 0, 0xff, 0, 0), "H_IPI", 0);
    expect(!hcall(H_EOI, xirr, 0, 0, 0), "H_EOI", 0);
}

static void xive_interrupt(void)
{
    uint64_t end = timebase() + PATIENCE;
    struct xive_queue queue;
    uint64_t trigger, manage;

    if (!xive_queue_setup(&queue, 0, queue_pages) ||
        !xive_source_setup(0, 0, EISN, &trigger, &manage)) {
        refused("a queue or source", 0);
        return;
    }
    xive_cppr(0xff);
    mmio_store8(trigger, 0);
    while (!queue.at[0]) {
        expect(timebase() < end, "no event by XIVE", 0);
    }
    expect(xive_next(&queue) == EISN, "event", queue.at[0]);
    xive_accept();
    mmio_load8(manage);
    xive_cppr(0xff);
}

static void interrupt(void)
{
    uint64_t info[4];
    bool xive = !hcall_out(info, 4, H_INT_GET_SOURCE_INFO, 0, 0, 0, 0);

    if (xive) {
        xive_interrupt();
    } else {
        xics_interrupt();
    }
}

/* ---- DMA windows ---- */

static void use_window(uint64_t liobn, uint64_t at, unsigned shift)
{
    for (unsigned i = 0; i < 64; i++) {
        uint64_t io = at + ((uint64_t)i << shift), found = liobn;

        expect(!hcall(H_PUT_TCE, liobn, io, TCE, 0), "H_PUT_TCE", io);
        expect(!hcall1(H_GET_TCE, &found, io, 0, 0), "H_GET_TCE", io);
        expect(found == TCE, "TCE", found);
        expect(!hcall(H_PUT_TCE, liobn, io, 0, 0), "H_PUT_TCE", io);
    }
}

static void make_window(void)
{
    uint32_t args[] = { 0, BUID_HIGH, BUID_LOW, SHIFT, 28 };
    uint32_t rets[4];
    long rc = rtas(RTAS_IBM_CREATE_PE_DMA_WINDOW, 5, args, 4, rets);

    if (rc) {
        refused("a DMA window", rc);
        return;
    }
    window = (uint64_t)rets[2] << 32 | rets[3];
    use_window(LIOBN_DDW, window, SHIFT);
}

static void remove_window(void)
{
    uint32_t args[] = { LIOBN_DDW }, status;
    long rc = rtas(RTAS_IBM_REMOVE_PE_DMA_WINDOW, 1, args, 1, &status);

    if (rc) {
        refused("to remove it", rc);
    }
}

/* ---- hash page table ---- */

static int hpt_shift(void)
{
    uint64_t out[8];
    int shift = 7;                      /* one group */

    while (!hcall_out(out, 8, H_READ, 0, (1ull << (shift - 7)) * 8, 0, 0)) {
        shift++;
    }
    return shift;
}

static bool is_busy(int64_t rc)
{
    return rc == H_BUSY || (rc >= H_LONG_BUSY_1_MS && rc <= H_LONG_BUSY_100_S);
}

static void enlarge(void)
{
    int shift = hpt_shift();
    int64_t rc;

    do {
        rc = hcall(H_RESIZE_HPT_PREPARE, 0, shift + 1, 0, 0);
    } while (is_busy(rc));
    if (!rc) {
        rc = hcall(H_RESIZE_HPT_COMMIT, 0, shift + 1, 0, 0);
    }
    if (rc) {
        refused("a larger table", rc);
    }
    expect(hpt_shift() == shift + !rc, "table", hpt_shift());
}

/* ---- NUMA ---- */

static void tell_associativity(void)
{
    for (unsigned id = 0; id < 64; id++) {
        uint64_t out[6];
        int64_t rc = hcall_out(out, 6, H_HOME_NODE_ASSOCIATIVITY, 1, id, 0, 0);

        if (rc) {
            print("HOME %d: %d\n", id, rc);
        } else {
            print("HOME %d: %x %x %x %x %x %x\n", id, out[0], out[1], out[2],
                  out[3], out[4], out[5]);
        }
    }
}

/* ---- steps ---- */

static void reboot(void)
{
    uint32_t status;

    log->at++;
    rtas(RTAS_SYSTEM_REBOOT, 0, NULL, 1, &status);
    for (;;) {
        relax();
    }
}

static void wait_for_console(void)
{
    uint64_t out[3];

    print("AT %d\n", log->at);
    do {
        relax();
        hcall_out(out, 3, H_GET_TERM_CHAR, 0, 0, 0, 0);
    } while (!out[0]);
}

static void choose(bool xive, bool radix)
{
    if (!negotiate(xive, radix)) {
        refused("the choice", 0);
    }
}

static void step(char letter)
{
    switch (letter) {
    case 'i':
    case 'I':
        choose(false, letter == 'i');
        break;
    case 'x':
    case 'X':
        choose(true, letter == 'x');
        break;
    case '1':
    case '2':
        numa_form = letter - '0';
        choose(true, true);
        break;
    case 'q':
        quiesce();
        break;
    case 'a':
        tell_associativity();
        break;
    case 'c':
        interrupt();
        break;
    case 'w':
        make_window();
        break;
    case 'v':
        remove_window();
        break;
    case 't':
        use_window(LIOBN, 0, 12);
        break;
    case 'h':
        enlarge();
        break;
    case 'b':
        reboot();
        break;
    case 's':
        wait_for_console();
        break;
    default:
        fail("no such step", letter);
    }
}

void payload_run(void)
{
    if (log->magic != MAGIC) {
        log->magic = MAGIC;
        log->at = 0;
    }
    for (; command[log->at]; log->at++) {
        step(command[log->at]);
    }
    log->magic = 0;
    print("PASS %s\n", command);
}
