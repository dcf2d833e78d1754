/*
 * pSeries platform: Open Firmware client interface, calls and the tree
 *
 * The client (Linux's prom_init, its zImage wrapper) calls one entry point with
 * the address of an array: service name, counts, arguments, space for results,
 * all big-endian 32-bit cells.  The entry point is five instructions in guest
 * memory that pass the array to hypercall H_VOF_CLIENT.  The services are here
 * and in client-calls.c.  IEEE 1275-1994 section 6.3; PowerPC binding sections
 * 8 and 10; LoPAR appendix B.
 *
 * Called by the hypercall dispatch and, at reset, by firmware.c.  Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/vcpu.h"
#include "target/ppc/helper_regs.h"
#include "internal.h"
#include "../trace.h"

/* The firmware's memory: exception vectors (unused), stub, stack */
#define OWN_SIZE        (64 * KiB)
#define OWN_STUB        0x4000
/* PowerPC binding section 8.2.3: at least 32 KiB; a frame at the top */
#define OWN_STACK_TOP   (OWN_SIZE - 0x100)

#define SERVICE_NAME_MAX 32

/* --- the device tree ----------------------------------------------------- */

static PaprOfNode *node_arg(PaprFirmware *fw, uint32_t phandle)
{
    return papr_of_by_phandle(fw->client.tree, phandle);
}

/*
 * "available" of the first memory node depends on the claims.  It is written
 * when it is read, since clients claim often and seldom read it.
 */
static void refresh_available(PaprFirmware *fw)
{
    PaprOfClient *client = &fw->client;
    PaprOfNode *memory = papr_of_find(client->tree, "/memory@0");
    g_autofree uint64_t *cells = NULL;
    PaprClaimRange free;
    uint32_t n = 0;

    if (!memory) {
        return;
    }
    cells = g_new(uint64_t, 2 * (client->claims.n + 1));
    for (; papr_claims_free_range(&client->claims, n, &free); n++) {
        cells[2 * n] = cpu_to_be64(free.start);
        cells[2 * n + 1] = cpu_to_be64(free.end - free.start);
    }
    papr_of_set_prop(client->tree, memory, "available", cells,
                     n * 2 * sizeof(uint64_t));
}

static const PaprOfProp *prop_arg(PaprFirmware *fw, const PaprOfCall *call)
{
    const PaprOfNode *node = node_arg(fw, call->args[0]);
    char name[PAPR_OF_NAME_MAX + 1];

    if (!node || !papr_of_read_string(call->args[1], name, sizeof(name))) {
        return NULL;
    }
    if (!strcmp(name, "available")) {
        refresh_available(fw);
    }
    return papr_of_prop(node, name);
}

static bool of_getprop(PaprFirmware *fw, PaprOfCall *call)
{
    const PaprOfProp *prop = prop_arg(fw, call);

    call->rets[0] = PAPR_OF_ERROR;
    if (prop && papr_mem_write(call->args[2], prop->value,
                               MIN(prop->len, call->args[3]))) {
        /* the whole length, also when the buffer was smaller */
        call->rets[0] = prop->len;
    }
    return true;
}

static bool of_getproplen(PaprFirmware *fw, PaprOfCall *call)
{
    const PaprOfProp *prop = prop_arg(fw, call);

    call->rets[0] = prop ? prop->len : PAPR_OF_ERROR;
    return true;
}

/* Result 1: the name after @prev is in the buffer; 0: @prev is the last */
static bool of_nextprop(PaprFirmware *fw, PaprOfCall *call)
{
    const PaprOfNode *node = node_arg(fw, call->args[0]);
    const PaprOfProp *prop;
    char prev[PAPR_OF_NAME_MAX + 1] = "";
    bool found;

    call->rets[0] = PAPR_OF_ERROR;
    if (!node || (call->args[1] &&
                  !papr_of_read_string(call->args[1], prev, sizeof(prev)))) {
        return true;
    }
    prop = papr_of_next_prop(node, prev, &found);
    if (!prop) {
        call->rets[0] = found ? 0 : PAPR_OF_ERROR;
    } else if (papr_mem_write(call->args[2], prop->name,
                              strlen(prop->name) + 1)) {
        call->rets[0] = 1;
    }
    return true;
}

static bool of_setprop(PaprFirmware *fw, PaprOfCall *call)
{
    PaprOfNode *node = node_arg(fw, call->args[0]);
    uint32_t len = call->args[3];
    char name[PAPR_OF_NAME_MAX + 1];
    g_autofree uint8_t *value = NULL;

    call->rets[0] = PAPR_OF_ERROR;
    if (!node || len > PAPR_OF_PROP_MAX ||
        !papr_of_read_string(call->args[1], name, sizeof(name))) {
        return true;
    }
    value = g_malloc(len + 1);
    if (!papr_mem_read(call->args[2], value, len) ||
        !papr_of_set_prop(fw->client.tree, node, name, value, len)) {
        return true;
    }
    fw->fdt_stale = true;
    call->rets[0] = len;
    return true;
}

static uint32_t phandle_or_0(const PaprOfNode *node)
{
    return node ? papr_of_phandle(node) : 0;
}

static bool of_peer(PaprFirmware *fw, PaprOfCall *call)
{
    const PaprOfNode *node = node_arg(fw, call->args[0]);

    if (!call->args[0]) {
        call->rets[0] = papr_of_phandle(papr_of_root(fw->client.tree));
    } else {
        call->rets[0] = node ? phandle_or_0(papr_of_peer(node)) : 0;
    }
    return true;
}

static bool of_child(PaprFirmware *fw, PaprOfCall *call)
{
    const PaprOfNode *node = node_arg(fw, call->args[0]);

    call->rets[0] = node ? phandle_or_0(papr_of_child(node)) : 0;
    return true;
}

static bool of_parent(PaprFirmware *fw, PaprOfCall *call)
{
    const PaprOfNode *node = node_arg(fw, call->args[0]);

    call->rets[0] = node ? phandle_or_0(papr_of_parent(node)) : 0;
    return true;
}

static bool of_finddevice(PaprFirmware *fw, PaprOfCall *call)
{
    char path[PAPR_OF_PATH_MAX];
    const PaprOfNode *node = NULL;

    if (papr_of_read_string(call->args[0], path, sizeof(path))) {
        node = papr_of_find(fw->client.tree, path);
    }
    call->rets[0] = node ? papr_of_phandle(node) : PAPR_OF_ERROR;
    return true;
}

/* The path of @node into the client's buffer, with a NUL if there is room */
static uint32_t write_path(const PaprOfNode *node, uint32_t addr, uint32_t size)
{
    char path[PAPR_OF_PATH_MAX];
    size_t len;

    if (!node) {
        return PAPR_OF_ERROR;
    }
    len = papr_of_path(node, path, sizeof(path));
    if (len >= sizeof(path)) {
        return PAPR_OF_ERROR;
    }
    path[len] = '\0';
    return papr_mem_write(addr, path, MIN(len + 1, size)) ? len : PAPR_OF_ERROR;
}

static bool of_package_to_path(PaprFirmware *fw, PaprOfCall *call)
{
    call->rets[0] = write_path(node_arg(fw, call->args[0]), call->args[1],
                               call->args[2]);
    return true;
}

static bool of_canon(PaprFirmware *fw, PaprOfCall *call)
{
    char path[PAPR_OF_PATH_MAX];
    const PaprOfNode *node = NULL;

    if (papr_of_read_string(call->args[0], path, sizeof(path))) {
        node = papr_of_find(fw->client.tree, path);
    }
    call->rets[0] = write_path(node, call->args[1], call->args[2]);
    return true;
}

static bool of_instance_to_package(PaprFirmware *fw, PaprOfCall *call)
{
    const PaprOfInstance *instance =
        papr_of_instance(&fw->client, call->args[0]);

    call->rets[0] = instance ? instance->phandle : PAPR_OF_ERROR;
    return true;
}

static bool of_instance_to_path(PaprFirmware *fw, PaprOfCall *call)
{
    const PaprOfInstance *instance =
        papr_of_instance(&fw->client, call->args[0]);

    call->rets[0] = write_path(instance ? node_arg(fw, instance->phandle)
                                        : NULL,
                               call->args[1], call->args[2]);
    return true;
}

/* --- the call ------------------------------------------------------------ */

static bool of_test(PaprFirmware *fw, PaprOfCall *call);

/* First those that Linux calls most often, when it copies the tree */
static const PaprOfService tree_services[] = {
    { "getprop", 4, of_getprop },
    { "nextprop", 3, of_nextprop },
    { "getproplen", 2, of_getproplen },
    { "child", 1, of_child },
    { "peer", 1, of_peer },
    { "parent", 1, of_parent },
    { "package-to-path", 3, of_package_to_path },
    { "finddevice", 1, of_finddevice },
    { "setprop", 4, of_setprop },
    { "canon", 3, of_canon },
    { "instance-to-package", 1, of_instance_to_package },
    { "instance-to-path", 3, of_instance_to_path },
    { "test", 1, of_test },
};

static const PaprOfService *find_service(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(tree_services); i++) {
        if (!strcmp(tree_services[i].name, name)) {
            return &tree_services[i];
        }
    }
    for (size_t i = 0; i < papr_of_n_device_services; i++) {
        if (!strcmp(papr_of_device_services[i].name, name)) {
            return &papr_of_device_services[i];
        }
    }
    return NULL;
}

/* 0: the service exists */
static bool of_test(PaprFirmware *fw, PaprOfCall *call)
{
    char name[SERVICE_NAME_MAX];

    call->rets[0] = PAPR_OF_ERROR;
    if (papr_of_read_string(call->args[0], name, sizeof(name)) &&
        find_service(name)) {
        call->rets[0] = 0;
    }
    return true;
}

static bool log_bad_call(const char *why, const char *service)
{
    qemu_log_mask(LOG_GUEST_ERROR, "pseries: client interface: %s%s%s\n", why,
                  *service ? ": " : "", service);
    return false;
}

static bool run_client_call(PaprFirmware *fw, PowerPCCPU *cpu, uint32_t addr)
{
    const PaprOfService *service;
    PaprOfCall call = { .cpu = cpu };
    uint32_t head[3];
    char name[SERVICE_NAME_MAX] = "";
    uint64_t cells = (uint64_t)addr + sizeof(head);

    if (!papr_mem_read(addr, head, sizeof(head)) ||
        !papr_of_read_string(be32_to_cpu(head[0]), name, sizeof(name))) {
        return log_bad_call("the array or the service's name is not in memory",
                            "");
    }
    call.nargs = be32_to_cpu(head[1]);
    call.nrets = be32_to_cpu(head[2]);
    if (call.nargs > ARRAY_SIZE(call.args) ||
        call.nrets > ARRAY_SIZE(call.rets)) {
        return log_bad_call("too many arguments or results", name);
    }
    service = find_service(name);
    if (!service) {
        return log_bad_call("no such service", name);
    }
    if (call.nargs < service->nargs) {
        return log_bad_call("too few arguments", name);
    }
    if (!papr_mem_read(cells, call.args, call.nargs * 4)) {
        return log_bad_call("the arguments are not in memory", name);
    }
    for (uint32_t i = 0; i < call.nargs; i++) {
        call.args[i] = be32_to_cpu(call.args[i]);
    }

    if (!service->fn(fw, &call)) {
        return log_bad_call("the service failed", name);
    }
    trace_papr_of_call(name, call.args[0], call.args[1], call.args[2],
                       call.rets[0]);
    for (uint32_t i = 0; i < call.nrets; i++) {
        call.rets[i] = cpu_to_be32(call.rets[i]);
    }
    if (!papr_mem_write(cells + call.nargs * 4, call.rets, call.nrets * 4)) {
        return log_bad_call("the space for results is not in memory", name);
    }
    return true;
}

/* Returns r3: 0, or -1 if the call failed (IEEE 1275 section 6.3.1) */
static int64_t h_vof_client(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprFirmware *fw = opaque;

    if (!fw->client.tree) {
        return -1;
    }
    fw->client.active = !fw->client.quiesced;
    /* addresses are cells; the upper half of r4 may be anything */
    return run_client_call(fw, cpu, args[0]) ? 0 : -1;
}

static const PaprHcall client_hcalls[] = {
    { H_VOF_CLIENT, PAPR_HCALL_NEEDS_REGS, 1, 0, h_vof_client },
};

void papr_of_client_register(PaprFirmware *fw, PaprHcallTable *hcalls)
{
    papr_hcall_register(hcalls, client_hcalls, ARRAY_SIZE(client_hcalls), fw);
}

/* --- start --------------------------------------------------------------- */

static void set_chosen_handle(PaprOfClient *client, const char *name,
                              const PaprOfNode *node)
{
    PaprOfNode *chosen = papr_of_find(client->tree, "/chosen");
    uint32_t be;

    if (chosen && node) {
        stl_be_p(&be, papr_of_open(client, papr_of_phandle(node)));
        papr_of_set_prop(client->tree, chosen, name, &be, sizeof(be));
    }
}

static const PaprOfNode *cpu_node(const PaprOfTree *tree, uint32_t id)
{
    const PaprOfNode *node = papr_of_find(tree, "/cpus");

    for (node = node ? papr_of_child(node) : NULL; node;
         node = papr_of_peer(node)) {
        const PaprOfProp *reg = papr_of_prop(node, "reg");

        if (reg && reg->len == 4 && ldl_be_p(reg->value) == id) {
            return node;
        }
    }
    return NULL;
}

/* PowerPC binding: open the instances whose handles /chosen has */
static void open_chosen(PaprOfClient *client, PowerPCCPU *boot_cpu)
{
    const PaprOfNode *console = papr_of_console(client->tree);

    set_chosen_handle(client, "stdin", console);
    set_chosen_handle(client, "stdout", console);
    set_chosen_handle(client, "cpu",
                      cpu_node(client->tree, papr_vcpu(boot_cpu)->id));
    set_chosen_handle(client, "memory",
                      papr_of_find(client->tree, "/memory@0"));
}

static bool claim_image(PaprClaims *claims, const char *what, uint64_t addr,
                        uint64_t size, Error **errp)
{
    if (size && papr_claim(claims, addr, size, 0) == PAPR_CLAIM_NONE) {
        error_setg(errp, "%s at 0x%" PRIx64 " is not in memory that firmware "
                   "can use", what, addr);
        return false;
    }
    return true;
}

static void set_registers(PaprFirmware *fw, PowerPCCPU *cpu, uint64_t stack)
{
    CPUPPCState *env = &cpu->env;
    const PaprImages *images = &fw->images;

    papr_vcpu_start(papr_vcpu(cpu), NULL, images->kernel_entry,
                    images->initrd_addr);
    env->gpr[1] = stack;
    env->gpr[4] = images->initrd_size;
    env->gpr[5] = fw->client.entry;
    /* big-endian, real mode; as wide as the program: PowerPC binding 8.2.1 */
    if (!images->kernel_is_64) {
        env->msr &= ~(1ULL << MSR_SF);
        hreg_compute_hflags(env);
    }
}

bool papr_of_client_reset(PaprFirmware *fw, PowerPCCPU *boot_cpu, Error **errp)
{
    PaprOfClient *client = &fw->client;
    const PaprImages *images = &fw->images;
    uint8_t stub[PAPR_RTAS_STUB_SIZE];
    uint64_t own;

    client->active = false;
    client->quiesced = false;
    client->opened = 0;
    g_clear_pointer(&client->changes, g_free);
    client->changes_size = 0;
    memset(client->instances, 0, sizeof(client->instances));
    papr_claims_init(&client->claims, fw->rma_size);
    if (!claim_image(&client->claims, "the kernel", images->kernel_addr,
                     images->kernel_size, errp) ||
        !claim_image(&client->claims, "the initial ram disk",
                     images->initrd_addr, images->initrd_size, errp)) {
        return false;
    }

    /* at 0, unless the kernel is there */
    own = papr_claim(&client->claims, 0, OWN_SIZE, OWN_SIZE);
    client->entry = own + OWN_STUB;
    papr_of_hcall_stub(H_VOF_CLIENT, stub);
    if (own == PAPR_CLAIM_NONE ||
        !papr_mem_write(client->entry, stub, sizeof(stub))) {
        error_setg(errp, "no memory left for firmware beside the kernel");
        return false;
    }

    open_chosen(client, boot_cpu);
    refresh_available(fw);
    set_registers(fw, boot_cpu, own + OWN_STACK_TOP);
    return true;
}
