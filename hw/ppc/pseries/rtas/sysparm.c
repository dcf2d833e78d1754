/*
 * RTAS ibm,get-system-parameter and ibm,set-system-parameter
 *
 * LoPAR section 7.3.16.  A value in the guest's buffer is a 16-bit length and
 * the data, cut at the buffer's end; all parameters offered are read-only.
 * BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "qemu/uuid.h"
#include "hw/pseries/guest-mem.h"
#include "system/system.h"
#include "families.h"
#include "hw/ppc/pseries/trace.h"

/* Table 7.79; 48 is reserved there, hypervisors give the partition's UUID */
enum {
    SYSPARM_SPLPAR_CHARACTERISTICS = 20,
    SYSPARM_DIAGNOSTICS_RUN_MODE = 42,
    SYSPARM_UUID = 48,
    SYSPARM_BLOCK_REMOVE = 50,          /* 7.3.16.21 */
    SYSPARM_LPAR_NAME = 55,
};

/* R1-7.3.16-12: the longest value that may be returned */
#define SYSPARM_MAX 4000

#define DIAGNOSTICS_DISABLED 0

/* Appendix A, which lacks HostThrs: threads of a core of the host, if known */
static void get_splpar(PowerPCCPU *cpu, PaprRtasConfig *config, GString *value)
{
    int host_threads = POWERPC_CPU_GET_CLASS(cpu)->n_host_threads;

    g_string_append_printf(value, "MaxEntCap=%u,DesMem=%" PRIu64
                           ",DesProcs=%u,MaxPlatProcs=%u", config->max_cpus,
                           config->ram_size / MiB, config->cpus,
                           config->max_cpus);
    if (host_threads > 0) {
        g_string_append_printf(value, ",HostThrs=%d", host_threads);
    }
    g_string_append_c(value, '\0');
}

/* Offered with H_BLOCK_REMOVE, on CPUs that have page sizes for it */
static bool get_block_remove(PowerPCCPU *cpu, PaprRtasConfig *config,
                             GString *value)
{
    uint8_t sizes[256];
    size_t n = config->block_remove
        ? config->block_remove(cpu, sizes, sizeof(sizes)) : 0;

    g_string_append_len(value, (const char *)sizes, n);
    return n != 0;
}

/* Append the value of parameter @id; false if it isn't offered */
static bool get_value(PowerPCCPU *cpu, PaprRtasConfig *config, uint32_t id,
                      GString *value)
{
    const char *name = qemu_get_vm_name();

    switch (id) {
    case SYSPARM_SPLPAR_CHARACTERISTICS:
        get_splpar(cpu, config, value);
        return true;
    case SYSPARM_DIAGNOSTICS_RUN_MODE:
        g_string_append_c(value, DIAGNOSTICS_DISABLED);
        return true;
    case SYSPARM_UUID:
        if (qemu_uuid_set) {
            g_string_append_len(value, (const char *)qemu_uuid.data,
                                sizeof(qemu_uuid.data));
        }
        return true;
    case SYSPARM_BLOCK_REMOVE:
        return get_block_remove(cpu, config, value);
    case SYSPARM_LPAR_NAME:
        if (!name) {
            return false;
        }
        g_string_append_len(value, name, MIN(strlen(name), SYSPARM_MAX - 1));
        g_string_append_c(value, '\0');
        return true;
    default:
        return false;
    }
}

static int32_t get_system_parameter(PowerPCCPU *cpu, PaprRtasCall *call,
                                    void *opaque)
{
    uint32_t id = call->args[0];
    uint32_t buffer = call->args[1];
    uint32_t room = call->args[2];
    g_autoptr(GString) value = g_string_new(NULL);
    uint8_t length[2];

    if (!get_value(cpu, opaque, id, value)) {
        trace_papr_rtas_sysparm(id, -1);
        return RTAS_NOT_SUPPORTED;
    }
    trace_papr_rtas_sysparm(id, value->len);
    /* R1-7.3.16-10: a guest may ask whether there is such a parameter */
    if (room == 0) {
        return RTAS_SUCCESS;
    }
    if (room < sizeof(length)) {
        return RTAS_SYSPARM_ERROR;
    }

    /* the length is that of the value, not of what fits */
    stw_be_p(length, value->len);
    g_string_prepend_len(value, (const char *)length, sizeof(length));
    if (!papr_mem_write(buffer, value->str, MIN(room, value->len))) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "RTAS: system parameter buffer at 0x%x is not in RAM\n",
                      buffer);
        return RTAS_SYSPARM_ERROR;
    }
    return RTAS_SUCCESS;
}

static int32_t set_system_parameter(PowerPCCPU *cpu, PaprRtasCall *call,
                                    void *opaque)
{
    g_autoptr(GString) value = g_string_new(NULL);

    if (!get_value(cpu, opaque, call->args[0], value)) {
        return RTAS_NOT_SUPPORTED;
    }
    return RTAS_NOT_AUTHORIZED;
}

static const PaprRtasEntry sysparm_calls[] = {
    { RTAS_IBM_GET_SYSTEM_PARAMETER, 3, 1, get_system_parameter },
    { RTAS_IBM_SET_SYSTEM_PARAMETER, 2, 1, set_system_parameter },
};

void papr_rtas_sysparm_init(PaprRtas *rtas, PaprRtasConfig *config)
{
    papr_rtas_register(rtas, sysparm_calls, ARRAY_SIZE(sysparm_calls), config);
}
