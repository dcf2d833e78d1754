/*
 * RTAS error and event logs, version 6: encoder
 *
 * LoPAR section 10.3.2.  A log is a fixed part (summary word and length) and an
 * extended log: a header and sections of which Main-A and Main-B come first.
 * Everything is written in order into the log's buffer, big-endian.
 *
 * Pure.  Called from events.c and nmi.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bcd.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "log.h"

/* Table 10.4, the fields of the summary word */
enum {
    SUMMARY_VERSION_6 = 6 << 24,
    SUMMARY_EVENT = 1 << 21,            /* severity */
    SUMMARY_ERROR_SYNC = 3 << 21,
    SUMMARY_FULLY_RECOVERED = 0 << 19,  /* disposition */
    SUMMARY_NOT_RECOVERED = 2 << 19,
    SUMMARY_EXTENDED = 1 << 18,         /* an extended log follows */
    SUMMARY_BY_CPU = 1 << 12,           /* initiator */
    SUMMARY_BY_HOTPLUG = 6 << 12,
};

/* Table 10.8: the fields of Main-B that are not always 0 */
typedef struct MainB {
    uint8_t subsystem;
    uint8_t severity;
    uint8_t subtype;
} MainB;

static void put8(PaprLog *log, uint8_t value)
{
    assert(log->length < sizeof(log->data));
    log->data[log->length++] = value;
}

static void put16(PaprLog *log, uint16_t value)
{
    put8(log, value >> 8);
    put8(log, value);
}

static void put32(PaprLog *log, uint32_t value)
{
    put16(log, value >> 16);
    put16(log, value);
}

static void put64(PaprLog *log, uint64_t value)
{
    put32(log, value >> 32);
    put32(log, value);
}

static void put_zeroes(PaprLog *log, unsigned n)
{
    while (n--) {
        put8(log, 0);
    }
}

/* Table 10.5 */
static void begin_log(PaprLog *log, uint32_t summary)
{
    log->summary = SUMMARY_VERSION_6 | SUMMARY_EXTENDED | summary;
    log->length = 0;
    put8(log, 0x80 | 0x04 | 0x02);      /* valid, new, big-endian */
    put8(log, 0);
    put8(log, 0x80 | 14);               /* PowerPC, platform event log */
    put_zeroes(log, 9);
    put32(log, 'I' << 24 | 'B' << 16 | 'M' << 8);
}

/* The 8 bytes with which every section starts; its subtype and creator are 0 */
static void put_section(PaprLog *log, const char *id, uint16_t length,
                        uint8_t version)
{
    put8(log, id[0]);
    put8(log, id[1]);
    put16(log, length);
    put8(log, version);
    put_zeroes(log, 3);
}

/* YYYYMMDD and HHMMSS00, a decimal digit in 4 bits each */
static void put_date(PaprLog *log, const struct tm *when)
{
    if (!when) {
        put_zeroes(log, 8);
        return;
    }
    put8(log, to_bcd((when->tm_year + 1900) / 100));
    put8(log, to_bcd((when->tm_year + 1900) % 100));
    put8(log, to_bcd(when->tm_mon + 1));
    put8(log, to_bcd(when->tm_mday));
    put8(log, to_bcd(when->tm_hour));
    put8(log, to_bcd(when->tm_min));
    put8(log, to_bcd(when->tm_sec));
    put8(log, 0);
}

/* Tables 10.7, 10.8: the two sections that every log has; one more follows */
static void put_main(PaprLog *log, uint32_t id, const struct tm *when,
                     MainB main_b)
{
    put_section(log, "PH", 48, 1);
    put_date(log, when);
    put_zeroes(log, 8);
    put8(log, 'H');                     /* created by the hypervisor */
    put_zeroes(log, 2);
    put8(log, 3);                       /* sections in this log */
    put_zeroes(log, 12);
    put32(log, id);
    put_zeroes(log, 4);

    put_section(log, "UH", 24, 1);
    put8(log, main_b.subsystem);
    put8(log, 0);
    put8(log, main_b.severity);
    put8(log, main_b.subtype);
    put_zeroes(log, 12);                /* no action flags either */
}

void papr_log_epow(PaprLog *log, uint32_t id, const struct tm *when)
{
    static const MainB shutdown = {
        .subsystem = 0xa0,              /* external environment */
        .subtype = 0xd0,                /* normal shutdown */
    };

    begin_log(log, SUMMARY_EVENT | SUMMARY_FULLY_RECOVERED |
              PAPR_LOG_TYPE_EPOW);
    put_main(log, id, when, shutdown);

    /* Table 10.13; version 2 has the extended modifier */
    put_section(log, "EP", 20, 2);
    put8(log, PAPR_EPOW_SYSTEM_SHUTDOWN);
    put8(log, PAPR_EPOW_NORMAL_SHUTDOWN);
    put8(log, PAPR_EPOW_THIS_PARTITION);
    put8(log, 0);
    put64(log, 0);
}

void papr_log_hotplug(PaprLog *log, uint32_t id, const struct tm *when,
                      const PaprLogHotplug *request)
{
    static const MainB reconfiguration = {
        .subsystem = 0x80,              /* platform firmware */
        .subtype = 0x80,                /* dynamic reconfiguration */
    };

    begin_log(log, SUMMARY_EVENT | SUMMARY_FULLY_RECOVERED |
              SUMMARY_BY_HOTPLUG | PAPR_LOG_TYPE_HOTPLUG);
    put_main(log, id, when, reconfiguration);

    /*
     * Table 10.22; no token, all or nothing.  The identifier always has the
     * length of its longest form: guests copy the section as a fixed structure.
     */
    put_section(log, "HP", 20, 1);
    put8(log, request->resource);
    put8(log, request->action);
    put8(log, request->by);
    put8(log, 0);
    switch (request->by) {
    case PAPR_LOG_HP_BY_COUNT:
        put32(log, request->count);
        put32(log, 0);
        break;
    case PAPR_LOG_HP_BY_COUNT_INDEX:
        put32(log, request->count);
        put32(log, request->index);
        break;
    default:
        put32(log, request->index);
        put32(log, 0);
        break;
    }
}

void papr_log_machine_check(PaprLog *log, const PaprLogMachineCheck *mc)
{
    MainB error = {
        .subsystem = mc->type == PAPR_MC_UE ? 0x20 : 0x10, /* memory, CPU */
        .severity = mc->recovered ? 0x10 : 0x40,
    };
    uint8_t subtype = mc->subtype;

    if (mc->has_address) {
        /* Tables 10.18 to 10.21: bit 1 for a memory error, else bit 0 */
        subtype |= mc->type == PAPR_MC_UE ? 0x40 : 0x80;
    }

    begin_log(log, SUMMARY_ERROR_SYNC | SUMMARY_BY_CPU | PAPR_LOG_TYPE_OTHER |
              (mc->recovered ? SUMMARY_FULLY_RECOVERED
                             : SUMMARY_NOT_RECOVERED));
    /* a log needs no date, and no other log refers to this one's number */
    put_main(log, 0, NULL, error);

    /* Table 10.17; its fields up to the logical address are 40 bytes */
    put_section(log, "MC", 40, 1);
    put32(log, 0);
    put32(log, mc->processor);
    put8(log, mc->type);
    put8(log, subtype);
    put_zeroes(log, 6);
    put64(log, mc->has_address ? mc->address : 0);
    put64(log, 0);
}

/* Causes of machine checks in a fetch, by SRR1 bits 43:45 (POWER8, POWER9) */
static const struct {
    bool known;
    uint8_t type, subtype;
} fetch_causes[8] = {
    [1] = { true, PAPR_MC_UE, 1 },      /* the fetch itself */
    [2] = { true, PAPR_MC_SLB, 0 },     /* parity */
    [3] = { true, PAPR_MC_SLB, 1 },     /* two entries hit */
    [4] = { true, PAPR_MC_ERAT, 2 },
    [5] = { true, PAPR_MC_TLB, 2 },
    [6] = { true, PAPR_MC_UE, 2 },      /* the search in the page table */
};

/* The same in a load or store, by bits of DSISR; the first match counts */
static const struct {
    uint32_t dsisr;
    bool dar_valid;
    uint8_t type, subtype;
} access_causes[] = {
    { 1 << 15, false, PAPR_MC_UE, 3 },
    { 1 << 14, true, PAPR_MC_UE, 4 },
    { 1 << 11, true, PAPR_MC_ERAT, 2 },
    { 1 << 10, true, PAPR_MC_TLB, 2 },
    { 1 << 7, true, PAPR_MC_SLB, 1 },   /* two hits: parity is set then too */
    { 1 << 8, true, PAPR_MC_SLB, 0 },
};

bool papr_log_classify_mc(PaprLogMachineCheck *mc, uint64_t nip, uint64_t srr1,
                          uint64_t dar, uint64_t dsisr)
{
    bool by_access = extract64(srr1, 63 - 42, 1);
    unsigned cause = extract64(srr1, 63 - 45, 3);
    size_t i;

    mc->type = PAPR_MC_UE;
    mc->subtype = 0;
    mc->has_address = false;
    mc->address = 0;

    if (!by_access) {
        /* bit 36 is set for causes that are not in the table */
        if (extract64(srr1, 63 - 36, 1) || !fetch_causes[cause].known) {
            return false;
        }
        mc->type = fetch_causes[cause].type;
        mc->subtype = fetch_causes[cause].subtype;
        mc->has_address = true;
        mc->address = nip;
        return true;
    }

    for (i = 0; i < ARRAY_SIZE(access_causes); i++) {
        if (dsisr & access_causes[i].dsisr) {
            mc->type = access_causes[i].type;
            mc->subtype = access_causes[i].subtype;
            mc->has_address = access_causes[i].dar_valid;
            mc->address = mc->has_address ? dar : 0;
            return true;
        }
    }
    return false;
}

size_t papr_log_store(uint8_t *out, size_t room, bool extended,
                      uint32_t summary, const uint8_t *data, uint32_t length)
{
    if (length > PAPR_LOG_MAX - PAPR_LOG_FIXED ||
        length + PAPR_LOG_FIXED > room) {
        extended = false;
    }
    if (extended) {
        stl_be_p(out, summary);
        stl_be_p(out + 4, length);
        memcpy(out + PAPR_LOG_FIXED, data, length);
        return PAPR_LOG_FIXED + length;
    }

    stl_be_p(out, summary & ~SUMMARY_EXTENDED);
    stl_be_p(out + 4, 0);
    return MIN(room, PAPR_LOG_FIXED);
}
