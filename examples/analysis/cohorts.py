"""Cohorts: how many customers of each month come back, as a table and a picture of it.

Run: sandcell run --image data examples/analysis/cohorts.py
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

rng = np.random.default_rng(5)
customers = pd.DataFrame({"customer": np.arange(600), "first": rng.integers(0, 6, 600)})
visits = customers.loc[customers.index.repeat(6 - customers["first"])].copy()
visits["age"] = visits.groupby("customer").cumcount()
stays = rng.random(len(visits)) < 0.75 ** visits["age"]
visits = visits[stays | (visits["age"] == 0)]
visits["month"] = pd.period_range("2024-01", periods=6, freq="M")[(visits["first"] + visits["age"]).to_numpy()]
visits[["customer", "month"]].to_csv("visits.csv", index=False)

log = pd.read_csv("visits.csv")
log["month"] = pd.PeriodIndex(log["month"], freq="M")
log["cohort"] = log.groupby("customer")["month"].transform("min")
log["age"] = (log["month"] - log["cohort"]).map(lambda distance: distance.n)
counts = log.pivot_table(index="cohort", columns="age", values="customer", aggfunc="nunique")
share = counts.div(counts[0], axis=0)
print((share * 100).round(1).to_string(na_rep=""))
print("customers:", int(counts[0].sum()))

figure, axes = plt.subplots(figsize=(6, 4))
picture = axes.imshow(share, cmap="viridis", vmin=0, vmax=1)
axes.set_yticks(range(len(share)), share.index.astype(str))
axes.set_xlabel("months later")
figure.colorbar(picture, label="share")
figure.savefig("cohorts.png")
plt.close(figure)
assert counts[0].sum() == 600 and (share[0] == 1).all()
