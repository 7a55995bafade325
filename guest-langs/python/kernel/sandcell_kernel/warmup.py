"""Cells that run before the image is frozen.

They fill caches (imports, specialised bytecode of the kernel, regular expressions, source lines) and bring the
memory that a first cell needs into the image. Their frames are thrown away.
"""

# The cells that begin so are meant to raise.
RAISES = "# raises\n"

# Options of the last cell.
OPTIONS = b'{"env":{"WARM":"1"},"cwd":"/home/user","argv":["warm"],"filename":"/home/user/warm.py","stdin":true}'

CELLS = tuple(
    r"""1+1
# %%
x = 5
x
# %%
print('hello', x, 1.5, None, [1, 2], sep=', ')
# %%
f'{x} {x:>10} {x!r} {1.5:.2f}'
# %%
[value * 2 for value in range(10) if value % 2], {value: str(value) for value in range(3)}, {1, 2}
# %%
def double(value, *rest, **named):
    return value * 2

class Point:
    def __init__(self, x=0):
        self.x = x
    def __repr__(self):
        return f'Point({self.x})'

double(Point().x), Point(3)
# %%
from dataclasses import dataclass, field

@dataclass
class Item:
    name: str
    tags: list = field(default_factory=list)

Item('a', ['b'])
# %%
import json, re, math, random, datetime, collections, itertools, functools
json.loads(json.dumps({'a': [1, 2.5, None, True, 'text']})), re.findall(r'(\w+)@(\w+)', 'a@b c@d'), math.sqrt(2)
# %%
datetime.datetime(2024, 1, 2, 3, 4).isoformat(), datetime.date.today().strftime('%Y-%m-%d')
# %%
collections.Counter('hello').most_common(2), sorted([3, 1, 2], key=lambda number: -number)
# %%
class Page:
    def _repr_html_(self):
        return '<b>bold</b>'

display(Page())
Page()
# %%
from IPython.display import HTML, Image, Markdown, JSON, display
display(HTML('<i>x</i>'), {'a': 1}, display_id=True)
# %%
list(range(100))
# %%
{'name': 'a long enough text', 'items': [{'key': number, 'value': 'x' * 20} for number in range(10)]}
# %%
# raises
1/0
# %%
# raises
def inner(value):
    return {}['missing']

def outer():
    try:
        inner(1)
    except KeyError as error:
        raise ValueError('outer failed') from error

outer()
# %%
# raises
import json
json.loads('{')
# %%
# raises
undefined_name
# %%
# raises
import module_that_is_not_there
# %%
# raises
1 +
# %%
  for value in range(2):
      pass
# %%
import asyncio

async def work(value):
    await asyncio.sleep(0)
    return value

await work(1)
# %%
await asyncio.gather(work(1), work(2), asyncio.sleep(0.001))
# %%
async def both():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(number)) for number in range(2)]
    return await asyncio.wait_for(tasks[0], 1)

await both()
# %%
asyncio.run(work(3))
# %%
task = asyncio.create_task(work(4))
# %%
await task
# %%
%time sum(range(10))
# %%
%pwd
# %%
%who
# %%
!pip install json
# %%
# raises
%foo
# %%
%%time
sum(range(10))
# %%
%%capture kept
print('kept')
# %%
print?
# %%
import os
os.environ['WARM'] = '1'
del os.environ['WARM']
os.getcwd()
# %%
import warnings
warnings.warn('warm')
# %%
import sys
print('error', file=sys.stderr)
sys.stdout.write('x')
sys.stdout.flush()
# %%
with open('/tmp/warm', 'w') as file:
    file.write('text\n')
with open('/tmp/warm') as file:
    lines = list(file)
os.remove('/tmp/warm')
lines
# %%
import inspect
inspect.getsource(double)
# %%
try:
    raise ExceptionGroup('group', [ValueError(1)])
except* ValueError as group:
    pass
# %%
match x:
    case 5:
        y = 'five'
    case _:
        y = 'other'
y
# %%
raise SystemExit""".split("\n# %%\n")
)

# Those of the image `data`, before the others: the first frame and the first plot import more modules, and fill caches
# of fonts, of formats and of regular expressions. What is done often has its bytecode specialised before the freeze:
# until then each run writes counters into it, which would copy its pages in every sandbox.
DATA_CELLS = tuple(
    r"""import io
import numpy as np, pandas as pd, matplotlib.pyplot as plt
for _ in range(25):
    frame = pd.DataFrame({'x': [1, 2, 3], 'y': ['a', 'b', 'c'], 'z': [1.5, None, 2]})
    display(frame)
    repr(frame), frame._repr_html_(), repr(frame['x'])
# %%
frame
# %%
print(frame, frame['x'])
frame.dtypes
# %%
frame.info()
frame.describe()
# %%
np.linspace(0, 1, 3).reshape(3, 1) @ np.ones((1, 2)), np.random.default_rng(1).normal(size=2)
# %%
frame.merge(frame, on='x').groupby('y_x')[['x', 'z_y']].agg(['sum', 'mean'])
# %%
frame.pivot_table(index='y', columns='x', values='z', aggfunc='mean').sort_values('a', axis=1).fillna(0)
# %%
text = frame[frame['x'] > 1].to_csv(index=False)
pd.read_csv(io.StringIO(text)).head()
# %%
pd.Series([1.0, 2.0], pd.date_range('2024-01-01', periods=2, freq='h')).resample('D').mean()
# %%
plt.plot([1, 2, 3], [4, 1, 9], label='line')
plt.title('Title'); plt.xlabel('x'); plt.ylabel('y'); plt.legend(); plt.show()
# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
left.bar(['a', 'b'], [1, 2]); right.scatter([1, 2], [3, 4])
plt.tight_layout()
# %%
# Fonts read their files as they need them, and no file stays open over the freeze.
import matplotlib.font_manager
matplotlib.font_manager._get_font.cache_clear()""".split("\n# %%\n")
)
