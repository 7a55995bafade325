"""matplotlib in cells, as Jupyter has it: figures are shown at plt.show() and at the end of the cell."""

import io
import sys

from . import charts, shim

NAME = "inline"
BACKEND = "matplotlib_inline.backend_inline"
FORMATS = {
    "png": "image/png",
    "retina": "image/png",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}


class InlineBackend:
    """What ``%config InlineBackend`` sets."""

    __module__ = BACKEND

    def __init__(self):
        self.figure_formats = {"png"}
        self.print_figure_kwargs = {"bbox_inches": "tight"}
        self.close_figures = True
        self.rc = {}

    @property
    def figure_format(self):
        return next(iter(sorted(self.figure_formats)), "")

    @figure_format.setter
    def figure_format(self, name):
        self.set_formats(name)

    def set_formats(self, *names, **arguments):
        """Show figures in these formats: png (the default), retina, jpeg, svg, pdf."""
        unknown = [name for name in names if name not in FORMATS]
        if unknown or not names:
            raise ValueError(f"supported formats are: {', '.join(map(repr, FORMATS))} not {', '.join(map(repr, unknown))}")
        self.figure_formats = set(names)
        self.print_figure_kwargs.update(arguments)


class Figures:
    """Shows figures. ``display`` sends an object in all its forms."""

    def __init__(self, display):
        self._display = display
        self._pylab = sys.modules["matplotlib._pylab_helpers"].Gcf
        self._matplotlib = sys.modules["matplotlib"]
        self.settings = InlineBackend()
        self.type = sys.modules["matplotlib.figure"].Figure

    @property
    def open(self):
        """matplotlib's dict of the figures that are open."""
        return self._pylab.figs

    def show(self, close=None, block=None):
        """Show all open figures, and close them."""
        close = self.settings.close_figures if close is None else close
        managers = self._pylab.get_all_fig_managers()
        try:
            for manager in managers:
                self._display(manager.canvas.figure)
        finally:
            if close and managers:
                self._pylab.destroy_all()

    def flush(self):
        """At the end of a cell. ``plt.ioff()`` keeps figures for an explicit show()."""
        if self._matplotlib.is_interactive() and self._shows_here():
            self.show()

    def _shows_here(self):
        """Is the backend ours? Someone may have asked for plain Agg, to write files only."""
        return self._matplotlib.rcParams._get_backend_or_none() in (NAME, f"module://{BACKEND}")

    def bundle(self, figure):
        """The pictures of a figure, and what is drawn in it as data."""
        data, metadata = {}, {}
        if not figure.axes and not figure.lines:
            return data, metadata
        for name in sorted(self.settings.figure_formats):
            kind = FORMATS[name]
            picture, about = self._print(figure, name)
            data[kind] = picture.decode("utf-8") if name == "svg" else picture
            if about:
                metadata[kind] = about
        try:
            chart = charts.of_figure(figure)
        except Exception:  # artists of other makers may answer anything; the picture is there
            chart = {}
        if chart:
            data[charts.CHART] = chart
        return data, metadata

    def _print(self, figure, name):
        arguments = {"facecolor": figure.get_facecolor(), "edgecolor": figure.get_edgecolor(), "dpi": figure.dpi}
        arguments.update(self.settings.print_figure_kwargs)
        canvas = figure.canvas
        if name == "retina":
            name, arguments["dpi"] = "png", arguments["dpi"] * 2
            retina = True
        else:
            retina = False
        file = io.BytesIO()
        canvas.print_figure(file, format={"jpg": "jpeg"}.get(name, name), **arguments)
        picture = file.getvalue()
        if retina:  # shown at half its size: the header of a PNG says how large it is
            width, height = (int.from_bytes(picture[place : place + 4], "big") for place in (16, 20))
            return picture, {"width": width // 2, "height": height // 2}
        return picture, None


def install(display, formatter):
    """Make matplotlib draw for cells; its dict of open figures and what shows them. None, when it is not there."""
    if "matplotlib.pyplot" not in sys.modules:
        return None, lambda: None
    import matplotlib
    from matplotlib.backends import backend_agg, registry

    figures = Figures(display)
    members = {
        "FigureCanvas": backend_agg.FigureCanvasAgg,
        "FigureManager": backend_agg.FigureCanvasAgg.manager_class,
        "new_figure_manager": backend_agg.new_figure_manager,
        "new_figure_manager_given_figure": backend_agg.new_figure_manager_given_figure,
        "show": figures.show,
        "flush_figures": figures.flush,
        "set_matplotlib_formats": figures.settings.set_formats,
        "InlineBackend": InlineBackend,
    }
    shim.module("matplotlib_inline", "Figures of matplotlib in cells.", {}, is_package=True)
    shim.module(BACKEND, "The backend that draws for cells.", members)
    shim.module("matplotlib_inline.config", "", {"InlineBackend": InlineBackend})
    for name in ("IPython.display", "IPython.core.pylabtools"):
        if name in sys.modules:
            sys.modules[name].set_matplotlib_formats = figures.settings.set_formats
    sys.modules[BACKEND].figures = figures
    # It would have IPython call it after each cell, to draw what has changed. The kernel shows figures itself.
    pyplot = sys.modules["matplotlib.pyplot"]
    pyplot.install_repl_displayhook = pyplot.uninstall_repl_displayhook = lambda: None
    registry.backend_registry._validate_and_store_entry_points([(NAME, BACKEND)])
    registry.backend_registry._loaded_entry_points = True
    matplotlib.use(NAME)
    matplotlib.rcParamsOrig["backend"] = matplotlib.rcParams["backend"]
    matplotlib.interactive(True)
    formatter.types[figures.type] = figures.bundle
    return figures, figures.flush


def uninstall():
    """As where there is no display: figures are written to files only."""
    if "matplotlib.pyplot" in sys.modules:
        import matplotlib

        matplotlib.use("agg")
        matplotlib.rcParamsOrig["backend"] = matplotlib.rcParams["backend"]
        matplotlib.interactive(False)
