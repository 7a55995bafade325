# Reads CSV of many kinds and compares with what the format and plain floats say. The tokenizer and the parser of numbers
# are changed in this image.
import csv, io, math, random
import numpy as np, pandas as pd

dice = random.Random(20240103)
differences = []


def compare(what, found, expected):
    if found != expected:
        differences.append(f'{what}: {found!r}, not {expected!r}')


def number(text):
    """What pandas' default parser makes of digits: seventeen of them, each by a product and a sum of doubles."""
    sign, digits = (-1.0, text[1:]) if text.startswith('-') else (1.0, text)
    mantissa, _, exponent = digits.partition('e')
    before, _, after = mantissa.partition('.')
    value, seen, power = 0.0, 0, int(exponent or 0)
    for digit in before:
        if seen < 17:
            value, seen = value * 10.0 + int(digit), seen + 1
        else:
            power += 1
    for digit in after[:max(0, 17 - seen)]:
        value, power = value * 10.0 + int(digit), power - 1
    value *= sign
    if power > 308:
        return None
    if power >= 0:
        return value * float(f'1e{power}')
    if power >= -308:
        return value / float(f'1e{-power}')
    return value / float(f'1e{-308 - power}') / 1e308


def digits(count):
    return ''.join(dice.choices('0123456789', k=count))


texts = ['0.1', '1.', '-0.0', '0.30000000000000004', '9007199254740993.0', '999999999999999.9', '123456789012345678.25']
for _ in range(4000):
    text = dice.choice(['', '-']) + digits(dice.randrange(1, 22)) + '.' + digits(dice.randrange(0, 22))
    texts.append(text + dice.choice(['', '', f'e{dice.randrange(-330, 280)}']))
expected = [number(text) for text in texts]
pairs = [(text, value) for text, value in zip(texts, expected) if value is not None and math.isfinite(value)]
frame = pd.read_csv(io.StringIO('value\n' + '\n'.join(text for text, _ in pairs)))
compare('type of numbers', str(frame['value'].dtype), 'float64')
for (text, value), found in zip(pairs, frame['value']):
    compare(text, found.hex(), value.hex())

# Whatever stands in a field, it comes back, in pieces of any size.
PIECES = ['a', 'bc', 'def', ',', ';', '"', '\n', '\r\n', '\r', ' ', '  ', '\t', '#', '\\', "'", 'é', '漢', '-1.5', 'x' * 300]
for turn in range(150):
    delimiter = dice.choice(',;\t|')
    rows = [[''.join(dice.choices(PIECES, k=dice.randrange(0, 5))) + '.' for _ in range(4)] for _ in range(dice.randrange(1, 40))]
    out = io.StringIO(newline='')
    csv.writer(out, delimiter=delimiter, quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])).writerows(rows)
    settings = dict(header=None, sep=delimiter, dtype=str, keep_default_na=False)
    found = pd.read_csv(io.StringIO(out.getvalue(), newline=''), **settings)
    compare(f'turn {turn}', found.values.tolist(), rows)
    parts = pd.read_csv(io.StringIO(out.getvalue(), newline=''), chunksize=3, **settings)
    compare(f'turn {turn} in chunks', pd.concat(parts).values.tolist(), rows)

# Fields across the borders of the pieces in which a file is read.
wide = [['y' * dice.randrange(1, 3000), digits(5)] for _ in range(1000)]
found = pd.read_csv(io.BytesIO('\n'.join(map(','.join, wide)).encode()), header=None, dtype=str)
compare('wide rows', found.values.tolist(), wide)

settings = dict(header=None, dtype=str, keep_default_na=False)
for text, more, expected in [
    ('ab  cd\tef\n  gh ij kl\n', dict(sep=r'\s+'), [['ab', 'cd', 'ef'], ['gh', 'ij', 'kl']]),
    ('ab,cd#ef\n#gh\nij,kl\n', dict(comment='#'), [['ab', 'cd'], ['ij', 'kl']]),
    ('ab\\,cd,ef\\"g\n', dict(escapechar='\\'), [['ab,cd', 'ef"g']]),
    ('ab,cd;ef,gh;', dict(lineterminator=';'), [['ab', 'cd'], ['ef', 'gh']]),
    ('ab\rcd,ef;gh', dict(lineterminator=';'), [['ab\rcd', 'ef'], ['gh', '']]),
    ('ab"c,d"e\n', dict(quoting=csv.QUOTE_NONE), [['ab"c', 'd"e']]),
    ('a\0b,c\n', {}, [['a', 'c']]),
]:
    try:
        compare(repr(text), pd.read_csv(io.StringIO(text, newline=''), **settings, **more).values.tolist(), expected)
    except Exception as error:
        differences.append(f'{text!r}: {error}')

len(pairs) > 3000, differences
