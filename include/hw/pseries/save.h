/*
 * pSeries: what can't be saved ends the migration
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_SAVE_H
#define HW_PSERIES_SAVE_H

#include "migration/misc.h"
#include "qapi/error.h"
#include "system/runstate.h"

/**
 * papr_save_failed - a part of the guest's state can't be read for the stream
 * @err: what and why; this takes ownership
 *
 * The migration fails with @err, which query-migrate shows
 * (base/patches/0180), and the source guest goes on.  A snapshot fails with
 * an errno alone, so @err is printed.
 *
 * Returns -EIO, for the caller to return: a vmstate's pre_save(), or a
 * SaveVMHandlers function.  Context: any thread that saves.
 */
static inline int papr_save_failed(Error *err)
{
    if (runstate_check(RUN_STATE_SAVE_VM)) {
        error_report_err(error_copy(err));
    }
    migration_file_set_error(-EIO, err);
    return -EIO;
}

#endif
