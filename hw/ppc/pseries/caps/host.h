/*
 * pSeries platform: what a KVM host offers, a function for each capability
 * (private to caps/)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_CAPS_HOST_H
#define HW_PPC_PSERIES_CAPS_HOST_H

#include "hw/pseries/caps.h"

/* PaprCapInfo.in_kvm; @host->kvm is not NULL */
uint8_t papr_kvm_htm(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_cfpc(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_sbbc(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_ibs(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_page_size(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_nested_hv(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_large_decr(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_ccf_assist(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_fwnmi(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_rpt_invalidate(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_ail_mode_3(const PaprCapsHost *host, const char **why);
uint8_t papr_kvm_dawr1(const PaprCapsHost *host, const char **why);

#endif
