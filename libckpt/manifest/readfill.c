/* SPDX-License-Identifier: MIT */
/* Reading where the bytes of a tensor come from (section 7 of spec/manifest.md). */
#include "manifest/manifeststate.h"

#include <string.h>

ckpt_status ck_read_file_name(ck_manifest_reader *r, const ck_yaml_event *event, ck_text *ret_file,
                              ckpt_error *err) {
    static const char what[] = "the name of a file";
    ckpt_status status = ck_yaml_as_string(&r->yaml, event, what, err);
    if (status != CKPT_OK)
        return status;
    if (event->size == 0 || strchr(event->text, '/') != NULL || strcmp(event->text, ".") == 0 ||
        strcmp(event->text, "..") == 0)
        return ck_yaml_fail(&r->yaml, event->mark, err,
                            "expected a file beside the manifest, a name without '/', got '%s'",
                            CK_NAME(event->text));
    return ck_keep_text(r, event->text, event->size, ret_file, err);
}

static ckpt_status read_data_key(ck_manifest_reader *r, ck_fill_record *fill, uint32_t key,
                                 ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status != CKPT_OK)
        return status;
    if (key == 0)
        return ck_read_file_name(r, &event, &fill->file, err);
    if (key == 2)
        return ck_yaml_as_uint(&r->yaml, &event, "an offset in bytes, an integer from 0",
                               &fill->offset, err);
    status = ck_yaml_as_string(&r->yaml, &event, "the name of a tensor", err);
    if (status != CKPT_OK)
        return status;
    return ck_keep_text(r, event.text, event.size, &fill->file_tensor, err);
}

static ckpt_status read_data_map(ck_manifest_reader *r, ck_fill_record *fill, ck_mark mark,
                                 ckpt_error *err) {
    static const char *const keys[] = {"file", "tensor", "offset"};
    uint32_t seen = 0, key = 0;
    ck_yaml_event event;
    for (;;) {
        ckpt_status status = ck_yaml_next_key(&r->yaml, "a key of the data", &event, err);
        if (status != CKPT_OK)
            return status;
        if (event.kind == CK_YAML_MAP_END)
            break;
        status = ck_read_known_key(r, &event, keys, 3, &seen, &key, err);
        if (status == CKPT_OK)
            status = read_data_key(r, fill, key, err);
        if (status != CKPT_OK)
            return status;
    }
    if (seen != 3 && seen != 5)
        return ck_yaml_fail(&r->yaml, mark, err,
                            "expected the data to have 'file' and one of 'tensor' and 'offset'");
    fill->kind = seen == 3 ? CKPT_FILL_FILE : CKPT_FILL_RAW;
    return CKPT_OK;
}

ckpt_status ck_read_data(ck_manifest_reader *r, ck_fill_record *fill, ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status != CKPT_OK)
        return status;
    if (event.kind == CK_YAML_MAP && event.anchor == NULL)
        return read_data_map(r, fill, event.mark, err);
    fill->kind = CKPT_FILL_FILE;
    return ck_read_file_name(r, &event, &fill->file, err);
}

/* ---- recipes ---- */

/* What the parameters of a recipe are called; at most three and `seed`. */
static const char *const parameters[][3] = {
    [CKPT_INIT_ZEROS] = {NULL},
    [CKPT_INIT_ONES] = {NULL},
    [CKPT_INIT_CONSTANT] = {"value"},
    [CKPT_INIT_UNIFORM] = {"low", "high"},
    [CKPT_INIT_NORMAL] = {"mean", "std"},
    [CKPT_INIT_XAVIER_UNIFORM] = {"gain"},
    [CKPT_INIT_XAVIER_NORMAL] = {"gain"},
    [CKPT_INIT_KAIMING_UNIFORM] = {"a", "mode", "nonlinearity"},
    [CKPT_INIT_KAIMING_NORMAL] = {"a", "mode", "nonlinearity"},
};

static double *number_of(ckpt_init *init, const char *key) {
    if (strcmp(key, "value") == 0)
        return &init->value;
    if (strcmp(key, "low") == 0)
        return &init->low;
    if (strcmp(key, "high") == 0)
        return &init->high;
    if (strcmp(key, "mean") == 0)
        return &init->mean;
    if (strcmp(key, "std") == 0)
        return &init->std;
    return strcmp(key, "gain") == 0 ? &init->gain : &init->a;
}

static ckpt_status read_mode(ck_manifest_reader *r, const ck_yaml_event *event, bool *ret_fan_out,
                             ckpt_error *err) {
    ckpt_status status = ck_yaml_as_string(&r->yaml, event, "fan_in or fan_out", err);
    if (status != CKPT_OK)
        return status;
    if (strcmp(event->text, "fan_in") != 0 && strcmp(event->text, "fan_out") != 0)
        return ck_yaml_unexpected(&r->yaml, event, "fan_in or fan_out", err);
    *ret_fan_out = event->text[4] == 'o';
    return CKPT_OK;
}

static ckpt_status read_parameter(ck_manifest_reader *r, ck_fill_record *fill, const char *key,
                                  ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status != CKPT_OK)
        return status;
    if (strcmp(key, "seed") == 0) {
        fill->has_seed = true;
        return ck_yaml_as_uint(&r->yaml, &event, "a seed, an integer from 0 to 2^64-1", &fill->seed,
                               err);
    }
    if (strcmp(key, "mode") == 0)
        return read_mode(r, &event, &fill->init.fan_out, err);
    if (strcmp(key, "nonlinearity") != 0)
        return ck_yaml_as_float(&r->yaml, &event, "a number", number_of(&fill->init, key), err);
    status = ck_yaml_as_string(&r->yaml, &event, "the name of a nonlinearity", err);
    if (status != CKPT_OK)
        return status;
    return ck_keep_text(r, event.text, event.size, &fill->nonlinearity, err);
}

static ckpt_status read_parameters(ck_manifest_reader *r, ck_fill_record *fill, uint32_t *seen,
                                   ckpt_error *err) {
    const char *keys[4] = {NULL};
    uint32_t count = 0, key = 0;
    while (count < 3 && parameters[fill->init.kind][count] != NULL) {
        keys[count] = parameters[fill->init.kind][count];
        count++;
    }
    keys[count++] = "seed";
    for (;;) {
        ck_yaml_event event;
        ckpt_status status = ck_yaml_next_key(&r->yaml, "a parameter of the recipe", &event, err);
        if (status != CKPT_OK || event.kind == CK_YAML_MAP_END)
            return status;
        status = ck_read_known_key(r, &event, keys, count, seen, &key, err);
        if (status == CKPT_OK)
            status = read_parameter(r, fill, keys[key], err);
        if (status != CKPT_OK)
            return status;
    }
}

static ckpt_status take_recipe(ck_manifest_reader *r, ck_fill_record *fill,
                               const ck_yaml_event *event, ckpt_error *err) {
    ckpt_status status = ck_yaml_as_string(&r->yaml, event, "a recipe", err);
    if (status != CKPT_OK)
        return status;
    ckpt_init_kind kind = ckpt_init_named(event->text);
    if (kind == CKPT_INIT_NONE)
        return ck_yaml_unexpected(&r->yaml, event,
                                  "a recipe: zeros, ones, constant, uniform, normal, "
                                  "xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal",
                                  err);
    fill->kind = CKPT_FILL_INIT;
    fill->init = ckpt_init_default(kind);
    return CKPT_OK;
}

/* {recipe: {parameters}}, behind the start of the outer map. */
static ckpt_status read_recipe_map(ck_manifest_reader *r, ck_fill_record *fill, uint32_t *seen,
                                   ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_next_key(&r->yaml, "a recipe", &event, err);
    if (status == CKPT_OK)
        status = take_recipe(r, fill, &event, err);
    if (status == CKPT_OK)
        status = ck_yaml_expect(&r->yaml, CK_YAML_MAP, "a map of parameters", &event, err);
    if (status == CKPT_OK)
        status = read_parameters(r, fill, seen, err);
    if (status == CKPT_OK)
        status = ck_yaml_expect(&r->yaml, CK_YAML_MAP_END, "the end of the map after one recipe",
                                &event, err);
    return status;
}

ckpt_status ck_read_init(ck_manifest_reader *r, ck_fill_record *fill, ckpt_error *err) {
    ck_yaml_event event;
    uint32_t seen = 0;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status != CKPT_OK)
        return status;
    ck_mark mark = event.mark;
    if (event.kind == CK_YAML_MAP && event.anchor == NULL)
        status = read_recipe_map(r, fill, &seen, err);
    else
        status = take_recipe(r, fill, &event, err);
    if (status == CKPT_OK && fill->init.kind == CKPT_INIT_CONSTANT && !(seen & 1))
        status =
            ck_yaml_fail(&r->yaml, mark, err, "expected constant to have the parameter 'value'");
    return status;
}
