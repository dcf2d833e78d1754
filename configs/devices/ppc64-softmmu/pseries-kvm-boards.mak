# SPDX-License-Identifier: GPL-2.0-or-later
#
# The boards of pseries.mak for hosts with KVM (tools/kvm-build --boards).  powernv
# has no KVM, and hw/intc/spapr_xive_kvm.c, which comes with its XIVE, does not link
# without CONFIG_PSERIES.

include pseries.mak
CONFIG_POWERNV=n
