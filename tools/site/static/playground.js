// A run computed in the page, by the rules' own lines (rules.js), and drawn as the course draws it.

(() => {
  const STILL = matchMedia("(prefers-reduced-motion: reduce)");
  const GROWS = 900; // milliseconds in which the first path grows

  /** What `descend` does for one ball: theta and loss begin with the start. */
  function descend(rule, memory, surface, start, steps, hyper) {
    const theta = [start], grad = [], loss = [surface.loss(start)];
    let kept = start.map(() => ({}));
    for (let t = 1; t <= steps; t++) {
      const here = theta[t - 1], slope = surface.grad(here);
      const done = here.map((x, i) =>
        rule({
          flx_args: [x, slope[i], t, ...memory.map((name) => kept[i][name])],
          flx_kwargs: { ...hyper }, // a carried function takes them out
        }),
      );
      kept = done.map((step) => step.memory);
      theta.push(done.map((step) => step.theta));
      grad.push(slope);
      loss.push(surface.loss(theta[t]));
    }
    return { theta, grad, loss };
  }

  // The sentence, as labs/sentences.py says it ------------------------------------------------------

  /** Three digits, as Python's `.3g`, with the minus sign of the plots. */
  function number(value) {
    if (!Number.isFinite(value)) return "infinite";
    const [digits, power] = value.toExponential(2).split("e");
    const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    const far = Number(power) < -4 || Number(power) >= 3;
    const sign = power[0] === "-" ? "-" : "+";
    const said = far
      ? `${short(digits)}e${sign}${power.slice(1).padStart(2, "0")}`
      : short(value.toFixed(2 - Number(power)));
    return said.replaceAll("-", "−");
  }

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

  // What is drawn, as plots.path and plots.losses draw it -------------------------------------------

  const FAR = 20; // sizes of the axes: what lies further out is pulled in

  const linear = ([low, high], from, size) => (value) => from + (size * (value - low)) / (high - low);
  const logarithmic = ([low, high], from, size) => {
    const along = linear([Math.log10(low), Math.log10(high)], from, size);
    return (value) => along(Math.log10(value));
  };

  /** Where a point is, in the figure's pixels; toward the middle where it is far away. */
  function projection([x, y, width, height], across, up) {
    const middle = [x + width / 2, y + height / 2];
    return (a, b) => {
      const out = [(across(a) - middle[0]) / width, (up(b) - middle[1]) / height];
      const far = Math.max(1, Math.max(...out.map(Math.abs)) / FAR);
      return [middle[0] + (out[0] / far) * width, middle[1] + (out[1] / far) * height];
    };
  }

  const known = ([x, y]) => Number.isFinite(x) && Number.isFinite(y);
  const at = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;

  function stroke(points, color, width, more = "") {
    let path = "", pen = "M";
    for (const point of points) {
      if (known(point)) path += pen + at(point);
      pen = known(point) ? "L" : "M";
    }
    return `<path d="${path}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="round" ${more}/>`;
  }

  function markers(points, { color, marker }, radius, edge) {
    const shape = marker.map(([x, y], i) => `${i ? "l" : "m"}${at([x * radius, y * radius])}`).join("");
    const paths = points.filter(known).map((point) => `<path d="M${at(point)}${shape}z"/>`);
    return `<g fill="${color}" stroke="#fff" stroke-width="${edge}">${paths.join("")}</g>`;
  }

  function clipped([x, y, width, height], inside) {
    const box = [x, y, width, height].map((length) => length.toFixed(1));
    return `<svg x="${box[0]}" y="${box[1]}" width="${box[2]}" height="${box[3]}" viewBox="${box.join(" ")}">${inside}</svg>`;
  }

  function map(points, look, reach, px) {
    const [x, y] = points[0];
    const ring = `<circle cx="${x}" cy="${y}" r="${7 * px}" fill="none" stroke="${look.color}" stroke-width="${2.5 * px}"/>`;
    const under = stroke(points, "#fff", 4 * px, 'opacity="0.7"');
    const line = stroke(points, look.color, 1.2 * px);
    return clipped(reach, under + markers(points, look, 2.25 * px, 0.4 * px) + line + ring);
  }

  /** series: of each name its look and its points. */
  function curves(series, box, px, font) {
    const drawn = series.map(({ look, points }) => {
      const dashes = `stroke-dasharray="${look.dash.map((length) => length * px).join(" ")}"`;
      const some = points.filter((_, i) => i % Math.max(Math.floor(points.length / 8), 1) === 0);
      return stroke(points, look.color, 2 * px, dashes) + markers(some, look, 3 * px, 0.5 * px);
    });
    return clipped(box, drawn.join("")) + names(series, box, font * px);
  }

  /** Each name where its line ends; from below, so that none covers another. */
  function names(series, box, size) {
    const [, top, width, height] = box;
    const ends = series.map(({ name, look, points }) => ({ name, look, at: end(points, box) }));
    let last = Infinity;
    const texts = ends.sort((a, b) => b.at[1] - a.at[1]).map(({ name, look, at: [x, y] }) => {
      const middle = y < top + height ? "central" : "auto";
      last = Math.min(y, last - 1.25 * size);
      return `<text x="${x + 0.015 * width}" y="${last}" fill="${look.color}" font-size="${size}" dominant-baseline="${middle}">${name}</text>`;
    });
    return texts.join("");
  }

  /** The last point that can be seen, or where the line leaves the picture after it. */
  function end(points, [left, top, width, height]) {
    const inside = ([x, y]) => x >= left && x <= left + width && y >= top && y <= top + height;
    const last = points.findLastIndex((point) => known(point) && inside(point));
    if (last < 0) return [left, top];
    const [x, y] = points[last], next = points[last + 1];
    if (!next || !known(next)) return [x, y];
    const edge = next[1] < y ? top : top + height;
    const part = next[1] === y ? 0 : Math.min(Math.abs((edge - y) / (next[1] - y)), 1);
    return [x + part * (next[0] - x), edge];
  }

  // The lab -----------------------------------------------------------------------------------------

  /** Which of the controls a rule has use for, and their values by name. */
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

  /** Everything that one setting shows: pure, so that a test can ask for it. */
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
    const [x, y] = trace.theta[0].map(number);
    return {
      marks: [map(path, look, reach, px), curves(lines, box, px, lab.font)],
      sentence: said,
      label: `${lab.title}. ${said} The ball starts at ${x}, ${y}; arrow keys move it.`,
      seen: { ball, controls: [] },
    };
  }

  /** The start that a ball stands for; exact where it has not been moved. */
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

    /** In the next frame, once, however often the ball has moved. */
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

  Object.assign(stepsize, { playground, descend, run, number });
})();
