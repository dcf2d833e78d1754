/*
 * pSeries platform: engine of the machine's capabilities (cap-* options)
 *
 * Reads the table and knows none of its rows.  Options are parsed into levels,
 * levels are settled once at machine init; afterwards they never change.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "table.h"

/* What a property's accessors get: which row, and where the state is */
typedef struct CapProperty {
    PaprCap cap;
    size_t offset;
} CapProperty;

static PaprCaps *caps_of(Object *obj, const CapProperty *prop)
{
    return (PaprCaps *)((char *)obj + prop->offset);
}

static void set_capability(Object *obj, const CapProperty *prop, uint8_t level)
{
    PaprCaps *caps = caps_of(obj, prop);

    caps->set[prop->cap] = true;
    caps->eff[prop->cap] = level;
}

static void get_switch(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    CapProperty *prop = opaque;
    bool value = caps_of(obj, prop)->eff[prop->cap];

    visit_type_bool(v, name, &value, errp);
}

static void set_switch(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    bool value;

    if (visit_type_bool(v, name, &value, errp)) {
        set_capability(obj, opaque, value);
    }
}

static void get_level(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    CapProperty *prop = opaque;
    char *value = (char *)
        papr_cap_table[prop->cap].levels[caps_of(obj, prop)->eff[prop->cap]];

    visit_type_str(v, name, &value, errp);
}

static void set_level(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    CapProperty *prop = opaque;
    const char *const *levels = papr_cap_table[prop->cap].levels;
    g_autofree char *value = NULL;
    g_autofree char *all = NULL;

    if (!visit_type_str(v, name, &value, errp)) {
        return;
    }
    for (int i = 0; levels[i]; i++) {
        if (!g_ascii_strcasecmp(value, levels[i])) {
            set_capability(obj, prop, i);
            return;
        }
    }
    all = g_strjoinv(", ", (char **)levels);
    error_setg(errp, "Invalid capability mode \"%s\" for %s: use one of %s",
               value, name, all);
}

static void get_page_size(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    CapProperty *prop = opaque;
    uint64_t size = 1ULL << caps_of(obj, prop)->eff[prop->cap];

    visit_type_size(v, name, &size, errp);
}

static void set_page_size(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    uint64_t size;

    if (!visit_type_size(v, name, &size, errp)) {
        return;
    }
    if (!is_power_of_2(size) || size < 4 * KiB) {
        error_setg(errp, "%s must be a power of 2 and at least 4k, such as "
                   "64k or 16M", name);
        return;
    }
    set_capability(obj, opaque, ctz64(size));
}

static const struct {
    const char *type;
    ObjectPropertyAccessor *get;
    ObjectPropertyAccessor *set;
} accessors[] = {
    [PAPR_CAP_SWITCH] = { "bool", get_switch, set_switch },
    [PAPR_CAP_LEVELS] = { "string", get_level, set_level },
    [PAPR_CAP_PAGE_SIZE] = { "int", get_page_size, set_page_size },
};

void papr_caps_class_init(ObjectClass *oc, size_t offset)
{
    for (int i = 0; i < PAPR_CAP_NUM; i++) {
        const PaprCapInfo *info = &papr_cap_table[i];
        g_autofree char *name = g_strdup_printf("cap-%s", info->name);
        CapProperty *prop = g_new(CapProperty, 1);

        /* never freed, as the class */
        *prop = (CapProperty) { .cap = i, .offset = offset };
        object_class_property_add(oc, name, accessors[info->kind].type,
                                  accessors[info->kind].get,
                                  accessors[info->kind].set, NULL, prop);
        object_class_property_set_description(oc, name, info->description);
    }
}

/* "on", "workaround" or "65536": @level as the user would write it */
static char *level_name(const PaprCapInfo *info, uint8_t level)
{
    switch (info->kind) {
    case PAPR_CAP_SWITCH:
        return g_strdup(level ? "on" : "off");
    case PAPR_CAP_LEVELS:
        return g_strdup(info->levels[level]);
    default:
        return g_strdup_printf("%" PRIu64, UINT64_C(1) << level);
    }
}

static bool resolve_one(PaprCaps *caps, PaprCap cap, const PaprCapsHost *host,
                        Error **errp)
{
    const PaprCapInfo *info = &papr_cap_table[cap];
    const char *why = NULL;
    uint8_t offered = (host->kvm ? info->in_kvm : info->in_tcg)(host, &why);
    g_autofree char *asked = NULL;
    g_autofree char *best = NULL;

    caps->def[cap] = host->defaults[cap];
    if (info->min_pvr && !ppc_type_check_compat(host->cpu_type, info->min_pvr,
                                                0, host->max_compat_pvr)) {
        caps->def[cap] = 0;
    }
    caps->here[cap] = MIN(caps->def[cap], offered);
    if (!caps->set[cap]) {
        caps->eff[cap] = caps->here[cap];
        return true;
    }
    if (caps->eff[cap] <= offered) {
        return true;
    }
    asked = level_name(info, caps->eff[cap]);
    best = level_name(info, offered);
    error_setg(errp, "cap-%s=%s is not available: %s; use cap-%s=%s",
               info->name, asked, why, info->name, best);
    return false;
}

/* The defaults that this host lacks, in one line as options have them */
static void tell_lowered(const PaprCaps *caps)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (int i = 0; i < PAPR_CAP_NUM; i++) {
        const PaprCapInfo *info = &papr_cap_table[i];

        if (!caps->set[i] && caps->eff[i] != caps->def[i]) {
            g_autofree char *level = level_name(info, caps->eff[i]);

            g_string_append_printf(list, "%scap-%s=%s", list->len ? "," : "",
                                   info->name, level);
        }
    }
    if (list->len) {
        info_report("this KVM host does not support all defaults of the "
                    "machine, the guest gets %s", list->str);
    }
}

bool papr_caps_resolve(PaprCaps *caps, const PaprCapsHost *host, Error **errp)
{
    for (int i = 0; i < PAPR_CAP_NUM; i++) {
        if (!resolve_one(caps, i, host, errp)) {
            return false;
        }
    }
    if (caps->eff[PAPR_CAP_NESTED_KVM_HV] && caps->eff[PAPR_CAP_NESTED_PAPR]) {
        error_setg(errp, "Nested-HV APIs are mutually exclusive: use either "
                   "cap-nested-hv or cap-nested-papr");
        return false;
    }
    if (host->kvm) {
        tell_lowered(caps);
    }
    if (caps->set[PAPR_CAP_HPT_MAXPAGESIZE] &&
        caps->eff[PAPR_CAP_HPT_MAXPAGESIZE] < 16) {
        warn_report("Many guests require at least 64kiB hpt-max-page-size");
    }
    return true;
}

void papr_caps_defaults(uint8_t levels[PAPR_CAP_NUM])
{
    for (int i = 0; i < PAPR_CAP_NUM; i++) {
        levels[i] = papr_cap_table[i].initial;
    }
}

bool papr_caps_to_send(const PaprCaps *caps, PaprCap cap)
{
    bool told = caps->set[cap] || !papr_cap_table[cap].advice;

    if (cap == PAPR_CAP_HPT_MAXPAGESIZE) {
        return !caps->page_size_unsent;
    }
    return told && caps->eff[cap] != caps->def[cap];
}

void papr_caps_pre_save(PaprCaps *caps)
{
    memcpy(caps->mig, caps->eff, sizeof(caps->mig));
}

/*
 * A level that the stream does not have is the default.  For rows with @advice
 * it is unknown, since the source's host may have lowered it: then this host's
 * is assumed.
 */
void papr_caps_pre_load(PaprCaps *caps)
{
    for (int i = 0; i < PAPR_CAP_NUM; i++) {
        caps->mig[i] = papr_cap_table[i].advice ? caps->here[i] : caps->def[i];
    }
    if (caps->page_size_unsent) {
        caps->mig[PAPR_CAP_HPT_MAXPAGESIZE] =
            caps->eff[PAPR_CAP_HPT_MAXPAGESIZE];
    }
}

int papr_caps_post_load(PaprCaps *caps)
{
    int ret = 0;

    for (int i = 0; i < PAPR_CAP_NUM; i++) {
        const PaprCapInfo *info = &papr_cap_table[i];

        if (caps->mig[i] > caps->eff[i]) {
            error_report("cap-%s is higher in the incoming stream (%d) than "
                         "here (%d): start the destination with the source's "
                         "cap-%s", info->name, caps->mig[i], caps->eff[i],
                         info->name);
            ret = -EINVAL;
        } else if (caps->mig[i] < caps->eff[i]) {
            warn_report("cap-%s is lower in the incoming stream (%d) than "
                        "here (%d)", info->name, caps->mig[i], caps->eff[i]);
        }
    }
    return ret;
}
