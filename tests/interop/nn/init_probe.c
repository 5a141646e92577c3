/* SPDX-License-Identifier: MIT */
/* Initialises tensors as told by words on standard input and prints their bytes in hexadecimal, for
 * a test that holds them against another program.
 *
 *     seed NUMBER
 *     fill DTYPE RANK EXTENTS RECIPE KEY VALUE ... ;
 *
 * with the keys value low high mean std gain a, mode (fan_in, fan_out) and nonlinearity. */
#include <ckpt/build.h>
#include <ckpt/init.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANK = 8 };

static void die(const char *what) {
    fprintf(stderr, "init_probe: %s\n", what);
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

static double *number_named(ckpt_init *init, const char *key) {
    const struct {
        const char *name;
        double *place;
    } numbers[] = {{"value", &init->value}, {"low", &init->low}, {"high", &init->high},
                   {"mean", &init->mean},   {"std", &init->std}, {"gain", &init->gain},
                   {"a", &init->a}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(numbers[i].name, key) == 0)
            return numbers[i].place;
    die(key);
    return NULL;
}

/* nonlinearity gets the text that the recipe points to. */
static ckpt_init read_recipe(char nonlinearity[64]) {
    char word[64], value[64];
    read_word(word);
    ckpt_init init = ckpt_init_default(ckpt_init_named(word));
    for (read_word(word); strcmp(word, ";") != 0; read_word(word)) {
        read_word(value);
        if (strcmp(word, "mode") == 0)
            init.fan_out = strcmp(value, "fan_out") == 0;
        else if (strcmp(word, "nonlinearity") == 0)
            init.nonlinearity = strcpy(nonlinearity, value);
        else
            *number_named(&init, word) = strtod(value, NULL);
    }
    return init;
}

static void print_bytes(ckpt_tensor tensor) {
    size_t size = (size_t)ckpt_tensor_nbytes(tensor);
    unsigned char *bytes = malloc(size + 1);
    ckpt_error err;
    if (bytes == NULL)
        die("memory");
    must(ckpt_tensor_read(tensor, bytes, size, &err), &err);
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    printf("\n");
    free(bytes);
}

static void fill(ckpt_rng *rng) {
    char dtype[64], nonlinearity[64];
    uint64_t shape[RANK];
    read_word(dtype);
    uint64_t rank = read_number();
    if (rank > RANK)
        die("rank");
    for (uint64_t i = 0; i < rank; i++)
        shape[i] = read_number();
    ckpt_init init = read_recipe(nonlinearity);
    ckpt *c = NULL;
    ckpt_tensor tensor;
    ckpt_error err;
    must(ckpt_create(NULL, &c, &err), &err);
    must(ckpt_add_parameter(ckpt_root(c), "t", ckpt_dtype_named(dtype), (uint32_t)rank, shape, NULL,
                            &tensor, &err),
         &err);
    must(ckpt_init_tensor(tensor, &init, rng, &err), &err);
    print_bytes(tensor);
    ckpt_free(c);
}

int main(void) {
    static ckpt_rng rng;
    char word[64];
    ckpt_rng_seed(&rng, 0);
    while (scanf("%63s", word) == 1) {
        if (strcmp(word, "seed") == 0)
            ckpt_rng_seed(&rng, read_number());
        else if (strcmp(word, "fill") == 0)
            fill(&rng);
        else
            die(word);
    }
    return 0;
}
