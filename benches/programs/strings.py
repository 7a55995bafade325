def run():
    lengths = {}
    for i in range(200_000):
        key = "key%d" % (i % 5000)
        lengths[key] = lengths.get(key, 0) + len(key)
    text = ",".join(key.upper() for key in sorted(lengths))
    total = 0
    for word in text.split(","):
        total += hash(word) & 7
    tripled = [str(i) * 3 for i in range(50_000)]
    return total, len("".join(tripled))
