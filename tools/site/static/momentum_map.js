// The lab of lesson 3: the ball's position on the map is a learning rate and a momentum, and the run
// with these is computed here.

(() => {
  const { clipped, descend, linear, logarithmic, map, number, projection } = stepsize.drawing;

  /** The run of one setting, and by how many powers of ten its loss has grown. */
  function run(lab, { condition, lr, momentum }) {
    const { name, memory } = lab.rule, ground = stepsize.surfaces[lab.grounds[condition].name];
    const trace = descend(stepsize.rules[name], memory, ground, lab.start, lab.steps, { lr, momentum });
    const worst = trace.loss.slice(-lab.last).reduce((a, b) => (a > b || a !== a ? a : b)); // nan wins
    const grown = Math.log10(worst / trace.loss[0]);
    return { trace, said: sentence(trace, grown, lr, momentum) };
  }

  function sentence({ loss, grad }, grown, lr, momentum) {
    const chosen = `learning rate ${number(lr)}, momentum ${momentum.toFixed(2)}`;
    if (grown <= 0) {
      const left = number(10 ** grown, 2);
      return `${chosen}: ${left} of the loss is left after ${grad.length} steps`;
    }
    const grew = `the loss grew from ${number(loss[0])} to ${number(loss[0] * 10 ** grown)}`;
    return `${chosen}: higher than at the start; ${grew} in ${grad.length} steps`;
  }

  /** The setting at a ball's position; exact if it hasn't been moved. */
  function setting({ reach: [x, y, width, height], rates, momenta, ball, at }, where) {
    if (`${where}` === `${ball}`) return { lr: at[0], momentum: at[1] };
    const across = (where[0] - x) / width, up = (y + height - where[1]) / height;
    const momentum = momenta[0] + up * (momenta[1] - momenta[0]);
    return { lr: rates[0] * (rates[1] / rates[0]) ** across, momentum: Math.min(Math.max(momentum, 0), 0.99) };
  }

  function draw(lab, about, { trace, said }, { lr, momentum }, ball, best) {
    const { reach, box, rates, momenta, domain } = about, px = lab.pixels;
    const across = logarithmic(rates, reach[0], reach[2]);
    const up = linear(momenta, reach[1] + reach[3], -reach[3]);
    const [x, y] = [across(lr), up(momentum)];
    const ring = `<circle cx="${x}" cy="${y}" r="${7 * px}" fill="none" stroke="${lab.rule.look.color}" stroke-width="${3 * px}"/>`;
    const [a, b] = [across(about.best[0]), up(about.best[1])], arm = 8 * px;
    const cross = `<path d="M${a - arm} ${b}h${2 * arm}M${a} ${b - arm}v${2 * arm}" stroke="${lab.ink}" stroke-width="${3 * px}"/>`;
    const [width, height] = [linear(domain[0], box[0], box[2]), linear(domain[1], box[1] + box[3], -box[3])];
    const place = projection(box, width, height);
    const path = trace.theta.map(([u, v]) => place(u, v));
    return {
      marks: [clipped(reach, (best ? cross : "") + ring), map(path, lab.rule.look, box, px)],
      sentence: said,
      label: `${lab.title}. ${said} The ball starts at ${number(lr)}, ${number(momentum)}; arrow keys move it.`,
      seen: { ball, controls: [] },
    };
  }

  async function momentum_map(place, lab) {
    const chosen = lab.controls.map(({ index }) => index);
    const model = new stepsize.Model({ geometry: lab.geometry });
    let condition, asked;

    function show() {
      const about = lab.grounds[condition], ball = model.get("ball");
      const now = setting(about, ball);
      const best = lab.controls[1].values[chosen[1]];
      model.set("shown", draw(lab, about, run(lab, { condition, ...now }), now, ball, best));
    }

    async function change() {
      const wanted = lab.controls[0].values[chosen[0]];
      if (wanted === condition) return show();
      const { file, ball } = lab.grounds[wanted];
      await stepsize.load(`labs/${file}`);
      if (lab.controls[0].values[chosen[0]] !== wanted) return; // overtaken
      condition = wanted;
      model.set("background", stepsize.bytes(stepsize.recorded[file]));
      model.set("ball", ball);
      show();
    }

    const rows = lab.controls.map((control, i) =>
      stepsize.row(control, (index) => ((chosen[i] = index), change())),
    );
    /** Once, in the next frame, however often the ball has moved. */
    model.saved = () => (asked ??= requestAnimationFrame(() => ((asked = undefined), show())));
    await change();
    stepsize.show(place, rows, model, lab.note);
  }

  stepsize.computed.momentum_map = Object.assign(momentum_map, { run }); // a test asks for a run
})();
