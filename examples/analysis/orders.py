"""A workbook of several sheets in: orders, customers and rates joined, checked and summed up; a workbook out.

Run: sandcell run --image data examples/analysis/orders.py
"""

import numpy as np
import pandas as pd

# The workbook that somebody else would have sent.
rng = np.random.default_rng(21)
count = 400
with pd.ExcelWriter("orders.xlsx") as book:
    pd.DataFrame(
        {
            "order": np.arange(1000, 1000 + count),
            "customer": rng.integers(1, 41, count),
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 366, count), unit="D"),
            "amount": rng.gamma(2.0, 60.0, count).round(2),
            "currency": rng.choice(["EUR", "USD", "GBP"], count, p=[0.6, 0.3, 0.1]),
        }
    ).to_excel(book, sheet_name="orders", index=False)
    pd.DataFrame({"customer": np.arange(1, 39), "country": ["DE", "FR"] * 19}).to_excel(
        book, sheet_name="customers", index=False
    )
    pd.DataFrame({"currency": ["EUR", "USD", "GBP"], "rate": [1.0, 0.92, 1.17]}).to_excel(
        book, sheet_name="rates", index=False
    )

sheets = pd.read_excel("orders.xlsx", sheet_name=None)
orders = sheets["orders"].merge(sheets["rates"], on="currency", validate="many_to_one")
orders = orders.merge(sheets["customers"], on="customer", how="left", indicator=True)
unknown = orders[orders["_merge"] == "left_only"]
orders["euros"] = orders["amount"] * orders["rate"]
orders["country"] = orders["country"].fillna("unknown")

orders["quarter"] = orders["date"].dt.quarter
table = orders.pivot_table(index="country", columns="quarter", values="euros", aggfunc="sum", margins=True)
print(table.round(2).to_string())
print(f"{len(unknown)} orders of {unknown['customer'].nunique()} unknown customers")

with pd.ExcelWriter("summary.xlsx", engine="xlsxwriter") as book:
    table.to_excel(book, sheet_name="quarters")
    unknown.drop(columns="_merge").to_excel(book, sheet_name="unknown", index=False)
    chart = book.book.add_chart({"type": "column"})
    chart.add_series({"values": ["quarters", 1, 5, len(table) - 1, 5], "categories": ["quarters", 1, 0, len(table) - 1, 0]})
    book.sheets["quarters"].insert_chart("H2", chart)

again = pd.read_excel("summary.xlsx", sheet_name="quarters", index_col=0)
assert np.allclose(again, table) and np.isclose(table.loc["All", "All"], orders["euros"].sum())
