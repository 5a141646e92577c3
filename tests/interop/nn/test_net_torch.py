"""Random nets of every operator, run by the library and by PyTorch.

    test_net_torch.py NET_PROBE builtin|cblas ...
"""

import pathlib
import random
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

torch = tap.need("torch")
nn = torch.nn
PROBE, PRODUCTS = sys.argv[1], sys.argv[2:]

# Differences come from the order of summation alone.
RTOL, ATOL = 1e-5, 2e-6


def words_of_array(tensor):
    values = " ".join(map(float.hex, tensor.detach().double().flatten().tolist()))
    return f"{tensor.dim()} {' '.join(map(str, tensor.shape))} {values}"


def attributes(module):
    """The words that give a module's constructor arguments, as torch prints and keeps them."""
    if isinstance(module, nn.Linear):
        yield f"int in_features {module.in_features}"
        yield f"int out_features {module.out_features}"
        yield f"bool bias {'true' if module.bias is not None else 'false'}"
    for name, kind in [("negative_slope", "float"), ("p", "float"), ("dim", "int"),
                       ("start_dim", "int"), ("end_dim", "int"), ("approximate", "string")]:
        value = getattr(module, name, None)
        if value is not None:
            yield f"{kind} {name} {value}"
    if getattr(module, "inplace", None) is not None:
        yield f"bool inplace {'true' if module.inplace else 'false'}"


def words_of_members(module, prefix="", seen=None):
    seen = {} if seen is None else seen
    yield from attributes(module)
    for name, parameter in module.named_parameters(recurse=False):
        yield f"parameter {name} {words_of_array(parameter)}"
    for name, child in module._modules.items():
        if child in seen:
            yield f"share {name} {seen[child]}"
            continue
        seen[child] = prefix + name
        yield f"module {name} {type(child).__name__}"
        yield from words_of_members(child, f"{prefix}{name}.", seen)
        yield "end"


def parse_array(line):
    words = line.split()
    rank = int(words[0])
    shape = [int(w) for w in words[1:1 + rank]]
    values = [float.fromhex(w) for w in words[1 + rank:]]
    return torch.tensor(values, dtype=torch.float32).reshape(shape)


def compare(nets):
    """Runs every (net, input) with every product and compares with torch."""
    for product in PRODUCTS:
        script = [f"matmul {product}"]
        for net, x in nets:
            script += ["clear", *words_of_members(net), f"forward {words_of_array(x)}"]
        run = subprocess.run([PROBE], input="\n".join(script), text=True, capture_output=True)
        tap.equal((run.returncode, run.stderr), (0, ""), "net_probe")
        lines = run.stdout.splitlines()
        tap.equal(len(lines), len(nets), "outputs")
        for (net, x), line in zip(nets, lines):
            with torch.no_grad():
                wanted = net.eval()(x.clone())
            got = parse_array(line)
            tap.equal(got.shape, wanted.shape, f"shape of {net}")
            if not torch.allclose(got, wanted, rtol=RTOL, atol=ATOL, equal_nan=True):
                worst = (got - wanted).abs().max()
                raise AssertionError(f"{product}: {net}\ninput {tuple(x.shape)}: off by {worst}")


def net_of(*modules):
    return nn.Sequential(*modules)


POINTWISE = [nn.ReLU(), nn.ReLU(inplace=True), nn.LeakyReLU(), nn.LeakyReLU(0.3),
             nn.LeakyReLU(-1.5), nn.Tanh(), nn.Sigmoid(), nn.GELU(), nn.GELU("tanh"), nn.SiLU(),
             nn.Identity(),
             nn.Dropout(), nn.Dropout(0.9)]


def test_pointwise_operators_over_a_wide_range():
    line = torch.cat([torch.linspace(-30, 30, 2001), torch.logspace(-8, 1.6, 300),
                      -torch.logspace(-8, 1.6, 300)])
    compare([(net_of(module), line.reshape(-1, 1)) for module in POINTWISE])


def test_pointwise_operators_on_nan_infinities_and_zeros():
    special = torch.tensor([[float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 3e38, -3e38]])
    exact_gelu = [m for m in POINTWISE if isinstance(m, nn.GELU) and m.approximate == "none"]
    compare([(net_of(m), special) for m in POINTWISE if m not in exact_gelu])
    # torch's vectorised erf form makes NaN of GELU(inf) on some CPUs; the limit is inf.
    compare([(net_of(m), special[special.abs() < 1].reshape(1, -1)) for m in exact_gelu])
    compare([(net_of(m), special[:, :1]) for m in exact_gelu])


def test_softmax_along_every_dimension():
    torch.manual_seed(1)
    x = torch.randn(3, 4, 5) * 10
    compare([(net_of(kind(dim)), x) for kind in (nn.Softmax, nn.LogSoftmax)
             for dim in range(-3, 3)])


def test_softmax_of_lines_that_overflow_or_hold_no_number():
    inf, nan = float("inf"), float("nan")
    x = torch.tensor([[1e30, 0, -1e30], [-inf, 0, 1], [-inf, -inf, -inf], [nan, 0, 1],
                      [100, 100, 101]])
    compare([(net_of(kind(1)), x) for kind in (nn.Softmax, nn.LogSoftmax)])


def test_flatten_of_every_range_of_dimensions():
    x = torch.arange(120.0).reshape(2, 3, 4, 5)
    compare([(net_of(nn.Flatten(a, b)), x) for a in range(-4, 4) for b in range(-4, 4)
             if a % 4 <= b % 4] + [(net_of(nn.Flatten(0)), torch.tensor(2.0))])


def test_linear_of_many_sizes():
    torch.manual_seed(2)
    sizes = [1, 2, 3, 7, 8, 9, 16, 31, 64, 257, 600]
    random.seed(2)
    compare([(net_of(nn.Linear(i, o, bias=random.random() < 0.7)), torch.randn(b, i))
             for i in sizes for o in random.sample(sizes, 3) for b in random.sample(sizes[:8], 2)])


def test_linear_takes_inputs_of_any_rank_and_without_elements():
    torch.manual_seed(3)
    shapes = [(5,), (2, 5), (2, 3, 5), (2, 1, 3, 5), (0, 5), (2, 0, 5)]
    compare([(net_of(nn.Linear(5, 3)), torch.randn(shape)) for shape in shapes])


def test_one_layer_at_several_places():
    torch.manual_seed(4)
    shared = nn.Linear(6, 6)
    block = net_of(shared, nn.Tanh(), shared)
    compare([(net_of(block, nn.GELU(), shared, block, net_of(block, shared)), torch.randn(4, 6))])


def random_operator(rng, features):
    """A module for inputs of shape [batch, features], and the features that it gives."""
    choice = rng.randrange(4)
    if choice == 0:
        wider = rng.choice([1, 3, 8, 17, 40])
        return nn.Linear(features, wider, bias=rng.random() < 0.7), wider
    if choice == 1:
        return rng.choice([nn.Softmax, nn.LogSoftmax])(rng.choice([1, -1])), features
    if choice == 2:
        return nn.Flatten(), features
    return rng.choice(POINTWISE), features


def random_net(rng, features, depth=0):
    modules = []
    for _ in range(rng.randrange(1, 6)):
        if depth < 3 and rng.random() < 0.25:
            module, features = random_net(rng, features, depth + 1)
        else:
            module, features = random_operator(rng, features)
        modules.append(module)
        if isinstance(module, nn.Linear) and module.in_features == features:
            modules.append(module)
    return net_of(*modules), features


def test_random_nets():
    torch.manual_seed(5)
    rng = random.Random(5)
    nets = []
    for _ in range(150):
        features = rng.choice([1, 4, 13, 32])
        batch = rng.choice([1, 2, 5, 16])
        nets.append((random_net(rng, features)[0], torch.randn(batch, features)))
    compare(nets)


tap.main(globals())
