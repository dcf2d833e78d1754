/*
 * pSeries platform: lines in the host's log that a guest can cause at will
 *
 * The user is to see them, without -d guest_errors, but a guest that repeats
 * what causes them must not fill the host's disk.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_REPORT_H
#define HW_PSERIES_REPORT_H

/* Lines of one kind that may be written in a minute */
#define PAPR_REPORTS_MAX 10

/** PaprReportLimit - limit of one kind of line; initialize it to zeroes */
typedef struct PaprReportLimit {
    int64_t since;                      /* microseconds, monotonic */
    uint32_t n;
} PaprReportLimit;

/** papr_report_allowed: may a line be written now?  Counts it if so.  BQL */
static inline bool papr_report_allowed(PaprReportLimit *limit)
{
    int64_t now = g_get_monotonic_time();

    if (!limit->n || now - limit->since >= 60 * G_USEC_PER_SEC) {
        limit->since = now;
        limit->n = 0;
    }
    if (limit->n == PAPR_REPORTS_MAX) {
        return false;
    }
    limit->n++;
    return true;
}

#endif
