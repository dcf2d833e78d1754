/*
 * Fuzzing the pseries machine: the operations of an input
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "chardev/char.h"
#include "chardev/char-fe.h"
#include "exec/address-spaces.h"
#include "hw/nmi.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "hw/scsi/viosrp.h"
#include "hw/sysbus.h"
#include "net/net.h"
#include "system/runstate.h"
#include "system/system.h"
#include "fuzz.h"
#include <libfdt.h>

#define PAGE 4096
#define OF_BLOCK   (FUZZ_ARENA + 0x21000)
#define CAS_BLOCK  (FUZZ_ARENA + 0x22000)

static const uint32_t opcodes[] = {
#define OPCODE(name, number) (number),
    PAPR_HCALL_LIST(OPCODE)
#undef OPCODE
};

static void write_ram(uint64_t addr, const void *data, size_t size)
{
    address_space_write(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                        data, size);
}

void fuzz_write_be32(uint64_t addr, uint32_t value)
{
    value = cpu_to_be32(value);
    write_ram(addr, &value, sizeof(value));
}

int64_t fuzz_call(const FuzzRecord *record, uint64_t opcode, uint64_t r4,
                  uint64_t r5, uint64_t r6, uint64_t r7)
{
    uint64_t args[FUZZ_ARGS] = { r4, r5, r6, r7 };

    return fuzz_hcall(fuzz_cpu(record->cpu), opcode, args);
}

/* --- hypercalls and memory ----------------------------------------------- */

static void op_hcall(const FuzzRecord *record)
{
    uint64_t args[FUZZ_ARGS];
    uint64_t opcode = opcodes[record->which % ARRAY_SIZE(opcodes)];

    for (int i = 0; i < FUZZ_ARGS; i++) {
        args[i] = fuzz_arg(record, i);
    }
    fuzz_hcall(fuzz_cpu(record->cpu), opcode, args);
}

/* Numbers of which most are no hypercall */
static void op_any_hcall(const FuzzRecord *record)
{
    static const uint32_t ranges[] = { 0, 0x400, 0xef00, 0xf000, 0xf800 };
    uint64_t args[FUZZ_ARGS];
    uint64_t opcode = ranges[record->flags % ARRAY_SIZE(ranges)] +
                      record->which * 4;

    for (int i = 0; i < FUZZ_ARGS; i++) {
        args[i] = fuzz_arg(record, i);
    }
    fuzz_hcall(fuzz_cpu(record->cpu),
               record->flags & 0x80 ? args[0] : opcode, args);
}

/* Eight doublewords, or several times these, for lists */
static void op_memory(const FuzzRecord *record)
{
    uint64_t addr = fuzz_arg(record, 0);
    unsigned times = record->which & 0x80 ? record->which & 0x7f : 1;
    uint64_t block[8];

    if (addr >= FUZZ_RAM_SIZE) {
        addr = FUZZ_ARENA;
    }
    for (unsigned t = 0; t < times; t++) {
        for (int i = 0; i < 8; i++) {
            uint64_t value = fuzz_arg(record, 1 + i);

            block[i] = cpu_to_be64(record->flags & 1 ? value + t * PAGE
                                                     : value);
        }
        write_ram(addr + t * sizeof(block), block, sizeof(block));
    }
}

static void op_memory32(const FuzzRecord *record)
{
    uint64_t addr = fuzz_arg(record, 0);

    for (int i = 1; i < FUZZ_ARGS; i++) {
        fuzz_write_be32(addr % FUZZ_RAM_SIZE + (i - 1) * 4,
                        fuzz_arg(record, i));
    }
}

/* A vCPU's load or store of 1 to 8 bytes */
static void op_access(const FuzzRecord *record)
{
    uint64_t addr = fuzz_arg(record, 0);
    uint64_t value = cpu_to_be64(fuzz_arg(record, 1));
    unsigned size = 1 << (record->which & 3);

    fuzz_calls++;
    current_cpu = CPU(fuzz_cpu(record->cpu));
    address_space_rw(&address_space_memory, addr & -size,
                     MEMTXATTRS_UNSPECIFIED,
                     (uint8_t *)&value + sizeof(value) - size, size,
                     record->which & 4);
    current_cpu = NULL;
}

/* --- RTAS, client interface, CAS, device tree ---------------------------- */

void fuzz_rtas(const FuzzRecord *record, uint64_t addr, uint32_t token,
               unsigned nargs, unsigned nrets, const uint32_t *args)
{
    fuzz_write_be32(addr, token);
    fuzz_write_be32(addr + 4, nargs);
    fuzz_write_be32(addr + 8, nrets);
    for (unsigned i = 0; i < MIN(nargs, FUZZ_ARGS); i++) {
        fuzz_write_be32(addr + 12 + i * 4, args[i]);
    }
    fuzz_call(record, H_RTAS, addr, 0, 0, 0);
}

static void op_rtas(const FuzzRecord *record)
{
    unsigned n = PAPR_RTAS_TOKEN_END - PAPR_RTAS_TOKEN_FIRST + 1;
    uint32_t token = PAPR_RTAS_TOKEN_FIRST + record->which % n;
    uint64_t addr = FUZZ_RTAS_BLOCK;
    uint32_t args[FUZZ_ARGS];
    unsigned nargs = FUZZ_ARGS, nrets = 7;

    for (int i = 0; i < FUZZ_ARGS; i++) {
        args[i] = fuzz_arg(record, i);
    }
    if (record->flags & 0x80) {
        nargs = record->flags & 0x1f;
        nrets = args[8];
    } else if (record->flags & 0x40) {
        addr = fuzz_arg(record, 8);
    }
    if (token == PAPR_RTAS_TOKEN_END) {
        token = args[0];
    }
    fuzz_rtas(record, addr, token, nargs, nrets, args);
}

/* Base addresses and command of what is in a slot, as firmware sets them */
static void op_enable_pci(const FuzzRecord *record)
{
    uint32_t slot = record->which % 8;
    uint32_t phb = record->flags % 2;

    for (unsigned bar = 0; bar < 6; bar++) {
        uint32_t args[] = {
            slot << 11 | (0x10 + bar * 4), 0x8000000, 0x20000000 + phb, 4,
            bar == 5 ? 0 : 0x80000000 | slot << 23 | bar << 20,
        };

        fuzz_rtas(record, FUZZ_RTAS_BLOCK, RTAS_IBM_WRITE_PCI_CONFIG, 5, 1,
                  args);
    }
    fuzz_rtas(record, FUZZ_RTAS_BLOCK, RTAS_IBM_WRITE_PCI_CONFIG, 5, 1,
              (uint32_t[]) {
                  slot << 11 | 4, 0x8000000, 0x20000000 + phb, 2, 7 });
}

static const char *const services[] = {
    "finddevice", "getprop", "getproplen", "setprop", "nextprop", "peer",
    "child", "parent", "open", "close", "read", "write", "seek", "claim",
    "release", "package-to-path", "instance-to-package", "instance-to-path",
    "call-method", "interpret", "test", "canon", "milliseconds", "exit",
    "quiesce", "test-method", "nosuch", "",
};

static const char *const words[] = {
    "/", "/chosen", "/memory@0", "/rtas", "bootargs", "reg", "stdout", "/cpus/",
    "ibm,client-architecture-support", "instantiate-rtas", "//", "name",
    "/vdevice/vty@71000000", "/cpus/@0", "/pci@800000020000000", "phandle",
    "/memory@0,0:1", "",
};

/* Arguments are numbers or, where a flag says so, texts */
static void op_client(const FuzzRecord *record)
{
    const char *service = services[record->which % ARRAY_SIZE(services)];
    uint64_t text = OF_BLOCK + 0x100;

    write_ram(text, service, strlen(service) + 1);
    fuzz_write_be32(OF_BLOCK, text);
    fuzz_write_be32(OF_BLOCK + 4, record->cpu & 7);
    fuzz_write_be32(OF_BLOCK + 8, record->cpu >> 3 & 7);
    for (int i = 0; i < FUZZ_ARGS; i++) {
        uint64_t value = fuzz_arg(record, i);

        if (i < 8 && record->flags & 1 << i) {
            const char *word = words[value % ARRAY_SIZE(words)];

            text += 64;
            write_ram(text, word, strlen(word) + 1);
            value = text;
        }
        fuzz_write_be32(OF_BLOCK + 12 + i * 4, value);
    }
    fuzz_call(record, H_VOF_CLIENT, record->variant & 1 ? fuzz_arg(record, 8)
                                                       : OF_BLOCK, 0, 0, 0);
}

/* What Linux sends, with some bytes changed */
static void op_cas(const FuzzRecord *record)
{
    uint8_t vectors[] = {
        0xff, 0xff, 0x00, 0x00, 0x00, 0x4e, 0x00, 0x00,
        0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00, 0x05,
        0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
        4,
        2, 0, 0xff, 0xc0,
        0, 0,
        0, 0,
        0, 0,
        25, 0, 0x20, 0, 0, 0xa0, 5, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0x80, record->flags & 0xc0,
        (record->flags << 2) & 0xc0, 0, (record->flags << 4) & 0xc0,
    };
    uint64_t addr = CAS_BLOCK, reply = FUZZ_TREE, size = 1 * MiB;

    for (int i = 0; i < record->which % 6; i++) {
        uint16_t change = record->args[i][1] | record->args[i][2] << 8;

        vectors[(change >> 8) % sizeof(vectors)] = change;
    }
    switch (record->which >> 5) {
    case 1:
        addr = fuzz_arg(record, 6);
        break;
    case 2:
        reply = fuzz_arg(record, 7);
        break;
    case 3:
        size = fuzz_arg(record, 8);
        break;
    }
    if (addr < FUZZ_RAM_SIZE) {
        write_ram(addr, vectors, sizeof(vectors));
    }
    fuzz_call(record, H_CAS, addr, reply, size, 0);
}

/* The current tree, with some bytes changed */
static void op_update_dt(const FuzzRecord *record)
{
    size_t size = fdt_totalsize(current_machine->fdt);
    g_autofree uint8_t *fdt = g_memdup2(current_machine->fdt, size);

    for (int i = 0; i < record->which % (FUZZ_ARGS + 1); i++) {
        uint32_t at = record->args[i][0] * 0x101 + record->args[i][1] * 16;

        /* in the head as often as anywhere else */
        fdt[(i & 1 ? at : at % 48) % size] = record->args[i][2];
    }
    write_ram(FUZZ_TREE, fdt, size);
    fuzz_call(record, H_UPDATE_DT, FUZZ_TREE, 0, 0, 0);
}

/* --- virtual I/O --------------------------------------------------------- */

/* Often the SCSI adapter, whose calls depend on each other most */
static uint64_t vio_unit(const FuzzRecord *record)
{
    return record->which & 0x40 ? FUZZ_SCSI_UNIT
                                : FUZZ_VIO_UNITS + record->which % 8;
}

/*
 * Map page i of the device's window to page i of the arena, for each i; pages
 * of the mask @holes stay unmapped.
 */
static void op_map(const FuzzRecord *record)
{
    uint64_t unit = vio_unit(record);
    uint64_t holes = fuzz_arg(record, 0);

    if (record->flags & 0x80) {
        unit = fuzz_arg(record, 1);
    }
    for (unsigned i = 0; i < 16; i++) {
        bool hole = holes & 1 << i && record->flags & 1;

        fuzz_call(record, H_PUT_TCE, unit, i * PAGE,
                  hole ? 0 : FUZZ_ARENA + i * PAGE + 3, 0);
    }
}

static void op_crq(const FuzzRecord *record)
{
    uint64_t unit = vio_unit(record);

    fuzz_call(record, H_REG_CRQ, unit, record->flags & 1 ? 0x8000 : 0,
              record->flags & 2 ? fuzz_arg(record, 0) : PAGE, 0);
    fuzz_call(record, H_SEND_CRQ, unit, 0xc001ULL << 48, 0, 0);
    fuzz_call(record, H_VIO_SIGNAL, unit, record->flags >> 7, 0, 0);
}

static void put_descriptors(const FuzzRecord *record, uint8_t *at, size_t room)
{
    for (unsigned i = 0; i < 4 && (i + 1) * 16 <= room; i++) {
        stq_be_p(at + i * 16, fuzz_arg(record, 4 + i));
        stl_be_p(at + i * 16 + 8, 0);
        stl_be_p(at + i * 16 + 12, fuzz_arg(record, 8) >> (i * 3) & 0xffff);
    }
}

/* A SCSI command: with a descriptor, a table in the unit, or one elsewhere */
static size_t srp_command(const FuzzRecord *record, struct srp_cmd *cmd)
{
    static const uint8_t codes[] = {
        0x00, 0x03, 0x08, 0x0a, 0x12, 0x15, 0x1a, 0x1b, 0x25, 0x28, 0x2a, 0x2e,
        0x2f, 0x35, 0x41, 0x42, 0x43, 0x55, 0x5a, 0x5e, 0x5f, 0x88, 0x8a, 0x8f,
        0x9e, 0xa0, 0xa3, 0xa8, 0xaa, 0xae, 0xaf, 0xff,
    };
    uint8_t *data = cmd->add_data;

    cmd->buf_fmt = record->flags & 0x33;
    cmd->data_out_desc_cnt = record->args[2][1];
    cmd->data_in_desc_cnt = record->args[2][2];
    cmd->lun = cpu_to_be64(record->args[1][0] & 0x80 ? fuzz_arg(record, 1)
                           : 0x8000ULL << 48 | (uint64_t)record->args[1][1] % 3
                             << 48);
    cmd->add_cdb_len = record->args[3][0] & 0xfc & (record->args[3][1] & 7);
    cmd->cdb[0] = codes[record->args[0][0] % ARRAY_SIZE(codes)];
    cmd->cdb[1] = record->args[0][1] & 0x1f;
    cmd->cdb[4] = record->args[0][2];
    cmd->cdb[5] = record->args[0][1] >> 3;
    cmd->cdb[7] = record->args[3][2] & 0xf;
    cmd->cdb[8] = record->args[0][2];
    cmd->cdb[13] = record->args[3][2];
    if (record->flags & 0x22) {
        /* a table: its descriptor, how long its buffers are, then some */
        uint32_t n = cmd->data_out_desc_cnt + cmd->data_in_desc_cnt;

        stq_be_p(data, fuzz_arg(record, 3));
        stl_be_p(data + 12, record->args[3][1] & 8 ? fuzz_arg(record, 2)
                                                  : n * 16);
        stl_be_p(data + 16, fuzz_arg(record, 8));
        data += 20;
    }
    put_descriptors(record, data, 64);
    return sizeof(*cmd) + 20 + 64;
}

static size_t management_datagram(const FuzzRecord *record,
                                  union mad_iu *mad)
{
    mad->empty_iu.common.type = cpu_to_be32(record->args[0][0] % 10);
    mad->empty_iu.common.length = cpu_to_be16(fuzz_arg(record, 1));
    mad->empty_iu.common.tag = fuzz_arg(record, 2);
    mad->empty_iu.buffer = cpu_to_be64(fuzz_arg(record, 3));
    return sizeof(*mad);
}

/* An information unit for the SCSI adapter, and the message that it is there */
static void op_srp(const FuzzRecord *record)
{
    static const uint8_t types[] = { SRP_CMD, SRP_CMD, SRP_CMD, SRP_LOGIN_REQ,
                                     SRP_TSK_MGMT, SRP_I_LOGOUT, SRP_RSP, 0 };
    union {
        struct srp_cmd cmd;
        struct srp_tsk_mgmt task;
        struct srp_login_req login;
        union mad_iu mad;
        uint8_t bytes[512];
    } iu = {};
    uint64_t unit = FUZZ_SCSI_UNIT;
    uint64_t ioba = 0x1000 + (record->cpu >> 4) * 0x400;
    unsigned format = VIOSRP_SRP_FORMAT;
    size_t size = sizeof(iu.login);

    if (record->which & 0x80) {
        format = VIOSRP_MAD_FORMAT;
        size = management_datagram(record, &iu.mad);
    } else {
        iu.cmd.opcode = types[record->which % ARRAY_SIZE(types)];
        iu.cmd.tag = record->cpu;
        switch (iu.cmd.opcode) {
        case SRP_CMD:
            size = srp_command(record, &iu.cmd);
            break;
        case SRP_TSK_MGMT:
            iu.task.lun = cpu_to_be64(fuzz_arg(record, 1));
            iu.task.tsk_mgmt_func = 1 << record->args[0][1] % 8;
            iu.task.task_tag = record->args[0][2];
            size = sizeof(iu.task);
            break;
        default:
            put_descriptors(record, iu.bytes + 16, 64);
        }
    }
    if (record->flags & 0x40) {
        size = record->args[8][2];
    }
    write_ram(FUZZ_ARENA + ioba, &iu, sizeof(iu));
    fuzz_call(record, H_SEND_CRQ, unit,
              0x80ULL << 56 | (uint64_t)format << 48 | size,
              record->flags & 0x80 ? fuzz_arg(record, 8) : ioba, 0);
}

/* The network adapter, as its driver sets it up */
static void op_lan(const FuzzRecord *record)
{
    uint64_t args[FUZZ_ARGS] = { FUZZ_LAN_UNIT };
    uint64_t buffer = 1ULL << 63 | 0x1000ULL << 32;

    args[1] = 0x1000;
    args[2] = buffer | 0x2000;
    args[3] = 0x3000;
    args[4] = 0x525400123456;
    if (record->flags & 1) {
        args[1 + record->which % 4] = fuzz_arg(record, 0);
    }
    fuzz_hcall(fuzz_cpu(record->cpu), H_REGISTER_LOGICAL_LAN, args);
    for (unsigned i = 0; i < record->which % 16; i++) {
        uint64_t size = 0x80 + (record->args[1][1] & 0xf) * 0x100 * (i % 3);
        uint64_t one = 1ULL << 63 | size << 32 | (0x4000 + i * 0xa00);

        fuzz_call(record, H_ADD_LOGICAL_LAN_BUFFER, FUZZ_LAN_UNIT,
                  record->flags & 2 ? fuzz_arg(record, 2) : one, 0, 0);
    }
    fuzz_call(record, H_VIO_SIGNAL, FUZZ_LAN_UNIT, 1, 0, 0);
}

/* --- the host's side ----------------------------------------------------- */

static void op_packet(const FuzzRecord *record)
{
    static const char *const ids[] = { "n0", "n1" };
    NetClientState *nc = qemu_find_netdev(ids[record->flags % 2]);
    uint8_t packet[2048];

    memset(packet, record->flags & 0x80 ? 0xff : 0x52, sizeof(packet));
    memcpy(packet, record->args, sizeof(record->args));
    qemu_send_packet(nc, packet, MIN(sizeof(packet), record->which * 9 + 1));
}

static void op_key(const FuzzRecord *record)
{
    Chardev *chr = qemu_chr_find("c0");
    int room = qemu_chr_be_can_write(chr);

    if (room > 0) {
        qemu_chr_be_write(chr, record->args[0],
                          MIN(MIN(room, record->which),
                              (int)sizeof(record->args)));
    }
}

/* The first host bridge's bus, found by a device on it; br1's; phb1's */
static PCIBus *pci_bus(unsigned which)
{
    static const char *const ids[] = { "nic1", "br1", "phb1" };
    unsigned i = which % ARRAY_SIZE(ids);
    DeviceState *dev = qdev_find_recursive(sysbus_get_default(), ids[i]);

    if (!dev) {
        return NULL;
    }
    return PCI_BUS(i ? QLIST_FIRST(&dev->child_bus)
                     : qdev_get_parent_bus(dev));
}

static PCIDevice *pci_device(const FuzzRecord *record)
{
    PCIBus *bus = pci_bus(record->flags);

    return bus ? pci_find_device(bus, pci_bus_num(bus), record->which) : NULL;
}

/* A device's own read or write of the bus, which goes through its window */
static void op_device_dma(const FuzzRecord *record)
{
    PCIDevice *dev = pci_device(record);
    uint8_t data[512] = {};
    size_t size = MIN(fuzz_arg(record, 1), sizeof(data));

    if (!dev) {
        return;
    }
    memcpy(data, record->args, sizeof(record->args));
    pci_dma_rw(dev, fuzz_arg(record, 0), data, size,
               record->flags & 0x80 ? DMA_DIRECTION_TO_DEVICE
                                    : DMA_DIRECTION_FROM_DEVICE,
               MEMTXATTRS_UNSPECIFIED);
}

static void op_device_irq(const FuzzRecord *record)
{
    PCIDevice *dev = pci_device(record);
    unsigned vector = record->args[0][1];

    if (!dev) {
        return;
    }
    if (msix_enabled(dev)) {
        if (vector < dev->msix_entries_nr) {
            msix_notify(dev, vector);
        }
    } else if (msi_enabled(dev)) {
        if (vector < msi_nr_vectors_allocated(dev)) {
            msi_notify(dev, vector);
        }
    } else if (pci_get_byte(dev->config + PCI_INTERRUPT_PIN)) {
        pci_set_irq(dev, record->args[0][2] & 1);
    }
}

static void op_events(const FuzzRecord *record)
{
    if (record->which & 0x80) {
        qemu_clock_advance_virtual_time(
            qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
            (record->which & 0x7f) * 100 * SCALE_MS);
    }
    for (unsigned i = 0; i < 1 + record->flags % 4; i++) {
        fuzz_main_loop();
    }
}

static void op_plug(const FuzzRecord *record)
{
    if (record->flags & 0x40) {
        fuzz_plug_journey(record);
    } else if (record->flags & 1) {
        fuzz_device_del(record->which);
    } else {
        fuzz_device_add(record->which);
    }
}

static void op_nmi_or_reset(const FuzzRecord *record)
{
    if (record->which & 7) {
        nmi_monitor_handle(record->cpu % current_machine->smp.cpus, NULL);
    } else {
        fuzz_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    }
}

/* The user's request to power off, which sends an event; or a save */
static void op_powerdown_or_save(const FuzzRecord *record)
{
    if (record->which & 7) {
        qemu_system_powerdown_request();
        fuzz_main_loop();
    } else {
        fuzz_save_and_restore();
    }
}

/* Mostly calls; a reset, for one, takes as long as thousands of them */
static void (*const ops[256])(const FuzzRecord *record) = {
    [0 ... 79] = op_hcall,
    [80 ... 99] = fuzz_driver_op,
    [100 ... 103] = op_any_hcall,
    [104 ... 119] = op_memory,
    [120 ... 123] = op_memory32,
    [124 ... 143] = op_access,
    [144 ... 183] = op_rtas,
    [184 ... 187] = op_enable_pci,
    [188 ... 199] = op_client,
    [200 ... 201] = op_cas,
    [202] = op_update_dt,
    [203 ... 206] = op_map,
    [207 ... 210] = op_crq,
    [211 ... 222] = op_srp,
    [223 ... 226] = op_lan,
    [227 ... 230] = op_packet,
    [231 ... 233] = op_key,
    [234 ... 239] = op_device_dma,
    [240 ... 245] = op_device_irq,
    [246 ... 250] = op_events,
    [251 ... 253] = op_plug,
    [254] = op_powerdown_or_save,
    [255] = op_nmi_or_reset,
};

/*
 * A hypercall, load or store of @cpu, while other vCPUs make theirs.  H_RTAS
 * and the like are made with any address of their block.
 */
void fuzz_lockless_op(PowerPCCPU *cpu, const FuzzRecord *record)
{
    uint64_t args[FUZZ_ARGS];

    for (int i = 0; i < FUZZ_ARGS; i++) {
        args[i] = fuzz_arg(record, i);
    }
    if (record->kind % 4) {
        papr_hcall_dispatch(cpu, opcodes[record->which % ARRAY_SIZE(opcodes)],
                            args);
    } else {
        unsigned size = 1 << (record->which & 3);

        address_space_rw(&address_space_memory, args[0] & -size,
                         MEMTXATTRS_UNSPECIFIED, &args[1], size,
                         record->which & 4);
    }
}

void fuzz_op(const FuzzRecord *record)
{
    ops[record->kind](record);
    fuzz_do_queued_work();
}
