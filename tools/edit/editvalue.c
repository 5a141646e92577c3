/* SPDX-License-Identifier: MIT */
/* KEY=VALUE. The value is read as a part of a manifest, so it means here what it means there. */
#include "edit.h"

#include <string.h>

#include "../common/textbuffer.h"

static ckpt_literal literal_of(ckpt_value value) {
    size_t size = 0;
    const void *bytes;
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_BOOL: return ckpt_bool(ckpt_value_bool(value, false));
    case CKPT_VALUE_INT: return ckpt_int(ckpt_value_int(value, 0));
    case CKPT_VALUE_FLOAT: return ckpt_float(ckpt_value_float(value, 0));
    case CKPT_VALUE_STRING: return ckpt_string(ckpt_value_string(value));
    case CKPT_VALUE_BYTES: bytes = ckpt_value_bytes(value, &size); return ckpt_bytes(bytes, size);
    case CKPT_VALUE_LIST: return ckpt_list();
    case CKPT_VALUE_MAP: return ckpt_map();
    default: return ckpt_null();
    }
}

/* Values are nested 64 deep at most. */
static ckpt_status copy_elements(ckpt_value to, ckpt_value from, ckpt_error *err) {
    bool is_map = ckpt_value_kind(from) == CKPT_VALUE_MAP;
    ckpt_status status = CKPT_OK;
    if (!is_map && ckpt_value_kind(from) != CKPT_VALUE_LIST)
        return CKPT_OK;
    for (uint32_t i = 0; i < ckpt_value_count(from) && status == CKPT_OK; i++) {
        ckpt_value element = ckpt_value_at(from, i), copy;
        if (is_map)
            status = ckpt_map_set(to, ckpt_map_key(from, i), literal_of(element), &copy, err);
        else
            status = ckpt_list_append(to, literal_of(element), &copy, err);
        if (status == CKPT_OK)
            status = copy_elements(copy, element, err);
    }
    return status;
}

static ckpt_status read_value(const char *text, ckpt_manifest **ret_manifest, ckpt_error *err) {
    textbuf manifest = {0};
    text_addf(&manifest, "ckpt-manifest: 1\nmetadata:\n value: %s\nroot: {module: \"\"}\n", text);
    ckpt_status status =
        ckpt_manifest_read(text_string(&manifest), manifest.size, "value", NULL, ret_manifest, err);
    text_free(&manifest);
    return status;
}

/* The message without "value:3:9: ": a place in a text that the user has not written. */
static const char *without_place(const ckpt_error *err) {
    const char *text = strstr(err->message, ": ");
    return err->line != 0 && text != NULL ? text + 2 : err->message;
}

/* A line break could end the value and go on with other parts of a manifest. */
static bool is_one_line(const char *text) {
    return strpbrk(text, "\n\r") == NULL && strstr(text, "\xc2\x85") == NULL &&
           strstr(text, "\xe2\x80\xa8") == NULL && strstr(text, "\xe2\x80\xa9") == NULL;
}

int edit_set_value(ckpt_value map, const char *assignment) {
    const char *equals = strchr(assignment, '=');
    ckpt_manifest *manifest;
    ckpt_error err;
    if (equals == NULL)
        return tool_misuse(EDIT, "'%s' is not KEY=VALUE", assignment);
    if (!is_one_line(equals + 1))
        return tool_fail(EDIT, "'%s' is no value: it has more than one line", equals + 1);
    if (read_value(equals + 1, &manifest, &err) != CKPT_OK)
        return tool_fail(EDIT, "'%s' is no value: %s", equals + 1, without_place(&err));
    textbuf key = {0};
    text_add_bytes(&key, assignment, (size_t)(equals - assignment));
    ckpt_value from = ckpt_map_get(ckpt_metadata(ckpt_manifest_ckpt(manifest)), "value"), to;
    ckpt_status status = ckpt_map_set(map, text_string(&key), literal_of(from), &to, &err);
    if (status == CKPT_OK)
        status = copy_elements(to, from, &err);
    ckpt_manifest_free(manifest);
    text_free(&key);
    return status == CKPT_OK ? TOOL_FINE : tool_fail(EDIT, "%s: %s", assignment, err.message);
}
