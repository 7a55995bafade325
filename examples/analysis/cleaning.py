"""A messy CSV in, a clean one out: numbers with commas, several forms of dates, gaps, doubles, outliers.

Run: sandcell run --image data examples/analysis/cleaning.py
"""

import io

import pandas as pd

RAW = """Station;Day;Temp (C);Rain
 Oslo ;2024-03-01;"4,5";0
oslo;01.03.2024;"4,5";0
Bergen;2024-03-01;;12
Bergen;2024-03-02;7,1;n/a
Oslo;2024-03-02;5,0;3
Oslo;2024-03-03;451;1
Bergen;03.03.2024;6,9;20
Oslo;no date;6,0;2
"""

raw = pd.read_csv(io.StringIO(RAW), sep=";", decimal=",", na_values=["n/a"])
raw.columns = ["station", "day", "temperature", "rain"]
raw["station"] = raw["station"].str.strip().str.capitalize()
iso = pd.to_datetime(raw["day"], format="%Y-%m-%d", errors="coerce")
raw["day"] = iso.fillna(pd.to_datetime(raw["day"], format="%d.%m.%Y", errors="coerce"))

report = {"rows": len(raw), "without a date": int(raw["day"].isna().sum())}
clean = raw.dropna(subset="day").drop_duplicates(["station", "day"])
report["doubles"] = report["rows"] - report["without a date"] - len(clean)
wild = ~clean["temperature"].between(-40, 45) & clean["temperature"].notna()
report["out of range"] = int(wild.sum())
clean = clean.assign(temperature=clean["temperature"].mask(wild)).sort_values(["station", "day"])
clean["temperature"] = clean.groupby("station")["temperature"].transform(lambda each: each.interpolate(limit_direction="both"))
clean["rain"] = clean["rain"].fillna(0).astype("int64")

print(report)
print(clean.to_string(index=False))
clean.to_csv("clean.csv", index=False, date_format="%Y-%m-%d")
assert not clean.isna().any().any() and pd.read_csv("clean.csv").shape == (6, 4)
