"""A time series: resampled, smoothed, its season found by a Fourier transform.

Run: sandcell run --image data examples/analysis/series.py
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

rng = np.random.default_rng(11)
hours = pd.date_range("2024-01-01", periods=24 * 60, freq="h", tz="UTC")
values = 10 + 3 * np.sin(2 * np.pi * np.arange(len(hours)) / 24) + rng.normal(0, 1, len(hours))
series = pd.Series(values, hours)

spectrum = np.abs(np.fft.rfft(series - series.mean()))
period = len(series) / spectrum.argmax()
daily = series.resample("D").agg(["mean", "std", "min", "max"])
smooth = series.rolling(24, center=True).mean()
print(daily.head().round(2).to_string())
print(f"period: {period:.0f} hours")

figure, axes = plt.subplots(2, 1, figsize=(8, 6), layout="constrained")
axes[0].plot(series.index, series, linewidth=0.5)
axes[0].plot(smooth.index, smooth)
axes[1].plot(spectrum)
axes[1].set_yscale("log")
figure.savefig("series.svg")
plt.close(figure)
