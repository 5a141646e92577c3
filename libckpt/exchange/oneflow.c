/* SPDX-License-Identifier: MIT */
/* What flow.save writes: a pickle of {'protocol_version': 1, '__oneflow__': None, 'data': object},
 * with the tensors in it (1.0 and later), or in directories beside it (0.7 to 0.9, and later with
 * save_as_external_data). spec/exchange.md, section "OneFlow". */
#include "exchange/oneflow.h"
#include "exchange/oneflowread.h"

#include <string.h>

static const char version_key[] = "protocol_version";

/* A dict, perhaps in a frame, of which the version is the first key: some opcodes later. */
static bool probe(const unsigned char *head, size_t size, uint64_t file_size) {
    (void)file_size;
    const size_t length = sizeof version_key - 1, frame = 9, farthest = 12;
    size_t begin = size > 2 && head[2] == 0x95 ? 2 + frame : 2;
    if (size <= begin || head[0] != 0x80 || head[1] < 2 || head[1] > 5 || head[begin] != '}')
        return false;
    for (size_t i = begin + 1; i < begin + farthest && i + length <= size; i++) {
        if (memcmp(head + i, version_key, length) == 0)
            return true;
    }
    return false;
}

static ckpt_status fail(ckpt_error *err, const char *what) {
    return ck_fail_rule(err, "O3", CKPT_E_STRUCTURE, "%s", what);
}

/* The object under 'data' takes the place of the whole. */
static ckpt_status unwrap(ck_torch_reader *t, ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    uint32_t root = t->root;
    if (ck_pickle_kind_of(p, root) != CK_PICKLE_DICT ||
        ck_pickle_at(p, root)->name != CK_PICKLE_NO_NAME)
        return fail(err, "the pickle is not the dict that flow.save writes");
    uint32_t version = ck_pickle_get(p, root, version_key);
    uint32_t data = ck_pickle_get(p, root, "data");
    uint64_t number;
    if (version == CK_PICKLE_NO_NODE || !ck_pickle_uint(p, version, &number) ||
        data == CK_PICKLE_NO_NODE)
        return fail(err, "the pickle is not the dict that flow.save writes");
    if (number != 1)
        return ck_fail_rule(err, "O4", CKPT_E_VERSION,
                            "OneFlow's protocol version %llu, where 1 is known",
                            (unsigned long long)number);
    uint32_t magic = ck_pickle_get(p, root, "__oneflow__");
    if (magic != CK_PICKLE_NO_NODE && ck_pickle_kind_of(p, magic) != CK_PICKLE_NONE)
        return fail(err, "'__oneflow__' is not None");
    if (ck_pickle_at(p, root)->count != (magic != CK_PICKLE_NO_NODE ? 3u : 2u))
        return fail(err, "the pickle is not the dict that flow.save writes");
    t->root = data;
    return CKPT_OK;
}

static ckpt_status read_object(ck_oneflow_reader *r, ckpt_error *err) {
    uint64_t end = 0;
    ckpt_status status = ck_torch_read_object(&r->t, r->source, 0, r->source->size, &end, err);
    if (status != CKPT_OK)
        return status;
    if (end != r->source->size)
        status = ck_fail_rule(err, "O1", CKPT_E_STRUCTURE, "there are bytes behind the pickle");
    if (status == CKPT_OK)
        status = unwrap(&r->t, err);
    if (status == CKPT_OK)
        status = ck_torch_build(&r->t, err);
    return ck_error_prefix(err, status, r->source->name);
}

static ckpt_status read_file(ckpt *c, ck_source *source, ckpt_error *err) {
    ck_oneflow_reader r;
    memset(&r, 0, sizeof r);
    r.source = source;
    ck_torch_reader_open(&r.t, c, &ck_oneflow_dialect);
    ckpt_status status = read_object(&r, err);
    bool has_directories = r.has_directories;
    ck_torch_reader_close(&r.t);
    if (status != CKPT_OK)
        return status;
    ck_take_source(c, source);
    if (has_directories)
        c->info.format = ck_format_oneflow_dir.name;
    return CKPT_OK;
}

const ck_format ck_format_oneflow = {
    .name = "oneflow",
    .probe = probe,
    .read = read_file,
    .write = ck_oneflow_write,
};

const ck_format ck_format_oneflow_dir = {
    .name = "oneflow-dir",
    .probe = probe,
    .read = read_file,
    .write_directory = ck_oneflow_write_directory,
    .main_component = CK_ONEFLOW_PICKLE,
    .older_component = "snapshot_done",
};
