/*
 * A host whose disks are slow: fdatasync() does not return as long as the file
 * exists that HELD_SYNC in the environment names.  Loaded into QEMU by
 * LD_PRELOAD.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int fd)
{
    const char *file = getenv("HELD_SYNC");

    while (file && access(file, F_OK) == 0) {
        usleep(1000);
    }
    return syscall(SYS_fdatasync, fd);
}
