/*
 * pSeries platform: NUMA (non-uniform memory access) topology for the guest
 *
 * Tells the guest how far memory and processors are from each other, in one of
 * two forms settled at client-architecture-support: form 1, associativity
 * domains of four levels (LoPAR chapter 15), or form 2, a table of distances
 * (Linux's Documentation/arch/powerpc/associativity.rst).
 *
 * Context: set up at machine init, @form2 changed with the BQL held and the
 * guest's other vCPUs stopped; read by any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_NUMA_H
#define HW_PSERIES_NUMA_H

#include "hw/pseries/dt.h"

#define PAPR_NUMA_NODES_MAX 128
#define PAPR_NUMA_LEVELS    4           /* associativity levels of form 1 */
#define PAPR_NUMA_LOCAL     10          /* distance of a node to itself */
#define PAPR_NUMA_REMOTE    20          /* where the user gave none */
/* cells of the longest associativity list: length, domains, processor */
#define PAPR_NUMA_LIST_MAX  (1 + PAPR_NUMA_LEVELS + 1)

/** PaprNuma - the topology; the first part is set by the machine */
typedef struct PaprNuma {
    unsigned n_nodes;                   /* 0: no -numa options */
    uint64_t mem[PAPR_NUMA_NODES_MAX];
    bool has_cpu[PAPR_NUMA_NODES_MAX];
    uint8_t distance[PAPR_NUMA_NODES_MAX][PAPR_NUMA_NODES_MAX]; /* 0: default */
    bool flat_domains;      /* machines before 5.2: outer domains are 0 */
    bool two_refpoints;     /* machines before 5.1 */

    /* the guest chose form 2; until it chooses, it gets form 1 */
    bool form2;
    /* made by papr_numa_settle(): outermost level first, then the node */
    uint32_t form1[PAPR_NUMA_NODES_MAX][PAPR_NUMA_LEVELS];
} PaprNuma;

/**
 * papr_numa_from_machine - copy what -numa options set, then papr_numa_settle()
 *
 * Context: machine init, once the boot CPUs exist.
 */
void papr_numa_from_machine(PaprNuma *numa, const MachineState *machine);

/** papr_numa_settle: compute form 1's domains from nodes and distances */
void papr_numa_settle(PaprNuma *numa);

/** papr_numa_distance: between nodes, with the defaults filled in */
uint8_t papr_numa_distance(const PaprNuma *numa, unsigned src, unsigned dst);

/**
 * papr_numa_check_form1 - can form 1 describe the topology?
 *
 * It can't when a node has neither memory nor processors, or when a distance
 * differs with the direction.  Checked at client-architecture-support, for
 * guests that do not get form 2.
 */
bool papr_numa_check_form1(const PaprNuma *numa, Error **errp);

/**
 * papr_numa_check_sizes: is each node's memory a multiple of @unit (256 MiB)?
 */
bool papr_numa_check_sizes(const PaprNuma *numa, uint64_t unit, Error **errp);

/**
 * papr_numa_list - "ibm,associativity" of memory or a device in @node
 * @cells: room for PAPR_NUMA_LIST_MAX; the first one is the count of the others
 *
 * Returns the number of cells.
 */
unsigned papr_numa_list(const PaprNuma *numa, unsigned node, uint32_t *cells);

/** papr_numa_vcpu_list: the same for a vCPU, whose id is the last level */
unsigned papr_numa_vcpu_list(const PaprNuma *numa, unsigned node,
                             uint32_t vcpu_id, uint32_t *cells);

/* Device tree: properties of the open node */
void papr_numa_dt(const PaprNuma *numa, PaprDt *dt, unsigned node);
void papr_numa_dt_vcpu(const PaprNuma *numa, PaprDt *dt, unsigned node,
                       uint32_t vcpu_id);
/** papr_numa_dt_lookup: for /ibm,dynamic-reconfiguration-memory */
void papr_numa_dt_lookup(const PaprNuma *numa, PaprDt *dt);
/** papr_numa_dt_rtas: reference points, domain counts, form 2's tables */
void papr_numa_dt_rtas(const PaprNuma *numa, PaprDt *dt);

#endif
