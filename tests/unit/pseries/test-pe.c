/*
 * pSeries PCI host bridge: states of a partitionable endpoint (PE)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/abi.h"
#include "../../../hw/pci-host/pseries/pe.h"

#define NO RTAS_PARAMETER_ERROR
#define CHANGED RTAS_UNEXPECTED_STATE

static const PaprPeState states[] = {
    PAPR_PE_NORMAL, PAPR_PE_RESET, PAPR_PE_STOPPED, PAPR_PE_DMA_STOPPED,
    PAPR_PE_UNAVAILABLE,
};

/* LoPAR Table 7.60: in each of the states, the status and the next state */
static const struct {
    PaprPeAction action;
    int32_t status[ARRAY_SIZE(states)];
    PaprPeState next[ARRAY_SIZE(states)];
} table[] = {
    { PAPR_PE_RELEASE_IO, { NO, CHANGED, 0, NO, CHANGED }, { 0, 1, 4, 4, 5 } },
    { PAPR_PE_RELEASE_DMA, { NO, CHANGED, CHANGED, 0, CHANGED },
      { 0, 1, 2, 0, 5 } },
    { PAPR_PE_RESET_OFF, { 0, 0, CHANGED, NO, CHANGED }, { 0, 0, 2, 4, 5 } },
    { PAPR_PE_RESET_HOT, { 0, 0, 0, 0, CHANGED }, { 1, 1, 1, 1, 5 } },
    { PAPR_PE_RESET_FUNDAMENTAL, { 0, 0, 0, 0, CHANGED }, { 1, 1, 1, 1, 5 } },
    { PAPR_PE_GIVE_UP, { 0, 0, 0, 0, 0 }, { 5, 5, 5, 5, 5 } },
    { PAPR_PE_ENABLE_EEH, { 0, 0, 0, 0, 0 }, { 0, 1, 2, 4, 5 } },
    { PAPR_PE_DISABLE_EEH, { 0, 0, 0, 0, 0 }, { 0, 1, 2, 4, 5 } },
    { PAPR_PE_CONFIGURE, { 0, 0, 0, 0, 0 }, { 0, 1, 2, 4, 5 } },
};

static void test_actions(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
            PaprPeState state = states[s];

            g_test_message("action %d in state %d", table[i].action, state);
            g_assert_cmpint(papr_pe_act(&state, table[i].action), ==,
                            table[i].status[s]);
            g_assert_cmpint(state, ==, table[i].next[s]);
        }
    }
}

/* LoPAR Table 7.59, column of state 2 */
static void test_errors(void)
{
    static const PaprPeState next[] = { 2, 1, 2, 2, 5 };
    static const bool stops[] = { true, false, false, true, false };

    for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
        PaprPeState state = states[s];

        g_assert_true(papr_pe_stop(&state) == stops[s]);
        g_assert_cmpint(state, ==, next[s]);
    }
}

static void test_io(void)
{
    static const bool stopped[] = { false, true, true, false, true };

    for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
        g_assert_true(papr_pe_stops_io(states[s]) == stopped[s]);
    }
}

static void test_valid(void)
{
    unsigned valid = 0;

    for (uint32_t value = 0; value < 256; value++) {
        valid += papr_pe_state_valid(value);
    }
    g_assert_cmpuint(valid, ==, ARRAY_SIZE(states));
    g_assert_false(papr_pe_state_valid(3));
    g_assert_false(papr_pe_state_valid(UINT32_MAX));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/pe/actions", test_actions);
    g_test_add_func("/pseries/pe/errors", test_errors);
    g_test_add_func("/pseries/pe/io", test_io);
    g_test_add_func("/pseries/pe/valid", test_valid);
    return g_test_run();
}
