// The second lab of lesson 13: singular values under Newton–Schulz, by its own lines (rules.js).

(() => {
  const { clipped, linear, logarithmic, markers, number, projection, stroke } = stepsize.drawing;
  const COEFFICIENTS = ["a", "b", "c"];

  const times = (steps) => (steps === 1 ? "1 step" : `${steps} steps`);
  const drawn = (values) => values.map((v) => (Number.isNaN(v) ? 9 : Math.min(Math.max(v, -9), 9)));

  function run(lab, { steps, a, b, c }) {
    const lift = (values) => stepsize.arrays.lifted(values, steps, a, b, c);
    const after = lift(lab.values);
    return { after, curve: lift(lab.at), said: sentence(after, steps) };
  }

  function sentence(after, steps) {
    if (after.some((v) => !(Math.abs(v) <= 10)))
      return `out of hand after ${times(steps)}: the largest is beyond 10`;
    const near = after.filter((v) => v > 0.5 && v < 1.5).length;
    const said = `after ${times(steps)}: ${near} of ${after.length} between 0.5 and 1.5`;
    const [low, high] = [Math.min(...after), Math.max(...after)].map((end) => number(end, 2));
    return `${said}; the lowest is ${low}, the highest ${high}`;
  }

  function draw(lab, { after, curve, said }) {
    const [left, right] = lab.axes, px = lab.pixels;
    const place = ({ box, xlim, ylim }, scale) =>
      projection(box, scale(xlim, box[0], box[2]), linear(ylim, box[1] + box[3], -box[3]));
    const on = [place(left, logarithmic), place(right, linear)];
    const line = drawn(curve).map((y, i) => on[0](lab.at[i], y));
    const points = drawn(after).map((y, i) => on[1](i + 1, y));
    return {
      marks: [
        clipped(left.box, stroke(line, lab.look.color, 2 * px)),
        clipped(right.box, markers(points, lab.look, 3 * px, 0.5 * px)),
      ],
      sentence: said,
      label: `${lab.title}. ${said}`,
      seen: { ball: [], controls: [] },
    };
  }

  async function newton_schulz(place, lab) {
    const chosen = lab.controls.map(({ index }) => index);
    const value = (i) => lab.controls[i].values[chosen[i]];
    const now = () => Object.fromEntries(lab.controls.map(({ name }, i) => [name, value(i)]));
    const model = new stepsize.Model({ geometry: lab.geometry, background: stepsize.bytes(lab.background) });
    const show = () => model.set("shown", draw(lab, run(lab, now())));

    /** "Begin with" moves the other sliders, as you would by hand. */
    function begin() {
      lab.controls.forEach(({ name, values }, i) => {
        const coefficient = COEFFICIENTS.indexOf(name);
        if (coefficient < 0) return;
        const slider = rows[i].querySelector("input");
        slider.value = values.indexOf(now().begin[coefficient]);
        slider.dispatchEvent(new Event("input"));
      });
    }

    const rows = lab.controls.map((control, i) =>
      stepsize.row(control, (index) => {
        chosen[i] = index;
        if (control.name === "begin") begin();
        show();
      }),
    );
    show();
    stepsize.show(place, rows, model, lab.note);
  }

  stepsize.computed.newton_schulz = Object.assign(newton_schulz, { run }); // a test asks for a run
})();
