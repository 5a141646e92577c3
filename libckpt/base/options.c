/* SPDX-License-Identifier: MIT */
#include "base/options.h"

#include "base/error.h"

#include <string.h>

ckpt_status ck_options_take(void *known, size_t known_size, const void *given, const char *what,
                            ckpt_error *err) {
    const unsigned char *bytes = given;
    size_t size = known_size;
    memset(known, 0, known_size);
    if (given != NULL) {
        memcpy(&size, given, sizeof size);
        if (size < sizeof size)
            return ck_fail(err, CKPT_E_ARGUMENT, "the struct_size of the %s is not set", what);
        for (size_t i = known_size; i < size; i++) {
            if (bytes[i] != 0)
                return ck_fail(err, CKPT_E_ARGUMENT,
                               "the %s ask for something that this version does not have", what);
        }
        memcpy(known, given, size < known_size ? size : known_size);
    }
    memcpy(known, &known_size, sizeof known_size);
    return CKPT_OK;
}
