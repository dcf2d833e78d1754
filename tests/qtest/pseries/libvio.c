/*
 * Drivers' part of virtual devices with DMA, for qtests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libvio.h"

#define TCE_READ_WRITE 3

/* Longer than any device takes */
#define PATIENCE_MS 20000

uint64_t vio_ram(uint32_t ioba)
{
    uint32_t page = ioba / VIO_PAGE ^ 1;

    g_assert_cmphex(ioba, <, VIO_MAPPED);
    return PAPR_TEST_RAM + page * VIO_PAGE + ioba % VIO_PAGE;
}

void vio_map(QTestState *qts, uint32_t unit)
{
    for (uint32_t ioba = 0; ioba < VIO_MAPPED; ioba += VIO_PAGE) {
        g_assert_cmpint(papr_hcall(qts, 0, H_PUT_TCE, unit, ioba,
                                   vio_ram(ioba) | TCE_READ_WRITE), ==,
                        H_SUCCESS);
    }
}

void vio_unmap_page(QTestState *qts, uint32_t unit, uint32_t ioba)
{
    g_assert_cmpint(papr_hcall(qts, 0, H_PUT_TCE, unit,
                               ioba & ~(VIO_PAGE - 1), 0), ==, H_SUCCESS);
}

void vio_read(QTestState *qts, uint32_t ioba, void *buf, uint32_t len)
{
    for (uint32_t done = 0; done < len; ) {
        uint32_t n = MIN(len - done, VIO_PAGE - (ioba + done) % VIO_PAGE);

        qtest_memread(qts, vio_ram(ioba + done), (uint8_t *)buf + done, n);
        done += n;
    }
}

void vio_write(QTestState *qts, uint32_t ioba, const void *buf, uint32_t len)
{
    for (uint32_t done = 0; done < len; ) {
        uint32_t n = MIN(len - done, VIO_PAGE - (ioba + done) % VIO_PAGE);

        qtest_memwrite(qts, vio_ram(ioba + done), (const uint8_t *)buf + done,
                       n);
        done += n;
    }
}

uint64_t vio_wait(QTestState *qts, uint32_t ioba, uint64_t old)
{
    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        uint64_t now = vio_ld64(qts, ioba);

        if (now != old) {
            return now;
        }
        g_usleep(1000);
    }
    g_error("0x%x stays 0x%" PRIx64, ioba, old);
}

void vio_irq_on(QTestState *qts, uint32_t irq)
{
    papr_hcall(qts, 0, H_CPPR, 0xff);
    g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, irq, 0, 5), ==,
                    RTAS_SUCCESS);
}

bool vio_irq_taken(QTestState *qts, uint32_t irq)
{
    uint64_t regs[PAPR_HCALL_REGS] = {};

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_XIRR, regs), ==, H_SUCCESS);
    if (!(regs[0] & 0xffffff)) {
        return false;
    }
    g_assert_cmphex(regs[0], ==, 0xff000000 | irq);
    papr_hcall(qts, 0, H_EOI, regs[0]);
    return true;
}
