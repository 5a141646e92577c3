/* SPDX-License-Identifier: MIT */
/* --json: the file, the sums and the metadata. */
#include "jsonview.h"

static void put_parts(json *j, const inspection *in) {
    json_key(j, "parts");
    json_begin(j, '[', false);
    for (uint32_t i = 0; i < ckpt_part_count(in->c); i++) {
        ckpt_part part = ckpt_part_at(in->c, i);
        json_begin(j, '{', true);
        json_key(j, "name");
        json_string(j, part.name);
        json_key(j, "size");
        json_uint(j, part.size);
        json_key(j, "sha256");
        json_hex(j, part.sha256, CKPT_DIGEST_SIZE);
        json_key(j, "problem");
        json_string(j, part.problem);
        json_end(j, '}');
    }
    json_end(j, ']');
}

static void put_file(json *j, const inspection *in) {
    ckpt_file_info info = ckpt_describe_file(in->c);
    bool has_version = info.version_major != 0 || info.version_minor != 0;
    json_begin(j, '{', false);
    json_key(j, "path");
    json_string(j, info.path);
    json_key(j, "format");
    json_string(j, info.format);
    json_key(j, "version");
    if (has_version) {
        json_begin(j, '[', true);
        json_uint(j, info.version_major);
        json_uint(j, info.version_minor);
        json_end(j, ']');
    } else {
        json_null(j);
    }
    json_key(j, "size");
    json_uint(j, info.file_size);
    json_key(j, "generation");
    json_uint(j, info.generation);
    json_key(j, "index_size");
    json_uint(j, info.index_size);
    json_key(j, "recovered");
    json_string(j, info.recovered != NULL ? info.recovered : "");
    json_key(j, "storages_with_checksums");
    json_uint(j, info.storages_checked);
    put_parts(j, in);
    json_end(j, '}');
}

static void put_totals(json *j, const ckpt_summary *s) {
    const struct {
        const char *key;
        uint64_t value;
    } sums[] = {
        {"modules", s->modules},
        {"tensors", s->tensors},
        {"storages", s->storages},
        {"names", s->names},
        {"parameters", s->parameters},
        {"buffers", s->buffers},
        {"storage_bytes", s->storage_bytes},
        {"untied_bytes", s->untied_bytes},
    };
    json_begin(j, '{', false);
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        json_key(j, sums[i].key);
        json_uint(j, sums[i].value);
    }
    json_end(j, '}');
}

static void put_bytes(json *j, ckpt_value value) {
    size_t size = 0;
    const unsigned char *bytes = ckpt_value_bytes(value, &size);
    json_begin(j, '{', true);
    json_key(j, "$bytes");
    json_hex(j, bytes, size);
    json_end(j, '}');
}

static void put_container(json *j, ckpt_value value, bool is_map) {
    json_begin(j, is_map ? '{' : '[', !is_map);
    for (uint32_t i = 0; i < ckpt_value_count(value); i++) {
        if (is_map)
            json_key(j, ckpt_map_key(value, i));
        json_put_value(j, ckpt_value_at(value, i));
    }
    json_end(j, is_map ? '}' : ']');
}

void json_put_value(json *j, ckpt_value value) {
    ckpt_value_type kind = ckpt_value_kind(value);
    switch (kind) {
    case CKPT_VALUE_BOOL: json_bool(j, ckpt_value_bool(value, false)); break;
    case CKPT_VALUE_INT: json_int(j, ckpt_value_int(value, 0)); break;
    case CKPT_VALUE_FLOAT: json_float(j, ckpt_value_float(value, 0)); break;
    case CKPT_VALUE_STRING: json_string(j, ckpt_value_string(value)); break;
    case CKPT_VALUE_BYTES: put_bytes(j, value); break;
    case CKPT_VALUE_LIST:
    case CKPT_VALUE_MAP: put_container(j, value, kind == CKPT_VALUE_MAP); break;
    default: json_null(j); break;
    }
}

int view_json(const inspection *in) {
    json j = {0};
    ckpt_summary summary;
    ckpt_error err;
    if (ckpt_summarize(ckpt_root(in->c), &summary, &err) != CKPT_OK)
        return tool_fail(INSPECT, "%s", err.message);
    json_begin(&j, '{', false);
    json_key(&j, "schema");
    json_uint(&j, JSON_SCHEMA);
    json_key(&j, "file");
    put_file(&j, in);
    json_key(&j, "totals");
    put_totals(&j, &summary);
    json_key(&j, "metadata");
    json_put_value(&j, ckpt_metadata(in->c));
    json_put_modules(&j, in);
    json_put_tensors(&j, in);
    json_put_storages(&j, in);
    json_end(&j, '}');
    return TOOL_FINE;
}
