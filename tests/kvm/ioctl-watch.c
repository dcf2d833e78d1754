/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A watcher of KVM ioctls, linked into the binary that tests/kvm runs (see
 * tools/kvm-build): it writes down what QEMU asks of KVM, makes a chosen call
 * fail, and plays a host that lacks a capability.  The environment says what;
 * if it says nothing, calls go straight to the C library.
 *
 * IOCTL_TRACE=FILE
 *     A line for each call is appended to FILE:
 *
 *         12 KVM_CREATE_DEVICE(type=XIVE flags=0) = 0
 *         13 KVM_IRQFD(gsi=4608 fd=31 flags=0) = 0
 *         14 KVM_ENABLE_CAP(KVM_CAP_PPC_DAWR1 vm 0 0) = -1 EINVAL
 *         15 KVM_CREATE_VCPU(id=0) = -1 ENOMEM injected
 *         16 mmap(vcpu 0x4000+0x0) = 0x7fffae0c0000
 *         - close(XIVE) = 0
 *
 *     The number counts calls that can be made to fail.  KVM_RUN has neither
 *     line nor number; how often it was called is written when QEMU exits:
 *     `total KVM_RUN 4711`.  IOCTL_COUNT=NAME,... names others that are to be
 *     treated like it, such as KVM_SET_ONE_REG.
 *
 *     Besides ioctls, calls on file descriptors that KVM gave out are there:
 *     mmap, read, write and close, with the kind of the descriptor: vm, vcpu,
 *     htab, tce or the type of a device, XICS or XIVE.
 *
 * IOCTL_FAIL=RULE,...
 *     A rule is WHICH=ERRNO with an errno's name, and WHICH one of
 *
 *         17                        the 17th call of all
 *         KVM_CREATE_DEVICE         the first of this name
 *         KVM_CREATE_DEVICE:3       the third
 *         KVM_CREATE_DEVICE:*       each
 *         KVM_CREATE_DEVICE[XIVE]   the first that has this in its parentheses
 *                                   (:3 and :* can follow)
 *
 *     The call is not made then.  mmap, read and write have rules like ioctls.
 *
 * IOCTL_WHEN=FILE
 *     Rules hold, and count, only while there is such a file.
 *
 * IOCTL_CAPS=CAPABILITY=VALUE,...
 *     What KVM_CHECK_EXTENSION answers: KVM_CAP_IRQ_XIVE=0.  KVM_ENABLE_CAP of
 *     one that is said to be 0 is EINVAL, as on a host without.
 *
 * IOCTL_EXIT=FILE
 *     When there is such a file, with two numbers in it, a vCPU whose registers
 *     SRR0 and SRR1 are free comes out of KVM_RUN with the first as the reason
 *     and the second as the flags, as if an error of the host had interrupted
 *     it; then the file is gone.
 *
 * A name or value that is not known ends QEMU at its start: a test that asks
 * for something else than it means must not pass.
 *
 * All threads come here, with and without QEMU's locks: counters are atomic,
 * a line is one write, everything else is set before main().
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#include <linux/kvm.h>
#include "kvm-names.h"

#define DETAIL 160
#define MAX_RULES 16
#define MAX_FDS 4096

/* The linker's --wrap: calls of F come to __wrap_F, and __real_F is F. */
__typeof__(ioctl) __real_ioctl, __wrap_ioctl;
__typeof__(mmap64) __real_mmap64, __wrap_mmap64;
__typeof__(close) __real_close, __wrap_close;
__typeof__(read) __real_read, __wrap_read;
__typeof__(write) __real_write, __wrap_write;

/* --- descriptors that KVM gave out ------------------------------------- */

static _Atomic(const char *) fd_kinds[MAX_FDS];

static const char *fd_kind(int fd)
{
    return fd >= 0 && fd < MAX_FDS ? atomic_load(&fd_kinds[fd]) : NULL;
}

static void set_fd_kind(int fd, const char *kind)
{
    if (fd >= 0 && fd < MAX_FDS) {
        atomic_store(&fd_kinds[fd], kind);
    }
}

/* --- ioctls ------------------------------------------------------------ */

/* What stands in the parentheses: ARG as the ioctl defines it. */
typedef void Describe(char *out, int fd, const void *arg);

#define SAY(...) snprintf(out, DETAIL, __VA_ARGS__)

#define DESCRIBE_NUMBER(function, format)                                   \
    static void function(char *out, int fd, const void *arg)                \
    {                                                                       \
        SAY(format, (unsigned long)(uintptr_t)arg);                         \
    }

#define DESCRIBE(function, type, ...)                                       \
    static void function(char *out, int fd, const void *arg)                \
    {                                                                       \
        const type *a = arg;                                                \
        SAY(__VA_ARGS__);                                                   \
    }

#define ULL(x) ((unsigned long long)(x))

DESCRIBE_NUMBER(say_type, "type=%lu")
DESCRIBE_NUMBER(say_id, "id=%lu")
DESCRIBE(say_word, uint32_t, "%u", *a)
DESCRIBE(say_slot, struct kvm_dirty_log, "slot=%u", a->slot)
DESCRIBE(say_region, struct kvm_userspace_memory_region,
         "slot=%u gpa=0x%llx size=0x%llx flags=%u", a->slot,
         ULL(a->guest_phys_addr), ULL(a->memory_size), a->flags)
DESCRIBE(say_device, struct kvm_create_device, "type=%s flags=%u",
         device_type(a->type), a->flags)
DESCRIBE(say_attr, struct kvm_device_attr, "%s group=%u attr=0x%llx",
         fd_kind(fd) ? fd_kind(fd) : "?", a->group, ULL(a->attr))
DESCRIBE(say_irqfd, struct kvm_irqfd, "gsi=%u fd=%u flags=%u", a->gsi, a->fd,
         a->flags)
DESCRIBE(say_ioeventfd, struct kvm_ioeventfd,
         "addr=0x%llx len=%u fd=%d flags=%u datamatch=0x%llx", ULL(a->addr),
         a->len, a->fd, a->flags, ULL(a->datamatch))
DESCRIBE(say_routing, struct kvm_irq_routing, "nr=%u flags=%u", a->nr, a->flags)
DESCRIBE(say_msi, struct kvm_msi, "address=0x%x%08x data=0x%x", a->address_hi,
         a->address_lo, a->data)
DESCRIBE(say_line, struct kvm_irq_level, "irq=%u level=%u", a->irq, a->level)
DESCRIBE(say_interrupt, struct kvm_interrupt, "irq=%d", (int)a->irq)
DESCRIBE(say_mp_state, struct kvm_mp_state, "%u", a->mp_state)
DESCRIBE(say_debug, struct kvm_guest_debug, "control=0x%x", a->control)
DESCRIBE(say_tce, struct kvm_create_spapr_tce_64,
         "liobn=0x%llx page_shift=%u offset=0x%llx size=0x%llx", ULL(a->liobn),
         a->page_shift, ULL(a->offset), ULL(a->size))
DESCRIBE(say_old_tce, struct kvm_create_spapr_tce, "liobn=0x%llx window=0x%x",
         ULL(a->liobn), a->window_size)
DESCRIBE(say_htab_fd, struct kvm_get_htab_fd, "flags=%llu start=%llu",
         ULL(a->flags), ULL(a->start_index))
DESCRIBE(say_rtas, struct kvm_rtas_token_args, "%.31s token=%llu", a->name,
         ULL(a->token))
DESCRIBE(say_resize, struct kvm_ppc_resize_hpt, "shift=%u flags=%llu", a->shift,
         ULL(a->flags))
DESCRIBE(say_v3, struct kvm_ppc_mmuv3_cfg, "flags=%llu process_table=0x%llx",
         ULL(a->flags), ULL(a->process_table))

static void say_cap(char *out, int fd, const void *arg)
{
    char number[24];

    SAY("%s", cap_name((uintptr_t)arg, number, sizeof(number)));
}

static void say_enable(char *out, int fd, const void *arg)
{
    const struct kvm_enable_cap *a = arg;
    char number[24];

    SAY("%s %s %llu %llu", cap_name(a->cap, number, sizeof(number)),
        fd_kind(fd) ? fd_kind(fd) : "?", ULL(a->args[0]), ULL(a->args[1]));
}

/* A register and, for what sets one, its first doubleword. */
static void say_get_reg(char *out, int fd, const void *arg)
{
    const struct kvm_one_reg *a = arg;

    SAY("id=0x%llx", ULL(a->id));
}

static void say_set_reg(char *out, int fd, const void *arg)
{
    const struct kvm_one_reg *a = arg;
    size_t size = 1u << ((a->id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
    uint64_t value = 0;

    memcpy(&value, (const void *)(uintptr_t)a->addr, size < 8 ? size : 8);
    SAY("id=0x%llx 0x%llx", ULL(a->id), ULL(value));
}

typedef struct Call {
    const char *name;
    unsigned long request;
    Describe *describe;
    const char *makes;          /* the kind of descriptor that it returns */
    bool counted;               /* has no lines, see IOCTL_COUNT */
    atomic_ulong count;
} Call;

#define C(symbol, ...) { #symbol, symbol, __VA_ARGS__ }

static Call run = C(KVM_RUN, .counted = true);

static Call calls[] = {
    C(KVM_CHECK_EXTENSION, say_cap),
    C(KVM_CLEAR_DIRTY_LOG),
    C(KVM_CREATE_DEVICE, say_device),
    C(KVM_CREATE_SPAPR_TCE, say_old_tce, "tce"),
    C(KVM_CREATE_SPAPR_TCE_64, say_tce, "tce"),
    C(KVM_CREATE_VCPU, say_id, "vcpu"),
    C(KVM_CREATE_VM, say_type, "vm"),
    C(KVM_ENABLE_CAP, say_enable),
    C(KVM_GET_API_VERSION),
    C(KVM_GET_DEVICE_ATTR, say_attr),
    C(KVM_GET_DIRTY_LOG, say_slot),
    C(KVM_GET_FPU),
    C(KVM_GET_MP_STATE),
    C(KVM_GET_ONE_REG, say_get_reg),
    C(KVM_GET_REGS),
    C(KVM_GET_SREGS),
    C(KVM_GET_STATS_FD, NULL, "stats"),
    C(KVM_GET_VCPU_MMAP_SIZE),
    C(KVM_HAS_DEVICE_ATTR, say_attr),
    C(KVM_INTERRUPT, say_interrupt),
    C(KVM_IOEVENTFD, say_ioeventfd),
    C(KVM_IRQFD, say_irqfd),
    C(KVM_IRQ_LINE, say_line),
    C(KVM_NMI),
    C(KVM_PPC_ALLOCATE_HTAB, say_word),
    C(KVM_PPC_CONFIGURE_V3_MMU, say_v3),
    C(KVM_PPC_GET_CPU_CHAR),
    C(KVM_PPC_GET_HTAB_FD, say_htab_fd, "htab"),
    C(KVM_PPC_GET_PVINFO),
    C(KVM_PPC_GET_RMMU_INFO),
    C(KVM_PPC_GET_SMMU_INFO),
    C(KVM_PPC_RESIZE_HPT_COMMIT, say_resize),
    C(KVM_PPC_RESIZE_HPT_PREPARE, say_resize),
    C(KVM_PPC_RTAS_DEFINE_TOKEN, say_rtas),
    C(KVM_PPC_SVM_OFF),
    C(KVM_SET_DEVICE_ATTR, say_attr),
    C(KVM_SET_FPU),
    C(KVM_SET_GSI_ROUTING, say_routing),
    C(KVM_SET_GUEST_DEBUG, say_debug),
    C(KVM_SET_MP_STATE, say_mp_state),
    C(KVM_SET_ONE_REG, say_set_reg),
    C(KVM_SET_REGS),
    C(KVM_SET_SIGNAL_MASK),
    C(KVM_SET_SREGS),
    C(KVM_SET_USER_MEMORY_REGION, say_region),
    C(KVM_SIGNAL_MSI, say_msi),
};

/* What is not in the table, and calls of the C library on KVM's descriptors. */
static Call other_call = { .name = "KVM_OTHER" };
static Call mmap_call = { .name = "mmap" };
static Call read_call = { .name = "read" };
static Call write_call = { .name = "write" };

static Call *const others[] = {
    &run, &other_call, &mmap_call, &read_call, &write_call,
};

static Call *call_by_request(unsigned long request)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        if (calls[i].request == request) {
            return &calls[i];
        }
    }
    return &other_call;
}

/* --- what the environment says ----------------------------------------- */

#define EACH ULONG_MAX

typedef struct Rule {
    const Call *call;           /* NULL: the nth of all */
    char detail[DETAIL];        /* to be found in the parentheses */
    unsigned long nth;          /* or EACH */
    int error;
    atomic_ulong seen;
} Rule;

typedef struct Override {
    unsigned long cap;
    int value;
} Override;

static const char *exit_file;           /* IOCTL_EXIT */
static const char *when_file;           /* IOCTL_WHEN */
static struct kvm_run *runs[MAX_FDS];   /* of vCPUs by descriptor */
static bool watching;           /* set last, before main() */
static int trace_fd = -1;
static Rule rules[MAX_RULES];
static size_t n_rules;
static Override overrides[MAX_RULES];
static size_t n_overrides;
static atomic_ulong calls_made;

static void bad(const char *variable, const char *text)
{
    fprintf(stderr, "%s: `%s' is not understood, see ioctl-watch.c\n", variable,
            text);
    _exit(2);
}

static Call *call_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        if (strcmp(calls[i].name, name) == 0) {
            return &calls[i];
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        if (strcmp(others[i]->name, name) == 0) {
            return others[i];
        }
    }
    return NULL;
}

static int errno_by_name(const char *name)
{
    for (int error = 1; error < 256; error++) {
        const char *known = strerrorname_np(error);

        if (known && strcmp(known, name) == 0) {
            return error;
        }
    }
    return 0;
}

/* Take TEXT, without its last part that begins with MARK, which is returned. */
static char *cut(char *text, char mark)
{
    char *at = strrchr(text, mark);

    if (at) {
        *at++ = '\0';
    }
    return at;
}

/* A count of 1 or more; 0 if TEXT is anything else. */
static unsigned long parse_count(const char *text)
{
    char *end;
    unsigned long count = strtoul(text, &end, 10);

    return *end ? 0 : count;
}

/* Set RULE to WHICH, which is cut to pieces: NAME, [DETAIL] and :N or :*. */
static bool parse_which(Rule *rule, char *which)
{
    char *rest = which + strcspn(which, "[:");
    char *detail = *rest == '[' ? rest + 1 : NULL;

    rule->nth = 1;
    if (detail) {
        *rest = '\0';
        rest = strchr(detail, ']');
        if (!rest) {
            return false;
        }
        *rest++ = '\0';
        snprintf(rule->detail, sizeof(rule->detail), "%.150s", detail);
    }
    if (*rest == ':') {
        *rest++ = '\0';
        rule->nth = strcmp(rest, "*") == 0 ? EACH : parse_count(rest);
    } else if (*rest) {
        return false;
    }
    rule->call = call_by_name(which);
    return rule->call && rule->nth;
}

static void add_rule(const char *text)
{
    Rule *rule = &rules[n_rules];
    char which[256], *error;
    bool good;

    snprintf(which, sizeof(which), "%s", text);
    error = cut(which, '=');
    rule->error = error ? errno_by_name(error) : 0;
    rule->nth = parse_count(which);
    good = rule->nth || parse_which(rule, which);
    if (!good || !rule->error || ++n_rules == MAX_RULES) {
        bad("IOCTL_FAIL", text);
    }
}

static void add_override(const char *text)
{
    char item[256], *value, *end;
    const Name *cap;

    snprintf(item, sizeof(item), "%s", text);
    value = cut(item, '=');
    cap = value && *value ? by_name(caps, ARRAY_SIZE(caps), item) : NULL;
    if (!cap || n_overrides == MAX_RULES) {
        bad("IOCTL_CAPS", text);
        return;
    }
    overrides[n_overrides].cap = cap->value;
    overrides[n_overrides].value = strtol(value, &end, 0);
    if (*end) {
        bad("IOCTL_CAPS", text);
    }
    n_overrides++;
}

static void add_counted(const char *text)
{
    Call *call = call_by_name(text);

    if (!call) {
        bad("IOCTL_COUNT", text);
    }
    call->counted = true;
}

/* Call ADD for each item of VARIABLE. */
static bool for_each_item(const char *variable, void (*add)(const char *))
{
    const char *value = getenv(variable);
    char *copy, *rest, *item;

    if (!value || !*value) {
        return false;
    }
    copy = rest = strdup(value);
    while ((item = strsep(&rest, ",")) != NULL) {
        add(item);
    }
    free(copy);
    return true;
}

static void __attribute__((constructor)) start(void)
{
    const char *file = getenv("IOCTL_TRACE");
    bool watch = file && *file;

    if (watch) {
        trace_fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (trace_fd < 0) {
            bad("IOCTL_TRACE", file);
        }
    }
    watch |= for_each_item("IOCTL_FAIL", add_rule);
    watch |= for_each_item("IOCTL_CAPS", add_override);
    watch |= for_each_item("IOCTL_COUNT", add_counted);
    when_file = getenv("IOCTL_WHEN");
    exit_file = getenv("IOCTL_EXIT");
    watch |= exit_file != NULL;
    watching = watch;
}

/* --- one call ---------------------------------------------------------- */

static void put_total(const Call *call)
{
    char line[80];
    int n;

    if (call->counted && call->count) {
        n = snprintf(line, sizeof(line), "total %s %lu\n", call->name,
                     call->count);
        (void)!__real_write(trace_fd, line, n);
    }
}

static void __attribute__((destructor)) put_totals(void)
{
    for (size_t i = 0; trace_fd >= 0 && i < ARRAY_SIZE(calls); i++) {
        put_total(&calls[i]);
    }
    for (size_t i = 0; trace_fd >= 0 && i < ARRAY_SIZE(others); i++) {
        put_total(others[i]);
    }
}

/* NUMBER is 0 for what cannot fail; RESULT counts if ERROR, an errno, is 0. */
static void put_line(unsigned long number, const char *name, const char *detail,
                     long result, int error, bool injected)
{
    char line[2 * DETAIL], before[24] = "-", after[40];
    int n;

    if (trace_fd < 0) {
        return;
    }
    if (number) {
        snprintf(before, sizeof(before), "%lu", number);
    }
    if (error) {
        snprintf(after, sizeof(after), "-1 %s%s", strerrorname_np(error),
                 injected ? " injected" : "");
    } else {
        snprintf(after, sizeof(after), result > 0xffff ? "0x%lx" : "%ld",
                 result);
    }
    n = snprintf(line, sizeof(line), "%s %s(%s) = %s\n", before, name, detail,
                 after);
    (void)!__real_write(trace_fd, line, n);
}

/* The errno with which a call is to fail, or 0. */
static int injected_error(const Call *call, const char *detail,
                          unsigned long number)
{
    int error = 0;

    if (n_rules && when_file && access(when_file, F_OK)) {
        return 0;
    }
    for (size_t i = 0; i < n_rules; i++) {
        Rule *rule = &rules[i];

        if (!rule->call) {
            error = rule->nth == number ? rule->error : error;
        } else if (rule->call == call && strstr(detail, rule->detail)) {
            unsigned long seen = atomic_fetch_add(&rule->seen, 1) + 1;

            if (rule->nth == seen || rule->nth == EACH) {
                error = rule->error;
            }
        }
    }
    return error;
}

/* Count a call; its number and, in *error, what it is to fail with. */
static unsigned long begin_call(Call *call, const char *detail, int *error)
{
    unsigned long number = 0;

    atomic_fetch_add(&call->count, 1);
    if (!call->counted) {
        number = atomic_fetch_add(&calls_made, 1) + 1;
    }
    *error = injected_error(call, detail, number);
    return number;
}

/* Account for a call that was made or, with errno INJECTED, was not. */
static void end_call(const Call *call, const char *detail, unsigned long number,
                     long result, int injected)
{
    int error = injected ? injected : result == -1 ? errno : 0;

    if (!call->counted) {
        put_line(number, call->name, detail, result, error, injected != 0);
    }
    errno = error ? error : errno;
}

static const Override *override_of(unsigned long cap)
{
    for (size_t i = 0; i < n_overrides; i++) {
        if (overrides[i].cap == cap) {
            return &overrides[i];
        }
    }
    return NULL;
}

/* Make the call, as it is on the host that we play. */
static int call_kvm(int fd, unsigned long request, void *arg)
{
    const Override *override = NULL;

    if (request == KVM_CHECK_EXTENSION) {
        override = override_of((uintptr_t)arg);
        if (override) {
            return override->value;
        }
    } else if (request == KVM_ENABLE_CAP) {
        override = override_of(((struct kvm_enable_cap *)arg)->cap);
        if (override && !override->value) {
            errno = EINVAL;
            return -1;
        }
    }
    return __real_ioctl(fd, request, arg);
}

static void remember_fd(const Call *call, const void *arg, int result)
{
    const struct kvm_create_device *device = arg;

    if (result < 0) {
        return;
    }
    if (call->makes) {
        set_fd_kind(result, call->makes);
    } else if (call->request == KVM_CREATE_DEVICE &&
               !(device->flags & KVM_CREATE_DEVICE_TEST)) {
        set_fd_kind(device->fd, device_type(device->type));
    }
}

/* The reason and flags with which a vCPU is to come back; they are used up. */
static bool take_exit(unsigned *reason, unsigned *flags)
{
    FILE *file = fopen(exit_file, "r");
    bool taken;

    if (!file) {
        return false;
    }
    taken = fscanf(file, "%u %u", reason, flags) == 2 && unlink(exit_file) == 0;
    fclose(file);
    return taken;
}

/*
 * Have the vCPU finish what it is about, and no more, and come back as the file
 * says, with SRR0 and SRR1 as the processor sets them.  False: not now.
 */
static bool other_exit(int fd)
{
    struct kvm_run *run = fd < MAX_FDS ? runs[fd] : NULL;
    const uint64_t recoverable = 2, interruptible = 1 << 15;
    unsigned reason, flags;
    struct kvm_regs regs;
    int result;

    if (!run || run->immediate_exit || access(exit_file, R_OK)) {
        return false;
    }
    run->immediate_exit = 1;
    result = __real_ioctl(fd, KVM_RUN, 0);
    run->immediate_exit = 0;
    if (result == 0) {
        return true;                    /* an exit of its own: do that first */
    }
    if (__real_ioctl(fd, KVM_GET_REGS, &regs) ||
        ~regs.msr & (recoverable | interruptible) ||
        !take_exit(&reason, &flags)) {
        return false;
    }
    regs.srr0 = regs.pc;
    regs.srr1 = regs.msr;
    __real_ioctl(fd, KVM_SET_REGS, &regs);
    run->exit_reason = reason;
    run->flags = flags;
    return true;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    char detail[DETAIL] = "";
    unsigned long number;
    int injected, result = -1;
    va_list ap;
    void *arg;
    Call *call;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    if (!watching || _IOC_TYPE(request) != KVMIO) {
        return __real_ioctl(fd, request, arg);
    }
    if (request == KVM_RUN && exit_file && other_exit(fd)) {
        return 0;
    }
    if (request == KVM_RUN && !n_rules) {
        atomic_fetch_add_explicit(&run.count, 1, memory_order_relaxed);
        return __real_ioctl(fd, request, arg);
    }
    call = request == KVM_RUN ? &run : call_by_request(request);
    if (call->describe) {
        call->describe(detail, fd, arg);
    } else if (call == &other_call) {
        snprintf(detail, sizeof(detail), "0x%lx", request);
    }
    number = begin_call(call, detail, &injected);
    if (!injected) {
        result = call_kvm(fd, request, arg);
        remember_fd(call, arg, result);
    }
    end_call(call, detail, number, result, injected);
    return result;
}

/* --- the C library's calls on KVM's descriptors ------------------------ */

void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd,
                    off_t offset)
{
    const char *kind = watching ? fd_kind(fd) : NULL;
    void *result = (void *)-1;
    char detail[DETAIL];
    unsigned long number;
    int injected;

    if (!kind) {
        return __real_mmap64(addr, len, prot, flags, fd, offset);
    }
    snprintf(detail, sizeof(detail), "%s 0x%zx+0x%lx", kind, len, (long)offset);
    number = begin_call(&mmap_call, detail, &injected);
    if (!injected) {
        result = __real_mmap64(addr, len, prot, flags, fd, offset);
    }
    end_call(&mmap_call, detail, number, (long)result, injected);
    if (result != MAP_FAILED && !offset && fd < MAX_FDS &&
        !strcmp(kind, "vcpu")) {
        runs[fd] = result;
    }
    return result;
}

static ssize_t transfer(Call *call, const char *kind, int fd, void *buf,
                        size_t count)
{
    ssize_t result = -1;
    char detail[DETAIL];
    unsigned long number;
    int injected;

    snprintf(detail, sizeof(detail), "%s %zu", kind, count);
    number = begin_call(call, detail, &injected);
    if (!injected) {
        result = call == &read_call ? __real_read(fd, buf, count)
                                    : __real_write(fd, buf, count);
    }
    end_call(call, detail, number, result, injected);
    return result;
}

ssize_t __wrap_read(int fd, void *buf, size_t count)
{
    const char *kind = watching ? fd_kind(fd) : NULL;

    return kind ? transfer(&read_call, kind, fd, buf, count)
                : __real_read(fd, buf, count);
}

ssize_t __wrap_write(int fd, const void *buf, size_t count)
{
    const char *kind = watching ? fd_kind(fd) : NULL;

    return kind ? transfer(&write_call, kind, fd, (void *)buf, count)
                : __real_write(fd, buf, count);
}

int __wrap_close(int fd)
{
    const char *kind = watching ? fd_kind(fd) : NULL;
    int result;

    if (kind) {
        set_fd_kind(fd, NULL);  /* first: then others may be given this one */
    }
    result = __real_close(fd);
    if (kind) {
        int error = result ? errno : 0;

        put_line(0, "close", kind, result, error, false);
        errno = error;
    }
    return result;
}
