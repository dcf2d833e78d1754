/*
 * Virtual I/O: command/response queues (CRQ), translation bypass, logical LAN
 *
 * The LAN's other end is a socket that the test holds; a packet is a datagram.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "libvio.h"

/* --- command/response queues ---------------------------------------------- */

#define SCSI_UNIT 0x2000u
#define SCSI_IRQ  0x1102u
#define VTY_UNIT  0x30000000u

#define QUEUE      0x10000u
#define QUEUE_SIZE 0x1000u
#define ENTRIES    (QUEUE_SIZE / 16)

#define INIT       0xc001000000000000ull
#define INIT_DONE  0xc002000000000000ull
#define PING       0x800600f500000000ull
#define PING_REPLY 0x800600f600000000ull

static QTestState *start_scsi(void)
{
    QTestState *qts = papr_start("-machine ic-mode=xics -smp 1 "
                                 "-device spapr-vscsi,reg=0x%x", SCSI_UNIT);

    vio_map(qts, SCSI_UNIT);
    return qts;
}

static int64_t reg_crq(QTestState *qts, uint64_t ioba, uint64_t size)
{
    return papr_hcall(qts, 0, H_REG_CRQ, SCSI_UNIT, ioba, size);
}

static int64_t send_entry(QTestState *qts, uint64_t high)
{
    return papr_hcall(qts, 0, H_SEND_CRQ, SCSI_UNIT, high, 0);
}

static void test_crq(void)
{
    QTestState *qts = start_scsi();

    g_assert_cmpint(send_entry(qts, INIT), ==, H_CLOSED);
    g_assert_cmpint(reg_crq(qts, QUEUE, QUEUE_SIZE), ==, H_SUCCESS);
    g_assert_cmpint(reg_crq(qts, QUEUE, QUEUE_SIZE), ==, H_RESOURCE);
    g_assert_cmpint(papr_hcall(qts, 0, H_ENABLE_CRQ, SCSI_UNIT), ==, H_SUCCESS);
    g_assert_cmpint(send_entry(qts, INIT), ==, H_SUCCESS);
    g_assert_cmphex(vio_ld64(qts, QUEUE), ==, INIT_DONE);
    g_assert_cmpint(send_entry(qts, PING), ==, H_SUCCESS);
    g_assert_cmphex(vio_ld64(qts, QUEUE + 16), ==, PING_REPLY);
    /* a reply without a request has no response */
    g_assert_cmpint(send_entry(qts, INIT_DONE), ==, H_SUCCESS);
    g_assert_cmphex(vio_ld64(qts, QUEUE + 32), ==, 0);

    g_assert_cmpint(papr_hcall(qts, 0, H_FREE_CRQ, SCSI_UNIT), ==, H_SUCCESS);
    g_assert_cmpint(send_entry(qts, INIT), ==, H_CLOSED);
    /* a queue that is registered anew begins with its first entry */
    vio_st64(qts, QUEUE, 0);
    g_assert_cmpint(reg_crq(qts, QUEUE, QUEUE_SIZE), ==, H_SUCCESS);
    g_assert_cmpint(send_entry(qts, INIT), ==, H_SUCCESS);
    g_assert_cmphex(vio_ld64(qts, QUEUE), ==, INIT_DONE);
    qtest_quit(qts);
}

static void test_crq_bad(void)
{
    static const struct {
        uint64_t ioba, size;
    } bad[] = {
        { QUEUE, 0 },
        { QUEUE, 16 },
        { QUEUE, QUEUE_SIZE + 16 },
        { QUEUE + 16, QUEUE_SIZE },
        { QUEUE, 1ull << 32 },
        { QUEUE, ~0xfffull },
        { VIO_MAPPED, QUEUE_SIZE },                 /* not mapped */
        { VIO_MAPPED - QUEUE_SIZE, 2 * QUEUE_SIZE },
        { 0x10000000, QUEUE_SIZE },                 /* beyond the window */
        { ~0xfffull, QUEUE_SIZE },
        { ~0xfffull, 2 * QUEUE_SIZE },
    };
    static const uint64_t headers[] = { 0, 0x01, 0x7f, 0xff };
    static const uint32_t calls[] = {
        H_REG_CRQ, H_FREE_CRQ, H_SEND_CRQ, H_ENABLE_CRQ,
    };
    QTestState *qts = start_scsi();

    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(reg_crq(qts, bad[i].ioba, bad[i].size), ==,
                        H_PARAMETER);
    }
    for (int i = 0; i < ARRAY_SIZE(calls); i++) {
        g_assert_cmpint(papr_hcall(qts, 0, calls[i], 0x9999, QUEUE,
                                   QUEUE_SIZE), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, calls[i],
                                   (1ull << 32) | SCSI_UNIT, QUEUE,
                                   QUEUE_SIZE), ==, H_PARAMETER);
    }
    g_assert_cmpint(reg_crq(qts, QUEUE, QUEUE_SIZE), ==, H_SUCCESS);
    for (int i = 0; i < ARRAY_SIZE(headers); i++) {
        g_assert_cmpint(send_entry(qts, headers[i] << 56), ==, H_PARAMETER);
    }
    /* entries with a valid header but unknown type are accepted */
    g_assert_cmpint(send_entry(qts, 0x8000ull << 48), ==, H_SUCCESS);
    g_assert_cmpint(send_entry(qts, 0x80ffull << 48), ==, H_SUCCESS);
    g_assert_cmpint(send_entry(qts, 0x81ull << 56), ==, H_SUCCESS);
    g_assert_cmphex(vio_ld64(qts, QUEUE), ==, 0);
    qtest_quit(qts);

    qts = papr_start("-chardev null,id=c -device spapr-vty,chardev=c,reg=0x%x",
                     VTY_UNIT);
    g_assert_cmpint(papr_hcall(qts, 0, H_REG_CRQ, VTY_UNIT, QUEUE, QUEUE_SIZE),
                    ==, H_NOT_FOUND);
    g_assert_cmpint(papr_hcall(qts, 0, H_SEND_CRQ, VTY_UNIT, PING, 0), ==,
                    H_CLOSED);
    g_assert_cmpint(papr_hcall(qts, 0, H_FREE_CRQ, VTY_UNIT), ==, H_SUCCESS);
    qtest_quit(qts);
}

/* A reply for which the queue is full is dropped; no entry is overwritten */
static void test_crq_full(void)
{
    QTestState *qts = start_scsi();

    g_assert_cmpint(reg_crq(qts, QUEUE, QUEUE_SIZE), ==, H_SUCCESS);
    for (int i = 0; i < ENTRIES + 3; i++) {
        g_assert_cmpint(send_entry(qts, i < ENTRIES ? PING : INIT), ==,
                        H_SUCCESS);
    }
    for (int i = 0; i < ENTRIES; i++) {
        g_assert_cmphex(vio_ld64(qts, QUEUE + i * 16), ==, PING_REPLY);
    }
    vio_st64(qts, QUEUE, 0);
    send_entry(qts, INIT);
    g_assert_cmphex(vio_ld64(qts, QUEUE), ==, INIT_DONE);
    g_assert_cmphex(vio_ld64(qts, QUEUE + 16), ==, PING_REPLY);

    /* and a queue that is no longer mapped */
    vio_unmap_page(qts, SCSI_UNIT, QUEUE);
    g_assert_cmpint(send_entry(qts, PING), ==, H_SUCCESS);
    qtest_quit(qts);
}

static void test_crq_interrupt(void)
{
    QTestState *qts = start_scsi();

    vio_irq_on(qts, SCSI_IRQ);
    g_assert_cmpint(papr_hcall(qts, 0, H_VIO_SIGNAL, SCSI_UNIT, 1), ==,
                    H_SUCCESS);
    /* H_REG_CRQ disables the interrupt */
    g_assert_cmpint(reg_crq(qts, QUEUE, QUEUE_SIZE), ==, H_SUCCESS);
    send_entry(qts, PING);
    g_assert_false(vio_irq_taken(qts, SCSI_IRQ));
    papr_hcall(qts, 0, H_VIO_SIGNAL, SCSI_UNIT, 1);
    send_entry(qts, PING);
    g_assert_true(vio_irq_taken(qts, SCSI_IRQ));
    g_assert_false(vio_irq_taken(qts, SCSI_IRQ));
    papr_hcall(qts, 0, H_VIO_SIGNAL, SCSI_UNIT, 0);
    send_entry(qts, PING);
    g_assert_false(vio_irq_taken(qts, SCSI_IRQ));
    g_assert_cmphex(vio_ld64(qts, QUEUE + 32), ==, PING_REPLY);
    qtest_quit(qts);
}

/* For firmware, I/O addresses can be RAM's; quiesce or reset frees the queue */
static void test_bypass(void)
{
    QTestState *qts = papr_start("-smp 1 -device spapr-vscsi,reg=0x%x",
                                 SCSI_UNIT);
    uint64_t ram = PAPR_TEST_RAM;

    g_assert_cmpint(reg_crq(qts, ram, QUEUE_SIZE), ==, H_PARAMETER);
    g_assert_cmpint(papr_rtas(qts, "ibm,set-tce-bypass", 1, NULL, SCSI_UNIT, 1),
                    ==, RTAS_SUCCESS);
    g_assert_cmpint(reg_crq(qts, ram, QUEUE_SIZE), ==, H_SUCCESS);
    send_entry(qts, PING);
    g_assert_cmphex(papr_ld64(qts, ram), ==, PING_REPLY);
    g_assert_cmpint(papr_rtas(qts, "quiesce", 1, NULL), ==, RTAS_SUCCESS);
    g_assert_cmpint(send_entry(qts, PING), ==, H_CLOSED);

    g_assert_cmpint(papr_rtas(qts, "ibm,set-tce-bypass", 1, NULL, SCSI_UNIT, 0),
                    ==, RTAS_SUCCESS);
    g_assert_cmpint(reg_crq(qts, ram, QUEUE_SIZE), ==, H_PARAMETER);
    papr_rtas(qts, "ibm,set-tce-bypass", 1, NULL, SCSI_UNIT, 1);
    g_assert_cmpint(reg_crq(qts, ram, QUEUE_SIZE), ==, H_SUCCESS);
    qtest_system_reset(qts);
    g_assert_cmpint(send_entry(qts, PING), ==, H_CLOSED);
    g_assert_cmpint(reg_crq(qts, ram, QUEUE_SIZE), ==, H_PARAMETER);

    g_assert_cmpint(papr_rtas(qts, "ibm,set-tce-bypass", 1, NULL, 0x9999, 1),
                    ==, RTAS_PARAMETER_ERROR);
    /* the nvram has no table */
    g_assert_cmpint(papr_rtas(qts, "ibm,set-tce-bypass", 1, NULL, 0x71000000,
                              1), ==, RTAS_PARAMETER_ERROR);
    qtest_quit(qts);
}

/* --- logical LAN ---------------------------------------------------------- */

#define LAN_UNIT 0x3000u
#define LAN_IRQ  0x1103u
#define LAN_MAC  0x525400112233ull

#define LIST     0x1000u
#define FILTER   0x2000u
#define RXQ      0x3000u
#define RX_BUFS  0x20000u
#define TX_BUFS  0x80000u

#define VALID    (1ull << 63)
#define DESC(addr, len) (VALID | (uint64_t)(len) << 32 | (addr))
#define DROPPED  (LIST + 0xff8)

/* first doubleword of a receive queue entry */
#define ENTRY(valid, packet, len) \
    ((uint64_t)(valid) << 63 | (uint64_t)(packet) << 62 | 8ull << 32 | (len))

#define FLUSH_NS 1000000

typedef struct Lan {
    QTestState *qts;
    int fd;
    uint32_t entries;           /* of the receive queue */
    uint32_t next;
} Lan;

static Lan start_lan_at(int fds[2], const char *more)
{
    Lan lan = { .fd = fds[0] };

    lan.qts = papr_start("-machine ic-mode=xics -smp 1 "
                         "-netdev dgram,id=n,local.type=fd,local.str=%d "
                         "-device spapr-vlan,netdev=n,reg=0x%x,"
                         "mac=52:54:00:11:22:33%s", fds[1], LAN_UNIT, more);
    return lan;
}

static void make_wire(int fds[2])
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), ==, 0);
    qemu_set_cloexec(fds[0]);
}

static Lan start_lan(const char *more)
{
    int fds[2];
    Lan lan;

    make_wire(fds);
    lan = start_lan_at(fds, more);
    close(fds[1]);
    vio_map(lan.qts, LAN_UNIT);
    return lan;
}

static void end_lan(Lan *lan)
{
    qtest_quit(lan->qts);
    close(lan->fd);
}

static int64_t lan_register(Lan *lan, uint32_t entries)
{
    lan->entries = entries;
    lan->next = 0;
    return papr_hcall(lan->qts, 0, H_REGISTER_LOGICAL_LAN, LAN_UNIT, LIST,
                      DESC(RXQ, entries * 16), FILTER, LAN_MAC);
}

static int64_t add_buffer(Lan *lan, uint32_t ioba, uint32_t len)
{
    vio_st64(lan->qts, ioba, 0xabc00000ull | ioba);
    return papr_hcall(lan->qts, 0, H_ADD_LOGICAL_LAN_BUFFER, LAN_UNIT,
                      DESC(ioba, len));
}

static void put_packet(Lan *lan, char fill, uint32_t len)
{
    g_autofree char *packet = g_malloc(len);

    memset(packet, fill, len);
    g_assert_cmpint(write(lan->fd, packet, len), ==, len);
}

/* The next entry must be for @len bytes of @fill in the buffer at @ioba */
static void took_packet(Lan *lan, uint32_t ioba, char fill, uint32_t len)
{
    uint32_t slot = lan->next % lan->entries;
    bool valid = !(lan->next / lan->entries & 1);
    uint64_t old = vio_ld64(lan->qts, RXQ + slot * 16);
    g_autofree char *packet = g_malloc(len + 1);

    /* the slot's entry of the round before has the other valid bit */
    if (old >> 63 != valid) {
        qtest_clock_step(lan->qts, FLUSH_NS);
        old = vio_wait(lan->qts, RXQ + slot * 16, old);
    }
    g_assert_cmphex(old, ==, ENTRY(valid, 1, len));
    g_assert_cmphex(vio_ld64(lan->qts, RXQ + slot * 16 + 8), ==,
                    0xabc00000ull | ioba);
    packet[len] = fill;
    vio_read(lan->qts, ioba + 8, packet, len);
    for (uint32_t i = 0; i < len; i++) {
        g_assert_cmphex(packet[i], ==, fill);
    }
    lan->next++;
}

static void check_receive(const char *options)
{
    Lan lan = start_lan(options);

    g_assert_cmpint(lan_register(&lan, 4), ==, H_SUCCESS);
    g_assert_cmphex(vio_ld64(lan.qts, LIST), ==, DESC(RXQ, 64));
    g_assert_cmphex(vio_ld64(lan.qts, LIST + 8), ==, DESC(FILTER, 0x1000));

    /* the receive queue wraps twice; buffers cross pages */
    for (int i = 0; i < 9; i++) {
        uint32_t ioba = RX_BUFS + 0xf00 + i * 0x2000;

        g_assert_cmpint(add_buffer(&lan, ioba, 0x800), ==, H_SUCCESS);
        put_packet(&lan, 'a' + i, 1000 + i);
        took_packet(&lan, ioba, 'a' + i, 1000 + i);
    }
    /* packets that come while there is no buffer wait for one */
    put_packet(&lan, 'x', 64);
    put_packet(&lan, 'y', 1500);
    qtest_clock_step(lan.qts, FLUSH_NS);
    g_assert_cmpint(add_buffer(&lan, RX_BUFS, 0x800), ==, H_SUCCESS);
    took_packet(&lan, RX_BUFS, 'x', 64);
    g_assert_cmpint(add_buffer(&lan, RX_BUFS + 0x1000, 0x800), ==, H_SUCCESS);
    took_packet(&lan, RX_BUFS + 0x1000, 'y', 1500);

    /* a packet larger than all buffers is counted as dropped; others pass */
    g_assert_cmpint(add_buffer(&lan, RX_BUFS, 0x200), ==, H_SUCCESS);
    g_assert_cmpint(add_buffer(&lan, RX_BUFS + 0x1000, 0x200), ==, H_SUCCESS);
    g_assert_cmphex(vio_ld64(lan.qts, DROPPED), ==, 0);
    put_packet(&lan, 'z', 0x2000);
    g_assert_cmphex(vio_wait(lan.qts, DROPPED, 0), ==, 1);
    put_packet(&lan, 'w', 0x1f8);
    qtest_clock_step(lan.qts, FLUSH_NS);
    if (*options) {
        took_packet(&lan, RX_BUFS, 'w', 0x1f8);
    } else {
        /* a pool is a stack: the buffer that was added last is used first */
        took_packet(&lan, RX_BUFS + 0x1000, 'w', 0x1f8);
    }
    end_lan(&lan);
}

static void test_receive(void)
{
    check_receive("");
}

static void test_receive_no_pools(void)
{
    check_receive(",use-rx-buffer-pools=off");
}

static void test_pools(void)
{
    Lan lan = start_lan("");
    static const uint32_t sizes[] = { 0x800, 0x200, 0x4000, 0x1000, 0x400 };
    uint32_t ioba = RX_BUFS;

    g_assert_cmpint(lan_register(&lan, 16), ==, H_SUCCESS);
    for (int i = 0; i < ARRAY_SIZE(sizes); i++, ioba += 0x8000) {
        g_assert_cmpint(add_buffer(&lan, ioba, sizes[i]), ==, H_SUCCESS);
    }
    /* there are five pools: no sixth size while all are in use */
    g_assert_cmpint(add_buffer(&lan, ioba, 0x600), ==, H_RESOURCE);
    /* a packet gets the smallest buffer that it fits into */
    put_packet(&lan, '1', 0x3f9);
    took_packet(&lan, RX_BUFS, '1', 0x3f9);
    put_packet(&lan, '2', 0x3f8);
    took_packet(&lan, RX_BUFS + 4 * 0x8000, '2', 0x3f8);
    put_packet(&lan, '3', 60);
    took_packet(&lan, RX_BUFS + 0x8000, '3', 60);
    /* no buffer of the best size is left: the next larger one */
    put_packet(&lan, '4', 60);
    took_packet(&lan, RX_BUFS + 3 * 0x8000, '4', 60);
    put_packet(&lan, '5', 0x3ff8);
    took_packet(&lan, RX_BUFS + 2 * 0x8000, '5', 0x3ff8);
    /* an empty pool takes another size; pools stay in order of size */
    g_assert_cmpint(add_buffer(&lan, ioba, 0x600), ==, H_SUCCESS);
    g_assert_cmpint(add_buffer(&lan, RX_BUFS, 0x800), ==, H_SUCCESS);
    put_packet(&lan, '6', 0x500);
    took_packet(&lan, ioba, '6', 0x500);
    end_lan(&lan);
}

static void test_give_back(void)
{
    Lan lan = start_lan("");

    g_assert_cmpint(papr_hcall(lan.qts, 0, H_FREE_LOGICAL_LAN_BUFFER, LAN_UNIT,
                               0x800), ==, H_NOT_FOUND);
    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_FREE_LOGICAL_LAN_BUFFER, LAN_UNIT,
                               0x7fffffff), ==, H_NOT_FOUND);
    add_buffer(&lan, RX_BUFS, 0x800);
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_FREE_LOGICAL_LAN_BUFFER, LAN_UNIT,
                               0x400), ==, H_NOT_FOUND);
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_FREE_LOGICAL_LAN_BUFFER, LAN_UNIT,
                               0x800), ==, H_SUCCESS);
    g_assert_cmphex(vio_ld64(lan.qts, RXQ), ==, ENTRY(1, 0, 0));
    g_assert_cmphex(vio_ld64(lan.qts, RXQ + 8), ==, 0xabc00000ull | RX_BUFS);
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_FREE_LOGICAL_LAN_BUFFER, LAN_UNIT,
                               0x800), ==, H_NOT_FOUND);
    end_lan(&lan);
}

/* The buffer list is in guest memory: a guest that writes there harms itself */
static void test_hostile_list(void)
{
    g_autofree char *ones = g_malloc(VIO_PAGE);
    Lan lan = start_lan(",use-rx-buffer-pools=off");

    memset(ones, 0xff, VIO_PAGE);
    g_assert_cmpint(lan_register(&lan, 4), ==, H_SUCCESS);
    for (int i = 0; i < 509; i++) {
        g_assert_cmpint(add_buffer(&lan, RX_BUFS, 0x800), ==, H_SUCCESS);
    }
    g_assert_cmpint(add_buffer(&lan, RX_BUFS, 0x800), ==, H_RESOURCE);
    vio_write(lan.qts, LIST, ones, VIO_PAGE);
    g_assert_cmpint(add_buffer(&lan, RX_BUFS, 0x800), ==, H_RESOURCE);
    put_packet(&lan, 'q', 100);
    qtest_clock_step(lan.qts, FLUSH_NS);
    /* the slot's descriptor was consumed */
    g_assert_cmphex(vio_wait(lan.qts, LIST + 16, UINT64_MAX), ==, 0);
    g_assert_cmpint(add_buffer(&lan, RX_BUFS, 0x800), ==, H_SUCCESS);

    vio_unmap_page(lan.qts, LAN_UNIT, LIST);
    g_assert_cmpint(add_buffer(&lan, RX_BUFS, 0x800), ==, H_RESOURCE);
    put_packet(&lan, 'q', 100);
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_FREE_LOGICAL_LAN, LAN_UNIT), ==,
                    H_SUCCESS);
    end_lan(&lan);
}

static int64_t send_pieces(Lan *lan, uint64_t d1, uint64_t d2, uint64_t d3,
                           uint64_t token)
{
    return papr_hcall(lan->qts, 0, H_SEND_LOGICAL_LAN, LAN_UNIT, d1, d2, d3, 0,
                      0, 0, token);
}

static void sent_is(Lan *lan, const char *expected, size_t len)
{
    char packet[70000];
    ssize_t n = read(lan->fd, packet, sizeof(packet));

    g_assert_cmpmem(packet, n, expected, len);
}

static void test_send(void)
{
    Lan lan = start_lan("");
    g_autofree char *data = g_malloc(0x10000);

    for (int i = 0; i < 0x10000; i++) {
        data[i] = i * 7 + (i >> 8);
    }
    vio_write(lan.qts, TX_BUFS, data, 0x10000);
    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 60), 0, 0, 0), ==,
                    H_DROPPED);
    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);

    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 60), 0, 0, 0), ==,
                    H_SUCCESS);
    sent_is(&lan, data, 60);
    /* pieces, one of them across pages; pieces after an invalid one: ignored */
    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 14),
                                DESC(TX_BUFS + 14, 0x1ff2), 0, 0), ==,
                    H_SUCCESS);
    sent_is(&lan, data, 0x2000);
    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 100), 0,
                                DESC(TX_BUFS, 100), 0), ==, H_SUCCESS);
    sent_is(&lan, data, 100);
    g_assert_cmpint(send_pieces(&lan, 0, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 0), 0, 0, 0), ==,
                    H_SUCCESS);

    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 0x10001), 0, 0, 0), ==,
                    H_RESOURCE);
    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 0xffffff),
                                DESC(TX_BUFS, 0xffffff), 0, 0), ==,
                    H_RESOURCE);
    g_assert_cmpint(send_pieces(&lan, DESC(VIO_MAPPED - 0x10, 0x20), 0, 0, 0),
                    ==, H_PARAMETER);
    g_assert_cmpint(send_pieces(&lan, DESC(0xffffff00, 0x200), 0, 0, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 60), 0, 0, 1), ==,
                    H_PARAMETER);
    /* flags for checksum offload, which H_ILLAN_ATTRIBUTES never grants */
    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 60) | 3ull << 56, 0, 0, 0),
                    ==, H_PARAMETER);
    /* none of the refused packets was sent */
    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS + 1, 77), 0, 0, 0), ==,
                    H_SUCCESS);
    sent_is(&lan, data + 1, 77);
    end_lan(&lan);
}

static void test_lan_bad(void)
{
    static const uint64_t bad[][3] = {
        /* list, queue, filter */
        { LIST + 8, DESC(RXQ, 64), FILTER },
        { VIO_MAPPED, DESC(RXQ, 64), FILTER },
        { LIST | 1ull << 32, DESC(RXQ, 64), FILTER },
        { LIST, DESC(RXQ, 64), FILTER + 8 },
        { LIST, DESC(RXQ, 64), VIO_MAPPED },
        { LIST, DESC(RXQ, 64), ~0xfffull },
        { LIST, DESC(RXQ, 64) & ~VALID, FILTER },
        { LIST, DESC(RXQ, 0), FILTER },
        { LIST, DESC(RXQ, 8), FILTER },
        { LIST, DESC(RXQ + 8, 64), FILTER },
        { LIST, DESC(VIO_MAPPED - 16, 64), FILTER },
        { LIST, DESC(0xfffffff0, 64), FILTER },
        { LIST, DESC(RXQ, 0xfffff0), FILTER },
    };
    static const uint64_t bad_buffers[] = {
        DESC(RX_BUFS + 2, 0x800), DESC(RX_BUFS, 0x802), DESC(RX_BUFS, 12),
        DESC(RX_BUFS, 0), DESC(VIO_MAPPED - 4, 16), DESC(0xfffffffc, 16),
        0, UINT64_MAX,
    };
    static const uint32_t calls[] = {
        H_REGISTER_LOGICAL_LAN, H_FREE_LOGICAL_LAN, H_ADD_LOGICAL_LAN_BUFFER,
        H_FREE_LOGICAL_LAN_BUFFER, H_SEND_LOGICAL_LAN, H_MULTICAST_CTRL,
        H_CHANGE_LOGICAL_LAN_MAC, H_ILLAN_ATTRIBUTES,
    };
    Lan lan = start_lan("");

    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(papr_hcall(lan.qts, 0, H_REGISTER_LOGICAL_LAN, LAN_UNIT,
                                   bad[i][0], bad[i][1], bad[i][2], LAN_MAC),
                        ==, H_PARAMETER);
    }
    for (int i = 0; i < ARRAY_SIZE(calls); i++) {
        /* no such unit; one of another kind */
        g_assert_cmpint(papr_hcall(lan.qts, 0, calls[i], 0x9999), ==,
                        H_PARAMETER);
        g_assert_cmpint(papr_hcall(lan.qts, 0, calls[i], 0x71000000), ==,
                        H_PARAMETER);
    }
    g_assert_cmpint(add_buffer(&lan, RX_BUFS, 0x800), ==, H_RESOURCE);
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_FREE_LOGICAL_LAN, LAN_UNIT), ==,
                    H_RESOURCE);
    g_assert_cmpint(lan_register(&lan, 4), ==, H_SUCCESS);
    g_assert_cmpint(lan_register(&lan, 4), ==, H_RESOURCE);
    for (int i = 0; i < ARRAY_SIZE(bad_buffers); i++) {
        g_assert_cmpint(papr_hcall(lan.qts, 0, H_ADD_LOGICAL_LAN_BUFFER,
                                   LAN_UNIT, bad_buffers[i]), ==, H_PARAMETER);
    }
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_FREE_LOGICAL_LAN, LAN_UNIT), ==,
                    H_SUCCESS);
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_FREE_LOGICAL_LAN, LAN_UNIT), ==,
                    H_RESOURCE);
    end_lan(&lan);
}

static void test_lan_control(void)
{
    static const struct {
        uint64_t flags, mac;
        int64_t rc;
    } multicast[] = {
        { 0, 0, H_SUCCESS },
        { 0xa0000, 0, H_SUCCESS },                  /* receive */
        { 0x50003, 0, H_SUCCESS },                  /* filter, clear */
        { 1, 0x01005e000001, H_CONSTRAINED },       /* add */
        { 2, 0x01005e000001, H_NOT_FOUND },         /* remove */
        { 1, 1ull << 48, H_PARAMETER },
        { 4, 0, H_PARAMETER },
        { 0x100000, 0, H_PARAMETER },
        { VALID, 0, H_PARAMETER },
    };
    Lan lan = start_lan("");

    for (int i = 0; i < ARRAY_SIZE(multicast); i++) {
        uint64_t regs[PAPR_HCALL_REGS] = {
            LAN_UNIT, multicast[i].flags, multicast[i].mac,
        };

        g_assert_cmpint(papr_hcall_regs(lan.qts, 0, H_MULTICAST_CTRL, regs), ==,
                        multicast[i].rc);
        if (multicast[i].rc != H_PARAMETER) {
            g_assert_cmphex(regs[0], ==, 0x20000);
        }
    }
    for (int bit = 0; bit < 64; bit++) {
        uint64_t regs[PAPR_HCALL_REGS] = { LAN_UNIT, 0, 1ull << bit };
        bool known = bit <= 2 || bit == 12 || bit == 16;

        g_assert_cmpint(papr_hcall_regs(lan.qts, 0, H_ILLAN_ATTRIBUTES, regs),
                        ==, known ? H_CONSTRAINED : H_SUCCESS);
        g_assert_cmphex(regs[0], ==, 0);
    }
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_CHANGE_LOGICAL_LAN_MAC, LAN_UNIT,
                               0x0200deadbeefull), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall(lan.qts, 0, H_VIO_SIGNAL, LAN_UNIT, 2), ==,
                    H_PARAMETER);
    end_lan(&lan);
}

static void test_lan_interrupt(void)
{
    Lan lan = start_lan("");

    vio_irq_on(lan.qts, LAN_IRQ);
    papr_hcall(lan.qts, 0, H_VIO_SIGNAL, LAN_UNIT, 1);
    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);
    add_buffer(&lan, RX_BUFS, 0x800);
    add_buffer(&lan, RX_BUFS, 0x800);
    put_packet(&lan, 'a', 60);
    took_packet(&lan, RX_BUFS, 'a', 60);
    g_assert_false(vio_irq_taken(lan.qts, LAN_IRQ));
    papr_hcall(lan.qts, 0, H_VIO_SIGNAL, LAN_UNIT, 1);
    put_packet(&lan, 'b', 60);
    took_packet(&lan, RX_BUFS, 'b', 60);
    g_assert_true(vio_irq_taken(lan.qts, LAN_IRQ));
    end_lan(&lan);
}

static void test_lan_reset(void)
{
    Lan lan = start_lan("");

    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);
    add_buffer(&lan, RX_BUFS, 0x800);
    qtest_system_reset(lan.qts);
    g_assert_cmpint(send_pieces(&lan, DESC(TX_BUFS, 60), 0, 0, 0), ==,
                    H_DROPPED);
    /* nothing is mapped any more */
    g_assert_cmpint(lan_register(&lan, 8), ==, H_PARAMETER);
    vio_map(lan.qts, LAN_UNIT);
    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);
    put_packet(&lan, 'r', 60);
    add_buffer(&lan, RX_BUFS + 0x1000, 0x800);
    took_packet(&lan, RX_BUFS + 0x1000, 'r', 60);
    end_lan(&lan);
}

static void check_lan_migrate(const char *options)
{
    g_autofree char *dir = g_dir_make_tmp("papr-vio-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    g_autofree char *more = g_strconcat(options, " -incoming defer", NULL);
    Lan lan = start_lan(options), there;
    int fds[2];

    g_assert_cmpint(lan_register(&lan, 3), ==, H_SUCCESS);
    for (int i = 0; i < 4; i++) {
        add_buffer(&lan, RX_BUFS, 0x800);
        put_packet(&lan, 'a' + i, 60 + i);
        took_packet(&lan, RX_BUFS, 'a' + i, 60 + i);
    }
    add_buffer(&lan, RX_BUFS, 0x800);
    add_buffer(&lan, RX_BUFS + 0x4000, 0x4000);
    papr_save(lan.qts, file);

    make_wire(fds);
    there = start_lan_at(fds, more);
    close(fds[1]);
    there.entries = lan.entries;
    there.next = lan.next;
    end_lan(&lan);
    g_assert_true(papr_load(there.qts, file));
    qtest_qmp_eventwait(there.qts, "RESUME");

    put_packet(&there, 'x', 1500);
    took_packet(&there, RX_BUFS, 'x', 1500);
    put_packet(&there, 'y', 0x3000);
    took_packet(&there, RX_BUFS + 0x4000, 'y', 0x3000);
    add_buffer(&there, RX_BUFS, 0x800);
    put_packet(&there, 'z', 100);
    took_packet(&there, RX_BUFS, 'z', 100);
    g_assert_cmpint(send_pieces(&there, DESC(TX_BUFS, 60), 0, 0, 0), ==,
                    H_SUCCESS);
    end_lan(&there);
    unlink(file);
    rmdir(dir);
}

static void test_lan_migrate(void)
{
    check_lan_migrate("");
}

static void test_lan_migrate_no_pools(void)
{
    check_lan_migrate(",use-rx-buffer-pools=off");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/vio-dma/crq", test_crq);
    qtest_add_func("pseries/vio-dma/crq/bad", test_crq_bad);
    qtest_add_func("pseries/vio-dma/crq/full", test_crq_full);
    qtest_add_func("pseries/vio-dma/crq/interrupt", test_crq_interrupt);
    qtest_add_func("pseries/vio-dma/bypass", test_bypass);
    qtest_add_func("pseries/vio-dma/lan/receive", test_receive);
    qtest_add_func("pseries/vio-dma/lan/receive/no-pools",
                   test_receive_no_pools);
    qtest_add_func("pseries/vio-dma/lan/pools", test_pools);
    qtest_add_func("pseries/vio-dma/lan/give-back", test_give_back);
    qtest_add_func("pseries/vio-dma/lan/hostile-list", test_hostile_list);
    qtest_add_func("pseries/vio-dma/lan/send", test_send);
    qtest_add_func("pseries/vio-dma/lan/bad", test_lan_bad);
    qtest_add_func("pseries/vio-dma/lan/control", test_lan_control);
    qtest_add_func("pseries/vio-dma/lan/interrupt", test_lan_interrupt);
    qtest_add_func("pseries/vio-dma/lan/reset", test_lan_reset);
    qtest_add_func("pseries/vio-dma/lan/migrate", test_lan_migrate);
    qtest_add_func("pseries/vio-dma/lan/migrate/no-pools",
                   test_lan_migrate_no_pools);
    return g_test_run();
}
