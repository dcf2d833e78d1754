/*
 * TCEs (translation control entries): windows change while other vCPUs
 * map and unmap, LoPAR 7.3.27 and 14.5.4.2
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define LIOBN       0x80000000
#define LIOBN_DDW   0x80000001
#define BUID_HIGH   0x08000000
#define BUID_LOW    0x20000000

#define ROUNDS      2000
#define WINDOW      (1ull << 28)
#define SHIFT       16
#define TCES        (WINDOW >> SHIFT)
#define OWN_PAGES   64              /* of each vCPU in the default window */

static volatile uint64_t window;    /* of the window made last; 0: of none */
static volatile bool done;
static uint64_t rounds;
static uint64_t lists[CPUS][512] __attribute__((aligned(4096)));

/* An entry: always of the same page, with random rights */
static inline uint64_t some_tce(uint64_t *random)
{
    return (1ull << 20) | (random_next(random) & 3);
}

static void must_be_either(long rc)
{
    if (rc != H_PARAMETER) {
        expect(rc, H_SUCCESS);
    }
}

/* Use a window that may not exist: calls succeed, or are refused as a whole */
static void use_window(struct cpu *cpu, uint64_t *random)
{
    uint64_t page = random_next(random) % (TCES - 512);
    uint64_t at = window + (page << SHIFT), tce = LIOBN_DDW;

    switch (random_next(random) % 4) {
    case 0:
        must_be_either(hcall(H_PUT_TCE, tce, at, some_tce(random), 0));
        break;
    case 1:
        must_be_either(hcall(H_STUFF_TCE, tce, at, some_tce(random), 512));
        break;
    case 2:
        must_be_either(hcall(H_PUT_TCE_INDIRECT, tce, at,
                             (uintptr_t)lists[cpu->id], 512));
        break;
    default:
        if (hcall1(H_GET_TCE, &tce, at, 0, 0) == H_SUCCESS) {
            expect(tce & ~3ull, tce ? 1ull << 20 : 0);
        }
    }
}

/* Use a part of the other window that no other vCPU uses: entries stay */
static void use_own(struct cpu *cpu, uint64_t *random)
{
    uint64_t page = random_next(random) % OWN_PAGES;
    uint64_t at = (cpu->id * OWN_PAGES + page) << 12;
    uint64_t tce = some_tce(random), found = LIOBN;

    expect(hcall(H_PUT_TCE, LIOBN, at, tce, 0), H_SUCCESS);
    expect(hcall1(H_GET_TCE, &found, at, 0, 0), H_SUCCESS);
    expect(found, tce);
}

static void map_and_unmap(struct cpu *cpu)
{
    uint64_t random = 0x1234567 + cpu->id;

    for (unsigned i = 0; i < 512; i++) {
        lists[cpu->id][i] = some_tce(&random);
    }
    while (!done) {
        use_window(cpu, &random);
        use_own(cpu, &random);
        cpu->count++;
    }
}

/* Make a window; busy while too many of the former ones wait to be freed */
static void make_window(void)
{
    uint32_t create[] = { 0, BUID_HIGH, BUID_LOW, SHIFT, 28 }, rets[4];
    long rc;

    do {
        rc = rtas(RTAS_IBM_CREATE_PE_DMA_WINDOW, 5, create, 4, rets);
    } while (rc == RTAS_BUSY);
    expect(rc, RTAS_SUCCESS);
    expect(rets[0], RTAS_SUCCESS);
    expect(rets[1], LIOBN_DDW);
    window = (uint64_t)rets[2] << 32 | rets[3];
}

static void remove_window(void)
{
    uint32_t liobn[] = { LIOBN_DDW }, rets[1];

    expect(rtas(RTAS_IBM_REMOVE_PE_DMA_WINDOW, 1, liobn, 1, rets), 0);
    expect(rets[0], RTAS_SUCCESS);
}

/* The default window alone; busy as make_window() */
static void reset_windows(void)
{
    uint32_t reset[] = { 0, BUID_HIGH, BUID_LOW }, rets[1];
    long rc;

    do {
        rc = rtas(RTAS_IBM_RESET_PE_DMA_WINDOW, 3, reset, 1, rets);
    } while (rc == RTAS_BUSY);
    expect(rc, RTAS_SUCCESS);
}

static void make_windows(void)
{
    uint64_t random = 99;

    for (unsigned round = 0; round < rounds; round++) {
        make_window();
        for (uint64_t n = random_next(&random) % 500; n; n--) {
            use_window(&cpus[0], &random);
        }
        remove_window();
    }
}

void test_tce_race(void)
{
    rounds = command_number(ROUNDS);
    for (unsigned i = 0; i < 512; i++) {
        lists[0][i] = 1ull << 20 | 3;
    }
    for (unsigned id = 1; id < CPUS; id++) {
        expect(start_cpu(id, map_and_unmap, NULL), true);
    }
    make_windows();
    done = true;
    for (unsigned id = 1; id < CPUS; id++) {
        while (cpus[id].running) {
            relax();
        }
        expect(cpus[id].count != 0, true);
        wait_stopped(id);
    }
    /* the last window has been removed with its entries */
    expect(hcall(H_PUT_TCE, LIOBN_DDW, window, 0, 0), H_PARAMETER);
}

static void count(struct cpu *cpu)
{
    while (!done) {
        cpu->count++;
    }
}

/*
 * Windows change while another vCPU takes no interrupt and makes no call.  QEMU
 * must free the former windows even so, else it returns RTAS_BUSY for ever.
 */
void test_tce_busy(void)
{
    rounds = command_number(ROUNDS);
    expect(start_cpu(1, count, NULL), true);
    for (unsigned round = 0; round < rounds; round++) {
        make_window();
        remove_window();
        if (round % 2) {
            reset_windows();
        }
    }
    done = true;
    wait_stopped(1);
}
