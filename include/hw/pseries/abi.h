/*
 * pSeries platform: numbers of the guest interface
 *
 * Hypercall opcodes and return codes, RTAS (Run-Time Abstraction Services)
 * statuses and tokens.  Numbers only, so that every layer may include it.
 * Sources: LoPAR 2.9 section 14.5.3 (Tables 14.2 and 14.5), section 7.2.8 and
 * Table 7.3; numbers that LoPAR does not assign are the ones Linux uses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_ABI_H
#define HW_PSERIES_ABI_H

/* Logical memory block (LMB): the unit of RAM, of NUMA nodes and of hotplug */
#define PAPR_LMB_SIZE INT64_C(0x10000000)

/*
 * Every hypercall this platform knows by name: X(name, opcode).
 * Below 0xef00 opcodes are multiples of 4; the ranges from 0xef00 on belong to
 * the ultravisor, to the hypervisor's private calls and to nested guests.
 */
#define PAPR_HCALL_LIST(X) \
    X(H_REMOVE,                        0x4)  \
    X(H_ENTER,                         0x8)  \
    X(H_READ,                          0xc)  \
    X(H_CLEAR_MOD,                     0x10) \
    X(H_CLEAR_REF,                     0x14) \
    X(H_PROTECT,                       0x18) \
    X(H_GET_TCE,                       0x1c) \
    X(H_PUT_TCE,                       0x20) \
    X(H_SET_SPRG0,                     0x24) \
    X(H_SET_DABR,                      0x28) \
    X(H_PAGE_INIT,                     0x2c) \
    X(H_LOGICAL_CI_LOAD,               0x3c) \
    X(H_LOGICAL_CI_STORE,              0x40) \
    X(H_LOGICAL_CACHE_LOAD,            0x44) \
    X(H_LOGICAL_CACHE_STORE,           0x48) \
    X(H_LOGICAL_ICBI,                  0x4c) \
    X(H_LOGICAL_DCBF,                  0x50) \
    X(H_GET_TERM_CHAR,                 0x54) \
    X(H_PUT_TERM_CHAR,                 0x58) \
    X(H_EOI,                           0x64) \
    X(H_CPPR,                          0x68) \
    X(H_IPI,                           0x6c) \
    X(H_IPOLL,                         0x70) \
    X(H_XIRR,                          0x74) \
    X(H_REGISTER_VPA,                  0xdc) \
    X(H_CEDE,                          0xe0) \
    X(H_CONFER,                        0xe4) \
    X(H_PROD,                          0xe8) \
    X(H_GET_PPP,                       0xec) \
    X(H_SET_PPP,                       0xf0) \
    X(H_PURR,                          0xf4) \
    X(H_PIC,                           0xf8) \
    X(H_REG_CRQ,                       0xfc) \
    X(H_FREE_CRQ,                      0x100) \
    X(H_VIO_SIGNAL,                    0x104) \
    X(H_SEND_CRQ,                      0x108) \
    X(H_REGISTER_LOGICAL_LAN,          0x114) \
    X(H_FREE_LOGICAL_LAN,              0x118) \
    X(H_ADD_LOGICAL_LAN_BUFFER,        0x11c) \
    X(H_SEND_LOGICAL_LAN,              0x120) \
    X(H_BULK_REMOVE,                   0x124) \
    X(H_MULTICAST_CTRL,                0x130) \
    X(H_SET_XDABR,                     0x134) \
    X(H_STUFF_TCE,                     0x138) \
    X(H_PUT_TCE_INDIRECT,              0x13c) \
    X(H_CHANGE_LOGICAL_LAN_MAC,        0x14c) \
    X(H_GET_CPU_CHARACTERISTICS,       0x1c8) \
    X(H_FREE_LOGICAL_LAN_BUFFER,       0x1d4) \
    X(H_POLL_PENDING,                  0x1d8) \
    X(H_ILLAN_ATTRIBUTES,              0x244) \
    X(H_JOIN,                          0x298) \
    X(H_ENABLE_CRQ,                    0x2b0) \
    X(H_HOME_NODE_ASSOCIATIVITY,       0x2ec) \
    X(H_XIRR_X,                        0x2fc) \
    X(H_RANDOM,                        0x300) \
    X(H_SET_MODE,                      0x31c) \
    X(H_BLOCK_REMOVE,                  0x328) \
    X(H_CLEAR_HPT,                     0x358) \
    X(H_RESIZE_HPT_PREPARE,            0x36c) \
    X(H_RESIZE_HPT_COMMIT,             0x370) \
    X(H_CLEAN_SLB,                     0x374) \
    X(H_INVALIDATE_PID,                0x378) \
    X(H_REGISTER_PROCESS_TABLE,        0x37c) \
    X(H_SIGNAL_SYS_RESET,              0x380) \
    X(H_INT_GET_SOURCE_INFO,           0x3a8) \
    X(H_INT_SET_SOURCE_CONFIG,         0x3ac) \
    X(H_INT_GET_SOURCE_CONFIG,         0x3b0) \
    X(H_INT_GET_QUEUE_INFO,            0x3b4) \
    X(H_INT_SET_QUEUE_CONFIG,          0x3b8) \
    X(H_INT_GET_QUEUE_CONFIG,          0x3bc) \
    X(H_INT_SET_OS_REPORTING_LINE,     0x3c0) \
    X(H_INT_GET_OS_REPORTING_LINE,     0x3c4) \
    X(H_INT_ESB,                       0x3c8) \
    X(H_INT_SYNC,                      0x3cc) \
    X(H_INT_RESET,                     0x3d0) \
    X(H_SCM_READ_METADATA,             0x3e4) \
    X(H_SCM_WRITE_METADATA,            0x3e8) \
    X(H_SCM_BIND_MEM,                  0x3ec) \
    X(H_SCM_UNBIND_MEM,                0x3f0) \
    X(H_SCM_QUERY_BLOCK_MEM_BINDING,   0x3f4) \
    X(H_SCM_QUERY_LOGICAL_MEM_BINDING, 0x3f8) \
    X(H_SCM_UNBIND_ALL,                0x3fc) \
    X(H_SCM_HEALTH,                    0x400) \
    X(H_SCM_PERFORMANCE_STATS,         0x418) \
    X(H_RPT_INVALIDATE,                0x448) \
    X(H_SCM_FLUSH,                     0x44c) \
    X(H_WATCHDOG,                      0x45c) \
    X(H_GUEST_GET_CAPABILITIES,        0x460) \
    X(H_GUEST_SET_CAPABILITIES,        0x464) \
    X(H_GUEST_CREATE,                  0x470) \
    X(H_GUEST_CREATE_VCPU,             0x474) \
    X(H_GUEST_GET_STATE,               0x478) \
    X(H_GUEST_SET_STATE,               0x47c) \
    X(H_GUEST_RUN_VCPU,                0x480) \
    X(H_GUEST_DELETE,                  0x488) \
    X(H_TPM_COMM,                      0xef10) \
    X(H_RTAS,                          0xf000) \
    X(H_LOGICAL_MEMOP,                 0xf001) \
    X(H_CAS,                           0xf002) \
    X(H_UPDATE_DT,                     0xf003) \
    X(H_VOF_CLIENT,                    0xf005) \
    X(H_SET_PARTITION_TABLE,           0xf800) \
    X(H_ENTER_NESTED,                  0xf804) \
    X(H_TLB_INVALIDATE,                0xf808) \
    X(H_COPY_TOFROM_GUEST,             0xf80c)

#define PAPR_HCALL_ENUM(name, opcode) name = opcode,
enum PaprHcallNumber {
    PAPR_HCALL_LIST(PAPR_HCALL_ENUM)
};
#undef PAPR_HCALL_ENUM

/* Hypercall return codes: LoPAR Table 14.5 */
enum PaprHcallReturn {
    H_SUCCESS = 0,
    H_BUSY = 1,
    H_CLOSED = 2,
    H_NOT_AVAILABLE = 3,
    H_CONSTRAINED = 4,
    H_PARTIAL = 5,
    H_IN_PROGRESS = 14,
    H_PAGE_REGISTERED = 15,
    H_PARTIAL_STORE = 16,
    H_PENDING = 17,
    H_CONTINUE = 18,

    /* "try again, and here is when": 10 to the power of (code - 9900) ms */
    H_LONG_BUSY_1_MS = 9900,
    H_LONG_BUSY_10_MS,
    H_LONG_BUSY_100_MS,
    H_LONG_BUSY_1_S,
    H_LONG_BUSY_10_S,
    H_LONG_BUSY_100_S,

    H_HARDWARE = -1,
    H_FUNCTION = -2,
    H_PRIVILEGE = -3,
    H_PARAMETER = -4,
    H_BAD_MODE = -5,
    H_PTEG_FULL = -6,
    H_NOT_FOUND = -7,
    H_RESERVED_DABR = -8,
    H_NO_MEM = -9,
    H_AUTHORITY = -10,
    H_PERMISSION = -11,
    H_DROPPED = -12,
    H_S_PARM = -13,
    H_D_PARM = -14,
    H_R_PARM = -15,
    H_RESOURCE = -16,
    H_NOT_ENOUGH_RESOURCES = -44,
    H_RESCINDED = -46,
    H_ABORTED = -54,
    H_P2 = -55,
    H_P3 = -56,
    H_P4 = -57,
    H_P5 = -58,
    H_P6 = -59,
    H_P7 = -60,
    H_P8 = -61,
    H_P9 = -62,
    H_NOOP = -63,
    H_TOO_BIG = -64,
    H_UNSUPPORTED = -67,
    H_OVERLAP = -68,
    H_STATE = -75,
    H_IN_USE = -77,
    H_INVALID_ELEMENT_ID = -79,
    H_INVALID_ELEMENT_SIZE = -80,
    H_INVALID_ELEMENT_VALUE = -81,
    H_INPUT_BUFFER_NOT_DEFINED = -82,
    H_INPUT_BUFFER_TOO_SMALL = -83,
    H_OUTPUT_BUFFER_NOT_DEFINED = -84,
    H_OUTPUT_BUFFER_TOO_SMALL = -85,
    H_PARTITION_PAGE_TABLE_NOT_DEFINED = -86,
    H_GUEST_VCPU_STATE_NOT_HV_OWNED = -87,

    /* H_UNSUPPORTED_FLAG - n names IBM bit n of the flags as the wrong one */
    H_UNSUPPORTED_FLAG = -256,
    H_MULTI_THREADS_ACTIVE = -9005,
};

/* RTAS call statuses: LoPAR section 7.2.8, Table 7.7 */
enum PaprRtasStatus {
    RTAS_SUCCESS = 0,
    RTAS_NO_ERRORS_FOUND = 1,        /* check-exception, event-scan */
    RTAS_HARDWARE_ERROR = -1,
    RTAS_BUSY = -2,
    RTAS_PARAMETER_ERROR = -3,
    RTAS_NOT_SUPPORTED = -3,
    RTAS_NO_SUCH_INDICATOR = -3,
    RTAS_UNEXPECTED_STATE = -7,      /* of a partitionable endpoint */
    RTAS_DUMP_REGISTERED = -9,       /* ibm,configure-kernel-dump */
    RTAS_DUMP_ACTIVE = -10,
    RTAS_UNKNOWN_TOKEN = -1098,
    RTAS_NOT_AUTHORIZED = -9002,
    RTAS_SYSPARM_ERROR = -9999,
    RTAS_EXTENDED_DELAY_MIN = 9900,
};

/*
 * RTAS tokens are the platform's own choice, published in /rtas.  A migrated
 * guest keeps the tokens it read at boot, so these are the values that the
 * machine has always used.
 */
#define PAPR_RTAS_TOKEN_FIRST 0x2000
#define PAPR_RTAS_LIST(X) \
    X(RTAS_DISPLAY_CHARACTER, 0x2000, "display-character") \
    X(RTAS_GET_TIME_OF_DAY, 0x2001, "get-time-of-day") \
    X(RTAS_SET_TIME_OF_DAY, 0x2002, "set-time-of-day") \
    X(RTAS_POWER_OFF, 0x2003, "power-off") \
    X(RTAS_SYSTEM_REBOOT, 0x2004, "system-reboot") \
    X(RTAS_QUERY_CPU_STOPPED_STATE, 0x2005, "query-cpu-stopped-state") \
    X(RTAS_START_CPU, 0x2006, "start-cpu") \
    X(RTAS_STOP_SELF, 0x2007, "stop-self") \
    X(RTAS_IBM_GET_SYSTEM_PARAMETER, 0x2008, "ibm,get-system-parameter") \
    X(RTAS_IBM_SET_SYSTEM_PARAMETER, 0x2009, "ibm,set-system-parameter") \
    X(RTAS_IBM_SET_XIVE, 0x200a, "ibm,set-xive") \
    X(RTAS_IBM_GET_XIVE, 0x200b, "ibm,get-xive") \
    X(RTAS_IBM_INT_OFF, 0x200c, "ibm,int-off") \
    X(RTAS_IBM_INT_ON, 0x200d, "ibm,int-on") \
    X(RTAS_CHECK_EXCEPTION, 0x200e, "check-exception") \
    X(RTAS_EVENT_SCAN, 0x200f, "event-scan") \
    X(RTAS_IBM_SET_TCE_BYPASS, 0x2010, "ibm,set-tce-bypass") \
    X(RTAS_QUIESCE, 0x2011, "quiesce") \
    X(RTAS_NVRAM_FETCH, 0x2012, "nvram-fetch") \
    X(RTAS_NVRAM_STORE, 0x2013, "nvram-store") \
    X(RTAS_READ_PCI_CONFIG, 0x2014, "read-pci-config") \
    X(RTAS_WRITE_PCI_CONFIG, 0x2015, "write-pci-config") \
    X(RTAS_IBM_READ_PCI_CONFIG, 0x2016, "ibm,read-pci-config") \
    X(RTAS_IBM_WRITE_PCI_CONFIG, 0x2017, "ibm,write-pci-config") \
    X(RTAS_IBM_QUERY_INTERRUPT_SOURCE_NUMBER, 0x2018, \
      "ibm,query-interrupt-source-number") \
    X(RTAS_IBM_CHANGE_MSI, 0x2019, "ibm,change-msi") \
    X(RTAS_SET_INDICATOR, 0x201a, "set-indicator") \
    X(RTAS_SET_POWER_LEVEL, 0x201b, "set-power-level") \
    X(RTAS_GET_POWER_LEVEL, 0x201c, "get-power-level") \
    X(RTAS_GET_SENSOR_STATE, 0x201d, "get-sensor-state") \
    X(RTAS_IBM_CONFIGURE_CONNECTOR, 0x201e, "ibm,configure-connector") \
    X(RTAS_IBM_OS_TERM, 0x201f, "ibm,os-term") \
    X(RTAS_IBM_SET_EEH_OPTION, 0x2020, "ibm,set-eeh-option") \
    X(RTAS_IBM_GET_CONFIG_ADDR_INFO2, 0x2021, "ibm,get-config-addr-info2") \
    X(RTAS_IBM_READ_SLOT_RESET_STATE2, 0x2022, "ibm,read-slot-reset-state2") \
    X(RTAS_IBM_SET_SLOT_RESET, 0x2023, "ibm,set-slot-reset") \
    X(RTAS_IBM_CONFIGURE_PE, 0x2024, "ibm,configure-pe") \
    X(RTAS_IBM_SLOT_ERROR_DETAIL, 0x2025, "ibm,slot-error-detail") \
    X(RTAS_IBM_QUERY_PE_DMA_WINDOW, 0x2026, "ibm,query-pe-dma-window") \
    X(RTAS_IBM_CREATE_PE_DMA_WINDOW, 0x2027, "ibm,create-pe-dma-window") \
    X(RTAS_IBM_REMOVE_PE_DMA_WINDOW, 0x2028, "ibm,remove-pe-dma-window") \
    X(RTAS_IBM_RESET_PE_DMA_WINDOW, 0x2029, "ibm,reset-pe-dma-window") \
    X(RTAS_IBM_SUSPEND_ME, 0x202a, "ibm,suspend-me") \
    X(RTAS_IBM_NMI_REGISTER, 0x202b, "ibm,nmi-register") \
    X(RTAS_IBM_NMI_INTERLOCK, 0x202c, "ibm,nmi-interlock") \
    X(RTAS_IBM_CONFIGURE_KERNEL_DUMP, 0x202d, "ibm,configure-kernel-dump")

#define PAPR_RTAS_ENUM(name, token, property) name = token,
enum PaprRtasToken {
    PAPR_RTAS_LIST(PAPR_RTAS_ENUM)
    PAPR_RTAS_TOKEN_END
};
#undef PAPR_RTAS_ENUM

/*
 * H_GET_CPU_CHARACTERISTICS: what speculation the processor's instructions
 * prevent (characteristics), and what a guest should do about it (behaviour).
 * KVM_PPC_GET_CPU_CHAR has the same bits of the host.
 */
#define PAPR_IBM_BIT(n) (1ull << (63 - (n)))

#define CPU_CHAR_SPEC_BAR_ORI31      PAPR_IBM_BIT(0)
#define CPU_CHAR_BCCTRL_SERIALISED   PAPR_IBM_BIT(1)
#define CPU_CHAR_L1D_FLUSH_ORI30     PAPR_IBM_BIT(2)
#define CPU_CHAR_L1D_FLUSH_TRIG2     PAPR_IBM_BIT(3)
#define CPU_CHAR_L1D_THREAD_PRIVATE  PAPR_IBM_BIT(4)
#define CPU_CHAR_BRANCH_HINTS        PAPR_IBM_BIT(5)
#define CPU_CHAR_COUNT_CACHE_OFF     PAPR_IBM_BIT(7)
#define CPU_CHAR_BCCTR_FLUSH_ASSIST  PAPR_IBM_BIT(9)

#define CPU_BEHAV_FAVOUR_SECURITY    PAPR_IBM_BIT(0)
#define CPU_BEHAV_L1D_FLUSH          PAPR_IBM_BIT(1)
#define CPU_BEHAV_BOUNDS_BARRIER     PAPR_IBM_BIT(2)
#define CPU_BEHAV_FLUSH_COUNT_CACHE  PAPR_IBM_BIT(5)
#define CPU_BEHAV_NO_FLUSH_ENTRY     PAPR_IBM_BIT(7)
#define CPU_BEHAV_NO_FLUSH_UACCESS   PAPR_IBM_BIT(8)
#define CPU_BEHAV_NO_STORE_BARRIER   PAPR_IBM_BIT(9)

#endif
