import json


def run():
    rows = [
        {"id": i, "name": "n%d" % i, "v": [i * 0.5, i, None, True], "s": "x" * 20}
        for i in range(3000)
    ]
    for _ in range(5):
        rows = json.loads(json.dumps(rows))
