/* SPDX-License-Identifier: MIT */
/* Options structs of the public API. They begin with struct_size, and later versions of the library
 * append members: a caller that was compiled against another version than it runs with is served as
 * long as it does not ask for what this one does not have. */
#ifndef CK_OPTIONS_H
#define CK_OPTIONS_H

#include <ckpt/status.h>

#include <stddef.h>

/* Fills *known, of known_size bytes, from *given: what the caller does not have is zero, the safe
 * default, as is everything when given is NULL. CKPT_E_ARGUMENT when struct_size was not set, or
 * when a member that this version does not know is not zero. `what` names the struct in the
 * message. */
ckpt_status ck_options_take(void *known, size_t known_size, const void *given, const char *what,
                            ckpt_error *err);

#endif
