// What the computed labs share: a run is computed in the page, by the rules' own lines (rules.js),
// and drawn as the course draws it.

(() => {
  /** What `descend` does, for one ball: theta and loss begin with the start. */
  function descend(rule, memory, surface, start, steps, hyper) {
    const theta = [start], grad = [], loss = [surface.loss(start)];
    let kept = start.map(() => ({}));
    for (let t = 1; t <= steps; t++) {
      const here = theta[t - 1], slope = surface.grad(here);
      const done = here.map((x, i) =>
        rule({
          flx_args: [x, slope[i], t, ...memory.map((name) => kept[i][name])],
          flx_kwargs: { ...hyper }, // a translated function unpacks them
        }),
      );
      kept = done.map((step) => step.memory);
      theta.push(done.map((step) => step.theta));
      grad.push(slope);
      loss.push(surface.loss(theta[t]));
    }
    return { theta, grad, loss };
  }

  // As labs/sentences.py says it and plots.path and plots.losses draw it ----------------------------

  const raised = (power) => power.replace(/./g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);

  /** Three digits or so, as `plots.number` writes them: 0.0123, −58, 1.3 × 10⁻⁶. */
  function number(value, count = 3) {
    if (!Number.isFinite(value)) return "infinite";
    const [digits, power] = value.toExponential(count - 1).split("e");
    const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    const far = Number(power) < -4 || Number(power) >= count;
    const times = short(digits) === "1" ? "" : `${short(digits)} × `;
    const said = far
      ? `${times}10${raised(power.replace("+", ""))}`
      : short(value.toFixed(count - 1 - Number(power)));
    return said.replaceAll("-", "−");
  }

  const FAR = 20; // sizes of the axes: anything further out is pulled in

  const linear = ([low, high], from, size) => (value) => from + (size * (value - low)) / (high - low);
  const logarithmic = ([low, high], from, size) => {
    const along = linear([Math.log10(low), Math.log10(high)], from, size);
    return (value) => along(Math.log10(value));
  };

  /** Where a point is, in the figure's pixels; pulled toward the middle if it is far away. */
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

  /** series: each name's look and points. */
  function curves(series, box, px, font) {
    const drawn = series.map(({ look, points }) => {
      const dashes = `stroke-dasharray="${look.dash.map((length) => length * px).join(" ")}"`;
      const some = points.filter((_, i) => i % Math.max(Math.floor(points.length / 8), 1) === 0);
      return stroke(points, look.color, 2 * px, dashes) + markers(some, look, 3 * px, 0.5 * px);
    });
    return clipped(box, drawn.join("")) + names(series, box, font * px);
  }

  /** Each name where its line ends, placed from the bottom up so that none covers another. */
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

  /** The last visible point, or where the line leaves the picture after it. */
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

  const drawing = { clipped, curves, descend, known, linear, logarithmic, map, markers, number, projection, stroke };
  stepsize.drawing = drawing;
})();
