/*
 * RTAS error and event logs, version 6: encoder
 *
 * Pure: no guest, no devices; tests/unit/pseries/test-rtas-log.c.
 * LoPAR section 10.3.2.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_RTAS_LOG_H
#define PSERIES_RTAS_LOG_H

#include <time.h>

/* "rtas-error-log-max": a guest's buffer is this large, fixed part included */
#define PAPR_LOG_MAX 2048
/* The fixed part: summary and length of what follows */
#define PAPR_LOG_FIXED 8
/* The longest extended log that this platform writes */
#define PAPR_LOG_EXTENDED 192

/* Type field of the summary, Table 10.4 */
enum PaprLogType {
    PAPR_LOG_TYPE_OTHER = 0,
    PAPR_LOG_TYPE_EPOW = 64,
    PAPR_LOG_TYPE_PLATFORM_ERROR = 224,
    PAPR_LOG_TYPE_HOTPLUG = 229,
};

/* EPOW (environmental and power warning) sensor value, Table 10.13 */
enum {
    PAPR_EPOW_SYSTEM_SHUTDOWN = 3,
};
enum {
    PAPR_EPOW_NORMAL_SHUTDOWN = 1,
};
enum {
    PAPR_EPOW_THIS_PARTITION = 1,
};

/* Hotplug resource type, Table 10.22, which lacks 6; Linux knows 6 */
enum {
    PAPR_LOG_HP_CPU = 1,
    PAPR_LOG_HP_MEMORY = 2,
    PAPR_LOG_HP_SLOT = 3,
    PAPR_LOG_HP_PHB = 4,
    PAPR_LOG_HP_PCI = 5,
    PAPR_LOG_HP_PMEM = 6,
};

/* Hotplug identifier type, Table 10.22 */
enum {
    PAPR_LOG_HP_BY_INDEX = 2,
    PAPR_LOG_HP_BY_COUNT = 3,
    PAPR_LOG_HP_BY_COUNT_INDEX = 4,
};

/* Type of machine check interrupt, Table 10.17 */
enum {
    PAPR_MC_UE = 0,                     /* uncorrectable memory error */
    PAPR_MC_SLB = 1,
    PAPR_MC_ERAT = 2,
    PAPR_MC_TLB = 4,
};

/** PaprLog - one log; words host endian, @data as the guest sees it */
typedef struct PaprLog {
    uint32_t summary;
    uint32_t length;                    /* of @data */
    uint8_t data[PAPR_LOG_EXTENDED];
} PaprLog;

/** PaprLogHotplug - fields of the hotplug section, Table 10.22 */
typedef struct PaprLogHotplug {
    uint8_t resource;
    uint8_t action;                     /* 1 add, 2 remove */
    uint8_t by;
    uint32_t count;
    uint32_t index;
} PaprLogHotplug;

/** PaprLogMachineCheck - fields of the machine check section, Table 10.17 */
typedef struct PaprLogMachineCheck {
    uint8_t type;
    uint8_t subtype;                    /* the error's number, without flags */
    bool has_address;
    uint64_t address;                   /* effective address of the error */
    uint32_t processor;
    bool recovered;
} PaprLogMachineCheck;

static inline uint8_t papr_log_type(uint32_t summary)
{
    return summary & 0xff;
}

/**
 * papr_log_epow - requests a normal shutdown without delay
 * @id: number of the event; @when: its date in UTC, NULL if not known
 */
void papr_log_epow(PaprLog *log, uint32_t id, const struct tm *when);

void papr_log_hotplug(PaprLog *log, uint32_t id, const struct tm *when,
                      const PaprLogHotplug *request);

void papr_log_machine_check(PaprLog *log, const PaprLogMachineCheck *mc);

/**
 * papr_log_classify_mc - find the cause of a machine check from registers
 * @nip: where it was taken
 *
 * Sets type, subtype and address of @mc.  Returns false if the registers have
 * no cause that this platform knows: @mc is a memory error of unknown origin
 * then.
 */
bool papr_log_classify_mc(PaprLogMachineCheck *mc, uint64_t nip, uint64_t srr1,
                          uint64_t dar, uint64_t dsisr);

/**
 * papr_log_store - lay out a log for a guest's buffer of @room bytes
 * @extended: the guest wants the extended log
 * @out: at least PAPR_LOG_MAX bytes
 *
 * The extended log is stored whole or not at all: a section is never cut.  If
 * it is left out, the summary says so, and the fixed part is cut to @room.
 * Returns the number of bytes, at most @room.
 */
size_t papr_log_store(uint8_t *out, size_t room, bool extended,
                      uint32_t summary, const uint8_t *data, uint32_t length);

#endif
