/* SPDX-License-Identifier: MIT */
/* Builds nets from words on standard input, runs them, and prints what comes out, for a test that
 * holds the numbers against another program. Floats are read and written in hexadecimal.
 *
 *     matmul builtin|cblas         for the nets that follow
 *     module NAME TYPE             a child of the present module; becomes the present one
 *     share NAME DOTTED            an existing module at one more place
 *     int|bool|float|string KEY VALUE    an attribute of the present module
 *     parameter NAME RANK EXTENTS VALUES
 *     end                          back to the parent
 *     forward RANK EXTENTS VALUES  runs the net of the root; prints rank, extents and values
 *     clear                        begins a new net */
#include <ckpt/build.h>
#include <ckpt/nn.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 16, RANK = 8 };

typedef struct probe {
    ckpt *c;
    ckpt_matmul matmul;
    ckpt_module path[DEPTH];
    size_t depth;
} probe;

static void die(const char *what) {
    fprintf(stderr, "net_probe: %s\n", what);
    exit(1);
}

static void must(ckpt_status status, const ckpt_error *err) {
    if (status != CKPT_OK)
        die(err->message);
}

static void read_word(char word[64]) {
    if (scanf("%63s", word) != 1)
        die("a word is missing");
}

static uint64_t read_number(void) {
    uint64_t number = 0;
    if (scanf("%" SCNu64, &number) != 1)
        die("a number is missing");
    return number;
}

/* Rank, extents, and the array's values, to be freed. */
static float *read_array(uint32_t *ret_rank, uint64_t shape[RANK]) {
    uint64_t rank = read_number();
    size_t count = 1;
    if (rank > RANK)
        die("rank");
    for (uint64_t i = 0; i < rank; i++) {
        shape[i] = read_number();
        count *= (size_t)shape[i];
    }
    float *values = malloc(count * sizeof *values + 1);
    if (values == NULL)
        die("memory");
    for (size_t i = 0; i < count; i++)
        if (scanf("%f", &values[i]) != 1)
            die("a value is missing");
    *ret_rank = (uint32_t)rank;
    return values;
}

static void clear(probe *p) {
    ckpt_error err;
    ckpt_free(p->c);
    must(ckpt_create(NULL, &p->c, &err), &err);
    p->path[0] = ckpt_root(p->c);
    p->depth = 1;
    must(ckpt_set_module_type(p->path[0], "Sequential", &err), &err);
}

static void add_module(probe *p) {
    char name[64], type[64];
    ckpt_error err;
    read_word(name);
    read_word(type);
    if (p->depth == DEPTH)
        die("depth");
    must(ckpt_add_module(p->path[p->depth - 1], name, type, &p->path[p->depth], &err), &err);
    p->depth++;
}

static void share_module(probe *p) {
    char name[64], dotted[64];
    ckpt_error err;
    read_word(name);
    read_word(dotted);
    ckpt_module shared = ckpt_find_module(ckpt_root(p->c), dotted);
    must(ckpt_share_module(p->path[p->depth - 1], name, shared, &err), &err);
}

static void set_attribute(probe *p, const char *type) {
    char key[64], value[64];
    ckpt_error err;
    read_word(key);
    read_word(value);
    ckpt_literal literal = ckpt_string(value);
    if (strcmp(type, "int") == 0)
        literal = ckpt_int(strtoll(value, NULL, 10));
    else if (strcmp(type, "bool") == 0)
        literal = ckpt_bool(strcmp(value, "true") == 0);
    else if (strcmp(type, "float") == 0)
        literal = ckpt_float(strtod(value, NULL));
    ckpt_value attributes = ckpt_module_attributes(p->path[p->depth - 1]);
    must(ckpt_map_set(attributes, key, literal, NULL, &err), &err);
}

static void add_parameter(probe *p) {
    char name[64];
    uint32_t rank;
    uint64_t shape[RANK];
    ckpt_error err;
    read_word(name);
    float *values = read_array(&rank, shape);
    must(ckpt_add_parameter(p->path[p->depth - 1], name, CKPT_F32, rank, shape, values, NULL, &err),
         &err);
    free(values);
}

static void print_array(uint32_t rank, const uint64_t *shape, const float *values) {
    size_t count = 1;
    printf("%u", (unsigned)rank);
    for (uint32_t i = 0; i < rank; i++) {
        printf(" %" PRIu64, shape[i]);
        count *= (size_t)shape[i];
    }
    for (size_t i = 0; i < count; i++)
        printf(" %a", (double)values[i]);
    printf("\n");
}

static void forward(probe *p) {
    uint32_t rank, out_rank = 0;
    uint64_t shape[RANK], out_shape[64];
    ckpt_net *net = NULL;
    ckpt_error err;
    ckpt_net_options options = {sizeof options, p->matmul};
    float *input = read_array(&rank, shape);
    must(ckpt_net_build(ckpt_root(p->c), &options, &net, &err), &err);
    must(ckpt_net_output_shape(net, rank, shape, &out_rank, out_shape, &err), &err);
    size_t count = 1;
    for (uint32_t i = 0; i < out_rank; i++)
        count *= (size_t)out_shape[i];
    float *output = malloc(count * sizeof *output + 1);
    if (output == NULL)
        die("memory");
    must(ckpt_net_forward(net, rank, shape, input, output, count, &err), &err);
    print_array(out_rank, out_shape, output);
    ckpt_net_free(net);
    free(output);
    free(input);
}

static void choose_matmul(probe *p) {
    char name[64];
    read_word(name);
    p->matmul = strcmp(name, "cblas") == 0 ? CKPT_MATMUL_CBLAS : CKPT_MATMUL_BUILTIN;
}

int main(void) {
    probe p = {.matmul = CKPT_MATMUL_DEFAULT};
    char word[64];
    clear(&p);
    while (scanf("%63s", word) == 1) {
        if (strcmp(word, "matmul") == 0)
            choose_matmul(&p);
        else if (strcmp(word, "module") == 0)
            add_module(&p);
        else if (strcmp(word, "share") == 0)
            share_module(&p);
        else if (strcmp(word, "parameter") == 0)
            add_parameter(&p);
        else if (strcmp(word, "end") == 0)
            p.depth--;
        else if (strcmp(word, "forward") == 0)
            forward(&p);
        else if (strcmp(word, "clear") == 0)
            clear(&p);
        else
            set_attribute(&p, word);
    }
    ckpt_free(p.c);
    return 0;
}
