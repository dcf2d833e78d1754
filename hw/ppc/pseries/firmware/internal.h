/*
 * pSeries platform: firmware (private to firmware/)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_FIRMWARE_INTERNAL_H
#define HW_PPC_PSERIES_FIRMWARE_INTERNAL_H

#include "hw/pseries/firmware.h"
#include "claim.h"
#include "oftree.h"

/* Images in guest memory at the start; see loader.c */
typedef struct PaprImages {
    bool have_image;            /* SLOF, or what -bios names */
    uint64_t kernel_addr;       /* kernel_size 0: no -kernel */
    uint64_t kernel_size;
    uint64_t kernel_entry;
    bool kernel_is_64;
    bool kernel_is_le;
    uint64_t initrd_addr;
    uint64_t initrd_size;
} PaprImages;

#define PAPR_OF_INSTANCES 64

/* An open package (IEEE 1275: instance); handle 0: free */
typedef struct PaprOfInstance {
    uint32_t handle;
    uint32_t phandle;
} PaprOfInstance;

/*
 * VOF's state.  It is in a stream only while @active.  @quiesced is in none: a
 * client that calls after a migration becomes active again.  BQL.
 */
typedef struct PaprOfClient {
    bool active;                /* called since reset and not quiesced */
    bool quiesced;              /* since reset; it may still call, for output */
    uint64_t entry;             /* of the stub in guest memory */
    PaprOfTree *tree;
    PaprClaims claims;
    uint32_t opened;            /* the last handle, for unique ones */
    PaprOfInstance instances[PAPR_OF_INSTANCES];

    /* for migration: the properties that were set, see client-vmstate.c */
    uint32_t changes_size;
    uint8_t *changes;
} PaprOfClient;

struct PaprFirmware {
    PaprFirmwareHost host;
    bool vof;
    uint64_t rma_size;
    PaprImages images;
    PaprOfClient client;

    /* The current tree; with VOF a copy of client.tree */
    void *fdt;
    size_t fdt_size;
    size_t fdt_room;            /* the largest tree accepted from the guest */
    bool fdt_stale;
};

/* loader.c */
bool papr_firmware_load(PaprFirmware *fw, const PaprFirmwareConfig *config,
                        Error **errp);

/* fdt.c: the current tree; what others call is in hw/pseries/firmware.h */
void papr_firmware_fdt_register(PaprFirmware *fw, PaprHcallTable *hcalls);
/** papr_firmware_reset_fdt: @fdt is the tree of a guest that is reset */
bool papr_firmware_reset_fdt(PaprFirmware *fw, void *fdt, size_t fdt_size,
                             Error **errp);

/* client.c */
void papr_of_client_register(PaprFirmware *fw, PaprHcallTable *hcalls);
bool papr_of_client_reset(PaprFirmware *fw, PowerPCCPU *boot_cpu,
                          Error **errp);

/* client-calls.c: the services other than those of the tree */
typedef struct PaprOfCall {
    PowerPCCPU *cpu;
    uint32_t nargs;
    uint32_t nrets;
    uint32_t args[16];
    uint32_t rets[16];
} PaprOfCall;

/* A service; returns false if the whole call fails */
typedef bool PaprOfServiceFn(PaprFirmware *fw, PaprOfCall *call);

typedef struct PaprOfService {
    const char *name;
    uint8_t nargs;              /* the least that it needs */
    PaprOfServiceFn *fn;
} PaprOfService;

extern const PaprOfService papr_of_device_services[];
extern const size_t papr_of_n_device_services;

#define PAPR_OF_ERROR UINT32_MAX
#define PAPR_OF_PATH_MAX 512

/* client-args.c */
/* A guest's string; false if it isn't in RAM or has @size or more characters */
bool papr_of_read_string(uint32_t addr, char *buf, size_t size);

/* Code that makes a hypercall: the client interface's entry, and RTAS */
#define PAPR_RTAS_STUB_SIZE 20
void papr_of_hcall_stub(uint32_t opcode, uint8_t stub[PAPR_RTAS_STUB_SIZE]);

/** papr_of_instance: the open instance with this handle, or NULL */
PaprOfInstance *papr_of_instance(PaprOfClient *client, uint32_t handle);
/** papr_of_open: the handle of a new instance of a node; 0: too many */
uint32_t papr_of_open(PaprOfClient *client, uint32_t phandle);

/* client-calls.c */
const PaprOfNode *papr_of_console(const PaprOfTree *tree);

/* client-vmstate.c */
extern const VMStateDescription vmstate_papr_of_client;
void papr_of_client_mark_changes(PaprOfClient *client);

#endif
