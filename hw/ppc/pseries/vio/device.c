/*
 * pSeries platform: finding virtual I/O (VIO) devices, and their interrupts
 *
 * LoPAR section 17.2.1.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "device.h"

PaprVioDevice *papr_vio_find_other(PaprVioBus *bus, uint64_t reg,
                                   const PaprVioDevice *self)
{
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(bus)->children, sibling) {
        PaprVioDevice *dev = (PaprVioDevice *)kid->child;

        if (dev->reg == reg && dev != self) {
            return dev;
        }
    }
    return NULL;
}

PaprVioDevice *papr_vio_find(PaprVioBus *bus, uint64_t reg)
{
    return papr_vio_find_other(bus, reg, NULL);
}

void papr_vio_signal(PaprVioDevice *dev)
{
    papr_irq_trigger(papr_vio_bus_of(dev)->irqs, dev->irq);
}

void papr_vio_notify(PaprVioDevice *dev)
{
    if (dev->signal_state & 1) {
        papr_vio_signal(dev);
    }
}
