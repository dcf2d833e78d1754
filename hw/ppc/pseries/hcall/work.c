/*
 * How much one call does: the sums of this thread (hw/pseries/work.h)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/work.h"

__thread PaprWork papr_work_sums;
