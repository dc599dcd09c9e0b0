// What the translated functions call: in a rule, what operators can't express; in a surface, what
// NumPy does. A position is an array of two numbers.

function Step(theta, memory = {}, shown = {}) {
  Object.assign(this, { theta, memory, shown });
}

const maximum = (a, b) => (a > b || a !== a ? a : b);
const minimum = (a, b) => -maximum(-a, -b);
const sign = (x) => Math.sign(x);
const where = (condition, a, b) => (condition ? a : b);

const broadcast = (f) => (a, b) => {
  if (Array.isArray(a)) return a.map((x, i) => f(x, Array.isArray(b) ? b[i] : b));
  return Array.isArray(b) ? b.map((y) => f(a, y)) : f(a, b);
};
const each = (f) => (a) => (Array.isArray(a) ? a.map((x) => f(x)) : f(a));

const add = broadcast((x, y) => x + y);
const subtract = broadcast((x, y) => x - y);
const multiply = broadcast((x, y) => x * y);
const divide = broadcast((x, y) => x / y);
const power = broadcast((x, y) => x ** y);
const total = (a) => a.reduce((x, y) => x + y);
const _pair = (theta, x, y) => [x, y];
const np = {
  square: each((x) => x * x),
  cos: each(Math.cos),
  sin: each(Math.sin),
  vecdot: (a, b) => total(multiply(a, b)),
};
