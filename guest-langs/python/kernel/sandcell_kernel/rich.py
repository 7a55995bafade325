"""The classes of ``IPython.display``."""

import base64
import html
import json
import mimetypes
import posixpath

MODULE = "IPython.display"


class DisplayObject:
    """Something to show: data, or a file to take it from."""

    __module__ = MODULE
    binary = False
    kind = "text/plain"

    def __init__(self, data=None, url=None, filename=None, metadata=None):
        if data is not None and not isinstance(data, (str, bytes)) and hasattr(data, "__fspath__"):
            filename, data = data.__fspath__(), None
        self.data = data
        self.url = url
        self.filename = filename
        self.metadata = metadata or {}
        self.reload()

    def reload(self):
        """Read the data again from the file."""
        if self.filename is not None:
            with open(self.filename, "rb") as file:
                content = file.read()
            self.data = content if self.binary else content.decode("utf-8")
        elif self.url is not None and self.data is None:
            self._fetch()

    def _fetch(self):
        raise OSError(f"{self.url} cannot be fetched: there is no network in this sandbox; give the data instead")

    def __repr__(self):
        return f"<IPython.core.display.{type(self).__name__} object>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {self.kind: self.data}, ({self.kind: self.metadata} if self.metadata else {})


def _text_class(name, kind, doc):
    return type(name, (DisplayObject,), {"__doc__": doc, "__module__": MODULE, "kind": kind})


HTML = _text_class("HTML", "text/html", "HTML text.")
Markdown = _text_class("Markdown", "text/markdown", "Markdown text.")
Latex = _text_class("Latex", "text/latex", "LaTeX text.")
SVG = _text_class("SVG", "image/svg+xml", "An SVG picture.")
Javascript = _text_class("Javascript", "application/javascript", "JavaScript text.")
Pretty = _text_class("Pretty", "text/plain", "Plain text, shown as it is.")


def _show_svg(self, include=None, exclude=None):
    # what stands before the element itself (an XML declaration, a doctype) has no place in a page
    text = self.data if isinstance(self.data, str) else self.data.decode("utf-8")
    start = text.find("<svg")
    return {self.kind: text[start:] if start > 0 else text}


def _show_pretty(self, printer, cycle):
    printer._lines(str(self.data))


SVG._repr_mimebundle_ = _show_svg
Pretty._repr_mimebundle_ = lambda self, include=None, exclude=None: None
Pretty._repr_pretty_ = _show_pretty


class Math(Latex):
    """A LaTeX formula."""

    __module__ = MODULE

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {self.kind: f"$\\displaystyle {self.data.strip('$')}$"}


class JSON(DisplayObject):
    """A JSON value: a dict or list, or JSON text."""

    __module__ = MODULE
    kind = "application/json"

    def __init__(self, data=None, url=None, filename=None, expanded=False, metadata=None, root="root", **options):
        self.options = {"expanded": expanded, "root": root, **options}
        super().__init__(data, url, filename, metadata)

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = json.loads(self.data) if isinstance(self.data, str) else self.data
        return {self.kind: data}, {self.kind: {**self.options, **self.metadata}}


class Image(DisplayObject):
    """A PNG, JPEG, GIF or WebP picture, from bytes, a file or (not embedded) a URL."""

    __module__ = MODULE
    binary = True
    _SIGNATURES = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp"))

    def __init__(
        self,
        data=None,
        url=None,
        filename=None,
        format=None,
        embed=None,
        width=None,
        height=None,
        retina=False,
        unconfined=False,
        metadata=None,
        alt=None,
    ):
        if isinstance(data, str):
            if data.startswith(("http://", "https://")):
                url, data = data, None
            elif "\n" not in data and len(data) < 1024:
                filename, data = data, None
        self.width, self.height, self.alt = width, height, alt
        self.embed = embed if embed is not None else url is None
        super().__init__(data, url, filename, metadata)
        named = posixpath.splitext(filename or url or "")[1][1:].lower()
        self.format = (format or self._guess() or named or "png").lower().replace("jpg", "jpeg")

    def _guess(self):
        for start, name in self._SIGNATURES:
            if isinstance(self.data, bytes) and self.data.startswith(start):
                return name
        return None

    def _fetch(self):
        if self.embed:
            super()._fetch()

    def _repr_mimebundle_(self, include=None, exclude=None):
        if self.data is None:
            sizes = "".join(
                f' {name}="{value}"' for name, value in (("width", self.width), ("height", self.height)) if value
            )
            alt = f' alt="{html.escape(self.alt)}"' if self.alt else ""
            return {"text/html": f'<img src="{html.escape(self.url)}"{sizes}{alt}/>'}
        about = {name: value for name in ("width", "height", "alt") if (value := getattr(self, name)) is not None}
        kind = f"image/{self.format}"
        metadata = {**about, **self.metadata}
        return {kind: self.data}, ({kind: metadata} if metadata else {})


class Audio(DisplayObject):
    """A sound, from bytes or a file of a format that browsers play."""

    __module__ = MODULE
    binary = True
    tag = "audio"

    def __init__(self, data=None, filename=None, url=None, embed=None, mimetype=None, autoplay=False, metadata=None):
        if isinstance(data, str):
            url, filename, data = (data, None, None) if "://" in data else (None, data, None)
        if data is not None and not isinstance(data, bytes):
            raise TypeError(f"{type(self).__name__} needs bytes or the name of a file")
        self.autoplay = autoplay
        super().__init__(data, None if url else None, filename, metadata)
        self.url = url
        self.mimetype = (
            mimetype
            or mimetypes.guess_type(filename or url or "")[0]
            or f"{self.tag}/{'wav' if self.tag == 'audio' else 'mp4'}"
        )

    def _repr_html_(self):
        source = self.url or f"data:{self.mimetype};base64,{base64.b64encode(self.data).decode()}"
        play = " autoplay" if self.autoplay else ""
        return f'<{self.tag} controls{play}><source src="{html.escape(source)}" type="{self.mimetype}"/></{self.tag}>'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self._repr_html_()}


class Video(Audio):
    """A film, from bytes or a file of a format that browsers play."""

    __module__ = MODULE
    tag = "video"


class IFrame:
    """Another page in a frame."""

    __module__ = MODULE

    def __init__(self, src, width, height, extras=None, **params):
        self.src, self.width, self.height, self.params = src, width, height, params

    def _repr_html_(self):
        query = "&".join(f"{name}={value}" for name, value in self.params.items())
        source = html.escape(self.src + ("?" + query if query else ""))
        size = f'width="{self.width}" height="{self.height}"'
        return f'<iframe {size} src="{source}" frameborder="0" allowfullscreen></iframe>'


class Code(DisplayObject):
    """Program text."""

    __module__ = MODULE

    def __init__(self, data=None, url=None, filename=None, language=None):
        self.language = language
        super().__init__(data, url, filename)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": f"<pre><code>{html.escape(self.data)}</code></pre>", "text/plain": self.data}


class ProgressBar:
    """A bar that shows how far something has come; iterating over it moves it on."""

    __module__ = MODULE

    def __init__(self, total):
        self.total = total
        self._progress = 0
        self.handle = None

    def __repr__(self):
        done = int(60 * self._progress / self.total) if self.total else 60
        return f"[{'=' * done}{' ' * (60 - done)}] {self._progress}/{self.total}"

    def _repr_html_(self):
        return f"<progress style='width:60ex' max='{self.total}' value='{self._progress}'></progress>"

    @property
    def progress(self):
        return self._progress

    @progress.setter
    def progress(self, value):
        self._progress = value
        self.update()

    def display(self):
        self.handle = display_function(self, display_id=True)

    def update(self):
        if self.handle is not None:
            self.handle.update(self)

    def __iter__(self):
        self.display()
        self._progress = -1
        return self

    def __next__(self):
        self.progress += 1
        if self.progress < self.total:
            return self.progress
        raise StopIteration


class RichOutput:
    """A display that was captured."""

    __module__ = "IPython.utils.capture"

    def __init__(self, data=None, metadata=None):
        self.data = data or {}
        self.metadata = metadata or {}

    def display(self):
        display_function(self.data, raw=True, metadata=self.metadata)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return self.data, self.metadata


def display_function(*objs, **arguments):
    """Set at boot to the kernel's display."""
    raise RuntimeError("the kernel has not started")


CLASSES = (
    DisplayObject,
    HTML,
    Markdown,
    Latex,
    SVG,
    Javascript,
    Pretty,
    Math,
    JSON,
    Image,
    Audio,
    Video,
    IFrame,
    Code,
    ProgressBar,
)
