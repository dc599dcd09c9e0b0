// The labs of lessons 0 and 1: a ball's run, computed by the rules' own lines, and its sentence.

(() => {
  const { curves, descend, linear, logarithmic, map, number, projection } = stepsize.drawing;
  const STILL = matchMedia("(prefers-reduced-motion: reduce)");
  const GROWS = 900; // milliseconds in which the first path grows

  // The sentence, as labs/sentences.py says it ------------------------------------------------------

  const length = (v) => Math.hypot(...v);
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
  const minus = (a, b) => [a[0] - b[0], a[1] - b[1]];
  const largest = (values) => values.reduce((a, b) => (a > b || a !== a ? a : b)); // nan wins

  function sentence({ theta, grad, loss }, surface, about, border) {
    const steps = grad.length, first = loss[0], last = loss[steps];
    const lowest = surface.loss(about.minimum);
    let after = `loss ${number(last)} after ${steps} steps`;
    const half = Math.floor(loss.length / 2);
    const falls = last <= first || largest(loss.slice(half)) <= 1.02 * largest(loss.slice(0, half));
    if (!falls) {
      const grown = `the loss grew from ${number(first)} to ${number(last)} in ${steps} steps`;
      return `diverging: ${grown}${border}`;
    }
    if (last - lowest <= 1e-4 * (first - lowest)) return `converged: ${after}`;
    const slopes = grad.map(length);
    if (slopes[steps - 1] <= 0.02 * largest(slopes) && dent(surface, about, theta[steps], lowest))
      return `stuck in a dent: loss ${number(last)} here, ${number(lowest)} at the lowest point`;
    after += `, ${number(first)} at the start`;
    const ends = theta.slice(-12), walked = ends.slice(1).map((place, i) => minus(place, ends[i]));
    if (walked.slice(1).every((step, i) => dot(step, walked[i]) < 0))
      return `bouncing from wall to wall: ${after}`;
    if (last > first) return `higher than before: ${after}`;
    const quarter = loss[steps + 1 - Math.ceil(steps / 4)];
    const crawls = last - lowest > 0.9 * (quarter - lowest);
    return `${crawls ? "crawling" : "on its way"}: ${after}`;
  }

  /** Is it higher all around, a hundredth of the map away, and much lower somewhere else? */
  function dent(surface, { domain }, place, lowest) {
    const here = surface.loss(place);
    const around = Array.from({ length: 32 }, (_, i) => {
      const angle = (2 * Math.PI * i) / 31;
      const [dx, dy] = domain.map(([low, high]) => (high - low) / 100);
      return surface.loss([place[0] + dx * Math.cos(angle), place[1] + dy * Math.sin(angle)]) - here;
    });
    return Math.min(...around) > 0 && here - lowest > Math.max(...around);
  }

  // The lab -----------------------------------------------------------------------------------------

  /** Which of the controls a rule uses, and their values by name. */
  function settings(lab, chosen) {
    const values = {};
    lab.controls.forEach(({ name, values: list }, i) => (values[name] = list[chosen[i]]));
    const { surface, rule = Object.keys(lab.rules)[0], ...hyper } = values;
    const takes = lab.rules[rule].takes;
    const mine = Object.fromEntries(Object.entries(hyper).filter(([name]) => takes.includes(name)));
    return { surface, rule, hyper: mine };
  }

  function border({ curvature }, { lr }, reveal) {
    const above = reveal && curvature && lr > 2 / curvature;
    return above ? `; the rate is above 2/curvature = ${number(2 / curvature)}` : "";
  }

  /** h θ² / 2 in each direction: a quadratic along the axes is their sum. */
  function parts({ theta }, ground) {
    const at = theta.map((place) => ground.grad(place).map((slope, i) => 0.5 * slope * place[i]));
    return [0, 1].map((i) => at.map((pair) => pair[i]));
  }

  /** Everything that one setting shows; a pure function, so that a test can call it. */
  function run(lab, { surface, rule, hyper }, start) {
    const about = lab.surfaces[surface], ground = stepsize.surfaces[surface];
    const trace = descend(stepsize.rules[rule], lab.rules[rule].memory, ground, start, lab.steps, hyper);
    const said = sentence(trace, ground, about, border(about, hyper, lab.reveal));
    if (!lab.split) return { trace, said, series: [trace.loss] };
    const split = parts(trace, ground);
    const [along, across] = split.map((each) => number(each[lab.steps]));
    const more = `Its parts: ${along} along θ₁, ${across} along θ₂`;
    return { trace, said: `${said}. ${more}`, series: [trace.loss, ...split] };
  }

  function draw(lab, { surface, rule }, { trace, said, series }, ball, upTo) {
    const { reach, box, xlim, ylim } = lab.surfaces[surface];
    const look = lab.rules[rule].look, px = lab.pixels;
    const [left, right] = lab.surfaces[surface].domain;
    const place = projection(reach, linear(left, reach[0], reach[2]), linear(right, reach[1] + reach[3], -reach[3]));
    const height = projection(box, linear(xlim, box[0], box[2]), logarithmic(ylim, box[1] + box[3], -box[3]));
    const path = trace.theta.slice(0, upTo + 1).map(([x, y]) => place(x, y));
    const lines = Object.entries(lab.split ?? { [rule]: look }).map(([name, own], i) => {
      const points = series[i].slice(0, upTo + 1).map((loss, t) => height(t, loss));
      return { name, look: own, points };
    });
    const [x, y] = trace.theta[0].map((value) => number(value));
    return {
      marks: [map(path, look, reach, px), curves(lines, box, px, lab.font)],
      sentence: said,
      label: `${lab.title}. ${said} The ball starts at ${x}, ${y}; arrow keys move it.`,
      seen: { ball, controls: [] },
    };
  }

  /** The start at a ball's position; exact if it hasn't been moved. */
  function start({ reach: [x, y, width, height], domain, ball, start: exact }, where) {
    if (`${where}` === `${ball}`) return exact;
    const [[left, right], [low, high]] = domain;
    return [left + ((where[0] - x) / width) * (right - left), high - ((where[1] - y) / height) * (high - low)];
  }

  async function playground(place, lab) {
    const chosen = lab.controls.map((control) => {
      const wanted = control.options.indexOf(place.dataset[control.name]);
      return wanted < 0 ? control.index : wanted;
    });
    const model = new stepsize.Model({ geometry: lab.geometry });
    let surface, asked, growing;

    async function change() {
      const now = settings(lab, chosen), about = lab.surfaces[now.surface];
      lab.controls.forEach(({ name, hyper }, i) => (rows[i].hidden = hyper && !lab.rules[now.rule].takes.includes(name)));
      if (now.surface === surface) return soon();
      await stepsize.load(`labs/${about.file}`);
      if (settings(lab, chosen).surface !== now.surface) return; // overtaken
      surface = now.surface;
      model.state.ball = about.ball;
      compute(STILL.matches ? lab.steps : 0);
      model.set("background", stepsize.bytes(stepsize.recorded[about.file]));
      model.set("ball", about.ball);
      if (!STILL.matches) grow();
    }

    function compute(upTo = lab.steps) {
      const now = settings(lab, chosen), ball = model.get("ball");
      const done = run(lab, { ...now, surface }, start(lab.surfaces[surface], ball));
      model.set("shown", draw(lab, { ...now, surface }, done, ball, upTo));
    }

    /** Once, in the next frame, however often the ball has moved. */
    function soon() {
      cancelAnimationFrame(growing);
      asked ??= requestAnimationFrame(() => ((asked = undefined), compute()));
    }

    function grow() {
      const began = performance.now();
      const frame = (now) => {
        const part = Math.min(Math.max(now - began, 0) / GROWS, 1);
        compute(Math.round(part * lab.steps));
        if (part < 1) growing = requestAnimationFrame(frame);
      };
      cancelAnimationFrame(growing);
      growing = requestAnimationFrame(frame);
    }

    const rows = lab.controls.map((control, i) =>
      stepsize.row({ ...control, index: chosen[i] }, (index) => ((chosen[i] = index), change())),
    );
    model.saved = soon;
    await change();
    stepsize.show(place, rows, model, lab.note);
  }

  stepsize.computed.playground = Object.assign(playground, { run }); // a test asks for a run
})();
