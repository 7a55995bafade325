# Shows frames of many kinds, as a cell does, and compares with what pandas says when it is asked for each form.
import decimal, itertools, random
import numpy as np, pandas as pd
from IPython.utils.capture import capture_output

import warnings
warnings.simplefilter("ignore")
dice = random.Random(20240102)


class Odd:
    def __str__(self):
        return '<odd & "quoted">\n\tlines'


class Loud(pd.DataFrame):
    def __repr__(self):
        return 'loud'


class Quiet(pd.DataFrame):
    pass


moments = pd.to_datetime(['2024-01-02', None, '2024-01-02 03:04:05.000006', '1700-01-01', '2024-12-31 23:59'], format='ISO8601')
VALUES = [
    [1, 2, 3, -4, 500], [True, False, True, True, False], [1.5, None, float('inf'), -1e-9, 1e20], [0.1, 0.25, 1 / 3, 2.0, -0.0],
    ['a', 'b', 'é', '漢字', 'x' * 80], ['<b>', '&amp;', "'", '"', 'a\nb\tc'], [None] * 5, [np.nan, 'a', 1, 2.5, None],
    list(moments), list(moments.tz_localize('UTC')), list(pd.to_timedelta(['1D', None, '2h', '3s', '-4ms'])),
    pd.array([1, None, 3, 4, 5], dtype='Int64'), pd.array([True, None, False, True, True], dtype='boolean'),
    pd.array(['a', None, 'b', 'c', 'd'], dtype='string'), pd.Categorical(['u', 'v', None, 'u', 'w']),
    pd.period_range('2024-01', periods=5, freq='M'), pd.interval_range(0, 5), [1 + 2j, 3j, 0, 1, -1j],
    [[1, 2], (3,), {'a': 1}, {5}, range(2)], [decimal.Decimal('1.10'), decimal.Decimal(2), None, 3, 4], [Odd(), 1, 2, 3, 4],
    [np.arange(2), np.array([1]), None, float('nan'), decimal.Decimal('nan')],
    pd.arrays.SparseArray([0, 0, 1, 2, 0]), np.array([1, 2, 3, 4, 5], 'uint8'), np.array([1, 2, 3, 4, 5.5], 'float32'),
]
INDEXES = [
    None, list('vwxyz'), [3.5, 1, 2, 2, np.nan], moments, pd.date_range('2024-01-01', periods=5, freq='h', name='when'),
    pd.MultiIndex.from_tuples([(1, 'a'), (1, 'b'), (2, 'a'), (2, 'b'), (2, 'c')], names=['n', None]), pd.Index(list('<>&"_'), name='<i>'),
    pd.period_range('2024-01-01', periods=5), pd.CategoricalIndex(list('aabbc')), pd.timedelta_range('1D', periods=5),
]


def column_names(count):
    kind = dice.randrange(7)
    if kind == 0:
        return range(count)
    if kind == 1:
        return pd.MultiIndex.from_tuples([(f'top{place // 2}', place) for place in range(count)], names=[None, 'low'])
    if kind == 2:
        return pd.Index([f'c{place}' for place in range(count)], name='named')
    if kind == 3:
        return ['same'] * count
    if kind == 4:
        return pd.date_range('2024-01-01', periods=count)
    if kind == 5:
        return [(place, 'x') for place in range(count)]
    return [f'column <{place}> ' + 'y' * dice.randrange(30) for place in range(count)]


def frames():
    for values, index in itertools.product(VALUES, INDEXES):
        yield pd.DataFrame({'x': values, 'y': [1, 2, 3, 4, 5]}, index=index)
    for _ in range(150):
        chosen = [dice.choice(VALUES) for _ in range(dice.choice([0, 1, 2, 3, 5, 19, 20, 21, 30]))]
        frame = pd.DataFrame(dict(enumerate(chosen)), index=dice.choice(INDEXES))
        rows = dice.choice([0, 1, 5, 60, 61, 200])
        if len(chosen):
            frame = frame.iloc[[dice.randrange(5) for _ in range(rows)]]
        frame.columns = column_names(len(chosen))
        yield frame
    yield from (pd.DataFrame(), pd.DataFrame(index=[1, 2]), pd.DataFrame(columns=['a']), Quiet({'x': [1]}), Loud({'x': [1]}))
    patched = pd.DataFrame({'x': [1]})
    object.__setattr__(patched, '_repr_html_', lambda: '<i>own</i>')
    yield patched


OPTIONS = [
    {}, {'display.max_columns': 0}, {'display.max_columns': None}, {'display.max_columns': 3}, {'display.max_rows': 4}, {'display.max_rows': None},
    {'display.max_rows': 0}, {'display.min_rows': 2, 'display.max_rows': 3}, {'display.width': 30}, {'display.expand_frame_repr': False},
    {'display.max_colwidth': 8}, {'display.precision': 2}, {'display.float_format': '{:,.1f}'.format}, {'display.colheader_justify': 'left'},
    {'display.show_dimensions': True}, {'display.show_dimensions': False}, {'display.large_repr': 'info'}, {'display.multi_sparse': False},
    {'display.notebook_repr_html': False}, {'display.html.border': 3}, {'display.html.use_mathjax': False}, {'display.unicode.east_asian_width': True},
]
compared = 0


def compare(frame):
    global compared
    with capture_output() as captured:
        display(frame)
    (shown,) = captured.outputs
    html = frame._repr_html_()
    assert shown.data['text/plain'] == repr(frame), (shown.data['text/plain'], repr(frame))
    assert shown.data.get('text/html') == html, (shown.data.get('text/html'), html)
    assert not captured.stderr, captured.stderr
    compared += 1


assert pd.get_option('display.max_columns') == 20
made = list(frames())
for frame in made:
    compare(frame)
for options in OPTIONS:
    with pd.option_context(*itertools.chain.from_iterable(options.items())) if options else capture_output():
        for frame in dice.sample(made, 25):
            compare(frame)
with pd.option_context('styler.render.repr', 'latex'), capture_output() as captured:
    display(made[0])
assert captured.outputs[0].data['text/latex'].startswith('\\begin{tabular}')
pd.DataFrame._repr_markdown_ = lambda self: '**md**'
with capture_output() as captured:
    display(made[0])
assert captured.outputs[0].data['text/markdown'] == '**md**'
del pd.DataFrame._repr_markdown_
print(compared)
