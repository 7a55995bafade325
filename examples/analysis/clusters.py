"""Groups found by k-means, written with numpy alone, and drawn; the points go out as JSON.

Run: sandcell run --image data examples/analysis/clusters.py
"""

import json

import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(8)
centres = np.array([[0.0, 0.0], [4.0, 1.0], [1.0, 5.0]])
points = np.concatenate([rng.normal(centre, 0.7, size=(150, 2)) for centre in centres])


def k_means(points, count, rounds=50):
    found = points[[0]]
    while len(found) < count:  # each further start is the point farthest from all others
        distances = ((points[:, None] - found) ** 2).sum(-1).min(1)
        found = np.vstack([found, points[distances.argmax()]])
    for _ in range(rounds):
        nearest = ((points[:, None] - found) ** 2).sum(-1).argmin(1)
        moved = np.array([points[nearest == index].mean(0) for index in range(count)])
        if np.allclose(moved, found):
            break
        found = moved
    return found, nearest


found, nearest = k_means(points, 3)
order = np.lexsort(found.T)
found, nearest = found[order], np.argsort(order)[nearest]
for centre, size in zip(found, np.bincount(nearest)):
    print(f"({centre[0]:5.2f}, {centre[1]:5.2f}) {size}")

figure, axes = plt.subplots()
axes.scatter(*points.T, c=nearest, s=8)
axes.scatter(*found.T, marker="x", c="black")
figure.savefig("clusters.png")
plt.close(figure)
with open("clusters.json", "w") as file:
    json.dump({"centres": found.round(3).tolist(), "sizes": np.bincount(nearest).tolist()}, file)
assert np.allclose(found, centres[[0, 1, 2]], atol=0.25)
