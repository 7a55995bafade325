"""A regression by least squares, with its errors and a picture of the rest.

Run: sandcell run --image data examples/analysis/regression.py
"""

import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(3)
n = 500
inputs = np.column_stack([np.ones(n), rng.normal(size=n), rng.uniform(-1, 1, n)])
output = inputs @ [2.0, -1.5, 0.5] + rng.normal(0, 0.1, n)

found, *_ = np.linalg.lstsq(inputs, output, rcond=None)
rest = output - inputs @ found
variance = rest @ rest / (n - 3)
errors = np.sqrt(np.diag(variance * np.linalg.inv(inputs.T @ inputs)))
for name, value, error in zip(["constant", "a", "b"], found, errors):
    print(f"{name:8} {value:7.3f} +- {error:.3f}")

figure, axes = plt.subplots()
axes.hist(rest, bins=30)
axes.set_title("what is left")
figure.savefig("rest.pdf")
plt.close(figure)
assert np.allclose(found, [2.0, -1.5, 0.5], atol=0.05)
