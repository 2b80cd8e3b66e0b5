// A projection on the plane of z and x, or z and y: it is moved and magnified, and never turned.
const LEFT = 52, BOTTOM = 40, TOP = 20, RIGHT = 12;
const minus = (text) => text.replace("-", "\u2212");

function projectionPane(axis) {
  const name = "xy"[axis], canvas = root.querySelector(`[data-pane=${name}]`);
  const camera = openCamera(canvas, {
    zoom: [1, 60], shift: [(LEFT - RIGHT) / 2, (TOP - BOTTOM) / 2],
    size: (width, height) => [(width - LEFT - RIGHT) / 2, (height - TOP - BOTTOM) / 2],
  });
  let at = [];

  const across = (z) => (z - middle[2]) / half[2], up = (value) => (value - middle[axis]) / half[axis];

  function draw(pen, colour, project, marked) {
    const value = frame.position[axis], z = frame.position[2];
    at = Array.from(z, (depth, hit) => project([across(depth), 0, up(value[hit])]));
    if (ticked("planes")) {
      const lines = payload.layers.map(([, depth]) => project([across(depth), 0, 0])[0])
        .map((x) => [[x, TOP], [x, canvas.clientHeight - BOTTOM]]);
      pen.stroke(lines, colour("plane"), 1);
    }
    drawFrame(pen, at, colour, marked);
    drawAxes(pen, colour, project);
  }

  const edges = () => [LEFT, canvas.clientWidth - RIGHT, TOP, canvas.clientHeight - BOTTOM];
  const inside = ([x, y], [x0, x1, y0, y1]) => x > x0 && x < x1 && y > y0 && y < y1;

  // Margins that cover what is outside, ticks, names, and how much is not seen.
  function drawAxes(pen, colour, project) {
    const width = canvas.clientWidth, height = canvas.clientHeight;
    const ends = edges(), [x0, x1, y0, y1] = ends;
    const bars = [[0, 0, LEFT, height], [x1, 0, width, height], [0, 0, width, y0], [0, y1, width, height]];
    for (const [left, top, right, bottom] of bars) {
      const outline = [[left, top], [right, top], [right, bottom], [left, bottom]];
      pen.stroke([outline], "none", 0, [], colour("card"));
    }
    pen.stroke([[[x0, y0], [x0, y1], [x1, y1]]], colour("edge"), 1);
    const [low, high] = [camera.unproject(x0, y1), camera.unproject(x1, y0)];
    const depths = [low[0], high[0]].map((each) => middle[2] + half[2] * each);
    const values = [low[1], high[1]].map((each) => middle[axis] + half[axis] * each);
    for (const z of ticksOf(...depths, (x1 - x0) / 75)) {
      const [x] = project([across(z), 0, 0]);
      pen.stroke([[[x, y1], [x, y1 + 4]]], colour("edge"), 1);
      pen.write(minus(String(z)), [x, y1 + 12], colour("text"));
    }
    for (const value of ticksOf(...values, (y1 - y0) / 45)) {
      const y = project([0, 0, up(value)])[1];
      pen.stroke([[[x0 - 4, y], [x0, y]]], colour("edge"), 1);
      pen.write(minus(String(value)), [x0 - 7, y], colour("text"), "right");
    }
    pen.write("z, along the beam / mm", [(x0 + x1) / 2, height - 11], colour("text"));
    pen.write(`${name} / mm`, [8, 10], colour("text"), "left");
    const outside = at.filter((point) => !inside(point, ends)).length;
    if (outside) pen.write(`${outside} hits outside`, [x1, 10], colour("text"), "right");
  }

  return {
    canvas, camera, draw,
    find: (px, py, reach) => (inside([px, py], edges()) ? hitAt(at, px, py, reach) : null),
    locate: (hit) => at[hit],
  };
}

// Round numbers between two, about so many.
function ticksOf(low, high, number) {
  const raw = (high - low) / Math.max(2, number), power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= raw);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step), last = Math.floor(high / step);
  return Array.from({ length: Math.max(0, last - first + 1) },
    (_, k) => Number(((first + k) * step).toFixed(digits)));
}
