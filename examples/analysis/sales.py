"""A table in, grouped, merged and pivoted; tables and a picture out.

Run: sandcell run --image data examples/analysis/sales.py
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

rng = np.random.default_rng(7)
days = pd.date_range("2024-01-01", "2024-12-31")
sales = pd.DataFrame(
    {
        "day": np.repeat(days, 3),
        "shop": np.tile(["north", "south", "west"], len(days)),
        "units": rng.poisson(20, 3 * len(days)),
    }
)
prices = pd.DataFrame({"shop": ["north", "south", "west"], "price": [9.5, 8.0, 10.25]})
sales.to_csv("sales.csv", index=False)

table = pd.read_csv("sales.csv", parse_dates=["day"]).merge(prices, on="shop")
table["sum"] = table["units"] * table["price"]
by_month = table.pivot_table(index=table["day"].dt.to_period("M"), columns="shop", values="sum", aggfunc="sum")
print(by_month.round(0).to_string())
by_month.set_axis(by_month.index.astype(str)).to_excel("sales.xlsx")

figure, axes = plt.subplots(figsize=(8, 4))
by_month.plot(ax=axes, marker="o")
axes.set_ylabel("sum (EUR)")
figure.savefig("sales.png")
plt.close(figure)
best = table.groupby("shop")["sum"].sum().idxmax()
print("best shop:", best)
