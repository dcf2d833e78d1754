/*
 * pSeries platform: migration of a hash page table that kvm-hv has
 *
 * The format is that of stream.c, so that a guest can migrate between
 * accelerators.  The kernel returns records of the same format: all entries in
 * the first round of a file, changed entries in later rounds.
 *
 * Locking: saving runs in the migration thread without the BQL.
 * PaprMmu.generation is incremented before the guest gets another table, and
 * compared after each read.  If it has changed, what was read is not sent, and
 * all of the new table is sent from a new file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/kvm.h"
#include "hw/pseries/save.h"
#include "migration/qemu-file-types.h"
#include "target/ppc/cpu.h"
#include "../trace.h"
#include "kvm.h"

typedef struct kvm_get_htab_header Record;

/* For one read, during which the clock is not checked */
#define READ_BYTES (256 * KiB)
#define SLICE_NS (5 * SCALE_MS)

static void close_file(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* ---- saving ---- */

static int open_to_save(PaprMmu *mmu, Error **errp)
{
    close_file(&mmu->save.fd);
    mmu->save.fd = papr_kvm_hpt_open(false, 0, errp);
    return mmu->save.fd < 0 ? -EIO : 0;
}

int papr_kernel_save_setup(PaprMmu *mmu, Error **errp)
{
    return mmu->kernel_shift ? open_to_save(mmu, errp) : 0;
}

void papr_kernel_save_cleanup(PaprMmu *mmu)
{
    close_file(&mmu->save.fd);
}

static void put_record(QEMUFile *f, const Record *record)
{
    const uint64_t *pte = (const uint64_t *)(record + 1);

    qemu_put_be32(f, record->index);
    qemu_put_be16(f, record->n_valid);
    qemu_put_be16(f, record->n_invalid);
    for (unsigned i = 0; i < record->n_valid; i++) {
        /* the kernel's bits are at the same place as QEMU's */
        qemu_put_be64(f, be64_to_cpu(pte[2 * i]) & ~HPTE0_OURS);
        qemu_put_be64(f, be64_to_cpu(pte[2 * i + 1]));
    }
}

/*
 * Read once, and send what was read.  Returns the bytes that were read, or a
 * negative errno; -EAGAIN: the guest has another table.
 */
static ssize_t send_some(PaprMmu *mmu, QEMUFile *f, char *buf, uint64_t *sent)
{
    ssize_t got = RETRY_ON_EINTR(read(mmu->save.fd, buf, READ_BYTES));
    char *at = buf;

    if (got < 0) {
        return -errno;
    }
    /* read the entries before the generation: see the file's head */
    smp_mb();
    if (qatomic_read(&mmu->generation) != mmu->save.generation) {
        return -EAGAIN;
    }
    while (at < buf + got) {
        const Record *record = (const Record *)at;

        put_record(f, record);
        *sent += record->n_valid + record->n_invalid;
        at += sizeof(*record) + record->n_valid * HPTE_BYTES;
    }
    return got;
}

/*
 * A read that returns nothing has reached the table's end, but it may have
 * begun in the middle of the table.  The next read begins at the start, so the
 * last part is complete after two such reads in a row.  Returns 1 if nothing is
 * left for now, 0 if something may be left, or a negative errno.
 */
static int send_rounds(PaprMmu *mmu, QEMUFile *f, bool last, uint64_t *sent)
{
    int64_t deadline = qemu_clock_get_ns(QEMU_CLOCK_REALTIME) + SLICE_NS;
    g_autofree char *buf = g_malloc(READ_BYTES);
    unsigned nothing = 0, enough = last ? 2 : 1;

    while (nothing < enough) {
        ssize_t got = send_some(mmu, f, buf, sent);

        if (got < 0) {
            return got;
        }
        nothing = got ? 0 : nothing + 1;
        if (!last && (migration_rate_exceeded(f) ||
            qemu_clock_get_ns(QEMU_CLOCK_REALTIME) > deadline)) {
            break;
        }
    }
    return nothing >= enough;
}

int papr_kernel_save_part(PaprMmu *mmu, QEMUFile *f, bool last)
{
    uint32_t generation = qatomic_read(&mmu->generation);
    uint64_t sent = 0;
    Error *err = NULL;
    int rc;

    if (generation != mmu->save.generation || mmu->save.fd < 0) {
        /* the first round of a new file has the invalid entries, too */
        mmu->save.generation = generation;
        rc = open_to_save(mmu, &err);
        if (rc < 0) {
            return papr_save_failed(err);
        }
    }
    if (!papr_hpt_begin_entries(mmu, f, qatomic_read(&mmu->kernel_shift), last,
                                &rc)) {
        return rc;
    }
    rc = send_rounds(mmu, f, last, &sent);
    if (rc == -EAGAIN && !last) {
        rc = 0;
    }
    if (rc < 0) {
        error_setg_errno(&err, -rc,
                         "The guest's hash page table can't be read");
        return papr_save_failed(err);
    }
    papr_hpt_put_end(f);
    trace_papr_mmu_save_part(0, sent, rc);
    return rc;
}

/* ---- loading: nothing is trusted, entries are checked by the kernel ---- */

static int write_record(PaprMmu *mmu, const Record *record)
{
    size_t size = sizeof(*record) + record->n_valid * HPTE_BYTES;
    ssize_t put;

    if (mmu->load_fd < 0) {
        Error *err = NULL;

        mmu->load_fd = papr_kvm_hpt_open(true, 0, &err);
        if (mmu->load_fd < 0) {
            error_report_err(err);
            return -EIO;
        }
    }
    put = RETRY_ON_EINTR(write(mmu->load_fd, record, size));
    if (put != size) {
        int error = put < 0 ? errno : EIO;

        error_report("KVM refuses the stream's hash page table entries "
                     "0x%" PRIx32 " to 0x%" PRIx32 ": %s", record->index,
                     record->index + record->n_valid + record->n_invalid,
                     strerror(error));
        return -error;
    }
    return 0;
}

int papr_kernel_load_chunks(PaprMmu *mmu, QEMUFile *f)
{
    uint64_t n = 1ull << (mmu->kernel_shift - 4);

    for (;;) {
        Record head = {
            .index = qemu_get_be32(f),
            .n_valid = qemu_get_be16(f),
            .n_invalid = qemu_get_be16(f),
        };
        size_t bytes = head.n_valid * HPTE_BYTES;
        g_autofree Record *record = NULL;
        int rc;

        if (!head.index && !head.n_valid && !head.n_invalid) {
            return 0;
        }
        rc = papr_hpt_check_chunk(head.index, head.n_valid, head.n_invalid, n);
        if (rc < 0) {
            return rc;
        }
        record = g_malloc(sizeof(*record) + bytes);
        *record = head;
        if (qemu_get_buffer(f, (uint8_t *)(record + 1), bytes) != bytes) {
            return -EIO;
        }
        rc = write_record(mmu, record);
        if (rc < 0) {
            return rc;
        }
    }
}

void papr_kernel_load_cleanup(PaprMmu *mmu)
{
    close_file(&mmu->load_fd);
}
