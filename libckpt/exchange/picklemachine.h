/* SPDX-License-Identifier: MIT */
/* The inside of the machine: input, stack, nodes. */
#ifndef CK_PICKLEMACHINE_H
#define CK_PICKLEMACHINE_H

#include "exchange/pickle.h"

typedef ckpt_status ck_pickle_op(ck_pickle *p, ckpt_error *err);

typedef struct ck_pickle_opcode {
    ck_pickle_op *run; /* NULL: never accepted */
    unsigned needs;    /* the bit of ck_pickle.allowed */
} ck_pickle_opcode;

/* By the byte that stands for it. */
const ck_pickle_opcode *ck_pickle_opcode_of(unsigned char byte);

/* Fails at the opcode that is being run. */
/* Which rule is broken, the status tells: the list, the form, or a limit. */
ckpt_status ck_pickle_fail(const ck_pickle *p, ckpt_error *err, ckpt_status status,
                           const char *format, ...) CK_PRINTF(4, 5);
ckpt_status ck_pickle_fail_by(const ck_pickle *p, ckpt_error *err, ck_pickle_rule rule,
                              ckpt_status status, const char *format, ...) CK_PRINTF(5, 6);

/* ---- input ---- */

/* The next size bytes, at most 16, valid until the next call. */
ckpt_status ck_pickle_take(ck_pickle *p, size_t size, const unsigned char **ret_bytes,
                           ckpt_error *err);
/* A number of 1, 2, 4 or 8 bytes. */
ckpt_status ck_pickle_take_number(ck_pickle *p, size_t width, uint64_t *ret_number,
                                  ckpt_error *err);
/* The next size bytes go behind ck_pickle.text. */
ckpt_status ck_pickle_take_text(ck_pickle *p, uint64_t size, ckpt_error *err);
ckpt_status ck_pickle_skip(ck_pickle *p, uint64_t size, ckpt_error *err);
ckpt_status ck_pickle_enter_frame(ck_pickle *p, ckpt_error *err);
/* That the pickle ends where its frame does. */
ckpt_status ck_pickle_leave_frame(const ck_pickle *p, ckpt_error *err);

/* ---- nodes ---- */

ckpt_status ck_pickle_add(ck_pickle *p, const ck_pickle_node *node, uint32_t *ret_id,
                          ckpt_error *err);
/* An empty container. */
ck_pickle_node ck_pickle_container(ck_pickle_kind kind);
/* Appends children; their number is a multiple of 2 for a dict. They must not lie in
 * ck_pickle.children. */
ckpt_status ck_pickle_extend(ck_pickle *p, uint32_t container, const uint32_t *children,
                             size_t count, ckpt_error *err);
/* That no dict and no set has a key twice, or one that cannot be a key. */
ckpt_status ck_pickle_check_keys(ck_pickle *p, ckpt_error *err);

/* ---- stack ---- */

ckpt_status ck_pickle_push(ck_pickle *p, uint32_t id, ckpt_error *err);
ckpt_status ck_pickle_push_node(ck_pickle *p, const ck_pickle_node *node, ckpt_error *err);
/* Both see nothing below the last mark. */
ckpt_status ck_pickle_pop(ck_pickle *p, uint32_t *ret_id, ckpt_error *err);
ckpt_status ck_pickle_top(const ck_pickle *p, uint32_t *ret_id, ckpt_error *err);
/* What lies above the last mark, which goes with it. The place is valid until the next push. */
ckpt_status ck_pickle_pop_mark(ck_pickle *p, const uint32_t **ret_items, size_t *ret_count,
                               ckpt_error *err);

/* ---- opcodes by families ---- */

ck_pickle_op ck_pickle_op_name, ck_pickle_op_stack_name, ck_pickle_op_reduce, ck_pickle_op_newobj,
    ck_pickle_op_build, ck_pickle_op_persistent;
ck_pickle_op ck_pickle_op_empty, ck_pickle_op_tuple, ck_pickle_op_small_tuple, ck_pickle_op_append,
    ck_pickle_op_appends, ck_pickle_op_setitem, ck_pickle_op_setitems, ck_pickle_op_additems,
    ck_pickle_op_frozenset;

#endif
