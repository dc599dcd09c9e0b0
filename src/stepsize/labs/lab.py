"""`Lab`: a figure drawn once, controls, and a function that draws what moves.

    Lab(title, scene, react, **controls)

scene(...) draws what doesn't move. It is called again only if a control among its arguments
changes. react(axes, ...) is given the values of all controls, draws what moves into the axes with
`plots`, and returns one sentence about what there is to see. If `start` is among its arguments, it
also gets the position of a ball that can be moved on the first axes.

What react has drawn goes to the browser as SVG, on top of a picture of the scene. So no figure is
redrawn while a slider moves.
"""

import inspect
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets
from IPython.display import display
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ..notebook.keyboard import with_keys
from .sentences import number
from .svg import rectangle, svg

HERE = Path(__file__).parent
Place = tuple[float, ...]


def panels(n: int = 2) -> list[Axes]:
    """Empty square axes, side by side. In a narrow window, a lab shows them one below the other."""
    width, height, side = 4.5, 4.3, 3.55
    parts = Figure(figsize=(width * n, height), dpi=200).subfigures(1, n, squeeze=False)[0]
    return [part.add_axes((0.17, 0.15, side / width, side / height)) for part in parts]


class Scene:
    """What doesn't move: axes, and where the ball is at first."""

    def __init__(self, axes: list[Axes], start: Place | None = None) -> None:
        for ax in axes:
            ax.set_autoscale_on(False)
            for axis in (ax.xaxis, ax.yaxis):  # on a log axis, label only the powers of ten
                axis.set_minor_formatter(NullFormatter())
        self.axes, self.start = axes, start
        self.still = {id(artist) for ax in axes for artist in ax.get_children()}
        self.figure: Figure = axes[0].get_figure(root=True)  # type: ignore[assignment]
        self.background = self.png()

    def png(self) -> bytes:
        """The figure as it is now, including what moves."""
        file = BytesIO()
        self.figure.savefig(file, format="png")
        return file.getvalue()

    def moving(self, ax: Axes) -> list[Artist]:
        return [artist for artist in ax.get_children() if id(artist) not in self.still]

    def clear(self) -> None:
        for ax in self.axes:
            for artist in self.moving(ax):
                artist.remove()

    def geometry(self) -> dict[str, Any]:
        ax = self.axes[0]
        parts = [rectangle(ax, each.figure.bbox) for each in self.axes]
        return dict(size=list(self.figure.bbox.size), panels=parts, reach=rectangle(ax, ax.bbox))

    def ball(self) -> list[float]:
        """The start in pixels from the top left, as the browser counts."""
        if self.start is None:
            return []
        x, y = self.axes[0].transData.transform(self.start)
        return [float(x), float(self.figure.bbox.height - y)]

    def place(self, ball: list[float]) -> Place | None:
        """The reverse of that; exact if the ball has not been moved."""
        if not ball or ball == self.ball():
            return self.start
        x, y = ball[0], self.figure.bbox.height - ball[1]
        return tuple(self.axes[0].transData.inverted().transform((x, y)).tolist())


class Picture(anywidget.AnyWidget):
    """What is drawn in the browser. Lengths are pixels of the figure, from its top left."""

    _esm = with_keys(HERE / "controls.js", HERE / "picture.js")
    # As text: given a path, anywidget keeps every widget alive.
    _css = (HERE / "picture.css").read_text(encoding="utf-8")

    geometry = traitlets.Dict().tag(sync=True)  # figure, panels, and the ball's reach
    background = traitlets.Bytes().tag(sync=True)  # what doesn't move: a PNG, sent once per scene
    shown = traitlets.Dict().tag(sync=True)  # marks (SVG, one per panel), sentence, label, seen
    controls: Any = traitlets.List().tag(sync=True, **widgets.widget_serialization)
    ball: Any = traitlets.List().tag(sync=True)  # x, y, where the learner moved it, or empty


class Lab:
    """A picture that reacts to controls; shown if it is the last line of a cell.

    sentence: what there is to see now. controls: the widgets, by name. If no kernel is running, the
    picture of the first moment takes the lab's place.
    """

    def __init__(
        self,
        title: str,
        scene: Callable[..., Scene],
        react: Callable[..., str],
        **controls: widgets.Widget,
    ) -> None:
        self.title, self._make, self._react, self.controls = title, scene, react, controls
        self._scenes: dict[tuple[Any, ...], Scene] = {}
        self.scene = self._scene()
        self.picture = Picture(geometry=self.scene.geometry(), controls=[*controls.values()])
        self._show(self.scene)
        self.update()
        self.picture.observe(self.update, "ball")
        for control in controls.values():
            control.observe(self.update, "value")
        self.widget = widgets.VBox([widgets.HBox(list(controls.values())), self.picture])
        self.widget.add_class("stepsize-lab")

    @property
    def sentence(self) -> str:
        return self.picture.shown["sentence"]

    def update(self, _: Any = None) -> None:
        """Draw what the controls ask for. An error becomes the sentence."""
        with self.picture.hold_sync():
            try:
                self._show(self._scene())
                self.scene.clear()
                sentence = self._react(self.scene.axes, **self._values())
            except Exception as error:
                sentence = f"{type(error).__name__}: {error}"
            marks = [svg(ax, self.scene.moving(ax)) for ax in self.scene.axes]
            said = dict(marks=marks, sentence=sentence, label=self._label(sentence))
            self.picture.shown = said | dict(seen=self._seen())

    def _values(self) -> dict[str, Any]:
        values = {name: control.value for name, control in self.controls.items()}
        start = self.scene.place(self.picture.ball)
        return values if start is None else {**values, "start": start}

    def _seen(self) -> dict[str, Any]:
        """Where ball and controls were, so that the browser knows if a picture is late."""
        synced = {"index", "value"}
        states = [each.get_state(synced.intersection(each.keys)) for each in self.picture.controls]
        return dict(ball=self.picture.ball, controls=states)

    def _scene(self) -> Scene:
        """The scene for the controls as they are, drawn once."""
        asked = inspect.signature(self._make).parameters
        values = {name: self.controls[name].value for name in asked}
        key = tuple(values.values())
        if key not in self._scenes:
            self._scenes[key] = self._make(**values)
        return self._scenes[key]

    def _show(self, scene: Scene) -> None:
        if scene.background != self.picture.background:
            self.scene = scene
            self.picture.background = scene.background
            self.picture.ball = scene.ball()

    def _label(self, sentence: str) -> str:
        if not self.picture.ball:
            return f"{self.title}. {sentence}"
        x, y = self.scene.place(self.picture.ball) or (0, 0)
        start = f"The ball starts at {number(x)}, {number(y)}"
        return f"{self.title}. {sentence} {start}; arrow keys move it."

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": self.sentence, "image/png": self.scene.png()}

    def _ipython_display_(self) -> None:
        """The picture that stays in the notebook; then the lab, which hides it while alive."""
        display(self._repr_mimebundle_(), raw=True)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        display({"application/vnd.jupyter.widget-view+json": view}, raw=True)

    def __repr__(self) -> str:
        return self.sentence
