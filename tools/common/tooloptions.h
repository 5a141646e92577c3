/* SPDX-License-Identifier: MIT */
/* The command line of a tool, taken apart one option or operand at a time. Options and operands may
 * be mixed; "--" ends the options. Long options take "--name value" and "--name=value", short ones
 * "-o value" and "-ovalue". Names are never abbreviated: a script must not break when another
 * option comes to share its first letters. */
#ifndef TOOLOPTIONS_H
#define TOOLOPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum { TOOL_END = 0, TOOL_OPERAND = -1, TOOL_BAD = -2, TOOL_HELP = -3, TOOL_VERSION = -4 };

typedef struct tool_option {
    int id;      /* what tool_next returns; greater than 0; the table ends with 0 */
    char letter; /* '\0' for none */
    bool has_value;
    const char *name;
} tool_option;

typedef struct tool_arguments {
    const char *tool;
    const tool_option *options;
    int count;
    char **words;
    int next;
    bool operands_only;
    const char *value; /* of the option, or the operand */
} tool_arguments;

tool_arguments tool_arguments_of(const char *tool, const tool_option *options, int argc,
                                 char **argv);
/* The id of the next option, TOOL_OPERAND, TOOL_END; TOOL_HELP or TOOL_VERSION, which every tool
 * has; TOOL_BAD when what follows is wrong, which has been said on stderr. */
int tool_next(tool_arguments *arguments);

/* Numbers of options; false when the text is none or leaves the range. */
bool tool_read_u64(const char *text, uint64_t low, uint64_t high, uint64_t *ret_value);
/* Bytes: a number, and perhaps a unit behind it: K, M, G, T or KiB, MiB, GiB, TiB for powers of
 * 1024, KB, MB, GB, TB for powers of 1000. */
bool tool_read_size(const char *text, uint64_t low, uint64_t high, uint64_t *ret_value);
bool tool_read_double(const char *text, double *ret_value);

/* "TOOL (libckpt) VERSION" on stdout. */
void tool_print_version(const char *tool);

#endif
