# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            get what is missing, build all
# make boot       build, and boot Linux to a shell on this terminal; varied by
#                 CPU SMP MEM FIRMWARE KERNEL INITRD APPEND MACHINE (see README)
# make check      build, and run every test but the long ones, or those of SUITE="..."
# make check-long build, and run the tests that take long, which make check leaves out
# make bench      compare with upstream's pseries, or FIGURES="...": build/bench
# make fuzz       fuzz the machine for TIME=600 seconds (clang; in build-fuzz)
# make join       lay this tree over QEMU's source again (after a new patch)
# make series     write this tree as series of patches to QEMU, topic by topic: build/series
# make series-check  apply, build and test each of these, or those of TOPICS="..." (hours)
# make peer       build upstream's pseries, to compare with
# make clean      remove what was compiled; make distclean also the build directory
#
# BUILD=DIR is another build directory, NINJAFLAGS= goes to ninja.

BUILD ?= build
CPU ?= POWER9
SMP ?= 1
MEM ?= 1G

export BUILD CPU SMP MEM FIRMWARE KERNEL INITRD APPEND MACHINE SUITE FIGURES PAIRS NINJAFLAGS
export TIME TARGETS

configure := ./configure --again --build-dir=$(abspath $(BUILD))
ninja = flock $(BUILD)/.lock ninja -C $(BUILD) $(NINJAFLAGS)

FUZZ_BUILD ?= build-fuzz
.PHONY: all join boot check check-long bench fuzz peer series series-check clean distclean
all: join
	@$(ninja)

# configure does only what is not done yet, and fetches what its --for uses: a
# second run takes a second.
join:
	@$(configure)

boot:
	@$(configure) --for=boot
	@$(ninja) qemu-system-ppc64
	@tools/boot

check:
	@$(configure) --for=check
	@$(ninja) qemu-system-ppc64
	@tools/check

check-long:
	@$(configure) --for=check
	@$(ninja) qemu-system-ppc64
	@tools/check --long

bench:
	@$(configure) --for=bench
	@$(ninja) qemu-system-ppc64 tests/guest/bench.elf
	@tools/bench

fuzz:
	@BUILD=$(FUZZ_BUILD) tools/fuzz

peer: join
	@tools/peer

series: join
	@tools/series

series-check:
	@$(configure) --for=check
	@$(ninja)
	@tools/series-check $(TOPICS)

clean:
	@if [ -f $(BUILD)/build.ninja ]; then $(ninja) -t clean; fi

distclean:
	rm -rf $(BUILD) $(dir $(abspath $(BUILD))).$(notdir $(abspath $(BUILD)))-source
