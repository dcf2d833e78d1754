/*
 * pSeries XIVE: numbers that guests and migration streams see
 *
 * XIVE is the eXternal Interrupt Virtualization Engine.  LoPAR leaves the
 * formats of its pages and structures to the XIVE specification; these are the
 * values that Linux uses and that saved machines contain.  IBM bit n counts
 * from the most significant bit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_XIVE_ABI_H
#define PSERIES_XIVE_ABI_H

/* Logical real addresses.  Fixed: guests cache them, also across migration */
#define XV_ESB_BASE             0x0006010000000000ULL
#define XV_TIMA_BASE            0x0006030203180000ULL

/* Event state buffer (ESB) of a source: a trigger and then a management page */
#define XV_ESB_PAGE_SHIFT       16
#define XV_ESB_PAIR_SHIFT       17

/* Offsets in a management page; each covers the addresses up to the next */
#define XV_ESB_TRIGGER_END      0x400   /* stores below: trigger */
#define XV_ESB_EOI_END          0x800   /* loads below: end of interrupt */
#define XV_ESB_SET_PQ           0xc00   /* + 0x100 * PQ */
#define XV_ESB_OFFSET_MASK      0xfff

/* Thread interrupt management area: four 64 KiB views of the same registers */
#define XV_TIMA_PAGE_SHIFT      16
#define XV_TIMA_PAGES           4
#define XV_TIMA_OS_PAGE         2
#define XV_TIMA_USER_PAGE       3

#define XV_TIMA_SPECIAL         0x800   /* accesses with side effects */
#define XV_TIMA_OP_MASK         0xc3f   /* the other bits choose a snoop port */
#define XV_TIMA_ACK_OS          0x810   /* 2-byte load */
#define XV_TIMA_SET_PENDING     0x812   /* 1-byte store */
#define XV_TIMA_ACK_OS_EVEN     0xc10   /* 1-byte store: ack to report line */

#define XV_RING_OS              0x10
#define XV_RING_PHYS            0x30
#define XV_RING_SIZE            0x10
#define XV_RING_WORD2           0x8
#define XV_TCTX_SIZE            0x40

/* OS ring word 2: valid, and the virtual processor that runs on the thread */
#define XV_CAM_VALID            0x80000000U
#define XV_CAM_FIRST_VP         0x400

/* Bytes of a ring */
#define XV_NSR                  0       /* notification source */
#define XV_CPPR                 1       /* current processor priority */
#define XV_IPB                  2       /* interrupt pending buffer */
#define XV_LSMFB                3       /* logical server's most favored */
#define XV_ACK_CNT              4
#define XV_INC                  5
#define XV_AGE                  6
#define XV_PIPR                 7       /* pending interrupt priority */

#define XV_NSR_EO               0x80    /* an OS exception is up */

/* Priorities: eight, the lowest number is the most favored */
#define XV_PRIORITIES           8
#define XV_PRIORITY_NONE        0xff
/* Numbers from this one on are reserved: "ibm,plat-res-int-priorities" */
#define XV_PRIORITY_RESERVED    7

/* Event assignment structure (EAS), one word per source; EISN: see end.h */
#define XV_EAS_VALID            (1ULL << 63)
#define XV_EAS_END_SHIFT        32      /* END index: 24 bits */
#define XV_EAS_END_MASK         0xffffffULL
#define XV_EAS_MASKED           (1ULL << 31)
#define XV_EAS_EISN_MASK        0x7fffffffULL

/* Event notification descriptor (END): the fields that PAPR uses */
#define XV_END_WORDS            8
#define XV_END_W0_VALID         (1U << 31)
#define XV_END_W0_ENQUEUE       (1U << 30)
#define XV_END_W0_NOTIFY        (1U << 29)      /* unconditional */
#define XV_END_W0_SIZE_SHIFT    16              /* log2 of bytes, less 12 */
#define XV_END_W0_SIZE_MASK     0xfU
#define XV_END_W1_ESN_SHIFT     30
#define XV_END_W1_ESE_SHIFT     28
#define XV_END_W1_GENERATION    (1U << 22)
#define XV_END_W1_OFFSET_MASK   0x3fffffU
#define XV_END_W2_ADDR_MASK     0x0fffffffU     /* high part of the address */
#define XV_END_W6_VP_MASK       0x7ffffU
#define XV_END_W7_PRIO_SHIFT    16

/* Entries of an event queue: IBM bit 0 is the generation, the rest the EISN */
#define XV_EQ_GENERATION        (1U << 31)
#define XV_EQ_ENTRY_SHIFT       2
#define XV_EQ_MIN_SHIFT         12
#define XV_EQ_OFFERED_SHIFT     16
#define XV_EQ_MAX_ADDR          (1ULL << 60)

/* Flags of the hypercalls: LoPAR 14.5.4.7.6 and following */
#define XV_SRC_INFO_HCALL       0x8     /* use H_INT_ESB */
#define XV_SRC_INFO_LSI         0x4
#define XV_SRC_INFO_TRIGGER     0x2     /* management page triggers too */
#define XV_SRC_INFO_STORE_EOI   0x1
#define XV_SRC_SET_EISN         0x2
#define XV_SRC_MASK             0x1
#define XV_EQ_ALWAYS_NOTIFY     0x1
#define XV_EQ_DEBUG             0x1
#define XV_EQ_DEBUG_GENERATION  0x2
#define XV_ESB_STORE            0x1

#define XV_REPORT_LINE_SIZE     128     /* a cache line; they come in pairs */

#endif
