"""A survey: answers from JSON lines into SQLite, asked in SQL, compared by a permutation test, told as a report.

Run: sandcell run --image data examples/analysis/survey.py
"""

import json
import sqlite3

import jinja2
import numpy as np
import pandas as pd

rng = np.random.default_rng(13)
with open("answers.jsonl", "w") as file:
    for number in range(300):
        group = "new" if number % 2 else "old"
        score = min(5, max(1, round(rng.normal(3.9 if group == "new" else 3.3, 1.0))))
        file.write(json.dumps({"id": number, "group": group, "score": score, "tags": ["web"] * (number % 3 == 0)}) + "\n")

answers = pd.read_json("answers.jsonl", lines=True)
answers["web"] = answers.pop("tags").str.len() > 0
with sqlite3.connect("survey.db") as database:
    answers.to_sql("answers", database, index=False)
    query = 'select "group", count(*) n, avg(score) mean from answers group by 1 order by 1'
    means = pd.read_sql(query, database, index_col="group")

scores = answers["score"].to_numpy(dtype=float)
is_new = (answers["group"] == "new").to_numpy()
difference = scores[is_new].mean() - scores[~is_new].mean()
shuffled = rng.permuted(np.tile(is_new, (2000, 1)), axis=1)
chance = (shuffled @ scores) / is_new.sum() - (~shuffled @ scores) / (~is_new).sum()
p = (np.abs(chance) >= abs(difference)).mean()

template = jinja2.Template("<h1>Survey</h1>{{ table }}<p>difference {{ '%.2f' | format(d) }}, p = {{ '%.3f' | format(p) }}</p>")
with open("report.html", "w") as file:
    file.write(template.render(table=means.round(2).to_html(), d=difference, p=p))
print(means.round(2).to_string())
print(pd.crosstab(answers["web"], answers["score"]).to_string())
print("the new one is better" if difference > 0 and p < 0.01 else "no difference")
