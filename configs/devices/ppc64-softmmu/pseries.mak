# SPDX-License-Identifier: GPL-2.0-or-later
#
# The boards of upstream's ppc64 target, with this tree's pseries in place of
# upstream's.

include default.mak
CONFIG_PSERIES=n
CONFIG_PAPR=y
