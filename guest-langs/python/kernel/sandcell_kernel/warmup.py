"""Cells that run before the image is frozen.

They fill caches (imports, specialised bytecode of the kernel, regular expressions, source lines) and bring the
memory that a first cell needs into the image. Their frames are thrown away.
"""

# The cells that begin so are meant to raise.
RAISES = "# raises\n"

CELLS = (
    "1+1",
    "x = 5\nx",
    "print('hello', x, 1.5, None, [1, 2], sep=', ')",
    "f'{x} {x:>10} {x!r} {1.5:.2f}'",
    "[value * 2 for value in range(10) if value % 2], {value: str(value) for value in range(3)}, {1, 2}",
    "def double(value, *rest, **named):\n    return value * 2\n\nclass Point:\n    def __init__(self, x=0):\n"
    "        self.x = x\n    def __repr__(self):\n        return f'Point({self.x})'\n\ndouble(Point().x), Point(3)",
    "from dataclasses import dataclass, field\n\n@dataclass\nclass Item:\n    name: str\n    tags: list = field("
    "default_factory=list)\n\nItem('a', ['b'])",
    "import json, re, math, random, datetime, collections, itertools, functools\n"
    "json.loads(json.dumps({'a': [1, 2.5, None, True, 'text']})), re.findall(r'(\\w+)@(\\w+)', 'a@b c@d'), math.sqrt(2)",
    "datetime.datetime(2024, 1, 2, 3, 4).isoformat(), datetime.date.today().strftime('%Y-%m-%d'), "
    "collections.Counter('hello').most_common(2)",
    "class Page:\n    def _repr_html_(self):\n        return '<b>bold</b>'\n\ndisplay(Page())\nPage()",
    "from IPython.display import HTML, Image, Markdown, JSON, display\ndisplay(HTML('<i>x</i>'), {'a': 1}, display_id=True)",
    "list(range(100))",
    "{'name': 'a long enough text', 'items': [{'key': number, 'value': 'x' * 20} for number in range(10)]}",
    RAISES + "1/0",
    RAISES + "def inner(value):\n    return {}['missing']\n\ndef outer():\n    try:\n        inner(1)\n    except KeyError as error:\n"
    "        raise ValueError('outer failed') from error\n\nouter()",
    RAISES + "import json\njson.loads('{')",
    RAISES + "undefined_name",
    RAISES + "import module_that_is_not_there",
    RAISES + "1 +",
    "  for value in range(2):\n      pass\n",
    "import asyncio\n\nasync def work(value):\n    await asyncio.sleep(0)\n    return value\n\nawait work(1)",
    "await asyncio.gather(work(1), work(2), asyncio.sleep(0.001))",
    "async def all():\n    async with asyncio.TaskGroup() as group:\n        tasks = [group.create_task(work(n)) for n in range(2)]\n"
    "    return await asyncio.wait_for(tasks[0], 1)\n\nawait all()",
    "asyncio.run(work(3))",
    "task = asyncio.create_task(work(4))",
    "await task",
    "%time sum(range(10))",
    "%pwd",
    "%who",
    "!pip install json",
    RAISES + "%foo",
    "%%time\nsum(range(10))",
    "%%capture kept\nprint('kept')",
    "print?",
    "import os\nos.environ['WARM'] = '1'\ndel os.environ['WARM']\nos.getcwd()",
    "import warnings\nwarnings.warn('warm')",
    "import sys\nprint('error', file=sys.stderr)\nsys.stdout.write('x')\nsys.stdout.flush()",
    "with open('/tmp/warm', 'w') as file:\n    file.write('text\\n')\nwith open('/tmp/warm') as file:\n    lines = list(file)\n"
    "os.remove('/tmp/warm')\nlines",
    "import inspect\ninspect.getsource(double)",
    "try:\n    raise ExceptionGroup('group', [ValueError(1)])\nexcept* ValueError as group:\n    pass\nsorted([3, 1, 2], key=lambda n: -n)",
    "match x:\n    case 5:\n        y = 'five'\n    case _:\n        y = 'other'\ny",
    "raise SystemExit",
)

OPTIONS = b'{"env":{"WARM":"1"},"cwd":"/home/user","argv":["warm"],"filename":"/home/user/warm.py","stdin":true}'
