// Draws values over two directions as a surface.
const { x, y, trajectory } = payload;
const chooser = root.querySelector("select");
const box = (name) => root.querySelector(`[data-show=${name}]`);
let shape; // what is drawn: heights and colours of the chosen value
let vertices = [], stations = []; // where points of the grid and checkpoints are on the canvas
let pen, project; // of the picture that is drawn

const number = (value) => (value === null ? "no number" : String(Number(value.toPrecision(4))));

// Heights are shares of the range of the chosen value, on the chosen scale; null is a hole.
function choose() {
  const value = payload.values[chooser.selectedIndex];
  const found = value.mean.filter((one) => one !== null);
  const least = Math.min(...found), most = Math.max(...found);
  box("log").disabled = least <= 0;
  const log = ticked("log") && least > 0;
  const scale = log ? Math.log : (one) => one;
  const back = log ? Math.exp : (one) => one;
  const low = scale(least), span = scale(most) - low || 1;
  const height = value.mean.map((one) => (one === null ? null : (scale(one) - low) / span));
  shape = { value, height, labelAt: (share) => number(back(low + share * span)) };
}

// The grid fills [-1, 1] x [-1, 1], heights are from -0.5 to 0.5.
const across = (values, value) => 2 * (value - values[0]) / (values[values.length - 1] - values[0]) - 1;
const rise = (share) => share - 0.5;
const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
const steps = [0, 0.25, 0.5, 0.75, 1];

function leftmost() {
  return corners.reduce((best, at) => (project([...at, 0])[0] < project([...best, 0])[0] ? at : best));
}

// The floor, and the axis of the value at the leftmost corner.
function drawFrame(colour) {
  const floor = corners.map((at) => project([...at, -0.5])), side = leftmost();
  pen.stroke([[...floor, floor[0]]], colour("edge"), 1);
  pen.stroke([[project([...side, -0.5]), project([...side, 0.5])]], colour("edge"), 1);
  for (const share of steps) {
    const at = project([...side, rise(share)]);
    pen.stroke([[at, [at[0] - 5, at[1]]]], colour("edge"), 1);
  }
}

function drawWords(colour) {
  const text = colour("text");
  // Of the two edges along each direction, the one nearer to the reader is labelled.
  const near = (first, second) => (project(first)[2] < project(second)[2] ? -1 : 1);
  const sideB = near([0, -1, -0.5], [0, 1, -0.5]), sideA = near([-1, 0, -0.5], [1, 0, -0.5]);
  const word = (words, a, b) => pen.write(words, project([a, b, -0.5]), text);
  for (const at of [-1, 0, 1]) {
    const share = (at + 1) / 2;
    word(number(between(share, x[0], x[x.length - 1])), 0.88 * at, 1.1 * sideB);
    word(number(between(share, y[0], y[y.length - 1])), 1.1 * sideA, 0.88 * at);
  }
  word(payload.axes[0], 0.45, 1.22 * sideB);
  word(payload.axes[1], 1.22 * sideA, 0.45);
  const side = leftmost(), top = project([...side, 0.5]);
  pen.write(shape.value.name, [top[0], top[1] - 16], text);
  for (const share of steps) {
    const at = project([...side, rise(share)]);
    pen.write(shape.labelAt(share), [at[0] - 9, at[1]], text, "right");
  }
}

// Cells with four numbers, the farthest first.
function cells() {
  const found = [];
  for (let i = 0; i + 1 < x.length; i++) {
    for (let j = 0; j + 1 < y.length; j++) {
      const at = i * y.length + j, four = [at, at + y.length, at + y.length + 1, at + 1];
      if (four.some((corner) => shape.height[corner] === null)) continue;
      found.push([four.reduce((sum, corner) => sum + vertices[corner][2], 0), four]);
    }
  }
  return found.sort((one, other) => other[0] - one[0]);
}

// Slopes that face the upper left are lighter.
function light([a, b, c, d]) {
  const h = shape.height;
  const slope = (h[b] + h[c] - h[a] - h[d]) * (x.length - 1) / 4 + (h[a] + h[b] - h[c] - h[d]) * (y.length - 1) / 4;
  return 1 + 0.22 * Math.tanh(0.8 * slope);
}

function drawSurface(colour) {
  const mesh = ticked("mesh"), uncertain = ticked("uncertain");
  for (const [, four] of cells()) {
    const share = four.reduce((sum, corner) => sum + shape.height[corner], 0) / 4;
    const fill = colourOf(share, light(four)), edge = four.map((corner) => vertices[corner]);
    // Without a mesh, the lines close the seams between cells.
    pen.stroke([[...edge, edge[0]]], mesh ? "rgba(0,0,0,.35)" : fill, mesh ? 0.5 : 1, [], fill);
    const found = four.map((corner) => shape.value.significance[corner]);
    if (uncertain && found.some((one) => one !== null && one < payload.sure)) {
      const [px, py] = [0, 1].map((k) => edge.reduce((sum, corner) => sum + corner[k], 0) / 4);
      pen.squares([[px, py]], 1.2, colour("sure"));
    }
  }
}

// Height of the surface between grid points; null outside and beside holes.
function heightAt(a, b) {
  const i = x.findLastIndex((edge) => edge <= a), j = y.findLastIndex((edge) => edge <= b);
  if (i < 0 || j < 0 || a > x[x.length - 1] || b > y[y.length - 1]) return null;
  const k = Math.min(i, x.length - 2), l = Math.min(j, y.length - 2);
  const s = (a - x[k]) / (x[k + 1] - x[k]), t = (b - y[l]) / (y[l + 1] - y[l]);
  const h = [0, 1, y.length, y.length + 1].map((step) => shape.height[k * y.length + l + step]);
  return h.includes(null) ? null : between(s, between(t, h[0], h[1]), between(t, h[2], h[3]));
}

function drawTrajectory(colour) {
  const far = Math.max(...trajectory.residuals, 1e-300);
  const at = trajectory.coordinates.map(([a, b]) => {
    const height = heightAt(a, b);
    return height === null ? null : project([across(x, a), across(y, b), rise(height) + 0.012]);
  });
  at.forEach((point, k) => {
    if (!k || !point || !at[k - 1]) return;
    pen.stroke([[at[k - 1], point]], colour("glow"), 3);
    pen.stroke([[at[k - 1], point]], colour("line"), 1.4);
  });
  at.forEach((point, k) => {
    if (!point) return;
    const share = trajectory.residuals[k] / far, fade = Math.round(between(share, 245, 40));
    const fill = `rgb(${Math.round(between(share, 255, 190))},${fade},${fade})`;
    pen.disc(point, k ? 3.2 : 5, fill, colour("line"), 1);
  });
  return at;
}

function draw(given, colour, eye, marked) {
  [pen, project] = [given, eye];
  vertices = shape.height.map((height, at) => project(
    [across(x, x[Math.floor(at / y.length)]), across(y, y[at % y.length]), rise(height ?? 0)]));
  drawFrame(colour);
  drawSurface(colour);
  drawWords(colour);
  const middle = heightAt(0, 0);
  if (middle !== null) {
    const [px, py] = project([across(x, 0), across(y, 0), rise(middle)]);
    const cross = [[[px - 7, py], [px + 7, py]], [[px, py - 7], [px, py + 7]]];
    for (const line of cross) pen.stroke([line], colour("glow"), 4);
    for (const line of cross) pen.stroke([line], colour("line"), 1.6);
  }
  stations = trajectory && ticked("trajectory") ? drawTrajectory(colour) : [];
  if (marked?.vertex >= 0) {
    pen.disc(vertices[marked.vertex], 4, colour("glow"), colour("line"), 1.5);
  }
}

// Of all points within some pixels, the one nearest to the reader.
function nearest(points, px, py, reach, skip) {
  let best = -1;
  points.forEach((at, k) => {
    if (!at || skip(k) || Math.hypot(at[0] - px, at[1] - py) > reach) return;
    if (best < 0 || at[2] < points[best][2]) best = k;
  });
  return best;
}

function find(px, py, reach) {
  const station = nearest(stations, px, py, reach, () => false);
  if (station >= 0) return { station };
  const vertex = nearest(vertices, px, py, reach + 3, (at) => shape.height[at] === null);
  return vertex < 0 ? null : { vertex };
}

const locate = ({ station, vertex }) => (station >= 0 ? stations[station] : vertices[vertex]);

function describe({ station, vertex: at }) {
  if (station >= 0) {
    return `checkpoint ${station + 1} of ${stations.length}\n` +
      `${number(trajectory.residuals[station])} from the plane, on which it is drawn`;
  }
  const value = shape.value, error = value.error[at], sigma = value.significance[at];
  const lines = [
    `${value.name}: ${number(value.mean[at])}` + (error === null ? "" : ` ± ${number(error)}`),
    `${payload.axes[0]}: ${number(x[Math.floor(at / y.length)])}`,
    `${payload.axes[1]}: ${number(y[at % y.length])}`,
  ];
  if (sigma !== null) lines.push(`${number(sigma)} standard errors above the minimum`);
  return lines.join("\n");
}

payload.values.forEach((value) => chooser.add(new Option(value.name)));
box("trajectory").parentElement.hidden = !trajectory;
box("log").checked = payload.values[0].logarithmic;
choose();

const canvas = root.querySelector("canvas");
const camera = openCamera(canvas, {
  start: { yaw: 0.65, pitch: 0.55 }, tilt: [-0.2, 1.57], zoom: [0.4, 30], lens: 9, shift: [20, 0],
  size: (width, height) => Array(2).fill(Math.min((width - 110) / 2.9, height / 2.9)),
});
root.querySelector(".switches").addEventListener("change", (change) => {
  if (change.target === chooser) box("log").checked = payload.values[chooser.selectedIndex].logarithmic;
  choose();
  stage.letGo();
});
const stage = openStage({
  panes: [{ canvas, camera, draw, find, locate }],
  describe,
  caption: () => `${document.title}: ${shape.value.name}`,
});
