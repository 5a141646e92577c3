/* SPDX-License-Identifier: MIT */
/* Initialising tensors. Names, formulas and defaults are those of torch.nn.init:
 *
 *     xavier   std = gain * sqrt(2 / (fan_in + fan_out))   (Glorot and Bengio, 2010)
 *     kaiming  std = calculate_gain(nonlinearity, a) / sqrt(fan)   (He et al., 2015)
 *
 * normal draws from N(0, std^2), uniform from [-sqrt(3) std, sqrt(3) std). */
#ifndef CKPT_INIT_H
#define CKPT_INIT_H

#include <ckpt/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ckpt_init_kind {
    CKPT_INIT_NONE = 0,
    CKPT_INIT_ZEROS,
    CKPT_INIT_ONES,
    CKPT_INIT_CONSTANT,        /* value */
    CKPT_INIT_UNIFORM,         /* low, high */
    CKPT_INIT_NORMAL,          /* mean, std */
    CKPT_INIT_XAVIER_UNIFORM,  /* gain */
    CKPT_INIT_XAVIER_NORMAL,   /* gain */
    CKPT_INIT_KAIMING_UNIFORM, /* a, fan_out, nonlinearity */
    CKPT_INIT_KAIMING_NORMAL
} ckpt_init_kind;

/* A recipe. A struct of zeros with a kind is not yet the default recipe: ckpt_init_default gives
 * that (gain 1, high 1, std 1, a 0, leaky_relu). */
typedef struct ckpt_init {
    ckpt_init_kind kind;
    double value;
    double low, high;
    double mean, std;
    double gain;
    double a;                 /* negative slope of leaky_relu */
    bool fan_out;             /* mode fan_out, else fan_in */
    const char *nonlinearity; /* as torch.nn.init.calculate_gain: "linear", "conv1d" to "conv3d",
                                 "conv_transpose1d" to "conv_transpose3d", "sigmoid", "tanh",
                                 "relu", "leaky_relu", "selu"; NULL: "leaky_relu" */
} ckpt_init;

CKPT_API ckpt_init ckpt_init_default(ckpt_init_kind kind);
/* "xavier_uniform" and so on; CKPT_INIT_NONE for a name that is none. */
CKPT_API ckpt_init_kind ckpt_init_named(const char *name);
CKPT_API const char *ckpt_init_name(ckpt_init_kind kind); /* "" for one that is none */

/* A stream of random numbers: MT19937 (Matsumoto and Nishimura, 1998), as torch's CPU generator
 * runs it. The members are the library's; a copy of the struct is a copy of the stream. */
typedef struct ckpt_rng {
    uint32_t state[624];
    uint32_t next;
    bool has_normal; /* normal holds the second half of a pair drawn before */
    double normal;
} ckpt_rng;

/* As torch.manual_seed: the generator takes the low 32 bits of the seed. */
CKPT_API void ckpt_rng_seed(ckpt_rng *rng, uint64_t seed);

/* Fills a tensor whose storage is writable (ckpt_storage_create): f16, bf16, f32 or f64; zeros,
 * ones and constant take bool and the integer types too and need no rng (NULL). A tensor without
 * elements is left alone.
 *
 * uniform draws, bit for bit, what torch.nn.init draws from the same generator state on an x86-64
 * CPU with FMA instructions; normal draws the same numbers up to a few units in the last place of
 * the standard normal (torch's own paths for different CPUs differ by as much). Both leave the
 * generator in the state in which torch leaves it. A strided tensor gets the values of a dense one,
 * in row-major order of its elements.
 *
 * CKPT_E_SHAPE: the recipe needs fans (rank of at least 2: fan_in is extent 1 and fan_out extent 0,
 * each times the product of the extents behind them). CKPT_E_UNSUPPORTED: dtype. CKPT_E_ARGUMENT:
 * no tensor, recipe or rng, a storage that is not writable, elements that overlap, an unknown
 * nonlinearity, parameters that are not finite, low > high, std < 0, a constant that the dtype
 * does not hold. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_init_tensor(ckpt_tensor tensor, const ckpt_init *init,
                                                      ckpt_rng *rng, ckpt_error *err);

#ifdef __cplusplus
}
#endif
#endif
