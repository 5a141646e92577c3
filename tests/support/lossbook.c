/* SPDX-License-Identifier: MIT */
#include "lossaccount.h"

#include <stdlib.h>
#include <string.h>

static void *must_have(void *block) {
    if (block == NULL)
        abort();
    return block;
}

void loss_book_note(void *ctx, const ckpt_loss *loss) {
    loss_book *book = ctx;
    if (book->count == book->room) {
        book->room = 2 * book->room + 16;
        book->records = must_have(realloc(book->records, book->room * sizeof *book->records));
    }
    size_t size = strlen(loss->name) + 1;
    loss_record *record = &book->records[book->count++];
    record->kind = loss->kind;
    record->name = must_have(malloc(size));
    memcpy(record->name, loss->name, size);
}

void loss_book_clear(loss_book *book) {
    for (size_t i = 0; i < book->count; i++)
        free(book->records[i].name);
    free(book->records);
    memset(book, 0, sizeof *book);
}

bool loss_book_has(const loss_book *book, ckpt_loss_kind kind, const char *name) {
    for (size_t i = 0; i < book->count; i++) {
        const loss_record *r = &book->records[i];
        if (r->kind == kind && (name == NULL || strcmp(r->name, name) == 0 ||
                                (*r->name == '\0' && kind != CKPT_LOSS_MODULE)))
            return true;
    }
    return false;
}
