/* SPDX-License-Identifier: MIT */
/* Running a pickle and printing what it gave, for tests. */
#ifndef PICKLEDUMP_H
#define PICKLEDUMP_H

#include "exchange/pickle.h"

enum {
    ID_ORDERED_DICT,
    ID_SET,
    ID_SIZE,
    ID_PLAIN,
    ID_OBJECT,
    ALL_OPCODES = CK_PICKLE_PROTOCOL_2 | CK_PICKLE_PROTOCOL_5 | CK_PICKLE_PERSISTENT
};

extern const ck_pickle_name test_names[];
extern const size_t test_name_count;

typedef struct pickle_run {
    ck_pickle pickle;
    ck_source source;
    uint32_t root;
    uint64_t end;
} pickle_run;

/* Close in every case. */
ckpt_status run_pickle(pickle_run *run, const ck_memory *memory, const void *bytes, size_t size,
                       unsigned allowed, ckpt_error *err);
void close_run(pickle_run *run);

/* As Python would write it, nearly; cut when it does not fit. */
void dump_node(const ck_pickle *p, uint32_t id, char *text, size_t room);

#endif
