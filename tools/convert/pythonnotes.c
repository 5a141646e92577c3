/* SPDX-License-Identifier: MIT */
/* Pointers into Python objects, after names were changed. */
#include "pythonnotes.h"

#include <string.h>

#define METADATA "~metadata" /* no pointer to a key: there "~" is "~0" */

typedef struct notes {
    ckpt_module from, to; /* the roots */
    const new_names *names;
    textbuf token, dotted, name, value;
    ckpt_error *err;
} notes;

static bool is_there(ckpt_value value) {
    return ckpt_value_kind(value) != CKPT_VALUE_ABSENT;
}

static bool is_container(ckpt_module module) {
    static const char *const types[] = {"dict", "OrderedDict", "Counter", "list", "tuple"};
    for (size_t i = 0; ckpt_module_exists(module) && i < sizeof types / sizeof *types; i++) {
        if (strcmp(ckpt_module_type(module), types[i]) == 0)
            return true;
    }
    return false;
}

/* "" is the root. */
static ckpt_module find_module(ckpt_module root, const char *name) {
    return *name == '\0' ? root : ckpt_find_module(root, name);
}

/* ---- tokens ---- */

/* What stands between the slash and the next one; returns where that is. */
static const char *take_token(const char *p, textbuf *token) {
    text_clear(token);
    for (p++; *p != '\0' && *p != '/'; p++) {
        bool is_escape = *p == '~' && (p[1] == '0' || p[1] == '1');
        text_add_bytes(token, !is_escape ? p : p[1] == '0' ? "~" : "/", 1);
        p += is_escape;
    }
    return p;
}

static void put_token(textbuf *pointer, const char *token, size_t size) {
    text_add(pointer, "/");
    for (size_t i = 0; i < size; i++) {
        if (token[i] == '~' || token[i] == '/')
            text_add(pointer, token[i] == '~' ? "~0" : "~1");
        else
            text_add_bytes(pointer, token + i, 1);
    }
}

/* The pointer to what has that dotted name now: a key of a dict goes from one container to the next
 * or to a tensor. False: it is neither. */
static bool put_pointer(notes *n, const char *name, textbuf *pointer) {
    ckpt_module module = n->to;
    const char *key = name, *begin = name;
    if (*name == '\0')
        return true;
    for (;;) {
        const char *end = begin + strcspn(begin, ".");
        text_clear(&n->token);
        text_add_bytes(&n->token, begin, (size_t)(end - begin));
        ckpt_member member = ckpt_module_member_named(module, text_string(&n->token));
        bool is_key = ckpt_tensor_exists(member.tensor) || is_container(member.module);
        if (is_key)
            put_token(pointer, key, (size_t)(end - key));
        if (*end == '\0' || !ckpt_module_exists(member.module))
            return *end == '\0' && is_key;
        module = member.module;
        begin = end + 1;
        key = is_key ? begin : key;
    }
}

/* ---- from a pointer to a name, and to a pointer again ---- */

/* Follows it through the containers of old, whose dotted name goes to n->dotted, as far as they and
 * a tensor lead; returns what is left of it: the way inside of an attribute. NULL: to nowhere. */
static const char *follow(notes *n, const char *pointer) {
    ckpt_module module = n->from;
    text_clear(&n->dotted);
    while (*pointer == '/') {
        const char *next = take_token(pointer, &n->token), *key = text_string(&n->token);
        if (is_there(ckpt_map_get(ckpt_module_attributes(module), key)) ||
            strncmp(pointer + 1, METADATA, strlen(METADATA)) == 0)
            return pointer;
        ckpt_module inner = ckpt_find_module(module, key);
        bool is_tensor = ckpt_tensor_exists(ckpt_find_tensor(module, key));
        if (!is_tensor && !is_container(inner))
            return NULL;
        text_add(&n->dotted, n->dotted.size != 0 ? "." : "");
        text_add(&n->dotted, key);
        pointer = next;
        if (is_tensor)
            return *pointer == '\0' ? pointer : NULL;
        module = inner;
    }
    return pointer;
}

/* The path of a module below the one called `base`, by today's names, in `path` too; false: it is
 * there no longer. */
static bool rename_below(notes *n, const char *base, const char *path, textbuf *ret_path) {
    const char *to_base = new_names_find(n->names, base);
    text_clear(&n->name);
    text_add(&n->name, base);
    text_add(&n->name, *base != '\0' && *path != '\0' ? "." : "");
    text_add(&n->name, path);
    const char *to = new_names_find(n->names, text_string(&n->name));
    if (to_base == NULL || to == NULL || !ckpt_module_exists(find_module(n->to, to)))
        return false;
    size_t size = strlen(to_base);
    if (strncmp(to, to_base, size) != 0 || (size != 0 && to[size] != '.' && to[size] != '\0'))
        return false;
    text_add(ret_path, to + size + (size != 0 && to[size] == '.'));
    return true;
}

/* "/~metadata/PATH/REST", of a state_dict. */
static bool put_metadata_rest(notes *n, const char *rest, textbuf *pointer) {
    textbuf path = {0}, base = {0};
    rest += strlen("/" METADATA);
    bool good = *rest == '/';
    if (good) {
        rest = take_token(rest, &n->token);
        text_add(&base, text_string(&n->dotted));
        good = rename_below(n, text_string(&base), text_string(&n->token), &path);
    }
    if (good) {
        text_add(pointer, "/" METADATA);
        put_token(pointer, text_string(&path), path.size);
        text_add(pointer, rest);
    }
    text_free(&path);
    text_free(&base);
    return good;
}

/* The pointer to the same thing today; false: it is gone. */
static bool rename_pointer(notes *n, const char *pointer, textbuf *ret_pointer) {
    const char *rest = follow(n, pointer);
    const char *to = rest != NULL ? new_names_find(n->names, text_string(&n->dotted)) : NULL;
    text_clear(ret_pointer);
    if (to == NULL || !put_pointer(n, to, ret_pointer))
        return false;
    if (*rest == '\0')
        return true;
    ckpt_module module = find_module(n->to, to);
    if (strncmp(rest + 1, METADATA, strlen(METADATA)) == 0)
        return put_metadata_rest(n, rest, ret_pointer);
    take_token(rest, &n->token);
    text_add(ret_pointer, rest);
    return ckpt_module_exists(module) &&
           is_there(ckpt_map_get(ckpt_module_attributes(module), text_string(&n->token)));
}

/* ---- the three maps ---- */

/* With a key to a map, without one to a list. */
static ckpt_status put(ckpt_value to, const char *key, ckpt_literal literal, ckpt_value *ret_value,
                       ckpt_error *err) {
    return key != NULL ? ckpt_map_set(to, key, literal, ret_value, err)
                       : ckpt_list_append(to, literal, ret_value, err);
}

static ckpt_literal literal_of(ckpt_value value) {
    size_t size = 0;
    const void *bytes = ckpt_value_bytes(value, &size);
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_BOOL: return ckpt_bool(ckpt_value_bool(value, false));
    case CKPT_VALUE_INT: return ckpt_int(ckpt_value_int(value, 0));
    case CKPT_VALUE_FLOAT: return ckpt_float(ckpt_value_float(value, 0));
    case CKPT_VALUE_STRING: return ckpt_string(ckpt_value_string(value));
    case CKPT_VALUE_BYTES: return ckpt_bytes(bytes, size);
    case CKPT_VALUE_LIST: return ckpt_list();
    case CKPT_VALUE_MAP: return ckpt_map();
    default: return ckpt_null();
    }
}

/* Values are nested no deeper than 64. */
static ckpt_status copy_value(ckpt_value to, const char *key, ckpt_value value, ckpt_error *err) {
    ckpt_value copy;
    ckpt_status status = put(to, key, literal_of(value), &copy, err);
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_value_count(value); i++)
        status = copy_value(copy, ckpt_map_key(value, i), ckpt_value_at(value, i), err);
    return status;
}

/* A type may name a place too: "Parameter=/a/b". Where that is gone the rest remains. */
static ckpt_status rename_type(notes *n, const char *pointer, ckpt_value type, ckpt_value to) {
    const char *text = ckpt_value_string(type), *equals = text != NULL ? strchr(text, '=') : NULL;
    textbuf place = {0};
    ckpt_status status = CKPT_OK;
    text_clear(&n->value);
    if (equals == NULL)
        return copy_value(to, pointer, type, n->err);
    text_add_bytes(&n->value, text, (size_t)(equals - text));
    if (rename_pointer(n, equals + 1, &place)) {
        text_add(&n->value, "=");
        text_add(&n->value, text_string(&place));
    }
    if (n->value.size != 0)
        status = ckpt_map_set(to, pointer, ckpt_string(text_string(&n->value)), NULL, n->err);
    text_free(&place);
    return status;
}

/* The keys of the dict at `old` that it still has. */
static ckpt_status rename_order(notes *n, const char *old, const char *pointer, ckpt_value keys,
                                ckpt_value to) {
    textbuf of_key = {0}, place = {0};
    size_t size = strlen(pointer);
    ckpt_value list;
    ckpt_status status = ckpt_map_set(to, pointer, ckpt_list(), &list, n->err);
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_value_count(keys); i++) {
        const char *key = ckpt_value_string(ckpt_value_at(keys, i));
        if (key == NULL)
            continue;
        text_clear(&of_key);
        text_add(&of_key, old);
        put_token(&of_key, key, strlen(key));
        if (!rename_pointer(n, text_string(&of_key), &place) ||
            strncmp(text_string(&place), pointer, size) != 0 || text_string(&place)[size] != '/' ||
            *take_token(text_string(&place) + size, &n->token) != '\0')
            continue;
        status = ckpt_list_append(list, ckpt_string(text_string(&n->token)), NULL, n->err);
    }
    text_free(&of_key);
    text_free(&place);
    return status;
}

static ckpt_status rename_versions(notes *n, const char *old, const char *pointer,
                                   ckpt_value versions, ckpt_value to) {
    textbuf base = {0}, path = {0};
    ckpt_value map;
    ckpt_status status = ckpt_map_set(to, pointer, ckpt_map(), &map, n->err);
    (void)follow(n, old);
    text_add(&base, text_string(&n->dotted));
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_value_count(versions); i++) {
        text_clear(&path);
        if (rename_below(n, text_string(&base), ckpt_map_key(versions, i), &path))
            status = copy_value(map, text_string(&path), ckpt_value_at(versions, i), n->err);
    }
    text_free(&base);
    text_free(&path);
    return status;
}

static ckpt_status rename_entry(notes *n, char which, const char *old, ckpt_value value,
                                ckpt_value to) {
    textbuf pointer = {0};
    ckpt_status status = CKPT_OK;
    if (rename_pointer(n, old, &pointer)) {
        const char *now = text_string(&pointer);
        status = which == 't'   ? rename_type(n, now, value, to)
                 : which == 'o' ? rename_order(n, old, now, value, to)
                                : rename_versions(n, old, now, value, to);
    }
    text_free(&pointer);
    return status;
}

/* key: "torch.types", ...; its seventh letter tells the three apart. */
static ckpt_status rename_map(notes *n, ckpt *c, ckpt *from, const char *key) {
    ckpt_value old = ckpt_map_get(ckpt_metadata(from), key), map;
    if (ckpt_value_kind(old) != CKPT_VALUE_MAP)
        return CKPT_OK;
    ckpt_status status = ckpt_map_set(ckpt_metadata(c), key, ckpt_map(), &map, n->err);
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_value_count(old); i++)
        status = rename_entry(n, key[6], ckpt_map_key(old, i), ckpt_value_at(old, i), map);
    if (status == CKPT_OK && ckpt_value_count(map) == 0)
        status = ckpt_map_remove(ckpt_metadata(c), key, n->err);
    return status;
}

ckpt_status python_notes_rename(ckpt *c, ckpt *from, const new_names *names, ckpt_error *err) {
    static const char *const keys[] = {"torch.versions", "torch.types", "torch.order"};
    notes n = {.from = ckpt_root(from), .to = ckpt_root(c), .names = names, .err = err};
    ckpt_status status = CKPT_OK;
    if (!is_container(n.from) || !is_container(n.to))
        return CKPT_OK;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && status == CKPT_OK; i++)
        status = rename_map(&n, c, from, keys[i]);
    text_free(&n.token);
    text_free(&n.dotted);
    text_free(&n.name);
    text_free(&n.value);
    return status;
}
