/*
 * Fuzzing the pseries machine: save and restore
 *
 * Whatever a guest has done to the machine, its state can be saved, and the
 * machine can load what it has saved.  The stream is that of a snapshot, in
 * memory.  RAM is shared memory and stays where it is (x-ignore-shared).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/yank.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-migration.h"
#include "hw/pseries/work.h"
#include "io/channel-buffer.h"
#include "migration/global_state.h"
#include "migration/migration.h"
#include "migration/qemu-file.h"
#include "migration/savevm.h"
#include "system/runstate.h"
#include "fuzz.h"

static void stream_failed(const char *what, int error)
{
    fprintf(stderr, "pseries-fuzz: %s: %s\n", what, strerror(-error));
    abort();
}

static void leave_ram_out(void)
{
    MigrationCapabilityStatus ignore_shared = {
        .capability = MIGRATION_CAPABILITY_X_IGNORE_SHARED,
        .state = true,
    };
    MigrationCapabilityStatusList list = { .value = &ignore_shared };

    qmp_migrate_set_capabilities(&list, &error_abort);
}

static void save(QEMUFile *f)
{
    MigrationState *ms = migrate_get_current();
    int error;

    global_state_store();
    migrate_init(ms, &error_abort);
    ms->to_dst_file = f;
    qemu_savevm_state_header(f);
    qemu_savevm_state_setup(f, &error_abort);
    do {
        error = qemu_file_get_error(f);
    } while (!error && qemu_savevm_state_iterate(f, false) <= 0);
    if (!error) {
        error = qemu_savevm_state_complete_precopy(f, false);
    }
    if (!error) {
        error = qemu_fflush(f);
    }
    qemu_savevm_state_cleanup();
    ms->to_dst_file = NULL;
    migrate_set_state(&ms->state, MIGRATION_STATUS_SETUP,
                      MIGRATION_STATUS_COMPLETED);
    if (error) {
        stream_failed("state was not saved", error);
    }
}

static void restore(QEMUFile *f)
{
    int error;

    migration_incoming_get_current()->from_src_file = f;
    yank_register_instance(MIGRATION_YANK_INSTANCE, &error_abort);
    error = qemu_loadvm_state(f);
    migration_incoming_state_destroy();
    if (error < 0) {
        stream_failed("saved state was not taken back", error);
    }
}

static GByteArray *saved_state(void)
{
    GByteArray *bytes = g_byte_array_new();
    QIOChannelBuffer *stream = qio_channel_buffer_new(1 * MiB);
    QEMUFile *f = qemu_file_new_output(QIO_CHANNEL(stream));

    save(f);
    g_byte_array_append(bytes, stream->data, stream->usage);
    qemu_fclose(f);
    object_unref(stream);
    return bytes;
}

static void take_back(const GByteArray *bytes)
{
    QIOChannelBuffer *stream = qio_channel_buffer_new(bytes->len);

    memcpy(stream->data, bytes->data, bytes->len);
    stream->usage = bytes->len;
    restore(qemu_file_new_input(QIO_CHANNEL(stream)));
    object_unref(stream);
}

void fuzz_save_and_restore(void)
{
    g_autoptr(GByteArray) bytes = NULL;

    /* the reset would remove the device, which the stream still has */
    if (fuzz_device_is_going()) {
        return;
    }
    leave_ram_out();
    vm_stop(RUN_STATE_SAVE_VM);
    bytes = saved_state();
    fuzz_system_reset(SHUTDOWN_CAUSE_SNAPSHOT_LOAD);
    take_back(bytes);
    vm_start();
    papr_work_take_largest();
}
