"""display() and its relatives."""

import os

from . import formats, wire


def new_display_id():
    return os.urandom(16).hex()


class DisplayHandle:
    """A handle on a display that can be updated. Use ``display(..., display_id=True)`` to get one."""

    __module__ = "IPython.display"

    def __init__(self, display_id=None):
        self.display_id = new_display_id() if display_id is None else display_id

    def __repr__(self):
        return f"<DisplayHandle display_id={self.display_id}>"

    def display(self, obj, **arguments):
        """Make a new display with my id."""
        _publisher.display(obj, display_id=self.display_id, **arguments)

    def update(self, obj, **arguments):
        """Update the displays with my id."""
        _publisher.update_display(obj, display_id=self.display_id, **arguments)


class Publisher:
    """Sends displays and results as frames."""

    def __init__(self, formatter):
        self.formatter = formatter
        global _publisher
        _publisher = self

    def publish(self, data, metadata=None, *, display_id=None, update=False):
        """Send a ready bundle."""
        message = {"data": data, "metadata": metadata or {}}
        if display_id is not None:
            message["display_id"] = display_id
        wire.send(wire.UPDATE if update else wire.DISPLAY, message)

    def display(
        self,
        *objs,
        include=None,
        exclude=None,
        metadata=None,
        transient=None,
        display_id=None,
        raw=False,
        clear=False,
        **arguments,
    ):
        """Display objects in their richest form.

        display_id: a name for the display, so that update_display() can replace it; True makes a new one.
        raw: the objects are MIME bundles (dicts) already.  metadata: goes with the bundle.  clear: clear the
        output first.  include, exclude: MIME types.  Returns a DisplayHandle if display_id was given.
        """
        update = bool(arguments.pop("update", False))
        if transient and display_id is None:
            display_id = transient.get("display_id")
        if display_id is True:
            display_id = new_display_id()
        if display_id is not None and not isinstance(display_id, str):
            raise TypeError("display_id must be a str or True")
        if update and display_id is None:
            raise TypeError("display_id required for update_display")
        if clear:
            self.clear_output(wait=True)
        for obj in objs:
            if raw:
                if not isinstance(obj, dict):
                    raise TypeError("display(raw=True) needs a dict of MIME types")
                data, about = self.formatter.check(dict(obj), {})
            else:
                own = formats.find_method(obj, "_ipython_display_")
                if own is not None and formats.find_method(obj, formats.CANARY) is None:
                    own(**arguments)
                    continue
                data, about = self.formatter.bundle(obj, include, exclude)
            if not data:
                continue
            if metadata:
                about = self.formatter.check({}, {**about, **metadata})[1]
            self.publish(data, about, display_id=display_id, update=update)
        return None if display_id is None else DisplayHandle(display_id)

    def update_display(self, obj, *, display_id, **arguments):
        """Replace an earlier display of that id."""
        arguments["update"] = True
        self.display(obj, display_id=display_id, **arguments)

    def publish_display_data(self, data, metadata=None, *, transient=None, update=False, **_arguments):
        """Send a bundle of MIME types."""
        data, about = self.formatter.check(dict(data), dict(metadata or {}))
        self.publish(data, about, display_id=(transient or {}).get("display_id"), update=update)

    def clear_output(self, wait=False):
        """Clear the output of the cell; wait=True: only when new output comes."""
        wire.send(wire.CLEAR, {"wait": bool(wait)})

    def show(self, value):
        """Send the result frame of a cell."""
        own = formats.find_method(value, "_ipython_display_")
        if own is not None and formats.find_method(value, formats.CANARY) is None:
            own()
            return
        data, metadata = self.formatter.bundle(value)
        wire.send(wire.RESULT, {"data": data, "metadata": metadata})


_publisher = None
