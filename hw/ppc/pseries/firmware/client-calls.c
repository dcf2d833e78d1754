/*
 * pSeries platform: Open Firmware client interface, instances, memory, control
 *
 * Services other than those of the device tree: instances and their methods,
 * the console, memory, time, and the end of the client.  IEEE 1275-1994
 * sections 6.3.2.3 to 6.3.2.7.  There are two methods, "instantiate-rtas" and
 * "ibm,client-architecture-support" (LoPAR appendix B).
 *
 * Called by client.c through papr_of_device_services.  Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "hw/pseries/guest-mem.h"
#include "system/runstate.h"
#include "internal.h"
#include "../trace.h"

/* The most bytes that a "write" accepts; its result is how many it did */
#define IO_MAX          (4 * KiB)
#define WRITE_PIECE     256
/* Result of "read" from a terminal without input */
#define READ_NONE       ((uint32_t)-2)

/* --- instances ----------------------------------------------------------- */

static PaprOfNode *instance_node(PaprFirmware *fw, uint32_t handle)
{
    const PaprOfInstance *instance = papr_of_instance(&fw->client, handle);

    return instance ? papr_of_by_phandle(fw->client.tree, instance->phandle)
                    : NULL;
}

static bool of_open(PaprFirmware *fw, PaprOfCall *call)
{
    char path[PAPR_OF_PATH_MAX];
    const PaprOfNode *node = NULL;

    if (papr_of_read_string(call->args[0], path, sizeof(path))) {
        node = papr_of_find(fw->client.tree, path);
    }
    call->rets[0] = node ? papr_of_open(&fw->client, papr_of_phandle(node)) : 0;
    return true;
}

static bool of_close(PaprFirmware *fw, PaprOfCall *call)
{
    PaprOfInstance *instance = papr_of_instance(&fw->client, call->args[0]);

    if (instance) {
        instance->handle = 0;
    }
    return true;
}

/* The terminal that /chosen names; NULL: none */
static const PaprOfNode *stdout_node(const PaprOfTree *tree)
{
    const PaprOfNode *chosen = papr_of_find(tree, "/chosen");
    const PaprOfProp *path = NULL;

    if (chosen) {
        path = papr_of_prop(chosen, "stdout-path");
    }
    if (chosen && !path) {
        path = papr_of_prop(chosen, "linux,stdout-path");
    }
    if (!path || !path->len || ((const char *)path->value)[path->len - 1]) {
        return NULL;
    }
    return papr_of_find(tree, path->value);
}

/*
 * The only node that can be read and written.  Linux exits if there is none, so
 * without a terminal the root is the console: writes to it are discarded, reads
 * have no input.
 */
const PaprOfNode *papr_of_console(const PaprOfTree *tree)
{
    return stdout_node(tree) ?: papr_of_root(tree);
}

static bool is_console(PaprFirmware *fw, uint32_t handle)
{
    const PaprOfNode *node = instance_node(fw, handle);

    return node && node == papr_of_console(fw->client.tree);
}

static bool has_terminal(PaprFirmware *fw)
{
    return papr_of_parent(papr_of_console(fw->client.tree)) != NULL;
}

static bool of_write(PaprFirmware *fw, PaprOfCall *call)
{
    uint8_t buf[IO_MAX];
    uint32_t len = MIN(call->args[2], sizeof(buf));
    uint32_t done = 0;

    call->rets[0] = PAPR_OF_ERROR;
    if (!is_console(fw, call->args[0]) ||
        !papr_mem_read(call->args[1], buf, len)) {
        return true;
    }
    if (!fw->host.console_write || !has_terminal(fw)) {
        done = len;
    }
    /* a terminal accepts a piece as a whole or, when it is full, not at all */
    while (done < len) {
        uint32_t piece = MIN(len - done, WRITE_PIECE);
        size_t took = fw->host.console_write(buf + done, piece,
                                             fw->host.opaque);

        done += took;
        if (took < piece) {
            break;
        }
    }
    call->rets[0] = done;
    return true;
}

static bool of_read(PaprFirmware *fw, PaprOfCall *call)
{
    uint8_t buf[16];
    size_t len = 0;

    call->rets[0] = PAPR_OF_ERROR;
    /* the client's buffer must hold all that @buf can, or input is lost */
    if (!is_console(fw, call->args[0]) || call->args[2] < sizeof(buf) ||
        !papr_mem_is_ram(call->args[1], sizeof(buf))) {
        return true;
    }
    if (fw->host.console_read && has_terminal(fw)) {
        len = fw->host.console_read(buf, sizeof(buf), fw->host.opaque);
    }
    papr_mem_write(call->args[1], buf, len);
    call->rets[0] = len ? len : READ_NONE;
    return true;
}

/* No package has a position */
static bool of_seek(PaprFirmware *fw, PaprOfCall *call)
{
    call->rets[0] = PAPR_OF_ERROR;
    return true;
}

/* --- methods ------------------------------------------------------------- */

/* ( base -- entry ) */
static bool of_instantiate_rtas(PaprFirmware *fw, PaprOfCall *call)
{
    uint8_t stub[PAPR_RTAS_STUB_SIZE];

    papr_of_hcall_stub(H_RTAS, stub);
    if (!papr_mem_write(call->args[2], stub, sizeof(stub))) {
        return false;
    }
    call->rets[1] = call->args[2];
    return true;
}

/* ( vector -- error? ); the machine replaces the device tree */
static bool of_client_architecture_support(PaprFirmware *fw, PaprOfCall *call)
{
    bool ok = fw->host.cas(call->cpu, call->args[2], fw->host.opaque);

    call->rets[1] = ok ? 0 : PAPR_OF_ERROR;
    return true;
}

typedef struct Method {
    const char *path;
    const char *name;
    bool (*fn)(PaprFirmware *fw, PaprOfCall *call);
} Method;

static const Method methods[] = {
    { "/", "ibm,client-architecture-support",
      of_client_architecture_support },
    { "/rtas", "instantiate-rtas", of_instantiate_rtas },
};

/* method, instance, arguments -> catch result (0: no error), results */
static bool of_call_method(PaprFirmware *fw, PaprOfCall *call)
{
    const PaprOfNode *node = instance_node(fw, call->args[1]);
    char name[64], path[16] = "";

    call->rets[0] = PAPR_OF_ERROR;
    if (!node || !papr_of_read_string(call->args[0], name, sizeof(name)) ||
        papr_of_path(node, path, sizeof(path)) >= sizeof(path)) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (strcmp(methods[i].path, path) || strcmp(methods[i].name, name)) {
            continue;
        }
        if (call->nargs >= 3 && methods[i].fn(fw, call)) {
            call->rets[0] = 0;
        }
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "pseries: client interface: %s has no "
                  "method %s\n", path, name);
    return true;
}

/* There is no Forth: the catch result of every command is an error */
static bool of_interpret(PaprFirmware *fw, PaprOfCall *call)
{
    call->rets[0] = PAPR_OF_ERROR;
    return true;
}

/* --- memory -------------------------------------------------------------- */

static bool of_claim(PaprFirmware *fw, PaprOfCall *call)
{
    uint64_t addr = papr_claim(&fw->client.claims, call->args[0], call->args[1],
                               call->args[2]);

    call->rets[0] = addr == PAPR_CLAIM_NONE ? PAPR_OF_ERROR : addr;
    fw->fdt_stale = true;
    return true;
}

static bool of_release(PaprFirmware *fw, PaprOfCall *call)
{
    if (!papr_claim_release(&fw->client.claims, call->args[0], call->args[1])) {
        call->rets[0] = PAPR_OF_ERROR;
        qemu_log_mask(LOG_GUEST_ERROR, "pseries: client interface: release of "
                      "0x%x bytes at 0x%x that are not claimed\n",
                      call->args[1], call->args[0]);
    }
    fw->fdt_stale = true;
    return true;
}

/* --- control and time ---------------------------------------------------- */

static bool of_boot(PaprFirmware *fw, PaprOfCall *call)
{
    trace_papr_of_control("boot");
    qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
    return true;
}

/* The client has ended and there is no prompt to return to: stop */
static bool of_exit(PaprFirmware *fw, PaprOfCall *call)
{
    trace_papr_of_control("exit");
    error_report("the guest's boot program has ended (Open Firmware \"exit\"); "
                 "the machine is stopped");
    qemu_system_vmstop_request_prepare();
    qemu_system_vmstop_request(RUN_STATE_PAUSED);
    return true;
}

/* There is no debugger to enter: the client continues */
static bool of_enter(PaprFirmware *fw, PaprOfCall *call)
{
    trace_papr_of_control("enter");
    return true;
}

/* No device has to be stopped; the tree rarely changes after this */
static bool of_quiesce(PaprFirmware *fw, PaprOfCall *call)
{
    size_t size;

    trace_papr_of_control("quiesce");
    fw->client.active = false;
    fw->client.quiesced = true;
    papr_firmware_fdt(fw, &size);       /* for the monitor's dumpdtb */
    return true;
}

static bool of_milliseconds(PaprFirmware *fw, PaprOfCall *call)
{
    call->rets[0] = qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL);
    return true;
}

const PaprOfService papr_of_device_services[] = {
    { "write", 3, of_write },
    { "read", 3, of_read },
    { "seek", 3, of_seek },
    { "claim", 3, of_claim },
    { "release", 2, of_release },
    { "open", 1, of_open },
    { "close", 1, of_close },
    { "call-method", 2, of_call_method },
    { "interpret", 1, of_interpret },
    { "milliseconds", 0, of_milliseconds },
    { "quiesce", 0, of_quiesce },
    { "boot", 0, of_boot },
    { "enter", 0, of_enter },
    { "exit", 0, of_exit },
};
const size_t papr_of_n_device_services = ARRAY_SIZE(papr_of_device_services);
