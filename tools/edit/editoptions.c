/* SPDX-License-Identifier: MIT */
/* The command line of ckpt-edit: a file, then commands, each with a fixed number of words. */
#include "edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/tooloptions.h"

enum { FROM = 1, TENSOR, BUFFER, MODULE, CHUNK_SIZE, NO_CHECKSUMS, COMPRESS, QUIET };

static const tool_option table[] = {
    {FROM, '\0', true, "from"},
    {TENSOR, '\0', true, "tensor"},
    {BUFFER, '\0', false, "buffer"},
    {MODULE, '\0', true, "module"},
    {CHUNK_SIZE, '\0', true, "chunk-size"},
    {NO_CHECKSUMS, '\0', false, "no-checksums"},
    {COMPRESS, 'z', false, "compress"},
    {QUIET, 'q', false, "quiet"},
    {0, '\0', false, NULL},
};

static const struct {
    const char *name;
    int words;
} verbs[EDIT_VERBS] = {
    [EDIT_SET] = {"set", 1},        [EDIT_UNSET] = {"unset", 1},
    [EDIT_ATTRIBUTE] = {"attr", 2}, [EDIT_NO_ATTRIBUTE] = {"unattr", 2},
    [EDIT_TYPE] = {"type", 2},      [EDIT_RENAME] = {"rename", 2},
    [EDIT_DROP] = {"drop", 1},      [EDIT_ADD] = {"add", 1},
};

const char *edit_verb_name(edit_verb verb) {
    return verbs[verb].name;
}

static void print_help(void) {
    fputs(
        "Usage: ckpt-edit FILE COMMAND... [OPTION]...\n"
        "Changes a .ckpt file in place. All commands of one call are one new generation at the "
        "end\n"
        "of the file; numbers that are there stay where they are, and older generations can still\n"
        "be opened. If the work is cut short, the file is what it was before.\n"
        "\n"
        "Commands:\n"
        "  set KEY=VALUE             an entry of the metadata; VALUE as in a manifest: null, "
        "true,\n"
        "                            12, 0.5, text, \"quoted text\", [1, 2], {a: 1}\n"
        "  unset KEY                 takes it away\n"
        "  attr MODULE KEY=VALUE     an attribute of a module; '' is the root\n"
        "  unattr MODULE KEY         takes it away\n"
        "  type MODULE TYPE          the type of a module\n"
        "  rename NAME NEW           a tensor or module; NEW is a whole dotted name\n"
        "  drop NAME                 takes the name of a tensor or module away\n"
        "  add NAME --from FILE      a tensor: a copy of one in FILE (.npy, .safetensors, .ckpt)\n"
        "  add NAME --module TYPE    an empty module\n"
        "\n"
        "Behind add:\n"
        "      --from FILE           the file that has the tensor\n"
        "      --tensor NAME         the tensor in it, where it has several\n"
        "      --buffer              a buffer, not a parameter\n"
        "      --module TYPE         no tensor, but a module of this type\n"
        "\n"
        "For the tensors that are added:\n"
        "      --chunk-size N        bytes for each checksum: a power of two from 4096 to 2^30;\n"
        "                            default 1048576\n"
        "      --no-checksums        of the numbers; the index has one in any case\n"
        "  -z, --compress            where that makes them smaller\n"
        "\n"
        "  -q, --quiet               print nothing but errors\n"
        "  -h, --help                this text\n"
        "      --version             the version\n"
        "\n"
        "Examples:\n"
        "  ckpt-edit net.ckpt set epoch=12 set lr=0.001 unset note\n"
        "  ckpt-edit net.ckpt rename 0.fc1 0.hidden drop head\n"
        "  ckpt-edit net.ckpt add head --module Linear add head.weight --from weight.npy\n"
        "\n"
        "Exit status: 0 fine, 1 something is bad and the file is as it was, 2 wrong usage.\n",
        stdout);
}

static edit_command *last_command(const edit_options *o) {
    return o->command_count != 0 ? &o->commands[o->command_count - 1] : NULL;
}

static bool is_complete(const edit_command *command) {
    return command == NULL || command->word_count == verbs[command->verb].words;
}

static int begin_command(edit_options *o, const char *word) {
    for (int verb = 0; verb < EDIT_VERBS; verb++) {
        if (strcmp(verbs[verb].name, word) != 0)
            continue;
        edit_command command = {.verb = (edit_verb)verb};
        o->commands =
            tool_grow(o->commands, o->command_count, &o->command_room, sizeof *o->commands);
        o->commands[o->command_count++] = command;
        return TOOL_FINE;
    }
    return tool_misuse(EDIT, "'%s' is no command", word);
}

static int take_word(edit_options *o, const char *word) {
    edit_command *command = last_command(o);
    if (o->path == NULL)
        o->path = word;
    else if (is_complete(command))
        return begin_command(o, word);
    else
        command->words[command->word_count++] = word;
    return TOOL_FINE;
}

static int take_option_of_add(edit_options *o, int id, const char *value) {
    edit_command *command = last_command(o);
    if (command == NULL || command->verb != EDIT_ADD || !is_complete(command))
        return tool_misuse(EDIT,
                           "--from, --tensor, --buffer and --module belong behind 'add NAME'");
    switch (id) {
    case FROM: command->from = value; break;
    case TENSOR: command->tensor = value; break;
    case MODULE: command->module = value; break;
    default: command->is_buffer = true; break;
    }
    return TOOL_FINE;
}

static int take_option(edit_options *o, int id, const char *value) {
    switch (id) {
    case TOOL_OPERAND: return take_word(o, value);
    case NO_CHECKSUMS: o->save.no_checksums = true; break;
    case COMPRESS: o->save.compress = true; break;
    case QUIET: o->quiet = true; break;
    case CHUNK_SIZE:
        if (!tool_read_u64(value, 4096, (uint64_t)1 << 30, &o->save.chunk_size) ||
            (o->save.chunk_size & (o->save.chunk_size - 1)) != 0)
            return tool_misuse(
                EDIT, "--chunk-size takes a power of two from 4096 to 2^30, not '%s'", value);
        break;
    default: return take_option_of_add(o, id, value);
    }
    return TOOL_FINE;
}

static int check_options(const edit_options *o) {
    if (o->path == NULL)
        return tool_misuse(EDIT, "no file is given");
    if (o->command_count == 0)
        return tool_misuse(EDIT, "no command is given");
    for (size_t i = 0; i < o->command_count; i++) {
        const edit_command *command = &o->commands[i];
        if (!is_complete(command))
            return tool_misuse(EDIT, "'%s' needs %d word%s", verbs[command->verb].name,
                               verbs[command->verb].words,
                               verbs[command->verb].words == 1 ? "" : "s");
        if (command->verb == EDIT_ADD && (command->from == NULL) == (command->module == NULL))
            return tool_misuse(EDIT, "'add %s' needs --from FILE or --module TYPE",
                               command->words[0]);
        if (command->from == NULL && (command->tensor != NULL || command->is_buffer))
            return tool_misuse(EDIT, "--tensor and --buffer go with --from");
    }
    return -1;
}

int edit_read_options(int argc, char **argv, edit_options *ret_options) {
    tool_arguments arguments = tool_arguments_of(EDIT, table, argc, argv);
    ret_options->save.struct_size = sizeof ret_options->save;
    for (;;) {
        int id = tool_next(&arguments);
        switch (id) {
        case TOOL_END: return check_options(ret_options);
        case TOOL_BAD: return TOOL_USAGE;
        case TOOL_HELP: print_help(); return TOOL_FINE;
        case TOOL_VERSION: tool_print_version(EDIT); return TOOL_FINE;
        default: break;
        }
        int status = take_option(ret_options, id, arguments.value);
        if (status != TOOL_FINE)
            return status;
    }
}

void edit_free_options(edit_options *options) {
    free(options->commands);
}
