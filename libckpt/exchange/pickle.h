/* SPDX-License-Identifier: MIT */
/* Reading Python pickles without Python: a machine that builds values of its own and can do nothing
 * else. It knows a fixed list of opcodes. What a pickle names, by module and name, must stand in a
 * list that the caller gives; to call such a thing, or to make an object of it, only makes a node
 * that says so. Nothing is ever looked up, imported or run.
 *
 * Nodes are numbered and refer to each other by number. Things that the pickle names several times
 * through its memo are one node, so that identity is kept, and a pickle of N bytes takes memory in
 * proportion to N, whatever it does. Lists, dicts and sets can contain themselves: who walks over
 * nodes must count the depth. */
#ifndef CK_PICKLE_H
#define CK_PICKLE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/source.h"

enum {
    CK_PICKLE_MAX_SIZE = 1 << 28, /* bytes of one that is held in memory */
    CK_PICKLE_MAX_OPCODES = 10000000,
    CK_PICKLE_MAX_STACK = 1000000, /* a tuple of n elements needs n places */
    CK_PICKLE_MAX_MARKS = 1000,
    CK_PICKLE_MAX_DEPTH = 64 /* for those who walk over the nodes */
};

/* Which opcodes are accepted. */
enum {
    CK_PICKLE_PROTOCOL_2 = 1, /* those of protocols 2 and 3 that torch.save writes */
    CK_PICKLE_PROTOCOL_5 = 2, /* and those of protocols 4 and 5 */
    CK_PICKLE_PERSISTENT = 4  /* and persistent ids */
};

/* What may be done with a thing of the list, beside naming it. */
enum {
    CK_PICKLE_CALL = 1,       /* REDUCE: gives an object */
    CK_PICKLE_NEW = 2,        /* NEWOBJ: gives an object */
    CK_PICKLE_STATE = 4,      /* BUILD gives its objects a state, once */
    CK_PICKLE_MAKES_DICT = 8, /* a call gives a dict: empty, or of a list of pairs, or of a dict */
    CK_PICKLE_MAKES_SET = 16  /* a call gives a set, of a list */
};

typedef struct ck_pickle_name {
    const char *module, *name;
    uint16_t id; /* for the caller */
    uint8_t use; /* bits of the above */
} ck_pickle_name;

typedef enum ck_pickle_kind {
    CK_PICKLE_NONE,
    CK_PICKLE_BOOL,
    CK_PICKLE_INT,
    CK_PICKLE_LONG, /* an int that does not fit 64 bits */
    CK_PICKLE_FLOAT,
    CK_PICKLE_TEXT,
    CK_PICKLE_BYTES,
    CK_PICKLE_BYTEARRAY,
    CK_PICKLE_TUPLE,
    CK_PICKLE_LIST,
    CK_PICKLE_SET,
    CK_PICKLE_FROZENSET,
    CK_PICKLE_DICT,
    CK_PICKLE_NAME,   /* a thing of the caller's list itself */
    CK_PICKLE_OBJECT, /* made by a thing of the list out of a tuple of arguments */
    CK_PICKLE_STORED  /* a persistent id */
} ck_pickle_kind;

#define CK_PICKLE_NO_NODE UINT32_MAX
#define CK_PICKLE_NO_NAME UINT16_MAX

typedef struct ck_pickle_node {
    uint8_t kind;
    bool odd;      /* of a text: it has a NUL or a lone surrogate (encoded like other characters) */
    uint16_t name; /* NAME, OBJECT, DICT: number in the caller's list; NO_NAME for a plain dict */
    uint32_t count; /* elements of a container; a dict has twice as many children as elements */
    union {
        int64_t integer; /* INT, BOOL */
        double number;
        struct {
            uint64_t offset; /* TEXT, LONG: in ck_pickle.text; BYTES, BYTEARRAY: in the source */
            uint64_t size;
        } bytes;
        struct {
            uint32_t first, room; /* the children, in ck_pickle.children */
            uint32_t state;       /* of a dict, or NO_NODE */
        } run;
        struct {
            uint32_t arguments; /* OBJECT: a tuple; STORED: anything */
            uint32_t state;     /* OBJECT: or NO_NODE */
        } object;
    } as;
} ck_pickle_node;

/* What rules of spec/exchange.md a pickle can break. */
typedef enum ck_pickle_rule {
    CK_PICKLE_ON_LIST, /* opcodes, names and their uses */
    CK_PICKLE_WELL_FORMED,
    CK_PICKLE_UNIQUE_KEYS,
    CK_PICKLE_PLAIN_KEYS, /* None, bools, numbers, texts */
    CK_PICKLE_DENSE_MEMO,
    CK_PICKLE_LIMITS
} ck_pickle_rule;

typedef struct ck_pickle {
    ck_memory memory;
    const ck_pickle_name *names;
    size_t name_count;
    unsigned allowed; /* CK_PICKLE_PROTOCOL_2, ... */
    /* The id of a rule, NULL for none: PyTorch's, unless set after opening. */
    const char *(*rule_name)(ck_pickle_rule rule);

    ck_buffer nodes;    /* of ck_pickle_node */
    ck_buffer children; /* of uint32_t */
    ck_buffer text;     /* of texts and long ints, one behind another */

    /* While it runs. */
    const ck_source *source;
    uint64_t begin, position, end; /* in the source */
    uint64_t frame_end;            /* 0: no frame */
    uint64_t opcode_at;
    unsigned char opcode;
    uint32_t opcodes;
    uint64_t copied; /* children that were copied from one container to another */
    unsigned char *window;
    uint64_t window_at;
    size_t window_size;
    ck_buffer stack; /* of uint32_t */
    ck_buffer marks; /* of uint32_t: places in the stack */
    ck_buffer memo;  /* of uint32_t */
    bool stopped;
} ck_pickle;

/* names is borrowed until the end. */
void ck_pickle_open(ck_pickle *p, const ck_memory *memory, const ck_pickle_name *names,
                    size_t name_count, unsigned allowed);
/* Runs the pickle that begins at offset and ends before limit. Its value is *ret_root, and it ends
 * at *ret_end. Reads each byte once and none behind the end, but for what is taken in blocks; the
 * contents of bytes and bytearrays are not read. Every dict and set that was made is checked: its
 * keys are None, bools, numbers or texts, none of them twice (to Python 1, 1.0 and True are the
 * same key). To be called once.
 * CKPT_E_UNSUPPORTED: an opcode, a name or a use of a name that is not on the list.
 * CKPT_E_STRUCTURE: not a pickle. CKPT_E_TRUNCATED: limit comes before the end. CKPT_E_LIMIT. */
ckpt_status ck_pickle_run(ck_pickle *p, const ck_source *source, uint64_t offset, uint64_t limit,
                          uint32_t *ret_root, uint64_t *ret_end, ckpt_error *err);
void ck_pickle_close(ck_pickle *p);

/* ---- what was read; ids must be valid ---- */

static inline ck_pickle_node *ck_pickle_at(const ck_pickle *p, uint32_t id) {
    return (ck_pickle_node *)(void *)p->nodes.bytes + id;
}
static inline size_t ck_pickle_node_count(const ck_pickle *p) {
    return p->nodes.size / sizeof(ck_pickle_node);
}
static inline ck_pickle_kind ck_pickle_kind_of(const ck_pickle *p, uint32_t id) {
    return (ck_pickle_kind)ck_pickle_at(p, id)->kind;
}
/* Child i of a container, or argument i of an object. A dict has key 0, value 0, key 1, ... */
uint32_t ck_pickle_child(const ck_pickle *p, uint32_t id, uint32_t i);
/* The value under a key of a dict; NO_NODE when there is none or the node is no dict. Linear. */
uint32_t ck_pickle_get(const ck_pickle *p, uint32_t dict, const char *key);
/* Of a text, without a NUL behind it. */
const char *ck_pickle_text(const ck_pickle *p, uint32_t id, size_t *ret_size);
bool ck_pickle_is_text(const ck_pickle *p, uint32_t id, const char *text);
/* Whether it is an int that is not negative. */
bool ck_pickle_uint(const ck_pickle *p, uint32_t id, uint64_t *ret_value);
/* The caller's id of a NAME, OBJECT or DICT; NO_NAME for everything else. */
uint16_t ck_pickle_name_id(const ck_pickle *p, uint32_t id);
/* Whether it is UTF-8 as Python writes it with "surrogatepass": NULs and lone surrogates may be in
 * it. */
bool ck_pickle_is_python_text(const char *text, size_t size);
/* "a tuple", "torch.FloatStorage", ...: for messages. */
ck_name_text ck_pickle_describe(const ck_pickle *p, uint32_t id);

#endif
