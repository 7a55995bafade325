import collections
import dataclasses
import json
import math
import re
import statistics

@dataclasses.dataclass
class Sale:
    day: int
    item: str
    cents: int

items = ["tea", "coffee", "cake"]
sales = [Sale(day, items[day % 3], 250 + 10 * (day % 7)) for day in range(90)]
by_item = collections.defaultdict(list)
for sale in sales:
    by_item[sale.item].append(sale.cents)
summary = {
    item: {"n": len(cents), "mean": round(statistics.mean(cents), 2), "max": max(cents)}
    for item, cents in sorted(by_item.items())
}
text = json.dumps(summary, indent=1)
words = re.findall(r"[a-z]+", text)
counts = collections.Counter(words).most_common(3)
def spread(values):
    middle = sum(values) / len(values)
    return math.sqrt(sum((v - middle) ** 2 for v in values) / len(values))
spreads = {item: spread(cents) for item, cents in by_item.items()}
import gc; gc.collect()
len(text), counts
