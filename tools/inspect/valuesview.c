/* SPDX-License-Identifier: MIT */
/* --values: the numbers of a tensor or of a slice of it, printed in brackets as numpy does. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/elements.h"
#include "../common/slicing.h"
#include "inspect.h"

/* As numpy: up to so many elements are all shown, else EDGE of them at both ends of a dimension;
 * rows are broken to fit so many columns. */
enum { THRESHOLD = 1000, EDGE = 3, MOST_SHOWN = 20000, COLUMNS = 80 };

typedef struct printing {
    elements elements;
    ckpt_tensor tensor;
    slice slices[SLICE_MAX_RANK];
    uint32_t rank; /* dimensions that are left, and their numbers */
    uint32_t kept[SLICE_MAX_RANK];
    uint64_t start; /* element of the storage */
    uint64_t edge;  /* 0: all are shown */
    bool measuring;
    size_t left, right; /* most characters before the point, and from it on */
    size_t word;        /* most characters of what has no point: nan, True */
    ckpt_error err;
    bool failed;
} printing;

static bool is_gap(const printing *p, uint64_t i, uint64_t count) {
    return p->edge != 0 && count > 2 * p->edge && i == p->edge;
}

static uint64_t step_of(const printing *p, uint32_t level) {
    uint32_t d = p->kept[level];
    return (uint64_t)p->slices[d].step * ckpt_tensor_stride(p->tensor, d);
}

static void print_text(const printing *p, const char *string) {
    if (!p->measuring)
        fputs(string, stdout);
}

/* Whether it is aligned at the point or the exponent, which is at *ret_left. */
static bool has_point(const char *number, size_t *ret_left) {
    *ret_left = strcspn(number, ".e");
    return number[*ret_left] != '\0' && *ret_left != 0 && number[*ret_left - 1] <= '9';
}

static void measure(printing *p, const char *number) {
    size_t left, size = strlen(number);
    if (!has_point(number, &left)) {
        p->word = size > p->word ? size : p->word;
        return;
    }
    p->left = left > p->left ? left : p->left;
    p->right = size - left > p->right ? size - left : p->right;
}

/* An element, aligned at the decimal point. */
static void print_number(printing *p, uint64_t element) {
    number_text number;
    if (p->failed || elements_text(&p->elements, element, &number, &p->err) != CKPT_OK) {
        p->failed = true;
        return;
    }
    if (p->measuring) {
        measure(p, number.text);
        return;
    }
    size_t left, width = p->left + p->right;
    if (has_point(number.text, &left)) {
        size_t right = strlen(number.text) - left;
        printf("%*s%s%*s", (int)(p->left - left), "", number.text, (int)(p->right - right), "");
    } else {
        printf("%*s", (int)width, number.text);
    }
}

/* What stands between two elements of a row: a comma, and a new line where the next of so many
 * characters would not fit. */
static void print_separator(const printing *p, size_t *column, size_t next, int indent) {
    if (p->measuring)
        return;
    bool fits = *column + next + 3 <= COLUMNS;
    if (fits)
        fputs(", ", stdout);
    else
        printf(",\n%*s", indent, "");
    *column = (fits ? *column + 2 : (size_t)indent) + next;
}

static void print_row(printing *p, uint64_t element, uint64_t count, uint64_t step, int indent) {
    size_t width = p->left + p->right, column = (size_t)indent + width;
    for (uint64_t i = 0; i < count && !p->failed && !ferror(stdout); i++) {
        if (is_gap(p, i, count)) {
            print_separator(p, &column, 3, indent);
            print_text(p, "...");
            i = count - p->edge;
        }
        if (i != 0)
            print_separator(p, &column, width, indent);
        print_number(p, element + i * step);
    }
}

static void print_level(printing *p, uint32_t level, uint64_t element) {
    if (level == p->rank) {
        print_number(p, element);
        return;
    }
    uint64_t count = p->slices[p->kept[level]].count, step = step_of(p, level);
    int indent = (int)level + 1;
    print_text(p, "[");
    if (level + 1 == p->rank) {
        print_row(p, element, count, step, indent);
        print_text(p, "]");
        return;
    }
    for (uint64_t i = 0; i < count && !p->failed && !ferror(stdout); i++) {
        if (!p->measuring && i != 0)
            printf(",\n%*s", indent, "");
        if (is_gap(p, i, count)) {
            if (!p->measuring)
                printf("...,\n%*s", indent, "");
            i = count - p->edge;
        }
        print_level(p, level + 1, element + i * step);
    }
    print_text(p, "]");
}

/* How many numbers an edge shows; saturating. edge 0 stands for all. */
static uint64_t shown_with(const printing *p, uint64_t edge) {
    uint64_t shown = 1;
    bool none = false;
    for (uint32_t i = 0; i < p->rank; i++) {
        uint64_t count = p->slices[p->kept[i]].count;
        if (edge != 0 && count > 2 * edge)
            count = 2 * edge;
        none = none || count == 0;
        shown = count != 0 && shown > UINT64_MAX / count ? UINT64_MAX : shown * count;
    }
    return none ? 0 : shown;
}

static bool choose_edge(printing *p, bool full) {
    if (full || shown_with(p, 0) <= THRESHOLD)
        return true;
    for (p->edge = EDGE; p->edge > 0; p->edge--) {
        if (shown_with(p, p->edge) <= MOST_SHOWN)
            return true;
    }
    return false;
}

static void print_heading(const inspection *in, const printing *p, const char *argument) {
    textbuf t = {0};
    uint64_t shape[SLICE_MAX_RANK];
    text_add_escaped(&t, argument, 0);
    terminal_put(&in->terminal, STYLE_NAME, text_string(&t));
    text_clear(&t);
    for (uint32_t i = 0; i < p->rank; i++)
        shape[i] = p->slices[p->kept[i]].count;
    text_addf(&t, "  %s ", p->elements.dtype.name);
    number_add_list(&t, shape, p->rank);
    terminal_put(&in->terminal, STYLE_TYPE, text_string(&t));
    putchar('\n');
    text_free(&t);
}

static int print_tensor(const inspection *in, printing *p, const char *argument) {
    if (!choose_edge(p, in->options.full))
        return tool_fail(INSPECT, "%s: too many dimensions to show; give a slice, or --full",
                         argument);
    bool empty = shown_with(p, p->edge) == 0;
    /* Once to measure, once to print. */
    p->measuring = true;
    if (!empty)
        print_level(p, 0, p->start);
    p->measuring = false;
    if (p->word > p->left + p->right)
        p->left = p->word - p->right;
    if (!p->failed) {
        print_heading(in, p, argument);
        if (empty)
            fputs("[]", stdout);
        else
            print_level(p, 0, p->start);
        putchar('\n');
    }
    return p->failed ? tool_fail(INSPECT, "%s", p->err.message) : TOOL_FINE;
}

static void apply_slices(printing *p) {
    p->start = ckpt_tensor_storage_offset(p->tensor);
    for (uint32_t d = 0; d < ckpt_tensor_rank(p->tensor); d++) {
        if (p->slices[d].count != 0)
            p->start += (uint64_t)p->slices[d].start * ckpt_tensor_stride(p->tensor, d);
        if (!p->slices[d].is_index)
            p->kept[p->rank++] = d;
    }
}

/* Finds the tensor, and the text of the slice behind it: "" when the whole argument is a name. */
static ckpt_tensor find(const inspection *in, const char *argument, char **ret_slice) {
    ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(in->c), argument);
    size_t size = strlen(argument);
    *ret_slice = tool_new(size + 1, 1);
    if (ckpt_tensor_exists(tensor) || size == 0 || argument[size - 1] != ']')
        return tensor;
    const char *bracket = strrchr(argument, '[');
    if (bracket == NULL)
        return tensor;
    memcpy(*ret_slice, argument, (size_t)(bracket - argument));
    tensor = ckpt_find_tensor(ckpt_root(in->c), *ret_slice);
    size_t inside = (size_t)(argument + size - 1 - (bracket + 1));
    memcpy(*ret_slice, bracket + 1, inside);
    (*ret_slice)[inside] = '\0';
    return tensor;
}

static int show(const inspection *in, const char *argument, const char *slice_text, printing *p) {
    char message[128];
    if (!ckpt_tensor_exists(p->tensor))
        return tool_fail(INSPECT, "%s: no tensor is named '%s'", in->options.path, argument);
    if (!elements_open(&p->elements, p->tensor))
        return tool_fail(INSPECT, "%s: values of type '%s' cannot be shown", argument,
                         ckpt_tensor_dtype_info(p->tensor).name);
    int status = TOOL_FINE;
    if (slice_read(slice_text, ckpt_tensor_rank(p->tensor), ckpt_tensor_shape(p->tensor), p->slices,
                   message, sizeof message)) {
        apply_slices(p);
        status = print_tensor(in, p, argument);
    } else {
        status = tool_fail(INSPECT, "%s: %s", argument, message);
    }
    elements_close(&p->elements);
    return status;
}

int view_values(const inspection *in, const char *argument) {
    printing *p = tool_new(1, sizeof *p);
    char *slice_text;
    p->tensor = find(in, argument, &slice_text);
    int status = show(in, argument, slice_text, p);
    free(slice_text);
    free(p);
    return status;
}
