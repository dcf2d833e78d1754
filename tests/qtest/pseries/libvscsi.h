/*
 * Virtual SCSI adapter: the guest's driver, for tests
 *
 * It puts information units (IU) of the SCSI RDMA protocol (SRP) into memory,
 * sends their addresses and takes the answers from the command/response queue
 * (CRQ).  All of these are at I/O addresses that vio_map() maps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_PSERIES_LIBVSCSI_H
#define TESTS_QTEST_PSERIES_LIBVSCSI_H

#include "hw/scsi/viosrp.h"
#include "libvio.h"

#define UNIT 0x2000u

#define QUEUE      0x10000u
#define QUEUE_SIZE 0x1000u
#define IUS        0x20000u             /* 512 bytes for each tag */
#define TABLE      0x30000u
#define DATA       0x80000u
#define UNMAPPED   0x0ff00000u

#define DISK_SIZE  (1024 * 1024)
#define SECTOR     512u

/* As REPORT LUNS has it: addressing method 2 in two bits, target, bus, LUN */
#define LUN(target, channel, lun) \
    ((uint64_t)(0x8000 | (target) << 8 | (channel) << 5 | (lun)) << 48)
#define DISK LUN(3, 0, 2)
#define NO_DISK LUN(9, 0, 0)

typedef struct Vscsi {
    QTestState *qts;
    uint32_t next;                      /* offset in the queue, to be read */
} Vscsi;

typedef struct Answer {
    uint64_t tag;
    uint8_t status;                     /* of the transport */
    uint16_t len;
    union {
        uint8_t iu[512];
        union viosrp_iu u;
    };
} Answer;

/* Limit of work for the check of a buffer or queue; see work.h */
#define SMALL_WORK 16384

typedef struct Piece {
    uint64_t ioba;
    uint32_t len;
} Piece;

typedef struct Command {
    uint64_t tag;
    uint64_t lun;
    uint8_t cdb[16];
    bool out;
    uint8_t format;                     /* SRP_DATA_DESC_* */
    Piece pieces[64];
    uint32_t n;
    uint32_t in_iu;                     /* pieces of an indirect list in IU */
} Command;

/** vscsi_make_disk: a folder, and in it a file of DISK_SIZE with a pattern */
void vscsi_make_disk(char **dir, char **file);
void vscsi_remove_disk(char *dir, char *file);

/**
 * vscsi_start_with, vscsi_start - a machine with the adapter "v" and @options
 *
 * vscsi_start() connects it as well, vscsi_start_disk() has @file as DISK.
 */
Vscsi vscsi_start_with(const char *options);
Vscsi vscsi_start(const char *options);
Vscsi vscsi_start_disk(const char *file);
/** vscsi_connect: register an empty queue */
void vscsi_connect(Vscsi *v);

/** vscsi_send_raw, vscsi_send_iu: what H_SEND_CRQ returns */
int64_t vscsi_send_raw(Vscsi *v, uint8_t format, uint16_t len, uint64_t ioba);
int64_t vscsi_send_iu(Vscsi *v, uint8_t format, uint64_t tag, const void *iu,
                      uint16_t len);
/** vscsi_iu_of: address of the IU with @tag, and then of its answer */
uint32_t vscsi_iu_of(uint64_t tag);
/** vscsi_get_answer: wait for the next one, and take it */
void vscsi_get_answer(Vscsi *v, Answer *answer);
bool vscsi_queue_is_empty(Vscsi *v);

/** vscsi_direct: command with one buffer; vscsi_transfer: READ or WRITE(10) */
Command vscsi_direct(uint64_t lun, const uint8_t *cdb, bool out, uint32_t len);
Command vscsi_transfer(bool out, uint32_t sector, uint16_t sectors);
/** vscsi_build: @c as an IU of up to SRP_MAX_IU_LEN; returns its length */
uint16_t vscsi_build(Vscsi *v, const Command *c, uint8_t *iu);
void vscsi_put_descriptor(uint8_t *where, Piece piece);
void vscsi_send_command(Vscsi *v, const Command *c);
/** vscsi_run: run @c to its end; returns SCSI status, @answer has the rest */
uint8_t vscsi_run(Vscsi *v, const Command *c, Answer *answer);
/** vscsi_run_good, vscsi_run_sense: @c ends with GOOD, or with this sense */
void vscsi_run_good(Vscsi *v, const Command *c);
void vscsi_run_sense(Vscsi *v, const Command *c, uint8_t key, uint8_t asc);
/** vscsi_wake: the first command after power on gets a unit attention */
void vscsi_wake(Vscsi *v);

/**
 * vscsi_task - task management @function for @tag; returns the response code
 *
 * Commands that are not aborted may end meanwhile; the one with tag 5 must not.
 */
uint8_t vscsi_task(Vscsi *v, uint8_t function, uint64_t lun, uint64_t tag);

/** vscsi_check_transfers: read and write sectors by descriptors of each kind */
void vscsi_check_transfers(Vscsi *v, const char *file);

/** vscsi_disk_is: @len bytes of @file from @sector on are those at @ioba */
void vscsi_disk_is(const char *file, uint32_t sector, Vscsi *v, uint32_t ioba,
                   uint32_t len);

#endif
