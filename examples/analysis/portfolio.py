"""Prices of several shares: returns, risk, correlations, drawdown, and a month-end table.

Run: sandcell run --image data examples/analysis/portfolio.py
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

rng = np.random.default_rng(2)
days = pd.bdate_range("2023-01-02", "2024-12-31", name="day")
common = rng.normal(0.0003, 0.008, len(days))
returns = {name: factor * common + rng.normal(0, 0.006, len(days)) for name, factor in [("A", 0.5), ("B", 1.0), ("C", 1.5)]}
long = (100 * (1 + pd.DataFrame(returns, days)).cumprod()).round(4).reset_index().melt("day", var_name="share", value_name="price")
long.to_csv("prices.csv", index=False)

prices = pd.read_csv("prices.csv", parse_dates=["day"]).pivot(index="day", columns="share", values="price")
daily = prices.pct_change().dropna()
risk = daily.std() * np.sqrt(252)
correlation = daily.corr()
drawdown = (prices / prices.cummax() - 1).min()
monthly = prices.resample("ME").last().pct_change().dropna()
print(pd.DataFrame({"risk": risk, "drawdown": drawdown}).round(3).to_string())
print(correlation.round(2).to_string())

# The mix of least risk: the solution of a linear system.
weights = np.linalg.solve(daily.cov(), np.ones(3))
weights /= weights.sum()
print("least risk:", dict(zip(prices.columns, weights.round(2).tolist())))

figure, (top, bottom) = plt.subplots(2, 1, sharex=True, layout="constrained")
prices.plot(ax=top, legend=True)
daily.rolling(60).std().plot(ax=bottom, legend=False)
figure.savefig("portfolio.svg")
plt.close(figure)
monthly.to_csv("monthly.csv", float_format="%.5f")
mix = np.sqrt(weights @ daily.cov() @ weights)
assert mix <= daily.std().min() and len(monthly) == 23
