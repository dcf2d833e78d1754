# SPDX-License-Identifier: GPL-2.0-or-later
#
# This tree's pseries alone, with the devices that tests/fuzz puts into it: a
# fuzzer that is built in minutes.

include pseries-kvm.mak
CONFIG_EDU=y
